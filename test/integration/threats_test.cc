// Rows of the threat model and complaints of ux.md that only the whole program can prove.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "base/random.h"
#include "test/integration/installation.h"

namespace latchkey::test {
namespace {

using namespace std::chrono_literals;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class Threats : public ::testing::Test {
 protected:
  // A key of ours: five groups of six hex digits.
  static std::string Guess() {
    const std::string digits = base::Hex(base::SystemRandom().Take(15));
    std::string key;
    for (std::size_t i = 0; i < digits.size(); i += 6) {
      for (const char c : digits.substr(i, 6))
        key += c >= 'a' && c <= 'f' ? static_cast<char>(c - 'a' + 'A') : c;
      key += '-';
    }
    return key + "V3";
  }
  // Exit status and words of the sample application on a device of its own.
  ChildRun Notes(std::vector<std::string> arguments) {
    ChildOptions options;
    options.command = {LATCHKEY_NOTES};
    options.command.insert(options.command.end(), arguments.begin(), arguments.end());
    options.environment = notes_;
    options.environment["PATH"] = "/usr/bin:/bin";
    options.environment["HOME"] = installation_.folder() / "device";
    options.environment["ASAN_OPTIONS"] = "verify_asan_link_order=0";
    return RunChild(options);
  }

  Installation installation_;
  std::map<std::string, std::string> notes_;
};

TEST_F(Threats, TM_01_GuessedKeysAreNeverFoundAndTheRightOneStillIs) {
  const auto server = installation_.Serve();
  const std::string policy = server->AddPolicy(server->AddProduct(), {});
  const json::value license = server->AddLicense(policy);
  const std::string key(license.at("attributes").at("key").as_string());
  std::set<std::string> issued{key};
  for (int i = 0; i < 200; ++i)
    issued.insert(std::string(server->AddLicense(policy).at("attributes").at("key").as_string()));
  EXPECT_EQ(issued.size(), 201U) << "keys repeat";
  // Close to a key is as far as anywhere.
  for (std::size_t at = 0; at < key.size(); ++at) {
    std::string near = key;
    near[at] = near[at] == '0' ? '1' : '0';
    if (near == key) continue;
    EXPECT_EQ(server->Verdict(near), "NOT_FOUND") << at;
  }
  // Misses have a budget; a good key from the same address is not in it.
  int refused = 0;
  for (int i = 0; i < 2000; ++i) {
    const Reply reply =
        server->Send("POST", "/licenses/actions/validate-key", {},
                     json::value(json::object{{"meta", json::object{{"key", Guess()}}}}));
    if (reply.status == 429) {
      ++refused;
      continue;
    }
    ASSERT_EQ(reply.status, 200) << reply.body;
    ASSERT_EQ(reply.Json().at("meta").at("code"), "NOT_FOUND");
  }
  EXPECT_GT(refused, 1500);
  EXPECT_EQ(server->Verdict(key), "VALID");
}

TEST_F(Threats, TM_33_AStolenTokenIsDeadTheMomentItIsRevokedOrReplaced) {
  const auto server = installation_.Serve();
  const auto make = [&] {
    const Reply made = server->Post("/tokens", Document("tokens", {{"name", "CI"}}));
    EXPECT_EQ(made.status, 201) << made.body;
    return made.Data();
  };
  const auto uses = [&](const json::value& token) {
    HttpConnection thief(server->port());
    const auto reply = thief.Exchange(
        "GET", "/v1/me", AsToken(std::string(token.at("attributes").at("token").as_string())), "");
    return reply ? reply->status : 0;
  };
  const json::value revoked = make(), replaced = make();
  EXPECT_EQ(uses(revoked), 200);
  EXPECT_EQ(server->Delete("/tokens/" + std::string(revoked.at("id").as_string())).status, 204);
  EXPECT_EQ(uses(revoked), 401);
  EXPECT_EQ(uses(replaced), 200);
  const Reply fresh = server->Send("PUT", "/tokens/" + std::string(replaced.at("id").as_string()),
                                   AsToken(installation_.admin_token()));
  ASSERT_EQ(fresh.status, 200) << fresh.body;
  EXPECT_EQ(uses(replaced), 401);
  EXPECT_EQ(uses(fresh.Data()), 200);
}

TEST_F(Threats, TM_76_ACrashedAppGivesItsSeatBackWithin75SecondsAndResumesItAtOnce) {
  MovableClock clock(installation_.folder());
  ChildOptions serve = installation_.ServeCommand();
  clock.ApplyTo(serve);
  const auto server = installation_.Serve(serve);
  const auto run = [&](const std::string& job) {
    ChildOptions command =
        installation_.Command({"jobs", "run", job, "--data", installation_.data()});
    clock.ApplyTo(command);
    const ChildRun ran = RunChild(command);
    EXPECT_EQ(ran.status, 0) << ran.errors;
  };
  const std::string policy =
      server->AddPolicy(server->AddProduct(), {{"floating", true},
                                               {"maxMachines", 2},
                                               {"requireHeartbeat", true},
                                               {"heartbeatDuration", 60},
                                               {"heartbeatCullStrategy", "DEACTIVATE_DEAD"}});
  const std::string license(server->AddLicense(policy).at("id").as_string());
  const std::string alive = server->AddMachine(license, "alive").Id();
  const std::string crashed = server->AddMachine(license, "crashed").Id();
  const auto ping = [&](const std::string& machine) {
    return server->Post("/machines/" + machine + "/actions/ping", json::object()).status;
  };
  ASSERT_EQ(ping(alive), 200);
  ASSERT_EQ(ping(crashed), 200);
  EXPECT_EQ(server->AddMachine(license, "waiting").status, 422);
  // The crashed one comes back before its time: same seat, no second one.
  EXPECT_EQ(server->AddMachine(license, "crashed").status, 422) << "its seat is its own";
  EXPECT_EQ(ping(crashed), 200);
  EXPECT_EQ(server->List("/machines").size(), 2U);
  // It does not come back.
  for (const auto at : {20s, 40s, 60s, 75s}) {
    clock.SetShift(at);
    run("stamp");
    ASSERT_EQ(ping(alive), 200);
    run("cull");
  }
  EXPECT_EQ(server->AddMachine(license, "waiting").status, 201);
  const auto machines = server->List("/machines");
  EXPECT_EQ(machines.size(), 2U);
  for (const json::value& machine : machines) EXPECT_NE(machine.at("id"), json::value(crashed));
}

TEST_F(Threats, TM_18_Complaint_13_AProxyThatLooksIntoTlsBreaksNothing) {
  const auto certificate = [&](const std::string& name, const std::string& more) {
    const std::string path = installation_.folder() / name;
    return RunProgram(
               "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes "
               "-days 2 -subj /CN=" +
               name + " " + more + " -keyout " + path + ".key -out " + path + ".pem 2>/dev/null")
        .status;
  };
  ASSERT_EQ(certificate("server", "-addext subjectAltName=DNS:localhost"), 0);
  ASSERT_EQ(certificate("company", "-addext subjectAltName=DNS:licenses.example.test"), 0);
  const auto path = [&](const std::string& name) { return installation_.folder() / name; };
  Server server(installation_.ServeCommand(
                    {"--tls-certificate", path("server.pem"), "--tls-key", path("server.key")}),
                installation_.admin_token());
  // The records are made by the admin client, through TLS as well.
  const auto admin = [&](std::vector<std::string> words) {
    ChildOptions command = installation_.Command(std::move(words));
    command.environment["LATCHKEY_SERVER"] = "https://localhost:" + std::to_string(server.port());
    command.command.insert(command.command.end(), {"--ca-file", path("server.pem")});
    ChildRun run = RunChild(command);
    EXPECT_EQ(run.status, 0) << run.errors;
    while (run.output.ends_with('\n')) run.output.pop_back();
    return run.output;
  };
  const std::string product = admin({"products", "create", "--name", "Notes", "--print", "id"});
  const std::string policy =
      admin({"policies", "create", "--product", product, "--name", "One", "--max-machines", "1",
             "--strict", "--authentication-strategy", "mixed", "--print", "id"});
  const std::string key = admin({"licenses", "create", "--policy", policy, "--print", "key"});

  ChildOptions command;
  command.command = {LATCHKEY_PYTHON, LATCHKEY_INSPECTING_PROXY, path("company.pem"),
                     path("company.key"), std::to_string(server.port())};
  ChildProcess proxy(command);
  ASSERT_TRUE(proxy.WaitForOutput("\n")) << proxy.errors();
  const std::string port = proxy.output().substr(10, proxy.output().find('\n') - 10);
  notes_ = {{"NOTES_SERVER", "https://licenses.example.test"},
            {"NOTES_PUBLIC_KEY", installation_.public_key()},
            {"NOTES_PRODUCT", product},
            {"NOTES_DEVICE_NAME", "laptop"},
            {"https_proxy", "http://127.0.0.1:" + port},
            {"NOTES_CA_FILE", path("company.pem")}};

  const ChildRun activated = Notes({"activate", key});
  EXPECT_EQ(activated.status, 0) << activated.errors;
  EXPECT_THAT(activated.output, HasSubstr("Activated"));
  EXPECT_THAT(proxy.output(),
              AllOf(HasSubstr("CONNECT licenses.example.test:443"), HasSubstr("saw POST /v1/")))
      << "it has read everything, and it did not matter";
  EXPECT_EQ(Notes({"refresh"}).status, 0);
  EXPECT_EQ(Notes({"add", "Through the proxy"}).status, 0);

  // One whose authority this computer does not have: nothing is lost, and the words are right.
  notes_.erase("NOTES_CA_FILE");
  const ChildRun stopped = Notes({"refresh"});
  EXPECT_EQ(stopped.status, 0) << "a soft state";
  EXPECT_THAT(stopped.output, HasSubstr("The secure connection was stopped"));
  EXPECT_THAT(stopped.output + stopped.errors, Not(HasSubstr("invalid")));
  ASSERT_TRUE(proxy.WaitForOutput("not trusted"));
  EXPECT_EQ(Notes({"add", "Without a connection"}).status, 0);
  proxy.Kill();
  EXPECT_EQ(server.Stop(), 0);
}

}  // namespace
}  // namespace latchkey::test
