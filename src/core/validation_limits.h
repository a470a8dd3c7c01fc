#pragma once

#include "core/validation_rules.h"

// Rows 1 to 5 and 16 to 28 of licenses.md §9.2: the license's own state and its limits.
namespace latchkey::core {

Finding CheckExists(const Question& question);
Finding CheckBanned(const Question& question);
Finding CheckSuspended(const Question& question);
Finding CheckRevokedByExpiry(const Question& question);
Finding CheckOverdue(const Question& question);
Finding CheckUsersLimit(const Question& question);
Finding CheckLooseExpired(const Question& question);
Finding CheckLoose(const Question& question);
Finding CheckNodeLockedNoMachine(const Question& question);
Finding CheckNodeLockedMachines(const Question& question);
Finding CheckFloatingNoMachines(const Question& question);
Finding CheckFloatingMachines(const Question& question);
Finding CheckCores(const Question& question);
Finding CheckMemory(const Question& question);
Finding CheckDisk(const Question& question);
Finding CheckProcesses(const Question& question);
Finding CheckExpired(const Question& question);
Finding CheckValid(const Question& question);

}  // namespace latchkey::core
