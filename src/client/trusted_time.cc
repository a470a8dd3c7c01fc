#include "client/trusted_time.h"

#include <algorithm>

namespace latchkey::client {
namespace {

using std::chrono::hours;

constexpr Duration kUnexplained = hours(1);
constexpr Duration kSecondSource = hours(48);
constexpr Duration kNoticeAfter = hours(72);
constexpr Duration kBehind = hours(24);

}  // namespace

void TrustedTime::Observe(const Instant& now) {
  const bool same_boot = boot_id == now.boot_id;
  // After a restart the computer has been on at least since that; what it was on between the last
  // look and its end is lost, in the person's favour.
  const Duration on = same_boot ? std::max(Duration::zero(), now.boot - boot)
                                : std::max(Duration::zero(), now.boot);
  const bool first = boot_id.empty();
  powered += on;
  if (!first && same_boot) {
    const Duration moved = now.wall - wall;
    if (moved - on > kUnexplained && !jumped) jumped = powered;
    if (on - moved > kUnexplained)
      jumped.reset();  // set back: the jump, if there was one, is undone
  }
  boot_id = now.boot_id;
  boot = std::max(Duration::zero(), now.boot);
  wall = now.wall;
}

std::optional<TimePoint> TrustedTime::Now() const {
  if (!floor) return std::nullopt;
  return *floor + (powered - floor_powered);
}

TimePoint TrustedTime::Evidence() const { return std::max(Now().value_or(wall), wall); }

void TrustedTime::Learn(TimePoint signed_at) {
  if (const Duration apart = signed_at > wall ? signed_at - wall : wall - signed_at;
      apart < kUnexplained)
    jumped.reset();
  const auto now = Now();
  if (!now || (signed_at > *now && signed_at <= Evidence() + kSecondSource)) {
    floor = signed_at;
    floor_powered = powered;
  }
}

void TrustedTime::Restart(TimePoint issued) {
  floor = issued;
  floor_powered = powered;
}

bool TrustedTime::WallLooksWrong() const {
  const auto now = Now();
  if (!now) return false;
  if (wall < *now - kBehind) return true;
  return jumped && powered - *jumped >= kNoticeAfter && wall > *now + kSecondSource;
}

}  // namespace latchkey::client
