// Loaded before a program (LD_PRELOAD), makes its disk full as long as the file named by
// LATCHKEY_TEST_RESERVE takes space: writes at a place of a file fail with ENOSPC.
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

namespace {

bool Full() {
  const char* path = std::getenv("LATCHKEY_TEST_RESERVE");
  struct stat status {};
  return path != nullptr && stat(path, &status) == 0 && status.st_size > 0;
}

ssize_t Write(int file, const void* bytes, size_t size, off_t offset) {
  if (Full()) {
    errno = ENOSPC;
    return -1;
  }
  return syscall(SYS_pwrite64, file, bytes, size, offset);
}

}  // namespace

// NOLINTBEGIN(readability-identifier-naming,readability-inconsistent-declaration-parameter-name)
extern "C" {

__attribute__((visibility("default"))) ssize_t pwrite(int file, const void* bytes, size_t size,
                                                      off_t offset) {
  return Write(file, bytes, size, offset);
}
__attribute__((visibility("default"))) ssize_t pwrite64(int file, const void* bytes, size_t size,
                                                        off_t offset) {
  return Write(file, bytes, size, offset);
}

}  // extern "C"
// NOLINTEND(readability-identifier-naming,readability-inconsistent-declaration-parameter-name)
