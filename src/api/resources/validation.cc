// Validation (licenses.md §9).
#include "api/reasons.h"
#include "api/resources/common.h"
#include "api/resources/routes.h"
#include "core/license_key.h"
#include "core/naming.h"
#include "service/licenses.h"
#include "store/tombstones.h"

namespace latchkey::api {
namespace {

using Type = MetaMember::Type;

constexpr MetaMember kScopeMembers[] = {
    {.name = "product", .type = Type::kString},
    {.name = "policy", .type = Type::kString},
    {.name = "user", .type = Type::kString, .nullable = true},
    {.name = "machine", .type = Type::kString},
    {.name = "fingerprint", .type = Type::kString},
    {.name = "fingerprints", .type = Type::kStrings, .blank_allowed = true},
    {.name = "components", .type = Type::kStrings, .blank_allowed = true},
    {.name = "entitlements", .type = Type::kStrings, .blank_allowed = true},
    {.name = "checksum", .type = Type::kString},
    {.name = "version", .type = Type::kString},
    {.name = "environment", .type = Type::kString, .nullable = true},
};
constexpr MetaMember kValidateMeta[] = {
    {.name = "nonce", .type = Type::kInteger},
    {.name = "scope", .type = Type::kObject, .members = kScopeMembers},
};
constexpr MetaMember kValidateKeyMeta[] = {
    {.name = "key", .type = Type::kString, .required = true},
    {.name = "encrypted", .type = Type::kBoolean},
    {.name = "legacy_encrypted", .type = Type::kBoolean},
    {.name = "nonce", .type = Type::kInteger},
    {.name = "scope", .type = Type::kObject, .members = kScopeMembers},
};
constexpr Schema kValidate{.form = Schema::Form::kMeta, .meta = kValidateMeta};
constexpr Schema kValidateKey{.form = Schema::Form::kMeta, .meta = kValidateKeyMeta};

constexpr Rule kRule{.permission = "license.validate",
                     .staff = core::kRD,
                     .product = ProductRule::kOwn,
                     .user = UserRule::kVisible,
                     .license = LicenseRule::kOwn};

core::Scope ScopeOf(const Document& document) {
  core::Scope scope;
  const json::value* sent = document.meta.if_contains("scope");
  if (!sent) return scope;
  const json::object& members = sent->as_object();
  const auto text = [&](std::string_view name) -> std::optional<std::string> {
    const json::value* value = members.if_contains(name);
    if (!value) return std::nullopt;
    return std::string(value->as_string());
  };
  const auto nullable = [&](std::string_view name) -> std::optional<std::optional<std::string>> {
    const json::value* value = members.if_contains(name);
    if (!value) return std::nullopt;
    if (value->is_null()) return std::optional<std::string>();
    return std::optional(std::string(value->as_string()));
  };
  const auto list = [&](std::string_view name) -> std::optional<std::vector<std::string>> {
    const json::value* value = members.if_contains(name);
    if (!value) return std::nullopt;
    std::vector<std::string> out;
    for (const auto& item : value->as_array()) out.emplace_back(item.as_string());
    return out;
  };
  scope.product = text("product");
  scope.policy = text("policy");
  scope.machine = text("machine");
  scope.fingerprint = text("fingerprint");
  scope.checksum = text("checksum");
  scope.version = text("version");
  scope.user = nullable("user");
  scope.environment = nullable("environment");
  scope.fingerprints = list("fingerprints");
  scope.components = list("components");
  scope.entitlements = list("entitlements");
  return scope;
}

// ts, valid, detail, code; then nonce and scope as sent (licenses.md §9.1 "Response").
std::string MetaOf(const Call& call, const core::Validation& verdict, const core::License* license,
                   bool echo) {
  base::JsonWriter out;
  out.Reserve(256);
  out.BeginObject().Key("ts").Time(call.now).Key("valid").Bool(verdict.valid);
  out.Key("detail").String(verdict.detail).Key("code").String(core::NameOf(verdict.code));
  if (echo) {
    if (const json::value* nonce = call.document.meta.if_contains("nonce"))
      out.Key("nonce").Tree(*nonce);
    // The scope comes back as received: from the body, not from the checked copy, which lacks
    // dropped nulls.
    const json::object* body = call.body.if_object();
    const json::value* meta = body ? body->if_contains("meta") : nullptr;
    const json::value* scope =
        meta && meta->is_object() ? meta->get_object().if_contains("scope") : nullptr;
    if (scope && scope->is_object()) {
      out.Key("scope").BeginObject();
      for (const auto& [name, value] : scope->get_object())
        out.Key(core::ToCamel(name)).Tree(value);
      out.EndObject();
    }
  }
  if (call.reasons) {
    json::object reason;
    AddReason(call, core::NameOf(verdict.code), license, reason);
    if (const json::value* value = reason.if_contains("reason")) out.Key("reason").Tree(*value);
  }
  return out.EndObject().Take();
}

core::ValidationOptions OptionsOf(const Call& call, bool scopes) {
  core::ValidationOptions options;
  options.now = call.now;
  options.check_scopes = scopes;
  options.serving = call.serving.get();
  return options;
}

// `event`: the POST forms also leave one; the quick form only stamps.
void Touch(const Call& call, const core::License& license, const core::Validation& verdict,
           bool event = true) {
  call.services.touches.Add({.account_id = call.account_id(),
                             .license_id = license.id,
                             .license_sequence = license.sequence,
                             .at = call.now,
                             .valid = verdict.valid,
                             .code = std::string(core::NameOf(verdict.code)),
                             .event = event});
}

Reply Render(const Call& call, const core::Snapshot& snapshot, const core::User* owner,
             const core::Validation& verdict, bool echo) {
  LicenseView view = owner ? LicenseView(snapshot.license, snapshot.policy, owner, call.now)
                           : LicenseView(snapshot, call.now);
  view.SetLastValidated(call.now);
  return DocumentReply(call, view, 200, MetaOf(call, verdict, &snapshot.license, echo));
}

// The same bytes for a snapshot without an owner, most of them made once.
Reply RenderWarm(const Call& call, const service::ReadModel& model,
                 const core::Validation& verdict) {
  const service::Stencil& stencil = model.Document([&] { return LicenseStencil(call, model); });
  return FillLicense(call, model, stencil, MetaOf(call, verdict, &model.license, true));
}

bool FirstValidation(const core::Snapshot& snapshot) {
  return !snapshot.license.last_validated ||
         (snapshot.policy.expiration_basis == core::ExpirationBasis::kFirstValidation &&
          snapshot.policy.duration && !snapshot.license.expiry);
}

// Validates a license that was found; `events` is false for the quick form, which only stamps.
Result<Reply> ValidateFound(Call& call, core::License license, bool full) {
  LK_ASSIGN(core::Snapshot loaded, service::LoadSnapshot(call.context(), std::move(license)));
  const auto snapshot = std::make_shared<const service::ReadModel>(std::move(loaded));
  const core::Validation verdict = core::Validate(
      &*snapshot, full ? ScopeOf(call.document) : core::Scope(), OptionsOf(call, full));
  std::optional<core::User> owner;
  if (snapshot->license.owner_id) {
    LK_ASSIGN(owner, service::Find<core::User>(call.context(), *snapshot->license.owner_id));
  }
  if (full && FirstValidation(*snapshot)) {
    if (!call.session->writable()) return Errc::kNeedsWrite;
    core::License stored = snapshot->license;
    LK_TRY(service::NoteFirstValidation(call.context(), stored, snapshot->policy, verdict.valid,
                                        core::NameOf(verdict.code)));
  } else if (full) {
    Touch(call, snapshot->license, verdict);
    LK_ASSIGN(const Bytes index, call.services.vault.BlindIndex(call.account_id(), "licenses.key",
                                                                snapshot->license.key));
    // A legacy license is found by no key: what it stores is a digest.
    if (!call.session->writable() && snapshot->policy.scheme != core::Scheme::kLegacyEncrypt)
      call.services.snapshots.Put(call.snapshot_ticket, call.account_id(), index, snapshot);
  } else if (snapshot->license.last_validated) {
    Touch(call, snapshot->license, verdict, false);
  } else {
    if (!call.session->writable()) return Errc::kNeedsWrite;
    core::License stamped = snapshot->license;
    stamped.last_validated = call.now;
    LK_TRY(service::Update(call.context(), stamped, {"last_validated"}));
  }
  return Render(call, *snapshot, owner ? &*owner : nullptr, verdict, full);
}

Result<Reply> Quick(Call& call) { return ValidateFound(call, *call.license, false); }
Result<Reply> ValidateById(Call& call) { return ValidateFound(call, *call.license, true); }

bool LegacyAsked(const Document& document) {
  for (const std::string_view name : {"encrypted", "legacy_encrypted"})
    if (const json::value* flag = document.meta.if_contains(name); flag && flag->as_bool())
      return true;
  return false;
}

Result<std::optional<core::License>> FindLegacy(Call& call, std::string_view key) {
  const auto id = core::LegacyKeyLicense(key);
  if (!id) return std::optional<core::License>();
  LK_ASSIGN(auto license, service::Find<core::License>(call.context(), *id));
  if (!license) return std::optional<core::License>();
  LK_ASSIGN(const auto policy, service::FindPolicy(call.context(), license->policy_id));
  if (!policy || policy->scheme != core::Scheme::kLegacyEncrypt ||
      !core::VerifyLegacyKey(key, license->key))
    return std::optional<core::License>();
  return license;
}

Result<Reply> ValidateKey(Call& call) {
  const std::string key(call.document.meta.at("key").as_string());
  std::optional<core::License> license;
  if (LegacyAsked(call.document)) {
    LK_ASSIGN(license, FindLegacy(call, key));
  } else {
    LK_ASSIGN(const store::Where by_key,
              store::SealedEquals<core::License>(*call.session, call.services.vault,
                                                 call.account_id(), "key", key));
    LK_ASSIGN(license, service::Find<core::License>(call.context(), by_key));
    if (license) {  // a legacy license is found by its digest's text by nobody
      LK_ASSIGN(const auto policy, service::FindPolicy(call.context(), license->policy_id));
      if (policy && policy->scheme == core::Scheme::kLegacyEncrypt) license.reset();
    }
  }
  if (!license) {
    // Only who knows the whole key is told a cause. Of a legacy key nothing is kept that could
    // prove it: its id alone is not a secret.
    if (!LegacyAsked(call.document)) {
      LK_ASSIGN(
          const auto tombstone,
          store::FindLicenseTombstone(*call.session, call.services.vault, call.account_id(), key));
      if (tombstone) call.cause = tombstone->cause;
    }
    const core::Validation verdict = core::Validate(nullptr, {}, OptionsOf(call, true));
    Reply reply = NullReply(MetaOf(call, verdict, nullptr, true));
    reply.guess = true;
    return reply;
  }
  if (!call.actor.anonymous()) {  // credentials that are sent must be good for this license
    LK_ASSIGN(const Target target, TargetOf(call, *license));
    LK_TRY(Authorize(kRule, target, call.actor));
    if (call.actor.role == core::Role::kUser && license->owner_id != call.actor.id)
      return Errc::kForbidden;
  }
  return ValidateFound(call, std::move(*license), true);
}

// Answers from the read model when it is warm: the key's own license, validated before, asked
// anonymously or with that key.
std::optional<Reply> WarmValidateKey(Call& call) {
  if (call.credential.kind != Credential::Kind::kNone &&
      call.credential.kind != Credential::Kind::kLicenseKey)
    return std::nullopt;
  auto document = CheckBody(kValidateKey, call.body, core::Role::kAnonymous);
  if (!document || LegacyAsked(*document)) return std::nullopt;
  const std::string_view key = document->meta.at("key").as_string();
  const bool by_key = call.credential.kind == Credential::Kind::kLicenseKey;
  if (by_key && call.credential.value != key) return std::nullopt;
  const auto index = call.services.vault.BlindIndex(call.account_id(), "licenses.key", key);
  if (!index) return std::nullopt;
  const service::SharedSnapshot snapshot = call.services.snapshots.Find(call.account_id(), *index);
  if (!snapshot || snapshot->owner || FirstValidation(*snapshot)) return std::nullopt;
  // The document that is kept is that of the versions since 1.5.
  if (NestedMetadataIsSnake(call)) return std::nullopt;
  const core::License& license = snapshot->license;
  if (by_key) {  // what authentication would refuse takes the long way, which words the refusal
    using Strategy = core::AuthenticationStrategy;
    const Strategy strategy = snapshot->policy.authentication_strategy;
    const bool refused =
        license.suspended || (strategy != Strategy::kLicense && strategy != Strategy::kMixed) ||
        (core::IsExpired(license, call.now) &&
         snapshot->policy.expiration_strategy == core::ExpirationStrategy::kRevokeAccess);
    const bool permitted = std::any_of(
        license.permissions.begin(), license.permissions.end(),
        [](const std::string& name) { return name == "license.validate" || name == "*"; });
    if (refused || !permitted) return std::nullopt;
    call.actor.role = core::Role::kLicense;
    call.actor.id = license.id;
  }
  call.document = std::move(*document);
  const core::Validation verdict =
      core::Validate(&*snapshot, ScopeOf(call.document), OptionsOf(call, true));
  Touch(call, license, verdict);
  return RenderWarm(call, *snapshot, verdict);
}

const Route kRoutes[] = {
    {.method = "GET",
     .pattern = "/licenses/{license}/actions/validate",
     .handle = Quick,
     .rule = kRule,
     .topic = "licenses"},
    {.method = "POST",
     .pattern = "/licenses/{license}/actions/validate",
     .handle = ValidateById,
     .rule = kRule,
     .schema = &kValidate,
     .topic = "licenses"},
    {.method = "POST",
     .pattern = "/licenses/actions/validate-key",
     .handle = ValidateKey,
     .rule = kRule,
     .schema = &kValidateKey,
     .order = Order::kSchemaFirst,
     .authentication = Authentication::kOptional,
     .topic = "licenses",
     .own_access = true,
     .warm = WarmValidateKey},
};

}  // namespace

std::span<const Route> ValidationRoutes() { return kRoutes; }

}  // namespace latchkey::api
