#include "base/time.h"

#include <gtest/gtest.h>

namespace latchkey::base {
namespace {

std::string Read(std::string_view text) {
  const auto time = ParseTime(text);
  return time ? FormatTime(*time) : "unreadable";
}

TEST(FormatTime, ShowsThreeDecimalsTruncated) {
  EXPECT_EQ(FormatTime(FromUnixMicros(0)), "1970-01-01T00:00:00.000Z");
  EXPECT_EQ(FormatTime(FromUnixMicros(1772529300123999)), "2026-03-03T09:15:00.123Z");
  EXPECT_EQ(FormatTime(FromUnixMicros(-1)), "1969-12-31T23:59:59.999Z");
  EXPECT_EQ(FormatTime(FromUnixSeconds(253402300799)), "9999-12-31T23:59:59.000Z");
  EXPECT_EQ(FormatTime(FromUnixSeconds(951782400)), "2000-02-29T00:00:00.000Z");
}

struct TimeCase {
  std::string_view text, expected;
};

class ReadableTime : public ::testing::TestWithParam<TimeCase> {};
TEST_P(ReadableTime, IsRead) {
  EXPECT_EQ(Read(GetParam().text), GetParam().expected) << GetParam().text;
}
INSTANTIATE_TEST_SUITE_P(
    Forms, ReadableTime,
    ::testing::Values(TimeCase{"2026-03-03", "2026-03-03T00:00:00.000Z"},
                      TimeCase{"20260303T091500Z", "2026-03-03T09:15:00.000Z"},
                      TimeCase{"20260303T0915", "2026-03-03T09:15:00.000Z"},
                      TimeCase{"2026-03-03T09Z", "2026-03-03T09:00:00.000Z"},
                      TimeCase{"2026-03-03T09:15Z", "2026-03-03T09:15:00.000Z"},
                      TimeCase{"2026-03-03T09:15:00Z", "2026-03-03T09:15:00.000Z"},
                      TimeCase{"2026-03-03t09:15:00z", "2026-03-03T09:15:00.000Z"},
                      TimeCase{"2026-03-03 09:15:00", "2026-03-03T09:15:00.000Z"},
                      TimeCase{"2026-03-03 09:15:00 UTC", "2026-03-03T09:15:00.000Z"},
                      TimeCase{"2026-03-03T09:15:00.5Z", "2026-03-03T09:15:00.500Z"},
                      TimeCase{"2026-03-03T09:15:00,25Z", "2026-03-03T09:15:00.250Z"},
                      TimeCase{"2026-03-03T09:15:00.123456789Z", "2026-03-03T09:15:00.123Z"},
                      TimeCase{"2026-03-03T09:15:00+02:00", "2026-03-03T07:15:00.000Z"},
                      TimeCase{"2026-03-03T09:15:00+0200", "2026-03-03T07:15:00.000Z"},
                      TimeCase{"2026-03-03T09:15:00-05", "2026-03-03T14:15:00.000Z"},
                      TimeCase{"2026-03-03T00:15:00+05:45", "2026-03-02T18:30:00.000Z"},
                      TimeCase{"2026-12-31T23:59:60Z", "2027-01-01T00:00:00.000Z"},
                      TimeCase{"2026-12-31T24:00:00Z", "2027-01-01T00:00:00.000Z"},
                      TimeCase{"2024-02-29", "2024-02-29T00:00:00.000Z"},
                      TimeCase{"0000-01-01T00:00:00Z", "0000-01-01T00:00:00.000Z"},
                      TimeCase{"9999-12-31T23:59:59.999Z", "9999-12-31T23:59:59.999Z"},
                      TimeCase{"1772529300", "2026-03-03T09:15:00.000Z"},
                      TimeCase{"2026-062", "2026-03-03T00:00:00.000Z"},
                      TimeCase{"2026062T0915", "2026-03-03T09:15:00.000Z"},
                      TimeCase{"2024-366", "2024-12-31T00:00:00.000Z"},
                      TimeCase{"2026-W10-2T09:15Z", "2026-03-03T09:15:00.000Z"},
                      TimeCase{"2026W102", "2026-03-03T00:00:00.000Z"},
                      TimeCase{"2026-W10", "2026-03-02T00:00:00.000Z"},
                      TimeCase{"2026W10T09", "2026-03-02T09:00:00.000Z"},
                      TimeCase{"2026-W01-1", "2025-12-29T00:00:00.000Z"},
                      TimeCase{"2026-W53-7", "2027-01-03T00:00:00.000Z"},
                      TimeCase{"2021-W01-1", "2021-01-04T00:00:00.000Z"},
                      TimeCase{"2026", "1970-01-01T00:33:46.000Z"},
                      TimeCase{"0", "1970-01-01T00:00:00.000Z"},
                      TimeCase{"20260303", "1970-08-23T11:51:43.000Z"},
                      TimeCase{"253402300799", "9999-12-31T23:59:59.000Z"}));

class UnreadableTime : public ::testing::TestWithParam<std::string_view> {};
TEST_P(UnreadableTime, IsRefused) { EXPECT_EQ(Read(GetParam()), "unreadable") << GetParam(); }
INSTANTIATE_TEST_SUITE_P(
    Forms, UnreadableTime,
    ::testing::Values(
        "", " ", "now", "2026-", "2026-000", "2026-366", "2024-367", "2026-W", "2026-W1",
        "2026-W00", "2026-W54", "2025-W53", "2026-W10-0", "2026-W10-8", "2026-W10-", "2026W1-2",
        "2026-w10", "2026-0303", "9999-W52-7", "2026-03", "2026-3-3", "2026-13-01", "2026-00-01",
        "2026-01-00", "2026-02-29", "2026-04-31", "2026-03-03T", "2026-03-03T9:15",
        "2026-03-03T09:", "2026-03-03T09:15:", "2026-03-03T09:60", "2026-03-03T25:00",
        "2026-03-03T24:00:01", "2026-03-03T09:15:61", "2026-03-03T09:15:00.",
        "2026-03-03T09:15:00.Z", "2026-03-03T09:15:00Zx", "2026-03-03T09:15:00+",
        "2026-03-03T09:15:00+2", "2026-03-03T09:15:00+02:", "2026-03-03T09:15:00+02:60",
        "2026-03-03T09:15:00+24:00", "2026-03-03T09:1530", "202603-03", "2026-0303T00",
        " 2026-03-03", "2026-03-03 ", "2026-03-03X09:15", "03/03/2026", "-1", "+2026-03-03",
        "12026-03-03", "253402300800", "1772529300000", "99999999999999999999999", "1772529300.5",
        // Years outside 0000..9999, reached through the zone or a leap second.
        "9999-12-31T23:59:59-00:01", "9999-12-31T23:59:60Z", "9999-12-31T24:00:00Z",
        "0000-01-01T00:00:00+00:01"));

TEST(HttpDate, GoesOutAndBackIn) {
  const TimePoint time = FromUnixSeconds(1772529300);
  EXPECT_EQ(FormatHttpDate(time), "Tue, 03 Mar 2026 09:15:00 GMT");
  EXPECT_EQ(ParseHttpDate("Tue, 03 Mar 2026 09:15:00 GMT"), time);
  for (std::int64_t seconds = 0; seconds < 4000000000; seconds += 12345678)
    EXPECT_EQ(ParseHttpDate(FormatHttpDate(FromUnixSeconds(seconds))), FromUnixSeconds(seconds));
}

TEST(HttpDate, RefusesOtherForms) {
  for (const std::string_view text :
       {"", "Tue, 03 Mar 2026 09:15:00 UTC", "Wed, 03 Mar 2026 09:15:00 GMT",
        "tue, 03 Mar 2026 09:15:00 GMT", "Tue, 3 Mar 2026 09:15:00 GMT",
        "Tue, 03 Mar 2026 09:15:00 GMT ", "Tue, 03 mar 2026 09:15:00 GMT",
        "Tue, 31 Feb 2026 09:15:00 GMT", "Tue, 03 Mar 2026 24:15:00 GMT",
        "Tue, 03 Mar 2026 09:60:00 GMT", "Tue, 03 Mar 2026 09:15:60 GMT",
        "Tuesday, 03-Mar-26 09:15:00 GMT", "Tue Mar  3 09:15:00 2026", "2026-03-03T09:15:00.000Z"})
    EXPECT_FALSE(ParseHttpDate(text)) << text;
}

TEST(UnixSeconds, RoundDownAlsoBefore1970) {
  EXPECT_EQ(UnixSeconds(FromUnixMicros(1999999)), 1);
  EXPECT_EQ(UnixSeconds(FromUnixMicros(-1)), -1);
}

}  // namespace
}  // namespace latchkey::base
