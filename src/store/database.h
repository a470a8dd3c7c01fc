#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "base/time.h"
#include "base/uuid.h"
#include "store/dialect.h"

namespace latchkey::store {

// What both engines store. Booleans are 0/1, times int64 microseconds, ids 16 bytes, JSON compact
// text.
using Param = std::variant<std::monostate, std::int64_t, std::string, Bytes>;

inline Param ToParam(std::int64_t v) { return v; }
inline Param ToParam(int v) { return std::int64_t{v}; }
inline Param ToParam(bool v) { return std::int64_t{v}; }
inline Param ToParam(std::string v) { return v; }
inline Param ToParam(std::string_view v) { return std::string(v); }
inline Param ToParam(const char* v) { return std::string(v); }
inline Param ToParam(Bytes v) { return v; }
inline Param ToParam(ByteView v) { return Bytes(v.begin(), v.end()); }
inline Param ToParam(const Uuid& v) { return Bytes(v.bytes().begin(), v.bytes().end()); }
inline Param ToParam(TimePoint v) { return base::UnixMicros(v); }
template <class T>
Param ToParam(const std::optional<T>& v) {
  return v ? ToParam(*v) : Param{};
}
template <class... T>
std::vector<Param> Params(const T&... values) {
  return {ToParam(values)...};
}

// The current row, valid inside the callback it is passed to. Columns count from 0.
class Row {
 public:
  virtual ~Row() = default;
  virtual bool IsNull(int column) const = 0;
  virtual std::int64_t Int(int column) const = 0;       // 0 for null
  virtual std::string_view Text(int column) const = 0;  // empty for null
  virtual ByteView Blob(int column) const = 0;          // empty for null
  bool Bool(int column) const { return Int(column) != 0; }
  TimePoint Time(int column) const { return base::FromUnixMicros(Int(column)); }
  std::optional<TimePoint> OptionalTime(int column) const {
    return IsNull(column) ? std::nullopt : std::optional(Time(column));
  }
  Uuid Id(int column) const { return Uuid::FromBytes(Blob(column)).value_or(Uuid()); }
  std::optional<Uuid> OptionalId(int column) const {
    return IsNull(column) ? std::nullopt : std::optional(Id(column));
  }
};

// One connection inside one transaction. Not thread-safe; lives on the thread that was handed it.
// `sql` is a literal or built from literals only, with parameters $1..$n (the common subset of
// SQLite and PostgreSQL: RETURNING and ON CONFLICT exist in both). Statements are cached by text.
// Errors: kConflict (unique index; `detail` names the columns or index), kUnavailable (busy,
// connection lost), kDiskFull, kReadOnly, kDamaged, kInternal.
class Session {
 public:
  virtual ~Session() = default;
  virtual Result<void> Query(std::string_view sql, std::span<const Param> params,
                             const std::function<void(const Row&)>& each) = 0;
  // Runs to the end; the number of rows changed.
  virtual Result<std::int64_t> Execute(std::string_view sql,
                                       std::span<const Param> params = {}) = 0;
  // True in a write transaction.
  virtual bool writable() const = 0;
  // State that the running write wants observers to see after the commit (outbox rows). Ignored in
  // reads.
  virtual void Announce(struct Announcement announcement) = 0;
};

// A committed change, as observers get it: one per outbox row.
struct Announcement {
  std::int64_t sequence = 0;  // the outbox row
  std::string kind;           // "license.suspended", or an internal kind (decision 21)
  std::string resource_type;  // "licenses"
  Uuid account_id;
  Uuid resource_id;
  std::vector<Uuid> license_ids;  // licenses whose read model this change makes stale
  bool all = false;               // the whole account is stale (import, policy or product change)
};

// One database. All members are thread-safe.
class Database {
 public:
  using Work = std::function<Result<void>(Session&)>;
  using Done = std::function<void(Result<void>)>;

  virtual ~Database() = default;

  // Runs `work` on a reader thread in one snapshot, then nothing more: `work` answers for itself.
  // When the queue is full or the database is closing, returns false and drops `work`.
  virtual bool Read(std::function<void(Session&)> work) = 0;

  // Runs `work` in the writer lane, in its own savepoint of a group that commits together. An error
  // from `work` undoes its changes alone. `done` gets that error, or success after the group is
  // durable, or the group's failure (nothing kept); it runs on the writer thread: hand long work
  // elsewhere. Order of writes = order of calls. When the queue is full or the database is closing,
  // `work` is dropped and `done` gets kUnavailable on the calling thread.
  virtual void Write(Work work, Done done) = 0;

  // The same, waiting for the result: for tools, jobs and tests; never on an I/O or writer thread.
  Result<void> ReadNow(const Work& work);
  Result<void> WriteNow(const Work& work);

  // Called on the writer thread after each durable group, before its `done` callbacks, in commit
  // order.
  virtual void Observe(std::function<void(std::span<const Announcement>)> observer) = 0;

  // Copies the live database to `path` (online backup); readers and writers go on.
  virtual Result<void> Backup(const std::string& path) = 0;
  // Full integrity check; kDamaged with the engine's words.
  virtual Result<void> CheckIntegrity() = 0;

  struct Statistics {
    std::uint64_t reads = 0, writes = 0, groups = 0, write_queue = 0, read_queue = 0;
  };
  virtual Statistics statistics() const = 0;

  // The engine's words for the schema.
  virtual const Dialect& dialect() const = 0;
};

}  // namespace latchkey::store
