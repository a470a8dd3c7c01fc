#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/component.h"
#include "core/license.h"
#include "core/machine.h"
#include "service/context.h"

namespace latchkey::service {

// machines.md §1.6 steps 4 to 8. `license` null: unknown (LICENSE_NOT_FOUND). The limits are
// decided by the running write transaction, so two racers never both win (threat-model row 61). On
// success `license` has its new totals. An id chosen by the client is refused while an undo may
// bring back a machine of that id. `components` are made with it, all or none; kUnprocessable for
// more than 20.
Result<core::Machine> CreateMachine(const Context& context, core::Machine record,
                                    core::License* license, const core::Policy* policy,
                                    std::vector<core::Component> components = {});
Result<void> UpdateMachine(const Context& context, core::Machine& record,
                           const core::Machine& before, const core::License& license,
                           const core::Policy& policy);
Result<void> DeleteMachine(const Context& context, const core::Machine& record);
// A dead machine goes without `machine.deleted` (machines.md §2 step 2), its tombstone says why.
Result<void> CullMachine(const Context& context, const core::Machine& record);

// machines.md §2. kMachineHeartbeatDead. True when the ping revived it.
Result<bool> PingMachine(const Context& context, core::Machine& record, const core::Policy& policy,
                         Duration downtime);
Result<void> ResetHeartbeat(const Context& context, core::Machine& record);
Result<void> NoteMachineCheckOut(const Context& context, core::Machine& record);

// Taking over a seat, with undo (decision 27).
struct Takeover {
  Uuid id{};
  core::Machine machine{};
  Uuid released_id{};
  std::optional<std::string> released_name{};
  TimePoint undo_until{};
};
// `release` is a machine id or "idlest": the one whose last heartbeat, check-out or creation is
// longest ago. Counts an activation and a deactivation of an activation token.
// kTakeoverLimitExceeded (more than 3 per license in 24 h, undone ones included); kInvalid as for
// creation; kNotFound when `release` names no machine of the license.
Result<Takeover> TakeOverSeat(const Context& context, core::Machine record, core::License* license,
                              const core::Policy* policy, std::string_view release,
                              std::vector<core::Component> components = {});
// Swaps back under the same ids; a machine that sends heartbeats, or has to, is alive again as of
// now. No use of an activation token is counted. kNotFound for an unknown takeover, kUnprocessable
// when it is too late or already undone, kInvalid when the license has no room for the machine.
Result<core::Machine> UndoTakeover(const Context& context, const Uuid& takeover);
// Until when the device of a machine that was released by a takeover keeps working; nullopt when no
// takeover that stands released it.
Result<std::optional<TimePoint>> ReleasedUntil(const Context& context, const Uuid& machine);
// The license a takeover belongs to, for look-up and authorization.
Result<std::optional<core::License>> LicenseOfTakeover(const Context& context,
                                                       const Uuid& takeover);

}  // namespace latchkey::service
