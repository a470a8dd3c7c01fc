#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/views.h"

namespace latchkey::api {

// What stands in a license or machine file (machines.md §6.8).
enum class CheckOutOf { kLicense, kMachine };

// Includes as sent → each once, aliases at the end under their real names.
// kCheckoutIncludeInvalid for a name that the file does not have.
Result<std::vector<std::string>> ParseIncludes(CheckOutOf kind,
                                               const std::vector<std::string>& sent);
// kForbidden without the `.read` permission of each.
Result<void> AuthorizeIncludes(CheckOutOf kind, const std::vector<std::string>& includes,
                               const service::Actor& actor);

// The member `meta` of a file.
struct FileTimes {
  TimePoint issued{};
  std::optional<TimePoint> expiry;
  std::optional<std::int64_t> ttl;  // seconds
};

// The document inside the file, before encoding. `machine` null: a license file.
Result<std::string> WritePayload(Call& call, const core::License& license,
                                 const core::Policy& policy, const core::Machine* machine,
                                 const std::vector<std::string>& includes, const FileTimes& times);

}  // namespace latchkey::api
