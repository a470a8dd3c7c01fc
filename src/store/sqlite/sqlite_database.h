#pragma once

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
};

// The embedded engine: exactly one connection writes and checkpoints (threat-model row 69), readers
// are read-only, WAL, synchronous=FULL, group commit. An fsync error ends the process after logging
// (row 67). Fails with kLocked, kReadOnly, kDamaged, kDiskFull, kIo: `detail` is a sentence for the
// operator.
Result<std::unique_ptr<Database>> OpenSqlite(const SqliteOptions& options);

}  // namespace latchkey::store
