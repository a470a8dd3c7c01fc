#include "service/groups.h"

#include <algorithm>
#include <set>

#include "core/rules.h"

namespace latchkey::service {
namespace {

using store::Params;
using store::Where;

Result<void> CheckRules(const core::Group& record) {
  std::vector<Violation> violations = core::CheckGroup(record);
  if (!violations.empty()) return Broken(std::move(violations));
  return {};
}

Result<std::set<Uuid>> OwnersOf(const Context& context, const core::Group& group) {
  std::set<Uuid> users;
  LK_TRY(context.session.Query(
      "SELECT user_id FROM group_owners WHERE account_id = $1 AND group_id = $2",
      Params(context.account_id(), group.id),
      [&](const store::Row& row) { users.insert(row.Id(0)); }));
  return users;
}

// What a group says of one kind of member.
struct Limit {
  std::optional<std::int64_t> core::Group::*max;
  std::string_view rule;   // the code behind GROUP_
  std::string_view words;  // "license count"
  Result<std::int64_t> (*count)(const Context&, const Uuid& group, std::int64_t cap);
};

template <class T>
Result<std::int64_t> CountMembers(const Context& context, const Uuid& group, std::int64_t cap) {
  return store::Count<T>(context.session, context.account_id(), Where("group_id = ?", group), cap);
}

const Limit& LimitOf(GroupMember kind) {
  static constexpr Limit kUsers{&core::Group::max_users, "USER_LIMIT_EXCEEDED", "user count",
                                CountMembers<core::User>};
  static constexpr Limit kLicenses{&core::Group::max_licenses, "LICENSE_LIMIT_EXCEEDED",
                                   "license count", CountMembers<core::License>};
  static constexpr Limit kMachines{&core::Group::max_machines, "MACHINE_LIMIT_EXCEEDED",
                                   "machine count", CountMembers<core::Machine>};
  switch (kind) {
    case GroupMember::kUser:
      return kUsers;
    case GroupMember::kLicense:
      return kLicenses;
    case GroupMember::kMachine:
      break;
  }
  return kMachines;
}

// Only a change of the group is checked: a record that is in it already counts itself.
template <class T>
Result<void> Enter(const Context& context, T& record, std::optional<Uuid> group, GroupMember kind) {
  if (record.group_id != group) {
    LK_ASSIGN(auto broken, CheckGroupExists(context, group));
    if (!broken) {
      LK_ASSIGN(broken, CheckGroupRoom(context, group, kind));
    }
    if (broken) return Broken(std::move(*broken));
  }
  record.group_id = group;
  record.updated = context.now;
  return Update(context, record, {"group_id"});
}

}  // namespace

Result<core::Group> CreateGroup(const Context& context, core::Group record) {
  LK_TRY(CheckRules(record));
  Stamp(context, record);
  LK_TRY(Insert(context, record));
  LK_TRY(Emit(context, "group.created", "groups", record.id));
  return record;
}

Result<void> UpdateGroup(const Context& context, core::Group& record) {
  LK_TRY(CheckRules(record));
  record.updated = context.now;
  LK_TRY(Update(context, record));
  return Emit(context, "group.updated", "groups", record.id);
}

Result<void> DeleteGroup(const Context& context, const core::Group& record) {
  LK_TRY(EmitForAll(context, "group.deleted", "groups", record.id));
  for (const std::string_view sql :
       {"UPDATE users SET group_id = NULL WHERE account_id = $1 AND group_id = $2",
        "UPDATE licenses SET group_id = NULL WHERE account_id = $1 AND group_id = $2",
        "UPDATE machines SET group_id = NULL WHERE account_id = $1 AND group_id = $2"})
    LK_TRY(context.session.Execute(sql, Params(context.account_id(), record.id)));
  LK_TRY(Delete<core::Group>(context, record.id));  // its owner rows by foreign key
  return {};
}

Result<std::vector<core::GroupOwner>> AttachGroupOwners(const Context& context,
                                                        const core::Group& group,
                                                        std::span<const Uuid> users) {
  LK_ASSIGN(std::set<Uuid> owners, OwnersOf(context, group));
  std::vector<Violation> violations;
  std::vector<core::GroupOwner> made;
  for (const Uuid& id : users) {
    LK_ASSIGN(const auto user, Find<core::User>(context, id));
    if (!user) {
      violations.push_back(RelationshipRule("user", "NOT_FOUND", "must exist"));
    } else if (!owners.insert(id).second) {
      violations.push_back(RelationshipRule("user", "TAKEN", "already exists"));
    } else {
      core::GroupOwner& owner = made.emplace_back();
      Stamp(context, owner);
      owner.environment_id = group.environment_id;
      owner.group_id = group.id;
      owner.user_id = id;
    }
  }
  if (!violations.empty()) return Broken(std::move(violations));
  for (const core::GroupOwner& owner : made) LK_TRY(Insert(context, owner));
  LK_TRY(Emit(context, "group.owners.attached", "groups", group.id));
  return made;
}

Result<void> DetachGroupOwners(const Context& context, const core::Group& group,
                               std::span<const Uuid> users) {
  LK_ASSIGN(const std::set<Uuid> owners, OwnersOf(context, group));
  for (std::size_t i = 0; i < users.size(); ++i)
    if (!owners.contains(users[i]))
      return Error{Errc::kUnprocessable,
                   "owner relationship for user '" + users[i].ToString() + "' not found",
                   "/data/" + std::to_string(i)};
  for (const Uuid& id : users)
    LK_TRY(context.session.Execute(
        "DELETE FROM group_owners WHERE account_id = $1 AND group_id = $2 AND user_id = $3",
        Params(context.account_id(), group.id, id)));
  return Emit(context, "group.owners.detached", "groups", group.id);
}

Result<std::optional<Violation>> CheckGroupExists(const Context& context,
                                                  const std::optional<Uuid>& group) {
  if (!group) return std::optional<Violation>();
  LK_ASSIGN(const auto found, Find<core::Group>(context, *group));
  if (found) return std::optional<Violation>();
  return std::optional(RelationshipRule("group", "NOT_FOUND", "must exist"));
}

Result<std::optional<Violation>> CheckGroupRoom(const Context& context,
                                                const std::optional<Uuid>& group,
                                                GroupMember kind) {
  if (!group) return std::optional<Violation>();
  LK_ASSIGN(const auto found, Find<core::Group>(context, *group));
  const Limit& limit = LimitOf(kind);
  if (!found || !((*found).*limit.max)) return std::optional<Violation>();
  const std::int64_t max = *((*found).*limit.max);
  LK_ASSIGN(const std::int64_t members,
            limit.count(context, *group, std::max<std::int64_t>(max, 0)));
  if (members < max) return std::optional<Violation>();
  return std::optional(RelationshipRule("group", std::string(limit.rule),
                                        std::string(limit.words) +
                                            " has exceeded maximum allowed by current group (" +
                                            std::to_string(max) + ")"));
}

Result<std::optional<Uuid>> GroupOfUser(const Context& context, const std::optional<Uuid>& user) {
  std::optional<Uuid> group;
  if (!user) return group;
  LK_TRY(context.session.Query("SELECT group_id FROM users WHERE account_id = $1 AND id = $2",
                               Params(context.account_id(), *user),
                               [&](const store::Row& row) { group = row.OptionalId(0); }));
  return group;
}

Result<void> ChangeGroup(const Context& context, core::User& record, std::optional<Uuid> group) {
  LK_TRY(Enter(context, record, group, GroupMember::kUser));
  return Emit(context, "user.group.updated", "users", record.id);
}

Result<void> ChangeGroup(const Context& context, core::License& record, std::optional<Uuid> group) {
  LK_TRY(Enter(context, record, group, GroupMember::kLicense));
  return Emit(context, "license.group.updated", "licenses", record.id, {record.id});
}

Result<void> ChangeGroup(const Context& context, core::Machine& record, std::optional<Uuid> group) {
  LK_TRY(Enter(context, record, group, GroupMember::kMachine));
  return Emit(context, "machine.group.updated", "machines", record.id, {record.license_id});
}

}  // namespace latchkey::service
