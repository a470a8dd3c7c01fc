#include "core/access_level.h"

#include <gtest/gtest.h>

#include <map>

namespace latchkey::core {
namespace {

using std::chrono::days;
constexpr std::int64_t kDay = 86400;
const TimePoint kNow = base::ParseTime("2026-03-03T12:00:00Z").value();

Policy Subscription() {
  Policy policy;
  policy.duration = 31556952;
  return policy;
}

// By wire name, so that this table is a second opinion and not a copy of the switch.
const std::map<std::string_view, AccessLevel> kLevels = [] {
  std::map<std::string_view, AccessLevel> levels{{"VALID", AccessLevel::kFull}};
  for (const std::string_view code : {"NOT_FOUND", "BANNED", "NO_MACHINE", "NO_MACHINES"}) {
    levels[code] = AccessLevel::kNone;
  }
  for (const std::string_view code : {"SUSPENDED",
                                      "EXPIRED",
                                      "OVERDUE",
                                      "ENVIRONMENT_SCOPE_MISMATCH",
                                      "ENVIRONMENT_SCOPE_REQUIRED",
                                      "PRODUCT_SCOPE_MISMATCH",
                                      "PRODUCT_SCOPE_REQUIRED",
                                      "POLICY_SCOPE_MISMATCH",
                                      "POLICY_SCOPE_REQUIRED",
                                      "USER_SCOPE_MISMATCH",
                                      "USER_SCOPE_REQUIRED",
                                      "ENTITLEMENTS_SCOPE_EMPTY",
                                      "ENTITLEMENTS_MISSING",
                                      "MACHINE_SCOPE_MISMATCH",
                                      "MACHINE_SCOPE_REQUIRED",
                                      "FINGERPRINT_SCOPE_EMPTY",
                                      "FINGERPRINT_SCOPE_MISMATCH",
                                      "FINGERPRINT_SCOPE_REQUIRED",
                                      "COMPONENTS_SCOPE_EMPTY",
                                      "COMPONENTS_SCOPE_MISMATCH",
                                      "COMPONENTS_SCOPE_REQUIRED",
                                      "CHECKSUM_SCOPE_MISMATCH",
                                      "CHECKSUM_SCOPE_REQUIRED",
                                      "VERSION_SCOPE_MISMATCH",
                                      "VERSION_SCOPE_REQUIRED",
                                      "HEARTBEAT_NOT_STARTED",
                                      "HEARTBEAT_DEAD",
                                      "TOO_MANY_USERS",
                                      "TOO_MANY_MACHINES",
                                      "TOO_MANY_CORES",
                                      "TOO_MUCH_MEMORY",
                                      "TOO_MUCH_DISK",
                                      "TOO_MANY_PROCESSES"}) {
    levels[code] = AccessLevel::kLimited;
  }
  return levels;
}();

TEST(AccessTest, EveryVerdictHasItsLevel) {
  ASSERT_EQ(kLevels.size(), kNamesOf<ValidationCode>.size());
  for (const auto& [name, level] : kLevels) {
    const auto code = ParseName<ValidationCode>(name);
    ASSERT_TRUE(code) << name;
    EXPECT_EQ(AccessOf(false, *code, std::nullopt, 14 * kDay, kNow), level) << name;
  }
}

TEST(AccessTest, ValidTrueIsFullWhateverTheCode) {
  for (const std::string_view name : kNamesOf<ValidationCode>) {
    EXPECT_EQ(AccessOf(true, *ParseName<ValidationCode>(name), kNow - days(900), 0, kNow),
              AccessLevel::kFull)
        << name;
  }
}

TEST(AccessTest, ExpiredIsFullUntilTheEndOfItsGrace) {
  const auto at = [](TimePoint now, std::int64_t grace) {
    return AccessOf(false, ValidationCode::kExpired, kNow, grace, now);
  };
  EXPECT_EQ(at(kNow + Duration(1), 14 * kDay), AccessLevel::kFull);
  EXPECT_EQ(at(kNow + days(14), 14 * kDay), AccessLevel::kFull);
  EXPECT_EQ(at(kNow + days(14) + Duration(1), 14 * kDay), AccessLevel::kLimited);
  EXPECT_EQ(at(kNow + Duration(1), 0), AccessLevel::kLimited);
}

TEST(AccessTest, TheExpiryGraceHelpsNoOtherVerdict) {
  for (const auto& [name, level] : kLevels) {
    if (name == "EXPIRED") continue;
    EXPECT_EQ(AccessOf(false, *ParseName<ValidationCode>(name), kNow, 14 * kDay, kNow + days(1)),
              level)
        << name;
  }
}

TEST(TermsTest, ASubscriptionLivesThirtySevenDaysAPerpetualLicenseFourMonths) {
  const Terms subscription = TermsOf(Subscription(), kNow);
  EXPECT_EQ(subscription.sync, 7 * kDay);
  EXPECT_EQ(subscription.grace, 30 * kDay);
  EXPECT_EQ(subscription.expiry_grace, 14 * kDay);
  EXPECT_EQ(subscription.until, kNow + days(37));

  const Terms perpetual = TermsOf(Policy{}, kNow);
  EXPECT_EQ(perpetual.sync, 90 * kDay);
  EXPECT_EQ(perpetual.until, kNow + days(120));
}

TEST(TermsTest, ThePolicysOwnNumbersWin) {
  Policy policy = Subscription();
  policy.sync_interval = 3600;
  policy.offline_grace = 0;
  policy.expiry_grace = 0;
  const Terms terms = TermsOf(policy, kNow);
  EXPECT_EQ(terms.sync, 3600);
  EXPECT_EQ(terms.grace, 0);
  EXPECT_EQ(terms.expiry_grace, 0);
  EXPECT_EQ(terms.until, kNow + Seconds(3600));
}

TEST(TermsTest, RevokeAccessHasNoExpiryGrace) {
  Policy policy = Subscription();
  policy.expiration_strategy = ExpirationStrategy::kRevokeAccess;
  policy.expiry_grace = 7 * kDay;
  EXPECT_EQ(TermsOf(policy, kNow).expiry_grace, 0);
  policy.expiration_strategy = ExpirationStrategy::kRestrictAccess;
  EXPECT_EQ(TermsOf(policy, kNow).expiry_grace, 7 * kDay);
  policy.require_heartbeat = true;  // the seat is the heartbeat's, the file its shadow of an hour
  EXPECT_EQ(TermsOf(policy, kNow).until, kNow + Seconds(3600));
  EXPECT_EQ(TermsOf(policy, kNow, 30 * kDay).grace, 0);
}

TEST(TermsTest, SecondsAreExactAndNeverCalendar) {
  const TimePoint issued = base::ParseTime("2024-01-31T23:59:59.999Z").value();
  EXPECT_EQ(base::FormatTime(TermsOf(Subscription(), issued).until), "2024-03-08T23:59:59.999Z");
}

TEST(TermsTest, EarnedGraceEndsAtOneHundredEightySevenDaysAndNeedsAWeeklySync) {
  EXPECT_EQ(TermsOf(Subscription(), kNow, 10 * kDay).until, kNow + days(47));
  EXPECT_EQ(TermsOf(Subscription(), kNow, 9999 * kDay).until, kNow + days(187));
  EXPECT_EQ(TermsOf(Subscription(), kNow, -kDay).until, kNow + days(37));
  EXPECT_EQ(TermsOf(Policy{}, kNow, 10 * kDay).until, kNow + days(120));
}

// Syncs every `step` days, `count` times.
std::vector<TimePoint> Syncs(int count, int step) {
  std::vector<TimePoint> syncs;
  for (int i = 0; i < count; ++i) syncs.push_back(kNow + days(i * step));
  return syncs;
}

TEST(EarnedGraceTest, GrowsByADayForTwoHonestDays) {
  EXPECT_EQ(EarnedGrace(Subscription(), {}), 0);
  EXPECT_EQ(EarnedGrace(Subscription(), Syncs(1, 7)), 0);
  EXPECT_EQ(EarnedGrace(Subscription(), Syncs(2, 7)), 3 * kDay);
  EXPECT_EQ(EarnedGrace(Subscription(), Syncs(11, 7)), 35 * kDay);
  EXPECT_EQ(EarnedGrace(Subscription(), Syncs(200, 7)), 150 * kDay);
}

TEST(EarnedGraceTest, SyncingMoreOftenEarnsNoMore) {
  EXPECT_EQ(EarnedGrace(Subscription(), Syncs(71, 1)), EarnedGrace(Subscription(), Syncs(11, 7)));
  EXPECT_EQ(EarnedGrace(Subscription(), std::vector<TimePoint>(5000, kNow)), 0);
}

TEST(EarnedGraceTest, ARefreshAfterTheCutOffStartsAgain) {
  std::vector<TimePoint> syncs = Syncs(11, 7);
  syncs.push_back(syncs.back() + days(37));
  EXPECT_EQ(EarnedGrace(Subscription(), syncs), 53 * kDay);
  syncs.push_back(syncs.back() + days(37) + Duration(1));
  EXPECT_EQ(EarnedGrace(Subscription(), syncs), 0);
  syncs.push_back(syncs.back() + days(8));
  EXPECT_EQ(EarnedGrace(Subscription(), syncs), 4 * kDay);
}

TEST(EarnedGraceTest, TimesOutOfOrderStartAgain) {
  std::vector<TimePoint> syncs = Syncs(11, 7);
  syncs.push_back(syncs.back() - days(1));
  EXPECT_EQ(EarnedGrace(Subscription(), syncs), 0);
}

TEST(EarnedGraceTest, OnlyOnAWeeklySyncAndAnOfflineGraceOfOurs) {
  const auto syncs = Syncs(100, 7);
  EXPECT_EQ(EarnedGrace(Policy{}, syncs), 0);
  Policy daily = Subscription();
  daily.sync_interval = kDay;
  EXPECT_EQ(EarnedGrace(daily, syncs), 0);
  Policy own = Subscription();
  own.offline_grace = 30 * kDay;
  EXPECT_EQ(EarnedGrace(own, syncs), 0);
  Policy weekly;
  weekly.sync_interval = 7 * kDay;
  EXPECT_EQ(EarnedGrace(weekly, syncs), 150 * kDay);
}

TEST(EarnedGraceTest, NoHistoryPassesTheLongestCutOff) {
  for (int count = 1; count < 400; ++count) {
    const auto syncs = Syncs(count, 5);
    const Terms terms = TermsOf(Subscription(), kNow, EarnedGrace(Subscription(), syncs));
    EXPECT_LE(terms.until, kNow + days(187));
    EXPECT_GE(terms.until, kNow + days(37));
  }
}

}  // namespace
}  // namespace latchkey::core
