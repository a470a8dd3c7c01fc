#include "store/serving.h"

namespace latchkey::store {

Result<std::int64_t> StartServing(Session& session, TimePoint now) {
  std::int64_t interval = 0;
  LK_TRY(session.Query(
      "INSERT INTO serving_intervals (started, stamped) VALUES ($1, $1) RETURNING seq", Params(now),
      [&](const Row& row) { interval = row.Int(0); }));
  return interval;
}

Result<void> StampServing(Session& session, std::int64_t interval, TimePoint now) {
  // A clock set back must not shorten what was served.
  LK_ASSIGN(
      const std::int64_t changed,
      session.Execute("UPDATE serving_intervals SET stamped = $2 WHERE seq = $1 AND stamped <= $2",
                      Params(interval, now)));
  static_cast<void>(changed);
  return {};
}

Result<core::ServingLog> LoadServing(Session& session, TimePoint since) {
  std::vector<core::ServingInterval> intervals;
  LK_TRY(session.Query(
      "SELECT started, stamped FROM serving_intervals WHERE stamped >= $1 ORDER BY started",
      Params(since), [&](const Row& row) {
        intervals.push_back({row.Time(0), row.Time(1)});
      }));
  return core::ServingLog::FromIntervals(std::move(intervals));
}

Result<void> TrimServing(Session& session, TimePoint since) {
  LK_TRY(session.Execute("DELETE FROM serving_intervals WHERE stamped < $1", Params(since)));
  return {};
}

}  // namespace latchkey::store
