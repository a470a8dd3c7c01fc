#include "service/license_users.h"

#include <set>

#include "service/groups.h"

namespace latchkey::service {
namespace {

using store::Params;
using store::Where;

Result<std::set<Uuid>> Attached(const Context& context, const Uuid& license) {
  std::set<Uuid> users;
  LK_TRY(context.session.Query(
      "SELECT user_id FROM license_users WHERE account_id = $1 AND license_id = $2",
      Params(context.account_id(), license),
      [&](const store::Row& row) { users.insert(row.Id(0)); }));
  return users;
}

std::string CannotDetach(const Uuid& id, std::string_view reason) {
  return "cannot detach user '" + id.ToString() + "' (" + std::string(reason) + ")";
}

}  // namespace

Result<std::optional<Violation>> CheckOwnerExists(const Context& context,
                                                  const std::optional<Uuid>& owner) {
  if (!owner) return std::optional<Violation>();
  LK_ASSIGN(const auto user, Find<core::User>(context, *owner));
  if (user) return std::optional<Violation>();
  return std::optional(RelationshipRule("owner", "NOT_FOUND", "must exist"));
}

std::optional<Violation> CheckUserLimit(const core::License& license, const core::Policy& policy,
                                        std::int64_t count) {
  const auto limit = core::EffectiveLimits(license, policy).users;
  if (!limit || core::WithinLimit(count, *limit, policy.overage_strategy)) return std::nullopt;
  return RelationshipRule(
      "users", "LIMIT_EXCEEDED",
      "user count has exceeded maximum allowed for license (" + std::to_string(*limit) + ")");
}

Result<bool> IsUserOf(const Context& context, const core::License& license, const Uuid& user) {
  if (license.owner_id == user) return true;
  bool attached = false;
  LK_TRY(context.session.Query("SELECT 1 FROM license_users WHERE license_id = $1 AND user_id = $2",
                               Params(license.id, user),
                               [&](const store::Row&) { attached = true; }));
  return attached;
}

Result<void> ChangeOwner(const Context& context, core::License& record, const core::Policy& policy,
                         std::optional<Uuid> owner, std::string_view event) {
  std::vector<Violation> violations;
  LK_ASSIGN(auto unknown, CheckOwnerExists(context, owner));
  if (unknown) violations.push_back(std::move(*unknown));
  LK_ASSIGN(const auto attached, Attached(context, record.id));
  if (owner && attached.contains(*owner)) {
    violations.push_back(
        RelationshipRule("owner", "INVALID", "already exists (user is attached through users)"));
  } else if (owner && !record.owner_id) {  // another owner does not change the count
    auto exceeded = CheckUserLimit(record, policy, static_cast<std::int64_t>(attached.size()) + 1);
    if (exceeded) violations.push_back(std::move(*exceeded));
  }
  if (!record.group_id && !unknown) {
    LK_ASSIGN(record.group_id, GroupOfUser(context, owner));
    LK_ASSIGN(auto full, CheckGroupRoom(context, record.group_id, GroupMember::kLicense));
    if (full) violations.push_back(std::move(*full));
  }
  if (!violations.empty()) return Broken(std::move(violations));
  record.owner_id = owner;
  record.updated = context.now;
  LK_TRY(Update(context, record, {"owner_id", "group_id"}));
  return Emit(context, event, "licenses", record.id, {record.id});
}

Result<std::vector<core::Licensee>> AttachUsers(const Context& context,
                                                const core::License& license,
                                                const core::Policy& policy,
                                                std::span<const Uuid> users) {
  LK_ASSIGN(auto attached, Attached(context, license.id));
  std::vector<core::Licensee> made;
  for (const Uuid& id : users) {  // one after the other: the first that breaks a rule is named
    LK_ASSIGN(const auto user, Find<core::User>(context, id));
    if (!user) return Broken(RelationshipRule("user", "NOT_FOUND", "must exist"));
    if (license.owner_id == id)
      return Broken(
          RelationshipRule("user", "CONFLICT", "already exists (user is attached through owner)"));
    if (!attached.insert(id).second)
      return Broken(RelationshipRule("user", "TAKEN", "already exists"));
    auto exceeded = CheckUserLimit(
        license, policy, static_cast<std::int64_t>(attached.size()) + (license.owner_id ? 1 : 0));
    if (exceeded) return Broken(std::move(*exceeded));
    core::Licensee& row = made.emplace_back();
    Stamp(context, row);
    row.license_id = license.id;
    row.user_id = id;
  }
  for (const core::Licensee& row : made) LK_TRY(Insert(context, row));
  LK_TRY(Emit(context, "license.users.attached", "licenses", license.id, {license.id}));
  return made;
}

Result<void> DetachUsers(const Context& context, const core::License& license,
                         std::span<const Uuid> users) {
  for (std::size_t i = 0; i < users.size(); ++i)
    if (license.owner_id == users[i])
      return Error{Errc::kRefused, CannotDetach(users[i], "user is attached through owner"),
                   "/data/" + std::to_string(i)};
  LK_ASSIGN(const auto attached, Attached(context, license.id));
  for (std::size_t i = 0; i < users.size(); ++i)
    if (!attached.contains(users[i]))
      return Error{Errc::kUnprocessable, CannotDetach(users[i], "user is not attached"),
                   "/data/" + std::to_string(i)};
  for (const Uuid& user : users) {
    LK_TRY(context.session.Execute(
        "DELETE FROM license_users WHERE account_id = $1 AND license_id = $2 AND user_id = $3",
        Params(context.account_id(), license.id, user)));
    LK_TRY(context.session.Execute(
        "UPDATE machines SET owner_id = NULL WHERE account_id = $1 AND license_id = $2 AND "
        "owner_id = $3",
        Params(context.account_id(), license.id, user)));
  }
  return Emit(context, "license.users.detached", "licenses", license.id, {license.id});
}

Result<void> ChangeMachineOwner(const Context& context, core::Machine& record,
                                const core::License& license, std::optional<Uuid> owner) {
  std::vector<Violation> violations;
  LK_ASSIGN(auto unknown, CheckOwnerExists(context, owner));
  if (unknown) violations.push_back(std::move(*unknown));
  if (!record.group_id) {
    LK_ASSIGN(record.group_id, GroupOfUser(context, owner));
    LK_ASSIGN(auto full, CheckGroupRoom(context, record.group_id, GroupMember::kMachine));
    if (full) violations.push_back(std::move(*full));
  }
  if (owner && violations.empty()) {
    LK_ASSIGN(const bool licensed, IsUserOf(context, license, *owner));
    if (!licensed)
      violations.push_back(RelationshipRule("owner", "INVALID", "must be a valid license user"));
  }
  if (!violations.empty()) return Broken(std::move(violations));
  record.owner_id = owner;
  record.updated = context.now;
  LK_TRY(Update(context, record, {"owner_id", "group_id"}));
  return Emit(context, "machine.owner.updated", "machines", record.id, {record.license_id});
}

}  // namespace latchkey::service
