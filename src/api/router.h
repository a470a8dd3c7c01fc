#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "api/call.h"

namespace latchkey::api {

// Every endpoint: the one table that routes, parses and authorizes (one list per file of
// api/resources/).
std::span<const Route> AllRoutes();

// The routes by method and pattern, found segment by segment.
class Router {
 public:
  explicit Router(std::span<const Route> routes);

  struct Match {
    const Route* route = nullptr;
    std::vector<std::pair<std::string_view, std::string>> segments;  // name → decoded text
  };
  // `path` is below the account prefix, still escaped. kNoRoute, kMimeTypeInvalid (a suffix other
  // than .json/.jsonapi), or the errors of http::DecodeSegment. HEAD is found as GET.
  Result<Match> Find(std::string_view method, std::string_view path, bool scoped) const;

 private:
  struct Entry {
    const Route* route;
    std::vector<std::string_view> parts;
  };
  // Patterns of so many parts, which only paths of as many parts can match.
  std::vector<std::vector<Entry>> entries_;
};

}  // namespace latchkey::api
