#include "client/posix_files.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <thread>

namespace latchkey::client {
namespace {

constexpr off_t kLargestFile = off_t{8} << 20;

Error Failed(std::string_view what, const std::string& path, int code = errno) {
  Error out{Errc::kIo, std::string(what) + " " + path + ": " + std::strerror(code)};
  if (code == ENOENT) out.code = Errc::kNotFound;
  if (code == ENOSPC || code == EDQUOT) out.code = Errc::kDiskFull;
  if (code == EROFS || code == EACCES || code == EPERM) out.code = Errc::kReadOnly;
  return out;
}

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (fd_ >= 0) close(fd_);
  }
  int get() const { return fd_; }
  int Release() { return std::exchange(fd_, -1); }
  explicit operator bool() const { return fd_ >= 0; }

 private:
  int fd_;
};

Result<void> SyncFlags(const std::string& path, int flags) {
  const Descriptor file(open(path.c_str(), flags | O_CLOEXEC));
  if (!file) return Failed("cannot open", path);
  if (fsync(file.get()) != 0) return Failed("cannot make durable", path);
  return {};
}

class FileLock : public FileSystem::Lock {
 public:
  explicit FileLock(int fd) : file_(fd) {}

 private:
  Descriptor file_;  // closing lets go of the lock
};

}  // namespace

Result<Bytes> PosixFiles::Read(const std::string& path) {
  const Descriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (!file) return Failed("cannot open", path);
  struct stat info {};
  if (fstat(file.get(), &info) != 0) return Failed("cannot look at", path);
  if (!S_ISREG(info.st_mode) || info.st_size > kLargestFile)
    return Error{Errc::kDamaged, path + " is not a file of ours"};
  Bytes out(static_cast<std::size_t>(info.st_size));
  std::size_t used = 0;
  while (used < out.size()) {
    const ssize_t got = read(file.get(), out.data() + used, out.size() - used);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return Failed("cannot read", path);
    if (got == 0) break;
    used += static_cast<std::size_t>(got);
  }
  out.resize(used);
  return out;
}

Result<void> PosixFiles::MakeDirectories(const std::string& path) {
  for (std::size_t at = path.find('/', 1);; at = path.find('/', at + 1)) {
    const std::string part = path.substr(0, at);
    if (mkdir(part.c_str(), 0700) != 0 && errno != EEXIST) {
      const int code = errno;
      // A parent that exists but may not be written to is in order.
      struct stat info {};
      if (stat(part.c_str(), &info) != 0 || !S_ISDIR(info.st_mode))
        return Failed("cannot make", part, code);
    }
    if (at == path.npos) return {};
  }
}

Result<void> PosixFiles::Write(const std::string& path, ByteView bytes) {
  const Descriptor file(
      open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!file) return Failed("cannot write", path);
  if (fchmod(file.get(), 0600) != 0) return Failed("cannot protect", path);
  while (!bytes.empty()) {
    const ssize_t put = write(file.get(), bytes.data(), bytes.size());
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) return Failed("cannot write", path);
    bytes = bytes.subspan(static_cast<std::size_t>(put));
  }
  return {};
}

Result<void> PosixFiles::Sync(const std::string& path) { return SyncFlags(path, O_RDONLY); }
Result<void> PosixFiles::SyncDirectory(const std::string& path) {
  return SyncFlags(path, O_RDONLY | O_DIRECTORY);
}

Result<void> PosixFiles::Rename(const std::string& from, const std::string& to) {
  if (std::rename(from.c_str(), to.c_str()) != 0) return Failed("cannot replace", to);
  return {};
}

Result<void> PosixFiles::Remove(const std::string& path) {
  if (unlink(path.c_str()) != 0 && errno != ENOENT) return Failed("cannot remove", path);
  return {};
}

Result<std::unique_ptr<FileSystem::Lock>> PosixFiles::Acquire(const std::string& path,
                                                              Duration patience) {
  Descriptor file(open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!file) return Failed("cannot open", path);
  constexpr Duration kStep = std::chrono::milliseconds(20);
  for (Duration waited{};; waited += kStep) {
    if (flock(file.get(), LOCK_EX | LOCK_NB) == 0) break;
    if (errno != EWOULDBLOCK && errno != EINTR) return Failed("cannot lock", path);
    if (waited >= patience)
      return Error{Errc::kLocked, "another process keeps " + path + " locked"};
    std::this_thread::sleep_for(kStep);
  }
  return std::unique_ptr<Lock>(std::make_unique<FileLock>(file.Release()));
}

}  // namespace latchkey::client
