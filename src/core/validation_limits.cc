#include "core/validation_limits.h"

#include <algorithm>

#include "core/validation_facts.h"

namespace latchkey::core {
namespace {

using enum ValidationCode;

// Over the limit ends the validation, whether the strategy tolerates it or not.
Finding CheckLimit(std::int64_t count, std::optional<std::int64_t> limit, OverageStrategy strategy,
                   ValidationCode code, std::string_view detail) {
  if (!limit || count <= *limit) return std::nullopt;
  return Validation{WithinLimit(count, *limit, strategy), code, detail};
}

Finding Expired(const Question& question) {
  const ExpirationStrategy strategy = question.policy().expiration_strategy;
  const bool tolerated = strategy == ExpirationStrategy::kMaintainAccess ||
                         strategy == ExpirationStrategy::kAllowAccess;
  return Validation{tolerated, kExpired, "is expired"};
}

std::int64_t ProcessesOf(const Snapshot& snapshot, const Machine& machine) {
  const auto found = snapshot.machine_processes.find(machine.id);
  return found == snapshot.machine_processes.end() ? 0 : found->second;
}

// The one machine that the scope speaks of; null if it names none.
const Machine* ScopeMachine(const Question& question) {
  if (!question.options.check_scopes) return nullptr;
  const std::vector<Machine>& machines = question.snapshot->machines;
  if (FingerprintGiven(question.scope)) {
    const WantedSet wanted = WantedFingerprints(question.scope);
    const auto found = std::ranges::find_if(machines, [&](const Machine& machine) {
      return wanted.Contains(machine.fingerprint) &&
             HeartbeatIn(question, machine) != HeartbeatStatus::kDead;
    });
    return found == machines.end() ? nullptr : &*found;
  }
  if (!question.scope.machine) return nullptr;
  const auto id = Uuid::Parse(*question.scope.machine);
  if (!id) return nullptr;
  const auto found = std::ranges::find(machines, *id, &Machine::id);
  return found == machines.end() ? nullptr : &*found;
}

}  // namespace

Finding CheckExists(const Question& question) {
  if (question.snapshot != nullptr) return std::nullopt;
  return Refuse(kNotFound, "does not exist");
}

Finding CheckBanned(const Question& question) {
  if (!question.snapshot->owner || !question.snapshot->owner->banned) return std::nullopt;
  return Refuse(kBanned, "is banned");
}

Finding CheckSuspended(const Question& question) {
  if (!question.license().suspended) return std::nullopt;
  return Refuse(kSuspended, "is suspended");
}

Finding CheckRevokedByExpiry(const Question& question) {
  if (question.policy().expiration_strategy != ExpirationStrategy::kRevokeAccess ||
      !question.expired) {
    return std::nullopt;
  }
  return Refuse(kExpired, "is expired");
}

Finding CheckOverdue(const Question& question) {
  if (!IsOverdue(question.license(), question.policy(), question.options.now)) return std::nullopt;
  return Refuse(kOverdue, "is overdue for check in");
}

Finding CheckUsersLimit(const Question& question) {
  const auto users = static_cast<std::int64_t>(question.snapshot->users.size()) +
                     (question.license().owner_id ? 1 : 0);
  return CheckLimit(users, question.limits.users, question.policy().overage_strategy, kTooManyUsers,
                    "has too many associated users");
}

Finding CheckLooseExpired(const Question& question) {
  if (question.policy().strict || !question.expired) return std::nullopt;
  return Expired(question);
}

Finding CheckLoose(const Question& question) {
  if (question.policy().strict) return std::nullopt;
  return CheckValid(question);
}

Finding CheckNodeLockedNoMachine(const Question& question) {
  if (question.policy().floating || MachineCount(*question.snapshot) > 0) return std::nullopt;
  return Refuse(kNoMachine, "must have exactly 1 associated machine");
}

Finding CheckNodeLockedMachines(const Question& question) {
  if (question.policy().floating || MachineCount(*question.snapshot) <= 1) return std::nullopt;
  // Fractions of one machine mean nothing: only ALWAYS and 2X tolerate here.
  OverageStrategy strategy = question.policy().overage_strategy;
  if (strategy == OverageStrategy::k125 || strategy == OverageStrategy::k150) {
    strategy = OverageStrategy::kNone;
  }
  return CheckLimit(CountedTotals(question).count, question.limits.machines.value_or(1), strategy,
                    kTooManyMachines, "has too many associated machines");
}

Finding CheckFloatingNoMachines(const Question& question) {
  if (!question.policy().floating || MachineCount(*question.snapshot) > 0) return std::nullopt;
  return Refuse(kNoMachines, "must have at least 1 associated machine");
}

Finding CheckFloatingMachines(const Question& question) {
  if (!question.policy().floating || !question.limits.machines ||
      MachineCount(*question.snapshot) <= 1) {
    return std::nullopt;
  }
  return CheckLimit(CountedTotals(question).count, question.limits.machines,
                    question.policy().overage_strategy, kTooManyMachines,
                    "has too many associated machines");
}

Finding CheckCores(const Question& question) {
  if (!question.limits.cores) return std::nullopt;
  return CheckLimit(CountedTotals(question).cores, question.limits.cores,
                    question.policy().overage_strategy, kTooManyCores,
                    "has too many associated machine cores");
}

Finding CheckMemory(const Question& question) {
  if (!question.limits.memory) return std::nullopt;
  return CheckLimit(CountedTotals(question).memory, question.limits.memory,
                    question.policy().overage_strategy, kTooMuchMemory,
                    "has too much associated machine memory");
}

Finding CheckDisk(const Question& question) {
  if (!question.limits.disk) return std::nullopt;
  return CheckLimit(CountedTotals(question).disk, question.limits.disk,
                    question.policy().overage_strategy, kTooMuchDisk,
                    "has too much associated machine disk");
}

// §9.3 (d).
Finding CheckProcesses(const Question& question) {
  if (!question.limits.processes) return std::nullopt;
  const Snapshot& snapshot = *question.snapshot;
  std::optional<std::int64_t> limit = question.limits.processes;
  std::int64_t count = 0;
  switch (question.policy().process_leasing_strategy) {
    case ProcessLeasingStrategy::kPerMachine: {
      const Machine* machine = ScopeMachine(question);
      if (machine == nullptr) return std::nullopt;
      if (machine->max_processes) limit = machine->max_processes;
      count = ProcessesOf(snapshot, *machine);
      break;
    }
    case ProcessLeasingStrategy::kPerLicense:
      count = snapshot.processes;
      break;
    case ProcessLeasingStrategy::kPerUser: {
      const std::optional<Uuid> user = LeasingUser(question);
      for (const Machine& machine : snapshot.machines) {
        if (machine.owner_id == user) count += ProcessesOf(snapshot, machine);
      }
      break;
    }
  }
  return CheckLimit(count, limit, question.policy().overage_strategy, kTooManyProcesses,
                    "has too many associated processes");
}

Finding CheckExpired(const Question& question) {
  if (!question.expired) return std::nullopt;
  return Expired(question);
}

Finding CheckValid(const Question&) { return Validation{true, kValid, "is valid"}; }

}  // namespace latchkey::core
