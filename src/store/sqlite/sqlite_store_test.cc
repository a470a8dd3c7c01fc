#include <gtest/gtest.h>
#include <sqlite3.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <fstream>

#include "store/conformance.h"
#include "store/sqlite/sqlite_database.h"

namespace latchkey::store {
namespace {

SqliteOptions OptionsFor(const std::string& directory) {
  SqliteOptions options;
  options.path = directory + "/latchkey.db";
  options.create = true;
  return options;
}

class SqliteEngine final : public StoreEngine {
 public:
  Result<std::unique_ptr<Database>> Open(const std::string& directory) override {
    return OpenSqlite(OptionsFor(directory));
  }
};
SqliteEngine engine;

INSTANTIATE_TEST_SUITE_P(Sqlite, StoreConformance, ::testing::Values(&engine),
                         [](const auto&) { return "Sqlite"; });

// ---- faults ----

// A default file system whose writes and syncs fail when told to; our checksum layer stands on it.
class FaultyDisk {
 public:
  FaultyDisk() {
    original_ = sqlite3_vfs_find(nullptr);
    vfs_ = *original_;
    vfs_.zName = "faulty";
    vfs_.pNext = nullptr;
    vfs_.xOpen = [](sqlite3_vfs*, const char* name, sqlite3_file* file, int flags, int* out) {
      const int code = original_->xOpen(original_, name, file, flags, out);
      if (code == SQLITE_OK && file->pMethods) file->pMethods = &Patch(file->pMethods).methods;
      return code;
    };
    sqlite3_vfs_register(&vfs_, 1);
  }
  ~FaultyDisk() {
    Mend();
    sqlite3_vfs_unregister(&vfs_);
    sqlite3_vfs_register(original_, 1);  // else the next in the list becomes the default
  }

  // All writes (syncs) after the next `n` fail, until mended.
  static void FailWritesAfter(int n) { writes_left_ = n; }
  static void FailSyncsAfter(int n) { syncs_left_ = n; }
  static void Mend() { writes_left_ = syncs_left_ = kNever; }
  static bool Failing() { return writes_left_ <= 0; }

 private:
  static constexpr int kNever = 1 << 30;
  static bool Fails(std::atomic<int>& left) {
    if (left >= kNever) return false;
    return left-- <= 0;
  }
  // SQLite has a table of methods per way of locking; ours begin like them and know the original.
  struct Patched {
    sqlite3_io_methods methods;
    const sqlite3_io_methods* original;
  };
  static const sqlite3_io_methods& Original(sqlite3_file* file) {
    return *reinterpret_cast<const Patched*>(file->pMethods)->original;
  }
  static Patched& Patch(const sqlite3_io_methods* methods) {
    static std::mutex mutex;
    static std::map<const sqlite3_io_methods*, Patched> all;
    const std::lock_guard lock(mutex);
    const auto [entry, made] = all.try_emplace(methods, Patched{*methods, methods});
    if (made) {
      entry->second.methods.xWrite = [](sqlite3_file* f, const void* data, int size,
                                        sqlite3_int64 offset) {
        return Fails(writes_left_) ? SQLITE_FULL : Original(f).xWrite(f, data, size, offset);
      };
      entry->second.methods.xSync = [](sqlite3_file* f, int how) {
        return Fails(syncs_left_) ? SQLITE_IOERR_FSYNC : Original(f).xSync(f, how);
      };
    }
    return entry->second;
  }
  static inline sqlite3_vfs* original_ = nullptr;
  static inline std::atomic<int> writes_left_{kNever};
  static inline std::atomic<int> syncs_left_{kNever};
  sqlite3_vfs vfs_{};
};

// Numbers in pairs: half a pair is half a record.
Result<void> MakePairs(Database& database) {
  return database.WriteNow([](Session& session) -> Result<void> {
    LK_TRY(session.Execute(
        "CREATE TABLE pairs (n INTEGER, half INTEGER, filler BLOB, UNIQUE (n, half)) STRICT"));
    return {};
  });
}
Result<void> AddPair(Database& database, std::int64_t n, std::size_t filler = 3000) {
  return database.WriteNow([&](Session& session) -> Result<void> {
    for (int half = 0; half < 2; ++half)
      LK_TRY(session.Execute("INSERT INTO pairs (n, half, filler) VALUES ($1, $2, $3)",
                             Params(n, half, Bytes(filler, 1))));
    return {};
  });
}
Result<std::multiset<std::int64_t>> Pairs(Database& database) {
  std::multiset<std::int64_t> numbers;
  LK_TRY(database.ReadNow([&](Session& session) {
    return session.Query("SELECT n FROM pairs", {},
                         [&](const Row& row) { numbers.insert(row.Int(0)); });
  }));
  return numbers;
}
std::multiset<std::int64_t> Twice(const std::set<std::int64_t>& numbers) {
  std::multiset<std::int64_t> twice(numbers.begin(), numbers.end());
  twice.insert(numbers.begin(), numbers.end());
  return twice;
}

TEST(SqliteFaults, TM_66_AFullDiskAtAnyStepRefusesWritesKeepsReadsAndLeavesNoHalfRecord) {
  const FaultyDisk disk;
  bool passed_all_writes = false;
  for (int step = 0; !passed_all_writes; ++step) {
    ASSERT_LT(step, 200);
    const TemporaryDirectory directory;
    std::set<std::int64_t> acknowledged;
    {
      auto database = OpenSqlite(OptionsFor(directory.path()));
      ASSERT_TRUE(database.has_value()) << database.error().detail;
      LK_ASSERT_OK(MakePairs(**database));
      FaultyDisk::FailWritesAfter(step);
      for (std::int64_t n = 0; n < 5; ++n) {
        const auto result = AddPair(**database, n);
        if (result) {
          acknowledged.insert(n);
        } else {
          EXPECT_EQ(result.error().code, Errc::kDiskFull) << result.error().detail;
        }
        const auto read = Pairs(**database);
        ASSERT_TRUE(read.has_value()) << read.error().detail;
        EXPECT_EQ(*read, Twice(acknowledged));
      }
      passed_all_writes = !FaultyDisk::Failing();
      if (step % 2 == 0) {
        FaultyDisk::Mend();
        LK_ASSERT_OK(AddPair(**database, 99));  // no restart needed once there is space
        acknowledged.insert(99);
      }
    }  // odd steps close while the disk is still full
    FaultyDisk::Mend();
    auto database = OpenSqlite(OptionsFor(directory.path()));
    ASSERT_TRUE(database.has_value()) << database.error().detail;
    const auto stored = Pairs(**database);
    ASSERT_TRUE(stored.has_value()) << stored.error().detail;
    EXPECT_EQ(*stored, Twice(acknowledged)) << "step " << step;
    LK_ASSERT_OK((*database)->CheckIntegrity());
  }
}

// Runs `body` in a process of its own; its exit status.
int InChild(const std::function<int()>& body) {
  const pid_t child = fork();
  if (child == 0) _exit(body());
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

TEST(SqliteFaults, TM_66_TheRealLimitOfOneMebibyteIsReportedAsAFullDisk) {
  const TemporaryDirectory directory;
  EXPECT_EQ(InChild([&] {
              auto database = OpenSqlite(OptionsFor(directory.path()));
              if (!database || !MakePairs(**database)) return 1;
              signal(SIGXFSZ, SIG_IGN);
              const rlimit limit{1 << 20, RLIM_INFINITY};
              setrlimit(RLIMIT_FSIZE, &limit);
              std::set<std::int64_t> acknowledged;
              Result<void> result;
              for (std::int64_t n = 0; result && n < 1000; ++n) {
                result = AddPair(**database, n, 20'000);
                if (result) acknowledged.insert(n);
              }
              if (result || result.error().code != Errc::kDiskFull) return 2;
              const auto read = Pairs(**database);
              if (!read || *read != Twice(acknowledged)) return 3;
              const rlimit none{RLIM_INFINITY, RLIM_INFINITY};
              setrlimit(RLIMIT_FSIZE, &none);
              return AddPair(**database, 5000) ? 0 : 4;
            }),
            0);
}

TEST(SqliteFaults, TM_66_AWriteThatFillsTheDatabaseFailsItsGroupAndNoOther) {
  const TemporaryDirectory directory;
  auto database = OpenSqlite(OptionsFor(directory.path()));
  ASSERT_TRUE(database.has_value());
  LK_ASSERT_OK(MakePairs(**database));
  LK_ASSERT_OK((*database)->WriteNow([](Session& session) -> Result<void> {
    LK_TRY(session.Execute("PRAGMA max_page_count = 40"));
    return {};
  }));
  const auto big = AddPair(**database, 1, 200'000);
  ASSERT_FALSE(big.has_value());
  EXPECT_EQ(big.error().code, Errc::kDiskFull);
  LK_ASSERT_OK(AddPair(**database, 2, 100));
  EXPECT_EQ(Pairs(**database).value(), Twice({2}));
}

TEST(SqliteFaults, TM_67_AnFsyncErrorEndsTheProcessAndTheLogRecovers) {
  const TemporaryDirectory directory;
  const int status = InChild([&] {
    const FaultyDisk disk;
    auto database = OpenSqlite(OptionsFor(directory.path()));
    if (!database || !MakePairs(**database) || !AddPair(**database, 1)) return 1;
    FaultyDisk::FailSyncsAfter(0);
    return AddPair(**database, 2) ? 2 : 3;
  });
  EXPECT_EQ(status, 74);
  auto database = OpenSqlite(OptionsFor(directory.path()));
  ASSERT_TRUE(database.has_value()) << database.error().detail;
  const auto stored = Pairs(**database);
  ASSERT_TRUE(stored.has_value());
  // Pair 2 was never acknowledged: it is there whole or not at all.
  EXPECT_TRUE(*stored == Twice({1}) || *stored == Twice({1, 2}));
  LK_ASSERT_OK((*database)->CheckIntegrity());
}

constexpr std::size_t kPage = 4096;

std::string ReadWhole(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(file), {});
}
void WriteWhole(const std::string& path, std::string_view data) {
  std::ofstream(path, std::ios::binary | std::ios::trunc)
      .write(data.data(), static_cast<std::streamsize>(data.size()));
}

class SqliteDamage : public ::testing::Test {
 protected:
  static constexpr int kLicenses = 3000;

  void SetUp() override {
    auto database = OpenSqlite(OptionsFor(directory_.path()));
    ASSERT_TRUE(database.has_value());
    LK_ASSERT_OK(Migrate(**database));
    auto vault = Vault::Open(**database, key_, base::SystemRandom());
    ASSERT_TRUE(vault.has_value());
    LK_ASSERT_OK((*database)->WriteNow([&](Session& session) -> Result<void> {
      LK_TRY(sample_.Insert(session, **vault));
      for (int i = 0; i < kLicenses; ++i) {
        auto license = sample_.License("KEY-" + std::to_string(i), i);
        license.suspended = i % 3 == 0;
        license.uses = i;
        license.name = std::string(3000, static_cast<char>('a' + i % 26));
        license.metadata["i"] = i;
        LK_TRY(Insert(session, **vault, license));
        licenses_.push_back(license);
      }
      return {};
    }));
    vault->reset();
    database->reset();
    whole_ = ReadWhole(path());
  }

  std::string path() const { return directory_.path() + "/latchkey.db"; }

  struct Tally {
    int right = 0, refused = 0, wrong = 0;
  };
  // Reads each license by id and by key.
  Result<Tally> Look(std::size_t stride) {
    LK_ASSIGN(auto database, OpenSqlite(OptionsFor(directory_.path())));
    LK_ASSIGN(auto vault, Vault::Open(*database, key_, base::SystemRandom()));
    Tally tally;
    for (std::size_t i = 0; i < licenses_.size(); i += stride) {
      for (const bool by_key : {false, true}) {
        std::optional<core::License> found;
        const auto result = database->ReadNow([&](Session& session) -> Result<void> {
          Where where("id = ?", licenses_[i].id);
          if (by_key) {
            LK_ASSIGN(where, SealedEquals<core::License>(session, *vault, sample_.account.id, "key",
                                                         licenses_[i].key));
          }
          LK_ASSIGN(found, Find<core::License>(session, *vault, sample_.account.id, where));
          return {};
        });
        const bool right =
            found && found->key == licenses_[i].key && found->suspended == licenses_[i].suspended &&
            found->uses == licenses_[i].uses && found->name == licenses_[i].name &&
            found->metadata == licenses_[i].metadata && found->policy_id == sample_.policy.id;
        if (!result) {
          ++tally.refused;
          EXPECT_EQ(result.error().code, Errc::kDamaged) << result.error().detail;
        } else {
          ++(right ? tally.right : tally.wrong);
        }
      }
    }
    return tally;
  }

  TemporaryDirectory directory_;
  MasterKey key_ = MasterKey::Generate(base::SystemRandom());
  Sample sample_ = Sample::Make();
  std::vector<core::License> licenses_;
  std::string whole_;
};

TEST_F(SqliteDamage, TM_68_AThousandFlippedPagesGiveErrorsAndNoWrongAnswer) {
  std::string damaged = whole_;
  const std::size_t pages = damaged.size() / kPage;
  ASSERT_GT(pages, 3000u);
  // Not the first pages, which hold the schema: a database that does not open at all would prove
  // little.
  std::uint32_t random = 12345;
  for (std::size_t i = 0; i < 1000; ++i) {
    random = random * 1664525u + 1013904223u;
    const std::size_t page = pages - 1 - i * (pages - 150) / 1000;
    damaged[page * kPage + (random >> 8) % kPage] ^= static_cast<char>(1 << (random & 7));
  }
  WriteWhole(path(), damaged);
  const auto tally = Look(1);
  ASSERT_TRUE(tally.has_value()) << tally.error().detail;
  EXPECT_EQ(tally->wrong, 0);
  EXPECT_GT(tally->refused, 1000);
  EXPECT_GT(tally->right, 0);
  auto database = OpenSqlite(OptionsFor(directory_.path()));
  ASSERT_TRUE(database.has_value());
  const auto check = (*database)->CheckIntegrity();
  ASSERT_FALSE(check.has_value());
  EXPECT_EQ(check.error().code, Errc::kDamaged);
}

TEST_F(SqliteDamage, TM_68_DamageInTheFirstPagesIsSaidToBeDamage) {
  std::uint32_t random = 999;
  int refused = 0;
  for (int i = 0; i < 60; ++i) {
    random = random * 1664525u + 1013904223u;
    std::string damaged = whole_;
    damaged[(random >> 8) % (20 * kPage)] ^= static_cast<char>(1 << (random & 7));
    WriteWhole(path(), damaged);
    const auto tally = Look(997);
    if (tally) {
      EXPECT_EQ(tally->wrong, 0);
    } else {
      ++refused;
      EXPECT_EQ(tally.error().code, Errc::kDamaged) << tally.error().detail;
    }
  }
  EXPECT_GT(refused, 0);
}

TEST_F(SqliteDamage, TM_68_AMisplacedPageIsNoticed) {
  std::string damaged = whole_;
  const std::size_t pages = damaged.size() / kPage;
  const std::string copy = damaged.substr((pages / 2) * kPage, kPage);
  damaged.replace((pages / 2 + 1) * kPage, kPage, copy);
  WriteWhole(path(), damaged);
  const auto tally = Look(1);
  ASSERT_TRUE(tally.has_value()) << tally.error().detail;
  EXPECT_EQ(tally->wrong, 0);
  EXPECT_GT(tally->refused, 0);
}

// What the sqlite3 shell does to a stopped server's database.
void WriteWithPlainSqlite(const std::string& path, const char* sql) {
  sqlite3* db = nullptr;
  ASSERT_EQ(sqlite3_open(path.c_str(), &db), SQLITE_OK);
  EXPECT_EQ(sqlite3_exec(db, sql, nullptr, nullptr, nullptr), SQLITE_OK) << sqlite3_errmsg(db);
  sqlite3_close(db);
}

TEST_F(SqliteDamage, TM_68_PagesOfAnotherProgramAreRefusedUntilTakenOver) {
  WriteWithPlainSqlite(path(), "UPDATE licenses SET updated = updated + 1");
  auto tally = Look(10);
  EXPECT_TRUE(!tally.has_value() || tally->refused > 0);
  LK_ASSERT_OK(RenewSqliteChecksums(path()));
  tally = Look(10);
  ASSERT_TRUE(tally.has_value()) << tally.error().detail;
  EXPECT_EQ(tally->refused + tally->wrong, 0);
}

TEST_F(SqliteDamage, TM_68_RealDamageIsNotTakenOver) {
  std::string damaged = whole_;
  for (std::size_t i = 0; i < 64; ++i) damaged[(whole_.size() / kPage / 2) * kPage + i] = '\x5a';
  WriteWhole(path(), damaged);
  const auto renewed = RenewSqliteChecksums(path());
  ASSERT_FALSE(renewed.has_value());
  EXPECT_EQ(renewed.error().code, Errc::kDamaged);
  EXPECT_TRUE(ReadWhole(path()) == damaged);
}

TEST(SqliteStore, ChecksumsAreNotRenewedUnderARunningServer) {
  const TemporaryDirectory directory;
  const auto database = OpenSqlite(OptionsFor(directory.path()));
  ASSERT_TRUE(database.has_value());
  const auto renewed = RenewSqliteChecksums(directory.path() + "/latchkey.db");
  ASSERT_FALSE(renewed.has_value());
  EXPECT_EQ(renewed.error().code, Errc::kLocked);
}

TEST(SqliteStore, WhatIsAroundAnswersLivesUntilTheGroupIsAnswered) {
  const TemporaryDirectory directory;
  SqliteOptions options = OptionsFor(directory.path());
  std::vector<std::string> steps;  // of the writer thread alone, until the database is closed
  options.around_answers = [&steps]() -> std::shared_ptr<void> {
    steps.push_back("begin");
    return std::shared_ptr<void>(nullptr, [&steps](void*) { steps.push_back("end"); });
  };
  auto database = OpenSqlite(options);
  ASSERT_TRUE(database.has_value());
  for (const bool good : {true, false}) {
    std::promise<void> over;
    (*database)->Write(
        [&](Session&) -> Result<void> {
          steps.push_back("work");
          if (!good) return Error{Errc::kUnprocessable, "no"};
          return {};
        },
        [&](Result<void>) {
          steps.push_back("done");
          over.set_value();
        });
    over.get_future().wait();
  }
  database->reset();
  EXPECT_THAT(steps, ::testing::ElementsAre("work", "begin", "done", "end", "work", "begin", "done",
                                            "end"));
}

TEST_F(SqliteDamage, AFileThatIsNoDatabaseIsDamaged) {
  WriteWhole(path(), std::string(20000, 'x'));
  const auto opened = OpenSqlite(OptionsFor(directory_.path()));
  ASSERT_FALSE(opened.has_value());
  EXPECT_EQ(opened.error().code, Errc::kDamaged);
}

TEST(SqliteStore, TM_69_OnlyOneConnectionWritesAndCheckpoints) {
  const TemporaryDirectory directory;
  auto database = OpenSqlite(OptionsFor(directory.path()));
  ASSERT_TRUE(database.has_value());
  const auto second = OpenSqlite(OptionsFor(directory.path()));
  ASSERT_FALSE(second.has_value());
  EXPECT_EQ(second.error().code, Errc::kLocked);
  EXPECT_EQ(InChild([&] {
              const auto other = OpenSqlite(OptionsFor(directory.path()));
              return !other && other.error().code == Errc::kLocked ? 0 : 1;
            }),
            0);
  std::int64_t automatic = -1;
  std::int64_t query_only = -1;
  bool checkpointed = true;
  LK_ASSERT_OK((*database)->ReadNow([&](Session& session) -> Result<void> {
    LK_TRY(session.Query("PRAGMA wal_autocheckpoint", {},
                         [&](const Row& row) { automatic = row.Int(0); }));
    LK_TRY(
        session.Query("PRAGMA query_only", {}, [&](const Row& row) { query_only = row.Int(0); }));
    checkpointed =
        session.Query("PRAGMA wal_checkpoint(TRUNCATE)", {}, [](const Row&) {}).has_value();
    return {};
  }));
  EXPECT_EQ(automatic, 0);
  EXPECT_EQ(query_only, 1);
  EXPECT_FALSE(checkpointed);
  std::string mode;
  LK_ASSERT_OK((*database)->ReadNow([&](Session& session) {
    return session.Query("PRAGMA journal_mode", {}, [&](const Row& row) { mode = row.Text(0); });
  }));
  EXPECT_EQ(mode, "wal");
}

// Lint: nothing in the product but these files talks to SQLite, and only the connection
// checkpoints. Tests may, to plant faults in databases that no server has open.
TEST(SqliteStore, TM_69_OnlyTheStoreUsesSqlite) {
  int files = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator("src")) {
    const std::string name = entry.path().string();
    if (!entry.is_regular_file() || (!name.ends_with(".cc") && !name.ends_with(".h"))) continue;
    if (name.ends_with("_test.cc")) continue;
    ++files;
    const std::string text = ReadWhole(name);
    if (!name.starts_with("src/store/sqlite/")) {
      EXPECT_EQ(text.find("<sqlite3.h>"), text.npos) << name;
    }
    if (!name.ends_with("sqlite/connection.cc")) {
      EXPECT_EQ(text.find("sqlite3_wal_"), text.npos) << name;
    }
  }
  EXPECT_GT(files, 50);
}

TEST(SqliteStore, TM_69_ReadersAndTheWriterUnderStressLeaveASoundDatabase) {
  const TemporaryDirectory directory;
  auto opened = OpenSqlite(OptionsFor(directory.path()));
  ASSERT_TRUE(opened.has_value());
  Database& database = **opened;
  LK_ASSERT_OK(MakePairs(database));
  std::atomic<bool> stop{false};
  std::atomic<int> bad{0};
  std::atomic<int> reads{0};
  std::vector<std::jthread> readers;
  for (int t = 0; t < 2; ++t)
    readers.emplace_back([&] {
      while (!stop) {
        std::int64_t halves = 0;
        const auto result = database.ReadNow([&](Session& session) {
          return session.Query("SELECT count(*) FROM pairs", {},
                               [&](const Row& row) { halves = row.Int(0); });
        });
        if (!result || halves % 2 != 0) ++bad;
        ++reads;
      }
    });
  // About 20 MB through the log: several checkpoints with readers in the way.
  for (std::int64_t n = 0; n < 100; ++n) LK_ASSERT_OK(AddPair(database, n, 100'000));
  stop = true;
  readers.clear();
  EXPECT_EQ(bad, 0);
  EXPECT_GT(reads, 0);
  LK_ASSERT_OK(database.CheckIntegrity());
  const auto log = std::filesystem::file_size(directory.path() + "/latchkey.db-wal");
  EXPECT_LT(log, 80u << 20);
  opened->reset();
  EXPECT_FALSE(std::filesystem::exists(directory.path() + "/latchkey.db-wal"));
}

TEST(SqliteStore, LookUpsAndListsGoByAnIndexAndSortNothing) {
  const TemporaryDirectory directory;
  auto database = OpenSqlite(OptionsFor(directory.path()));
  ASSERT_TRUE(database.has_value());
  LK_ASSERT_OK(Migrate(**database));
  struct Case {
    std::string_view sql;
    std::string_view index;
  };
#define LK_NEWEST " ORDER BY created DESC, seq DESC LIMIT 10"
  const Case cases[] = {
      {"SELECT key FROM licenses WHERE account_id = x'00' AND (id = x'00')" LK_NEWEST,
       "sqlite_autoindex_licenses"},
      {"SELECT key FROM licenses WHERE account_id = x'00' AND (licenses.key_index = x'00') LIMIT 1",
       "licenses_key"},
      {"SELECT key FROM licenses WHERE account_id = x'00'" LK_NEWEST, "licenses_created"},
      {"SELECT key FROM licenses WHERE account_id = x'00' AND (created, seq) < (1, 2)" LK_NEWEST,
       "licenses_created"},
      {"SELECT key FROM licenses WHERE account_id = x'00' AND policy_id = x'00'" LK_NEWEST,
       "licenses_policy"},
      {"SELECT name FROM machines WHERE account_id = x'00' AND fingerprint = 'x'",
       "machines_account_fingerprint"},
      {"SELECT name FROM machines WHERE license_id = x'00' AND fingerprint = 'x'",
       "machines_fingerprint"},
      {"SELECT name FROM machines WHERE account_id = x'00'" LK_NEWEST, "machines_created"},
      {"SELECT id FROM machines WHERE policy_id = x'00' AND monitored = 0 AND last_heartbeat < 5",
       "machines_heartbeat"},
      {"SELECT id FROM tokens WHERE account_id = x'00' AND digest = x'00'", "tokens_digest"},
      {"SELECT id FROM tokens WHERE bearer_id = x'00'" LK_NEWEST, "tokens_bearer"},
      {"SELECT id FROM users WHERE account_id = x'00' AND email = 'a'", "users_email"},
      {"SELECT seq FROM outbox WHERE seq > 5 ORDER BY seq LIMIT 10", "PRIMARY KEY"},
      {"SELECT cause FROM tombstones WHERE account_id = x'00' AND kind = 'license' AND text_index "
       "= x'00'",
       "tombstones_text"},
  };
#undef LK_NEWEST
  for (const Case& c : cases) {
    std::string plan;
    LK_ASSERT_OK((*database)->ReadNow([&](Session& session) {
      return session.Query("EXPLAIN QUERY PLAN " + std::string(c.sql), {},
                           [&](const Row& row) { plan.append(row.Text(3)).append("; "); });
    }));
    EXPECT_THAT(plan, ::testing::HasSubstr(c.index)) << c.sql;
    EXPECT_THAT(plan, ::testing::HasSubstr("SEARCH")) << c.sql;
    if (!c.sql.starts_with("SELECT key FROM licenses WHERE account_id = x'00' AND (id")) {
      EXPECT_THAT(plan, ::testing::Not(::testing::HasSubstr("TEMP B-TREE"))) << c.sql;
    }
  }
}

TEST(SqliteStore, FilesAreForTheirOwnerAlone) {
  const TemporaryDirectory directory;
  const auto database = OpenSqlite(OptionsFor(directory.path()));
  ASSERT_TRUE(database.has_value());
  LK_ASSERT_OK(MakePairs(**database));
  int files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(directory.path())) {
    struct stat status {};
    ASSERT_EQ(stat(entry.path().c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777, 0600u) << entry.path();
    ++files;
  }
  EXPECT_GE(files, 3);  // the database, its log, its index
}

TEST(SqliteStore, AMissingDatabaseIsNotMadeUnlessAsked) {
  const TemporaryDirectory directory;
  SqliteOptions options = OptionsFor(directory.path());
  options.create = false;
  const auto opened = OpenSqlite(options);
  ASSERT_FALSE(opened.has_value());
  EXPECT_EQ(opened.error().code, Errc::kNotFound);
  EXPECT_TRUE(std::filesystem::is_empty(directory.path()));
}

TEST(SqliteStore, ADirectoryThatCannotBeWrittenIsReadOnly) {
  const TemporaryDirectory directory;
  { ASSERT_TRUE(OpenSqlite(OptionsFor(directory.path())).has_value()); }
  // Root may write anywhere: the child becomes nobody.
  EXPECT_EQ(InChild([&] {
              chmod(directory.path().c_str(), 0555);
              if (geteuid() == 0 && setuid(65534) != 0) return 2;
              const auto opened = OpenSqlite(OptionsFor(directory.path()));
              if (opened) return 3;
              return opened.error().code == Errc::kReadOnly ? 0 : 4;
            }),
            0);
  chmod(directory.path().c_str(), 0700);
}

TEST(SqliteStore, AFullQueueRefusesInsteadOfGrowing) {
  const TemporaryDirectory directory;
  SqliteOptions options = OptionsFor(directory.path());
  options.queue_limit = 4;
  options.readers = 1;
  auto database = OpenSqlite(options);
  ASSERT_TRUE(database.has_value());
  std::latch entered(2);
  std::latch leave(1);
  const auto hold = [&] {
    entered.count_down();
    leave.wait();
  };
  (*database)->Write(
      [&](Session&) -> Result<void> {
        hold();
        return {};
      },
      [](Result<void>) {});
  ASSERT_TRUE((*database)->Read([&](Session&) { hold(); }));
  entered.wait();
  int refused = 0;
  int taken = 0;
  for (int i = 0; i < 10; ++i) {
    (*database)->Write([](Session&) { return Result<void>(); },
                       [&](Result<void> result) {
                         refused += !result && result.error().code == Errc::kUnavailable;
                       });
    taken += (*database)->Read([](Session&) {});
  }
  EXPECT_EQ(refused, 6);
  EXPECT_EQ(taken, 4);
  leave.count_down();
}

}  // namespace
}  // namespace latchkey::store
