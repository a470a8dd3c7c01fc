#include "core/license.h"

#include <algorithm>
#include <chrono>

#include "base/calendar.h"

namespace latchkey::core {
namespace {

constexpr Duration kExpiringWindow = std::chrono::days(3);
constexpr Duration kActivityWindow = std::chrono::days(90);

std::optional<base::CalendarUnit> UnitOf(std::string_view interval) {
  if (interval == "day") return base::CalendarUnit::kDay;
  if (interval == "week") return base::CalendarUnit::kWeek;
  if (interval == "month") return base::CalendarUnit::kMonth;
  if (interval == "year") return base::CalendarUnit::kYear;
  return std::nullopt;
}

std::optional<std::int64_t> Either(std::optional<std::int64_t> own,
                                   std::optional<std::int64_t> inherited) {
  return own ? own : inherited;
}

}  // namespace

Limits EffectiveLimits(const License& license, const Policy& policy) {
  return {.machines = Either(license.max_machines, policy.max_machines),
          .processes = Either(license.max_processes, policy.max_processes),
          .users = Either(license.max_users, policy.max_users),
          .cores = Either(license.max_cores, policy.max_cores),
          .memory = Either(license.max_memory, policy.max_memory),
          .disk = Either(license.max_disk, policy.max_disk),
          .uses = Either(license.max_uses, policy.max_uses)};
}

bool WithinLimit(std::int64_t count, std::int64_t limit, OverageStrategy strategy) {
  if (count <= limit) return true;
  // The excess is compared with the tolerated part: count × 4 ≤ limit × 5 would overflow for bytes
  // of memory.
  const std::int64_t excess = count - limit;
  switch (strategy) {
    case OverageStrategy::kAlways:
      return true;
    case OverageStrategy::k125:
      return excess <= limit / 4;
    case OverageStrategy::k150:
      return excess <= limit / 2;
    case OverageStrategy::k200:
      return excess <= limit;
    case OverageStrategy::kNone:
      return false;
  }
  return false;
}

bool IsExpired(const License& license, TimePoint now) {
  return license.expiry && *license.expiry < now;
}

LicenseStatus StatusOf(const License& license, bool owner_banned, TimePoint now) {
  if (owner_banned) return LicenseStatus::kBanned;
  if (license.suspended) return LicenseStatus::kSuspended;
  if (IsExpired(license, now)) return LicenseStatus::kExpired;
  if (license.expiry && now < *license.expiry && *license.expiry < now + kExpiringWindow) {
    return LicenseStatus::kExpiring;
  }
  const TimePoint since = now - kActivityWindow;
  const auto recent = [since](const std::optional<TimePoint>& time) {
    return time && *time >= since;
  };
  const bool active = recent(license.created) || recent(license.last_validated) ||
                      recent(license.last_check_out) || recent(license.last_check_in);
  return active ? LicenseStatus::kActive : LicenseStatus::kInactive;
}

std::optional<TimePoint> NextCheckIn(const License& license, const Policy& policy) {
  if (!policy.require_check_in || !policy.check_in_interval || !policy.check_in_interval_count ||
      !license.last_check_in) {
    return std::nullopt;
  }
  const auto unit = UnitOf(*policy.check_in_interval);
  if (!unit) return std::nullopt;
  return base::AddUnits(*license.last_check_in, *policy.check_in_interval_count, *unit);
}

bool IsOverdue(const License& license, const Policy& policy, TimePoint now) {
  const auto next = NextCheckIn(license, policy);
  return next && now > *next;
}

TimePoint RenewedExpiry(const License& license, const Policy& policy, TimePoint now) {
  const TimePoint expiry = license.expiry.value();
  TimePoint start = expiry;
  switch (policy.renewal_basis) {
    case RenewalBasis::kExpiry:
      break;
    case RenewalBasis::kNow:
      start = now;
      break;
    case RenewalBasis::kNowIfExpired:
      start = IsExpired(license, now) ? now : expiry;
      break;
  }
  return base::AddCalendar(start, policy.duration.value());
}

}  // namespace latchkey::core
