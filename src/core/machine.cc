#include "core/machine.h"

#include <limits>

namespace latchkey::core {
namespace {

constexpr std::int64_t kAnyTime = std::numeric_limits<std::int64_t>::max();

// Seconds after its death in which a ping revives; kAnyTime: always; nullopt: never.
std::optional<std::int64_t> ReviveSeconds(HeartbeatResurrectionStrategy strategy) {
  switch (strategy) {
    case HeartbeatResurrectionStrategy::kAlways:
      return kAnyTime;
    case HeartbeatResurrectionStrategy::k15Minutes:
      return 900;
    case HeartbeatResurrectionStrategy::k10Minutes:
      return 600;
    case HeartbeatResurrectionStrategy::k5Minutes:
      return 300;
    case HeartbeatResurrectionStrategy::k2Minutes:
      return 120;
    case HeartbeatResurrectionStrategy::k1Minute:
      return 60;
    case HeartbeatResurrectionStrategy::kNever:
      return std::nullopt;
  }
  return std::nullopt;
}

Duration HeartbeatPeriod(const Policy& policy) { return Seconds(HeartbeatSeconds(policy)); }

}  // namespace

bool RequiresHeartbeat(const Machine& machine, const Policy& policy) {
  return policy.require_heartbeat || machine.last_heartbeat.has_value();
}

TimePoint HeartbeatSince(const Machine& machine) {
  return machine.last_heartbeat.value_or(machine.created);
}

HeartbeatStatus HeartbeatOf(const Machine& machine, const Policy& policy, TimePoint now,
                            Duration downtime) {
  if (!RequiresHeartbeat(machine, policy)) return HeartbeatStatus::kNotStarted;
  const TimePoint deadline = HeartbeatSince(machine) + HeartbeatPeriod(policy) + downtime;
  if (deadline < now) return HeartbeatStatus::kDead;
  return machine.last_heartbeat ? HeartbeatStatus::kAlive : HeartbeatStatus::kNotStarted;
}

std::optional<TimePoint> NextHeartbeat(const Machine& machine, const Policy& policy,
                                       Duration downtime) {
  if (!machine.last_heartbeat) return std::nullopt;
  return *machine.last_heartbeat + HeartbeatPeriod(policy) + downtime;
}

bool Revives(const Policy& policy, std::optional<TimePoint> death, TimePoint now) {
  const auto window = ReviveSeconds(policy.heartbeat_resurrection_strategy);
  if (!window) return false;
  if (*window == kAnyTime) return true;
  return death && now <= *death + Seconds(*window);
}

bool CanRevive(const Machine& machine, const Policy& policy, TimePoint now, Duration downtime) {
  return Revives(policy, NextHeartbeat(machine, policy, downtime), now);
}

PingOutcome PingOf(const Machine& machine, const Policy& policy, TimePoint now, Duration downtime) {
  if (HeartbeatOf(machine, policy, now, downtime) != HeartbeatStatus::kDead) {
    return PingOutcome::kPing;
  }
  return CanRevive(machine, policy, now, downtime) ? PingOutcome::kResurrected : PingOutcome::kDead;
}

}  // namespace latchkey::core
