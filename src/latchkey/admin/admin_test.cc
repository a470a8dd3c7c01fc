// The admin client as a person meets it: the whole program in this process, against a real server.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <iostream>

#include "core/naming.h"
#include "latchkey/admin/command_words.h"
#include "latchkey/admin/refusal.h"
#include "latchkey/admin/table.h"
#include "latchkey/command_line.h"
#include "latchkey/credentials.h"
#include "latchkey/running_server.h"
#include "latchkey/terminal.h"
#include "latchkey/test_support.h"

namespace latchkey::app {
namespace {

using testing::AllOf;
using testing::ContainsRegex;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

struct Said {
  int status = 0;
  std::string out, err;
};

Said Latchkey(std::vector<std::string> words) {
  words.insert(words.begin(), "latchkey");
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  Said said;
  said.status = Main(static_cast<int>(arguments.size()), arguments.data());
  std::cout.flush();
  said.out = testing::internal::GetCapturedStdout();
  said.err = testing::internal::GetCapturedStderr();
  while (said.out.ends_with('\n')) said.out.pop_back();
  return said;
}

class AdminTest : public testing::Test {
 protected:
  void SetUp() override {
    for (const char* name : {"LATCHKEY_SERVER", "LATCHKEY_ACCOUNT", "LATCHKEY_TOKEN", "LC_ALL",
                             "LC_MESSAGES", "LANG", "LATCHKEY_CREDENTIALS"})
      unsetenv(name);
    configuration_ = ConfigurationIn(directory_);
    created_ = MakeInstallation(configuration_);
    auto server = RunningServer::Start(configuration_, false);
    ASSERT_TRUE(server) << server.error().detail;
    server_ = std::move(*server);
    Credentials credentials;
    credentials.server = server_->Url();
    credentials.account = created_.account_id.ToString();
    credentials.token = Secret(created_.admin_token);
    credentials_ = directory_ / "credentials.toml";
    ASSERT_TRUE(WriteCredentials(credentials_, credentials));
    setenv("LATCHKEY_CREDENTIALS", credentials_.c_str(), 1);
  }
  void TearDown() override { unsetenv("LATCHKEY_CREDENTIALS"); }

  // Runs, and wants it to work; what it printed.
  static std::string Make(const std::vector<std::string>& words) {
    const Said said = Latchkey(words);
    EXPECT_EQ(said.status, kOk) << said.err;
    return said.out;
  }

  TestDirectory directory_;
  Configuration configuration_;
  service::CreatedAccount created_;
  std::unique_ptr<RunningServer> server_;
  std::string credentials_;
};

TEST_F(AdminTest, EveryVerbOfTheStoryWorks) {
  const auto product = Make({"products", "create", "--name", "Notes", "--print", "id"});
  const auto policy = Make({"policies", "create", "--product", product, "--name", "Two",
                            "--max-machines", "2", "--floating", "--strict", "--print", "id"});
  const auto license =
      Make({"licenses", "create", "--policy", policy, "--name", "Lena", "--print", "id"});
  const auto key = Make({"licenses", "show", license, "--print", "key"});
  const auto add = [&](const std::string& fingerprint) {
    return Make({"machines", "create", "--license", license, "--fingerprint", fingerprint,
                 "--print", "id"});
  };
  const auto first = add("aaaa");
  add("bbbb");
  EXPECT_THAT(Make({"machines", "list"}), AllOf(HasSubstr("aaaa"), HasSubstr("bbbb")));
  EXPECT_THAT(Make({"machines", "list", "--all", "--license", license}), HasSubstr("fingerprint"));
  EXPECT_THAT(Make({"products", "show", product}), HasSubstr("Notes"));
  EXPECT_THAT(Make({"products", "update", product, "--name", "Notes 2"}),
              AllOf(StartsWith("Product updated."), HasSubstr("Notes 2")));
  const auto takeover = Latchkey({"machines", "takeover", "--license", license, "--fingerprint",
                                  "cccc", "--release", "idlest", "--json"});
  ASSERT_EQ(takeover.status, kOk) << takeover.err;
  const auto document = base::ParseJson(takeover.out);
  ASSERT_TRUE(document);
  const std::string undo(document->at("meta").at("takeover").at("id").as_string());
  Make({"machines", "undo-takeover", undo});
  EXPECT_THAT(Make({"licenses", "suspend", key}), StartsWith("License suspended."));
  EXPECT_THAT(Make({"whoami"}), HasSubstr("ops@example.com"));
  EXPECT_EQ(Latchkey({"validate-key", key}).status, kNotValid);
  Make({"licenses", "reinstate", key});
  EXPECT_EQ(Latchkey({"licenses", "validate", key, "--fingerprint", "aaaa"}).status, kOk);
  const std::string file = directory_ / "license.lic";
  Make({"licenses", "check-out", key, "--ttl", "30d", "--output", file});
  EXPECT_TRUE(std::filesystem::exists(file));
  EXPECT_THAT(Make({"tokens", "create", "--license", key}), HasSubstr("shown this once"));
  const auto feature =
      Make({"entitlements", "create", "--name", "PDF", "--code", "pdf", "--print", "id"});
  Make({"licenses", "attach", key, feature});
  const Said wrong = Latchkey({"licenses", "attach", key, "pdf"});
  EXPECT_THAT(wrong.err, HasSubstr("1. Correct the command: `latchkey licenses attach --help`"));
  Make({"machines", "delete", first});
  Make({"licenses", "revoke", key});
}

TEST_F(AdminTest, ARefusalHasATitleABodyAndNumberedSteps) {
  const Said said = Latchkey({"products", "show", "missing"});
  EXPECT_EQ(said.status, kFailed);
  EXPECT_THAT(said.err,
              AllOf(StartsWith("latchkey: Nothing found under that name\n"),
                    HasSubstr("signed in to the right account"), HasSubstr("(NOT_FOUND)"),
                    HasSubstr("\nWhat you can do:\n  1. Check the id"), HasSubstr("\n  2. "),
                    ContainsRegex("Reason NOT_FOUND, .*request [0-9a-f]{8}-")));
}

TEST_F(AdminTest, ARefusedFlagIsNamedWithItsHelp) {
  const auto product = Make({"products", "create", "--name", "Notes", "--print", "id"});
  const Said said =
      Latchkey({"policies", "create", "--product", product, "--name", "x", "--max-machines", "0"});
  EXPECT_EQ(said.status, kFailed);
  EXPECT_THAT(said.err,
              AllOf(HasSubstr("\n  --max-machines "),
                    HasSubstr("\n  1. Correct --max-machines: `latchkey policies create --help`"),
                    Not(HasSubstr("an update of the application"))));
}

TEST_F(AdminTest, ARefusalSpeaksTheLanguageOfTheTerminal) {
  setenv("LC_ALL", "de_AT.UTF-8", 1);
  const Said said = Latchkey({"products", "list", "--token", "admin-nonsense"});
  unsetenv("LC_ALL");
  EXPECT_EQ(said.status, kFailed);
  EXPECT_THAT(said.err, AllOf(HasSubstr("Was Sie tun können:\n  1. Prüfen Sie"),
                              HasSubstr("Grund SIGN_IN_FAILED")));
}

TEST_F(AdminTest, AWrongAccountSaysWhatToCheck) {
  const Said said = Latchkey({"products", "list", "--account", "nobody"});
  EXPECT_EQ(said.status, kFailed);
  EXPECT_THAT(said.err, AllOf(HasSubstr("What you can do:\n  1. "), HasSubstr("--account")));
}

TEST_F(AdminTest, WithJsonTheRefusalIsTheDocument) {
  const Said said = Latchkey({"products", "show", "missing", "--json"});
  EXPECT_EQ(said.status, kFailed);
  EXPECT_EQ(said.err, "");
  const auto document = base::ParseJson(said.out);
  ASSERT_TRUE(document);
  EXPECT_EQ(document->at("meta").at("reason").at("code").as_string(), "NOT_FOUND");
}

struct OwnCase {
  std::string name;
  std::vector<std::string> words;
  int status;
  std::string says;  // its next step
};
class OwnRefusalTest : public AdminTest, public testing::WithParamInterface<OwnCase> {};
TEST_P(OwnRefusalTest, EndsWithANextStep) {
  std::vector<std::string> words = GetParam().words;
  for (std::string& word : words)
    if (word.starts_with("@")) word = directory_.Write(word.substr(1), "server = [\n");
  if (std::filesystem::exists(directory_ / "broken")) chmod((directory_ / "broken").c_str(), 0600);
  const Said said = Latchkey(words);
  EXPECT_EQ(said.status, GetParam().status) << said.err;
  EXPECT_THAT(said.err, AllOf(StartsWith("latchkey: "), HasSubstr(GetParam().says)));
}
INSTANTIATE_TEST_SUITE_P(
    Cases, OwnRefusalTest,
    testing::Values(
        OwnCase{"NoServer",
                {"whoami", "--server", "http://127.0.0.1:1"},
                kFailed,
                "start it with `latchkey serve`"},
        OwnCase{"UnencryptedServer",
                {"whoami", "--server", "http://example.com"},
                kUsage,
                "use an https:// address"},
        OwnCase{"NoCredentials",
                {"whoami", "--credentials", "/nowhere/credentials.toml"},
                kFailed,
                "`latchkey init` makes them"},
        OwnCase{
            "CredentialsOthersRead", {"whoami", "--credentials", "@open"}, kUsage, "`chmod 600 "},
        OwnCase{"BrokenCredentials",
                {"whoami", "--credentials", "@broken"},
                kUsage,
                "correct it, or set LATCHKEY_SERVER"},
        OwnCase{"BadNumber",
                {"policies", "create", "--product", "p", "--name", "n", "--max-machines", "two"},
                kUsage,
                "`latchkey policies create --help`"},
        OwnCase{"BadSpan",
                {"licenses", "check-out", "x", "--ttl", "30y"},
                kUsage,
                "`latchkey licenses check-out --help`"},
        OwnCase{"BadFilter",
                {"products", "list", "--where", "name"},
                kUsage,
                "`latchkey products list --help`"},
        OwnCase{"UnknownFlag",
                {"products", "create", "--nmae", "x"},
                kUsage,
                "`--help` after a command"},
        OwnCase{"MissingFlag", {"products", "create"}, kUsage, "`--help` after a command"},
        OwnCase{"UnknownVerb", {"products", "creat"}, kUsage, "did you mean create?"},
        OwnCase{"UnknownNoun", {"licences", "list"}, kUsage, "did you mean licenses?"}),
    [](const auto& row) { return row.param.name; });

TEST_F(AdminTest, WithoutAnyTokenItSaysHowToGetOne) {
  Credentials nobody;
  nobody.server = server_->Url();
  const std::string file = directory_ / "nobody.toml";
  ASSERT_TRUE(WriteCredentials(file, nobody));
  EXPECT_THAT(Latchkey({"whoami", "--credentials", file}).err,
              HasSubstr("run `latchkey init`, or set LATCHKEY_TOKEN"));
}

TEST_F(AdminTest, WhatIsNotOurServerIsSaid) {
  const auto other = http::Server::Start(
      {},
      [](http::Request, http::Responder respond) {
        respond({.status = 200, .headers = {}, .body = "<html>"});
      },
      api::Application::Refusal);
  ASSERT_TRUE(other);
  const Said said =
      Latchkey({"whoami", "--server", "http://127.0.0.1:" + std::to_string((*other)->port())});
  EXPECT_THAT(said.err, AllOf(HasSubstr("is not a Latchkey server"), HasSubstr("--server URL")));
}

TEST_F(AdminTest, AFileThatCannotBeWrittenSaysWhatElseToDo) {
  const auto product = Make({"products", "create", "--name", "Notes", "--print", "id"});
  const auto policy =
      Make({"policies", "create", "--product", product, "--name", "P", "--print", "id"});
  const auto license = Make({"licenses", "create", "--policy", policy, "--print", "id"});
  EXPECT_THAT(Latchkey({"licenses", "check-out", license, "--output", "/nowhere/file"}).err,
              HasSubstr("name another place with --output"));
}

TEST(Refusals, OfAServerWithoutReasonsAreExplainedHere) {
  ApiAnswer answer{.status = 422, .body = "", .document = nullptr};
  answer.document =
      base::ParseJson(
          R"({"errors":[{"title":"x","detail":"machine count has exceeded maximum\u001b[0m",
      "code":"MACHINE_LIMIT_EXCEEDED","source":{"pointer":"/data"}}]})")
          .value();
  const Refusal refusal =
      RefusalOf(answer, {"latchkey machines create", true, "en"}, base::SystemNow());
  EXPECT_EQ(refusal.title, "All seats are in use");
  EXPECT_THAT(refusal.steps.front(), HasSubstr("`latchkey machines takeover`"));
  EXPECT_EQ(refusal.facts.front(),
            "machine count has exceeded maximum [0m (MACHINE_LIMIT_EXCEEDED)");
}

TEST(Refusals, ActionsOfALaterServerKeepTheirLabel) {
  ApiAnswer answer{.status = 403, .body = "", .document = nullptr};
  answer.document = base::ParseJson(R"({"meta":{"reason":{"code":"NEW_ONE","title":"T","body":"B",
      "actions":[{"code":"dance","label":"Dance a little"}]}}})")
                        .value();
  const Refusal refusal = RefusalOf(answer, {"latchkey x", false, "en"}, base::SystemNow());
  EXPECT_EQ(refusal.title, "T");
  EXPECT_THAT(refusal.steps, testing::ElementsAre("Dance a little"));
}

TEST(CommandWords, AreThereInEveryLanguage) {
  core::MessageArguments arguments;
  arguments.Set("article", "x").Set("command", "latchkey x");
  const auto& english = AllCommandWords().front();
  EXPECT_EQ(english.locale, "en");
  EXPECT_GE(english.words.size(), 13U);
  for (const CommandWords& locale : AllCommandWords())
    for (const CommandWord& word : english.words) {
      const std::string said = SayCommand(word.key, arguments, locale.locale);
      EXPECT_NE(said, word.key) << locale.locale;
    }
  EXPECT_EQ(SayCommand("cli.unheard", arguments, "en"), "cli.unheard");
}

TEST(Tables, EveryVerbIsThereOnceAndSaysWhatItDoes) {
  for (const Noun* noun : Nouns()) {
    std::vector<std::string_view> verbs = {"create", "list", "show", "update", "delete"};
    EXPECT_FALSE(noun->help.empty()) << noun->name;
    EXPECT_EQ(noun->name, noun->resource().type);
    for (const Action& action : noun->actions) {
      EXPECT_THAT(verbs, Not(testing::Contains(action.verb))) << noun->name;
      verbs.push_back(action.verb);
      EXPECT_FALSE(action.help.empty()) << action.verb;
    }
    for (const std::string_view column : noun->columns) {
      bool known = column == "id" || column == "created";
      for (const auto& attribute : noun->resource().attributes)
        known = known || core::ToCamel(attribute.name) == column;
      EXPECT_TRUE(known) << noun->name << " " << column;
    }
  }
}

TEST(Tables, TheManualKnowsEveryCommand) {
  std::ifstream file("packaging/man/latchkey.1");
  const std::string page{std::istreambuf_iterator<char>(file), {}};
  ASSERT_FALSE(page.empty()) << "run from the source directory";
  for (const Noun* noun : Nouns()) EXPECT_THAT(page, HasSubstr(std::string(noun->name)));
  EXPECT_THAT(page, AllOf(HasSubstr("whoami"), HasSubstr("validate\\-key")));
}

}  // namespace
}  // namespace latchkey::app
