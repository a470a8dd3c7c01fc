// Machines and their heartbeats over the wire (machines.md §1, §2).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/test_server.h"

namespace latchkey::api {
namespace {

using ::testing::ElementsAre;

std::string Text(const json::value& value) { return std::string(value.as_string()); }
json::value Time(TimePoint time) { return json::value(base::FormatTime(time)); }

std::vector<std::string> NamesOf(const json::value& object) {
  std::vector<std::string> names;
  for (const auto& member : object.as_object()) names.emplace_back(member.key());
  return names;
}

class Machines : public ::testing::Test {
 protected:
  TestServer server_;
  std::string product_ = server_.AddProduct();
  std::string policy_, license_, key_;

  void SetUp() override { Make({{"floating", true}}); }
  void Make(json::object policy, json::object license = {}) {
    policy_ = server_.AddPolicy(product_, std::move(policy));
    const Answer made = server_.AddLicense(policy_, std::move(license));
    license_ = made.Id();
    key_ = Text(made.Attribute("key"));
  }
  json::object Document(json::object attributes) {
    return DocumentOf("machines", std::move(attributes),
                      {{"license", LinkTo("licenses", license_)}});
  }
  Answer Create(json::object attributes) {
    return server_.Post("/machines", Document(std::move(attributes)));
  }
  Answer CreateAs(const TestServer::Headers& bearer, json::object attributes) {
    return server_.Send("POST", "/machines", bearer, Document(std::move(attributes)));
  }
  Answer Update(std::string_view id, json::object attributes,
                std::optional<TestServer::Headers> bearer = {}) {
    return server_.Send("PATCH", "/machines/" + std::string(id),
                        bearer ? *bearer : server_.AsAdmin(),
                        DocumentOf("machines", std::move(attributes)));
  }
  json::value Totals() {
    return server_.Get("/licenses/" + license_)
        .Data()
        .at("relationships")
        .at("machines")
        .at("meta");
  }
  std::string Token(json::object attributes = {}) {
    return Text(
        server_
            .Post("/licenses/" + license_ + "/tokens", DocumentOf("tokens", std::move(attributes)))
            .Attribute("token"));
  }
  Answer Act(std::string_view machine, std::string_view action) {
    return server_.Send("POST",
                        "/machines/" + std::string(machine) + "/actions/" + std::string(action),
                        server_.AsAdmin());
  }
  Answer Show(std::string_view machine) { return server_.Get("/machines/" + std::string(machine)); }
};

TEST_F(Machines, TheObjectHasItsMembersInTheSpecifiedOrder) {
  const Answer made =
      Create({{"fingerprint", "aa:bb"}, {"cores", 8}, {"metadata", {{"rack_no", 1}}}});
  ASSERT_EQ(made.status, 201) << made.body;
  const json::value data = made.Data();
  EXPECT_THAT(NamesOf(data.at("attributes")),
              ElementsAre("fingerprint", "cores", "memory", "disk", "ip", "hostname", "platform",
                          "name", "requireHeartbeat", "heartbeatStatus", "heartbeatDuration",
                          "maxProcesses", "lastCheckOut", "lastHeartbeat", "nextHeartbeat",
                          "metadata", "created", "updated"));
  const std::string root = "/v1/accounts/" + server_.account_id().ToString();
  const std::string self = root + "/machines/" + made.Id();
  const json::value expected =
      json::object{{"account",
                    {{"links", {{"related", root}}},
                     {"data", {{"type", "accounts"}, {"id", server_.account_id().ToString()}}}}},
                   {"environment", {{"links", {{"related", nullptr}}}, {"data", nullptr}}},
                   {"product",
                    {{"links", {{"related", self + "/product"}}},
                     {"data", {{"type", "products"}, {"id", product_}}}}},
                   {"group", {{"links", {{"related", self + "/group"}}}, {"data", nullptr}}},
                   {"license",
                    {{"links", {{"related", self + "/license"}}},
                     {"data", {{"type", "licenses"}, {"id", license_}}}}},
                   {"owner", {{"links", {{"related", self + "/owner"}}}, {"data", nullptr}}},
                   {"components", {{"links", {{"related", self + "/components"}}}}},
                   {"processes", {{"links", {{"related", self + "/processes"}}}}}};
  EXPECT_EQ(data.at("relationships"), expected);
  EXPECT_THAT(NamesOf(data.at("relationships")),
              ElementsAre("account", "environment", "product", "group", "license", "owner",
                          "components", "processes"));
  EXPECT_EQ(made.header("Location"), "http://licenses.example" + self);
  EXPECT_EQ(made.Attribute("requireHeartbeat"), false);
  EXPECT_EQ(made.Attribute("heartbeatStatus"), "NOT_STARTED");
  EXPECT_EQ(made.Attribute("heartbeatDuration"), 600);
  EXPECT_EQ(made.Attribute("metadata"), (json::value{{"rackNo", 1}}));
  EXPECT_EQ(server_.Events().back(), "machine.created");
  EXPECT_EQ(Show(made.Id()).body, made.body);
}

struct CreateError {
  std::string name;
  json::object attributes;
  int status;
  std::string code, detail, source;
};
class MachineCreateError : public Machines, public ::testing::WithParamInterface<CreateError> {};
TEST_P(MachineCreateError, IsWordedAsSpecified) {
  const Answer answer = Create(GetParam().attributes);
  EXPECT_EQ(answer.status, GetParam().status) << answer.body;
  EXPECT_EQ(answer.Code(), GetParam().code);
  EXPECT_EQ(answer.Detail(), GetParam().detail);
  EXPECT_EQ(answer.Source(), GetParam().source);
  EXPECT_EQ(Totals().at("count"), 0);
}
CreateError Bound(std::string name, std::string attribute, json::value value, std::string detail) {
  std::string code = attribute;
  for (char& c : code) c = static_cast<char>(std::toupper(c));
  const std::string rule = detail.starts_with("is too long") ? "_TOO_LONG" : "_INVALID";
  return {std::move(name),
          {{"fingerprint", "m1"}, {attribute, std::move(value)}},
          422,
          code + rule,
          std::move(detail),
          "/data/attributes/" + attribute};
}
INSTANTIATE_TEST_SUITE_P(
    Rows, MachineCreateError,
    ::testing::Values(CreateError{"NoFingerprintButMore",
                                  {{"name", "x"}},
                                  400,
                                  "",
                                  "is missing",
                                  "/data/attributes/fingerprint"},
                      CreateError{"BlankFingerprint",
                                  {{"fingerprint", ""}},
                                  400,
                                  "",
                                  "cannot be blank",
                                  "/data/attributes/fingerprint"},
                      CreateError{"LongFingerprint",
                                  {{"fingerprint", std::string(4097, 'f')}},
                                  422,
                                  "FINGERPRINT_TOO_LONG",
                                  "is too long (maximum is 4096 characters)",
                                  "/data/attributes/fingerprint"},
                      CreateError{"ReservedFingerprint",
                                  {{"fingerprint", "actions"}},
                                  422,
                                  "FINGERPRINT_NOT_ALLOWED",
                                  "is reserved",
                                  "/data/attributes/fingerprint"},
                      CreateError{"ComputedAttribute",
                                  {{"fingerprint", "m1"}, {"heartbeatStatus", "ALIVE"}},
                                  400,
                                  "",
                                  "unpermitted parameter",
                                  "/data/attributes/heartbeatStatus"},
                      CreateError{"MaxProcesses",
                                  {{"fingerprint", "m1"}, {"maxProcesses", 3}},
                                  400,
                                  "",
                                  "unpermitted parameter",
                                  "/data/attributes/maxProcesses"},
                      Bound("NoCores", "cores", 0, "must be greater than or equal to 1"),
                      Bound("TooManyCores", "cores", 2147483648,
                            "must be less than or equal to 2147483647"),
                      Bound("NoMemory", "memory", 0, "must be greater than or equal to 1"),
                      Bound("NegativeDisk", "disk", -1, "must be greater than or equal to 1"),
                      Bound("LongIp", "ip", json::value(std::string(256, 'i')),
                            "is too long (maximum is 255 characters)"),
                      Bound("LongHostname", "hostname", json::value(std::string(256, 'h')),
                            "is too long (maximum is 255 characters)"),
                      Bound("LongPlatform", "platform", json::value(std::string(256, 'p')),
                            "is too long (maximum is 255 characters)"),
                      Bound("LongName", "name", json::value(std::string(256, 'n')),
                            "is too long (maximum is 255 characters)")),
    [](const auto& test) { return test.param.name; });

TEST_F(Machines, BlankTextsAndNullsAreFine) {
  const Answer made = Create({{"fingerprint", "m1"},
                              {"ip", ""},
                              {"hostname", ""},
                              {"platform", nullptr},
                              {"name", ""},
                              {"cores", nullptr},
                              {"memory", 9223372036854775807},
                              {"metadata", nullptr}});
  ASSERT_EQ(made.status, 201) << made.body;
  EXPECT_EQ(made.Attribute("ip"), "");
  EXPECT_EQ(made.Attribute("memory"), 9223372036854775807);
  EXPECT_EQ(made.Attribute("metadata"), json::object());
}

TEST_F(Machines, NeedALicenseThatExists) {
  const Answer missing = server_.Post("/machines", DocumentOf("machines", {{"fingerprint", "m"}}));
  EXPECT_EQ(missing.status, 400);
  EXPECT_EQ(missing.Source(), "/data/relationships");
  license_ = "5d3e9c71-0f4b-4b6a-8c12-7a9e1f2d3c43";
  const Answer unknown = Create({{"fingerprint", "m1"}});
  EXPECT_EQ(unknown.status, 422);
  EXPECT_EQ(unknown.Code(), "LICENSE_NOT_FOUND");
  EXPECT_EQ(unknown.Detail(), "must exist");
  EXPECT_EQ(unknown.Source(), "/data/relationships/license");
}

TEST_F(Machines, EnvironmentsAreUnpermitted) {
  json::object document = Document({{"fingerprint", "m1"}});
  document.at("data")
      .at("relationships")
      .as_object()
      .emplace("environment", json::object{{"data", nullptr}});
  const Answer answer = server_.Post("/machines", document);
  EXPECT_EQ(answer.Detail(), "unpermitted parameter");
  EXPECT_EQ(answer.Source(), "/data/relationships/environment");
}

TEST_F(Machines, IdsMayBeChosen) {
  json::object document = Document({{"fingerprint", "m1"}});
  document.at("data").as_object().emplace("id", "0e2b3c4d-0000-4000-8000-0123456789ab");
  EXPECT_EQ(server_.Post("/machines", document).Id(), "0e2b3c4d-0000-4000-8000-0123456789ab");
  document.at("data").at("attributes").at("fingerprint") = "m2";
  const Answer taken = server_.Post("/machines", document);
  EXPECT_EQ(taken.status, 422);
  EXPECT_EQ(taken.Code(), "ID_CONFLICT");
  EXPECT_EQ(taken.Detail(), "must not conflict with another machine");
  EXPECT_EQ(taken.Source(), "/data/id");
  document.at("data").at("id") = "x";
  const Answer bad = server_.Post("/machines", document);
  EXPECT_EQ(bad.status, 400);
  EXPECT_EQ(bad.Detail(), "type mismatch (received string expected UUID string)");
  const Answer conflict = Create({{"fingerprint", "0e2b3c4d-0000-4000-8000-0123456789ab"}});
  EXPECT_EQ(conflict.Code(), "FINGERPRINT_CONFLICT");
  EXPECT_EQ(conflict.Detail(), "must not conflict with another machine's identifier (UUID)");
}

// ---- uniqueness

struct UniquenessCase {
  std::string strategy;
  bool other_license, other_policy, other_product;  // is the fingerprint free there?
  std::string words;
};
class Uniqueness : public Machines, public ::testing::WithParamInterface<UniquenessCase> {};
TEST_P(Uniqueness, ReachesAsFarAsItsStrategy) {
  const auto& row = GetParam();
  Make({{"floating", true}, {"machineUniquenessStrategy", row.strategy}});
  ASSERT_EQ(Create({{"fingerprint", "m1"}}).status, 201);
  const auto expect_taken = [](const Answer& answer, std::string_view detail) {
    EXPECT_EQ(answer.status, 422) << answer.body;
    EXPECT_EQ(answer.Code(), "FINGERPRINT_TAKEN");
    EXPECT_EQ(answer.Detail(), detail);
    EXPECT_EQ(answer.Source(), "/data/attributes/fingerprint");
    EXPECT_EQ(answer.Json().at("errors").as_array().size(), 1U);
  };
  const auto check = [&](bool free) {
    const Answer answer = Create({{"fingerprint", "m1"}});
    if (free)
      EXPECT_EQ(answer.status, 201) << answer.body;
    else
      expect_taken(answer, "has already been taken for this " + row.words);
  };
  expect_taken(Create({{"fingerprint", "m1"}}), "has already been taken");
  license_ = server_.AddLicense(policy_).Id();
  check(row.other_license);
  Make({{"floating", true}, {"machineUniquenessStrategy", row.strategy}});
  check(row.other_policy);
  product_ = server_.AddProduct();
  Make({{"floating", true}, {"machineUniquenessStrategy", row.strategy}});
  check(row.other_product);
}
INSTANTIATE_TEST_SUITE_P(
    Strategies, Uniqueness,
    ::testing::Values(UniquenessCase{"UNIQUE_PER_LICENSE", true, true, true, ""},
                      UniquenessCase{"UNIQUE_PER_POLICY", false, true, true, "policy"},
                      UniquenessCase{"UNIQUE_PER_PRODUCT", false, false, true, "product"},
                      UniquenessCase{"UNIQUE_PER_ACCOUNT", false, false, false, "account"}),
    [](const auto& test) { return test.param.strategy; });

TEST_F(Machines, ADuplicateBeatsTheLimitWhichBeatsADuplicateElsewhere) {
  Make({{"floating", true},
        {"maxMachines", 1},
        {"machineUniquenessStrategy", "UNIQUE_PER_ACCOUNT"}});
  const std::string first = license_;
  Create({{"fingerprint", "m1"}});
  const auto codes = [&](std::string_view fingerprint) {
    std::vector<std::string> all;
    const json::value errors = Create({{"fingerprint", fingerprint}}).Json().at("errors");
    for (const auto& error : errors.as_array()) all.push_back(Text(error.at("code")));
    return all;
  };
  EXPECT_THAT(codes("m1"), ElementsAre("FINGERPRINT_TAKEN", "MACHINE_LIMIT_EXCEEDED"));
  license_ = server_.AddLicense(policy_).Id();
  Create({{"fingerprint", "m2"}});
  EXPECT_THAT(codes("m1"), ElementsAre("MACHINE_LIMIT_EXCEEDED", "FINGERPRINT_TAKEN"));
}

// ---- limits and overage

struct LimitCase {
  std::string name;
  json::object policy;
  int admitted;  // machines, one after another
};
class MachineLimits : public Machines, public ::testing::WithParamInterface<LimitCase> {};
TEST_P(MachineLimits, AdmitWhatTheStrategyTolerates) {
  Make(GetParam().policy);
  for (int i = 1; i <= GetParam().admitted; ++i)
    ASSERT_EQ(Create({{"fingerprint", "m" + std::to_string(i)}}).status, 201) << i;
  const Answer over = Create({{"fingerprint", "one more"}});
  EXPECT_EQ(over.status, 422) << over.body;
  EXPECT_EQ(over.Code(), "MACHINE_LIMIT_EXCEEDED");
  const auto* max = GetParam().policy.if_contains("maxMachines");
  EXPECT_EQ(over.Detail(), "machine count has exceeded maximum allowed for license (" +
                               std::to_string(max ? max->as_int64() : 1) + ")");
  EXPECT_EQ(over.Source(), "/data");
  EXPECT_EQ(Totals().at("count"), GetParam().admitted);
}
INSTANTIATE_TEST_SUITE_P(
    Strategies, MachineLimits,
    ::testing::Values(
        LimitCase{"NodeLocked", {}, 1},
        LimitCase{"NodeLockedTwice", {{"overageStrategy", "ALLOW_2X_OVERAGE"}}, 2},
        LimitCase{"Floating", {{"floating", true}, {"maxMachines", 4}}, 4},
        LimitCase{
            "Quarter",
            {{"floating", true}, {"maxMachines", 4}, {"overageStrategy", "ALLOW_1_25X_OVERAGE"}},
            5},
        LimitCase{
            "Half",
            {{"floating", true}, {"maxMachines", 4}, {"overageStrategy", "ALLOW_1_5X_OVERAGE"}},
            6},
        LimitCase{"Double",
                  {{"floating", true}, {"maxMachines", 3}, {"overageStrategy", "ALLOW_2X_OVERAGE"}},
                  6}),
    [](const auto& test) { return test.param.name; });

TEST_F(Machines, WithoutALimitOrWithAnyOverageThereIsNone) {
  for (int i = 0; i < 5; ++i) EXPECT_EQ(Create({{"fingerprint", std::to_string(i)}}).status, 201);
  Make({{"floating", true}, {"maxMachines", 1}, {"overageStrategy", "ALWAYS_ALLOW_OVERAGE"}});
  for (int i = 0; i < 5; ++i) EXPECT_EQ(Create({{"fingerprint", std::to_string(i)}}).status, 201);
}

TEST_F(Machines, TheLicensesLimitComesBeforeThePolicys) {
  Make({{"floating", true}, {"maxMachines", 5}}, {{"maxMachines", 1}});
  Create({{"fingerprint", "m1"}});
  EXPECT_EQ(Create({{"fingerprint", "m2"}}).Detail(),
            "machine count has exceeded maximum allowed for license (1)");
}

struct SumCase {
  std::string attribute, limit, code, words;
};
class MachineSums : public Machines, public ::testing::WithParamInterface<SumCase> {};
TEST_P(MachineSums, AreLimitedOnCreationAndUpdate) {
  const auto& row = GetParam();
  Make({{"floating", true}, {row.limit, 8}, {"overageStrategy", "ALLOW_1_25X_OVERAGE"}});
  const auto expect_refused = [&](const Answer& answer) {
    EXPECT_EQ(answer.status, 422) << answer.body;
    EXPECT_EQ(answer.Code(), row.code);
    EXPECT_EQ(answer.Detail(), row.words + " has exceeded maximum allowed for license (8)");
    EXPECT_EQ(answer.Source(), "/data");
  };
  expect_refused(Create({{"fingerprint", "m0"}, {row.attribute, 11}}));
  const std::string m1 = Create({{"fingerprint", "m1"}, {row.attribute, 6}}).Id();
  expect_refused(Create({{"fingerprint", "m2"}, {row.attribute, 5}}));
  ASSERT_EQ(Create({{"fingerprint", "m2"}, {row.attribute, 4}}).status, 201);  // 10 = 8 × 1.25
  ASSERT_EQ(Create({{"fingerprint", "m3"}}).status, 201);                      // null counts 0
  EXPECT_EQ(Totals().at(row.attribute), 10);
  expect_refused(Update(m1, {{row.attribute, 7}}));
  EXPECT_EQ(Totals().at(row.attribute), 10);
  EXPECT_EQ(Update(m1, {{row.attribute, 2}}).status, 200);
  EXPECT_EQ(Totals().at(row.attribute), 6);
  EXPECT_EQ(Update(m1, {{row.attribute, nullptr}}).status, 200);
  EXPECT_EQ(Totals().at(row.attribute), 4);
  EXPECT_EQ(Update(m1, {{row.attribute, 6}}).status, 200);
  EXPECT_EQ(server_.Send("DELETE", "/machines/" + m1, server_.AsAdmin()).status, 204);
  EXPECT_EQ(Totals().at(row.attribute), 4);
  EXPECT_EQ(Totals().at("count"), 2);
}
INSTANTIATE_TEST_SUITE_P(
    Kinds, MachineSums,
    ::testing::Values(
        SumCase{"cores", "maxCores", "MACHINE_CORE_LIMIT_EXCEEDED", "machine core count"},
        SumCase{"memory", "maxMemory", "MACHINE_MEMORY_LIMIT_EXCEEDED", "machine memory"},
        SumCase{"disk", "maxDisk", "MACHINE_DISK_LIMIT_EXCEEDED", "machine disk"}),
    [](const auto& test) { return test.param.attribute; });

TEST_F(Machines, SumsBeyondAllBytesAreExceededNotWrapped) {
  Make({{"floating", true}, {"maxMemory", 9223372036854775807}});
  ASSERT_EQ(Create({{"fingerprint", "m1"}, {"memory", 9223372036854775807}}).status, 201);
  EXPECT_EQ(Create({{"fingerprint", "m2"}, {"memory", 9223372036854775807}}).Code(),
            "MACHINE_MEMORY_LIMIT_EXCEEDED");
  // Without a limit nothing stands against it; the total must still not break the license.
  Make({{"floating", true}});
  ASSERT_EQ(Create({{"fingerprint", "m1"}, {"memory", 9223372036854775807}}).status, 201);
  const Answer second = Create({{"fingerprint", "m2"}, {"memory", 9223372036854775807}});
  EXPECT_TRUE(second.status == 201 || second.status == 422) << second.body;
  EXPECT_EQ(server_.Get("/licenses/" + license_).status, 200);
}

TEST_F(Machines, LeasedPerUserEachOwnerCountsAlone) {
  Make({{"floating", true}, {"maxMachines", 1}, {"machineLeasingStrategy", "PER_USER"}});
  const core::User user = server_.AddUser("owner@acme.example");
  const std::string m1 = Create({{"fingerprint", "m1"}}).Id();
  const Answer second = Create({{"fingerprint", "m2"}});
  EXPECT_EQ(second.Code(), "MACHINE_LIMIT_EXCEEDED");
  EXPECT_EQ(second.Detail(), "machine count has exceeded maximum allowed for user (1)");
  server_.SetMachineOwner(m1, user);  // leaves the bucket of machines without owner
  EXPECT_EQ(Create({{"fingerprint", "m2"}}).status, 201);
  EXPECT_EQ(Create({{"fingerprint", "m3"}}).Code(), "MACHINE_LIMIT_EXCEEDED");
}

// ---- tokens that count (machines.md §1.6 step 6, §1.8)

TEST_F(Machines, ActivationTokensCountWhatIsMadeAndRemoved) {
  const std::string token = Token({{"maxActivations", 2}, {"maxDeactivations", 1}});
  const auto as_token = TestServer::AsToken(token);
  const auto counters = [&] {
    const json::value data = server_.Get("/licenses/" + license_ + "/tokens").Data();
    const json::value attributes = data.at(0).at("attributes");
    return std::pair(attributes.at("activations").as_int64(),
                     attributes.at("deactivations").as_int64());
  };
  ASSERT_EQ(CreateAs(as_token, {{"fingerprint", "m1"}}).status, 201);
  EXPECT_EQ(CreateAs(as_token, {{"fingerprint", "m1"}}).Code(), "FINGERPRINT_TAKEN");
  EXPECT_EQ(counters(), std::pair(1L, 0L));
  ASSERT_EQ(CreateAs(as_token, {{"fingerprint", "m2"}}).status, 201);
  const Answer over = CreateAs(as_token, {{"fingerprint", "m3"}});
  EXPECT_EQ(over.status, 422);
  EXPECT_EQ(over.Code(), "ACTIVATIONS_LIMIT_EXCEEDED");
  EXPECT_EQ(over.Detail(), "exceeds maximum allowed (2)");
  EXPECT_EQ(over.Source(), "/data/attributes/activations");
  EXPECT_EQ(counters(), std::pair(2L, 0L));
  EXPECT_EQ(Show("m3").status, 404);
  EXPECT_EQ(server_.Send("DELETE", "/machines/m1", as_token).status, 204);
  EXPECT_EQ(counters(), std::pair(2L, 1L));
  const Answer stuck = server_.Send("DELETE", "/machines/m2", as_token);
  EXPECT_EQ(stuck.status, 422);
  EXPECT_EQ(stuck.Code(), "DEACTIVATIONS_LIMIT_EXCEEDED");
  EXPECT_EQ(stuck.Detail(), "exceeds maximum allowed (1)");
  EXPECT_EQ(stuck.Source(), "/data/attributes/deactivations");
  EXPECT_EQ(Show("m2").status, 200);
  EXPECT_EQ(Create({{"fingerprint", "m3"}}).status, 201);  // others count nothing
  EXPECT_EQ(CreateAs(TestServer::AsLicense(key_), {{"fingerprint", "m4"}}).status, 201);
  EXPECT_EQ(counters(), std::pair(2L, 1L));
}

TEST_F(Machines, AnExpiredOrSuspendedLicenseActivatesAsItsPolicySays) {
  const auto as_key = TestServer::AsLicense(key_);
  server_.Send("PATCH", "/licenses/" + license_, server_.AsAdmin(),
               DocumentOf("licenses", {{"expiry", "2020-01-01T00:00:00Z"}}));
  EXPECT_EQ(CreateAs(as_key, {{"fingerprint", "m1"}}).status, 201);
  server_.Send("PATCH", "/policies/" + policy_, server_.AsAdmin(),
               DocumentOf("policies", {{"expirationStrategy", "REVOKE_ACCESS"}}));
  EXPECT_EQ(CreateAs(as_key, {{"fingerprint", "m2"}}).Code(), "LICENSE_EXPIRED");
  const auto as_token = TestServer::AsToken(Token());
  EXPECT_EQ(CreateAs(as_token, {{"fingerprint", "m2"}}).status, 201);  // tokens are not refused
  server_.Post("/licenses/" + license_ + "/actions/suspend", json::object());
  EXPECT_EQ(CreateAs(as_key, {{"fingerprint", "m3"}}).Code(), "LICENSE_SUSPENDED");
}

// ---- update and delete

TEST_F(Machines, UpdateTakesWhatTheRoleMaySend) {
  const std::string id = Create({{"fingerprint", "m1"}, {"cores", 2}}).Id();
  server_.Advance(Seconds(5));
  const Answer updated = Update(id, {{"name", "Desk"},
                                     {"ip", "10.0.0.1"},
                                     {"hostname", "h"},
                                     {"platform", "p"},
                                     {"cores", 4},
                                     {"memory", 5},
                                     {"disk", 6},
                                     {"metadata", {{"a", 1}}}});
  ASSERT_EQ(updated.status, 200) << updated.body;
  EXPECT_EQ(updated.Attribute("name"), "Desk");
  EXPECT_EQ(updated.Attribute("updated"), Time(server_.now()));
  EXPECT_EQ(server_.Events().back(), "machine.updated");
  EXPECT_EQ(Totals(), (json::value{{"cores", 4}, {"memory", 5}, {"disk", 6}, {"count", 1}}));
  EXPECT_EQ(Update(id, {{"fingerprint", "m2"}}).Source(), "/data/attributes/fingerprint");
  EXPECT_EQ(server_
                .Send("PATCH", "/machines/" + id, server_.AsAdmin(),
                      DocumentOf("machines", {}, {{"license", LinkTo("licenses", license_)}}))
                .Source(),
            "/data/relationships");
  const auto support = TestServer::AsToken(
      server_.TokenOf(server_.AddUser("support@acme.example", "support-agent")));
  const core::User owner = server_.AddUser("owner@acme.example");
  server_.SetOwner(license_, owner);
  const auto user = TestServer::AsToken(server_.TokenOf(owner));
  for (const auto& bearer : {support, user, TestServer::AsLicense(key_)}) {
    for (const std::string_view name : {"cores", "memory", "disk", "metadata"}) {
      const Answer answer = Update(id, {{std::string(name), nullptr}}, bearer);
      EXPECT_EQ(answer.status, 400) << name;
      EXPECT_EQ(answer.Detail(), "unpermitted parameter");
      EXPECT_EQ(answer.Source(), "/data/attributes/" + std::string(name));
    }
    EXPECT_EQ(Update(id, {{"name", "Renamed"}}, bearer).status, 200);
  }
}

TEST_F(Machines, ProtectionStopsOwnersAndTheUpdatesOfTheLicense) {
  Make({{"floating", true}}, {{"protected", true}});
  const core::User owner = server_.AddUser("owner@acme.example");
  server_.SetOwner(license_, owner);
  const auto user = TestServer::AsToken(server_.TokenOf(owner));
  const auto license = TestServer::AsLicense(key_);
  EXPECT_EQ(CreateAs(user, {{"fingerprint", "m1"}}).status, 403);
  ASSERT_EQ(CreateAs(license, {{"fingerprint", "m1"}}).status, 201);
  for (const auto& bearer : {user, license}) {
    EXPECT_EQ(Update("m1", {{"name", "x"}}, bearer).status, 403);
    // Access comes before the body on updates.
    EXPECT_EQ(Update("m1", {{"nonsense", 1}}, bearer).status, 403);
  }
  const auto act = [&](std::string_view verb, std::string_view path,
                       const TestServer::Headers& bearer) {
    return server_.Send(verb, path, bearer).status;
  };
  EXPECT_EQ(act("POST", "/machines/m1/actions/ping", user), 403);
  EXPECT_EQ(act("POST", "/machines/m1/actions/ping", license), 200);
  EXPECT_EQ(act("DELETE", "/machines/m1", user), 403);
  EXPECT_EQ(act("GET", "/machines/m1", user), 200);
  EXPECT_EQ(act("DELETE", "/machines/m1", license), 204);
}

TEST_F(Machines, DeletionIsToldAndFreesTheSeat) {
  Make({{"floating", true}, {"maxMachines", 2}});
  Create({{"fingerprint", "m1"}});
  const std::string id = Create({{"fingerprint", "m2"}}).Id();
  EXPECT_EQ(Create({{"fingerprint", "m3"}}).status, 422);
  const Answer gone = server_.Send("DELETE", "/machines/" + id, server_.AsAdmin());
  EXPECT_EQ(gone.status, 204);
  EXPECT_EQ(gone.body, "");
  EXPECT_EQ(server_.Events().back(), "machine.deleted");
  EXPECT_EQ(Totals().at("count"), 1);
  EXPECT_EQ(server_.Send("DELETE", "/machines/" + id, server_.AsAdmin()).status, 404);
  EXPECT_EQ(Create({{"fingerprint", "m3"}}).status, 201);
}

// ---- look-up

TEST_F(Machines, AreFoundByIdInAnyFormAndByFingerprint) {
  const std::string fingerprint = "AA:bb.cc d%/\n";
  const std::string id = Create({{"fingerprint", fingerprint}}).Id();
  std::string bare = id;
  std::erase(bare, '-');
  std::string upper = id;
  for (char& c : upper) c = static_cast<char>(std::toupper(c));
  for (const std::string& segment : {id, bare, upper, std::string("AA:bb.cc%20d%25%2F%0A"),
                                     std::string("%41A%3abb%2Ecc%20d%25%2f%0a")})
    EXPECT_EQ(Show(segment).status, 200) << segment;
  for (const std::string& segment :
       {std::string("aa:bb.cc%20d%25%2F%0A"), std::string("AA:bb.cc%20d%25%2F"), id + "%0A"})
    EXPECT_EQ(Show(segment).status, 404) << segment;
  const Answer missing = Show("no%20such");
  EXPECT_EQ(missing.Code(), "NOT_FOUND");
  EXPECT_EQ(missing.Detail(), "The requested machine 'no such' was not found");
  EXPECT_EQ(server_.Get("/licenses/" + license_ + "/machines/" + id).status, 200);
  EXPECT_EQ(server_.Get("/licenses/" + license_ + "/machines/AA:bb.cc%20d%25%2F%0A").Id(), id);
}

TEST_F(Machines, OfSeveralOfOneFingerprintTheOldestIsShown) {
  const std::string first = Create({{"fingerprint", "same"}}).Id();
  server_.Advance(Seconds(1));
  Make({{"floating", true}});
  const std::string second = Create({{"fingerprint", "same"}}).Id();
  EXPECT_EQ(Show("same").Id(), first);
  EXPECT_EQ(server_.Get("/licenses/" + license_ + "/machines/same").Id(), second);
  EXPECT_EQ(server_.Send("GET", "/machines/same", TestServer::AsLicense(key_)).Id(), second);
  EXPECT_EQ(server_.Get("/licenses/" + license_ + "/machines/" + first).status, 404);
}

TEST_F(Machines, RelatedRecordsNeedTheTargetsPermission) {
  const std::string id = Create({{"fingerprint", "m1"}}).Id();
  EXPECT_EQ(Show(id + "/product").Id(), product_);
  EXPECT_EQ(Show(id + "/license").Id(), license_);
  const auto license = TestServer::AsLicense(key_);
  EXPECT_EQ(server_.Send("GET", "/machines/" + id + "/license", license).status, 200);
  const Answer product = server_.Send("GET", "/machines/" + id + "/product", license);
  EXPECT_EQ(product.status, 403);
  EXPECT_EQ(product.Detail(),
            "You do not have permission to complete the request (license lacks permission to "
            "perform action)");
}

// ---- heartbeats (machines.md §2)

TEST_F(Machines, APingStartsTheHeartbeat) {
  Create({{"fingerprint", "m1"}});
  server_.Advance(Seconds(5000));
  EXPECT_EQ(Show("m1").Attribute("heartbeatStatus"), "NOT_STARTED");
  const Answer ping = Act("m1", "ping");
  ASSERT_EQ(ping.status, 200) << ping.body;
  EXPECT_EQ(ping.Attribute("heartbeatStatus"), "ALIVE");
  EXPECT_EQ(ping.Attribute("requireHeartbeat"), true);
  EXPECT_EQ(ping.Attribute("lastHeartbeat"), Time(server_.now()));
  EXPECT_EQ(ping.Attribute("nextHeartbeat"), Time(server_.now() + Seconds(600)));
  EXPECT_EQ(server_.Events().back(), "machine.heartbeat.ping");
  server_.Advance(Seconds(600));
  EXPECT_EQ(Show("m1").Attribute("heartbeatStatus"), "ALIVE");
  server_.Advance(std::chrono::milliseconds(1));
  EXPECT_EQ(Show("m1").Attribute("heartbeatStatus"), "DEAD");
  const Answer dead = Act("m1", "ping-heartbeat");
  EXPECT_EQ(dead.status, 422);
  EXPECT_EQ(dead.Code(), "MACHINE_HEARTBEAT_DEAD");
  EXPECT_EQ(dead.Detail(), "is dead");
  EXPECT_EQ(dead.Source(), "");
  EXPECT_EQ(dead.Json().at("errors").at(0).at("title"), "Unprocessable entity");
}

// A row that only a rewrite of the metadata takes away stays.
TEST_F(Machines, HeartbeatsAndCheckOutsLeaveTheRowsOfTheMetadataAlone) {
  const Answer made = Create({{"fingerprint", "m1"}, {"metadata", {{"room", "12"}}}});
  ASSERT_EQ(made.status, 201) << made.body;
  const Uuid id = Uuid::Parse(made.Id()).value();
  const auto marked = [&] {
    std::int64_t rows = 0;
    EXPECT_TRUE(server_.database().ReadNow([&](store::Session& session) {
      return session.Query(
          "SELECT count(*) FROM machines_metadata WHERE record_id = $1 AND path = $2",
          store::Params(id, std::string_view("mark")),
          [&](const store::Row& row) { rows = row.Int(0); });
    }));
    return rows;
  };
  ASSERT_TRUE(server_.database().WriteNow([&](store::Session& session) -> Result<void> {
    LK_TRY(session.Execute(
        "INSERT INTO machines_metadata (record_id, account_id, path, value) VALUES ($1, $2, $3, "
        "$4)",
        store::Params(id, server_.account_id(), std::string_view("mark"), std::string_view("x"))));
    return {};
  }));
  for (const std::string action : {"ping", "reset", "check-out"}) {
    EXPECT_EQ(
        server_.Send("POST", "/machines/m1/actions/" + action, server_.AsAdmin()).status / 100, 2);
    EXPECT_EQ(marked(), 1) << action;
  }
  EXPECT_EQ(Show("m1").Attribute("metadata").at("room"), "12");
}

TEST_F(Machines, ARequiredHeartbeatBeginsWithTheMachine) {
  Make({{"floating", true}, {"requireHeartbeat", true}, {"heartbeatDuration", 60}});
  const Answer made = Create({{"fingerprint", "m1"}});
  EXPECT_EQ(made.Attribute("heartbeatStatus"), "ALIVE");
  EXPECT_EQ(made.Attribute("heartbeatDuration"), 60);
  EXPECT_EQ(made.Attribute("lastHeartbeat"), Time(server_.now()));
  Make({{"floating", true}, {"requireHeartbeat", true}, {"heartbeatBasis", "FROM_FIRST_PING"}});
  EXPECT_EQ(Create({{"fingerprint", "m1"}}).Attribute("heartbeatStatus"), "NOT_STARTED");
  server_.Advance(Seconds(600));
  const auto status = [&] {
    return server_.Get("/licenses/" + license_ + "/machines/m1").Attribute("heartbeatStatus");
  };
  EXPECT_EQ(status(), "NOT_STARTED");
  server_.Advance(Seconds(1));
  EXPECT_EQ(status(), "DEAD");  // never started within its time
}

struct ReviveCase {
  std::string strategy;
  int seconds;  // after death that a ping still revives; -1: any time
};
class Resurrection : public Machines, public ::testing::WithParamInterface<ReviveCase> {};
TEST_P(Resurrection, IsPossibleWithinItsWindow) {
  const auto& row = GetParam();
  Make({{"floating", true},
        {"heartbeatDuration", 60},
        {"heartbeatResurrectionStrategy", row.strategy},
        {"heartbeatCullStrategy", "KEEP_DEAD"}});
  Create({{"fingerprint", "m1"}});
  ASSERT_EQ(Act("m1", "ping").status, 200);
  server_.Advance(Seconds(60 + (row.seconds < 0 ? 86400 * 30 : row.seconds)));
  const Answer revived = Act("m1", "ping");
  if (row.seconds == 0) {
    EXPECT_EQ(revived.Attribute("heartbeatStatus"), "ALIVE");  // not dead yet
  } else {
    EXPECT_EQ(revived.Attribute("heartbeatStatus"), "RESURRECTED");
    EXPECT_EQ(server_.Events().back(), "machine.heartbeat.resurrected");
    EXPECT_EQ(Show("m1").Attribute("heartbeatStatus"), "ALIVE");
  }
  if (row.seconds < 0) return;
  server_.Advance(Seconds(60 + row.seconds) + std::chrono::milliseconds(1));
  EXPECT_EQ(Act("m1", "ping").Code(), "MACHINE_HEARTBEAT_DEAD");
}
INSTANTIATE_TEST_SUITE_P(
    Strategies, Resurrection,
    ::testing::Values(ReviveCase{"NO_REVIVE", 0}, ReviveCase{"1_MINUTE_REVIVE", 60},
                      ReviveCase{"2_MINUTE_REVIVE", 120}, ReviveCase{"5_MINUTE_REVIVE", 300},
                      ReviveCase{"10_MINUTE_REVIVE", 600}, ReviveCase{"15_MINUTE_REVIVE", 900},
                      ReviveCase{"ALWAYS_REVIVE", -1}),
    [](const auto& test) { return "By" + test.param.strategy; });

TEST_F(Machines, ResetForgetsTheHeartbeat) {
  Create({{"fingerprint", "m1"}});
  Act("m1", "ping");
  const Answer reset = Act("m1", "reset");
  EXPECT_EQ(reset.Attribute("heartbeatStatus"), "NOT_STARTED");
  EXPECT_TRUE(reset.Attribute("lastHeartbeat").is_null());
  EXPECT_TRUE(reset.Attribute("nextHeartbeat").is_null());
  EXPECT_EQ(server_.Events().back(), "machine.heartbeat.reset");
  EXPECT_EQ(Act("m1", "reset-heartbeat").status, 200);
  Make({{"floating", true}, {"requireHeartbeat", true}});
  const std::string id = Create({{"fingerprint", "required"}}).Id();
  server_.Advance(Seconds(700));
  EXPECT_EQ(Act(id, "reset").Attribute("heartbeatStatus"), "DEAD");
}

// Only real time knows downtime (decision 7): these questions are asked without Latchkey-Now.
TEST_F(Machines, TheServersOwnDowntimeIsNobodysFault) {
  const TimePoint now = base::SystemNow();
  const TimePoint pinged = now - Seconds(3600);
  server_.SetNow(pinged);
  Make({{"floating", true}});
  Create({{"fingerprint", "m1"}});
  ASSERT_EQ(Act("m1", "ping").status, 200);
  auto asked = server_.AsAdmin();
  asked.push_back({"Latchkey-Now", ""});
  const auto status = [&] {
    return Text(server_.Send("GET", "/machines/m1", asked).Attribute("heartbeatStatus"));
  };
  const auto verdict = [&] {
    const json::object meta{{"scope", {{"fingerprint", "m1"}}}};
    return Text(server_
                    .Send("POST", "/licenses/" + license_ + "/actions/validate", asked,
                          json::value(json::object{{"meta", meta}}))
                    .Json()
                    .at("meta")
                    .at("code"));
  };
  EXPECT_EQ(status(), "DEAD");
  EXPECT_EQ(verdict(), "HEARTBEAT_DEAD");
  server_.SetServing(std::make_shared<core::ServingLog>(core::ServingLog::FromIntervals(
      {{pinged - Seconds(60), pinged + Seconds(60)}, {now - Seconds(60), now + Seconds(86400)}})));
  EXPECT_EQ(status(), "ALIVE");
  EXPECT_EQ(verdict(), "VALID");
  EXPECT_EQ(server_.Send("POST", "/machines/m1/actions/ping", asked).status, 200);
}

}  // namespace
}  // namespace latchkey::api
