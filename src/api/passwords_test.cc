// Passwords: changing and recovering them (events.md §1.8), and tokens below users (§1.10).
#include <algorithm>
#include <future>

#include "api/test_expect.h"

namespace latchkey::api {
namespace {

using std::string;

constexpr std::string_view kForbidden =
    "You do not have permission to complete the request (ensure the token or license is allowed to "
    "access all resources)";
constexpr std::string_view kOld = "correct horse";
constexpr std::string_view kNew = "battery staple";

class Passwords : public testing::Test {
 protected:
  void SetUp() override {
    const Answer made = server.Post(
        "/users", DocumentOf("users", {{"email", "ann@acme.example"}, {"password", kOld}}));
    ASSERT_EQ(made.status, 201) << made.body;
    ann = made.Id();
  }
  Answer SignIn(std::string_view password) {
    const string pair = "ann@acme.example:" + string(password);
    return server.Send("POST", "/tokens", {{"Authorization", "Basic " + Base64Of(pair)}});
  }
  TestServer::Headers AsAnn() {
    return TestServer::AsToken(SignIn(kOld).Attribute("token").as_string());
  }
  TestServer::Headers As(const core::User& user) {
    return TestServer::AsToken(server.TokenOf(user));
  }
  static json::object Meta(json::object meta) { return {{"meta", std::move(meta)}}; }
  Answer Update(std::string_view before, std::string_view after,
                const TestServer::Headers& headers) {
    return server.Send("POST", "/users/" + ann + "/actions/update-password", headers,
                       Meta({{"oldPassword", before}, {"newPassword", after}}));
  }
  Answer Request(json::object meta) {
    return server.Send("POST", "/passwords", {}, Meta(std::move(meta)));
  }
  Answer Reset(const string& user, std::string_view token, std::string_view after,
               const TestServer::Headers& headers = {}) {
    return server.Send("POST", "/users/" + user + "/actions/reset-password", headers,
                       Meta({{"passwordResetToken", token}, {"newPassword", after}}));
  }
  // The token of the last request, out of its event.
  string ResetToken() {
    string token;
    const auto read = server.database().ReadNow([&](store::Session& session) -> Result<void> {
      LK_ASSIGN(const auto events, store::ReadOutbox(session, server.vault(), 0, 1000, true));
      for (const store::Event& event : events)
        if (event.kind == "user.password-reset")
          token = base::ParseJson(event.payload)->at("passwordResetToken").as_string();
      return {};
    });
    EXPECT_TRUE(read);
    return token;
  }
  // Asks a second server over the same data, which has read that the account is protected.
  int StatusWhenProtected(const string& path, const json::object& body) {
    EXPECT_TRUE(server.database().WriteNow([&](store::Session& session) -> Result<void> {
      LK_TRY(session.Execute("UPDATE accounts SET protected = 1", {}));
      return {};
    }));
    service::Accounts accounts;
    EXPECT_TRUE(server.database().ReadNow(
        [&](store::Session& session) { return accounts.Load(session, server.vault()); }));
    service::SnapshotCache snapshots(10);
    service::Settings settings;
    settings.password_cost = crypto::PasswordCost::kTest;
    Application application(Services{.database = server.database(),
                                     .vault = server.vault(),
                                     .random = base::SystemRandom(),
                                     .accounts = accounts,
                                     .snapshots = snapshots,
                                     .touches = server.touches(),
                                     .settings = settings},
                            ApplicationOptions{.dev = true}, {});
    std::promise<http::Response> promise;
    application.Handle(
        http::Request{.method = "POST",
                      .target = "/v1" + path,
                      .headers = {{"Host", string(TestServer::kHost)},
                                  {"Latchkey-Now", base::FormatTime(server.now())},
                                  {"Content-Type", "application/vnd.api+json"}},
                      .body = base::WriteJson(body),
                      .peer = "192.0.2.7"},
        http::Responder([&](http::Response response) { promise.set_value(std::move(response)); }));
    const int status = promise.get_future().get().status;
    application.Stop();
    return status;
  }
  TestServer server;
  string ann;
};

TEST_F(Passwords, AreChangedByTheirUser) {
  const auto other = AsAnn();
  const auto headers = AsAnn();
  const Answer changed = Update(kOld, kNew, headers);
  ASSERT_EQ(changed.status, 200) << changed.body;
  EXPECT_EQ(changed.Id(), ann);
  EXPECT_EQ(SignIn(kOld).Code(), "PASSWORD_INVALID");
  EXPECT_EQ(SignIn(kNew).status, 201);
  EXPECT_EQ(server.Send("GET", "/me", headers).status, 200);
  EXPECT_EQ(server.Send("GET", "/me", other).Code(), "TOKEN_INVALID");
}

TEST_F(Passwords, AreNotChangedWithoutTheOldOne) {
  const auto headers = AsAnn();
  ExpectError(Update("wrong horse", kNew, headers),
              {401, "", "is not valid", "pointer /meta/oldPassword"});
  ExpectError(Update(kOld, "short", headers),
              {422, "PASSWORD_TOO_SHORT", "is too short (minimum is 6 characters)",
               "pointer /data/attributes/password"});
  ExpectError(Update(kOld, string(73, 'x'), headers),
              {422, "PASSWORD_TOO_LONG", "is too long (maximum is 72 bytes)",
               "pointer /data/attributes/password"});
  ExpectError(server.Send("POST", "/users/" + ann + "/actions/update-password", headers,
                          Meta({{"oldPassword", kOld}})),
              {400, "", "is missing", "pointer /meta/newPassword"});
  ExpectError(server.Send("POST", "/users/" + ann + "/actions/update-password", headers),
              {400, "", "is missing", "pointer /meta"});
  const core::User managed = server.AddUser("managed@acme.example");
  ExpectError(server.Send("POST", "/users/managed@acme.example/actions/update-password",
                          As(managed), Meta({{"oldPassword", kOld}, {"newPassword", kNew}})),
              {401, "", "is not valid", "pointer /meta/oldPassword"});
  EXPECT_EQ(SignIn(kOld).status, 201);
}

TEST_F(Passwords, AreChangedByNobodyElse) {
  ExpectError(Update(kOld, kNew, server.AsAdmin()), {403, "", kForbidden});
  EXPECT_EQ(Update(kOld, kNew, As(server.AddUser("eve@acme.example"))).status, 404);
  EXPECT_EQ(Update(kOld, kNew, {}).Code(), "TOKEN_MISSING");
  const core::User agent = server.AddUser("agent@acme.example", "support-agent");
  EXPECT_EQ(Update(kOld, kNew, As(agent)).status, 403);
  EXPECT_EQ(SignIn(kOld).status, 201);
}

TEST_F(Passwords, AreSetAndTakenAwayByStaff) {
  const auto change = [&](json::value password) {
    return server
        .Send("PATCH", "/users/" + ann, server.AsAdmin(),
              DocumentOf("users", {{"password", std::move(password)}}))
        .status;
  };
  ASSERT_EQ(change(json::value(kNew)), 200);
  EXPECT_EQ(SignIn(kNew).status, 201);
  ASSERT_EQ(change(nullptr), 200);
  EXPECT_EQ(SignIn(kNew).Code(), "PASSWORD_NOT_SUPPORTED");
  EXPECT_EQ(change(json::value("short")), 422);
}

TEST_F(Passwords, AreRecoveredByToken) {
  const auto headers = AsAnn();
  ASSERT_EQ(Request({{"email", "ANN@acme.example"}}).status, 204);
  EXPECT_EQ(server.Events().back(), "user.password-reset");
  const string token = ResetToken();
  EXPECT_EQ(token.size(), 50u);
  EXPECT_TRUE(token.ends_with("v3"));
  EXPECT_EQ(server.AccessLogText().find(token), string::npos);
  ExpectError(Reset(ann, token, "short"),
              {422, "PASSWORD_TOO_SHORT", "is too short (minimum is 6 characters)",
               "pointer /data/attributes/password"});
  const Answer reset = Reset("ann@acme.example", token, kNew);
  ASSERT_EQ(reset.status, 200) << reset.body;
  EXPECT_EQ(reset.Id(), ann);
  EXPECT_EQ(SignIn(kNew).status, 201);
  EXPECT_EQ(server.Send("GET", "/me", headers).Code(), "TOKEN_INVALID");
  EXPECT_EQ(Reset(ann, token, kOld).status, 404);  // once
}

TEST_F(Passwords, OfUnknownUsersAreRequestedAlike) {
  ASSERT_EQ(Request({{"email", "nobody@acme.example"}}).status, 204);
  ASSERT_EQ(Request({{"email", "ann@acme.example"}, {"deliver", false}}).status, 204);
  const auto events = server.Events();
  EXPECT_EQ(std::count(events.begin(), events.end(), "user.password-reset"), 1);
  ExpectError(Request({{"deliver", true}}), {400, "", "is missing", "pointer /meta/email"});
  ExpectError(server.Send("POST", "/passwords", {}), {400, "", "is missing", "pointer /meta"});
  // Credentials do not matter.
  EXPECT_EQ(server
                .Send("POST", "/passwords", TestServer::AsToken("user-xv3"),
                      Meta({{"email", "ann@acme.example"}}))
                .status,
            204);
}

TEST_F(Passwords, AreNotRecoveredByAWrongOrOldToken) {
  ASSERT_EQ(Request({{"email", "ann@acme.example"}}).status, 204);
  const string token = ResetToken();
  ExpectError(Reset(ann, "0123v3", kNew),
              {404, "NOT_FOUND", "The requested user '" + ann + "' was not found"});
  ExpectError(Reset("eve@acme.example", token, kNew),
              {404, "NOT_FOUND", "The requested user 'eve@acme.example' was not found"});
  const core::User eve = server.AddUser("eve@acme.example");
  EXPECT_EQ(Reset("eve@acme.example", token, kNew).status, 404);
  EXPECT_EQ(Reset(ann, token, kNew, As(eve)).status, 404);
  ExpectError(Reset(ann, token, kNew, server.AsAdmin()), {403, "", kForbidden});
  server.Advance(std::chrono::hours(24));
  server.Advance(std::chrono::seconds(1));
  ExpectError(Reset(ann, token, kNew), {401, "", "is expired", "pointer /meta/passwordResetToken"});
  EXPECT_EQ(SignIn(kOld).status, 201);
  // A later request ends an earlier one.
  ASSERT_EQ(Request({{"email", "ann@acme.example"}}).status, 204);
  const string later = ResetToken();
  EXPECT_EQ(Reset(ann, token, kNew).status, 404);
  EXPECT_EQ(Reset(ann, later, kNew, AsAnn()).status, 200);
}

TEST_F(Passwords, OfManagedUsersStayUnsetOnProtectedAccounts) {
  server.AddUser("managed@acme.example");
  ASSERT_EQ(Request({{"email", "managed@acme.example"}}).status, 204);
  const auto reset = [&](const string& user) {
    return StatusWhenProtected("/users/" + user + "/actions/reset-password",
                               Meta({{"passwordResetToken", ResetToken()}, {"newPassword", kNew}}));
  };
  EXPECT_EQ(reset("managed@acme.example"), 403);
  ASSERT_EQ(Request({{"email", "ann@acme.example"}}).status, 204);
  EXPECT_EQ(reset(ann), 200);
}

TEST_F(Passwords, AndUsersAreMadeByNobodyOnProtectedAccounts) {
  EXPECT_EQ(StatusWhenProtected("/users", DocumentOf("users", {{"email", "new@acme.example"}})),
            403);
}

// ---- tokens below users

class UserTokens : public Passwords {
 protected:
  Answer Make(const string& user, const TestServer::Headers& headers,
              json::object attributes = {}) {
    return server.Send("POST", "/users/" + user + "/tokens", headers,
                       DocumentOf("tokens", std::move(attributes)));
  }
};

TEST_F(UserTokens, AreMadeForUsers) {
  const Answer made = server.Send("POST", "/users/" + ann + "/tokens", server.AsAdmin());
  ASSERT_EQ(made.status, 200) << made.body;
  EXPECT_EQ(made.header("Location"), "");
  EXPECT_EQ(made.Attribute("kind"), json::value("user-token"));
  EXPECT_EQ(made.Attribute("expiry"), json::value("2026-03-17T09:15:00.000Z"));
  const auto headers = TestServer::AsToken(made.Attribute("token").as_string());
  EXPECT_EQ(server.Send("GET", "/me", headers).Id(), ann);
  EXPECT_TRUE(Make(ann, server.AsAdmin(), {{"expiry", nullptr}}).Attribute("expiry").is_null());
  EXPECT_EQ(Make(ann, server.AsAdmin(), {{"name", "CI"}}).Attribute("name"), json::value("CI"));
  ExpectError(Make(ann, server.AsAdmin(), {{"permissions", {"product.create"}}}),
              {422, "PERMISSIONS_NOT_ALLOWED", "unsupported permissions",
               "pointer /data/attributes/permissions"});
  const string root = "/users/" + ann + "/tokens";
  EXPECT_EQ(server.Get(root).Ids().size(), 3u);
  const Answer shown = server.Get(root + "/" + made.Id());
  EXPECT_EQ(shown.Id(), made.Id());
  EXPECT_FALSE(shown.Data().at("attributes").as_object().contains("token"));
  const string me = server.Get("/me").Id();
  EXPECT_EQ(server.Get("/users/" + me + "/tokens/" + made.Id()).status, 404);
  EXPECT_EQ(Make(me, server.AsAdmin()).Attribute("kind"), json::value("admin-token"));
}

TEST_F(UserTokens, AreForThoseWhoMayMakeThem) {
  const string staff = server.AddUser("dev@acme.example", "developer").id.ToString();
  ExpectError(Make(staff, server.AsAdmin()), {403, "", kForbidden});
  const auto agent = As(server.AddUser("agent@acme.example", "sales-agent"));
  EXPECT_EQ(Make(ann, agent).status, 403);
  EXPECT_EQ(server.Send("GET", "/users/" + ann + "/tokens", agent).status, 200);
  const auto self = AsAnn();
  EXPECT_EQ(Make(ann, self).status, 403);
  EXPECT_EQ(server.Send("GET", "/users/" + ann + "/tokens", self).status, 200);
  EXPECT_EQ(
      server.Send("GET", "/users/" + ann + "/tokens", As(server.AddUser("e@acme.example"))).status,
      404);
  // Products for users who hold one of their licenses.
  const string product = server.AddProduct();
  const Answer token = server.Post("/products/" + product + "/tokens", json::object());
  const auto as_product = TestServer::AsToken(token.Attribute("token").as_string());
  EXPECT_EQ(Make(ann, as_product).status, 403);
  const Answer license = server.AddLicense(server.AddPolicy(product));
  const json::array items{{{"type", "users"}, {"id", ann}}};
  ASSERT_EQ(
      server.Post("/licenses/" + license.Id() + "/users", json::object{{"data", items}}).status,
      200);
  const Answer made = Make(ann, as_product);
  ASSERT_EQ(made.status, 200) << made.body;
  EXPECT_EQ(server.Send("GET", "/users/" + ann + "/tokens/" + made.Id(), as_product).status, 200);
}

}  // namespace
}  // namespace latchkey::api
