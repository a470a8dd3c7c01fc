#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace latchkey::base {

using Duration = std::chrono::microseconds;
using Seconds = std::chrono::seconds;
// UTC, microsecond resolution; stored as int64 microseconds since 1970. The wire shows
// milliseconds.
using TimePoint = std::chrono::sys_time<Duration>;

// `2026-03-03T09:15:00.000Z`: exactly three decimals, truncated (conventions.md §1.7).
std::string FormatTime(TimePoint time);
// IMF-fixdate: `Tue, 03 Mar 2026 09:15:00 GMT` (RFC 9110 §5.6.7).
std::string FormatHttpDate(TimePoint time);
std::optional<TimePoint> ParseHttpDate(std::string_view text);

// Any ISO 8601 date or date-time with a four-digit year (basic offsets Z, +hh, +hh:mm, +hhmm; T or
// space; decimals; missing zone means UTC), or an all-digits string = Unix seconds (conventions.md
// §1.7). nullopt if unreadable or out of years 0000..9999.
std::optional<TimePoint> ParseTime(std::string_view text);

inline std::int64_t UnixSeconds(TimePoint time) {
  return std::chrono::floor<Seconds>(time).time_since_epoch().count();
}
inline std::int64_t UnixMicros(TimePoint time) { return time.time_since_epoch().count(); }
inline TimePoint FromUnixSeconds(std::int64_t seconds) { return TimePoint(Seconds(seconds)); }
inline TimePoint FromUnixMicros(std::int64_t micros) { return TimePoint(Duration(micros)); }

// Where code needs the present it takes a TimePoint argument. Only main loops call this.
TimePoint SystemNow();

}  // namespace latchkey::base

namespace latchkey {
using base::Duration;
using base::Seconds;
using base::TimePoint;
}  // namespace latchkey
