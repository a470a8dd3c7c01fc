#pragma once

#include <memory>
#include <string>

#include "base/result.h"

namespace latchkey::store {

// The data directory (decision 17): latchkey.db, lock, control.sock, reserve, and DEV in test mode.
// Holding this object is holding `lock` (flock): no other process writes the database meanwhile.
class DataDirectory {
 public:
  enum class Mode { kMustExist, kCreate };
  // Makes the directory 0700 when asked, takes the lock, and keeps the reserve file (8 MiB, freed
  // to record what must be recorded when the disk is full). kLocked when a process holds it ("a
  // server is running here"), kNotFound, kReadOnly, kDiskFull, kIo.
  static Result<std::unique_ptr<DataDirectory>> Open(const std::string& path, Mode mode);
  ~DataDirectory();

  const std::string& path() const { return path_; }
  std::string database() const { return path_ + "/latchkey.db"; }
  std::string control_socket() const { return path_ + "/control.sock"; }
  bool is_dev() const;  // the marker DEV is there
  Result<void> MarkDev();
  bool is_empty() const;  // no database yet
  void ReleaseReserve();  // after a write failed with kDiskFull
  Result<void> RestoreReserve();

 private:
  explicit DataDirectory(std::string path) : path_(std::move(path)) {}
  std::string path_;
  int lock_ = -1;
};

}  // namespace latchkey::store
