#pragma once

#include <functional>
#include <memory>
#include <string>

#include "store/database.h"

namespace latchkey::store {

struct SqliteOptions {
  std::string path;  // the database file; made when missing and `create` is set
  bool create = false;
  unsigned readers = 2;           // reader threads, each with a read-only connection
  std::size_t group_limit = 128;  // writes that share one commit at most
  std::size_t queue_limit = 4096;
  std::size_t cache_kib = 16 * 1024;  // page cache over all connections
  // Called on the writer thread when a group is durable; what it returns lives until the `done`
  // callbacks of that group have run. Unset: nothing.
  std::function<std::shared_ptr<void>()> around_answers{};
};

// The embedded engine: exactly one connection writes and checkpoints (threat-model row 69), readers
// are read-only, WAL, synchronous=FULL, group commit. An fsync error ends the process after logging
// (row 67). Fails with kLocked, kReadOnly, kDamaged, kDiskFull, kIo: `detail` is a sentence for the
// operator.
Result<std::unique_ptr<Database>> OpenSqlite(const SqliteOptions& options);

// Takes over a database that another SQLite program has written, such as the sqlite3 shell merging
// the log of a stopped server: its pages then fail our checksums although they are sound. Runs
// SQLite's own full check first and changes nothing unless it passes; after that every page gets
// its checksum. For `doctor`, never automatic: a checksum is renewed only when a person says that
// the change was meant. Fails with kLocked, kNotFound, kDamaged ("... restore a backup"), kIo.
Result<void> RenewSqliteChecksums(const std::string& path);

}  // namespace latchkey::store
