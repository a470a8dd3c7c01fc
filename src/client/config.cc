#include "client/config.h"

#include <pwd.h>
#include <unistd.h>

#include <cstdlib>

#include "base/uuid.h"

namespace latchkey::client {
namespace {

Error Wrong(std::string what) { return Error{Errc::kConfigInvalid, std::move(what)}; }

std::string Lower(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  return out;
}

bool IsLoopback(std::string_view host) {
  if (host == "localhost" || host == "[::1]") return true;
  if (host.substr(0, 4) != "127.") return false;
  return std::all_of(host.begin(), host.end(),
                     [](char c) { return (c >= '0' && c <= '9') || c == '.'; });
}

bool IsFolderName(std::string_view text) {
  if (text.empty() || text.size() > 100 || text.front() == '.') return false;
  return std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-';
  });
}

bool IsPlain(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c != 0x7f; });
}

// Applications hand these to a browser: nothing but a page or a letter is let through.
bool IsLink(const std::string& url, bool may_be_mail) {
  if (url.empty()) return true;
  if (!IsPlain(url) || !base::IsUtf8(url) || url.size() > 2000) return false;
  if (may_be_mail && url.starts_with("mailto:")) return url.find('@') != url.npos;
  return url.starts_with("https://") && url.size() > 8;
}

}  // namespace

Result<ServerAddress> ParseServerUrl(std::string_view url) {
  ServerAddress out;
  const auto scheme_end = url.find("://");
  const std::string scheme = scheme_end == url.npos ? "" : Lower(url.substr(0, scheme_end));
  if (scheme != "https" && scheme != "http")
    return Wrong(
        "the server address must start with https:// (as in https://licenses.example.com)");
  if (!IsPlain(url)) return Wrong("the server address contains spaces or control characters");
  out.tls = scheme == "https";
  std::string_view rest = url.substr(scheme_end + 3);
  const auto slash = rest.find('/');
  std::string_view authority = rest.substr(0, slash);
  if (slash != rest.npos) out.base = std::string(rest.substr(slash));
  while (!out.base.empty() && out.base.back() == '/') out.base.pop_back();
  if (out.base.find_first_of("?#") != out.base.npos ||
      authority.find_first_of("?#@") != authority.npos)
    return Wrong("the server address must not contain a user name, a query or a fragment");
  std::string_view host = authority, port;
  const auto bracket = authority.rfind(']');
  const auto colon = authority.find(':', bracket == authority.npos ? 0 : bracket);
  if (colon != authority.npos) {
    host = authority.substr(0, colon);
    port = authority.substr(colon + 1);
    int number = 0;
    for (const char c : port) {
      if (c < '0' || c > '9' || number > 65535)
        return Wrong("the port of the server address is not a number");
      number = number * 10 + (c - '0');
    }
    if (port.empty() || number < 1 || number > 65535)
      return Wrong("the port of the server address is not between 1 and 65535");
  }
  if (host.empty()) return Wrong("the server address has no host name");
  out.host = Lower(host);
  if (!out.tls && !IsLoopback(out.host))
    return Wrong("http:// is for this computer only (localhost); use https:// for " + out.host);
  out.authority = out.host;
  if (!port.empty() && port != (out.tls ? "443" : "80")) out.authority += ":" + std::string(port);
  out.url = scheme + "://" + out.authority;
  return out;
}

Result<CheckedConfig> Check(Config config) {
  CheckedConfig out;
  LK_ASSIGN(out.server, ParseServerUrl(config.server_url));
  auto key = crypto::Ed25519PublicKey::FromHex(config.public_key);
  if (!key)
    return Wrong(
        "the public key must be the account's Ed25519 key: 64 hex digits, as printed by `latchkey "
        "init`");
  out.public_key = *key;
  const auto product = Uuid::Parse(config.product_id);
  if (!product) return Wrong("the product id must be a UUID");
  config.product_id = product->ToString();
  if (!config.account_id.empty()) {
    const auto account = Uuid::Parse(config.account_id);
    if (!account) return Wrong("the account id must be a UUID");
    config.account_id = account->ToString();
  }
  if (!IsFolderName(config.vendor_id))
    return Wrong(
        "the vendor id must be 1 to 100 letters, digits, dots, dashes or underlines, not starting "
        "with a dot");
  if (config.storage_dir.empty()) {
    LK_ASSIGN(config.storage_dir, DefaultStorageDirectory());
  } else if (config.storage_dir.front() != '/') {
    return Wrong("the storage directory must be an absolute path");
  }
  if (config.device_name.empty()) config.device_name = DefaultDeviceName();
  for (const std::string* text :
       {&config.app_name, &config.app_version, &config.seller, &config.device_name})
    if (!base::IsUtf8(*text)) return Wrong("names must be UTF-8");
  if (config.device_name.size() > 200) return Wrong("the device name is longer than 200 bytes");
  if (!IsLink(config.portal_url, false))
    return Wrong("the address of the license page must start with https://");
  if (!IsLink(config.support_url, true))
    return Wrong("the address for help must start with https:// or mailto:");
  if (config.locale.empty()) config.locale = "en";
  out.config = std::move(config);
  return out;
}

Result<std::string> DefaultStorageDirectory() {
  const char* state = std::getenv("XDG_STATE_HOME");
  if (state != nullptr && state[0] == '/') return std::string(state) + "/latchkey";
  const char* home = std::getenv("HOME");
  if (home != nullptr && home[0] == '/') return std::string(home) + "/.local/state/latchkey";
  std::vector<char> buffer(16384);
  passwd entry{};
  passwd* found = nullptr;
  if (getpwuid_r(getuid(), &entry, buffer.data(), buffer.size(), &found) == 0 && found != nullptr &&
      found->pw_dir != nullptr && found->pw_dir[0] == '/')
    return std::string(found->pw_dir) + "/.local/state/latchkey";
  return Wrong("no home directory is known: set HOME, or a storage directory");
}

std::string DefaultDeviceName() {
  std::array<char, 256> name{};
  if (gethostname(name.data(), name.size() - 1) == 0 && name[0] != 0 && base::IsUtf8(name.data()))
    return name.data();
  return "This computer";
}

}  // namespace latchkey::client
