#include "store/sqlite/checksum_vfs.h"

#include <sqlite3.h>
#include <sys/types.h>
#include <unistd.h>

#include <bit>
#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <mutex>
#include <new>
#include <vector>

namespace latchkey::store {
namespace {

constexpr int kChecksumBytes = 8;  // at the end of each page, where SQLite keeps nothing
constexpr int kHeaderBytes = 21;   // up to the byte that tells how much is reserved
constexpr int kNewPageBytes = 4096;

sqlite3_vfs* Base() { return sqlite3_vfs_find(nullptr); }

// Our file object; the file below is allocated beside it.
struct File {
  sqlite3_file head;
  sqlite3_file* below;
  bool checked;  // the database has room for checksums
  int page_bytes;
  unsigned char* page;  // for writing: the caller's page is not ours to change
};

File* Of(sqlite3_file* file) { return reinterpret_cast<File*>(file); }
sqlite3_file* Below(sqlite3_file* file) { return Of(file)->below; }

// Every step is a bijection of the state for a given word and of the word for a given state, so one
// damaged word always changes the result. The place is the start: a page written elsewhere does not
// pass.
std::uint64_t Checksum(const unsigned char* page, int size, sqlite3_int64 offset) {
  std::uint64_t state = static_cast<std::uint64_t>(offset) * 0x9e3779b97f4a7c15u + 0x6c61746368u;
  for (int i = 0; i + 8 <= size; i += 8) {
    std::uint64_t word;
    std::memcpy(&word, page + i, 8);
    state = std::rotl(state ^ (word * 0xff51afd7ed558ccdu), 31) * 0xc4ceb9fe1a85ec53u;
  }
  return state ^ (state >> 29);
}

// A page that was given up before it was ever written is a hole in the file.
bool AllZero(const unsigned char* page, int size) {
  return page[0] == 0 && std::memcmp(page, page + 1, size - 1) == 0;
}

void ReadHeader(File& file, const unsigned char* header) {
  const int size = header[16] << 8 | header[17];
  file.page_bytes = size == 1 ? 65536 : size;
  file.checked = header[20] == kChecksumBytes;
}

bool WholePage(const File& file, int amount, sqlite3_int64 offset) {
  return file.checked && amount == file.page_bytes && offset % amount == 0;
}

// SQLite knows ENOSPC only; a quota and a limit of file sizes are full disks too.
int FullOr(int code) {
  const bool full = errno == ENOSPC || errno == EDQUOT || errno == EFBIG;
  return (code & 0xff) == SQLITE_IOERR && full ? SQLITE_FULL : code;
}

int Close(sqlite3_file* file) {
  File& ours = *Of(file);
  const int code = ours.below->pMethods ? ours.below->pMethods->xClose(ours.below) : SQLITE_OK;
  std::free(ours.below);
  std::free(ours.page);
  return code;
}

int Read(sqlite3_file* file, void* buffer, int amount, sqlite3_int64 offset) {
  File& ours = *Of(file);
  const int code = ours.below->pMethods->xRead(ours.below, buffer, amount, offset);
  if (code != SQLITE_OK) return code;
  const auto* page = static_cast<const unsigned char*>(buffer);
  if (!WholePage(ours, amount, offset)) return SQLITE_OK;
  std::uint64_t stored;
  std::memcpy(&stored, page + amount - kChecksumBytes, kChecksumBytes);
  if (stored == Checksum(page, amount - kChecksumBytes, offset) || AllZero(page, amount))
    return SQLITE_OK;
  sqlite3_log(SQLITE_IOERR_DATA, "checksum of page %lld does not fit", offset / amount + 1);
  return SQLITE_IOERR_DATA;
}

int Write(sqlite3_file* file, const void* buffer, int amount, sqlite3_int64 offset) {
  File& ours = *Of(file);
  if (ours.checked && offset == 0 && amount >= 512)
    ReadHeader(ours, static_cast<const unsigned char*>(buffer));
  if (!WholePage(ours, amount, offset))
    return FullOr(ours.below->pMethods->xWrite(ours.below, buffer, amount, offset));
  if (!ours.page) ours.page = static_cast<unsigned char*>(std::malloc(65536));
  if (!ours.page) return SQLITE_NOMEM;
  std::memcpy(ours.page, buffer, static_cast<std::size_t>(amount - kChecksumBytes));
  const std::uint64_t sum = Checksum(ours.page, amount - kChecksumBytes, offset);
  std::memcpy(ours.page + amount - kChecksumBytes, &sum, kChecksumBytes);
  return FullOr(ours.below->pMethods->xWrite(ours.below, ours.page, amount, offset));
}

int Truncate(sqlite3_file* f, sqlite3_int64 size) {
  return Below(f)->pMethods->xTruncate(Below(f), size);
}
int Sync(sqlite3_file* f, int flags) { return Below(f)->pMethods->xSync(Below(f), flags); }
int FileSize(sqlite3_file* f, sqlite3_int64* size) {
  return Below(f)->pMethods->xFileSize(Below(f), size);
}
int Lock(sqlite3_file* f, int level) { return Below(f)->pMethods->xLock(Below(f), level); }
int Unlock(sqlite3_file* f, int level) { return Below(f)->pMethods->xUnlock(Below(f), level); }
int CheckReservedLock(sqlite3_file* f, int* out) {
  return Below(f)->pMethods->xCheckReservedLock(Below(f), out);
}
int FileControl(sqlite3_file* f, int op, void* arg) {
  return Below(f)->pMethods->xFileControl(Below(f), op, arg);
}
int SectorSize(sqlite3_file* f) { return Below(f)->pMethods->xSectorSize(Below(f)); }
int DeviceCharacteristics(sqlite3_file* f) {
  return Below(f)->pMethods->xDeviceCharacteristics(Below(f));
}
int ShmMap(sqlite3_file* f, int page, int size, int extend, void volatile** out) {
  return FullOr(Below(f)->pMethods->xShmMap(Below(f), page, size, extend, out));
}
int ShmLock(sqlite3_file* f, int offset, int n, int flags) {
  return Below(f)->pMethods->xShmLock(Below(f), offset, n, flags);
}
void ShmBarrier(sqlite3_file* f) { Below(f)->pMethods->xShmBarrier(Below(f)); }
int ShmUnmap(sqlite3_file* f, int remove) {
  return Below(f)->pMethods->xShmUnmap(Below(f), remove);
}

// Version 2: shared memory, but no memory-mapped pages, which would pass by the check.
constexpr sqlite3_io_methods kMethods = {2,
                                         Close,
                                         Read,
                                         Write,
                                         Truncate,
                                         Sync,
                                         FileSize,
                                         Lock,
                                         Unlock,
                                         CheckReservedLock,
                                         FileControl,
                                         SectorSize,
                                         DeviceCharacteristics,
                                         ShmMap,
                                         ShmLock,
                                         ShmBarrier,
                                         ShmUnmap,
                                         nullptr,
                                         nullptr};

// Whether a database file has checksums; a new one will.
int LookAtHeader(File& file) {
  sqlite3_int64 size = 0;
  int code = file.below->pMethods->xFileSize(file.below, &size);
  if (code != SQLITE_OK) return code;
  file.checked = true;
  file.page_bytes = kNewPageBytes;
  if (size == 0) return SQLITE_OK;
  unsigned char header[kHeaderBytes];
  code = file.below->pMethods->xRead(file.below, header, kHeaderBytes, 0);
  if (code == SQLITE_OK) ReadHeader(file, header);
  // Too short for a header: SQLite says so itself.
  return code == SQLITE_IOERR_SHORT_READ ? SQLITE_OK : code;
}

int Open(sqlite3_vfs*, const char* name, sqlite3_file* file, int flags, int* out_flags) {
  sqlite3_vfs* base = Base();
  File& ours = *new (file) File{};
  ours.below = static_cast<sqlite3_file*>(std::calloc(1, static_cast<std::size_t>(base->szOsFile)));
  if (!ours.below) return SQLITE_NOMEM;
  int code = base->xOpen(base, name, ours.below, flags, out_flags);
  if (code == SQLITE_OK && (flags & SQLITE_OPEN_MAIN_DB) != 0) code = LookAtHeader(ours);
  // With methods set, SQLite closes the file also after a failure.
  ours.head.pMethods = &kMethods;
  return code;
}

int Delete(sqlite3_vfs*, const char* name, int sync) { return Base()->xDelete(Base(), name, sync); }
int Access(sqlite3_vfs*, const char* name, int flags, int* out) {
  return Base()->xAccess(Base(), name, flags, out);
}
int FullPathname(sqlite3_vfs*, const char* name, int size, char* out) {
  return Base()->xFullPathname(Base(), name, size, out);
}
int Randomness(sqlite3_vfs*, int size, char* out) { return Base()->xRandomness(Base(), size, out); }
int Sleep(sqlite3_vfs*, int micros) { return Base()->xSleep(Base(), micros); }
int CurrentTime(sqlite3_vfs*, double* out) { return Base()->xCurrentTime(Base(), out); }
int GetLastError(sqlite3_vfs*, int size, char* out) {
  return Base()->xGetLastError(Base(), size, out);
}
int CurrentTimeInt64(sqlite3_vfs*, sqlite3_int64* out) {
  return Base()->xCurrentTimeInt64(Base(), out);
}

}  // namespace

const char* ChecksumVfs() {
  static sqlite3_vfs vfs;
  static std::once_flag once;
  std::call_once(once, [] {
    vfs.iVersion = 2;
    vfs.szOsFile = sizeof(File);
    vfs.mxPathname = Base()->mxPathname;
    vfs.zName = "latchkey-checksums";
    vfs.xOpen = Open;
    vfs.xDelete = Delete;
    vfs.xAccess = Access;
    vfs.xFullPathname = FullPathname;
    vfs.xRandomness = Randomness;
    vfs.xSleep = Sleep;
    vfs.xCurrentTime = CurrentTime;
    vfs.xGetLastError = GetLastError;
    vfs.xCurrentTimeInt64 = CurrentTimeInt64;
    sqlite3_vfs_register(&vfs, 0);
  });
  return vfs.zName;
}

bool ReserveChecksums(sqlite3* db) {
  int bytes = kChecksumBytes;
  return sqlite3_file_control(db, "main", SQLITE_FCNTL_RESERVE_BYTES, &bytes) == SQLITE_OK;
}

bool RenewChecksums(int file) {
  File header{};
  std::vector<unsigned char> page(kHeaderBytes);
  if (pread(file, page.data(), page.size(), 0) != kHeaderBytes) return false;
  ReadHeader(header, page.data());
  if (!header.checked) {
    errno = EINVAL;
    return false;
  }
  page.resize(static_cast<std::size_t>(header.page_bytes));
  for (off_t offset = 0;; offset += header.page_bytes) {
    const ssize_t got = pread(file, page.data(), page.size(), offset);
    if (got == 0) return fsync(file) == 0;
    if (got != header.page_bytes) return false;
    const int content = header.page_bytes - kChecksumBytes;
    const std::uint64_t sum = Checksum(page.data(), content, offset);
    if (pwrite(file, &sum, kChecksumBytes, offset + content) != kChecksumBytes) return false;
  }
}

}  // namespace latchkey::store
