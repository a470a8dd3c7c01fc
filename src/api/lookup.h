#pragma once

#include "api/call.h"
#include "store/where.h"

namespace latchkey::api {

// What the bearer may see of each resource (conventions.md §4.4), as conditions for every query of
// it. The account is in every query anyway.
store::Where VisibleProducts(const Call& call);
store::Where VisiblePolicies(const Call& call);
store::Where VisibleEntitlements(const Call& call);
store::Where VisibleLicenses(const Call& call);
store::Where VisibleMachines(const Call& call);
store::Where VisibleTokens(const Call& call);

// Finds the records named by the path, parent first, each only among those visible and, below a
// parent, only among its own (conventions.md §1.4 step 11). kNotFound with the text of §1.10; a
// tombstone behind it sets call.cause, and call.until when the seat was taken over.
Result<void> FindPathRecords(Call& call);

// Facts for the rule about the record that is acted on: the last one of the path.
Result<Target> TargetOf(Call& call);
Result<Target> TargetOf(Call& call, const core::License& license);
Target TargetOf(const core::Policy& policy);
Target TargetOf(const core::Product& product);

Error NotFound(std::string_view noun, std::string_view id);

}  // namespace latchkey::api
