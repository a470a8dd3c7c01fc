// The license resource over the wire (licenses.md §6, §7).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/test_server.h"
#include "core/permission.h"

namespace latchkey::api {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

std::string Text(const json::value& value) { return std::string(value.as_string()); }
json::value Time(TimePoint time) { return json::value(base::FormatTime(time)); }

std::vector<std::string> NamesOf(const json::value& object) {
  std::vector<std::string> names;
  for (const auto& member : object.as_object()) names.emplace_back(member.key());
  return names;
}

class Licenses : public ::testing::Test {
 protected:
  TestServer server_;
  std::string product_ = server_.AddProduct();
  std::string policy_ = server_.AddPolicy(product_);

  json::object Document(json::object attributes, std::string_view policy) {
    return DocumentOf("licenses", std::move(attributes), {{"policy", LinkTo("policies", policy)}});
  }
  Answer Create(json::object attributes) {
    return server_.Post("/licenses", Document(std::move(attributes), policy_));
  }
  Answer Update(std::string_view id, json::object attributes) {
    return server_.Send("PATCH", "/licenses/" + std::string(id), server_.AsAdmin(),
                        DocumentOf("licenses", std::move(attributes)));
  }
  std::string ProductToken(std::string_view product) {
    return Text(server_.Post("/products/" + std::string(product) + "/tokens", json::object())
                    .Attribute("token"));
  }
};

TEST_F(Licenses, TheObjectHasItsMembersInTheSpecifiedOrder) {
  const Answer made = Create({{"name", "Lab seat"}, {"metadata", {{"room_no", 4}}}});
  ASSERT_EQ(made.status, 201);
  const json::value data = made.Data();
  EXPECT_THAT(NamesOf(data), ElementsAre("id", "type", "attributes", "relationships", "links"));
  EXPECT_THAT(
      NamesOf(data.at("attributes")),
      ElementsAre("name", "key", "expiry", "status", "uses", "suspended", "scheme", "encrypted",
                  "strict", "floating", "protected", "version", "maxMachines", "maxProcesses",
                  "maxUsers", "maxCores", "maxMemory", "maxDisk", "maxUses", "requireHeartbeat",
                  "requireCheckIn", "lastValidated", "lastCheckIn", "nextCheckIn", "lastCheckOut",
                  "permissions", "metadata", "created", "updated"));
  EXPECT_THAT(NamesOf(data.at("relationships")),
              ElementsAre("account", "environment", "product", "policy", "group", "owner", "users",
                          "machines", "tokens", "entitlements"));
  const std::string root = "/v1/accounts/" + server_.account_id().ToString();
  const std::string self = root + "/licenses/" + made.Id();
  const json::value expected =
      json::object{{"account",
                    {{"links", {{"related", root}}},
                     {"data", {{"type", "accounts"}, {"id", server_.account_id().ToString()}}}}},
                   {"environment", {{"links", {{"related", nullptr}}}, {"data", nullptr}}},
                   {"product",
                    {{"links", {{"related", self + "/product"}}},
                     {"data", {{"type", "products"}, {"id", product_}}}}},
                   {"policy",
                    {{"links", {{"related", self + "/policy"}}},
                     {"data", {{"type", "policies"}, {"id", policy_}}}}},
                   {"group", {{"links", {{"related", self + "/group"}}}, {"data", nullptr}}},
                   {"owner", {{"links", {{"related", self + "/owner"}}}, {"data", nullptr}}},
                   {"users", {{"links", {{"related", self + "/users"}}}, {"meta", {{"count", 0}}}}},
                   {"machines",
                    {{"links", {{"related", self + "/machines"}}},
                     {"meta", {{"cores", 0}, {"memory", 0}, {"disk", 0}, {"count", 0}}}}},
                   {"tokens", {{"links", {{"related", self + "/tokens"}}}}},
                   {"entitlements", {{"links", {{"related", self + "/entitlements"}}}}}};
  EXPECT_EQ(data.at("relationships"), expected);
  EXPECT_EQ(data.at("links"), (json::value{{"self", self}}));
  EXPECT_EQ(data.at("attributes").at("metadata"), (json::value{{"roomNo", 4}}));
  EXPECT_EQ(made.header("Location"), "http://licenses.example" + self);
}

TEST_F(Licenses, AreCreatedWithTheDefaultsOfTheirPolicy) {
  const Answer made = Create({});
  for (const std::string_view name :
       {"name", "expiry", "scheme", "version", "maxProcesses", "maxUsers", "maxCores", "maxMemory",
        "maxDisk", "maxUses", "lastValidated", "lastCheckIn", "nextCheckIn", "lastCheckOut"})
    EXPECT_TRUE(made.Attribute(name).is_null()) << name;
  EXPECT_EQ(made.Attribute("status"), "ACTIVE");
  EXPECT_EQ(made.Attribute("uses"), 0);
  EXPECT_EQ(made.Attribute("maxMachines"), 1);  // node-locked
  EXPECT_EQ(made.Attribute("metadata"), json::object());
  json::array permissions;
  core::Strings defaults = core::DefaultPermissions(core::Role::kLicense);
  std::sort(defaults.begin(), defaults.end());
  for (auto& name : defaults) permissions.emplace_back(name);
  EXPECT_EQ(made.Attribute("permissions"), json::value(permissions));
  EXPECT_EQ(permissions.size(), 37U);
  EXPECT_EQ(server_.Events().back(), "license.created");
}

TEST_F(Licenses, TakeTheirFlagsFromThePolicy) {
  policy_ = server_.AddPolicy(product_, {{"strict", true},
                                         {"floating", true},
                                         {"maxMachines", 5},
                                         {"protected", true},
                                         {"requireCheckIn", true},
                                         {"checkInInterval", "month"},
                                         {"checkInIntervalCount", 1},
                                         {"requireHeartbeat", true},
                                         {"duration", 2629746}});
  server_.SetNow(*base::ParseTime("2026-01-31T12:00:00Z"));
  const Answer made = Create({{"maxMachines", 9}});
  for (const std::string_view name :
       {"strict", "floating", "protected", "requireCheckIn", "requireHeartbeat"})
    EXPECT_EQ(made.Attribute(name), true) << name;
  EXPECT_EQ(made.Attribute("maxMachines"), 9);
  EXPECT_EQ(made.Attribute("expiry"), "2026-02-28T12:00:00.000Z");  // a calendar month
  EXPECT_EQ(made.Attribute("lastCheckIn"), "2026-01-31T12:00:00.000Z");
  EXPECT_EQ(made.Attribute("nextCheckIn"), "2026-02-28T12:00:00.000Z");
  EXPECT_EQ(Create({{"protected", false}}).Attribute("protected"), false);
}

struct ExpiryCase {
  std::string name;
  json::value sent;
  json::value shown;
};
class LicenseExpiry : public Licenses, public ::testing::WithParamInterface<ExpiryCase> {};
TEST_P(LicenseExpiry, IsReadInEveryForm) {
  const Answer made = Create({{"expiry", GetParam().sent}});
  ASSERT_EQ(made.status, 201) << made.body;
  EXPECT_EQ(made.Attribute("expiry"), GetParam().shown);
}
INSTANTIATE_TEST_SUITE_P(
    Forms, LicenseExpiry,
    ::testing::Values(ExpiryCase{"Iso", "2027-03-04T05:06:07.089Z", "2027-03-04T05:06:07.089Z"},
                      ExpiryCase{"Offset", "2027-03-04T05:06:07+02:00", "2027-03-04T03:06:07.000Z"},
                      ExpiryCase{"UnixNumber", 1800000000, "2027-01-15T08:00:00.000Z"},
                      ExpiryCase{"UnixDigits", "1800000000", "2027-01-15T08:00:00.000Z"},
                      ExpiryCase{"Null", nullptr, nullptr}, ExpiryCase{"Blank", "", nullptr}),
    [](const auto& test) { return test.param.name; });

// Every error row of licenses.md §7.2 that exists without users, groups and environments.
struct CreateError {
  std::string name;
  json::object policy;
  json::object attributes;
  int status;
  std::string code;
  std::string detail;
  std::string source;
};
class LicenseCreateError : public Licenses, public ::testing::WithParamInterface<CreateError> {};
TEST_P(LicenseCreateError, IsWordedAsSpecified) {
  policy_ = server_.AddPolicy(product_, GetParam().policy);
  const auto events = server_.Events();
  const Answer answer = Create(GetParam().attributes);
  EXPECT_EQ(answer.status, GetParam().status) << answer.body;
  EXPECT_EQ(answer.Code(), GetParam().code);
  EXPECT_EQ(answer.Detail(), GetParam().detail);
  EXPECT_EQ(answer.Source(), GetParam().source);
  EXPECT_EQ(server_.Events(), events);
  EXPECT_THAT(server_.Get("/licenses").Ids(), IsEmpty());
}
INSTANTIATE_TEST_SUITE_P(
    Rows, LicenseCreateError,
    ::testing::Values(
        CreateError{"KeyTooShort",
                    {},
                    {{"key", "12345"}},
                    422,
                    "KEY_TOO_SHORT",
                    "is too short (minimum is 6 characters)",
                    "/data/attributes/key"},
        CreateError{"KeyTooLong",
                    {},
                    {{"key", std::string(16385, 'k')}},
                    422,
                    "KEY_TOO_LONG",
                    "is too long (maximum is 16384 characters)",
                    "/data/attributes/key"},
        CreateError{
            "KeyBlank", {}, {{"key", ""}}, 400, "", "cannot be blank", "/data/attributes/key"},
        CreateError{"KeyReserved",
                    {},
                    {{"key", "actions"}},
                    422,
                    "KEY_NOT_ALLOWED",
                    "is reserved",
                    "/data/attributes/key"},
        CreateError{"KeyForLegacyEncrypted",
                    {{"encrypted", true}},
                    {{"key", "my-own-key"}},
                    422,
                    "KEY_NOT_SUPPORTED",
                    "cannot be specified for a legacy encrypted license",
                    "/data/attributes/key"},
        CreateError{"EmptyPool",
                    {{"usePool", true}},
                    {},
                    422,
                    "POLICY_POOL_EMPTY",
                    "pool is empty",
                    "/data/relationships/policy"},
        CreateError{"TooManyBytesToEncrypt",
                    {{"scheme", "RSA_2048_PKCS1_ENCRYPT"}},
                    {{"key", std::string(246, 'k')}},
                    422,
                    "KEY_BYTE_SIZE_EXCEEDED",
                    "key exceeds maximum byte length (max size of 245 bytes)",
                    "/data/attributes/key"},
        CreateError{"JwtNotJson",
                    {{"scheme", "RSA_2048_JWT_RS256"}},
                    {{"key", "not json"}},
                    422,
                    "KEY_JWT_CLAIMS_INVALID",
                    "key is not a valid JWT claims payload (must be a valid JSON encoded string)",
                    "/data/attributes/key"},
        CreateError{"JwtClaimOfWrongKind",
                    {{"scheme", "RSA_2048_JWT_RS256"}},
                    {{"key", R"({"exp":"tomorrow"})"}},
                    422,
                    "KEY_JWT_CLAIMS_INVALID",
                    "key is not a valid JWT claims payload (exp claim must be a numeric value but "
                    "it is a string)",
                    "/data/attributes/key"},
        CreateError{"KeyThatImitatesASignedRequest",
                    {{"scheme", "RSA_2048_PKCS1_SIGN"}},
                    {{"key", "license/eyJ9"}},
                    422,
                    "KEY_NOT_ALLOWED",
                    "is not allowed (must not start like another signed text)",
                    "/data/attributes/key"},
        CreateError{"NameTooLong",
                    {},
                    {{"name", std::string(1025, 'n')}},
                    422,
                    "NAME_TOO_LONG",
                    "is too long (maximum is 1024 characters)",
                    "/data/attributes/name"},
        CreateError{"MachinesOnNodeLocked",
                    {},
                    {{"maxMachines", 2}},
                    422,
                    "MAX_MACHINES_INVALID",
                    "must be equal to 1 for non-floating policy",
                    "/data/attributes/maxMachines"},
        CreateError{"NoMachinesOnFloating",
                    {{"floating", true}},
                    {{"maxMachines", 0}},
                    422,
                    "MAX_MACHINES_INVALID",
                    "must be greater than or equal to 1 for floating policy",
                    "/data/attributes/maxMachines"},
        CreateError{"NegativeMachines",
                    {{"floating", true}},
                    {{"maxMachines", -1}},
                    422,
                    "MAX_MACHINES_INVALID",
                    "must be greater than or equal to 0",
                    "/data/attributes/maxMachines"},
        CreateError{"NoCores",
                    {},
                    {{"maxCores", 0}},
                    422,
                    "MAX_CORES_INVALID",
                    "must be greater than or equal to 1",
                    "/data/attributes/maxCores"},
        CreateError{"NoMemory",
                    {},
                    {{"maxMemory", 0}},
                    422,
                    "MAX_MEMORY_INVALID",
                    "must be greater than or equal to 1",
                    "/data/attributes/maxMemory"},
        CreateError{"NoDisk",
                    {},
                    {{"maxDisk", 0}},
                    422,
                    "MAX_DISK_INVALID",
                    "must be greater than or equal to 1",
                    "/data/attributes/maxDisk"},
        CreateError{"NegativeUses",
                    {},
                    {{"maxUses", -1}},
                    422,
                    "MAX_USES_INVALID",
                    "must be greater than or equal to 0",
                    "/data/attributes/maxUses"},
        CreateError{"TooManyUses",
                    {},
                    {{"maxUses", 2147483648}},
                    422,
                    "MAX_USES_INVALID",
                    "must be less than or equal to 2147483647",
                    "/data/attributes/maxUses"},
        CreateError{"NegativeProcesses",
                    {},
                    {{"maxProcesses", -1}},
                    422,
                    "MAX_PROCESSES_INVALID",
                    "must be greater than or equal to 0",
                    "/data/attributes/maxProcesses"},
        CreateError{"UnknownPermission",
                    {},
                    {{"permissions", json::array{"license.fly"}}},
                    422,
                    "PERMISSIONS_NOT_ALLOWED",
                    "unsupported permissions",
                    "/data/attributes/permissions"},
        CreateError{"UngrantablePermission",
                    {},
                    {{"permissions", json::array{"license.suspend"}}},
                    422,
                    "PERMISSIONS_NOT_ALLOWED",
                    "unsupported permissions",
                    "/data/attributes/permissions"},
        CreateError{"ReadOnlyAttribute",
                    {},
                    {{"uses", 3}},
                    400,
                    "",
                    "unpermitted parameter",
                    "/data/attributes/uses"},
        CreateError{"WrongType",
                    {},
                    {{"maxUses", "3"}},
                    400,
                    "",
                    "type mismatch (received string expected integer)",
                    "/data/attributes/maxUses"},
        CreateError{"BadTime",
                    {},
                    {{"expiry", "someday"}},
                    400,
                    "",
                    "failed to coerce string to time",
                    "/data/attributes/expiry"},
        CreateError{"DeepMetadata",
                    {},
                    {{"metadata", {{"a", {{"b", {{"c", {{"d", 1}}}}}}}}}},
                    400,
                    "",
                    "maximum depth of 2 exceeded",
                    "/data/attributes/metadata/a/b/c"}),
    [](const auto& test) { return test.param.name; });

TEST_F(Licenses, NeedAPolicyThatExists) {
  const Answer missing = server_.Post("/licenses", DocumentOf("licenses", {}));
  EXPECT_EQ(missing.status, 400);
  EXPECT_EQ(missing.Detail(), "is missing");
  EXPECT_EQ(missing.Source(), "/data/relationships");
  const std::string unknown = "5d3e9c71-0f4b-4b6a-8c12-7a9e1f2d3c43";
  const Answer answer = server_.Post("/licenses", Document({}, unknown));
  EXPECT_EQ(answer.status, 422);
  EXPECT_EQ(answer.Code(), "POLICY_NOT_FOUND");
  EXPECT_EQ(answer.Detail(), "must exist");
  EXPECT_EQ(answer.Source(), "/data/relationships/policy");
  const json::value errors = answer.Json().at("errors");
  ASSERT_EQ(errors.as_array().size(), 2U);
  EXPECT_EQ(errors.at(1).at("code"), "PRODUCT_NOT_FOUND");
  EXPECT_THAT(Text(errors.at(0).at("links").at("about")),
              ::testing::EndsWith("/licenses/#licenses-object-relationships-policy"));
  const auto product = TestServer::AsToken(ProductToken(product_));
  EXPECT_EQ(server_.Send("POST", "/licenses", product, Document({}, unknown)).status, 403);
}

TEST_F(Licenses, KeysAndIdsAreTheirs) {
  const Answer first = Create({{"key", "my-own-key"}});
  ASSERT_EQ(first.status, 201) << first.body;
  EXPECT_EQ(first.Attribute("key"), "my-own-key");
  const Answer again = Create({{"key", "my-own-key"}});
  EXPECT_EQ(again.status, 422);
  EXPECT_EQ(again.Code(), "KEY_TAKEN");
  EXPECT_EQ(again.Detail(), "has already been taken");
  EXPECT_EQ(Create({{"key", "My-Own-Key"}}).status, 201);  // case-sensitive
  const Answer as_id = Create({{"key", first.Id()}});
  EXPECT_EQ(as_id.Code(), "KEY_CONFLICT");
  EXPECT_EQ(as_id.Detail(), "must not conflict with another license's identifier (UUID)");
  EXPECT_EQ(as_id.Source(), "/data/attributes/key");
  EXPECT_EQ(Create({{"key", "5d3e9c71-0f4b-4b6a-8c12-7a9e1f2d3c43"}}).status, 201);

  json::object document = Document({}, policy_);
  document.at("data").as_object().emplace("id", first.Id());
  const Answer id = server_.Post("/licenses", document);
  EXPECT_EQ(id.status, 422);
  EXPECT_EQ(id.Code(), "ID_CONFLICT");
  EXPECT_EQ(id.Detail(), "must not conflict with another license");
  EXPECT_EQ(id.Source(), "/data/id");
  document.at("data").at("id") = "not-a-uuid";
  const Answer bad = server_.Post("/licenses", document);
  EXPECT_EQ(bad.Detail(), "type mismatch (received string expected UUID string)");
  document.at("data").at("id") = "0E2B3C4D-0000-4000-8000-0123456789AB";
  EXPECT_EQ(server_.Post("/licenses", document).Id(), "0e2b3c4d-0000-4000-8000-0123456789ab");
}

TEST_F(Licenses, SeveralErrorsComeTogether) {
  const Answer answer = Create({{"key", "abc"}, {"maxCores", 0}, {"maxUses", -1}});
  std::vector<std::string> codes;
  const json::value errors = answer.Json().at("errors");
  for (const auto& error : errors.as_array()) codes.push_back(Text(error.at("code")));
  EXPECT_THAT(codes,
              UnorderedElementsAre("KEY_TOO_SHORT", "MAX_CORES_INVALID", "MAX_USES_INVALID"));
}

TEST_F(Licenses, PermissionsAreSortedAndMayBeEmpty) {
  const Answer made =
      Create({{"permissions", json::array{"license.validate", "license.read", "account.read"}}});
  EXPECT_EQ(made.Attribute("permissions"),
            (json::value{"account.read", "license.read", "license.validate"}));
  EXPECT_EQ(Update(made.Id(), {{"permissions", json::array()}}).Attribute("permissions"),
            json::array());
  EXPECT_EQ(Update(made.Id(), {{"permissions", json::array{"*"}}}).Attribute("permissions"),
            (json::value(json::array{"*"})));
}

TEST_F(Licenses, EnvironmentsAreUnpermitted) {
  json::object document = Document({}, policy_);
  document.at("data")
      .at("relationships")
      .as_object()
      .emplace("environment", json::object{{"data", nullptr}});
  const Answer answer = server_.Post("/licenses", document);
  EXPECT_EQ(answer.status, 400);
  EXPECT_EQ(answer.Detail(), "unpermitted parameter");
  EXPECT_EQ(answer.Source(), "/data/relationships/environment");
}

TEST_F(Licenses, UpdateTakesOnlyAttributes) {
  const std::string id = Create({{"name", "Old"}}).Id();
  server_.Advance(Seconds(5));
  const Answer answer = Update(id, {{"name", "New"},
                                    {"expiry", "2027-01-31T12:00:00Z"},
                                    {"suspended", true},
                                    {"protected", true},
                                    {"maxUses", 5},
                                    {"maxMachines", nullptr},
                                    {"metadata", {{"a", 1}}}});
  ASSERT_EQ(answer.status, 200) << answer.body;
  EXPECT_EQ(answer.Attribute("name"), "New");
  EXPECT_EQ(answer.Attribute("expiry"), "2027-01-31T12:00:00.000Z");
  EXPECT_EQ(answer.Attribute("status"), "SUSPENDED");
  EXPECT_EQ(answer.Attribute("protected"), true);
  EXPECT_EQ(answer.Attribute("maxUses"), 5);
  EXPECT_EQ(answer.Attribute("updated"), Time(server_.now()));
  EXPECT_EQ(server_.Events().back(), "license.updated");
  EXPECT_EQ(server_.Get("/licenses/" + id).body, answer.body);
  // null removes an override, drops where nothing can be removed, clears a name.
  const Answer cleared = Update(
      id, {{"name", nullptr}, {"maxUses", nullptr}, {"suspended", nullptr}, {"metadata", nullptr}});
  EXPECT_TRUE(cleared.Attribute("name").is_null());
  EXPECT_TRUE(cleared.Attribute("maxUses").is_null());
  EXPECT_EQ(cleared.Attribute("suspended"), true);
  EXPECT_EQ(cleared.Attribute("metadata"), (json::value{{"a", 1}}));
  EXPECT_EQ(Update(id, {{"metadata", json::object()}}).Attribute("metadata"), json::object());
  // PUT is the same.
  EXPECT_EQ(server_
                .Send("PUT", "/licenses/" + id, server_.AsAdmin(),
                      DocumentOf("license", {{"name", "Put"}}))
                .Attribute("name"),
            "Put");
}

TEST_F(Licenses, UpdateRefusesWhatIsFixed) {
  const std::string id = Create({}).Id();
  const Answer key = Update(id, {{"key", "another-key"}});
  EXPECT_EQ(key.status, 400);
  EXPECT_EQ(key.Detail(), "unpermitted parameter");
  EXPECT_EQ(key.Source(), "/data/attributes/key");
  const Answer relationships =
      server_.Send("PATCH", "/licenses/" + id, server_.AsAdmin(),
                   DocumentOf("licenses", {}, {{"policy", LinkTo("policies", policy_)}}));
  EXPECT_EQ(relationships.status, 400);
  EXPECT_EQ(relationships.Source(), "/data/relationships");
  const Answer machines = Update(id, {{"maxMachines", 2}});
  EXPECT_EQ(machines.status, 422);
  EXPECT_EQ(machines.Code(), "MAX_MACHINES_INVALID");
  // Uses beyond a limit do not stand in the way of other changes (licenses.md §7.3).
  server_.Post("/licenses/" + id + "/actions/increment-usage",
               json::object{{"meta", {{"increment", 7}}}});
  EXPECT_EQ(Update(id, {{"maxUses", 5}}).status, 200);
  EXPECT_EQ(Update(id, {{"name", "x"}}).status, 200);
}

TEST_F(Licenses, MembersForStaffAreUnpermittedForOthers) {
  const core::User user = server_.AddUser("owner@acme.example");
  const auto as_user = TestServer::AsToken(server_.TokenOf(user));
  for (const std::string_view name :
       {"expiry", "suspended", "protected", "maxMachines", "maxUses", "maxCores", "permissions"}) {
    const Answer answer = server_.Send("POST", "/licenses", as_user,
                                       Document({{std::string(name), nullptr}}, policy_));
    EXPECT_EQ(answer.status, 400) << name;
    EXPECT_EQ(answer.Detail(), "unpermitted parameter") << name;
    EXPECT_EQ(answer.Source(), "/data/attributes/" + std::string(name));
  }
  json::object with_id = Document({}, policy_);
  with_id.at("data").as_object().emplace("id", "0e2b3c4d-0000-4000-8000-0123456789ab");
  EXPECT_EQ(server_.Send("POST", "/licenses", as_user, with_id).Source(), "/data/id");
  // Schema first on creation, access first on update (licenses.md §0).
  EXPECT_EQ(server_.Send("POST", "/licenses", as_user, Document({}, policy_)).status, 403);
  const std::string id = Create({{"key", "users-key"}}).Id();
  server_.SetOwner(id, user);
  EXPECT_EQ(
      server_.Send("PATCH", "/licenses/" + id, as_user, DocumentOf("licenses", {{"nonsense", 1}}))
          .status,
      403);
  const auto sales =
      TestServer::AsToken(server_.TokenOf(server_.AddUser("sales@acme.example", "sales-agent")));
  EXPECT_EQ(server_
                .Send("POST", "/licenses", sales,
                      Document({{"permissions", json::array{"license.read"}}}, policy_))
                .Source(),
            "/data/attributes/permissions");
  EXPECT_EQ(server_.Send("POST", "/licenses", sales, Document({{"maxUses", 1}}, policy_)).status,
            201);
  const auto support = TestServer::AsToken(
      server_.TokenOf(server_.AddUser("support@acme.example", "support-agent")));
  EXPECT_EQ(server_.Send("POST", "/licenses", support, Document({}, policy_)).status, 403);
  EXPECT_EQ(server_
                .Send("PATCH", "/licenses/" + id, support,
                      DocumentOf("licenses", {{"maxUses", 9}, {"metadata", {{"a", 1}}}}))
                .status,
            200);
}

TEST_F(Licenses, AreFoundByIdInAnyFormAndByKey) {
  const std::string key = "dots.and:colons+plus %";
  const std::string id = Create({{"key", key}}).Id();
  std::string bare = id;
  std::erase(bare, '-');
  std::string upper = id;
  for (char& c : upper) c = static_cast<char>(std::toupper(c));
  for (const std::string& segment : {id, bare, upper, std::string("dots.and%3Acolons%2Bplus%20%25"),
                                     std::string("dots.and:colons+plus%20%25")})
    EXPECT_EQ(server_.Get("/licenses/" + segment).status, 200) << segment;
  const Answer answer = server_.Get("/licenses/abc");
  EXPECT_EQ(answer.status, 404);
  EXPECT_EQ(answer.Code(), "NOT_FOUND");
  EXPECT_EQ(answer.Detail(), "The requested license 'abc' was not found");
  // A key that looks like another's id: the oldest wins.
  server_.Advance(Seconds(1));
  EXPECT_EQ(server_.Get("/licenses/" + id).Id(), id);
}

TEST_F(Licenses, DeletionTakesWhatHangsOnIt) {
  const Answer made = Create({{"key", "to-be-deleted"}});
  const std::string machine = server_.AddMachine(made.Id(), "m1").Id();
  const std::string token =
      Text(server_.Post("/licenses/" + made.Id() + "/tokens", json::object()).Attribute("token"));
  const auto before = server_.Events().size();
  const Answer gone = server_.Send("DELETE", "/licenses/" + made.Id(), server_.AsAdmin());
  EXPECT_EQ(gone.status, 204);
  EXPECT_EQ(gone.body, "");
  const auto events = server_.Events();
  ASSERT_EQ(events.size(), before + 1);  // nothing for what goes with it
  EXPECT_EQ(events.back(), "license.deleted");
  EXPECT_EQ(server_.Get("/licenses/" + made.Id()).status, 404);
  EXPECT_EQ(server_.Get("/machines/" + machine).status, 404);
  EXPECT_EQ(server_.Send("GET", "/machines", TestServer::AsToken(token)).Code(), "TOKEN_INVALID");
  EXPECT_EQ(server_.Send("GET", "/machines", TestServer::AsLicense("to-be-deleted")).Code(),
            "LICENSE_INVALID");
}

// ---- entitlements (licenses.md §7.5)

class LicenseEntitlements : public Licenses {
 protected:
  std::string license_ = Create({}).Id();
  std::string own_ = server_.AddEntitlement("OWN");
  std::string inherited_ = server_.AddEntitlement("INHERITED");
  std::string other_ = server_.AddEntitlement("OTHER");
  void SetUp() override {
    server_.Attach("/licenses/" + license_, own_);
    server_.Attach("/policies/" + policy_, inherited_);
  }
  Answer Change(std::string_view method, std::vector<std::string> ids) {
    json::array items;
    for (auto& id : ids) items.push_back({{"type", "entitlements"}, {"id", id}});
    return server_.Send(method, "/licenses/" + license_ + "/entitlements", server_.AsAdmin(),
                        json::value(json::object{{"data", std::move(items)}}));
  }
  std::vector<std::string> Effective() {
    return server_.Get("/licenses/" + license_ + "/entitlements").Ids();
  }
};

TEST_F(LicenseEntitlements, AreTheUnionOfOwnAndInherited) {
  EXPECT_THAT(Effective(), UnorderedElementsAre(own_, inherited_));
  for (const auto& id : {own_, inherited_})
    EXPECT_EQ(server_.Get("/licenses/" + license_ + "/entitlements/" + id).status, 200);
  EXPECT_EQ(server_.Get("/licenses/" + license_ + "/entitlements/" + other_).status, 404);
  EXPECT_EQ(server_.Get("/licenses/" + license_ + "/entitlements/OWN").status, 404);  // id only
}

TEST_F(LicenseEntitlements, AttachAnswersTheJoins) {
  const Answer answer = Change("POST", {other_});
  ASSERT_EQ(answer.status, 200) << answer.body;
  const json::value row = answer.Data().at(0);
  const std::string root = "/v1/accounts/" + server_.account_id().ToString();
  EXPECT_EQ(row.at("type"), "license-entitlements");
  EXPECT_THAT(NamesOf(row.at("relationships")),
              ElementsAre("account", "environment", "entitlement", "license"));
  EXPECT_EQ(row.at("relationships").at("entitlement"),
            (json::value{{"links", {{"related", root + "/entitlements/" + other_}}},
                         {"data", {{"type", "entitlements"}, {"id", other_}}}}));
  EXPECT_EQ(row.at("relationships").at("license"),
            (json::value{{"links", {{"related", root + "/licenses/" + license_}}},
                         {"data", {{"type", "licenses"}, {"id", license_}}}}));
  EXPECT_EQ(row.at("links"),
            (json::value{{"related", root + "/licenses/" + license_ + "/entitlements/" + other_}}));
  EXPECT_EQ(server_.Events().back(), "license.entitlements.attached");
}

TEST_F(LicenseEntitlements, AttachIsAllOrNothing) {
  const std::string unknown = "5d3e9c71-0f4b-4b6a-8c12-7a9e1f2d3c43";
  const struct {
    std::vector<std::string> ids;
    std::string code, detail;
  } cases[] = {
      {{other_, unknown}, "ENTITLEMENT_NOT_FOUND", "must exist"},
      {{other_, own_}, "ENTITLEMENT_TAKEN", "already exists"},
      {{other_, inherited_},
       "ENTITLEMENT_CONFLICT",
       "already exists (entitlement is attached through policy)"},
  };
  for (const auto& row : cases) {
    const Answer answer = Change("POST", row.ids);
    EXPECT_EQ(answer.status, 422);
    EXPECT_EQ(answer.Code(), row.code);
    EXPECT_EQ(answer.Detail(), row.detail);
    EXPECT_EQ(answer.Source(), "/data/relationships/entitlement");
    EXPECT_THAT(Effective(), UnorderedElementsAre(own_, inherited_));
  }
}

TEST_F(LicenseEntitlements, DetachNamesTheFirstOffender) {
  const Answer inherited = Change("DELETE", {other_, inherited_});
  EXPECT_EQ(inherited.status, 403);
  EXPECT_EQ(inherited.Detail(), "cannot detach entitlement '" + inherited_ +
                                    "' (entitlement is attached through policy)");
  EXPECT_EQ(inherited.Source(), "/data/1");
  EXPECT_THAT(inherited.body, HasSubstr(R"("title":"Access denied")"));
  const Answer loose = Change("DELETE", {own_, other_});
  EXPECT_EQ(loose.status, 422);
  EXPECT_EQ(loose.Code(), "");
  EXPECT_EQ(loose.Detail(),
            "cannot detach entitlement '" + other_ + "' (entitlement is not attached)");
  EXPECT_EQ(loose.Source(), "/data/1");
  EXPECT_THAT(loose.body, HasSubstr(R"("title":"Unprocessable entity")"));
  EXPECT_THAT(Effective(), UnorderedElementsAre(own_, inherited_));
  const Answer done = Change("DELETE", {own_});
  EXPECT_EQ(done.status, 204);
  EXPECT_EQ(done.body, "");
  EXPECT_EQ(server_.Events().back(), "license.entitlements.detached");
  EXPECT_THAT(Effective(), ElementsAre(inherited_));
}

TEST_F(LicenseEntitlements, TheListHasOneToAHundredItems) {
  for (const std::size_t count : {0U, 101U}) {
    const Answer answer = Change("POST", std::vector<std::string>(count, other_));
    EXPECT_EQ(answer.status, 400) << count;
    EXPECT_EQ(answer.Source(), "/data");
  }
  EXPECT_EQ(Change("POST", std::vector<std::string>(101, other_)).Detail(),
            "length must be between 1 and 100 (inclusive)");
  const Answer type =
      server_.Post("/licenses/" + license_ + "/entitlements",
                   json::object{{"data", json::array{{{"type", "users"}, {"id", other_}}}}});
  EXPECT_EQ(type.Source(), "/data/0/type");
}

// ---- transfer (licenses.md §7.7)

struct TransferCase {
  std::string name;
  json::object from, to;
  std::string detail;  // empty: allowed
};
class LicenseTransfer : public Licenses, public ::testing::WithParamInterface<TransferCase> {
 protected:
  Answer Move(std::string_view license, std::string_view policy,
              const TestServer::Headers& headers) {
    return server_.Send("PUT", "/licenses/" + std::string(license) + "/policy", headers,
                        LinkTo("policies", policy));
  }
};
TEST_P(LicenseTransfer, FollowsTheFirstRuleThatFails) {
  policy_ = server_.AddPolicy(product_, GetParam().from);
  const std::string license = Create({}).Id();
  const Answer answer =
      Move(license, server_.AddPolicy(product_, GetParam().to), server_.AsAdmin());
  if (GetParam().detail.empty()) {
    EXPECT_EQ(answer.status, 200) << answer.body;
    EXPECT_EQ(server_.Events().back(), "license.policy.updated");
    return;
  }
  EXPECT_EQ(answer.status, 422);
  EXPECT_EQ(answer.Code(), "POLICY_NOT_COMPATIBLE");
  EXPECT_EQ(answer.Detail(), GetParam().detail);
  EXPECT_EQ(answer.Source(), "/data/relationships/policy");
}
INSTANTIATE_TEST_SUITE_P(
    Rules, LicenseTransfer,
    ::testing::Values(
        TransferCase{"Encrypted",
                     {},
                     {{"encrypted", true}},
                     "cannot change from an encrypted policy to an unencrypted policy (or "
                     "vice-versa)"},
        TransferCase{"Pooled",
                     {},
                     {{"usePool", true}},
                     "cannot change from a pooled policy to an unpooled policy (or vice-versa)"},
        TransferCase{"Scheme",
                     {},
                     {{"scheme", "ED25519_SIGN"}},
                     "cannot change to a policy with a different scheme"},
        TransferCase{"StricterMachines",
                     {},
                     {{"machineUniquenessStrategy", "UNIQUE_PER_ACCOUNT"}},
                     "cannot change to a policy with a more strict machine uniqueness strategy"},
        TransferCase{"StricterComponents",
                     {},
                     {{"componentUniquenessStrategy", "UNIQUE_PER_ACCOUNT"}},
                     "cannot change to a policy with a more strict component uniqueness strategy"},
        TransferCase{"LooserMachinesHideStricterComponents",
                     {{"machineUniquenessStrategy", "UNIQUE_PER_POLICY"}},
                     {{"componentUniquenessStrategy", "UNIQUE_PER_ACCOUNT"}},
                     ""},
        TransferCase{"Alike", {{"strict", true}}, {{"floating", true}}, ""}),
    [](const auto& test) { return test.param.name; });

TEST_F(LicenseTransfer, MovesLicenseAndMachinesAlong) {
  const std::string license = Create({}).Id();
  const std::string machine = server_.AddMachine(license, "m1").Id();
  const std::string other_product = server_.AddProduct();
  const std::string other = server_.AddPolicy(other_product, {{"duration", 2629746}});
  server_.SetNow(*base::ParseTime("2026-01-31T12:00:00Z"));
  const Answer answer = Move(license, other, server_.AsAdmin());
  ASSERT_EQ(answer.status, 200);
  EXPECT_EQ(Text(answer.Data().at("relationships").at("policy").at("data").at("id")), other);
  EXPECT_EQ(Text(answer.Data().at("relationships").at("product").at("data").at("id")),
            other_product);
  EXPECT_TRUE(answer.Attribute("expiry").is_null());  // KEEP_EXPIRY
  EXPECT_EQ(Text(server_.Get("/machines/" + machine)
                     .Data()
                     .at("relationships")
                     .at("product")
                     .at("data")
                     .at("id")),
            other_product);
  const std::string reset =
      server_.AddPolicy(product_, {{"duration", 2629746}, {"transferStrategy", "RESET_EXPIRY"}});
  EXPECT_EQ(Move(license, reset, server_.AsAdmin()).Attribute("expiry"),
            "2026-02-28T12:00:00.000Z");
  const std::string perpetual = server_.AddPolicy(product_, {{"transferStrategy", "RESET_EXPIRY"}});
  EXPECT_TRUE(Move(license, perpetual, server_.AsAdmin()).Attribute("expiry").is_null());
}

TEST_F(LicenseTransfer, ReviewsOverridesAndKnowsItsPolicies) {
  const std::string floating = server_.AddPolicy(product_, {{"floating", true}});
  policy_ = floating;
  const std::string license = Create({{"maxMachines", 5}}).Id();
  const Answer locked = Move(license, server_.AddPolicy(product_), server_.AsAdmin());
  EXPECT_EQ(locked.status, 422);
  EXPECT_EQ(locked.Code(), "MAX_MACHINES_INVALID");
  const std::string unknown = "5d3e9c71-0f4b-4b6a-8c12-7a9e1f2d3c43";
  const Answer missing = Move(license, unknown, server_.AsAdmin());
  EXPECT_EQ(missing.Code(), "POLICY_NOT_FOUND");
  const Answer null = server_.Send("PUT", "/licenses/" + license + "/policy", server_.AsAdmin(),
                                   json::value(json::object{{"data", nullptr}}));
  EXPECT_EQ(null.status, 400);
  EXPECT_EQ(null.Detail(), "cannot be null");
  // Products move only among their own policies.
  const auto product = TestServer::AsToken(ProductToken(product_));
  const std::string elsewhere = server_.AddPolicy(server_.AddProduct(), {{"floating", true}});
  EXPECT_EQ(Move(license, unknown, product).status, 403);
  EXPECT_EQ(Move(license, elsewhere, product).status, 403);
  EXPECT_EQ(Move(license, server_.AddPolicy(product_, {{"floating", true}}), product).status, 200);
}

// ---- tokens of a license (licenses.md §7.6)

TEST_F(Licenses, TokensOfALicenseCarryCounters) {
  const std::string id = Create({}).Id();
  const Answer plain = server_.Post("/licenses/" + id + "/tokens", json::object());
  ASSERT_EQ(plain.status, 200) << plain.body;
  EXPECT_EQ(plain.Attribute("kind"), "activation-token");
  EXPECT_TRUE(plain.Attribute("expiry").is_null());
  EXPECT_EQ(plain.Attribute("activations"), 0);
  EXPECT_EQ(plain.Attribute("deactivations"), 0);
  EXPECT_THAT(Text(plain.Attribute("token")), ::testing::MatchesRegex("activ-[0-9a-f]{32}v3"));
  EXPECT_EQ(server_.Events().back(), "token.generated");
  const std::string path = "/licenses/" + id + "/tokens";
  const auto refused = [&](json::object attributes) {
    return server_.Post(path, DocumentOf("tokens", std::move(attributes)));
  };
  EXPECT_EQ(refused({{"maxActivations", -1}}).Code(), "MAX_ACTIVATIONS_INVALID");
  EXPECT_EQ(refused({{"maxDeactivations", -1}}).Code(), "MAX_DEACTIVATIONS_INVALID");
  EXPECT_EQ(refused({{"permissions", json::array{"license.suspend"}}}).Code(),
            "PERMISSIONS_NOT_ALLOWED");
  const Answer listed = server_.Get(path);
  ASSERT_EQ(listed.Ids(), std::vector<std::string>{plain.Id()});
  EXPECT_FALSE(listed.Data().at(0).at("attributes").as_object().contains("token"));
  EXPECT_EQ(server_.Get(path + "/" + plain.Id()).status, 200);
}

}  // namespace
}  // namespace latchkey::api
