#pragma once

#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "core/downtime.h"
#include "core/license.h"
#include "core/machine.h"
#include "core/policy.h"

namespace latchkey::core {

// All 38 codes of licenses.md §9 plus nothing else; wire names by NameOf.
enum class ValidationCode {
  kValid,
  kNotFound,
  kBanned,
  kSuspended,
  kExpired,
  kOverdue,
  kEnvironmentScopeMismatch,
  kEnvironmentScopeRequired,
  kProductScopeMismatch,
  kProductScopeRequired,
  kPolicyScopeMismatch,
  kPolicyScopeRequired,
  kUserScopeMismatch,
  kUserScopeRequired,
  kEntitlementsScopeEmpty,
  kEntitlementsMissing,
  kMachineScopeMismatch,
  kMachineScopeRequired,
  kFingerprintScopeEmpty,
  kFingerprintScopeMismatch,
  kFingerprintScopeRequired,
  kComponentsScopeEmpty,
  kComponentsScopeMismatch,
  kComponentsScopeRequired,
  kChecksumScopeMismatch,
  kChecksumScopeRequired,
  kVersionScopeMismatch,
  kVersionScopeRequired,
  kHeartbeatNotStarted,
  kHeartbeatDead,
  kNoMachine,
  kNoMachines,
  kTooManyUsers,
  kTooManyMachines,
  kTooManyCores,
  kTooMuchMemory,
  kTooMuchDisk,
  kTooManyProcesses,
};
template <>
inline constexpr auto kNamesOf<ValidationCode> =
    std::to_array<std::string_view>({"VALID",
                                     "NOT_FOUND",
                                     "BANNED",
                                     "SUSPENDED",
                                     "EXPIRED",
                                     "OVERDUE",
                                     "ENVIRONMENT_SCOPE_MISMATCH",
                                     "ENVIRONMENT_SCOPE_REQUIRED",
                                     "PRODUCT_SCOPE_MISMATCH",
                                     "PRODUCT_SCOPE_REQUIRED",
                                     "POLICY_SCOPE_MISMATCH",
                                     "POLICY_SCOPE_REQUIRED",
                                     "USER_SCOPE_MISMATCH",
                                     "USER_SCOPE_REQUIRED",
                                     "ENTITLEMENTS_SCOPE_EMPTY",
                                     "ENTITLEMENTS_MISSING",
                                     "MACHINE_SCOPE_MISMATCH",
                                     "MACHINE_SCOPE_REQUIRED",
                                     "FINGERPRINT_SCOPE_EMPTY",
                                     "FINGERPRINT_SCOPE_MISMATCH",
                                     "FINGERPRINT_SCOPE_REQUIRED",
                                     "COMPONENTS_SCOPE_EMPTY",
                                     "COMPONENTS_SCOPE_MISMATCH",
                                     "COMPONENTS_SCOPE_REQUIRED",
                                     "CHECKSUM_SCOPE_MISMATCH",
                                     "CHECKSUM_SCOPE_REQUIRED",
                                     "VERSION_SCOPE_MISMATCH",
                                     "VERSION_SCOPE_REQUIRED",
                                     "HEARTBEAT_NOT_STARTED",
                                     "HEARTBEAT_DEAD",
                                     "NO_MACHINE",
                                     "NO_MACHINES",
                                     "TOO_MANY_USERS",
                                     "TOO_MANY_MACHINES",
                                     "TOO_MANY_CORES",
                                     "TOO_MUCH_MEMORY",
                                     "TOO_MUCH_DISK",
                                     "TOO_MANY_PROCESSES"});

struct Validation {
  bool valid = false;
  ValidationCode code = ValidationCode::kNotFound;
  std::string_view detail;  // the wire sentence, static storage
};

// What the caller asks about (licenses.md §9.1). Members are "given" when engaged; an inner nullopt
// is a sent null.
struct Scope {
  std::optional<std::string> product, policy, machine, fingerprint, checksum, version;
  std::optional<std::optional<std::string>> user, environment;
  std::optional<std::vector<std::string>> fingerprints, components, entitlements;
};

// A user of the license, as scopes name it.
struct LicenseUser {
  Uuid id;
  std::string email;
  bool banned = false;
};

// Everything a verdict depends on: one immutable read model (design.md §3). On the server it comes
// from the store, on a device from the lease.
struct Snapshot {
  License license;
  Policy policy;
  std::optional<LicenseUser> owner;
  std::vector<LicenseUser> users;         // attached, without the owner
  std::vector<std::string> entitlements;  // effective codes, distinct
  // Oldest first: the first match is the one whose processes count (§9.3 d). A lease lists its own
  // machine only; totals then come from the license's running totals, which count unless more
  // machines than that are listed here.
  std::vector<Machine> machines;
  std::optional<std::string> environment_code;
  bool require_environment_scope = false;  // the internal flag of §4.1: nothing in the API sets it
  // Filled when processes and components exist (licenses.md §9.3 c, d). By machine id; `processes`
  // is the license's total.
  std::int64_t processes = 0;
  std::unordered_map<Uuid, std::int64_t> machine_processes;
  std::unordered_map<Uuid, std::vector<std::string>>
      machine_components;  // fingerprints, distinct within a machine
};

struct ValidationOptions {
  TimePoint now{};
  bool check_scopes = true;              // false for quick validation: steps 6 to 15 are skipped
  Duration downtime = Duration::zero();  // moves every heartbeat deadline (decision 7)
  const ServingLog* serving =
      nullptr;  // adds, per machine, the downtime since its last heartbeat; outlives the call
};

// The verdict: the first row of the ordered table of licenses.md §9.2 that applies
// (core/validation_rules.h). `snapshot` may be null: NOT_FOUND. Pure. Allocates only for scopes
// that are lists.
Validation Validate(const Snapshot* snapshot, const Scope& scope, const ValidationOptions& options);

}  // namespace latchkey::core
