// Tokens (conventions.md §9.1).
#include "service/tokens.h"
#include "api/resources/common.h"
#include "api/resources/routes.h"
#include "api/resources/token_body.h"

namespace latchkey::api {
namespace {

using core::Role;
using service::IssuedToken;

constexpr MetaMember kOtp[] = {{.name = "otp", .type = MetaMember::Type::kString}};

constexpr core::Relationship BearerRelationship() {
  core::Relationship relationship;
  relationship.name = "bearer";
  relationship.create = core::kEveryBearer;
  return relationship;
}
constexpr core::Relationship kBearer[] = {BearerRelationship()};

const Schema& GenerateSchema() {
  static const Schema schema{.form = Schema::Form::kCreate,
                             .resource = &core::ResourceOf<core::Token>(),
                             .data_optional = true,
                             .attributes = TokenAttributes(),
                             .relationships = kBearer,
                             .meta = kOtp};
  return schema;
}

// For whom: oneself, or (Ad Dv En) a user of role `user`. Products and licenses have routes of
// their own.
Result<core::User> BearerOfBody(Call& call) {
  const auto linkage = call.document.Relationship("bearer");
  if (!linkage || !*linkage) {
    if (!call.actor.user) return Errc::kForbidden;
    return *call.actor.user;
  }
  if ((*linkage)->type != "users") return Errc::kForbidden;
  if (call.actor.user && (*linkage)->id == call.actor.id) return *call.actor.user;
  LK_ASSIGN(auto user, service::Find<core::User>(call.context(), (*linkage)->id));
  if (!user || user->role != "user" || !core::kW3.Has(call.actor.role)) return Errc::kForbidden;
  return std::move(*user);
}

Result<Reply> Generate(Call& call) {
  if (call.actor.user && call.actor.user->banned_at)
    return Error{Errc::kForbidden, "user is banned"};
  LK_TRY(NeedPermission("token.generate", call.actor));
  LK_ASSIGN(const core::User bearer, BearerOfBody(call));
  LK_ASSIGN(const IssuedToken issued,
            service::GenerateUserToken(call.context(), bearer, TokenDraft(call.document),
                                       ExpirySent(call.document)));
  return CreatedReply(call, TokenView(issued.token, issued.raw));
}

// conventions.md §4.5: own tokens; for Ad Dv En also those of products, licenses and role-user
// users; products also their licenses'.
Result<void> MayChange(Call& call, const core::Token& token, std::string_view permission,
                       bool revoke) {
  LK_TRY(NeedPermission(permission, call.actor));
  if (token.bearer_id == call.actor.id) return {};
  if (core::kW3.Has(call.actor.role)) {
    if (revoke || token.bearer_type != "users") return {};
    LK_ASSIGN(const auto user, service::Find<core::User>(call.context(), token.bearer_id));
    if (user && user->role == "user") return {};
  }
  if (call.actor.role == Role::kProduct && token.bearer_type == "licenses")
    return {};  // visible ones are of its licenses
  return Errc::kForbidden;
}

Result<Reply> List(Call& call) {
  store::Where where = VisibleTokens(call);
  if (const auto type = call.parameter("bearer[type]"); type && !type->empty()) {
    std::string plural(*type);
    if (!plural.ends_with('s')) plural += 's';
    where.And("tokens.bearer_type = ?", plural);
  }
  if (const auto id = call.parameter("bearer[id]"); id && !id->empty()) {
    const auto parsed = Uuid::Parse(*id);
    where.And(parsed ? store::Where("tokens.bearer_id = ?", *parsed) : store::Where::Nothing());
  }
  return ListTokens(call, where);
}

Result<Reply> Show(Call& call) { return DocumentReply(call, TokenView(*call.token)); }

Result<Reply> RegenerateOne(Call& call, core::Token token) {
  LK_ASSIGN(const IssuedToken issued, service::RegenerateToken(call.context(), std::move(token)));
  return DocumentReply(call, TokenView(issued.token, issued.raw));
}

Result<Reply> RegenerateOwn(Call& call) {
  if (!call.actor.token) return NotFound("token", {});
  LK_TRY(MayChange(call, *call.actor.token, "token.regenerate", false));
  return RegenerateOne(call, *call.actor.token);
}

Result<Reply> Regenerate(Call& call) {
  LK_TRY(MayChange(call, *call.token, "token.regenerate", false));
  return RegenerateOne(call, *call.token);
}

Result<Reply> Revoke(Call& call) {
  LK_TRY(MayChange(call, *call.token, "token.revoke", true));
  LK_TRY(service::RevokeToken(call.context(), *call.token));
  return EmptyReply();
}

constexpr Rule kRead{.permission = "token.read",
                     .staff = core::kRD,
                     .product = ProductRule::kAll,
                     .user = UserRule::kVisible,
                     .license = LicenseRule::kVisible};

const Route kRoutes[] = {
    {.method = "POST",
     .pattern = "/tokens",
     .handle = Generate,
     .lane = Lane::kWrite,
     .schema = &GenerateSchema(),
     .order = Order::kSchemaFirst,
     .topic = "tokens",
     .own_access = true,
     .password = true},
    {.method = "GET", .pattern = "/tokens", .handle = List, .rule = kRead, .topic = "tokens"},
    {.method = "PUT",
     .pattern = "/tokens",
     .handle = RegenerateOwn,
     .lane = Lane::kWrite,
     .topic = "tokens",
     .own_access = true},
    {.method = "GET",
     .pattern = "/tokens/{token}",
     .handle = Show,
     .rule = kRead,
     .topic = "tokens"},
    {.method = "PUT",
     .pattern = "/tokens/{token}",
     .handle = Regenerate,
     .lane = Lane::kWrite,
     .topic = "tokens",
     .own_access = true},
    {.method = "DELETE",
     .pattern = "/tokens/{token}",
     .handle = Revoke,
     .lane = Lane::kWrite,
     .topic = "tokens",
     .own_access = true},
};

}  // namespace

std::span<const core::Attribute> TokenAttributes() {
  static const std::vector<core::Attribute> attributes = [] {
    std::vector<core::Attribute> all;
    for (const std::string_view name : {"expiry", "name", "permissions"})
      all.push_back(*core::FindAttribute(core::ResourceOf<core::Token>(), name));
    return all;
  }();
  return attributes;
}

core::Token TokenDraft(const Document& document) {
  core::Token draft;
  draft.permissions = {"*"};
  (void)Apply(document, core::ResourceOf<core::Token>(), &draft);  // tokens have no strategies
  SortNames(draft.permissions);
  return draft;
}

bool ExpirySent(const Document& document) { return document.Attribute("expiry") != nullptr; }

std::span<const Route> TokenRoutes() { return kRoutes; }

}  // namespace latchkey::api
