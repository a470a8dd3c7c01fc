#include "base/calendar.h"

#include <algorithm>

namespace latchkey::base {
namespace {

using std::chrono::days;
using std::chrono::months;
using std::chrono::sys_days;
using std::chrono::year_month_day;

constexpr TimePoint kEarliest = sys_days(std::chrono::year(0) / 1 / 1);
constexpr TimePoint kLatest = sys_days(std::chrono::year(9999) / 12 / 31) + Seconds(86399);
// More days than lie between them: larger counts are all the same, and would overflow.
constexpr std::int64_t kMaxCount = 4000000;

// Calendar months forward or back; a day that the target month lacks becomes its last day.
TimePoint AddMonths(TimePoint start, std::int64_t count) {
  const auto date = std::chrono::floor<days>(start);
  const year_month_day ymd{date};
  const std::int64_t total = static_cast<int>(ymd.year()) * std::int64_t{12} +
                             (static_cast<unsigned>(ymd.month()) - 1) + count;
  if (total >= 9999 * 12 + 12) return kLatest;
  if (total < 0) return kEarliest;
  const auto year = std::chrono::year(static_cast<int>(total / 12));
  const auto month = std::chrono::month(static_cast<unsigned>(total % 12) + 1);
  const auto last = (year / month / std::chrono::last).day();
  const auto day = ymd.day() > last ? last : ymd.day();
  return sys_days(year / month / day) + (start - date);
}

TimePoint AddSeconds(TimePoint start, std::int64_t seconds) {
  if (seconds > UnixSeconds(kLatest) - UnixSeconds(start)) return kLatest;
  if (seconds < UnixSeconds(kEarliest) - UnixSeconds(start)) return kEarliest;
  return start + Seconds(seconds);
}

}  // namespace

CalendarParts SplitCalendar(std::int64_t seconds) {
  CalendarParts parts;
  const auto take = [&seconds](std::int64_t unit) {
    const std::int64_t count = seconds / unit;
    seconds %= unit;
    return count;
  };
  parts.years = take(31556952);
  parts.months = take(2629746);
  parts.weeks = take(604800);
  parts.days = take(86400);
  parts.hours = take(3600);
  parts.minutes = take(60);
  parts.seconds = seconds;
  return parts;
}

TimePoint AddCalendar(TimePoint start, std::int64_t seconds) {
  const CalendarParts parts = SplitCalendar(seconds);
  if (parts.years > 10000) return kLatest;
  TimePoint time = AddMonths(start, parts.years * 12);
  time = AddMonths(time, parts.months);
  return AddSeconds(time, parts.weeks * 604800 + parts.days * 86400 + parts.hours * 3600 +
                              parts.minutes * 60 + parts.seconds);
}

TimePoint AddUnits(TimePoint start, std::int64_t count, CalendarUnit unit) {
  count = std::clamp(count, -kMaxCount, kMaxCount);
  switch (unit) {
    case CalendarUnit::kDay:
      return AddSeconds(start, count * 86400);
    case CalendarUnit::kWeek:
      return AddSeconds(start, count * 604800);
    case CalendarUnit::kMonth:
      return AddMonths(start, count);
    case CalendarUnit::kYear:
      return AddMonths(start, count * 12);
  }
  return start;
}

}  // namespace latchkey::base
