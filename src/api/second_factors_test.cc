// Second factors and one-time passwords (events.md §1.9, conventions.md §3.4, §3.5, §9.4).
#include "api/test_expect.h"
#include "core/totp.h"

namespace latchkey::api {
namespace {

using std::string;

constexpr std::string_view kPassword = "correct horse";
constexpr std::string_view kForbidden =
    "You do not have permission to complete the request (ensure the token or license is allowed to "
    "access all resources)";
const ExpectedError kOtpInvalid{401, "OTP_INVALID", "second factor must be valid",
                                "pointer /meta/otp"};

TEST(Totp, FollowsRfc6238) {
  // Appendix B, SHA-1, its last six digits.
  const Bytes secret(base::AsBytes("12345678901234567890").begin(),
                     base::AsBytes("12345678901234567890").end());
  const std::pair<std::int64_t, std::string_view> rows[] = {
      {59, "287082"},         {1111111109, "081804"}, {1111111111, "050471"},
      {1234567890, "005924"}, {2000000000, "279037"}, {20000000000, "353130"}};
  for (const auto& [seconds, code] : rows)
    EXPECT_EQ(core::TotpCode(secret, seconds / 30), code) << seconds;
  EXPECT_EQ(core::Base32(secret), "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
  EXPECT_EQ(core::FromBase32("gezdgnbvgy3tqojqGEZDGNBVGY3TQOJQ"), secret);
  EXPECT_FALSE(core::FromBase32("GEZ1"));
}

TEST(Totp, CountsEachStepOnceAndTheLastOneForTenSeconds) {
  const string secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";
  const Bytes key = *core::FromBase32(secret);
  const auto at = [](std::int64_t seconds) { return TimePoint() + std::chrono::seconds(seconds); };
  const string code = core::TotpCode(key, 100);
  EXPECT_EQ(core::MatchTotp(secret, code, at(3000), std::nullopt), 100);
  EXPECT_EQ(core::MatchTotp(secret, code, at(3039), std::nullopt), 100);
  EXPECT_FALSE(core::MatchTotp(secret, code, at(3040), std::nullopt));
  EXPECT_FALSE(core::MatchTotp(secret, code, at(2999), std::nullopt));
  EXPECT_EQ(core::MatchTotp(secret, code, at(3000), 99), 100);
  EXPECT_FALSE(core::MatchTotp(secret, code, at(3000), 100));
  EXPECT_FALSE(core::MatchTotp(secret, "", at(3000), std::nullopt));
}

class SecondFactors : public testing::Test {
 protected:
  void SetUp() override {
    const Answer made = server.Post(
        "/users", DocumentOf("users", {{"email", "ann@acme.example"}, {"password", kPassword}}));
    ASSERT_EQ(made.status, 201) << made.body;
    ann = made.Id();
    root = "/users/" + ann + "/second-factors";
    headers = TestServer::AsToken(SignIn({}).Attribute("token").as_string());
  }
  static json::object Meta(json::object meta) { return {{"meta", std::move(meta)}}; }
  Answer SignIn(json::object meta, std::string_view password = kPassword) {
    const string pair = "ann@acme.example:" + string(password);
    const TestServer::Headers basic{{"Authorization", "Basic " + Base64Of(pair)}};
    return server.Send("POST", "/tokens", basic, Meta(std::move(meta)));
  }
  Answer Add() { return server.Send("POST", root, headers, Meta({{"password", kPassword}})); }
  // The code of now; time goes on, so that the next one is another.
  string Otp(const string& secret) {
    server.Advance(std::chrono::seconds(30));
    const auto seconds =
        std::chrono::floor<std::chrono::seconds>(server.now()).time_since_epoch().count();
    return core::TotpCode(*core::FromBase32(secret), seconds / 30);
  }
  Answer Switch(const string& id, bool enabled, const string& otp) {
    json::object body = DocumentOf("second-factors", {{"enabled", enabled}});
    body.emplace("meta", json::object{{"otp", otp}});
    return server.Send("PATCH", root + "/" + id, headers, body);
  }
  TestServer::Headers As(const core::User& user) {
    return TestServer::AsToken(server.TokenOf(user));
  }
  TestServer server;
  string ann, root;
  TestServer::Headers headers;
};

TEST_F(SecondFactors, AreMadeWithThePassword) {
  ExpectError(server.Send("POST", root, headers, Meta({{"password", "wrong"}})),
              {401, "PASSWORD_INVALID", "password must be valid", "pointer /meta/password"});
  ExpectError(server.Send("POST", root, headers),
              {401, "PASSWORD_INVALID", "password must be valid", "pointer /meta/password"});
  const Answer made = Add();
  ASSERT_EQ(made.status, 201) << made.body;
  const string self(made.Data().at("links").at("self").as_string());
  EXPECT_TRUE(self.ends_with(root + "/" + made.Id())) << self;
  EXPECT_EQ(made.header("Location"), "http://licenses.example" + self);
  EXPECT_EQ(made.Attribute("enabled"), json::value(false));
  const string secret(made.Attribute("secret").as_string());
  EXPECT_EQ(secret.size(), 32u);
  EXPECT_EQ(
      made.Attribute("uri"),
      json::value("otpauth://totp/Acme:ann%40acme.example?secret=" + secret + "&issuer=Acme"));
  const json::value user = made.Data().at("relationships").at("user");
  EXPECT_EQ(user.at("data").at("id"), json::value(ann));
  EXPECT_TRUE(string(user.at("links").at("related").as_string()).ends_with("/users/" + ann));
  EXPECT_EQ(server.Send("GET", root + "/" + made.Id(), headers).Attribute("secret"),
            json::value(secret));
  ExpectError(Add(), {409, "", "The request could not be completed because of a conflict"});
  EXPECT_EQ(server.Events().back(), "second-factor.created");
}

TEST_F(SecondFactors, AreEnabledByACodeOfTheirs) {
  const Answer made = Add();
  const string secret(made.Attribute("secret").as_string());
  ExpectError(Switch(made.Id(), true, "000000"), kOtpInvalid);
  ExpectError(server.Send("PATCH", root + "/" + made.Id(), headers,
                          DocumentOf("second-factors", {{"enabled", true}})),
              {400, "", "is missing", "pointer /meta"});
  json::object without{{"data", {{"type", "secondFactor"}}}, {"meta", {{"otp", "1"}}}};
  ExpectError(server.Send("PATCH", root + "/" + made.Id(), headers, without),
              {400, "", "is missing", "pointer /data/attributes/enabled"});
  const Answer enabled = Switch(made.Id(), true, Otp(secret));
  ASSERT_EQ(enabled.status, 200) << enabled.body;
  EXPECT_EQ(enabled.Attribute("enabled"), json::value(true));
  const json::value shown = server.Send("GET", root, headers).Data().at(0).at("attributes");
  for (const std::string_view name : {"uri", "secret"})
    EXPECT_FALSE(shown.as_object().contains(name)) << name;
  EXPECT_EQ(server.Events().back(), "second-factor.enabled");
  EXPECT_EQ(Switch(made.Id(), false, Otp(secret)).Attribute("enabled"), json::value(false));
  EXPECT_EQ(server.Events().back(), "second-factor.disabled");
}

TEST_F(SecondFactors, AreAskedForAtSignIn) {
  const Answer made = Add();
  const string secret(made.Attribute("secret").as_string());
  EXPECT_EQ(SignIn({}).status, 201);  // not before it is enabled
  ASSERT_EQ(Switch(made.Id(), true, Otp(secret)).status, 200);
  ExpectError(SignIn({}), {401, "OTP_REQUIRED", "second factor is required", "pointer /meta/otp"});
  ExpectError(SignIn({{"otp", "000000"}}), kOtpInvalid);
  // It comes before the password.
  EXPECT_EQ(SignIn({}, "wrong").Code(), "OTP_REQUIRED");
  EXPECT_EQ(SignIn({{"otp", "000000"}}, "wrong").Code(), "OTP_INVALID");
  const string otp = Otp(secret);
  EXPECT_EQ(SignIn({{"otp", otp}}, "wrong").Code(), "PASSWORD_INVALID");
  EXPECT_EQ(SignIn({{"otp", otp}}).status, 201);
  ExpectError(SignIn({{"otp", otp}}), kOtpInvalid);  // once
  // Tokens go on without.
  EXPECT_EQ(server.Send("GET", "/me", headers).status, 200);
}

TEST_F(SecondFactors, AreDeletedWithACodeWhileEnabled) {
  const Answer made = Add();
  const string path = root + "/" + made.Id();
  const string secret(made.Attribute("secret").as_string());
  ASSERT_EQ(Switch(made.Id(), true, Otp(secret)).status, 200);
  ExpectError(server.Send("DELETE", path, headers), kOtpInvalid);
  ExpectError(server.Send("POST", root, headers, Meta({{"password", kPassword}})), kOtpInvalid);
  ExpectError(server.Send("POST", root, headers, Meta({{"otp", Otp(secret)}})),
              {409, "", "The request could not be completed because of a conflict"});
  EXPECT_EQ(server.Send("DELETE", path, headers, Meta({{"otp", Otp(secret)}})).status, 204);
  EXPECT_EQ(server.Events().back(), "second-factor.deleted");
  EXPECT_EQ(server.Send("GET", path, headers).status, 404);
  const Answer again = Add();
  ASSERT_EQ(again.status, 201);
  EXPECT_EQ(server.Send("DELETE", root + "/" + again.Id(), headers).status, 204);
}

TEST_F(SecondFactors, AreTheirUsersAndAdmins) {
  const Answer made = Add();
  const string path = root + "/" + made.Id();
  EXPECT_EQ(server.Get(root).Ids(), std::vector<string>{made.Id()});
  EXPECT_EQ(server.Send("DELETE", path, server.AsAdmin()).status, 204);
  const string again = root + "/" + Add().Id();
  for (const string role : {"developer", "sales-agent", "support-agent", "read-only"}) {
    const core::User user = server.AddUser(role + "@acme.example", role);
    ExpectError(server.Send("GET", again, As(user)), {403, "", kForbidden});
    EXPECT_EQ(server.Send("DELETE", again, As(user)).status, 403) << role;
    const string own = "/users/" + user.id.ToString() + "/second-factors";
    EXPECT_EQ(server.Send("GET", own, As(user)).status, 200) << role;
    const Answer created = server.Send("POST", own, As(user), Meta({{"password", "x"}}));
    EXPECT_EQ(created.status, role == "read-only" ? 403 : 401) << role;
  }
  EXPECT_EQ(server.Send("GET", again, As(server.AddUser("eve@acme.example"))).status, 404);
  const Answer token = server.Post("/products/" + server.AddProduct() + "/tokens", json::object());
  EXPECT_EQ(
      server.Send("GET", again, TestServer::AsToken(token.Attribute("token").as_string())).status,
      403);
  EXPECT_EQ(server.Send("GET", again, {}).Code(), "TOKEN_MISSING");
  ExpectError(server.Get(root + "/" + ann),
              {404, "NOT_FOUND", "The requested second factor '" + ann + "' was not found"});
}

}  // namespace
}  // namespace latchkey::api
