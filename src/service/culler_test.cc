#include "service/culler.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/downtime.h"
#include "service/machines.h"
#include "service/processes.h"
#include "service/test_account.h"
#include "store/tombstones.h"

namespace latchkey::service {
namespace {

using core::HeartbeatCullStrategy;
using core::HeartbeatResurrectionStrategy;

class CullerTest : public TestAccount {
 protected:
  CullReport Sweep(TimePoint now, bool released = false) {
    const auto report = CullDeadMachines(
        *database_, *vault_, random_, *account_, settings_,
        {.now = now,
         .serving_since = serving_since_,
         .downtime = [&](TimePoint from, TimePoint to) { return log_.DowntimeBetween(from, to); },
         .released = released});
    EXPECT_TRUE(report) << report.error().detail;
    return report.value_or(CullReport{});
  }

  CullReport SweepProcesses(TimePoint now, bool released = false) {
    const auto report = CullDeadProcesses(
        *database_, *vault_, random_, *account_, settings_,
        {.now = now,
         .serving_since = serving_since_,
         .downtime = [&](TimePoint from, TimePoint to) { return log_.DowntimeBetween(from, to); },
         .released = released});
    EXPECT_TRUE(report) << report.error().detail;
    return report.value_or(CullReport{});
  }
  // On one machine that was never pinged, all begun at kStart.
  void StoreProcesses(int count) {
    Store(1, std::nullopt);
    const core::Machine machine = Machines().at(0);
    Write([&](store::Session& session) -> Result<void> {
      for (int i = 0; i < count; ++i) {
        core::Process process;
        process.pid = std::to_string(i);
        LK_ASSIGN(const auto made, CreateProcess(In(session, kStart), process, &machine));
        static_cast<void>(made);
      }
      return {};
    });
  }
  std::vector<core::Process> AllProcesses() {
    std::vector<core::Process> processes;
    Write([&](store::Session& session) -> Result<void> {
      LK_ASSIGN(processes, List<core::Process>(In(session, kStart), store::Where()));
      return {};
    });
    return processes;
  }
  std::vector<std::string> EventsOfProcesses() {
    std::vector<std::string> kinds;
    Write([&](store::Session& session) -> Result<void> {
      LK_ASSIGN(const auto events, store::ReadOutbox(session, *vault_, 0, 1000));
      for (const auto& event : events)
        if (event.resource_type == "processes") kinds.push_back(event.kind);
      return {};
    });
    return kinds;
  }

  TimePoint serving_since_ = kStart - std::chrono::hours(1);
  core::ServingLog log_;
};

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

TEST_F(CullerTest, ADeadMachineGivesItsSeatBackWithoutAnEventOfItsDeletion) {
  Store(1, kStart);
  EXPECT_EQ(Sweep(kStart + seconds(60)).deactivated, 0) << "alive until its deadline has passed";
  const Uuid id = Machines().at(0).id;
  const CullReport report = Sweep(kStart + seconds(61));
  EXPECT_EQ(report.died, 1);
  EXPECT_EQ(report.deactivated, 1);
  EXPECT_TRUE(Machines().empty());
  EXPECT_THAT(EventsOfMachines(),
              testing::ElementsAre("machine.heartbeat.dead", store::kRowChanged));
  Write([&](store::Session& session) -> Result<void> {
    LK_ASSIGN(const auto license,
              store::Find<core::License>(session, *vault_, account_->account.id, license_.id));
    EXPECT_EQ(license->machines_count, 0);
    LK_ASSIGN(const auto tombstone, store::FindTombstone(session, store::Tombstone::Kind::kMachine,
                                                         account_->account.id, id));
    EXPECT_TRUE(tombstone && tombstone->cause == "HEARTBEAT_LOST");
    return {};
  });
}

TEST_F(CullerTest, MachinesThatWereNeverPingedAndNeedNotBeStay) {
  Store(1, std::nullopt);
  EXPECT_EQ(Sweep(kStart + hours(24)).died, 0);
  EXPECT_EQ(Machines().size(), 1u);
}

TEST_F(CullerTest, ARequiredHeartbeatThatNeverBeganCountsFromCreation) {
  policy_.require_heartbeat = true;
  Store(1, std::nullopt);
  EXPECT_EQ(Sweep(kStart + seconds(60)).deactivated, 0);
  EXPECT_EQ(Sweep(kStart + seconds(61)).deactivated, 1);
}

// Found dead while heartbeats were required, which they are no more.
TEST_F(CullerTest, AMachineWhosePolicyNoLongerRequiresHeartbeatsIsNotDead) {
  policy_.require_heartbeat = true;
  policy_.heartbeat_cull_strategy = HeartbeatCullStrategy::kKeepDead;
  policy_.heartbeat_resurrection_strategy = HeartbeatResurrectionStrategy::k15Minutes;
  Store(1, std::nullopt);
  EXPECT_EQ(Sweep(kStart + minutes(2)).died, 1);
  ASSERT_TRUE(Machines().at(0).monitored);
  Write([&](store::Session& session) -> Result<void> {
    policy_.require_heartbeat = false;
    policy_.heartbeat_cull_strategy = HeartbeatCullStrategy::kDeactivateDead;
    return Update(In(session, kStart), policy_);
  });
  EXPECT_EQ(Sweep(kStart + minutes(3)).died, 0);
  EXPECT_FALSE(Machines().at(0).monitored);
}

TEST_F(CullerTest, AKeptMachineIsReportedDeadOnce) {
  policy_.heartbeat_cull_strategy = HeartbeatCullStrategy::kKeepDead;
  Store(1, kStart);
  EXPECT_EQ(Sweep(kStart + minutes(2)).died, 1);
  EXPECT_EQ(Sweep(kStart + minutes(3)).died, 0);
  ASSERT_EQ(Machines().size(), 1u);
  EXPECT_TRUE(Machines()[0].monitored);
  EXPECT_THAT(EventsOfMachines(), testing::ElementsAre("machine.heartbeat.dead"));
}

TEST_F(CullerTest, TheWindowOfRevivalIsWaitedFor) {
  policy_.heartbeat_resurrection_strategy = HeartbeatResurrectionStrategy::k2Minutes;
  Store(1, kStart);
  EXPECT_EQ(Sweep(kStart + seconds(61)).deactivated, 0);
  EXPECT_EQ(Sweep(kStart + seconds(180)).deactivated, 0);
  EXPECT_EQ(Sweep(kStart + seconds(181)).deactivated, 1);
}

TEST_F(CullerTest, ARevivedMachineStays) {
  policy_.heartbeat_resurrection_strategy = HeartbeatResurrectionStrategy::k2Minutes;
  Store(1, kStart);
  EXPECT_EQ(Sweep(kStart + seconds(61)).died, 1);
  Write([&](store::Session& session) -> Result<void> {
    const Context context = In(session, kStart + seconds(100));
    LK_ASSIGN(auto machines, List<core::Machine>(context, store::Where()));
    LK_ASSIGN(const bool revived, PingMachine(context, machines.at(0), policy_, Duration::zero()));
    EXPECT_TRUE(revived);
    return {};
  });
  EXPECT_EQ(Sweep(kStart + seconds(150)).deactivated, 0);
  EXPECT_EQ(Machines().size(), 1u);
}

TEST_F(CullerTest, ALongerHeartbeatBringsDeadMachinesBack) {
  policy_.heartbeat_resurrection_strategy = HeartbeatResurrectionStrategy::k15Minutes;
  Store(1, kStart);
  EXPECT_EQ(Sweep(kStart + minutes(2)).died, 1);
  Write([&](store::Session& session) -> Result<void> {
    policy_.heartbeat_duration = 600;
    return Update(In(session, kStart), policy_);
  });
  EXPECT_EQ(Sweep(kStart + minutes(3)).recovered, 1);
  EXPECT_FALSE(Machines().at(0).monitored);
  EXPECT_EQ(EventsOfMachines().back(), "machine.heartbeat.pong");
}

TEST_F(CullerTest, TM_80_OwnDowntimeNeverCounts) {
  Store(1, kStart);
  // Down for an hour, 30 s after the ping.
  log_ = core::ServingLog::FromIntervals({{kStart - hours(1), kStart + seconds(30)},
                                          {kStart + seconds(30) + hours(1), kStart + hours(3)}});
  EXPECT_EQ(Sweep(kStart + hours(1) + seconds(60)).died, 0);
  EXPECT_EQ(Sweep(kStart + hours(1) + seconds(61)).died, 1);
}

TEST_F(CullerTest, TM_80_AfterAStartEveryPolicyHasOneFullPeriod) {
  Store(1, kStart);
  serving_since_ = kStart + hours(1);
  EXPECT_EQ(Sweep(serving_since_ + seconds(59)).died, 0);
  EXPECT_EQ(Sweep(serving_since_ + seconds(60)).died, 1);
}

TEST_F(CullerTest, TM_80_TheBrakeHoldsWhenMostMachinesDieAtOnceUntilAPersonReleasesIt) {
  Store(150, kStart);
  const CullReport held = Sweep(kStart + minutes(2));
  EXPECT_EQ(held.deactivated, 0);
  EXPECT_EQ(held.held, 150);
  EXPECT_EQ(Sweep(kStart + minutes(3)).held, 150) << "still";
  EXPECT_EQ(Machines().size(), 150u);
  EXPECT_EQ(Sweep(kStart + minutes(4), true).deactivated, 150);
  EXPECT_TRUE(Machines().empty());
}

TEST_F(CullerTest, FewDeadMachinesNeedNoBrake) {
  Store(100, kStart);
  EXPECT_EQ(Sweep(kStart + minutes(2)).deactivated, 100);
}

TEST_F(CullerTest, ADeadProcessGoesWithoutAnEventOfItsDeletion) {
  StoreProcesses(1);
  EXPECT_EQ(SweepProcesses(kStart + seconds(60)).deactivated, 0);
  EXPECT_EQ(Sweep(kStart + seconds(61)).died, 0) << "a process is no machine";
  const CullReport report = SweepProcesses(kStart + seconds(61));
  EXPECT_EQ(report.died, 1);
  EXPECT_EQ(report.deactivated, 1);
  EXPECT_TRUE(AllProcesses().empty());
  EXPECT_THAT(EventsOfProcesses(), testing::ElementsAre("process.created", "process.heartbeat.dead",
                                                        store::kRowChanged));
}

TEST_F(CullerTest, AKeptProcessIsReportedDeadOnceAndRevivedByItsPing) {
  policy_.heartbeat_cull_strategy = HeartbeatCullStrategy::kKeepDead;
  policy_.heartbeat_resurrection_strategy = HeartbeatResurrectionStrategy::kAlways;
  StoreProcesses(1);
  EXPECT_EQ(SweepProcesses(kStart + minutes(2)).died, 1);
  EXPECT_EQ(SweepProcesses(kStart + minutes(3)).died, 0);
  ASSERT_TRUE(AllProcesses().at(0).monitored);
  core::Process process = AllProcesses().at(0);
  Write([&](store::Session& session) -> Result<void> {
    LK_ASSIGN(const bool revived,
              PingProcess(In(session, kStart + minutes(4)), process, policy_, Duration::zero()));
    EXPECT_TRUE(revived);
    return {};
  });
  EXPECT_FALSE(AllProcesses().at(0).monitored);
  EXPECT_FALSE(AllProcesses().at(0).last_death);
  EXPECT_EQ(SweepProcesses(kStart + minutes(6)).died, 1) << "a second life ends, too";
}

TEST_F(CullerTest, ALongerHeartbeatBringsDeadProcessesBack) {
  policy_.heartbeat_resurrection_strategy = HeartbeatResurrectionStrategy::k15Minutes;
  StoreProcesses(1);
  EXPECT_EQ(SweepProcesses(kStart + minutes(2)).died, 1);
  Write([&](store::Session& session) -> Result<void> {
    policy_.heartbeat_duration = 600;
    return Update(In(session, kStart), policy_);
  });
  EXPECT_EQ(SweepProcesses(kStart + minutes(3)).recovered, 1);
  EXPECT_EQ(EventsOfProcesses().back(), "process.heartbeat.pong");
}

TEST_F(CullerTest, TM_80_OwnDowntimeNeverCountsForProcesses) {
  StoreProcesses(1);
  log_ = core::ServingLog::FromIntervals({{kStart - hours(1), kStart + seconds(30)},
                                          {kStart + seconds(30) + hours(1), kStart + hours(3)}});
  EXPECT_EQ(SweepProcesses(kStart + hours(1) + seconds(60)).died, 0);
  EXPECT_EQ(SweepProcesses(kStart + hours(1) + seconds(61)).died, 1);
}

TEST_F(CullerTest, TM_80_TheBrakeHoldsProcessesToo) {
  StoreProcesses(101);
  EXPECT_EQ(SweepProcesses(kStart + minutes(2)).held, 101);
  EXPECT_EQ(AllProcesses().size(), 101u);
  EXPECT_EQ(SweepProcesses(kStart + minutes(3), true).deactivated, 101);
}

}  // namespace
}  // namespace latchkey::service
