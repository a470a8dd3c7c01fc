#pragma once

#include <functional>
#include <optional>
#include <string>

#include "api/call.h"
#include "api/render.h"
#include "store/records.h"

namespace latchkey::api {

// A list request (conventions.md §5).
struct ListRequest {
  enum class Mode { kLimit, kOffset, kCursor } mode = Mode::kLimit;
  std::int64_t size = 10;
  std::int64_t number = 1;
  std::optional<Uuid> cursor;
  bool ascending = false;
};
// kQueryInvalid with the spec's text and `pointer` = the parameter's name.
Result<ListRequest> ParseListRequest(const Call& call);

// The documents of a page with their links. `items` holds one record more than the page when more
// follow (cursor mode); `total` is set in offset mode.
std::string ListLinks(const Call& call, const ListRequest& request,
                      std::optional<std::int64_t> total, const std::optional<Uuid>& last,
                      bool more);

// Lists T: runs the query of the page, renders each record with `make_view` (which may load what
// views need for all records at once), adds links. `where` already holds filters and visibility.
template <class T>
Result<Reply> ListReply(
    Call& call, const store::Where& where,
    const std::function<Result<void>(const std::vector<T>&,
                                     const std::function<void(const View&)>&)>& render) {
  LK_ASSIGN(const ListRequest request, ParseListRequest(call));
  store::Page page{.limit = request.size + 1,
                   .offset = 0,
                   .ascending = request.ascending,
                   .after = request.cursor};
  if (request.mode == ListRequest::Mode::kOffset) page.offset = (request.number - 1) * request.size;
  LK_ASSIGN(auto records, service::List<T>(call.context(), where, page));
  const bool more = static_cast<std::int64_t>(records.size()) > request.size;
  if (more) records.pop_back();
  std::optional<std::int64_t> total;
  if (request.mode == ListRequest::Mode::kOffset) {
    LK_ASSIGN(total, store::Count<T>(*call.session, call.account_id(), where));
  }
  base::JsonWriter out;
  const RenderOptions options = RenderOptionsOf(call);
  out.BeginObject().Key("data").BeginArray();
  LK_TRY(render(records, [&](const View& view) { WriteResource(out, view, options); }));
  out.EndArray();
  if (request.mode != ListRequest::Mode::kLimit) {
    const std::optional<Uuid> last =
        records.empty() ? std::nullopt : std::optional(records.back().id);
    out.Key("links").Raw(ListLinks(call, request, total, last, more));
  }
  out.EndObject();
  return Reply{.status = 200, .body = out.Take()};
}

}  // namespace latchkey::api
