#include "bench/recording.h"

#include <utility>

namespace latchkey::bench {

void RecordingDatabase::Write(Work work, Done done) {
  inner_.Write(
      [this, work = std::move(work)](store::Session& session) -> Result<void> {
        RecordedWrite write;
        RecordingSession recording(session, write);
        LK_TRY(work(recording));
        const std::lock_guard lock(mutex_);
        writes_.push_back(std::move(write));
        return {};
      },
      std::move(done));
}

std::vector<RecordedWrite> RecordingDatabase::Take() {
  const std::lock_guard lock(mutex_);
  return std::exchange(writes_, {});
}

}  // namespace latchkey::bench
