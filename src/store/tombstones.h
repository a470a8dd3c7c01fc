#pragma once

#include <optional>
#include <string>

#include "store/database.h"
#include "store/vault.h"

namespace latchkey::store {

// Why something is gone (decision 6): kept when a license or machine is deleted or revoked, so that
// its devices are told a cause and not just "not found". The key or fingerprint is kept as a blind
// index only.
struct Tombstone {
  enum class Kind { kLicense, kMachine };
  Kind kind = Kind::kLicense;
  Uuid account_id;
  Uuid record_id;
  std::optional<Uuid> license_id;  // of a machine
  std::string cause;               // a reason code: "REVOKED", "SEAT_TAKEN_OVER"
  TimePoint created{};
};

inline constexpr Seconds kTombstoneLife{400 * 86400};

// `text` is the license's key or the machine's fingerprint; empty when there is none to find it by.
Result<void> InsertTombstone(Session& session, const Vault& vault, const Tombstone& tombstone,
                             std::string_view text);

// The newest one; nullopt when nothing is known. Machines are found by fingerprint under one
// license.
Result<std::optional<Tombstone>> FindTombstone(Session& session, Tombstone::Kind kind,
                                               const Uuid& account, const Uuid& record_id);
Result<std::optional<Tombstone>> FindLicenseTombstone(Session& session, const Vault& vault,
                                                      const Uuid& account, std::string_view key);
Result<std::optional<Tombstone>> FindMachineTombstone(Session& session, const Vault& vault,
                                                      const Uuid& account, const Uuid& license_id,
                                                      std::string_view fingerprint);

// Removes the tombstones of a record that is back (an undone takeover).
Result<void> RemoveTombstones(Session& session, Tombstone::Kind kind, const Uuid& account,
                              const Uuid& record_id);
// Removes those older than 400 days; how many.
Result<std::int64_t> ExpireTombstones(Session& session, TimePoint now);

}  // namespace latchkey::store
