#pragma once

#include "core/license.h"
#include "core/policy.h"
#include "core/resource.h"

namespace latchkey::core {

// machines.md §1.2.
struct Machine : Record {
  Uuid license_id;
  Uuid policy_id;  // copies of the license's, kept by the service, for uniqueness and filters
  Uuid product_id;
  std::optional<Uuid> owner_id;
  std::optional<Uuid> group_id;
  std::string fingerprint;
  std::optional<std::int64_t> cores, memory, disk;
  std::optional<std::string> ip, hostname, platform, name;
  std::optional<std::int64_t> max_processes;  // per-machine override; nothing in the API writes it
  std::optional<TimePoint> last_heartbeat, last_check_out, last_death;
  bool monitored = false;
  Metadata metadata;
};
template <>
const Resource& ResourceOf<Machine>();

// machines.md §2. `downtime` = time within the window in which the server was not serving (decision
// 7); it moves every deadline.
enum class HeartbeatStatus { kNotStarted, kAlive, kDead, kResurrected };
template <>
inline constexpr auto kNamesOf<HeartbeatStatus> =
    std::to_array<std::string_view>({"NOT_STARTED", "ALIVE", "DEAD", "RESURRECTED"});
HeartbeatStatus HeartbeatOf(const Machine& machine, const Policy& policy, TimePoint now,
                            Duration downtime = Duration::zero());
bool RequiresHeartbeat(const Machine& machine,
                       const Policy& policy);  // policy's flag, or it was pinged once
// last + period + downtime; null before the first heartbeat.
std::optional<TimePoint> NextHeartbeat(const Machine& machine, const Policy& policy,
                                       Duration downtime = Duration::zero());
// From when the heartbeat period runs, and from when downtime counts: the last heartbeat, else the
// creation.
TimePoint HeartbeatSince(const Machine& machine);

// The policy lets a ping bring back at `now` what died at `death`; null: it never lived.
bool Revives(const Policy& policy, std::optional<TimePoint> death, TimePoint now);

// What a ping does to a machine (machines.md §2).
enum class PingOutcome { kPing, kResurrected, kDead };
// A ping would bring a dead machine back: its policy revives, and the window since its death is
// open. The culler waits as long.
bool CanRevive(const Machine& machine, const Policy& policy, TimePoint now,
               Duration downtime = Duration::zero());
PingOutcome PingOf(const Machine& machine, const Policy& policy, TimePoint now,
                   Duration downtime = Duration::zero());

}  // namespace latchkey::core
