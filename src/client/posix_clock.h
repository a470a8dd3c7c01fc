#pragma once

#include "client/environment.h"

namespace latchkey::client {

// The wall clock, CLOCK_BOOTTIME (sleep included) and the kernel's boot id. Safe from any thread.
class PosixClock : public Clock {
 public:
  PosixClock();
  Instant Now() override;

 private:
  std::string boot_id_;
};

}  // namespace latchkey::client
