#pragma once

#include "api/call.h"

namespace latchkey::api {

// Older API versions (conventions.md §2): steps from the newest down. Here is what answers need
// today, 1.7.
void MigrateError(const Call& call, Error& error);

}  // namespace latchkey::api
