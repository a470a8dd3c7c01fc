#include "store/master_key.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace latchkey::store {
namespace {

using ::testing::HasSubstr;

class MasterKeyTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string name = (std::filesystem::temp_directory_path() / "latchkey-key-XXXXXX").string();
    root_ = mkdtemp(name.data());
  }
  void TearDown() override { std::filesystem::remove_all(root_); }

  static Error Failure(std::string_view source) {
    const auto key = LoadMasterKey(source);
    EXPECT_FALSE(key.has_value()) << source;
    return key ? Error{} : key.error();
  }

  std::string root_;
};

TEST_F(MasterKeyTest, TextAndKeyAreOneToOne) {
  const MasterKey key = MasterKey::Generate(base::SystemRandom());
  const Secret text = key.ToText();
  EXPECT_EQ(text.size(), 6u + 43u);
  EXPECT_THAT(std::string(text.Reveal()), ::testing::StartsWith("lkmk1_"));
  const auto parsed = MasterKey::Parse(" " + std::string(text.Reveal()) + "\r\n");
  ASSERT_TRUE(parsed.has_value());
  EXPECT_TRUE(parsed->bytes() == key.bytes());
  EXPECT_EQ(parsed->check(), key.check());
  EXPECT_NE(MasterKey::Generate(base::SystemRandom()).check(), key.check());
}

TEST_F(MasterKeyTest, OtherTextsAreRefusedWithoutQuotingThem) {
  for (const char* text : {"", "lkmk1_", "lkmk2_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
                           "lkmk1_AAAA", "lkmk1_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
                           "lkmk1_AAAAAAAAAAAAAAAAAAAAA+AAAAAAAAAAAAAAAAAAAAA", "hunter2hunter2"}) {
    const auto key = MasterKey::Parse(text);
    ASSERT_FALSE(key.has_value()) << text;
    EXPECT_EQ(key.error().code, Errc::kConfigInvalid);
    EXPECT_EQ(key.error().detail.find("hunter2"), std::string::npos);
  }
}

TEST_F(MasterKeyTest, AMadeFileIsPrivateAndLoads) {
  const std::string source = "file:" + root_ + "/etc/latchkey/master.key";
  const auto made = CreateMasterKeyFile(source, root_ + "/data", base::SystemRandom());
  ASSERT_TRUE(made.has_value()) << made.error().detail;
  struct stat status {};
  ASSERT_EQ(stat((root_ + "/etc/latchkey/master.key").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600u);
  const auto loaded = LoadMasterKey(source);
  ASSERT_TRUE(loaded.has_value()) << loaded.error().detail;
  EXPECT_TRUE(loaded->bytes() == made->bytes());
}

TEST_F(MasterKeyTest, AFileIsNeverReplaced) {
  const std::string source = "file:" + root_ + "/master.key";
  const auto first = CreateMasterKeyFile(source, root_ + "/data", base::SystemRandom());
  ASSERT_TRUE(first.has_value());
  const auto second = CreateMasterKeyFile(source, root_ + "/data", base::SystemRandom());
  ASSERT_FALSE(second.has_value());
  EXPECT_EQ(second.error().code, Errc::kConfigInvalid);
  EXPECT_TRUE(LoadMasterKey(source)->bytes() == first->bytes());
}

TEST_F(MasterKeyTest, TheKeyIsNotMadeInsideTheDataDirectory) {
  std::filesystem::create_directories(root_ + "/data");
  for (const std::string& path :
       {root_ + "/data/master.key", root_ + "/data/../data/sub/master.key"}) {
    const auto made = CreateMasterKeyFile("file:" + path, root_ + "/data", base::SystemRandom());
    ASSERT_FALSE(made.has_value()) << path;
    EXPECT_THAT(made.error().detail, HasSubstr("data directory"));
  }
  EXPECT_TRUE(
      CreateMasterKeyFile("file:" + root_ + "/database.key", root_ + "/data", base::SystemRandom())
          .has_value());
}

TEST_F(MasterKeyTest, EnvironmentAndCommandAreSourcesToo) {
  const MasterKey key = MasterKey::Generate(base::SystemRandom());
  const std::string text(key.ToText().Reveal());
  setenv("LK_TEST_MASTER_KEY", text.c_str(), 1);
  const auto by_environment = LoadMasterKey("env:LK_TEST_MASTER_KEY");
  ASSERT_TRUE(by_environment.has_value());
  EXPECT_TRUE(by_environment->bytes() == key.bytes());
  const auto by_command = LoadMasterKey("cmd:echo $LK_TEST_MASTER_KEY");
  ASSERT_TRUE(by_command.has_value()) << by_command.error().detail;
  EXPECT_TRUE(by_command->bytes() == key.bytes());
  unsetenv("LK_TEST_MASTER_KEY");
}

TEST_F(MasterKeyTest, EachFailureNamesItsSource) {
  EXPECT_THAT(Failure("file:" + root_ + "/none").detail,
              HasSubstr("no master key at " + root_ + "/none"));
  EXPECT_THAT(Failure("env:LK_TEST_NOT_SET").detail, HasSubstr("LK_TEST_NOT_SET"));
  EXPECT_THAT(Failure("cmd:exit 3").detail, HasSubstr("status 3"));
  EXPECT_THAT(Failure("cmd:echo nonsense # token=s3cret").detail,
              ::testing::Not(HasSubstr("s3cret")));
  for (const char* source : {"", "master.key", "file:", "vault:x"})
    EXPECT_THAT(Failure(source).detail, HasSubstr("file:PATH, env:NAME or cmd:LINE"));
  const std::string open = root_ + "/open.key";
  std::ofstream(open) << MasterKey::Generate(base::SystemRandom()).ToText().Reveal();
  chmod(open.c_str(), 0644);
  EXPECT_THAT(Failure("file:" + open).detail, HasSubstr("chmod 600"));
}

}  // namespace
}  // namespace latchkey::store
