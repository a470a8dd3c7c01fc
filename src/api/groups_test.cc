// Groups, their owners and their members over the wire (events.md §2).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/test_expect.h"
#include "api/test_server.h"

namespace latchkey::api {
namespace {

using ::testing::AnyOf;
using ::testing::Contains;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::UnorderedElementsAre;

constexpr std::string_view kMissing = "5d3e9c71-0f4b-4b6a-8c12-7a9e1f2d3c43";
constexpr std::string_view kNoReason =
    "You do not have permission to complete the request (ensure the token or license is allowed "
    "to access all resources)";

std::string Text(const json::value& value) { return std::string(value.as_string()); }

std::vector<std::string> NamesOf(const json::value& object) {
  std::vector<std::string> names;
  for (const auto& member : object.as_object()) names.emplace_back(member.key());
  return names;
}

json::object Links(std::string_view type, const std::vector<std::string>& ids) {
  json::array items;
  for (const std::string& id : ids) items.push_back(json::object{{"type", type}, {"id", id}});
  return {{"data", std::move(items)}};
}

class Groups : public ::testing::Test {
 protected:
  TestServer server_;
  std::string product_ = server_.AddProduct();
  std::string policy_ = server_.AddPolicy(product_, {{"floating", true}});
  int count_ = 0;

  Answer Create(json::object attributes) {
    return server_.Post("/groups", DocumentOf("groups", std::move(attributes)));
  }
  std::string AddGroup(json::object attributes = {}) {
    attributes.emplace("name", "Team");
    return Create(std::move(attributes)).Id();
  }
  Answer Update(std::string_view id, json::object attributes, std::string_view method = "PATCH") {
    return server_.Send(method, "/groups/" + std::string(id), server_.AsAdmin(),
                        DocumentOf("groups", std::move(attributes)));
  }
  Answer Delete(std::string_view path) { return server_.Send("DELETE", path, server_.AsAdmin()); }

  Answer CreateLicense(std::string_view group, const TestServer::Headers& bearer) {
    return server_.Send(
        "POST", "/licenses", bearer,
        DocumentOf("licenses", {},
                   {{"policy", LinkTo("policies", policy_)}, {"group", LinkTo("groups", group)}}));
  }
  Answer CreateLicense(std::string_view group) { return CreateLicense(group, server_.AsAdmin()); }
  Answer CreateMachine(std::string_view license, std::optional<std::string> group = {}) {
    json::object relationships{{"license", LinkTo("licenses", license)}};
    if (group) relationships.emplace("group", LinkTo("groups", *group));
    return server_.Post("/machines",
                        DocumentOf("machines", {{"fingerprint", "m" + std::to_string(++count_)}},
                                   std::move(relationships)));
  }
  // Puts a license or machine ("/licenses/…") into a group, or with null into none.
  Answer Put(const std::string& path, std::optional<std::string> group,
             std::string_view method = "PUT") {
    const json::object body = group ? LinkTo("groups", *group) : json::object{{"data", nullptr}};
    return server_.Send(method, path + "/group", server_.AsAdmin(), json::value(body));
  }
  void SetUserGroup(const core::User& user, std::string_view group) {
    ASSERT_TRUE(server_.database().WriteNow([&](store::Session& session) -> Result<void> {
      LK_TRY(session.Execute("UPDATE users SET group_id = $1 WHERE id = $2",
                             store::Params(*Uuid::Parse(group), user.id)));
      return {};
    }));
  }
  std::optional<std::string> UserGroup(const core::User& user) {
    std::optional<std::string> group;
    EXPECT_TRUE(server_.database().ReadNow([&](store::Session& session) {
      return session.Query("SELECT group_id FROM users WHERE id = $1", store::Params(user.id),
                           [&](const store::Row& row) {
                             if (!row.IsNull(0)) group = row.Id(0).ToString();
                           });
    }));
    return group;
  }
  Answer AttachOwner(std::string_view group, const core::User& user) {
    return server_.Post("/groups/" + std::string(group) + "/owners",
                        Links("users", {user.id.ToString()}));
  }
  TestServer::Headers As(const core::User& user) {
    return TestServer::AsToken(server_.TokenOf(user));
  }
  TestServer::Headers AsProduct(const std::string& product) {
    return TestServer::AsToken(
        Text(server_.Post("/products/" + product + "/tokens", json::object()).Attribute("token")));
  }
  static json::value GroupOf(const Answer& answer) {
    return answer.Data().at("relationships").at("group").at("data");
  }
  static json::value InGroup(std::string_view id) {
    return json::object{{"type", "groups"}, {"id", id}};
  }
  std::string Root() const { return "/v1/accounts/" + server_.account_id().ToString(); }
};

TEST_F(Groups, TheObjectHasItsMembersInTheSpecifiedOrder) {
  const Answer made = Create({{"name", "Team"},
                              {"maxUsers", 1},
                              {"maxLicenses", 2},
                              {"maxMachines", nullptr},
                              {"metadata", {{"cost_center", 7}}}});
  ASSERT_EQ(made.status, 201) << made.body;
  const json::value data = made.Data();
  EXPECT_THAT(NamesOf(data), ElementsAre("id", "type", "attributes", "relationships", "links"));
  EXPECT_EQ(data.at("type"), "groups");
  EXPECT_THAT(NamesOf(data.at("attributes")),
              ElementsAre("name", "maxUsers", "maxLicenses", "maxMachines", "metadata", "created",
                          "updated"));
  EXPECT_EQ(made.Attribute("maxUsers"), 1);
  EXPECT_EQ(made.Attribute("maxLicenses"), 2);
  EXPECT_TRUE(made.Attribute("maxMachines").is_null());
  EXPECT_EQ(made.Attribute("metadata"), (json::value{{"costCenter", 7}}));
  const std::string self = Root() + "/groups/" + made.Id();
  const json::value expected =
      json::object{{"account",
                    {{"links", {{"related", Root()}}},
                     {"data", {{"type", "accounts"}, {"id", server_.account_id().ToString()}}}}},
                   {"environment", {{"links", {{"related", nullptr}}}, {"data", nullptr}}},
                   {"owners", {{"links", {{"related", self + "/owners"}}}}},
                   {"users", {{"links", {{"related", self + "/users"}}}}},
                   {"licenses", {{"links", {{"related", self + "/licenses"}}}}},
                   {"machines", {{"links", {{"related", self + "/machines"}}}}}};
  EXPECT_EQ(data.at("relationships"), expected);
  EXPECT_EQ(data.at("links"), (json::value{{"self", self}}));
  EXPECT_EQ(made.header("Location"), "http://licenses.example" + self);
  EXPECT_EQ(server_.Events().back(), "group.created");
  ExpectSigned(server_, made);
  const Answer shown = server_.Get("/groups/" + made.Id());
  EXPECT_EQ(shown.status, 200);
  EXPECT_EQ(shown.Data(), data);
}

TEST_F(Groups, HaveNoLimitsAndNoMetadataAtFirst) {
  const Answer made = Create({{"name", "Team"}});
  for (const std::string_view name : {"maxUsers", "maxLicenses", "maxMachines"})
    EXPECT_TRUE(made.Attribute(name).is_null()) << name;
  EXPECT_EQ(made.Attribute("metadata"), json::object());
  EXPECT_EQ(Create({{"name", "Team"}}).status, 201) << "names need not be unique";
  EXPECT_EQ(Create({{"name", std::string(255, 'g')}}).status, 201);
  EXPECT_EQ(Create({{"name", "x"}, {"maxUsers", -1}}).Attribute("maxUsers"), -1);
}

struct CreateError {
  std::string name;
  json::object attributes;
  ExpectedError expected;
};
class GroupCreateError : public Groups, public ::testing::WithParamInterface<CreateError> {};
TEST_P(GroupCreateError, IsWordedAsSpecified) {
  const auto events = server_.Events();
  ExpectError(Create(GetParam().attributes), GetParam().expected);
  EXPECT_EQ(server_.Events(), events);
  EXPECT_THAT(server_.Get("/groups").Ids(), IsEmpty());
}
INSTANTIATE_TEST_SUITE_P(
    Rows, GroupCreateError,
    ::testing::Values(
        CreateError{"NameMissing",
                    {{"maxUsers", 1}},
                    {400, "", "is missing", "pointer /data/attributes/name"}},
        CreateError{"NameNull",
                    {{"name", nullptr}},
                    {400, "", "cannot be null", "pointer /data/attributes/name"}},
        CreateError{"NameBlank",
                    {{"name", ""}},
                    {400, "", "cannot be blank", "pointer /data/attributes/name"}},
        CreateError{"NameNumber",
                    {{"name", 5}},
                    {400, "", "type mismatch (received integer expected string)",
                     "pointer /data/attributes/name"}},
        CreateError{"NameTooLong",
                    {{"name", std::string(256, 'g')}},
                    {422, "NAME_TOO_LONG", "is too long (maximum is 255 characters)",
                     "pointer /data/attributes/name"}},
        CreateError{"LimitText",
                    {{"name", "x"}, {"maxLicenses", "5"}},
                    {400, "", "type mismatch (received string expected integer)",
                     "pointer /data/attributes/maxLicenses"}},
        CreateError{"Unknown",
                    {{"name", "x"}, {"maxCores", 5}},
                    {400, "", "unpermitted parameter", "pointer /data/attributes/maxCores"}},
        CreateError{
            "MetadataDeep",
            {{"name", "x"}, {"metadata", {{"a", {{"b", {{"c", json::object()}}}}}}}},
            {400, "", "maximum depth of 2 exceeded", "pointer /data/attributes/metadata/a/b/c"}},
        CreateError{"MetadataLong",
                    {{"name", "x"}, {"metadata", {{"a", std::string(16385, 'x')}}}},
                    {422, "METADATA_TOO_LONG", "too large (exceeded limit of 16384 bytes)",
                     "pointer /data/attributes/metadata"}}),
    [](const auto& test) { return test.param.name; });

TEST_F(Groups, UpdateChangesAttributesAndNullClearsLimits) {
  const std::string id = AddGroup({{"maxUsers", 1}, {"maxLicenses", 2}, {"maxMachines", 3}});
  server_.Advance(Seconds(5));
  const Answer changed = Update(id, {{"name", "Crew"},
                                     {"maxUsers", nullptr},
                                     {"maxLicenses", nullptr},
                                     {"maxMachines", 0},
                                     {"metadata", {{"a", 1}}}});
  ASSERT_EQ(changed.status, 200) << changed.body;
  EXPECT_EQ(changed.Attribute("name"), "Crew");
  EXPECT_TRUE(changed.Attribute("maxUsers").is_null());
  EXPECT_TRUE(changed.Attribute("maxLicenses").is_null());
  EXPECT_EQ(changed.Attribute("maxMachines"), 0);
  EXPECT_EQ(changed.Attribute("metadata"), (json::value{{"a", 1}}));
  EXPECT_NE(changed.Attribute("updated"), changed.Attribute("created"));
  EXPECT_EQ(server_.Events().back(), "group.updated");
  EXPECT_EQ(Update(id, {{"name", "Band"}}, "PUT").Attribute("name"), "Band");
  EXPECT_EQ(server_.Get("/groups/" + id).Attribute("name"), "Band");
  ExpectError(Update(id, {{"name", std::string(256, 'g')}}),
              {422, "NAME_TOO_LONG", "is too long (maximum is 255 characters)",
               "pointer /data/attributes/name"});
  json::object document = DocumentOf("groups", {}, {{"users", Links("users", {})}});
  ExpectError(server_.Send("PATCH", "/groups/" + id, server_.AsAdmin(), json::value(document)),
              {400, "", "unpermitted parameter", "pointer /data/relationships"});
}

TEST_F(Groups, AreFoundByTheirIdAlone) {
  AddGroup();
  for (const std::string& name : {std::string(kMissing), std::string("Team")})
    for (const std::string_view method : {"GET", "PATCH", "PUT", "DELETE"})
      ExpectError(server_.Send(method, "/groups/" + name, server_.AsAdmin(),
                               json::value(DocumentOf("groups", {}))),
                  {404, "NOT_FOUND", "The requested group '" + name + "' was not found"});
}

TEST_F(Groups, ListsHavePages) {
  std::vector<std::string> ids;
  for (int i = 0; i < 12; ++i) ids.insert(ids.begin(), AddGroup());
  const auto part = [&](std::size_t from, std::size_t to) {
    return std::vector<std::string>(ids.begin() + static_cast<std::ptrdiff_t>(from),
                                    ids.begin() + static_cast<std::ptrdiff_t>(to));
  };
  EXPECT_EQ(server_.Get("/groups").Ids(), part(0, 10));
  EXPECT_EQ(server_.Get("/groups?limit=3").Ids(), part(0, 3));
  const Answer second = server_.Get("/groups?page[number]=2&page[size]=5");
  EXPECT_EQ(second.Ids(), part(5, 10));
  EXPECT_EQ(second.Json().at("links").at("meta"), (json::value{{"pages", 3}, {"count", 12}}));
  EXPECT_EQ(server_.Get("/groups?page[cursor]=" + ids[9] + "&page[size]=5").Ids(), part(10, 12));
  ExpectError(server_.Get("/groups?limit=0"),
              {400, "", "limit must be a number between 1 and 100 (got 0)", "parameter limit"});
}

// ---- owners

class GroupOwners : public Groups {
 protected:
  std::string group_ = AddGroup();
  core::User ann_ = server_.AddUser("ann@acme.example");
  core::User bob_ = server_.AddUser("bob@acme.example");

  std::string Path() const { return "/groups/" + group_ + "/owners"; }
  Answer Detach(const std::vector<std::string>& ids) {
    return server_.Send("DELETE", Path(), server_.AsAdmin(), json::value(Links("users", ids)));
  }
};

TEST_F(GroupOwners, AreAttachedByTheirUserIds) {
  const Answer made = server_.Post(Path(), Links("users", {ann_.id.ToString()}));
  ASSERT_EQ(made.status, 200) << made.body;
  EXPECT_FALSE(http::Has(made.headers, "Location"));
  ASSERT_EQ(made.Data().as_array().size(), 1U);
  const json::value owner = made.Data().at(0);
  EXPECT_EQ(owner.at("type"), "group-owners");
  EXPECT_THAT(NamesOf(owner.at("attributes")), ElementsAre("created", "updated"));
  const std::string root = Root();
  const json::value expected = json::object{
      {"account",
       {{"links", {{"related", root}}},
        {"data", {{"type", "accounts"}, {"id", server_.account_id().ToString()}}}}},
      {"environment", {{"links", {{"related", nullptr}}}, {"data", nullptr}}},
      {"group", {{"links", {{"related", root + "/groups/" + group_}}}, {"data", InGroup(group_)}}},
      {"user",
       {{"links", {{"related", root + "/users/" + ann_.id.ToString()}}},
        {"data", {{"type", "users"}, {"id", ann_.id.ToString()}}}}}};
  EXPECT_EQ(owner.at("relationships"), expected);
  EXPECT_EQ(owner.at("links"), (json::value{{"self", root + Path() + "/" + made.Ids()[0]}}));
  EXPECT_EQ(server_.Events().back(), "group.owners.attached");
  const Answer listed = server_.Get(Path());
  EXPECT_EQ(listed.Data(), made.Data());
  const Answer shown = server_.Get(Path() + "/" + made.Ids()[0]);
  EXPECT_EQ(shown.Data(), owner);
  const std::string other = AddGroup();
  EXPECT_THAT(server_.Get("/groups/" + other + "/owners").Ids(), IsEmpty());
  ExpectError(
      server_.Get("/groups/" + other + "/owners/" + made.Ids()[0]),
      {404, "NOT_FOUND", "The requested group owner '" + made.Ids()[0] + "' was not found"});
  EXPECT_EQ(server_.Get("/groups/" + group_ + "/users").Ids(), std::vector<std::string>{})
      << "an owner need not be a member";
}

TEST_F(GroupOwners, AttachingIsAllOrNothing) {
  AttachOwner(group_, ann_);
  const auto events = server_.Events();
  const std::string bob = bob_.id.ToString();
  ExpectError(server_.Post(Path(), Links("users", {bob, ann_.id.ToString()})),
              {422, "USER_TAKEN", "already exists", "pointer /data/relationships/user"});
  ExpectError(server_.Post(Path(), Links("users", {bob, bob})),
              {422, "USER_TAKEN", "already exists", "pointer /data/relationships/user"});
  ExpectError(server_.Post(Path(), Links("users", {bob, std::string(kMissing)})),
              {422, "USER_NOT_FOUND", "must exist", "pointer /data/relationships/user"});
  ExpectError(server_.Post(Path(), Links("groups", {bob})),
              {400, "", "is invalid", "pointer /data/0/type"});
  ExpectError(server_.Post(Path(), Links("users", {})),
              {400, "", "length must be between 1 and 100 (inclusive)", "pointer /data"});
  EXPECT_EQ(server_.Get(Path()).Ids().size(), 1U);
  EXPECT_EQ(server_.Events(), events);
}

TEST_F(GroupOwners, DetachingIsAllOrNothing) {
  AttachOwner(group_, ann_);
  const std::string ann = ann_.id.ToString(), bob = bob_.id.ToString();
  ExpectError(Detach({ann, bob}), {422, "", "owner relationship for user '" + bob + "' not found",
                                   "pointer /data/1", "Unprocessable entity"});
  EXPECT_EQ(server_.Get(Path()).Ids().size(), 1U);
  const Answer done = Detach({ann});
  EXPECT_EQ(done.status, 204);
  EXPECT_EQ(done.body, "");
  EXPECT_EQ(server_.Events().back(), "group.owners.detached");
  EXPECT_THAT(server_.Get(Path()).Ids(), IsEmpty());
}

// ---- members

TEST_F(Groups, MembersAreListedAndShownBelowTheirGroup) {
  const std::string group = AddGroup(), other = AddGroup();
  const Answer license = CreateLicense(group);
  ASSERT_EQ(license.status, 201) << license.body;
  EXPECT_EQ(GroupOf(license), InGroup(group));
  const Answer machine = CreateMachine(license.Id());
  EXPECT_EQ(GroupOf(machine), InGroup(group));
  const core::User user = server_.AddUser("ann@acme.example");
  SetUserGroup(user, group);
  const struct {
    std::string_view kind, noun;
    std::string id, alias;
  } members[] = {{"licenses", "license", license.Id(), Text(license.Attribute("key"))},
                 {"machines", "machine", machine.Id(), Text(machine.Attribute("fingerprint"))},
                 {"users", "user", user.id.ToString(), "ANN@acme.example"}};
  for (const auto& member : members) {
    SCOPED_TRACE(member.kind);
    const std::string below = "/" + std::string(member.kind);
    EXPECT_THAT(server_.Get("/groups/" + group + below).Ids(), ElementsAre(member.id));
    EXPECT_THAT(server_.Get("/groups/" + other + below).Ids(), IsEmpty());
    for (const std::string& name : {member.id, member.alias}) {
      EXPECT_EQ(server_.Get("/groups/" + group + below + "/" + name).Id(), member.id);
      ExpectError(server_.Get("/groups/" + other + below + "/" + name),
                  {404, "NOT_FOUND",
                   "The requested " + std::string(member.noun) + " '" + name + "' was not found"});
    }
    ExpectError(
        server_.Get("/groups/" + std::string(kMissing) + below),
        {404, "NOT_FOUND", "The requested group '" + std::string(kMissing) + "' was not found"});
  }
}

TEST_F(Groups, LicensesAndMachinesAreFilteredByGroup) {
  const std::string group = AddGroup(), other = AddGroup();
  const std::string in = CreateLicense(group).Id();
  const std::string out = server_.AddLicense(policy_).Id();
  const std::string machine = CreateMachine(in).Id();
  CreateMachine(out);
  EXPECT_THAT(server_.Get("/licenses?group=" + group).Ids(), ElementsAre(in));
  EXPECT_THAT(server_.Get("/machines?group=" + group).Ids(), ElementsAre(machine));
  for (const std::string& none : {other, std::string(kMissing), std::string("Team")}) {
    EXPECT_THAT(server_.Get("/licenses?group=" + none).Ids(), IsEmpty()) << none;
    EXPECT_THAT(server_.Get("/machines?group=" + none).Ids(), IsEmpty()) << none;
  }
  EXPECT_EQ(server_.Get("/licenses?group=").Ids().size(), 2U);
}

TEST_F(Groups, ALicenseAndAMachineChangeTheirGroup) {
  const std::string group = AddGroup();
  const std::string license = server_.AddLicense(policy_).Id();
  const std::string machine = CreateMachine(license).Id();
  const struct {
    std::string path, event;
  } rows[] = {{"/licenses/" + license, "license.group.updated"},
              {"/machines/" + machine, "machine.group.updated"}};
  for (const auto& [path, event] : rows) {
    for (const std::string_view method : {"PUT", "PATCH"}) {
      SCOPED_TRACE(path);
      ExpectError(server_.Get(path + "/group"),
                  {404, "NOT_FOUND", "The requested group was not found"});
      server_.Advance(Seconds(1));
      const Answer changed = Put(path, group, method);
      ASSERT_EQ(changed.status, 200) << changed.body;
      EXPECT_EQ("/" + Text(changed.Data().at("type")) + "/" + changed.Id(), path);
      EXPECT_EQ(GroupOf(changed), InGroup(group));
      EXPECT_EQ(changed.Attribute("updated"), json::value(base::FormatTime(server_.now())));
      EXPECT_EQ(server_.Events().back(), event);
      EXPECT_EQ(GroupOf(server_.Get(path)), InGroup(group));
      EXPECT_EQ(server_.Get(path + "/group").Id(), group);
      const Answer cleared = Put(path, std::nullopt, method);
      EXPECT_EQ(cleared.status, 200);
      EXPECT_TRUE(GroupOf(cleared).is_null());
      EXPECT_EQ(server_.Events().back(), event);
    }
    const auto events = server_.Events();
    ExpectError(Put(path, std::string(kMissing)),
                {422, "GROUP_NOT_FOUND", "must exist", "pointer /data/relationships/group"});
    const struct {
      const char* body;
      std::string detail, source;
    } bad[] = {{"{}", "is missing", "pointer /data"},
               {R"({"data":{"type":"users","id":"5d3e9c71-0f4b-4b6a-8c12-7a9e1f2d3c43"}})",
                "is invalid", "pointer /data/type"},
               {R"({"data":{"type":"groups","id":"x"}})",
                "type mismatch (received string expected UUID string)", "pointer /data/id"},
               {R"({"data":{"type":"groups"}})", "is missing", "pointer /data/id"}};
    for (const auto& row : bad)
      ExpectError(server_.Send("PUT", path + "/group", server_.AsAdmin(), row.body),
                  {400, "", row.detail, row.source});
    EXPECT_TRUE(GroupOf(server_.Get(path)).is_null());
    EXPECT_EQ(server_.Events(), events);
  }
}

TEST_F(Groups, AUserChangesItsGroup) {
  const std::string group = AddGroup({{"maxUsers", 1}});
  const core::User ann = server_.AddUser("ann@acme.example");
  const core::User bob = server_.AddUser("bob@acme.example");
  const std::string path = "/users/" + ann.id.ToString();
  const Answer none = server_.Get(path + "/group");
  EXPECT_EQ(none.status, 200);
  EXPECT_EQ(none.Json(), (json::value{{"data", nullptr}}));
  for (const std::string_view method : {"PUT", "PATCH"}) {
    const Answer changed = Put(path, group, method);
    ASSERT_EQ(changed.status, 200) << changed.body;
    EXPECT_EQ(changed.Data().at("type"), "users");
    EXPECT_EQ(changed.Id(), ann.id.ToString());
    EXPECT_EQ(GroupOf(changed), InGroup(group));
    EXPECT_EQ(server_.Events().back(), "user.group.updated");
    EXPECT_EQ(server_.Get("/users/ann@acme.example/group").Id(), group);
    EXPECT_TRUE(GroupOf(Put(path, std::nullopt, method)).is_null());
  }
  Put(path, group);
  EXPECT_EQ(Put(path, group).status, 200) << "it is in the group already";
  const ExpectedError full{422, "GROUP_USER_LIMIT_EXCEEDED",
                           "user count has exceeded maximum allowed by current group (1)",
                           "pointer /data/relationships/group"};
  const auto events = server_.Events();
  ExpectError(Put("/users/" + bob.id.ToString(), group), full);
  ExpectError(server_.Post("/users", DocumentOf("users", {{"email", "eve@acme.example"}},
                                                {{"group", LinkTo("groups", group)}})),
              full);
  ExpectError(Put(path, std::string(kMissing)),
              {422, "GROUP_NOT_FOUND", "must exist", "pointer /data/relationships/group"});
  EXPECT_EQ(server_.Events(), events);
  EXPECT_EQ(GroupOf(server_.Get(path)), InGroup(group));
}

// A warm answer shows the group as it is now.
TEST_F(Groups, ValidationsShowTheGroupOfTheLicense) {
  const std::string group = AddGroup();
  const Answer license = CreateLicense(group);
  const json::value body{{"meta", {{"key", license.Attribute("key")}}}};
  const auto validated = [&] {
    return GroupOf(server_.Send("POST", "/licenses/actions/validate-key", server_.AsAdmin(), body));
  };
  for (int i = 0; i < 3; ++i) EXPECT_EQ(validated(), InGroup(group));
  const std::string other = AddGroup();
  Put("/licenses/" + license.Id(), other);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(validated(), InGroup(other));
  ASSERT_EQ(Delete("/groups/" + other).status, 204);
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(validated().is_null());
}

TEST_F(Groups, DeletingOneLeavesItsMembers) {
  const std::string group = AddGroup(), other = AddGroup();
  const std::string license = CreateLicense(group).Id();
  const std::string machine = CreateMachine(license).Id();
  const std::string elsewhere = CreateLicense(other).Id();
  const core::User user = server_.AddUser("ann@acme.example");
  SetUserGroup(user, group);
  AttachOwner(group, user);
  AttachOwner(other, user);
  const Answer gone = Delete("/groups/" + group);
  EXPECT_EQ(gone.status, 204);
  EXPECT_EQ(gone.body, "");
  EXPECT_EQ(server_.Events().back(), "group.deleted");
  EXPECT_EQ(server_.Get("/groups/" + group).status, 404);
  EXPECT_TRUE(GroupOf(server_.Get("/licenses/" + license)).is_null());
  EXPECT_TRUE(GroupOf(server_.Get("/machines/" + machine)).is_null());
  EXPECT_EQ(UserGroup(user), std::nullopt);
  EXPECT_EQ(GroupOf(server_.Get("/licenses/" + elsewhere)), InGroup(other));
  std::vector<std::string> owned;
  ASSERT_TRUE(server_.database().ReadNow([&](store::Session& session) {
    return session.Query("SELECT group_id FROM group_owners", {},
                         [&](const store::Row& row) { owned.push_back(row.Id(0).ToString()); });
  }));
  EXPECT_THAT(owned, ElementsAre(other));
  EXPECT_THAT(server_.Get("/groups").Ids(), ElementsAre(other));
}

// ---- limits (events.md §2.3)

constexpr std::string_view kGroupPointer = "pointer /data/relationships/group";

void ExpectFull(const Answer& answer, std::string_view kind, int max) {
  const bool licenses = kind == "license";
  const std::string detail = std::string(kind) +
                             " count has exceeded maximum allowed by current group (" +
                             std::to_string(max) + ")";
  ExpectError(answer,
              {422, licenses ? "GROUP_LICENSE_LIMIT_EXCEEDED" : "GROUP_MACHINE_LIMIT_EXCEEDED",
               detail, kGroupPointer});
}

TEST_F(Groups, ALimitOfLicensesIsLookedAtWhenOneEnters) {
  const std::string group = AddGroup({{"maxLicenses", 2}});
  const std::string first = CreateLicense(group).Id();
  EXPECT_EQ(CreateLicense(group).status, 201);
  const auto events = server_.Events();
  ExpectFull(CreateLicense(group), "license", 2);
  const std::string outside = server_.AddLicense(policy_).Id();
  ExpectFull(Put("/licenses/" + outside, group), "license", 2);
  EXPECT_EQ(Put("/licenses/" + first, group).status, 200) << "it is in the group already";
  EXPECT_EQ(Update(group, {{"maxLicenses", 1}}).status, 200) << "nobody is put out";
  EXPECT_EQ(server_.Get("/groups/" + group + "/licenses").Ids().size(), 2U);
  EXPECT_EQ(server_
                .Send("PATCH", "/licenses/" + first, server_.AsAdmin(),
                      json::value(DocumentOf("licenses", {{"name", "x"}})))
                .status,
            200);
  EXPECT_EQ(Put("/licenses/" + first, std::nullopt).status, 200);
  ExpectFull(Put("/licenses/" + first, group), "license", 1);
  Update(group, {{"maxLicenses", nullptr}});
  EXPECT_EQ(Put("/licenses/" + first, group).status, 200);
}

TEST_F(Groups, ALimitOfMachinesIsLookedAtWhenOneEnters) {
  const std::string group = AddGroup({{"maxMachines", 1}});
  const std::string license = server_.AddLicense(policy_).Id();
  const std::string first = CreateMachine(license, group).Id();
  ExpectFull(CreateMachine(license, group), "machine", 1);
  const std::string outside = CreateMachine(license).Id();
  ExpectFull(Put("/machines/" + outside, group), "machine", 1);
  EXPECT_EQ(Put("/machines/" + first, group).status, 200);
  EXPECT_EQ(Delete("/machines/" + first).status, 204);
  EXPECT_EQ(Put("/machines/" + outside, group).status, 200);
  EXPECT_EQ(server_.Get("/licenses/" + license)
                .Data()
                .at("relationships")
                .at("machines")
                .at("meta")
                .at("count"),
            1);
}

TEST_F(Groups, ALimitOfNoneKeepsEverybodyOut) {
  const std::string group = AddGroup({{"maxLicenses", 0}, {"maxMachines", 0}, {"maxUsers", 0}});
  ExpectFull(CreateLicense(group), "license", 0);
  const std::string license = server_.AddLicense(policy_).Id();
  ExpectFull(CreateMachine(license, group), "machine", 0);
  EXPECT_THAT(server_.Get("/machines").Ids(), IsEmpty());
}

TEST_F(Groups, UnknownOnesAreRefusedOnCreation) {
  ExpectError(CreateLicense(kMissing), {422, "GROUP_NOT_FOUND", "must exist", kGroupPointer});
  const std::string license = server_.AddLicense(policy_).Id();
  ExpectError(CreateMachine(license, std::string(kMissing)),
              {422, "GROUP_NOT_FOUND", "must exist", kGroupPointer});
}

TEST_F(Groups, AMachineInheritsTheGroupOfItsLicense) {
  const std::string group = AddGroup({{"maxMachines", 1}}), other = AddGroup();
  const std::string license = CreateLicense(group).Id();
  EXPECT_EQ(GroupOf(CreateMachine(license)), InGroup(group));
  ExpectFull(CreateMachine(license), "machine", 1);
  EXPECT_EQ(GroupOf(CreateMachine(license, other)), InGroup(other)) << "its own comes first";
  // One that left its group does not go back by itself.
  const std::string machine = server_.Get("/machines?group=" + group).Ids().at(0);
  EXPECT_TRUE(GroupOf(Put("/machines/" + machine, std::nullopt)).is_null());
  EXPECT_TRUE(GroupOf(server_.Get("/machines/" + machine)).is_null());
}

TEST_F(Groups, ALicenseInheritsTheGroupOfItsOwner) {
  const std::string group = AddGroup({{"maxLicenses", 1}}), other = AddGroup();
  const core::User user = server_.AddUser("ann@acme.example");
  SetUserGroup(user, group);
  const auto create = [&](std::optional<std::string> own) {
    json::object relationships{{"policy", LinkTo("policies", policy_)},
                               {"owner", LinkTo("users", user.id.ToString())}};
    relationships.emplace("group", own ? LinkTo("groups", *own) : json::object{{"data", nullptr}});
    return server_.Post("/licenses", DocumentOf("licenses", {}, std::move(relationships)));
  };
  const Answer made = create(std::nullopt);
  ASSERT_EQ(made.status, 201) << made.body;
  EXPECT_EQ(GroupOf(made), InGroup(group));
  ExpectFull(create(std::nullopt), "license", 1);
  EXPECT_EQ(GroupOf(create(other)), InGroup(other));
}

TEST_F(Groups, AMachineWithoutGroupAndLicenseGroupInheritsItsOwners) {
  const std::string group = AddGroup({{"maxMachines", 1}});
  const core::User user = server_.AddUser("ann@acme.example");
  const std::string license = server_.AddLicense(policy_).Id();
  server_.SetOwner(license, user);
  SetUserGroup(user, group);
  const auto create = [&](std::string_view fingerprint) {
    return server_.Post("/machines", DocumentOf("machines", {{"fingerprint", fingerprint}},
                                                {{"license", LinkTo("licenses", license)},
                                                 {"owner", LinkTo("users", user.id.ToString())}}));
  };
  const Answer made = create("a");
  ASSERT_EQ(made.status, 201) << made.body;
  EXPECT_EQ(GroupOf(made), InGroup(group));
  ExpectFull(create("b"), "machine", 1);
}

TEST_F(Groups, OnlyStaffAndProductsNameAGroup) {
  const std::string group = AddGroup();
  for (const std::string_view role : {"developer", "sales-agent"})
    EXPECT_EQ(GroupOf(CreateLicense(
                  group, As(server_.AddUser(std::string(role) + "@acme.example", role)))),
              InGroup(group));
  EXPECT_EQ(GroupOf(CreateLicense(group, AsProduct(product_))), InGroup(group));
  const ExpectedError unpermitted{400, "", "unpermitted parameter", kGroupPointer};
  ExpectError(CreateLicense(group, As(server_.AddUser("ann@acme.example"))), unpermitted);
  ExpectError(CreateLicense(group, As(server_.AddUser("ro@acme.example", "read-only"))),
              unpermitted);
  const Answer license = server_.AddLicense(policy_);
  ExpectError(
      server_.Send("POST", "/machines", TestServer::AsLicense(Text(license.Attribute("key"))),
                   DocumentOf("machines", {{"fingerprint", "x"}},
                              {{"license", LinkTo("licenses", license.Id())},
                               {"group", LinkTo("groups", group)}})),
      unpermitted);
}

// A device that gets its seat back is in the group it was in, if that is still there.
TEST_F(Groups, AnUndoneTakeoverBringsTheGroupBack) {
  for (const bool deleted : {false, true}) {
    const std::string group = AddGroup();
    const std::string license = server_.AddLicense(policy_).Id();
    const std::string machine = CreateMachine(license, group).Id();
    json::object document = DocumentOf("machines", {{"fingerprint", "new " + license}},
                                       {{"license", LinkTo("licenses", license)}});
    document.emplace("meta", json::object{{"release", machine}});
    const Answer taken = server_.Post("/machines/actions/takeover", document);
    ASSERT_EQ(taken.status, 201) << taken.body;
    EXPECT_TRUE(GroupOf(taken).is_null());
    if (deleted) {
      ASSERT_EQ(Delete("/groups/" + group).status, 204);
    }
    const Answer back = server_.Post(
        "/machines/actions/undo-takeover",
        json::object{{"meta", {{"id", taken.Json().at("meta").at("takeover").at("id")}}}});
    ASSERT_EQ(back.status, 200) << back.body;
    EXPECT_EQ(back.Id(), machine);
    EXPECT_EQ(GroupOf(back), deleted ? json::value(nullptr) : InGroup(group));
  }
}

// ---- who may do what (conventions.md §4.5, decision 24)

// What each bearer is answered: the first digit of 2xx, else the status.
struct RuleRow {
  std::string_view method, path;
  std::string_view body;
  bool sales, support, read_only;  // admin and developer always may
  bool product, other_product;
  int license, member, owner, stranger;  // 2, 403 or 404
};

constexpr std::string_view kNone = "";
constexpr std::string_view kGroup = R"({"data":{"type":"groups","attributes":{"name":"x"}}})";
constexpr std::string_view kOwner = R"({"data":[{"type":"users","id":"{S}"}]})";
constexpr std::string_view kDetach = R"({"data":[{"type":"users","id":"{O}"}]})";
constexpr std::string_view kLink = R"({"data":{"type":"groups","id":"{G}"}})";

// {G} the group, {O} its owner, {I} the owner's row, {S} a stranger, {U} a member, {L} and {M} its
// license and machine.
constexpr RuleRow kRules[] = {
    {"GET", "/groups", kNone, true, true, true, true, true, 2, 2, 2, 2},
    {"POST", "/groups", kGroup, false, false, false, true, true, 403, 403, 403, 403},
    {"GET", "/groups/{G}", kNone, true, true, true, true, true, 2, 2, 2, 403},
    {"PATCH", "/groups/{G}", kGroup, false, false, false, true, true, 403, 403, 403, 404},
    {"PUT", "/groups/{G}", kGroup, false, false, false, true, true, 403, 403, 403, 404},
    {"DELETE", "/groups/{G}", kNone, false, false, false, true, true, 403, 403, 403, 404},
    {"GET", "/groups/{G}/users", kNone, true, true, true, true, true, 403, 403, 2, 404},
    {"GET", "/groups/{G}/users/{U}", kNone, true, true, true, true, true, 403, 403, 2, 404},
    {"GET", "/groups/{G}/licenses", kNone, true, true, true, true, true, 403, 403, 2, 404},
    {"GET", "/groups/{G}/licenses/{L}", kNone, true, true, true, true, false, 403, 403, 2, 404},
    {"GET", "/groups/{G}/machines", kNone, true, true, true, true, true, 403, 403, 2, 404},
    {"GET", "/groups/{G}/machines/{M}", kNone, true, true, true, true, false, 403, 403, 2, 404},
    {"GET", "/groups/{G}/owners", kNone, true, true, true, true, true, 2, 2, 2, 404},
    {"GET", "/groups/{G}/owners/{I}", kNone, true, true, true, true, true, 2, 2, 2, 404},
    {"POST", "/groups/{G}/owners", kOwner, false, false, false, true, true, 403, 403, 403, 404},
    {"DELETE", "/groups/{G}/owners", kDetach, false, false, false, true, true, 403, 403, 403, 404},
    {"GET", "/licenses/{L}/group", kNone, true, true, true, true, false, 2, 404, 404, 404},
    {"PUT", "/licenses/{L}/group", kLink, true, false, false, true, false, 403, 404, 404, 404},
    {"PATCH", "/licenses/{L}/group", kLink, true, false, false, true, false, 403, 404, 404, 404},
    {"GET", "/machines/{M}/group", kNone, true, true, true, true, false, 2, 404, 404, 404},
    {"PUT", "/machines/{M}/group", kLink, true, false, false, true, false, 403, 404, 404, 404},
    {"PATCH", "/machines/{M}/group", kLink, true, false, false, true, false, 403, 404, 404, 404},
    {"GET", "/users/{U}/group", kNone, true, true, true, true, true, 404, 2, 404, 404},
    {"PUT", "/users/{U}/group", kLink, true, false, false, true, true, 404, 403, 404, 404},
    {"PATCH", "/users/{U}/group", kLink, true, false, false, true, true, 404, 403, 404, 404},
};

class GroupRules : public Groups, public ::testing::WithParamInterface<RuleRow> {
 protected:
  std::string group_, license_, key_, machine_, owner_row_;
  core::User member_ = server_.AddUser("member@acme.example");
  core::User owner_ = server_.AddUser("owner@acme.example");
  core::User stranger_ = server_.AddUser("stranger@acme.example");
  std::string other_product_ = server_.AddProduct();

  void SetUp() override { Refill(); }
  void Refill() {
    group_ = AddGroup();
    const Answer license = CreateLicense(group_);
    license_ = license.Id();
    key_ = Text(license.Attribute("key"));
    machine_ = CreateMachine(license_).Id();
    SetUserGroup(member_, group_);
    owner_row_ = AttachOwner(group_, owner_).Ids().at(0);
  }
  std::string Filled(std::string_view text) const {
    std::string out(text);
    const std::pair<std::string_view, std::string> names[] = {{"{G}", group_},
                                                              {"{L}", license_},
                                                              {"{M}", machine_},
                                                              {"{I}", owner_row_},
                                                              {"{U}", member_.id.ToString()},
                                                              {"{O}", owner_.id.ToString()},
                                                              {"{S}", stranger_.id.ToString()}};
    for (const auto& [name, value] : names)
      for (std::size_t at = out.find(name); at != out.npos; at = out.find(name))
        out.replace(at, name.size(), value);
    return out;
  }
  Answer Ask(const TestServer::Headers& bearer) {
    return server_.Send(GetParam().method, Filled(GetParam().path), bearer,
                        std::string_view(Filled(GetParam().body)));
  }
  void Expect(std::string_view who, const TestServer::Headers& bearer, int expected) {
    const Answer answer = Ask(bearer);
    if (expected == 2) {
      EXPECT_LT(answer.status, 300) << who << answer.body;
    } else {
      EXPECT_EQ(answer.status, expected) << who << answer.body;
    }
    if (answer.status == 403) {
      EXPECT_TRUE(
          answer.Detail().starts_with("You do not have permission to complete the request ("))
          << answer.Detail();
    }
    if (answer.status < 300 && GetParam().method != "GET") Refill();
  }
};

TEST_P(GroupRules, AreFollowedForEveryBearer) {
  const RuleRow& row = GetParam();
  const auto may = [](bool allowed) { return allowed ? 2 : 403; };
  Expect("admin", server_.AsAdmin(), 2);
  const std::pair<std::string, bool> staff[] = {{"developer", true},
                                                {"sales-agent", row.sales},
                                                {"support-agent", row.support},
                                                {"read-only", row.read_only}};
  for (const auto& [role, allowed] : staff)
    Expect(role, As(server_.AddUser(role + "@acme.example", role)), may(allowed));
  Expect("product", AsProduct(product_), may(row.product));
  Expect("other product", AsProduct(other_product_), row.other_product ? 2 : 404);
  Expect("license", TestServer::AsLicense(key_), row.license);
  Expect("member", As(member_), row.member);
  Expect("owner", As(owner_), row.owner);
  Expect("stranger", As(stranger_), row.stranger);
  EXPECT_EQ(Ask({}).status, 401);
}
INSTANTIATE_TEST_SUITE_P(Routes, GroupRules, ::testing::ValuesIn(kRules), [](const auto& test) {
  std::string name(test.param.method);
  for (const char c : test.param.path)
    if (std::isalnum(static_cast<unsigned char>(c))) name += c;
  return name;
});

TEST_F(Groups, ListsShowOnlyWhatTheBearerSees) {
  const std::string owned = AddGroup(), joined = AddGroup(), of_license = AddGroup();
  AddGroup();
  const core::User user = server_.AddUser("ann@acme.example");
  AttachOwner(owned, user);
  SetUserGroup(user, joined);
  EXPECT_THAT(server_.Send("GET", "/groups", As(user)).Ids(), UnorderedElementsAre(owned, joined));
  const Answer license = CreateLicense(of_license);
  const auto key = TestServer::AsLicense(Text(license.Attribute("key")));
  EXPECT_THAT(server_.Send("GET", "/groups", key).Ids(), ElementsAre(of_license));
  ExpectError(server_.Send("GET", "/groups/" + owned, key), {403, "", kNoReason});
  Put("/licenses/" + license.Id(), std::nullopt);
  EXPECT_THAT(server_.Send("GET", "/groups", key).Ids(), IsEmpty());
  EXPECT_EQ(server_.Send("GET", "/groups/" + of_license, key).status, 403);
  EXPECT_EQ(server_.Send("GET", "/groups", AsProduct(product_)).Ids().size(), 4U);
}

TEST_F(Groups, AStrangersGroupShowsThatItIsThere) {
  const auto stranger = As(server_.AddUser("stranger@acme.example"));
  ExpectError(server_.Send("GET", "/groups/" + AddGroup(), stranger), {403, "", kNoReason});
  ExpectError(
      server_.Send("GET", "/groups/" + std::string(kMissing), stranger),
      {404, "NOT_FOUND", "The requested group '" + std::string(kMissing) + "' was not found"});
}

// Whoever may not read members learns of none, not even whether one is there.
TEST_F(Groups, AMereMemberIsRefusedBeforeAnythingIsLookedFor) {
  const std::string group = AddGroup();
  const core::User user = server_.AddUser("ann@acme.example");
  SetUserGroup(user, group);
  const auto bearer = As(user);
  const auto key = TestServer::AsLicense(Text(CreateLicense(group).Attribute("key")));
  for (const std::string_view kind : {"users", "licenses", "machines"}) {
    const std::string path = "/groups/" + group + "/" + std::string(kind) + "/";
    ExpectError(server_.Send("GET", path + std::string(kMissing), bearer), {403, "", kNoReason});
    ExpectError(server_.Send("GET", path + std::string(kMissing), key),
                {403, "",
                 "You do not have permission to complete the request (license lacks permission to "
                 "perform action)"});
  }
}

TEST_F(Groups, AProductSeesOnlyItsOwnAmongTheMembers) {
  const std::string group = AddGroup();
  const std::string mine = CreateLicense(group).Id();
  const std::string my_machine = CreateMachine(mine).Id();
  const std::string other = server_.AddProduct();
  policy_ = server_.AddPolicy(other, {{"floating", true}});
  const std::string theirs = CreateLicense(group).Id();
  const std::string their_machine = CreateMachine(theirs).Id();
  const auto bearer = AsProduct(product_);
  const std::string path = "/groups/" + group;
  EXPECT_THAT(server_.Send("GET", path + "/licenses", bearer).Ids(), ElementsAre(mine));
  EXPECT_THAT(server_.Send("GET", path + "/machines", bearer).Ids(), ElementsAre(my_machine));
  ExpectError(server_.Send("GET", path + "/licenses/" + theirs, bearer),
              {404, "NOT_FOUND", "The requested license '" + theirs + "' was not found"});
  ExpectError(server_.Send("GET", path + "/machines/" + their_machine, bearer),
              {404, "NOT_FOUND", "The requested machine '" + their_machine + "' was not found"});
}

TEST_F(Groups, OwnershipOpensNothingOutsideOfTheGroup) {
  const std::string group = AddGroup();
  const std::string license = CreateLicense(group).Id();
  const std::string machine = CreateMachine(license).Id();
  const core::User user = server_.AddUser("ann@acme.example");
  AttachOwner(group, user);
  const auto bearer = As(user);
  const std::pair<std::string_view, std::string> rows[] = {
      {"GET", "/licenses/" + license},
      {"GET", "/machines/" + machine},
      {"DELETE", "/machines/" + machine},
      {"POST", "/machines/" + machine + "/actions/ping"}};
  for (const auto& [method, path] : rows)
    EXPECT_EQ(server_.Send(method, path, bearer).status, 404) << path;
  EXPECT_THAT(server_.Send("GET", "/licenses", bearer).Ids(), IsEmpty());
  EXPECT_THAT(server_.Send("GET", "/machines", bearer).Ids(), IsEmpty());
  EXPECT_EQ(server_.Send("GET", "/groups/" + group + "/machines/" + machine, bearer).Id(), machine);
}

TEST_F(Groups, PermissionsAreNeededBesideTheRole) {
  const std::string group = AddGroup();
  const std::string license = CreateLicense(group).Id();
  const std::string token =
      Text(server_
               .Post("/products/" + product_ + "/tokens",
                     DocumentOf("tokens", {{"permissions", json::array{"product.read"}}}))
               .Attribute("token"));
  const auto bearer = TestServer::AsToken(token);
  for (const std::string& path :
       {std::string("/groups"), "/groups/" + group, "/groups/" + group + "/owners",
        "/groups/" + group + "/licenses", "/groups/" + group + "/machines",
        "/groups/" + group + "/users", "/licenses/" + license + "/group"})
    ExpectError(server_.Send("GET", path, bearer),
                {403, "",
                 "You do not have permission to complete the request (token lacks permission to "
                 "perform action)"});
}

}  // namespace
}  // namespace latchkey::api
