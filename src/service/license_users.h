#pragma once

#include <optional>
#include <span>
#include <vector>

#include "core/joins.h"
#include "core/license.h"
#include "core/machine.h"
#include "core/policy.h"
#include "service/context.h"

// The users of a license: its owner and those attached (licenses.md §7.6), and the owner of a
// machine among them (machines.md §1.9).
namespace latchkey::service {

// OWNER_NOT_FOUND when there is an owner and the account has no such user.
Result<std::optional<Violation>> CheckOwnerExists(const Context& context,
                                                  const std::optional<Uuid>& owner);
// USER_LIMIT_EXCEEDED when `count` users are more than license and policy allow.
std::optional<Violation> CheckUserLimit(const core::License& license, const core::Policy& policy,
                                        std::int64_t count);
// The owner or an attached user.
Result<bool> IsUserOf(const Context& context, const core::License& license, const Uuid& user);

// Sets or clears the owner and emits `event`. A license without a group takes the owner's.
// kInvalid: OWNER_NOT_FOUND, OWNER_INVALID, USER_LIMIT_EXCEEDED, GROUP_LICENSE_LIMIT_EXCEEDED.
Result<void> ChangeOwner(const Context& context, core::License& record, const core::Policy& policy,
                         std::optional<Uuid> owner, std::string_view event);

// All or nothing. kInvalid: USER_NOT_FOUND, USER_TAKEN, USER_CONFLICT, USER_LIMIT_EXCEEDED.
Result<std::vector<core::Licensee>> AttachUsers(const Context& context,
                                                const core::License& license,
                                                const core::Policy& policy,
                                                std::span<const Uuid> users);
// Their machines on the license have no owner then. kRefused for the owner, kUnprocessable for one
// that is not attached; `pointer` is /data/<index>.
Result<void> DetachUsers(const Context& context, const core::License& license,
                         std::span<const Uuid> users);

// A machine without a group takes the owner's. kInvalid: OWNER_NOT_FOUND, OWNER_INVALID,
// GROUP_MACHINE_LIMIT_EXCEEDED.
Result<void> ChangeMachineOwner(const Context& context, core::Machine& record,
                                const core::License& license, std::optional<Uuid> owner);

}  // namespace latchkey::service
