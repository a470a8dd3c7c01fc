#pragma once

#include "core/policy.h"
#include "core/resource.h"

namespace latchkey::core {

// licenses.md §6. Overrides are null when the policy's value counts.
struct License : Record {
  Uuid product_id;
  Uuid policy_id;
  std::optional<Uuid> owner_id;
  std::optional<Uuid> group_id;
  std::optional<std::string> name;
  std::string key;  // for LEGACY_ENCRYPT the bcrypt digest; never rendered then
  std::optional<TimePoint> expiry;
  std::int64_t uses = 0;
  bool suspended = false;
  bool protected_ = false;
  std::optional<std::string> version;
  std::optional<std::string> last_validated_checksum;
  std::optional<std::int64_t> max_machines, max_processes, max_users, max_cores, max_memory,
      max_disk, max_uses;
  std::optional<TimePoint> last_validated, last_check_in, last_check_out;
  Strings permissions;
  Metadata metadata;
  // Running totals over its machines (machines.md §1.8).
  std::int64_t machines_count = 0, machines_cores = 0, machines_memory = 0, machines_disk = 0;
};
template <>
const Resource& ResourceOf<License>();

// The limits in force: the license's override, else the policy's value; null = unlimited.
struct Limits {
  std::optional<std::int64_t> machines, processes, users, cores, memory, disk, uses;
};
Limits EffectiveLimits(const License& license, const Policy& policy);

// count ≤ limit, or within the strategy's factor: ×1.25, ×1.5, ×2, any (machines.md §1.7 `ok`).
bool WithinLimit(std::int64_t count, std::int64_t limit, OverageStrategy strategy);

// licenses.md §11.
enum class LicenseStatus { kActive, kInactive, kExpiring, kExpired, kSuspended, kBanned };
template <>
inline constexpr auto kNamesOf<LicenseStatus> = std::to_array<std::string_view>(
    {"ACTIVE", "INACTIVE", "EXPIRING", "EXPIRED", "SUSPENDED", "BANNED"});
LicenseStatus StatusOf(const License& license, bool owner_banned, TimePoint now);
bool IsExpired(const License& license, TimePoint now);  // expiry < now
std::optional<TimePoint> NextCheckIn(const License& license, const Policy& policy);
bool IsOverdue(const License& license, const Policy& policy,
               TimePoint now);  // decision 36: now > nextCheckIn

// The new expiry of the renew action (licenses.md §10); the caller has checked that duration and
// expiry are set.
TimePoint RenewedExpiry(const License& license, const Policy& policy, TimePoint now);

}  // namespace latchkey::core
