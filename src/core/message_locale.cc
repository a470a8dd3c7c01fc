#include "core/message_locale.h"

namespace latchkey::core {
namespace {

using enum PluralCategory;

// CLDR plural rules for whole numbers (v = 0, so i = n, f = t = 0, e = 0).
PluralCategory OneIsOne(std::uint64_t n) { return n == 1 ? kOne : kOther; }
PluralCategory OneIsOneOrMillions(std::uint64_t n) {
  if (n == 1) return kOne;
  return n != 0 && n % 1'000'000 == 0 ? kMany : kOther;
}
PluralCategory French(std::uint64_t n) {
  if (n <= 1) return kOne;
  return n % 1'000'000 == 0 ? kMany : kOther;
}
PluralCategory Polish(std::uint64_t n) {
  if (n == 1) return kOne;
  const bool few = n % 10 >= 2 && n % 10 <= 4 && !(n % 100 >= 12 && n % 100 <= 14);
  return few ? kFew : kMany;
}
PluralCategory Russian(std::uint64_t n) {
  if (n % 10 == 1 && n % 100 != 11) return kOne;
  const bool few = n % 10 >= 2 && n % 10 <= 4 && !(n % 100 >= 12 && n % 100 <= 14);
  return few ? kFew : kMany;
}
PluralCategory Czech(std::uint64_t n) {
  if (n == 1) return kOne;
  return n >= 2 && n <= 4 ? kFew : kOther;
}
PluralCategory Arabic(std::uint64_t n) {
  if (n == 0) return kZero;
  if (n == 1) return kOne;
  if (n == 2) return kTwo;
  if (n % 100 >= 3 && n % 100 <= 10) return kFew;
  return n % 100 >= 11 ? kMany : kOther;
}
PluralCategory AlwaysOther(std::uint64_t) { return kOther; }

constexpr std::array kOneOther = {kOne, kOther};
constexpr std::array kOneManyOther = {kOne, kMany, kOther};
constexpr std::array kOneFewManyOther = {kOne, kFew, kMany, kOther};
constexpr std::array kOneFewOther = {kOne, kFew, kOther};
constexpr std::array kAllSix = {kZero, kOne, kTwo, kFew, kMany, kOther};
constexpr std::array kOnlyOther = {kOther};

constexpr std::string_view kNarrowNoBreakSpace = "\u202f";
constexpr std::string_view kNoBreakSpace = "\u00a0";

// The rules without dates: plurals and digits alone.
constexpr LocaleRules PluralsOnly(std::string_view language,
                                  PluralCategory (*plural)(std::uint64_t),
                                  std::span<const PluralCategory> categories,
                                  std::string_view separator) {
  LocaleRules rules{};
  rules.language = language;
  rules.plural = plural;
  rules.categories = categories;
  rules.group_separator = separator;
  return rules;
}

constexpr LocaleRules kRules[] = {
    {.language = "en",
     .plural = OneIsOne,
     .categories = kOneOther,
     .group_separator = ",",
     .months = {"January", "February", "March", "April", "May", "June", "July", "August",
                "September", "October", "November", "December"},
     .weekdays = {"Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"},
     .date = "{weekday} {day} {month}",
     .date_with_year = "{weekday} {day} {month} {year}",
     .now = "now",
     .tomorrow = "tomorrow",
     .yesterday = "yesterday",
     .in_days = "in {n, plural, one {# day} other {# days}}",
     .days_ago = "{n, plural, one {# day} other {# days}} ago",
     .in_hours = "in {n, plural, one {# hour} other {# hours}}",
     .hours_ago = "{n, plural, one {# hour} other {# hours}} ago",
     .in_minutes = "in {n, plural, one {# minute} other {# minutes}}",
     .minutes_ago = "{n, plural, one {# minute} other {# minutes}} ago",
     .on_date = "{relative}, {date}",
     .at_time = "{relative}, at {time}"},
    {.language = "de",
     .plural = OneIsOne,
     .categories = kOneOther,
     .group_separator = ".",
     .months = {"Januar", "Februar", "März", "April", "Mai", "Juni", "Juli", "August", "September",
                "Oktober", "November", "Dezember"},
     .weekdays = {"Sonntag", "Montag", "Dienstag", "Mittwoch", "Donnerstag", "Freitag", "Samstag"},
     .date = "{weekday}, {day}. {month}",
     .date_with_year = "{weekday}, {day}. {month} {year}",
     .now = "jetzt",
     .tomorrow = "morgen",
     .yesterday = "gestern",
     .in_days = "in {n, plural, one {# Tag} other {# Tagen}}",
     .days_ago = "vor {n, plural, one {# Tag} other {# Tagen}}",
     .in_hours = "in {n, plural, one {# Stunde} other {# Stunden}}",
     .hours_ago = "vor {n, plural, one {# Stunde} other {# Stunden}}",
     .in_minutes = "in {n, plural, one {# Minute} other {# Minuten}}",
     .minutes_ago = "vor {n, plural, one {# Minute} other {# Minuten}}",
     .on_date = "{relative}, {date}",
     .at_time = "{relative}, um {time} Uhr"},
    {.language = "fr",
     .plural = French,
     .categories = kOneManyOther,
     .group_separator = kNarrowNoBreakSpace,
     .months = {"janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août",
                "septembre", "octobre", "novembre", "décembre"},
     .weekdays = {"dimanche", "lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi"},
     .date = "{weekday} {day} {month}",
     .date_with_year = "{weekday} {day} {month} {year}",
     .now = "maintenant",
     .tomorrow = "demain",
     .yesterday = "hier",
     .in_days = "dans {n, plural, one {# jour} many {# jours} other {# jours}}",
     .days_ago = "il y a {n, plural, one {# jour} many {# jours} other {# jours}}",
     .in_hours = "dans {n, plural, one {# heure} many {# heures} other {# heures}}",
     .hours_ago = "il y a {n, plural, one {# heure} many {# heures} other {# heures}}",
     .in_minutes = "dans {n, plural, one {# minute} many {# minutes} other {# minutes}}",
     .minutes_ago = "il y a {n, plural, one {# minute} many {# minutes} other {# minutes}}",
     .on_date = "{relative}, {date}",
     .at_time = "{relative}, à {time}"},
    PluralsOnly("ar", Arabic, kAllSix, ","),
    PluralsOnly("cs", Czech, kOneFewOther, kNoBreakSpace),
    PluralsOnly("es", OneIsOneOrMillions, kOneManyOther, "."),
    PluralsOnly("it", OneIsOneOrMillions, kOneManyOther, "."),
    PluralsOnly("ja", AlwaysOther, kOnlyOther, ","),
    PluralsOnly("ko", AlwaysOther, kOnlyOther, ","),
    PluralsOnly("nl", OneIsOne, kOneOther, "."),
    PluralsOnly("pl", Polish, kOneFewManyOther, kNoBreakSpace),
    PluralsOnly("pt", French, kOneManyOther, "."),
    PluralsOnly("ru", Russian, kOneFewManyOther, kNoBreakSpace),
    PluralsOnly("sv", OneIsOne, kOneOther, kNoBreakSpace),
    PluralsOnly("zh", AlwaysOther, kOnlyOther, ","),
};

}  // namespace

std::string_view NameOf(PluralCategory category) {
  switch (category) {
    case kZero:
      return "zero";
    case kOne:
      return "one";
    case kTwo:
      return "two";
    case kFew:
      return "few";
    case kMany:
      return "many";
    case kOther:
      return "other";
  }
  return "other";
}

const LocaleRules& RulesFor(std::string_view locale) {
  const std::string_view language = locale.substr(0, locale.find_first_of("-_"));
  for (const auto& rules : kRules)
    if (rules.language == language) return rules;
  return kRules[0];
}

std::span<const LocaleRules> AllLocaleRules() { return kRules; }

}  // namespace latchkey::core
