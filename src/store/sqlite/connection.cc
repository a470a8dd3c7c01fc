#include "store/sqlite/connection.h"

#include <sqlite3.h>

#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstdlib>

#include "store/sqlite/checksum_vfs.h"

namespace latchkey::store {
namespace {

constexpr std::size_t kCachedStatements = 256;
constexpr int kBusyMillis = 5000;

// "UNIQUE constraint failed: machines.license_id, machines.fingerprint" without the words before
// the columns.
std::string ConstraintDetail(const char* message) {
  const std::string_view text = message ? message : "";
  const auto colon = text.find(": ");
  return std::string(colon == text.npos ? text : text.substr(colon + 2));
}

[[noreturn]] void EndAfterFsync(sqlite3* db) {
  std::fprintf(stderr,
               "latchkey: the disk refused to make data durable (fsync: %s). Nothing unconfirmed "
               "was acknowledged. "
               "Stopping now; the database recovers from its log at the next start.\n",
               db ? sqlite3_errmsg(db) : "unknown");
  std::fflush(stderr);
  std::_Exit(74);  // EX_IOERR
}

// A read-only connection could still move the log: it may not even ask to (threat-model row 69).
int RefuseCheckpoints(void*, int action, const char* name, const char* value, const char*,
                      const char*) {
  if (action == SQLITE_ATTACH) return SQLITE_DENY;
  if (action != SQLITE_PRAGMA) return SQLITE_OK;
  const std::string_view pragma = name ? name : "";
  if (pragma == "wal_checkpoint") return SQLITE_DENY;
  return value && (pragma == "wal_autocheckpoint" || pragma == "query_only") ? SQLITE_DENY
                                                                             : SQLITE_OK;
}

Errc IoErrc(sqlite3* db) {
  const int error = db ? sqlite3_system_errno(db) : 0;
  return error == EROFS ? Errc::kReadOnly : Errc::kUnavailable;
}

class SqliteRow final : public Row {
 public:
  explicit SqliteRow(sqlite3_stmt* statement) : statement_(statement) {}
  bool IsNull(int column) const override {
    return sqlite3_column_type(statement_, column) == SQLITE_NULL;
  }
  std::int64_t Int(int column) const override { return sqlite3_column_int64(statement_, column); }
  std::string_view Text(int column) const override {
    const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement_, column));
    if (!text) return {};
    return {text, static_cast<std::size_t>(sqlite3_column_bytes(statement_, column))};
  }
  ByteView Blob(int column) const override {
    const auto* bytes = static_cast<const std::uint8_t*>(sqlite3_column_blob(statement_, column));
    if (!bytes) return {};
    return {bytes, static_cast<std::size_t>(sqlite3_column_bytes(statement_, column))};
  }

 private:
  sqlite3_stmt* statement_;
};

int BindOne(sqlite3_stmt* statement, int index, const Param& param) {
  struct Visitor {
    sqlite3_stmt* statement;
    int index;
    int operator()(std::monostate) const { return sqlite3_bind_null(statement, index); }
    int operator()(std::int64_t v) const { return sqlite3_bind_int64(statement, index, v); }
    int operator()(const std::string& v) const {
      return sqlite3_bind_text64(statement, index, v.data(), v.size(), SQLITE_STATIC, SQLITE_UTF8);
    }
    int operator()(const Bytes& v) const {
      // A null pointer would bind NULL.
      return sqlite3_bind_blob64(statement, index,
                                 v.empty() ? "" : static_cast<const void*>(v.data()), v.size(),
                                 SQLITE_STATIC);
    }
  };
  return std::visit(Visitor{statement, index}, param);
}

}  // namespace

Error FromSqlite(int code, sqlite3* db) {
  const char* message = db ? sqlite3_errmsg(db) : sqlite3_errstr(code);
  switch (code) {
    case SQLITE_IOERR_FSYNC:
    case SQLITE_IOERR_DIR_FSYNC:
      EndAfterFsync(db);
    case SQLITE_IOERR_DATA:
      return Error{
          Errc::kDamaged,
          "the database is damaged, or was written by another program: a page fails its checksum"};
    case SQLITE_CONSTRAINT_UNIQUE:
    case SQLITE_CONSTRAINT_PRIMARYKEY:
    case SQLITE_CONSTRAINT_ROWID:
      return Error{Errc::kConflict, ConstraintDetail(message)};
    case SQLITE_CONSTRAINT_FOREIGNKEY:
      return Error{Errc::kConflict, "foreign key"};
    default:
      break;
  }
  switch (code & 0xff) {
    case SQLITE_FULL:
      return Error{Errc::kDiskFull, "the disk that holds the database is full"};
    case SQLITE_CORRUPT:
      return Error{Errc::kDamaged, std::string("the database is damaged: ") + message};
    case SQLITE_NOTADB:
      return Error{Errc::kDamaged, "the database file is damaged: it is not a database"};
    case SQLITE_READONLY:
      return Error{Errc::kReadOnly, "the database cannot be written"};
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return Error{Errc::kUnavailable, "the database is busy"};
    case SQLITE_IOERR:
      return Error{IoErrc(db),
                   std::string("the database file could not be read or written: ") + message};
    case SQLITE_CANTOPEN:
      return Error{Errc::kIo, std::string("the database file could not be opened: ") + message};
    case SQLITE_NOMEM:
    case SQLITE_INTERRUPT:
      return Error{Errc::kUnavailable, message};
    default:
      return Error{Errc::kInternal, message};
  }
}

struct SqliteConnection::Statement {
  std::string text;
  sqlite3_stmt* handle = nullptr;
  // Parameter numbers in the order of SQLite's indexes: it numbers `$2 $1` by appearance, we by
  // name.
  std::vector<std::size_t> numbers;
  std::size_t parameters = 0;
  bool in_use = false;

  Statement() = default;
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;
  ~Statement() { sqlite3_finalize(handle); }
};

// A statement with its parameters bound; reset when it goes, so that no read snapshot stays open.
class SqliteConnection::Use {
 public:
  explicit Use(std::shared_ptr<Statement> statement) : statement_(std::move(statement)) {
    statement_->in_use = true;
  }
  Use(Use&& other) noexcept : statement_(std::move(other.statement_)) {}
  Use& operator=(Use&&) = delete;
  ~Use() {
    if (!statement_) return;
    sqlite3_reset(statement_->handle);
    sqlite3_clear_bindings(statement_->handle);
    statement_->in_use = false;
  }
  sqlite3_stmt* handle() const { return statement_->handle; }

 private:
  std::shared_ptr<Statement> statement_;
};

Result<std::unique_ptr<SqliteConnection>> SqliteConnection::Open(const std::string& path, Role role,
                                                                 std::size_t cache_kib) {
  sqlite3* db = nullptr;
  const int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE |
                    (role == Role::kWriter ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY);
  const int code = sqlite3_open_v2(path.c_str(), &db, flags, ChecksumVfs());
  std::unique_ptr<SqliteConnection> connection(new SqliteConnection(db, role));
  if (code != SQLITE_OK) return FromSqlite(code, db);
  LK_TRY(connection->Configure(cache_kib));
  return connection;
}

SqliteConnection::~SqliteConnection() {
  by_text_.clear();
  recent_.clear();
  sqlite3_close(db_);
}

Result<void> SqliteConnection::Configure(std::size_t cache_kib) {
  sqlite3_busy_timeout(db_, kBusyMillis);
  sqlite3_db_config(db_, SQLITE_DBCONFIG_DQS_DDL, 0, nullptr);
  sqlite3_db_config(db_, SQLITE_DBCONFIG_DQS_DML, 0, nullptr);
  sqlite3_db_config(db_, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  sqlite3_db_config(db_, SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0, nullptr);
  LK_TRY(Run("PRAGMA trusted_schema=OFF"));
  LK_TRY(Run("PRAGMA cell_size_check=ON"));
  LK_TRY(Run("PRAGMA foreign_keys=ON"));
  LK_TRY(Run("PRAGMA temp_store=MEMORY"));
  LK_TRY(Run("PRAGMA cache_size=-" + std::to_string(std::max<std::size_t>(cache_kib, 256))));
  if (role_ == Role::kReader) {
    sqlite3_wal_autocheckpoint(db_, 0);
    sqlite3_db_config(db_, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
    LK_TRY(Run("PRAGMA query_only=ON"));
    sqlite3_set_authorizer(db_, RefuseCheckpoints, nullptr);
    return {};
  }
  if (sqlite3_db_readonly(db_, "main") != 0)
    return Error{Errc::kReadOnly, "the database file cannot be written"};
  if (!ReserveChecksums(db_)) return FromSqlite(sqlite3_extended_errcode(db_), db_);
  LK_ASSIGN(const std::string mode, QueryText("PRAGMA journal_mode=WAL"));
  if (mode != "wal")
    return Error{Errc::kIo,
                 "the disk that holds the database cannot share memory maps (a network drive?): "
                 "journal mode is " +
                     mode + ", not wal"};
  LK_TRY(Run("PRAGMA synchronous=FULL"));
  LK_TRY(Run("PRAGMA secure_delete=FAST"));
  LK_TRY(Run("PRAGMA journal_size_limit=67108864"));
  // Instead of the automatic checkpoint inside COMMIT: the writer checkpoints after it has
  // answered.
  sqlite3_wal_hook(
      db_,
      [](void* self, sqlite3*, const char*, int pages) {
        static_cast<SqliteConnection*>(self)->log_pages_ = pages;
        return SQLITE_OK;
      },
      this);
  return {};
}

Result<std::shared_ptr<SqliteConnection::Statement>> SqliteConnection::Prepare(
    std::string_view sql) {
  const auto found = by_text_.find(sql);
  if (found != by_text_.end() && !(*found->second)->in_use) {
    recent_.splice(recent_.begin(), recent_, found->second);
    return recent_.front();
  }
  auto statement = std::make_shared<Statement>();
  statement->text = sql;
  const char* tail = nullptr;
  const int code =
      sqlite3_prepare_v3(db_, statement->text.c_str(), static_cast<int>(statement->text.size()) + 1,
                         SQLITE_PREPARE_PERSISTENT, &statement->handle, &tail);
  if (code != SQLITE_OK) return FromSqlite(code, db_);
  if (!statement->handle ||
      std::string_view(tail).find_first_not_of(" \n\t;") != std::string_view::npos)
    return Error{Errc::kInternal, "not exactly one SQL statement"};
  const int count = sqlite3_bind_parameter_count(statement->handle);
  for (int i = 1; i <= count; ++i) {
    const char* name = sqlite3_bind_parameter_name(statement->handle, i);
    const std::string_view digits = name && *name == '$' ? name + 1 : "";
    std::size_t number = 0;
    std::from_chars(digits.data(), digits.data() + digits.size(), number);
    if (number == 0) return Error{Errc::kInternal, "SQL parameters are $1, $2, ..."};
    statement->numbers.push_back(number);
    statement->parameters = std::max(statement->parameters, number);
  }
  if (found != by_text_.end())
    return statement;  // the kept one is running: this one lives for one use
  recent_.push_front(statement);
  by_text_[statement->text] = recent_.begin();
  if (recent_.size() > kCachedStatements) {
    by_text_.erase(recent_.back()->text);
    recent_.pop_back();
  }
  return statement;
}

Result<SqliteConnection::Use> SqliteConnection::Bind(std::string_view sql,
                                                     std::span<const Param> params) {
  LK_ASSIGN(auto statement, Prepare(sql));
  if (statement->parameters != params.size())
    return Error{Errc::kInternal, "SQL needs " + std::to_string(statement->parameters) +
                                      " parameters, not " + std::to_string(params.size())};
  Use use(statement);
  for (std::size_t i = 0; i < statement->numbers.size(); ++i) {
    const int code =
        BindOne(statement->handle, static_cast<int>(i) + 1, params[statement->numbers[i] - 1]);
    if (code != SQLITE_OK) return FromSqlite(code, db_);
  }
  return use;
}

Result<void> SqliteConnection::Query(std::string_view sql, std::span<const Param> params,
                                     const std::function<void(const Row&)>& each) {
  LK_ASSIGN(const Use use, Bind(sql, params));
  const SqliteRow row(use.handle());
  for (;;) {
    const int code = sqlite3_step(use.handle());
    if (code == SQLITE_DONE) return {};
    if (code != SQLITE_ROW) return FromSqlite(code, db_);
    each(row);
  }
}

Result<std::int64_t> SqliteConnection::Execute(std::string_view sql,
                                               std::span<const Param> params) {
  LK_ASSIGN(const Use use, Bind(sql, params));
  const std::int64_t before = sqlite3_total_changes64(db_);
  for (;;) {
    const int code = sqlite3_step(use.handle());
    if (code == SQLITE_DONE) break;
    if (code != SQLITE_ROW) return FromSqlite(code, db_);
  }
  // sqlite3_changes64 keeps the previous statement's number when this one changed no row.
  return sqlite3_total_changes64(db_) == before ? 0 : sqlite3_changes64(db_);
}

void SqliteConnection::Announce(Announcement announcement) {
  if (writable()) announcements_.push_back(std::move(announcement));
}

Result<void> SqliteConnection::Run(std::string_view sql) {
  LK_TRY(Execute(sql, {}));
  return {};
}

Result<std::string> SqliteConnection::QueryText(std::string_view sql) {
  std::string text;
  bool first = true;
  LK_TRY(Query(sql, {}, [&](const Row& row) {
    if (std::exchange(first, false)) text = row.Text(0);
  }));
  return text;
}

bool SqliteConnection::in_transaction() const { return sqlite3_get_autocommit(db_) == 0; }

Result<void> SqliteConnection::Checkpoint(bool restart) {
  const int mode = restart ? SQLITE_CHECKPOINT_TRUNCATE : SQLITE_CHECKPOINT_PASSIVE;
  if (restart) sqlite3_busy_timeout(db_, 100);
  int log = 0;
  int copied = 0;
  const int code = sqlite3_wal_checkpoint_v2(db_, "main", mode, &log, &copied);
  if (restart) sqlite3_busy_timeout(db_, kBusyMillis);
  if (code != SQLITE_OK && (code & 0xff) != SQLITE_BUSY) return FromSqlite(code, db_);
  log_pages_ = std::max(0, log - copied);
  return {};
}

}  // namespace latchkey::store
