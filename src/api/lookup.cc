#include "api/lookup.h"

#include <array>

#include "service/machines.h"
#include "store/tombstones.h"

namespace latchkey::api {
namespace {

using core::Role;
using store::Where;

template <class T>
Result<void> Take(Call& call, std::optional<T>& slot, const Where& where, std::string_view id) {
  LK_ASSIGN(slot, service::Find<T>(call.context(), where));
  if (!slot) return NotFound(core::ResourceOf<T>().noun, id);
  return {};
}

// The id column is only tried when the text looks like a UUID; the oldest match wins
// (conventions.md §1.2 rule 3).
Where ById(std::string_view text) {
  const auto id = Uuid::Parse(text);
  return id ? Where("id = ?", *id) : Where::Nothing();
}
Where Either(std::string_view text, Where alias) {
  const auto id = Uuid::Parse(text);
  if (!id) return alias;
  return Where::AnyOf(std::array{Where("id = ?", *id), std::move(alias)});
}

// Below a license or policy only what is attached to it.
Where AttachedTo(const core::License& license) {
  return Where(
      "(id IN (SELECT entitlement_id FROM license_entitlements WHERE license_id = ?) OR "
      "id IN (SELECT entitlement_id FROM policy_entitlements WHERE policy_id = ?))",
      license.id, license.policy_id);
}
Where AttachedTo(const core::Policy& policy) {
  return Where("id IN (SELECT entitlement_id FROM policy_entitlements WHERE policy_id = ?)",
               policy.id);
}

Result<void> FindProduct(Call& call, const std::string& text) {
  Where where = VisibleProducts(call);
  where.And(Either(text, Where("lower(code) = lower(?)", text)));
  return Take(call, call.product, where, text);
}

Result<void> FindPolicy(Call& call, const std::string& text) {
  Where where = VisiblePolicies(call);
  if (call.product) where.And("product_id = ?", call.product->id);
  where.And(ById(text));
  return Take(call, call.policy, where, text);
}

Result<void> FindEntitlement(Call& call, const std::string& text) {
  Where where = VisibleEntitlements(call);
  if (call.license)
    where.And(AttachedTo(*call.license)).And(ById(text));  // nested routes take the id only
  else if (call.policy)
    where.And(AttachedTo(*call.policy)).And(ById(text));
  else
    where.And(Either(text, Where("lower(code) = lower(?)", text)));
  return Take(call, call.entitlement, where, text);
}

Result<void> FindLicense(Call& call, const std::string& text) {
  Where where = VisibleLicenses(call);
  if (call.policy)
    where.And("policy_id = ?", call.policy->id);
  else if (call.product)
    where.And("product_id = ?", call.product->id);
  LK_ASSIGN(const Where by_key,
            store::SealedEquals<core::License>(*call.session, call.services.vault,
                                               call.account_id(), "key", text));
  where.And(Either(text, by_key));
  auto found = Take(call, call.license, where, text);
  if (found && call.license->key == text) {  // what a legacy license stores is no key
    LK_ASSIGN(const auto policy,
              service::Find<core::Policy>(call.context(), call.license->policy_id));
    if (policy && policy->scheme == core::Scheme::kLegacyEncrypt) {
      call.license.reset();
      found = NotFound("license", text);
    }
  }
  if (found || found.error().code != Errc::kNotFound) return found;
  std::optional<store::Tombstone> tombstone;
  const auto id = Uuid::Parse(text);
  if (id && core::kRD.Has(call.actor.role)) {  // who holds a key knows of its license, others not
    LK_ASSIGN(tombstone, store::FindTombstone(*call.session, store::Tombstone::Kind::kLicense,
                                              call.account_id(), *id));
  }
  if (!tombstone) {
    LK_ASSIGN(tombstone, store::FindLicenseTombstone(*call.session, call.services.vault,
                                                     call.account_id(), text));
  }
  if (tombstone) call.cause = tombstone->cause;
  return found;
}

Result<void> FindMachine(Call& call, const std::string& text) {
  Where where = VisibleMachines(call);
  if (call.license)
    where.And("license_id = ?", call.license->id);
  else if (call.product)
    where.And("product_id = ?", call.product->id);
  where.And(Either(text, Where("fingerprint = ?", text)));
  auto found = Take(call, call.machine, where, text);
  if (found || found.error().code != Errc::kNotFound) return found;
  // Only the license that had the machine is told why it is gone.
  std::optional<store::Tombstone> tombstone;
  if (call.actor.license) {
    LK_ASSIGN(tombstone,
              store::FindMachineTombstone(*call.session, call.services.vault, call.account_id(),
                                          call.actor.license->id, text));
  }
  if (tombstone) call.cause = tombstone->cause;
  if (call.cause == "SEAT_TAKEN_OVER") {
    LK_ASSIGN(call.until, service::ReleasedUntil(call.context(), tombstone->record_id));
  }
  return found;
}

Result<void> FindToken(Call& call, const std::string& text) {
  Where where = VisibleTokens(call);
  if (call.license)
    where.And("bearer_type = 'licenses' AND bearer_id = ?", call.license->id);
  else if (call.product)
    where.And("bearer_type = 'products' AND bearer_id = ?", call.product->id);
  where.And(ById(text));
  return Take(call, call.token, where, text);
}

struct Finder {
  std::string_view name;
  Result<void> (*find)(Call&, const std::string&);
};
constexpr Finder kFinders[] = {{"product", FindProduct},         {"policy", FindPolicy},
                               {"entitlement", FindEntitlement}, {"license", FindLicense},
                               {"machine", FindMachine},         {"token", FindToken}};

}  // namespace

Error NotFound(std::string_view noun, std::string_view id) {
  if (id.empty())
    return Error{Errc::kNotFound, "The requested " + std::string(noun) + " was not found"};
  return Error{Errc::kNotFound,
               "The requested " + std::string(noun) + " '" + std::string(id) + "' was not found"};
}

Where VisibleProducts(const Call& call) {
  switch (call.actor.role) {
    case Role::kProduct:
      return Where("products.id = ?", call.actor.id);
    case Role::kUser:
      return Where(
          "(products.distribution_strategy = 'OPEN' OR (coalesce(products.distribution_strategy, "
          "'LICENSED') = 'LICENSED' AND "
          "products.id IN (SELECT product_id FROM licenses WHERE owner_id = ?)))",
          call.actor.id);
    case Role::kLicense:
      return Where(
          "(products.distribution_strategy = 'OPEN' OR (coalesce(products.distribution_strategy, "
          "'LICENSED') = 'LICENSED' AND "
          "products.id = ?))",
          call.actor.license->product_id);
    case Role::kAnonymous:
      return Where::Nothing();
    default:
      return Where();
  }
}

Where VisiblePolicies(const Call& call) {
  switch (call.actor.role) {
    case Role::kProduct:
      return Where("policies.product_id = ?", call.actor.id);
    case Role::kUser:
      return Where("policies.id IN (SELECT policy_id FROM licenses WHERE owner_id = ?)",
                   call.actor.id);
    case Role::kLicense:
      return Where("policies.id = ?", call.actor.license->policy_id);
    case Role::kAnonymous:
      return Where::Nothing();
    default:
      return Where();
  }
}

Where VisibleEntitlements(const Call& call) {
  switch (call.actor.role) {
    case Role::kUser:
      return Where(
          "(entitlements.id IN (SELECT entitlement_id FROM license_entitlements WHERE license_id "
          "IN "
          "(SELECT id FROM licenses WHERE owner_id = ?)) OR entitlements.id IN (SELECT "
          "entitlement_id FROM policy_entitlements "
          "WHERE policy_id IN (SELECT policy_id FROM licenses WHERE owner_id = ?)))",
          call.actor.id, call.actor.id);
    case Role::kLicense:
      return AttachedTo(*call.actor.license);
    case Role::kAnonymous:
      return Where::Nothing();
    default:
      return Where();
  }
}

Where VisibleLicenses(const Call& call) {
  switch (call.actor.role) {
    case Role::kProduct:
      return Where("licenses.product_id = ?", call.actor.id);
    case Role::kUser:
      return Where("licenses.owner_id = ?", call.actor.id);
    case Role::kLicense:
      return Where("licenses.id = ?", call.actor.id);
    case Role::kAnonymous:
      return Where::Nothing();
    default:
      return Where();
  }
}

Where VisibleMachines(const Call& call) {
  switch (call.actor.role) {
    case Role::kProduct:
      return Where("machines.product_id = ?", call.actor.id);
    case Role::kUser:
      return Where(
          "(machines.owner_id = ? OR machines.license_id IN (SELECT id FROM licenses WHERE "
          "owner_id = ?))",
          call.actor.id, call.actor.id);
    case Role::kLicense:
      return Where("machines.license_id = ?", call.actor.id);
    case Role::kAnonymous:
      return Where::Nothing();
    default:
      return Where();
  }
}

Where VisibleTokens(const Call& call) {
  switch (call.actor.role) {
    case Role::kProduct:
      return Where(
          "((tokens.bearer_type = 'products' AND tokens.bearer_id = ?) OR (tokens.bearer_type = "
          "'licenses' AND "
          "tokens.bearer_id IN (SELECT id FROM licenses WHERE product_id = ?)) OR "
          "(tokens.bearer_type = 'users' AND tokens.bearer_id IN (SELECT owner_id FROM licenses "
          "WHERE product_id = ?) AND tokens.bearer_id IN (SELECT id FROM users WHERE role = "
          "'user')))",
          call.actor.id, call.actor.id, call.actor.id);
    case Role::kUser:
      return Where("tokens.bearer_type = 'users' AND tokens.bearer_id = ?", call.actor.id);
    case Role::kLicense:
      return Where("tokens.bearer_type = 'licenses' AND tokens.bearer_id = ?", call.actor.id);
    case Role::kAnonymous:
      return Where::Nothing();
    default:
      return Where();
  }
}

Result<void> FindPathRecords(Call& call) {
  for (const auto& [name, text] : call.segments) {
    for (const Finder& finder : kFinders)
      if (finder.name == name) LK_TRY(finder.find(call, text));
  }
  return {};
}

Target TargetOf(const core::Product& product) { return {.product_id = product.id}; }

Target TargetOf(const core::Policy& policy) {
  return {.product_id = policy.product_id, .policy_protected = policy.protected_};
}

Result<Target> TargetOf(Call& call, const core::License& license) {
  Target target{.product_id = license.product_id,
                .license_id = license.id,
                .license_owner_id = license.owner_id,
                .license_protected = license.protected_};
  if (call.actor.role == Role::kUser) {  // only users' rules ask for the policy's flag
    LK_ASSIGN(const auto policy, service::Find<core::Policy>(call.context(), license.policy_id));
    target.policy_protected = policy && policy->protected_;
  }
  return target;
}

Result<Target> TargetOf(Call& call) {
  if (call.machine) {
    std::optional<core::License> license = call.license;
    if (!license) {
      LK_ASSIGN(license, service::Find<core::License>(call.context(), call.machine->license_id));
      if (!license) return Error{Errc::kDamaged, "machine without license"};
    }
    LK_ASSIGN(Target target, TargetOf(call, *license));
    target.machine_owner_id = call.machine->owner_id;
    return target;
  }
  if (call.license) return TargetOf(call, *call.license);
  if (call.policy) return TargetOf(*call.policy);
  if (call.product) return TargetOf(*call.product);
  return Target{};
}

}  // namespace latchkey::api
