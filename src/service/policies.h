#pragma once

#include <span>
#include <string_view>

#include "core/policy.h"
#include "service/context.h"

namespace latchkey::service {

// licenses.md §4. `violations` are those that arose when the body was applied (unknown strategies);
// they are listed with the rest. `given` names the attributes that came with a value.
Result<core::Policy> CreatePolicy(const Context& context, core::Policy record,
                                  std::span<const std::string_view> given,
                                  std::vector<Violation> violations);
Result<void> UpdatePolicy(const Context& context, core::Policy& record,
                          std::vector<Violation> violations);
Result<void> DeletePolicy(const Context& context, const core::Policy& record);

}  // namespace latchkey::service
