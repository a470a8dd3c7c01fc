#include "service/licenses.h"

#include <limits>

#include "base/calendar.h"
#include "base/json.h"
#include "core/license_key.h"
#include "core/rules.h"
#include "service/cascade.h"
#include "service/groups.h"
#include "service/license_users.h"
#include "service/permissions.h"
#include "service/pool_keys.h"

namespace latchkey::service {
namespace {

constexpr std::int64_t kMaxUses = std::numeric_limits<std::int32_t>::max();

Result<std::optional<core::License>> FindByKey(const Context& context, std::string_view key) {
  LK_ASSIGN(const store::Where where,
            store::SealedEquals<core::License>(context.session, context.vault, context.account_id(),
                                               "key", key));
  return Find<core::License>(context, where);
}

Result<bool> Exists(const Context& context, const Uuid& id, bool any_account) {
  bool found = false;
  if (any_account)
    LK_TRY(context.session.Query("SELECT 1 FROM licenses WHERE id = $1", store::Params(id),
                                 [&](const store::Row&) { found = true; }));
  else
    LK_TRY(context.session.Query("SELECT 1 FROM licenses WHERE account_id = $1 AND id = $2",
                                 store::Params(context.account_id(), id),
                                 [&](const store::Row&) { found = true; }));
  return found;
}

core::KeyContext KeyContextOf(const Context& context, const core::License& license,
                              const core::Policy& policy) {
  return {.account = context.account_id(),
          .product = license.product_id,
          .policy = license.policy_id,
          .license = license.id,
          .duration = policy.duration,
          .user = license.owner_id,
          .email = std::nullopt,
          .created = license.created,
          .expiry = license.expiry,
          .issuer = context.settings.issuer};
}

// The text under which the license is found: generated, or made of what was sent (licenses.md §8).
Result<CreatedLicense> MakeKey(const Context& context, core::License record,
                               const core::Policy& policy, bool key_given) {
  if (policy.scheme == core::Scheme::kLegacyEncrypt) {
    core::LegacyKey made = core::GenerateLegacyKey(record.id, context.random);
    record.key = std::move(made.digest);
    return CreatedLicense{std::move(record), std::move(made.key)};
  }
  if (policy.scheme) {
    core::KeyContext names = KeyContextOf(context, record, policy);
    if (record.owner_id) {
      LK_ASSIGN(const auto owner, Find<core::User>(context, *record.owner_id));
      if (owner) names.email = owner->email;
    }
    const std::string dataset = key_given
                                    ? core::ExpandTemplate(record.key, names)
                                    : core::DefaultDataset(*policy.scheme, names, context.random);
    if (!context.settings.legacy_schemes && (policy.scheme == core::Scheme::kRsaPkcs1Sign ||
                                             policy.scheme == core::Scheme::kRsaPssSign ||
                                             policy.scheme == core::Scheme::kRsaPkcs1Encrypt))
      return Broken(AttributeRule("scheme", "NOT_ALLOWED",
                                  "unsupported signing scheme (turned off on this server)"));
    LK_ASSIGN(record.key, core::MakeSignedKey(*policy.scheme, dataset, context.account.keys));
    return CreatedLicense{std::move(record), std::nullopt};
  }
  if (key_given) return CreatedLicense{std::move(record), std::nullopt};
  if (policy.use_pool) {
    LK_ASSIGN(auto taken, TakeFromPool(context, policy));
    if (!taken) return Broken(RelationshipRule("policy", "POOL_EMPTY", "pool is empty"));
    record.key = std::move(taken->key);
    return CreatedLicense{std::move(record), std::nullopt};
  }
  while (true) {  // 96 random bits: the loop is for form's sake
    record.key = core::GenerateDefaultKey(context.random);
    LK_ASSIGN(const auto other, FindByKey(context, record.key));
    if (!other) return CreatedLicense{std::move(record), std::nullopt};
  }
}

Result<void> Save(const Context& context, core::License& record, std::string_view event,
                  std::string payload = {}) {
  record.updated = context.now;
  LK_TRY(Update(context, record));
  return Emit(context, event, "licenses", record.id, {record.id}, std::move(payload));
}

Error TooLarge(std::string_view member) {
  return Error{Errc::kParameterInvalid, "integer is too large", "/meta/" + std::string(member)};
}

}  // namespace

Result<std::optional<core::Policy>> FindPolicy(const Context& context, const Uuid& id) {
  return Find<core::Policy>(context, id);
}

Result<CreatedLicense> CreateLicense(const Context& context, NewLicense wanted,
                                     const core::Policy* policy) {
  core::License& record = wanted.record;
  const bool id_given = !record.id.is_nil();
  if (!policy) {
    return Broken({RelationshipRule("policy", "NOT_FOUND", "must exist"),
                   RelationshipRule("product", "NOT_FOUND", "must exist")});
  }
  if (id_given) {
    LK_ASSIGN(const bool taken, Exists(context, record.id, true));
    if (taken)
      return Broken(
          {Violation::Kind::kId, "id", "CONFLICT", "must not conflict with another license"});
  }
  Stamp(context, record);
  record.product_id = policy->product_id;
  if (!record.group_id) {
    LK_ASSIGN(record.group_id, GroupOfUser(context, record.owner_id));
  }
  std::vector<Violation> violations;
  LK_ASSIGN(auto no_owner, CheckOwnerExists(context, record.owner_id));
  if (no_owner) violations.push_back(std::move(*no_owner));
  LK_ASSIGN(auto no_group, CheckGroupExists(context, record.group_id));
  if (no_group) violations.push_back(std::move(*no_group));
  for (auto& violation : core::CheckLicense(record, *policy, true))
    violations.push_back(std::move(violation));
  if (wanted.key_given) {
    LK_ASSIGN(const auto other, FindByKey(context, record.key));
    if (other) violations.push_back(AttributeRule("key", "TAKEN", "has already been taken"));
    if (const auto as_id = Uuid::Parse(record.key)) {
      LK_ASSIGN(const bool conflict, Exists(context, *as_id, false));
      if (conflict)
        violations.push_back(AttributeRule(
            "key", "CONFLICT", "must not conflict with another license's identifier (UUID)"));
    }
  }
  if (wanted.permissions_given)
    AddUnsupportedPermissions(core::Role::kLicense, record.permissions, violations);
  LK_ASSIGN(auto no_room, CheckGroupRoom(context, record.group_id, GroupMember::kLicense));
  if (no_room) violations.push_back(std::move(*no_room));
  if (record.owner_id) {
    auto exceeded = CheckUserLimit(record, *policy, 1);
    if (exceeded) violations.push_back(std::move(*exceeded));
  }
  if (!violations.empty()) return Broken(std::move(violations));

  if (!wanted.permissions_given)
    record.permissions = core::DefaultPermissions(core::Role::kLicense);
  if (!wanted.protected_given) record.protected_ = policy->protected_;
  if (policy->require_check_in) record.last_check_in = context.now;
  if (!record.expiry && policy->duration &&
      policy->expiration_basis == core::ExpirationBasis::kCreation)
    record.expiry = base::AddCalendar(context.now, *policy->duration);
  LK_ASSIGN(CreatedLicense created, MakeKey(context, std::move(record), *policy, wanted.key_given));
  LK_TRY(Insert(context, created.record));
  LK_TRY(Emit(context, "license.created", "licenses", created.record.id));
  return created;
}

Result<void> UpdateLicense(const Context& context, core::License& record,
                           const core::License& before, const core::Policy& policy) {
  std::vector<Violation> violations = core::CheckLicense(record, policy, false);
  if (record.permissions != before.permissions)
    AddUnsupportedPermissions(core::Role::kLicense, record.permissions, violations);
  if (!violations.empty()) return Broken(std::move(violations));
  return Save(context, record, "license.updated");
}

Result<void> DeleteLicense(const Context& context, const core::License& record) {
  LK_TRY(Emit(context, "license.deleted", "licenses", record.id, {record.id}));
  return EraseLicense(context, record, "DELETED");
}

Result<void> RevokeLicense(const Context& context, const core::License& record) {
  LK_TRY(Emit(context, "license.revoked", "licenses", record.id, {record.id}));
  return EraseLicense(context, record, "REVOKED");
}

Result<void> RenewLicense(const Context& context, core::License& record,
                          const core::Policy& policy) {
  if (!policy.duration)
    return Error{Errc::kUnprocessable,
                 "cannot be renewed because the policy does not have a duration"};
  if (!record.expiry)
    return Broken(std::vector<Violation>());  // the wire's own oddity: 422 without an entry
  record.expiry = core::RenewedExpiry(record, policy, context.now);
  return Save(context, record, "license.renewed");
}

Result<void> SuspendLicense(const Context& context, core::License& record) {
  if (record.suspended)
    return Error{Errc::kUnprocessable, "is already suspended", "/data/attributes/suspended"};
  record.suspended = true;
  return Save(context, record, "license.suspended");
}

Result<void> ReinstateLicense(const Context& context, core::License& record) {
  if (!record.suspended)
    return Error{Errc::kUnprocessable, "is not suspended", "/data/attributes/suspended"};
  record.suspended = false;
  return Save(context, record, "license.reinstated");
}

Result<void> CheckInLicense(const Context& context, core::License& record,
                            const core::Policy& policy) {
  if (!policy.require_check_in)
    return Error{Errc::kUnprocessable,
                 "cannot be checked in because the policy does not require it"};
  record.last_check_in = context.now;
  return Save(context, record, "license.checked-in");
}

Result<void> IncrementUsage(const Context& context, core::License& record,
                            const core::Policy& policy, std::int64_t by) {
  std::int64_t uses = 0;
  if (__builtin_add_overflow(record.uses, by, &uses) || uses > kMaxUses || uses < -kMaxUses - 1)
    return TooLarge("increment");
  const auto limit = core::EffectiveLimits(record, policy).uses;
  if (limit && uses > *limit)
    return Broken(AttributeRule(
        "uses", "LIMIT_EXCEEDED",
        "usage exceeds maximum allowed for license (" + std::to_string(*limit) + ")"));
  if (uses < 0)
    return Broken(AttributeRule("uses", "INVALID", "must be greater than or equal to 0"));
  record.uses = uses;
  LK_TRY(Save(context, record, "license.usage.incremented"));
  core::License later = record;  // the answer still shows no expiry (licenses.md §11.2)
  LK_TRY(StartExpiry(context, later, policy, core::ExpirationBasis::kFirstUse));
  return {};
}

Result<void> DecrementUsage(const Context& context, core::License& record, std::int64_t by) {
  std::int64_t uses = 0;
  if (__builtin_sub_overflow(record.uses, by, &uses) || uses > kMaxUses || uses < -kMaxUses - 1)
    return TooLarge("decrement");
  if (uses < 0)
    return Broken(AttributeRule("uses", "INVALID", "must be greater than or equal to 0"));
  record.uses = uses;
  return Save(context, record, "license.usage.decremented");
}

Result<void> ResetUsage(const Context& context, core::License& record) {
  record.uses = 0;
  return Save(context, record, "license.usage.reset");
}

Result<void> ChangePolicy(const Context& context, core::License& record, const core::Policy& from,
                          const core::Policy* to) {
  if (!to) return Broken(RelationshipRule("policy", "NOT_FOUND", "must exist"));
  if (auto broken = core::CheckTransfer(from, *to)) return Broken(std::move(*broken));
  record.policy_id = to->id;
  record.product_id = to->product_id;
  std::vector<Violation> violations = core::CheckLicense(record, *to, false);
  if (!violations.empty()) return Broken(std::move(violations));
  if (to->transfer_strategy == core::TransferStrategy::kResetExpiry)
    record.expiry =
        to->duration ? std::optional(base::AddCalendar(context.now, *to->duration)) : std::nullopt;
  for (const std::string_view table : {"machines", "components", "processes"})
    LK_TRY(context.session.Execute(
        "UPDATE " + std::string(table) +
            " SET policy_id = $1, product_id = $2 WHERE account_id = $3 AND license_id = $4",
        store::Params(to->id, to->product_id, context.account_id(), record.id)));
  return Save(context, record, "license.policy.updated");
}

Result<void> NoteLicenseCheckOut(const Context& context, core::License& record) {
  record.last_check_out = context.now;
  return Save(context, record, "license.checked-out");
}

Result<bool> StartExpiry(const Context& context, core::License& record, const core::Policy& policy,
                         core::ExpirationBasis event) {
  if (policy.expiration_basis != event || !policy.duration || record.expiry) return false;
  record.expiry = base::AddCalendar(context.now, *policy.duration);
  LK_TRY(Update(context, record));
  return true;
}

Result<void> NoteFirstValidation(const Context& context, core::License& record,
                                 const core::Policy& policy, bool valid, std::string_view code) {
  record.last_validated = context.now;
  core::License stored = record;
  if (policy.expiration_basis == core::ExpirationBasis::kFirstValidation && policy.duration &&
      !stored.expiry)
    stored.expiry = base::AddCalendar(context.now, *policy.duration);
  LK_TRY(Update(context, stored));
  base::JsonWriter payload;
  payload.BeginObject().Key("valid").Bool(valid).Key("code").String(code).EndObject();
  return Emit(context, valid ? "license.validation.succeeded" : "license.validation.failed",
              "licenses", record.id, {record.id}, payload.Take());
}

}  // namespace latchkey::service
