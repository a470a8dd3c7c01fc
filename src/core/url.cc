#include "core/url.h"

#include <algorithm>
#include <string>

namespace latchkey::core {
namespace {

constexpr bool IsLetter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
constexpr bool IsDigit(char c) { return c >= '0' && c <= '9'; }
constexpr bool IsHex(char c) {
  return IsDigit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

std::string Lower(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return out;
}

bool HasUrlCharacters(std::string_view url) {
  constexpr std::string_view kPunctuation = "-._~:/?#[]@!$&'()*+,;=";
  for (std::size_t i = 0; i < url.size(); ++i) {
    const char c = url[i];
    if (c == '%') {
      if (i + 2 >= url.size() || !IsHex(url[i + 1]) || !IsHex(url[i + 2])) return false;
    } else if (!IsLetter(c) && !IsDigit(c) && kPunctuation.find(c) == kPunctuation.npos) {
      return false;
    }
  }
  return !url.empty();
}

// The scheme before the colon, lower-cased; empty when there is none.
std::string SchemeOf(std::string_view url) {
  const auto colon = url.find(':');
  if (colon == url.npos || colon == 0 || !IsLetter(url[0])) return {};
  const auto scheme = url.substr(0, colon);
  const auto allowed = [](char c) {
    return IsLetter(c) || IsDigit(c) || c == '+' || c == '-' || c == '.';
  };
  return std::ranges::all_of(scheme, allowed) ? Lower(scheme) : std::string();
}

bool IsPublicHost(std::string_view host) {
  const auto dot = host.rfind('.');
  if (dot == host.npos || dot == 0) return false;
  const auto top = host.substr(dot + 1);
  if (top.size() < 2 || !std::ranges::all_of(top, IsLetter)) return false;
  for (std::size_t start = 0; start <= dot;) {
    const auto end = host.find('.', start);
    const auto label = host.substr(start, end - start);
    const auto allowed = [](char c) { return IsLetter(c) || IsDigit(c) || c == '-' || c == '_'; };
    if (label.empty() || !std::ranges::all_of(label, allowed)) return false;
    start = end + 1;
  }
  // The vendor of the API this server is compatible with: a product's site is never there.
  return host != "keygen.sh" && !host.ends_with(".keygen.sh");
}

}  // namespace

UrlFacts InspectUrl(std::string_view url) {
  UrlFacts facts;
  if (!HasUrlCharacters(url)) return facts;
  const auto scheme = SchemeOf(url);
  auto rest = scheme.empty() ? url : url.substr(scheme.size() + 1);
  if (!rest.starts_with("//")) {
    facts.well_formed = true;
    return facts;
  }
  rest.remove_prefix(2);
  auto authority = rest.substr(0, rest.find_first_of("/?#"));
  if (const auto at = authority.rfind('@'); at != authority.npos) authority.remove_prefix(at + 1);
  std::string_view host = authority;
  if (const auto colon = authority.rfind(':');
      colon != authority.npos && authority.find(']', colon) == authority.npos) {
    host = authority.substr(0, colon);
    if (!std::ranges::all_of(authority.substr(colon + 1), IsDigit)) return facts;
  }
  facts.well_formed = true;
  facts.is_web = scheme == "http" || scheme == "https";
  facts.has_public_host = IsPublicHost(Lower(host));
  return facts;
}

}  // namespace latchkey::core
