#include "latchkey/running_server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sstream>

#include "latchkey/admin_client.h"
#include "latchkey/http_client.h"
#include "latchkey/init.h"
#include "latchkey/test_support.h"
#include "store/serving.h"

namespace latchkey::app {
namespace {

using testing::HasSubstr;

class RunningServerTest : public testing::Test {
 protected:
  void SetUp() override { configuration_ = ConfigurationIn(directory_); }

  std::unique_ptr<RunningServer> Start(bool dev = false) {
    auto server = RunningServer::Start(configuration_, dev);
    EXPECT_TRUE(server) << server.error().detail;
    return server ? std::move(*server) : nullptr;
  }
  // The sentence with which it refuses to start.
  std::string Refusal(bool dev = false) {
    const auto server = RunningServer::Start(configuration_, dev);
    EXPECT_FALSE(server);
    return server ? "" : server.error().detail;
  }
  static WebAnswer Get(const std::string& url) {
    const auto answer = Send({.url = url});
    EXPECT_TRUE(answer) << answer.error().detail;
    return answer.value_or(WebAnswer{});
  }
  TestDirectory directory_;
  Configuration configuration_;
};

TEST_F(RunningServerTest, AnswersHealthMetricsAndTheApi) {
  const auto created = MakeInstallation(configuration_);
  const auto server = Start();
  ASSERT_TRUE(server);
  EXPECT_EQ(Get(server->Url() + "/v1/health").status, 204);
  const std::string admin = "http://127.0.0.1:" + std::to_string(server->admin_port());
  EXPECT_EQ(Get(admin + "/healthz").body, "ok\n");
  const auto answer =
      Get(server->Url() + "/v1/accounts/" + created.account_id.ToString() + "/products");
  EXPECT_EQ(answer.status, 401);
  EXPECT_THAT(Get(admin + "/metrics").body,
              testing::AllOf(HasSubstr("latchkey_requests_total 2\n"),
                             HasSubstr("latchkey_errors_4xx_total 1\n"),
                             HasSubstr("# TYPE latchkey_resident_memory_bytes gauge\n")));
}

TEST_F(RunningServerTest, WhatErrorsPointToIsAnsweredHere) {
  const auto created = MakeInstallation(configuration_);
  const auto server = Start();
  ASSERT_TRUE(server);
  const std::string account = server->Url() + "/v1/accounts/" + created.account_id.ToString();
  const auto refused = Send({.method = "POST",
                             .url = account + "/products",
                             .headers = {{"Authorization", "Bearer " + created.admin_token},
                                         {"Content-Type", "application/json"}},
                             .body = R"({"data":{"type":"products","attributes":{"name":"N",
                                 "distributionStrategy":"NOPE"}}})"});
  ASSERT_TRUE(refused);
  ASSERT_EQ(refused->status, 422) << refused->body;
  const auto document = base::ParseJson(refused->body);
  ASSERT_TRUE(document);
  const std::string about(document->at("errors").at(0).at("links").at("about").as_string());
  const auto hash = about.find('#');
  ASSERT_NE(hash, about.npos) << about;
  const WebAnswer page = Get(server->Url() + about.substr(0, hash));
  EXPECT_EQ(page.status, 200);
  EXPECT_THAT(page.body, HasSubstr("id=\"" + about.substr(hash + 1) + "\""));
}

TEST_F(RunningServerTest, AProductIsMissedUntilThereIsOne) {
  const auto created = MakeInstallation(configuration_);
  const auto server = Start();
  ASSERT_TRUE(server);
  EXPECT_FALSE(server->has_product());
  const auto made =
      Send({.method = "POST",
            .url = server->Url() + "/v1/accounts/" + created.account_id.ToString() + "/products",
            .headers = {{"Authorization", "Bearer " + created.admin_token},
                        {"Content-Type", "application/json"}},
            .body = R"({"data":{"type":"products","attributes":{"name":"N"}}})"});
  ASSERT_TRUE(made);
  ASSERT_EQ(made->status, 201) << made->body;
  EXPECT_TRUE(server->has_product());
}

TEST_F(RunningServerTest, AMissingDirectoryNamesInit) {
  EXPECT_THAT(Refusal(), HasSubstr("latchkey init --data"));
}

TEST_F(RunningServerTest, AnEmptyDirectoryNamesInit) {
  ASSERT_EQ(mkdir(configuration_.data.c_str(), 0700), 0);
  EXPECT_THAT(Refusal(), testing::AllOf(HasSubstr("is empty"), HasSubstr("latchkey init")));
  EXPECT_TRUE(std::filesystem::is_empty(configuration_.data));
}

TEST_F(RunningServerTest, TwoServersNeverShareADirectory) {
  MakeInstallation(configuration_);
  const auto server = Start();
  EXPECT_THAT(Refusal(), HasSubstr("a server is running on"));
}

TEST_F(RunningServerTest, AMissingMasterKeyIsNamed) {
  MakeInstallation(configuration_);
  ASSERT_EQ(unlink((directory_ / "master.key").c_str()), 0);
  EXPECT_THAT(Refusal(), HasSubstr("master.key"));
}

TEST_F(RunningServerTest, AWrongMasterKeyIsToldFromDamage) {
  MakeInstallation(configuration_);
  configuration_.master_key = "file:" + directory_ / "other.key";
  ASSERT_TRUE(store::CreateMasterKeyFile(configuration_.master_key, configuration_.data,
                                         base::SystemRandom()));
  EXPECT_THAT(Refusal(), HasSubstr("another database"));
}

TEST_F(RunningServerTest, APortInUseIsNamed) {
  MakeInstallation(configuration_);
  const auto other = SomeServer();
  ASSERT_TRUE(other);
  configuration_.listen.port = other->port();
  EXPECT_THAT(Refusal(),
              HasSubstr("port " + std::to_string(configuration_.listen.port) + " is in use"));
}

TEST_F(RunningServerTest, BeyondLoopbackItWantsACertificate) {
  MakeInstallation(configuration_);
  configuration_.listen.address = "0.0.0.0";
  EXPECT_THAT(Refusal(), HasSubstr("certificate"));
}

TEST_F(RunningServerTest, TestModeMakesItsOwnDirectoryAndKeepsToIt) {
  {
    const auto server = Start(true);
    ASSERT_TRUE(server);
    EXPECT_FALSE(server->has_account());
    EXPECT_EQ(Get(server->Url() + "/v1/health").status, 204);
  }
  EXPECT_EQ(access((configuration_.data + "/DEV").c_str(), F_OK), 0);
  EXPECT_TRUE(Start(true)) << "again, with its marker";
  EXPECT_THAT(Refusal(false), HasSubstr("start with --dev"));
}

TEST_F(RunningServerTest, TestModeNeverOpensRealData) {
  MakeInstallation(configuration_);
  EXPECT_THAT(Refusal(true), HasSubstr("holds real data"));
}

TEST_F(RunningServerTest, TestModeStaysOnLoopback) {
  configuration_.listen.address = "0.0.0.0";
  EXPECT_THAT(Refusal(true), HasSubstr("loopback only"));
}

TEST_F(RunningServerTest, InitHandsItsWorkToTheServerThatHoldsTheDirectory) {
  const auto server = Start(true);
  ASSERT_TRUE(server);
  const std::string credentials = directory_ / "credentials.toml";
  InitOptions options;
  options.account = "Acme & Söhne";
  options.admin = "ops@example.com";
  options.password_file = directory_.Write("password", "hunter2x\n");
  options.credentials_file = credentials;
  options.server = server->Url();
  testing::internal::CaptureStdout();
  const int status = Init(configuration_, options);
  const std::string said = testing::internal::GetCapturedStdout();
  ASSERT_EQ(status, 0) << said;
  EXPECT_TRUE(server->has_account());
  const auto read = ReadCredentials(credentials);
  ASSERT_TRUE(read) << read.error().detail;
  EXPECT_THAT(said, testing::Not(HasSubstr(std::string(read->token.Reveal()))))
      << "the token goes to its file alone";
  const auto client = AdminClient::Open({.credentials_file = credentials}, false);
  ASSERT_TRUE(client) << client.error().detail;
  const auto me = client->Call("GET", "/me", {}, nullptr);
  ASSERT_TRUE(me) << me.error().detail;
  EXPECT_EQ(me->status, 200) << me->body;

  testing::internal::CaptureStderr();
  EXPECT_NE(Init(configuration_, options), 0) << "a second account";
  EXPECT_THAT(testing::internal::GetCapturedStderr(), HasSubstr("already"));
}

TEST_F(RunningServerTest, InitSaysWhatIsWrongBeforeItMakesAnything) {
  configuration_.data = directory_ / "not" + "/made";
  InitOptions good;
  good.account = "Acme";
  good.admin = "ops@example.com";
  good.password_file = directory_.Write("password", "hunter2x\n");
  good.credentials_file = directory_ / "credentials.toml";
  const auto refusal = [&](void (*spoil)(InitOptions&)) {
    InitOptions options = good;
    spoil(options);
    testing::internal::CaptureStderr();
    EXPECT_NE(Init(configuration_, options), 0);
    EXPECT_FALSE(std::filesystem::exists(directory_ / "not")) << "nothing is left behind";
    EXPECT_FALSE(std::filesystem::exists(directory_ / "master.key"));
    return testing::internal::GetCapturedStderr();
  };
  EXPECT_THAT(refusal([](InitOptions& o) { o.account = "日本"; }), HasSubstr("--slug acme"));
  EXPECT_THAT(refusal([](InitOptions& o) { o.slug = "Not A Slug"; }), HasSubstr("--slug"));
  EXPECT_THAT(refusal([](InitOptions& o) { o.admin = "nobody"; }), HasSubstr("--admin"));
  std::ofstream(good.password_file) << "short\n";
  EXPECT_THAT(refusal([](InitOptions&) {}), HasSubstr("password"));
}

TEST_F(RunningServerTest, InitNamesTheCommandThatServesWhatItMade) {
  InitOptions options;
  options.account = "Müller";
  options.admin = "ops@example.com";
  options.password_file = directory_.Write("password", "hunter2x\n");
  options.credentials_file = directory_ / "credentials.toml";
  configuration_.file = directory_ / "our settings.toml";
  testing::internal::CaptureStdout();
  EXPECT_EQ(Init(configuration_, options), 0);
  EXPECT_THAT(
      testing::internal::GetCapturedStdout(),
      HasSubstr("Next: latchkey serve --data " + configuration_.data + " --config '" +
                configuration_.file + "' --master-key " + configuration_.master_key + "\n"));
  ASSERT_TRUE(Start());
}

TEST_F(RunningServerTest, ControlCommandsAreAnsweredByTheServer) {
  MakeInstallation(configuration_);
  const auto server = Start();
  ASSERT_TRUE(server);
  const auto control = [&](const std::vector<std::string>& command) {
    std::ostringstream out, err;
    const auto status =
        store::SendControl(configuration_.data + "/control.sock", command, nullptr, out, err);
    EXPECT_TRUE(status) << status.error().detail;
    return std::to_string(status.value_or(-1)) + " " + out.str() + err.str();
  };
  EXPECT_EQ(control({"check"}), "0 the database is whole\n");
  EXPECT_EQ(control({"jobs", "cull"}), "0 nothing to do\n");
  EXPECT_THAT(control({"jobs", "dance"}), HasSubstr("there are stamp, cull, tombstones"));
  EXPECT_THAT(control({"backup", directory_ / "backup"}), testing::StartsWith("0 backup written"));
  EXPECT_EQ(access((directory_ / "backup").c_str(), F_OK), 0);
  EXPECT_THAT(control({"dance"}), HasSubstr("does not know the command 'dance'"));
}

TEST_F(RunningServerTest, AClockSetBackIsToldAndServingGoesOn) {
  const auto created = MakeInstallation(configuration_);
  {
    auto directory =
        store::DataDirectory::Open(configuration_.data, store::DataDirectory::Mode::kMustExist);
    ASSERT_TRUE(directory);
    auto installation =
        OpenInstallation(std::move(*directory), configuration_, false, base::SystemRandom());
    ASSERT_TRUE(installation);
    ASSERT_TRUE(installation->database->WriteNow([](store::Session& session) -> Result<void> {
      LK_ASSIGN(const auto interval,
                store::StartServing(session, base::SystemNow() + std::chrono::hours(3)));
      static_cast<void>(interval);
      return {};
    }));
  }
  configuration_.log_level = LogLevel::kWarn;
  testing::internal::CaptureStdout();
  {
    const auto server = Start();
    ASSERT_TRUE(server);
    EXPECT_EQ(Get(server->Url() + "/v1/health").status, 204);
  }
  EXPECT_THAT(testing::internal::GetCapturedStdout(), HasSubstr("behind the last time"));
}

TEST_F(RunningServerTest, TheLogHasOneLineARequestWithoutSecrets) {
  const auto created = MakeInstallation(configuration_);
  configuration_.log_level = LogLevel::kInfo;
  configuration_.log_format = LogFormat::kJson;
  testing::internal::CaptureStdout();
  {
    const auto server = Start();
    ASSERT_TRUE(server);
    chmod(directory_.Write("none.toml", "").c_str(), 0600);
    const auto client = AdminClient::Open({.server = server->Url(),
                                           .token = created.admin_token,
                                           .credentials_file = directory_ / "none.toml"},
                                          false);
    ASSERT_TRUE(client) << client.error().detail;
    const auto answer =
        client->Call("POST", "/licenses/actions/validate-key", {{"token", "query-secret"}},
                     json::object{{"meta", {{"key", "KEY-OF-A-CUSTOMER"}}}});
    ASSERT_TRUE(answer) << answer.error().detail;
  }
  const std::string log = testing::internal::GetCapturedStdout();
  EXPECT_EQ(std::count(log.begin(), log.end(), '\n'), 1) << log;
  const auto line = base::ParseJson(log.substr(0, log.find('\n')));
  ASSERT_TRUE(line) << log;
  EXPECT_EQ(line->at("route"), "/licenses/actions/validate-key");
  for (const std::string& secret :
       {created.admin_token, std::string("query-secret"), std::string("KEY-OF-A-CUSTOMER")})
    EXPECT_THAT(log, testing::Not(HasSubstr(secret)));
}

TEST(AdminClients, SendTokensOnlyWhereNobodyListens) {
  for (const std::string good : {"https://licenses.example.com", "http://127.0.0.1:8090",
                                 "http://[::1]:8090", "http://localhost"})
    EXPECT_TRUE(MayCarrySecrets(good)) << good;
  for (const std::string bad : {"http://licenses.example.com", "http://127.0.0.1.example.com",
                                "http://127.0.0.1@example.com", "ftp://127.0.0.1", "127.0.0.1"})
    EXPECT_FALSE(MayCarrySecrets(bad)) << bad;
}

TEST(Credentials, AreForTheirOwnerAlone) {
  const TestDirectory directory;
  const std::string file = directory / "folder/credentials.toml";
  const auto written = WriteCredentials(
      file, {"http://127.0.0.1:1", "acme", "00ff", Secret(std::string("to\"ken"))});
  ASSERT_TRUE(written) << written.error().detail;
  EXPECT_FALSE(*written);
  struct stat status {};
  ASSERT_EQ(stat(file.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600u);
  const auto read = ReadCredentials(file);
  ASSERT_TRUE(read) << read.error().detail;
  EXPECT_EQ(read->token.Reveal(), "to\"ken");
  EXPECT_EQ(read->account, "acme");
  EXPECT_TRUE(WriteCredentials(file, *read).value()) << "the one before is kept";
  EXPECT_EQ(access((file + ".old").c_str(), F_OK), 0);
  chmod(file.c_str(), 0644);
  const auto open_to_all = ReadCredentials(file);
  ASSERT_FALSE(open_to_all);
  EXPECT_THAT(open_to_all.error().detail, HasSubstr("chmod 600"));
}

TEST(Slugs, AreMadeFromNames) {
  EXPECT_EQ(SlugOf("Acme GmbH & Co."), "acme-gmbh-co");
  EXPECT_EQ(SlugOf("  Notes 2 "), "notes-2");
  EXPECT_EQ(SlugOf("Müller & Søn"), "muller-son");
  EXPECT_EQ(SlugOf("日本"), "");
}

}  // namespace
}  // namespace latchkey::app
