#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "api/call.h"
#include "store/where.h"

namespace latchkey::api {

// List filters (licenses.md §7.4, machines.md §1.5) as one condition; empty without any. Nested
// lists take only the filters named in `allowed`; empty = all. Blank values and unknown parameters
// are ignored, unreadable values match nothing.
store::Where LicenseFilters(const Call& call, std::span<const std::string_view> allowed = {});

// `status` and `key` ask the store: errors are those of the session.
Result<store::Where> MachineFilters(const Call& call,
                                    std::span<const std::string_view> allowed = {});

// Machines.md §3, §4. `status` asks the store.
store::Where ComponentFilters(const Call& call, std::span<const std::string_view> allowed = {});
Result<store::Where> ProcessFilters(const Call& call,
                                    std::span<const std::string_view> allowed = {});

// events.md §1.4. Without `roles` only users of role `user`, unless `any_role`.
store::Where UserFilters(const Call& call, bool any_role = false);
// The role names that a list of users asks for; `user` when none is named.
std::vector<std::string> UserRoles(const Call& call);

// What filters read; nullopt for another form.
struct FilterSpan {  // "2w", "P13DT59M59S", "86400"
  std::int64_t years = 0, months = 0, weeks = 0, days = 0, hours = 0, minutes = 0, seconds = 0;
  TimePoint Before(TimePoint time) const;
  TimePoint After(TimePoint time) const;
};
std::optional<FilterSpan> ParseFilterSpan(std::string_view text);
bool ParseFilterFlag(std::string_view text);  // `false f 0 off` in any case; all else is true

}  // namespace latchkey::api
