#include "store/tombstones.h"

namespace latchkey::store {
namespace {

std::string_view NameOf(Tombstone::Kind kind) {
  return kind == Tombstone::Kind::kLicense ? "license" : "machine";
}
std::string_view IndexKind(Tombstone::Kind kind) {
  return kind == Tombstone::Kind::kLicense ? "tombstones.license" : "tombstones.machine";
}

#define LK_TOMBSTONE_COLUMNS \
  "SELECT kind, account_id, record_id, license_id, cause, created FROM tombstones "
#define LK_NEWEST " ORDER BY created DESC, seq DESC LIMIT 1"

Result<std::optional<Tombstone>> FindOne(Session& session, std::string_view sql,
                                         const std::vector<Param>& params) {
  std::optional<Tombstone> found;
  LK_TRY(session.Query(sql, params, [&](const Row& row) {
    found =
        Tombstone{row.Text(0) == "license" ? Tombstone::Kind::kLicense : Tombstone::Kind::kMachine,
                  row.Id(1),
                  row.Id(2),
                  row.OptionalId(3),
                  std::string(row.Text(4)),
                  row.Time(5)};
  }));
  return found;
}

}  // namespace

Result<void> InsertTombstone(Session& session, const Vault& vault, const Tombstone& tombstone,
                             std::string_view text) {
  std::optional<Bytes> index;
  if (!text.empty()) {
    LK_ASSIGN(const auto keys, vault.Unlock(session, tombstone.account_id));
    index = keys->BlindIndex(IndexKind(tombstone.kind), text);
  }
  LK_TRY(
      session.Execute("INSERT INTO tombstones (account_id, kind, record_id, license_id, "
                      "text_index, cause, created) "
                      "VALUES ($1, $2, $3, $4, $5, $6, $7)",
                      Params(tombstone.account_id, NameOf(tombstone.kind), tombstone.record_id,
                             tombstone.license_id, index, tombstone.cause, tombstone.created)));
  return {};
}

Result<std::optional<Tombstone>> FindTombstone(Session& session, Tombstone::Kind kind,
                                               const Uuid& account, const Uuid& record_id) {
  return FindOne(session,
                 LK_TOMBSTONE_COLUMNS
                 "WHERE account_id = $1 AND kind = $2 AND record_id = $3" LK_NEWEST,
                 Params(account, NameOf(kind), record_id));
}

Result<std::optional<Tombstone>> FindLicenseTombstone(Session& session, const Vault& vault,
                                                      const Uuid& account, std::string_view key) {
  LK_ASSIGN(const auto keys, vault.Unlock(session, account));
  constexpr auto kKind = Tombstone::Kind::kLicense;
  return FindOne(session,
                 LK_TOMBSTONE_COLUMNS
                 "WHERE account_id = $1 AND kind = $2 AND text_index = $3" LK_NEWEST,
                 Params(account, NameOf(kKind), keys->BlindIndex(IndexKind(kKind), key)));
}

Result<std::optional<Tombstone>> FindMachineTombstone(Session& session, const Vault& vault,
                                                      const Uuid& account, const Uuid& license_id,
                                                      std::string_view fingerprint) {
  LK_ASSIGN(const auto keys, vault.Unlock(session, account));
  constexpr auto kKind = Tombstone::Kind::kMachine;
  return FindOne(
      session,
      LK_TOMBSTONE_COLUMNS
      "WHERE account_id = $1 AND kind = $2 AND text_index = $3 AND license_id = $4" LK_NEWEST,
      Params(account, NameOf(kKind), keys->BlindIndex(IndexKind(kKind), fingerprint), license_id));
}

Result<void> RemoveTombstones(Session& session, Tombstone::Kind kind, const Uuid& account,
                              const Uuid& record_id) {
  LK_TRY(session.Execute(
      "DELETE FROM tombstones WHERE account_id = $1 AND kind = $2 AND record_id = $3",
      Params(account, NameOf(kind), record_id)));
  return {};
}

Result<std::int64_t> ExpireTombstones(Session& session, TimePoint now) {
  return session.Execute("DELETE FROM tombstones WHERE created < $1", Params(now - kTombstoneLife));
}

#undef LK_TOMBSTONE_COLUMNS
#undef LK_NEWEST

}  // namespace latchkey::store
