#include "store/sqlite/sqlite_database.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <condition_variable>
#include <cstdio>
#include <cstring>
#include <deque>
#include <thread>

#include "store/sqlite/checksum_vfs.h"
#include "store/sqlite/connection.h"

namespace latchkey::store {
namespace {

constexpr int kCheckpointPages = 1000;    // 4 MiB of log
constexpr int kRestartPages = 16 * 1024;  // 64 MiB: readers overlapped for long, wait for a gap

struct WriteJob {
  Database::Work work;
  Database::Done done;
  Result<void> result;
  std::vector<Announcement> announcements;
};

Error FileError(const std::string& what, const std::string& path) {
  const int error = errno;
  Errc code = Errc::kIo;
  if (error == ENOSPC || error == EDQUOT) code = Errc::kDiskFull;
  if (error == EROFS || error == EACCES || error == EPERM) code = Errc::kReadOnly;
  if (error == ENOENT) code = Errc::kNotFound;
  return Error{code, what + " " + path + ": " + std::strerror(error)};
}

// Owns a descriptor.
class File {
 public:
  explicit File(int fd) : fd_(fd) {}
  File(File&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  File& operator=(File&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~File() {
    if (fd_ >= 0) close(fd_);
  }
  int get() const { return fd_; }

 private:
  int fd_;
};

// Only one connection anywhere may write: held in a file beside the database, since closing another
// descriptor of the database file itself would drop SQLite's own locks.
Result<File> LockWriter(const std::string& path) {
  const std::string name = path + "-writer";
  File file(open(name.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (file.get() < 0) return FileError("cannot make", name);
  if (flock(file.get(), LOCK_EX | LOCK_NB) != 0)
    return Error{Errc::kLocked, "the database " + path + " is already open for writing"};
  return file;
}

Result<void> MakeFile(const SqliteOptions& options) {
  struct stat status {};
  if (stat(options.path.c_str(), &status) == 0) return {};
  if (errno != ENOENT) return FileError("cannot look at", options.path);
  if (!options.create) return Error{Errc::kNotFound, "there is no database at " + options.path};
  // Made here so that it, its log and its index are readable by its owner alone.
  const File file(open(options.path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (file.get() < 0) return FileError("cannot make", options.path);
  return {};
}

Result<void> SyncAndRename(const std::string& from, const std::string& to) {
  {
    const File file(open(from.c_str(), O_RDONLY | O_CLOEXEC));
    if (file.get() < 0 || fsync(file.get()) != 0) return FileError("cannot write", from);
  }
  if (rename(from.c_str(), to.c_str()) != 0) return FileError("cannot write", to);
  const auto slash = to.rfind('/');
  const std::string folder = slash == to.npos ? "." : to.substr(0, slash + 1);
  const File directory(open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (directory.get() < 0 || fsync(directory.get()) != 0) return FileError("cannot write", folder);
  return {};
}

class SqliteDatabase final : public Database {
 public:
  SqliteDatabase(SqliteOptions options, File lock)
      : options_(std::move(options)), lock_(std::move(lock)) {}
  ~SqliteDatabase() override { Close(); }

  Result<void> Start();

  bool Read(std::function<void(Session&)> work) override;
  void Write(Work work, Done done) override;
  void Observe(std::function<void(std::span<const Announcement>)> observer) override;
  Result<void> Backup(const std::string& path) override;
  Result<void> CheckIntegrity() override;
  Statistics statistics() const override;
  const Dialect& dialect() const override { return kSqliteDialect; }

 private:
  Result<std::unique_ptr<SqliteConnection>> OpenReader() const;
  std::size_t CacheShare() const { return options_.cache_kib / (options_.readers + 1); }
  void Close();
  void RunReader(SqliteConnection& connection);
  void RunWriter();
  void RunGroup(std::vector<WriteJob>& group);
  void RunJob(WriteJob& job);
  Result<void> CommitGroup(std::vector<WriteJob>& group);
  void Tidy();

  const SqliteOptions options_;
  File lock_;  // released last
  std::unique_ptr<SqliteConnection> writer_;
  std::vector<std::unique_ptr<SqliteConnection>> readers_;
  std::vector<std::thread> threads_;
  std::thread writer_thread_;

  mutable std::mutex mutex_;
  std::condition_variable reads_wake_;
  std::condition_variable writes_wake_;
  std::deque<std::function<void(Session&)>> reads_;
  std::deque<WriteJob> writes_;
  bool closing_ = false;

  std::mutex observers_mutex_;
  std::vector<std::function<void(std::span<const Announcement>)>> observers_;

  std::atomic<std::uint64_t> read_count_{0}, write_count_{0}, group_count_{0};
};

Result<void> SqliteDatabase::Start() {
  LK_ASSIGN(writer_,
            SqliteConnection::Open(options_.path, SqliteConnection::Role::kWriter, CacheShare()));
  // Recovers the log of a crash now, before a read-only connection would need it.
  LK_TRY(writer_->QueryText("SELECT count(*) FROM sqlite_schema"));
  for (unsigned i = 0; i < std::max(options_.readers, 1u); ++i) {
    LK_ASSIGN(auto reader, OpenReader());
    readers_.push_back(std::move(reader));
  }
  for (auto& reader : readers_) threads_.emplace_back([this, &reader] { RunReader(*reader); });
  writer_thread_ = std::thread([this] { RunWriter(); });
  return {};
}

Result<std::unique_ptr<SqliteConnection>> SqliteDatabase::OpenReader() const {
  return SqliteConnection::Open(options_.path, SqliteConnection::Role::kReader, CacheShare());
}

// Finishes what was taken, readers first: the writer is the last connection and leaves an empty
// log.
void SqliteDatabase::Close() {
  {
    const std::lock_guard lock(mutex_);
    closing_ = true;
  }
  reads_wake_.notify_all();
  writes_wake_.notify_all();
  for (auto& thread : threads_) thread.join();
  if (writer_thread_.joinable()) writer_thread_.join();
  readers_.clear();
  if (!writer_) return;
  if (const auto result = writer_->Checkpoint(true); !result)
    std::fprintf(
        stderr, "latchkey: the log was not merged at shutdown (it will be at the next start): %s\n",
        result.error().detail.c_str());
  writer_.reset();
}

bool SqliteDatabase::Read(std::function<void(Session&)> work) {
  {
    const std::lock_guard lock(mutex_);
    if (closing_ || reads_.size() >= options_.queue_limit) return false;
    reads_.push_back(std::move(work));
  }
  reads_wake_.notify_one();
  return true;
}

void SqliteDatabase::Write(Work work, Done done) {
  {
    const std::lock_guard lock(mutex_);
    if (!closing_ && writes_.size() < options_.queue_limit) {
      writes_.push_back({std::move(work), std::move(done), {}, {}});
      writes_wake_.notify_one();
      return;
    }
  }
  done(Error{Errc::kUnavailable, "the database takes no more writes"});
}

void SqliteDatabase::Observe(std::function<void(std::span<const Announcement>)> observer) {
  const std::lock_guard lock(observers_mutex_);
  observers_.push_back(std::move(observer));
}

void SqliteDatabase::RunReader(SqliteConnection& connection) {
  for (;;) {
    std::function<void(Session&)> work;
    {
      std::unique_lock lock(mutex_);
      reads_wake_.wait(lock, [&] { return closing_ || !reads_.empty(); });
      if (reads_.empty()) return;
      work = std::move(reads_.front());
      reads_.pop_front();
    }
    // Without a transaction each statement still reads committed data; a failed BEGIN shows again
    // in the work's queries.
    const bool begun = connection.Run("BEGIN").has_value();
    try {
      work(connection);
    } catch (const std::exception& e) {
      std::fprintf(stderr, "latchkey: a read ended by an exception: %s\n", e.what());
    }
    if (begun && connection.in_transaction() && !connection.Run("COMMIT"))
      std::fprintf(stderr, "latchkey: a read transaction did not end\n");
    read_count_.fetch_add(1, std::memory_order_relaxed);
  }
}

void SqliteDatabase::RunWriter() {
  std::vector<WriteJob> group;
  for (;;) {
    {
      std::unique_lock lock(mutex_);
      writes_wake_.wait(lock, [&] { return closing_ || !writes_.empty(); });
      if (writes_.empty()) return;
      while (!writes_.empty() && group.size() < options_.group_limit) {
        group.push_back(std::move(writes_.front()));
        writes_.pop_front();
      }
    }
    RunGroup(group);
    group.clear();
    Tidy();
  }
}

void SqliteDatabase::RunGroup(std::vector<WriteJob>& group) {
  const Result<void> committed = CommitGroup(group);
  std::vector<Announcement> announcements;
  if (!committed) {
    if (writer_->in_transaction() && !writer_->Run("ROLLBACK"))
      std::fprintf(stderr, "latchkey: a failed group of writes could not be rolled back\n");
    writer_->TakeAnnouncements();
    for (auto& job : group) job.result = committed.error();
  } else {
    for (auto& job : group)
      std::move(job.announcements.begin(), job.announcements.end(),
                std::back_inserter(announcements));
  }
  if (!announcements.empty()) {
    std::vector<std::function<void(std::span<const Announcement>)>> observers;
    {
      const std::lock_guard lock(observers_mutex_);
      observers = observers_;
    }
    for (const auto& observer : observers) observer(announcements);
  }
  write_count_.fetch_add(group.size(), std::memory_order_relaxed);
  group_count_.fetch_add(1, std::memory_order_relaxed);
  const auto around = options_.around_answers ? options_.around_answers() : nullptr;
  for (auto& job : group) job.done(std::move(job.result));
}

Result<void> SqliteDatabase::CommitGroup(std::vector<WriteJob>& group) {
  LK_TRY(writer_->Run("BEGIN IMMEDIATE"));
  for (auto& job : group) {
    LK_TRY(writer_->Run("SAVEPOINT job"));
    RunJob(job);
    job.announcements = writer_->TakeAnnouncements();
    if (!job.result) {
      job.announcements.clear();
      // A full disk or an I/O error may have ended the whole transaction: then nothing of the group
      // is left.
      if (!writer_->in_transaction()) return job.result.error();
      LK_TRY(writer_->Run("ROLLBACK TO job"));
    }
    LK_TRY(writer_->Run("RELEASE job"));
  }
  return writer_->Run("COMMIT");
}

void SqliteDatabase::RunJob(WriteJob& job) {
  try {
    job.result = job.work(*writer_);
  } catch (const std::exception& e) {
    job.result = Error{Errc::kInternal, e.what()};
  }
}

// The group is durable in the log already, so a full disk here costs space and not data: tried
// again after the next group.
void SqliteDatabase::Tidy() {
  if (writer_->log_pages() < kCheckpointPages) return;
  const auto result = writer_->Checkpoint(writer_->log_pages() >= kRestartPages);
  if (!result && result.error().code == Errc::kDamaged)
    std::fprintf(stderr, "latchkey: %s\n", result.error().detail.c_str());
}

Result<void> SqliteDatabase::Backup(const std::string& path) {
  LK_ASSIGN(const auto source, OpenReader());
  // One snapshot for the whole copy: without it, each commit meanwhile would start the copy over.
  LK_TRY(source->Run("BEGIN"));
  LK_TRY(source->QueryText("SELECT count(*) FROM sqlite_schema"));
  const std::string partial = path + ".partial";
  unlink(partial.c_str());
  SqliteOptions made;
  made.path = partial;
  made.create = true;
  LK_TRY(MakeFile(made));
  sqlite3* target = nullptr;
  int code = sqlite3_open_v2(partial.c_str(), &target,
                             SQLITE_OPEN_READWRITE | SQLITE_OPEN_EXRESCODE, ChecksumVfs());
  if (code == SQLITE_OK) {
    sqlite3_backup* backup = sqlite3_backup_init(target, "main", source->handle(), "main");
    code = backup ? sqlite3_backup_step(backup, -1) : sqlite3_extended_errcode(target);
    if (code == SQLITE_DONE) code = SQLITE_OK;
    if (backup) {
      const int finished = sqlite3_backup_finish(backup);
      if (code == SQLITE_OK) code = finished;
    }
  }
  Result<void> result;
  if (code != SQLITE_OK) result = FromSqlite(code, target);
  sqlite3_close(target);
  if (result) result = SyncAndRename(partial, path);
  if (!result) unlink(partial.c_str());
  return result;
}

Result<void> SqliteDatabase::CheckIntegrity() {
  LK_ASSIGN(const auto connection, OpenReader());
  std::string problems;
  const auto add = [&](const Row& row) {
    if (row.Text(0) != "ok") problems.append(problems.empty() ? "" : "; ").append(row.Text(0));
  };
  LK_TRY(connection->Query("PRAGMA integrity_check(20)", {}, add));
  LK_TRY(connection->Query("PRAGMA foreign_key_check", {}, [&](const Row& row) {
    problems.append(problems.empty() ? "" : "; ")
        .append("a row of ")
        .append(row.Text(0))
        .append(" lacks its ")
        .append(row.Text(2));
  }));
  if (!problems.empty()) return Error{Errc::kDamaged, "the database is damaged: " + problems};
  return {};
}

Database::Statistics SqliteDatabase::statistics() const {
  const std::lock_guard lock(mutex_);
  return {read_count_, write_count_, group_count_, writes_.size(), reads_.size()};
}

}  // namespace

Result<std::unique_ptr<Database>> OpenSqlite(const SqliteOptions& options) {
  if (sqlite3_threadsafe() == 0) return Error{Errc::kInternal, "SQLite was built without threads"};
  LK_TRY(MakeFile(options));
  LK_ASSIGN(File lock, LockWriter(options.path));
  auto database = std::make_unique<SqliteDatabase>(options, std::move(lock));
  LK_TRY(database->Start());
  return std::unique_ptr<Database>(std::move(database));
}

Result<void> RenewSqliteChecksums(const std::string& path) {
  SqliteOptions existing;
  existing.path = path;
  LK_TRY(MakeFile(existing));
  LK_ASSIGN(const File lock, LockWriter(path));
  // Without our layer: what SQLite itself makes of the pages. Closing merges the log.
  sqlite3* db = nullptr;
  int code =
      sqlite3_open_v2(path.c_str(), &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_EXRESCODE, nullptr);
  std::string verdict;
  if (code == SQLITE_OK)
    code = sqlite3_exec(
        db, "PRAGMA integrity_check(1)",
        [](void* out, int, char** values, char**) {
          *static_cast<std::string*>(out) = values[0] ? values[0] : "";
          return 0;
        },
        &verdict, nullptr);
  Result<void> result;
  if (code != SQLITE_OK)
    result = FromSqlite(code, db);
  else if (verdict != "ok")
    result = Error{Errc::kDamaged, "the database is really damaged, restore a backup: " + verdict};
  sqlite3_close(db);
  LK_TRY(std::move(result));
  const File file(open(path.c_str(), O_RDWR | O_CLOEXEC));
  if (file.get() < 0 || !RenewChecksums(file.get()))
    return FileError("cannot renew the checksums of", path);
  return {};
}

}  // namespace latchkey::store
