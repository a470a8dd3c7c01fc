// Who may do what with licenses and machines (conventions.md §4.4 to §4.6, machines.md §1.10):
// every route for every kind of bearer, over records that are its own, another's, or missing.
#include <gtest/gtest.h>

#include "api/test_server.h"

namespace latchkey::api {
namespace {

std::string Text(const json::value& value) { return std::string(value.as_string()); }

enum Staff { kRd, kW1, kW2, kW3 };  // the groups of conventions.md §4.5

// One row of the matrix. In paths and bodies {L}, {M}, {C}, {X}, {E}, {P} stand for the license,
// its machine, a component and a process of that, an entitlement it has, and its policy.
struct Row {
  std::string_view method, path;
  std::string_view body;
  Staff staff;
  bool product, license;  // for their own records
};

constexpr std::string_view kNone = "";
constexpr std::string_view kLicenseUpdate =
    R"({"data":{"type":"licenses","attributes":{"name":"x"}}})";
constexpr std::string_view kMachineUpdate =
    R"({"data":{"type":"machines","attributes":{"name":"x"}}})";
constexpr std::string_view kComponentUpdate =
    R"({"data":{"type":"components","attributes":{"name":"x"}}})";
constexpr std::string_view kProcessUpdate = R"({"data":{"type":"processes","attributes":{}}})";
constexpr std::string_view kEntitlement = R"({"data":[{"type":"entitlements","id":"{E}"}]})";
constexpr std::string_view kPolicy = R"({"data":{"type":"policies","id":"{P}"}})";

constexpr Row kRows[] = {
    {"GET", "/licenses/{L}", kNone, kRd, true, true},
    {"PATCH", "/licenses/{L}", kLicenseUpdate, kW1, true, false},
    {"PUT", "/licenses/{L}", kLicenseUpdate, kW1, true, false},
    {"DELETE", "/licenses/{L}", kNone, kW2, true, false},
    {"GET", "/licenses/{L}/product", kNone, kRd, true, false},  // licenses lack product.read
    {"GET", "/licenses/{L}/policy", kNone, kRd, true, false},
    {"PUT", "/licenses/{L}/policy", kPolicy, kW2, true, false},
    {"GET", "/licenses/{L}/entitlements", kNone, kRd, true, true},
    {"GET", "/licenses/{L}/entitlements/{E}", kNone, kRd, true, true},
    {"POST", "/licenses/{L}/entitlements", kEntitlement, kW2, true, false},
    {"DELETE", "/licenses/{L}/entitlements", kEntitlement, kW2, true, false},
    {"GET", "/licenses/{L}/machines", kNone, kRd, true, true},
    {"GET", "/licenses/{L}/machines/{M}", kNone, kRd, true, true},
    {"GET", "/licenses/{L}/tokens", kNone, kRd, true, false},
    {"POST", "/licenses/{L}/tokens", kNone, kW2, true, false},
    {"GET", "/licenses/{L}/actions/validate", kNone, kRd, true, true},
    {"POST", "/licenses/{L}/actions/validate", kNone, kRd, true, true},
    {"POST", "/licenses/{L}/actions/check-in", kNone, kW1, true, true},
    {"POST", "/licenses/{L}/actions/renew", kNone, kW2, true, false},
    {"DELETE", "/licenses/{L}/actions/revoke", kNone, kW2, true, false},
    {"POST", "/licenses/{L}/actions/suspend", kNone, kW1, true, false},
    {"POST", "/licenses/{L}/actions/reinstate", kNone, kW1, true, false},
    {"POST", "/licenses/{L}/actions/increment-usage", kNone, kW1, true, true},
    {"POST", "/licenses/{L}/actions/decrement-usage", kNone, kW1, true, false},
    {"POST", "/licenses/{L}/actions/reset-usage", kNone, kW1, true, false},
    {"GET", "/licenses/{L}/actions/check-out", kNone, kW1, true, true},
    {"POST", "/licenses/{L}/actions/check-out", kNone, kW1, true, true},
    {"GET", "/machines/{M}", kNone, kRd, true, true},
    {"PATCH", "/machines/{M}", kMachineUpdate, kW1, true, true},
    {"PUT", "/machines/{M}", kMachineUpdate, kW1, true, true},
    {"DELETE", "/machines/{M}", kNone, kW2, true, true},
    {"GET", "/machines/{M}/product", kNone, kRd, true, false},
    {"GET", "/machines/{M}/license", kNone, kRd, true, true},
    {"POST", "/machines/{M}/actions/ping", kNone, kW3, true, true},
    {"POST", "/machines/{M}/actions/ping-heartbeat", kNone, kW3, true, true},
    {"POST", "/machines/{M}/actions/reset", kNone, kW2, true, false},
    {"POST", "/machines/{M}/actions/reset-heartbeat", kNone, kW2, true, false},
    {"GET", "/machines/{M}/actions/check-out", kNone, kW1, true, true},
    {"POST", "/machines/{M}/actions/check-out", kNone, kW1, true, true},
    {"GET", "/machines/{M}/components", kNone, kRd, true, true},
    {"GET", "/machines/{M}/components/{C}", kNone, kRd, true, true},
    {"GET", "/machines/{M}/processes", kNone, kRd, true, true},
    {"GET", "/machines/{M}/processes/{X}", kNone, kRd, true, true},
    {"GET", "/components/{C}", kNone, kRd, true, true},
    {"PATCH", "/components/{C}", kComponentUpdate, kW1, true, true},
    {"PUT", "/components/{C}", kComponentUpdate, kW1, true, true},
    {"DELETE", "/components/{C}", kNone, kW2, true, true},
    {"GET", "/components/{C}/product", kNone, kRd, true, false},
    {"GET", "/components/{C}/license", kNone, kRd, true, true},
    {"GET", "/components/{C}/machine", kNone, kRd, true, true},
    {"GET", "/processes/{X}", kNone, kRd, true, true},
    {"PATCH", "/processes/{X}", kProcessUpdate, kW1, true, true},
    {"PUT", "/processes/{X}", kProcessUpdate, kW1, true, true},
    {"DELETE", "/processes/{X}", kNone, kW2, true, true},
    {"POST", "/processes/{X}/actions/ping", kNone, kW3, true, true},
    {"GET", "/processes/{X}/product", kNone, kRd, true, false},
    {"GET", "/processes/{X}/license", kNone, kRd, true, true},
    {"GET", "/processes/{X}/machine", kNone, kRd, true, true},
};

class RuleMatrix : public ::testing::TestWithParam<Row> {
 protected:
  struct World {
    std::string product, product_token;
    std::string policy, license, key, license_token, machine, component, process;
  };

  TestServer server_;
  std::string entitlement_ = server_.AddEntitlement("EXPORT");
  World own_ = MakeWorld();
  World other_ = MakeWorld();

  World MakeWorld() {
    World world;
    world.product = server_.AddProduct();
    world.product_token = TokenAt("/products/" + world.product);
    world.policy = server_.AddPolicy(world.product, {{"floating", true},
                                                     {"duration", 2592000},
                                                     {"requireCheckIn", true},
                                                     {"checkInInterval", "day"},
                                                     {"checkInIntervalCount", 30}});
    Refill(world);
    return world;
  }
  // A license and machine nothing has happened to yet.
  void Refill(World& world) {
    const Answer license = server_.AddLicense(world.policy);
    world.license = license.Id();
    world.key = Text(license.Attribute("key"));
    world.license_token = TokenAt("/licenses/" + world.license);
    world.machine = server_.AddMachine(world.license, "fp of " + world.license).Id();
    server_.Attach("/licenses/" + world.license, entitlement_);
    const json::object machine{{"machine", LinkTo("machines", world.machine)}};
    world.component =
        server_
            .Post("/components",
                  DocumentOf("components", {{"fingerprint", "c"}, {"name", "C"}}, machine))
            .Id();
    world.process =
        server_.Post("/processes", DocumentOf("processes", {{"pid", "1"}}, machine)).Id();
  }
  std::string TokenAt(const std::string& parent) {
    return Text(server_.Post(parent + "/tokens", json::object()).Attribute("token"));
  }

  static std::string Filled(std::string_view text, const World& world,
                            std::string_view entitlement) {
    std::string out(text);
    const std::pair<std::string_view, std::string_view> names[] = {
        {"{L}", world.license}, {"{M}", world.machine}, {"{C}", world.component},
        {"{X}", world.process}, {"{P}", world.policy},  {"{E}", entitlement}};
    for (const auto& [name, value] : names)
      for (std::size_t at = out.find(name); at != out.npos; at = out.find(name))
        out.replace(at, name.size(), value);
    return out;
  }
  Answer Ask(const World& world, const TestServer::Headers& bearer) {
    const Row& row = GetParam();
    return server_.Send(row.method, Filled(row.path, world, entitlement_), bearer,
                        std::string_view(Filled(row.body, world, entitlement_)));
  }
  // Asks about records of `own_`, fresh again where the answer changed them.
  Answer AskOwn(const TestServer::Headers& bearer) {
    Answer answer = Ask(own_, bearer);
    if (answer.status < 300 && GetParam().method != "GET") Refill(own_);
    return answer;
  }
  static void ExpectAllowed(const Answer& answer, bool allowed, std::string_view who) {
    if (allowed)
      EXPECT_TRUE(answer.status < 300 || answer.status == 422)
          << who << ' ' << answer.status << answer.body;
    else
      EXPECT_EQ(answer.status, 403) << who << answer.body;
    if (answer.status == 403) {
      EXPECT_EQ(answer.Code(), "") << who;
      EXPECT_TRUE(
          answer.Detail().starts_with("You do not have permission to complete the request ("))
          << answer.Detail();
    }
  }
};

// The body, with the requested ids and the request's own replaced by their names.
std::string Anonymised(const Answer& answer, std::string_view license,
                       std::string_view machine = {}, std::string_view component = {},
                       std::string_view process = {}) {
  std::string text = answer.body;
  const std::string request(answer.header("X-Request-Id"));
  const std::pair<std::string_view, std::string_view> names[] = {
      {license, "{L}"}, {machine, "{M}"}, {component, "{C}"}, {process, "{X}"}, {request, "{R}"}};
  for (const auto& [value, name] : names)
    for (std::size_t at = value.empty() ? text.npos : text.find(value); at != text.npos;
         at = text.find(value))
      text.replace(at, value.size(), name);
  return text;
}

TEST_P(RuleMatrix, IsFollowedForEveryBearer) {
  const Row& row = GetParam();
  ExpectAllowed(AskOwn(server_.AsAdmin()), true, "admin");
  const struct {
    std::string role;
    bool allowed;
  } staff[] = {{"developer", true},
               {"sales-agent", row.staff != kW3},
               {"support-agent", row.staff == kRd || row.staff == kW1},
               {"read-only", row.staff == kRd}};
  for (const auto& [role, allowed] : staff) {
    const auto token = server_.TokenOf(server_.AddUser(role + "@acme.example", role));
    ExpectAllowed(AskOwn(TestServer::AsToken(token)), allowed, role);
  }
  ExpectAllowed(AskOwn(TestServer::AsToken(own_.product_token)), row.product, "product");
  ExpectAllowed(AskOwn(TestServer::AsToken(own_.license_token)), row.license, "activation token");
  ExpectAllowed(AskOwn(TestServer::AsLicense(own_.key)), row.license, "license key");

  const Answer anonymous = Ask(own_, {});
  EXPECT_EQ(anonymous.status, 401);
  EXPECT_EQ(anonymous.Code(), "TOKEN_MISSING");
  EXPECT_EQ(Ask(own_, TestServer::AsToken("prod-unknownv3")).Code(), "TOKEN_INVALID");
  EXPECT_EQ(Ask(own_, TestServer::AsLicense("unknown")).Code(), "LICENSE_INVALID");
}

TEST_P(RuleMatrix, HidesWhatIsNotTheirsLikeWhatIsMissing) {
  World missing = other_;
  missing.license = "5d3e9c71-0f4b-4b6a-8c12-7a9e1f2d3c43";
  missing.machine = "6c4f9c71-0f4b-4b6a-8c12-7a9e1f2d3c43";
  missing.component = "7d5f9c71-0f4b-4b6a-8c12-7a9e1f2d3c43";
  missing.process = "8e6f9c71-0f4b-4b6a-8c12-7a9e1f2d3c43";
  const auto stranger = server_.TokenOf(server_.AddUser("stranger@acme.example"));
  const std::pair<std::string_view, TestServer::Headers> bearers[] = {
      {"product", TestServer::AsToken(own_.product_token)},
      {"activation token", TestServer::AsToken(own_.license_token)},
      {"license key", TestServer::AsLicense(own_.key)},
      {"user", TestServer::AsToken(stranger)}};
  for (const bool reasons : {false, true}) {
    for (auto [who, bearer] : bearers) {
      if (reasons) bearer.push_back({"Latchkey-Reasons", "1"});
      const Answer hidden = Ask(other_, bearer);
      const Answer none = Ask(missing, bearer);
      EXPECT_EQ(hidden.status, 404) << who;
      EXPECT_EQ(none.status, 404) << who;
      EXPECT_EQ(
          Anonymised(hidden, other_.license, other_.machine, other_.component, other_.process),
          Anonymised(none, missing.license, missing.machine, missing.component, missing.process))
          << who;
      EXPECT_EQ(hidden.headers.size(), none.headers.size()) << who;
    }
  }
  EXPECT_EQ(Ask(missing, server_.AsAdmin()).status, 404);
}

INSTANTIATE_TEST_SUITE_P(Routes, RuleMatrix, ::testing::ValuesIn(kRows), [](const auto& test) {
  std::string name(test.param.method);
  for (const char c : test.param.path)
    if (std::isalnum(static_cast<unsigned char>(c))) name += c;
  return name;
});

// ---- routes without a record in their path

class CreationRules : public ::testing::Test {
 protected:
  TestServer server_;
  std::string product_ = server_.AddProduct();
  std::string policy_ = server_.AddPolicy(product_, {{"floating", true}});
  Answer license_ = server_.AddLicense(policy_);
  std::string other_product_ = server_.AddProduct();
  std::string other_policy_ = server_.AddPolicy(other_product_, {{"floating", true}});
  std::string other_license_ = server_.AddLicense(other_policy_).Id();
  static constexpr std::string_view kMissing = "5d3e9c71-0f4b-4b6a-8c12-7a9e1f2d3c43";
  int count_ = 0;

  TestServer::Headers TokenAt(const std::string& parent) {
    return TestServer::AsToken(
        Text(server_.Post(parent + "/tokens", json::object()).Attribute("token")));
  }
  Answer CreateLicense(std::string_view policy, const TestServer::Headers& bearer) {
    return server_.Send("POST", "/licenses", bearer,
                        DocumentOf("licenses", {}, {{"policy", LinkTo("policies", policy)}}));
  }
  Answer CreateMachine(std::string_view license, const TestServer::Headers& bearer) {
    return server_.Send("POST", "/machines", bearer,
                        DocumentOf("machines", {{"fingerprint", std::to_string(++count_)}},
                                   {{"license", LinkTo("licenses", license)}}));
  }
  TestServer::Headers Staff(const std::string& role) {
    return TestServer::AsToken(server_.TokenOf(server_.AddUser(role + "@acme.example", role)));
  }
};

TEST_F(CreationRules, ThePolicyOfTheBodyDecidesOverLicenses) {
  const auto product = TokenAt("/products/" + product_);
  EXPECT_EQ(CreateLicense(policy_, product).status, 201);
  const Answer hidden = CreateLicense(other_policy_, product);
  const Answer missing = CreateLicense(kMissing, product);
  EXPECT_EQ(hidden.status, 403);
  EXPECT_EQ(Anonymised(hidden, other_policy_), Anonymised(missing, kMissing));
  for (const auto& bearer : {TokenAt("/licenses/" + license_.Id()),
                             TestServer::AsLicense(Text(license_.Attribute("key")))})
    EXPECT_EQ(CreateLicense(policy_, bearer).status, 403);
  EXPECT_EQ(CreateLicense(policy_, {}).status, 401);
  EXPECT_EQ(CreateLicense(policy_, Staff("sales-agent")).status, 201);
  EXPECT_EQ(CreateLicense(policy_, Staff("support-agent")).status, 403);
  EXPECT_EQ(CreateLicense(policy_, Staff("read-only")).status, 403);
}

TEST_F(CreationRules, TheLicenseOfTheBodyDecidesOverMachines) {
  for (const auto& bearer :
       {TokenAt("/products/" + product_), TokenAt("/licenses/" + license_.Id()),
        TestServer::AsLicense(Text(license_.Attribute("key")))}) {
    EXPECT_EQ(CreateMachine(license_.Id(), bearer).status, 201);
    const Answer hidden = CreateMachine(other_license_, bearer);
    const Answer missing = CreateMachine(kMissing, bearer);
    EXPECT_EQ(hidden.status, 403);
    EXPECT_EQ(Anonymised(hidden, other_license_), Anonymised(missing, kMissing));
  }
  EXPECT_EQ(CreateMachine(license_.Id(), {}).status, 401);
  EXPECT_EQ(CreateMachine(license_.Id(), Staff("sales-agent")).status, 201);
  EXPECT_EQ(CreateMachine(license_.Id(), Staff("support-agent")).status, 403);
  EXPECT_EQ(CreateMachine(license_.Id(), Staff("read-only")).status, 403);
}

TEST_F(CreationRules, ListsShowOnlyTheirOwnAndLicensesListNoLicenses) {
  const std::string mine = server_.AddMachine(license_.Id(), "m1").Id();
  server_.AddMachine(other_license_, "m1");
  const auto product = TokenAt("/products/" + product_);
  EXPECT_EQ(server_.Send("GET", "/licenses", product).Ids(),
            std::vector<std::string>{license_.Id()});
  EXPECT_EQ(server_.Send("GET", "/machines", product).Ids(), std::vector<std::string>{mine});
  for (const auto& bearer : {TokenAt("/licenses/" + license_.Id()),
                             TestServer::AsLicense(Text(license_.Attribute("key")))}) {
    EXPECT_EQ(server_.Send("GET", "/licenses", bearer).status, 403);
    EXPECT_EQ(server_.Send("GET", "/machines", bearer).Ids(), std::vector<std::string>{mine});
  }
  EXPECT_EQ(server_.Send("GET", "/licenses", {}).status, 401);
  EXPECT_EQ(server_.Get("/licenses").Ids().size(), 2U);
  EXPECT_EQ(server_.Get("/machines").Ids().size(), 2U);
}

// Tombstones tell no stranger that something once was (decision 6).
TEST_F(CreationRules, WhatIsGoneIsHiddenFromStrangersToo) {
  ASSERT_EQ(server_.Send("DELETE", "/licenses/" + other_license_, server_.AsAdmin()).status, 204);
  auto product = TokenAt("/products/" + product_);
  product.push_back({"Latchkey-Reasons", "1"});
  const Answer gone = server_.Send("GET", "/licenses/" + other_license_, product);
  const Answer missing = server_.Send("GET", "/licenses/" + std::string(kMissing), product);
  EXPECT_EQ(Anonymised(gone, other_license_), Anonymised(missing, kMissing));
}

struct StrategyCase {
  std::string strategy;
  bool token, key;
};
class Strategies : public ::testing::TestWithParam<StrategyCase> {};
TEST_P(Strategies, DecideHowALicenseShowsItself) {
  TestServer server;
  const std::string policy =
      server.AddPolicy(server.AddProduct(), {{"authenticationStrategy", GetParam().strategy}});
  const Answer license = server.AddLicense(policy);
  const std::string token =
      Text(server.Post("/licenses/" + license.Id() + "/tokens", json::object()).Attribute("token"));
  const std::string key = Text(license.Attribute("key"));
  const auto expect = [](const Answer& answer, bool allowed, std::string_view code,
                         std::string_view detail) {
    EXPECT_EQ(answer.status, allowed ? 200 : 403) << answer.body;
    if (allowed) return;
    EXPECT_EQ(answer.Code(), code);
    EXPECT_EQ(answer.Detail(), detail);
  };
  const std::string path = "/licenses/" + license.Id();
  expect(server.Send("GET", path, TestServer::AsToken(token)), GetParam().token,
         "TOKEN_NOT_ALLOWED", "Token authentication is not allowed by policy");
  expect(server.Send("GET", path, TestServer::AsLicense(key)), GetParam().key,
         "LICENSE_NOT_ALLOWED", "License key authentication is not allowed by policy");
  // Nobody needs to show himself to validate a key.
  EXPECT_EQ(server
                .Send("POST", "/licenses/actions/validate-key", {},
                      json::value(json::object{{"meta", {{"key", key}}}}))
                .Json()
                .at("meta")
                .at("code"),
            "VALID");
}
INSTANTIATE_TEST_SUITE_P(All, Strategies,
                         ::testing::Values(StrategyCase{"TOKEN", true, false},
                                           StrategyCase{"LICENSE", false, true},
                                           StrategyCase{"SESSION", false, false},
                                           StrategyCase{"MIXED", true, true},
                                           StrategyCase{"NONE", false, false}),
                         [](const auto& test) { return test.param.strategy; });

}  // namespace
}  // namespace latchkey::api
