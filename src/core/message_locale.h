#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/time.h"

namespace latchkey::core {

// The part of CLDR 42 that our messages need, as tables: plural categories of whole numbers, dates,
// relative times and digit grouping. Pure data and pure functions.

enum class PluralCategory { kZero, kOne, kTwo, kFew, kMany, kOther };
std::string_view NameOf(PluralCategory category);  // "zero", "one", ...

struct LocaleRules {
  std::string_view language;
  PluralCategory (*plural)(std::uint64_t n);
  // The categories `plural` can answer, other last: a pattern must have a branch for each.
  std::span<const PluralCategory> categories;
  std::string_view group_separator;
  // Dates and relative times; empty arrays for languages we only have plurals for.
  std::array<std::string_view, 12> months;
  std::array<std::string_view, 7> weekdays;  // Sunday first
  // Patterns of message_format.h: {weekday} {day} {month} {year} as texts.
  std::string_view date, date_with_year;
  std::string_view now, tomorrow, yesterday;
  std::string_view in_days, days_ago, in_hours, hours_ago, in_minutes,
      minutes_ago;           // {n, plural, ..}
  std::string_view on_date;  // {relative} {date}: "in 5 days, Friday 12 March"
  std::string_view at_time;  // {relative} {time}: "in 3 hours, at 14:02"
};

// The rules of the locale's language ("de-AT" is German), English where we have none.
const LocaleRules& RulesFor(std::string_view locale);
// All languages with plural rules; those with dates have a non-empty `date`.
std::span<const LocaleRules> AllLocaleRules();

}  // namespace latchkey::core
