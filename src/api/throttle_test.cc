// Throttles and the budget of guesses (conventions.md §7.1, threat-model M11).
#include "api/throttle.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/test_server.h"

namespace latchkey::api {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

std::string Text(const json::value& value) { return std::string(value.as_string()); }

class Throttles : public ::testing::Test {
 protected:
  Throttle throttle_{base::SystemRandom()};
  const TimePoint start_ = *base::ParseTime("2026-03-03T09:15:00.000Z");
};

TEST_F(Throttles, AWindowBeginsWithItsFirstAttemptAndEndsByItself) {
  for (int i = 1; i <= 5; ++i) {
    const auto count = throttle_.Take(kSignIn, "a", start_ + seconds(i));
    EXPECT_EQ(count.count, i);
    EXPECT_FALSE(count.exceeded());
  }
  const auto sixth = throttle_.Take(kSignIn, "a", start_ + seconds(59));
  EXPECT_TRUE(sixth.exceeded());
  EXPECT_EQ(sixth.ends, start_ + seconds(61));
  EXPECT_FALSE(throttle_.Take(kSignIn, "b", start_ + seconds(59)).exceeded());
  EXPECT_FALSE(throttle_.Take(kPasswordChange, "a", start_ + seconds(59)).exceeded());
  EXPECT_EQ(throttle_.Take(kSignIn, "a", start_ + seconds(61)).count, 1);
}

TEST_F(Throttles, WhatWasGivenBackDoesNotCount) {
  for (int i = 0; i < 50; ++i) {
    EXPECT_FALSE(throttle_.Take(kSignIn, "a", start_).exceeded());
    throttle_.GiveBack(kSignIn, "a", start_);
  }
  EXPECT_EQ(throttle_.size(), 0u);
}

TEST_F(Throttles, MemoryIsBoundedAndTheLongestWindowsStay) {
  for (int i = 0; i < 6; ++i) throttle_.Take(kResetRequest, "victim", start_);
  for (std::size_t i = 0; i < 3 * Throttle::kMostKeys; ++i)
    throttle_.Take(kSignIn, std::to_string(i), start_);
  EXPECT_LE(throttle_.size(), Throttle::kMostKeys);
  EXPECT_TRUE(throttle_.Take(kResetRequest, "victim", start_).exceeded());
}

TEST_F(Throttles, AnIpv6NetworkIsOneAddress) {
  EXPECT_EQ(AddressForBudget("2001:db8:1:2:3:4:5:6"), AddressForBudget("2001:db8:1:2::9"));
  EXPECT_NE(AddressForBudget("2001:db8:1:2::9"), AddressForBudget("2001:db8:1:3::9"));
  EXPECT_EQ(AddressForBudget("192.0.2.7"), "192.0.2.7");
  EXPECT_NE(AddressForBudget("192.0.2.7"), AddressForBudget("192.0.2.8"));
}

// Against the server.
class ThrottledServer : public ::testing::Test {
 protected:
  Answer SignIn(std::string_view email, std::string_view password) {
    const std::string pair = std::string(email) + ":" + std::string(password);
    return server_.Send("POST", "/tokens",
                        {{"Authorization", "Basic " + base::Base64(base::AsBytes(pair))}});
  }
  Answer Validate(std::string_view key) {
    return server_.Send("POST", "/licenses/actions/validate-key", {},
                        json::value{{"meta", {{"key", key}}}});
  }
  TestServer server_{true};
};

TEST_F(ThrottledServer, TM_47_PasswordGuessesOfOneEmailAreCut) {
  for (int i = 0; i < 5; ++i) EXPECT_EQ(SignIn("admin@acme.example", "wrong guess").status, 401);
  const Answer cut = SignIn("admin@acme.example", "wrong guess");
  EXPECT_EQ(cut.status, 429);
  EXPECT_EQ(cut.Code(), "TOO_MANY_REQUESTS");
  EXPECT_FALSE(cut.Json().as_object().contains("meta"));
  EXPECT_EQ(cut.header("X-RateLimit-Window"), "auth");
  EXPECT_EQ(cut.header("X-RateLimit-Limit"), "5");
  EXPECT_EQ(cut.header("X-RateLimit-Count"), "6");
  EXPECT_EQ(cut.header("X-RateLimit-Remaining"), "0");
  EXPECT_GT(std::stoll(std::string(cut.header("X-RateLimit-Reset"))), 0);
  EXPECT_GT(std::stoll(std::string(cut.header("Retry-After"))), 0);
  EXPECT_EQ(cut.header("Keygen-Signature"), "");
  // Another address's sign-in goes on; so does this one after the window.
  EXPECT_EQ(SignIn("else@acme.example", "wrong guess").status, 401);
  server_.Advance(minutes(1));
  EXPECT_EQ(SignIn("admin@acme.example", "wrong guess").status, 401);
}

TEST_F(ThrottledServer, RightPasswordsAreNeverCounted) {
  for (int i = 0; i < 12; ++i) EXPECT_EQ(SignIn("admin@acme.example", "correct horse").status, 201);
}

TEST_F(ThrottledServer, TM_01_GuessedKeysAreCutAndGoodOnesPass) {
  const std::string key =
      Text(server_.AddLicense(server_.AddPolicy(server_.AddProduct())).Attribute("key"));
  int found_nothing = 0, cut = 0;
  for (int i = 0; i < 200; ++i) {
    const Answer answer = Validate("GUESS-" + std::to_string(i));
    if (answer.status == 200) ++found_nothing;
    if (answer.status == 429) ++cut;
    EXPECT_EQ(Validate(key).status, 200) << i;
  }
  EXPECT_EQ(found_nothing, kGuesses.limit);
  EXPECT_EQ(cut, 200 - kGuesses.limit);
  EXPECT_EQ(server_.Send("GET", "/me", TestServer::AsToken("admin-00v3")).status, 429);
  EXPECT_EQ(server_.Send("GET", "/me", server_.AsAdmin()).status, 200);
}

}  // namespace
}  // namespace latchkey::api
