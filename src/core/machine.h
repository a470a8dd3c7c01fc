#pragma once

#include "core/license.h"
#include "core/policy.h"
#include "core/resource.h"

namespace latchkey::core {

// machines.md §1.2.
struct Machine : Record {
  Uuid license_id;
  Uuid policy_id;   // copies of the license's, kept by the service, for uniqueness and filters
  Uuid product_id;
  std::optional<Uuid> owner_id;
  std::string fingerprint;
  std::optional<std::int64_t> cores, memory, disk;
  std::optional<std::string> ip, hostname, platform, name;
  std::optional<std::int64_t> max_processes;  // per-machine override; nothing in the API writes it
  std::optional<TimePoint> last_heartbeat, last_check_out, last_death;
  bool monitored = false;
  Metadata metadata;
};

// machines.md §2. `downtime` = time within the window in which the server was not serving (decision 7); it moves every deadline.
enum class HeartbeatStatus { kNotStarted, kAlive, kDead, kResurrected };
template <>
inline constexpr auto kNamesOf<HeartbeatStatus> =
    std::to_array<std::string_view>({"NOT_STARTED", "ALIVE", "DEAD", "RESURRECTED"});
HeartbeatStatus HeartbeatOf(const Machine& machine, const Policy& policy, TimePoint now, Duration downtime = Duration::zero());
bool RequiresHeartbeat(const Machine& machine, const Policy& policy);  // policy's flag, or it was pinged once
std::optional<TimePoint> NextHeartbeat(const Machine& machine, const Policy& policy);

// What a ping does to a machine (machines.md §2).
enum class PingOutcome { kPing, kResurrected, kDead };
PingOutcome PingOf(const Machine& machine, const Policy& policy, TimePoint now, Duration downtime = Duration::zero());

}  // namespace latchkey::core
