#include "api/listing.h"

#include <algorithm>
#include <charconv>
#include <map>

namespace latchkey::api {
namespace {

Error Bad(std::string parameter, std::string detail) {
  return Error{Errc::kQueryInvalid, std::move(detail), std::move(parameter)};
}

// Non-numeric text counts as 0.
std::int64_t NumberOf(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), value);
  return ec == std::errc() && end == text.data() + text.size() ? value : 0;
}

std::string Between(std::string_view what, std::int64_t got) {
  return std::string(what) + " must be a number between 1 and 100 (got " + std::to_string(got) +
         ")";
}

// Percent-encodes all but unreserved characters (RFC 3986 §2.3), as pagination links show it.
std::string Escape(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '-' || c == '.' || c == '_' || c == '~';
    if (plain) {
      out += c;
    } else {
      out += '%';
      out += kDigits[byte >> 4];
      out += kDigits[byte & 15];
    }
  }
  return out;
}

}  // namespace

Result<ListRequest> ParseListRequest(const Call& call) {
  ListRequest request;
  if (const auto limit = call.parameter("limit")) {
    const std::int64_t number = NumberOf(*limit);
    if (number < 1 || number > 100) return Bad("limit", Between("limit", number));
    request.size = number;
  }
  if (const auto order = call.parameter("order")) {
    if (*order != "asc" && *order != "desc") return Bad("order", "order is invalid");
    request.ascending = *order == "asc";
  }
  bool any_page = false;
  for (const auto& [name, value] : call.query)
    any_page = any_page || name == "page" || name.starts_with("page[");
  if (!any_page) return request;
  const auto number = call.parameter("page[number]");
  const auto cursor = call.parameter("page[cursor]");
  if (call.parameter("page") || (!number && !cursor))
    return Bad("page", "page must be an object containing a cursor or number and optional size");
  if (const auto size = call.parameter("page[size]")) {
    const std::int64_t value = NumberOf(*size);
    if (value < 1 || value > 100) return Bad("page[size]", Between("page size", value));
    request.size = value;
  }
  if (cursor) {  // with both, the cursor wins
    request.mode = ListRequest::Mode::kCursor;
    if (!cursor->empty()) {
      request.cursor = Uuid::Parse(*cursor);
      if (!request.cursor)
        return Bad("page[cursor]",
                   "page cursor must be a valid UUID (got \"" + std::string(*cursor) + "\")");
    }
    return request;
  }
  request.mode = ListRequest::Mode::kOffset;
  request.number = NumberOf(*number);
  if (request.number > 100)
    return Bad("page[number]", "page number must be a number between 1 and 100 (got " +
                                   std::to_string(request.number) +
                                   ", please use cursor-based pagination instead)");
  if (request.number < 1) return Bad("page[number]", Between("page number", request.number));
  return request;
}

std::string ListLinks(const Call& call, const ListRequest& request,
                      std::optional<std::int64_t> total, const std::optional<Uuid>& last,
                      bool more) {
  const std::string target(call.request.target.substr(0, call.request.target.find('?')));
  const auto link = [&](std::vector<std::pair<std::string, std::string>> page) {
    std::vector<std::pair<std::string, std::string>> parameters;
    for (const auto& [name, value] : call.query) {
      if (name == "token" || name == "auth" || name == "page" || name.starts_with("page["))
        continue;
      parameters.emplace_back(name, value);
    }
    for (auto& entry : page) parameters.push_back(std::move(entry));
    std::stable_sort(parameters.begin(), parameters.end(),
                     [](const auto& a, const auto& b) { return a.first < b.first; });
    std::string url = target;
    char separator = '?';
    for (const auto& [name, value] : parameters) {
      url += separator;
      url += Escape(name) + "=" + Escape(value);
      separator = '&';
    }
    return url;
  };
  base::JsonWriter out;
  const std::string size = std::to_string(request.size);
  out.BeginObject();
  if (request.mode == ListRequest::Mode::kCursor) {
    out.Key("self").String(link({{"page[cursor]", request.cursor ? request.cursor->ToString() : ""},
                                 {"page[size]", size}}));
    out.Key("next");
    if (more && last)
      out.String(link({{"page[cursor]", last->ToString()}, {"page[size]", size}}));
    else
      out.Null();
    return out.EndObject().Take();
  }
  const auto numbered = [&](std::int64_t number) {
    return link({{"page[number]", std::to_string(number)}, {"page[size]", size}});
  };
  const std::int64_t count = total.value_or(0);
  const std::int64_t pages = (count + request.size - 1) / request.size;
  out.Key("self").String(numbered(request.number)).Key("prev");
  if (request.number > 1)
    out.String(numbered(request.number - 1));
  else
    out.Null();
  out.Key("next");
  if (request.number < pages)
    out.String(numbered(request.number + 1));
  else
    out.Null();
  out.Key("first").String(numbered(1)).Key("last").String(numbered(pages));
  out.Key("meta").BeginObject().Key("pages").Int(pages).Key("count").Int(count).EndObject();
  return out.EndObject().Take();
}

}  // namespace latchkey::api
