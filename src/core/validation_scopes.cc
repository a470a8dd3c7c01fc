#include "core/validation_scopes.h"

#include <algorithm>

#include "core/validation_facts.h"

namespace latchkey::core {
namespace {

using enum ValidationCode;

// How many of `wanted` have to match.
std::size_t Needed(MatchingStrategy strategy, std::size_t wanted) {
  switch (strategy) {
    case MatchingStrategy::kAny:
      return 1;
    case MatchingStrategy::kTwo:
      return 2;
    case MatchingStrategy::kMost:
      return (wanted + 1) / 2;
    case MatchingStrategy::kAll:
      return wanted;
  }
  return wanted;
}

std::string_view FingerprintsDetail(MatchingStrategy strategy) {
  switch (strategy) {
    case MatchingStrategy::kAny:
      break;
    case MatchingStrategy::kTwo:
      return "one or more fingerprint is not activated (does not match at least 2 associated "
             "machines)";
    case MatchingStrategy::kMost:
      return "one or more fingerprint is not activated (does not match enough associated machines)";
    case MatchingStrategy::kAll:
      return "one or more fingerprint is not activated (does not match all associated machines)";
  }
  return "one or more fingerprint is not activated (does not match any associated machines)";
}

std::string_view ComponentsDetail(MatchingStrategy strategy) {
  switch (strategy) {
    case MatchingStrategy::kAny:
      break;
    case MatchingStrategy::kTwo:
      return "one or more component is not activated (does not match at least 2 associated "
             "components)";
    case MatchingStrategy::kMost:
      return "one or more component is not activated (does not match enough associated components)";
    case MatchingStrategy::kAll:
      return "one or more component is not activated (does not match all associated components)";
  }
  return "one or more component is not activated (does not match any associated components)";
}

Finding RequireWhen(bool required, bool given, ValidationCode code, std::string_view detail) {
  if (required && !given) return Refuse(code, detail);
  return std::nullopt;
}

// The machine's owner is somebody else than the scope's user. Without owner or without user there
// is nothing to compare.
bool OwnedByAnother(const Question& question, const Machine& machine) {
  const auto user = ScopeUser(question);
  return user && machine.owner_id && !IsUser(*question.snapshot, *machine.owner_id, *user);
}

std::size_t CountComponents(const Snapshot& snapshot, std::string_view fingerprint,
                            const WantedSet& wanted) {
  const auto machine = std::ranges::find(snapshot.machines, fingerprint, &Machine::fingerprint);
  if (machine == snapshot.machines.end()) return 0;
  const auto components = snapshot.machine_components.find(machine->id);
  if (components == snapshot.machine_components.end()) return 0;
  return wanted.CountIn(components->second);
}

}  // namespace

Finding CheckEnvironment(const Question& question) {
  if (!question.scope.environment) return std::nullopt;
  const std::optional<std::string>& asked = *question.scope.environment;
  const auto& id = question.license().environment_id;
  const auto& code = question.snapshot->environment_code;
  const bool matches =
      asked ? (code && *code == *asked) || (id && IsIdText(*id, *asked)) : !id.has_value();
  if (matches) return std::nullopt;
  return Refuse(kEnvironmentScopeMismatch, "environment scope does not match");
}

Finding RequireEnvironment(const Question& question) {
  return RequireWhen(question.snapshot->require_environment_scope,
                     question.scope.environment.has_value(), kEnvironmentScopeRequired,
                     "environment scope is required");
}

Finding CheckProduct(const Question& question) {
  const auto& asked = question.scope.product;
  if (!asked || IsIdText(question.license().product_id, *asked)) return std::nullopt;
  return Refuse(kProductScopeMismatch, "product scope does not match");
}

Finding RequireProduct(const Question& question) {
  return RequireWhen(question.policy().require_product_scope, question.scope.product.has_value(),
                     kProductScopeRequired, "product scope is required");
}

Finding CheckPolicy(const Question& question) {
  const auto& asked = question.scope.policy;
  if (!asked || IsIdText(question.license().policy_id, *asked)) return std::nullopt;
  return Refuse(kPolicyScopeMismatch, "policy scope does not match");
}

Finding RequirePolicy(const Question& question) {
  return RequireWhen(question.policy().require_policy_scope, question.scope.policy.has_value(),
                     kPolicyScopeRequired, "policy scope is required");
}

Finding CheckUser(const Question& question) {
  if (!question.scope.user) return std::nullopt;
  const std::optional<std::string>& asked = *question.scope.user;
  const auto& owner_id = question.license().owner_id;
  const bool matches = asked ? (owner_id && IsUser(*question.snapshot, *owner_id, *asked)) ||
                                   FindUser(*question.snapshot, *asked) != nullptr
                             : !owner_id.has_value();
  if (matches) return std::nullopt;
  return Refuse(kUserScopeMismatch, "user scope does not match");
}

Finding RequireUser(const Question& question) {
  return RequireWhen(question.policy().require_user_scope, question.scope.user.has_value(),
                     kUserScopeRequired, "user scope is required");
}

Finding CheckEntitlementsEmpty(const Question& question) {
  const auto& asked = question.scope.entitlements;
  if (!asked || !asked->empty()) return std::nullopt;
  return Refuse(kEntitlementsScopeEmpty, "entitlements scope is empty");
}

Finding CheckEntitlements(const Question& question) {
  const auto& asked = question.scope.entitlements;
  if (!asked) return std::nullopt;
  const WantedSet wanted(*asked);
  if (wanted.CountIn(question.snapshot->entitlements) == wanted.size()) return std::nullopt;
  return Refuse(kEntitlementsMissing, "is missing one or more required entitlements");
}

Finding CheckMachine(const Question& question) {
  if (!question.scope.machine) return std::nullopt;
  const Snapshot& snapshot = *question.snapshot;
  if (MachineCount(snapshot) == 0) {
    return question.policy().floating
               ? Refuse(kNoMachines, "machine is not activated (has no associated machines)")
               : Refuse(kNoMachine, "machine is not activated (has no associated machine)");
  }
  const auto id = Uuid::Parse(*question.scope.machine);
  const auto machine =
      id ? std::ranges::find(snapshot.machines, *id, &Machine::id) : snapshot.machines.end();
  if (machine == snapshot.machines.end()) {
    return Refuse(kMachineScopeMismatch,
                  "machine is not activated (does not match any associated machines)");
  }
  if (OwnedByAnother(question, *machine)) {
    return Refuse(kUserScopeMismatch,
                  "user scope does not match (does not match associated machine owner)");
  }
  const HeartbeatStatus heartbeat = HeartbeatIn(question, *machine);
  if (question.policy().require_heartbeat && heartbeat == HeartbeatStatus::kNotStarted) {
    return Refuse(kHeartbeatNotStarted, "machine heartbeat is required");
  }
  if (heartbeat == HeartbeatStatus::kDead) {
    return Refuse(kHeartbeatDead, "machine heartbeat is dead");
  }
  return std::nullopt;
}

Finding RequireMachine(const Question& question) {
  return RequireWhen(question.policy().require_machine_scope, question.scope.machine.has_value(),
                     kMachineScopeRequired, "machine scope is required");
}

Finding CheckFingerprints(const Question& question) {
  if (!FingerprintGiven(question.scope)) return std::nullopt;
  const Snapshot& snapshot = *question.snapshot;
  const Policy& policy = question.policy();
  const WantedSet wanted = WantedFingerprints(question.scope);
  if (wanted.size() == 0) return Refuse(kFingerprintScopeEmpty, "fingerprint scope is empty");
  if (MachineCount(snapshot) == 0) {
    return policy.floating
               ? Refuse(kNoMachines, "fingerprint is not activated (has no associated machines)")
               : Refuse(kNoMachine, "fingerprint is not activated (has no associated machine)");
  }

  std::size_t alive = 0, dead = 0;
  bool foreign = false, silent = false;
  for (const Machine& machine : snapshot.machines) {
    if (!wanted.Contains(machine.fingerprint)) continue;
    const HeartbeatStatus heartbeat = HeartbeatIn(question, machine);
    if (heartbeat == HeartbeatStatus::kDead) {
      ++dead;
      continue;
    }
    ++alive;
    foreign = foreign || OwnedByAnother(question, machine);
    silent = silent || heartbeat == HeartbeatStatus::kNotStarted;
  }

  const std::size_t n = wanted.size();
  if (dead == n) return Refuse(kHeartbeatDead, "machine heartbeat is dead");
  if (n == 1 && alive == 0) {
    return Refuse(kFingerprintScopeMismatch,
                  "fingerprint is not activated (does not match any associated machines)");
  }
  if (n > 1 && alive < Needed(policy.machine_matching_strategy, n)) {
    return Refuse(kFingerprintScopeMismatch, FingerprintsDetail(policy.machine_matching_strategy));
  }
  if (foreign) {
    return Refuse(kUserScopeMismatch,
                  "user scope does not match (does not match associated machine owners)");
  }
  if (policy.require_heartbeat && silent) {
    return Refuse(kHeartbeatNotStarted, "machine heartbeat is required");
  }
  return std::nullopt;
}

Finding RequireFingerprint(const Question& question) {
  return RequireWhen(question.policy().require_fingerprint_scope, FingerprintGiven(question.scope),
                     kFingerprintScopeRequired, "fingerprint scope is required");
}

Finding CheckComponents(const Question& question) {
  if (!question.scope.components) return std::nullopt;
  if (!question.scope.fingerprint) {
    return Refuse(kFingerprintScopeRequired,
                  "fingerprint scope is required when using the components scope");
  }
  const WantedSet wanted(*question.scope.components);
  if (wanted.size() == 0) return Refuse(kComponentsScopeEmpty, "components scope is empty");
  const MatchingStrategy strategy = question.policy().component_matching_strategy;
  const std::size_t matches =
      CountComponents(*question.snapshot, *question.scope.fingerprint, wanted);
  // Unlike machines, MATCH_TWO asks for two even when one is named (§16, question 5).
  if (matches >= Needed(strategy, wanted.size())) return std::nullopt;
  return Refuse(kComponentsScopeMismatch, ComponentsDetail(strategy));
}

Finding RequireComponents(const Question& question) {
  return RequireWhen(question.policy().require_components_scope,
                     question.scope.components.has_value(), kComponentsScopeRequired,
                     "components scope is required");
}

// A snapshot carries no releases, so nothing can be accessible: what cannot be checked is refused.
Finding CheckChecksum(const Question& question) {
  if (!question.scope.checksum) return std::nullopt;
  return Refuse(kChecksumScopeMismatch,
                "checksum scope is not valid (does not match any accessible artifacts)");
}

Finding RequireChecksum(const Question& question) {
  return RequireWhen(question.policy().require_checksum_scope, question.scope.checksum.has_value(),
                     kChecksumScopeRequired, "checksum scope is required");
}

Finding CheckVersion(const Question& question) {
  if (!question.scope.version) return std::nullopt;
  return Refuse(kVersionScopeMismatch,
                "version scope is not valid (does not match any accessible releases)");
}

Finding RequireVersion(const Question& question) {
  return RequireWhen(question.policy().require_version_scope, question.scope.version.has_value(),
                     kVersionScopeRequired, "version scope is required");
}

}  // namespace latchkey::core
