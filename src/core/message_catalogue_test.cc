#include "core/message_catalogue.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <regex>
#include <set>

#include "base/json.h"
#include "core/validation.h"

namespace latchkey::core {
namespace {

using std::chrono::days;
using std::chrono::hours;
using testing::Not;

// Sunday 7 March 2027, 10:30 UTC.
constexpr TimePoint kNow =
    std::chrono::sys_days(std::chrono::year(2027) / 3 / 7) + hours(10) + std::chrono::minutes(30);

// Everything a reason may ask for.
MessageArguments Plausible() {
  return MessageArguments()
      .Set("product", "Notes")
      .Set("seller", "Example Software")
      .Set("until", kNow + days(5))
      .Set("expiry", kNow - days(9))
      .Set("since", kNow - hours(3))
      .Set("clock", kNow - days(3000))
      .Set("limit", "users")
      .Set("used", 2)
      .Set("max", 2)
      .Set("group", 3)
      .Set("seconds", 30)
      .Set("device", "Lena’s laptop")
      .Set("feature", "export")
      .Set("host", "licenses.example.com")
      .Set("setting", "authenticationStrategy")
      .Set("detail", "is too long")
      .Set("version", "4.2");
}

std::string ReadText(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  EXPECT_TRUE(file) << path;
  return {std::istreambuf_iterator<char>(file), {}};
}

TEST(Catalogue, HasTheCodesThatWereAgreed) {
  EXPECT_THAT(
      ReasonCodes(),
      testing::UnorderedElementsAre(
          "EXPIRING", "EXPIRED", "SUSPENDED", "BANNED", "REVOKED", "NOT_FOUND", "WRONG_PRODUCT",
          "WRONG_USER", "WRONG_ENVIRONMENT", "ENTITLEMENT_MISSING", "NOT_ACTIVATED", "SEATS_FULL",
          "SEAT_TAKEN_OVER", "LIMIT_EXCEEDED", "USES_EXCEEDED", "CHECK_IN_OVERDUE",
          "HEARTBEAT_LOST", "VERSION_NOT_COVERED", "KEY_TYPO", "SIGN_IN_REQUIRED", "SIGN_IN_FAILED",
          "PERMISSION_MISSING", "SETTING_FORBIDS", "REQUEST_INVALID", "CONFLICT_RETRY",
          "RATE_LIMITED", "SERVER_TROUBLE", "OFFLINE", "CAPTIVE_PORTAL", "PROXY_OR_TLS",
          "GRACE_LOW", "CUT_OFF", "CLOCK_WRONG", "STORE_UNREADABLE", "DEVICE_CHANGED",
          "PROVISIONAL", "TRIAL_ENDING", "TRIAL_ENDED"));
  EXPECT_LE(ReasonCodes().size(), 40u);
  EXPECT_THAT(Locales(), testing::ElementsAre("en", "de"));
}

class EveryReason : public testing::TestWithParam<std::string_view> {};

TEST_P(EveryReason, IsAWholeMessageInEveryLanguageWithAndWithoutArguments) {
  static const std::regex kForbidden(
      "invalid|illegal|tamper|error *#?[0-9]|pirat|ungültig|manipulier|fehler *[0-9]",
      std::regex::icase);
  for (const auto locale : Locales()) {
    for (const bool with_arguments : {true, false}) {
      const auto message =
          Explain(GetParam(), with_arguments ? Plausible() : MessageArguments(), locale, kNow);
      const std::string text = message.title + "\n" + message.body;
      SCOPED_TRACE(text);
      EXPECT_EQ(message.code, GetParam());
      EXPECT_FALSE(message.title.empty());
      EXPECT_FALSE(message.actions.empty());
      for (const auto& action : message.actions) EXPECT_NE(action.label, action.code);
      EXPECT_TRUE(message.body.ends_with(".")) << "a body is made of sentences";
      EXPECT_GE(std::ranges::count_if(message.body, [](char c) { return c == '.' || c == ';'; }), 2)
          << "cause and consequence";
      EXPECT_FALSE(std::regex_search(text, kForbidden));
      EXPECT_THAT(text, Not(testing::ContainsRegex("[{}#]|  | \\.|,,")));
    }
  }
}

TEST_P(EveryReason, ReadsDifferentlyInEveryLanguage) {
  EXPECT_NE(Explain(GetParam(), Plausible(), "en", kNow).body,
            Explain(GetParam(), Plausible(), "de", kNow).body);
}

INSTANTIATE_TEST_SUITE_P(Codes, EveryReason,
                         testing::ValuesIn(ReasonCodes().begin(), ReasonCodes().end()),
                         [](const auto& code) { return std::string(code.param); });

TEST(Catalogue, SaysDatesAndDaysInThePersonsWords) {
  const auto low = MessageArguments().Set("until", kNow + days(5));
  EXPECT_EQ(Explain("GRACE_LOW", low, "en", kNow).body,
            "Your license is fine; we only need to refresh it. One connection before Friday 12 "
            "March (in 5 days) is "
            "enough, and nothing changes.");
  EXPECT_EQ(Explain("GRACE_LOW", low, "de", kNow).title,
            "Verbinden Sie sich vor Freitag, 12. März einmal");
}

TEST(Catalogue, CountsWithPlurals) {
  EXPECT_EQ(
      Explain("SEATS_FULL", MessageArguments().Set("max", 1).Set("used", 1), "en", kNow).title,
      "The only seat is in use");
  EXPECT_EQ(
      Explain("SEATS_FULL", MessageArguments().Set("max", 2).Set("used", 2), "de", kNow).title,
      "Alle 2 Plätze sind belegt");
  EXPECT_EQ(Say("devices.title", MessageArguments().Set("count", 0), "en", kNow),
            "No device uses this license");
  EXPECT_EQ(Say("devices.title", MessageArguments().Set("count", 1), "de", kNow),
            "1 Gerät nutzt diese Lizenz");
}

TEST(Catalogue, AnArgumentOfTheWrongKindCostsOnlyTheDetail) {
  const auto wrong = MessageArguments().Set("expiry", "soon").Set("product", "Notes");
  EXPECT_EQ(Explain("EXPIRED", wrong, "en", kNow).body, Explain("EXPIRED", {}, "en", kNow).body);
}

TEST(Catalogue, AReasonOfANewerServerKeepsItsCodeAndHasANextStep) {
  const auto message = Explain("MOON_PHASE", {}, "de", kNow);
  EXPECT_EQ(message.code, "MOON_PHASE");
  EXPECT_EQ(message.title, "Bitte sehen Sie einmal nach");
  EXPECT_FALSE(message.actions.empty());
}

TEST(Catalogue, AnUnknownSentenceIsItsOwnKey) {
  EXPECT_EQ(Say("no.such.key", {}, "en", kNow), "no.such.key");
  EXPECT_EQ(Say("license.to", {}, "en", kNow), "license.to") << "an argument is missing";
  EXPECT_EQ(Say("license.to", MessageArguments().Set("name", "Lena"), "en", kNow),
            "Licensed to Lena.");
}

TEST(Catalogue, LanguagesAreChosenByQualityThenOrder) {
  EXPECT_EQ(PickLocale("de"), "de");
  EXPECT_EQ(PickLocale("de-CH,de;q=0.9,en;q=0.8"), "de");
  EXPECT_EQ(PickLocale("fr, en;q=0.4, DE;q=0.7"), "de");
  EXPECT_EQ(PickLocale("en;q=0.1, de;q=0"), "en");
  EXPECT_EQ(PickLocale("de;q=banana, en;q=0.1"), "en");
  EXPECT_EQ(PickLocale("de_AT.UTF-8"), "de");
  EXPECT_EQ(PickLocale("C.UTF-8"), "en");
  EXPECT_EQ(PickLocale(""), "en");
  EXPECT_EQ(PickLocale(",,;q=1,"), "en");
}

TEST(WireCodes, EveryValidationCodeHasItsOwnRow) {
  for (const auto code : kNamesOf<ValidationCode>) {
    const auto reason = FindReason(code);
    ASSERT_TRUE(reason) << code;
    if (code == "VALID") continue;
    EXPECT_THAT(ReasonCodes(), testing::Contains(*reason)) << code;
  }
  EXPECT_EQ(ReasonOf("VALID"), "");
}

// Reads the table rows `| 401 | `CODE` / `CODE` | ...` of conventions.md §3.6.
TEST(WireCodes, EveryAuthenticationCodeOfTheSpecHasItsOwnRow) {
  const std::string spec = ReadText("docs/spec/conventions.md");
  const auto start = spec.find("### 3.6 ");
  const std::string section = spec.substr(start, spec.find("\n## ", start) - start);
  static const std::regex kRow("\n\\| 40[13] \\| ([^|]*)\\|"), kCode("`([A-Z_]+)`");
  std::set<std::string> codes;
  for (std::sregex_iterator row(section.begin(), section.end(), kRow), end; row != end; ++row) {
    const std::string cell = (*row)[1];
    for (std::sregex_iterator code(cell.begin(), cell.end(), kCode); code != end; ++code)
      codes.insert((*code)[1]);
  }
  EXPECT_GE(codes.size(), 20u);
  for (const auto& code : codes) {
    const auto reason = FindReason(code);
    ASSERT_TRUE(reason) << code;
    EXPECT_THAT(ReasonCodes(), testing::Contains(*reason)) << code;
  }
}

// Everything in backticks that looks like a code of the error tables must lead to a known reason.
TEST(WireCodes, EveryCodeTheSpecMentionsLeadsToAKnownReason) {
  static const std::regex kCode("`([A-Z][A-Z0-9]*(_[A-Z0-9]+)+)`");
  std::set<std::string> codes;
  for (const char* file :
       {"docs/spec/conventions.md", "docs/spec/licenses.md", "docs/spec/machines.md"}) {
    const std::string spec = ReadText(file);
    for (std::sregex_iterator it(spec.begin(), spec.end(), kCode), end; it != end; ++it)
      codes.insert((*it)[1]);
  }
  EXPECT_GE(codes.size(), 150u);
  for (const auto& code : codes)
    for (const int status :
         {0, 400, 401, 402, 403, 404, 405, 408, 409, 413, 422, 429, 431, 500, 503})
      EXPECT_THAT(ReasonCodes(), testing::Contains(ReasonOf(code, status)))
          << code << " " << status;
}

TEST(WireCodes, EveryDerivedValidationErrorLeadsToAKnownReason) {
  auto vectors = base::ParseJson(ReadText("test/vectors/error-codes.json"));
  ASSERT_TRUE(vectors);
  int count = 0;
  for (const auto& item : vectors->at("cases").as_array()) {
    const auto* code = item.at("expect").as_object().if_contains("code");
    if (!code) continue;  // an error that is dropped, or a list of them
    EXPECT_THAT(ReasonCodes(), testing::Contains(ReasonOf(std::string(code->as_string()), 422)))
        << code->as_string();
    ++count;
  }
  EXPECT_GE(count, 30);
}

struct WireCase {
  const char* code;
  int status;
  const char* reason;
};
class WireCode : public testing::TestWithParam<WireCase> {};
TEST_P(WireCode, HasItsReason) {
  EXPECT_EQ(ReasonOf(GetParam().code, GetParam().status), GetParam().reason);
}
INSTANTIATE_TEST_SUITE_P(
    Table, WireCode,
    testing::Values(WireCase{"MACHINE_LIMIT_EXCEEDED", 422, "SEATS_FULL"},
                    WireCase{"TOO_MANY_MACHINES", 200, "SEATS_FULL"},
                    WireCase{"LICENSE_SUSPENDED", 403, "SUSPENDED"},
                    WireCase{"TOKEN_INVALID", 401, "SIGN_IN_FAILED"},
                    WireCase{"NO_MACHINE", 200, "NOT_ACTIVATED"},
                    WireCase{"USES_LIMIT_EXCEEDED", 422, "USES_EXCEEDED"},
                    WireCase{"MACHINE_CORE_LIMIT_EXCEEDED", 422, "LIMIT_EXCEEDED"},
                    WireCase{"TAKEOVER_LIMIT_EXCEEDED", 422, "LIMIT_EXCEEDED"},
                    WireCase{"NAME_TOO_LONG", 422, "REQUEST_INVALID"},
                    WireCase{"", 400, "REQUEST_INVALID"}, WireCase{"", 403, "PERMISSION_MISSING"},
                    WireCase{"", 404, "NOT_FOUND"}, WireCase{"", 409, "CONFLICT_RETRY"},
                    WireCase{"", 429, "RATE_LIMITED"}, WireCase{"", 500, "SERVER_TROUBLE"},
                    WireCase{"NOT_FOUND", 503, "SERVER_TROUBLE"},
                    WireCase{"BODY_TOO_LARGE", 413, "REQUEST_INVALID"},
                    WireCase{"SOMETHING_NEW", 0, "REQUEST_INVALID"}));

}  // namespace
}  // namespace latchkey::core
