#pragma once

#include <list>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "store/database.h"

struct sqlite3;
struct sqlite3_stmt;

namespace latchkey::store {

// What a SQLite result code means to us. Ends the process on a failed fsync: what the kernel
// dropped is unknown, and a second fsync would claim success (threat-model row 67); the log is
// recovered at the next start.
Error FromSqlite(int code, sqlite3* db);

// One SQLite connection with prepared statements kept by text. Not thread-safe.
class SqliteConnection final : public Session {
 public:
  enum class Role {
    kWriter,  // reads, writes and checkpoints
    kReader,  // opened read-only; never checkpoints
  };

  // Opens an existing file and applies our settings. Errors as in sqlite_database.h.
  static Result<std::unique_ptr<SqliteConnection>> Open(const std::string& path, Role role,
                                                        std::size_t cache_kib);
  ~SqliteConnection() override;
  SqliteConnection(const SqliteConnection&) = delete;
  SqliteConnection& operator=(const SqliteConnection&) = delete;

  Result<void> Query(std::string_view sql, std::span<const Param> params,
                     const std::function<void(const Row&)>& each) override;
  Result<std::int64_t> Execute(std::string_view sql, std::span<const Param> params) override;
  bool writable() const override { return role_ == Role::kWriter; }
  void Announce(Announcement announcement) override;

  // What was announced since the last call.
  std::vector<Announcement> TakeAnnouncements() { return std::exchange(announcements_, {}); }

  // For BEGIN, COMMIT, PRAGMA and the like, without parameters.
  Result<void> Run(std::string_view sql);
  // The first column of the first row; empty without rows.
  Result<std::string> QueryText(std::string_view sql);
  bool in_transaction() const;

  // Copies committed pages into the database file. `restart` waits for readers, so that the log
  // starts over.
  Result<void> Checkpoint(bool restart);
  // Pages in the log after the last commit; the writer only.
  int log_pages() const { return log_pages_; }

  sqlite3* handle() const { return db_; }

 private:
  struct Statement;
  class Use;

  SqliteConnection(sqlite3* db, Role role) : db_(db), role_(role) {}
  Result<void> Configure(std::size_t cache_kib);
  Result<std::shared_ptr<Statement>> Prepare(std::string_view sql);
  Result<Use> Bind(std::string_view sql, std::span<const Param> params);

  sqlite3* db_;
  Role role_;
  std::list<std::shared_ptr<Statement>> recent_;  // newest use first
  std::unordered_map<std::string_view, std::list<std::shared_ptr<Statement>>::iterator> by_text_;
  std::vector<Announcement> announcements_;
  int log_pages_ = 0;
};

}  // namespace latchkey::store
