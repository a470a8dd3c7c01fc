#pragma once

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "service/context.h"
#include "store/database.h"

namespace latchkey::service {

// High-volume facts (decision 21): last-validated stamps and validation and ping events. Collected
// in memory and written in small batches, one write job each, so that other writes wait for none
// for long; what a crash loses is at most one second old. Bounded: when full, the oldest facts are
// dropped and counted.
class TouchLane {
 public:
  struct Validation {
    Uuid account_id;
    Uuid license_id;
    std::int64_t license_sequence = 0;  // core::Record::sequence of the license
    TimePoint at{};
    bool valid = false;
    std::string code;   // wire code
    bool event = true;  // false: only the stamp (quick validation)
  };
  TouchLane(store::Database& database, const store::Vault& vault, Random& random);
  ~TouchLane();
  // Writes what is left and takes no more; before the database closes. Idempotent.
  void Close();

  void Add(Validation fact);
  void Flush();  // waits until everything added so far is written or dropped

  struct Statistics {
    std::uint64_t written = 0, dropped = 0;
  };
  Statistics statistics() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace latchkey::service
