#include "service/snapshots.h"

#include <gtest/gtest.h>

#include <atomic>
#include <random>
#include <thread>

#include "service/test_account.h"

namespace latchkey::service {
namespace {

// Licenses as the store would have them: `uses` is the version of the newest commit.
class SnapshotCacheTest : public testing::Test {
 protected:
  struct Stored {
    Uuid id = Uuid::V4(base::SystemRandom());
    Bytes index = Bytes(id.bytes().begin(), id.bytes().end());
    std::int64_t version = 0;
  };

  SharedSnapshot Load(const Stored& stored) const {
    core::Snapshot snapshot;
    snapshot.license.id = stored.id;
    snapshot.license.uses = stored.version;
    return std::make_shared<const ReadModel>(std::move(snapshot));
  }
  void Commit(SnapshotCache& cache, Stored& stored) {
    ++stored.version;
    store::Announcement change;
    change.license_ids = {stored.id};
    cache.Apply(std::array{change});
  }
  void CommitForAll(SnapshotCache& cache, std::vector<Stored>& all) {
    for (Stored& stored : all) ++stored.version;
    store::Announcement change;
    change.all = true;
    cache.Apply(std::array{change});
  }
  void Refresh(SnapshotCache& cache, const Stored& stored) {
    cache.Put(cache.BeginLoad(), account_, stored.index, Load(stored));
  }
  std::optional<std::int64_t> Found(const SnapshotCache& cache, const Stored& stored) const {
    const SharedSnapshot snapshot = cache.Find(account_, stored.index);
    if (!snapshot) return std::nullopt;
    return snapshot->license.uses;
  }

  Uuid account_ = Uuid::V4(base::SystemRandom());
};

TEST_F(SnapshotCacheTest, FindsWhatWasPutUnderItsAccount) {
  SnapshotCache cache(100);
  const Stored stored;
  EXPECT_EQ(Found(cache, stored), std::nullopt);
  Refresh(cache, stored);
  EXPECT_EQ(Found(cache, stored), 0);
  EXPECT_EQ(cache.Find(Uuid::V4(base::SystemRandom()), stored.index), nullptr);
  const auto statistics = cache.statistics();
  EXPECT_EQ(statistics.size, 1U);
  EXPECT_EQ(statistics.hits, 1U);
  EXPECT_EQ(statistics.misses, 2U);
}

TEST_F(SnapshotCacheTest, AChangeTakesOnlyItsLicenses) {
  SnapshotCache cache(100);
  Stored changed, other;
  Refresh(cache, changed);
  Refresh(cache, other);
  Commit(cache, changed);
  EXPECT_EQ(Found(cache, changed), std::nullopt);
  EXPECT_EQ(Found(cache, other), 0);
}

// The change just seen must not keep out the loads that begin after it.
TEST_F(SnapshotCacheTest, ALoadBegunAfterAChangeIsTaken) {
  SnapshotCache cache(100);
  Stored stored;
  Commit(cache, stored);
  Refresh(cache, stored);
  EXPECT_EQ(Found(cache, stored), 1);
  std::vector<Stored> all{stored};
  CommitForAll(cache, all);
  Refresh(cache, all[0]);
  EXPECT_EQ(Found(cache, all[0]), 2);
}

TEST_F(SnapshotCacheTest, ALoadBegunBeforeAChangeIsDropped) {
  SnapshotCache cache(100);
  Stored stored;
  const auto ticket = cache.BeginLoad();
  const SharedSnapshot old = Load(stored);
  Commit(cache, stored);
  cache.Put(ticket, account_, stored.index, old);
  EXPECT_EQ(Found(cache, stored), std::nullopt);
  std::vector<Stored> all{stored};
  const auto second = cache.BeginLoad();
  const SharedSnapshot older = Load(all[0]);
  CommitForAll(cache, all);
  cache.Put(second, account_, stored.index, older);
  EXPECT_EQ(Found(cache, all[0]), std::nullopt);
}

TEST_F(SnapshotCacheTest, HoldsNoMoreThanItsCapacityAndKeepsTheMostRecentlyUsed) {
  SnapshotCache cache(64);
  const Stored used;
  Refresh(cache, used);
  for (int i = 0; i < 1000; ++i) {
    Refresh(cache, Stored{});
    ASSERT_EQ(Found(cache, used), 0) << i;
  }
  EXPECT_LE(cache.statistics().size, 64U);
}

// Whatever the order of loads, commits and look-ups: nothing older than the last announced commit
// is found, and a load begun after it is.
TEST_F(SnapshotCacheTest, NeverShowsWhatAnAnnouncedChangeReplaced) {
  struct UnderWay {
    std::size_t license;
    SnapshotCache::Ticket ticket;
    SharedSnapshot snapshot;
  };
  for (unsigned seed = 0; seed < 20; ++seed) {
    std::mt19937 dice(seed);
    SnapshotCache cache(160);
    std::vector<Stored> licenses(8);
    std::vector<UnderWay> loads;
    for (int step = 0; step < 3000; ++step) {
      const std::size_t i = dice() % licenses.size();
      switch (dice() % 6) {
        case 0:
          Commit(cache, licenses[i]);
          break;
        case 1:
        case 2: {
          const auto ticket = cache.BeginLoad();
          loads.push_back({i, ticket, Load(licenses[i])});
          break;
        }
        case 3:
        case 4:
          if (loads.empty()) break;
          {
            const std::size_t which = dice() % loads.size();
            const UnderWay load = loads[which];
            loads.erase(loads.begin() + static_cast<std::ptrdiff_t>(which));
            cache.Put(load.ticket, account_, licenses[load.license].index, load.snapshot);
          }
          break;
        default:
          if (dice() % 20 == 0) CommitForAll(cache, licenses);
          Refresh(cache, licenses[i]);
          ASSERT_EQ(Found(cache, licenses[i]), licenses[i].version) << seed << ' ' << step;
      }
      for (const Stored& stored : licenses) {
        const auto found = Found(cache, stored);
        ASSERT_TRUE(!found || *found == stored.version) << seed << ' ' << step;
      }
    }
  }
}

// The memory of changes is bounded: when it is dropped, loads from before are dropped with it.
TEST_F(SnapshotCacheTest, ForgettingChangesForgetsNoChange) {
  SnapshotCache cache(100);
  Stored stored;
  const auto ticket = cache.BeginLoad();
  const SharedSnapshot old = Load(stored);
  Commit(cache, stored);
  std::vector<Stored> others(20000);
  for (Stored& other : others) Commit(cache, other);
  cache.Put(ticket, account_, stored.index, old);
  EXPECT_EQ(Found(cache, stored), std::nullopt);
  Refresh(cache, stored);
  EXPECT_EQ(Found(cache, stored), 1);
}

TEST_F(SnapshotCacheTest, HoldsUnderThreads) {
  SnapshotCache cache(100);
  const Stored stored;
  std::atomic<std::int64_t> committed{0}, announced{0};
  std::atomic<bool> stop{false};
  std::thread writer([&] {
    for (int i = 0; i < 2000; ++i) {
      committed.fetch_add(1);
      store::Announcement change;
      change.license_ids = {stored.id};
      cache.Apply(std::array{change});
      announced.store(committed.load());
    }
    stop = true;
  });
  std::vector<std::thread> readers;
  std::atomic<int> stale{0};
  for (int r = 0; r < 3; ++r) {
    readers.emplace_back([&] {
      while (!stop) {
        const std::int64_t before = announced.load();
        const auto found = Found(cache, stored);
        if (found && *found < before) ++stale;
        const auto ticket = cache.BeginLoad();
        Stored seen = stored;
        seen.version = committed.load();
        cache.Put(ticket, account_, stored.index, Load(seen));
      }
    });
  }
  writer.join();
  for (auto& reader : readers) reader.join();
  EXPECT_EQ(stale, 0);
}

TEST(ReadModelTest, ItsDocumentIsMadeOnceWhoeverAsks) {
  const ReadModel model{core::Snapshot()};
  std::atomic<int> made{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int n = 0; n < 100; ++n) {
        const Stencil& stencil = model.Document([&] {
          return Stencil{"document " + std::to_string(++made), {3}};
        });
        EXPECT_EQ(stencil.text, "document 1");
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(made, 1);
}

using LoadSnapshotTest = TestAccount;

TEST_F(LoadSnapshotTest, TakesMachinesWithoutTheirMetadata) {
  Store(2, kStart);
  Write([&](store::Session& session) -> Result<void> {
    const Context context = In(session, kStart);
    LK_ASSIGN(auto machines, List<core::Machine>(context, store::Where()));
    machines.at(0).metadata = {{"notes", std::string(1000, 'x')}};
    return Update(context, machines.at(0));
  });
  Write([&](store::Session& session) -> Result<void> {
    const Context context = In(session, kStart);
    LK_ASSIGN(const core::Snapshot snapshot, LoadSnapshot(context, license_));
    EXPECT_EQ(snapshot.machines.size(), 2u);
    for (const core::Machine& machine : snapshot.machines) {
      EXPECT_TRUE(machine.metadata.empty());
      EXPECT_EQ(machine.last_heartbeat, kStart);
      EXPECT_FALSE(machine.fingerprint.empty());
    }
    return {};
  });
  EXPECT_EQ(Machines().size(), 2u);
}

}  // namespace
}  // namespace latchkey::service
