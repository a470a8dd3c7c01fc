#pragma once

#include "core/policy.h"
#include "core/pool_key.h"
#include "service/context.h"

namespace latchkey::service {

// Ready-made keys of pooled policies (licenses.md §5). `policy` null: unknown (POLICY_NOT_FOUND).
Result<core::PoolKey> CreatePoolKey(const Context& context, core::PoolKey record,
                                    const core::Policy* policy);
Result<void> UpdatePoolKey(const Context& context, core::PoolKey& record);
Result<void> DeletePoolKey(const Context& context, const core::PoolKey& record);

// Takes the oldest key out of the pool, for a license that is made of it; nullopt when none is
// left. Without an event.
Result<std::optional<core::PoolKey>> TakeFromPool(const Context& context,
                                                  const core::Policy& policy);
// The same on request (licenses.md §4.5). kUnprocessable for a policy without pool, or an empty
// one.
Result<core::PoolKey> PopPool(const Context& context, const core::Policy& policy);

}  // namespace latchkey::service
