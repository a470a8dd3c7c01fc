#pragma once

#include <span>
#include <vector>

#include "base/time.h"

namespace latchkey::core {

// A stretch in which the server answered requests.
struct ServingInterval {
  TimePoint from{};
  TimePoint to{};
  friend bool operator==(const ServingInterval&, const ServingInterval&) = default;
};

// When the server was serving (decision 7). It stamps the log once a minute; the time between two
// stretches is downtime, which no heartbeat has to pay for. A value: share copies between threads,
// change only your own.
class ServingLog {
 public:
  // A stamp later than this after the previous one shows that the server stood still in between.
  static constexpr Duration kLongestStep = Seconds(75);

  ServingLog() = default;

  // From stored stretches in any order; overlapping and touching ones are joined, reversed ones
  // dropped.
  static ServingLog FromIntervals(std::vector<ServingInterval> intervals);
  // From bare per-minute stamps in any order: a step above kLongestStep is downtime.
  static ServingLog FromStamps(std::vector<TimePoint> stamps);

  // The process starts serving: whatever lies between the last stamp and `now` was downtime,
  // however short.
  void Start(TimePoint now);
  // The per-minute stamp. A `now` before the last stamp changes nothing.
  void Stamp(TimePoint now);
  // Forgets stretches that ended before `time`.
  void Trim(TimePoint time);

  // Time within [from, to] in which the server was not serving; never negative. What lies before
  // the first stretch is unknown and counts as served, so that trimming never revives anything;
  // after the last stretch a step within kLongestStep counts as served.
  Duration DowntimeBetween(TimePoint from, TimePoint to) const;

  std::span<const ServingInterval> intervals() const { return intervals_; }

 private:
  std::vector<ServingInterval> intervals_;  // sorted, disjoint
};

}  // namespace latchkey::core
