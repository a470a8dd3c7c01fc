#pragma once

#include <string>
#include <vector>

#include "base/time.h"
#include "latchkey/settings.h"

namespace latchkey::app {

// What one check found: a green line, a yellow one (works, but look at it), or a red one with what
// to do.
struct Finding {
  enum class Level { kGood, kNotice, kBad };
  std::string check;  // "data directory", "master key"; the same words every time
  Level level = Level::kGood;
  std::string text;    // what is so
  std::string advice;  // what to do; empty when good
};

struct DoctorOptions {
  TimePoint now{};
  std::uint64_t least_free_bytes = 512ull * 1024 * 1024;
};

// Looks at everything a server needs: data directory, lock, disk space and reserve, database and
// its log mode, master key, file modes, certificates, ports, clock, legacy schemes. Changes no data
// and no setting. Without a server on the directory it is opened as a server would open it: the
// lock is taken meanwhile, the reserve is made again when it is missing, and what a crash left in
// the write-ahead log is recovered. With a server the database is checked by that server (decision
// 17).
std::vector<Finding> Examine(const Configuration& configuration, const DoctorOptions& options);

// `latchkey doctor`: prints the findings; 1 when one is bad.
int Doctor(const Configuration& configuration);

}  // namespace latchkey::app
