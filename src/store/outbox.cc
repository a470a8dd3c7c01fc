#include "store/outbox.h"

namespace latchkey::store {
namespace {

constexpr std::string_view kPayload = "outbox.payload";

Bytes JoinIds(const std::vector<Uuid>& ids) {
  Bytes out;
  out.reserve(ids.size() * 16);
  for (const Uuid& id : ids) out.insert(out.end(), id.bytes().begin(), id.bytes().end());
  return out;
}

std::vector<Uuid> SplitIds(ByteView bytes) {
  std::vector<Uuid> ids;
  for (; bytes.size() >= 16; bytes = bytes.subspan(16))
    ids.push_back(Uuid::FromBytes(bytes.first(16)).value_or(Uuid()));
  return ids;
}

Event EventOf(const Row& row) {
  Event event;
  event.sequence = row.Int(0);
  event.id = row.Id(1);
  event.account_id = row.Id(2);
  event.environment_id = row.OptionalId(3);
  event.kind = row.Text(4);
  event.is_public = row.Bool(5);
  event.resource_type = row.Text(6);
  event.resource_id = row.Id(7);
  event.stale_licenses = SplitIds(row.Blob(8));
  event.stale_account = row.Bool(9);
  event.payload = base::AsText(row.Blob(10));  // still sealed
  event.created = row.Time(11);
  return event;
}

}  // namespace

Result<std::int64_t> Append(Session& session, const Vault& vault, const Event& event) {
  LK_ASSIGN(const auto keys, vault.Unlock(session, event.account_id));
  Announcement announcement{0,
                            event.kind,
                            event.resource_type,
                            event.account_id,
                            event.resource_id,
                            event.stale_licenses,
                            event.stale_account};
  LK_TRY(session.Query(
      "INSERT INTO outbox (id, account_id, environment_id, kind, public, resource_type, "
      "resource_id, stale_licenses, "
      "stale_account, payload, created) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) "
      "RETURNING seq",
      Params(event.id, event.account_id, event.environment_id, event.kind, event.is_public,
             event.resource_type, event.resource_id, JoinIds(event.stale_licenses),
             event.stale_account, keys->Seal(kPayload, event.id, base::AsBytes(event.payload)),
             event.created),
      [&](const Row& row) { announcement.sequence = row.Int(0); }));
  const std::int64_t sequence = announcement.sequence;
  session.Announce(std::move(announcement));
  return sequence;
}

Result<std::vector<Event>> ReadOutbox(Session& session, const Vault& vault, std::int64_t cursor,
                                      std::int64_t limit, bool public_only) {
  std::vector<Event> events;
  LK_TRY(session.Query(
      "SELECT seq, id, account_id, environment_id, kind, public, resource_type, resource_id, "
      "stale_licenses, "
      "stale_account, payload, created FROM outbox WHERE seq > $1 AND public >= $2 ORDER BY seq "
      "LIMIT $3",
      Params(cursor, public_only, limit), [&](const Row& row) { events.push_back(EventOf(row)); }));
  for (Event& event : events) {
    LK_ASSIGN(const auto keys, vault.Unlock(session, event.account_id));
    LK_ASSIGN(const Secret payload, keys->Open(kPayload, event.id, base::AsBytes(event.payload)));
    event.payload = payload.Reveal();
  }
  return events;
}

Result<std::int64_t> OutboxEnd(Session& session) {
  std::int64_t end = 0;
  LK_TRY(session.Query("SELECT coalesce(max(seq), 0) FROM outbox", {},
                       [&](const Row& row) { end = row.Int(0); }));
  return end;
}

}  // namespace latchkey::store
