#pragma once

#include "base/time.h"
#include "store/database.h"

namespace latchkey::store {

// Notes that a license was validated, in its narrow row of `license_stamps`. Never moves a stamp
// back; does nothing for a license that is gone. `sequence` is the license's (core::Record).
// Reading the license shows the stamp as its `last_validated` (store/records.h).
Result<void> StampValidation(Session& session, std::int64_t sequence, TimePoint at);

}  // namespace latchkey::store
