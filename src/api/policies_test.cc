// Policies (licenses.md §4): every attribute, default, rule and route.
#include <algorithm>

#include "api/test_expect.h"
#include "core/naming.h"
#include "core/policy.h"
#include "core/rules.h"

namespace latchkey::api {
namespace {

class Policies : public testing::Test {
 protected:
  Policies() : product(server.AddProduct()) {}
  Answer Add(json::object attributes) {
    if (!attributes.contains("name")) attributes.emplace("name", "x");
    return server.Post("/policies", DocumentOf("policies", std::move(attributes),
                                               {{"product", LinkTo("products", product)}}));
  }
  Answer Change(const std::string& id, json::object attributes) {
    return server.Send("PATCH", "/policies/" + id, server.AsAdmin(),
                       DocumentOf("policies", std::move(attributes)));
  }
  TestServer server;
  std::string product;
};

TEST_F(Policies, HaveTheirDefaultsAndRenderEverything) {
  const Answer made = Add({});
  ASSERT_EQ(made.status, 201) << made.body;
  const json::value expected = *base::ParseJson(R"({
    "name":"x","duration":null,"strict":false,"floating":false,"scheme":null,"encrypted":false,
    "usePool":false,"protected":false,"maxMachines":1,"maxCores":null,"maxMemory":null,
    "maxDisk":null,"maxProcesses":null,"maxUsers":null,"maxUses":null,
    "machineUniquenessStrategy":"UNIQUE_PER_LICENSE","machineMatchingStrategy":"MATCH_ANY",
    "componentUniquenessStrategy":"UNIQUE_PER_MACHINE","componentMatchingStrategy":"MATCH_ANY",
    "expirationStrategy":"RESTRICT_ACCESS","expirationBasis":"FROM_CREATION",
    "renewalBasis":"FROM_EXPIRY","transferStrategy":"KEEP_EXPIRY","authenticationStrategy":"TOKEN",
    "heartbeatCullStrategy":"DEACTIVATE_DEAD","heartbeatResurrectionStrategy":"NO_REVIVE",
    "heartbeatBasis":"FROM_FIRST_PING","machineLeasingStrategy":"PER_LICENSE",
    "processLeasingStrategy":"PER_MACHINE","overageStrategy":"NO_OVERAGE",
    "requireProductScope":false,"requirePolicyScope":false,"requireMachineScope":false,
    "requireFingerprintScope":false,"requireComponentsScope":false,"requireUserScope":false,
    "requireChecksumScope":false,"requireVersionScope":false,"requireCheckIn":false,
    "checkInInterval":null,"checkInIntervalCount":null,"requireHeartbeat":false,
    "heartbeatDuration":null,"syncInterval":null,"offlineGrace":null,"expiryGrace":null,
    "maxFileTtl":null,"metadata":{},
    "created":"2026-03-03T09:15:00.000Z","updated":"2026-03-03T09:15:00.000Z"})");
  EXPECT_EQ(made.Data().at("attributes"), expected) << made.body;
  const json::value relationships = made.Data().at("relationships");
  const std::string self =
      "/v1/accounts/" + server.account_id().ToString() + "/policies/" + made.Id();
  EXPECT_EQ(relationships.at("product").at("data"),
            json::value({{"type", "products"}, {"id", product}}));
  EXPECT_EQ(relationships.at("product").at("links").at("related").as_string(), self + "/product");
  for (const std::string_view name : {"pool", "licenses", "entitlements"}) {
    EXPECT_EQ(relationships.at(name).at("links").at("related").as_string(),
              self + "/" + std::string(name));
    EXPECT_FALSE(relationships.at(name).as_object().contains("data"));
  }
  EXPECT_TRUE(relationships.at("environment").at("data").is_null());
}

TEST_F(Policies, DefaultsThatDependOnOthers) {
  EXPECT_EQ(Add({{"requireHeartbeat", true}}).Attribute("heartbeatBasis"),
            json::value("FROM_CREATION"));
  EXPECT_EQ(Add({{"requireHeartbeat", true}, {"heartbeatBasis", "FROM_FIRST_PING"}})
                .Attribute("heartbeatBasis"),
            json::value("FROM_FIRST_PING"));
  EXPECT_TRUE(Add({{"floating", true}}).Attribute("maxMachines").is_null());
  EXPECT_EQ(Add({{"floating", true}, {"maxMachines", 7}}).Attribute("maxMachines"), json::value(7));
  EXPECT_EQ(Add({{"encrypted", true}}).Attribute("scheme"), json::value("LEGACY_ENCRYPT"));
  EXPECT_EQ(Add({{"maxMachines", nullptr}}).Attribute("maxMachines"), json::value(1));
}

TEST_F(Policies, KeepEveryValueTheyAreGiven) {
  const std::string made = Add({}).Id();
  const std::pair<std::string_view, json::value> rows[] = {
      {"name", "y"},
      {"duration", 86400},
      {"strict", true},
      {"protected", true},
      {"maxCores", 2147483647},
      {"maxMemory", 9223372036854775807},
      {"maxDisk", 9223372036854775807},
      {"maxProcesses", 1},
      {"maxUsers", 1},
      {"maxUses", 0},
      {"machineUniquenessStrategy", "UNIQUE_PER_ACCOUNT"},
      {"machineMatchingStrategy", "MATCH_MOST"},
      {"componentUniquenessStrategy", "UNIQUE_PER_POLICY"},
      {"componentMatchingStrategy", "MATCH_ALL"},
      {"expirationStrategy", "MAINTAIN_ACCESS"},
      {"expirationBasis", "FROM_FIRST_USE"},
      {"renewalBasis", "FROM_NOW_IF_EXPIRED"},
      {"transferStrategy", "RESET_EXPIRY"},
      {"authenticationStrategy", "NONE"},
      {"heartbeatCullStrategy", "KEEP_DEAD"},
      {"heartbeatResurrectionStrategy", "ALWAYS_REVIVE"},
      {"heartbeatBasis", "FROM_CREATION"},
      {"machineLeasingStrategy", "PER_USER"},
      {"processLeasingStrategy", "PER_USER"},
      {"overageStrategy", "ALLOW_2X_OVERAGE"},
      {"requireProductScope", true},
      {"requirePolicyScope", true},
      {"requireMachineScope", true},
      {"requireFingerprintScope", true},
      {"requireComponentsScope", true},
      {"requireUserScope", true},
      {"requireChecksumScope", true},
      {"requireVersionScope", true},
      {"checkInInterval", "month"},
      {"checkInIntervalCount", 365},
      {"requireCheckIn", true},
      {"requireHeartbeat", true},
      {"heartbeatDuration", 60},
      {"syncInterval", 3600},
      {"offlineGrace", 0},
      {"expiryGrace", 7776000},
      {"maxFileTtl", 3600},
      {"metadata", {{"a", 1}}},
  };
  for (const auto& [name, value] : rows) {
    const Answer changed = Change(made, {{name, value}});
    ASSERT_EQ(changed.status, 200) << name << changed.body;
    EXPECT_EQ(changed.Attribute(name), value) << name;
    EXPECT_EQ(server.Get("/policies/" + made).Attribute(name), value) << name;
  }
}

TEST_F(Policies, SomeMembersAreForCreationOnly) {
  const std::string made = Add({}).Id();
  for (const auto& [name, value] :
       {std::pair("scheme", json::value("ED25519_SIGN")), std::pair("encrypted", json::value(true)),
        std::pair("usePool", json::value(true)), std::pair("concurrent", json::value(true)),
        std::pair("leasingStrategy", json::value("PER_USER")),
        std::pair("fingerprintUniquenessStrategy", json::value("x")),
        std::pair("requireEnvironmentScope", json::value(true))}) {
    const std::string source = "pointer /data/attributes/" + std::string(name);
    ExpectError(Change(made, {{name, value}}), {400, "", "unpermitted parameter", source});
  }
  ExpectError(server.Send("PATCH", "/policies/" + made, server.AsAdmin(),
                          DocumentOf("policies", {}, {{"product", LinkTo("products", product)}})),
              {400, "", "unpermitted parameter", "pointer /data/relationships"});
}

struct RuleRow {
  json::object attributes;
  std::string_view code, detail, name;
};

TEST_F(Policies, NumbersHaveTheirBounds) {
  const std::string_view max_int = "must be less than or equal to 2147483647";
  const RuleRow rows[] = {
      {{{"duration", 86399}},
       "DURATION_INVALID",
       "must be greater than or equal to 86400 (1 day)",
       "duration"},
      {{{"duration", 0}},
       "DURATION_INVALID",
       "must be greater than or equal to 86400 (1 day)",
       "duration"},
      {{{"duration", 2147483648}}, "DURATION_INVALID", max_int, "duration"},
      {{{"floating", true}, {"maxMachines", 0}},
       "MAX_MACHINES_INVALID",
       "must be greater than or equal to 1 for floating policy",
       "maxMachines"},
      {{{"floating", true}, {"maxMachines", -1}},
       "MAX_MACHINES_INVALID",
       "must be greater than or equal to 0",
       "maxMachines"},
      {{{"floating", true}, {"maxMachines", 2147483648}},
       "MAX_MACHINES_INVALID",
       max_int,
       "maxMachines"},
      {{{"maxCores", 0}}, "MAX_CORES_INVALID", "must be greater than or equal to 1", "maxCores"},
      {{{"maxCores", 2147483648}}, "MAX_CORES_INVALID", max_int, "maxCores"},
      {{{"maxMemory", 0}}, "MAX_MEMORY_INVALID", "must be greater than or equal to 1", "maxMemory"},
      {{{"maxDisk", -1}}, "MAX_DISK_INVALID", "must be greater than or equal to 1", "maxDisk"},
      {{{"maxProcesses", 0}}, "MAX_PROCESSES_INVALID", "must be greater than 0", "maxProcesses"},
      {{{"maxProcesses", 2147483648}}, "MAX_PROCESSES_INVALID", max_int, "maxProcesses"},
      {{{"maxUsers", -1}}, "MAX_USERS_INVALID", "must be greater than 0", "maxUsers"},
      {{{"maxUsers", 2147483648}}, "MAX_USERS_INVALID", max_int, "maxUsers"},
      {{{"maxUses", -1}}, "MAX_USES_INVALID", "must be greater than or equal to 0", "maxUses"},
      {{{"maxUses", 2147483648}}, "MAX_USES_INVALID", max_int, "maxUses"},
      {{{"heartbeatDuration", 59}},
       "HEARTBEAT_DURATION_INVALID",
       "must be greater than or equal to 60 (1 minute)",
       "heartbeatDuration"},
      {{{"heartbeatDuration", 2147483648}},
       "HEARTBEAT_DURATION_INVALID",
       max_int,
       "heartbeatDuration"},
      {{{"requireCheckIn", true}, {"checkInIntervalCount", 1}},
       "CHECK_IN_INTERVAL_NOT_ALLOWED",
       "must be one of: day, week, month, year",
       "checkInInterval"},
      {{{"requireCheckIn", true}, {"checkInInterval", "hour"}, {"checkInIntervalCount", 1}},
       "CHECK_IN_INTERVAL_NOT_ALLOWED",
       "must be one of: day, week, month, year",
       "checkInInterval"},
      {{{"requireCheckIn", true}, {"checkInInterval", "day"}},
       "CHECK_IN_INTERVAL_COUNT_NOT_ALLOWED",
       "must be a number between 1 and 365 inclusive",
       "checkInIntervalCount"},
      {{{"requireCheckIn", true}, {"checkInInterval", "day"}, {"checkInIntervalCount", 366}},
       "CHECK_IN_INTERVAL_COUNT_NOT_ALLOWED",
       "must be a number between 1 and 365 inclusive",
       "checkInIntervalCount"},
      {{{"syncInterval", 3599}},
       "SYNC_INTERVAL_INVALID",
       "must be greater than or equal to 3600 (1 hour)",
       "syncInterval"},
      {{{"syncInterval", 31536001}},
       "SYNC_INTERVAL_INVALID",
       "must be less than or equal to 31536000 (1 year)",
       "syncInterval"},
      {{{"offlineGrace", -1}},
       "OFFLINE_GRACE_INVALID",
       "must be greater than or equal to 0",
       "offlineGrace"},
      {{{"offlineGrace", 15552001}},
       "OFFLINE_GRACE_INVALID",
       "must be less than or equal to 15552000 (180 days)",
       "offlineGrace"},
      {{{"expiryGrace", -1}},
       "EXPIRY_GRACE_INVALID",
       "must be greater than or equal to 0",
       "expiryGrace"},
      {{{"expiryGrace", 7776001}},
       "EXPIRY_GRACE_INVALID",
       "must be less than or equal to 7776000 (90 days)",
       "expiryGrace"},
      {{{"maxFileTtl", 3599}},
       "MAX_FILE_TTL_INVALID",
       "must be greater than or equal to 3600 (1 hour)",
       "maxFileTtl"},
      {{{"name", std::string(256, 'x')}},
       "NAME_TOO_LONG",
       "is too long (maximum is 255 characters)",
       "name"},
  };
  const std::string made = Add({}).Id();
  for (const RuleRow& row : rows) {
    SCOPED_TRACE(json::serialize(row.attributes));
    const std::string source = "pointer /data/attributes/" + std::string(row.name);
    ExpectError(Add(row.attributes), {422, row.code, row.detail, source});
    ExpectError(Change(made, row.attributes), {422, row.code, row.detail, source});
  }
}

TEST_F(Policies, NodeLockedOnesAreForOneMachine) {
  const ExpectedError refused{422, "MAX_MACHINES_INVALID",
                              "must be equal to 1 for non-floating policy",
                              "pointer /data/attributes/maxMachines"};
  ExpectError(Add({{"maxMachines", 2}}), refused);
  ExpectError(Add({{"maxMachines", 0}}), refused);
  ExpectError(Change(Add({}).Id(), {{"maxMachines", 2}}), refused);
}

TEST_F(Policies, ANameIsNeededInEffect) {
  const auto body =
      DocumentOf("policies", {{"strict", true}}, {{"product", LinkTo("products", product)}});
  ExpectError(server.Post("/policies", body),
              {422, "NAME_MISSING", "can't be blank", "pointer /data/attributes/name"});
}

TEST_F(Policies, StrategiesAreOneOfTheirList) {
  for (const core::StrategyName& strategy : core::PolicyStrategies()) {
    const std::string name = core::ToCamel(strategy.attribute);
    SCOPED_TRACE(name);
    std::string code(strategy.attribute);
    std::transform(code.begin(), code.end(), code.begin(), ::toupper);
    code += "_NOT_ALLOWED";
    const std::string source = "pointer /data/attributes/" + name;
    for (const std::string_view wrong : {"NOPE", "match_any", "0", "null"})
      ExpectError(Add({{name, wrong}}), {422, code, strategy.words, source});
    ExpectError(Add({{name, 1}}),
                {400, "", "type mismatch (received integer expected string)", source});
    ExpectError(Add({{name, ""}}), {400, "", "cannot be blank", source});
    EXPECT_EQ(Add({{name, nullptr}}).status, 201) << "null is ignored";
  }
  ExpectError(
      Add({{"machineUniquenessStrategy", "UNIQUE_PER_MACHINE"}}),
      {422, "MACHINE_UNIQUENESS_STRATEGY_NOT_ALLOWED", "unsupported machine uniqueness strategy",
       "pointer /data/attributes/machineUniquenessStrategy"});
}

TEST_F(Policies, StrategiesThatExcludeEachOther) {
  const std::string_view cull = "pointer /data/attributes/heartbeatCullStrategy";
  ExpectError(Add({{"heartbeatResurrectionStrategy", "ALWAYS_REVIVE"}}),
              {422, "HEARTBEAT_CULL_STRATEGY_NOT_ALLOWED",
               "incompatible heartbeat cull strategy (must be KEEP_DEAD when resurrection strategy "
               "is ALWAYS_REVIVE)",
               cull});
  EXPECT_EQ(Add({{"heartbeatResurrectionStrategy", "ALWAYS_REVIVE"},
                 {"heartbeatCullStrategy", "KEEP_DEAD"}})
                .status,
            201);
  const struct {
    json::object attributes;
    std::string_view why;  // empty: fine
  } rows[] = {
      {{{"overageStrategy", "ALLOW_1_25X_OVERAGE"}}, "ALLOW_1_25X_OVERAGE for node-locked policy"},
      {{{"overageStrategy", "ALLOW_1_5X_OVERAGE"}}, "ALLOW_1_5X_OVERAGE for node-locked policy"},
      {{{"overageStrategy", "ALLOW_2X_OVERAGE"}}, ""},
      {{{"overageStrategy", "ALWAYS_ALLOW_OVERAGE"}}, ""},
      {{{"floating", true}, {"overageStrategy", "ALLOW_1_25X_OVERAGE"}, {"maxMachines", 6}},
       "ALLOW_1_25X_OVERAGE with a max machines value not divisible by 4"},
      {{{"floating", true}, {"overageStrategy", "ALLOW_1_25X_OVERAGE"}, {"maxCores", 6}},
       "ALLOW_1_25X_OVERAGE with a max cores value not divisible by 4"},
      {{{"floating", true}, {"overageStrategy", "ALLOW_1_25X_OVERAGE"}, {"maxMemory", 6}},
       "ALLOW_1_25X_OVERAGE with a max memory value not divisible by 4"},
      {{{"floating", true}, {"overageStrategy", "ALLOW_1_25X_OVERAGE"}, {"maxDisk", 6}},
       "ALLOW_1_25X_OVERAGE with a max disk value not divisible by 4"},
      {{{"floating", true}, {"overageStrategy", "ALLOW_1_25X_OVERAGE"}, {"maxProcesses", 6}},
       "ALLOW_1_25X_OVERAGE with a max processes value not divisible by 4"},
      {{{"floating", true}, {"overageStrategy", "ALLOW_1_25X_OVERAGE"}, {"maxUsers", 6}},
       "ALLOW_1_25X_OVERAGE with a max users value not divisible by 4"},
      {{{"floating", true}, {"overageStrategy", "ALLOW_1_5X_OVERAGE"}, {"maxMachines", 3}},
       "ALLOW_1_5X_OVERAGE with a max machines value not divisible by 2"},
      {{{"floating", true}, {"overageStrategy", "ALLOW_1_5X_OVERAGE"}, {"maxMachines", 6}}, ""},
      {{{"floating", true}, {"overageStrategy", "ALLOW_1_25X_OVERAGE"}, {"maxUses", 3}}, ""},
  };
  for (const auto& row : rows) {
    SCOPED_TRACE(json::serialize(row.attributes));
    if (row.why.empty()) {
      EXPECT_EQ(Add(row.attributes).status, 201);
      continue;
    }
    const std::string detail =
        "incompatible overage strategy (cannot use " + std::string(row.why) + ")";
    ExpectError(Add(row.attributes), {422, "OVERAGE_STRATEGY_NOT_ALLOWED", detail,
                                      "pointer /data/attributes/overageStrategy"});
  }
}

TEST_F(Policies, SchemesFitEncryptionAndPools) {
  const std::string_view at = "pointer /data/attributes/scheme";
  ExpectError(Add({{"encrypted", true}, {"scheme", "ED25519_SIGN"}}),
              {422, "SCHEME_NOT_ALLOWED",
               "unsupported encryption scheme (scheme must be LEGACY_ENCRYPT for legacy encrypted "
               "policies)",
               at});
  ExpectError(Add({{"scheme", "LEGACY_ENCRYPT"}}),
              {422, "SCHEME_INVALID", "must be encrypted when using LEGACY_ENCRYPT scheme", at});
  ExpectError(Add({{"usePool", true}, {"scheme", "ED25519_SIGN"}}),
              {422, "SCHEME_NOT_SUPPORTED", "cannot use a scheme and use a pool", at});
  const Answer both = Add({{"usePool", true}, {"encrypted", true}});
  ASSERT_EQ(both.status, 422);
  const json::value tree = both.Json();
  ASSERT_EQ(tree.at("errors").as_array().size(), 2u) << both.body;
  EXPECT_EQ(tree.at("errors").at(0).at("code"), json::value("ENCRYPTED_NOT_SUPPORTED"));
  EXPECT_EQ(tree.at("errors").at(0).at("detail"),
            json::value("cannot be encrypted and use a pool"));
  EXPECT_EQ(tree.at("errors").at(1).at("code"), json::value("SCHEME_NOT_SUPPORTED"));
  for (const std::string_view scheme : core::kNamesOf<core::Scheme>)
    EXPECT_EQ(Add({{"scheme", scheme}, {"encrypted", scheme == "LEGACY_ENCRYPT"}}).status, 201)
        << scheme;
}

TEST_F(Policies, TheProductMustExist) {
  const std::string nobody = "00000000-0000-4000-8000-000000000000";
  const auto body =
      DocumentOf("policies", {{"name", "x"}}, {{"product", LinkTo("products", nobody)}});
  ExpectError(server.Post("/policies", body),
              {422, "PRODUCT_NOT_FOUND", "must exist", "pointer /data/relationships/product"});
  const Answer token = server.Post("/products/" + product + "/tokens", json::object());
  const auto as_product = TestServer::AsToken(token.Attribute("token").as_string());
  EXPECT_EQ(server.Send("POST", "/policies", as_product, body).status, 403);
  const std::string other = server.AddProduct();
  EXPECT_EQ(
      server
          .Send("POST", "/policies", as_product,
                DocumentOf("policies", {{"name", "x"}}, {{"product", LinkTo("products", other)}}))
          .status,
      403);
  EXPECT_EQ(
      server
          .Send("POST", "/policies", as_product,
                DocumentOf("policies", {{"name", "x"}}, {{"product", LinkTo("products", product)}}))
          .status,
      201);
}

TEST_F(Policies, RolesDecideWhoMayWhat) {
  const struct {
    std::string_view role;
    int show, create, update, erase, attach;
  } rows[] = {
      {"admin", 200, 201, 200, 204, 200},       {"developer", 200, 201, 200, 204, 200},
      {"sales-agent", 200, 201, 200, 403, 200}, {"support-agent", 200, 403, 403, 403, 403},
      {"read-only", 200, 403, 403, 403, 403},   {"user", 404, 403, 404, 404, 404},
  };
  const std::string entitlement = server.AddEntitlement("E");
  const json::value link{{"data", {{{"type", "entitlements"}, {"id", entitlement}}}}};
  for (const auto& row : rows) {
    SCOPED_TRACE(row.role);
    const auto headers = TestServer::AsToken(
        server.TokenOf(server.AddUser("the-" + std::string(row.role) + "@acme.example", row.role)));
    const std::string policy = Add({}).Id();
    const std::string path = "/policies/" + policy;
    EXPECT_EQ(server.Send("GET", path, headers).status, row.show);
    EXPECT_EQ(server
                  .Send("POST", "/policies", headers,
                        DocumentOf("policies", {{"name", "x"}},
                                   {{"product", LinkTo("products", product)}}))
                  .status,
              row.create);
    EXPECT_EQ(server.Send("PATCH", path, headers, DocumentOf("policies", {{"name", "y"}})).status,
              row.update);
    EXPECT_EQ(server.Send("POST", path + "/entitlements", headers, link).status, row.attach);
    EXPECT_EQ(server.Send("DELETE", path, headers).status, row.erase);
  }
}

TEST_F(Policies, ListsAreFilteredByProduct) {
  const std::string policy = Add({}).Id();
  const std::string other = server.AddProduct();
  const std::string other_policy = server.AddPolicy(other);
  EXPECT_EQ(server.Get("/policies").Ids(), (std::vector<std::string>{other_policy, policy}));
  EXPECT_EQ(server.Get("/policies?product=" + product).Ids(), std::vector<std::string>{policy});
  EXPECT_TRUE(server.Get("/policies?product=nope").Ids().empty());
  EXPECT_EQ(server.Get("/policies?product=").Ids().size(), 2u);
  EXPECT_EQ(server.Get("/policies?product[id]=" + other).Ids().size(), 2u);
  EXPECT_EQ(server.Get("/policies/" + policy + "/product").Id(), product);
}

TEST_F(Policies, ChangesAreFeltByTheirLicensesAtOnce) {
  const std::string policy = Add({{"floating", true}, {"maxMachines", 2}}).Id();
  const Answer license = server.AddLicense(policy);
  EXPECT_EQ(license.Attribute("maxMachines"), json::value(2));
  ASSERT_EQ(Change(policy, {{"maxMachines", 5}, {"strict", true}}).status, 200);
  const Answer after = server.Get("/licenses/" + license.Id());
  EXPECT_EQ(after.Attribute("maxMachines"), json::value(5));
  EXPECT_EQ(after.Attribute("strict"), json::value(true));
}

TEST_F(Policies, EntitlementsAreAttachedAllOrNone) {
  const std::string policy = Add({}).Id();
  const std::string path = "/policies/" + policy + "/entitlements";
  const std::string a = server.AddEntitlement("A"), b = server.AddEntitlement("B");
  const auto items = [](std::vector<std::string> ids) {
    json::array list;
    for (const std::string& id : ids) list.push_back({{"type", "entitlements"}, {"id", id}});
    return json::value{{"data", std::move(list)}};
  };
  const Answer attached = server.Post(path, items({a}));
  ASSERT_EQ(attached.status, 200) << attached.body;
  const json::value join = attached.Data().at(0);
  EXPECT_EQ(join.at("type"), json::value("policy-entitlements"));
  EXPECT_EQ(join.at("relationships").at("entitlement").at("data").at("id"), json::value(a));
  EXPECT_EQ(join.at("relationships").at("policy").at("data").at("id"), json::value(policy));
  EXPECT_EQ(join.at("links").at("related").as_string(),
            "/v1/accounts/" + server.account_id().ToString() + path + "/" + a);
  EXPECT_FALSE(join.at("links").as_object().contains("self"));
  const std::string_view at = "pointer /data/relationships/entitlement";
  ExpectError(server.Post(path, items({b, a})), {422, "ENTITLEMENT_TAKEN", "already exists", at});
  ExpectError(server.Post(path, items({b, "00000000-0000-4000-8000-000000000000"})),
              {422, "ENTITLEMENT_NOT_FOUND", "must exist", at});
  EXPECT_EQ(server.Get(path).Ids(), std::vector<std::string>{a});
  EXPECT_EQ(server.Get(path + "/" + a).status, 200);
  EXPECT_EQ(server.Get(path + "/" + b).status, 404);
  EXPECT_EQ(server.Get(path + "/A").status, 404) << "below a policy the id only";
  ExpectError(server.Send("DELETE", path, server.AsAdmin(), items({a, b})),
              {422, "", "cannot detach entitlement '" + b + "' (entitlement is not attached)",
               "pointer /data/1", "Unprocessable entity"});
  EXPECT_EQ(server.Get(path).Ids().size(), 1u);
  const Answer gone = server.Send("DELETE", path, server.AsAdmin(), items({a}));
  EXPECT_EQ(gone.status, 204);
  ExpectSigned(server, gone);
  EXPECT_TRUE(server.Get(path).Ids().empty());
  const auto events = server.Events();
  EXPECT_EQ(
      (std::vector<std::string>(events.end() - 2, events.end())),
      (std::vector<std::string>{"policy.entitlements.attached", "policy.entitlements.detached"}));
}

TEST_F(Policies, AttachBodiesAreListsOfOneToAHundred) {
  const std::string path = "/policies/" + Add({}).Id() + "/entitlements";
  const std::string id = "00000000-0000-4000-8000-000000000000";
  std::string many = "[";
  for (int i = 0; i < 101; ++i)
    many += std::string(i ? "," : "") + R"({"type":"entitlements","id":")" + id + "\"}";
  many += "]";
  const std::tuple<std::string, std::string_view, std::string_view> rows[] = {
      {"", "is missing", "pointer /data"},
      {R"({"data":null})", "cannot be null", "pointer /data"},
      {R"({"data":{}})", "type mismatch (received object expected array)", "pointer /data"},
      {R"({"data":[]})", "length must be between 1 and 100 (inclusive)", "pointer /data"},
      {R"({"data":)" + many + "}", "length must be between 1 and 100 (inclusive)", "pointer /data"},
      {many, "length must be between 1 and 100 (inclusive)", "pointer /data"},
      {"[1]", "type mismatch (received integer expected object)", "pointer /data/0"},
      {R"([{"type":"entitlement"}])", "is missing", "pointer /data/0/id"},
      {R"([{"type":"licenses","id":")" + id + R"("}])", "is invalid", "pointer /data/0/type"},
      {R"([{"type":"entitlements","id":"A"}])",
       "type mismatch (received string expected UUID string)", "pointer /data/0/id"},
      {R"([{"type":"entitlements","id":"A"},{"type":"entitlements","id":"B","meta":1}])",
       "unpermitted parameter", "pointer /data/1/meta"},
  };
  for (const std::string_view method : {"POST", "DELETE"})
    for (const auto& [body, detail, source] : rows) {
      SCOPED_TRACE(body.substr(0, 80));
      ExpectError(server.Send(method, path, server.AsAdmin(), std::string_view(body)),
                  {400, "", detail, source});
    }
}

TEST_F(Policies, TakeTheirLicensesWithThem) {
  const std::string policy = Add({}).Id();
  const Answer license = server.AddLicense(policy);
  ASSERT_EQ(server.Send("DELETE", "/policies/" + policy, server.AsAdmin()).status, 204);
  EXPECT_EQ(server.Get("/licenses/" + license.Id()).status, 404);
  EXPECT_EQ(server.Get("/policies/" + policy).status, 404);
}

}  // namespace
}  // namespace latchkey::api
