#pragma once

#include "core/downtime.h"
#include "store/database.h"

namespace latchkey::store {

// The times in which a server ran here (decision 7): core::ServingLog made durable. One process
// starts an interval and stamps it every minute; a crash ends it at its last stamp.
Result<std::int64_t> StartServing(Session& session,
                                  TimePoint now);  // the interval's number, for StampServing
Result<void> StampServing(Session& session, std::int64_t interval, TimePoint now);

// What is known back to `since`, and forgets intervals that ended before.
Result<core::ServingLog> LoadServing(Session& session, TimePoint since);
Result<void> TrimServing(Session& session, TimePoint since);

}  // namespace latchkey::store
