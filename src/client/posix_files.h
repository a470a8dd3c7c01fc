#pragma once

#include "client/environment.h"

namespace latchkey::client {

// Files of this computer. Safe from any thread.
class PosixFiles : public FileSystem {
 public:
  Result<Bytes> Read(const std::string& path) override;
  Result<void> MakeDirectories(const std::string& path) override;
  Result<void> Write(const std::string& path, ByteView bytes) override;
  Result<void> Sync(const std::string& path) override;
  Result<void> Rename(const std::string& from, const std::string& to) override;
  Result<void> SyncDirectory(const std::string& path) override;
  Result<void> Remove(const std::string& path) override;
  Result<std::unique_ptr<Lock>> Acquire(const std::string& path, Duration patience) override;
};

}  // namespace latchkey::client
