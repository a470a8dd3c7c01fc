#include "http/uri.h"

#include "base/bytes.h"

namespace latchkey::http {
namespace {

constexpr std::size_t kMaxParameters = 4096;

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool IsUnreserved(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '.' || c == '_' || c == '~';
}

// Undoes %XX; an escape that is not one is `broken`.
Result<std::string> Decode(std::string_view text, bool plus_is_space, Errc broken) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+' && plus_is_space) {
      out += ' ';
    } else if (text[i] != '%') {
      out += text[i];
    } else {
      const int high = i + 2 < text.size() ? HexDigit(text[i + 1]) : -1;
      const int low = i + 2 < text.size() ? HexDigit(text[i + 2]) : -1;
      if (high < 0 || low < 0) return broken;
      out += static_cast<char>(high * 16 + low);
      i += 2;
    }
  }
  if (!base::IsUtf8(out)) return Errc::kEncodingInvalid;
  return out;
}

}  // namespace

Result<Target> SplitTarget(std::string_view target) {
  for (const char c : target)
    if (c <= ' ' || c >= 0x7f || c == '#')
      return Errc::kUriInvalid;  // a signed char is below ' ' too
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (!target.starts_with(scheme)) continue;
    target.remove_prefix(scheme.size());
    target.remove_prefix(std::min(target.size(), target.find_first_of("/?")));
    if (target.empty()) return Target{"/", {}};
    if (target.front() == '?') return Target{"/", target.substr(1)};
    break;
  }
  if (target.empty() || target.front() != '/') return Errc::kUriInvalid;
  const std::size_t mark = target.find('?');
  if (mark == std::string_view::npos) return Target{target, {}};
  return Target{target.substr(0, mark), target.substr(mark + 1)};
}

Result<std::string> DecodeSegment(std::string_view segment) {
  LK_ASSIGN(std::string text, Decode(segment, false, Errc::kUriInvalid));
  if (text.find('\0') != std::string::npos) return Errc::kNullByte;
  return text;
}

Result<Query> ParseQuery(std::string_view query) {
  Query parameters;
  while (!query.empty()) {
    const std::string_view pair = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(query.size(), pair.size() + 1));
    if (pair.empty()) continue;
    if (parameters.size() == kMaxParameters) return Errc::kParametersInvalid;
    const std::size_t equals = std::min(pair.size(), pair.find('='));
    LK_ASSIGN(std::string name, Decode(pair.substr(0, equals), true, Errc::kParametersInvalid));
    LK_ASSIGN(std::string value, Decode(pair.substr(std::min(pair.size(), equals + 1)), true,
                                        Errc::kParametersInvalid));
    parameters.push_back({std::move(name), std::move(value)});
  }
  return parameters;
}

std::string PercentEncode(std::string_view text) {
  static constexpr char kDigits[] = "0123456789ABCDEF";
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    if (IsUnreserved(c)) {
      out += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    out += '%';
    out += kDigits[byte >> 4];
    out += kDigits[byte & 15];
  }
  return out;
}

std::string WriteQuery(const Query& query) {
  std::string out;
  for (const Parameter& parameter : query) {
    if (!out.empty()) out += '&';
    out += PercentEncode(parameter.name);
    out += '=';
    out += PercentEncode(parameter.value);
  }
  return out;
}

}  // namespace latchkey::http
