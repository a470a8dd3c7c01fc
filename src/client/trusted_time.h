#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/time.h"
#include "client/environment.h"

namespace latchkey::client {

// Time that cannot be set back or forward by hand (threat-model M6, decision 4): the newest signed
// time since the lease in hand, plus the time this computer has been on since, across restarts. The
// wall clock never enters it; it only supplies words. A plain value: part of the stored record.
struct TrustedTime {
  std::optional<TimePoint> floor;  // newest signed time
  Duration floor_powered{};        // `powered` when it was learned
  Duration powered{};              // time on, summed over restarts
  std::string boot_id;             // of the last look
  Duration boot{};
  TimePoint wall{};
  // `powered` when the wall clock ran ahead of the boot clock without a reason, if it still does.
  std::optional<Duration> jumped;

  // Takes note of the clocks. Call it before anything else on this value.
  void Observe(const Instant& now);
  // The time to judge access by: nullopt before the first signed time.
  std::optional<TimePoint> Now() const;
  // Local evidence for words: the later of trusted time and wall clock.
  TimePoint Evidence() const;

  // A signed, fresh answer. A date more than 48 hours ahead of all local evidence is not believed
  // alone: a server with a wrong clock must not poison the floor (threat-model row 25).
  void Learn(TimePoint signed_at);
  // A fresh lease: its issue time is the new floor, even when older than the one before. What a
  // healed server issues must count from now on.
  void Restart(TimePoint issued);

  // Words only: the wall clock is more than a day behind trusted time, or jumped ahead and 72
  // powered-on hours have passed without a contact that explains it.
  bool WallLooksWrong() const;
};

}  // namespace latchkey::client
