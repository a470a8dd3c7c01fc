#include "api/listing.h"

#include <algorithm>
#include <charconv>
#include <limits>

#include "http/uri.h"

namespace latchkey::api {
namespace {

Error Bad(std::string parameter, std::string detail) {
  return Error{Errc::kQueryInvalid, std::move(detail), std::move(parameter)};
}

// A number as sent. Non-numeric text counts as 0; what is too large for us keeps its digits.
struct Number {
  std::int64_t value = 0;
  std::string text = "0";
};
Number NumberOf(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (end != text.data() + text.size() || ec == std::errc::invalid_argument) return {};
  if (ec == std::errc()) return {value, std::to_string(value)};
  using Limits = std::numeric_limits<std::int64_t>;
  return {text.front() == '-' ? Limits::min() : Limits::max(), std::string(text)};
}

std::string Between(std::string_view what, const Number& got) {
  return std::string(what) + " must be a number between 1 and 100 (got " + got.text + ")";
}

}  // namespace

Result<ListRequest> ParseListRequest(const Call& call) {
  ListRequest request;
  if (const auto limit = call.parameter("limit")) {
    const Number number = NumberOf(*limit);
    if (number.value < 1 || number.value > 100) return Bad("limit", Between("limit", number));
    request.size = number.value;
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
    const Number sent = NumberOf(*size);
    if (sent.value < 1 || sent.value > 100) return Bad("page[size]", Between("page size", sent));
    request.size = sent.value;
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
  const Number sent = NumberOf(*number);
  if (sent.value > 100)
    return Bad("page[number]", "page number must be a number between 1 and 100 (got " + sent.text +
                                   ", please use cursor-based pagination instead)");
  if (sent.value < 1) return Bad("page[number]", Between("page number", sent));
  request.number = sent.value;
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
      url += http::PercentEncode(name) + "=" + http::PercentEncode(value);
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
