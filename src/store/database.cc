#include "store/database.h"

#include <future>

namespace latchkey::store {

Result<void> Database::ReadNow(const Work& work) {
  // Shared: a database that closes may drop the work while we wait.
  auto promise = std::make_shared<std::promise<Result<void>>>();
  auto future = promise->get_future();
  const bool queued = Read([&work, promise](Session& session) {
    try {
      promise->set_value(work(session));
    } catch (const std::exception& e) {
      promise->set_value(Error{Errc::kInternal, e.what()});
    }
  });
  if (!queued) return Error{Errc::kUnavailable, "the database takes no more reads"};
  return future.get();
}

Result<void> Database::WriteNow(const Work& work) {
  std::promise<Result<void>> promise;
  auto future = promise.get_future();
  Write(work, [&promise](Result<void> result) { promise.set_value(std::move(result)); });
  return future.get();
}

}  // namespace latchkey::store
