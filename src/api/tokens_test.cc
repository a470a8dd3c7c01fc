// Tokens (conventions.md §3.2, §9.1) and who may make, change and see them (§4.5).
#include <regex>

#include "api/test_expect.h"

namespace latchkey::api {
namespace {

constexpr std::string_view kRefused =
    "You do not have permission to complete the request (ensure the token or license is allowed to "
    "access all resources)";

class Tokens : public testing::Test {
 protected:
  Tokens() : product(server.AddProduct()), license(server.AddLicense(server.AddPolicy(product))) {}
  static json::value For(std::string_view type, std::string_view id, json::object attributes = {}) {
    return DocumentOf("tokens", std::move(attributes), {{"bearer", LinkTo(type, id)}});
  }
  TestServer::Headers AsProduct(json::object attributes = {}) {
    const Answer made = server.Post("/products/" + product + "/tokens",
                                    DocumentOf("tokens", std::move(attributes)));
    EXPECT_EQ(made.status, 200) << made.body;
    return TestServer::AsToken(made.Attribute("token").as_string());
  }
  TestServer::Headers AsUser(const core::User& user) {
    return TestServer::AsToken(server.TokenOf(user));
  }
  std::vector<std::string> Permissions(const Answer& answer) {
    std::vector<std::string> names;
    const json::value value = answer.Attribute("permissions");
    for (const auto& name : value.as_array()) names.emplace_back(name.as_string());
    return names;
  }

  TestServer server;
  std::string product;
  Answer license;
};

TEST_F(Tokens, EveryBearerHasItsKindPrefixAndExpiry) {
  const struct {
    std::string_view role, kind, prefix;
    bool expires;
  } rows[] = {{"admin", "admin-token", "admin", false},
              {"developer", "developer-token", "dev", false},
              {"sales-agent", "sales-token", "sales", false},
              {"support-agent", "support-token", "spprt", false},
              {"read-only", "read-only-token", "read", false},
              {"user", "user-token", "user", true}};
  for (const auto& row : rows) {
    SCOPED_TRACE(row.role);
    const auto user = server.AddUser("the-" + std::string(row.role) + "@acme.example", row.role);
    const Answer made = server.Send("POST", "/tokens", AsUser(user), std::string_view());
    ASSERT_EQ(made.status, 201) << made.body;
    EXPECT_EQ(made.Attribute("kind").as_string(), row.kind);
    EXPECT_TRUE(std::regex_match(std::string(made.Attribute("token").as_string()),
                                 std::regex(std::string(row.prefix) + "-[0-9a-f]{64}v3")));
    EXPECT_EQ(made.Attribute("expiry").is_null(), !row.expires);
    if (row.expires) {
      EXPECT_EQ(made.Attribute("expiry").as_string(), "2026-03-17T09:15:00.000Z");
    }
    EXPECT_FALSE(made.Data().at("attributes").as_object().contains("maxActivations"));
    EXPECT_TRUE(made.header("Location").ends_with("/tokens/" + made.Id()));
  }
  const Answer of_product = server.Post("/products/" + product + "/tokens", json::object());
  EXPECT_EQ(of_product.status, 200);
  EXPECT_FALSE(http::Has(of_product.headers, "Location"));
  EXPECT_EQ(of_product.Attribute("kind").as_string(), "product-token");
  EXPECT_TRUE(std::regex_match(std::string(of_product.Attribute("token").as_string()),
                               std::regex("prod-[0-9a-f]{64}v3")));
  const Answer of_license = server.Post("/licenses/" + license.Id() + "/tokens", json::object());
  EXPECT_EQ(of_license.status, 200);
  EXPECT_TRUE(std::regex_match(std::string(of_license.Attribute("token").as_string()),
                               std::regex("activ-[0-9a-f]{32}v3")));
  EXPECT_TRUE(of_license.Data().at("attributes").as_object().contains("maxActivations"));
}

TEST_F(Tokens, AnExplicitExpiryOverridesTheDefault) {
  const auto user = server.AddUser("u@acme.example");
  const auto as_user = AsUser(user);
  const auto expiry = [&](const json::value& sent) {
    return server.Send("POST", "/tokens", as_user, DocumentOf("tokens", {{"expiry", sent}}))
        .Attribute("expiry");
  };
  EXPECT_TRUE(expiry(nullptr).is_null());
  EXPECT_EQ(expiry("2027-01-01T00:00:00Z"), json::value("2027-01-01T00:00:00.000Z"));
  EXPECT_EQ(expiry("2027-01-01T01:00:00+01:00"), json::value("2027-01-01T00:00:00.000Z"));
  EXPECT_EQ(expiry("1800000000"), json::value("2027-01-15T08:00:00.000Z"));
  EXPECT_EQ(expiry(1800000000), json::value("2027-01-15T08:00:00.000Z"));
  EXPECT_TRUE(expiry("").is_null());
}

TEST_F(Tokens, TheBodyIsOptionalAndStrict) {
  for (const std::string_view body :
       {"", "{}", R"({"data":{"type":"tokens"}})", R"({"data":{"type":"token"}})",
        R"({"data":{"type":"tokens","attributes":{"name":null}}})", R"({"meta":{"otp":"424242"}})",
        R"({"data":{"attributes":{"name":"CI"}}})"})
    EXPECT_EQ(server.Send("POST", "/tokens", server.AsAdmin(), body).status, 201) << body;
  const std::tuple<std::string_view, std::string_view, std::string_view> rows[] = {
      {R"({"data":{"type":"users"}})", "is invalid", "pointer /data/type"},
      {R"({"data":{"type":"tokens","attributes":{"kind":"admin-token"}}})", "unpermitted parameter",
       "pointer /data/attributes/kind"},
      {R"({"data":{"type":"tokens","attributes":{"token":"admin-0v3"}}})", "unpermitted parameter",
       "pointer /data/attributes/token"},
      {R"({"data":{"type":"tokens","attributes":{"maxActivations":1}}})", "unpermitted parameter",
       "pointer /data/attributes/maxActivations"},
      {R"({"data":{"type":"tokens","relationships":{"environment":{"data":null}}}})",
       "unpermitted parameter", "pointer /data/relationships/environment"},
      {R"({"data":{"type":"tokens","attributes":{"expiry":"soon"}}})",
       "failed to coerce string to time", "pointer /data/attributes/expiry"},
      {R"({"data":{"type":"tokens","attributes":{"expiry":true}}})",
       "type mismatch (received boolean expected time)", "pointer /data/attributes/expiry"},
      {R"({"data":{"type":"tokens","attributes":{"permissions":"*"}}})",
       "type mismatch (received string expected array)", "pointer /data/attributes/permissions"},
      {R"({"data":{"type":"tokens","attributes":{"permissions":[null]}}})", "cannot be null",
       "pointer /data/attributes/permissions/0"},
      {R"({"data":{"type":"tokens","relationships":{"bearer":{}}}})", "is missing",
       "pointer /data/relationships/bearer/data"},
      {R"({"data":{"type":"tokens","relationships":{"bearer":{"data":{"type":"machines","id":"x"}}}}})",
       "is invalid", "pointer /data/relationships/bearer/data/type"},
      {R"({"meta":{"otp":424242}})", "type mismatch (received integer expected string)",
       "pointer /meta/otp"},
      {R"({"meta":{"pin":"1"}})", "unpermitted parameter", "pointer /meta/pin"},
  };
  for (const auto& [body, detail, source] : rows) {
    SCOPED_TRACE(body);
    ExpectError(server.Send("POST", "/tokens", server.AsAdmin(), body), {400, "", detail, source});
  }
}

TEST_F(Tokens, NamesAreAtMost255Characters) {
  EXPECT_EQ(server.Post("/tokens", DocumentOf("tokens", {{"name", std::string(255, 'x')}})).status,
            201);
  ExpectError(server.Post("/tokens", DocumentOf("tokens", {{"name", std::string(256, 'x')}})),
              {422, "NAME_TOO_LONG", "is too long (maximum is 255 characters)",
               "pointer /data/attributes/name"});
}

TEST_F(Tokens, WhoMayBeGivenATokenThroughTheTopLevelRoute) {
  const auto user = server.AddUser("u@acme.example");
  const auto licensed = server.AddUser("licensed@acme.example");
  const auto staff = server.AddUser("staff@acme.example", "developer");
  server.SetOwner(license.Id(), licensed);
  const Answer foreign_license =
      server.AddLicense(server.AddPolicy(server.AddProduct({{"name", "Other"}})));
  const auto sales = AsUser(server.AddUser("sales@acme.example", "sales-agent"));
  const auto as_product = AsProduct();
  const auto as_user = AsUser(user);
  const std::string nobody = "00000000-0000-4000-8000-000000000000";
  const struct {
    std::string_view words;
    TestServer::Headers caller;
    json::value body;
    int status;
  } rows[] = {
      {"admin for a user", server.AsAdmin(), For("users", user.id.ToString()), 201},
      {"admin for other staff", server.AsAdmin(), For("users", staff.id.ToString()), 403},
      {"admin for a product", server.AsAdmin(), For("products", product), 403},
      {"admin for a license", server.AsAdmin(), For("licenses", license.Id()), 403},
      {"admin for an environment", server.AsAdmin(), For("environments", nobody), 403},
      {"admin for nobody", server.AsAdmin(), For("users", nobody), 403},
      {"sales for herself", sales, json::object(), 201},
      {"sales for a user", sales, For("users", user.id.ToString()), 403},
      {"user for himself", as_user, For("user", user.id.ToString()), 201},
      {"user for another", as_user, For("users", licensed.id.ToString()), 403},
      {"product for itself", as_product, json::object(), 403},
      {"product for itself by name", as_product, For("products", product), 403},
      {"product for its license", as_product, For("licenses", license.Id()), 201},
      {"product for another's license", as_product, For("licenses", foreign_license.Id()), 403},
      {"product for a licensed user", as_product, For("users", licensed.id.ToString()), 201},
      {"product for an unlicensed user", as_product, For("users", user.id.ToString()), 403},
      {"product for staff", as_product, For("users", staff.id.ToString()), 403},
  };
  for (const auto& row : rows) {
    const Answer answer = server.Send("POST", "/tokens", row.caller, row.body);
    EXPECT_EQ(answer.status, row.status) << row.words << answer.body;
    if (row.status == 403) {
      EXPECT_EQ(answer.Detail(), kRefused) << row.words;
    }
  }
  const Answer by_license =
      server.Send("POST", "/tokens", TestServer::AsLicense(license.Attribute("key").as_string()),
                  json::object());
  ExpectError(by_license,
              {403, "",
               "You do not have permission to complete the request (license lacks permission to "
               "perform action)"});
}

TEST_F(Tokens, RegenerationKeepsTheRecordAndKillsTheOldValue) {
  const Answer made = server.Post(
      "/tokens",
      DocumentOf("tokens", {{"name", "CI"}, {"permissions", {"token.regenerate", "user.read"}}}));
  ASSERT_EQ(made.status, 201) << made.body;
  const auto old = TestServer::AsToken(made.Attribute("token").as_string());
  server.Advance(std::chrono::hours(1));
  const Answer again = server.Send("PUT", "/tokens", old, std::string_view());
  ASSERT_EQ(again.status, 200) << again.body;
  EXPECT_EQ(again.Id(), made.Id());
  EXPECT_EQ(again.Attribute("name"), json::value("CI"));
  EXPECT_EQ(again.Attribute("permissions"), made.Attribute("permissions"));
  EXPECT_TRUE(again.Attribute("expiry").is_null());
  EXPECT_NE(again.Attribute("token"), made.Attribute("token"));
  EXPECT_EQ(server.Send("GET", "/me", old).Code(), "TOKEN_INVALID");
  EXPECT_EQ(
      server.Send("GET", "/me", TestServer::AsToken(again.Attribute("token").as_string())).status,
      200);
}

TEST_F(Tokens, RegenerationMovesAnExpiryTwoWeeksAhead) {
  const Answer made =
      server.Post("/tokens", DocumentOf("tokens", {{"expiry", "2030-01-01T00:00:00Z"}}));
  const Answer again = server.Send("PUT", "/tokens/" + made.Id(), server.AsAdmin());
  EXPECT_EQ(again.Attribute("expiry"), json::value("2026-03-17T09:15:00.000Z"));
}

TEST_F(Tokens, KeyAuthenticationHasNoTokenToRegenerate) {
  ExpectError(
      server.Send("PUT", "/tokens", TestServer::AsLicense(license.Attribute("key").as_string())),
      {404, "NOT_FOUND", "The requested token was not found"});
}

TEST_F(Tokens, RevokedTokensAreGone) {
  const Answer made = server.Post("/tokens", json::object());
  const auto headers = TestServer::AsToken(made.Attribute("token").as_string());
  const Answer gone = server.Send("DELETE", "/tokens/" + made.Id(), headers);
  EXPECT_EQ(gone.status, 204) << "also by itself";
  ExpectSigned(server, gone);
  EXPECT_EQ(server.Send("GET", "/me", headers).Code(), "TOKEN_INVALID");
  ExpectError(server.Get("/tokens/" + made.Id()),
              {404, "NOT_FOUND", "The requested token '" + made.Id() + "' was not found"});
}

TEST_F(Tokens, WhoMayChangeWhose) {
  const auto user = server.AddUser("u@acme.example");
  const auto licensed = server.AddUser("licensed@acme.example");
  const auto owner = server.AddUser("boss@acme.example", "admin");
  const auto developer = server.AddUser("dev@acme.example", "developer");
  server.SetOwner(license.Id(), licensed);
  const auto id_of = [&](const Answer& made) { return made.Id(); };
  const auto own_token = [&](const core::User& whose) {
    return id_of(server.Send("POST", "/tokens", AsUser(whose), std::string_view()));
  };
  const auto as_product = AsProduct();
  const auto product_token = [&] {
    return id_of(server.Post("/products/" + product + "/tokens", json::object()));
  };
  const auto license_token = [&] {
    return id_of(server.Post("/licenses/" + license.Id() + "/tokens", json::object()));
  };
  const auto sales = server.AddUser("sales@acme.example", "sales-agent");
  const struct {
    std::string_view words;
    TestServer::Headers caller;
    std::function<std::string()> token;
    int regenerate, revoke;
  } rows[] = {
      {"developer, own", AsUser(developer), [&] { return own_token(developer); }, 200, 204},
      {"developer, a user's", AsUser(developer), [&] { return own_token(user); }, 200, 204},
      {"developer, an admin's", AsUser(developer), [&] { return own_token(owner); }, 403, 204},
      {"developer, a product's", AsUser(developer), product_token, 200, 204},
      {"developer, a license's", AsUser(developer), license_token, 200, 204},
      {"sales agent, own", AsUser(sales), [&] { return own_token(sales); }, 403, 204},
      {"sales agent, a user's", AsUser(sales), [&] { return own_token(user); }, 403, 403},
      {"user, own", AsUser(user), [&] { return own_token(user); }, 200, 204},
      {"user, another's", AsUser(user), [&] { return own_token(licensed); }, 404, 404},
      {"product, own", as_product, product_token, 200, 204},
      {"product, its license's", as_product, license_token, 200, 204},
      {"product, its user's", as_product, [&] { return own_token(licensed); }, 200, 204},
      {"product, another user's", as_product, [&] { return own_token(user); }, 404, 404},
      {"product, an admin's", as_product, [&] { return own_token(owner); }, 404, 404},
  };
  for (const auto& row : rows) {
    const std::string id = row.token();
    const Answer put = server.Send("PUT", "/tokens/" + id, row.caller);
    EXPECT_EQ(put.status, row.regenerate) << row.words << put.body;
    const Answer gone = server.Send("DELETE", "/tokens/" + id, row.caller);
    EXPECT_EQ(gone.status, row.revoke) << row.words << gone.body;
  }
}

TEST_F(Tokens, AProductMaySeeNoTokenOfStaffThatOwnsALicense) {
  const auto admin = server.AddUser("boss@acme.example", "admin");
  server.SetOwner(license.Id(), admin);
  const Answer made = server.Send("POST", "/tokens", AsUser(admin), std::string_view());
  ASSERT_EQ(made.status, 201);
  EXPECT_EQ(server.Send("GET", "/tokens/" + made.Id(), AsProduct()).status, 404);
  EXPECT_EQ(server.Send("PUT", "/tokens/" + made.Id(), AsProduct()).status, 404);
}

TEST_F(Tokens, ListsAreFilteredByBearer) {
  const auto user = server.AddUser("u@acme.example");
  const Answer of_user = server.Send("POST", "/tokens", AsUser(user), std::string_view());
  const Answer of_product = server.Post("/products/" + product + "/tokens", json::object());
  const Answer of_license = server.Post("/licenses/" + license.Id() + "/tokens", json::object());
  const auto count = [&](std::string_view query) {
    const Answer answer = server.Get("/tokens?limit=100&" + std::string(query));
    EXPECT_EQ(answer.status, 200) << answer.body;
    return answer.Ids().size();
  };
  EXPECT_EQ(count(""), 5u);  // the admin's, the fixture's for the user, and these three
  EXPECT_EQ(count("bearer[type]=product"), 1u);
  EXPECT_EQ(count("bearer[type]=license"), 1u);
  EXPECT_EQ(count("bearer[type]=user"), 3u);
  EXPECT_EQ(count("bearer[type]=environment"), 0u);
  EXPECT_EQ(count("bearer[type]=machine"), 0u);
  EXPECT_EQ(count("bearer[type]="), 5u);
  EXPECT_EQ(count("bearer[id]=" + product), 1u);
  EXPECT_EQ(count("bearer[id]=x"), 0u);
  EXPECT_EQ(count("bearer[role]=user"), 2u);
  EXPECT_EQ(count("bearer[role]=admin"), 1u);
  EXPECT_EQ(count("bearer[role][]=admin&bearer[role][]=user"), 3u);
  EXPECT_EQ(count("bearer[role]=developer"), 0u);
  EXPECT_EQ(count("bearer[type]=user&bearer[role]=admin"), 1u);
  EXPECT_EQ(count("bearer=user"), 5u);
  for (const std::string& id : server.Get("/tokens").Ids())
    EXPECT_FALSE(server.Get("/tokens/" + id).Data().at("attributes").as_object().contains("token"))
        << "the raw value is shown once";
  EXPECT_EQ(server.Send("GET", "/tokens", AsUser(user)).Ids().size(), 3u);
  EXPECT_EQ(server.Get("/licenses/" + license.Id() + "/tokens").Ids(),
            std::vector<std::string>{of_license.Id()});
  EXPECT_EQ(server.Get("/products/" + product + "/tokens").Ids(),
            std::vector<std::string>{of_product.Id()});
  EXPECT_EQ(server.Get("/products/" + product + "/tokens/" + of_user.Id()).status, 404);
}

TEST_F(Tokens, PermissionsShownAreThoseThatHold) {
  EXPECT_EQ(Permissions(server.Post("/tokens", json::object())), std::vector<std::string>{"*"});
  const Answer narrow = server.Post(
      "/tokens", DocumentOf("tokens", {{"permissions", {"product.read", "license.read"}}}));
  EXPECT_EQ(Permissions(narrow), (std::vector<std::string>{"license.read", "product.read"}));
  EXPECT_EQ(
      Permissions(server.Post("/tokens", DocumentOf("tokens", {{"permissions", json::array()}}))),
      std::vector<std::string>{});
  // A license's token that asks for everything has what the license has.
  const Answer of_license = server.Post("/licenses/" + license.Id() + "/tokens", json::object());
  EXPECT_EQ(of_license.Attribute("permissions"), license.Attribute("permissions"));
  // A product's token that asks for everything has what the product has.
  const std::string limited =
      server.AddProduct({{"permissions", {"license.read", "product.read"}}});
  EXPECT_EQ(Permissions(server.Post("/products/" + limited + "/tokens", json::object())),
            (std::vector<std::string>{"license.read", "product.read"}));
}

TEST_F(Tokens, ATokenThatLacksAPermissionIsNamed) {
  const Answer narrow =
      server.Post("/tokens", DocumentOf("tokens", {{"permissions", {"product.read"}}}));
  const auto headers = TestServer::AsToken(narrow.Attribute("token").as_string());
  EXPECT_EQ(server.Send("GET", "/products", headers).status, 200);
  ExpectError(server.Send("GET", "/licenses", headers),
              {403, "",
               "You do not have permission to complete the request (token lacks permission to "
               "perform action)"});
  const auto user = server.AddUser("u@acme.example");
  ExpectError(
      server.Send("POST", "/products", AsUser(user), DocumentOf("products", {{"name", "x"}})),
      {403, "",
       "You do not have permission to complete the request (user lacks permission to "
       "perform action)"});
}

TEST_F(Tokens, PermissionsOfNestedTokensAreForThoseWhoSetThem) {
  const auto body = DocumentOf("tokens", {{"permissions", {"license.read"}}});
  const auto sales = AsUser(server.AddUser("sales@acme.example", "sales-agent"));
  for (const std::string& path :
       {"/products/" + product + "/tokens", "/licenses/" + license.Id() + "/tokens"}) {
    EXPECT_EQ(server.Post(path, body).status, 200) << path;
    ExpectError(server.Send("POST", path, sales, body),
                {400, "", "unpermitted parameter", "pointer /data/attributes/permissions"});
  }
}

TEST_F(Tokens, TM_42_ATokenAsksNoMoreThanItsBearerHas) {
  const ExpectedError refused{422, "PERMISSIONS_NOT_ALLOWED", "unsupported permissions",
                              "pointer /data/attributes/permissions"};
  const auto asking = [](json::array names) {
    return DocumentOf("tokens", {{"permissions", std::move(names)}});
  };
  for (const json::array& names :
       {json::array{"nonsense"}, json::array{"license.read", "license.read"},
        json::array{"license.read", "LICENSE.UPDATE"}, json::array{"license.*"}})
    ExpectError(server.Post("/tokens", asking(names)), refused);
  const std::string limited =
      server.AddProduct({{"permissions", {"license.read", "product.read"}}});
  const std::string path = "/products/" + limited + "/tokens";
  EXPECT_EQ(server.Post(path, asking({"license.read"})).status, 200);
  EXPECT_EQ(server.Post(path, asking({"*"})).status, 200);
  ExpectError(server.Post(path, asking({"license.create"})), refused);
  ExpectError(server.Post(path, asking({"product.create"})), refused);
  // A user may never hold what its role is not allowed.
  const auto user = server.AddUser("u@acme.example");
  ExpectError(server.Send("POST", "/tokens", AsUser(user), asking({"product.create"})), refused);
  EXPECT_EQ(server.Send("POST", "/tokens", AsUser(user), asking({"license.read"})).status, 201);
}

TEST_F(Tokens, TM_42_EnvironmentsAreRefusedWhereverTheyAreNamed) {
  for (const std::string& value :
       {std::string("sandbox"), std::string(), server.account_id().ToString()}) {
    auto headers = server.AsAdmin();
    headers.push_back({"Keygen-Environment", value});
    const ExpectedError refused{400, "ENVIRONMENT_INVALID", "environment is invalid",
                                "header Keygen-Environment"};
    ExpectError(server.Send("GET", "/tokens", headers), refused);
    ExpectError(server.Send("GET", "/tokens?environment=" + value, server.AsAdmin()), refused);
  }
}

TEST_F(Tokens, BannedUsersWithAPasswordGetNone) {
  const auto user = server.AddUser("u@acme.example");
  const auto headers = AsUser(user);
  server.Ban(user);
  ExpectError(server.Send("POST", "/tokens", headers, std::string_view()),
              {403, "USER_BANNED", "User is banned"});
}

TEST_F(Tokens, ChangesAreEvents) {
  const Answer made = server.Post("/tokens", json::object());
  server.Send("PUT", "/tokens/" + made.Id(), server.AsAdmin());
  server.Send("DELETE", "/tokens/" + made.Id(), server.AsAdmin());
  const auto events = server.Events();
  EXPECT_EQ((std::vector<std::string>(events.end() - 3, events.end())),
            (std::vector<std::string>{"token.generated", "token.regenerated", "token.revoked"}));
}

}  // namespace
}  // namespace latchkey::api
