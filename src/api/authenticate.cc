#include "api/authenticate.h"

#include <algorithm>

#include "core/license_key.h"
#include "core/totp.h"
#include "crypto/hash.h"
#include "http/text.h"
#include "service/second_factors.h"
#include "store/records.h"
#include "store/tombstones.h"

namespace latchkey::api {
namespace {

using core::Role;

std::string_view Trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

// `T` or `token="T"`.
std::string TokenValue(std::string_view text) {
  if (text.starts_with("token=")) text.remove_prefix(6);
  if (text.size() >= 2 && text.front() == '"' && text.back() == '"')
    text = text.substr(1, text.size() - 2);
  return std::string(text);
}

std::string LowerCase(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

Credential Basic(std::string_view text, const Route& route) {
  Credential credential{.kind = Credential::Kind::kToken, .scheme = "Basic"};
  std::string padded(text);  // some clients leave the padding out
  while (padded.size() % 4 != 0) padded += '=';
  const auto decoded = base::FromBase64(padded);
  if (!decoded) return credential;  // a token that nobody has
  const std::string_view pair = base::AsText(*decoded);
  const std::size_t colon = pair.find(':');
  const std::string user(pair.substr(0, colon));
  const std::string pass(colon == std::string_view::npos ? "" : pair.substr(colon + 1));
  if (user == "license") {
    credential.kind = Credential::Kind::kLicenseKey;
    credential.value = pass;
  } else if (user == "token") {
    credential.value = pass;
  } else if (route.password && core::ShapeOf(user) == core::TokenShape::kUnknown) {
    credential.kind = Credential::Kind::kPassword;
    credential.value = user;
    credential.password = Secret(pass);
  } else {
    credential.value = user;
  }
  const bool password = credential.kind == Credential::Kind::kPassword;
  if (!password && credential.value.empty()) credential.kind = Credential::Kind::kNone;
  return credential;
}

// The scheme as WWW-Authenticate names it: the request's own, capitalised.
std::string SchemeName(std::string_view sent) {
  if (sent.empty() || !std::all_of(sent.begin(), sent.end(), http::IsTokenChar)) return "Bearer";
  std::string name = LowerCase(std::string(sent));
  name.front() = static_cast<char>(std::toupper(static_cast<unsigned char>(name.front())));
  return name;
}

Credential FromParameter(std::string_view text, std::string scheme) {
  Credential credential{.scheme = std::move(scheme)};
  if (text.empty()) return credential;
  credential.kind = Credential::Kind::kToken;
  if (text.starts_with("license:")) {
    credential.kind = Credential::Kind::kLicenseKey;
    credential.value = text.substr(8);
  } else if (text.starts_with("token:")) {
    credential.value = text.substr(6);
  } else {
    credential.value = text;
  }
  return credential;
}

Role RoleOfUser(const core::User& user) {
  return core::ParseUserRole(user.role).value_or(Role::kUser);
}

// Fills license, policy checks and permissions of a license bearer.
Result<service::Actor> LicenseActor(Call& call, core::License license, bool by_key) {
  LK_ASSIGN(auto policy, service::Find<core::Policy>(call.context(), license.policy_id));
  if (!policy) return Error{Errc::kInternal, "license without policy"};
  std::optional<core::User> owner;
  if (license.owner_id) {
    LK_ASSIGN(owner, service::Find<core::User>(call.context(), *license.owner_id));
  }
  using Strategy = core::AuthenticationStrategy;
  const Strategy strategy = policy->authentication_strategy;
  if (by_key) {  // conventions.md §3.3, in this order
    // What a legacy license stores is a digest and no key (licenses.md §8.5).
    if (policy->scheme == core::Scheme::kLegacyEncrypt) return Errc::kLicenseInvalid;
    if (owner && owner->banned_at) return Errc::kLicenseBanned;
    if (license.suspended) return Errc::kLicenseSuspended;
    if (core::IsExpired(license, call.now) &&
        policy->expiration_strategy == core::ExpirationStrategy::kRevokeAccess)
      return Errc::kLicenseExpired;
    if (strategy != Strategy::kLicense && strategy != Strategy::kMixed)
      return Errc::kLicenseNotAllowed;
  } else if (strategy != Strategy::kToken && strategy != Strategy::kMixed) {
    return Errc::kTokenNotAllowed;
  }
  service::Actor actor = ActorOf(std::move(license));
  if (owner)
    actor.permissions = actor.permissions.Intersect(
        core::PermissionSet::Of(RoleOfUser(*owner), owner->permissions));
  return actor;
}

Result<service::Actor> ByLicenseKey(Call& call) {
  LK_ASSIGN(const store::Where by_key,
            store::SealedEquals<core::License>(*call.session, call.services.vault,
                                               call.account_id(), "key", call.credential.value));
  LK_ASSIGN(auto license, service::Find<core::License>(call.context(), by_key));
  if (!license) {
    LK_ASSIGN(const auto tombstone,
              store::FindLicenseTombstone(*call.session, call.services.vault, call.account_id(),
                                          call.credential.value));
    if (tombstone) call.cause = tombstone->cause;
    return Errc::kLicenseInvalid;
  }
  return LicenseActor(call, std::move(*license), true);
}

Result<service::Actor> BearerOf(Call& call, const core::Token& token) {
  if (token.bearer_type == "users") {
    LK_ASSIGN(auto user, service::Find<core::User>(call.context(), token.bearer_id));
    if (!user) return Errc::kTokenInvalid;
    if (user->banned_at) return Errc::kUserBanned;
    return ActorOf(*user);
  }
  if (token.bearer_type == "products") {
    LK_ASSIGN(auto product, service::Find<core::Product>(call.context(), token.bearer_id));
    if (!product) return Errc::kTokenInvalid;
    return ActorOf(*product);
  }
  if (token.bearer_type == "licenses") {
    LK_ASSIGN(auto license, service::Find<core::License>(call.context(), token.bearer_id));
    if (!license) return Errc::kTokenInvalid;
    return LicenseActor(call, std::move(*license), false);
  }
  return Errc::kTokenInvalid;
}

Result<service::Actor> ByToken(Call& call) {
  switch (core::ShapeOf(call.credential.value)) {
    case core::TokenShape::kUuid:
      return Errc::kTokenFormatInvalid;
    case core::TokenShape::kUnknown:
      return Errc::kTokenInvalid;
    case core::TokenShape::kLookUp:
      break;
  }
  const crypto::Digest256 digest = crypto::HmacSha256(call.account->token_secret.RevealBytes(),
                                                      base::AsBytes(call.credential.value));
  LK_ASSIGN(auto token, service::Find<core::Token>(call.context(),
                                                   store::Where("digest = ?", ByteView(digest))));
  if (!token) return Errc::kTokenInvalid;
  if (token->expiry && *token->expiry < call.now) return Errc::kTokenExpired;
  LK_ASSIGN(service::Actor actor, BearerOf(call, *token));
  actor.bearer_permissions = actor.permissions;
  const bool whatever_the_bearer_has =
      std::find(token->permissions.begin(), token->permissions.end(), "*") !=
      token->permissions.end();
  if (!whatever_the_bearer_has)
    actor.permissions =
        actor.permissions.Intersect(core::PermissionSet::Of(actor.role, token->permissions));
  actor.token = std::move(*token);
  return actor;
}

// The one-time password beside e-mail and password; empty without one. Read before the body's
// schema is: a wrong form of it is refused there.
std::string_view OtpOf(const Call& call) {
  const auto* body = call.body.if_object();
  const auto* meta = body ? body->if_contains("meta") : nullptr;
  const auto* members = meta ? meta->if_object() : nullptr;
  const auto* otp = members ? members->if_contains("otp") : nullptr;
  const auto* text = otp ? otp->if_string() : nullptr;
  return text ? std::string_view(*text) : std::string_view();
}

// An enabled second factor uses up what FindPasswordUser has only looked at.
Result<void> SpendSecondFactor(Call& call, const core::User& user) {
  LK_ASSIGN(auto factor, service::SecondFactorOf(call.context(), user.id));
  if (!factor || !factor->enabled) return {};
  LK_ASSIGN(const bool valid, service::SpendOtp(call.context(), *factor, OtpOf(call)));
  if (!valid) return Errc::kOtpInvalid;
  return {};
}

}  // namespace

Credential CredentialOf(const http::Request& request,
                        const std::vector<std::pair<std::string, std::string>>& query,
                        const Route& route) {
  const std::string_view header = Trim(http::Find(request.headers, "Authorization"));
  const std::size_t space = header.find(' ');
  const std::string_view scheme = header.substr(0, space);
  const std::string_view rest =
      space == std::string_view::npos ? std::string_view() : Trim(header.substr(space + 1));
  if (http::EqualsAnyCase(scheme, "Bearer") || http::EqualsAnyCase(scheme, "Token")) {
    Credential credential{.kind = Credential::Kind::kToken,
                          .value = TokenValue(rest),
                          .scheme = http::EqualsAnyCase(scheme, "Token") ? "Token" : "Bearer"};
    if (credential.value.empty()) credential.kind = Credential::Kind::kNone;
    return credential;
  }
  if (http::EqualsAnyCase(scheme, "Basic")) return Basic(rest, route);
  if (http::EqualsAnyCase(scheme, "License")) {
    Credential credential{
        .kind = Credential::Kind::kLicenseKey, .value = std::string(rest), .scheme = "License"};
    if (credential.value.empty()) credential.kind = Credential::Kind::kNone;
    return credential;
  }
  for (const std::string_view name : {"token", "auth"}) {
    const auto it = std::find_if(query.begin(), query.end(),
                                 [&](const auto& entry) { return entry.first == name; });
    if (it != query.end()) return FromParameter(it->second, SchemeName(scheme));
  }
  return Credential{.scheme = SchemeName(scheme)};
}

Result<void> FindPasswordUser(Call& call) {
  const std::string email = LowerCase(std::string(Trim(call.credential.value)));
  const std::size_t at = email.find('@');
  if (at == std::string::npos || at == 0 || at + 1 == email.size()) return Errc::kEmailRequired;
  LK_ASSIGN(auto user, service::Find<core::User>(call.context(), store::Where("email = ?", email)));
  if (!user) return Errc::kEmailInvalid;
  if (!user->password_digest) return Errc::kPasswordNotSupported;
  if (call.credential.password.empty()) return Errc::kPasswordRequired;
  LK_ASSIGN(const auto factor, service::SecondFactorOf(call.context(), user->id));
  if (factor && factor->enabled) {
    const std::string_view otp = OtpOf(call);
    if (otp.empty()) return Errc::kOtpRequired;
    if (!core::MatchTotp(factor->secret, otp, call.now, factor->last_step))
      return Errc::kOtpInvalid;
  }
  call.password_user = user->id;
  call.password_digest = user->password_digest;
  return {};
}

Result<service::Actor> Authenticate(Call& call) {
  if (call.route->authentication == Authentication::kIgnored) return service::Actor();
  switch (call.credential.kind) {
    case Credential::Kind::kLicenseKey:
      return ByLicenseKey(call);
    case Credential::Kind::kToken:
      return ByToken(call);
    case Credential::Kind::kPassword: {
      if (!call.password_user) return Errc::kPasswordInvalid;
      LK_ASSIGN(auto user, service::Find<core::User>(call.context(), *call.password_user));
      // The password was checked before this transaction: it must not have changed since.
      if (!user || user->password_digest != call.password_digest) return Errc::kPasswordInvalid;
      LK_TRY(SpendSecondFactor(call, *user));
      return ActorOf(*user);
    }
    case Credential::Kind::kNone:
      break;
  }
  if (call.route->authentication == Authentication::kRequired) return Errc::kTokenMissing;
  return service::Actor();
}

service::Actor ActorOf(const core::User& user) {
  service::Actor actor{.role = RoleOfUser(user), .id = user.id};
  actor.permissions = core::PermissionSet::Of(actor.role, user.permissions);
  actor.user = user;
  return actor;
}

service::Actor ActorOf(core::License license) {
  service::Actor actor{.role = Role::kLicense, .id = license.id};
  actor.permissions = core::PermissionSet::Of(Role::kLicense, license.permissions);
  actor.license = std::move(license);
  return actor;
}

service::Actor ActorOf(const core::Product& product) {
  service::Actor actor{.role = Role::kProduct, .id = product.id};
  actor.permissions = core::PermissionSet::Of(Role::kProduct, product.permissions);
  return actor;
}

}  // namespace latchkey::api
