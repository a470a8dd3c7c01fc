// The account, the bearer, ping and health (conventions.md §9.2, §9.5, §9.7).
#include "api/resources/common.h"
#include "api/resources/routes.h"

namespace latchkey::api {
namespace {

constexpr Rule kShowAccount{.permission = "account.read",
                            .staff = core::kRD,
                            .product = ProductRule::kAll,
                            .user = UserRule::kVisible,
                            .license = LicenseRule::kVisible};

Result<Reply> ShowAccount(Call& call) { return DocumentReply(call, AccountView(*call.account)); }

// Writes the bearer's own document, with the token that was used as `included`.
Result<Reply> BearerReply(Call& call, bool with_token, std::string_view meta) {
  base::JsonWriter out;
  const RenderOptions options = RenderOptionsOf(call);
  out.BeginObject().Key("data");
  Related related(call);
  if (call.actor.user) {
    LK_ASSIGN(const UserView view, UserView::Of(call, *call.actor.user));
    WriteResource(out, view, options);
  } else if (call.actor.license) {
    LK_ASSIGN(const LicenseView view, LicenseView::Of(related, *call.actor.license, call.now));
    WriteResource(out, view, options);
  } else {
    LK_ASSIGN(const auto product, service::Find<core::Product>(call.context(), call.actor.id));
    if (!product) return NotFound("product", call.actor.id.ToString());
    WriteResource(out, RecordView<core::Product>(*product), options);
  }
  if (with_token && call.actor.token) {
    LK_ASSIGN(const TokenView view, TokenView::Of(related, *call.actor.token));
    out.Key("included").BeginArray();
    WriteResource(out, view, options);
    out.EndArray();
  }
  if (!meta.empty()) out.Key("meta").Raw(meta);
  out.EndObject();
  return Reply{.status = 200, .body = out.Take()};
}

std::string_view ReadPermission(const service::Actor& actor) {
  switch (actor.role) {
    case core::Role::kProduct:
      return "product.read";
    case core::Role::kLicense:
      return "license.read";
    case core::Role::kEnvironment:
      return "environment.read";
    default:
      return "user.read";
  }
}

Result<Reply> ShowMe(Call& call) {
  LK_TRY(NeedPermission(ReadPermission(call.actor), call.actor));
  return BearerReply(call, true, {});
}

Result<Reply> ShowProfile(Call& call) {
  LK_TRY(NeedPermission(ReadPermission(call.actor), call.actor));
  if (call.actor.role == core::Role::kAdmin) LK_TRY(NeedPermission("admin.read", call.actor));
  base::JsonWriter meta;
  meta.BeginObject().Key("tokenId");
  if (call.actor.token)
    meta.Id(call.actor.token->id);
  else
    meta.Null();
  meta.EndObject();
  return BearerReply(call, false, meta.text());
}

Result<Reply> Ping(Call&) {
  return Reply{.status = 200, .body = "", .content_type = "text/plain; charset=utf-8"};
}
Result<Reply> Health(Call&) { return EmptyReply(); }

const Route kRoutes[] = {
    {.method = "GET",
     .pattern = "",
     .handle = ShowAccount,
     .rule = kShowAccount,
     .topic = "accounts",
     .scoped_only = true},
    {.method = "GET", .pattern = "/me", .handle = ShowMe, .topic = "users", .own_access = true},
    {.method = "GET",
     .pattern = "/profile",
     .handle = ShowProfile,
     .topic = "users",
     .own_access = true},
    {.method = "GET",
     .pattern = "/ping",
     .handle = Ping,
     .lane = Lane::kNone,
     .authentication = Authentication::kIgnored,
     .scope = Scope::kPing},
    {.method = "GET",
     .pattern = "/health",
     .handle = Health,
     .lane = Lane::kNone,
     .authentication = Authentication::kIgnored,
     .scope = Scope::kServer},
    {.method = "GET",
     .pattern = "/health/webhooks",
     .handle = Health,
     .lane = Lane::kNone,
     .authentication = Authentication::kIgnored,
     .scope = Scope::kServer},
};

}  // namespace

std::span<const Route> AccountRoutes() { return kRoutes; }

}  // namespace latchkey::api
