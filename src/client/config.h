#pragma once

#include <string>

#include "base/result.h"
#include "crypto/signature.h"

namespace latchkey::client {

// What an application says about itself and its server. Checked once by Check; constant afterwards.
struct Config {
  std::string
      server_url;  // "https://host[:port][/base]"; "http://" for loopback only (decision 19)
  std::string public_key;  // the account's Ed25519 key, 64 hex digits
  std::string product_id;  // UUID
  std::string account_id;  // optional, only checked against the answers' key id
  std::string vendor_id;   // names the folder of the device key; [A-Za-z0-9._-]
  std::string app_name;    // shown in messages
  std::string app_version;
  std::string seller;       // who to name in messages; optional
  std::string storage_dir;  // instead of $XDG_STATE_HOME/latchkey; absolute
  std::string locale = "en";
  std::string device_name;  // how people recognise this device; default: the host name
  std::string portal_url;   // where people see and renew their license; https://, optional
  std::string support_url;  // where they ask for help; https:// or mailto:, optional
  std::string ca_file;      // more trusted certificates; optional
  bool background = true;   // refresh by itself on a thread of the client
  bool keys_have_check_digits =
      false;  // every key has check digits: refuse a typing error outright
};

// The server address in parts.
struct ServerAddress {
  bool tls = true;
  std::string authority;  // host, and the port when it is not the scheme's own: the signed host
  std::string host;
  std::string base;  // path before /v1, without a trailing slash
  std::string url;   // scheme and authority
};
// kConfigInvalid names what is wrong and how it should look.
Result<ServerAddress> ParseServerUrl(std::string_view url);

struct CheckedConfig {
  Config config;
  ServerAddress server;
  crypto::Ed25519PublicKey public_key;
};
Result<CheckedConfig> Check(Config config);

// `$XDG_STATE_HOME/latchkey`, else `~/.local/state/latchkey`; kConfigInvalid without a home.
Result<std::string> DefaultStorageDirectory();
// The host's own name, or "This computer".
std::string DefaultDeviceName();

}  // namespace latchkey::client
