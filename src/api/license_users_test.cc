// Owner and users of licenses, owner of machines (licenses.md §7.6, machines.md §1.9).
#include "api/test_expect.h"

namespace latchkey::api {
namespace {

using std::string;

constexpr std::string_view kMissing = "5d3e9c71-0f4b-4b6a-8c12-7a9e1f2d3c43";
constexpr std::string_view kOwnerAt = "pointer /data/relationships/owner";
constexpr std::string_view kUserAt = "pointer /data/relationships/user";

class LicenseUsers : public testing::Test {
 protected:
  static json::object Items(std::initializer_list<string> ids) {
    json::array items;
    for (const string& id : ids) items.push_back({{"type", "users"}, {"id", id}});
    return {{"data", std::move(items)}};
  }
  Answer Attach(std::initializer_list<string> ids, const TestServer::Headers& headers) {
    return server.Send("POST", root + "/users", headers, Items(ids));
  }
  Answer Attach(std::initializer_list<string> ids) { return Attach(ids, server.AsAdmin()); }
  Answer Detach(std::initializer_list<string> ids, const TestServer::Headers& headers) {
    return server.Send("DELETE", root + "/users", headers, Items(ids));
  }
  Answer Detach(std::initializer_list<string> ids) { return Detach(ids, server.AsAdmin()); }
  Answer Own(const string& path, const string& user, const TestServer::Headers& headers) {
    return server.Send("PUT", path, headers, LinkTo("users", user));
  }
  Answer Own(const string& path, const string& user) { return Own(path, user, server.AsAdmin()); }
  json::value UserCount() {
    return server.Get(root).Data().at("relationships").at("users").at("meta").at("count");
  }
  TestServer::Headers As(const core::User& user) {
    return TestServer::AsToken(server.TokenOf(user));
  }
  TestServer::Headers AsStaff(const string& role) {
    return As(server.AddUser(role + std::to_string(++count) + "@acme.example", role));
  }
  TestServer::Headers AsProduct(const string& id) {
    const Answer token = server.Post("/products/" + id + "/tokens", json::object());
    return TestServer::AsToken(token.Attribute("token").as_string());
  }
  Answer Limit(int users) {
    return server.Send("PATCH", root, server.AsAdmin(),
                       DocumentOf("licenses", {{"maxUsers", users}}));
  }

  TestServer server;
  int count = 0;
  string product = server.AddProduct();
  string policy = server.AddPolicy(product, {{"floating", true}});
  Answer license = server.AddLicense(policy);
  string root = "/licenses/" + license.Id();
  core::User ann = server.AddUser("ann@acme.example");
  core::User bob = server.AddUser("bob@acme.example");
  core::User eve = server.AddUser("eve@acme.example");
  string a = ann.id.ToString(), b = bob.id.ToString(), e = eve.id.ToString();
};

TEST_F(LicenseUsers, AreAttachedAndDetached) {
  const Answer made = Attach({a, b});
  ASSERT_EQ(made.status, 200) << made.body;
  const json::value first = made.Data().at(0);
  EXPECT_EQ(first.at("type"), json::value("license-users"));
  EXPECT_EQ(first.at("relationships").at("user").at("data").at("id"), json::value(a));
  EXPECT_EQ(first.at("relationships").at("license").at("data").at("id"), json::value(license.Id()));
  const string account = "/v1/accounts/" + server.account_id().ToString();
  EXPECT_EQ(first.at("links").at("related"), json::value(account + root + "/users/" + a));
  EXPECT_EQ(server.Get(root + "/users").Ids(), (std::vector<string>{b, a}));
  EXPECT_EQ(server.Get(root + "/users/ann@acme.example").Id(), a);
  EXPECT_EQ(server.Get(root + "/users/" + e).status, 404);
  EXPECT_EQ(UserCount(), json::value(2));
  EXPECT_EQ(Detach({a}).status, 204);
  EXPECT_EQ(server.Get(root + "/users").Ids(), std::vector<string>{b});
  EXPECT_EQ(UserCount(), json::value(1));
  const auto events = server.Events();
  EXPECT_EQ(events.back(), "license.users.detached");
  EXPECT_EQ(events.at(events.size() - 2), "license.users.attached");
}

TEST_F(LicenseUsers, AreAttachedOnceAndAllOrNone) {
  ASSERT_EQ(Own(root + "/owner", a).status, 200);
  ASSERT_EQ(Attach({b}).status, 200);
  ExpectError(Attach({e, b}), {422, "USER_TAKEN", "already exists", kUserAt});
  ExpectError(Attach({e, e}), {422, "USER_TAKEN", "already exists", kUserAt});
  ExpectError(Attach({e, a}),
              {422, "USER_CONFLICT", "already exists (user is attached through owner)", kUserAt});
  ExpectError(Attach({e, string(kMissing)}), {422, "USER_NOT_FOUND", "must exist", kUserAt});
  EXPECT_EQ(UserCount(), json::value(2));
  ExpectError(server.Post(root + "/users", json::object{{"data", json::array()}}),
              {400, "", "length must be between 1 and 100 (inclusive)", "pointer /data"});
}

TEST_F(LicenseUsers, AreDetachedOnlyWhenAttached) {
  ASSERT_EQ(Own(root + "/owner", a).status, 200);
  ASSERT_EQ(Attach({b}).status, 200);
  ExpectError(Detach({b, a}),
              {403, "", "cannot detach user '" + a + "' (user is attached through owner)",
               "pointer /data/1"});
  ExpectError(Detach({b, e}), {422, "", "cannot detach user '" + e + "' (user is not attached)",
                               "pointer /data/1", "Unprocessable entity"});
  EXPECT_EQ(UserCount(), json::value(2));
}

TEST_F(LicenseUsers, StayWithinTheLimit) {
  const std::string_view at = "pointer /data/relationships/users";
  const string exceeded = "user count has exceeded maximum allowed for license (1)";
  ASSERT_EQ(Limit(1).status, 200);
  ExpectError(Attach({a, b}), {422, "USER_LIMIT_EXCEEDED", exceeded, at});
  ASSERT_EQ(Attach({a}).status, 200);
  ExpectError(Own(root + "/owner", b), {422, "USER_LIMIT_EXCEEDED", exceeded, at});
  ASSERT_EQ(Detach({a}).status, 204);
  ASSERT_EQ(Own(root + "/owner", b).status, 200);
  ASSERT_EQ(Own(root + "/owner", e).status, 200);  // another owner is no more
  ExpectError(Attach({a}), {422, "USER_LIMIT_EXCEEDED", exceeded, at});
}

TEST_F(LicenseUsers, CountInValidations) {
  ASSERT_EQ(Attach({a, b}).status, 200);
  ASSERT_EQ(Limit(1).status, 200);
  const json::object key{{"meta", {{"key", license.Attribute("key")}}}};
  const auto code = [&] {
    return server.Post("/licenses/actions/validate-key", key).Json().at("meta").at("code");
  };
  EXPECT_EQ(code(), json::value("TOO_MANY_USERS"));
  ASSERT_EQ(Detach({a}).status, 204);
  EXPECT_EQ(code(), json::value("VALID"));
  const json::object scoped{
      {"meta", {{"key", license.Attribute("key")}, {"scope", {{"user", b}}}}}};
  EXPECT_EQ(server.Post("/licenses/actions/validate-key", scoped).Json().at("meta").at("code"),
            json::value("VALID"));
}

TEST_F(LicenseUsers, OwnersAreSetAndCleared) {
  EXPECT_EQ(server.Get(root + "/owner").body, R"({"data":null})");
  const Answer owned = Own(root + "/owner", a);
  ASSERT_EQ(owned.status, 200) << owned.body;
  EXPECT_EQ(owned.Data().at("type"), json::value("licenses"));
  EXPECT_EQ(owned.Data().at("relationships").at("owner").at("data").at("id"), json::value(a));
  EXPECT_EQ(server.Get(root + "/owner").Id(), a);
  EXPECT_EQ(server.Get(root + "/user").Id(), a);
  EXPECT_EQ(server.Events().back(), "license.owner.updated");
  EXPECT_EQ(server.Send("PATCH", root + "/user", server.AsAdmin(), LinkTo("users", b)).status, 200);
  EXPECT_EQ(server.Events().back(), "license.user.updated");
  ASSERT_EQ(Attach({e}).status, 200);
  ExpectError(Own(root + "/owner", e),
              {422, "OWNER_INVALID", "already exists (user is attached through users)", kOwnerAt});
  ExpectError(Own(root + "/owner", string(kMissing)),
              {422, "OWNER_NOT_FOUND", "must exist", kOwnerAt});
  const Answer cleared = server.Send("PATCH", root + "/owner", server.AsAdmin(),
                                     json::value(json::object{{"data", nullptr}}));
  EXPECT_TRUE(cleared.Data().at("relationships").at("owner").at("data").is_null());
  ExpectError(server.Send("PUT", root + "/owner", server.AsAdmin(), json::value(json::object())),
              {400, "", "is missing", "pointer /data"});
}

TEST_F(LicenseUsers, OwnersComeWithNewLicenses) {
  const auto make = [&](std::string_view name, json::value owner,
                        const TestServer::Headers& headers) {
    return server.Send(
        "POST", "/licenses", headers,
        DocumentOf("licenses", {},
                   {{"policy", LinkTo("policies", policy)}, {name, std::move(owner)}}));
  };
  for (const std::string_view name : {"owner", "user"}) {
    const Answer made = make(name, LinkTo("users", a), server.AsAdmin());
    ASSERT_EQ(made.status, 201) << made.body;
    EXPECT_EQ(made.Data().at("relationships").at("owner").at("data").at("id"), json::value(a));
    EXPECT_EQ(made.Data().at("relationships").at("users").at("meta").at("count"), json::value(1));
  }
  EXPECT_EQ(make("owner", nullptr, server.AsAdmin()).status, 201);
  EXPECT_EQ(make("owner", json::object{{"data", nullptr}}, server.AsAdmin()).status, 201);
  ExpectError(make("owner", json::object(), server.AsAdmin()),
              {400, "", "is missing", "pointer /data/relationships/owner/data"});
  ExpectError(make("owner", LinkTo("users", kMissing), server.AsAdmin()),
              {422, "OWNER_NOT_FOUND", "must exist", kOwnerAt});
  // Users make licenses for themselves alone.
  EXPECT_EQ(make("owner", LinkTo("users", a), As(ann)).status, 201);
  EXPECT_EQ(make("owner", LinkTo("users", b), As(ann)).status, 403);
}

TEST_F(LicenseUsers, RolesDecideWhoMayWhat) {
  const struct {
    string role;
    bool read, own, attach;
  } rows[] = {{"developer", true, true, true},      {"sales-agent", true, true, true},
              {"support-agent", true, false, true}, {"read-only", true, false, false},
              {"product", true, true, true},        {"owner", true, false, true},
              {"attached", true, false, false},     {"key", false, false, false}};
  ASSERT_EQ(Own(root + "/owner", a).status, 200);
  ASSERT_EQ(Attach({b}).status, 200);
  for (const auto& row : rows) {
    SCOPED_TRACE(row.role);
    const auto headers = row.role == "product"    ? AsProduct(product)
                         : row.role == "owner"    ? As(ann)
                         : row.role == "attached" ? As(bob)
                         : row.role == "key"
                             ? TestServer::AsLicense(license.Attribute("key").as_string())
                             : AsStaff(row.role);
    for (const string path : {"/owner", "/user", "/users"})
      EXPECT_EQ(server.Send("GET", root + path, headers).status, row.read ? 200 : 403) << path;
    EXPECT_EQ(server.Send("GET", root + "/users/" + b, headers).status, row.read ? 200 : 403);
    EXPECT_EQ(Own(root + "/owner", a, headers).status, row.own ? 200 : 403);
    EXPECT_EQ(Own(root + "/user", a, headers).status, row.own ? 200 : 403);
    EXPECT_EQ(Attach({e}, headers).status, row.attach ? 200 : 403);
    EXPECT_EQ(Detach({e}, headers).status, row.attach ? 204 : 403);
  }
  for (const auto& stranger : {As(eve), AsProduct(server.AddProduct())}) {
    EXPECT_EQ(server.Send("GET", root + "/users", stranger).status, 404);
    EXPECT_EQ(Own(root + "/owner", e, stranger).status, 404);
    EXPECT_EQ(Attach({e}, stranger).status, 404);
  }
  EXPECT_EQ(server.Send("GET", root + "/owner", {}).Code(), "TOKEN_MISSING");
}

TEST_F(LicenseUsers, OfAProtectedLicenseAttachNobody) {
  ASSERT_EQ(Own(root + "/owner", a).status, 200);
  ASSERT_EQ(
      server.Send("PATCH", root, server.AsAdmin(), DocumentOf("licenses", {{"protected", true}}))
          .status,
      200);
  EXPECT_EQ(Attach({e}, As(ann)).status, 403);
  EXPECT_EQ(Attach({e}).status, 200);
}

// conventions.md §4.5: "any" are owner and attached users, "own" is the owner alone.
TEST_F(LicenseUsers, AttachedOnesMayReadAndCheckOut) {
  ASSERT_EQ(Own(root + "/owner", a).status, 200);
  ASSERT_EQ(Attach({b}).status, 200);
  const string machine = "/machines/" + server.AddMachine(license.Id(), "aa").Id();
  const struct {
    std::string_view method;
    string path;
    bool attached;
  } rows[] = {{"GET", root, true},
              {"GET", root + "/machines", true},
              {"GET", root + "/actions/validate", true},
              {"POST", root + "/actions/check-out", true},
              {"POST", root + "/actions/increment-usage", false},
              {"GET", machine, true},
              {"POST", machine + "/actions/check-out", true},
              {"POST", machine + "/actions/ping", false},
              {"DELETE", machine, false}};
  for (const auto& row : rows) {
    SCOPED_TRACE(row.path);
    EXPECT_EQ(server.Send(row.method, row.path, As(bob)).status, row.attached ? 200 : 403);
    EXPECT_EQ(server.Send(row.method, row.path, As(eve)).status, 404);
    EXPECT_LT(server.Send(row.method, row.path, As(ann)).status, 300);
  }
}

TEST_F(LicenseUsers, BannedAttachedOnesDoNotBanTheLicense) {
  ASSERT_EQ(Attach({b}).status, 200);
  server.Ban(bob);
  const json::object key{{"meta", {{"key", license.Attribute("key")}}}};
  EXPECT_EQ(server.Post("/licenses/actions/validate-key", key).Json().at("meta").at("code"),
            json::value("VALID"));
}

// ---- owners of machines

class MachineOwners : public LicenseUsers {
 protected:
  void SetUp() override {
    ASSERT_EQ(Own(root + "/owner", a).status, 200);
    ASSERT_EQ(Attach({b}).status, 200);
  }
  Answer Make(const string& owner, const TestServer::Headers& headers) {
    return server.Send("POST", "/machines", headers,
                       DocumentOf("machines", {{"fingerprint", std::to_string(++count)}},
                                  {{"license", LinkTo("licenses", license.Id())},
                                   {"owner", LinkTo("users", owner)}}));
  }
};

TEST_F(MachineOwners, AreUsersOfTheLicense) {
  const Answer made = Make(b, server.AsAdmin());
  ASSERT_EQ(made.status, 201) << made.body;
  EXPECT_EQ(made.Data().at("relationships").at("owner").at("data").at("id"), json::value(b));
  EXPECT_EQ(Make(a, server.AsAdmin()).status, 201);
  ExpectError(Make(e, server.AsAdmin()),
              {422, "OWNER_INVALID", "must be a valid license user", kOwnerAt});
  ExpectError(Make(string(kMissing), server.AsAdmin()),
              {422, "OWNER_NOT_FOUND", "must exist", kOwnerAt});
  // An attached user adds machines of its own, and no others.
  EXPECT_EQ(Make(b, As(bob)).status, 201);
  EXPECT_EQ(Make(a, As(bob)).status, 403);
  EXPECT_EQ(Make(e, As(eve)).status, 403);
}

TEST_F(MachineOwners, AreSetAndCleared) {
  const string path = "/machines/" + server.AddMachine(license.Id(), "aa").Id();
  EXPECT_EQ(server.Get(path + "/owner").body, R"({"data":null})");
  EXPECT_EQ(server.Get(path + "/user").Id(), a);
  const Answer owned = Own(path + "/owner", b);
  ASSERT_EQ(owned.status, 200) << owned.body;
  EXPECT_EQ(owned.Data().at("type"), json::value("machines"));
  EXPECT_EQ(server.Get(path + "/owner").Id(), b);
  EXPECT_EQ(server.Events().back(), "machine.owner.updated");
  ExpectError(Own(path + "/owner", e),
              {422, "OWNER_INVALID", "must be a valid license user", kOwnerAt});
  ExpectError(Own(path + "/owner", string(kMissing)),
              {422, "OWNER_NOT_FOUND", "must exist", kOwnerAt});
  EXPECT_EQ(server
                .Send("PATCH", path + "/owner", server.AsAdmin(),
                      json::value(json::object{{"data", nullptr}}))
                .status,
            200);
  EXPECT_EQ(server.Get(path + "/owner").body, R"({"data":null})");
  // Who leaves the license leaves its machines.
  ASSERT_EQ(Own(path + "/owner", b).status, 200);
  ASSERT_EQ(Detach({b}).status, 204);
  EXPECT_EQ(server.Get(path + "/owner").body, R"({"data":null})");
}

TEST_F(MachineOwners, AreChangedByStaffAndProductsAlone) {
  const string path = "/machines/" + server.AddMachine(license.Id(), "aa").Id() + "/owner";
  for (const string role : {"developer", "sales-agent"})
    EXPECT_EQ(Own(path, b, AsStaff(role)).status, 200) << role;
  EXPECT_EQ(Own(path, b, AsProduct(product)).status, 200);
  for (const string role : {"support-agent", "read-only"}) {
    EXPECT_EQ(Own(path, b, AsStaff(role)).status, 403) << role;
    EXPECT_EQ(server.Send("GET", path, AsStaff(role)).status, 200) << role;
  }
  EXPECT_EQ(Own(path, b, As(ann)).status, 403);
  EXPECT_EQ(server.Send("GET", path, As(bob)).Id(), b);
  EXPECT_EQ(server.Send("GET", path, As(eve)).status, 404);
  const auto key = TestServer::AsLicense(license.Attribute("key").as_string());
  EXPECT_EQ(Own(path, b, key).status, 403);
  EXPECT_EQ(server.Send("GET", path, key).status, 403);
}

}  // namespace
}  // namespace latchkey::api
