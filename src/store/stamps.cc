#include "store/stamps.h"

namespace latchkey::store {

Result<void> StampValidation(Session& session, std::int64_t sequence, TimePoint at) {
  LK_ASSIGN(const std::int64_t rows,
            session.Execute("UPDATE license_stamps SET last_validated = CASE WHEN last_validated < "
                            "$1 THEN $1 ELSE last_validated END WHERE license_seq = $2",
                            Params(at, sequence)));
  if (rows > 0) return {};
  // The license itself is looked at for its first stamp only.
  LK_TRY(
      session.Execute("INSERT INTO license_stamps (license_seq, last_validated) "
                      "SELECT seq, $1 FROM licenses WHERE seq = $2",
                      Params(at, sequence)));
  return {};
}

}  // namespace latchkey::store
