#pragma once

#include "core/validation.h"

namespace latchkey::core {

// What a person may do (ux.md §1): full; limited = view, save, export, print; none = never activated or ended for good.
enum class AccessLevel { kNone, kLimited, kFull };

// Signed terms of a lease (decision 1): exact seconds.
struct Terms {
  std::int64_t sync = 0;          // seconds between refreshes
  std::int64_t grace = 0;         // seconds after that
  std::int64_t expiry_grace = 0;  // full access this long after the license's expiry
  TimePoint until{};              // the cut-off: issued + sync + grace
};

// From the policy (decision 2): sync null = 604800, or 7776000 for a perpetual policy; grace null = 2592000; expiry grace null =
// 1209600, always 0 under REVOKE_ACCESS. `earned_grace` extends `grace` (only on a 7-day sync; cut-off at most 187 d).
Terms TermsOf(const Policy& policy, TimePoint issued);

// The table verdict → access of decision 5. `valid` and `code` come from a signed answer or from Validate; `expiry` with
// `expiry_grace` decides EXPIRED.
AccessLevel AccessOf(bool valid, ValidationCode code, std::optional<TimePoint> expiry, std::int64_t expiry_grace, TimePoint now);

}  // namespace latchkey::core
