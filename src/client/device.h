#pragma once

#include <string>

#include "client/environment.h"
#include "crypto/signature.h"

namespace latchkey::client {

// The identity of this installation: one Ed25519 key per user and vendor, outside the application's
// folder so that a reinstall finds it (decision 12). Never sent; only its digest is.
struct DeviceIdentity {
  Secret seed;
  std::string fingerprint;  // hex SHA-256 of the public key
  bool created = false;     // made just now: nothing stored before can be opened
};

// Reads `directory`/device.key, or its copy device.key.copy, and mends the one that is unreadable;
// makes a key when neither exists. Processes that start together agree on one key. Errors: those of
// FileSystem; kDamaged when files exist and none can be read (nothing is overwritten then, except
// with `replace`).
Result<DeviceIdentity> LoadDevice(FileSystem& files, const std::string& directory, bool replace,
                                  Random& random);

}  // namespace latchkey::client
