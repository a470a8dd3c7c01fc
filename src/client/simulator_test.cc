// Years of ordinary and terrible days in seconds, from one seed each. Two promises are checked at
// every step: no honest user is ever locked out, and no revoked user keeps access past the cut-off.

#include <gtest/gtest.h>

#include "client/testing/model_world.h"

namespace latchkey::client::testing {
namespace {

using core::AccessLevel;
using std::chrono::hours;
using std::chrono::minutes;

constexpr Duration kDay = hours(24);

// One device, one license, one fate after another.
class Simulation {
 public:
  explicit Simulation(std::uint64_t seed)
      : dice_(seed), server_(seed), device_(server_, "Device", seed + 1) {
    server_.sync = dice_.Below(2) == 0 ? 7 * 86400 : 86400;
    server_.grace = static_cast<std::int64_t>(dice_.Below(40)) * 86400;
    device_.Start();
  }

  // What the world knows, against which the client is judged.
  struct Truth {
    bool activated = false;
    std::string told;          // the signed no that reached the client last; empty: a yes
    Duration since_contact{};  // powered-on time since the newest lease
    Duration lease_life{};     // its sync + grace
  };

  void Day() {
    switch (dice_.Below(16)) {
      case 0:
        Outage();
        break;
      case 1:
        device_.computer.wall_error =
            Duration(hours(24 * 365)) * static_cast<int>(dice_.Below(40)) -
            Duration(hours(24 * 3650));
        break;
      case 2:
        device_.computer.wall_error = Duration::zero();
        break;
      case 3:
        Crash();
        break;
      case 4:
        server_.suspended = !server_.suspended;
        break;
      case 5:
        MeddleForAWhile();
        break;
      case 6:
        if (truth_.activated) server_.seats.clear();
        break;  // an old backup
      case 7:
        Restart(Duration(kDay) * static_cast<int>(dice_.Below(20)));
        break;
      case 8:
        server_.now += dice_.Below(2) == 0 ? Duration(hours(1)) : Duration(-hours(1));
        break;
      case 9:
        CutPowerWhileSaving();
        break;
      default:
        device_.weather.failure.reset(), device_.weather.meddle = nullptr;
        break;
    }
    const int looks = 1 + static_cast<int>(dice_.Below(4));
    for (int i = 0; i < looks; ++i) {
      Pass(Duration(minutes(30 + static_cast<int>(dice_.Below(600)))));
      Look();
    }
  }

  void Pass(Duration time) {
    device_.Pass(time);
    truth_.since_contact += time;
  }

  void Look() {
    if (!truth_.activated) {
      const Outcome outcome = device_.Activate();
      truth_.activated = outcome.kind == Outcome::Kind::kOk;
      if (truth_.activated) Renewed();
      return;
    }
    const std::string before = device_.client().Snapshot().record.certificate;
    device_.client().Tick(true);
    if (dice_.Below(8) == 0) device_.client().Refresh(false);
    const State state = device_.client().Snapshot();
    truth_.told = state.record.denial ? state.record.denial->reason : std::string();
    if (state.record.certificate != before) Renewed();
    Judge();
  }

  void Renewed() {
    missed_ = Duration::zero();
    truth_.since_contact = Duration::zero();
    truth_.lease_life = Seconds(server_.sync + server_.grace);
    truth_.told.clear();
  }

  // The two promises.
  void Judge() {
    const AccessLevel access = device_.client().Check();
    const bool said_no = !truth_.told.empty();
    // Time is summed by the client from what it sees: it may miss minutes around a crash, never
    // invent any.
    if (!said_no && truth_.since_contact < truth_.lease_life) {
      EXPECT_EQ(access, AccessLevel::kFull) << "an honest user is locked out, day " << days << ": "
                                            << client::Judge(device_.client().Snapshot()).reason;
    }
    if (truth_.since_contact > truth_.lease_life + missed_) {
      EXPECT_NE(access, AccessLevel::kFull) << "access past the cut-off, day " << days;
    }
    if (!revoked_) {
      EXPECT_NE(truth_.told, "REVOKED");
    }
  }

  void Outage() {
    static constexpr TransportFailure kKinds[] = {
        TransportFailure::kOffline, TransportFailure::kTimeout, TransportFailure::kTls,
        TransportFailure::kProxy, TransportFailure::kBroken};
    device_.weather.failure = kKinds[dice_.Below(std::size(kKinds))];
  }
  void MeddleForAWhile() {
    const auto kind = dice_.Below(4);
    device_.weather.meddle = [kind](const HttpRequest&,
                                    HttpReply reply) -> tl::expected<HttpReply, TransportFailure> {
      if (kind == 0) reply.status = 403;
      if (kind == 1) reply.body = "<html>sign in</html>";
      if (kind == 2) reply.headers.clear();
      if (kind == 3 && !reply.body.empty()) reply.body.back() = ' ';
      return reply;
    };
  }
  void Restart(Duration off) {
    device_.Stop();
    device_.Off(off);
    device_.Start();
  }
  // The process dies without a word, and with it up to an hour that was not yet written down.
  void Crash() {
    const auto files = device_.disk.files;
    device_.Stop();
    device_.disk.files = files;
    const bool reboot = dice_.Below(2) == 0;
    if (reboot) {
      missed_ += hours(12);
      device_.Off(minutes(5));
    }
    device_.Start();
  }
  void CutPowerWhileSaving() {
    device_.disk.FailAfter(static_cast<int>(dice_.Below(12)), true);
    device_.client().Refresh(false);
    const State state = device_.client().Snapshot();
    if (state.record.certificate != kept_) kept_ = state.record.certificate;
    device_.Stop();
    device_.disk.Heal();
    device_.disk.LosePower();
    missed_ += hours(12);
    device_.Off(minutes(1));
    device_.Start();
    // Whatever survived, old or new, is what the device knows now.
    const State after = device_.client().Snapshot();
    truth_.activated = !after.record.license_key.empty();
    truth_.told = after.record.denial ? after.record.denial->reason : std::string();
    if (after.lease) {
      const auto now = after.record.time.Now();
      truth_.lease_life = Seconds(after.lease->terms.sync + after.lease->terms.grace);
      truth_.since_contact = now ? *now - after.lease->issued : Duration::zero();
    }
  }

  void Revoke() {
    revoked_ = true;
    server_.exists = false;
    server_.tombstone = "REVOKED";
  }

  int days = 0;

  SeededRandom dice_;
  ModelServer server_;
  ModelDevice device_;
  Truth truth_;
  Duration missed_{};
  std::string kept_;
  bool revoked_ = false;
};

class SimulatorTest : public ::testing::TestWithParam<int> {};

TEST_P(SimulatorTest, TM_70_NoHonestUserIsEverLockedOut) {
  Simulation world(static_cast<std::uint64_t>(GetParam()));
  for (world.days = 0; world.days < 2 * 365; ++world.days) {
    world.Day();
    if (HasFailure()) return;
  }
  EXPECT_TRUE(world.truth_.activated) << "the world was so bad that nothing was tested";
}

TEST_P(SimulatorTest, NoRevokedUserKeepsAccessPastTheCutOff) {
  Simulation world(1000 + static_cast<std::uint64_t>(GetParam()));
  for (world.days = 0; world.days < 60 || !world.truth_.activated; ++world.days) world.Day();
  world.Revoke();
  world.device_.weather.failure =
      TransportFailure::kOffline;  // the user stays away from the network
  Duration on{};
  const Duration limit = world.truth_.lease_life + std::chrono::hours(1);
  while (on <= limit) {
    world.device_.Pass(hours(10));
    on += hours(10);
    // Turns the clock as it likes, restarts, sleeps.
    world.device_.computer.wall_error =
        -Duration(hours(24 * 3650)) * static_cast<int>(world.dice_.Below(2));
    world.device_.client().Tick(true);
    if (world.dice_.Below(4) == 0) world.Restart(kDay);
  }
  world.device_.client().Tick(true);
  EXPECT_NE(world.device_.client().Check(), AccessLevel::kFull);
  // And with the network, at the next check.
  world.device_.weather.failure.reset();
  world.device_.weather.meddle = nullptr;
  world.device_.client().Refresh(false);
  EXPECT_EQ(world.device_.client().Check(), AccessLevel::kNone);
}

TEST_P(SimulatorTest, TM_70_ThirtyDaysWithoutServerHurtNobodyWhoSyncedOnTime) {
  Simulation world(2000 + static_cast<std::uint64_t>(GetParam()));
  world.server_.sync = 7 * 86400;
  world.server_.grace = 30 * 86400;
  ASSERT_EQ(world.device_.Activate().kind, Outcome::Kind::kOk);
  for (int hour = 0; hour < 60 * 24; hour += 6) {  // syncs on time
    world.device_.Pass(hours(6));
    world.device_.client().Tick(true);
  }
  world.device_.weather.failure = TransportFailure::kTimeout;
  for (int hour = 0; hour < 30 * 24; hour += 6) {
    world.device_.Pass(hours(6));
    world.device_.client().Tick(true);
    ASSERT_EQ(world.device_.client().Check(), AccessLevel::kFull) << hour;
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, SimulatorTest, ::testing::Range(1, 9));

}  // namespace
}  // namespace latchkey::client::testing
