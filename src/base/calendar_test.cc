#include "base/calendar.h"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <limits>

#include "base/json.h"

namespace latchkey::base {

void PrintTo(const CalendarParts& p, std::ostream* out) {
  *out << p.years << "y " << p.months << "mo " << p.weeks << "w " << p.days << "d " << p.hours
       << "h " << p.minutes << "min " << p.seconds << "s";
}

namespace {

CalendarParts ReadParts(const json::object& parts) {
  const auto get = [&](json::string_view name) {
    const json::value* value = parts.if_contains(name);
    return value ? value->as_int64() : 0;
  };
  return {get("years"), get("months"),  get("weeks"),  get("days"),
          get("hours"), get("minutes"), get("seconds")};
}

TimePoint ReadTime(const json::value& value) {
  const auto time = ParseTime(value.as_string());
  EXPECT_TRUE(time) << value;
  return time.value_or(TimePoint());
}

CalendarUnit ReadUnit(const json::value& value) {
  if (value == "day") return CalendarUnit::kDay;
  if (value == "week") return CalendarUnit::kWeek;
  if (value == "month") return CalendarUnit::kMonth;
  EXPECT_EQ(value, "year");
  return CalendarUnit::kYear;
}

TEST(Calendar, AgreesWithEveryVector) {
  std::ifstream file("test/vectors/durations.json", std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  const auto vectors = ParseJson(text);
  ASSERT_TRUE(vectors) << "run in the source root";
  int count = 0;
  for (const json::value& c : vectors->at("cases").as_array()) {
    SCOPED_TRACE(std::string(c.at("name").as_string()));
    const json::object& input = c.at("input").as_object();
    const json::object& expect = c.at("expect").as_object();
    const json::value& operation = input.at("operation");
    if (operation == "check-in") {
      EXPECT_EQ(FormatTime(AddUnits(ReadTime(input.at("lastCheckIn")),
                                    input.at("checkInIntervalCount").as_int64(),
                                    ReadUnit(input.at("checkInInterval")))),
                expect.at("nextCheckIn").as_string());
    } else if (operation == "repeat") {
      TimePoint time = ReadTime(input.at("start"));
      ASSERT_EQ(input.at("times").as_int64(),
                static_cast<std::int64_t>(expect.at("results").as_array().size()));
      for (const json::value& result : expect.at("results").as_array()) {
        time = AddCalendar(time, input.at("seconds").as_int64());
        EXPECT_EQ(FormatTime(time), result.as_string());
      }
    } else {
      EXPECT_EQ(SplitCalendar(input.at("seconds").as_int64()),
                ReadParts(expect.at("parts").as_object()));
      if (operation == "add")
        EXPECT_EQ(
            FormatTime(AddCalendar(ReadTime(input.at("start")), input.at("seconds").as_int64())),
            expect.at("result").as_string());
      else
        EXPECT_EQ(operation, "split");
    }
    ++count;
  }
  EXPECT_EQ(count, 102);
}

TEST(Calendar, PartsAddUpToTheWhole) {
  for (std::int64_t seconds = 0; seconds < 100000000; seconds += 99991) {
    const CalendarParts p = SplitCalendar(seconds);
    EXPECT_EQ(p.years * 31556952 + p.months * 2629746 + p.weeks * 604800 + p.days * 86400 +
                  p.hours * 3600 + p.minutes * 60 + p.seconds,
              seconds);
  }
}

TEST(Calendar, KeepsFractionsOfASecond) {
  EXPECT_EQ(AddCalendar(*ParseTime("2026-01-31T09:30:00.123456Z"), 2629746) -
                *ParseTime("2026-02-28T09:30:00Z"),
            Duration(123456));
}

TEST(Calendar, NeverLeavesTheYearsThatCanBeWritten) {
  const TimePoint start = *ParseTime("2026-01-31T12:00:00Z");
  constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
  EXPECT_EQ(FormatTime(AddCalendar(start, kMost)), "9999-12-31T23:59:59.000Z");
  EXPECT_EQ(FormatTime(AddCalendar(start, 31556952LL * 7974)), "9999-12-31T23:59:59.000Z");
  EXPECT_EQ(FormatTime(AddCalendar(start, 31556952LL * 7973)), "9999-01-31T12:00:00.000Z");
  for (const auto unit :
       {CalendarUnit::kDay, CalendarUnit::kWeek, CalendarUnit::kMonth, CalendarUnit::kYear}) {
    EXPECT_EQ(FormatTime(AddUnits(start, kMost, unit)), "9999-12-31T23:59:59.000Z");
    EXPECT_EQ(FormatTime(AddUnits(start, -kMost, unit)), "0000-01-01T00:00:00.000Z");
    EXPECT_EQ(AddUnits(start, 0, unit), start);
  }
}

TEST(Calendar, UnitsGoBackToo) {
  const TimePoint start = *ParseTime("2026-03-31T12:00:00Z");
  EXPECT_EQ(FormatTime(AddUnits(start, -1, CalendarUnit::kMonth)), "2026-02-28T12:00:00.000Z");
  EXPECT_EQ(FormatTime(AddUnits(start, -1, CalendarUnit::kDay)), "2026-03-30T12:00:00.000Z");
  EXPECT_EQ(FormatTime(AddUnits(start, -2, CalendarUnit::kWeek)), "2026-03-17T12:00:00.000Z");
  EXPECT_EQ(FormatTime(AddUnits(*ParseTime("2024-02-29"), -1, CalendarUnit::kYear)),
            "2023-02-28T00:00:00.000Z");
}

}  // namespace
}  // namespace latchkey::base
