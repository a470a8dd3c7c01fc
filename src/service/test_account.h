#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>

#include "core/machine.h"
#include "core/product.h"
#include "service/accounts.h"
#include "store/migrations.h"
#include "store/outbox.h"
#include "store/sqlite/sqlite_database.h"

namespace latchkey::service {

inline constexpr TimePoint kStart{std::chrono::seconds(1772496000)};

// One account with one product, policy and license, and machines as each test wants them.
class TestAccount : public testing::Test {
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
};

}  // namespace latchkey::service
