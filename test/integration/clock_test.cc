// A wall clock that jumps, and a server that was away: no machine pays for either (threat-model row
// 80). The clock is moved under the running program; Latchkey-Now would not reach its sweeps.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>

#include "test/integration/installation.h"

namespace latchkey::test {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

class Clock : public ::testing::Test {
 protected:
  void SetUp() override { Serve(); }

  void Serve() {
    ChildOptions command = installation_.ServeCommand();
    clock_.ApplyTo(command);
    server_ = installation_.Serve(command);
  }
  std::string Run(const std::string& job) {
    ChildOptions command =
        installation_.Command({"jobs", "run", job, "--data", installation_.data()});
    clock_.ApplyTo(command);
    const ChildRun run = RunChild(command);
    EXPECT_EQ(run.status, 0) << run.errors;
    return run.output;
  }
  std::string Heartbeat(const std::string& machine) {
    return std::string(server_->Get("/machines/" + machine)
                           .Data()
                           .at("attributes")
                           .at("heartbeatStatus")
                           .as_string());
  }
  void Ping(const std::string& machine) {
    EXPECT_EQ(server_->Post("/machines/" + machine + "/actions/ping", json::object()).status, 200);
  }

  Installation installation_;
  MovableClock clock_{installation_.folder()};
  std::unique_ptr<Server> server_;
};

class OwnDowntime : public Clock {
 protected:
  static constexpr int kMachines = 12;
  void SetUp() override {
    Clock::SetUp();
    const std::string policy =
        server_->AddPolicy(server_->AddProduct(), {{"floating", true},
                                                   {"maxMachines", 100},
                                                   {"requireHeartbeat", true},
                                                   {"heartbeatDuration", 60},
                                                   {"heartbeatCullStrategy", "DEACTIVATE_DEAD"}});
    const std::string license(server_->AddLicense(policy).at("id").as_string());
    for (int i = 0; i < kMachines; ++i) {
      machines_.push_back(server_->AddMachine(license, std::to_string(i)).Id());
      Ping(machines_.back());
    }
  }
  void ExpectAllAlive() {
    EXPECT_EQ(server_->List("/machines").size(), std::size_t{kMachines});
    for (const std::string& machine : machines_) EXPECT_EQ(Heartbeat(machine), "ALIVE");
  }

  std::vector<std::string> machines_;
};

TEST_F(OwnDowntime, NeverCountsHoweverOftenAndLong) {
  auto shift = 0s;
  for (const auto away : {3600s, 61s, 86400s * 3}) {
    SCOPED_TRACE(away.count());
    // Stopped in order, and once as by a power cut.
    if (away == 61s)
      server_->process().Kill();
    else
      EXPECT_EQ(server_->Stop(), 0);
    shift += away;
    clock_.SetShift(shift);
    Serve();
    ExpectAllAlive();
    // Even when the sweep is asked for by hand, without its brake.
    EXPECT_THAT(Run("cull"), HasSubstr("nothing to do"));
    ExpectAllAlive();
  }
  for (const std::string& machine : machines_) Ping(machine);
  ExpectAllAlive();
}

// The same machines are given up when the server was there and nobody pinged: without this the test
// above could not fail.
TEST_F(OwnDowntime, IsToldFromSilenceWhileServing) {
  for (auto shift = 50s; shift <= 200s; shift += 50s) {
    clock_.SetShift(shift);
    Run("stamp");        // the stamp of each minute, which shows that the server was there
    Ping(machines_[1]);  // the only one that is still in use
  }
  EXPECT_EQ(Heartbeat(machines_[0]), "DEAD");
  EXPECT_EQ(Heartbeat(machines_[1]), "ALIVE");
  EXPECT_THAT(Run("cull"), HasSubstr(std::to_string(kMachines - 1) + " deactivated"));
  const auto left = server_->List("/machines");
  ASSERT_EQ(left.size(), 1U);
  EXPECT_EQ(left[0].at("id"), json::value(machines_[1]));
}

TEST_F(OwnDowntime, AClockThatJumpedAheadKillsNobody) {
  clock_.SetShift(86400s);
  // Nobody pings, and the next stamp shows that nobody was asked either.
  Run("stamp");
  EXPECT_THAT(Run("cull"), HasSubstr("nothing to do"));
  EXPECT_EQ(server_->List("/machines").size(), std::size_t{kMachines});
}

TEST_F(Clock, SteppingBackGivesSaneAnswers) {
  const std::string policy = server_->AddPolicy(
      server_->AddProduct(),
      {{"floating", true}, {"maxMachines", 10}, {"duration", 86400}, {"heartbeatDuration", 60}});
  const json::value license = server_->AddLicense(policy);
  const std::string id(license.at("id").as_string()),
      key(license.at("attributes").at("key").as_string());
  const std::string early = server_->AddMachine(id, "early").Id();
  Ping(early);
  for (const auto back : {-3600s, -86400s * 40}) {
    SCOPED_TRACE(back.count());
    clock_.SetShift(back);
    EXPECT_EQ(server_->Verdict(key), "VALID");
    EXPECT_EQ(server_->Get("/health").status, 204);
    const Reply machine = server_->AddMachine(id, "back" + std::to_string(back.count()));
    EXPECT_EQ(machine.status, 201) << machine.body;
    Ping(early);
    EXPECT_EQ(Heartbeat(early), "ALIVE");
    EXPECT_THAT(Run("cull"), HasSubstr("nothing to do"));
    const Reply file = server_->Post("/licenses/" + id + "/actions/check-out", json::object());
    EXPECT_EQ(file.status, 200) << file.body;
  }
  EXPECT_EQ(server_->List("/machines").size(), 3U);

  // Over a restart as well, which says what it sees.
  EXPECT_EQ(server_->Stop(), 0);
  Serve();
  ASSERT_TRUE(server_->process().WaitForOutput("behind the last time this server ran"));
  EXPECT_EQ(server_->Verdict(key), "VALID");
  EXPECT_EQ(server_->List("/machines").size(), 3U);

  // And forth again, past the expiry.
  clock_.SetShift(0s);
  EXPECT_EQ(server_->Verdict(key), "VALID");
  clock_.SetShift(86400s * 2);
  EXPECT_EQ(server_->Verdict(key), "EXPIRED");
  EXPECT_EQ(server_->Stop(), 0);
}

}  // namespace
}  // namespace latchkey::test
