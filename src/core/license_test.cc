#include "core/license.h"

#include <gtest/gtest.h>

#include <limits>

namespace latchkey::core {
namespace {

using std::chrono::days;

TimePoint At(std::string_view text) { return base::ParseTime(text).value(); }
const TimePoint kNow = At("2026-03-03T12:00:00Z");

License ActiveLicense() {
  License license;
  license.created = kNow - days(1);
  return license;
}

struct OverageCase {
  const char* name;
  std::int64_t count, limit;
  OverageStrategy strategy;
  bool within;
};
class Overage : public testing::TestWithParam<OverageCase> {};
TEST_P(Overage, DecidesByTheFactor) {
  const auto& c = GetParam();
  EXPECT_EQ(WithinLimit(c.count, c.limit, c.strategy), c.within);
}
constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();
INSTANTIATE_TEST_SUITE_P(
    License, Overage,
    testing::Values(
        OverageCase{"AtTheLimit", 4, 4, OverageStrategy::kNone, true},
        OverageCase{"OneOverIsRefused", 5, 4, OverageStrategy::kNone, false},
        OverageCase{"AQuarterMoreIsTolerated", 5, 4, OverageStrategy::k125, true},
        OverageCase{"MoreThanAQuarterIsNot", 6, 4, OverageStrategy::k125, false},
        OverageCase{"FractionsOfAQuarterAreNot", 4, 3, OverageStrategy::k125, false},
        OverageCase{"HalfMoreIsTolerated", 6, 4, OverageStrategy::k150, true},
        OverageCase{"MoreThanHalfIsNot", 7, 4, OverageStrategy::k150, false},
        OverageCase{"HalfOfAnOddLimitRoundsDown", 4, 3, OverageStrategy::k150, true},
        OverageCase{"TwiceIsTolerated", 8, 4, OverageStrategy::k200, true},
        OverageCase{"MoreThanTwiceIsNot", 9, 4, OverageStrategy::k200, false},
        OverageCase{"AlwaysIsAlways", 4000, 4, OverageStrategy::kAlways, true},
        OverageCase{"ZeroDoublesToZero", 1, 0, OverageStrategy::k200, false},
        OverageCase{"TwiceMoreThanTheIntegersHold", kMax, kMax - 1, OverageStrategy::k200, true},
        OverageCase{"AQuarterOfTheLargest", kMax, kMax / 5 * 4, OverageStrategy::k125, false}),
    [](const auto& c) { return c.param.name; });

TEST(LimitsTest, TheLicensesOwnValueWinsAndNullFallsBackToThePolicy) {
  License license;
  Policy policy;
  policy.max_machines = 3;
  policy.max_cores = 8;
  policy.max_uses = 1;
  license.max_machines = 5;
  license.max_memory = 7;
  license.max_uses = 0;
  const Limits limits = EffectiveLimits(license, policy);
  EXPECT_EQ(limits.machines, 5);
  EXPECT_EQ(limits.cores, 8);
  EXPECT_EQ(limits.memory, 7);
  EXPECT_EQ(limits.uses, 0);
  EXPECT_EQ(limits.disk, std::nullopt);
  EXPECT_EQ(limits.users, std::nullopt);
  EXPECT_EQ(limits.processes, std::nullopt);
}

TEST(LimitsTest, EveryLimitHasItsOwnOverride) {
  License license;
  license.max_machines = 1, license.max_processes = 2, license.max_users = 3, license.max_cores = 4;
  license.max_memory = 5, license.max_disk = 6, license.max_uses = 7;
  Policy policy;
  policy.max_machines = 11, policy.max_processes = 12, policy.max_users = 13, policy.max_cores = 14;
  policy.max_memory = 15, policy.max_disk = 16, policy.max_uses = 17;
  const auto values = [](const Limits& l) {
    return std::vector<std::optional<std::int64_t>>{l.machines, l.processes, l.users, l.cores,
                                                    l.memory,   l.disk,      l.uses};
  };
  EXPECT_EQ(values(EffectiveLimits(license, policy)),
            (std::vector<std::optional<std::int64_t>>{1, 2, 3, 4, 5, 6, 7}));
  EXPECT_EQ(values(EffectiveLimits(License{}, policy)),
            (std::vector<std::optional<std::int64_t>>{11, 12, 13, 14, 15, 16, 17}));
}

struct StatusCase {
  const char* name;
  std::optional<Duration> expiry_in{};
  bool suspended = false, banned = false;
  int created_days_ago = 1;
  std::optional<int> validated_days_ago{}, checked_out_days_ago{}, checked_in_days_ago{};
  LicenseStatus status;
};
class Status : public testing::TestWithParam<StatusCase> {};
TEST_P(Status, IsTheFirstThatApplies) {
  const auto& c = GetParam();
  License license;
  license.created = kNow - days(c.created_days_ago);
  license.suspended = c.suspended;
  const auto ago = [](std::optional<int> count) -> std::optional<TimePoint> {
    if (!count) return std::nullopt;
    return kNow - days(*count);
  };
  license.last_validated = ago(c.validated_days_ago);
  license.last_check_out = ago(c.checked_out_days_ago);
  license.last_check_in = ago(c.checked_in_days_ago);
  if (c.expiry_in) license.expiry = kNow + *c.expiry_in;
  EXPECT_EQ(NameOf(StatusOf(license, c.banned, kNow)), NameOf(c.status));
}
constexpr Duration kTick{1};
INSTANTIATE_TEST_SUITE_P(License, Status,
                         testing::Values(StatusCase{.name = "Fresh",
                                                    .status = LicenseStatus::kActive},
                                         StatusCase{.name = "BannedBeatsSuspended",
                                                    .expiry_in = -days(1),
                                                    .suspended = true,
                                                    .banned = true,
                                                    .status = LicenseStatus::kBanned},
                                         StatusCase{.name = "SuspendedBeatsExpired",
                                                    .expiry_in = -days(1),
                                                    .suspended = true,
                                                    .status = LicenseStatus::kSuspended},
                                         StatusCase{.name = "ExpiredBeatsInactive",
                                                    .expiry_in = -kTick,
                                                    .created_days_ago = 100,
                                                    .status = LicenseStatus::kExpired},
                                         StatusCase{.name = "TheInstantOfExpiryIsNeither",
                                                    .expiry_in = Duration(0),
                                                    .status = LicenseStatus::kActive},
                                         StatusCase{.name = "JustBeforeExpiry",
                                                    .expiry_in = kTick,
                                                    .status = LicenseStatus::kExpiring},
                                         StatusCase{.name = "ExpiringBeatsInactive",
                                                    .expiry_in = days(3) - kTick,
                                                    .created_days_ago = 100,
                                                    .status = LicenseStatus::kExpiring},
                                         StatusCase{.name = "ThreeDaysAheadIsNotYetExpiring",
                                                    .expiry_in = days(3),
                                                    .status = LicenseStatus::kActive},
                                         StatusCase{.name = "NinetyDaysWithoutActivity",
                                                    .created_days_ago = 91,
                                                    .status = LicenseStatus::kInactive},
                                         StatusCase{.name = "TheNinetiethDayCounts",
                                                    .created_days_ago = 90,
                                                    .status = LicenseStatus::kActive},
                                         StatusCase{.name = "ValidationIsActivity",
                                                    .created_days_ago = 400,
                                                    .validated_days_ago = 89,
                                                    .status = LicenseStatus::kActive},
                                         StatusCase{.name = "CheckOutIsActivity",
                                                    .created_days_ago = 400,
                                                    .checked_out_days_ago = 2,
                                                    .status = LicenseStatus::kActive},
                                         StatusCase{.name = "CheckInIsActivity",
                                                    .created_days_ago = 400,
                                                    .checked_in_days_ago = 2,
                                                    .status = LicenseStatus::kActive},
                                         StatusCase{.name = "OldActivityOfAllKindsIsNone",
                                                    .created_days_ago = 400,
                                                    .validated_days_ago = 91,
                                                    .checked_out_days_ago = 92,
                                                    .checked_in_days_ago = 93,
                                                    .status = LicenseStatus::kInactive}),
                         [](const auto& c) { return c.param.name; });

TEST(ExpiryTest, TheInstantOfExpiryIsNotExpiredAndNullNeverIs) {
  License license = ActiveLicense();
  EXPECT_FALSE(IsExpired(license, TimePoint::max()));
  license.expiry = kNow;
  EXPECT_FALSE(IsExpired(license, kNow));
  EXPECT_TRUE(IsExpired(license, kNow + kTick));
}

struct CheckInCase {
  const char* name;
  const char* interval;
  std::int64_t count;
  const char* last;
  const char* next;
};
class CheckIn : public testing::TestWithParam<CheckInCase> {};
TEST_P(CheckIn, IsOverdueOnlyAfterTheStoredDate) {
  const auto& c = GetParam();
  License license = ActiveLicense();
  license.last_check_in = At(c.last);
  Policy policy;
  policy.require_check_in = true;
  policy.check_in_interval = c.interval;
  policy.check_in_interval_count = c.count;
  const auto next = NextCheckIn(license, policy);
  ASSERT_TRUE(next);
  EXPECT_EQ(base::FormatTime(*next), c.next);
  EXPECT_FALSE(IsOverdue(license, policy, *next));
  EXPECT_TRUE(IsOverdue(license, policy, *next + kTick));
}
INSTANTIATE_TEST_SUITE_P(
    License, CheckIn,
    testing::Values(
        CheckInCase{"Days", "day", 10, "2026-02-20T08:00:00Z", "2026-03-02T08:00:00.000Z"},
        CheckInCase{"Weeks", "week", 2, "2026-02-20T08:00:00Z", "2026-03-06T08:00:00.000Z"},
        CheckInCase{"MonthsAreClamped", "month", 1, "2026-01-31T08:00:00Z",
                    "2026-02-28T08:00:00.000Z"},
        CheckInCase{"YearsAreClamped", "year", 1, "2024-02-29T08:00:00Z",
                    "2025-02-28T08:00:00.000Z"}),
    [](const auto& c) { return c.param.name; });

TEST(CheckInTest, WithoutAnyOfItsPartsThereIsNoDate) {
  License license = ActiveLicense();
  license.last_check_in = kNow - days(1000);
  Policy policy;
  policy.require_check_in = true;
  policy.check_in_interval = "day";
  policy.check_in_interval_count = 1;
  ASSERT_TRUE(IsOverdue(license, policy, kNow));

  const auto never = [&](const License& l, const Policy& p) {
    EXPECT_FALSE(NextCheckIn(l, p));
    EXPECT_FALSE(IsOverdue(l, p, kNow));
  };
  License unchecked = license;
  unchecked.last_check_in.reset();
  never(unchecked, policy);
  Policy changed = policy;
  changed.require_check_in = false;
  never(license, changed);
  changed = policy;
  changed.check_in_interval.reset();
  never(license, changed);
  changed = policy;
  changed.check_in_interval_count.reset();
  never(license, changed);
}

struct RenewCase {
  const char* name;
  RenewalBasis basis;
  const char* expiry;
  std::int64_t duration;
  const char* renewed;
};
class Renew : public testing::TestWithParam<RenewCase> {};
TEST_P(Renew, AddsTheDurationToItsBasis) {  // now = 2026-03-03T12:00Z
  const auto& c = GetParam();
  License license = ActiveLicense();
  license.expiry = At(c.expiry);
  Policy policy;
  policy.duration = c.duration;
  policy.renewal_basis = c.basis;
  EXPECT_EQ(base::FormatTime(RenewedExpiry(license, policy, kNow)), c.renewed);
}
INSTANTIATE_TEST_SUITE_P(
    License, Renew,
    testing::Values(RenewCase{"FromExpiryAlsoWhenLongGone", RenewalBasis::kExpiry,
                              "2025-01-31T12:00:00Z", 2629746, "2025-02-28T12:00:00.000Z"},
                    RenewCase{"FromExpiryAhead", RenewalBasis::kExpiry, "2026-05-31T00:00:00Z",
                              2629746, "2026-06-30T00:00:00.000Z"},
                    RenewCase{"FromNowShortensNothingElse", RenewalBasis::kNow,
                              "2026-05-31T00:00:00Z", 86400, "2026-03-04T12:00:00.000Z"},
                    RenewCase{"FromNowIfExpiredWhenExpired", RenewalBasis::kNowIfExpired,
                              "2026-03-03T11:59:59Z", 86400, "2026-03-04T12:00:00.000Z"},
                    RenewCase{"FromNowIfExpiredAtTheInstantItIsNot", RenewalBasis::kNowIfExpired,
                              "2026-03-03T12:00:00Z", 31556952, "2027-03-03T12:00:00.000Z"},
                    RenewCase{"FromNowIfExpiredWhenNot", RenewalBasis::kNowIfExpired,
                              "2026-03-10T00:00:00Z", 86400, "2026-03-11T00:00:00.000Z"},
                    RenewCase{"DurationsAreCalendarParts", RenewalBasis::kExpiry,
                              "2025-01-31T12:00:00Z", 31536000, "2026-01-30T16:39:54.000Z"}),
    [](const auto& c) { return c.param.name; });

}  // namespace
}  // namespace latchkey::core
