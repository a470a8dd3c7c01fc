// Products and entitlements (licenses.md §2, §3).
#include <algorithm>

#include "api/test_expect.h"

namespace latchkey::api {
namespace {

struct RuleRow {
  json::object attributes;
  std::string_view code, detail, pointer;
};

class Products : public testing::Test {
 protected:
  Answer Add(json::object attributes) {
    if (!attributes.contains("name")) attributes.emplace("name", "x");
    return server.Post("/products", DocumentOf("products", std::move(attributes)));
  }
  TestServer::Headers As(std::string_view role) {
    return TestServer::AsToken(
        server.TokenOf(server.AddUser("the-" + std::string(role) + "@acme.example", role)));
  }
  TestServer server;
};

TEST_F(Products, HaveTheirDefaults) {
  const Answer made = Add({});
  ASSERT_EQ(made.status, 201) << made.body;
  const json::value data = made.Data();
  const json::object& attributes = data.at("attributes").as_object();
  EXPECT_TRUE(attributes.at("code").is_null());
  EXPECT_EQ(attributes.at("distributionStrategy"), json::value("LICENSED"));
  EXPECT_TRUE(attributes.at("url").is_null());
  EXPECT_EQ(attributes.at("metadata"), json::value(json::object()));
  EXPECT_EQ(attributes.at("created"), json::value("2026-03-03T09:15:00.000Z"));
  EXPECT_EQ(attributes.at("updated"), json::value("2026-03-03T09:15:00.000Z"));
  EXPECT_TRUE(attributes.at("platforms").is_null());
  const auto defaults = core::DefaultPermissions(core::Role::kProduct);
  EXPECT_EQ(attributes.at("permissions").as_array().size(), defaults.size());
  EXPECT_EQ(made.header("Location"), "http://licenses.example/v1/accounts/" +
                                         server.account_id().ToString() + "/products/" + made.Id());
  const json::object& environment = data.at("relationships").at("environment").as_object();
  EXPECT_TRUE(environment.at("data").is_null());
  EXPECT_TRUE(environment.at("links").at("related").is_null());
  for (const std::string_view name : {"policies", "licenses", "machines", "users", "tokens",
                                      "platforms", "channels", "releases", "artifacts"}) {
    EXPECT_EQ(data.at("relationships").at(name).at("links").at("related").as_string(),
              std::string(data.at("links").at("self").as_string()) + "/" + std::string(name));
    EXPECT_FALSE(data.at("relationships").at(name).as_object().contains("data"));
  }
}

TEST_F(Products, AreValidated) {
  ASSERT_EQ(Add({{"code", "Taken"}}).status, 201);
  const std::string long_text(256, 'x');
  const RuleRow rows[] = {
      {{{"name", long_text}}, "NAME_TOO_LONG", "is too long (maximum is 255 characters)", "name"},
      {{{"code", "TAKEN"}}, "CODE_TAKEN", "has already been taken", "code"},
      {{{"code", "action"}}, "CODE_NOT_ALLOWED", "is reserved", "code"},
      {{{"code", "actions"}}, "CODE_NOT_ALLOWED", "is reserved", "code"},
      {{{"code", "0d5f2c1e-7a36-4f0b-9f0e-6c1c2f8a9b10"}}, "CODE_INVALID", "is invalid", "code"},
      {{{"code", "0D5F2C1E7A364F0B9F0E6C1C2F8A9B10"}}, "CODE_INVALID", "is invalid", "code"},
      {{{"code", long_text}}, "CODE_TOO_LONG", "is too long (maximum is 255 characters)", "code"},
      {{{"distributionStrategy", "GIVEN"}},
       "DISTRIBUTION_STRATEGY_NOT_ALLOWED",
       "unsupported distribution strategy",
       "distributionStrategy"},
      {{{"distributionStrategy", "open"}},
       "DISTRIBUTION_STRATEGY_NOT_ALLOWED",
       "unsupported distribution strategy",
       "distributionStrategy"},
      {{{"url", "ftp://acme.example/"}},
       "URL_PROTOCOL_INVALID",
       "must be a valid URL using one of the following protocols: https, http",
       "url"},
      {{{"url", "https://localhost/"}},
       "URL_HOST_INVALID",
       "must be a URL with a valid host",
       "url"},
      {{{"url", "https://acme/"}}, "URL_HOST_INVALID", "must be a URL with a valid host", "url"},
      {{{"permissions", {"nope"}}},
       "PERMISSIONS_NOT_ALLOWED",
       "unsupported permissions",
       "permissions"},
      {{{"permissions", {"product.create"}}},
       "PERMISSIONS_NOT_ALLOWED",
       "unsupported permissions",
       "permissions"},
  };
  for (const RuleRow& row : rows) {
    SCOPED_TRACE(row.code);
    const std::string source = "pointer /data/attributes/" + std::string(row.pointer);
    ExpectError(Add(row.attributes), {422, row.code, row.detail, source});
  }
  EXPECT_EQ(
      Add({{"url", "https://acme.example/lathe?x=1"}, {"platforms", {"linux", "mac"}}}).status,
      201);
}

TEST_F(Products, KeepTheirOwnCodeOnUpdate) {
  const Answer made = Add({{"code", "lathe"}});
  const Answer other = Add({{"code", "mill"}});
  EXPECT_EQ(server
                .Send("PATCH", "/products/" + made.Id(), server.AsAdmin(),
                      DocumentOf("products", {{"code", "LATHE"}}))
                .status,
            200);
  EXPECT_EQ(server
                .Send("PATCH", "/products/" + other.Id(), server.AsAdmin(),
                      DocumentOf("products", {{"code", "Lathe"}}))
                .Code(),
            "CODE_TAKEN");
}

TEST_F(Products, AreFoundByIdOrCode) {
  const Answer made = Add({{"code", "Lathe"}});
  std::string bare = made.Id();
  bare.erase(std::remove(bare.begin(), bare.end(), '-'), bare.end());
  for (const std::string& name : {made.Id(), bare, std::string("Lathe"), std::string("LATHE")})
    EXPECT_EQ(server.Get("/products/" + name).Id(), made.Id()) << name;
}

TEST_F(Products, NullableMembersAreCleared) {
  const Answer made = Add({{"url", "https://acme.example"},
                           {"platforms", {"linux"}},
                           {"distributionStrategy", "OPEN"}});
  const Answer cleared = server.Send(
      "PATCH", "/products/" + made.Id(), server.AsAdmin(),
      DocumentOf("products",
                 {{"url", nullptr}, {"platforms", nullptr}, {"distributionStrategy", nullptr}}));
  ASSERT_EQ(cleared.status, 200) << cleared.body;
  for (const std::string_view name : {"url", "platforms", "distributionStrategy"})
    EXPECT_TRUE(cleared.Attribute(name).is_null()) << name;
}

TEST_F(Products, RolesDecideWhoMayWhat) {
  const std::string product = server.AddProduct();
  const Answer token = server.Post("/products/" + product + "/tokens", json::object());
  const auto as_product = TestServer::AsToken(token.Attribute("token").as_string());
  const struct {
    std::string_view role;
    int list, show, create, update, erase;
  } rows[] = {
      {"admin", 200, 200, 201, 200, 204},       {"developer", 200, 200, 201, 200, 204},
      {"sales-agent", 200, 200, 403, 403, 403}, {"support-agent", 200, 200, 403, 403, 403},
      {"read-only", 200, 200, 403, 403, 403},   {"user", 200, 404, 403, 404, 404},
      {"product", 403, 200, 403, 200, 403},
  };
  for (const auto& row : rows) {
    SCOPED_TRACE(row.role);
    const std::string subject = row.role == "product" ? product : server.AddProduct();
    const auto headers = row.role == "product" ? as_product : As(row.role);
    const auto named = DocumentOf("products", {{"name", "y"}});
    EXPECT_EQ(server.Send("GET", "/products", headers).status, row.list);
    EXPECT_EQ(server.Send("GET", "/products/" + subject, headers).status, row.show);
    EXPECT_EQ(server.Send("POST", "/products", headers, named).status, row.create);
    EXPECT_EQ(server.Send("PATCH", "/products/" + subject, headers, named).status, row.update);
    EXPECT_EQ(server.Send("DELETE", "/products/" + subject, headers).status, row.erase);
  }
}

TEST_F(Products, APermissionListOfItsOwnIsForThoseAbove) {
  const std::string product = server.AddProduct();
  const Answer token = server.Post("/products/" + product + "/tokens", json::object());
  const auto as_product = TestServer::AsToken(token.Attribute("token").as_string());
  ExpectError(server.Send("PATCH", "/products/" + product, as_product,
                          DocumentOf("products", {{"permissions", {"*"}}})),
              {400, "", "unpermitted parameter", "pointer /data/attributes/permissions"});
  ASSERT_EQ(server
                .Send("PATCH", "/products/" + product, server.AsAdmin(),
                      DocumentOf("products", {{"permissions", {"product.read"}}}))
                .status,
            200);
  EXPECT_EQ(server.Send("GET", "/licenses", as_product).status, 403);
}

TEST_F(Products, TakeTheirRecordsWithThem) {
  const std::string product = server.AddProduct();
  const std::string policy = server.AddPolicy(product);
  const Answer license = server.AddLicense(policy);
  const Answer machine = server.AddMachine(license.Id(), "aa");
  const Answer token = server.Post("/products/" + product + "/tokens", json::object());
  ASSERT_EQ(server.Send("DELETE", "/products/" + product, server.AsAdmin()).status, 204);
  for (const std::string& path :
       {"/products/" + product, "/policies/" + policy, "/licenses/" + license.Id(),
        "/machines/" + machine.Id(), "/tokens/" + token.Id()})
    EXPECT_EQ(server.Get(path).status, 404) << path;
  EXPECT_EQ(
      server.Send("GET", "/me", TestServer::AsToken(token.Attribute("token").as_string())).Code(),
      "TOKEN_INVALID");
  EXPECT_EQ(server.Events().back(), "product.deleted");
}

TEST_F(Products, ListWhatBelongsToThem) {
  const std::string product = server.AddProduct();
  const std::string other = server.AddProduct();
  const std::string policy = server.AddPolicy(product);
  const std::string other_policy = server.AddPolicy(other);
  const Answer license = server.AddLicense(policy);
  const Answer other_license = server.AddLicense(other_policy);
  const Answer machine = server.AddMachine(license.Id(), "aa");
  const std::string root = "/products/" + product;
  EXPECT_EQ(server.Get(root + "/policies").Ids(), std::vector<std::string>{policy});
  EXPECT_EQ(server.Get(root + "/licenses").Ids(), std::vector<std::string>{license.Id()});
  EXPECT_EQ(server.Get(root + "/machines").Ids(), std::vector<std::string>{machine.Id()});
  EXPECT_EQ(server.Get(root + "/policies/" + policy).status, 200);
  EXPECT_EQ(server.Get(root + "/licenses/" + license.Id()).status, 200);
  EXPECT_EQ(server.Get(root + "/machines/aa").status, 200);
  EXPECT_EQ(server.Get(root + "/policies/" + other_policy).status, 404);
  EXPECT_EQ(server.Get(root + "/licenses/" + other_license.Id()).status, 404);
  EXPECT_EQ(server.Get(root + "/licenses?suspended=true").Ids().size(), 0u);
  EXPECT_EQ(server.Get(root + "/licenses?policy=" + policy).Ids().size(), 1u);
  EXPECT_EQ(server.Get(root + "/machines?fingerprint=bb").Ids().size(), 0u);
}

class Entitlements : public Products {
 protected:
  Answer Entitle(json::object attributes) {
    return server.Post("/entitlements", DocumentOf("entitlements", std::move(attributes)));
  }
};

TEST_F(Entitlements, AreValidated) {
  ASSERT_EQ(Entitle({{"name", "Export"}, {"code", "EXPORT"}}).status, 201);
  const std::string_view code = "pointer /data/attributes/code";
  ExpectError(Entitle({{"name", "x"}}), {400, "", "is missing", code});
  ExpectError(Entitle({{"code", "x"}}), {400, "", "is missing", "pointer /data/attributes/name"});
  ExpectError(Entitle({{"name", "x"}, {"code", ""}}), {400, "", "cannot be blank", code});
  ExpectError(Entitle({{"name", "x"}, {"code", "export"}}),
              {422, "CODE_TAKEN", "has already been taken", code});
  ExpectError(Entitle({{"name", "x"}, {"code", "actions"}}),
              {422, "CODE_NOT_ALLOWED", "is reserved", code});
  ExpectError(Entitle({{"name", "x"}, {"code", "00000000-0000-4000-8000-000000000000"}}),
              {422, "CODE_INVALID", "is invalid", code});
  ExpectError(Entitle({{"name", std::string(256, 'x')}, {"code", "x"}}),
              {422, "NAME_TOO_LONG", "is too long (maximum is 255 characters)",
               "pointer /data/attributes/name"});
}

TEST_F(Entitlements, AreFoundByIdOrCodeAndChanged) {
  const Answer made = Entitle({{"name", "Export"}, {"code", "EXPORT"}});
  EXPECT_EQ(server.Get("/entitlements/export").Id(), made.Id());
  const Answer changed = server.Send(
      "PATCH", "/entitlements/EXPORT", server.AsAdmin(),
      DocumentOf("entitlements", {{"name", "PDF"}, {"code", "PDF"}, {"metadata", {{"a", 1}}}}));
  ASSERT_EQ(changed.status, 200) << changed.body;
  EXPECT_EQ(changed.Attribute("code"), json::value("PDF"));
  EXPECT_EQ(server.Send("DELETE", "/entitlements/PDF", server.AsAdmin()).status, 204);
  EXPECT_EQ(server.Get("/entitlements/" + made.Id()).status, 404);
  EXPECT_EQ(server.Events(), (std::vector<std::string>{"entitlement.created", "entitlement.updated",
                                                       "entitlement.deleted"}));
}

TEST_F(Entitlements, AreSeenByThoseWhoHaveThem) {
  const std::string product = server.AddProduct();
  const std::string policy = server.AddPolicy(product);
  const Answer license = server.AddLicense(policy);
  const std::string own = server.AddEntitlement("OWN");
  const std::string inherited = server.AddEntitlement("INHERITED");
  const std::string other = server.AddEntitlement("OTHER");
  server.Attach("/licenses/" + license.Id(), own);
  server.Attach("/policies/" + policy, inherited);
  const auto by_key = TestServer::AsLicense(license.Attribute("key").as_string());
  EXPECT_EQ(server.Send("GET", "/entitlements", by_key).Ids(),
            (std::vector<std::string>{inherited, own}));
  EXPECT_EQ(server.Send("GET", "/entitlements/" + own, by_key).status, 200);
  EXPECT_EQ(server.Send("GET", "/entitlements/" + other, by_key).status, 404);
  EXPECT_EQ(server.Send("GET", "/entitlements", As("user")).Ids().size(), 0u);
  const Answer token = server.Post("/products/" + product + "/tokens", json::object());
  const auto as_product = TestServer::AsToken(token.Attribute("token").as_string());
  EXPECT_EQ(server.Send("GET", "/entitlements", as_product).Ids().size(), 3u);
  const auto body = DocumentOf("entitlements", {{"name", "x"}, {"code", "x"}});
  EXPECT_EQ(server.Send("POST", "/entitlements", as_product, body).status, 403);
  EXPECT_EQ(server.Send("DELETE", "/entitlements/" + own, by_key).status, 403);
  EXPECT_EQ(server.Send("POST", "/entitlements", As("sales-agent"), body).status, 403);
}

TEST_F(Entitlements, LeaveTheirAttachmentsWhenDeleted) {
  const Answer license = server.AddLicense(server.AddPolicy(server.AddProduct()));
  const std::string own = server.AddEntitlement("OWN");
  server.Attach("/licenses/" + license.Id(), own);
  ASSERT_EQ(server.Send("DELETE", "/entitlements/" + own, server.AsAdmin()).status, 204);
  EXPECT_TRUE(server.Get("/licenses/" + license.Id() + "/entitlements").Ids().empty());
}

}  // namespace
}  // namespace latchkey::api
