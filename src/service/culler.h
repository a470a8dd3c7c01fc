#pragma once

#include <functional>

#include "service/context.h"
#include "store/database.h"

namespace latchkey::service {

struct CullerOptions {
  TimePoint now{};
  TimePoint serving_since{};                                       // this process began to answer
  std::function<Duration(TimePoint from, TimePoint to)> downtime;  // decision 7
  bool released = false;  // a person has looked and lifts the brake for this sweep
};

struct CullReport {
  std::int64_t died = 0;         // newly found dead
  std::int64_t deactivated = 0;  // their seats are free again
  std::int64_t recovered = 0;    // were dead when last looked at, and are not any more
  std::int64_t held = 0;         // not deactivated because of the brake
};

// One sweep over the dead machines of one account (machines.md §2 "Culling"). After a start a
// policy's machines are left alone for one full period of its heartbeat, own downtime never counts
// (decision 7, threat-model row 80), and a ping that commits first wins: each machine is judged
// again by the write itself. Brake (M5): when one sweep would deactivate more than 100 machines and
// more than half of all that have a heartbeat, it deactivates none and reports them as held.
// Blocks; call from a job's thread.
Result<CullReport> CullDeadMachines(store::Database& database, const store::Vault& vault,
                                    Random& random, const AccountContext& account,
                                    const Settings& settings, const CullerOptions& options);
// The same over processes (machines.md §4), with a brake of their own.
Result<CullReport> CullDeadProcesses(store::Database& database, const store::Vault& vault,
                                     Random& random, const AccountContext& account,
                                     const Settings& settings, const CullerOptions& options);

}  // namespace latchkey::service
