#pragma once

#include <string>
#include <vector>

#include "store/database.h"
#include "store/vault.h"

namespace latchkey::store {

// Internal kinds (decision 21), never public: committed changes that have no event of the public
// catalogue.
inline constexpr std::string_view kRowChanged = "row.changed";
inline constexpr std::string_view kImportApplied = "import.applied";
inline constexpr std::string_view kCascadeApplied = "cascade.applied";

// One change, as the single stream of changes keeps it (design.md §3).
struct Event {
  std::int64_t sequence = 0;  // set by the store
  Uuid id;                    // made by the caller
  Uuid account_id;
  std::optional<Uuid> environment_id;
  std::string kind;           // "license.suspended" or an internal kind
  bool is_public = false;     // webhooks and event logs see it
  std::string resource_type;  // "licenses"
  Uuid resource_id;
  std::vector<Uuid> stale_licenses;  // their read models are out of date by this change
  bool stale_account = false;        // all of the account's are
  std::string payload;               // a JSON document, sealed at rest
  TimePoint created{};
};

// Appends the event in the running write and announces it to observers after the commit. The
// event's sequence; numbers rise in commit order (SQLite: one writer).
Result<std::int64_t> Append(Session& session, const Vault& vault, const Event& event);

// Events after `cursor` (0 = from the beginning), oldest first, at most `limit`; `public_only`
// skips internal kinds.
Result<std::vector<Event>> ReadOutbox(Session& session, const Vault& vault, std::int64_t cursor,
                                      std::int64_t limit, bool public_only = false);
// The newest event's sequence, 0 when there is none.
Result<std::int64_t> OutboxEnd(Session& session);

}  // namespace latchkey::store
