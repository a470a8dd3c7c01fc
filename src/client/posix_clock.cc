#include "client/posix_clock.h"

#include <fcntl.h>
#include <time.h>
#include <unistd.h>

namespace latchkey::client {
namespace {

// Without /proc every process counts as a restart: less time is summed up, in the person's favour.
std::string ReadBootId() {
  const int file = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
  if (file < 0) return "unknown";
  std::array<char, 64> buffer{};
  const ssize_t got = read(file, buffer.data(), buffer.size());
  close(file);
  std::string out(buffer.data(), got > 0 ? static_cast<std::size_t>(got) : 0);
  while (!out.empty() && out.back() == '\n') out.pop_back();
  return out.empty() ? "unknown" : out;
}

}  // namespace

PosixClock::PosixClock() : boot_id_(ReadBootId()) {}

Instant PosixClock::Now() {
  timespec boot{};
  if (clock_gettime(CLOCK_BOOTTIME, &boot) != 0) boot = {};
  return {base::SystemNow(), Duration(std::int64_t{boot.tv_sec} * 1000000 + boot.tv_nsec / 1000),
          boot_id_};
}

}  // namespace latchkey::client
