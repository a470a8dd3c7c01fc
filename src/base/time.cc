#include "base/time.h"

#include <array>
#include <cstdio>

namespace latchkey::base {
namespace {

using std::chrono::day;
using std::chrono::days;
using std::chrono::month;
using std::chrono::sys_days;
using std::chrono::year;
using std::chrono::year_month_day;

constexpr std::array<const char*, 7> kWeekdays = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
constexpr std::array<const char*, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                 "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

// Reads exactly `count` digits from the front of `text`.
std::optional<int> Digits(std::string_view& text, std::size_t count) {
  if (text.size() < count) return std::nullopt;
  int value = 0;
  for (std::size_t i = 0; i < count; ++i) {
    if (text[i] < '0' || text[i] > '9') return std::nullopt;
    value = value * 10 + (text[i] - '0');
  }
  text.remove_prefix(count);
  return value;
}

bool Take(std::string_view& text, char c) {
  if (text.empty() || text.front() != c) return false;
  text.remove_prefix(1);
  return true;
}

bool AllDigits(std::string_view text) {
  for (const char c : text)
    if (c < '0' || c > '9') return false;
  return !text.empty();
}

// The date of ISO 8601 in its three forms, with or without dashes: 2026-03-03, 2026-062 (day of the
// year), 2026-W10-2 (week, day of the week from Monday = 1; the day may be missing).
std::optional<sys_days> ReadDate(std::string_view& text) {
  const auto yyyy = Digits(text, 4);
  if (!yyyy) return std::nullopt;
  const bool dashes = Take(text, '-');
  const auto first_day = sys_days(year(*yyyy) / 1 / 1);
  const auto last_day = sys_days(year(*yyyy) / 12 / 31);
  if (Take(text, 'W')) {
    const auto week = Digits(text, 2);
    int weekday = 1;
    if (!week || *week < 1) return std::nullopt;
    if (dashes ? Take(text, '-') : !text.empty() && text.front() != 'T') {
      const auto digit = Digits(text, 1);
      if (!digit || *digit < 1 || *digit > 7) return std::nullopt;
      weekday = *digit;
    }
    // Week 1 has the 4th of January in it, the last week the 28th of December.
    const auto monday = [](sys_days day) {
      return day - days(std::chrono::weekday(day).iso_encoding() - 1);
    };
    const auto start = monday(first_day + days(3)) + days(7 * (*week - 1));
    if (start > monday(last_day - days(3))) return std::nullopt;
    return start + days(weekday - 1);
  }
  std::string_view rest = text;
  if (const auto ordinal = Digits(rest, 3);
      ordinal && (rest.empty() || rest.front() < '0' || rest.front() > '9')) {
    text = rest;
    const auto day = first_day + days(*ordinal - 1);
    if (day < first_day || day > last_day) return std::nullopt;
    return day;
  }
  const auto mm = Digits(text, 2);
  if (!mm || (dashes && !Take(text, '-'))) return std::nullopt;
  const auto dd = Digits(text, 2);
  if (!dd) return std::nullopt;
  const year_month_day ymd{year(*yyyy), month(static_cast<unsigned>(*mm)),
                           day(static_cast<unsigned>(*dd))};
  if (!ymd.ok()) return std::nullopt;
  return sys_days(ymd);
}

struct Clock {
  int hour = 0, minute = 0, second = 0;
  std::int64_t micros = 0;
};

// hh[:mm[:ss[.fraction]]], with or without colons.
std::optional<Clock> ReadClock(std::string_view& text) {
  Clock clock;
  const auto hour = Digits(text, 2);
  if (!hour) return std::nullopt;
  clock.hour = *hour;
  const bool colons = Take(text, ':');
  if (const auto minute = Digits(text, 2)) {
    clock.minute = *minute;
    if (!colons || Take(text, ':')) {
      if (const auto second = Digits(text, 2)) {
        clock.second = *second;
        if (Take(text, '.') || Take(text, ',')) {
          std::int64_t scale = 100000;
          if (text.empty() || text.front() < '0' || text.front() > '9') return std::nullopt;
          while (!text.empty() && text.front() >= '0' && text.front() <= '9') {
            clock.micros += (text.front() - '0') * scale;
            scale /= 10;
            text.remove_prefix(1);
          }
        }
      } else if (colons) {
        return std::nullopt;
      }
    }
  } else if (colons) {
    return std::nullopt;
  }
  if (clock.hour > 24 || clock.minute > 59 || clock.second > 60) return std::nullopt;
  if (clock.hour == 24 && (clock.minute || clock.second || clock.micros)) return std::nullopt;
  return clock;
}

// Z, +hh, +hh:mm or +hhmm as seconds east of UTC; nothing at all means UTC.
std::optional<int> ReadZone(std::string_view& text) {
  if (text.empty()) return 0;
  if (Take(text, 'Z') || Take(text, 'z')) return text.empty() ? std::optional(0) : std::nullopt;
  if (text == " UTC") {
    text = {};
    return 0;
  }
  const int sign = text.front() == '-' ? -1 : 1;
  if (!Take(text, '+') && !Take(text, '-')) return std::nullopt;
  const auto hour = Digits(text, 2);
  if (!hour || *hour > 23) return std::nullopt;
  int minute = 0;
  if (!text.empty()) {
    Take(text, ':');
    const auto value = Digits(text, 2);
    if (!value || *value > 59 || !text.empty()) return std::nullopt;
    minute = *value;
  }
  return sign * (*hour * 3600 + minute * 60);
}

// These write into a text that is long enough; snprintf would take most of the time of an answer's
// dates.
void PutDigits(char* at, int count, unsigned value) {
  for (int i = count - 1; i >= 0; --i, value /= 10) at[i] = static_cast<char>('0' + value % 10);
}
void PutClock(char* at, unsigned seconds) {  // over "00:00:00"
  PutDigits(at, 2, seconds / 3600);
  PutDigits(at + 3, 2, seconds / 60 % 60);
  PutDigits(at + 6, 2, seconds % 60);
}
std::string YearText(year value) {
  const int number = static_cast<int>(value);
  if (number < 0 || number > 9999) {
    std::array<char, 16> buffer;
    const int size = std::snprintf(buffer.data(), buffer.size(), "%04d", number);
    return {buffer.data(), static_cast<std::size_t>(size)};
  }
  std::string text(4, '0');
  PutDigits(text.data(), 4, static_cast<unsigned>(number));
  return text;
}

}  // namespace

std::string FormatTime(TimePoint time) {
  const auto date = std::chrono::floor<days>(time);
  const year_month_day ymd{date};
  const auto millis =
      static_cast<unsigned>(std::chrono::floor<std::chrono::milliseconds>(time - date).count());
  std::string text = YearText(ymd.year());
  const std::size_t at = text.size();
  text.append("-00-00T00:00:00.000Z");
  PutDigits(text.data() + at + 1, 2, static_cast<unsigned>(ymd.month()));
  PutDigits(text.data() + at + 4, 2, static_cast<unsigned>(ymd.day()));
  PutClock(text.data() + at + 7, millis / 1000);
  PutDigits(text.data() + at + 16, 3, millis % 1000);
  return text;
}

std::string FormatHttpDate(TimePoint time) {
  const auto date = std::chrono::floor<days>(time);
  const year_month_day ymd{date};
  const auto seconds = static_cast<unsigned>(std::chrono::floor<Seconds>(time - date).count());
  std::string text = kWeekdays[std::chrono::weekday(date).c_encoding()];
  text.append(", 00 ").append(kMonths[static_cast<unsigned>(ymd.month()) - 1]).append(" ");
  PutDigits(text.data() + 5, 2, static_cast<unsigned>(ymd.day()));
  text.append(YearText(ymd.year())).append(" 00:00:00 GMT");
  PutClock(text.data() + text.size() - 12, seconds);
  return text;
}

std::optional<TimePoint> ParseHttpDate(std::string_view text) {
  if (text.size() != 29) return std::nullopt;
  std::string_view rest = text.substr(5);
  const auto dd = Digits(rest, 2);
  if (!dd || !Take(rest, ' ')) return std::nullopt;
  unsigned mm = 0;
  while (mm < kMonths.size() && rest.substr(0, 3) != kMonths[mm]) ++mm;
  if (mm == kMonths.size()) return std::nullopt;
  rest.remove_prefix(3);
  if (!Take(rest, ' ')) return std::nullopt;
  const auto yyyy = Digits(rest, 4);
  if (!yyyy || !Take(rest, ' ')) return std::nullopt;
  const auto hh = Digits(rest, 2);
  if (!hh || !Take(rest, ':')) return std::nullopt;
  const auto mi = Digits(rest, 2);
  if (!mi || !Take(rest, ':')) return std::nullopt;
  const auto ss = Digits(rest, 2);
  if (!ss || rest != " GMT") return std::nullopt;
  const year_month_day ymd{year(*yyyy), month(mm + 1), day(static_cast<unsigned>(*dd))};
  if (!ymd.ok() || *hh > 23 || *mi > 59 || *ss > 60) return std::nullopt;
  const TimePoint time = sys_days(ymd) + Seconds(*hh * 3600 + *mi * 60 + *ss);
  if (FormatHttpDate(time) != text) return std::nullopt;  // the weekday must agree
  return time;
}

std::optional<TimePoint> ParseTime(std::string_view text) {
  if (AllDigits(text)) {  // also eight digits: never a compact date
    if (text.size() > 12) return std::nullopt;
    std::int64_t seconds = 0;
    for (const char c : text) seconds = seconds * 10 + (c - '0');
    if (seconds > 253402300799) return std::nullopt;
    return FromUnixSeconds(seconds);
  }
  const auto date = ReadDate(text);
  if (!date) return std::nullopt;
  TimePoint time = *date;
  if (!text.empty()) {
    if (!Take(text, 'T') && !Take(text, 't') && !Take(text, ' ')) return std::nullopt;
    const auto clock = ReadClock(text);
    if (!clock) return std::nullopt;
    const auto zone = ReadZone(text);
    if (!zone) return std::nullopt;
    time += Seconds(clock->hour * 3600 + clock->minute * 60 + clock->second - *zone);
    time += Duration(clock->micros);
  }
  // A zone, a week or a leap second can lead out of the years that have four digits.
  if (time < sys_days(year(0) / 1 / 1) || time >= sys_days(year(10000) / 1 / 1))
    return std::nullopt;
  return time;
}

TimePoint SystemNow() {
  return std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now());
}

}  // namespace latchkey::base
