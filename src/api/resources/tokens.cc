// Tokens (conventions.md §9.1).
#include "service/tokens.h"
#include <set>
#include "service/users.h"

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

// Whether a license of the acting product belongs to `user`.
Result<bool> IsLicensed(Call& call, const core::User& user) {
  return service::HasProduct(call.context(), user.id, call.actor.id, false);
}

// Oneself; for Ad Dv En also users of role `user`; for products their licenses and licensed users.
// A bearer that does not exist is refused like one that is not allowed.
Result<IssuedToken> Issue(Call& call) {
  core::Token draft = TokenDraft(call.document);
  const bool expiry_sent = ExpirySent(call.document);
  const auto linkage = call.document.Relationship("bearer");
  const bool named = linkage && *linkage;
  if (call.actor.user && (!named || (*linkage)->id == call.actor.id))
    return service::GenerateUserToken(call.context(), *call.actor.user, std::move(draft),
                                      expiry_sent);
  if (!named) return Errc::kForbidden;
  const bool product = call.actor.role == Role::kProduct;
  if ((*linkage)->type == "licenses" && product) {
    LK_ASSIGN(const auto license, service::Find<core::License>(call.context(), (*linkage)->id));
    if (!license || license->product_id != call.actor.id) return Errc::kForbidden;
    return service::GenerateLicenseToken(call.context(), license->id, license->permissions,
                                         std::move(draft));
  }
  if ((*linkage)->type != "users" || !(product || core::kW3.Has(call.actor.role)))
    return Errc::kForbidden;
  LK_ASSIGN(const auto user, service::Find<core::User>(call.context(), (*linkage)->id));
  if (!user || user->role != "user") return Errc::kForbidden;
  if (product) {
    LK_ASSIGN(const bool licensed, IsLicensed(call, *user));
    if (!licensed) return Errc::kForbidden;
  }
  return service::GenerateUserToken(call.context(), *user, std::move(draft), expiry_sent);
}

Result<Reply> Generate(Call& call) {
  if (call.actor.user && call.actor.user->banned_at)
    return Error{Errc::kForbidden, "user is banned"};
  LK_TRY(NeedPermission("token.generate", call.actor));
  LK_ASSIGN(const IssuedToken issued, Issue(call));
  Related related(call);
  LK_ASSIGN(const TokenView view, TokenView::Of(related, issued.token, issued.raw));
  return CreatedReply(call, view);
}

enum class Change { kRegenerate, kRevoke };

// conventions.md §4.5, "token regenerate" and "token revoke". The token is visible to the bearer.
Result<void> MayChange(Call& call, const core::Token& token, Change change) {
  LK_TRY(
      NeedPermission(change == Change::kRevoke ? "token.revoke" : "token.regenerate", call.actor));
  const bool own = token.bearer_id == call.actor.id;
  switch (call.actor.role) {
    case Role::kProduct:  // sees its own tokens, its licenses' and its licensed users'
      return {};
    case Role::kUser:
    case Role::kLicense:
      return own ? Result<void>() : Errc::kForbidden;
    default:
      break;
  }
  if (change == Change::kRevoke && own) return {};
  if (!core::kW3.Has(call.actor.role)) return Errc::kForbidden;
  if (own || change == Change::kRevoke || token.bearer_type != "users") return {};
  LK_ASSIGN(const auto user, service::Find<core::User>(call.context(), token.bearer_id));
  if (user && user->role == "user") return {};
  return Errc::kForbidden;
}

// `bearer[role]`: of users by their role, of other bearers by what they are.
bool KnownRole(std::string_view role) {
  return role == "product" || role == "license" || role == "environment" ||
         core::ParseUserRole(role);
}

store::Where OfRole(const std::string& role) {
  if (role == "product" || role == "license" || role == "environment")
    return store::Where("tokens.bearer_type = ?", role + "s");
  return store::Where(
      "(tokens.bearer_type = 'users' AND tokens.bearer_id IN (SELECT id FROM users WHERE role = "
      "?))",
      role);
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
  std::vector<store::Where> roles;
  std::set<std::string_view> named;
  for (const auto& [name, value] : call.query)
    if ((name == "bearer[role]" || name == "bearer[role][]") && !value.empty() &&
        KnownRole(value) && named.insert(value).second)
      roles.push_back(OfRole(value));
  if (named.empty() && (call.parameter("bearer[role]") || call.parameter("bearer[role][]")))
    where.And(store::Where::Nothing());
  if (!roles.empty()) where.And(store::Where::AnyOf(roles));
  return ListTokens(call, where);
}

Result<Reply> Show(Call& call) { return TokenReply(call, *call.token); }

Result<Reply> RegenerateOne(Call& call, core::Token token) {
  LK_ASSIGN(const IssuedToken issued, service::RegenerateToken(call.context(), std::move(token)));
  return TokenReply(call, issued.token, issued.raw);
}

Result<Reply> RegenerateOwn(Call& call) {
  if (!call.actor.token) return NotFound("token", {});
  LK_TRY(MayChange(call, *call.actor.token, Change::kRegenerate));
  return RegenerateOne(call, *call.actor.token);
}

Result<Reply> Regenerate(Call& call) {
  LK_TRY(MayChange(call, *call.token, Change::kRegenerate));
  return RegenerateOne(call, *call.token);
}

Result<Reply> Revoke(Call& call) {
  LK_TRY(MayChange(call, *call.token, Change::kRevoke));
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

std::span<const core::Attribute> NestedTokenAttributes() {
  static const std::vector<core::Attribute> attributes = [] {
    std::vector<core::Attribute> all(TokenAttributes().begin(), TokenAttributes().end());
    for (core::Attribute& attribute : all)
      if (attribute.name == "permissions") attribute.create = core::kW3 | Role::kProduct;
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
