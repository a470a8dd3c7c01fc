#include "latchkey/settings.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>
#include <fstream>
#include <sstream>

#define TOML_EXCEPTIONS 0
#include <toml++/toml.h>

#include "http/client_address.h"
#include "latchkey/suggest.h"
#include "store/master_key.h"

namespace latchkey::app {
namespace {

Error Config(std::string detail) { return Error{Errc::kConfigInvalid, std::move(detail)}; }

// How a member's type is read: the form it has in the file, and its words.
template <class T>
struct Reader;

template <>
struct Reader<std::string> {
  static constexpr auto kForm = Setting::Form::kText;
  static Result<std::string> Read(const std::string& text) { return text; }
};
template <>
struct Reader<std::int64_t> {
  static constexpr auto kForm = Setting::Form::kNumber;
  static Result<std::int64_t> Read(const std::string& text) {
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || end != text.data() + text.size() || number < 0)
      return Config("must be a whole number, zero or more");
    return number;
  }
};
template <>
struct Reader<bool> {
  static constexpr auto kForm = Setting::Form::kFlag;
  static Result<bool> Read(const std::string& text) {
    if (text == "true" || text == "yes" || text == "on" || text == "1") return true;
    if (text == "false" || text == "no" || text == "off" || text == "0") return false;
    return Config("must be true or false");
  }
};
template <>
struct Reader<Endpoint> {
  static constexpr auto kForm = Setting::Form::kText;
  static Result<Endpoint> Read(const std::string& text) {
    if (auto endpoint = Endpoint::Parse(text)) return *endpoint;
    return Config("must be a numeric address and a port, like 127.0.0.1:8090 or [::1]:8090");
  }
};

template <class E>
Result<E> ReadChoice(const std::string& text, std::initializer_list<std::string_view> words) {
  int position = 0;
  std::string all;
  for (const std::string_view word : words) {
    if (text == word) return static_cast<E>(position);
    all += (position++ == 0 ? "" : ", ") + std::string(word);
  }
  return Config("must be one of: " + all);
}
template <>
struct Reader<LogFormat> {
  static constexpr auto kForm = Setting::Form::kText;
  static Result<LogFormat> Read(const std::string& text) {
    return ReadChoice<LogFormat>(text, {"text", "json"});
  }
};
template <>
struct Reader<LogLevel> {
  static constexpr auto kForm = Setting::Form::kText;
  static Result<LogLevel> Read(const std::string& text) {
    return ReadChoice<LogLevel>(text, {"error", "warn", "info"});
  }
};
template <>
struct Reader<AccountMode> {
  static constexpr auto kForm = Setting::Form::kText;
  static Result<AccountMode> Read(const std::string& text) {
    return ReadChoice<AccountMode>(text, {"one", "many"});
  }
};

template <auto Member>
struct MemberOf;
template <class T, T Configuration::*Member>
struct MemberOf<Member> {
  using Type = T;
};

template <auto Member>
constexpr Setting Row(std::string_view section, std::string_view key, std::string_view type,
                      std::string_view fallback, std::string_view help) {
  using T = typename MemberOf<Member>::Type;
  if constexpr (std::is_same_v<T, std::vector<std::string>>) {
    return {section,
            key,
            type,
            fallback,
            help,
            Setting::Form::kList,
            [](Configuration& to, const std::vector<std::string>& values) -> Result<void> {
              to.*Member = values;
              return {};
            }};
  } else {
    return {section,
            key,
            type,
            fallback,
            help,
            Reader<T>::kForm,
            [](Configuration& to, const std::vector<std::string>& values) -> Result<void> {
              if (values.size() != 1) return Config("must be one value");
              LK_ASSIGN(to.*Member, Reader<T>::Read(values.front()));
              return {};
            }};
  }
}

using C = Configuration;
constexpr auto kSettings = std::to_array<Setting>({
    Row<&C::master_key>(
        "", "master_key", "file:PATH | env:NAME | cmd:LINE", "",
        "Where the master key comes from. Empty: /etc/latchkey/master.key when it is there or for "
        "root, else ~/.config/latchkey/master.key. It may not be kept in the data directory."),
    Row<&C::legacy_schemes>(
        "", "legacy_schemes", "true | false", "true",
        "Offer the three RSA key schemes without a prefix, which old integrations may need. Turn "
        "them off when nobody uses them."),
    Row<&C::listen>("server", "listen", "address:port", "127.0.0.1:8090",
                    "Where the API answers. Without a certificate only loopback addresses are "
                    "taken. Port 0: any free one."),
    Row<&C::admin_listen>("server", "admin_listen", "address:port", "127.0.0.1:8091",
                          "Where /metrics and /healthz answer: for the operator alone, loopback "
                          "only."),
    Row<&C::threads>("server", "threads", "number", "0",
                     "Threads that speak with clients. 0: one for each processor."),
    Row<&C::trusted_proxies>("server", "trusted_proxies", "list of addresses or networks", "",
                             "Proxies whose X-Forwarded-For and X-Forwarded-Proto are believed, "
                             "like 10.0.0.0/8."),
    Row<&C::accounts>("server", "accounts", "one | many", "one",
                      "Serve one account, whose name may be left out of paths, or many."),
    Row<&C::certificate>("tls", "certificate", "path", "",
                         "Certificate chain (PEM). With it the API speaks TLS 1.3. SIGHUP reads "
                         "it again."),
    Row<&C::key>("tls", "key", "path", "", "Private key of the certificate (PEM, not encrypted)."),
    Row<&C::redirect_port>("tls", "redirect_port", "number", "0",
                           "With TLS: plain HTTP on this port is sent to https. 0: off."),
    Row<&C::data>("store", "data", "path", "",
                  "The data directory. Empty: /var/lib/latchkey for root, else "
                  "~/.local/share/latchkey."),
    Row<&C::readers>("store", "readers", "number", "2",
                     "Threads that read from the database beside the one that writes."),
    Row<&C::cache_mib>("store", "cache", "number (MiB)", "16", "Memory for pages of the database."),
    Row<&C::cached_licenses>("cache", "licenses", "number", "100000",
                             "Licenses kept ready in memory, so that validating them needs no "
                             "database. About 4 KiB each when used."),
    Row<&C::head_bytes>("limits", "head_bytes", "number (bytes)", "65536",
                        "Largest request line and headers; more is 431."),
    Row<&C::body_bytes>("limits", "body_bytes", "number (bytes)", "1048576",
                        "Largest request body; more is 413."),
    Row<&C::head_seconds>("limits", "head_seconds", "number (seconds)", "10",
                          "Time for a request's headers to arrive; then 408."),
    Row<&C::body_seconds>("limits", "body_seconds", "number (seconds)", "30",
                          "Time for a request's body to arrive; then 408."),
    Row<&C::idle_seconds>("limits", "idle_seconds", "number (seconds)", "75",
                          "Quiet connections are closed after this."),
    Row<&C::connections>("limits", "connections", "number", "20000",
                         "Connections at one time; more are answered 503."),
    Row<&C::drain_seconds>("limits", "drain_seconds", "number (seconds)", "10",
                           "At SIGTERM, time for requests already begun."),
    Row<&C::docs_base>("compat", "docs_base", "URL | path", "/docs",
                       "What links.about of errors points to; a path is answered by this server."),
    Row<&C::issuer>("compat", "issuer", "URL", "https://latchkey.example",
                    "Issuer in keys of the scheme RSA_2048_JWT_RS256."),
    Row<&C::log_format>("log", "format", "text | json", "text",
                        "One line a request, for people or for programs."),
    Row<&C::log_level>("log", "level", "error | warn | info", "info",
                       "info: every request. warn: those that failed in the server, and notices. "
                       "error: faults only."),
});

std::string Upper(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return out;
}

std::vector<std::string> SplitList(std::string_view text) {
  std::vector<std::string> out;
  while (!text.empty()) {
    const auto comma = text.find(',');
    auto item = text.substr(0, comma);
    while (!item.empty() && item.front() == ' ') item.remove_prefix(1);
    while (!item.empty() && item.back() == ' ') item.remove_suffix(1);
    if (!item.empty()) out.emplace_back(item);
    text = comma == text.npos ? std::string_view() : text.substr(comma + 1);
  }
  return out;
}

// `place` begins the sentence: "--listen", "LATCHKEY_SERVER_LISTEN", "latchkey.toml line 3: ...".
Result<void> Set(Configuration& to, const Setting& setting, const std::vector<std::string>& values,
                 const std::string& place) {
  auto result = setting.set(to, values);
  if (result) return result;
  return Config(place + " " + result.error().detail);
}
Result<void> SetText(Configuration& to, const Setting& setting, const std::string& text,
                     const std::string& place) {
  return Set(to, setting,
             setting.form == Setting::Form::kList ? SplitList(text) : std::vector{text}, place);
}

const Setting* FindSetting(std::string_view section, std::string_view key) {
  for (const Setting& setting : kSettings)
    if (setting.section == section && setting.key == key) return &setting;
  return nullptr;
}

Error UnknownKey(const std::string& place, const std::string& name) {
  std::vector<std::string> known;
  for (const Setting& setting : kSettings) known.push_back(setting.Name());
  const std::string nearest = Nearest(name, known);
  return Config(
      place + ": there is no setting `" + name + "`" +
      (nearest.empty() ? "; `latchkey settings` lists all" : "; did you mean `" + nearest + "`?"));
}

std::string Place(std::string_view file, const toml::node& node) {
  return std::string(file) + " line " + std::to_string(node.source().begin.line);
}

// A value of the file as texts, when it has the form the setting wants.
Result<std::vector<std::string>> Texts(const Setting& setting, const toml::node& node,
                                       const std::string& place) {
  using Form = Setting::Form;
  const std::string name = setting.Name();
  switch (setting.form) {
    case Form::kText:
      if (const auto* text = node.as_string()) return std::vector{text->get()};
      return Config(place + ": " + name + " must be text in quotes (" + std::string(setting.type) +
                    ")");
    case Form::kNumber:
      if (const auto* number = node.as_integer()) return std::vector{std::to_string(number->get())};
      return Config(place + ": " + name + " must be a number without quotes");
    case Form::kFlag:
      if (const auto* flag = node.as_boolean())
        return std::vector<std::string>{flag->get() ? "true" : "false"};
      return Config(place + ": " + name + " must be true or false, without quotes");
    case Form::kList:
      break;
  }
  std::vector<std::string> values;
  const auto* array = node.as_array();
  if (!array)
    return Config(place + ": " + name + " must be a list of texts, like [\"10.0.0.0/8\"]");
  for (const auto& item : *array) {
    const auto* text = item.as_string();
    if (!text) return Config(place + ": every entry of " + name + " must be text in quotes");
    values.push_back(text->get());
  }
  return values;
}

Result<void> ReadEntry(Configuration& to, std::string_view section, std::string_view key,
                       const toml::node& node, std::string_view file) {
  const std::string place = Place(file, node);
  const Setting* setting = FindSetting(section, key);
  if (!setting)
    return UnknownKey(
        place, section.empty() ? std::string(key) : std::string(section) + "." + std::string(key));
  LK_ASSIGN(const auto values, Texts(*setting, node, place));
  return Set(to, *setting, values, place + ": " + setting->Name());
}

bool IsSection(std::string_view name) {
  return std::any_of(kSettings.begin(), kSettings.end(),
                     [&](const Setting& setting) { return setting.section == name; });
}

// The number of the first line, comments apart, with a letter beyond ASCII; 0 without. toml++ 3.3
// does not survive some of them in faulty texts; TOML has escapes for them.
int LineOfForeignLetter(std::string_view text) {
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);  // a byte order mark
  for (int line = 1; !text.empty(); ++line) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view here = text.substr(0, end);
    const std::size_t first = here.find_first_not_of(" \t");
    const bool comment = first != std::string_view::npos && here[first] == '#';
    const auto foreign = [](char c) { return static_cast<unsigned char>(c) >= 0x80; };
    if (!comment && std::any_of(here.begin(), here.end(), foreign)) return line;
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return 0;
}

Result<void> ReadFile(Configuration& to, std::string_view text, std::string_view file) {
  if (const int line = LineOfForeignLetter(text); line > 0)
    return Config(
        std::string(file) + " line " + std::to_string(line) +
        ": write letters beyond ASCII as escapes between double quotes, like \"M\\u00fcller\"");
  // Comment lines are left out, so that the parser sees nothing but ASCII.
  std::istringstream lines{std::string(text)};
  std::string plain;
  for (std::string line; std::getline(lines, line); plain += '\n') {
    const std::size_t first = line.find_first_not_of(" \t");
    if (first == std::string::npos || line[first] != '#') plain += line;
  }
  if (plain.starts_with("\xef\xbb\xbf")) plain.erase(0, 3);
  const toml::parse_result parsed = toml::parse(plain, file);
  if (!parsed) {
    const auto& error = parsed.error();
    return Config(std::string(file) + " line " + std::to_string(error.source().begin.line) + ": " +
                  std::string(error.description()));
  }
  for (const auto& [key, node] : parsed.table()) {
    const auto* table = node.as_table();
    if (!table) {
      LK_TRY(ReadEntry(to, "", key.str(), node, file));
      continue;
    }
    if (!IsSection(key.str()) || key.str().empty()) {
      std::vector<std::string> sections;
      for (const Setting& setting : kSettings)
        if (!setting.section.empty()) sections.emplace_back(setting.section);
      const std::string nearest = Nearest(key.str(), sections);
      return Config(Place(file, node) + ": there is no section [" + std::string(key.str()) + "]" +
                    (nearest.empty() ? "" : "; did you mean [" + nearest + "]?"));
    }
    for (const auto& [name, value] : *table)
      LK_TRY(ReadEntry(to, key.str(), name.str(), value, file));
  }
  return {};
}

Result<Configuration> Defaults() {
  Configuration configuration;
  for (const Setting& setting : kSettings)
    LK_TRY(SetText(configuration, setting, std::string(setting.fallback), setting.Name()));
  return configuration;
}

// What no single value can say.
Result<void> CheckTogether(Configuration& configuration) {
  if (configuration.certificate.empty() != configuration.key.empty())
    return Config("tls.certificate and tls.key belong together: set both or none");
  if (configuration.redirect_port > 65535)
    return Config("tls.redirect_port must be a port, 0 to 65535");
  if (configuration.redirect_port != 0 && configuration.certificate.empty())
    return Config("tls.redirect_port needs tls.certificate and tls.key");
  if (!configuration.admin_listen.IsLoopback())
    return Config(
        "server.admin_listen must be a loopback address, like 127.0.0.1:8091: what it "
        "shows is for the operator alone");
  if (configuration.readers < 1 || configuration.readers > 256)
    return Config("store.readers must be between 1 and 256");
  if (configuration.threads > 1024) return Config("server.threads must be at most 1024");
  if (configuration.cache_mib > 1024 * 1024) return Config("store.cache must be at most 1048576");
  if (configuration.head_bytes < 1024) return Config("limits.head_bytes must be at least 1024");
  if (configuration.body_bytes < 1024) return Config("limits.body_bytes must be at least 1024");
  for (const auto& [name, seconds] : {std::pair{"head", configuration.head_seconds},
                                      {"body", configuration.body_seconds},
                                      {"idle", configuration.idle_seconds},
                                      {"drain", configuration.drain_seconds}})
    if (seconds < 1 || seconds > 86400)
      return Config(std::string("limits.") + name + "_seconds must be between 1 and 86400");
  if (auto proxies = http::TrustedProxies::Parse(configuration.trusted_proxies); !proxies)
    return Config("server.trusted_proxies: " + proxies.error().detail);
  if (configuration.data.empty()) configuration.data = DefaultDataDirectory();
  if (configuration.master_key.empty()) configuration.master_key = store::DefaultMasterKeySource();
  return {};
}

bool Exists(const std::string& path) { return access(path.c_str(), F_OK) == 0; }

}  // namespace

std::string Endpoint::ToString() const {
  const bool v6 = address.find(':') != std::string::npos;
  return (v6 ? "[" + address + "]" : address) + ":" + std::to_string(port);
}

bool Endpoint::IsLoopback() const {
  const auto parsed = http::Address::Parse(address);
  return parsed && parsed->IsLoopback();
}

std::optional<Endpoint> Endpoint::Parse(std::string_view text) {
  const auto colon = text.rfind(':');
  if (colon == text.npos) return std::nullopt;
  std::string_view address = text.substr(0, colon);
  const std::string_view digits = text.substr(colon + 1);
  if (address.size() >= 2 && address.front() == '[' && address.back() == ']')
    address = address.substr(1, address.size() - 2);
  else if (address.find(':') != address.npos)
    return std::nullopt;  // IPv6 needs its brackets, or the port would be a guess
  Endpoint endpoint{.address = std::string(address == "localhost" ? "127.0.0.1" : address)};
  const auto [end, error] =
      std::from_chars(digits.data(), digits.data() + digits.size(), endpoint.port);
  if (digits.empty() || error != std::errc() || end != digits.data() + digits.size())
    return std::nullopt;
  if (!http::Address::Parse(endpoint.address)) return std::nullopt;
  return endpoint;
}

std::string Setting::Name() const {
  return section.empty() ? std::string(key) : std::string(section) + "." + std::string(key);
}

std::string Setting::Flag() const {
  std::string name = section.empty() || section == "server" || section == "store"
                         ? std::string(key)
                         : std::string(section) + "-" + std::string(key);
  std::replace(name.begin(), name.end(), '_', '-');
  return "--" + name;
}

std::string Setting::Environment() const {
  return "LATCHKEY_" + (section.empty() ? "" : Upper(section) + "_") + Upper(key);
}

std::span<const Setting> AllSettings() { return kSettings; }

Result<Configuration> ParseConfiguration(std::string_view text, std::string_view name) {
  LK_ASSIGN(auto configuration, Defaults());
  LK_TRY(ReadFile(configuration, text, name));
  LK_TRY(CheckTogether(configuration));
  return configuration;
}

Result<Configuration> LoadConfiguration(const SettingSources& sources) {
  LK_ASSIGN(auto configuration, Defaults());
  std::string file = sources.file;
  if (file.empty()) file = sources.environment("LATCHKEY_CONFIG").value_or("");
  if (file.empty())
    for (const std::string& candidate :
         {ConfigHome() + "/latchkey.toml", std::string("/etc/latchkey/latchkey.toml")})
      if (Exists(candidate)) {
        file = candidate;
        break;
      }
  if (!file.empty()) {
    std::ifstream in(file);
    std::stringstream text;
    text << in.rdbuf();
    if (!in) return Config("cannot read the configuration file " + file);
    LK_TRY(ReadFile(configuration, text.str(), file));
    configuration.file = file;
  }
  for (const Setting& setting : kSettings)
    if (const auto text = sources.environment(setting.Environment()))
      LK_TRY(SetText(configuration, setting, *text, setting.Environment()));
  for (const Setting& setting : kSettings)
    if (const auto flag = sources.flags.find(setting.Name()); flag != sources.flags.end())
      LK_TRY(SetText(configuration, setting, flag->second, setting.Flag()));
  LK_TRY(CheckTogether(configuration));
  return configuration;
}

std::string LocalUrl(const Configuration& configuration, std::uint16_t port) {
  const std::string& address = configuration.listen.address;
  const std::string host = address == "0.0.0.0" || address == "::"
                               ? "localhost:" + std::to_string(port)
                               : Endpoint{address, port}.ToString();
  return (configuration.certificate.empty() ? "http://" : "https://") + host;
}

std::string SettingsMarkdown() {
  std::string out =
      "# Settings\n\n"
      "Written by `latchkey settings --markdown` from the table that parses them; do not edit.\n\n"
      "A flag wins over a variable, a variable over `latchkey.toml`, the file over the default. "
      "The "
      "file is the one of `--config`, else `LATCHKEY_CONFIG`, else "
      "`~/.config/latchkey/latchkey.toml` "
      "or `/etc/latchkey/latchkey.toml`. Unknown names are refused.\n\n"
      "```toml\n"
      "master_key = \"file:/etc/latchkey/master.key\"\n\n"
      "[server]\n"
      "listen = \"0.0.0.0:443\"\n\n"
      "[tls]\n"
      "certificate = \"/etc/latchkey/tls/chain.pem\"\n"
      "key = \"/etc/latchkey/tls/key.pem\"\n"
      "redirect_port = 80\n"
      "```\n";
  std::string_view section = "?";
  for (const Setting& setting : kSettings) {
    if (setting.section != section) {
      section = setting.section;
      out +=
          "\n## " +
          (section.empty() ? std::string("Top of the file") : "`[" + std::string(section) + "]`") +
          "\n\n| setting | flag, variable | type | default | what it does |\n"
          "|---|---|---|---|---|\n";
    }
    const auto escaped = [](std::string_view text) {
      std::string cell;
      for (const char c : text) cell += c == '|' ? "\\|" : std::string(1, c);
      return cell;
    };
    out += "| `" + std::string(setting.key) + "` | `" + setting.Flag() + "`<br>`" +
           setting.Environment() + "` | " + escaped(setting.type) + " | " +
           (setting.fallback.empty() ? "empty" : "`" + std::string(setting.fallback) + "`") +
           " | " + escaped(setting.help) + " |\n";
  }
  return out;
}

std::optional<std::string> ProcessEnvironment(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  if (!value) return std::nullopt;
  return value;
}

std::string ConfigHome() {
  const auto config = ProcessEnvironment("XDG_CONFIG_HOME");
  if (config && config->starts_with('/')) return *config + "/latchkey";
  return ProcessEnvironment("HOME").value_or("") + "/.config/latchkey";
}

std::string DefaultDataDirectory() {
  if (geteuid() == 0) return "/var/lib/latchkey";
  const auto data = ProcessEnvironment("XDG_DATA_HOME");
  if (data && data->starts_with('/')) return *data + "/latchkey";
  return ProcessEnvironment("HOME").value_or("") + "/.local/share/latchkey";
}

}  // namespace latchkey::app
