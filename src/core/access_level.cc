#include "core/access_level.h"

#include <algorithm>

namespace latchkey::core {
namespace {

constexpr std::int64_t kDay = 86400;
constexpr std::int64_t kDefaultSync = 7 * kDay;
constexpr std::int64_t kHeartbeatShadow = 3600;
constexpr std::int64_t kPerpetualSync = 90 * kDay;
constexpr std::int64_t kDefaultGrace = 30 * kDay;
constexpr std::int64_t kLongestGrace = 180 * kDay;
constexpr std::int64_t kDefaultExpiryGrace = 14 * kDay;

std::int64_t SyncOf(const Policy& policy) {
  return policy.sync_interval.value_or(policy.duration ? kDefaultSync : kPerpetualSync);
}
std::int64_t GraceOf(const Policy& policy) { return policy.offline_grace.value_or(kDefaultGrace); }

// Decision 5, for answers that are not valid and not inside the expiry grace. No default: the
// compiler names a code without a place.
AccessLevel LevelOf(ValidationCode code) {
  switch (code) {
    case ValidationCode::kValid:
      return AccessLevel::kFull;

    // Ended for good, or never activated.
    case ValidationCode::kNotFound:
    case ValidationCode::kBanned:
    case ValidationCode::kNoMachine:
    case ValidationCode::kNoMachines:
      return AccessLevel::kNone;

    case ValidationCode::kSuspended:
    case ValidationCode::kExpired:
    case ValidationCode::kOverdue:
    case ValidationCode::kEnvironmentScopeMismatch:
    case ValidationCode::kProductScopeMismatch:
    case ValidationCode::kPolicyScopeMismatch:
    case ValidationCode::kUserScopeMismatch:
    case ValidationCode::kEntitlementsMissing:
    case ValidationCode::kMachineScopeMismatch:
    case ValidationCode::kFingerprintScopeMismatch:
    case ValidationCode::kComponentsScopeMismatch:
    case ValidationCode::kChecksumScopeMismatch:
    case ValidationCode::kVersionScopeMismatch:
    case ValidationCode::kHeartbeatNotStarted:
    case ValidationCode::kHeartbeatDead:
    case ValidationCode::kTooManyUsers:
    case ValidationCode::kTooManyMachines:
    case ValidationCode::kTooManyCores:
    case ValidationCode::kTooMuchMemory:
    case ValidationCode::kTooMuchDisk:
    case ValidationCode::kTooManyProcesses:
      return AccessLevel::kLimited;

    // The application asked wrongly; its user has done nothing.
    case ValidationCode::kEnvironmentScopeRequired:
    case ValidationCode::kProductScopeRequired:
    case ValidationCode::kPolicyScopeRequired:
    case ValidationCode::kUserScopeRequired:
    case ValidationCode::kEntitlementsScopeEmpty:
    case ValidationCode::kMachineScopeRequired:
    case ValidationCode::kFingerprintScopeEmpty:
    case ValidationCode::kFingerprintScopeRequired:
    case ValidationCode::kComponentsScopeEmpty:
    case ValidationCode::kComponentsScopeRequired:
    case ValidationCode::kChecksumScopeRequired:
    case ValidationCode::kVersionScopeRequired:
      return AccessLevel::kLimited;
  }
  return AccessLevel::kLimited;
}

}  // namespace

Terms TermsOf(const Policy& policy, TimePoint issued, std::int64_t earned_grace) {
  Terms terms;
  terms.sync = SyncOf(policy);
  terms.grace = GraceOf(policy);
  if (policy.require_heartbeat) {
    // The heartbeat is the lease; the file is only its offline shadow, else every seat that falls
    // silent would leave a long lease behind (decision 7).
    terms.sync = kHeartbeatShadow;
    terms.grace = 0;
  } else if (terms.sync == kDefaultSync && earned_grace > 0) {
    const std::int64_t room = std::max<std::int64_t>(0, kLongestGrace - terms.grace);
    terms.grace += std::min(earned_grace, room);
  }
  terms.expiry_grace = policy.expiration_strategy == ExpirationStrategy::kRevokeAccess
                           ? 0
                           : policy.expiry_grace.value_or(kDefaultExpiryGrace);
  terms.until = issued + Seconds(terms.sync) + Seconds(terms.grace);
  return terms;
}

std::int64_t EarnedGrace(const Policy& policy, std::span<const TimePoint> syncs) {
  if (SyncOf(policy) != kDefaultSync || policy.offline_grace || syncs.empty()) return 0;
  const Duration cut_off = Seconds(kDefaultSync + kDefaultGrace);
  TimePoint start = syncs.front();
  for (std::size_t i = 1; i < syncs.size(); ++i) {
    const Duration step = syncs[i] - syncs[i - 1];
    if (step < Duration::zero() || step > cut_off) start = syncs[i];
  }
  const auto days = std::chrono::floor<std::chrono::days>(syncs.back() - start).count();
  return std::min(std::int64_t{days} / 2 * kDay, kLongestGrace - kDefaultGrace);
}

AccessLevel AccessOf(bool valid, ValidationCode code, std::optional<TimePoint> expiry,
                     std::int64_t expiry_grace, TimePoint now) {
  if (valid) return AccessLevel::kFull;
  if (code == ValidationCode::kExpired && expiry && now <= *expiry + Seconds(expiry_grace)) {
    return AccessLevel::kFull;
  }
  return LevelOf(code);
}

}  // namespace latchkey::core
