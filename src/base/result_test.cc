#include "base/result.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

namespace latchkey::base {
namespace {

Result<int> Half(int number) {
  if (number % 2 != 0) return Error{Errc::kParameterInvalid, "odd", "/number"};
  return number / 2;
}

Result<void> Even(int number) {
  if (number % 2 != 0) return Errc::kConflict;
  return {};
}

Result<std::string> Quarter(int number) {
  LK_TRY(Even(number));
  LK_ASSIGN(const int half, Half(number));
  LK_ASSIGN(auto quarter, Half(half));
  return std::to_string(quarter);
}

TEST(Result, HoldsAValueOrAnError) {
  const auto value = Half(4);
  ASSERT_TRUE(value);
  EXPECT_EQ(*value, 2);
  const auto error = Half(3);
  ASSERT_FALSE(error);
  EXPECT_EQ(error.error().code, Errc::kParameterInvalid);
  EXPECT_EQ(error.error().detail, "odd");
  EXPECT_EQ(error.error().pointer, "/number");
  EXPECT_EQ(error.value_or(7), 7);
  EXPECT_THROW((void)error.value(), tl::bad_expected_access<Error>);
}

TEST(Result, MacrosHandErrorsOnAndValuesOver) {
  EXPECT_EQ(*Quarter(8), "2");
  EXPECT_EQ(Quarter(3).error().code, Errc::kConflict) << "LK_TRY";
  EXPECT_EQ(Quarter(6).error().detail, "odd") << "the second LK_ASSIGN";
}

TEST(Result, MovesValuesThatCannotBeCopied) {
  const auto make = [](bool good) -> Result<std::unique_ptr<int>> {
    if (!good) return Errc::kNotFound;
    return std::make_unique<int>(5);
  };
  const auto use = [&](bool good) -> Result<int> {
    LK_ASSIGN(auto pointer, make(good));
    return *pointer;
  };
  EXPECT_EQ(*use(true), 5);
  EXPECT_EQ(use(false).error().code, Errc::kNotFound);
}

TEST(Result, AnErrorConvertsToEveryResult) {
  const auto failed = Half(1);
  const Result<std::string> text = failed.error();
  const Result<void> nothing = failed.error();
  EXPECT_EQ(text.error().detail, "odd");
  EXPECT_EQ(nothing.error().detail, "odd");
  EXPECT_TRUE(Result<void>());
}

TEST(Result, CarriesViolations) {
  const Result<int> result = Error{
      Errc::kInvalid, "", "", {{Violation::Kind::kAttribute, "name", "TOO_LONG", "is too long"}}};
  ASSERT_EQ(result.error().violations.size(), 1u);
  EXPECT_EQ(result.error().violations[0].rule, "TOO_LONG");
}

}  // namespace
}  // namespace latchkey::base
