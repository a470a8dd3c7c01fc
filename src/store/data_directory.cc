#include "store/data_directory.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

namespace latchkey::store {
namespace {

constexpr off_t kReserveBytes = 8 * 1024 * 1024;

Error FileError(const std::string& what, const std::string& path, int error) {
  switch (error) {
    case ENOENT:
      return Error{Errc::kNotFound, what + " " + path + ": it does not exist"};
    case EACCES:
    case EPERM:
      return Error{Errc::kReadOnly, what + " " + path + ": this user has no permission"};
    case EROFS:
      return Error{Errc::kReadOnly, what + " " + path + ": the disk is read-only"};
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
      return Error{Errc::kDiskFull, what + " " + path + ": the disk is full"};
    default:
      return Error{Errc::kIo, what + " " + path + ": " + std::strerror(error)};
  }
}

bool Exists(const std::string& path) {
  struct stat status {};
  return stat(path.c_str(), &status) == 0;
}

Result<void> MakeDirectory(const std::string& path) {
  const std::filesystem::path parent = std::filesystem::absolute(path).parent_path();
  std::error_code error;
  std::filesystem::create_directories(parent, error);
  if (error) return FileError("cannot make the directory", parent.string(), error.value());
  if (mkdir(path.c_str(), 0700) != 0 && errno != EEXIST)
    return FileError("cannot make the data directory", path, errno);
  return {};
}

// A directory that others may enter is closed to them; one that is not ours to change is refused.
Result<void> CheckDirectory(const std::string& path) {
  struct stat status {};
  if (stat(path.c_str(), &status) != 0)
    return FileError("cannot open the data directory", path, errno);
  if (!S_ISDIR(status.st_mode))
    return Error{Errc::kConfigInvalid, "the data directory " + path + " is not a directory"};
  if ((status.st_mode & 0077) != 0 && chmod(path.c_str(), 0700) != 0)
    return FileError("cannot close to other users the data directory", path, errno);
  if (access(path.c_str(), R_OK | W_OK | X_OK) != 0)
    return FileError("cannot write in the data directory", path, errno);
  return {};
}

// Empty for an empty file.
std::string HolderOf(int lock) {
  char text[32] = {};
  const ssize_t size = pread(lock, text, sizeof text - 1, 0);
  if (size <= 0) return {};
  const std::string_view digits(text, static_cast<std::size_t>(size));
  return std::string(digits.substr(0, digits.find_first_not_of("0123456789")));
}

Result<int> TakeLock(const std::string& path) {
  const std::string name = path + "/lock";
  const int fd = open(name.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0) return FileError("cannot make", name, errno);
  if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
    const int error = errno;
    const std::string holder = HolderOf(fd);
    close(fd);
    if (error != EWOULDBLOCK) return FileError("cannot lock", name, error);
    return Error{Errc::kLocked, "a server is running on " + path +
                                    (holder.empty() ? std::string() : " (process " + holder + ")") +
                                    ": stop it first, or let it do the work"};
  }
  // Only for the sentence above: a full disk must not keep the server from starting.
  const std::string pid = std::to_string(getpid()) + "\n";
  if (ftruncate(fd, 0) != 0 || pwrite(fd, pid.data(), pid.size(), 0) < 0) errno = 0;
  return fd;
}

}  // namespace

Result<std::unique_ptr<DataDirectory>> DataDirectory::Open(const std::string& path, Mode mode) {
  if (mode == Mode::kCreate) LK_TRY(MakeDirectory(path));
  LK_TRY(CheckDirectory(path));
  std::unique_ptr<DataDirectory> directory(new DataDirectory(path));
  LK_ASSIGN(directory->lock_, TakeLock(path));
  // With data here, reads and renewals go on even on a full disk (threat-model row 66).
  if (auto reserve = directory->RestoreReserve(); !reserve && directory->is_empty())
    return std::move(reserve).error();
  return directory;
}

DataDirectory::~DataDirectory() {
  if (lock_ >= 0) close(lock_);
}

bool DataDirectory::is_dev() const { return Exists(path_ + "/DEV"); }

Result<void> DataDirectory::MarkDev() {
  const std::string name = path_ + "/DEV";
  const int fd = open(name.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) return FileError("cannot make", name, errno);
  const int failed = fsync(fd);
  close(fd);
  if (failed != 0) return FileError("cannot write", name, errno);
  return {};
}

bool DataDirectory::is_empty() const { return !Exists(database()); }

void DataDirectory::ReleaseReserve() { unlink((path_ + "/reserve").c_str()); }

Result<void> DataDirectory::RestoreReserve() {
  const std::string name = path_ + "/reserve";
  struct stat status {};
  if (stat(name.c_str(), &status) == 0 && status.st_size == kReserveBytes) return {};
  const int fd = open(name.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) return FileError("cannot make", name, errno);
  // Real blocks: a sparse file would free nothing.
  const int error = posix_fallocate(fd, 0, kReserveBytes);
  close(fd);
  if (error == 0) return {};
  unlink(name.c_str());
  return FileError("cannot set aside space in", name, error);
}

}  // namespace latchkey::store
