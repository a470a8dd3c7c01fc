// What an operator meets: commands that refuse with a sentence, signals, certificates, backups.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <thread>

#include "test/integration/installation.h"

namespace latchkey::test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

class Start : public ::testing::Test {
 protected:
  // Ended by itself, with a failure and a sentence.
  static void ExpectRefusal(const ChildRun& run, const ::testing::Matcher<std::string>& sentence) {
    EXPECT_GT(run.status, 0) << run.errors;
    EXPECT_THAT(run.errors, HasSubstr("latchkey: "));
    EXPECT_THAT(run.errors, sentence);
  }
  // Nothing was harmed by what went before.
  void ExpectServes() {
    const auto server = installation_.Serve();
    EXPECT_EQ(server->Get("/products").status, 200);
    EXPECT_EQ(server->Stop(), 0);
  }

  Installation installation_;
};

TEST_F(Start, APortInUseIsNamed) {
  const auto other = installation_.Serve();
  const Installation second;
  const std::string address = "127.0.0.1:" + std::to_string(other->port());
  ExpectRefusal(second.Refused({"--listen", address}),
                AllOf(HasSubstr(std::to_string(other->port())), HasSubstr("in use")));
  EXPECT_EQ(second.Serve()->Stop(), 0);
}

TEST_F(Start, WhatIsNextIsSaidUntilThereIsAProduct) {
  {
    const auto server = installation_.Serve();
    ASSERT_TRUE(server->process().WaitForOutput("Next: latchkey products create"));
    server->AddProduct();
    EXPECT_EQ(server->Stop(), 0);
  }
  const auto server = installation_.Serve();
  EXPECT_EQ(server->Get("/products").status, 200);
  EXPECT_EQ(server->Stop(), 0);
  EXPECT_THAT(server->process().output(), ::testing::Not(HasSubstr("Next:")));
}

TEST_F(Start, AMissingOrEmptyDirectoryNamesInit) {
  const std::string path = installation_.folder() / "elsewhere";
  const auto serve = [&] { return RunChild(installation_.Command({"serve", "--data", path})); };
  ExpectRefusal(serve(), HasSubstr("latchkey init --data " + path));
  ASSERT_EQ(mkdir(path.c_str(), 0700), 0);
  ExpectRefusal(serve(), AllOf(HasSubstr("is empty"), HasSubstr("latchkey init --data " + path)));
}

TEST_F(Start, AReadOnlyDataDirectoryIsNamed) {
  ASSERT_EQ(chmod(installation_.data().c_str(), 0500), 0);
  ChildOptions command = installation_.ServeCommand();
  command.obeys_file_modes = true;
  ExpectRefusal(RunChild(command),
                AllOf(HasSubstr(installation_.data()), HasSubstr("no permission")));
  ASSERT_EQ(chmod(installation_.data().c_str(), 0700), 0);
  ExpectServes();
}

TEST_F(Start, AReadOnlyDatabaseIsNamed) {
  ASSERT_EQ(chmod(installation_.database().c_str(), 0400), 0);
  ChildOptions command = installation_.ServeCommand();
  command.obeys_file_modes = true;
  ExpectRefusal(RunChild(command), HasSubstr("cannot be written"));
  ASSERT_EQ(chmod(installation_.database().c_str(), 0600), 0);
  ExpectServes();
}

TEST_F(Start, MissingWrongAndBrokenMasterKeysAreToldApart) {
  const std::string& file = installation_.master_key_file();
  const std::string right = ReadFile(file);
  ASSERT_EQ(unlink(file.c_str()), 0);
  ExpectRefusal(installation_.Refused(), HasSubstr(file));
  const Installation other;
  WriteFile(file, ReadFile(other.master_key_file()));
  ExpectRefusal(installation_.Refused(), HasSubstr("chmod 600 " + file));
  ASSERT_EQ(chmod(file.c_str(), 0600), 0);
  ExpectRefusal(installation_.Refused(), HasSubstr("belongs to another database"));
  WriteFile(file, right.substr(0, right.size() - 5) + "\n");
  ExpectRefusal(installation_.Refused(),
                AllOf(HasSubstr("master key is damaged"), HasSubstr("43 letters")));
  WriteFile(file, "correct horse battery staple\n");
  ExpectRefusal(installation_.Refused(), HasSubstr("should begin with lkmk1_"));
  WriteFile(file, right);
  ExpectServes();
}

TEST_F(Start, ALockedDirectoryIsLeftToItsServer) {
  const auto server = installation_.Serve();
  ExpectRefusal(installation_.Refused(),
                AllOf(HasSubstr("a server is running on " + installation_.data()),
                      HasSubstr(std::to_string(server->process().pid()))));
  // The second init reaches the server, which knows that there is an account.
  const std::string password = installation_.folder().Write("again", "another password\n");
  ExpectRefusal(
      RunChild(installation_.Command({"init", "--data", installation_.data(), "--account", "Other",
                                      "--admin", "x@y.example", "--password-file", password})),
      HasSubstr("there is an account in " + installation_.data() + " already"));
  ExpectRefusal(RunChild(installation_.Command({"restore", "--data", installation_.data(), "x"})),
                HasSubstr("a server is running"));
  EXPECT_EQ(server->Get("/products").status, 200);
  EXPECT_EQ(server->Stop(), 0);
}

TEST_F(Start, ALockLeftByAKilledServerIsFree) {
  installation_.Serve()->process().Kill();
  ExpectServes();
}

TEST_F(Start, ADevDirectoryAndARealOneAreNeverMixed) {
  ExpectRefusal(installation_.Refused({"--dev"}), HasSubstr("holds real data"));
  const std::string path = installation_.folder() / "dev";
  {
    Server dev(installation_.Command({"serve", "--dev", "--data", path, "--listen", "127.0.0.1:0",
                                      "--admin-listen", "127.0.0.1:0"}),
               "none");
    EXPECT_EQ(dev.Stop(), 0);
  }
  ExpectRefusal(RunChild(installation_.Command({"serve", "--data", path})),
                HasSubstr("holds test data"));
}

TEST_F(Start, WrongSettingsAreNamedWithWhatToDo) {
  const std::string file = installation_.folder() / "latchkey.toml";
  const auto with_file = [&](std::string_view text) {
    WriteFile(file, text);
    return installation_.Refused({"--config", file});
  };
  struct Case {
    ChildRun run;
    std::string sentence;
  };
  const Case cases[] = {
      {installation_.Refused({"--listen", "everywhere"}), "--listen must be a numeric address"},
      {installation_.Refused({"--listen", "0.0.0.0:8443"}), "certificate"},
      {installation_.Refused({"--lissten", "127.0.0.1:0"}), "did you mean --listen?"},
      {installation_.Refused({"--limits-head-seconds", "0"}), "between 1 and 86400"},
      {installation_.Refused({"--threads", "-1"}), "whole number"},
      {installation_.Refused({"--tls-certificate", "/nowhere"}), "belong together"},
      {installation_.Refused({"--tls-certificate", "/nowhere", "--tls-key", "/nowhere"}),
       "/nowhere"},
      {installation_.Refused({"--config", "/nowhere.toml"}), "/nowhere.toml"},
      {with_file("[server]\nlistne = \"127.0.0.1:0\"\n"), "did you mean `server.listen`?"},
      {with_file("[server]\nthreads = \"two\"\n"), "line 2"},
      {with_file("[server\n"), "line 1"},
      {RunChild(installation_.Command({"serv"})), "did you mean serve?"},
      {RunChild(installation_.Command({"init", "--data", "x"})), "--account"},
  };
  for (const Case& one : cases) {
    SCOPED_TRACE(one.sentence);
    ExpectRefusal(one.run, HasSubstr(one.sentence));
  }
  ChildOptions environment = installation_.ServeCommand();
  environment.environment["LATCHKEY_LIMITS_BODY_BYTES"] = "much";
  ExpectRefusal(RunChild(environment), HasSubstr("LATCHKEY_LIMITS_BODY_BYTES"));
  ExpectServes();
}

TEST_F(Start, AnInitThatCannotFinishNamesTheReasonAndMayBeRepeated) {
  const std::string password = installation_.folder().Write("short", "12345\n");
  const std::string data = installation_.folder() / "new";
  const auto init = [&] {
    return RunChild(installation_.Command({"init", "--data", data, "--account", "Acme", "--admin",
                                           "a@b.example", "--password-file", password}));
  };
  ExpectRefusal(init(), HasSubstr("password"));
  ExpectRefusal(RunChild(installation_.Command({"serve", "--data", data})),
                HasSubstr("latchkey init"));
  WriteFile(password, "123456\n");
  EXPECT_EQ(init().status, 0);
}

TEST_F(Start, SigtermUnderLoadAnswersWhatHasBegunAndLosesNothing) {
  auto server = installation_.Serve();
  const std::string policy =
      server->AddPolicy(server->AddProduct(), {{"floating", true}, {"maxMachines", 1000000}});
  const std::string license(server->AddLicense(policy).at("id").as_string());
  std::atomic<int> answered{0}, odd{0};
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 4; ++thread)
    threads.emplace_back([&, thread] {
      HttpConnection connection(server->port());
      for (int i = 0;; ++i) {
        const auto reply = connection.Exchange(
            "POST", "/v1/machines", AsToken(installation_.admin_token()),
            base::WriteJson(Document(
                "machines", {{"fingerprint", std::to_string(thread) + "-" + std::to_string(i)}},
                {{"license", "licenses", license}})));
        if (!reply) return;
        reply->status == 201 ? ++answered : ++odd;
        if (reply->header("Connection") == "close") return;
      }
    });
  while (answered < 50) std::this_thread::yield();
  // A request whose head the server has read, as its answer to Expect proves, and whose body comes
  // after the signal.
  HttpConnection slow(server->port());
  const std::string body = base::WriteJson(Document("products", {{"name", "Late"}}));
  Headers headers = AsToken(installation_.admin_token());
  headers.emplace_back("Expect", "100-continue");
  const std::string request = slow.Format("POST", "/v1/products", headers, body);
  ASSERT_TRUE(slow.Send(request.substr(0, request.size() - body.size())));
  const auto interim = slow.Receive();
  ASSERT_TRUE(interim);
  ASSERT_EQ(interim->status, 100);
  server->process().Signal(SIGTERM);
  for (std::thread& thread : threads) thread.join();
  ASSERT_TRUE(slow.Send(body));
  const auto late = slow.Receive();
  ASSERT_TRUE(late) << "a request already begun was dropped";
  EXPECT_EQ(late->status, 201) << late->body;
  EXPECT_EQ(server->process().Wait(), 0) << server->process().errors();
  EXPECT_LT(ConnectLoopback(server->port()), 0);
  EXPECT_EQ(odd, 0);
  EXPECT_EQ(access((installation_.database() + "-wal").c_str(), F_OK), -1) << "not closed";

  server = installation_.Serve();
  EXPECT_EQ(server->Get("/products/" + late->Id()).status, 200);
  EXPECT_GE(server->List("/machines").size(), static_cast<std::size_t>(answered));
}

// The common name of the certificate that a new connection gets.
std::string Subject(std::uint16_t port) {
  const int fd = ConnectLoopback(port);
  SSL_CTX* const context = SSL_CTX_new(TLS_client_method());
  SSL* const ssl = SSL_new(context);
  SSL_set_fd(ssl, fd);
  char name[256] = "no connection";
  if (SSL_connect(ssl) == 1) {
    X509* const certificate = SSL_get1_peer_certificate(ssl);
    X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName, name,
                              sizeof name);
    X509_free(certificate);
  }
  SSL_free(ssl);
  SSL_CTX_free(context);
  close(fd);
  return name;
}

TEST_F(Start, SighupReadsTheCertificateAgain) {
  const std::string chain = installation_.folder() / "chain.pem",
                    key = installation_.folder() / "key.pem";
  const auto make = [&](const std::string& name) {
    return RunProgram(
               "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes "
               "-days 2 -subj /CN=" +
               name + " -keyout " + key + " -out " + chain + " 2>/dev/null")
        .status;
  };
  ASSERT_EQ(make("first"), 0);
  Server server(installation_.ServeCommand({"--tls-certificate", chain, "--tls-key", key}),
                installation_.admin_token());
  EXPECT_EQ(Subject(server.port()), "first");
  ASSERT_EQ(make("second"), 0);
  EXPECT_EQ(Subject(server.port()), "first");
  server.process().Signal(SIGHUP);
  const auto at = server.process().WaitForOutput("the certificates were read again");
  ASSERT_TRUE(at);
  EXPECT_EQ(Subject(server.port()), "second");
  WriteFile(chain, "no certificate");
  server.process().Signal(SIGHUP);
  ASSERT_TRUE(server.process().WaitForOutput("the old ones stay", *at));
  EXPECT_EQ(Subject(server.port()), "second");
  EXPECT_EQ(server.Stop(), 0);
}

TEST_F(Start, ABackupBesideARunningServerGivesTheSameAnswers) {
  const std::string file = installation_.folder() / "acme.lkbackup";
  auto server = installation_.Serve();
  const std::string policy =
      server->AddPolicy(server->AddProduct(), {{"floating", true}, {"maxMachines", 100000}});
  const json::value license = server->AddLicense(policy, {{"name", "Before"}});
  const std::string id(license.at("id").as_string()),
      key(license.at("attributes").at("key").as_string());
  std::vector<std::string> before;
  for (int i = 0; i < 20; ++i) before.push_back(server->AddMachine(id, std::to_string(i)).Id());
  const std::string answer = server->Get("/machines/" + before[7]).body;

  // While others write.
  std::atomic<bool> stop{false};
  std::atomic<int> made{0};
  std::thread load([&] {
    HttpConnection connection(server->port());
    for (int i = 0; !stop; ++i) {
      const auto reply = connection.Exchange(
          "POST", "/v1/machines", AsLicense(key),
          base::WriteJson(Document("machines", {{"fingerprint", "load-" + std::to_string(i)}},
                                   {{"license", "licenses", id}})));
      if (reply && reply->status == 201) ++made;
    }
  });
  while (made < 5) std::this_thread::yield();
  const ChildRun backup =
      RunChild(installation_.Command({"backup", file, "--data", installation_.data()}));
  stop = true;
  load.join();
  EXPECT_EQ(backup.status, 0) << backup.errors;
  EXPECT_THAT(backup.output, HasSubstr("backup written to " + file));
  // Sealed as a whole: not even a name shows.
  EXPECT_EQ(ReadFile(file).find("ops@acme.example"), std::string::npos);
  ExpectRefusal(RunChild(installation_.Command({"backup", file, "--data", installation_.data()})),
                HasSubstr("already"));
  EXPECT_EQ(server->Stop(), 0);

  const std::string second = installation_.folder() / "restored";
  const ChildRun restored = RunChild(installation_.Command({"restore", file, "--data", second}));
  ASSERT_EQ(restored.status, 0) << restored.errors;
  ExpectRefusal(RunChild(installation_.Command({"restore", file, "--data", second})),
                HasSubstr("already"));
  Server copy(installation_.Command({"serve", "--data", second, "--listen", "127.0.0.1:0",
                                     "--admin-listen", "127.0.0.1:0"}),
              installation_.admin_token());
  EXPECT_EQ(copy.Verdict(key), "VALID");
  EXPECT_EQ(copy.Get("/machines/" + before[7]).body, answer);
  const auto machines = copy.List("/machines");
  EXPECT_GE(machines.size(), before.size() + 5);
  for (const std::string& machine : before) EXPECT_EQ(copy.Get("/machines/" + machine).status, 200);
  const json::value there = copy.Get("/licenses/" + id).Data();
  EXPECT_EQ(there.at("relationships").at("machines").at("meta").at("count"),
            json::value(machines.size()));
  EXPECT_EQ(copy.Stop(), 0);
}

}  // namespace
}  // namespace latchkey::test
