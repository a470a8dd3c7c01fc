#include "latchkey/settings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <set>
#include <sstream>

#include "latchkey/test_support.h"

namespace latchkey::app {
namespace {

using testing::HasSubstr;

std::function<std::optional<std::string>(const std::string&)> Environment(
    std::map<std::string, std::string> variables) {
  return [variables](const std::string& name) -> std::optional<std::string> {
    const auto found = variables.find(name);
    if (found == variables.end()) return std::nullopt;
    return found->second;
  };
}

TEST(Settings, EveryDefaultIsAGoodValue) {
  const auto configuration = ParseConfiguration("", "latchkey.toml");
  ASSERT_TRUE(configuration) << configuration.error().detail;
  EXPECT_EQ(configuration->listen, (Endpoint{"127.0.0.1", 8090}));
  EXPECT_EQ(configuration->admin_listen, (Endpoint{"127.0.0.1", 8091}));
  EXPECT_TRUE(configuration->legacy_schemes);
  EXPECT_EQ(configuration->body_bytes, 1048576);
}

TEST(Settings, NamesFlagsAndVariablesAreUnique) {
  std::set<std::string> seen;
  for (const Setting& setting : AllSettings()) {
    EXPECT_TRUE(seen.insert(setting.Name()).second) << setting.Name();
    EXPECT_TRUE(seen.insert(setting.Flag()).second) << setting.Flag();
    EXPECT_TRUE(seen.insert(setting.Environment()).second) << setting.Environment();
    EXPECT_TRUE(setting.help.ends_with('.')) << setting.Name();
  }
}

TEST(Settings, AFlagBeatsAVariableBeatsTheFileBeatsTheDefault) {
  const TestDirectory directory;
  const std::string file = directory.Write("latchkey.toml",
                                           "[server]\nlisten = \"127.0.0.1:1\"\n"
                                           "[store]\nreaders = 3\n"
                                           "[log]\nformat = \"json\"\n");
  const auto environment =
      Environment({{"LATCHKEY_SERVER_LISTEN", "127.0.0.1:2"}, {"LATCHKEY_STORE_READERS", "4"}});
  const auto all = LoadConfiguration({{{"server.listen", "127.0.0.1:3"}}, environment, file});
  ASSERT_TRUE(all) << all.error().detail;
  EXPECT_EQ(all->listen.port, 3);
  EXPECT_EQ(all->readers, 4);
  EXPECT_EQ(all->log_format, LogFormat::kJson);
  EXPECT_EQ(all->log_level, LogLevel::kInfo);
  EXPECT_EQ(all->file, file);
}

TEST(Settings, TheFileMayBeNamedByAVariable) {
  const TestDirectory directory;
  const std::string file = directory.Write("other.toml", "legacy_schemes = false\n");
  const auto configuration = LoadConfiguration({{}, Environment({{"LATCHKEY_CONFIG", file}}), ""});
  ASSERT_TRUE(configuration) << configuration.error().detail;
  EXPECT_FALSE(configuration->legacy_schemes);
}

TEST(Settings, AMissingFileThatWasNamedIsRefused) {
  const auto configuration = LoadConfiguration({{}, Environment({}), "/nowhere/latchkey.toml"});
  ASSERT_FALSE(configuration);
  EXPECT_THAT(configuration.error().detail, HasSubstr("/nowhere/latchkey.toml"));
}

struct BadFile {
  std::string name;
  std::string text;
  std::string says;
};
class BadFileTest : public testing::TestWithParam<BadFile> {};

TEST_P(BadFileTest, IsRefusedWithItsLineAndWhatToDo) {
  const auto configuration = ParseConfiguration(GetParam().text, "latchkey.toml");
  ASSERT_FALSE(configuration);
  EXPECT_EQ(configuration.error().code, Errc::kConfigInvalid);
  EXPECT_THAT(configuration.error().detail, HasSubstr(GetParam().says));
}

INSTANTIATE_TEST_SUITE_P(
    Files, BadFileTest,
    testing::Values(
        BadFile{"NotToml", "[server\n", "latchkey.toml line 1"},
        BadFile{"UnknownKey", "[server]\nlistem = \"127.0.0.1:1\"\n",
                "latchkey.toml line 2: there is no setting `server.listem`; did you mean "
                "`server.listen`?"},
        BadFile{"UnknownKeyAtTop", "legacy_scheme = true\n", "did you mean `legacy_schemes`?"},
        BadFile{"UnknownSection", "[servr]\nlisten = \"127.0.0.1:1\"\n",
                "there is no section [servr]; did you mean [server]?"},
        BadFile{"NumberInQuotes", "[store]\nreaders = \"3\"\n",
                "latchkey.toml line 2: store.readers must be a number without quotes"},
        BadFile{"TextWithoutQuotes", "[log]\nformat = 1\n", "must be text in quotes"},
        BadFile{"FlagInQuotes", "legacy_schemes = \"no\"\n", "must be true or false"},
        BadFile{"ListIsText", "[server]\ntrusted_proxies = \"10.0.0.1\"\n",
                "must be a list of texts"},
        BadFile{"ListOfNumbers", "[server]\ntrusted_proxies = [1]\n", "must be text in quotes"},
        BadFile{"NotAProxy", "[server]\ntrusted_proxies = [\"nginx\"]\n", "server.trusted_proxies"},
        BadFile{"NotAnAddress", "[server]\nlisten = \"8090\"\n",
                "latchkey.toml line 2: server.listen must be a numeric address and a port"},
        BadFile{"PortTooLarge", "[server]\nlisten = \"127.0.0.1:70000\"\n", "a numeric address"},
        BadFile{"IPv6WithoutBrackets", "[server]\nlisten = \"::1:8090\"\n", "[::1]:8090"},
        BadFile{"AdminBeyondLoopback", "[server]\nadmin_listen = \"0.0.0.0:8091\"\n",
                "must be a loopback address"},
        BadFile{"NotAChoice", "[log]\nformat = \"xml\"\n", "must be one of: text, json"},
        BadFile{"CertificateWithoutKey", "[tls]\ncertificate = \"/x\"\n", "belong together"},
        BadFile{"RedirectWithoutCertificate", "[tls]\nredirect_port = 80\n", "needs"},
        BadFile{"Negative", "[store]\nreaders = -1\n", "zero or more"},
        BadFile{"NoReaders", "[store]\nreaders = 0\n", "between 1 and 256"},
        BadFile{"NoTime", "[limits]\nhead_seconds = 0\n", "limits.head_seconds"},
        BadFile{"Twice", "[log]\nlevel = \"info\"\nlevel = \"warn\"\n", "line 3"}),
    [](const auto& test) { return test.param.name; });

TEST(Settings, LettersBeyondAsciiAreWrittenAsEscapes) {
  const auto refused = ParseConfiguration("# k\xc3\xb6nnen\n[\xef\xbb\x8d]\n", "latchkey.toml");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().detail,
            "latchkey.toml line 2: write letters beyond ASCII as escapes between double quotes, "
            "like \"M\\u00fcller\"");
  const auto read =
      ParseConfiguration("  # \xc3\xbc\n[store]\ndata = \"/var/M\\u00fcller\"\n", "x");
  ASSERT_TRUE(read) << read.error().detail;
  EXPECT_EQ(read->data, "/var/M\xc3\xbcller");
}

TEST(Settings, ABadFlagIsNamed) {
  const auto configuration =
      LoadConfiguration({{{"server.threads", "many"}}, Environment({}), "/dev/null"});
  ASSERT_FALSE(configuration);
  EXPECT_THAT(configuration.error().detail, HasSubstr("--threads must be a whole number"));
}

TEST(Settings, ABadVariableIsNamed) {
  const auto configuration =
      LoadConfiguration({{}, Environment({{"LATCHKEY_LOG_LEVEL", "loud"}}), "/dev/null"});
  ASSERT_FALSE(configuration);
  EXPECT_THAT(configuration.error().detail, HasSubstr("LATCHKEY_LOG_LEVEL must be one of"));
}

TEST(Settings, TheirPageIsTheOneOfTheTable) {
  std::ifstream in("docs/settings.md");
  std::stringstream page;
  page << in.rdbuf();
  EXPECT_EQ(page.str(), SettingsMarkdown())
      << "write it again: latchkey settings --markdown > docs/settings.md";
}

TEST(Endpoints, AreReadAndWrittenBack) {
  for (const std::string text : {"127.0.0.1:8090", "[::1]:443", "0.0.0.0:0"}) {
    const auto endpoint = Endpoint::Parse(text);
    ASSERT_TRUE(endpoint) << text;
    EXPECT_EQ(endpoint->ToString(), text);
  }
  EXPECT_EQ(Endpoint::Parse("localhost:1")->address, "127.0.0.1");
  for (const std::string text : {"", ":", "127.0.0.1", "127.0.0.1:", "host:1", "127.0.0.1:1x"})
    EXPECT_FALSE(Endpoint::Parse(text)) << text;
}

}  // namespace
}  // namespace latchkey::app
