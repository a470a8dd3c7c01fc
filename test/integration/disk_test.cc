// A full disk and a damaged one (threat-model rows 66 and 68).
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <set>

#include "test/integration/installation.h"

namespace latchkey::test {
namespace {

using ::testing::HasSubstr;

std::size_t SizeOf(const std::string& path) {
  struct stat status {};
  return stat(path.c_str(), &status) == 0 ? static_cast<std::size_t>(status.st_size) : 0;
}

std::set<std::string> Fingerprints(Server& server) {
  std::set<std::string> out;
  for (const json::value& machine : server.List("/machines"))
    EXPECT_TRUE(out.emplace(machine.at("attributes").at("fingerprint").as_string()).second);
  return out;
}

class FullDisk : public ::testing::Test {
 protected:
  void SetUp() override {
    server_ = installation_.Serve();
    const std::string policy =
        server_->AddPolicy(server_->AddProduct(), {{"floating", true}, {"maxMachines", 10000}});
    const json::value license = server_->AddLicense(policy);
    license_ = license.at("id").as_string();
    key_ = license.at("attributes").at("key").as_string();
  }
  int Activate(const std::string& fingerprint) {
    const Reply reply = server_->AddMachine(license_, fingerprint);
    if (reply.status == 201) made_.insert(fingerprint);
    if (reply.status == 503) {
      EXPECT_THAT(reply.body, HasSubstr("no disk space left"));
    }
    return reply.status;
  }

  Installation installation_;
  std::unique_ptr<Server> server_;
  std::string license_, key_;
  std::set<std::string> made_;
};

// No file may grow: to the server, the same as a disk without a free block.
TEST_F(FullDisk, RefusesChangesKeepsValidatingAndRecovers) {
  ASSERT_EQ(Activate("before"), 201);
  ASSERT_EQ(server_->Verdict(key_), "VALID");  // the first validation of a license is a change
  server_->process().LimitFileSize(4096);
  for (int i = 0; i < 10; ++i) {
    EXPECT_EQ(Activate("full-" + std::to_string(i)), 503);
    EXPECT_EQ(server_->Verdict(key_), "VALID");
    EXPECT_EQ(server_->Get("/licenses/" + license_).status, 200);
    EXPECT_EQ(server_->Get("/machines").Data().as_array().size(), 1U);
    EXPECT_EQ(server_->Get("/health").status, 204);
  }
  EXPECT_EQ(server_->Delete("/licenses/" + license_).status, 503);
  EXPECT_EQ(Fingerprints(*server_), made_);

  server_->process().LimitFileSize(RLIM_INFINITY);
  EXPECT_EQ(Activate("after"), 201);
  EXPECT_EQ(Fingerprints(*server_), made_);
  EXPECT_EQ(server_->Stop(), 0);
  server_ = installation_.Serve();
  EXPECT_EQ(Fingerprints(*server_), made_);
  EXPECT_EQ(server_->Verdict(key_), "VALID");
}

// The disk fills up at every step of a change: in the first page of its log, or in a later one.
TEST_F(FullDisk, LeavesNoHalfRecordWhereverItStrikes) {
  int refused = 0;
  for (int step = 0; step < 60; ++step) {
    const std::size_t log = SizeOf(installation_.database() + "-wal");
    server_->process().LimitFileSize(log + static_cast<std::size_t>(step) * 777);
    const int status = Activate("step-" + std::to_string(step));
    refused += status == 503 ? 1 : 0;
    EXPECT_TRUE(status == 201 || status == 503) << status;
    server_->process().LimitFileSize(RLIM_INFINITY);
    ASSERT_EQ(Activate("room-" + std::to_string(step)), 201);
    if (step % 10 == 9) {
      // What the log holds is what counts, so also after a crash.
      server_->process().Kill();
      server_ = installation_.Serve();
    }
    ASSERT_EQ(Fingerprints(*server_), made_) << "step " << step;
  }
  EXPECT_GT(refused, 0);
  const json::value license = server_->Get("/licenses/" + license_).Data();
  EXPECT_EQ(license.at("relationships").at("machines").at("meta").at("count"),
            json::value(made_.size()));
}

TEST_F(FullDisk, AServerThatCannotStartOnItSaysSo) {
  ASSERT_EQ(Activate("before"), 201);
  EXPECT_EQ(server_->Stop(), 0);
  ChildOptions command = installation_.ServeCommand();
  command.command = {"/bin/bash", "-c", "ulimit -f 4; exec \"$0\" \"$@\""};
  for (const std::string& word : installation_.ServeCommand().command)
    command.command.push_back(word);
  const ChildRun refused = RunChild(command);
  EXPECT_GT(refused.status, 0);
  EXPECT_THAT(refused.errors, HasSubstr("the disk that holds the database is full"));
  server_ = installation_.Serve();
  EXPECT_EQ(server_->Verdict(key_), "VALID");
  EXPECT_EQ(Activate("after"), 201);
  EXPECT_EQ(Fingerprints(*server_), made_);
  EXPECT_EQ(server_->Stop(), 0);
}

// The reserve took the last of the space: a restart spends it, a later one sets it aside again.
TEST_F(FullDisk, AServerStartsOnItByItsReserve) {
  ASSERT_EQ(Activate("before"), 201);
  EXPECT_EQ(server_->Stop(), 0);
  const std::string reserve = installation_.data() + "/reserve";
  ASSERT_GT(SizeOf(reserve), 0U);
  ChildOptions command = installation_.ServeCommand();
  command.environment["LD_PRELOAD"] = LATCHKEY_FULL_DISK;
  command.environment["LATCHKEY_TEST_RESERVE"] = reserve;
  server_ = installation_.Serve(command);
  ASSERT_TRUE(server_->process().WaitForOutput("is full: free some space now"));
  EXPECT_EQ(SizeOf(reserve), 0U);
  EXPECT_EQ(server_->Verdict(key_), "VALID");
  EXPECT_EQ(Activate("by the reserve"), 201);
  EXPECT_EQ(Fingerprints(*server_), made_);
  EXPECT_EQ(server_->Stop(), 0);
  // Somebody made room: the next start sets it aside again.
  server_ = installation_.Serve();
  EXPECT_GT(SizeOf(reserve), 0U);
  EXPECT_EQ(Activate("after"), 201);
  EXPECT_EQ(Fingerprints(*server_), made_);
  EXPECT_EQ(server_->Stop(), 0);
}

// Threat-model row 67: what a failed fsync left on the disk is unknown, so the server ends at once,
// confirms nothing, and the next one starts from the log.
TEST_F(FullDisk, AServerWhoseFsyncFailsEndsAndConfirmsNothing) {
  const std::string broken = installation_.folder().Write("broken", std::string(1, '\0'));
  EXPECT_EQ(server_->Stop(), 0);
  ChildOptions command = installation_.ServeCommand();
  command.environment["LD_PRELOAD"] = LATCHKEY_FAILING_FSYNC;
  command.environment["LATCHKEY_TEST_FSYNC"] = broken;
  for (int round = 0; round < 3; ++round) {
    server_ = installation_.Serve(command);
    for (int i = 0; i < 5; ++i)
      ASSERT_EQ(Activate(std::to_string(round) + "-" + std::to_string(i)), 201);
    std::fstream(broken, std::ios::in | std::ios::out | std::ios::binary) << '1';
    const std::string lost = "lost-" + std::to_string(round);
    EXPECT_THROW(Activate(lost), std::runtime_error) << "an answer after a failed fsync";
    EXPECT_EQ(server_->process().Wait(), 74);  // EX_IOERR
    EXPECT_THAT(server_->process().errors(), HasSubstr("fsync"));
    std::fstream(broken, std::ios::in | std::ios::out | std::ios::binary) << '\0';
    server_ = installation_.Serve();
    std::set<std::string> there = Fingerprints(*server_);
    if (there.contains(lost)) made_.insert(lost);  // not confirmed, yet it may have been written
    EXPECT_EQ(there, made_);
    EXPECT_EQ(server_->Stop(), 0);
  }
}

class DamagedDisk : public ::testing::Test {
 protected:
  Installation installation_;
};

// Pages flipped one at a time: the server refuses to start, or its answers are 503 or right; never
// a wrong verdict. LATCHKEY_PAGES says how many of them at most.
TEST_F(DamagedDisk, NeverGivesAWrongVerdict) {
  constexpr std::size_t kPage = 4096;
  std::vector<std::string> valid, suspended;
  {
    auto server = installation_.Serve();
    const std::string policy = server->AddPolicy(server->AddProduct(), {});
    for (int i = 0; i < 20; ++i)
      valid.emplace_back(server->AddLicense(policy).at("attributes").at("key").as_string());
    for (int i = 0; i < 5; ++i)
      suspended.emplace_back(
          server->AddLicense(policy, {{"suspended", true}}).at("attributes").at("key").as_string());
    ASSERT_EQ(server->Stop(), 0);
  }
  const std::string sound = ReadFile(installation_.database());
  const std::size_t pages = sound.size() / kPage;
  const char* wanted = std::getenv("LATCHKEY_PAGES");
  const char* ci = std::getenv("CI");
  const std::size_t most = wanted != nullptr              ? std::stoul(wanted)
                           : ci != nullptr && *ci != '\0' ? 200
                                                          : 24;
  const std::size_t stride = std::max<std::size_t>(1, pages / most);
  int refused = 0, unavailable = 0, right = 0;
  for (std::size_t page = 0; page < pages; page += stride) {
    SCOPED_TRACE("page " + std::to_string(page + 1) + " of " + std::to_string(pages));
    std::string damaged = sound;
    char& byte = damaged[page * kPage + 64 + (page * 977) % (kPage - 64)];
    byte = static_cast<char>(byte ^ 0x10);
    WriteFile(installation_.database(), damaged);
    std::unique_ptr<Server> server;
    try {
      server = installation_.Serve();
    } catch (const std::runtime_error& refusal) {
      EXPECT_THAT(refusal.what(), HasSubstr("damaged"));
      EXPECT_THAT(refusal.what(), HasSubstr("the server ended with 1"));
      ++refused;
      continue;
    }
    const auto judge = [&](const std::vector<std::string>& keys, std::string_view code) {
      for (const std::string& key : keys) {
        const json::value body{{"meta", {{"key", key}}}};
        const Reply reply = server->Send("POST", "/licenses/actions/validate-key", {}, body);
        if (reply.status == 503) {
          ++unavailable;
          continue;
        }
        EXPECT_EQ(reply.status, 200) << reply.body;
        EXPECT_EQ(reply.Json().at("meta").at("code"), json::value(code));
        ++right;
      }
    };
    judge(valid, "VALID");
    judge(suspended, "SUSPENDED");
    server->process().Kill();
    // Its log may hold pages of the damaged file.
    for (const char* rest : {"-wal", "-shm"}) unlink((installation_.database() + rest).c_str());
  }
  std::cout << pages / stride << " damaged pages: " << refused << " times refused to start, "
            << unavailable << " answers 503, " << right << " right verdicts\n";
  EXPECT_GT(refused + unavailable, 0);
  WriteFile(installation_.database(), sound);
  EXPECT_EQ(installation_.Serve()->Verdict(valid[0]), "VALID");
}

TEST_F(DamagedDisk, AFileThatIsNoDatabaseIsNamed) {
  std::string text = ReadFile(installation_.database());
  text.replace(0, 4096, std::string(4096, 'x'));
  WriteFile(installation_.database(), text);
  const ChildRun run = installation_.Refused();
  EXPECT_GT(run.status, 0);
  EXPECT_THAT(run.errors, HasSubstr("damaged"));
}

}  // namespace
}  // namespace latchkey::test
