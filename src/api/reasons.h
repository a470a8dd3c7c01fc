#pragma once

#include "api/call.h"
#include "api/problem.h"

namespace latchkey::api {

// meta.reason {code, title, body, actions} (decision 28), for requests that carry
// `Latchkey-Reasons: 1`: from the first error's code and status, or from the tombstone behind a 401
// or 404. A seat that was taken over adds `until`, the time until which its device keeps working.
void AddReason(const Call& call, const Failure& failure, json::object& meta);

// The same for a validation verdict: nothing for VALID.
void AddReason(const Call& call, std::string_view validation_code, const core::License* license,
               json::object& meta);

}  // namespace latchkey::api
