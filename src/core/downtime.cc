#include "core/downtime.h"

#include <algorithm>

namespace latchkey::core {

ServingLog ServingLog::FromIntervals(std::vector<ServingInterval> intervals) {
  std::erase_if(intervals, [](const ServingInterval& i) { return i.to < i.from; });
  std::ranges::sort(intervals, {}, &ServingInterval::from);
  ServingLog log;
  for (const ServingInterval& next : intervals) {
    if (!log.intervals_.empty() && next.from <= log.intervals_.back().to) {
      log.intervals_.back().to = std::max(log.intervals_.back().to, next.to);
    } else {
      log.intervals_.push_back(next);
    }
  }
  return log;
}

ServingLog ServingLog::FromStamps(std::vector<TimePoint> stamps) {
  std::ranges::sort(stamps);
  ServingLog log;
  for (const TimePoint stamp : stamps) log.Stamp(stamp);
  return log;
}

void ServingLog::Start(TimePoint now) {
  if (intervals_.empty() || now > intervals_.back().to) intervals_.push_back({now, now});
}

void ServingLog::Stamp(TimePoint now) {
  if (!intervals_.empty() && now - intervals_.back().to <= kLongestStep) {
    intervals_.back().to = std::max(intervals_.back().to, now);
  } else {
    intervals_.push_back({now, now});
  }
}

void ServingLog::Trim(TimePoint time) {
  // The last stretch stays: without it the time after it would no longer be downtime.
  if (intervals_.empty()) return;
  const auto keep = std::ranges::lower_bound(intervals_.begin(), intervals_.end() - 1, time, {},
                                             &ServingInterval::to);
  intervals_.erase(intervals_.begin(), keep);
}

Duration ServingLog::DowntimeBetween(TimePoint from, TimePoint to) const {
  if (intervals_.empty() || to <= from) return Duration::zero();
  Duration down{};
  // The first stretch that ends after `from`; the gap before it may reach back beyond `from`.
  auto next = std::ranges::upper_bound(intervals_, from, {}, &ServingInterval::to);
  if (next == intervals_.begin()) {
    from = std::max(from, next->to);
    ++next;
  }
  for (; next != intervals_.end() && next->from < to; ++next) {
    const TimePoint gap_start = std::max(from, std::prev(next)->to);
    if (gap_start < next->from) down += next->from - gap_start;
  }
  const TimePoint last_gap_start = std::prev(next)->to;
  const bool after_last = next == intervals_.end();
  if (last_gap_start < to && !(after_last && to - last_gap_start <= kLongestStep)) {
    down += to - std::max(from, last_gap_start);
  }
  return down;
}

}  // namespace latchkey::core
