#pragma once

#include <vector>

#include "core/permission.h"
#include "service/context.h"

namespace latchkey::service {

// PERMISSIONS_NOT_ALLOWED when `wanted` holds an unknown, repeated or not grantable string
// (conventions.md §4.2 rule 4).
void AddUnsupportedPermissions(core::Role role, const core::Strings& wanted,
                               std::vector<Violation>& violations);

// A token's own list must be "*" or within what the bearer has (§4.2 rule 3).
void AddTokenPermissions(core::Role role, const core::Strings& bearer, const core::Strings& wanted,
                         std::vector<Violation>& violations);

}  // namespace latchkey::service
