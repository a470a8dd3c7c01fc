// Loaded before a program (LD_PRELOAD), gives it a wall clock that is wrong by as many seconds as
// the file named by LATCHKEY_TEST_CLOCK says: a native 64-bit number, read anew at each call, so
// that a test can move the clock of a running server. Clocks that only measure are left alone.
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <cstdlib>

namespace {

const std::atomic<std::int64_t>* MapShift() {
  const char* path = std::getenv("LATCHKEY_TEST_CLOCK");
  const int file = path == nullptr ? -1 : open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0) return nullptr;
  void* map = mmap(nullptr, sizeof(std::int64_t), PROT_READ, MAP_SHARED, file, 0);
  close(file);
  return map == MAP_FAILED ? nullptr : static_cast<const std::atomic<std::int64_t>*>(map);
}

std::int64_t Shift() {
  static const auto* const shift = MapShift();
  return shift == nullptr ? 0 : shift->load(std::memory_order_relaxed);
}

}  // namespace

// NOLINTBEGIN(readability-identifier-naming,readability-inconsistent-declaration-parameter-name)
extern "C" {

__attribute__((visibility("default"))) int clock_gettime(clockid_t clock, timespec* now) {
  const auto failed = static_cast<int>(syscall(SYS_clock_gettime, clock, now));
  if (failed == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE))
    now->tv_sec += Shift();
  return failed;
}

__attribute__((visibility("default"))) int gettimeofday(timeval* __restrict now,
                                                        void* __restrict /*zone*/) {
  timespec exact{};
  const int failed = clock_gettime(CLOCK_REALTIME, &exact);
  if (failed == 0 && now != nullptr) *now = {exact.tv_sec, exact.tv_nsec / 1000};
  return failed;
}

__attribute__((visibility("default"))) time_t time(time_t* now) {
  timespec exact{};
  clock_gettime(CLOCK_REALTIME, &exact);
  if (now != nullptr) *now = exact.tv_sec;
  return exact.tv_sec;
}

}  // extern "C"
// NOLINTEND(readability-identifier-naming,readability-inconsistent-declaration-parameter-name)
