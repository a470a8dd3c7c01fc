#include "api/negotiate.h"

#include <algorithm>
#include <array>
#include <vector>

#include "http/text.h"

namespace latchkey::api {
namespace {

// conventions.md §2.
constexpr auto kVersions = std::to_array<std::string_view>(
    {"1.0", "1.1", "1.2", "1.3", "1.4", "1.5", "1.6", "1.7", "1.8"});

std::string Lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return out;
}

std::string_view Trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

// `application/json; charset=utf-8` → `application/json`.
std::string Essence(std::string_view text) { return Lower(Trim(text.substr(0, text.find(';')))); }

bool IsToken(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), http::IsTokenChar);
}

bool WellFormed(std::string_view essence) {
  const std::size_t slash = essence.find('/');
  return slash != std::string_view::npos && IsToken(essence.substr(0, slash)) &&
         IsToken(essence.substr(slash + 1));
}

bool IsJsonApi(std::string_view essence) {
  return essence == "application/vnd.api+json" || essence == "application/vnd.keygen+json";
}

constexpr std::string_view kJsonApiType = "application/vnd.api+json; charset=utf-8";
constexpr std::string_view kJsonType = "application/json; charset=utf-8";

}  // namespace

Result<std::string> ResponseType(const http::Request& request) {
  std::string accept;  // repeated headers are one list (RFC 9110 §5.3)
  for (const http::Header& header : request.headers) {
    if (!http::EqualsAnyCase(header.name, "Accept")) continue;
    if (!accept.empty()) accept += ',';
    accept += header.value;
  }
  std::string_view rest = Trim(accept);
  if (rest.empty()) {
    const bool plain_json =
        !request.body.empty() &&
        Essence(http::Find(request.headers, "Content-Type")) == "application/json";
    return std::string(plain_json ? kJsonType : kJsonApiType);
  }
  int position = 0;
  int json_api = -1;
  int json = -1;
  bool acceptable = false;
  while (!rest.empty()) {
    const std::size_t comma = rest.find(',');
    const std::string essence = Essence(rest.substr(0, comma));
    rest.remove_prefix(comma == std::string_view::npos ? rest.size() : comma + 1);
    if (IsJsonApi(essence)) {
      if (json_api < 0) json_api = position;
    } else if (essence == "application/json") {
      if (json < 0) json = position;
    } else if (essence == "*/*" || essence == "*" || essence == "application/octet-stream") {
      acceptable = true;
    }
    ++position;
  }
  if (!acceptable && json_api < 0 && json < 0) return Errc::kMimeTypeInvalid;
  if (json >= 0 && (json_api < 0 || json < json_api)) return std::string(kJsonType);
  return std::string(kJsonApiType);
}

Result<BodyKind> RequestBodyKind(const http::Request& request) {
  const std::string_view header = http::Find(request.headers, "Content-Type");
  if (Trim(header).empty()) return BodyKind::kJson;
  const std::string essence = Essence(header);
  if (!WellFormed(essence)) return Errc::kMimeTypeInvalid;
  if (IsJsonApi(essence) || essence == "application/json" || essence == "text/plain" ||
      essence == "application/x-www-form-urlencoded" || essence == "multipart/form-data")
    return BodyKind::kJson;
  return BodyKind::kIgnored;
}

Result<std::string> ResolveVersion(const http::Request& request, std::string_view account_version) {
  if (!http::Has(request.headers, "Keygen-Version")) return std::string(account_version);
  std::string_view version = Trim(http::Find(request.headers, "Keygen-Version"));
  if (version.starts_with('v')) version.remove_prefix(1);
  if (std::find(kVersions.begin(), kVersions.end(), version) == kVersions.end())
    return Errc::kVersionUnsupported;
  return std::string(version);
}

}  // namespace latchkey::api
