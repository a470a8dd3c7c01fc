// Loaded before a program (LD_PRELOAD), lets every fsync fail with EIO while the first byte of the
// file named by LATCHKEY_TEST_FSYNC is not zero, so that a test can break the disk under a running
// server.
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

namespace {

const volatile char* MapSwitch() {
  const char* path = std::getenv("LATCHKEY_TEST_FSYNC");
  const int file = path == nullptr ? -1 : open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0) return nullptr;
  void* map = mmap(nullptr, 1, PROT_READ, MAP_SHARED, file, 0);
  close(file);
  return map == MAP_FAILED ? nullptr : static_cast<const char*>(map);
}

int Sync(long call, int file) {
  static const volatile char* const broken = MapSwitch();
  if (broken != nullptr && *broken != 0) {
    errno = EIO;
    return -1;
  }
  return static_cast<int>(syscall(call, file));
}

}  // namespace

// NOLINTBEGIN(readability-identifier-naming)
extern "C" {

__attribute__((visibility("default"))) int fsync(int file) { return Sync(SYS_fsync, file); }
__attribute__((visibility("default"))) int fdatasync(int file) { return Sync(SYS_fdatasync, file); }

}  // extern "C"
// NOLINTEND(readability-identifier-naming)
