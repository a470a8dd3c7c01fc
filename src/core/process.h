#pragma once

#include "core/machine.h"
#include "core/resource.h"

namespace latchkey::core {

// machines.md §4. Copies of the machine's license, policy and product as in core/component.h.
struct Process : Record {
  Uuid machine_id;
  Uuid license_id;
  Uuid policy_id;
  Uuid product_id;
  std::string pid;
  TimePoint last_heartbeat{};
  std::optional<TimePoint> last_death;
  bool monitored = false;  // the culler has looked at it since it died
  Metadata metadata;
};
template <>
const Resource& ResourceOf<Process>();

// NOT_STARTED does not exist for processes: they begin alive.
enum class ProcessStatus { kAlive, kDead, kResurrected };
template <>
inline constexpr auto kNamesOf<ProcessStatus> = std::to_array<std::string_view>({"ALIVE", "DEAD",
                                                                                 "RESURRECTED"});
// machines.md §4: as for machines (core/machine.h), with a heartbeat that always runs. `downtime`
// moves every deadline (decision 7).
ProcessStatus StatusOf(const Process& process, const Policy& policy, TimePoint now,
                       Duration downtime = Duration::zero());
TimePoint NextHeartbeat(const Process& process, const Policy& policy,
                        Duration downtime = Duration::zero());
bool CanRevive(const Process& process, const Policy& policy, TimePoint now,
               Duration downtime = Duration::zero());
PingOutcome PingOf(const Process& process, const Policy& policy, TimePoint now,
                   Duration downtime = Duration::zero());

}  // namespace latchkey::core
