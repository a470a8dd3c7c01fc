// The error object, statuses and the order of checks (conventions.md §1.4, §1.9, §1.10, §4.6).
#include "api/test_expect.h"
#include "core/naming.h"
#include "core/policy.h"

namespace latchkey::api {
namespace {

constexpr std::string_view kNoRoute =
    "The requested endpoint was not found (check your HTTP method, Accept header, and URL path)";

class Errors : public testing::Test {
 protected:
  TestServer::Headers As(std::string_view role) {
    return TestServer::AsToken(
        server.TokenOf(server.AddUser("the-" + std::string(role) + "@acme.example", role)));
  }
  TestServer server;
};

TEST_F(Errors, UnknownPathsAndMethodsHaveNoRoute) {
  const std::pair<std::string_view, std::string_view> rows[] = {
      {"GET", "/nothing"},           {"POST", "/me"},          {"DELETE", "/products"},
      {"PATCH", "/products"},        {"PATCH", "/tokens"},     {"GET", "/v1"},
      {"GET", "/v1/accounts"},       {"TRACE", "/products"},   {"GET", "/v1products"},
      {"GET", "/environments"},      {"GET", "/request-logs"}, {"GET", "/event-logs"},
      {"GET", "/webhook-endpoints"}, {"GET", "/settings"},     {"POST", "/v1/recover"},
      {"POST", "/search"},           {"GET", "/releases"},
  };
  for (const auto& [method, path] : rows) {
    SCOPED_TRACE(path);
    const Answer answer = server.Send(method, path, server.AsAdmin());
    ExpectError(answer, {404, "NOT_FOUND", kNoRoute});
    ExpectUnsigned(answer);
    EXPECT_EQ(answer.Json().at("meta").at("id").as_string(), answer.header("X-Request-Id"));
  }
}

TEST_F(Errors, UnknownMethodsAreRefused) {
  for (const std::string_view method : {"GRAB", "get", "PROPFIND", "LINK"}) {
    const Answer answer = server.Send(method, "/products", server.AsAdmin());
    ExpectError(answer,
                {400, "HTTP_METHOD_INVALID", "The HTTP method for the request is not valid"});
    EXPECT_FALSE(answer.Json().as_object().contains("meta"));
    ExpectUnsigned(answer);
  }
}

TEST_F(Errors, UnknownAccountsAreNamedUnsigned) {
  for (const std::string& name :
       {std::string("nobody"), std::string("00000000-0000-4000-8000-000000000000"),
        std::string("ACME2"), std::string("'")}) {
    const Answer answer = server.Get("/v1/accounts/" + name + "/products");
    ExpectError(answer, {404, "NOT_FOUND", "The requested account '" + name + "' was not found"});
    ExpectUnsigned(answer);
    EXPECT_TRUE(answer.Json().as_object().contains("meta"));
    EXPECT_EQ(answer.header("Keygen-Version"), "1.8") << "every response carries it";
  }
}

TEST_F(Errors, BadUrisAndQueriesAreRefused) {
  const std::tuple<std::string_view, std::string_view, std::string_view> rows[] = {
      {"/products/%zz", "URI_INVALID",
       "The request could not be completed because the URI was invalid (please ensure non-URL safe "
       "chars are properly encoded)"},
      {"/products/%4", "URI_INVALID",
       "The request could not be completed because the URI was invalid (please ensure non-URL safe "
       "chars are properly encoded)"},
      {"/products/a b", "URI_INVALID",
       "The request could not be completed because the URI was invalid (please ensure non-URL safe "
       "chars are properly encoded)"},
      {"/products/%ff", "ENCODING_INVALID",
       "The request could not be completed because it contains an invalid byte sequence (check "
       "encoding)"},
      {"/products?a=%ff", "ENCODING_INVALID",
       "The request could not be completed because it contains an invalid byte sequence (check "
       "encoding)"},
      {"/products?a=%zz", "PARAMETERS_INVALID",
       "The request could not be completed because it contains invalid query parameters (check "
       "encoding)"},
      {"/products?%", "PARAMETERS_INVALID",
       "The request could not be completed because it contains invalid query parameters (check "
       "encoding)"},
  };
  for (const auto& [path, code, detail] : rows) {
    SCOPED_TRACE(path);
    const Answer answer = server.Get(path);
    ExpectError(answer, {400, code, detail});
    EXPECT_FALSE(answer.Json().as_object().contains("meta"));
    ExpectUnsigned(answer);
  }
  EXPECT_EQ(server.Get("/products?a=%00&b=+&&=&c").status, 200);
}

TEST_F(Errors, RecordsThatAreNotThereAreNamedAsSent) {
  const std::string nobody = "00000000-0000-4000-8000-000000000000";
  const std::tuple<std::string, std::string_view, std::string> rows[] = {
      {"/products/", "product", nobody}, {"/products/", "product", "no-code"},
      {"/policies/", "policy", nobody},  {"/policies/", "policy", "x"},
      {"/licenses/", "license", nobody}, {"/licenses/", "license", "some.key"},
      {"/machines/", "machine", nobody}, {"/entitlements/", "entitlement", "NOPE"},
      {"/tokens/", "token", nobody},
  };
  for (const auto& [path, noun, id] : rows) {
    const Answer answer = server.Get(path + id);
    ExpectError(answer, {404, "NOT_FOUND",
                         "The requested " + std::string(noun) + " '" + id + "' was not found"});
    ExpectSigned(server, answer);
  }
  EXPECT_EQ(server.Get("/products/%27%3B%20DROP%20TABLE%20products").Detail(),
            "The requested product ''; DROP TABLE products' was not found");
  EXPECT_EQ(server.Get("/licenses/%22%C3%A9%2F%3F").Detail(),
            "The requested license '\"é/?' was not found");
}

TEST_F(Errors, ChecksComeInTheirOrder) {
  const std::string product = server.AddProduct();
  const auto nobody = TestServer::Headers{};
  const auto reader = As("read-only");
  const auto with = [](TestServer::Headers headers, std::string name, std::string value) {
    headers.push_back({std::move(name), std::move(value)});
    return headers;
  };
  const std::string bad = "{";
  // Each request breaks several rules; the earlier one answers.
  EXPECT_EQ(server.Send("GRAB", "/x?%zz", nobody, bad).Code(), "HTTP_METHOD_INVALID");
  EXPECT_EQ(server.Send("POST", "/no-route", nobody, bad).Code(), "JSON_INVALID");
  EXPECT_EQ(server.Send("POST", "/no-route", with(nobody, "Accept", "text/html")).Detail(),
            kNoRoute);
  EXPECT_EQ(server
                .Send("POST", "/products",
                      with(with(nobody, "Accept", "text/html"), "Keygen-Version", "0"))
                .Code(),
            "MIME_TYPE_INVALID");
  EXPECT_EQ(
      server.Send("GET", "/v1/accounts/none/products", with(nobody, "Keygen-Version", "0")).Code(),
      "INVALID_API_VERSION");
  EXPECT_EQ(
      server.Send("GET", "/v1/accounts/none/products", with(nobody, "Keygen-Environment", "x"))
          .Code(),
      "NOT_FOUND");
  EXPECT_EQ(server
                .Send("GET", "/products",
                      with(with(nobody, "Keygen-Environment", "x"), "Keygen-Accept-Signature", "x"))
                .Code(),
            "ENVIRONMENT_INVALID");
  EXPECT_EQ(server.Send("GET", "/products", with(nobody, "Keygen-Accept-Signature", "x")).status,
            400);
  EXPECT_EQ(server.Send("GET", "/products/none", nobody).Code(), "TOKEN_MISSING");
  // Members: not found, then not allowed, then not well-formed, then not valid.
  EXPECT_EQ(server.Send("PATCH", "/products/none", reader, std::string_view("{}")).status, 404);
  EXPECT_EQ(server.Send("PATCH", "/products/" + product, reader, std::string_view("{}")).status,
            403);
  // Creates: not well-formed, then not allowed.
  EXPECT_EQ(server.Send("POST", "/products", reader, std::string_view("{}")).status, 400);
  EXPECT_EQ(server
                .Send("POST", "/products", reader,
                      DocumentOf("products", {{"name", "x"}, {"url", "nonsense"}}))
                .status,
            403);
  EXPECT_EQ(
      server.Post("/products", DocumentOf("products", {{"name", "x"}, {"url", "nonsense"}})).status,
      422);
}

TEST_F(Errors, SeveralValidationErrorsComeTogether) {
  const Answer answer =
      server.Post("/products", DocumentOf("products", {{"name", std::string(256, 'x')},
                                                       {"code", "actions"},
                                                       {"url", "ftp://localhost/x"},
                                                       {"distributionStrategy", "GIVEN"}}));
  ASSERT_EQ(answer.status, 422) << answer.body;
  std::vector<std::string> codes;
  const json::value tree = answer.Json();
  for (const auto& error : tree.at("errors").as_array()) {
    codes.emplace_back(error.at("code").as_string());
    EXPECT_EQ(error.at("title").as_string(), "Unprocessable resource");
    EXPECT_FALSE(error.at("links").at("about").as_string().empty());
    EXPECT_EQ(error.at("source").as_object().size(), 1u);
  }
  EXPECT_EQ(codes, (std::vector<std::string>{"NAME_TOO_LONG", "CODE_NOT_ALLOWED",
                                             "DISTRIBUTION_STRATEGY_NOT_ALLOWED",
                                             "URL_PROTOCOL_INVALID", "URL_HOST_INVALID"}));
  EXPECT_EQ(tree.at("meta").at("id").as_string(), answer.header("X-Request-Id"));
  EXPECT_EQ(tree.at("errors").at(0).at("links").at("about").as_string(),
            "https://docs.latchkey.example/api/products/#products-object-attrs-name");
  EXPECT_TRUE(server.Get("/products").Ids().empty()) << "nothing was stored";
}

TEST_F(Errors, RefusalsNameTheirReason) {
  const std::string product = server.AddProduct();
  const Answer license = server.AddLicense(server.AddPolicy(product));
  const auto by_key = TestServer::AsLicense(license.Attribute("key").as_string());
  ExpectError(server.Send("GET", "/products", by_key),
              {403, "",
               "You do not have permission to complete the request (license lacks permission to "
               "perform action)"});
  ExpectError(server.Send("DELETE", "/products/" + product, As("read-only")),
              {403, "",
               "You do not have permission to complete the request (read only lacks permission to "
               "perform action)"});
  ExpectError(server.Send("DELETE", "/products/" + product, As("sales-agent")),
              {403, "",
               "You do not have permission to complete the request (ensure the token or license is "
               "allowed to access all resources)"});
}

TEST_F(Errors, TM_39_SqlInEveryPlaceIsPlainData) {
  const std::string product = server.AddProduct({{"code", "lathe"}});
  for (const std::string_view text :
       {"' OR '1'='1", "'; DROP TABLE products; --", "\\'; --", "x') OR 1=1 --", "%27%20OR%201=1",
        "1 UNION SELECT * FROM users", "lathe'/*", "\"; --", "?", "$1", ":a",
        "lathe\xe2\x80\x99"}) {
    SCOPED_TRACE(text);
    const std::string escaped = [&] {
      std::string out;
      constexpr std::string_view kHex = "0123456789ABCDEF";
      for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        out += '%';
        out += kHex[byte >> 4];
        out += kHex[byte & 15];
      }
      return out;
    }();
    EXPECT_EQ(server.Get("/products/" + escaped).status, 404);
    EXPECT_EQ(server.Get("/licenses/" + escaped).status, 404);
    EXPECT_EQ(server.Get("/machines/" + escaped).status, 404);
    EXPECT_EQ(server.Get("/entitlements/" + escaped).status, 404);
    EXPECT_TRUE(server.Get("/policies?product=" + escaped).Ids().empty());
    EXPECT_EQ(server.Get("/tokens?bearer[type]=" + escaped).Ids().size(), 0u);
    EXPECT_EQ(server.Get("/tokens?bearer[role]=" + escaped).Ids().size(), 0u);
    EXPECT_EQ(server.Get("/licenses?metadata[" + escaped + "]=" + escaped).status, 200);
    EXPECT_EQ(server.Get("/licenses?order=" + escaped).status, 400);
    EXPECT_EQ(server.Send("GET", "/me", TestServer::AsLicense(text)).status, 401);
    EXPECT_EQ(server.Send("GET", "/me", TestServer::AsToken(text)).status, 401);
    const Answer made =
        server.Post("/products", DocumentOf("products", {{"name", text}, {"code", text}}));
    EXPECT_EQ(made.status, 201) << made.body;
    EXPECT_EQ(made.Attribute("code").as_string(), text);
    EXPECT_EQ(server.Get("/products/" + escaped + ".json").Id(), made.Id());
  }
  EXPECT_EQ(server.Get("/products/LATHE").Id(), product);
}

// Every attribute of every resource, by every kind of bearer: what the tables do not open is 400.
TEST_F(Errors, TM_40_MembersThatAreNotOpenAreUnpermitted) {
  const std::string product = server.AddProduct();
  const std::string policy = server.AddPolicy(product);
  const Answer license = server.AddLicense(policy);
  const Answer product_token = server.Post("/products/" + product + "/tokens", json::object());
  const std::pair<core::Role, TestServer::Headers> bearers[] = {
      {core::Role::kAdmin, server.AsAdmin()},
      {core::Role::kDeveloper, As("developer")},
      {core::Role::kSalesAgent, As("sales-agent")},
      {core::Role::kSupportAgent, As("support-agent")},
      {core::Role::kReadOnly, As("read-only")},
      {core::Role::kUser, As("user")},
      {core::Role::kProduct, TestServer::AsToken(product_token.Attribute("token").as_string())},
      {core::Role::kLicense, TestServer::AsLicense(license.Attribute("key").as_string())},
  };
  const core::Resource* const resources[] = {
      &core::ResourceOf<core::Product>(), &core::ResourceOf<core::Policy>(),
      &core::ResourceOf<core::Entitlement>(), &core::ResourceOf<core::License>(),
      &core::ResourceOf<core::Machine>()};
  int refused = 0;
  for (const core::Resource* resource : resources) {
    std::vector<std::string> names{"id_",     "account_id", "environment_id", "created",
                                   "updated", "created_at", "sequence",       "product_id",
                                   "role",    "password",   "status",         "digest"};
    for (const core::Attribute& attribute : resource->attributes)
      names.emplace_back(attribute.name);
    for (const auto& [role, headers] : bearers) {
      for (const std::string& name : names) {
        const core::Attribute* attribute = core::FindAttribute(*resource, name);
        if (attribute && attribute->create.Has(role)) continue;
        const std::string camel = name == "id_" ? "id" : core::ToCamel(name);
        const Answer answer = server.Send("POST", "/" + std::string(resource->type), headers,
                                          DocumentOf(resource->type, {{camel, "x"}}));
        EXPECT_EQ(answer.status, 400) << resource->type << " " << camel << answer.body;
        EXPECT_EQ(answer.Detail(), "unpermitted parameter") << resource->type << " " << camel;
        EXPECT_EQ(answer.Source(), "/data/attributes/" + camel);
        ++refused;
      }
    }
  }
  EXPECT_GT(refused, 500);
}

TEST_F(Errors, TM_41_HiddenRecordsLookLikeMissingOnes) {
  const std::string own = server.AddProduct();
  const std::string other = server.AddProduct({{"name", "Other"}, {"code", "other"}});
  const std::string policy = server.AddPolicy(other);
  const Answer license = server.AddLicense(policy);
  const Answer machine = server.AddMachine(license.Id(), "aa:bb");
  const Answer token = server.Post("/products/" + other + "/tokens", json::object());
  const Answer own_token = server.Post("/products/" + own + "/tokens", json::object());
  const Answer own_license = server.AddLicense(server.AddPolicy(own));
  const auto as_product = TestServer::AsToken(own_token.Attribute("token").as_string());
  const auto as_license = TestServer::AsLicense(own_license.Attribute("key").as_string());
  const auto as_user = As("user");
  const std::string nobody = "11111111-1111-4111-8111-111111111111";
  const std::pair<std::string, std::string> hidden[] = {
      {"/products/", other},        {"/policies/", policy},   {"/licenses/", license.Id()},
      {"/machines/", machine.Id()}, {"/tokens/", token.Id()},
  };
  const auto bytes = [](const Answer& answer, const std::string& id) {
    std::string body = answer.body;
    for (const std::string& text : {id, std::string(answer.header("X-Request-Id"))})
      for (std::size_t at; (at = body.find(text)) != std::string::npos;)
        body.replace(at, text.size(), "_");
    return body;
  };
  for (const auto& headers : {as_product, as_license, as_user}) {
    for (const auto& [path, id] : hidden) {
      for (const std::string_view method : {"GET", "PATCH", "DELETE"}) {
        const Answer there = server.Send(method, path + id, headers, std::string_view("{}"));
        const Answer missing = server.Send(method, path + nobody, headers, std::string_view("{}"));
        EXPECT_EQ(there.status, 404) << method << path << there.body;
        EXPECT_EQ(there.status, missing.status);
        EXPECT_EQ(bytes(there, id), bytes(missing, nobody));
      }
    }
  }
  // Another account's credentials are nobody's here.
  TestServer elsewhere;
  EXPECT_EQ(elsewhere.Send("GET", "/licenses", as_product).Code(), "TOKEN_INVALID");
  EXPECT_EQ(elsewhere.Send("GET", "/me", as_license).Code(), "LICENSE_INVALID");
  // Lists leave out what is hidden.
  EXPECT_EQ(server.Send("GET", "/policies", as_product).Ids().size(), 1u);
  EXPECT_EQ(server.Send("GET", "/licenses", as_product).Ids(),
            std::vector<std::string>{own_license.Id()});
  EXPECT_TRUE(server.Send("GET", "/machines", as_product).Ids().empty());
}

TEST_F(Errors, TM_44_MarkupIsAnsweredAsJsonText) {
  const std::string markup = "<script>alert(document.cookie)</script>";
  const Answer made = server.Post(
      "/products", DocumentOf("products", {{"name", markup}, {"metadata", {{"note", markup}}}}));
  ASSERT_EQ(made.status, 201) << made.body;
  EXPECT_EQ(made.Attribute("name").as_string(), markup);
  for (const Answer& answer :
       {made, server.Get("/products/%3Cscript%3E"), server.Get("/%3Cscript%3E")})
    EXPECT_TRUE(answer.header("Content-Type").starts_with("application/vnd.api+json"))
        << answer.target;
}

}  // namespace
}  // namespace latchkey::api
