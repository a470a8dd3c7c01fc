#include "latchkey/backup.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "latchkey/sealed_stream.h"

namespace latchkey::app {
namespace {

Error FileError(const std::string& what, const std::string& path) {
  const int error = errno;
  Errc code = Errc::kIo;
  if (error == ENOSPC || error == EDQUOT) code = Errc::kDiskFull;
  if (error == EROFS || error == EACCES || error == EPERM) code = Errc::kReadOnly;
  if (error == ENOENT) code = Errc::kNotFound;
  return Error{code, what + " " + path + ": " + std::strerror(error)};
}

class File {
 public:
  explicit File(int fd) : fd_(fd) {}
  ~File() {
    if (fd_ >= 0) close(fd_);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  int get() const { return fd_; }

 private:
  int fd_;
};

// Gone when it goes out of scope, unless kept.
class TemporaryFile {
 public:
  explicit TemporaryFile(std::string path) : path_(std::move(path)) { unlink(path_.c_str()); }
  ~TemporaryFile() {
    if (!path_.empty()) unlink(path_.c_str());
  }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  const std::string& path() const { return path_; }
  Result<void> KeepAs(const std::string& path) {
    // A link, not a rename: a file that appeared meanwhile is not replaced.
    if (link(path_.c_str(), path.c_str()) != 0) return FileError("cannot write", path);
    const std::string folder = std::filesystem::path(path).parent_path().string();
    const File directory(open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (directory.get() < 0 || fsync(directory.get()) != 0)
      return FileError("cannot write", folder);
    return {};
  }

 private:
  std::string path_;
};

Result<void> WriteAll(int fd, ByteView bytes, const std::string& path) {
  while (!bytes.empty()) {
    const ssize_t size = write(fd, bytes.data(), bytes.size());
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return FileError("cannot write", path);
    bytes = bytes.subspan(static_cast<std::size_t>(size));
  }
  return {};
}

// Up to `size` bytes; fewer only at the end.
Result<Bytes> ReadUpTo(int fd, std::size_t size, const std::string& path) {
  Bytes bytes(size);
  std::size_t have = 0;
  while (have < size) {
    const ssize_t got = read(fd, bytes.data() + have, size - have);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return FileError("cannot read", path);
    if (got == 0) break;
    have += static_cast<std::size_t>(got);
  }
  bytes.resize(have);
  return bytes;
}

}  // namespace

Result<void> SealFile(const std::string& from, const std::string& to, const store::MasterKey& key,
                      Random& random) {
  const File in(open(from.c_str(), O_RDONLY | O_CLOEXEC));
  if (in.get() < 0) return FileError("cannot read", from);
  const File out(open(to.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (out.get() < 0) return FileError("cannot make", to);
  LK_TRY(SealStream([&](std::size_t size) { return ReadUpTo(in.get(), size, from); },
                    [&](ByteView bytes) { return WriteAll(out.get(), bytes, to); }, key, random));
  if (fsync(out.get()) != 0) return FileError("cannot write", to);
  return {};
}

Result<void> OpenSealedFile(const std::string& from, const std::string& to,
                            const store::MasterKey& key) {
  const File in(open(from.c_str(), O_RDONLY | O_CLOEXEC));
  if (in.get() < 0) return FileError("cannot read", from);
  const File out(open(to.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (out.get() < 0) return FileError("cannot make", to);
  auto opened = OpenStream([&](std::size_t size) { return ReadUpTo(in.get(), size, from); },
                           [&](ByteView bytes) { return WriteAll(out.get(), bytes, to); }, key);
  if (!opened && opened.error().code == Errc::kMalformed)
    return Error{Errc::kMalformed, from + " is not a backup made by `latchkey backup`"};
  if (!opened && opened.error().code == Errc::kWrongKey)
    return Error{Errc::kWrongKey, from +
                                      " does not open: the master key is another one than when it "
                                      "was made, or the file was changed"};
  LK_TRY(opened);
  if (fsync(out.get()) != 0) return FileError("cannot write", to);
  return {};
}

Result<std::string> WriteBackup(const Installation& installation,
                                const Configuration& configuration, const std::string& path,
                                Random& random) {
  struct stat status {};
  if (stat(path.c_str(), &status) == 0)
    return Error{Errc::kConflict, "there is a file at " + path + " already: choose another name"};
  LK_ASSIGN(const auto key, MasterKeyFor(*installation.directory, configuration));
  const TemporaryFile copy(installation.directory->path() + "/backup.copy");
  LK_TRY(installation.database->Backup(copy.path()));
  TemporaryFile sealed(path + ".partial");
  LK_TRY(SealFile(copy.path(), sealed.path(), key, random));
  LK_TRY(sealed.KeepAs(path));
  return "backup written to " + path +
         "; it opens with this installation's master key only, so keep a copy of that elsewhere";
}

Result<std::string> RestoreBackup(const Configuration& configuration, const std::string& path) {
  LK_ASSIGN(const auto directory,
            store::DataDirectory::Open(configuration.data, store::DataDirectory::Mode::kCreate));
  if (!directory->is_empty())
    return Error{Errc::kConflict, "there is data in " + configuration.data +
                                      " already: restore into an empty directory (--data)"};
  LK_ASSIGN(const auto key, MasterKeyFor(*directory, configuration));
  TemporaryFile opened(directory->database() + ".restoring");
  LK_TRY(OpenSealedFile(path, opened.path(), key));
  LK_TRY(opened.KeepAs(directory->database()));
  return "restored " + path + " into " + configuration.data +
         ": `latchkey doctor` checks it, "
         "`latchkey serve` starts it";
}

}  // namespace latchkey::app
