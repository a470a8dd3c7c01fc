#include "service/touches.h"

#include <algorithm>
#include <deque>
#include <unordered_map>

#include "base/json.h"
#include "store/stamps.h"

namespace latchkey::service {
namespace {

constexpr auto kPause = std::chrono::milliseconds(100);
constexpr std::size_t kCapacity = 100000;
constexpr std::size_t kBatch = 500;

Result<void> WriteFacts(store::Session& session, const store::Vault& vault, Random& random,
                        const std::vector<TouchLane::Validation>& facts) {
  std::unordered_map<std::int64_t, TimePoint> newest;  // one stamp a license and batch
  for (const auto& fact : facts) {
    TimePoint& at = newest[fact.license_sequence];
    at = std::max(at, fact.at);
  }
  for (const auto& [sequence, at] : newest) LK_TRY(store::StampValidation(session, sequence, at));
  for (const auto& fact : facts) {
    if (!fact.event) continue;
    base::JsonWriter payload;
    payload.BeginObject().Key("valid").Bool(fact.valid).Key("code").String(fact.code).EndObject();
    store::Event event;
    event.id = Uuid::V7(fact.at, random);
    event.account_id = fact.account_id;
    event.kind = fact.valid ? "license.validation.succeeded" : "license.validation.failed";
    event.is_public = true;
    event.resource_type = "licenses";
    event.resource_id = fact.license_id;
    event.payload = payload.Take();
    event.created = fact.at;
    LK_TRY(store::Append(session, vault, event));
  }
  return {};
}

}  // namespace

struct TouchLane::Impl {
  Impl(store::Database& db, const store::Vault& v, Random& r)
      : database(db), vault(v), random(r), thread([this] { Run(); }) {}

  void Run() {
    std::unique_lock lock(mutex);
    while (true) {
      wake.wait(lock, [this] { return closing || !facts.empty(); });
      if (facts.empty()) return;
      if (!closing && !flush_wanted)
        wake.wait_for(lock, kPause, [this] { return closing || flush_wanted; });
      // What has come by now; what comes meanwhile collects for the next round.
      for (std::size_t left = facts.size(); left > 0 && !facts.empty();) {
        std::vector<Validation> batch;
        batch.reserve(std::min(left, kBatch));
        for (; left > 0 && !facts.empty() && batch.size() < kBatch; --left) {
          batch.push_back(std::move(facts.front()));
          facts.pop_front();
        }
        lock.unlock();
        const auto done = database.WriteNow(
            [&](store::Session& session) { return WriteFacts(session, vault, random, batch); });
        lock.lock();
        (done ? statistics.written : statistics.dropped) += batch.size();
        handled += batch.size();
        idle.notify_all();
      }
      if (facts.empty()) flush_wanted = false;
    }
  }

  store::Database& database;
  const store::Vault& vault;
  Random& random;
  mutable std::mutex mutex;
  std::condition_variable wake, idle;
  std::deque<Validation> facts;
  std::uint64_t added = 0, handled = 0;
  Statistics statistics;
  bool closing = false, flush_wanted = false;
  std::thread thread;  // last: starts when all else is there
};

TouchLane::TouchLane(store::Database& database, const store::Vault& vault, Random& random)
    : impl_(std::make_unique<Impl>(database, vault, random)) {}

TouchLane::~TouchLane() { Close(); }

void TouchLane::Close() {
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->closing = true;
  }
  impl_->wake.notify_all();
  if (impl_->thread.joinable()) impl_->thread.join();
}

void TouchLane::Add(Validation fact) {
  bool first = false;  // the lane sleeps until the first fact, then collects for a while
  {
    const std::lock_guard lock(impl_->mutex);
    if (impl_->closing) {  // requests that are still answered while the server ends
      ++impl_->statistics.dropped;
      return;
    }
    if (impl_->facts.size() >= kCapacity) {
      impl_->facts.pop_front();
      ++impl_->statistics.dropped;
      ++impl_->handled;
    }
    first = impl_->facts.empty();
    impl_->facts.push_back(std::move(fact));
    ++impl_->added;
  }
  if (first) impl_->wake.notify_one();
}

void TouchLane::Flush() {
  std::unique_lock lock(impl_->mutex);
  const std::uint64_t until = impl_->added;
  impl_->flush_wanted = !impl_->facts.empty();
  impl_->wake.notify_one();
  impl_->idle.wait(lock, [&] { return impl_->handled >= until; });
}

TouchLane::Statistics TouchLane::statistics() const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->statistics;
}

}  // namespace latchkey::service
