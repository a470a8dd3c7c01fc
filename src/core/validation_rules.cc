#include "core/validation_rules.h"

#include "core/validation_limits.h"
#include "core/validation_scopes.h"

namespace latchkey::core {
namespace {

using enum ValidationCode;

constexpr bool kScoped = true;
constexpr bool kAlways = false;

// clang-format off
constexpr auto kRules = std::to_array<ValidationRule>({
    {1, "exists", kAlways, {kNotFound}, CheckExists},
    {2, "banned", kAlways, {kBanned}, CheckBanned},
    {3, "suspended", kAlways, {kSuspended}, CheckSuspended},
    {4, "revoked by expiry", kAlways, {kExpired}, CheckRevokedByExpiry},
    {5, "overdue", kAlways, {kOverdue}, CheckOverdue},
    {6, "environment", kScoped, {kEnvironmentScopeMismatch}, CheckEnvironment},
    {6, "environment required", kScoped, {kEnvironmentScopeRequired}, RequireEnvironment},
    {7, "product", kScoped, {kProductScopeMismatch}, CheckProduct},
    {7, "product required", kScoped, {kProductScopeRequired}, RequireProduct},
    {8, "policy", kScoped, {kPolicyScopeMismatch}, CheckPolicy},
    {8, "policy required", kScoped, {kPolicyScopeRequired}, RequirePolicy},
    {9, "user", kScoped, {kUserScopeMismatch}, CheckUser},
    {9, "user required", kScoped, {kUserScopeRequired}, RequireUser},
    {10, "entitlements empty", kScoped, {kEntitlementsScopeEmpty}, CheckEntitlementsEmpty},
    {10, "entitlements", kScoped, {kEntitlementsMissing}, CheckEntitlements},
    {11, "machine", kScoped, {kNoMachine, kNoMachines, kMachineScopeMismatch, kUserScopeMismatch,
                              kHeartbeatNotStarted, kHeartbeatDead}, CheckMachine},
    {11, "machine required", kScoped, {kMachineScopeRequired}, RequireMachine},
    {12, "fingerprints", kScoped, {kFingerprintScopeEmpty, kNoMachine, kNoMachines, kHeartbeatDead,
                                   kFingerprintScopeMismatch, kUserScopeMismatch,
                                   kHeartbeatNotStarted}, CheckFingerprints},
    {12, "fingerprint required", kScoped, {kFingerprintScopeRequired}, RequireFingerprint},
    {13, "components", kScoped, {kFingerprintScopeRequired, kComponentsScopeEmpty,
                                 kComponentsScopeMismatch}, CheckComponents},
    {13, "components required", kScoped, {kComponentsScopeRequired}, RequireComponents},
    {14, "checksum", kScoped, {kChecksumScopeMismatch}, CheckChecksum},
    {14, "checksum required", kScoped, {kChecksumScopeRequired}, RequireChecksum},
    {15, "version", kScoped, {kVersionScopeMismatch}, CheckVersion},
    {15, "version required", kScoped, {kVersionScopeRequired}, RequireVersion},
    {16, "users", kAlways, {kTooManyUsers}, CheckUsersLimit},
    {17, "expired, not strict", kAlways, {kExpired}, CheckLooseExpired},
    {18, "not strict", kAlways, {kValid}, CheckLoose},
    {19, "node-locked without machine", kAlways, {kNoMachine}, CheckNodeLockedNoMachine},
    {20, "node-locked machines", kAlways, {kTooManyMachines}, CheckNodeLockedMachines},
    {21, "floating without machines", kAlways, {kNoMachines}, CheckFloatingNoMachines},
    {22, "floating machines", kAlways, {kTooManyMachines}, CheckFloatingMachines},
    {23, "cores", kAlways, {kTooManyCores}, CheckCores},
    {24, "memory", kAlways, {kTooMuchMemory}, CheckMemory},
    {25, "disk", kAlways, {kTooMuchDisk}, CheckDisk},
    {26, "processes", kAlways, {kTooManyProcesses}, CheckProcesses},
    {27, "expired", kAlways, {kExpired}, CheckExpired},
    {28, "valid", kAlways, {kValid}, CheckValid},
});
// clang-format on

}  // namespace

std::span<const ValidationRule> ValidationRules() { return kRules; }

}  // namespace latchkey::core
