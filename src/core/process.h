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

}  // namespace latchkey::core
