#include "base/secret.h"

#include <gtest/gtest.h>

#include <ostream>
#include <type_traits>

namespace latchkey::base {
namespace {

template <class T>
concept Printable = requires(std::ostream& out, const T& value) {
  out << value;
};

// M18: nothing turns a secret into text by accident.
static_assert(Printable<std::string>);
static_assert(!Printable<Secret>);
static_assert(!std::is_convertible_v<Secret, std::string>);
static_assert(!std::is_convertible_v<Secret, std::string_view>);
static_assert(!std::is_convertible_v<std::string, Secret>);

TEST(Secret, GivesItsValueOnlyWhenAsked) {
  const Secret secret(std::string("hunter2"));
  EXPECT_EQ(secret.Reveal(), "hunter2");
  EXPECT_EQ(AsText(secret.RevealBytes()), "hunter2");
  EXPECT_EQ(secret.size(), 7u);
  EXPECT_FALSE(secret.empty());
  EXPECT_TRUE(Secret().empty());
}

TEST(Secret, HoldsAnyBytes) {
  const Bytes bytes{0, 1, 0, 255};
  const Secret secret{ByteView(bytes)};
  EXPECT_EQ(Bytes(secret.RevealBytes().begin(), secret.RevealBytes().end()), bytes);
}

TEST(Secret, ComparesByValue) {
  EXPECT_EQ(Secret(std::string("a")), Secret(std::string("a")));
  EXPECT_FALSE(Secret(std::string("a")) == Secret(std::string("b")));
  EXPECT_FALSE(Secret(std::string("a")) == Secret(std::string("aa")));
}

TEST(Secret, AMovedFromSecretIsEmptyAndHoldsNoRest) {
  for (const std::string& text : {std::string("short"), std::string(100, 'x')}) {
    Secret from(text);
    const Secret to(std::move(from));
    EXPECT_EQ(to.Reveal(), text);
    EXPECT_TRUE(from.empty());                              // NOLINT(bugprone-use-after-move)
    EXPECT_EQ(std::string_view(from.Reveal().data()), "");  // NOLINT(bugprone-use-after-move)
    Secret assigned(std::string("old"));
    Secret again(text);
    assigned = std::move(again);
    EXPECT_EQ(assigned.Reveal(), text);
    EXPECT_TRUE(again.empty());  // NOLINT(bugprone-use-after-move)
  }
}

TEST(Secret, CopiesAndAssignsToItself) {
  Secret a(std::string("value"));
  const Secret b = a;
  EXPECT_EQ(a, b);
  const Secret& same = a;
  a = same;
  EXPECT_EQ(a.Reveal(), "value");
  Secret& moved = a;
  a = std::move(moved);
  EXPECT_EQ(a.Reveal(), "value");
  a = Secret(std::string("other"));
  EXPECT_EQ(a.Reveal(), "other");
  EXPECT_EQ(b.Reveal(), "value");
}

// A short value lives inside the object, where the wipe of the destructor can be seen.
TEST(Secret, WipesItsValueInTheEnd) {
  alignas(Secret) std::array<char, sizeof(Secret)> storage{};
  auto* secret = new (storage.data()) Secret(std::string("hunter2"));
  ASSERT_NE(std::string_view(storage.data(), storage.size()).find("hunter2"),
            std::string_view::npos);
  secret->~Secret();
  volatile const char* bytes = storage.data();
  std::string rest;
  for (std::size_t i = 0; i < storage.size(); ++i) rest += bytes[i];
  EXPECT_EQ(rest.find("unter"), std::string::npos);
}

TEST(Wipe, OverwritesEveryByte) {
  std::array<std::uint8_t, 64> bytes;
  bytes.fill(7);
  Wipe(bytes.data(), bytes.size());
  EXPECT_EQ(bytes, (std::array<std::uint8_t, 64>{}));
  Wipe(nullptr, 0);
}

}  // namespace
}  // namespace latchkey::base
