#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace latchkey::app {

// A numeric address and a port: "127.0.0.1:8090", "[::1]:8090".
struct Endpoint {
  std::string address;
  std::uint16_t port = 0;
  std::string ToString() const;
  bool IsLoopback() const;
  static std::optional<Endpoint> Parse(std::string_view text);
  friend bool operator==(const Endpoint&, const Endpoint&) = default;
};

enum class LogFormat { kText, kJson };
enum class LogLevel { kError, kWarn, kInfo };
enum class AccountMode { kOne, kMany };

// Everything that can be set (decision 17). Values are those of the table below.
struct Configuration {
  Endpoint listen;
  Endpoint admin_listen;
  std::int64_t threads = 0;
  std::vector<std::string> trusted_proxies;
  AccountMode accounts = AccountMode::kOne;
  std::string certificate, key;  // PEM paths; both or none
  std::int64_t redirect_port = 0;
  std::string data;
  std::int64_t readers = 0;
  std::int64_t cache_mib = 0;
  std::int64_t cached_licenses = 0;
  std::int64_t head_bytes = 0, body_bytes = 0, connections = 0;
  std::int64_t head_seconds = 0, body_seconds = 0, idle_seconds = 0, drain_seconds = 0;
  std::string docs_base, issuer;
  bool legacy_schemes = true;
  LogFormat log_format = LogFormat::kText;
  LogLevel log_level = LogLevel::kInfo;
  std::string master_key;  // a source, not the key: file:PATH, env:NAME, cmd:LINE (decision 13)

  std::string file;  // the configuration file that was read, if any
};

// One row of the table that parses, explains and documents every setting.
struct Setting {
  std::string_view section;  // empty: at the top of the file
  std::string_view key;
  std::string_view type;  // as the documentation says it: "number", "address:port", "text | json"
  std::string_view fallback;  // the default, as text
  std::string_view help;      // one sentence
  enum class Form { kText, kNumber, kFlag, kList } form;
  // Sets the member. The error says what a good value looks like.
  Result<void> (*set)(Configuration&, const std::vector<std::string>& values);

  std::string Name() const;         // "server.listen"
  std::string Flag() const;         // "--listen": the section is left out for server, store and top
  std::string Environment() const;  // "LATCHKEY_SERVER_LISTEN"
};
std::span<const Setting> AllSettings();

struct SettingSources {
  std::map<std::string, std::string, std::less<>> flags;  // by Setting::Name
  std::function<std::optional<std::string>(const std::string& name)> environment;
  // The file to read: this one, else LATCHKEY_CONFIG, else the first of ~/.config/latchkey and
  // /etc/latchkey that has a latchkey.toml.
  std::string file;
};

// flag > environment > latchkey.toml > default. kConfigInvalid names the place (flag, variable, or
// file and line) and what to do.
Result<Configuration> LoadConfiguration(const SettingSources& sources);

// The text of a configuration file over the defaults; `name` is for messages. Unknown keys are
// refused with a suggestion.
Result<Configuration> ParseConfiguration(std::string_view text, std::string_view name);

// How this machine reaches the API on `port`: "http://127.0.0.1:8090".
std::string LocalUrl(const Configuration& configuration, std::uint16_t port);

// `docs/settings.md`.
std::string SettingsMarkdown();

// Where data is when nothing says otherwise: /var/lib/latchkey for root, else
// $XDG_DATA_HOME/latchkey (~/.local/share).
std::string DefaultDataDirectory();
// $XDG_CONFIG_HOME/latchkey or ~/.config/latchkey.
std::string ConfigHome();
// A variable of this process.
std::optional<std::string> ProcessEnvironment(const std::string& name);

}  // namespace latchkey::app
