// The store under crashes, power cuts and rot (threat-model rows 64 and 65).

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <thread>

#include "client/posix_files.h"
#include "client/testing/model_world.h"

namespace latchkey::client::testing {
namespace {

using core::AccessLevel;
using Kind = Outcome::Kind;

const std::string kFolder = "/state/acme/product";

struct Disk {
  ModelDisk disk;
  ModelFiles files{disk};
  SeededRandom random{5};
  Store Open() {
    return Store(files, kFolder, StoreSealer(Secret(std::string(32, 'k')), "product"), random);
  }
};

Record Numbered(int number) {
  Record out;
  out.license_key = "key";
  out.license_id = std::to_string(number);
  out.certificate = std::string(500, 'c');
  return out;
}
int NumberOf(const Store::Loaded& loaded) {
  return loaded.record ? std::stoi(loaded.record->license_id) : 0;
}

TEST(StoreTest, NothingStoredIsNoError) {
  Disk d;
  Store store = d.Open();
  const auto loaded = store.Load();
  ASSERT_TRUE(loaded);
  EXPECT_FALSE(loaded->record);
  EXPECT_FALSE(loaded->damaged);
}

TEST(StoreTest, TheNewestRecordIsRead) {
  Disk d;
  Store store = d.Open();
  for (int i = 1; i <= 5; ++i) ASSERT_TRUE(store.Save(Numbered(i)));
  EXPECT_EQ(NumberOf(d.Open().Load().value()), 5);
}

// Every step of a save fails once; then the power goes, or does not.
TEST(StoreTest, TM_64_APowerCutAtAnyStepLeavesTheOldOrTheNewRecord) {
  for (const bool power_cut : {false, true}) {
    for (const bool lose_unsynced : {false, true}) {
      int steps = 0;
      bool reached_end = false;
      for (; !reached_end; ++steps) {
        ASSERT_LT(steps, 100);
        Disk d;
        {
          Store store = d.Open();
          ASSERT_TRUE(store.Save(Numbered(1)));
          ASSERT_TRUE(store.Save(Numbered(2)));
          d.disk.FailAfter(steps, power_cut);
          const auto saved = store.Save(Numbered(3));
          reached_end = !d.disk.failed();
          if (saved) {
            d.disk.Heal();
            if (lose_unsynced) d.disk.LosePower();
            EXPECT_EQ(NumberOf(d.Open().Load().value()), 3) << "acknowledged, step " << steps;
            continue;
          }
        }
        d.disk.Heal();
        if (lose_unsynced) d.disk.LosePower();
        const auto loaded = d.Open().Load();
        ASSERT_TRUE(loaded) << steps;
        EXPECT_THAT(NumberOf(*loaded), ::testing::AnyOf(2, 3)) << "step " << steps;
        // And the store goes on.
        Store again = d.Open();
        ASSERT_TRUE(again.Load());
        ASSERT_TRUE(again.Save(Numbered(4)));
        EXPECT_EQ(NumberOf(d.Open().Load().value()), 4);
      }
      EXPECT_GT(steps, 5);
    }
  }
}

TEST(StoreTest, TM_65_ARottenSlotFallsBackToTheGenerationBefore) {
  Disk original;
  {
    Store store = original.Open();
    ASSERT_TRUE(store.Save(Numbered(1)));
    ASSERT_TRUE(store.Save(Numbered(2)));
  }
  const Bytes newest = original.disk.files.at(kFolder + "/slot-b");
  for (std::size_t at = 0; at < newest.size(); at += 3) {
    Disk d;
    d.disk.files = original.disk.files;
    d.disk.files[kFolder + "/slot-b"][at] ^= 0x40;
    const auto loaded = d.Open().Load();
    ASSERT_TRUE(loaded);
    EXPECT_EQ(NumberOf(*loaded), 1) << at;
    EXPECT_TRUE(loaded->damaged);
  }
  for (std::size_t size = 0; size < newest.size(); size += 11) {
    Disk d;
    d.disk.files = original.disk.files;
    d.disk.files[kFolder + "/slot-b"].resize(size);
    EXPECT_EQ(NumberOf(d.Open().Load().value()), 1) << size;
  }
}

TEST(StoreTest, TM_65_WithBothSlotsLostTheKeyIsStillThere) {
  Disk d;
  {
    Store store = d.Open();
    ASSERT_TRUE(store.Save(Numbered(1)));
    ASSERT_TRUE(store.Save(Numbered(2)));
  }
  d.disk.files[kFolder + "/slot-a"].assign(9, 0);
  d.disk.files[kFolder + "/slot-b"].clear();
  const auto loaded = d.Open().Load();
  ASSERT_TRUE(loaded && loaded->record);
  EXPECT_TRUE(loaded->kept_only);
  EXPECT_EQ(loaded->record->license_key, "key");
  EXPECT_TRUE(loaded->record->certificate.empty());
}

TEST(StoreTest, SlotsThatWereRenamedOrRenumberedDoNotOpen) {
  Disk d;
  {
    Store store = d.Open();
    ASSERT_TRUE(store.Save(Numbered(1)));
    ASSERT_TRUE(store.Save(Numbered(2)));
  }
  std::swap(d.disk.files[kFolder + "/slot-a"], d.disk.files[kFolder + "/slot-b"]);
  const auto swapped = d.Open().Load();
  ASSERT_TRUE(swapped);
  EXPECT_TRUE(swapped->damaged);
  Slot slot = ParseSlot(d.disk.files[kFolder + "/slot-a"]).value();
  slot.generation = 41;
  d.disk.files[kFolder + "/slot-a"] = WriteSlot(slot);
  const auto renumbered = d.Open().Load();
  ASSERT_TRUE(renumbered);
  EXPECT_TRUE(renumbered->kept_only) << "only what is kept beside the slots";
}

TEST(StoreTest, SlotsRoundTrip) {
  const Slot slot{0x0102030405060708ull, {1, 2, 3}};
  const Bytes bytes = WriteSlot(slot);
  EXPECT_EQ(base::AsText(ByteView(bytes).first(4)), "LKST");
  const auto parsed = ParseSlot(bytes);
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->generation, slot.generation);
  EXPECT_EQ(parsed->sealed, slot.sealed);
}

TEST(RecordTest, RoundTripsAndIgnoresWhatItDoesNotKnow) {
  Record record = Numbered(7);
  record.denial = Denial{"SUSPENDED",
                         "SUSPENDED",
                         "t",
                         "b",
                         base::FromUnixSeconds(5),
                         base::FromUnixSeconds(6),
                         base::FromUnixSeconds(7)};
  record.pending_key = "p\"\\\n";
  record.provisional_until = Duration(5);
  record.provisional_used = true;
  record.last_contact = base::FromUnixSeconds(9);
  record.not_before = Duration(11);
  record.time.floor = base::FromUnixMicros(123456789);
  record.time.jumped = Duration(1);
  record.time.boot_id = "b";
  const std::string text = WriteRecord(record);
  EXPECT_EQ(ParseRecord(text).value(), record);
  EXPECT_EQ(ParseRecord("{\"new\":[1]," + text.substr(1)).value(), record);
}

TEST(RecordTest, RefusesEverythingElse) {
  for (const char* text :
       {"", "{}", "[]", "{\"v\":1}", "{\"v\":0,\"time\":{}}", "{\"v\":1,\"time\":{},\"key\":5}",
        "{\"v\":1,\"time\":{\"floor\":\"x\"}}",
        "{\"v\":1,\"time\":{\"powered\":9223372036854775807}}", "{\"v\":1,\"time\":[]}",
        "{\"v\":1,\"time\":{},\"denial\":{\"since\":true}}"})
    EXPECT_FALSE(ParseRecord(text)) << text;
}

// ---- the whole client on a failing disk

TEST(CrashTest, TM_64_ACrashAtAnyDiskStepOfAnActivationStrandsNobody) {
  bool reached_end = false;
  for (int steps = 0; !reached_end; ++steps) {
    ASSERT_LT(steps, 200);
    ModelServer server;
    ModelDevice device(server, "Laptop", 3);
    device.disk.FailAfter(steps, true);
    device.Start();
    device.Activate();
    reached_end = !device.disk.failed();
    device.Stop();
    device.disk.Heal();
    device.disk.LosePower();
    device.Start();
    if (device.client().Check() != AccessLevel::kFull) {
      EXPECT_EQ(device.Activate().kind, Kind::kOk) << steps;
    }
    EXPECT_EQ(device.client().Check(), AccessLevel::kFull) << steps;
    EXPECT_EQ(server.seats.size(), 1u) << steps;
  }
}

TEST(CrashTest, TM_64_Complaint_20_ACrashAtAnyDiskStepOfARefreshKeepsALease) {
  bool reached_end = false;
  for (int steps = 0; !reached_end; ++steps) {
    ASSERT_LT(steps, 200);
    ModelServer server;
    ModelDevice device(server, "Laptop", 3);
    device.Start();
    ASSERT_EQ(device.Activate().kind, Kind::kOk);
    device.Pass(std::chrono::hours(24));
    device.disk.FailAfter(steps, true);
    const Outcome outcome = device.client().Refresh(false);
    EXPECT_THAT(outcome.kind, ::testing::AnyOf(Kind::kOk, Kind::kSaveFailed));
    EXPECT_EQ(device.client().Check(), AccessLevel::kFull);
    reached_end = !device.disk.failed();
    device.Stop();
    device.disk.Heal();
    device.disk.LosePower();
    device.weather.failure = TransportFailure::kOffline;
    device.Start();
    EXPECT_EQ(device.client().Check(), AccessLevel::kFull)
        << "offline, after the cut at step " << steps;
  }
}

TEST(CrashTest, TM_65_ALostStoreIsFetchedAgainWithoutRetyping) {
  ModelServer server;
  ModelDevice device(server, "Laptop", 3);
  device.Start();
  ASSERT_EQ(device.Activate().kind, Kind::kOk);
  device.Stop();
  for (auto& [path, bytes] : device.disk.files)
    if (path.find("/slot-") != std::string::npos) bytes.assign(3, 0);
  device.Start();
  EXPECT_EQ(device.client().Check(), AccessLevel::kLimited);
  EXPECT_EQ(Judge(device.client().Snapshot()).reason, "STORE_UNREADABLE");
  EXPECT_EQ(device.client().Refresh(false).kind, Kind::kOk);
  EXPECT_EQ(device.client().Check(), AccessLevel::kFull);
  EXPECT_EQ(server.seats.size(), 1u);
}

TEST(CrashTest, ADamagedDeviceKeyComesBackFromItsCopy) {
  ModelServer server;
  ModelDevice device(server, "Laptop", 3);
  device.Start();
  ASSERT_EQ(device.Activate().kind, Kind::kOk);
  const std::string fingerprint = device.client().fingerprint();
  for (const char* name : {"/state/acme/device.key", "/state/acme/device.key.copy"}) {
    device.Stop();
    device.disk.files[name].assign(5, 'x');
    device.Start();
    EXPECT_EQ(device.client().fingerprint(), fingerprint);
    EXPECT_EQ(device.client().Check(), AccessLevel::kFull);
  }
}

TEST(CrashTest, AStorageThatCannotBeMadeIsSaidAndBreaksNothing) {
  ModelServer server;
  ModelDevice device(server, "Laptop", 3);
  device.disk.FailAfter(0, true);
  device.Start();
  EXPECT_EQ(device.client().Check(), AccessLevel::kNone);
  EXPECT_FALSE(device.client().StorageTrouble().empty());
  EXPECT_EQ(device.Activate().kind, Kind::kSaveFailed);
  EXPECT_TRUE(server.seats.empty()) << "no seat for a device that cannot remember it";
  device.disk.Heal();
  EXPECT_EQ(device.Activate().kind, Kind::kOk) << "as soon as there is storage";
}

// ---- real files

class PosixFilesTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (std::filesystem::temp_directory_path() / "lk-store-XXXXXX").string();
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder = pattern;
  }
  void TearDown() override { std::filesystem::remove_all(folder); }
  mode_t Mode(const std::string& path) const {
    struct stat info {};
    return stat(path.c_str(), &info) == 0 ? info.st_mode & 0777 : 0;
  }
  std::string folder;
  PosixFiles files;
  SeededRandom random{3};
};

TEST_F(PosixFilesTest, TM_64_SavesWithPrivateModesAndReadsBack) {
  const std::string place = folder + "/state/acme/product";
  Store store(files, place, StoreSealer(Secret(std::string(32, 'k')), "product"), random);
  umask(0);
  for (int i = 1; i <= 3; ++i) ASSERT_TRUE(store.Save(Numbered(i)));
  umask(022);
  Store again(files, place, StoreSealer(Secret(std::string(32, 'k')), "product"), random);
  EXPECT_EQ(NumberOf(again.Load().value()), 3);
  EXPECT_EQ(Mode(place), 0700u);
  EXPECT_EQ(Mode(place + "/slot-a"), 0600u);
  EXPECT_EQ(Mode(place + "/slot-b"), 0600u);
  EXPECT_FALSE(std::filesystem::exists(place + "/slot-a.new"));
}

TEST_F(PosixFilesTest, OneKeyForAllWhoStartTogether) {
  std::vector<std::string> fingerprints(8);
  std::vector<std::thread> threads;
  for (std::string& fingerprint : fingerprints)
    threads.emplace_back([&] {
      PosixFiles own;
      const auto device = LoadDevice(own, folder + "/acme", false, base::SystemRandom());
      fingerprint = device ? device->fingerprint : device.error().detail;
    });
  for (std::thread& thread : threads) thread.join();
  for (const std::string& fingerprint : fingerprints) EXPECT_EQ(fingerprint, fingerprints.front());
  EXPECT_EQ(fingerprints.front().size(), 64u);
  EXPECT_EQ(Mode(folder + "/acme/device.key"), 0600u);
}

TEST_F(PosixFilesTest, ALockKeepsOthersOutUntilItIsGone) {
  auto held = files.Acquire(folder + "/lock", Duration::zero());
  ASSERT_TRUE(held);
  const auto second = files.Acquire(folder + "/lock", Duration::zero());
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, Errc::kLocked);
  held->reset();
  EXPECT_TRUE(files.Acquire(folder + "/lock", Duration::zero()));
}

TEST_F(PosixFilesTest, ErrorsNameThePathAndItsTrouble) {
  EXPECT_EQ(files.Read(folder + "/none").error().code, Errc::kNotFound);
  EXPECT_EQ(files.Read(folder).error().code, Errc::kDamaged);
  std::filesystem::create_symlink("/etc/passwd", folder + "/link");
  EXPECT_FALSE(files.Read(folder + "/link")) << "links are not followed";
  EXPECT_FALSE(files.Write(folder + "/link", Bytes{1}));
  const auto missing = files.Write(folder + "/no/file", Bytes{1});
  ASSERT_FALSE(missing);
  EXPECT_NE(missing.error().detail.find(folder), std::string::npos);
}

}  // namespace
}  // namespace latchkey::client::testing
