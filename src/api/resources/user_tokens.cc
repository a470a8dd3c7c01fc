// Tokens below users (events.md §1.10).
#include "api/resources/common.h"
#include "api/resources/routes.h"
#include "api/resources/token_body.h"
#include "service/tokens.h"
#include "service/users.h"

namespace latchkey::api {
namespace {

using core::Role;

const Schema& CreateSchema() {
  static const Schema schema{.form = Schema::Form::kCreate,
                             .resource = &core::ResourceOf<core::Token>(),
                             .data_optional = true,
                             .attributes = TokenAttributes()};
  return schema;
}

Result<Reply> List(Call& call) {
  store::Where where = VisibleTokens(call);
  where.And("tokens.bearer_type = 'users' AND tokens.bearer_id = ?", call.user->id);
  return ListTokens(call, where);
}
Result<Reply> Show(Call& call) { return TokenReply(call, *call.token); }

Result<Reply> Create(Call& call) {
  LK_ASSIGN(const service::IssuedToken issued,
            service::GenerateUserToken(call.context(), *call.user, TokenDraft(call.document),
                                       ExpirySent(call.document)));
  return TokenReply(call, issued.token, issued.raw);
}

Result<Target> ReadTarget(Call& call) {
  LK_TRY(NeedPermission("token.read", call.actor));
  if (call.actor.role == Role::kEnvironment && call.user->role != "user") return Errc::kForbidden;
  return TargetOf(*call.user);
}

// For users of role `user`, or oneself; products for those that hold one of their licenses.
Result<Target> CreateTarget(Call& call) {
  LK_TRY(NeedPermission("user.tokens.generate", call.actor));
  const bool own = call.actor.id == call.user->id;
  if (!own && call.user->role != "user") return Errc::kForbidden;
  if (call.actor.role == Role::kProduct) {
    LK_ASSIGN(const bool licensed,
              service::HasProduct(call.context(), call.user->id, call.actor.id, false));
    if (!licensed) return Errc::kForbidden;
  }
  return TargetOf(*call.user);
}

constexpr Rule kRead{.permission = "token.read",
                     .staff = core::kRD,
                     .product = ProductRule::kAll,
                     .user = UserRule::kSelf};
constexpr Rule kCreate{
    .permission = "user.tokens.generate", .staff = core::kW3, .product = ProductRule::kAll};

const Route kRoutes[] = {
    {.method = "GET",
     .pattern = "/users/{user}/tokens",
     .handle = List,
     .rule = kRead,
     .topic = "tokens",
     .target = ReadTarget},
    {.method = "GET",
     .pattern = "/users/{user}/tokens/{token}",
     .handle = Show,
     .rule = kRead,
     .topic = "tokens",
     .target = ReadTarget},
    {.method = "POST",
     .pattern = "/users/{user}/tokens",
     .handle = Create,
     .lane = Lane::kWrite,
     .rule = kCreate,
     .schema = &CreateSchema(),
     .order = Order::kSchemaFirst,
     .topic = "tokens",
     .target = CreateTarget},
};

}  // namespace

std::span<const Route> UserTokenRoutes() { return kRoutes; }

}  // namespace latchkey::api
