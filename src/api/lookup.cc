#include "api/lookup.h"

#include <array>

#include "service/machines.h"
#include "service/users.h"
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

// Mere members, and licenses, are refused before anything is looked for: they learn of no other
// member.
Result<void> MayReadMembers(Call& call) {
  if (call.actor.role != Role::kUser && call.actor.role != Role::kLicense) return {};
  LK_ASSIGN(const Target target, GroupTarget(call));
  if (target.actor_owns_group) return {};
  return Authorize(call.route->rule, target, call.actor);
}

Result<void> FindUser(Call& call, const std::string& text) {
  if (call.group) LK_TRY(MayReadMembers(call));
  // Without a bearer only who resets a forgotten password comes here: to any user.
  Where where = call.group               ? UsersOfGroup(call)
                : call.actor.anonymous() ? Where()
                                         : VisibleUsers(call);
  if (call.license)
    where.And(UsersOf(*call.license));
  else if (call.product)
    where.And(UsersOf(*call.product));
  where.And(Either(text, Where("email = ?", service::NormalisedEmail(text))));
  return Take(call, call.user, where, text);
}

Result<void> FindSecondFactor(Call& call, const std::string& text) {
  Where where = ById(text);
  where.And("user_id = ?", call.user->id);
  return Take(call, call.second_factor, where, text);
}

Result<void> FindProduct(Call& call, const std::string& text) {
  Where where = VisibleProducts(call);
  if (call.user) where.And(ProductsOf(*call.user));
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
  if (call.group) LK_TRY(MayReadMembers(call));
  Where where = call.group ? LicensesOfGroup(call) : VisibleLicenses(call);
  if (call.policy)
    where.And("policy_id = ?", call.policy->id);
  else if (call.product)
    where.And("product_id = ?", call.product->id);
  else if (call.user)
    where.And(LicensesOf(*call.user));
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
  if (call.group) LK_TRY(MayReadMembers(call));
  Where where = call.group ? MachinesOfGroup(call) : VisibleMachines(call);
  if (call.license)
    where.And("license_id = ?", call.license->id);
  else if (call.product)
    where.And("product_id = ?", call.product->id);
  else if (call.user)
    where.And(MachinesOf(*call.user));
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

// A stranger's group shows 403 (decision 24); all else below and about a group is hidden from him.
Result<void> FindGroup(Call& call, const std::string& text) {
  const bool shown = call.route->method == "GET" && call.route->pattern == "/groups/{group}";
  Where where = shown ? Where() : VisibleGroups(call);
  where.And(ById(text));
  return Take(call, call.group, where, text);
}

Result<void> FindGroupOwner(Call& call, const std::string& text) {
  Where where("group_id = ?", call.group->id);
  where.And(ById(text));
  return Take(call, call.group_owner, where, text);
}

Result<void> FindComponent(Call& call, const std::string& text) {
  Where where = VisibleComponents(call);
  if (call.machine) where.And("machine_id = ?", call.machine->id);
  where.And(ById(text));
  return Take(call, call.component, where, text);
}

Result<void> FindProcess(Call& call, const std::string& text) {
  Where where = VisibleProcesses(call);
  if (call.machine) where.And("machine_id = ?", call.machine->id);
  where.And(ById(text));
  return Take(call, call.process, where, text);
}

Result<void> FindPoolKey(Call& call, const std::string& text) {
  Where where = VisiblePoolKeys(call);
  if (call.policy) where.And("policy_id = ?", call.policy->id);
  where.And(ById(text));
  return Take(call, call.pool_key, where, text);
}

Result<void> FindToken(Call& call, const std::string& text) {
  Where where = VisibleTokens(call);
  if (call.license)
    where.And("bearer_type = 'licenses' AND bearer_id = ?", call.license->id);
  else if (call.product)
    where.And("bearer_type = 'products' AND bearer_id = ?", call.product->id);
  else if (call.user)
    where.And("bearer_type = 'users' AND bearer_id = ?", call.user->id);
  where.And(ById(text));
  return Take(call, call.token, where, text);
}

struct Finder {
  std::string_view name;
  Result<void> (*find)(Call&, const std::string&);
};
constexpr Finder kFinders[] = {{"user", FindUser},
                               {"second_factor", FindSecondFactor},
                               {"product", FindProduct},
                               {"policy", FindPolicy},
                               {"entitlement", FindEntitlement},
                               {"license", FindLicense},
                               {"machine", FindMachine},
                               {"component", FindComponent},
                               {"process", FindProcess},
                               {"key", FindPoolKey},
                               {"token", FindToken},
                               {"group", FindGroup},
                               {"group_owner", FindGroupOwner}};

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
          "products.id IN (SELECT product_id FROM licenses WHERE owner_id = ? OR id IN (SELECT "
          "license_id FROM license_users WHERE user_id = ?))))",
          call.actor.id, call.actor.id);
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
      return Where(
          "policies.id IN (SELECT policy_id FROM licenses WHERE owner_id = ? OR id IN (SELECT "
          "license_id FROM license_users WHERE user_id = ?))",
          call.actor.id, call.actor.id);
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
          "IN (SELECT id FROM licenses WHERE owner_id = ? UNION ALL SELECT license_id FROM "
          "license_users WHERE user_id = ?)) OR entitlements.id IN (SELECT entitlement_id FROM "
          "policy_entitlements WHERE policy_id IN (SELECT policy_id FROM licenses WHERE owner_id = "
          "? OR id IN (SELECT license_id FROM license_users WHERE user_id = ?))))",
          call.actor.id, call.actor.id, call.actor.id, call.actor.id);
    case Role::kLicense:
      return AttachedTo(*call.actor.license);
    case Role::kAnonymous:
      return Where::Nothing();
    default:
      return Where();
  }
}

Where VisibleUsers(const Call& call) {
  switch (call.actor.role) {
    case Role::kProduct:
      return Where("users.role = 'user'");
    case Role::kUser:  // itself and who shares a license with it
      return Where(
          "(users.id = ? OR users.id IN (SELECT owner_id FROM licenses WHERE id IN (SELECT "
          "license_id FROM license_users WHERE user_id = ?)) OR users.id IN (SELECT user_id FROM "
          "license_users WHERE license_id IN (SELECT id FROM licenses WHERE owner_id = ? UNION ALL "
          "SELECT license_id FROM license_users WHERE user_id = ?)))",
          call.actor.id, call.actor.id, call.actor.id, call.actor.id);
    case Role::kLicense:
      return UsersOf(*call.actor.license);
    case Role::kAnonymous:
      return Where::Nothing();
    default:
      return Where();
  }
}

Where LicensesOf(const core::User& user) {
  return Where(
      "(licenses.owner_id = ? OR licenses.id IN (SELECT license_id FROM license_users WHERE "
      "user_id = ?))",
      user.id, user.id);
}

Where MachinesOf(const core::User& user) {
  return Where(
      "(machines.owner_id = ? OR machines.license_id IN (SELECT id FROM licenses WHERE owner_id = "
      "? UNION ALL SELECT license_id FROM license_users WHERE user_id = ?))",
      user.id, user.id, user.id);
}

Where ProductsOf(const core::User& user) {
  return Where(
      "products.id IN (SELECT product_id FROM licenses WHERE owner_id = ? OR id IN (SELECT "
      "license_id FROM license_users WHERE user_id = ?))",
      user.id, user.id);
}

Where UsersOf(const core::License& license) {
  Where attached("users.id IN (SELECT user_id FROM license_users WHERE license_id = ?)",
                 license.id);
  if (!license.owner_id) return attached;
  return Where::AnyOf(std::array{Where("users.id = ?", *license.owner_id), std::move(attached)});
}

Where UsersOf(const core::Product& product) {
  return Where(
      "users.id IN (SELECT owner_id FROM licenses WHERE product_id = ? UNION ALL SELECT user_id "
      "FROM license_users WHERE license_id IN (SELECT id FROM licenses WHERE product_id = ?))",
      product.id, product.id);
}

Where VisibleLicenses(const Call& call) {
  switch (call.actor.role) {
    case Role::kProduct:
      return Where("licenses.product_id = ?", call.actor.id);
    case Role::kUser:
      return LicensesOf(*call.actor.user);
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
      return MachinesOf(*call.actor.user);
    case Role::kLicense:
      return Where("machines.license_id = ?", call.actor.id);
    case Role::kAnonymous:
      return Where::Nothing();
    default:
      return Where();
  }
}

Where VisibleGroups(const Call& call) {
  switch (call.actor.role) {
    case Role::kUser:
      return Where(
          "(groups.id IN (SELECT group_id FROM users WHERE id = ?) OR groups.id IN (SELECT "
          "group_id FROM group_owners WHERE user_id = ?))",
          call.actor.id, call.actor.id);
    case Role::kLicense:
      if (!call.actor.license->group_id) return Where::Nothing();
      return Where("groups.id = ?", *call.actor.license->group_id);
    case Role::kAnonymous:
      return Where::Nothing();
    default:
      return Where();
  }
}

Where UsersOfGroup(const Call& call) {
  Where where("users.group_id = ?", call.group->id);
  if (call.actor.role == Role::kProduct) where.And("users.role = 'user'");
  return where;
}

Where LicensesOfGroup(const Call& call) {
  Where where = call.actor.role == Role::kUser ? Where() : VisibleLicenses(call);
  return where.And("licenses.group_id = ?", call.group->id);
}

Where MachinesOfGroup(const Call& call) {
  Where where = call.actor.role == Role::kUser ? Where() : VisibleMachines(call);
  return where.And("machines.group_id = ?", call.group->id);
}

Where VisibleComponents(const Call& call) {
  switch (call.actor.role) {
    case Role::kProduct:
      return Where("components.product_id = ?", call.actor.id);
    case Role::kUser:
      return Where::Through("components.machine_id", "machines", VisibleMachines(call));
    case Role::kLicense:
      return Where("components.license_id = ?", call.actor.id);
    case Role::kAnonymous:
      return Where::Nothing();
    default:
      return Where();
  }
}

Where VisibleProcesses(const Call& call) {
  switch (call.actor.role) {
    case Role::kProduct:
      return Where("processes.product_id = ?", call.actor.id);
    case Role::kUser:
      return Where::Through("processes.machine_id", "machines", VisibleMachines(call));
    case Role::kLicense:
      return Where("processes.license_id = ?", call.actor.id);
    case Role::kAnonymous:
      return Where::Nothing();
    default:
      return Where();
  }
}

Where VisiblePoolKeys(const Call& call) {
  switch (call.actor.role) {
    case Role::kProduct:
      return Where("pool_keys.product_id = ?", call.actor.id);
    case Role::kUser:
    case Role::kLicense:
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
          "WHERE product_id = ? UNION ALL SELECT user_id FROM license_users WHERE license_id IN "
          "(SELECT id FROM licenses WHERE product_id = ?)) AND tokens.bearer_id IN (SELECT id FROM "
          "users WHERE role = 'user')))",
          call.actor.id, call.actor.id, call.actor.id, call.actor.id);
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

Target TargetOf(const core::User& user) { return {.user_id = user.id}; }

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
    if (license.owner_id != call.actor.id)
      LK_TRY(
          call.session->Query("SELECT 1 FROM license_users WHERE license_id = $1 AND user_id = $2",
                              store::Params(license.id, call.actor.id),
                              [&](const store::Row&) { target.actor_is_licensee = true; }));
  }
  return target;
}

Result<Target> GroupTarget(Call& call) {
  Target target;
  const service::Actor& actor = call.actor;
  if (actor.role == Role::kUser) {
    LK_TRY(call.session->Query(
        "SELECT 1 FROM group_owners WHERE account_id = $1 AND group_id = $2 AND user_id = $3",
        store::Params(call.account_id(), call.group->id, actor.id),
        [&](const store::Row&) { target.actor_owns_group = true; }));
    const bool member = actor.user && actor.user->group_id == call.group->id;
    target.hidden = !target.actor_owns_group && !member;
  }
  if (actor.role == Role::kLicense) target.hidden = actor.license->group_id != call.group->id;
  return target;
}

Result<Target> TargetOf(Call& call, const core::Machine& machine) {
  std::optional<core::License> license = call.license;
  if (!license) {
    LK_ASSIGN(license, service::Find<core::License>(call.context(), machine.license_id));
    if (!license) return Error{Errc::kDamaged, "machine without license"};
  }
  LK_ASSIGN(Target target, TargetOf(call, *license));
  target.machine_owner_id = machine.owner_id;
  return target;
}

Result<Target> TargetOf(Call& call) {
  if (call.machine) return TargetOf(call, *call.machine);
  if (call.component || call.process) {
    const Uuid& id = call.component ? call.component->machine_id : call.process->machine_id;
    LK_ASSIGN(const auto machine, service::Find<core::Machine>(call.context(), id));
    if (!machine) return Error{Errc::kDamaged, "component or process without machine"};
    return TargetOf(call, *machine);
  }
  if (call.pool_key) return Target{.product_id = call.pool_key->product_id};
  if (call.license) return TargetOf(call, *call.license);
  if (call.policy) return TargetOf(*call.policy);
  if (call.product) return TargetOf(*call.product);
  if (call.user) return TargetOf(*call.user);
  return Target{};
}

}  // namespace latchkey::api
