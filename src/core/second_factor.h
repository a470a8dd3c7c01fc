#pragma once

#include "core/resource.h"

namespace latchkey::core {

// conventions.md §9.4, events.md §1.9: TOTP, one per user.
struct SecondFactor : Record {
  Uuid user_id;
  std::string secret;  // base32, 32 characters
  bool enabled = false;
  std::optional<std::int64_t> last_step;  // time step that verified last: each counts once
};
template <>
const Resource& ResourceOf<SecondFactor>();

}  // namespace latchkey::core
