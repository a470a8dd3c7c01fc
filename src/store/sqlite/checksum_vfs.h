#pragma once

struct sqlite3;

namespace latchkey::store {

// A layer over SQLite's default file system that gives every page of the database file a checksum
// over its content and place, written with the page and checked on each read (threat-model row 68):
// a flipped bit or a misplaced write is an error (SQLITE_IOERR_DATA), never a wrong row. The log
// has SQLite's own checksums. Thread-safe.

// The layer's name for sqlite3_open_v2; registered at the first call.
const char* ChecksumVfs();

// Makes room for the checksums in a database without pages yet; others keep their form. False when
// SQLite refuses.
bool ReserveChecksums(sqlite3* db);

// Writes the checksum of every page of an open database file whose log is empty. False with errno
// when the file fails, or (EINVAL) has no room for checksums.
bool RenewChecksums(int file);

}  // namespace latchkey::store
