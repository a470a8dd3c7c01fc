#include "latchkey/jobs.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>

namespace latchkey::app {
namespace {

TEST(Jobs, RunWhenAskedAndTellWhatTheyDid) {
  bool by_hand = false;
  Jobs jobs({{"count", std::chrono::hours(1),
              [&](bool asked) -> Result<std::string> {
                by_hand = asked;
                return std::string("three");
              }}},
            [](const std::string&, const Result<std::string>&) {});
  EXPECT_EQ(jobs.Run("count").value(), "three");
  EXPECT_TRUE(by_hand);
}

TEST(Jobs, AnUnknownOneNamesThoseThatAre) {
  const auto nothing = [](bool) -> Result<std::string> { return std::string(); };
  Jobs jobs({{"a", std::chrono::hours(1), nothing}, {"b", std::chrono::hours(1), nothing}},
            [](const std::string&, const Result<std::string>&) {});
  const auto outcome = jobs.Run("c");
  ASSERT_FALSE(outcome);
  EXPECT_THAT(outcome.error().detail, testing::HasSubstr("there are a, b"));
}

TEST(Jobs, ATurnIsBroughtForwardAndItsFailureReported) {
  std::promise<std::string> reported;
  Jobs jobs(
      {{"later", std::chrono::hours(1),
        [](bool) -> Result<std::string> {
          return Error{Errc::kDiskFull, "no space"};
        }},
       {"other", std::chrono::hours(2), [](bool) -> Result<std::string> { return std::string(); }}},
      [&](const std::string& name, const Result<std::string>& outcome) {
        reported.set_value(name + ": " + outcome.error().detail);
      });
  jobs.Hasten("later");
  EXPECT_EQ(reported.get_future().get(), "later: no space");
}

TEST(Jobs, ComeBackAgainAndAgain) {
  std::promise<void> twice;
  int turns = 0;
  Jobs jobs({{"often", std::chrono::seconds(0),
              [&](bool) -> Result<std::string> {
                if (++turns == 2) twice.set_value();
                return std::string();
              }}},
            [](const std::string&, const Result<std::string>&) {});
  twice.get_future().get();
}

}  // namespace
}  // namespace latchkey::app
