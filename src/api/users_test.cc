// Users (events.md §1.1 to §1.7).
#include <algorithm>

#include "api/test_expect.h"
#include "core/account_setting.h"

namespace latchkey::api {
namespace {

using std::string;

constexpr std::string_view kMissing = "5d3e9c71-0f4b-4b6a-8c12-7a9e1f2d3c43";
constexpr std::string_view kNoRule =
    "You do not have permission to complete the request (ensure the token or license is allowed to "
    "access all resources)";

string Because(std::string_view reason) {
  return "You do not have permission to complete the request (" + string(reason) + ")";
}

class Users : public testing::Test {
 protected:
  Answer Add(json::object attributes, const TestServer::Headers& headers) {
    return server.Send("POST", "/users", headers, DocumentOf("users", std::move(attributes)));
  }
  Answer Add(json::object attributes) { return Add(std::move(attributes), server.AsAdmin()); }
  Answer Change(const string& user, json::object attributes, const TestServer::Headers& headers) {
    return server.Send("PATCH", "/users/" + user, headers,
                       DocumentOf("users", std::move(attributes)));
  }
  Answer Change(const string& user, json::object attributes) {
    return Change(user, std::move(attributes), server.AsAdmin());
  }
  Answer Act(const string& user, const string& action, const TestServer::Headers& headers) {
    return server.Send("POST", "/users/" + user + "/actions/" + action, headers);
  }
  TestServer::Headers As(const core::User& user) {
    return TestServer::AsToken(server.TokenOf(user));
  }
  TestServer::Headers AsNew(const string& role) {
    return As(server.AddUser(role + std::to_string(++count) + "@acme.example", role));
  }
  TestServer::Headers AsProduct(const string& product) {
    const Answer token = server.Post("/products/" + product + "/tokens", json::object());
    return TestServer::AsToken(token.Attribute("token").as_string());
  }
  // A license of `product` that `owner` owns.
  Answer LicenseOf(const string& product, const core::User& owner) {
    const Answer license = server.AddLicense(server.AddPolicy(product, {{"floating", true}}));
    server.SetOwner(license.Id(), owner);
    return license;
  }
  void AttachUser(const Answer& license, const core::User& user) {
    const json::array items{{{"type", "users"}, {"id", user.id.ToString()}}};
    ASSERT_EQ(
        server.Post("/licenses/" + license.Id() + "/users", json::object{{"data", items}}).status,
        200);
  }
  TestServer server;
  int count = 0;
};

TEST_F(Users, HaveTheirDefaults) {
  const Answer made = Add({{"email", " Ann@ACME.example "}});
  ASSERT_EQ(made.status, 201) << made.body;
  const json::value data = made.Data();
  const json::object& attributes = data.at("attributes").as_object();
  for (const std::string_view name : {"fullName", "firstName", "lastName"})
    EXPECT_TRUE(attributes.at(name).is_null()) << name;
  EXPECT_EQ(attributes.at("email"), json::value("ann@acme.example"));
  EXPECT_EQ(attributes.at("status"), json::value("ACTIVE"));
  EXPECT_EQ(attributes.at("role"), json::value("user"));
  EXPECT_EQ(attributes.at("metadata"), json::value(json::object()));
  EXPECT_EQ(attributes.at("permissions").as_array().size(),
            core::DefaultPermissions(core::Role::kUser).size());
  EXPECT_FALSE(attributes.contains("password"));
  EXPECT_EQ(made.body.find("igest"), string::npos);
  const string self(data.at("links").at("self").as_string());
  EXPECT_EQ(made.header("Location"), "http://licenses.example" + self);
  const json::object& relationships = data.at("relationships").as_object();
  EXPECT_TRUE(relationships.at("group").at("data").is_null());
  for (const std::string_view name : {"group", "products", "licenses", "machines", "tokens"})
    EXPECT_EQ(relationships.at(name).at("links").at("related").as_string(),
              self + "/" + string(name));
  EXPECT_EQ(relationships.at("secondFactors").at("links").at("related").as_string(),
            self + "/second-factors");
  EXPECT_EQ(server.Events(), std::vector<string>{"user.created"});
}

TEST_F(Users, AreValidated) {
  ASSERT_EQ(Add({{"email", "ann@acme.example"}}).status, 201);
  const string long_text(256, 'x');
  const struct {
    json::object attributes;
    std::string_view code, detail, name;
  } rows[] = {
      {{{"firstName", long_text}},
       "FIRST_NAME_TOO_LONG",
       "is too long (maximum is 255 characters)",
       "firstName"},
      {{{"lastName", long_text}},
       "LAST_NAME_TOO_LONG",
       "is too long (maximum is 255 characters)",
       "lastName"},
      {{{"email", "ann"}}, "EMAIL_INVALID", "is invalid", "email"},
      {{{"email", "@acme.example"}}, "EMAIL_INVALID", "is invalid", "email"},
      {{{"email", "ANN@acme.example"}}, "EMAIL_TAKEN", "has already been taken", "email"},
      {{{"email", long_text + "@acme.example"}},
       "EMAIL_TOO_LONG",
       "is too long (maximum is 255 characters)",
       "email"},
      {{{"password", "short"}},
       "PASSWORD_TOO_SHORT",
       "is too short (minimum is 6 characters)",
       "password"},
      {{{"password", string(73, 'x')}},
       "PASSWORD_TOO_LONG",
       "is too long (maximum is 72 bytes)",
       "password"},
      {{{"permissions", {"user.fly"}}},
       "PERMISSIONS_NOT_ALLOWED",
       "unsupported permissions",
       "permissions"},
      {{{"permissions", {"product.create"}}},
       "PERMISSIONS_NOT_ALLOWED",
       "unsupported permissions",
       "permissions"},
  };
  for (const auto& row : rows) {
    json::object attributes = row.attributes;
    if (!attributes.contains("email")) attributes.emplace("email", "bob@acme.example");
    ExpectError(Add(attributes),
                {422, row.code, row.detail, "pointer /data/attributes/" + string(row.name)});
  }
  const string at = "pointer /data/attributes/";
  ExpectError(Add({{"firstName", "x"}}), {400, "", "is missing", at + "email"});
  ExpectError(Add({{"email", "x@acme.example"}, {"role", "king"}}),
              {400, "", "is invalid", at + "role"});
  ExpectError(Add({{"email", "x@acme.example"}, {"status", "BANNED"}}),
              {400, "", "unpermitted parameter", at + "status"});
  ExpectError(Add({{"email", "x@acme.example"}, {"passwordDigest", "x"}}),
              {400, "", "unpermitted parameter", at + "passwordDigest"});
}

TEST_F(Users, OfEveryRoleGetItsPermissions) {
  const std::pair<std::string_view, core::Role> rows[] = {
      {"user", core::Role::kUser},
      {"admin", core::Role::kAdmin},
      {"developer", core::Role::kDeveloper},
      {"sales-agent", core::Role::kSalesAgent},
      {"support-agent", core::Role::kSupportAgent},
      {"read-only", core::Role::kReadOnly}};
  for (const auto& [name, role] : rows) {
    const Answer made = Add({{"email", "the-" + string(name) + "@acme.example"}, {"role", name}});
    ASSERT_EQ(made.status, 201) << made.body;
    EXPECT_EQ(made.Attribute("role"), json::value(name));
    EXPECT_EQ(made.Attribute("permissions").as_array().size(),
              core::DefaultPermissions(role).size());
  }
  const Answer none = Add({{"email", "none@acme.example"}, {"permissions", json::array()}});
  EXPECT_EQ(none.Attribute("permissions"), json::value(json::array()));
}

TEST_F(Users, AreFoundByIdOrAddressOfAnyCase) {
  const Answer made = Add({{"email", "ann.b@acme.example"}});
  string bare = made.Id();
  bare.erase(std::remove(bare.begin(), bare.end(), '-'), bare.end());
  for (const string& name : {made.Id(), bare, string("ann.b@acme.example"),
                             string("Ann.B@ACME.example"), string("ann.b%40acme.example")})
    EXPECT_EQ(server.Get("/users/" + name).Id(), made.Id()) << name;
  EXPECT_EQ(Change("ANN.B@acme.example", {{"lastName", "B"}}).status, 200);
  ExpectError(server.Get("/users/bob@acme.example"),
              {404, "NOT_FOUND", "The requested user 'bob@acme.example' was not found"});
  ExpectError(server.Get("/users/" + string(kMissing)),
              {404, "NOT_FOUND", "The requested user '" + string(kMissing) + "' was not found"});
  EXPECT_EQ(server.Send("DELETE", "/users/Ann.b@acme.example", server.AsAdmin()).status, 204);
  EXPECT_EQ(server.Get("/users/" + made.Id()).status, 404);
}

TEST_F(Users, AreChanged) {
  const Answer made = Add({{"email", "ann@acme.example"}, {"firstName", "Ann"}});
  const Answer named = Change(made.Id(), {{"lastName", "Bell"}, {"metadata", {{"a_b", 1}}}});
  EXPECT_EQ(named.Attribute("fullName"), json::value("Ann Bell"));
  EXPECT_EQ(named.Attribute("metadata").at("aB"), json::value(1));
  const Answer cleared = Change(made.Id(), {{"lastName", nullptr}, {"email", "B@Acme.example"}});
  EXPECT_TRUE(cleared.Attribute("fullName").is_null());
  EXPECT_EQ(cleared.Attribute("email"), json::value("b@acme.example"));
  EXPECT_EQ(server.Events().back(), "user.updated");
}

TEST_F(Users, TakeTheDefaultsOfTheAccount) {
  ASSERT_TRUE(server.database().WriteNow([&](store::Session& session) -> Result<void> {
    core::AccountSetting setting;
    setting.id = Uuid::V4(base::SystemRandom());
    setting.account_id = server.account_id();
    setting.created = setting.updated = server.now();
    setting.key = "default_user_permissions";
    setting.value = {"license.read", "user.read"};
    return store::Insert(session, server.vault(), setting);
  }));
  EXPECT_EQ(Add({{"email", "ann@acme.example"}}).Attribute("permissions"),
            json::value({"license.read", "user.read"}));
  EXPECT_EQ(Add({{"email", "dev@acme.example"}, {"role", "developer"}})
                .Attribute("permissions")
                .as_array()
                .size(),
            core::DefaultPermissions(core::Role::kDeveloper).size());
}

TEST_F(Users, AreMadeInAGroup) {
  const Answer group =
      server.Post("/groups", DocumentOf("groups", {{"name", "Blue"}, {"maxUsers", 1}}));
  ASSERT_EQ(group.status, 201) << group.body;
  const auto make = [&](std::string_view email, const string& id,
                        const TestServer::Headers& headers) {
    return server.Send("POST", "/users", headers,
                       DocumentOf("users", {{"email", email}}, {{"group", LinkTo("groups", id)}}));
  };
  const std::string_view at = "pointer /data/relationships/group";
  const Answer made = make("ann@acme.example", group.Id(), server.AsAdmin());
  ASSERT_EQ(made.status, 201) << made.body;
  EXPECT_EQ(made.Data().at("relationships").at("group").at("data").at("id"),
            json::value(group.Id()));
  EXPECT_EQ(server.Get("/users?group=" + group.Id()).Ids(), std::vector<string>{made.Id()});
  ExpectError(make("bob@acme.example", group.Id(), server.AsAdmin()),
              {422, "GROUP_USER_LIMIT_EXCEEDED",
               "user count has exceeded maximum allowed by current group (1)", at});
  ExpectError(make("bob@acme.example", string(kMissing), server.AsAdmin()),
              {422, "GROUP_NOT_FOUND", "must exist", at});
  ExpectError(make("bob@acme.example", group.Id(), {}),
              {400, "", "unpermitted parameter", "pointer /data/relationships"});
}

// ---- who may what

TEST_F(Users, RolesDecideWhoMayWhatToUsers) {
  const string product = server.AddProduct();
  const struct {
    string role;
    int list, show, create, update, erase, ban;
  } rows[] = {
      {"admin", 200, 200, 201, 200, 204, 200},
      {"developer", 200, 200, 201, 200, 204, 200},
      {"sales-agent", 200, 200, 201, 200, 403, 200},
      {"support-agent", 200, 200, 403, 403, 403, 200},
      {"read-only", 200, 200, 403, 403, 403, 403},
      {"product", 200, 200, 201, 200, 204, 200},
      {"user", 200, 404, 403, 404, 404, 404},
  };
  for (const auto& row : rows) {
    SCOPED_TRACE(row.role);
    const auto headers = row.role == "product" ? AsProduct(product) : AsNew(row.role);
    const core::User target = server.AddUser("target" + std::to_string(++count) + "@acme.example");
    const string path = target.id.ToString();
    EXPECT_EQ(server.Send("GET", "/users", headers).status, row.list);
    EXPECT_EQ(server.Send("GET", "/users/" + path, headers).status, row.show);
    const string email = "new" + std::to_string(++count) + "@acme.example";
    EXPECT_EQ(Add({{"email", email}}, headers).status, row.create);
    EXPECT_EQ(Change(path, {{"firstName", "x"}}, headers).status, row.update);
    EXPECT_EQ(Act(path, "ban", headers).status, row.ban);
    EXPECT_EQ(Act(path, "unban", headers).status, row.ban);
    EXPECT_EQ(server.Send("DELETE", "/users/" + path, headers).status, row.erase);
  }
}

TEST_F(Users, RolesDecideWhoMayWhatToStaff) {
  const string product = server.AddProduct();
  const core::User developer = server.AddUser("dev@acme.example", "developer");
  const string path = developer.id.ToString();
  ExpectError(Change(path, {{"firstName", "x"}}, AsNew("sales-agent")), {403, "", kNoRule});
  EXPECT_EQ(Change(path, {{"firstName", "x"}}, AsNew("developer")).status, 200);
  EXPECT_EQ(Change(path, {{"firstName", "x"}}, AsProduct(product)).status, 404);
  ExpectError(Act(path, "ban", server.AsAdmin()), {403, "", Because("must have a user role")});
  ExpectError(Act(path, "unban", AsNew("support-agent")),
              {403, "", Because("must have a user role")});
}

TEST_F(Users, NobodyGivesMorePowerThanItHas) {
  const core::User admin = server.AddUser("boss@acme.example", "admin");
  const auto developer = AsNew("developer");
  const string refused = Because("developer lacks privileges to perform action on user");
  ExpectError(Change(admin.id.ToString(), {{"firstName", "x"}}, developer), {403, "", refused});
  ExpectError(server.Send("DELETE", "/users/boss@acme.example", developer), {403, "", refused});
  // An admin without every permission is bound by its own.
  ASSERT_EQ(
      Change(admin.id.ToString(),
             {{"permissions", {"user.create", "user.update", "admin.create", "admin.update"}}})
          .status,
      200);
  const auto narrow = As(admin);
  const string narrow_refused = Because("admin lacks privileges to perform action on user");
  ExpectError(Add({{"email", "a@acme.example"}, {"role", "admin"}}, narrow),
              {403, "", narrow_refused});
  ExpectError(Change(admin.id.ToString(), {{"permissions", {"*"}}}, narrow),
              {403, "", narrow_refused});
  EXPECT_EQ(Add({{"email", "b@acme.example"},
                 {"role", "admin"},
                 {"permissions", {"user.create", "admin.create"}}},
                narrow)
                .status,
            201);
}

TEST_F(Users, AdminsNeedPermissionsOfTheirOwn) {
  const core::User boss = server.AddUser("boss@acme.example", "admin");
  core::User user = server.AddUser("narrow@acme.example", "developer");
  ASSERT_EQ(
      Change(user.id.ToString(), {{"permissions", {"user.read", "user.update", "user.delete"}}})
          .status,
      200);
  const auto narrow = As(user);
  const string refused = Because("developer lacks permission to perform action");
  const string path = "/users/" + boss.id.ToString();
  ExpectError(server.Send("GET", path, narrow), {403, "", refused});
  ExpectError(server.Send("GET", "/users?roles[]=admin", narrow), {403, "", refused});
  ExpectError(Change(boss.id.ToString(), {{"firstName", "x"}}, narrow), {403, "", refused});
  ExpectError(server.Send("DELETE", path, narrow), {403, "", refused});
  ExpectError(Add({{"email", "x@acme.example"}}, narrow), {403, "", refused});
  EXPECT_EQ(server.Send("GET", "/users", narrow).status, 200);
}

TEST_F(Users, SendOnlyWhatTheirRoleMaySend) {
  const core::User ann = server.AddUser("ann@acme.example");
  const string path = ann.id.ToString();
  const struct {
    string role;
    json::object attributes;
    bool allowed;
  } rows[] = {
      {"self", {{"firstName", "A"}}, true},
      {"self", {{"email", "ann@acme.example"}}, true},
      {"self", {{"metadata", json::object()}}, false},
      {"self", {{"password", "correct horse"}}, false},
      {"self", {{"permissions", json::array()}}, false},
      {"developer", {{"role", "admin"}}, false},
      {"developer", {{"permissions", {"license.read"}}}, true},
      {"developer", {{"password", "correct horse"}}, true},
      {"sales-agent", {{"metadata", json::object()}}, true},
      {"sales-agent", {{"password", "correct horse"}}, false},
      {"sales-agent", {{"permissions", json::array()}}, false},
  };
  for (const auto& row : rows) {
    const Answer answer =
        Change(path, row.attributes, row.role == "self" ? As(ann) : AsNew(row.role));
    EXPECT_EQ(answer.status, row.allowed ? 200 : 400) << row.role << answer.body;
    EXPECT_EQ(answer.Json().as_object().contains("errors"), !row.allowed);
  }
}

TEST_F(Users, SignUpWithoutABearer) {
  const Answer made = Add({{"email", "ann@acme.example"}, {"password", "correct horse"}}, {});
  ASSERT_EQ(made.status, 201) << made.body;
  EXPECT_EQ(made.Attribute("role"), json::value("user"));
  const TestServer::Headers password{
      {"Authorization", "Basic " + Base64Of("Ann@acme.example:correct horse")}};
  EXPECT_EQ(server.Send("POST", "/tokens", password).status, 201);
  ExpectError(Add({{"email", "bob@acme.example"}, {"role", "admin"}}, {}),
              {400, "", "unpermitted parameter", "pointer /data/attributes/role"});
  EXPECT_EQ(Add({{"email", "bob@acme.example"}}, TestServer::AsToken("user-xv3")).Code(),
            "TOKEN_INVALID");
  ExpectError(server.Send("GET", "/users", {}),
              {401, "TOKEN_MISSING", "You must be authenticated to complete the request"});
}

TEST_F(Users, AreSeenByThoseWhoShareALicense) {
  const string product = server.AddProduct();
  const core::User owner = server.AddUser("owner@acme.example");
  const core::User mate = server.AddUser("mate@acme.example");
  const core::User stranger = server.AddUser("stranger@acme.example");
  const Answer license = LicenseOf(product, owner);
  AttachUser(license, mate);
  const auto sees = [&](const core::User& who, const core::User& whom) {
    return server.Send("GET", "/users/" + whom.id.ToString(), As(who)).status;
  };
  EXPECT_EQ(sees(owner, owner), 200);
  EXPECT_EQ(sees(owner, mate), 200);
  EXPECT_EQ(sees(mate, owner), 200);
  EXPECT_EQ(sees(mate, stranger), 404);
  EXPECT_EQ(sees(stranger, stranger), 200);
  EXPECT_EQ(server.Send("GET", "/users", As(mate)).Ids().size(), 2u);
  EXPECT_EQ(server.Send("GET", "/users", As(stranger)).Ids().size(), 1u);
  // Seeing is not changing.
  EXPECT_EQ(Change(owner.id.ToString(), {{"firstName", "x"}}, As(mate)).status, 403);
  EXPECT_EQ(Act(owner.id.ToString(), "ban", As(owner)).status, 403);
  // What it is attached to is its own to see, too.
  EXPECT_EQ(server.Send("GET", "/licenses/" + license.Id(), As(mate)).status, 200);
  EXPECT_EQ(server.Send("GET", "/licenses", As(mate)).Ids(), std::vector<string>{license.Id()});
  EXPECT_EQ(server.Send("GET", "/licenses", As(stranger)).Ids().size(), 0u);
  // A license asks with a permission that it lacks at first.
  const auto key = TestServer::AsLicense(license.Attribute("key").as_string());
  ExpectError(server.Send("GET", "/users/" + mate.id.ToString(), key),
              {403, "", Because("license lacks permission to perform action")});
  EXPECT_EQ(server.Send("GET", "/users/" + stranger.id.ToString(), key).status, 404);
  ASSERT_EQ(server
                .Send("PATCH", "/licenses/" + license.Id(), server.AsAdmin(),
                      DocumentOf("licenses", {{"permissions", {"user.read"}}}))
                .status,
            200);
  EXPECT_EQ(server.Send("GET", "/users", key).Ids().size(), 2u);
}

// ---- changes of power

TEST_F(Users, LosePermissionsAndTokensWithTheirRole) {
  const core::User ann = server.AddUser("ann@acme.example", "developer");
  const auto before = As(ann);
  ASSERT_EQ(Change(ann.id.ToString(), {{"permissions", {"product.create", "license.read"}}}).status,
            200);
  const Answer changed = Change(ann.id.ToString(), {{"role", "user"}});
  ASSERT_EQ(changed.status, 200) << changed.body;
  EXPECT_EQ(changed.Attribute("permissions"), json::value({"license.read"}));
  EXPECT_EQ(server.Send("GET", "/me", before).Code(), "TOKEN_INVALID");
}

TEST_F(Users, LeaveAnAccountWithAnAdmin) {
  const string me = server.Get("/me").Id();
  const string only = "account must have at least 1 admin user";
  const std::string_view at = "pointer /data/relationships/account";
  ExpectError(server.Send("DELETE", "/users/" + me, server.AsAdmin()),
              {422, "ACCOUNT_ADMINS_REQUIRED", only, at});
  ExpectError(Change(me, {{"role", "developer"}}), {422, "ACCOUNT_ADMINS_REQUIRED", only, at});
  ExpectError(Change(me, {{"permissions", {"user.read"}}}),
              {422, "ACCOUNT_ADMINS_REQUIRED", only + " with a full permission set", at});
  const core::User second = server.AddUser("second@acme.example", "admin");
  EXPECT_EQ(Change(me, {{"permissions", {"user.read", "user.update", "admin.update"}}}).status,
            200);
  ExpectError(server.Send("DELETE", "/users/" + second.id.ToString(), As(second)),
              {422, "ACCOUNT_ADMINS_REQUIRED", only + " with a full permission set", at});
}

// ---- bans and status

TEST_F(Users, AreBannedAndUnbanned) {
  const core::User ann = server.AddUser("ann@acme.example");
  const auto headers = As(ann);
  const Answer license = LicenseOf(server.AddProduct(), ann);
  const string path = ann.id.ToString();
  const Answer banned = Act(path, "ban", server.AsAdmin());
  EXPECT_EQ(banned.Attribute("status"), json::value("BANNED"));
  EXPECT_EQ(Act(path, "ban", server.AsAdmin()).status, 200);
  ExpectError(server.Send("GET", "/me", headers), {403, "USER_BANNED", "User is banned"});
  const json::object key{{"meta", {{"key", license.Attribute("key")}}}};
  const auto validated = [&] {
    return server.Post("/licenses/actions/validate-key", key).Json().at("meta").at("code");
  };
  EXPECT_EQ(validated(), json::value("BANNED"));
  EXPECT_EQ(Act(path, "unban", server.AsAdmin()).Attribute("status"), json::value("ACTIVE"));
  EXPECT_EQ(server.Send("GET", "/me", headers).status, 200);
  EXPECT_EQ(validated(), json::value("VALID"));
  const auto events = server.Events();
  EXPECT_EQ(std::count(events.begin(), events.end(), "user.banned"), 2);
  EXPECT_EQ(std::count(events.begin(), events.end(), "user.unbanned"), 1);
}

TEST_F(Users, AreActiveWhileALicenseOfTheirsIs) {
  const string product = server.AddProduct();
  const core::User ann = server.AddUser("ann@acme.example");
  const core::User bob = server.AddUser("bob@acme.example");
  const core::User eve = server.AddUser("eve@acme.example");
  const Answer license = LicenseOf(product, ann);
  AttachUser(license, bob);
  server.Advance(std::chrono::hours(24 * 91));
  const auto status = [&](const core::User& user) {
    return server.Get("/users/" + user.id.ToString()).Attribute("status");
  };
  EXPECT_EQ(status(ann), json::value("INACTIVE"));
  EXPECT_EQ(server.Get("/users?status=active").Ids().size(), 0u);
  ASSERT_EQ(server.Post("/licenses/" + license.Id() + "/actions/validate", json::object()).status,
            200);
  EXPECT_EQ(status(ann), json::value("ACTIVE"));
  EXPECT_EQ(status(bob), json::value("ACTIVE"));
  EXPECT_EQ(status(eve), json::value("INACTIVE"));
  EXPECT_EQ(server.Get("/users?status=ACTIVE").Ids().size(), 2u);
  EXPECT_EQ(server.Get("/users?status=Inactive").Ids(), std::vector<string>{eve.id.ToString()});
  server.Ban(eve);
  EXPECT_EQ(server.Get("/users?status=banned").Ids(), std::vector<string>{eve.id.ToString()});
  EXPECT_EQ(server.Get("/users?status=inactive").Ids().size(), 0u);
  EXPECT_EQ(server.Get("/users?status=sleepy").Ids().size(), 0u);
}

// ---- lists

TEST_F(Users, AreFiltered) {
  const string product = server.AddProduct();
  const string other = server.AddProduct();
  const core::User ann = server.AddUser("ann@acme.example");
  const core::User bob = server.AddUser("bob@acme.example");
  const core::User dev = server.AddUser("dev@acme.example", "developer");
  const string a = ann.id.ToString(), b = bob.id.ToString(), d = dev.id.ToString();
  const Answer license = LicenseOf(product, ann);
  AttachUser(license, bob);
  ASSERT_EQ(Change(b, {{"metadata", {{"team", "blue"}, {"size", 3}}}}).status, 200);
  const struct {
    string query;
    std::vector<string> ids;
  } rows[] = {
      {"", {b, a}},
      {"?roles[]=developer", {d}},
      {"?roles[]=developer&roles[]=user", {d, b, a}},
      {"?roles[]=king", {}},
      {"?assigned=true", {a}},
      {"?assigned=false", {b}},
      {"?active=true", {a}},
      {"?product=" + product, {b, a}},
      {"?product=" + other, {}},
      {"?product=x", {}},
      {"?license=" + license.Id(), {b, a}},
      {"?license=" + string(kMissing), {}},
      {"?group=" + string(kMissing), {}},
      {"?metadata[team]=blue", {b}},
      {"?metadata[team]=blue&metadata[size]=3", {b}},
      {"?metadata[team]=red", {}},
      {"?unknown=1", {b, a}},
  };
  for (const auto& row : rows) {
    const Answer answer = server.Get("/users" + row.query);
    EXPECT_EQ(answer.Ids(), row.ids) << row.query;
  }
}

TEST_F(Users, ListWhatIsTheirs) {
  const string product = server.AddProduct();
  const string other = server.AddProduct();
  const core::User ann = server.AddUser("ann@acme.example");
  const core::User eve = server.AddUser("eve@acme.example");
  const Answer owned = LicenseOf(product, ann);
  const Answer attached = LicenseOf(other, eve);
  AttachUser(attached, ann);
  const Answer strange = LicenseOf(product, eve);
  const Answer machine = server.AddMachine(owned.Id(), "aa");
  const Answer second = server.AddMachine(attached.Id(), "bb");
  const Answer third = server.AddMachine(strange.Id(), "cc");
  const string root = "/users/ann@acme.example";
  EXPECT_EQ(server.Get(root + "/licenses").Ids(), (std::vector<string>{attached.Id(), owned.Id()}));
  EXPECT_EQ(server.Get(root + "/licenses?product=" + other).Ids(),
            std::vector<string>{attached.Id()});
  EXPECT_EQ(server.Get(root + "/licenses?suspended=true").Ids().size(), 0u);
  EXPECT_EQ(server.Get(root + "/licenses/" + owned.Id()).status, 200);
  EXPECT_EQ(server.Get(root + "/licenses/" + string(owned.Attribute("key").as_string())).status,
            200);
  EXPECT_EQ(server.Get(root + "/licenses/" + strange.Id()).status, 404);
  EXPECT_EQ(server.Get(root + "/machines").Ids(), (std::vector<string>{second.Id(), machine.Id()}));
  EXPECT_EQ(server.Get(root + "/machines?fingerprint=aa").Ids(), std::vector<string>{machine.Id()});
  EXPECT_EQ(server.Get(root + "/machines?license=" + attached.Id()).Ids(),
            std::vector<string>{second.Id()});
  EXPECT_EQ(server.Get(root + "/machines/bb").status, 200);
  EXPECT_EQ(server.Get(root + "/machines/" + third.Id()).status, 404);
  EXPECT_EQ(server.Get(root + "/products").Ids(), (std::vector<string>{other, product}));
  EXPECT_EQ(server.Get(root + "/products/" + product).status, 200);
  EXPECT_EQ(server.Get("/users/eve@acme.example/products/" + server.AddProduct()).status, 404);
  // For the user itself, a product (its own records), a stranger and a license.
  EXPECT_EQ(server.Send("GET", root + "/licenses", As(ann)).Ids().size(), 2u);
  EXPECT_EQ(server.Send("GET", root + "/licenses", AsProduct(product)).Ids(),
            std::vector<string>{owned.Id()});
  EXPECT_EQ(server.Send("GET", root + "/licenses", As(eve)).status, 403);
  EXPECT_EQ(server.Send("GET", root + "/licenses", As(server.AddUser("x@acme.example"))).status,
            404);
  EXPECT_EQ(server
                .Send("GET", root + "/licenses",
                      TestServer::AsLicense(owned.Attribute("key").as_string()))
                .status,
            403);
  EXPECT_EQ(server.Send("GET", root + "/machines", AsNew("read-only")).Ids().size(), 2u);
  // From the product's side.
  EXPECT_EQ(server.Get("/products/" + product + "/users").Ids().size(), 2u);
  EXPECT_EQ(server.Get("/products/" + other + "/users/ann@acme.example").status, 200);
  EXPECT_EQ(server.Send("GET", "/products/" + other + "/users", AsProduct(product)).status, 404);
  EXPECT_EQ(server.Send("GET", "/products/" + product + "/users", AsProduct(product)).status, 200);
  EXPECT_EQ(server.Get("/products/" + server.AddProduct() + "/users/ann@acme.example").status, 404);
}

// ---- the end

TEST_F(Users, TakeWhatTheyOwnWithThem) {
  const string product = server.AddProduct();
  const core::User ann = server.AddUser("ann@acme.example");
  const core::User eve = server.AddUser("eve@acme.example");
  const auto token = As(ann);
  const Answer owned = LicenseOf(product, ann);
  const Answer shared = LicenseOf(product, eve);
  AttachUser(shared, ann);
  const Answer machine = server.AddMachine(shared.Id(), "aa", {{"cores", 4}});
  server.SetMachineOwner(machine.Id(), ann);
  const Answer kept = server.AddMachine(shared.Id(), "bb", {{"cores", 2}});
  ASSERT_EQ(server.Send("DELETE", "/users/ann@acme.example", server.AsAdmin()).status, 204);
  EXPECT_EQ(server.Get("/licenses/" + owned.Id()).status, 404);
  EXPECT_EQ(server.Get("/machines/" + machine.Id()).status, 404);
  EXPECT_EQ(server.Get("/machines/" + kept.Id()).status, 200);
  EXPECT_EQ(server.Send("GET", "/me", token).Code(), "TOKEN_INVALID");
  const json::value relationships =
      server.Get("/licenses/" + shared.Id()).Data().at("relationships");
  EXPECT_EQ(relationships.at("users").at("meta").at("count"), json::value(1));
  EXPECT_EQ(relationships.at("machines").at("meta").at("count"), json::value(1));
  EXPECT_EQ(relationships.at("machines").at("meta").at("cores"), json::value(2));
  const auto events = server.Events();
  EXPECT_EQ(std::count(events.begin(), events.end(), "user.deleted"), 1);
  EXPECT_EQ(std::count(events.begin(), events.end(), "license.deleted"), 0);
}

TEST_F(Users, OfTwoProductsAreNotDeletedByOne) {
  const string product = server.AddProduct();
  const core::User ann = server.AddUser("ann@acme.example");
  LicenseOf(product, ann);
  const Answer other = LicenseOf(server.AddProduct(), ann);
  const auto headers = AsProduct(product);
  ExpectError(server.Send("DELETE", "/users/ann@acme.example", headers),
              {403, "", Because("user cannot belong to another product")});
  ASSERT_EQ(server.Send("DELETE", "/licenses/" + other.Id(), server.AsAdmin()).status, 204);
  EXPECT_EQ(server.Send("DELETE", "/users/ann@acme.example", headers).status, 204);
}

}  // namespace
}  // namespace latchkey::api
