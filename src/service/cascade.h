#pragma once

#include <string_view>

#include "core/license.h"
#include "core/machine.h"
#include "service/context.h"

namespace latchkey::service {

// What goes when a record goes (licenses.md §2.2, §4.5, §7.3): children without events of their
// own, with tombstones for licenses and machines (decision 6). `cause` is "DELETED" or "REVOKED".
// The caller has emitted the record's own event.
Result<void> EraseProduct(const Context& context, const Uuid& product_id);
Result<void> ErasePolicy(const Context& context, const Uuid& policy_id);
Result<void> EraseLicense(const Context& context, const core::License& license,
                          std::string_view cause);
Result<void> EraseMachine(const Context& context, const core::Machine& machine,
                          std::string_view cause);
Result<void> EraseTokens(const Context& context, std::string_view bearer_type,
                         const Uuid& bearer_id);

}  // namespace latchkey::service
