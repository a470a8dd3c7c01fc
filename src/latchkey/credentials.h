#pragma once

#include <string>

#include "base/result.h"
#include "base/secret.h"

namespace latchkey::app {

// What the admin client needs: kept in ~/.config/latchkey/credentials.toml, mode 0600 (decision
// 16).
struct Credentials {
  std::string server;      // "http://127.0.0.1:8090"
  std::string account;     // id or slug; empty: the server's only one
  std::string public_key;  // hex Ed25519
  Secret token;
};

std::string DefaultCredentialsFile();

// kNotFound when there is none, kConfigInvalid when it is not readable as one, or others may read
// it.
Result<Credentials> ReadCredentials(const std::string& path);
// Writes the file and its folder; one that is there is kept beside it as `.old`. True when that was
// so.
Result<bool> WriteCredentials(const std::string& path, const Credentials& credentials);

}  // namespace latchkey::app
