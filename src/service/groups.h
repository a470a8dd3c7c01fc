#pragma once

#include <optional>
#include <span>
#include <vector>

#include "core/group.h"
#include "core/license.h"
#include "core/machine.h"
#include "core/user.h"
#include "service/context.h"

namespace latchkey::service {

// Groups (events.md §2). kInvalid: what core's rules refuse.
Result<core::Group> CreateGroup(const Context& context, core::Group record);
Result<void> UpdateGroup(const Context& context, core::Group& record);
// Its members stay and are in no group then; owner rows go.
Result<void> DeleteGroup(const Context& context, const core::Group& record);

// All or nothing. kInvalid: USER_NOT_FOUND, USER_TAKEN.
Result<std::vector<core::GroupOwner>> AttachGroupOwners(const Context& context,
                                                        const core::Group& group,
                                                        std::span<const Uuid> users);
// kUnprocessable for one that owns nothing here; `pointer` is /data/<index>.
Result<void> DetachGroupOwners(const Context& context, const core::Group& group,
                               std::span<const Uuid> users);

// What a record that enters a group has to pass (events.md §2.3). Both are about the group it
// takes, whether named or inherited; without a group there is nothing to refuse.
enum class GroupMember { kUser, kLicense, kMachine };
// GROUP_NOT_FOUND when the account has no such group.
Result<std::optional<Violation>> CheckGroupExists(const Context& context,
                                                  const std::optional<Uuid>& group);
// GROUP_<MEMBER>_LIMIT_EXCEEDED when the group holds its maximum already. The record itself must
// not be counted yet. Decided in the running write, so two racers never both win. Says nothing of
// a group that does not exist.
Result<std::optional<Violation>> CheckGroupRoom(const Context& context,
                                                const std::optional<Uuid>& group, GroupMember kind);

// The group that comes with an owner; nullopt without owner or for one in no group.
Result<std::optional<Uuid>> GroupOfUser(const Context& context, const std::optional<Uuid>& user);

// Puts the record into `group`, or with nullopt into none, and emits `<kind>.group.updated`.
// kInvalid: GROUP_NOT_FOUND, GROUP_<MEMBER>_LIMIT_EXCEEDED.
Result<void> ChangeGroup(const Context& context, core::User& record, std::optional<Uuid> group);
Result<void> ChangeGroup(const Context& context, core::License& record, std::optional<Uuid> group);
Result<void> ChangeGroup(const Context& context, core::Machine& record, std::optional<Uuid> group);

}  // namespace latchkey::service
