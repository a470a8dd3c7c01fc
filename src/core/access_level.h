#pragma once

#include <span>

#include "core/validation.h"

namespace latchkey::core {

// What a person may do (ux.md §1): full; limited = view, save, export, print; none = never
// activated or ended for good.
enum class AccessLevel { kNone, kLimited, kFull };

// Signed terms of a lease (decision 1): exact seconds.
struct Terms {
  std::int64_t sync = 0;          // seconds between refreshes
  std::int64_t grace = 0;         // seconds after that
  std::int64_t expiry_grace = 0;  // full access this long after the license's expiry
  TimePoint until{};              // the cut-off: issued + sync + grace
};

// From the policy (decision 2): sync null = 604800, or 7776000 for a perpetual policy; grace null =
// 2592000; expiry grace null = 1209600, always 0 under REVOKE_ACCESS. `earned_grace` extends
// `grace` (only on a 7-day sync; cut-off at most 187 d). A policy that requires heartbeats gives
// one hour without grace (decision 7).
Terms TermsOf(const Policy& policy, TimePoint issued, std::int64_t earned_grace = 0);

// Seconds of grace that a device has earned by syncing in time (decision 4; ux.md §4: 30 d growing
// to 180 d). `syncs` = the issue times of its leases, oldest first, as the server recorded them.
// One day for every two days of the newest run in which each lease was refreshed before its cut-off
// (without earned grace); counted in elapsed time, so that syncing more often earns nothing. Zero
// unless the policy syncs every 7 days and leaves the offline grace to us: a vendor's own number is
// kept. Grace and earned grace together stay within 180 d. A run with times out of order is not
// honest: it starts again there.
std::int64_t EarnedGrace(const Policy& policy, std::span<const TimePoint> syncs);

// The table verdict → access of decision 5. `valid` and `code` come from a signed answer or from
// Validate; `expiry` with `expiry_grace` decides EXPIRED. Pass NOT_FOUND only when the answer names
// a cause (revoked, deleted): without one it means "could not ask" (decision 6). A cut-off reached
// without an answer is kLimited.
AccessLevel AccessOf(bool valid, ValidationCode code, std::optional<TimePoint> expiry,
                     std::int64_t expiry_grace, TimePoint now);

}  // namespace latchkey::core
