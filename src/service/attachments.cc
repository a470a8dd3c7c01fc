#include "service/attachments.h"

#include <algorithm>
#include <set>

namespace latchkey::service {
namespace {

using store::Params;
using store::Where;

struct Table {
  std::string_view select;  // entitlement ids of one owner
  std::string_view insert;
  std::string_view remove;
};
constexpr Table kPolicies{
    "SELECT entitlement_id FROM policy_entitlements WHERE account_id = $1 AND policy_id = $2",
    "INSERT INTO policy_entitlements (id, account_id, created, updated, policy_id, entitlement_id) "
    "VALUES ($1, $2, $3, $4, $5, $6)",
    "DELETE FROM policy_entitlements WHERE account_id = $1 AND policy_id = $2 AND entitlement_id = "
    "$3"};
constexpr Table kLicenses{
    "SELECT entitlement_id FROM license_entitlements WHERE account_id = $1 AND license_id = $2",
    "INSERT INTO license_entitlements (id, account_id, created, updated, license_id, "
    "entitlement_id) VALUES ($1, $2, $3, $4, $5, $6)",
    "DELETE FROM license_entitlements WHERE account_id = $1 AND license_id = $2 AND entitlement_id "
    "= $3"};

Result<std::set<Uuid>> Attached(const Context& context, const Table& table, const Uuid& owner) {
  std::set<Uuid> ids;
  LK_TRY(context.session.Query(table.select, Params(context.account_id(), owner),
                               [&](const store::Row& row) { ids.insert(row.Id(0)); }));
  return ids;
}

Result<std::vector<Attachment>> Attach(const Context& context, const Table& table,
                                       const Uuid& owner, const std::set<Uuid>& inherited,
                                       std::span<const Uuid> entitlements) {
  LK_ASSIGN(std::set<Uuid> attached, Attached(context, table, owner));
  std::vector<Violation> violations;
  std::vector<Attachment> made;
  for (const Uuid& id : entitlements) {
    LK_ASSIGN(const auto entitlement, Find<core::Entitlement>(context, id));
    if (!entitlement) {
      violations.push_back(RelationshipRule("entitlement", "NOT_FOUND", "must exist"));
    } else if (inherited.contains(id)) {
      violations.push_back(RelationshipRule(
          "entitlement", "CONFLICT", "already exists (entitlement is attached through policy)"));
    } else if (!attached.insert(id).second) {
      violations.push_back(RelationshipRule("entitlement", "TAKEN", "already exists"));
    } else {
      Attachment& attachment = made.emplace_back();
      Stamp(context, attachment);
      attachment.owner_id = owner;
      attachment.entitlement_id = id;
    }
  }
  if (!violations.empty()) return Broken(std::move(violations));
  for (const Attachment& attachment : made)
    LK_TRY(context.session.Execute(table.insert,
                                   Params(attachment.id, context.account_id(), attachment.created,
                                          attachment.updated, owner, attachment.entitlement_id)));
  return made;
}

std::string CannotDetach(const Uuid& id, std::string_view reason) {
  return "cannot detach entitlement '" + id.ToString() + "' (" + std::string(reason) + ")";
}

Result<void> Detach(const Context& context, const Table& table, const Uuid& owner,
                    const std::set<Uuid>& inherited, std::span<const Uuid> entitlements) {
  for (std::size_t i = 0; i < entitlements.size(); ++i)
    if (inherited.contains(entitlements[i]))
      return Error{Errc::kRefused,
                   CannotDetach(entitlements[i], "entitlement is attached through policy"),
                   "/data/" + std::to_string(i)};
  LK_ASSIGN(const std::set<Uuid> attached, Attached(context, table, owner));
  for (std::size_t i = 0; i < entitlements.size(); ++i)
    if (!attached.contains(entitlements[i]))
      return Error{Errc::kUnprocessable,
                   CannotDetach(entitlements[i], "entitlement is not attached"),
                   "/data/" + std::to_string(i)};
  for (const Uuid& id : entitlements)
    LK_TRY(context.session.Execute(table.remove, Params(context.account_id(), owner, id)));
  return {};
}

}  // namespace

Result<std::vector<Attachment>> AttachToPolicy(const Context& context, const core::Policy& policy,
                                               std::span<const Uuid> entitlements) {
  LK_ASSIGN(auto made, Attach(context, kPolicies, policy.id, {}, entitlements));
  LK_TRY(EmitForAll(context, "policy.entitlements.attached", "policies", policy.id));
  return made;
}

Result<std::vector<Attachment>> AttachToLicense(const Context& context,
                                                const core::License& license,
                                                std::span<const Uuid> entitlements) {
  LK_ASSIGN(const auto inherited, Attached(context, kPolicies, license.policy_id));
  LK_ASSIGN(auto made, Attach(context, kLicenses, license.id, inherited, entitlements));
  LK_TRY(Emit(context, "license.entitlements.attached", "licenses", license.id, {license.id}));
  return made;
}

Result<void> DetachFromPolicy(const Context& context, const core::Policy& policy,
                              std::span<const Uuid> entitlements) {
  LK_TRY(Detach(context, kPolicies, policy.id, {}, entitlements));
  return EmitForAll(context, "policy.entitlements.detached", "policies", policy.id);
}

Result<void> DetachFromLicense(const Context& context, const core::License& license,
                               std::span<const Uuid> entitlements) {
  LK_ASSIGN(const auto inherited, Attached(context, kPolicies, license.policy_id));
  LK_TRY(Detach(context, kLicenses, license.id, inherited, entitlements));
  return Emit(context, "license.entitlements.detached", "licenses", license.id, {license.id});
}

Result<std::vector<core::Entitlement>> EffectiveEntitlements(const Context& context,
                                                             const core::License& license) {
  return List<core::Entitlement>(context, Where("(entitlements.id IN (SELECT entitlement_id FROM "
                                                "license_entitlements WHERE license_id = ?) OR "
                                                "entitlements.id IN (SELECT entitlement_id FROM "
                                                "policy_entitlements WHERE policy_id = ?))",
                                                license.id, license.policy_id));
}

}  // namespace latchkey::service
