#include "api/router.h"

#include "http/uri.h"

namespace latchkey::api {
namespace {

std::vector<std::string_view> Split(std::string_view path) {
  std::vector<std::string_view> parts;
  while (!path.empty()) {
    if (path.front() == '/') {
      path.remove_prefix(1);
      continue;
    }
    const std::size_t end = path.find('/');
    parts.push_back(path.substr(0, end));
    path.remove_prefix(end == std::string_view::npos ? path.size() : end);
  }
  return parts;
}

bool IsName(std::string_view part) { return part.starts_with('{'); }

// Ids of users, licenses and machines may hold dots; elsewhere a dot begins an extension
// (conventions.md §1.2 rules 3, 4).
bool SwallowsDots(std::string_view part) {
  return part == "{user}" || part == "{license}" || part == "{machine}";
}

}  // namespace

Router::Router(std::span<const Route> routes) {
  for (const Route& route : routes) {
    Entry entry{&route, Split(route.pattern)};
    if (entries_.size() <= entry.parts.size()) entries_.resize(entry.parts.size() + 1);
    entries_[entry.parts.size()].push_back(std::move(entry));
  }
}

Result<Router::Match> Router::Find(std::string_view method, std::string_view path,
                                   bool scoped) const {
  if (method == "HEAD") method = "GET";
  std::vector<std::string_view> parts = Split(path);
  bool bad_suffix = false;
  const Entry* best = nullptr;
  std::string_view best_last;
  static const std::vector<Entry> kNone;
  for (const Entry& entry : parts.size() < entries_.size() ? entries_[parts.size()] : kNone) {
    if (entry.route->method != method) continue;
    if (entry.route->scoped_only && !scoped) continue;
    std::string_view last = parts.empty() ? std::string_view() : parts.back();
    bool suffix_refused = false;
    if (!parts.empty() && !SwallowsDots(entry.parts.back())) {
      if (const std::size_t dot = last.rfind('.'); dot != std::string_view::npos) {
        const std::string_view suffix = last.substr(dot + 1);
        if (suffix != "json" && suffix != "jsonapi") suffix_refused = true;
        last = last.substr(0, dot);
      }
    }
    bool matches = true;
    for (std::size_t i = 0; matches && i < parts.size(); ++i) {
      const std::string_view part = i + 1 == parts.size() ? last : parts[i];
      matches = IsName(entry.parts[i]) ? !part.empty() : entry.parts[i] == part;
    }
    if (!matches) continue;
    if (suffix_refused) {
      bad_suffix = true;
      continue;
    }
    // A literal beats a name: "/licenses/actions/validate-key" before "/licenses/{license}/…".
    if (!best || entry.parts < best->parts) {
      best = &entry;
      best_last = last;
    }
  }
  if (!best) return bad_suffix ? Errc::kMimeTypeInvalid : Errc::kNoRoute;
  Match match{.route = best->route, .segments = {}};
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (!IsName(best->parts[i])) continue;
    LK_ASSIGN(std::string text, http::DecodeSegment(i + 1 == parts.size() ? best_last : parts[i]));
    match.segments.emplace_back(best->parts[i].substr(1, best->parts[i].size() - 2),
                                std::move(text));
  }
  return match;
}

}  // namespace latchkey::api
