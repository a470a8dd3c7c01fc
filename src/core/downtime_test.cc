#include "core/downtime.h"

#include <gtest/gtest.h>

#include <random>

namespace latchkey::core {
namespace {

TimePoint T(std::int64_t seconds) { return base::FromUnixSeconds(seconds); }
ServingLog Log(std::vector<std::pair<int, int>> stretches) {
  std::vector<ServingInterval> intervals;
  for (const auto& [from, to] : stretches) intervals.push_back({T(from), T(to)});
  return ServingLog::FromIntervals(std::move(intervals));
}

struct Case {
  const char* name;
  std::vector<std::pair<int, int>> serving;
  int from, to;
  int down;
};
class DowntimeTest : public testing::TestWithParam<Case> {};
TEST_P(DowntimeTest, IsWhatLiesBetweenTheStretches) {
  const auto& c = GetParam();
  EXPECT_EQ(Log(c.serving).DowntimeBetween(T(c.from), T(c.to)), Seconds(c.down));
}
const std::vector<std::pair<int, int>> kTwo = {{1000, 2000}, {3000, 4000}};
INSTANTIATE_TEST_SUITE_P(
    Serving, DowntimeTest,
    testing::Values(Case{"NothingKnown", {}, 0, 5000, 0}, Case{"AllServed", kTwo, 1100, 1900, 0},
                    Case{"AcrossTheGap", kTwo, 1100, 3100, 1000},
                    Case{"FromInsideTheGap", kTwo, 2400, 3100, 600},
                    Case{"ToInsideTheGap", kTwo, 1100, 2400, 400},
                    Case{"WithinTheGap", kTwo, 2100, 2400, 300},
                    Case{"BeforeTheFirstIsUnknown", kTwo, 0, 900, 0},
                    Case{"BeforeTheFirstAndTheGap", kTwo, 0, 5000, 2000},
                    Case{"JustAfterTheLastIsServed", kTwo, 3900, 4075, 0},
                    Case{"LongAfterTheLastIsDown", kTwo, 3900, 4076, 76},
                    Case{"WhollyAfterTheLast", kTwo, 5000, 6000, 1000},
                    Case{"FromTheEdges", kTwo, 2000, 3000, 1000},
                    Case{"BackwardsIsNothing", kTwo, 3100, 1100, 0},
                    Case{"AnInstant", kTwo, 2500, 2500, 0},
                    Case{"UnsortedAndOverlapping",
                         {{3000, 4000}, {1500, 2000}, {1000, 1600}, {4000, 4100}, {9, 8}},
                         0,
                         4100,
                         1000},
                    Case{"ThreeGaps", {{0, 10}, {20, 30}, {40, 50}, {60, 70}}, 5, 65, 30}),
    [](const auto& c) { return c.param.name; });

TEST(ServingLogTest, StampsWithinAStepMakeOneStretch) {
  ServingLog log;
  log.Start(T(0));
  for (int t = 60; t <= 600; t += 60) log.Stamp(T(t));
  ASSERT_EQ(log.intervals().size(), 1u);
  EXPECT_EQ(log.intervals()[0], (ServingInterval{T(0), T(600)}));
  EXPECT_EQ(log.DowntimeBetween(T(0), T(630)), Duration::zero());
}

TEST(ServingLogTest, AMissedStampIsDowntime) {
  ServingLog log = ServingLog::FromStamps({T(60), T(0), T(200), T(260)});
  EXPECT_EQ(log.intervals().size(), 2u);
  EXPECT_EQ(log.DowntimeBetween(T(0), T(260)), Seconds(140));
}

TEST(ServingLogTest, ARestartIsDowntimeHoweverShort) {
  ServingLog log;
  log.Start(T(0));
  log.Stamp(T(60));
  log.Start(T(90));
  EXPECT_EQ(log.DowntimeBetween(T(0), T(90)), Seconds(30));
}

TEST(ServingLogTest, AClockThatGoesBackChangesNothing) {
  ServingLog log;
  log.Start(T(1000));
  log.Stamp(T(1060));
  log.Stamp(T(500));
  log.Start(T(500));
  ASSERT_EQ(log.intervals().size(), 1u);
  EXPECT_EQ(log.intervals()[0], (ServingInterval{T(1000), T(1060)}));
}

TEST(ServingLogTest, TrimmingForgetsOldStretchesAndKeepsTheLast) {
  ServingLog log = Log({{0, 10}, {20, 30}, {40, 50}});
  log.Trim(T(25));
  EXPECT_EQ(log.intervals().size(), 2u);
  EXPECT_EQ(log.DowntimeBetween(T(0), T(50)), Seconds(10));
  log.Trim(T(1000));
  ASSERT_EQ(log.intervals().size(), 1u);
  EXPECT_EQ(log.DowntimeBetween(T(0), T(1050)), Seconds(1000));
  ServingLog empty;
  empty.Trim(T(1));
  EXPECT_TRUE(empty.intervals().empty());
}

// Counted second by second.
TEST(ServingLogTest, AgreesWithCountingEachSecond) {
  std::mt19937 random(7);
  const auto pick = [&](int limit) {
    return static_cast<int>(random() % static_cast<unsigned>(limit));
  };
  for (int round = 0; round < 2000; ++round) {
    std::vector<std::pair<int, int>> stretches;
    for (int i = pick(6); i >= 0; --i) {
      const int from = pick(1000);
      stretches.emplace_back(from, from + pick(200));
    }
    int first = 2000, last = 0;
    for (const auto& [from, to] : stretches)
      first = std::min(first, from), last = std::max(last, to);
    const int from = pick(1500), to = pick(1500);
    int down = 0;
    for (int t = from; t < to; ++t) {
      const bool unknown = t < first;
      const bool now = t >= last && to - last <= 75;
      bool served = false;
      for (const auto& s : stretches) served = served || (s.first <= t && t < s.second);
      down += !unknown && !now && !served ? 1 : 0;
    }
    EXPECT_EQ(Log(stretches).DowntimeBetween(T(from), T(to)), Seconds(down)) << round;
  }
}

}  // namespace
}  // namespace latchkey::core
