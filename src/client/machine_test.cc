// The rules alone: trusted time and the table verdict to access, without any world around them.

#include <gtest/gtest.h>

#include "client/machine.h"

namespace latchkey::client {
namespace {

using core::AccessLevel;
using std::chrono::hours;
using std::chrono::minutes;

constexpr Duration kDay = hours(24);
const TimePoint kStart = base::FromUnixSeconds(1767225600);

Instant At(Duration wall, Duration boot, std::string boot_id = "a") {
  return {kStart + wall, boot, std::move(boot_id)};
}

TEST(TrustedTimeTest, GrowsWithTheBootClockAndNeverWithTheWallClock) {
  TrustedTime time;
  time.Observe(At({}, hours(1)));
  time.Learn(kStart);
  time.Observe(At(365 * kDay, hours(3)));
  EXPECT_EQ(*time.Now(), kStart + hours(2));
  time.Observe(At(-365 * kDay, hours(4)));
  EXPECT_EQ(*time.Now(), kStart + hours(3));
}

TEST(TrustedTimeTest, SumsUpPoweredOnTimeOverRestarts) {
  TrustedTime time;
  time.Observe(At({}, hours(1), "a"));
  time.Learn(kStart);
  time.Observe(At({}, hours(9), "a"));
  time.Observe(At({}, hours(2), "b"));
  time.Observe(At({}, hours(5), "b"));
  EXPECT_EQ(*time.Now(), kStart + hours(13));
}

TEST(TrustedTimeTest, ABootClockThatRunsBackwardsCountsNothing) {
  TrustedTime time;
  time.Observe(At({}, hours(5)));
  time.Learn(kStart);
  time.Observe(At({}, hours(1)));
  time.Observe(At({}, -hours(1)));
  EXPECT_EQ(*time.Now(), kStart);
}

TEST(TrustedTimeTest, TM_25_TakesASignedTimeUpTo48HoursAheadOfAllEvidence) {
  TrustedTime time;
  time.Observe(At({}, {}));
  time.Learn(kStart);
  time.Learn(kStart + hours(49));
  EXPECT_EQ(*time.Now(), kStart);
  time.Learn(kStart + hours(47));
  EXPECT_EQ(*time.Now(), kStart + hours(47));
  time.Learn(kStart);
  EXPECT_EQ(*time.Now(), kStart + hours(47)) << "older signed times change nothing";
  time.Observe(At(60 * kDay, {}));
  time.Learn(kStart + 61 * kDay);
  EXPECT_EQ(*time.Now(), kStart + 61 * kDay) << "the wall clock agrees";
}

TEST(TrustedTimeTest, TM_24_ZonesAndLeapDaysAreNoTime) {
  // Daylight saving and zones change no UTC clock; a leap day is a day like any other.
  TrustedTime time;
  const TimePoint leap = base::FromUnixSeconds(1835308800);  // 2028-02-28
  time.Observe({leap, {}, "a"});
  time.Learn(leap);
  time.Observe({leap + 2 * kDay, 2 * kDay, "a"});
  EXPECT_EQ(base::FormatTime(*time.Now()), "2028-03-01T00:00:00.000Z");
  time.Observe({leap + 12 * 365 * kDay, 12 * 365 * kDay, "a"});  // past 2038
  EXPECT_GT(base::FormatTime(*time.Now()), "2040");
}

State Leased() {
  State state;
  state.record.license_key = "key";
  state.record.license_id = "l";
  Lease lease;
  lease.license_id = "l";
  lease.issued = kStart;
  lease.terms = {7 * 86400, 30 * 86400, 14 * 86400, kStart + 37 * kDay};
  state.lease = lease;
  state.record.time.Observe(At({}, hours(1)));
  state.record.time.Restart(kStart);
  return state;
}

struct DenialCase {
  const char* code;
  const char* reason;
  AccessLevel access;
};
class DenialTest : public ::testing::TestWithParam<DenialCase> {};

TEST_P(DenialTest, GivesTheAccessOfDecision5) {
  State state = Leased();
  state.record.denial =
      Denial{GetParam().code, GetParam().reason, {}, {}, kStart, std::nullopt, std::nullopt};
  EXPECT_EQ(Judge(state).access, GetParam().access);
  EXPECT_EQ(Judge(state).reason, GetParam().reason);
}

INSTANTIATE_TEST_SUITE_P(
    Verdicts, DenialTest,
    ::testing::Values(DenialCase{"SUSPENDED", "SUSPENDED", AccessLevel::kLimited},
                      DenialCase{"EXPIRED", "EXPIRED", AccessLevel::kLimited},
                      DenialCase{"OVERDUE", "CHECK_IN_OVERDUE", AccessLevel::kLimited},
                      DenialCase{"TOO_MANY_MACHINES", "SEATS_FULL", AccessLevel::kLimited},
                      DenialCase{"HEARTBEAT_DEAD", "HEARTBEAT_LOST", AccessLevel::kLimited},
                      DenialCase{"FINGERPRINT_SCOPE_MISMATCH", "NOT_ACTIVATED",
                                 AccessLevel::kLimited},
                      DenialCase{"PRODUCT_SCOPE_MISMATCH", "WRONG_PRODUCT", AccessLevel::kLimited},
                      DenialCase{"BANNED", "BANNED", AccessLevel::kNone},
                      DenialCase{"NOT_FOUND", "REVOKED", AccessLevel::kNone}),
    [](const auto& test) { return std::string(test.param.code); });

TEST(JudgeTest, NothingButASignedNoOrTheCutOffLowersAccess) {
  State state = Leased();
  for (int failures = 0; failures < 1000; ++failures) {
    Begin begin;
    Stepped stepped = Step(state, begin, At(kDay, hours(2)), "f");
    stepped = Step(
        stepped.state,
        Answered{tl::unexpected(AskFailure{CannotAsk::kTimeout, std::nullopt}), std::nullopt, 7},
        At(kDay, hours(2)), "f");
    ASSERT_TRUE(stepped.effects.done);
    state = stepped.state;
    ASSERT_EQ(Judge(state).access, AccessLevel::kFull);
  }
}

TEST(JudgeTest, ChangesByItselfExactlyAtTheCutOff) {
  State state = Leased();
  const Standing standing = Judge(state);
  ASSERT_TRUE(standing.changes);
  EXPECT_EQ(*standing.changes - state.record.time.powered, 37 * kDay);
  state.record.time.Observe(At({}, hours(1) + 37 * kDay - Duration(1)));
  EXPECT_EQ(Judge(state).access, AccessLevel::kFull);
  state.record.time.Observe(At({}, hours(1) + 37 * kDay));
  EXPECT_EQ(Judge(state).access, AccessLevel::kLimited);
  EXPECT_FALSE(Judge(state).changes);
}

TEST(StepTest, AnAnswerNobodyAskedForIsIgnored) {
  const State state = Leased();
  Answer answer;
  answer.ok = true;
  answer.code = "SUSPENDED";
  answer.signed_at = kStart;
  const Stepped stepped = Step(state, Answered{answer, std::nullopt, 0}, At({}, hours(1)), "f");
  EXPECT_FALSE(stepped.effects.call || stepped.effects.save || stepped.effects.done);
  EXPECT_EQ(Judge(stepped.state).access, AccessLevel::kFull);
}

TEST(StepTest, AServerThatContradictsItselfIsNotFollowedForEver) {
  Begin begin;
  begin.verb = Verb::kActivate;
  begin.key = "k";
  Stepped stepped = Step({}, begin, At({}, {}), "f");
  int calls = 0;
  while (stepped.effects.call) {
    ASSERT_LT(++calls, 20);
    Answer answer;
    answer.signed_at = kStart;
    answer.license_id = answer.machine_license_id = "l";
    answer.machine_fingerprint = "f";
    answer.ok = stepped.effects.call->kind == Call::Kind::kValidate;
    answer.code = "NO_MACHINE";
    answer.error_code = "FINGERPRINT_TAKEN";
    stepped = Step(stepped.state, Answered{answer, std::nullopt, 0}, At({}, {}), "f");
  }
  ASSERT_TRUE(stepped.effects.done);
  EXPECT_NE(stepped.effects.done->kind, Outcome::Kind::kOk);
}

}  // namespace
}  // namespace latchkey::client
