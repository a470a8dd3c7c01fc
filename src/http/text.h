#pragma once

#include <algorithm>
#include <string_view>

namespace latchkey::http {

// Names of headers and schemes have no case (RFC 9110 §5.1); only ASCII letters count.
inline bool EqualsAnyCase(std::string_view a, std::string_view b) {
  const auto lower = [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
  };
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(),
                                            [&](char x, char y) { return lower(x) == lower(y); });
}

// A character of a token, such as a method or a header's name (RFC 9110 §5.6.2).
constexpr bool IsTokenChar(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
         (c != '\0' && std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos);
}

}  // namespace latchkey::http
