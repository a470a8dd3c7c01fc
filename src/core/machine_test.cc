#include "core/machine.h"

#include <gtest/gtest.h>

#include "core/downtime.h"
#include "core/process.h"

namespace latchkey::core {
namespace {

const TimePoint kNow = base::ParseTime("2026-03-03T12:00:00Z").value();
constexpr Duration kTick{1};

struct Heartbeat {
  bool required = false;
  std::optional<std::int64_t> duration{};
  Duration created_ago = Seconds(5);
  std::optional<Duration> last_ago{};
  Duration downtime{};
  HeartbeatResurrectionStrategy revive = HeartbeatResurrectionStrategy::kNever;

  Policy policy() const {
    Policy policy;
    policy.require_heartbeat = required;
    policy.heartbeat_duration = duration;
    policy.heartbeat_resurrection_strategy = revive;
    return policy;
  }
  Machine machine() const {
    Machine machine;
    machine.created = kNow - created_ago;
    if (last_ago) machine.last_heartbeat = kNow - *last_ago;
    return machine;
  }
};

struct StatusCase {
  const char* name;
  Heartbeat heartbeat;
  HeartbeatStatus status;
};
class StatusTest : public testing::TestWithParam<StatusCase> {};
TEST_P(StatusTest, FollowsTheLastHeartbeat) {
  const auto& [name, h, status] = GetParam();
  EXPECT_EQ(NameOf(HeartbeatOf(h.machine(), h.policy(), kNow, h.downtime)), NameOf(status));
}
INSTANTIATE_TEST_SUITE_P(
    Machine, StatusTest,
    testing::Values(
        StatusCase{"NeverPingedAndNotRequired",
                   {.created_ago = std::chrono::days(900)},
                   HeartbeatStatus::kNotStarted},
        StatusCase{"RequiredAndYoung",
                   {.required = true, .created_ago = Seconds(600)},
                   HeartbeatStatus::kNotStarted},
        StatusCase{"RequiredAndOneTickTooOld",
                   {.required = true, .created_ago = Seconds(600) + kTick},
                   HeartbeatStatus::kDead},
        StatusCase{"RequiredWithItsOwnPeriod",
                   {.required = true, .duration = 60, .created_ago = Seconds(61)},
                   HeartbeatStatus::kDead},
        StatusCase{"PingedAtTheDeadline", {.last_ago = Seconds(600)}, HeartbeatStatus::kAlive},
        StatusCase{"OnePingOptsIn", {.last_ago = Seconds(600) + kTick}, HeartbeatStatus::kDead},
        StatusCase{"RequiredAndPinged",
                   {.required = true, .duration = 60, .last_ago = Seconds(59)},
                   HeartbeatStatus::kAlive},
        StatusCase{"DowntimeMovesTheDeadline",
                   {.duration = 60, .last_ago = Seconds(160), .downtime = Seconds(100)},
                   HeartbeatStatus::kAlive},
        StatusCase{"DowntimeMovesItNoFurther",
                   {.duration = 60, .last_ago = Seconds(160) + kTick, .downtime = Seconds(100)},
                   HeartbeatStatus::kDead},
        StatusCase{"DowntimeMovesTheFirstHeartbeatToo",
                   {.required = true, .created_ago = Seconds(700), .downtime = Seconds(100)},
                   HeartbeatStatus::kNotStarted}),
    [](const auto& c) { return c.param.name; });

struct PingCase {
  const char* name;
  Heartbeat heartbeat;
  PingOutcome outcome;
};
class PingTest : public testing::TestWithParam<PingCase> {};
TEST_P(PingTest, RevivesOnlyWithinTheWindow) {
  const auto& [name, h, outcome] = GetParam();
  EXPECT_EQ(PingOf(h.machine(), h.policy(), kNow, h.downtime), outcome);
}
using enum HeartbeatResurrectionStrategy;
// Dead since `dead_for`.
Heartbeat Dead(Duration dead_for, HeartbeatResurrectionStrategy revive, Duration downtime = {}) {
  return {.last_ago = Seconds(600) + dead_for, .downtime = downtime, .revive = revive};
}
Heartbeat NeverStarted(HeartbeatResurrectionStrategy revive) {
  return {.required = true, .created_ago = Seconds(610), .revive = revive};
}
INSTANTIATE_TEST_SUITE_P(
    Machine, PingTest,
    testing::Values(
        PingCase{"TheFirstPing", {}, PingOutcome::kPing},
        PingCase{"AlivePing", {.last_ago = Seconds(600)}, PingOutcome::kPing},
        PingCase{"NoRevive", Dead(kTick, kNever), PingOutcome::kDead},
        PingCase{"OneMinuteInside", Dead(Seconds(60), k1Minute), PingOutcome::kResurrected},
        PingCase{"OneMinuteOutside", Dead(Seconds(60) + kTick, k1Minute), PingOutcome::kDead},
        PingCase{"TwoMinutesInside", Dead(Seconds(120), k2Minutes), PingOutcome::kResurrected},
        PingCase{"TwoMinutesOutside", Dead(Seconds(120) + kTick, k2Minutes), PingOutcome::kDead},
        PingCase{"FiveMinutesInside", Dead(Seconds(300), k5Minutes), PingOutcome::kResurrected},
        PingCase{"FiveMinutesOutside", Dead(Seconds(300) + kTick, k5Minutes), PingOutcome::kDead},
        PingCase{"TenMinutesInside", Dead(Seconds(600), k10Minutes), PingOutcome::kResurrected},
        PingCase{"TenMinutesOutside", Dead(Seconds(600) + kTick, k10Minutes), PingOutcome::kDead},
        PingCase{"FifteenMinutesInside", Dead(Seconds(900), k15Minutes), PingOutcome::kResurrected},
        PingCase{"FifteenMinutesOutside", Dead(Seconds(900) + kTick, k15Minutes),
                 PingOutcome::kDead},
        PingCase{"Always", Dead(std::chrono::days(9000), HeartbeatResurrectionStrategy::kAlways),
                 PingOutcome::kResurrected},
        PingCase{"NeverStartedIsRevivedByAlways",
                 NeverStarted(HeartbeatResurrectionStrategy::kAlways), PingOutcome::kResurrected},
        PingCase{"NeverStartedIsNotRevivedByMinutes", NeverStarted(k15Minutes), PingOutcome::kDead},
        PingCase{"DowntimeKeepsTheWindowOpen", Dead(Seconds(160), k1Minute, Seconds(100)),
                 PingOutcome::kResurrected},
        PingCase{"DowntimeKeepsItAlive", Dead(Seconds(100), kNever, Seconds(100)),
                 PingOutcome::kPing}),
    [](const auto& c) { return c.param.name; });

TEST(HeartbeatTest, IsRequiredByThePolicyOrByOnePing) {
  EXPECT_FALSE(RequiresHeartbeat(Machine{}, Policy{}));
  EXPECT_TRUE(RequiresHeartbeat(Machine{}, Heartbeat{.required = true}.policy()));
  EXPECT_TRUE(RequiresHeartbeat(Heartbeat{.last_ago = Seconds(1)}.machine(), Policy{}));
}

TEST(HeartbeatTest, TheNextOneFollowsTheLastOne) {
  const Heartbeat h{.duration = 90, .last_ago = Seconds(30)};
  EXPECT_EQ(NextHeartbeat(h.machine(), h.policy()), kNow + Seconds(60));
  EXPECT_EQ(NextHeartbeat(h.machine(), h.policy(), Seconds(5)), kNow + Seconds(65));
  EXPECT_EQ(NextHeartbeat(h.machine(), Policy{}), kNow + Seconds(570));
  EXPECT_EQ(NextHeartbeat(Machine{}, h.policy()), std::nullopt);
}

TEST(HeartbeatTest, CountsFromTheLastHeartbeatElseFromCreation) {
  EXPECT_EQ(HeartbeatSince(Heartbeat{.created_ago = Seconds(9)}.machine()), kNow - Seconds(9));
  EXPECT_EQ(HeartbeatSince(Heartbeat{.created_ago = Seconds(9), .last_ago = Seconds(2)}.machine()),
            kNow - Seconds(2));
}

TEST(HeartbeatTest, AServerThatWasDownForADayCostsNoSeat) {
  const Heartbeat h{.duration = 60, .last_ago = Seconds(86400 + 30)};
  ServingLog serving;
  serving.Start(kNow - Seconds(100000));
  for (int ago = 99990; ago >= 86400; ago -= 60) serving.Stamp(kNow - Seconds(ago));
  serving.Start(kNow);
  const Machine machine = h.machine();
  const Duration downtime = serving.DowntimeBetween(HeartbeatSince(machine), kNow);
  EXPECT_EQ(HeartbeatOf(machine, h.policy(), kNow), HeartbeatStatus::kDead);
  EXPECT_EQ(HeartbeatOf(machine, h.policy(), kNow, downtime), HeartbeatStatus::kAlive);
}

TEST(ProcessTest, IsJudgedLikeAMachineThatWasPinged) {
  for (std::size_t strategy = 0; strategy < kNamesOf<HeartbeatResurrectionStrategy>.size();
       ++strategy)
    for (const int ago : {0, 59, 60, 61, 90, 120, 121, 960, 961, 9000})
      for (const int down : {0, 30, 3600}) {
        const Heartbeat h{.duration = 60,
                          .last_ago = Seconds(ago),
                          .revive = static_cast<HeartbeatResurrectionStrategy>(strategy)};
        Process process;
        process.last_heartbeat = kNow - Seconds(ago);
        SCOPED_TRACE(std::to_string(strategy) + " " + std::to_string(ago) + " " +
                     std::to_string(down));
        EXPECT_EQ(PingOf(process, h.policy(), kNow, Seconds(down)),
                  PingOf(h.machine(), h.policy(), kNow, Seconds(down)));
        EXPECT_EQ(
            StatusOf(process, h.policy(), kNow, Seconds(down)) == ProcessStatus::kDead,
            HeartbeatOf(h.machine(), h.policy(), kNow, Seconds(down)) == HeartbeatStatus::kDead);
        EXPECT_EQ(NextHeartbeat(process, h.policy(), Seconds(down)),
                  NextHeartbeat(h.machine(), h.policy(), Seconds(down)));
      }
}

TEST(ProcessTest, BeatsEveryTenMinutesUnlessItsPolicySaysOtherwise) {
  Process process;
  process.last_heartbeat = kNow;
  EXPECT_EQ(NextHeartbeat(process, Policy{}), kNow + Seconds(600));
  EXPECT_EQ(StatusOf(process, Policy{}, kNow + Seconds(600)), ProcessStatus::kAlive);
  EXPECT_EQ(StatusOf(process, Policy{}, kNow + Seconds(600) + kTick), ProcessStatus::kDead);
}

}  // namespace
}  // namespace latchkey::core
