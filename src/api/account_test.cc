// The account, the bearer, ping and health (conventions.md §9.2, §9.5, §9.7).
#include "api/test_expect.h"

namespace latchkey::api {
namespace {

std::string Decoded(const json::value& text) {
  const auto bytes = base::FromBase64(text.as_string());
  return bytes ? std::string(base::AsText(*bytes)) : "(not base64)";
}

TEST(Account, ShowsItsKeysAsBase64OfText) {
  TestServer server;
  const Answer answer = server.Get("");
  ASSERT_EQ(answer.status, 200) << answer.body;
  const json::value data = answer.Data();
  EXPECT_EQ(answer.Id(), server.account_id().ToString());
  EXPECT_EQ(data.at("type"), json::value("accounts"));
  const json::object& attributes = data.at("attributes").as_object();
  EXPECT_EQ(attributes.at("name"), json::value("Acme"));
  EXPECT_EQ(attributes.at("slug"), json::value("acme"));
  EXPECT_EQ(attributes.at("apiVersion"), json::value("1.8"));
  EXPECT_EQ(attributes.at("status"), json::value("SUBSCRIBED"));
  EXPECT_EQ(attributes.at("protected"), json::value(false));
  EXPECT_EQ(attributes.size(), 7u);
  EXPECT_EQ(data.at("links").at("self").as_string(), "/v1/accounts/" + answer.Id());
  for (const std::string_view name :
       {"settings", "webhookEndpoints", "webhookEvents", "products", "platforms", "arches",
        "channels", "releases", "artifacts", "policies", "users", "keys", "licenses", "machines",
        "components", "processes", "tokens"}) {
    const json::object& relationship = data.at("relationships").at(name).as_object();
    EXPECT_FALSE(relationship.contains("data")) << name;
    EXPECT_TRUE(relationship.at("links").at("related").as_string().starts_with("/v1/accounts/" +
                                                                               answer.Id() + "/"))
        << name;
  }
  const json::value& keys = data.at("meta").at("keys");
  EXPECT_EQ(Decoded(keys.at("ed25519")), server.keys().public_keys().ed25519->ToHex());
  EXPECT_EQ(Decoded(keys.at("ed25519")).size(), 64u) << "hex, not the raw key";
  EXPECT_EQ(keys.at("rsa2048"), data.at("meta").at("publicKey"));
  EXPECT_TRUE(Decoded(keys.at("rsa2048")).starts_with("-----BEGIN PUBLIC KEY-----\n"));
  EXPECT_TRUE(Decoded(keys.at("ecdsa")).starts_with("-----BEGIN PUBLIC KEY-----\n"));
}

TEST(Account, NeedsThePermissionToReadIt) {
  TestServer server;
  ExpectError(server.Send("GET", "", {}),
              {401, "TOKEN_MISSING", "You must be authenticated to complete the request"});
  const Answer license = server.AddLicense(server.AddPolicy(server.AddProduct()));
  ExpectError(server.Send("GET", "", TestServer::AsLicense(license.Attribute("key").as_string())),
              {403, "",
               "You do not have permission to complete the request (license lacks permission to "
               "perform action)"});
  const auto reader = server.AddUser("r@acme.example", "read-only");
  EXPECT_EQ(server.Send("GET", "", TestServer::AsToken(server.TokenOf(reader))).status, 200);
}

TEST(Me, IsTheBearerItself) {
  TestServer server;
  const std::string product = server.AddProduct();
  const Answer license = server.AddLicense(server.AddPolicy(product));
  const Answer of_product = server.Post("/products/" + product + "/tokens", json::object());
  const Answer of_license = server.Post("/licenses/" + license.Id() + "/tokens", json::object());
  const struct {
    TestServer::Headers headers;
    std::string_view type;
    std::string id;        // empty: whoever it is
    std::string token_id;  // "-": any, empty: none
  } rows[] = {
      {server.AsAdmin(), "users", "", "-"},
      {TestServer::AsToken(of_product.Attribute("token").as_string()), "products", product,
       of_product.Id()},
      {TestServer::AsToken(of_license.Attribute("token").as_string()), "licenses", license.Id(),
       of_license.Id()},
      {TestServer::AsLicense(license.Attribute("key").as_string()), "licenses", license.Id(), ""},
  };
  for (const auto& row : rows) {
    SCOPED_TRACE(row.type);
    const Answer me = server.Send("GET", "/me", row.headers);
    const Answer profile = server.Send("GET", "/profile", row.headers);
    ASSERT_EQ(me.status, 200) << me.body;
    ASSERT_EQ(profile.status, 200) << profile.body;
    EXPECT_EQ(me.Data(), profile.Data());
    EXPECT_EQ(me.Data().at("type"), json::value(row.type));
    if (!row.id.empty()) {
      EXPECT_EQ(me.Id(), row.id);
    }
    const json::value tree = me.Json();
    EXPECT_FALSE(tree.as_object().contains("meta"));
    const json::value token_id = profile.Json().at("meta").at("tokenId");
    if (row.token_id.empty()) {
      EXPECT_FALSE(tree.as_object().contains("included"));
      EXPECT_TRUE(token_id.is_null());
    } else {
      ASSERT_EQ(tree.at("included").as_array().size(), 1u);
      EXPECT_EQ(tree.at("included").at(0).at("type"), json::value("tokens"));
      EXPECT_EQ(tree.at("included").at(0).at("id"), token_id);
      EXPECT_FALSE(tree.at("included").at(0).at("attributes").as_object().contains("token"));
      if (row.token_id != "-") {
        EXPECT_EQ(token_id, json::value(row.token_id));
      }
    }
  }
}

TEST(Me, NeedsTheReadPermissionOfItsKind) {
  TestServer server;
  const Answer narrow =
      server.Post("/tokens", DocumentOf("tokens", {{"permissions", {"product.read"}}}));
  const auto headers = TestServer::AsToken(narrow.Attribute("token").as_string());
  for (const std::string_view path : {"/me", "/profile"})
    ExpectError(server.Send("GET", path, headers),
                {403, "",
                 "You do not have permission to complete the request (token lacks permission to "
                 "perform action)"});
  // The profile of an admin also takes admin.read.
  const Answer reader =
      server.Post("/tokens", DocumentOf("tokens", {{"permissions", {"user.read"}}}));
  const auto as_reader = TestServer::AsToken(reader.Attribute("token").as_string());
  EXPECT_EQ(server.Send("GET", "/me", as_reader).status, 200);
  EXPECT_EQ(server.Send("GET", "/profile", as_reader).status, 403);
}

TEST(Ping, AnswersAnyoneAndIsSignedWhereAnAccountIsKnown) {
  TestServer server;
  for (const std::string_view path : {"/v1/ping", "/ping", "/v1/accounts/nobody/ping"}) {
    for (const std::string_view accept : {"*/*", "text/html", "image/png"}) {
      const Answer answer = server.Send("GET", path, {{"Accept", std::string(accept)}});
      EXPECT_EQ(answer.status, 200) << path;
      EXPECT_EQ(answer.header("Keygen-Version"), "1.8");
      EXPECT_EQ(answer.header("Keygen-Edition"), "EE");
      if (path.find("nobody") == std::string_view::npos) {
        ExpectSigned(server, answer);
      } else {
        ExpectUnsigned(answer);
      }
    }
  }
  const Answer rsa =
      server.Send("GET", "/v1/ping", {{"Keygen-Accept-Signature", "algorithm=\"rsa-sha256\""}});
  EXPECT_TRUE(server.SignatureHolds(rsa, crypto::SignatureAlgorithm::kRsaSha256));
  EXPECT_EQ(server.Send("GET", "/v1/ping", {{"Keygen-Accept-Signature", "nonsense"}}).status, 200);
  EXPECT_EQ(server.Send("GET", "/v1/ping", {{"Keygen-Environment", "nonsense"}}).status, 200);
  EXPECT_EQ(server.Send("GET", "/v1/ping", {{"Keygen-Version", "0.1"}}).Code(),
            "INVALID_API_VERSION");
}

TEST(Health, IsAnEmptyAnswerWithoutSignature) {
  TestServer server;
  for (const std::string_view path : {"/v1/health", "/v1/health/webhooks"}) {
    const Answer answer = server.Send("GET", path, {{"Accept", "text/plain"}});
    EXPECT_EQ(answer.status, 204) << path;
    EXPECT_EQ(answer.body, "");
    ExpectUnsigned(answer);
  }
}

}  // namespace
}  // namespace latchkey::api
