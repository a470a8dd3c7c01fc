#include "latchkey/backup.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "latchkey/test_support.h"

namespace latchkey::app {
namespace {

std::string ReadAll(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

TEST(SealedFiles, OpenToWhatTheyWere) {
  const auto key = store::MasterKey::Generate(base::SystemRandom());
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{1} << 20,
                                 (std::size_t{1} << 20) + 1, std::size_t{3} << 20}) {
    const TestDirectory directory;
    std::string text(size, 'x');
    for (std::size_t i = 0; i < size; i += 997) text[i] = static_cast<char>(i);
    const std::string plain = directory.Write("plain", text);
    ASSERT_TRUE(SealFile(plain, directory / "sealed", key, base::SystemRandom()));
    const auto opened = OpenSealedFile(directory / "sealed", directory / "opened", key);
    ASSERT_TRUE(opened) << opened.error().detail;
    EXPECT_EQ(ReadAll(directory / "opened"), text) << size;
  }
}

TEST(SealedFiles, DoNotOpenWithAnotherKeyOrAnyChange) {
  const TestDirectory directory;
  const auto key = store::MasterKey::Generate(base::SystemRandom());
  const std::string plain = directory.Write("plain", std::string(2 << 20, 'x') + "end");
  ASSERT_TRUE(SealFile(plain, directory / "sealed", key, base::SystemRandom()));
  const std::string sealed = ReadAll(directory / "sealed");
  constexpr std::size_t kHead = 6 + 16, kRecord = 33 + (1 << 20);

  const auto expect_refused = [&](const std::string& bytes, const store::MasterKey& with,
                                  const char* what) {
    const TestDirectory other;
    const auto opened = OpenSealedFile(other.Write("sealed", bytes), other / "opened", with);
    EXPECT_FALSE(opened) << what;
  };
  expect_refused(sealed, store::MasterKey::Generate(base::SystemRandom()), "another key");
  for (const std::size_t at : {std::size_t{0}, std::size_t{7}, kHead, kHead + 2, kHead + 6,
                               kHead + 20, kHead + 40, sealed.size() - 1}) {
    std::string changed = sealed;
    changed[at] = static_cast<char>(changed[at] ^ 1);
    expect_refused(changed, key, "one bit");
  }
  expect_refused(sealed.substr(0, kHead + kRecord), key, "chunks missing at the end");
  expect_refused(sealed.substr(0, sealed.size() - 1), key, "a byte missing");
  expect_refused(sealed + "x", key, "a byte more");
  expect_refused(sealed.substr(0, kHead) + sealed.substr(kHead + kRecord), key, "a chunk missing");
  expect_refused("", key, "nothing");
}

TEST(Backups, TM_54_ComeBackAsTheInstallationTheyWere) {
  const TestDirectory directory;
  Configuration configuration = ConfigurationIn(directory);
  const auto account = MakeInstallation(configuration);
  auto& random = base::SystemRandom();
  {
    auto data =
        store::DataDirectory::Open(configuration.data, store::DataDirectory::Mode::kMustExist);
    ASSERT_TRUE(data);
    auto installation = OpenInstallation(std::move(*data), configuration, false, random);
    ASSERT_TRUE(installation) << installation.error().detail;
    const auto written = WriteBackup(*installation, configuration, directory / "backup", random);
    ASSERT_TRUE(written) << written.error().detail;
    const auto again = WriteBackup(*installation, configuration, directory / "backup", random);
    ASSERT_FALSE(again);
    EXPECT_EQ(again.error().code, Errc::kConflict);
  }
  // The address is readable in the database (decision 14), so that the search below could find it.
  ASSERT_THAT(ReadAll(configuration.data + "/latchkey.db"), testing::HasSubstr("ops@example.com"));
  std::string master_key = ReadAll(directory / "master.key");
  while (master_key.ends_with('\n')) master_key.pop_back();
  ASSERT_FALSE(master_key.empty());
  const std::string backup = ReadAll(directory / "backup");
  for (const std::string& canary : {std::string("SQLite format 3"), std::string("ops@example.com"),
                                    account.admin_token, account.public_key, master_key})
    EXPECT_THAT(backup, testing::Not(testing::HasSubstr(canary)));

  ASSERT_FALSE(RestoreBackup(configuration, directory / "backup")) << "over real data";
  configuration.data = directory / "restored";
  const auto restored = RestoreBackup(configuration, directory / "backup");
  ASSERT_TRUE(restored) << restored.error().detail;
  auto data =
      store::DataDirectory::Open(configuration.data, store::DataDirectory::Mode::kMustExist);
  ASSERT_TRUE(data);
  auto installation = OpenInstallation(std::move(*data), configuration, false, random);
  ASSERT_TRUE(installation) << installation.error().detail;
  service::Accounts accounts;
  ASSERT_TRUE(installation->database->ReadNow(
      [&](store::Session& session) { return accounts.Load(session, *installation->vault); }));
  EXPECT_NE(accounts.Find("acme"), nullptr);
}

}  // namespace
}  // namespace latchkey::app
