// Credentials and their failures (conventions.md §3).
#include "api/test_expect.h"

namespace latchkey::api {
namespace {

constexpr std::string_view kUnauthenticated = "You must be authenticated to complete the request";
constexpr std::string_view kFormat =
    "Token format is invalid (make sure that you're providing a token value, not a token's UUID "
    "identifier)";

TestServer::Headers Authorized(std::string value) { return {{"Authorization", std::move(value)}}; }

class Authentication : public testing::Test {
 protected:
  Authentication()
      : token(std::string(server.AsAdmin().front().value).substr(7)),
        product(server.AddProduct()),
        license(server.AddLicense(server.AddPolicy(product))),
        key(license.Attribute("key").as_string()) {}
  // What the bearer is: "users", "licenses" or the error's code.
  std::string Bearer(const TestServer::Headers& headers, std::string_view query = "") {
    const Answer answer = server.Send("GET", "/me" + std::string(query), headers);
    if (answer.status != 200) return std::to_string(answer.status) + " " + answer.Code();
    return std::string(answer.Data().at("type").as_string());
  }

  TestServer server;
  std::string token;
  std::string product;
  Answer license;
  std::string key;
};

TEST_F(Authentication, AcceptsEveryForm) {
  const std::pair<std::string, std::string_view> rows[] = {
      {"Bearer " + token, "users"},
      {"bearer " + token, "users"},
      {"BEARER   " + token, "users"},
      {"Token " + token, "users"},
      {"Token token=\"" + token + "\"", "users"},
      {"Token token=" + token, "users"},
      {"Basic " + Base64Of(token + ":"), "users"},
      {"Basic " + Base64Of(token + ":ignored"), "users"},
      {"Basic " + Base64Of(token), "users"},
      {"basic " + Base64Of("token:" + token), "users"},
      {"Basic " + Base64Of("license:" + key), "licenses"},
      {"License " + key, "licenses"},
      {"license " + key, "licenses"},
  };
  for (const auto& [value, bearer] : rows) EXPECT_EQ(Bearer(Authorized(value)), bearer) << value;
  EXPECT_EQ(Bearer({}, "?token=" + token), "users");
  EXPECT_EQ(Bearer({}, "?auth=" + token), "users");
  EXPECT_EQ(Bearer({}, "?auth=token:" + token), "users");
  EXPECT_EQ(Bearer({}, "?auth=license:" + key), "licenses");
  EXPECT_EQ(Bearer({}, "?token=license:" + key), "licenses");
  EXPECT_EQ(Bearer({}, "?auth=license:" + key + "&token=" + token), "users") << "token first";
}

TEST_F(Authentication, TheFirstSchemeThatAppliesIsUsedAlone) {
  // A header that is wrong is not saved by a right parameter.
  EXPECT_EQ(Bearer(Authorized("Bearer admin-0000v3"), "?token=" + token), "401 TOKEN_INVALID");
  EXPECT_EQ(Bearer(Authorized("License nope"), "?token=" + token), "401 LICENSE_INVALID");
  // An unknown scheme is no header at all.
  EXPECT_EQ(Bearer(Authorized("Digest abc"), "?token=" + token), "users");
  EXPECT_EQ(Bearer(Authorized("Digest abc")), "401 TOKEN_MISSING");
  // Of repeated headers the first counts.
  EXPECT_EQ(Bearer({{"Authorization", "License " + key}, {"Authorization", "Bearer " + token}}),
            "licenses");
}

struct FailureRow {
  std::string authorization;
  std::string_view code, detail, challenge;
};

TEST_F(Authentication, FailuresSayWhatWasWrong) {
  const std::string id = server.account_id().ToString();
  const std::string_view d401 = kUnauthenticated;
  const FailureRow rows[] = {
      {"", "TOKEN_MISSING", d401, "Bearer"},
      {"Bearer", "TOKEN_MISSING", d401, "Bearer"},
      {"Bearer    ", "TOKEN_MISSING", d401, "Bearer"},
      {"Bearer x", "TOKEN_INVALID", d401, "Bearer"},
      {"Bearer " + token + "0", "TOKEN_INVALID", d401, "Bearer"},
      {"Bearer " + token.substr(0, token.size() - 1) + "4", "TOKEN_INVALID", d401, "Bearer"},
      {"Bearer " + std::string(60000, 'a') + "v3", "TOKEN_INVALID", d401, "Bearer"},
      {"Bearer " + id, "TOKEN_FORMAT_INVALID", kFormat, "Bearer"},
      {"Token token=\"" + id + "\"", "TOKEN_FORMAT_INVALID", kFormat, "Token"},
      {"Basic " + Base64Of(id + ":"), "TOKEN_FORMAT_INVALID", kFormat, "Basic"},
      {"Basic !!!", "TOKEN_INVALID", d401, "Basic"},
      {"Basic " + Base64Of("admin@acme.example:correct horse"), "TOKEN_INVALID", d401, "Basic"},
      {"Basic " + Base64Of(":"), "TOKEN_MISSING", d401, "Basic"},
      {"Basic " + Base64Of("license:"), "TOKEN_MISSING", d401, "Basic"},
      {"Basic " + Base64Of("license:none"), "LICENSE_INVALID", d401, "Basic"},
      {"Basic " + Base64Of("license:\xff\xfe"), "LICENSE_INVALID", d401, "Basic"},
      {"License " + key + "0", "LICENSE_INVALID", d401, "License"},
      {"License " + license.Id(), "LICENSE_INVALID", d401, "License"},
      {"License ' OR 1=1 --", "LICENSE_INVALID", d401, "License"},
      {"License " + token, "LICENSE_INVALID", d401, "License"},
      {"Bearer " + key, "TOKEN_INVALID", d401, "Bearer"},
      {"nEGOTIATE abc", "TOKEN_MISSING", d401, "Negotiate"},
  };
  for (const FailureRow& row : rows) {
    SCOPED_TRACE(row.authorization.substr(0, 100));
    const Answer answer = server.Send(
        "GET", "/products",
        row.authorization.empty() ? TestServer::Headers{} : Authorized(row.authorization));
    ExpectError(answer, {401, row.code, row.detail});
    EXPECT_EQ(answer.header("WWW-Authenticate"), std::string(row.challenge) + " realm=\"keygen\"");
    EXPECT_TRUE(answer.Json().at("errors").at(0).at("links").as_object().contains("about"));
    EXPECT_FALSE(http::Has(answer.headers, "Keygen-Bearer"));
    ExpectSigned(server, answer);
  }
}

TEST_F(Authentication, BytesThatAreNotUtf8AreRefusedBeforeEverything) {
  ExpectError(server.Send("GET", "/products", Authorized("License \xff\xfe")),
              {400, "ENCODING_INVALID",
               "The request could not be completed because it contains an invalid byte sequence "
               "(check encoding)"});
}

TEST_F(Authentication, ExpiredTokensSaySo) {
  const Answer made =
      server.Post("/tokens", DocumentOf("tokens", {{"expiry", "2026-03-03T10:00:00Z"}}));
  ASSERT_EQ(made.status, 201) << made.body;
  const auto headers = TestServer::AsToken(made.Attribute("token").as_string());
  server.SetNow(*base::ParseTime("2026-03-03T10:00:00.000Z"));
  EXPECT_EQ(server.Send("GET", "/me", headers).status, 200) << "expired means expiry < now";
  server.SetNow(*base::ParseTime("2026-03-03T10:00:00.001Z"));
  const Answer answer = server.Send("GET", "/me", headers);
  ExpectError(answer, {401, "TOKEN_EXPIRED", "Token is expired"});
  EXPECT_FALSE(answer.Json().at("errors").at(0).as_object().contains("links"));
}

TEST_F(Authentication, BannedUsersAndTheirLicensesAreRefused) {
  const auto user = server.AddUser("grace@acme.example");
  const std::string user_token = server.TokenOf(user);
  server.SetOwner(license.Id(), user);
  server.Ban(user);
  ExpectError(server.Send("GET", "/me", TestServer::AsToken(user_token)),
              {403, "USER_BANNED", "User is banned"});
  ExpectError(server.Send("GET", "/me", TestServer::AsLicense(key)),
              {403, "LICENSE_BANNED", "License is banned"});
}

TEST_F(Authentication, LicenseKeysAreCheckedInOrder) {
  // Suspended comes before expired, expired before the strategy.
  const std::string policy = server.AddPolicy(
      product, {{"expirationStrategy", "REVOKE_ACCESS"}, {"authenticationStrategy", "TOKEN"}});
  const Answer made = server.AddLicense(policy, {{"expiry", "2026-03-04T00:00:00Z"}});
  const auto headers = TestServer::AsLicense(made.Attribute("key").as_string());
  const auto refused = [&] { return server.Send("GET", "/me", headers); };
  const Answer not_allowed = refused();
  ExpectError(not_allowed,
              {403, "LICENSE_NOT_ALLOWED", "License key authentication is not allowed by policy"});
  EXPECT_TRUE(not_allowed.Json().at("errors").at(0).as_object().contains("links"));
  server.Advance(std::chrono::hours(48));
  ExpectError(refused(), {403, "LICENSE_EXPIRED", "License is expired"});
  ASSERT_EQ(server.Post("/licenses/" + made.Id() + "/actions/suspend", json::object()).status, 200);
  ExpectError(refused(), {403, "LICENSE_SUSPENDED", "License is suspended"});
}

TEST_F(Authentication, StrategiesDecideHowLicensesSignIn) {
  const struct {
    std::string_view strategy;
    bool by_key, by_token;
  } rows[] = {{"TOKEN", false, true},
              {"LICENSE", true, false},
              {"SESSION", false, false},
              {"MIXED", true, true},
              {"NONE", false, false}};
  for (const auto& row : rows) {
    SCOPED_TRACE(row.strategy);
    const Answer made =
        server.AddLicense(server.AddPolicy(product, {{"authenticationStrategy", row.strategy}}));
    const Answer issued = server.Post("/licenses/" + made.Id() + "/tokens", json::object());
    ASSERT_EQ(issued.status, 200) << issued.body;
    const Answer by_key =
        server.Send("GET", "/me", TestServer::AsLicense(made.Attribute("key").as_string()));
    const Answer by_token =
        server.Send("GET", "/me", TestServer::AsToken(issued.Attribute("token").as_string()));
    if (row.by_key) {
      EXPECT_EQ(by_key.status, 200) << by_key.body;
    } else {
      ExpectError(by_key, {403, "LICENSE_NOT_ALLOWED",
                           "License key authentication is not allowed by policy"});
    }
    if (row.by_token) {
      EXPECT_EQ(by_token.status, 200) << by_token.body;
    } else {
      ExpectError(by_token,
                  {403, "TOKEN_NOT_ALLOWED", "Token authentication is not allowed by policy"});
    }
  }
}

TEST_F(Authentication, AnActivationTokenOutlivesSuspensionAndExpiry) {
  const Answer issued = server.Post("/licenses/" + license.Id() + "/tokens", json::object());
  ASSERT_EQ(server.Post("/licenses/" + license.Id() + "/actions/suspend", json::object()).status,
            200);
  EXPECT_EQ(
      server.Send("GET", "/me", TestServer::AsToken(issued.Attribute("token").as_string())).status,
      200);
}

TEST_F(Authentication, PasswordsAreTakenForTokensOnly) {
  const auto basic = [](std::string_view email, std::string_view password) {
    return Authorized("Basic " + Base64Of(std::string(email) + ":" + std::string(password)));
  };
  const Answer made = server.Send("POST", "/tokens", basic("ADMIN@acme.example", "correct horse"));
  EXPECT_EQ(made.status, 201) << made.body;
  server.AddUser("nopass@acme.example", "developer");
  const struct {
    std::string_view email, password, code, detail;
  } rows[] = {
      {"admin", "correct horse", "EMAIL_REQUIRED", "email is required"},
      {"", "correct horse", "EMAIL_REQUIRED", "email is required"},
      {"nobody@acme.example", "correct horse", "EMAIL_INVALID", "email must be valid"},
      {"nopass@acme.example", "correct horse", "PASSWORD_NOT_SUPPORTED", "password is unsupported"},
      {"nopass@acme.example", "", "PASSWORD_NOT_SUPPORTED", "password is unsupported"},
      {"admin@acme.example", "", "PASSWORD_REQUIRED", "password is required"},
      {"admin@acme.example", "wrong", "PASSWORD_INVALID", "password must be valid"},
      {"admin@acme.example", "correct horse ", "PASSWORD_INVALID", "password must be valid"},
  };
  for (const auto& row : rows) {
    SCOPED_TRACE(row.email);
    server.Advance(std::chrono::minutes(2));
    auto headers = basic(row.email, row.password);
    const Answer now = server.Send("POST", "/tokens", headers);
    ExpectError(now, {401, row.code, row.detail, "header Authorization"});
    EXPECT_EQ(now.header("WWW-Authenticate"), "Basic realm=\"keygen\"");
    ExpectSigned(server, now);
    headers.push_back({"Keygen-Version", "1.7"});
    ExpectError(
        server.Send("POST", "/tokens", headers),
        {401, "CREDENTIALS_INVALID", "email and password must be valid", "header Authorization"});
  }
}

TEST_F(Authentication, AnonymousValidationTakesNoCredentialButNoWrongOne) {
  const json::object body{{"meta", {{"key", key}}}};
  const std::string path = "/licenses/actions/validate-key";
  EXPECT_EQ(server.Send("POST", path, {}, json::value(body)).status, 200);
  ExpectError(server.Send("POST", path, Authorized("Bearer wrongv3"), json::value(body)),
              {401, "TOKEN_INVALID", kUnauthenticated});
  ExpectError(server.Send("POST", path, Authorized("License wrong"), json::value(body)),
              {401, "LICENSE_INVALID", kUnauthenticated});
}

TEST_F(Authentication, PingAndHealthIgnoreCredentials) {
  for (const std::string_view path : {"/v1/ping", "/v1/health"})
    EXPECT_LT(server.Send("GET", path, Authorized("Bearer wrong")).status, 300) << path;
}

TEST_F(Authentication, TM_43_ACookieIsNoCredential) {
  for (const std::string_view origin : {"https://evil.example", "https://licenses.example", "null"})
    ExpectError(server.Send("POST", "/products",
                            {{"Cookie", "session_id=" + token + "; token=" + token},
                             {"Origin", std::string(origin)},
                             {"Content-Type", "text/plain"}},
                            R"({"data":{"type":"products","attributes":{"name":"x"}}})"),
                {401, "TOKEN_MISSING", kUnauthenticated});
}

TEST_F(Authentication, TM_34_CredentialsAreNotInLogsOrLinks) {
  const std::string canary = "canary-" + token;
  server.Send("GET", "/products?token=" + token + "&auth=" + canary + "&page[number]=1", {});
  server.Send("GET", "/licenses/" + key, server.AsAdmin());
  server.Send("GET", "/me", TestServer::AsLicense(key));
  server.Send("POST", "/tokens", Authorized("Basic " + Base64Of("admin@acme.example:" + canary)));
  server.Send("POST", "/licenses/actions/validate-key", {}, json::value{{"meta", {{"key", key}}}});
  const auto log = server.AccessLogText();
  EXPECT_NE(log.find("/licenses/{license}"), std::string::npos);
  for (const std::string& secret :
       {token, key, canary, std::string("correct horse"), std::string("admin@acme.example")})
    EXPECT_EQ(log.find(secret), std::string::npos);
  const Answer list =
      server.Send("GET", "/products?token=" + token + "&page[number]=1&page[size]=1", {});
  EXPECT_EQ(list.status, 200);
  EXPECT_EQ(list.body.find(token), std::string::npos);
}

}  // namespace
}  // namespace latchkey::api
