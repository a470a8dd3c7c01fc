#pragma once

#include <cstdint>

#include "base/time.h"

namespace latchkey::base {

// A duration split greedily into calendar parts (licenses.md §1).
struct CalendarParts {
  std::int64_t years = 0, months = 0, weeks = 0, days = 0, hours = 0, minutes = 0, seconds = 0;
  friend bool operator==(const CalendarParts&, const CalendarParts&) = default;
};

// year = 31556952 s, month = 2629746 s, week = 604800 s, day = 86400 s, then h, min, s. `seconds` ≥
// 0.
CalendarParts SplitCalendar(std::int64_t seconds);

// `start` + the parts of `seconds`, part by part in UTC; year and month steps clamp the day of
// month. Saturates at year 9999.
TimePoint AddCalendar(TimePoint start, std::int64_t seconds);

enum class CalendarUnit { kDay, kWeek, kMonth, kYear };

// One calendar step of `count` units (check-in intervals, licenses.md §11.3); `count` may be
// negative.
TimePoint AddUnits(TimePoint start, std::int64_t count, CalendarUnit unit);

}  // namespace latchkey::base
