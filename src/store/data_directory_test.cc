#include "store/data_directory.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace latchkey::store {
namespace {

using Mode = DataDirectory::Mode;

class DataDirectoryTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string name = (std::filesystem::temp_directory_path() / "latchkey-data-XXXXXX").string();
    root_ = mkdtemp(name.data());
    path_ = root_ + "/a/data";
  }
  void TearDown() override { std::filesystem::remove_all(root_); }

  static mode_t ModeOf(const std::string& path) {
    struct stat status {};
    EXPECT_EQ(stat(path.c_str(), &status), 0) << path;
    return status.st_mode & 0777;
  }

  std::string root_;
  std::string path_;
};

TEST_F(DataDirectoryTest, CreateMakesAPrivateDirectoryWithLockAndReserve) {
  const auto directory = DataDirectory::Open(path_, Mode::kCreate);
  ASSERT_TRUE(directory.has_value()) << directory.error().detail;
  EXPECT_EQ(ModeOf(path_), 0700u);
  EXPECT_EQ(ModeOf(path_ + "/lock"), 0600u);
  EXPECT_EQ(ModeOf(path_ + "/reserve"), 0600u);
  struct stat status {};
  ASSERT_EQ(stat((path_ + "/reserve").c_str(), &status), 0);
  EXPECT_EQ(status.st_size, 8 << 20);
  EXPECT_GE(status.st_blocks * 512, 8 << 20);  // real space, not a hole
  EXPECT_TRUE((*directory)->is_empty());
  EXPECT_FALSE((*directory)->is_dev());
}

TEST_F(DataDirectoryTest, AMissingDirectoryIsNotFoundUnlessItMayBeMade) {
  const auto directory = DataDirectory::Open(path_, Mode::kMustExist);
  ASSERT_FALSE(directory.has_value());
  EXPECT_EQ(directory.error().code, Errc::kNotFound);
  EXPECT_THAT(directory.error().detail, ::testing::HasSubstr(path_));
}

TEST_F(DataDirectoryTest, ASecondHolderIsToldWhoHoldsIt) {
  auto first = DataDirectory::Open(path_, Mode::kCreate);
  ASSERT_TRUE(first.has_value());
  const auto second = DataDirectory::Open(path_, Mode::kMustExist);
  ASSERT_FALSE(second.has_value());
  EXPECT_EQ(second.error().code, Errc::kLocked);
  EXPECT_THAT(second.error().detail, ::testing::HasSubstr("process " + std::to_string(getpid())));
  first->reset();
  EXPECT_TRUE(DataDirectory::Open(path_, Mode::kMustExist).has_value());
}

TEST_F(DataDirectoryTest, TheLockOfAKilledProcessIsFree) {
  int pipes[2];
  ASSERT_EQ(pipe(pipes), 0);
  const pid_t child = fork();
  if (child == 0) {
    const auto held = DataDirectory::Open(path_, Mode::kCreate);
    const char ready = held ? 'y' : 'n';
    if (write(pipes[1], &ready, 1) != 1) _exit(1);
    pause();
  }
  char ready = 0;
  ASSERT_EQ(read(pipes[0], &ready, 1), 1);
  EXPECT_EQ(ready, 'y');
  EXPECT_FALSE(DataDirectory::Open(path_, Mode::kMustExist).has_value());
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
  EXPECT_TRUE(DataDirectory::Open(path_, Mode::kMustExist).has_value());
}

TEST_F(DataDirectoryTest, AnOpenDirectoryIsClosedToOthers) {
  std::filesystem::create_directories(path_);
  chmod(path_.c_str(), 0755);
  ASSERT_TRUE(DataDirectory::Open(path_, Mode::kMustExist).has_value());
  EXPECT_EQ(ModeOf(path_), 0700u);
}

TEST_F(DataDirectoryTest, ADirectoryThatCannotBeWrittenIsReadOnly) {
  std::filesystem::create_directories(path_);
  chmod(root_.c_str(), 0755);
  chmod((root_ + "/a").c_str(), 0755);
  chmod(path_.c_str(), 0555);
  const pid_t child = fork();
  if (child == 0) {
    if (geteuid() == 0 && setuid(65534) != 0) _exit(2);
    const auto directory = DataDirectory::Open(path_, Mode::kMustExist);
    _exit(!directory && directory.error().code == Errc::kReadOnly ? 0 : 1);
  }
  int status = 0;
  waitpid(child, &status, 0);
  // An owner may close the directory; it still may not write in it.
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

TEST_F(DataDirectoryTest, AFileIsNoDataDirectory) {
  std::filesystem::create_directories(root_ + "/a");
  std::ofstream(path_) << "x";
  const auto directory = DataDirectory::Open(path_, Mode::kMustExist);
  ASSERT_FALSE(directory.has_value());
  EXPECT_EQ(directory.error().code, Errc::kConfigInvalid);
}

TEST_F(DataDirectoryTest, TheReserveIsFreedAndTakenAgain) {
  const auto directory = DataDirectory::Open(path_, Mode::kCreate);
  ASSERT_TRUE(directory.has_value());
  (*directory)->ReleaseReserve();
  EXPECT_FALSE(std::filesystem::exists(path_ + "/reserve"));
  ASSERT_TRUE((*directory)->RestoreReserve().has_value());
  EXPECT_EQ(std::filesystem::file_size(path_ + "/reserve"), 8u << 20);
}

TEST_F(DataDirectoryTest, TheDevMarkerStays) {
  {
    const auto directory = DataDirectory::Open(path_, Mode::kCreate);
    ASSERT_TRUE(directory.has_value());
    ASSERT_TRUE((*directory)->MarkDev().has_value());
  }
  const auto directory = DataDirectory::Open(path_, Mode::kMustExist);
  ASSERT_TRUE(directory.has_value());
  EXPECT_TRUE((*directory)->is_dev());
}

}  // namespace
}  // namespace latchkey::store
