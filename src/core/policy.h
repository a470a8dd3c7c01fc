#pragma once

#include "core/resource.h"

namespace latchkey::core {

// licenses.md §4.2; wire names in enumerator order.
enum class UniquenessStrategy { kAccount, kProduct, kPolicy, kLicense, kMachine };
template <>
inline constexpr auto kNamesOf<UniquenessStrategy> = std::to_array<std::string_view>(
    {"UNIQUE_PER_ACCOUNT", "UNIQUE_PER_PRODUCT", "UNIQUE_PER_POLICY", "UNIQUE_PER_LICENSE",
     "UNIQUE_PER_MACHINE"});
enum class MatchingStrategy { kAny, kTwo, kMost, kAll };
template <>
inline constexpr auto kNamesOf<MatchingStrategy> =
    std::to_array<std::string_view>({"MATCH_ANY", "MATCH_TWO", "MATCH_MOST", "MATCH_ALL"});
enum class ExpirationStrategy { kRestrictAccess, kRevokeAccess, kMaintainAccess, kAllowAccess };
template <>
inline constexpr auto kNamesOf<ExpirationStrategy> = std::to_array<std::string_view>(
    {"RESTRICT_ACCESS", "REVOKE_ACCESS", "MAINTAIN_ACCESS", "ALLOW_ACCESS"});
enum class ExpirationBasis {
  kCreation,
  kFirstValidation,
  kFirstActivation,
  kFirstDownload,
  kFirstUse
};
template <>
inline constexpr auto kNamesOf<ExpirationBasis> = std::to_array<std::string_view>(
    {"FROM_CREATION", "FROM_FIRST_VALIDATION", "FROM_FIRST_ACTIVATION", "FROM_FIRST_DOWNLOAD",
     "FROM_FIRST_USE"});
enum class RenewalBasis { kExpiry, kNow, kNowIfExpired };
template <>
inline constexpr auto kNamesOf<RenewalBasis> =
    std::to_array<std::string_view>({"FROM_EXPIRY", "FROM_NOW", "FROM_NOW_IF_EXPIRED"});
enum class TransferStrategy { kResetExpiry, kKeepExpiry };
template <>
inline constexpr auto kNamesOf<TransferStrategy> = std::to_array<std::string_view>({"RESET_EXPIRY",
                                                                                    "KEEP_EXPIRY"});
enum class AuthenticationStrategy { kToken, kLicense, kSession, kMixed, kNone };
template <>
inline constexpr auto kNamesOf<AuthenticationStrategy> =
    std::to_array<std::string_view>({"TOKEN", "LICENSE", "SESSION", "MIXED", "NONE"});
enum class HeartbeatCullStrategy { kDeactivateDead, kKeepDead };
template <>
inline constexpr auto kNamesOf<HeartbeatCullStrategy> =
    std::to_array<std::string_view>({"DEACTIVATE_DEAD", "KEEP_DEAD"});
enum class HeartbeatResurrectionStrategy {
  kAlways,
  k15Minutes,
  k10Minutes,
  k5Minutes,
  k2Minutes,
  k1Minute,
  kNever
};
template <>
inline constexpr auto kNamesOf<HeartbeatResurrectionStrategy> = std::to_array<std::string_view>(
    {"ALWAYS_REVIVE", "15_MINUTE_REVIVE", "10_MINUTE_REVIVE", "5_MINUTE_REVIVE", "2_MINUTE_REVIVE",
     "1_MINUTE_REVIVE", "NO_REVIVE"});
enum class HeartbeatBasis { kCreation, kFirstPing };
template <>
inline constexpr auto kNamesOf<HeartbeatBasis> =
    std::to_array<std::string_view>({"FROM_CREATION", "FROM_FIRST_PING"});
enum class MachineLeasingStrategy { kPerLicense, kPerUser };
template <>
inline constexpr auto kNamesOf<MachineLeasingStrategy> =
    std::to_array<std::string_view>({"PER_LICENSE", "PER_USER"});
enum class ProcessLeasingStrategy { kPerLicense, kPerMachine, kPerUser };
template <>
inline constexpr auto kNamesOf<ProcessLeasingStrategy> =
    std::to_array<std::string_view>({"PER_LICENSE", "PER_MACHINE", "PER_USER"});
enum class OverageStrategy { kAlways, k125, k150, k200, kNone };
template <>
inline constexpr auto kNamesOf<OverageStrategy> =
    std::to_array<std::string_view>({"ALWAYS_ALLOW_OVERAGE", "ALLOW_1_25X_OVERAGE",
                                     "ALLOW_1_5X_OVERAGE", "ALLOW_2X_OVERAGE", "NO_OVERAGE"});
enum class Scheme {
  kLegacyEncrypt,
  kRsaPkcs1Encrypt,
  kRsaPkcs1Sign,
  kRsaPssSign,
  kRsaJwtRs256,
  kRsaPkcs1SignV2,
  kRsaPssSignV2,
  kEd25519Sign,
  kEcdsaP256Sign
};
template <>
inline constexpr auto kNamesOf<Scheme> = std::to_array<std::string_view>(
    {"LEGACY_ENCRYPT", "RSA_2048_PKCS1_ENCRYPT", "RSA_2048_PKCS1_SIGN", "RSA_2048_PKCS1_PSS_SIGN",
     "RSA_2048_JWT_RS256", "RSA_2048_PKCS1_SIGN_V2", "RSA_2048_PKCS1_PSS_SIGN_V2", "ED25519_SIGN",
     "ECDSA_P256_SIGN"});

// licenses.md §4.1, decision 2. Strategies that a client may send as any text are kept as the enum
// after Check; see PolicyDraft.
struct Policy : Record {
  Uuid product_id;
  std::optional<std::string> name;       // in effect required: Check answers NAME_MISSING
  std::optional<std::int64_t> duration;  // seconds
  bool strict = false;
  bool floating = false;
  std::optional<Scheme> scheme;
  bool encrypted = false;
  bool use_pool = false;
  bool protected_ = false;
  std::optional<std::int64_t> max_machines, max_cores, max_memory, max_disk, max_processes,
      max_users, max_uses;
  UniquenessStrategy machine_uniqueness_strategy = UniquenessStrategy::kLicense;
  MatchingStrategy machine_matching_strategy = MatchingStrategy::kAny;
  UniquenessStrategy component_uniqueness_strategy = UniquenessStrategy::kMachine;
  MatchingStrategy component_matching_strategy = MatchingStrategy::kAny;
  ExpirationStrategy expiration_strategy = ExpirationStrategy::kRestrictAccess;
  ExpirationBasis expiration_basis = ExpirationBasis::kCreation;
  RenewalBasis renewal_basis = RenewalBasis::kExpiry;
  TransferStrategy transfer_strategy = TransferStrategy::kKeepExpiry;
  AuthenticationStrategy authentication_strategy = AuthenticationStrategy::kToken;
  HeartbeatCullStrategy heartbeat_cull_strategy = HeartbeatCullStrategy::kDeactivateDead;
  HeartbeatResurrectionStrategy heartbeat_resurrection_strategy =
      HeartbeatResurrectionStrategy::kNever;
  HeartbeatBasis heartbeat_basis = HeartbeatBasis::kFirstPing;
  MachineLeasingStrategy machine_leasing_strategy = MachineLeasingStrategy::kPerLicense;
  ProcessLeasingStrategy process_leasing_strategy = ProcessLeasingStrategy::kPerMachine;
  OverageStrategy overage_strategy = OverageStrategy::kNone;
  bool require_product_scope = false, require_policy_scope = false, require_machine_scope = false,
       require_fingerprint_scope = false, require_components_scope = false,
       require_user_scope = false, require_checksum_scope = false, require_version_scope = false;
  bool require_check_in = false;
  std::optional<std::string> check_in_interval;  // day, week, month, year
  std::optional<std::int64_t> check_in_interval_count;
  bool require_heartbeat = false;
  std::optional<std::int64_t> heartbeat_duration;  // seconds; null = 600
  // Our own (decision 2), seconds.
  std::optional<std::int64_t> sync_interval, offline_grace, expiry_grace, max_file_ttl;
  Metadata metadata;
};
template <>
const Resource& ResourceOf<Policy>();

// Heartbeat period in seconds: the policy's, or 600.
inline std::int64_t HeartbeatSeconds(const Policy& policy) {
  return policy.heartbeat_duration.value_or(600);
}
inline bool Pooled(const Policy& policy) { return policy.use_pool; }

}  // namespace latchkey::core
