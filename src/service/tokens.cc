#include "service/tokens.h"

#include "core/license_key.h"
#include "core/role.h"
#include "crypto/hash.h"
#include "service/permissions.h"

namespace latchkey::service {
namespace {

constexpr auto kTwoWeeks = std::chrono::hours(24 * 14);

std::string KindOfUser(std::string_view role) {
  return role == "sales-agent"     ? "sales-token"
         : role == "support-agent" ? "support-token"
                                   : std::string(role) + "-token";
}

void NewValue(const Context& context, IssuedToken& issued) {
  issued.raw = core::GenerateToken(issued.token.kind, context.random);
  const crypto::Digest256 digest =
      crypto::HmacSha256(context.account.token_secret.RevealBytes(), base::AsBytes(issued.raw));
  issued.token.digest.assign(digest.begin(), digest.end());
}

Result<IssuedToken> Generate(const Context& context, core::Token token, core::Role role,
                             const core::Strings& bearer_permissions) {
  std::vector<Violation> violations;
  if (token.name && base::Utf8Length(*token.name) > 255)
    violations.push_back(
        AttributeRule("name", "TOO_LONG", "is too long (maximum is 255 characters)"));
  if (token.permissions != core::Strings{"*"})
    AddTokenPermissions(role, bearer_permissions, token.permissions, violations);
  if (token.max_activations.value_or(0) < 0)
    violations.push_back(
        AttributeRule("max_activations", "INVALID", "must be greater than or equal to 0"));
  if (token.max_deactivations.value_or(0) < 0)
    violations.push_back(
        AttributeRule("max_deactivations", "INVALID", "must be greater than or equal to 0"));
  if (!violations.empty()) return Broken(std::move(violations));
  IssuedToken issued{.token = std::move(token), .raw = {}};
  Stamp(context, issued.token);
  NewValue(context, issued);
  LK_TRY(Insert(context, issued.token));
  LK_TRY(Emit(context, "token.generated", "tokens", issued.token.id));
  return issued;
}

}  // namespace

Result<IssuedToken> GenerateUserToken(const Context& context, const core::User& bearer,
                                      core::Token draft, bool explicit_expiry) {
  draft.bearer_type = "users";
  draft.bearer_id = bearer.id;
  draft.kind = KindOfUser(bearer.role);
  if (!explicit_expiry && bearer.role == "user") draft.expiry = context.now + kTwoWeeks;
  const core::Role role = core::ParseUserRole(bearer.role).value_or(core::Role::kUser);
  return Generate(context, std::move(draft), role, bearer.permissions);
}

Result<IssuedToken> GenerateProductToken(const Context& context, const Uuid& product,
                                         const core::Strings& product_permissions,
                                         core::Token draft) {
  draft.bearer_type = "products";
  draft.bearer_id = product;
  draft.kind = "product-token";
  return Generate(context, std::move(draft), core::Role::kProduct, product_permissions);
}

Result<IssuedToken> GenerateLicenseToken(const Context& context, const Uuid& license,
                                         const core::Strings& license_permissions,
                                         core::Token draft) {
  draft.bearer_type = "licenses";
  draft.bearer_id = license;
  draft.kind = "activation-token";
  return Generate(context, std::move(draft), core::Role::kLicense, license_permissions);
}

Result<IssuedToken> RegenerateToken(const Context& context, core::Token token) {
  IssuedToken issued{.token = std::move(token), .raw = {}};
  NewValue(context, issued);
  if (issued.token.expiry) issued.token.expiry = context.now + kTwoWeeks;
  issued.token.updated = context.now;
  LK_TRY(Update(context, issued.token));
  LK_TRY(Emit(context, "token.regenerated", "tokens", issued.token.id));
  return issued;
}

Result<void> RevokeToken(const Context& context, const core::Token& token) {
  LK_TRY(Emit(context, "token.revoked", "tokens", token.id));
  LK_TRY(Delete<core::Token>(context, token.id));
  return {};
}

}  // namespace latchkey::service
