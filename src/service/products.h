#pragma once

#include "core/product.h"
#include "service/context.h"

namespace latchkey::service {

// licenses.md §2, §3. `record` comes with what the client sent; ids, times and defaults are set
// here. Errors: kInvalid with the violations, kConflict for a lost race on a unique code.
Result<core::Product> CreateProduct(const Context& context, core::Product record);
Result<void> UpdateProduct(const Context& context, core::Product& record);
// With its policies, licenses and what hangs on them; the event comes first, children emit nothing.
Result<void> DeleteProduct(const Context& context, const core::Product& record);

Result<core::Entitlement> CreateEntitlement(const Context& context, core::Entitlement record);
Result<void> UpdateEntitlement(const Context& context, core::Entitlement& record);
Result<void> DeleteEntitlement(const Context& context, const core::Entitlement& record);

}  // namespace latchkey::service
