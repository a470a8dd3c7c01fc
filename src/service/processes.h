#pragma once

#include "core/machine.h"
#include "core/policy.h"
#include "core/process.h"
#include "service/context.h"

namespace latchkey::service {

// machines.md §4. `machine` null: unknown (MACHINE_NOT_FOUND). Limits are decided by the running
// write transaction. kInvalid lists all violations.
Result<core::Process> CreateProcess(const Context& context, core::Process record,
                                    const core::Machine* machine);
Result<void> UpdateProcess(const Context& context, core::Process& record);
Result<void> DeleteProcess(const Context& context, const core::Process& record);
// A dead process goes without `process.deleted`.
Result<void> CullProcess(const Context& context, const core::Process& record);

// kProcessHeartbeatDead. True when the ping revived it. `downtime` lies since its last heartbeat.
Result<bool> PingProcess(const Context& context, core::Process& record, const core::Policy& policy,
                         Duration downtime);

}  // namespace latchkey::service
