#pragma once

#include <string_view>

namespace latchkey::core {

// What the rules for URLs ask (licenses.md §2.1). No look-up is made.
struct UrlFacts {
  bool well_formed = false;  // RFC 3986 characters and a readable authority
  bool is_web = false;       // http or https, followed by an authority
  bool has_public_host =
      false;  // a dotted name whose last label has two or more letters, and not the vendor's
};
UrlFacts InspectUrl(std::string_view url);

}  // namespace latchkey::core
