#pragma once

#include <span>
#include <string_view>

#include "api/call.h"
#include "store/where.h"

namespace latchkey::api {

// List filters (licenses.md §7.4, machines.md §1.5) as one condition; empty without any. Nested
// lists take only the filters named in `allowed`; empty = all. Blank values and unknown parameters
// are ignored, unreadable values match nothing.
store::Where LicenseFilters(const Call& call, std::span<const std::string_view> allowed = {});
store::Where MachineFilters(const Call& call, std::span<const std::string_view> allowed = {});

}  // namespace latchkey::api
