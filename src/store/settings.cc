#include "store/settings.h"

namespace latchkey::store {

Result<std::optional<Bytes>> GetSetting(Session& session, std::string_view name) {
  std::optional<Bytes> value;
  LK_TRY(session.Query("SELECT value FROM settings WHERE name = $1", Params(name),
                       [&](const Row& row) {
                         const ByteView bytes = row.Blob(0);
                         value.emplace(bytes.begin(), bytes.end());
                       }));
  return value;
}

Result<void> PutSetting(Session& session, std::string_view name, ByteView value) {
  LK_TRY(
      session.Execute("INSERT INTO settings (name, value) VALUES ($1, $2) ON CONFLICT (name) DO "
                      "UPDATE SET value = excluded.value",
                      Params(name, value)));
  return {};
}

}  // namespace latchkey::store
