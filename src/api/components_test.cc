// Components over the wire (machines.md §1.7, §3), and what validation and files make of them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/test_expect.h"
#include "core/certificate.h"

namespace latchkey::api {
namespace {

using ::testing::ElementsAre;
using ::testing::UnorderedElementsAre;

constexpr std::string_view kMissing = "5d3e9c71-0f4b-4b6a-8c12-7a9e1f2d3c43";

std::string Text(const json::value& value) { return std::string(value.as_string()); }

std::vector<std::string> NamesOf(const json::value& object) {
  std::vector<std::string> names;
  for (const auto& member : object.as_object()) names.emplace_back(member.key());
  return names;
}

class Components : public ::testing::Test {
 protected:
  TestServer server_;
  std::string product_ = server_.AddProduct();
  std::string policy_, license_, key_, machine_;

  void SetUp() override { Make({}); }
  void Make(json::object policy) {
    policy.insert_or_assign("floating", true);
    policy_ = server_.AddPolicy(product_, std::move(policy));
    MakeLicense();
  }
  void MakeLicense(json::object attributes = {}) {
    const Answer made = server_.AddLicense(policy_, std::move(attributes));
    license_ = made.Id();
    key_ = Text(made.Attribute("key"));
    machine_ = server_.AddMachine(license_, "machine of " + license_).Id();
  }
  static json::object Named(std::string_view fingerprint) {
    return {{"fingerprint", fingerprint}, {"name", "CPU"}};
  }
  json::object Document(json::object attributes) {
    return DocumentOf("components", std::move(attributes),
                      {{"machine", LinkTo("machines", machine_)}});
  }
  Answer Create(json::object attributes) {
    return server_.Post("/components", Document(std::move(attributes)));
  }
  std::string Add(std::string_view fingerprint) {
    const Answer made = Create(Named(fingerprint));
    EXPECT_EQ(made.status, 201) << made.body;
    return made.Id();
  }
  Answer Ask(std::string_view method, const std::string& path, const TestServer::Headers& bearer,
             const json::object& body = {}) {
    if (body.empty()) return server_.Send(method, path, bearer);
    return server_.Send(method, path, bearer, json::value(body));
  }
  Answer Update(const std::string& id, json::object attributes,
                std::optional<TestServer::Headers> bearer = {}) {
    return Ask("PATCH", "/components/" + id, bearer ? *bearer : server_.AsAdmin(),
               DocumentOf("components", std::move(attributes)));
  }
  TestServer::Headers TokenAt(const std::string& parent, json::object attributes = {}) {
    return TestServer::AsToken(
        Text(server_.Post(parent + "/tokens", DocumentOf("tokens", std::move(attributes)))
                 .Attribute("token")));
  }
  TestServer::Headers Staff(const std::string& role) {
    return TestServer::AsToken(server_.TokenOf(server_.AddUser(role + "@acme.example", role)));
  }
  std::string Self() const { return "/v1/accounts/" + server_.account_id().ToString(); }

  // POST /machines with components of these attributes.
  Answer Activate(std::string_view fingerprint, const std::vector<json::object>& components,
                  std::optional<TestServer::Headers> bearer = {}) {
    json::array items;
    for (const json::object& attributes : components)
      items.push_back(json::object{{"type", "components"}, {"attributes", attributes}});
    return ActivateRaw(fingerprint, json::object{{"data", std::move(items)}}, std::move(bearer));
  }
  Answer ActivateRaw(std::string_view fingerprint, json::value components,
                     std::optional<TestServer::Headers> bearer = {}) {
    return Ask("POST", "/machines", bearer ? *bearer : server_.AsAdmin(),
               DocumentOf("machines", {{"fingerprint", fingerprint}},
                          {{"license", LinkTo("licenses", license_)},
                           {"components", std::move(components)}}));
  }
};

TEST_F(Components, TheObjectHasItsMembersInTheSpecifiedOrder) {
  const Answer made =
      Create({{"fingerprint", "cpu-1"}, {"name", "CPU"}, {"metadata", {{"core_count", 8}}}});
  ASSERT_EQ(made.status, 201) << made.body;
  const json::value data = made.Data();
  EXPECT_EQ(data.at("type"), "components");
  EXPECT_THAT(NamesOf(data.at("attributes")),
              ElementsAre("fingerprint", "name", "created", "updated", "metadata"));
  EXPECT_THAT(NamesOf(data.at("relationships")),
              ElementsAre("account", "environment", "product", "license", "machine"));
  EXPECT_EQ(made.Attribute("fingerprint"), "cpu-1");
  EXPECT_EQ(made.Attribute("name"), "CPU");
  EXPECT_EQ(made.Attribute("metadata"), (json::value{{"coreCount", 8}}));
  const std::string self = Self() + "/components/" + made.Id();
  const std::pair<std::string, std::string> related[] = {
      {"product", product_}, {"license", license_}, {"machine", machine_}};
  for (const auto& [name, id] : related)
    EXPECT_EQ(data.at("relationships").at(name),
              json::value(json::object{{"links", {{"related", self + "/" + name}}},
                                       {"data", {{"type", name + "s"}, {"id", id}}}}));
  EXPECT_EQ(data.at("relationships").at("environment"),
            json::value(json::object{{"links", {{"related", nullptr}}}, {"data", nullptr}}));
  EXPECT_EQ(data.at("links").at("self"), json::value(self));
  EXPECT_EQ(made.header("Location"), "http://licenses.example" + self);
  EXPECT_EQ(server_.Events().back(), "component.created");
  EXPECT_EQ(server_.Get("/components/" + made.Id()).body, made.body);
  EXPECT_EQ(server_.Get("/machines/" + machine_ + "/components/" + made.Id()).body, made.body);
}

struct CreateError {
  std::string name;
  json::object attributes;
  ExpectedError error;
};
class ComponentCreateError : public Components,
                             public ::testing::WithParamInterface<CreateError> {};
TEST_P(ComponentCreateError, IsWordedAsSpecified) {
  ExpectError(Create(GetParam().attributes), GetParam().error);
  EXPECT_TRUE(server_.Get("/components").Ids().empty());
}
INSTANTIATE_TEST_SUITE_P(
    Rows, ComponentCreateError,
    ::testing::Values(
        CreateError{"NoFingerprint",
                    {{"name", "x"}},
                    {400, "", "is missing", "pointer /data/attributes/fingerprint"}},
        CreateError{"BlankFingerprint",
                    {{"fingerprint", ""}, {"name", "x"}},
                    {400, "", "cannot be blank", "pointer /data/attributes/fingerprint"}},
        CreateError{"LongFingerprint",
                    {{"fingerprint", std::string(4097, 'f')}, {"name", "x"}},
                    {422, "FINGERPRINT_TOO_LONG", "is too long (maximum is 4096 characters)",
                     "pointer /data/attributes/fingerprint"}},
        CreateError{"ReservedFingerprint",
                    {{"fingerprint", "action"}, {"name", "x"}},
                    {422, "FINGERPRINT_NOT_ALLOWED", "is reserved",
                     "pointer /data/attributes/fingerprint"}},
        CreateError{"NoName",
                    {{"fingerprint", "f"}},
                    {400, "", "is missing", "pointer /data/attributes/name"}},
        CreateError{"BlankName",
                    {{"fingerprint", "f"}, {"name", ""}},
                    {400, "", "cannot be blank", "pointer /data/attributes/name"}},
        CreateError{"NullName",
                    {{"fingerprint", "f"}, {"name", nullptr}},
                    {400, "", "cannot be null", "pointer /data/attributes/name"}},
        CreateError{"LongName",
                    {{"fingerprint", "f"}, {"name", std::string(256, 'n')}},
                    {422, "NAME_TOO_LONG", "is too long (maximum is 255 characters)",
                     "pointer /data/attributes/name"}},
        CreateError{"LargeMetadata",
                    {{"fingerprint", "f"},
                     {"name", "x"},
                     {"metadata", {{"text", std::string(16384, 'm')}}}},
                    {422, "METADATA_TOO_LONG", "too large (exceeded limit of 16384 bytes)",
                     "pointer /data/attributes/metadata"}},
        CreateError{"UnknownAttribute",
                    {{"fingerprint", "f"}, {"name", "x"}, {"cores", 1}},
                    {400, "", "unpermitted parameter", "pointer /data/attributes/cores"}}),
    [](const auto& test) { return test.param.name; });

TEST_F(Components, NeedAMachineThatExistsAndChooseNoId) {
  ExpectError(server_.Post("/components", DocumentOf("components", Named("f"))),
              {400, "", "is missing", "pointer /data/relationships"});
  json::object document = Document(Named("f"));
  document.at("data").as_object().emplace("id", kMissing);
  ExpectError(server_.Post("/components", document),
              {400, "", "unpermitted parameter", "pointer /data/id"});
  machine_ = kMissing;
  ExpectError(Create(Named("f")),
              {422, "MACHINE_NOT_FOUND", "must exist", "pointer /data/relationships/machine"});
}

TEST_F(Components, ChangeTheirNameAndMetadataOnly) {
  const std::string id = Add("cpu-1");
  const Answer changed = Update(id, {{"name", "Old CPU"}, {"metadata", {{"slot", 2}}}});
  ASSERT_EQ(changed.status, 200) << changed.body;
  EXPECT_EQ(changed.Attribute("name"), "Old CPU");
  EXPECT_EQ(changed.Attribute("metadata"), (json::value{{"slot", 2}}));
  EXPECT_EQ(server_.Events().back(), "component.updated");
  EXPECT_EQ(server_.Get("/components/" + id).body, changed.body);
  ExpectError(Update(id, {{"name", ""}}),
              {400, "", "cannot be blank", "pointer /data/attributes/name"});
  EXPECT_EQ(Update(id, {{"name", nullptr}}).Attribute("name"), "Old CPU");
  ExpectError(Update(id, {{"fingerprint", "x"}}),
              {400, "", "unpermitted parameter", "pointer /data/attributes/fingerprint"});
  ExpectError(Update(id, {{"name", std::string(256, 'n')}}),
              {422, "NAME_TOO_LONG", "is too long (maximum is 255 characters)",
               "pointer /data/attributes/name"});
  EXPECT_EQ(
      Ask("PUT", "/components/" + id, server_.AsAdmin(), DocumentOf("component", {{"name", "New"}}))
          .Attribute("name"),
      "New");
}

TEST_F(Components, GoWithTheirMachineOrAlone) {
  const std::string first = Add("cpu-1");
  const std::string second = Add("cpu-2");
  EXPECT_EQ(Ask("DELETE", "/components/" + first, server_.AsAdmin()).status, 204);
  EXPECT_EQ(server_.Events().back(), "component.deleted");
  ExpectError(server_.Get("/components/" + first),
              {404, "NOT_FOUND", "The requested machine component '" + first + "' was not found"});
  ASSERT_EQ(Ask("DELETE", "/machines/" + machine_, server_.AsAdmin()).status, 204);
  EXPECT_EQ(server_.Events().back(), "machine.deleted");
  EXPECT_EQ(server_.Get("/components/" + second).status, 404);
  ExpectError(server_.Get("/components/cpu-2"),
              {404, "NOT_FOUND", "The requested machine component 'cpu-2' was not found"});
}

TEST_F(Components, NameTheirRelatives) {
  const std::string at = "/components/" + Add("cpu-1");
  EXPECT_EQ(server_.Get(at + "/product").Id(), product_);
  EXPECT_EQ(server_.Get(at + "/license").Id(), license_);
  EXPECT_EQ(server_.Get(at + "/machine").Id(), machine_);
  const std::string other = server_.AddMachine(license_, "other").Id();
  EXPECT_EQ(server_.Get("/machines/" + other + at).status, 404) << "of another machine";
}

TEST_F(Components, FiltersNarrowTheList) {
  const std::string mine = Add("cpu-1");
  const std::string my_machine = machine_, my_license = license_, my_product = product_;
  const core::User owner = server_.AddUser("owner@acme.example");
  server_.SetMachineOwner(machine_, owner);
  server_.SetOwner(license_, server_.AddUser("boss@acme.example"));
  product_ = server_.AddProduct();
  Make({});
  const std::string theirs = Add("cpu-1");
  EXPECT_THAT(server_.Get("/components").Ids(), ElementsAre(theirs, mine));
  const std::string filters[] = {
      "product=" + my_product,  "machine=" + my_machine,
      "license=" + my_license,  "owner=" + owner.id.ToString(),
      "user=boss@acme.example", "machine=" + my_machine + "&license=" + my_license};
  for (const std::string& filter : filters)
    EXPECT_THAT(server_.Get("/components?" + filter).Ids(), ElementsAre(mine)) << filter;
  EXPECT_THAT(server_.Get("/components?machine=x").Ids(), ElementsAre());
  EXPECT_THAT(server_.Get("/components?user=nobody@acme.example").Ids(), ElementsAre());
  EXPECT_THAT(server_.Get("/components?unknown=x&license=").Ids(), ElementsAre(theirs, mine));
  EXPECT_THAT(server_.Get("/components?limit=1").Ids(), ElementsAre(theirs));
  EXPECT_THAT(server_.Get("/machines/" + my_machine + "/components").Ids(), ElementsAre(mine));
}

// ---- uniqueness

struct UniquenessCase {
  std::string strategy;
  bool same_license, same_policy, same_product, elsewhere;  // is the fingerprint free there?
  std::string words;
};
class ComponentUniqueness : public Components,
                            public ::testing::WithParamInterface<UniquenessCase> {};
TEST_P(ComponentUniqueness, ReachesAsFarAsItsStrategy) {
  const auto& row = GetParam();
  const json::object policy{{"componentUniquenessStrategy", row.strategy}};
  Make(policy);
  Add("cpu-1");
  const auto check = [&](bool free, std::string_view where) {
    SCOPED_TRACE(where);
    const Answer single = Create(Named("cpu-1"));
    const Answer embedded = Activate("new machine", {Named("cpu-0"), Named("cpu-1")});
    if (free) {
      EXPECT_EQ(single.status, 201) << single.body;
      if (row.strategy == "UNIQUE_PER_MACHINE") {
        EXPECT_EQ(embedded.status, 201) << embedded.body;
      }
      return;
    }
    const std::string words = "has already been taken for this " + row.words;
    ExpectError(single, {422, "FINGERPRINT_TAKEN", words, "pointer /data/attributes/fingerprint"});
    ExpectError(embedded, {422, "COMPONENTS_FINGERPRINT_TAKEN", words,
                           "pointer /data/relationships/components/data/1/attributes/fingerprint"});
    EXPECT_EQ(server_.Get("/machines?fingerprint=new%20machine&license=" + license_).Ids().size(),
              0U);
  };
  ExpectError(Create(Named("cpu-1")), {422, "FINGERPRINT_TAKEN", "has already been taken",
                                       "pointer /data/attributes/fingerprint"});
  machine_ = server_.AddMachine(license_, "second").Id();
  check(row.same_license, "same license");
  MakeLicense();
  check(row.same_policy, "same policy");
  Make(policy);
  check(row.same_product, "same product");
  product_ = server_.AddProduct();
  Make(policy);
  check(row.elsewhere, "elsewhere");
}
INSTANTIATE_TEST_SUITE_P(
    Strategies, ComponentUniqueness,
    ::testing::Values(UniquenessCase{"UNIQUE_PER_MACHINE", true, true, true, true, ""},
                      UniquenessCase{"UNIQUE_PER_LICENSE", false, true, true, true, "license"},
                      UniquenessCase{"UNIQUE_PER_POLICY", false, false, true, true, "policy"},
                      UniquenessCase{"UNIQUE_PER_PRODUCT", false, false, false, true, "product"},
                      UniquenessCase{"UNIQUE_PER_ACCOUNT", false, false, false, false, "account"}),
    [](const auto& test) { return test.param.strategy; });

TEST_F(Components, FollowTheirLicenseToAnotherPolicy) {
  const std::string id = Add("cpu-1");
  const std::string product = server_.AddProduct();
  const std::string policy = server_.AddPolicy(
      product, {{"floating", true}, {"componentUniquenessStrategy", "UNIQUE_PER_MACHINE"}});
  ASSERT_EQ(
      Ask("PUT", "/licenses/" + license_ + "/policy", server_.AsAdmin(), LinkTo("policies", policy))
          .status,
      200);
  EXPECT_THAT(server_.Get("/components?product=" + product).Ids(), ElementsAre(id));
  EXPECT_EQ(server_.Get("/components/" + id + "/product").Id(), product);
}

// ---- with a machine

TEST_F(Components, ComeWithTheirMachine) {
  const Answer made = Activate(
      "m1", {Named("cpu-1"),
             {{"fingerprint", "gpu-1"}, {"name", "GPU"}, {"metadata", {{"ram_size", 8}}}}});
  ASSERT_EQ(made.status, 201) << made.body;
  EXPECT_EQ(server_.Events().back(), "machine.created") << "components have no events of their own";
  EXPECT_EQ(made.Data().at("relationships").at("components"),
            json::value(json::object{
                {"links", {{"related", Self() + "/machines/" + made.Id() + "/components"}}}}));
  const Answer listed = server_.Get("/machines/" + made.Id() + "/components");
  std::vector<std::string> fingerprints;
  const json::value items = listed.Data();
  for (const auto& item : items.as_array())
    fingerprints.push_back(Text(item.at("attributes").at("fingerprint")));
  EXPECT_THAT(fingerprints, UnorderedElementsAre("cpu-1", "gpu-1"));
  EXPECT_THAT(listed.body, ::testing::HasSubstr(R"("metadata":{"ramSize":8})"));
  EXPECT_EQ(ActivateRaw("m2", nullptr).status, 201);
  EXPECT_EQ(Activate("m3", {}).status, 201);
}

TEST_F(Components, ThatAreWrongKeepTheirMachineOut) {
  ExpectError(Activate("m1", {Named("cpu-1"), Named("cpu-2"), Named("cpu-1")}),
              {422, "COMPONENTS_FINGERPRINT_CONFLICT", "is duplicated",
               "pointer /data/relationships/components/data/2/attributes/fingerprint"});
  ExpectError(Activate("m1", {{{"fingerprint", "f"}, {"name", std::string(256, 'n')}}}),
              {422, "COMPONENTS_NAME_TOO_LONG", "is too long (maximum is 255 characters)",
               "pointer /data/relationships/components/data/0/attributes/name"});
  ExpectError(Activate("m1", {Named("actions")}),
              {422, "COMPONENTS_FINGERPRINT_NOT_ALLOWED", "is reserved",
               "pointer /data/relationships/components/data/0/attributes/fingerprint"});
  std::vector<json::object> many;
  for (int i = 0; i < 21; ++i) many.push_back(Named("cpu-" + std::to_string(i)));
  ExpectError(Activate("m1", many), {422, "", "too many records", "", "Unprocessable entity"});
  many.pop_back();
  EXPECT_THAT(server_.Get("/machines").Ids(), ElementsAre(machine_)) << "nothing was made so far";
  EXPECT_EQ(Activate("m1", many).status, 201);
  EXPECT_EQ(server_.Get("/components?limit=100").Ids().size(), 20U);
}

TEST_F(Components, OfANewMachineAreCheckedBeforeItsFingerprint) {
  const json::value tree = Activate("machine of " + license_, {Named("c"), Named("c")}).Json();
  ASSERT_EQ(tree.at("errors").as_array().size(), 2U);
  EXPECT_EQ(tree.at("errors").at(0).at("code"), "COMPONENTS_FINGERPRINT_CONFLICT");
  EXPECT_EQ(tree.at("errors").at(1).at("code"), "FINGERPRINT_TAKEN");
}

struct ShapeError {
  std::string name;
  std::string components;  // JSON
  std::string_view detail, source;
};
class EmbeddedShape : public Components, public ::testing::WithParamInterface<ShapeError> {};
TEST_P(EmbeddedShape, IsCheckedMemberByMember) {
  const auto components = base::ParseJson(GetParam().components);
  ASSERT_TRUE(components);
  const std::string source =
      "pointer /data/relationships/components" + std::string(GetParam().source);
  ExpectError(ActivateRaw("m1", *components), {400, "", GetParam().detail, source});
}
INSTANTIATE_TEST_SUITE_P(
    Rows, EmbeddedShape,
    ::testing::Values(
        ShapeError{"Array", "[]", "type mismatch (received array expected object)", ""},
        ShapeError{"NoData", "{}", "is missing", "/data"},
        ShapeError{"NullData", R"({"data":null})", "cannot be null", "/data"},
        ShapeError{"ObjectData", R"({"data":{}})", "type mismatch (received object expected array)",
                   "/data"},
        ShapeError{"TextItem", R"({"data":["x"]})",
                   "type mismatch (received string expected object)", "/data/0"},
        ShapeError{"NoType", R"({"data":[{"attributes":{"fingerprint":"f","name":"n"}}]})",
                   "is missing", "/data/0/type"},
        ShapeError{"WrongType",
                   R"({"data":[{"type":"machines","attributes":{"fingerprint":"f","name":"n"}}]})",
                   "is invalid", "/data/0/type"},
        ShapeError{"NoAttributes", R"({"data":[{"type":"component"}]})", "is missing",
                   "/data/0/attributes"},
        ShapeError{"NoName", R"({"data":[{"type":"components","attributes":{"fingerprint":"f"}}]})",
                   "is missing", "/data/0/attributes/name"},
        ShapeError{"OwnId",
                   R"({"data":[{"type":"components","id":"x","attributes":{"fingerprint":"f"}}]})",
                   "unpermitted parameter", "/data/0/id"},
        ShapeError{"UnknownAttribute",
                   R"({"data":[{"type":"components","attributes":{"pid":"1"}}]})",
                   "unpermitted parameter", "/data/0/attributes/pid"},
        ShapeError{"OtherMember", R"({"data":[],"links":{}})", "unpermitted parameter", "/links"}),
    [](const auto& test) { return test.param.name; });

TEST_F(Components, OfANewMachineNeedTheirOwnPermission) {
  const auto bearer =
      TokenAt("/licenses/" + license_, {{"permissions", json::array{"machine.create"}}});
  EXPECT_EQ(Activate("m1", {}, bearer).status, 201);
  ExpectError(Activate("m2", {Named("cpu-1")}, bearer),
              {403, "",
               "You do not have permission to complete the request (token lacks permission to "
               "perform action)"});
  EXPECT_EQ(Activate("m2", {Named("cpu-1")}, TestServer::AsLicense(key_)).status, 201);
}

// ---- who may do what

TEST_F(Components, FollowTheRulesOfTheirMachine) {
  const auto update = DocumentOf("components", {{"name", "x"}});
  const struct {
    std::string role;
    bool read, update, write;
  } rows[] = {{"developer", true, true, true},
              {"sales-agent", true, true, true},
              {"support-agent", true, true, false},
              {"read-only", true, false, false}};
  int count = 0;
  const auto check = [&](const TestServer::Headers& bearer, bool may_update, bool may_write,
                         std::string_view who) {
    SCOPED_TRACE(who);
    const std::string id = Add("of " + std::to_string(++count));
    EXPECT_EQ(Ask("GET", "/components", bearer).status, 200);
    EXPECT_EQ(Ask("GET", "/components/" + id, bearer).status, 200);
    EXPECT_EQ(Ask("GET", "/machines/" + machine_ + "/components", bearer).status, 200);
    EXPECT_EQ(Ask("GET", "/machines/" + machine_ + "/components/" + id, bearer).status, 200);
    EXPECT_EQ(Ask("GET", "/components/" + id + "/machine", bearer).status, 200);
    EXPECT_EQ(Ask("GET", "/components/" + id + "/license", bearer).status, 200);
    EXPECT_EQ(Ask("PATCH", "/components/" + id, bearer, update).status, may_update ? 200 : 403);
    EXPECT_EQ(
        Ask("POST", "/components", bearer, Document(Named("by " + std::to_string(count)))).status,
        may_write ? 201 : 403);
    EXPECT_EQ(Ask("DELETE", "/components/" + id, bearer).status, may_write ? 204 : 403);
  };
  for (const auto& row : rows) check(Staff(row.role), row.update, row.write, row.role);
  check(TokenAt("/products/" + product_), true, true, "product");
  check(TokenAt("/licenses/" + license_), true, true, "activation token");
  check(TestServer::AsLicense(key_), true, true, "license key");
  const core::User owner = server_.AddUser("owner@acme.example");
  server_.SetOwner(license_, owner);
  check(TestServer::AsToken(server_.TokenOf(owner)), true, true, "owner of the license");
  EXPECT_EQ(Ask("GET", "/components", {}).status, 401);
  ExpectError(Ask("GET", "/components/" + Add("last") + "/product", TestServer::AsLicense(key_)),
              {403, "",
               "You do not have permission to complete the request (license lacks permission to "
               "perform action)"});
}

TEST_F(Components, OfProtectedLicensesAreTheLicensesAndNotTheUsers) {
  MakeLicense({{"protected", true}});
  const std::string id = Add("cpu-1");
  const core::User owner = server_.AddUser("owner@acme.example");
  server_.SetOwner(license_, owner);
  const auto user = TestServer::AsToken(server_.TokenOf(owner));
  const auto update = DocumentOf("components", {{"name", "x"}});
  EXPECT_EQ(Ask("GET", "/components/" + id, user).status, 200);
  EXPECT_EQ(Ask("PATCH", "/components/" + id, user, update).status, 403);
  EXPECT_EQ(Ask("POST", "/components", user, Document(Named("cpu-2"))).status, 403);
  EXPECT_EQ(Ask("DELETE", "/components/" + id, user).status, 403);
  EXPECT_EQ(Ask("PATCH", "/components/" + id, TestServer::AsLicense(key_), update).status, 200);
  EXPECT_EQ(Ask("DELETE", "/components/" + id, TestServer::AsLicense(key_)).status, 204);
}

TEST_F(Components, OfOthersAreHidden) {
  const std::string theirs = Add("cpu-1");
  const std::string their_machine = machine_;
  product_ = server_.AddProduct();
  Make({});
  const std::string mine = Add("cpu-1");
  const core::User stranger = server_.AddUser("stranger@acme.example");
  const std::pair<TestServer::Headers, std::vector<std::string>> bearers[] = {
      {TokenAt("/products/" + product_), {mine}},
      {TestServer::AsLicense(key_), {mine}},
      {TestServer::AsToken(server_.TokenOf(stranger)), {}}};
  for (const auto& [bearer, visible] : bearers) {
    EXPECT_EQ(Ask("GET", "/components", bearer).Ids(), visible);
    for (const std::string_view method : {"GET", "PATCH", "DELETE"}) {
      ExpectError(
          Ask(method, "/components/" + theirs, bearer),
          {404, "NOT_FOUND", "The requested machine component '" + theirs + "' was not found"});
    }
    machine_ = their_machine;
    EXPECT_EQ(Ask("POST", "/components", bearer, Document(Named("x"))).status, 403);
    machine_ = kMissing;
    EXPECT_EQ(Ask("POST", "/components", bearer, Document(Named("x"))).status, 403);
  }
}

TEST_F(Components, MetadataIsChangedByStaffAndProductsOnly) {
  const std::string id = Add("cpu-1");
  const json::object change{{"metadata", {{"a", 1}}}};
  EXPECT_EQ(Update(id, change, TokenAt("/products/" + product_)).status, 200);
  EXPECT_EQ(Update(id, change, Staff("support-agent")).status, 200);
  ExpectError(Update(id, change, TestServer::AsLicense(key_)),
              {400, "", "unpermitted parameter", "pointer /data/attributes/metadata"});
  EXPECT_EQ(Ask("POST", "/components", TestServer::AsLicense(key_),
                Document({{"fingerprint", "f"}, {"name", "n"}, {"metadata", {{"a", 1}}}}))
                .status,
            201);
}

// ---- validation and files

TEST_F(Components, DecideValidationByTheirScope) {
  const auto verdict = [&](json::array wanted) {
    const json::object meta{
        {"key", key_},
        {"scope", {{"fingerprint", "machine of " + license_}, {"components", std::move(wanted)}}}};
    return Text(server_
                    .Send("POST", "/licenses/actions/validate-key", {},
                          json::value(json::object{{"meta", meta}}))
                    .Json()
                    .at("meta")
                    .at("code"));
  };
  Make({{"strict", true}, {"componentMatchingStrategy", "MATCH_MOST"}});
  EXPECT_EQ(verdict({"cpu-1"}), "COMPONENTS_SCOPE_MISMATCH");
  const std::string first = Add("cpu-1");
  Add("cpu-2");
  EXPECT_EQ(verdict({"cpu-1"}), "VALID");
  EXPECT_EQ(verdict({"cpu-1", "x", "cpu-2", "y"}), "VALID");
  EXPECT_EQ(verdict({"cpu-1", "x", "y"}), "COMPONENTS_SCOPE_MISMATCH");
  EXPECT_EQ(verdict({}), "COMPONENTS_SCOPE_EMPTY");
  Ask("DELETE", "/components/" + first, server_.AsAdmin());
  EXPECT_EQ(verdict({"cpu-1"}), "COMPONENTS_SCOPE_MISMATCH") << "also where it was warm";
  machine_ = server_.AddMachine(license_, "other machine").Id();
  Add("cpu-1");
  EXPECT_EQ(verdict({"cpu-1"}), "COMPONENTS_SCOPE_MISMATCH") << "on another machine";
}

TEST_F(Components, StandInTheFileOfTheirMachine) {
  const std::string id = Add("cpu-1");
  const Answer file =
      Ask("POST", "/machines/" + machine_ + "/actions/check-out?include=components,license",
          server_.AsAdmin());
  ASSERT_EQ(file.status, 200) << file.body;
  const auto opened = core::VerifiedFile::Open(
      core::FileKind::kMachine, {core::FileEncoding::kBase64, crypto::SignatureAlgorithm::kEd25519},
      Text(file.Attribute("certificate")), "", server_.keys().public_keys());
  ASSERT_TRUE(opened);
  const json::object& payload = opened->payload();
  EXPECT_EQ(payload.at("data").at("relationships").at("components").at("data"),
            (json::value(json::array{json::object{{"type", "components"}, {"id", id}}})));
  ASSERT_EQ(payload.at("included").as_array().size(), 2U);
  EXPECT_EQ(Text(payload.at("included").at(0).at("id")), license_);
  EXPECT_EQ(payload.at("included").at(1), server_.Get("/components/" + id).Data());
}

}  // namespace
}  // namespace latchkey::api
