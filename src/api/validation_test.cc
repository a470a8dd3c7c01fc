// Validation over the wire (licenses.md §9), from the store and from the read model.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "api/test_server.h"

namespace latchkey::api {
namespace {

using ::testing::ElementsAre;
using ::testing::UnorderedElementsAre;

std::string Text(const json::value& value) { return std::string(value.as_string()); }
json::value Time(TimePoint time) { return json::value(base::FormatTime(time)); }

std::vector<std::string> NamesOf(const json::value& object) {
  std::vector<std::string> names;
  for (const auto& member : object.as_object()) names.emplace_back(member.key());
  return names;
}

class Validations : public ::testing::Test {
 protected:
  TestServer server_;
  std::string product_ = server_.AddProduct();

  // A license under a policy of its own.
  struct Made {
    std::string policy, id, key;
  };
  Made Make(json::object policy = {}, json::object license = {}) {
    Made made;
    made.policy = server_.AddPolicy(product_, std::move(policy));
    const Answer answer = server_.AddLicense(made.policy, std::move(license));
    made.id = answer.Id();
    made.key = Text(answer.Attribute("key"));
    return made;
  }
  Answer ByKey(const Made& made, json::object meta = {}, const TestServer::Headers& headers = {}) {
    meta["key"] = made.key;
    return server_.Send("POST", "/licenses/actions/validate-key", headers,
                        json::value(json::object{{"meta", std::move(meta)}}));
  }
  Answer ById(const Made& made, json::object meta = {}) {
    return server_.Post("/licenses/" + made.id + "/actions/validate",
                        json::object{{"meta", std::move(meta)}});
  }
  Answer Quick(const Made& made) {
    return server_.Get("/licenses/" + made.id + "/actions/validate");
  }
  // Twice, so that the next question may be answered from the read model.
  void Warm(const Made& made) {
    ByKey(made);
    ByKey(made);
    server_.touches().Flush();
  }
  std::uint64_t WarmAnswers() { return server_.application().statistics().warm.load(); }
  static std::string CodeOf(const Answer& answer) {
    return Text(answer.Json().at("meta").at("code"));
  }
};

TEST_F(Validations, TheAnswerIsTheLicenseAndTheVerdict) {
  const Made made = Make();
  const Answer answer = ByKey(made);
  ASSERT_EQ(answer.status, 200) << answer.body;
  EXPECT_THAT(NamesOf(answer.Json()), ElementsAre("data", "meta"));
  EXPECT_THAT(NamesOf(answer.Json().at("meta")), ElementsAre("ts", "valid", "detail", "code"));
  EXPECT_EQ(answer.Json().at("meta"), (json::value{{"ts", Time(server_.now())},
                                                   {"valid", true},
                                                   {"detail", "is valid"},
                                                   {"code", "VALID"}}));
  EXPECT_EQ(answer.Id(), made.id);
  EXPECT_EQ(answer.Attribute("lastValidated"), Time(server_.now()));
  EXPECT_TRUE(server_.SignatureHolds(answer));
}

TEST_F(Validations, UnknownKeysAreAnAnswer) {
  const Answer answer = server_.Send("POST", "/licenses/actions/validate-key", {},
                                     json::value{{"meta",
                                                  {{"key", "4F1C09-77AB20-9E5D31-C0846B-1A2F7E-V3"},
                                                   {"nonce", 77120},
                                                   {"scope", {{"fingerprint", "9b:41:77"}}}}}});
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.Json(), (json::value{{"data", nullptr},
                                        {"meta",
                                         {{"ts", Time(server_.now())},
                                          {"valid", false},
                                          {"detail", "does not exist"},
                                          {"code", "NOT_FOUND"},
                                          {"nonce", 77120},
                                          {"scope", {{"fingerprint", "9b:41:77"}}}}}}));
  EXPECT_TRUE(server_.SignatureHolds(answer));
  const auto unknown_id = "/licenses/5d3e9c71-0f4b-4b6a-8c12-7a9e1f2d3c43/actions/validate";
  EXPECT_EQ(server_.Get(unknown_id).status, 404);
  EXPECT_EQ(server_.Post(unknown_id, json::object()).status, 404);
}

// The request's nonce and scope come back as received.
struct EchoCase {
  std::string name;
  json::object sent;
  json::object echoed;
};
class ValidationEcho : public Validations, public ::testing::WithParamInterface<EchoCase> {};
TEST_P(ValidationEcho, IsWhatWasSent) {
  const Made made = Make();
  for (int round = 0; round < 3; ++round) {
    for (const Answer& answer : {ByKey(made, GetParam().sent), ById(made, GetParam().sent)}) {
      ASSERT_EQ(answer.status, 200) << answer.body;
      json::object meta = answer.Json().at("meta").as_object();
      for (const auto name : {"ts", "valid", "detail", "code"}) meta.erase(name);
      EXPECT_EQ(json::value(meta), json::value(GetParam().echoed));
    }
  }
  const json::value quick = Quick(made).Json();
  EXPECT_THAT(NamesOf(quick.at("meta")), ElementsAre("ts", "valid", "detail", "code"));
}
INSTANTIATE_TEST_SUITE_P(
    Members, ValidationEcho,
    ::testing::Values(
        EchoCase{"Nothing", {}, {}}, EchoCase{"Nonce", {{"nonce", 1}}, {{"nonce", 1}}},
        EchoCase{"NegativeNonce", {{"nonce", -5}}, {{"nonce", -5}}},
        EchoCase{"NullNonceIsDropped", {{"nonce", nullptr}}, {}},
        EchoCase{"EmptyScope", {{"scope", json::object()}}, {{"scope", json::object()}}},
        EchoCase{"Scope",
                 {{"scope", {{"fingerprints", json::array{"a", "b"}}, {"user", nullptr}}}},
                 {{"scope", {{"fingerprints", json::array{"a", "b"}}, {"user", nullptr}}}}},
        EchoCase{"Both",
                 {{"scope", {{"product", "p"}}}, {"nonce", 9}},
                 {{"nonce", 9}, {"scope", {{"product", "p"}}}}}),
    [](const auto& test) { return test.param.name; });

struct BadMeta {
  std::string name;
  json::value body;
  std::string detail, source;
};
class ValidationSchema : public Validations, public ::testing::WithParamInterface<BadMeta> {};
TEST_P(ValidationSchema, RefusesWhatItDoesNotKnow) {
  const Answer answer = server_.Send("POST", "/licenses/actions/validate-key", {}, GetParam().body);
  EXPECT_EQ(answer.status, 400) << answer.body;
  EXPECT_EQ(answer.Detail(), GetParam().detail);
  EXPECT_EQ(answer.Source(), GetParam().source);
}
INSTANTIATE_TEST_SUITE_P(
    Bodies, ValidationSchema,
    ::testing::Values(
        BadMeta{"Empty", json::object(), "is missing", "/meta"},
        BadMeta{"NoKey", {{"meta", json::object()}}, "cannot be blank", "/meta"},
        BadMeta{"BlankKey", {{"meta", {{"key", ""}}}}, "cannot be blank", "/meta/key"},
        BadMeta{"NullKey", {{"meta", {{"key", nullptr}}}}, "cannot be null", "/meta/key"},
        BadMeta{"NumberKey",
                {{"meta", {{"key", 5}}}},
                "type mismatch (received integer expected string)",
                "/meta/key"},
        BadMeta{"TextNonce",
                {{"meta", {{"key", "k"}, {"nonce", "5"}}}},
                "type mismatch (received string expected integer)",
                "/meta/nonce"},
        BadMeta{"Unknown",
                {{"meta", {{"key", "k"}, {"color", 1}}}},
                "unpermitted parameter",
                "/meta/color"},
        BadMeta{"UnknownScope",
                {{"meta", {{"key", "k"}, {"scope", {{"planet", "x"}}}}}},
                "unpermitted parameter",
                "/meta/scope/planet"},
        BadMeta{"BlankFingerprint",
                {{"meta", {{"key", "k"}, {"scope", {{"fingerprint", ""}}}}}},
                "cannot be blank",
                "/meta/scope/fingerprint"},
        BadMeta{"ScopeList",
                {{"meta", {{"key", "k"}, {"scope", json::array()}}}},
                "type mismatch (received array expected object)",
                "/meta/scope"},
        BadMeta{"NullInList",
                {{"meta", {{"key", "k"}, {"scope", {{"fingerprints", json::array{nullptr}}}}}}},
                "cannot be null",
                "/meta/scope/fingerprints/0"},
        BadMeta{"DataBesides",
                {{"data", json::object()}, {"meta", {{"key", "k"}}}},
                "unpermitted parameter",
                "/data"}),
    [](const auto& test) { return test.param.name; });

// One row per verdict that a license of this server can have (licenses.md §9.2, §9.3).
struct VerdictCase {
  std::string name;
  json::object policy;
  json::object license;
  std::vector<std::string> machines;
  json::object scope;
  std::string code;
  bool valid;
  std::string detail;
};
class Verdicts : public Validations, public ::testing::WithParamInterface<VerdictCase> {};
TEST_P(Verdicts, AreTheSameByEveryWay) {
  const Made made = Make(GetParam().policy, GetParam().license);
  for (const auto& machine : GetParam().machines) server_.AddMachine(made.id, machine);
  json::object scope = GetParam().scope;
  for (auto& [name, value] : scope)
    if (value == "@product") value = product_;
  const auto check = [&](const Answer& answer) {
    ASSERT_EQ(answer.status, 200) << answer.body;
    const json::value meta = answer.Json().at("meta");
    EXPECT_EQ(Text(meta.at("code")), GetParam().code);
    EXPECT_EQ(meta.at("valid"), GetParam().valid);
    EXPECT_EQ(Text(meta.at("detail")), GetParam().detail);
  };
  json::object meta;
  if (!scope.empty()) meta.emplace("scope", scope);
  check(ById(made, meta));
  for (int round = 0; round < 3; ++round) check(ByKey(made, meta));
  if (scope.empty() && !GetParam().name.ends_with("Required")) check(Quick(made));
}
INSTANTIATE_TEST_SUITE_P(
    Rows, Verdicts,
    ::testing::Values(
        VerdictCase{"Valid", {}, {}, {}, {}, "VALID", true, "is valid"},
        VerdictCase{
            "Suspended", {}, {{"suspended", true}}, {}, {}, "SUSPENDED", false, "is suspended"},
        VerdictCase{"ExpiredRestricted",
                    {},
                    {{"expiry", "2020-01-01T00:00:00Z"}},
                    {},
                    {},
                    "EXPIRED",
                    false,
                    "is expired"},
        VerdictCase{"ExpiredMaintained",
                    {{"expirationStrategy", "MAINTAIN_ACCESS"}},
                    {{"expiry", "2020-01-01T00:00:00Z"}},
                    {},
                    {},
                    "EXPIRED",
                    true,
                    "is expired"},
        VerdictCase{"ExpiredRevokedComesBeforeScopes",
                    {{"expirationStrategy", "REVOKE_ACCESS"}},
                    {{"expiry", "2020-01-01T00:00:00Z"}},
                    {},
                    {{"product", "other"}},
                    "EXPIRED",
                    false,
                    "is expired"},
        VerdictCase{
            "ProductMatches", {}, {}, {}, {{"product", "@product"}}, "VALID", true, "is valid"},
        VerdictCase{"ProductMismatch",
                    {},
                    {},
                    {},
                    {{"product", "other"}},
                    "PRODUCT_SCOPE_MISMATCH",
                    false,
                    "product scope does not match"},
        VerdictCase{"ProductRequired",
                    {{"requireProductScope", true}},
                    {},
                    {},
                    {},
                    "PRODUCT_SCOPE_REQUIRED",
                    false,
                    "product scope is required"},
        VerdictCase{"PolicyMismatch",
                    {},
                    {},
                    {},
                    {{"policy", "other"}},
                    "POLICY_SCOPE_MISMATCH",
                    false,
                    "policy scope does not match"},
        VerdictCase{
            "NullUserIsNoOwner", {}, {}, {}, {{"user", nullptr}}, "VALID", true, "is valid"},
        VerdictCase{"UserMismatch",
                    {},
                    {},
                    {},
                    {{"user", "u@acme.example"}},
                    "USER_SCOPE_MISMATCH",
                    false,
                    "user scope does not match"},
        VerdictCase{"EntitlementsEmpty",
                    {},
                    {},
                    {},
                    {{"entitlements", json::array()}},
                    "ENTITLEMENTS_SCOPE_EMPTY",
                    false,
                    "entitlements scope is empty"},
        VerdictCase{"EntitlementsMissing",
                    {},
                    {},
                    {},
                    {{"entitlements", json::array{"EXPORT"}}},
                    "ENTITLEMENTS_MISSING",
                    false,
                    "is missing one or more required entitlements"},
        VerdictCase{"FingerprintOnNothing",
                    {},
                    {},
                    {},
                    {{"fingerprint", "m1"}},
                    "NO_MACHINE",
                    false,
                    "fingerprint is not activated (has no associated machine)"},
        VerdictCase{"FingerprintOnNothingFloating",
                    {{"floating", true}},
                    {},
                    {},
                    {{"fingerprint", "m1"}},
                    "NO_MACHINES",
                    false,
                    "fingerprint is not activated (has no associated machines)"},
        VerdictCase{"FingerprintMatches",
                    {},
                    {},
                    {"m1"},
                    {{"fingerprint", "m1"}},
                    "VALID",
                    true,
                    "is valid"},
        VerdictCase{"FingerprintMismatch",
                    {},
                    {},
                    {"m1"},
                    {{"fingerprint", "m2"}},
                    "FINGERPRINT_SCOPE_MISMATCH",
                    false,
                    "fingerprint is not activated (does not match any associated machines)"},
        VerdictCase{"FingerprintsEmpty",
                    {},
                    {},
                    {"m1"},
                    {{"fingerprints", json::array()}},
                    "FINGERPRINT_SCOPE_EMPTY",
                    false,
                    "fingerprint scope is empty"},
        VerdictCase{"MatchAll",
                    {{"floating", true}, {"machineMatchingStrategy", "MATCH_ALL"}},
                    {},
                    {"m1", "m2"},
                    {{"fingerprints", json::array{"m1", "m2", "m3"}}},
                    "FINGERPRINT_SCOPE_MISMATCH",
                    false,
                    "one or more fingerprint is not activated (does not match all associated "
                    "machines)"},
        VerdictCase{"FingerprintRequired",
                    {{"requireFingerprintScope", true}},
                    {},
                    {"m1"},
                    {},
                    "FINGERPRINT_SCOPE_REQUIRED",
                    false,
                    "fingerprint scope is required"},
        VerdictCase{"MachineMismatch",
                    {},
                    {},
                    {"m1"},
                    {{"machine", "5d3e9c71-0f4b-4b6a-8c12-7a9e1f2d3c43"}},
                    "MACHINE_SCOPE_MISMATCH",
                    false,
                    "machine is not activated (does not match any associated machines)"},
        VerdictCase{"ComponentsNeedAFingerprint",
                    {},
                    {},
                    {"m1"},
                    {{"components", json::array{"c"}}},
                    "FINGERPRINT_SCOPE_REQUIRED",
                    false,
                    "fingerprint scope is required when using the components scope"},
        VerdictCase{"ChecksumMismatch",
                    {},
                    {},
                    {},
                    {{"checksum", "c"}},
                    "CHECKSUM_SCOPE_MISMATCH",
                    false,
                    "checksum scope is not valid (does not match any accessible artifacts)"},
        VerdictCase{"VersionMismatch",
                    {},
                    {},
                    {},
                    {{"version", "1.0.0"}},
                    "VERSION_SCOPE_MISMATCH",
                    false,
                    "version scope is not valid (does not match any accessible releases)"},
        VerdictCase{"StrictWithoutMachine",
                    {{"strict", true}},
                    {},
                    {},
                    {},
                    "NO_MACHINE",
                    false,
                    "must have exactly 1 associated machine"},
        VerdictCase{"StrictFloatingWithoutMachine",
                    {{"strict", true}, {"floating", true}},
                    {},
                    {},
                    {},
                    "NO_MACHINES",
                    false,
                    "must have at least 1 associated machine"},
        VerdictCase{"TooManyMachinesTolerated",
                    {{"strict", true},
                     {"floating", true},
                     {"maxMachines", 1},
                     {"overageStrategy", "ALLOW_2X_OVERAGE"}},
                    {},
                    {"m1", "m2"},
                    {},
                    "TOO_MANY_MACHINES",
                    true,
                    "has too many associated machines"}),
    [](const auto& test) { return test.param.name; });

TEST_F(Validations, QuickOnesLookAtNoScopeAndTellNobody) {
  const Made made = Make({{"requireProductScope", true},
                          {"duration", 2592000},
                          {"expirationBasis", "FROM_FIRST_VALIDATION"}});
  const auto events = server_.Events();
  EXPECT_EQ(CodeOf(Quick(made)), "VALID");
  server_.touches().Flush();
  EXPECT_EQ(server_.Events(), events);
  const Answer shown = server_.Get("/licenses/" + made.id);
  EXPECT_EQ(shown.Attribute("lastValidated"), Time(server_.now()));
  EXPECT_TRUE(shown.Attribute("expiry").is_null());
}

TEST_F(Validations, EveryFullOneIsRecorded) {
  const Made made = Make();
  const auto before = server_.Events().size();
  for (int i = 0; i < 4; ++i) {
    server_.Advance(Seconds(60));
    const Answer answer = ByKey(made, {{"scope", {{"product", i % 2 ? product_ : "other"}}}});
    EXPECT_EQ(answer.Attribute("lastValidated"), Time(server_.now()));
  }
  server_.touches().Flush();
  auto events = server_.Events();
  events.erase(events.begin(), events.begin() + static_cast<std::ptrdiff_t>(before));
  EXPECT_THAT(events, ElementsAre("license.validation.failed", "license.validation.succeeded",
                                  "license.validation.failed", "license.validation.succeeded"));
  EXPECT_EQ(server_.Get("/licenses/" + made.id).Attribute("lastValidated"), Time(server_.now()));
}

TEST_F(Validations, TheFirstOneStartsTheClockAndShowsItNextTime) {
  server_.SetNow(*base::ParseTime("2026-01-31T12:00:00Z"));
  const Made made = Make({{"duration", 2629746}, {"expirationBasis", "FROM_FIRST_VALIDATION"}});
  EXPECT_TRUE(ByKey(made, {{"scope", {{"product", "other"}}}}).Attribute("expiry").is_null());
  const json::value expiry = "2026-02-28T12:00:00.000Z";
  EXPECT_EQ(server_.Get("/licenses/" + made.id).Attribute("expiry"), expiry);
  server_.Advance(Seconds(86400));
  for (int i = 0; i < 3; ++i) EXPECT_EQ(ByKey(made).Attribute("expiry"), expiry);
  // Clearing the expiry arms it again.
  server_.Send("PATCH", "/licenses/" + made.id, server_.AsAdmin(),
               DocumentOf("licenses", {{"expiry", nullptr}}));
  EXPECT_TRUE(ByKey(made).Attribute("expiry").is_null());
  EXPECT_EQ(ByKey(made).Attribute("expiry"), "2026-03-01T12:00:00.000Z");
}

TEST_F(Validations, BearersAreAuthorizedWhenTheyShowThemselves) {
  const Made made = Make();
  const Made other = Make();
  const auto token = [&](const std::string& path) {
    return TestServer::AsToken(
        Text(server_.Post(path + "/tokens", json::object()).Attribute("token")));
  };
  const auto own_product = token("/products/" + product_);
  const auto other_product = token("/products/" + server_.AddProduct());
  const auto status = [&](const TestServer::Headers& headers) {
    return ByKey(made, {}, headers).status;
  };
  for (int round = 0; round < 3; ++round) {
    EXPECT_EQ(status({}), 200);
    EXPECT_EQ(status(server_.AsAdmin()), 200);
    EXPECT_EQ(status(own_product), 200);
    EXPECT_EQ(status(other_product), 403);
    EXPECT_EQ(status(token("/licenses/" + made.id)), 200);
    EXPECT_EQ(status(token("/licenses/" + other.id)), 403);
    EXPECT_EQ(status(TestServer::AsLicense(made.key)), 200);
    EXPECT_EQ(status(TestServer::AsLicense(other.key)), 403);
    EXPECT_EQ(status(TestServer::AsLicense("unknown")), 401);
    EXPECT_EQ(status(TestServer::AsToken("unknown")), 401);
  }
  // Of an unknown key nobody is refused.
  const Made unknown{"", "", "no-such-key"};
  EXPECT_EQ(CodeOf(ByKey(unknown, {}, other_product)), "NOT_FOUND");
  EXPECT_EQ(ByKey(unknown, {}, TestServer::AsToken("unknown")).status, 401);
}

TEST_F(Validations, OtherCallersSeeWhatTheKeyItselfIsRefusedFor) {
  const Made made = Make({{"expirationStrategy", "REVOKE_ACCESS"}});
  Warm(made);
  const auto as_key = TestServer::AsLicense(made.key);
  server_.Post("/licenses/" + made.id + "/actions/suspend", json::object());
  EXPECT_EQ(ByKey(made, {}, as_key).Code(), "LICENSE_SUSPENDED");
  EXPECT_EQ(CodeOf(ByKey(made)), "SUSPENDED");
  server_.Post("/licenses/" + made.id + "/actions/reinstate", json::object());
  Warm(made);
  server_.Send("PATCH", "/licenses/" + made.id, server_.AsAdmin(),
               DocumentOf("licenses", {{"expiry", "2020-01-01T00:00:00Z"}}));
  EXPECT_EQ(ByKey(made, {}, as_key).Code(), "LICENSE_EXPIRED");
  Warm(made);
  EXPECT_EQ(ByKey(made, {}, as_key).Code(), "LICENSE_EXPIRED");
  EXPECT_EQ(CodeOf(ByKey(made)), "EXPIRED");
}

TEST_F(Validations, AStatusCountsTheValidationItself) {
  const Made made = Make();
  Warm(made);
  server_.Advance(Seconds(100 * 86400));
  EXPECT_EQ(server_.Get("/licenses/" + made.id).Attribute("status"), "INACTIVE");
  EXPECT_EQ(ByKey(made).Attribute("status"), "ACTIVE");
  EXPECT_EQ(ById(made).Attribute("status"), "ACTIVE");
}

// ---- the read model

// Each question is asked once with a cold read model and once with a warm one.
TEST_F(Validations, WarmAnswersAreTheColdOnesByteForByte) {
  const Made floating = Make({{"strict", true},
                              {"floating", true},
                              {"maxMachines", 4},
                              {"requireHeartbeat", true},
                              {"maxCores", 8},
                              {"overageStrategy", "ALLOW_1_25X_OVERAGE"},
                              {"requireCheckIn", true},
                              {"checkInInterval", "day"},
                              {"checkInIntervalCount", 2},
                              {"duration", 2629746}},
                             {{"name", "Ünïcode \"quoted\""},
                              {"metadata", {{"first_key", 1}, {"list", json::array{1, "x"}}}},
                              {"maxUses", 5}});
  for (const auto name : {"m1", "m2"}) server_.AddMachine(floating.id, name, {{"cores", 5}});
  server_.Attach("/licenses/" + floating.id, server_.AddEntitlement("EXPORT"));
  server_.Attach("/policies/" + floating.policy, server_.AddEntitlement("PRINT"));
  const json::object metas[] = {
      {},
      {{"nonce", 5}},
      {{"scope", json::object()}},
      {{"scope", {{"product", product_}}}, {"nonce", 123456789012}},
      {{"scope", {{"fingerprint", "m1"}, {"entitlements", json::array{"PRINT", "EXPORT"}}}}},
      {{"scope", {{"fingerprint", "m3"}}}},
      {{"scope", {{"fingerprints", json::array{"m1", "m2"}}}}},
      {{"scope", {{"user", nullptr}, {"policy", floating.policy}}}},
      {{"scope", {{"entitlements", json::array{"FLY"}}}}},
  };
  const TestServer::Headers bearers[] = {{},
                                         TestServer::AsLicense(floating.key),
                                         {{"Latchkey-Reasons", "1"}},
                                         {{"Keygen-Version", "1.7"}},
                                         {{"Latchkey-Reasons", "1"}, {"Accept-Language", "en"}}};
  ByKey(floating);  // the first validation goes by itself
  // Also after the next check-in is due, after heartbeats died, and after the license expired.
  for (const int hours : {0, 1, 72, 24 * 40, 24 * 100}) {
    server_.Advance(std::chrono::hours(hours));
    for (const auto& meta : metas) {
      for (const auto& headers : bearers) {
        // Any change of it makes the read model forget it.
        server_.Send("PATCH", "/licenses/" + floating.id, server_.AsAdmin(),
                     DocumentOf("licenses", {{"name", "Ünïcode \"quoted\""}}));
        const auto before = WarmAnswers();
        const Answer cold = ByKey(floating, meta, headers);
        ASSERT_EQ(WarmAnswers(), before);
        const Answer warm = ByKey(floating, meta, headers);
        ASSERT_EQ(WarmAnswers(), before + 1) << cold.body;
        EXPECT_EQ(cold.status, warm.status);
        EXPECT_EQ(cold.body, warm.body);
        EXPECT_EQ(ByKey(floating, meta, headers).body, cold.body) << "from the kept document";
        const auto names = [](const Answer& answer) {
          std::vector<std::string> all;
          for (const auto& header : answer.headers)
            if (header.name != "X-Request-Id" && header.name != "Keygen-Signature" &&
                !header.name.ends_with("Date"))
              all.push_back(header.name + ": " + header.value);
          return all;
        };
        EXPECT_EQ(names(cold), names(warm));
      }
    }
  }
}

TEST_F(Validations, WhatIsNotKeptIsAskedOfTheStore) {
  const Made token_only = Make({{"authenticationStrategy", "TOKEN"}});
  Warm(token_only);
  EXPECT_EQ(ByKey(token_only, {}, TestServer::AsLicense(token_only.key)).Code(),
            "LICENSE_NOT_ALLOWED");
  const Made mute = Make({}, {{"permissions", json::array{"license.read"}}});
  Warm(mute);
  const Answer refused = ByKey(mute, {}, TestServer::AsLicense(mute.key));
  EXPECT_EQ(refused.status, 403);
  EXPECT_THAT(refused.Detail(), ::testing::HasSubstr("license lacks permission to perform action"));
  const Made owned = Make();
  const core::User user = server_.AddUser("owner@acme.example");
  Warm(owned);
  server_.SetOwner(owned.id, user);
  Warm(owned);
  EXPECT_EQ(CodeOf(ByKey(owned, {{"scope", {{"user", nullptr}}}})), "USER_SCOPE_MISMATCH");
  server_.Ban(user);
  EXPECT_EQ(CodeOf(ByKey(owned)), "BANNED");
  EXPECT_EQ(ByKey(owned).Attribute("status"), "BANNED");
  EXPECT_EQ(ByKey(owned, {}, TestServer::AsLicense(owned.key)).Code(), "LICENSE_BANNED");
}

// Every change that a verdict can feel must reach the very next question.
TEST_F(Validations, EveryChangeReachesTheNextAnswer) {
  const Made made = Make({{"strict", true}, {"floating", true}, {"maxMachines", 2}});
  const std::string path = "/licenses/" + made.id;
  const std::string policy_path = "/policies/" + made.policy;
  const std::string entitlement = server_.AddEntitlement("EXPORT");
  server_.AddMachine(made.id, "m1");
  const json::object scope{{"scope", {{"fingerprint", "m1"}}}};
  const json::object export_scope{{"scope", {{"entitlements", json::array{"EXPORT"}}}}};
  const auto act = [&](std::string_view verb, std::string target, json::value body) {
    const Answer answer = server_.Send(verb, target, server_.AsAdmin(), body);
    ASSERT_LT(answer.status, 300) << answer.target << answer.body;
  };
  const auto attribute = [&](const std::string& target, json::object attributes) {
    return [&, target, attributes] {
      act("PATCH", target, DocumentOf(target.substr(1, target.find('/', 1) - 1), attributes));
    };
  };
  const auto detach = [&](const std::string& target) {
    return [&, target] {
      act("DELETE", target + "/entitlements",
          json::object{{"data", json::array{{{"type", "entitlements"}, {"id", entitlement}}}}});
    };
  };
  std::string takeover;
  const struct {
    std::string name;
    std::function<void()> change;
    json::object meta;
    std::string code;
  } steps[] = {
      {"suspend", [&] { act("POST", path + "/actions/suspend", json::object()); }, scope,
       "SUSPENDED"},
      {"reinstate", [&] { act("POST", path + "/actions/reinstate", json::object()); }, scope,
       "VALID"},
      {"expire", attribute(path, {{"expiry", "2020-01-01T00:00:00Z"}}), scope, "EXPIRED"},
      {"unexpire", attribute(path, {{"expiry", nullptr}}), scope, "VALID"},
      {"policy requires", attribute(policy_path, {{"requireProductScope", true}}), scope,
       "PRODUCT_SCOPE_REQUIRED"},
      {"policy relaxes", attribute(policy_path, {{"requireProductScope", false}}), scope, "VALID"},
      {"attach to policy", [&] { server_.Attach(policy_path, entitlement); }, export_scope,
       "VALID"},
      {"detach from policy", detach(policy_path), export_scope, "ENTITLEMENTS_MISSING"},
      {"attach to license", [&] { server_.Attach(path, entitlement); }, export_scope, "VALID"},
      {"rename entitlement", attribute("/entitlements/" + entitlement, {{"code", "OTHER"}}),
       export_scope, "ENTITLEMENTS_MISSING"},
      {"name it back", attribute("/entitlements/" + entitlement, {{"code", "EXPORT"}}),
       export_scope, "VALID"},
      {"detach from license", detach(path), export_scope, "ENTITLEMENTS_MISSING"},
      {"attach again", [&] { server_.Attach(path, entitlement); }, export_scope, "VALID"},
      {"delete entitlement", [&] { act("DELETE", "/entitlements/" + entitlement, json::object()); },
       export_scope, "ENTITLEMENTS_MISSING"},
      {"heartbeat starts", [&] { act("POST", "/machines/m1/actions/ping", json::object()); }, scope,
       "VALID"},
      {"heartbeat dies", [&] { server_.Advance(Seconds(700)); }, scope, "HEARTBEAT_DEAD"},
      {"heartbeat is reset", [&] { act("POST", "/machines/m1/actions/reset", json::object()); },
       scope, "VALID"},
      {"cores are limited", attribute(policy_path, {{"maxCores", 4}}), scope, "VALID"},
      {"cores grow within", attribute("/machines/m1", {{"cores", 4}}), scope, "VALID"},
      {"limit shrinks", attribute(path, {{"maxCores", 3}}), scope, "TOO_MANY_CORES"},
      {"limit grows", attribute(path, {{"maxCores", 9}}), scope, "VALID"},
      {"taken over",
       [&] {
         const Answer answer = server_.Post(
             "/machines/actions/takeover",
             json::object{{"data", DocumentOf("machines", {{"fingerprint", "m2"}},
                                              {{"license", LinkTo("licenses", made.id)}})
                                       .at("data")},
                          {"meta", {{"release", "idlest"}}}});
         ASSERT_EQ(answer.status, 201) << answer.body;
         takeover = Text(answer.Json().at("meta").at("takeover").at("id"));
       },
       scope, "FINGERPRINT_SCOPE_MISMATCH"},
      {"undone",
       [&] {
         act("POST", "/machines/actions/undo-takeover", json::object{{"meta", {{"id", takeover}}}});
       },
       scope, "VALID"},
      {"machine deleted", [&] { act("DELETE", "/machines/m1", json::object()); }, scope,
       "NO_MACHINES"},
      {"machine created", [&] { server_.AddMachine(made.id, "m1"); }, scope, "VALID"},
      {"transferred",
       [&] {
         act("PUT", path + "/policy",
             LinkTo("policies",
                    server_.AddPolicy(product_, {{"floating", true}, {"requireUserScope", true}})));
       },
       scope, "USER_SCOPE_REQUIRED"},
      {"transferred back", [&] { act("PUT", path + "/policy", LinkTo("policies", made.policy)); },
       scope, "VALID"},
      {"product deleted", [&] { act("DELETE", "/products/" + product_, json::object()); }, scope,
       "NOT_FOUND"},
  };
  ByKey(made);  // the first validation is a change by itself
  for (const auto& step : steps) {
    ByKey(made, step.meta);
    const auto before = WarmAnswers();
    ByKey(made, step.meta);
    EXPECT_EQ(WarmAnswers(), before + 1) << "not warm before: " << step.name;
    step.change();
    EXPECT_EQ(CodeOf(ByKey(made, step.meta)), step.code) << step.name;
    EXPECT_EQ(CodeOf(ByKey(made, step.meta)), step.code) << step.name << ", warm";
  }
}

// The document of a warm answer is kept with the read model: it must go with each change of what it
// shows. The store's own answer says what is right.
TEST_F(Validations, AKeptDocumentNeverOutlivesWhatItShows) {
  const Made made = Make({{"floating", true},
                          {"maxMachines", 5},
                          {"requireCheckIn", true},
                          {"checkInInterval", "day"},
                          {"checkInIntervalCount", 1},
                          {"duration", 2629746}},
                         {{"metadata", {{"plan", "one"}}}});
  const std::string path = "/licenses/" + made.id;
  const std::string policy_path = "/policies/" + made.policy;
  const std::string entitlement = server_.AddEntitlement("EXPORT");
  const auto act = [&](std::string_view verb, std::string target, json::value body) {
    const Answer answer = server_.Send(verb, target, server_.AsAdmin(), body);
    ASSERT_LT(answer.status, 300) << answer.target << answer.body;
  };
  const auto set = [&](const std::string& target, json::object attributes) {
    return [&, target, attributes] {
      act("PATCH", target, DocumentOf(target.substr(1, target.find('/', 1) - 1), attributes));
    };
  };
  const auto call = [&](const std::string& action, json::value body = json::object()) {
    return [&, action, body] { act("POST", path + "/actions/" + action, body); };
  };
  const struct {
    std::string name;
    std::function<void()> change;
  } steps[] = {
      {"nothing", [] {}},
      {"name", set(path, {{"name", "Workbench"}})},
      {"metadata", set(path, {{"metadata", {{"plan", "two"}, {"seats", 3}}}})},
      {"expiry", set(path, {{"expiry", "2026-05-01T00:00:00Z"}})},
      {"permissions", set(path, {{"permissions", json::array{"license.validate"}}})},
      {"own limit", set(path, {{"maxMachines", 7}})},
      {"protected", set(path, {{"protected", true}})},
      {"policy's limit", set(policy_path, {{"maxCores", 12}})},
      {"policy's flags", set(policy_path, {{"strict", true}, {"requireHeartbeat", true}})},
      {"policy's interval", set(policy_path, {{"checkInInterval", "week"}})},
      {"product", set("/products/" + product_, {{"name", "Renamed"}})},
      {"entitlement attached", [&] { server_.Attach(path, entitlement); }},
      {"entitlement renamed", set("/entitlements/" + entitlement, {{"code", "OTHER"}})},
      {"machine",
       [&] {
         server_.AddMachine(made.id, "m1", {{"cores", 4}});
       }},
      {"machine's cores", set("/machines/m1", {{"cores", 8}, {"memory", 1024}})},
      {"another machine",
       [&] {
         server_.AddMachine(made.id, "m2", {{"disk", 77}});
       }},
      {"machine gone", [&] { act("DELETE", "/machines/m2", json::object()); }},
      {"used", call("increment-usage", json::object{{"meta", {{"increment", 3}}}})},
      {"unused", call("reset-usage")},
      {"checked in", [&] { act("POST", path + "/actions/check-in", json::object()); }},
      {"checked out", call("check-out")},
      {"renewed", call("renew")},
      {"suspended", call("suspend")},
      {"reinstated", call("reinstate")},
      {"time", [&] { server_.Advance(std::chrono::hours(1)); }},
      {"more time", [&] { server_.Advance(std::chrono::hours(24 * 200)); }},
      {"transferred",
       [&] {
         act("PUT", path + "/policy",
             LinkTo("policies", server_.AddPolicy(product_, {{"floating", true}})));
       }},
  };
  ByKey(made);  // the first validation is a change by itself
  for (const auto& step : steps) {
    ByKey(made);
    const auto before = WarmAnswers();
    ByKey(made);
    EXPECT_EQ(WarmAnswers(), before + 1) << "not warm before: " << step.name;
    step.change();
    const json::value cold = ById(made).Data();
    EXPECT_EQ(ByKey(made).Data(), cold) << step.name;
    for (int n = 0; n < 2; ++n) {
      const Answer warm = ByKey(made);
      EXPECT_EQ(warm.Data(), cold) << step.name << ", warm";
      EXPECT_TRUE(server_.SignatureHolds(warm));
    }
    // The stamps of those answers reach the store without a change that the read model hears of.
    server_.touches().Flush();
    EXPECT_EQ(server_.Get(path).Attribute("lastValidated"), Time(server_.now())) << step.name;
  }
}

TEST_F(Validations, DeletingOrRevokingEndsWarmAnswers) {
  for (const std::string_view how : {"DELETE", "REVOKE"}) {
    const Made made = Make();
    Warm(made);
    const std::string path = "/licenses/" + made.id + (how == "REVOKE" ? "/actions/revoke" : "");
    ASSERT_EQ(server_.Send("DELETE", path, server_.AsAdmin()).status, 204);
    EXPECT_EQ(CodeOf(ByKey(made)), "NOT_FOUND");
  }
  const Made made = Make();
  Warm(made);
  server_.Send("DELETE", "/policies/" + made.policy, server_.AsAdmin());
  EXPECT_EQ(CodeOf(ByKey(made)), "NOT_FOUND");
}

}  // namespace
}  // namespace latchkey::api
