#pragma once

#include <memory>
#include <mutex>
#include <shared_mutex>

#include "core/downtime.h"
#include "store/database.h"

namespace latchkey::app {

// When this server has been serving (decision 7): loaded at start, stamped every minute, asked by
// every heartbeat. Thread-safe.
class ServingClock {
 public:
  // Begins an interval. `always` answers no downtime at all: test mode, where requests bring their
  // own time (decision 18).
  Result<void> Start(store::Database& database, TimePoint now, bool always);
  // The stamp of each minute, and the last one at shutdown. After a suspended machine or a stopped
  // process it begins a new interval, so that the pause counts as downtime.
  Result<void> Stamp(store::Database& database, TimePoint now);

  Duration Downtime(TimePoint from, TimePoint to) const;
  // An immutable copy, new after each stamp.
  std::shared_ptr<const core::ServingLog> Log() const;
  TimePoint since() const { return since_; }
  // How far `now` was behind the last stamp at the start: a clock set back. Zero normally.
  Duration behind() const { return behind_; }

 private:
  void Replace(core::ServingLog log);

  mutable std::shared_mutex mutex_;
  std::shared_ptr<const core::ServingLog> log_ = std::make_shared<const core::ServingLog>();
  std::int64_t interval_ = 0;
  TimePoint since_{};
  TimePoint last_{};
  Duration behind_{};
  bool always_ = false;
};

}  // namespace latchkey::app
