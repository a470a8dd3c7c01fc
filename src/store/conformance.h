#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/json/parse.hpp>
#include <csignal>
#include <filesystem>
#include <future>
#include <latch>
#include <set>
#include <thread>

#include "base/random.h"
#include "core/account.h"
#include "core/account_setting.h"
#include "core/component.h"
#include "core/environment.h"
#include "core/group.h"
#include "core/joins.h"
#include "core/license.h"
#include "core/machine.h"
#include "core/policy.h"
#include "core/pool_key.h"
#include "core/process.h"
#include "core/product.h"
#include "core/second_factor.h"
#include "core/user.h"
#include "store/metadata_index.h"
#include "store/migrations.h"
#include "store/outbox.h"
#include "store/records.h"
#include "store/serving.h"
#include "store/settings.h"
#include "store/stamps.h"
#include "store/tombstones.h"
#include "store/vault.h"

// What every engine promises, as one suite over a factory. An engine is added by one factory class
// and
//   INSTANTIATE_TEST_SUITE_P(Name, StoreConformance, ::testing::Values(&factory));
namespace latchkey::store {

class StoreEngine {
 public:
  virtual ~StoreEngine() = default;
  // Opens the database that belongs to `directory` (an existing, at first empty one), making it
  // when missing.
  virtual Result<std::unique_ptr<Database>> Open(const std::string& directory) = 0;
};

// A directory that goes with its test.
class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    std::string name = (std::filesystem::temp_directory_path() / "latchkey-store-XXXXXX").string();
    path_ = mkdtemp(name.data());
  }
  ~TemporaryDirectory() {
    std::error_code error;
    std::filesystem::remove_all(path_, error);
  }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

inline TimePoint At(std::int64_t seconds) { return base::FromUnixSeconds(1'800'000'000 + seconds); }
inline Uuid NewId() { return Uuid::V4(base::SystemRandom()); }

// Ends the test with the error's words.
#define LK_ASSERT_OK(expression)                                                           \
  do {                                                                                     \
    const auto lk_result = (expression);                                                   \
    ASSERT_TRUE(lk_result.has_value()) << #expression << ": " << lk_result.error().detail; \
  } while (false)

// Records of one account, ready to insert.
struct Sample {
  core::Account account;
  core::Product product;
  core::Policy policy;

  static Sample Make() {
    Sample sample;
    sample.account.id = sample.account.account_id = NewId();
    sample.account.name = "Acme";
    sample.account.slug = "acme-" + sample.account.id.ToString();
    sample.account.created = sample.account.updated = At(0);
    sample.product = sample.Of<core::Product>(1);
    sample.product.name = "Lamp";
    sample.policy = sample.Of<core::Policy>(2);
    sample.policy.product_id = sample.product.id;
    sample.policy.name = "Standard";
    return sample;
  }

  template <class T>
  T Of(std::int64_t seconds) const {
    T record;
    record.id = NewId();
    record.account_id = account.id;
    record.created = record.updated = At(seconds);
    return record;
  }

  core::License License(std::string key, std::int64_t seconds = 10) const {
    auto license = Of<core::License>(seconds);
    license.product_id = product.id;
    license.policy_id = policy.id;
    license.key = std::move(key);
    return license;
  }

  core::Machine Machine(const core::License& license, std::string fingerprint,
                        std::int64_t seconds = 20) const {
    auto machine = Of<core::Machine>(seconds);
    machine.license_id = license.id;
    machine.policy_id = license.policy_id;
    machine.product_id = license.product_id;
    machine.fingerprint = std::move(fingerprint);
    return machine;
  }

  // The account with its keys, product and policy.
  Result<void> Insert(Session& session, Vault& vault) const {
    LK_TRY(vault.CreateAccount(session, account.id));
    LK_TRY(store::Insert(session, vault, account));
    LK_TRY(store::Insert(session, vault, product));
    return store::Insert(session, vault, policy);
  }
};

class StoreConformance : public ::testing::TestWithParam<StoreEngine*> {
 protected:
  void SetUp() override { Reopen(); }

  void Reopen() {
    database_.reset();
    auto opened = GetParam()->Open(directory_.path());
    ASSERT_TRUE(opened.has_value()) << opened.error().detail;
    database_ = std::move(*opened);
  }

  // All migrations, a vault and one account.
  void Prepare() {
    LK_ASSERT_OK(Migrate(*database_));
    OpenVault();
    LK_ASSERT_OK(Write([&](Session& session) { return sample_.Insert(session, *vault_); }));
  }
  void OpenVault() {
    auto vault = Vault::Open(*database_, key_, base::SystemRandom());
    ASSERT_TRUE(vault.has_value()) << vault.error().detail;
    vault_ = std::move(*vault);
  }

  Result<void> Write(const Database::Work& work) { return database_->WriteNow(work); }
  Result<void> Read(const Database::Work& work) { return database_->ReadNow(work); }
  Result<void> Sql(std::string_view sql, std::vector<Param> params = {}) {
    return Write([&](Session& session) -> Result<void> {
      LK_TRY(session.Execute(sql, params));
      return {};
    });
  }
  std::int64_t Number(std::string_view sql, std::vector<Param> params = {}) {
    std::int64_t number = -1;
    const auto result = Read([&](Session& session) {
      return session.Query(sql, params, [&](const Row& row) { number = row.Int(0); });
    });
    EXPECT_TRUE(result.has_value()) << result.error().detail;
    return number;
  }
  void MakeNumbers() {
    LK_ASSERT_OK(
        Sql(Translate("CREATE TABLE numbers (n {bigint} PRIMARY KEY, word {text}){options}",
                      database_->dialect())));
  }
  static Result<void> AddNumber(Session& session, std::int64_t n) {
    LK_TRY(session.Execute("INSERT INTO numbers (n) VALUES ($1)", Params(n)));
    return {};
  }

  // Holds the writer while `queue` adds writes, so that they form one group.
  void AsOneGroup(const std::function<void()>& queue) {
    std::latch entered(1);
    std::latch leave(1);
    std::promise<void> over;
    database_->Write(
        [&](Session&) -> Result<void> {
          entered.count_down();
          leave.wait();
          return {};
        },
        [&](Result<void>) { over.set_value(); });
    entered.wait();
    queue();
    leave.count_down();
    over.get_future().wait();
  }

  template <class T>
  Result<std::optional<T>> FindById(const Uuid& id) {
    Result<std::optional<T>> found;
    LK_TRY(Read([&](Session& session) -> Result<void> {
      found = Find<T>(session, *vault_, sample_.account.id, id);
      return {};
    }));
    return found;
  }

  TemporaryDirectory directory_;
  std::unique_ptr<Database> database_;
  MasterKey key_ = MasterKey::Generate(base::SystemRandom());
  std::unique_ptr<Vault> vault_;
  Sample sample_ = Sample::Make();
};

// ---- sessions ----

TEST_P(StoreConformance, ValuesComeBackAsTheyWentIn) {
  LK_ASSERT_OK(Sql(Translate("CREATE TABLE things (i {bigint}, t {text}, b {blob}){options}",
                             database_->dialect())));
  const std::vector<Param> rows[] = {
      Params(std::int64_t{0}, "", Bytes{}),
      Params(std::numeric_limits<std::int64_t>::max(), "größe 🔑", Bytes{0, 255, 0}),
      Params(std::numeric_limits<std::int64_t>::min(), "a'b\"c;--", Bytes(5000, 7)),
      {Param{}, Param{}, Param{}},
  };
  for (const auto& row : rows)
    LK_ASSERT_OK(Sql("INSERT INTO things (i, t, b) VALUES ($1, $2, $3)", row));
  std::vector<std::vector<Param>> back;
  LK_ASSERT_OK(Read([&](Session& session) {
    return session.Query("SELECT i, t, b FROM things", {}, [&](const Row& row) {
      std::vector<Param> values(3);
      if (!row.IsNull(0)) values[0] = row.Int(0);
      if (!row.IsNull(1)) values[1] = std::string(row.Text(1));
      if (!row.IsNull(2)) values[2] = Bytes(row.Blob(2).begin(), row.Blob(2).end());
      back.push_back(values);
    });
  }));
  EXPECT_THAT(back, ::testing::ElementsAreArray(rows));
}

TEST_P(StoreConformance, ParametersGoByTheirNumberInAnyOrderAndTwice) {
  std::vector<std::int64_t> got;
  LK_ASSERT_OK(Read([&](Session& session) {
    return session.Query("SELECT $2 * 1, $1 * 1, $2 * 1", Params(10, 20), [&](const Row& row) {
      got = {row.Int(0), row.Int(1), row.Int(2)};
    });
  }));
  EXPECT_THAT(got, ::testing::ElementsAre(20, 10, 20));
}

TEST_P(StoreConformance, AWrongNumberOfParametersIsABug) {
  const auto result =
      Read([](Session& session) { return session.Query("SELECT $1 * 1", {}, [](const Row&) {}); });
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().code, Errc::kInternal);
}

TEST_P(StoreConformance, OneTextIsOneStatement) {
  MakeNumbers();
  EXPECT_FALSE(Sql("INSERT INTO numbers (n) VALUES (1); DELETE FROM numbers").has_value());
  EXPECT_EQ(Number("SELECT count(*) FROM numbers"), 0);
}

TEST_P(StoreConformance, AStatementMayRunInsideItself) {
  MakeNumbers();
  for (int i = 1; i <= 3; ++i) LK_ASSERT_OK(Sql("INSERT INTO numbers (n) VALUES ($1)", Params(i)));
  constexpr std::string_view kSql = "SELECT n FROM numbers ORDER BY n";
  std::vector<std::int64_t> seen;
  LK_ASSERT_OK(Read([&](Session& session) {
    return session.Query(kSql, {}, [&](const Row& outer) {
      const auto inner = session.Query(
          kSql, {}, [&](const Row& row) { seen.push_back(outer.Int(0) * 10 + row.Int(0)); });
      EXPECT_TRUE(inner.has_value());
    });
  }));
  EXPECT_THAT(seen, ::testing::ElementsAre(11, 12, 13, 21, 22, 23, 31, 32, 33));
}

TEST_P(StoreConformance, ExecuteCountsChangedRows) {
  MakeNumbers();
  std::vector<std::int64_t> changed;
  LK_ASSERT_OK(Write([&](Session& session) -> Result<void> {
    for (const std::string_view sql : {"INSERT INTO numbers (n) VALUES (1), (2), (3)",
                                       "UPDATE numbers SET word = 'x' WHERE n > 1",
                                       "DELETE FROM numbers WHERE n = 99", "DELETE FROM numbers"}) {
      LK_ASSIGN(const std::int64_t rows, session.Execute(sql));
      changed.push_back(rows);
    }
    return {};
  }));
  EXPECT_THAT(changed, ::testing::ElementsAre(3, 2, 0, 3));
}

TEST_P(StoreConformance, ReadersCannotWrite) {
  MakeNumbers();
  const auto result = Read([](Session& session) {
    EXPECT_FALSE(session.writable());
    return AddNumber(session, 1);
  });
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().code, Errc::kReadOnly);
}

TEST_P(StoreConformance, AReaderSeesOneSnapshot) {
  MakeNumbers();
  std::vector<std::int64_t> counts;
  const auto count = [&](Session& session) {
    return session.Query("SELECT count(*) FROM numbers", {},
                         [&](const Row& row) { counts.push_back(row.Int(0)); });
  };
  LK_ASSERT_OK(Read([&](Session& session) -> Result<void> {
    LK_TRY(count(session));
    LK_TRY(Sql("INSERT INTO numbers (n) VALUES (1)"));
    return count(session);
  }));
  LK_ASSERT_OK(Read(count));
  EXPECT_THAT(counts, ::testing::ElementsAre(0, 0, 1));
}

TEST_P(StoreConformance, AUniqueConflictNamesItsColumns) {
  LK_ASSERT_OK(Sql(Translate("CREATE TABLE pairs (a {bigint}, b {bigint}, UNIQUE (a, b)){options}",
                             database_->dialect())));
  LK_ASSERT_OK(Sql("INSERT INTO pairs (a, b) VALUES (1, 2)"));
  const auto result = Sql("INSERT INTO pairs (a, b) VALUES (1, 2)");
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().code, Errc::kConflict);
  EXPECT_THAT(result.error().detail, ::testing::HasSubstr("pairs"));
}

// ---- the writer lane ----

TEST_P(StoreConformance, WaitingWritesShareOneCommit) {
  MakeNumbers();
  const auto before = database_->statistics();
  std::latch done(50);
  AsOneGroup([&] {
    for (int i = 0; i < 50; ++i)
      database_->Write([i](Session& session) { return AddNumber(session, i); },
                       [&](Result<void> result) {
                         EXPECT_TRUE(result.has_value());
                         done.count_down();
                       });
  });
  done.wait();
  const auto after = database_->statistics();
  EXPECT_EQ(after.groups - before.groups, 2u);  // the one that held the lane, and ours
  EXPECT_EQ(Number("SELECT count(*) FROM numbers"), 50);
}

TEST_P(StoreConformance, AFailedWriteUndoesItselfAlone) {
  MakeNumbers();
  std::array<Errc, 3> errors{};
  std::latch done(3);
  AsOneGroup([&] {
    for (int i = 0; i < 3; ++i)
      database_->Write(
          [i](Session& session) -> Result<void> {
            LK_TRY(AddNumber(session, i));
            LK_TRY(AddNumber(session, i + 100));
            if (i == 1) return Error{Errc::kUnprocessable, "no"};
            return {};
          },
          [&, i](Result<void> result) {
            errors[static_cast<std::size_t>(i)] = result ? Errc::kInternal : result.error().code;
            done.count_down();
          });
  });
  done.wait();
  EXPECT_THAT(errors,
              ::testing::ElementsAre(Errc::kInternal, Errc::kUnprocessable, Errc::kInternal));
  EXPECT_EQ(Number("SELECT count(*) FROM numbers"), 4);
  EXPECT_EQ(Number("SELECT count(*) FROM numbers WHERE n IN (1, 101)"), 0);
}

TEST_P(StoreConformance, AnExceptionUndoesItsWriteAndIsAnInternalError) {
  MakeNumbers();
  const auto result = Write([](Session& session) -> Result<void> {
    LK_TRY(AddNumber(session, 1));
    throw std::runtime_error("a bug");
  });
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().code, Errc::kInternal);
  EXPECT_EQ(Number("SELECT count(*) FROM numbers"), 0);
  LK_ASSERT_OK(Sql("INSERT INTO numbers (n) VALUES (2)"));
}

TEST_P(StoreConformance, AConflictInAGroupLeavesTheOthersCommitted) {
  MakeNumbers();
  std::atomic<int> conflicts{0};
  std::latch done(10);
  AsOneGroup([&] {
    for (int i = 0; i < 10; ++i)
      database_->Write([i](Session& session) { return AddNumber(session, i / 2); },
                       [&](Result<void> result) {
                         if (!result && result.error().code == Errc::kConflict) ++conflicts;
                         done.count_down();
                       });
  });
  done.wait();
  EXPECT_EQ(conflicts, 5);
  EXPECT_EQ(Number("SELECT count(*) FROM numbers"), 5);
}

TEST_P(StoreConformance, WritesKeepTheOrderOfTheirCalls) {
  std::vector<int> order;
  std::latch done(300);
  for (int i = 0; i < 300; ++i)
    database_->Write(
        [&order, i](Session&) -> Result<void> {
          order.push_back(i);
          return {};
        },
        [&](Result<void>) { done.count_down(); });
  done.wait();
  EXPECT_TRUE(std::ranges::is_sorted(order));
  EXPECT_EQ(order.size(), 300u);
}

TEST_P(StoreConformance, ManyWritersLoseNothing) {
  MakeNumbers();
  std::vector<std::jthread> threads;
  std::atomic<int> failures{0};
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&, t] {
      for (int i = 0; i < 100; ++i)
        if (!Write([&](Session& session) { return AddNumber(session, t * 1000 + i); })) ++failures;
    });
  threads.clear();
  EXPECT_EQ(failures, 0);
  EXPECT_EQ(Number("SELECT count(*) FROM numbers"), 400);
}

TEST_P(StoreConformance, ObserversSeeCommittedChangesInOrderBeforeTheAnswer) {
  MakeNumbers();
  std::vector<std::string> log;
  database_->Observe([&](std::span<const Announcement> announcements) {
    for (const auto& announcement : announcements) log.push_back("seen " + announcement.kind);
  });
  std::latch done(3);
  AsOneGroup([&] {
    for (int i = 0; i < 3; ++i)
      database_->Write(
          [i](Session& session) -> Result<void> {
            Announcement announcement;
            announcement.kind = std::to_string(i);
            session.Announce(announcement);
            LK_TRY(AddNumber(session, i));
            if (i == 1) return Error{Errc::kUnprocessable, "no"};
            return {};
          },
          [&, i](Result<void> result) {
            log.push_back((result ? "done " : "failed ") + std::to_string(i));
            done.count_down();
          });
  });
  done.wait();
  EXPECT_THAT(log, ::testing::ElementsAre("seen 0", "seen 2", "done 0", "failed 1", "done 2"));
}

TEST_P(StoreConformance, WhatWasTakenIsFinishedBeforeClosing) {
  MakeNumbers();
  std::atomic<int> done{0};
  for (int i = 0; i < 200; ++i)
    database_->Write([i](Session& session) { return AddNumber(session, i); },
                     [&](Result<void> result) { done += result ? 1 : 0; });
  Reopen();
  EXPECT_EQ(done, 200);
  EXPECT_EQ(Number("SELECT count(*) FROM numbers"), 200);
}

TEST_P(StoreConformance, AcknowledgedWritesSurviveKill) {
  MakeNumbers();
  database_.reset();
  for (int round = 0; round < 3; ++round) {
    int pipes[2];
    ASSERT_EQ(pipe(pipes), 0);
    const pid_t child = fork();
    if (child == 0) {
      close(pipes[0]);
      auto opened = GetParam()->Open(directory_.path());
      if (!opened) _exit(1);
      for (std::int64_t i = 0;; ++i) {
        const std::int64_t n = round * 1'000'000 + i;
        (*opened)->Write([n](Session& session) { return AddNumber(session, n); },
                         [n, &pipes](Result<void> result) {
                           if (result && write(pipes[1], &n, sizeof n) != sizeof n) _exit(2);
                         });
        if (i % 64 == 63 && !(*opened)->WriteNow([](Session&) { return Result<void>(); })) _exit(3);
      }
    }
    close(pipes[1]);
    std::set<std::int64_t> acknowledged;
    std::int64_t n = 0;
    while (acknowledged.size() < 500u && read(pipes[0], &n, sizeof n) == sizeof n)
      acknowledged.insert(n);
    kill(child, SIGKILL);
    while (read(pipes[0], &n, sizeof n) == sizeof n) acknowledged.insert(n);
    close(pipes[0]);
    int status = 0;
    waitpid(child, &status, 0);
    ASSERT_TRUE(WIFSIGNALED(status));
    Reopen();
    std::set<std::int64_t> stored;
    LK_ASSERT_OK(Read([&](Session& session) {
      return session.Query("SELECT n FROM numbers WHERE n >= $1", Params(round * 1'000'000),
                           [&](const Row& row) { stored.insert(row.Int(0)); });
    }));
    EXPECT_GE(acknowledged.size(), 500u);
    EXPECT_TRUE(std::ranges::includes(stored, acknowledged));
    LK_ASSERT_OK(database_->CheckIntegrity());
    database_.reset();
  }
}

TEST_P(StoreConformance, ABackupIsACompleteSnapshotWhileWritesGoOn) {
  Prepare();
  MakeNumbers();
  std::atomic<bool> stop{false};
  std::thread writer([&] {
    // Two rows at a time: a torn copy would have an odd count.
    for (std::int64_t i = 0; !stop; i += 2)
      if (!Write([&](Session& session) -> Result<void> {
            LK_TRY(AddNumber(session, i));
            return AddNumber(session, i + 1);
          }))
        break;
  });
  while (Number("SELECT count(*) FROM numbers") < 20) std::this_thread::yield();
  const TemporaryDirectory copy;
  const auto result = database_->Backup(copy.path() + "/latchkey.db");
  stop = true;
  writer.join();
  ASSERT_TRUE(result.has_value()) << result.error().detail;
  auto opened = GetParam()->Open(copy.path());
  ASSERT_TRUE(opened.has_value()) << opened.error().detail;
  LK_ASSERT_OK((*opened)->CheckIntegrity());
  std::int64_t rows = 0;
  LK_ASSERT_OK((*opened)->ReadNow([&](Session& session) {
    return session.Query("SELECT count(*) FROM numbers", {},
                         [&](const Row& row) { rows = row.Int(0); });
  }));
  EXPECT_GE(rows, 20);
  EXPECT_EQ(rows % 2, 0);
  EXPECT_TRUE(Vault::Open(**opened, key_, base::SystemRandom()).has_value());
}

// ---- migrations (threat-model row 82) ----

TEST_P(StoreConformance, MigratingTwiceChangesNothing) {
  LK_ASSERT_OK(Migrate(*database_));
  LK_ASSERT_OK(Migrate(*database_));
  EXPECT_EQ(Number("SELECT count(*) FROM schema_migrations"),
            static_cast<std::int64_t>(AllMigrations().size()));
}

TEST_P(StoreConformance, ADatabaseOfANewerProgramIsRefused) {
  LK_ASSERT_OK(Migrate(*database_));
  LK_ASSERT_OK(Sql("INSERT INTO schema_migrations (version, name) VALUES (9999, 'later')"));
  const auto result = Migrate(*database_);
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().code, Errc::kConfigInvalid);
  EXPECT_THAT(result.error().detail, ::testing::HasSubstr("newer latchkey"));
}

TEST_P(StoreConformance, TM_82_AMigrationThatFailsHalfWayLeavesThePreviousSchema) {
  constexpr Migration kFirst{1, "one", "CREATE TABLE one (a {bigint}){options};"};
  const Migration broken[] = {kFirst,
                              {2, "two",
                               "CREATE TABLE two (a {bigint}){options}; ALTER TABLE one ADD COLUMN "
                               "b {bigint}; CREATE TABLE two (a {bigint});"}};
  const Migration mended[] = {
      kFirst,
      {2, "two", "CREATE TABLE two (a {bigint}){options}; ALTER TABLE one ADD COLUMN b {bigint};"}};
  EXPECT_FALSE(Migrate(*database_, broken).has_value());
  EXPECT_EQ(Number("SELECT max(version) FROM schema_migrations"), 1);
  LK_ASSERT_OK(Sql("INSERT INTO one (a) VALUES (1)"));  // the old code's statement still works
  LK_ASSERT_OK(Migrate(*database_, mended));
  LK_ASSERT_OK(Sql("INSERT INTO two (a) SELECT coalesce(b, a) FROM one"));
}

TEST_P(StoreConformance, TM_82_AProcessKilledWhileItMigratesIsContinued) {
  database_.reset();
  for (int round = 0; round < 10; ++round) {
    const TemporaryDirectory place;
    const pid_t child = fork();
    if (child == 0) {
      auto opened = GetParam()->Open(place.path());
      _exit(opened && Migrate(**opened) ? 0 : 1);
    }
    usleep(static_cast<useconds_t>(round * 3000));  // anywhere between opening and the end
    kill(child, SIGKILL);
    int status = 0;
    waitpid(child, &status, 0);
    auto opened = GetParam()->Open(place.path());
    ASSERT_TRUE(opened.has_value()) << opened.error().detail;
    LK_ASSERT_OK(Migrate(**opened));
    LK_ASSERT_OK((*opened)->CheckIntegrity());
    LK_ASSERT_OK((*opened)->ReadNow([](Session& session) {
      return session.Query("SELECT started FROM serving_intervals", {}, [](const Row&) {});
    }));
  }
}

// ---- records ----

TEST_P(StoreConformance, EveryStoredAttributeHasItsColumn) {
  LK_ASSERT_OK(Migrate(*database_));
  const core::Resource* resources[] = {
      &core::ResourceOf<core::Account>(),      &core::ResourceOf<core::AccountSetting>(),
      &core::ResourceOf<core::Environment>(),  &core::ResourceOf<core::Group>(),
      &core::ResourceOf<core::User>(),         &core::ResourceOf<core::GroupOwner>(),
      &core::ResourceOf<core::SecondFactor>(), &core::ResourceOf<core::Token>(),
      &core::ResourceOf<core::Product>(),      &core::ResourceOf<core::Entitlement>(),
      &core::ResourceOf<core::Policy>(),       &core::ResourceOf<core::PolicyEntitlement>(),
      &core::ResourceOf<core::PoolKey>(),      &core::ResourceOf<core::License>(),
      &core::ResourceOf<core::Licensee>(),     &core::ResourceOf<core::LicenseEntitlement>(),
      &core::ResourceOf<core::Machine>(),      &core::ResourceOf<core::Component>(),
      &core::ResourceOf<core::Process>()};
  for (const core::Resource* resource : resources)
    for (const std::string& column : ColumnsOf(*resource))
      LK_ASSERT_OK(Read([&](Session& session) {
        return session.Query("SELECT " + std::string(resource->table) + "." + column + " FROM " +
                                 std::string(resource->table),
                             {}, [](const Row&) {});
      }));
}

// Two records are equal when all their attributes and relationships are.
template <class T>
void ExpectEqualRecords(const T& a, const T& b) {
  const core::Resource& resource = core::ResourceOf<T>();
  EXPECT_EQ(a.id, b.id);
  EXPECT_EQ(a.account_id, b.account_id);
  EXPECT_EQ(a.environment_id, b.environment_id);
  EXPECT_EQ(a.created, b.created);
  EXPECT_EQ(a.updated, b.updated);
  for (const core::Attribute& attribute : resource.attributes)
    if (attribute.get && attribute.storage != core::Storage::kComputed) {
      EXPECT_EQ(attribute.get(&a), attribute.get(&b)) << attribute.name;
    }
  for (const core::Relationship& relationship : resource.relationships)
    if (relationship.get) {
      EXPECT_EQ(relationship.get(&a), relationship.get(&b)) << relationship.name;
    }
}

TEST_P(StoreConformance, RecordsComeBackAsTheyWentIn) {
  Prepare();
  auto user = sample_.Of<core::User>(3);
  user.email = "ada@example.com";
  user.first_name = "Ada";
  user.password_digest = "$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA";
  user.permissions = {"license.read", "machine.read"};
  user.metadata = json::parse(R"({"team":"blue","deep":{"list":[1,"two",null]}})").as_object();
  auto token = sample_.Of<core::Token>(4);
  token.bearer_type = "users";
  token.bearer_id = user.id;
  token.kind = "admin-token";
  token.digest = Bytes(32, 9);
  token.permissions = {"*"};
  token.max_activations = 3;
  auto entitlement = sample_.Of<core::Entitlement>(5);
  entitlement.name = "Export";
  entitlement.code = "EXPORT";
  auto policy = sample_.Of<core::Policy>(6);
  policy.product_id = sample_.product.id;
  policy.name = "Floating";
  policy.duration = 2'592'000;
  policy.floating = true;
  policy.max_memory = std::numeric_limits<std::int64_t>::max();
  policy.scheme = core::Scheme::kEd25519Sign;
  policy.overage_strategy = core::OverageStrategy::k150;
  policy.check_in_interval = "week";
  auto license = sample_.License("AAAA-BBBB");
  license.owner_id = user.id;
  license.name = "";
  license.expiry = At(99);
  license.suspended = true;
  license.machines_count = 2;
  auto machine = sample_.Machine(license, "fp\n");
  machine.memory = 1LL << 40;
  machine.hostname = "";
  machine.last_heartbeat = At(30);
  machine.monitored = true;
  auto product = sample_.Of<core::Product>(7);
  product.name = "No strategy";
  product.distribution_strategy = std::nullopt;
  product.platforms = core::Strings{};
  LK_ASSERT_OK(Write([&](Session& session) -> Result<void> {
    LK_TRY(Insert(session, *vault_, user));
    LK_TRY(Insert(session, *vault_, token));
    LK_TRY(Insert(session, *vault_, entitlement));
    LK_TRY(Insert(session, *vault_, policy));
    LK_TRY(Insert(session, *vault_, license));
    LK_TRY(Insert(session, *vault_, machine));
    return Insert(session, *vault_, product);
  }));
  const auto check = [&]<class T>(const T& record) {
    const auto found = FindById<T>(record.id);
    ASSERT_TRUE(found.has_value()) << found.error().detail;
    ASSERT_TRUE(found->has_value());
    ExpectEqualRecords(record, **found);
    EXPECT_GT((*found)->sequence, 0);
  };
  check(user);
  check(token);
  check(entitlement);
  check(policy);
  check(license);
  check(machine);
  check(product);
  check(sample_.account);
}

TEST_P(StoreConformance, SealedColumnsAreNotReadable) {
  Prepare();
  LK_ASSERT_OK(Write([&](Session& session) {
    return Insert(session, *vault_, sample_.License("SECRET-KEY-TEXT"));
  }));
  std::string column;
  LK_ASSERT_OK(Read([&](Session& session) {
    return session.Query("SELECT key FROM licenses", {},
                         [&](const Row& row) { column = base::AsText(row.Blob(0)); });
  }));
  EXPECT_GT(column.size(), 15u);
  EXPECT_EQ(column.find("SECRET"), column.npos);
}

TEST_P(StoreConformance, ASealedValueDoesNotOpenInAnotherRow) {
  Prepare();
  const auto a = sample_.License("KEY-A");
  const auto b = sample_.License("KEY-B");
  LK_ASSERT_OK(Write([&](Session& session) -> Result<void> {
    LK_TRY(Insert(session, *vault_, a));
    return Insert(session, *vault_, b);
  }));
  LK_ASSERT_OK(
      Sql("UPDATE licenses SET key = (SELECT key FROM licenses WHERE id = $1) WHERE id = $2",
          Params(a.id, b.id)));
  const auto found = FindById<core::License>(b.id);
  ASSERT_FALSE(found.has_value());
  EXPECT_EQ(found.error().code, Errc::kDamaged);
}

TEST_P(StoreConformance, ALicenseIsFoundByItsExactKey) {
  Prepare();
  const auto license = sample_.License("KEY-One");
  LK_ASSERT_OK(Write([&](Session& session) { return Insert(session, *vault_, license); }));
  const auto find = [&](std::string_view key) {
    std::optional<core::License> found;
    const auto result = Read([&](Session& session) -> Result<void> {
      LK_ASSIGN(const Where where,
                SealedEquals<core::License>(session, *vault_, sample_.account.id, "key", key));
      LK_ASSIGN(found, Find<core::License>(session, *vault_, sample_.account.id, where));
      return {};
    });
    EXPECT_TRUE(result.has_value());
    return found ? found->id : Uuid();
  };
  EXPECT_EQ(find("KEY-One"), license.id);
  EXPECT_EQ(find("key-one"), Uuid());
  EXPECT_EQ(find(""), Uuid());
}

TEST_P(StoreConformance, AKeyAndAFingerprintAreTakenOnce) {
  Prepare();
  const auto license = sample_.License("SAME");
  const auto other = sample_.License("OTHER");
  LK_ASSERT_OK(Write([&](Session& session) -> Result<void> {
    LK_TRY(Insert(session, *vault_, license));
    LK_TRY(Insert(session, *vault_, other));
    LK_TRY(Insert(session, *vault_, sample_.Machine(other, "fp")));
    return Insert(session, *vault_, sample_.Machine(license, "fp"));
  }));
  const auto again =
      Write([&](Session& session) { return Insert(session, *vault_, sample_.License("SAME")); });
  ASSERT_FALSE(again.has_value());
  EXPECT_EQ(again.error().code, Errc::kConflict);
  EXPECT_THAT(again.error().detail, ::testing::HasSubstr("key"));
  const auto twice = Write(
      [&](Session& session) { return Insert(session, *vault_, sample_.Machine(license, "fp")); });
  ASSERT_FALSE(twice.has_value());
  EXPECT_EQ(twice.error().code, Errc::kConflict);
  EXPECT_THAT(twice.error().detail, ::testing::HasSubstr("fingerprint"));
}

TEST_P(StoreConformance, UpdateWritesWhatIsNamedAndNothingElse) {
  Prepare();
  auto license = sample_.License("K");
  LK_ASSERT_OK(Write([&](Session& session) { return Insert(session, *vault_, license); }));
  license.expiry = At(500);
  license.uses = 7;
  license.updated = At(50);
  license.owner_id = NewId();
  LK_ASSERT_OK(Write([&](Session& session) {
    return Update(session, *vault_, license, {"expiry", "owner"});
  }));
  auto found = FindById<core::License>(license.id);
  ASSERT_TRUE(found.has_value() && found->has_value());
  EXPECT_EQ((*found)->expiry, At(500));
  EXPECT_EQ((*found)->owner_id, license.owner_id);
  EXPECT_EQ((*found)->updated, At(50));
  EXPECT_EQ((*found)->uses, 0);
  license.key = "K2";
  LK_ASSERT_OK(Write([&](Session& session) { return Update(session, *vault_, license); }));
  found = FindById<core::License>(license.id);
  ASSERT_TRUE(found.has_value() && found->has_value());
  ExpectEqualRecords(license, **found);
  const auto unknown =
      Write([&](Session& session) { return Update(session, *vault_, license, {"nonsense"}); });
  ASSERT_FALSE(unknown.has_value());
  EXPECT_EQ(unknown.error().code, Errc::kInternal);
}

TEST_P(StoreConformance, UpdatingOrDeletingWhatIsGoneIsNotFound) {
  Prepare();
  const auto license = sample_.License("K");
  const auto update = Write([&](Session& session) { return Update(session, *vault_, license); });
  ASSERT_FALSE(update.has_value());
  EXPECT_EQ(update.error().code, Errc::kNotFound);
  const auto gone = Write([&](Session& session) {
    return Delete<core::License>(session, sample_.account.id, license.id);
  });
  ASSERT_FALSE(gone.has_value());
  EXPECT_EQ(gone.error().code, Errc::kNotFound);
}

TEST_P(StoreConformance, NoQueryReachesAnotherAccount) {
  Prepare();
  const Sample stranger = Sample::Make();
  const auto license = sample_.License("MINE");
  LK_ASSERT_OK(Write([&](Session& session) -> Result<void> {
    LK_TRY(stranger.Insert(session, *vault_));
    return Insert(session, *vault_, license);
  }));
  const Where any = Where::AnyOf(std::array{Where("licenses.uses = ?", 0), Where("1 = 1")});
  LK_ASSERT_OK(Write([&](Session& session) -> Result<void> {
    LK_ASSIGN(const auto found,
              Find<core::License>(session, *vault_, stranger.account.id, license.id));
    EXPECT_FALSE(found.has_value());
    LK_ASSIGN(const auto list,
              List<core::License>(session, *vault_, stranger.account.id, any, kAll));
    EXPECT_TRUE(list.empty());
    LK_ASSIGN(const auto count, Count<core::License>(session, stranger.account.id, any));
    EXPECT_EQ(count, 0);
    LK_ASSIGN(const auto deleted, DeleteWhere<core::License>(session, stranger.account.id, any));
    EXPECT_EQ(deleted, 0);
    auto stolen = license;
    stolen.account_id = stranger.account.id;
    EXPECT_FALSE(Update(session, *vault_, stolen).has_value());
    return {};
  }));
  EXPECT_EQ(Number("SELECT count(*) FROM licenses"), 1);
}

// Readers keep lists they have read: each row must still come back as its own.
TEST_P(StoreConformance, ListsOfTextsAreThoseOfTheirOwnRow) {
  Prepare();
  std::vector<core::License> licenses;
  for (int i = 0; i < 100; ++i) {
    auto license = sample_.License("key " + std::to_string(i));
    for (int n = 0; n <= i % 7; ++n)
      license.permissions.push_back("license." + std::to_string(i / 3) + std::to_string(n));
    if (i % 10 == 9) license.permissions.emplace_back(10000 + i, 'x');
    licenses.push_back(std::move(license));
  }
  LK_ASSERT_OK(Write([&](Session& session) -> Result<void> {
    for (const auto& license : licenses) LK_TRY(Insert(session, *vault_, license));
    return {};
  }));
  for (int round = 0; round < 2; ++round) {
    for (const auto& license : licenses) {
      const auto found = FindById<core::License>(license.id);
      ASSERT_TRUE(found.has_value() && found->has_value());
      EXPECT_EQ((*found)->permissions, license.permissions);
    }
  }
  LK_ASSERT_OK(
      Sql("UPDATE licenses SET permissions = '[\"a\"' WHERE id = $1", Params(licenses[0].id)));
  EXPECT_EQ(FindById<core::License>(licenses[0].id).error().code, Errc::kDamaged);
}

TEST_P(StoreConformance, TheLaterOfStampAndRowIsTheLastValidation) {
  Prepare();
  auto license = sample_.License("stamped");
  const auto other = sample_.License("other");
  LK_ASSERT_OK(Write([&](Session& session) -> Result<void> {
    LK_TRY(Insert(session, *vault_, license));
    return Insert(session, *vault_, other);
  }));
  const auto read = [&] { return FindById<core::License>(license.id).value().value(); };
  const auto stamp = [&](std::int64_t sequence, std::int64_t seconds) {
    return Write([&](Session& session) { return StampValidation(session, sequence, At(seconds)); });
  };
  EXPECT_EQ(read().last_validated, std::nullopt);
  const std::int64_t sequence = read().sequence;
  LK_ASSERT_OK(stamp(sequence, 100));
  EXPECT_EQ(read().last_validated, At(100));
  EXPECT_EQ(read().updated, license.updated);
  LK_ASSERT_OK(stamp(sequence, 50));
  EXPECT_EQ(read().last_validated, At(100));
  license.last_validated = At(200);
  LK_ASSERT_OK(Write(
      [&](Session& session) { return Update(session, *vault_, license, {"last_validated"}); }));
  EXPECT_EQ(read().last_validated, At(200));
  LK_ASSERT_OK(stamp(sequence, 150));
  EXPECT_EQ(read().last_validated, At(200));
  LK_ASSERT_OK(stamp(sequence, 300));
  EXPECT_EQ(read().last_validated, At(300));
  EXPECT_EQ(FindById<core::License>(other.id).value()->last_validated, std::nullopt);
  // A license that is gone has no stamp, and gets none.
  LK_ASSERT_OK(Write([&](Session& session) {
    return Delete<core::License>(session, sample_.account.id, license.id);
  }));
  EXPECT_EQ(Number("SELECT count(*) FROM license_stamps"), 0);
  LK_ASSERT_OK(stamp(sequence, 400));
  EXPECT_EQ(Number("SELECT count(*) FROM license_stamps"), 0);
}

TEST_P(StoreConformance, ADamagedRowIsAnErrorAndNotAnotherValue) {
  Prepare();
  LK_ASSERT_OK(Sql("UPDATE policies SET overage_strategy = 'ANYTHING_GOES' WHERE id = $1",
                   Params(sample_.policy.id)));
  auto policy = FindById<core::Policy>(sample_.policy.id);
  ASSERT_FALSE(policy.has_value());
  EXPECT_EQ(policy.error().code, Errc::kDamaged);
  LK_ASSERT_OK(Sql("UPDATE products SET metadata = '[' WHERE id = $1", Params(sample_.product.id)));
  const auto product = FindById<core::Product>(sample_.product.id);
  ASSERT_FALSE(product.has_value());
  EXPECT_EQ(product.error().code, Errc::kDamaged);
}

TEST_P(StoreConformance, ListsGoNewestFirstAndBySequenceWithinOneInstant) {
  Prepare();
  std::vector<Uuid> ids;
  LK_ASSERT_OK(Write([&](Session& session) -> Result<void> {
    for (int i = 0; i < 10; ++i) {
      const auto license = sample_.License("K" + std::to_string(i), 100 + i / 4);
      ids.push_back(license.id);
      LK_TRY(Insert(session, *vault_, license));
    }
    return {};
  }));
  const auto list = [&](Page page) {
    std::vector<Uuid> got;
    const auto result = Read([&](Session& session) -> Result<void> {
      LK_ASSIGN(const auto records,
                List<core::License>(session, *vault_, sample_.account.id, {}, page));
      for (const auto& record : records) got.push_back(record.id);
      return {};
    });
    EXPECT_TRUE(result.has_value()) << result.error().detail;
    return got;
  };
  EXPECT_THAT(list({3, 0, false, {}}), ::testing::ElementsAre(ids[9], ids[8], ids[7]));
  EXPECT_THAT(list({3, 3, false, {}}), ::testing::ElementsAre(ids[6], ids[5], ids[4]));
  EXPECT_THAT(list({3, 0, false, ids[5]}), ::testing::ElementsAre(ids[4], ids[3], ids[2]));
  EXPECT_THAT(list({2, 0, true, ids[5]}), ::testing::ElementsAre(ids[6], ids[7]));
  EXPECT_THAT(list(kAll), ::testing::ElementsAreArray(ids));
  EXPECT_THAT(list({3, 0, false, NewId()}), ::testing::IsEmpty());
  EXPECT_THAT(list({3, 0, false, ids[0]}), ::testing::IsEmpty());
}

TEST_P(StoreConformance, AHundredThousandRowsAreListedByCursorOnceEach) {
  Prepare();
  constexpr std::int64_t kRows = 100'000;
  LK_ASSERT_OK(Write([&](Session& session) -> Result<void> {
    auto entitlement = sample_.Of<core::Entitlement>(0);
    for (std::int64_t i = 0; i < kRows; ++i) {
      entitlement.id = NewId();
      entitlement.code = "C" + std::to_string(i);
      entitlement.created = At(i / 1000);  // a thousand share an instant
      LK_TRY(Insert(session, *vault_, entitlement));
    }
    return {};
  }));
  std::int64_t expected = kRows;
  std::optional<Uuid> cursor;
  for (bool more = true; more;) {
    std::vector<core::Entitlement> page;
    LK_ASSERT_OK(Read([&](Session& session) -> Result<void> {
      LK_ASSIGN(page, List<core::Entitlement>(session, *vault_, sample_.account.id, {},
                                              Page{2000, 0, false, cursor}));
      return {};
    }));
    for (const auto& entitlement : page)
      ASSERT_EQ(entitlement.code, "C" + std::to_string(--expected));
    more = !page.empty();
    if (more) cursor = page.back().id;
  }
  EXPECT_EQ(expected, 0);
  LK_ASSERT_OK(Read([&](Session& session) -> Result<void> {
    LK_ASSIGN(const auto exact, Count<core::Entitlement>(session, sample_.account.id));
    EXPECT_EQ(exact, kRows);
    LK_ASSIGN(const auto capped, Count<core::Entitlement>(session, sample_.account.id, {}, 10'000));
    EXPECT_EQ(capped, 10'000);
    return {};
  }));
}

TEST_P(StoreConformance, ConditionsAreJoined) {
  Prepare();
  LK_ASSERT_OK(Write([&](Session& session) -> Result<void> {
    for (int i = 0; i < 6; ++i) {
      auto license = sample_.License("K" + std::to_string(i), i);
      license.uses = i;
      license.suspended = i % 2 == 1;
      if (i > 3) license.name = "n" + std::to_string(i);
      LK_TRY(Insert(session, *vault_, license));
    }
    return {};
  }));
  const Where odd("licenses.suspended = ?", true);
  const Where low("licenses.uses < ?", 2);
  const Where named("licenses.name = ?", "n4");
  struct Case {
    const char* name;
    Where where;
    std::vector<std::int64_t> uses;
  };
  const Case cases[] = {
      {"all", {}, {0, 1, 2, 3, 4, 5}},
      {"and", Where(odd).And(low), {1}},
      {"or", Where::AnyOf(std::array{odd, low}), {0, 1, 3, 5}},
      {"or inside and", Where(low).And(Where::AnyOf(std::array{odd, named})), {1}},
      {"or of nothing", Where::AnyOf({}), {}},
      {"or with all", Where::AnyOf(std::array{odd, Where()}), {0, 1, 2, 3, 4, 5}},
      {"not, null counts as no", Where::Not(named), {0, 1, 2, 3, 5}},
      {"not all", Where::Not(Where()), {}},
      {"in", Where().AndIn("licenses.uses", Params(1, 3, 5)), {1, 3, 5}},
      {"in of nothing", Where().AndIn("licenses.uses", {}), {}},
  };
  for (const Case& c : cases) {
    std::vector<std::int64_t> uses;
    LK_ASSERT_OK(Read([&](Session& session) -> Result<void> {
      LK_ASSIGN(const auto found,
                List<core::License>(session, *vault_, sample_.account.id, c.where, kAll));
      for (const auto& license : found) uses.push_back(license.uses);
      return {};
    }));
    EXPECT_EQ(uses, c.uses) << c.name;
  }
}

TEST_P(StoreConformance, MetadataIsFoundByContainment) {
  Prepare();
  auto license = sample_.License("K");
  license.metadata =
      json::parse(R"({"team":"blue","seats":5,"ratio":2.0,"beta":true,"gone":null,"code":"5",
      "hw":{"cpu":"x86","a/b~":"odd"},"ids":["1","2","3"],"long":")" +
                  std::string(500, 'x') + "\"}")
          .as_object();
  LK_ASSERT_OK(Write([&](Session& session) -> Result<void> {
    LK_TRY(Insert(session, *vault_, license));
    return Insert(session, *vault_, sample_.License("OTHER"));
  }));
  const auto matches = [&](std::string_view wanted) {
    std::int64_t count = -1;
    const auto result = Read([&](Session& session) -> Result<void> {
      LK_ASSIGN(count, Count<core::License>(
                           session, sample_.account.id,
                           MetadataContains(core::ResourceOf<core::License>(), sample_.account.id,
                                            json::parse(wanted).as_object())));
      return {};
    });
    EXPECT_TRUE(result.has_value()) << result.error().detail;
    return count == 1;
  };
  for (const char* yes :
       {R"({"team":"blue"})", R"({"seats":"5"})", R"({"ratio":"2"})", R"({"ratio":"2.0"})",
        R"({"beta":"true"})", R"({"gone":"null"})", R"({"code":"5"})", R"({"hw":{"cpu":"x86"}})",
        R"({"hw":{"a/b~":"odd"}})", R"({"ids":["2"]})", R"({"ids":["3","1"]})",
        R"({"team":"blue","seats":"5"})"})
    EXPECT_TRUE(matches(yes)) << yes;
  EXPECT_TRUE(matches("{\"long\":\"" + std::string(500, 'x') + "\"}"));
  for (const char* no :
       {R"({"team":"blu"})", R"({"team":"Blue"})", R"({"seats":"6"})", R"({"beta":"false"})",
        R"({"hw":{"cpu":"arm"}})", R"({"ids":["4"]})", R"({"ids":["1","4"]})",
        R"({"team":"blue","seats":"6"})", R"({"cpu":"x86"})", R"({"hw":"x86"})"})
    EXPECT_FALSE(matches(no)) << no;
  EXPECT_FALSE(matches("{\"long\":\"" + std::string(501, 'x') + "\"}"));
  license.metadata = json::parse(R"({"team":"red"})").as_object();
  LK_ASSERT_OK(
      Write([&](Session& session) { return Update(session, *vault_, license, {"metadata"}); }));
  EXPECT_TRUE(matches(R"({"team":"red"})"));
  EXPECT_FALSE(matches(R"({"team":"blue"})"));
  LK_ASSERT_OK(Write([&](Session& session) {
    return Delete<core::License>(session, sample_.account.id, license.id);
  }));
  EXPECT_EQ(Number("SELECT count(*) FROM licenses_metadata"), 0);
}

// ---- vault ----

TEST_P(StoreConformance, AnotherMasterKeyIsAWrongKeyAndNotDamage) {
  Prepare();
  const auto wrong =
      Vault::Open(*database_, MasterKey::Generate(base::SystemRandom()), base::SystemRandom());
  ASSERT_FALSE(wrong.has_value());
  EXPECT_EQ(wrong.error().code, Errc::kWrongKey);
  OpenVault();
}

TEST_P(StoreConformance, DamagedKeysAreDamageAndNotAWrongKey) {
  Prepare();
  LK_ASSERT_OK(Sql("UPDATE account_secrets SET sealed = $1", Params(Bytes(93, 1))));
  const auto damaged = Vault::Open(*database_, key_, base::SystemRandom());
  ASSERT_FALSE(damaged.has_value());
  EXPECT_EQ(damaged.error().code, Errc::kDamaged);
}

TEST_P(StoreConformance, KeysOfAnAccountSurviveARestart) {
  Prepare();
  const Uuid record = NewId();
  const auto sealed = vault_->Seal(sample_.account.id, "t.c", record, base::AsBytes("plain"));
  const auto index = vault_->BlindIndex(sample_.account.id, "t.c", "plain");
  ASSERT_TRUE(sealed.has_value() && index.has_value());
  LK_ASSERT_OK(Write([&](Session& session) {
    return vault_->PutSecret(session, sample_.account.id, "ed25519", Secret(std::string("seed")));
  }));
  Reopen();
  OpenVault();
  const auto opened = vault_->Open(sample_.account.id, "t.c", record, *sealed);
  ASSERT_TRUE(opened.has_value());
  EXPECT_EQ(opened->Reveal(), "plain");
  EXPECT_EQ(vault_->BlindIndex(sample_.account.id, "t.c", "plain").value(), *index);
  LK_ASSERT_OK(Read([&](Session& session) -> Result<void> {
    LK_ASSIGN(const auto secret, vault_->GetSecret(session, sample_.account.id, "ed25519"));
    EXPECT_EQ(secret.value_or(Secret()).Reveal(), "seed");
    LK_ASSIGN(const auto none, vault_->GetSecret(session, sample_.account.id, "rsa"));
    EXPECT_FALSE(none.has_value());
    return {};
  }));
}

TEST_P(StoreConformance, SealsAndIndexesAreBoundToTheirPlace) {
  Prepare();
  const Sample other = Sample::Make();
  LK_ASSERT_OK(Write([&](Session& session) { return other.Insert(session, *vault_); }));
  const Uuid a = sample_.account.id;
  const Uuid b = other.account.id;
  const Uuid record = NewId();
  const Bytes sealed = vault_->Seal(a, "t.c", record, base::AsBytes("x")).value();
  EXPECT_TRUE(vault_->Open(a, "t.c", record, sealed).has_value());
  EXPECT_FALSE(vault_->Open(a, "t.d", record, sealed).has_value());
  EXPECT_FALSE(vault_->Open(a, "t.c", NewId(), sealed).has_value());
  EXPECT_FALSE(vault_->Open(b, "t.c", record, sealed).has_value());
  const Bytes index = vault_->BlindIndex(a, "t.c", "x").value();
  EXPECT_EQ(index.size(), 32u);
  EXPECT_NE(vault_->BlindIndex(b, "t.c", "x").value(), index);
  EXPECT_NE(vault_->BlindIndex(a, "t.d", "x").value(), index);
  EXPECT_NE(vault_->BlindIndex(a, "t.", std::string_view("c\0x", 3)).value(), index);
}

TEST_P(StoreConformance, ADestroyedAccountsKeysAreGone) {
  Prepare();
  LK_ASSERT_OK(
      Write([&](Session& session) { return vault_->DestroyAccount(session, sample_.account.id); }));
  const auto sealed = vault_->Seal(sample_.account.id, "t.c", NewId(), {});
  ASSERT_FALSE(sealed.has_value());
  EXPECT_EQ(sealed.error().code, Errc::kNotFound);
  Reopen();
  OpenVault();
  EXPECT_FALSE(vault_->Cached(sample_.account.id).has_value());
}

// ---- outbox, tombstones, settings, serving ----

TEST_P(StoreConformance, TheOutboxIsReadForwardAndAnnounced) {
  Prepare();
  std::vector<Announcement> announced;
  database_->Observe([&](std::span<const Announcement> announcements) {
    announced.insert(announced.end(), announcements.begin(), announcements.end());
  });
  const std::vector<Uuid> stale{NewId(), NewId()};
  LK_ASSERT_OK(Write([&](Session& session) -> Result<void> {
    for (int i = 0; i < 5; ++i) {
      Event event;
      event.id = NewId();
      event.account_id = sample_.account.id;
      event.kind = i % 2 == 0 ? "license.created" : std::string(kRowChanged);
      event.is_public = i % 2 == 0;
      event.resource_type = "licenses";
      event.resource_id = stale[0];
      event.stale_licenses = stale;
      event.payload = "{\"n\":" + std::to_string(i) + "}";
      event.created = At(i);
      LK_TRY(Append(session, *vault_, event));
    }
    return {};
  }));
  ASSERT_EQ(announced.size(), 5u);
  EXPECT_EQ(announced[3].license_ids, stale);
  EXPECT_EQ(announced[3].kind, kRowChanged);
  LK_ASSERT_OK(Read([&](Session& session) -> Result<void> {
    LK_ASSIGN(const auto first, ReadOutbox(session, *vault_, 0, 2));
    LK_ASSIGN(const auto rest, ReadOutbox(session, *vault_, first.back().sequence, 100));
    LK_ASSIGN(const auto open, ReadOutbox(session, *vault_, 0, 100, true));
    LK_ASSIGN(const std::int64_t end, OutboxEnd(session));
    EXPECT_EQ(first.size(), 2u);
    EXPECT_EQ(rest.size(), 3u);
    EXPECT_EQ(open.size(), 3u);
    EXPECT_EQ(end, announced.back().sequence);
    EXPECT_EQ(rest.front().payload, "{\"n\":2}");
    EXPECT_EQ(rest.front().stale_licenses, stale);
    EXPECT_EQ(rest.front().created, At(2));
    return {};
  }));
}

TEST_P(StoreConformance, AnEventGoesWithItsUndoneWrite) {
  Prepare();
  int seen = 0;
  database_->Observe([&](std::span<const Announcement>) { ++seen; });
  const auto result = Write([&](Session& session) -> Result<void> {
    Event event;
    event.id = NewId();
    event.account_id = sample_.account.id;
    LK_TRY(Append(session, *vault_, event));
    return Error{Errc::kUnprocessable, "no"};
  });
  EXPECT_FALSE(result.has_value());
  EXPECT_EQ(seen, 0);
  EXPECT_EQ(Number("SELECT count(*) FROM outbox"), 0);
}

TEST_P(StoreConformance, TombstonesTellTheCauseForFourHundredDays) {
  Prepare();
  const Uuid account = sample_.account.id;
  const Uuid license = NewId();
  const Uuid machine = NewId();
  LK_ASSERT_OK(Write([&](Session& session) -> Result<void> {
    LK_TRY(InsertTombstone(session, *vault_,
                           {Tombstone::Kind::kLicense, account, license, {}, "REVOKED", At(0)},
                           "KEY"));
    return InsertTombstone(
        session, *vault_,
        {Tombstone::Kind::kMachine, account, machine, license, "SEAT_TAKEN_OVER", At(1)}, "fp");
  }));
  LK_ASSERT_OK(Read([&](Session& session) -> Result<void> {
    LK_ASSIGN(const auto by_id,
              FindTombstone(session, Tombstone::Kind::kLicense, account, license));
    EXPECT_EQ(by_id.value().cause, "REVOKED");
    LK_ASSIGN(const auto by_key, FindLicenseTombstone(session, *vault_, account, "KEY"));
    EXPECT_EQ(by_key.value().record_id, license);
    LK_ASSIGN(const auto unknown, FindLicenseTombstone(session, *vault_, account, "key"));
    EXPECT_FALSE(unknown.has_value());
    LK_ASSIGN(const auto by_fingerprint,
              FindMachineTombstone(session, *vault_, account, license, "fp"));
    EXPECT_EQ(by_fingerprint.value().cause, "SEAT_TAKEN_OVER");
    EXPECT_EQ(by_fingerprint.value().license_id, license);
    LK_ASSIGN(const auto elsewhere, FindMachineTombstone(session, *vault_, account, NewId(), "fp"));
    EXPECT_FALSE(elsewhere.has_value());
    LK_ASSIGN(const auto other_kind,
              FindTombstone(session, Tombstone::Kind::kMachine, account, license));
    EXPECT_FALSE(other_kind.has_value());
    return {};
  }));
  std::vector<std::int64_t> expired;
  LK_ASSERT_OK(Write([&](Session& session) -> Result<void> {
    for (const TimePoint now : {At(0) + kTombstoneLife, At(1) + kTombstoneLife}) {
      LK_ASSIGN(const std::int64_t gone, ExpireTombstones(session, now));
      expired.push_back(gone);
    }
    LK_TRY(RemoveTombstones(session, Tombstone::Kind::kMachine, account, machine));
    return {};
  }));
  EXPECT_THAT(expired, ::testing::ElementsAre(0, 1));
  EXPECT_EQ(Number("SELECT count(*) FROM tombstones"), 0);
}

TEST_P(StoreConformance, SettingsAndServingTimesAreKept) {
  Prepare();
  LK_ASSERT_OK(Write([&](Session& session) -> Result<void> {
    LK_TRY(PutSetting(session, "cursor", Bytes{1}));
    LK_TRY(PutSetting(session, "cursor", Bytes{2, 3}));
    LK_ASSIGN(const std::int64_t first, StartServing(session, At(0)));
    LK_TRY(StampServing(session, first, At(60)));
    LK_TRY(StampServing(session, first, At(30)));  // a clock that went back
    LK_ASSIGN(const std::int64_t second, StartServing(session, At(600)));
    return StampServing(session, second, At(660));
  }));
  Reopen();
  LK_ASSERT_OK(Read([&](Session& session) -> Result<void> {
    LK_ASSIGN(const auto value, GetSetting(session, "cursor"));
    EXPECT_EQ(value, (Bytes{2, 3}));
    LK_ASSIGN(const auto none, GetSetting(session, "nothing"));
    EXPECT_FALSE(none.has_value());
    LK_ASSIGN(const core::ServingLog log, LoadServing(session, At(0)));
    EXPECT_THAT(log.intervals(), ::testing::ElementsAre(core::ServingInterval{At(0), At(60)},
                                                        core::ServingInterval{At(600), At(660)}));
    return {};
  }));
  LK_ASSERT_OK(Write([&](Session& session) { return TrimServing(session, At(100)); }));
  EXPECT_EQ(Number("SELECT count(*) FROM serving_intervals"), 1);
}

}  // namespace latchkey::store
