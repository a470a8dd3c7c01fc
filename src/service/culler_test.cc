#include "service/culler.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>

#include "core/downtime.h"
#include "core/machine.h"
#include "core/product.h"
#include "service/accounts.h"
#include "service/machines.h"
#include "store/migrations.h"
#include "store/outbox.h"
#include "store/sqlite/sqlite_database.h"
#include "store/tombstones.h"

namespace latchkey::service {
namespace {

using core::HeartbeatCullStrategy;
using core::HeartbeatResurrectionStrategy;

constexpr TimePoint kStart = TimePoint(std::chrono::sys_days(std::chrono::year(2026) / 3 / 3));

// One account with one product, policy and license, and machines as each test wants them.
class CullerTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = (std::filesystem::temp_directory_path() / "latchkey-XXXXXX").string();
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    directory_ = name;
    auto database = store::OpenSqlite({.path = directory_ + "/latchkey.db", .create = true});
    ASSERT_TRUE(database) << database.error().detail;
    database_ = std::move(*database);
    ASSERT_TRUE(store::Migrate(*database_));
    auto vault = store::Vault::Open(*database_, store::MasterKey::Generate(random_), random_);
    ASSERT_TRUE(vault);
    vault_ = std::move(*vault);
    Write([&](store::Session& session) -> Result<void> {
      LK_ASSIGN(const auto made,
                CreateAccount(session, *vault_, random_, kStart,
                              {"Acme", "acme", "ops@example.com", Secret(std::string("secret1"))},
                              crypto::PasswordCost::kTest));
      static_cast<void>(made);
      return {};
    });
    const auto loaded = database_->ReadNow(
        [&](store::Session& session) { return accounts_.Load(session, *vault_); });
    ASSERT_TRUE(loaded);
    account_ = accounts_.Only();
    ASSERT_NE(account_, nullptr);
    product_.id = Uuid::V4(random_);
    product_.name = "App";
    policy_.id = Uuid::V4(random_);
    policy_.product_id = product_.id;
    policy_.name = "Floating";
    policy_.floating = true;
    policy_.heartbeat_duration = 60;
    license_.id = Uuid::V4(random_);
    license_.product_id = product_.id;
    license_.policy_id = policy_.id;
    license_.key = "KEY";
  }
  void TearDown() override {
    vault_.reset();
    database_.reset();
    std::error_code error;
    std::filesystem::remove_all(directory_, error);
  }

  void Write(const store::Database::Work& work) {
    const auto done = database_->WriteNow(work);
    ASSERT_TRUE(done) << done.error().detail;
  }
  Context In(store::Session& session, TimePoint now) {
    return {session, *vault_, random_, now, *account_, nobody_, settings_};
  }

  // Stores product, policy, license and `count` machines pinged at `pinged` (never when unset).
  void Store(int count, std::optional<TimePoint> pinged, TimePoint created = kStart) {
    Write([&](store::Session& session) -> Result<void> {
      const Context context = In(session, created);
      for (core::Record* record :
           std::initializer_list<core::Record*>{&product_, &policy_, &license_})
        Stamp(context, *record);
      license_.machines_count = count;
      auto stored = Insert(context, product_);
      if (stored) stored = Insert(context, policy_);
      if (stored) stored = Insert(context, license_);
      for (int i = 0; stored && i < count; ++i) {
        core::Machine machine;
        Stamp(context, machine);
        machine.license_id = license_.id;
        machine.policy_id = policy_.id;
        machine.product_id = product_.id;
        machine.fingerprint = "device " + std::to_string(i);
        machine.last_heartbeat = pinged;
        stored = Insert(context, machine);
      }
      return stored;
    });
  }

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

  std::vector<core::Machine> Machines() {
    std::vector<core::Machine> machines;
    Write([&](store::Session& session) -> Result<void> {
      LK_ASSIGN(machines, List<core::Machine>(In(session, kStart), store::Where()));
      return {};
    });
    return machines;
  }
  std::vector<std::string> EventsOfMachines() {
    std::vector<std::string> kinds;
    Write([&](store::Session& session) -> Result<void> {
      LK_ASSIGN(const auto events, store::ReadOutbox(session, *vault_, 0, 1000));
      for (const auto& event : events)
        if (event.resource_type == "machines") kinds.push_back(event.kind);
      return {};
    });
    return kinds;
  }

  std::string directory_;
  Random& random_ = base::SystemRandom();
  std::unique_ptr<store::Database> database_;
  std::unique_ptr<store::Vault> vault_;
  Accounts accounts_;
  std::shared_ptr<const AccountContext> account_;
  const Actor nobody_;
  const Settings settings_;
  core::Product product_;
  core::Policy policy_;
  core::License license_;
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

}  // namespace
}  // namespace latchkey::service
