#include "latchkey/serving_clock.h"

#include "store/serving.h"

namespace latchkey::app {
namespace {

// Longer than any heartbeat period with its revival that downtime could still matter to.
constexpr auto kKept = std::chrono::days(400);

}  // namespace

Result<void> ServingClock::Start(store::Database& database, TimePoint now, bool always) {
  always_ = always;
  since_ = now;
  last_ = now;
  core::ServingLog log;
  const auto written = database.WriteNow([&](store::Session& session) -> Result<void> {
    LK_TRY(store::TrimServing(session, now - kKept));
    LK_ASSIGN(log, store::LoadServing(session, now - kKept));
    LK_ASSIGN(interval_, store::StartServing(session, now));
    return {};
  });
  LK_TRY(written);
  if (!log.intervals().empty())
    behind_ = std::max(Duration::zero(), log.intervals().back().to - now);
  log.Start(now);
  if (!always_) Replace(std::move(log));
  return {};
}

Result<void> ServingClock::Stamp(store::Database& database, TimePoint now) {
  const bool paused = now - last_ > core::ServingLog::kLongestStep;
  LK_TRY(database.WriteNow([&](store::Session& session) -> Result<void> {
    if (!paused) return store::StampServing(session, interval_, now);
    LK_ASSIGN(interval_, store::StartServing(session, now));
    return {};
  }));
  last_ = std::max(last_, now);
  if (always_) return {};
  core::ServingLog log = *Log();
  if (paused)
    log.Start(now);
  else
    log.Stamp(now);
  Replace(std::move(log));
  return {};
}

void ServingClock::Replace(core::ServingLog log) {
  auto shared = std::make_shared<const core::ServingLog>(std::move(log));
  const std::unique_lock lock(mutex_);
  log_ = std::move(shared);
}

std::shared_ptr<const core::ServingLog> ServingClock::Log() const {
  const std::shared_lock lock(mutex_);
  return log_;
}

Duration ServingClock::Downtime(TimePoint from, TimePoint to) const {
  return Log()->DowntimeBetween(from, to);
}

}  // namespace latchkey::app
