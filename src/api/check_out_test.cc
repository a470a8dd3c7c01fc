#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/test_server.h"
#include "core/certificate.h"
#include "crypto/signature.h"

namespace latchkey::api {
namespace {

using core::FileAlgorithm;
using core::FileEncoding;
using core::FileKind;
using core::VerifiedFile;
using crypto::SignatureAlgorithm;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

constexpr FileAlgorithm kPlain{FileEncoding::kBase64, SignatureAlgorithm::kEd25519};
constexpr FileAlgorithm kEncrypted{FileEncoding::kAes256Gcm, SignatureAlgorithm::kEd25519};

std::string Text(const json::value& value) { return std::string(value.as_string()); }

std::vector<std::string> Names(const json::value& array) {
  std::vector<std::string> names;
  for (const auto& item : array.as_array()) names.push_back(Text(item));
  return names;
}

class CheckOut : public ::testing::Test {
 protected:
  // One license with one machine and two entitlements, one of them by its policy.
  void SetUp() override { Build({}); }
  void Build(json::object policy_attributes, json::object license_attributes = {}) {
    product_ = server_.AddProduct();
    policy_ = server_.AddPolicy(product_, std::move(policy_attributes));
    const Answer license = server_.AddLicense(policy_, std::move(license_attributes));
    license_ = license.Id();
    key_ = Text(license.Attribute("key"));
    machine_ = server_.AddMachine(license_, "aa:bb:cc:dd").Id();
  }

  std::string LicensePath(std::string_view query = {}) const {
    return "/licenses/" + license_ + "/actions/check-out" + std::string(query);
  }
  std::string MachinePath(std::string_view query = {}) const {
    return "/machines/" + machine_ + "/actions/check-out" + std::string(query);
  }
  Answer PostMeta(std::string_view path, json::object meta, const TestServer::Headers& headers) {
    return server_.Send("POST", path, headers,
                        json::value(json::object{{"meta", std::move(meta)}}));
  }
  Answer PostMeta(std::string_view path, json::object meta) {
    return PostMeta(path, std::move(meta), server_.AsAdmin());
  }
  std::string LicenseToken(json::array permissions) {
    return Text(server_
                    .Post("/licenses/" + license_ + "/tokens",
                          DocumentOf("tokens", {{"permissions", std::move(permissions)}}))
                    .Attribute("token"));
  }
  Result<VerifiedFile> Open(FileKind kind, const FileAlgorithm& algorithm,
                            std::string_view certificate) const {
    const std::string secret = key_ + (kind == FileKind::kMachine ? "aa:bb:cc:dd" : "");
    return VerifiedFile::Open(kind, algorithm, certificate, secret, server_.keys().public_keys());
  }
  json::object OpenLicense(const Answer& answer, const FileAlgorithm& algorithm = kPlain) {
    auto file = Open(FileKind::kLicense, algorithm, Text(answer.Attribute("certificate")));
    EXPECT_TRUE(file) << answer.body;
    return file ? file->payload() : json::object();
  }

  TestServer server_;
  std::string product_, policy_, license_, key_, machine_;
};

TEST_F(CheckOut, ALicenseFileHoldsTheLicenseAndItsTimes) {
  const Answer answer = server_.Send("POST", LicensePath(), server_.AsAdmin());
  ASSERT_EQ(answer.status, 200) << answer.body;
  EXPECT_TRUE(server_.SignatureHolds(answer));
  const json::value data = answer.Data();
  EXPECT_EQ(data.at("type"), "license-files");
  EXPECT_TRUE(Uuid::Parse(Text(data.at("id"))));
  const json::value attributes = data.at("attributes");
  EXPECT_EQ(attributes.at("algorithm"), "base64+ed25519");
  EXPECT_EQ(attributes.at("ttl"), 2629746);
  EXPECT_EQ(attributes.at("issued"), "2026-03-03T09:15:00.000Z");
  EXPECT_EQ(attributes.at("expiry"), "2026-04-03T09:15:00.000Z");
  EXPECT_THAT(Names(attributes.at("includes")), IsEmpty());
  const json::value relationships = data.at("relationships");
  EXPECT_EQ(relationships.at("license").at("data").at("id"), json::value(license_));
  EXPECT_EQ(
      relationships.at("license").at("links").at("related"),
      json::value("/v1/accounts/" + server_.account_id().ToString() + "/licenses/" + license_));
  EXPECT_TRUE(relationships.at("environment").at("data").is_null());
  EXPECT_FALSE(data.as_object().contains("links"));

  const json::object payload = OpenLicense(answer);
  EXPECT_EQ(payload.at("data").at("id"), json::value(license_));
  EXPECT_EQ(payload.at("data").at("attributes").at("key"), json::value(key_));
  EXPECT_FALSE(payload.contains("included"));
  EXPECT_FALSE(payload.contains("links"));
  const json::object& meta = payload.at("meta").as_object();
  EXPECT_EQ(meta.at("issued"), "2026-03-03T09:15:00.000Z");
  EXPECT_EQ(meta.at("expiry"), "2026-04-03T09:15:00.000Z");
  EXPECT_EQ(meta.at("ttl"), 2629746);
  EXPECT_EQ(std::string_view(std::prev(meta.end())->key()), "terms");
}

TEST_F(CheckOut, ThePayloadIsTheResourceTheApiServes) {
  const json::value served = server_.Get("/licenses/" + license_).Data();
  EXPECT_EQ(OpenLicense(server_.Send("POST", LicensePath(), server_.AsAdmin())).at("data"), served);
  const json::value machine = server_.Get("/machines/" + machine_).Data();
  const auto file =
      Open(FileKind::kMachine, kPlain,
           Text(server_.Send("POST", MachinePath(), server_.AsAdmin()).Attribute("certificate")));
  ASSERT_TRUE(file);
  EXPECT_EQ(file->payload().at("data"), machine);
}

TEST_F(CheckOut, EveryAnswerIsANewResource) {
  const std::string first = server_.Send("POST", LicensePath(), server_.AsAdmin()).Id();
  EXPECT_NE(first, server_.Send("POST", LicensePath(), server_.AsAdmin()).Id());
}

TEST_F(CheckOut, TheFileShowsThePreviousCheckOutAndTheRecordTheNewOne) {
  const json::object first = OpenLicense(server_.Send("POST", LicensePath(), server_.AsAdmin()));
  EXPECT_TRUE(first.at("data").at("attributes").at("lastCheckOut").is_null());
  EXPECT_EQ(server_.Get("/licenses/" + license_).Attribute("lastCheckOut"),
            "2026-03-03T09:15:00.000Z");
  server_.Advance(std::chrono::hours(1));
  const json::object second = OpenLicense(server_.Send("POST", LicensePath(), server_.AsAdmin()));
  EXPECT_EQ(second.at("data").at("attributes").at("lastCheckOut"), "2026-03-03T09:15:00.000Z");
  const Answer shown = server_.Get("/licenses/" + license_);
  EXPECT_EQ(shown.Attribute("lastCheckOut"), "2026-03-03T10:15:00.000Z");
  EXPECT_EQ(shown.Attribute("updated"), "2026-03-03T10:15:00.000Z");
  EXPECT_EQ(server_.Events().back(), "license.checked-out");

  ASSERT_EQ(server_.Send("GET", MachinePath(), server_.AsAdmin()).status, 200);
  EXPECT_EQ(server_.Get("/machines/" + machine_).Attribute("lastCheckOut"),
            "2026-03-03T10:15:00.000Z");
  EXPECT_EQ(server_.Events().back(), "machine.checked-out");
}

TEST_F(CheckOut, ARefusedCheckOutLeavesNoTrace) {
  const auto before = server_.Events();
  EXPECT_EQ(server_.Send("GET", LicensePath("?ttl=1"), server_.AsAdmin()).status, 400);
  EXPECT_EQ(server_.Events(), before);
  EXPECT_TRUE(server_.Get("/licenses/" + license_).Attribute("lastCheckOut").is_null());
}

TEST_F(CheckOut, AMachineFileIsTheLease) {
  const std::string own = server_.AddEntitlement("EXPORT");
  const std::string inherited = server_.AddEntitlement("PRINT");
  server_.Attach("/licenses/" + license_, own);
  server_.Attach("/policies/" + policy_, inherited);
  const Answer answer =
      PostMeta(MachinePath(), {{"encrypt", true}, {"include", {"license", "license.entitlements"}}},
               TestServer::AsLicense(key_));
  ASSERT_EQ(answer.status, 200) << answer.body;
  EXPECT_TRUE(server_.SignatureHolds(answer));
  EXPECT_EQ(answer.Data().at("type"), "machine-files");
  EXPECT_EQ(answer.Data().at("relationships").at("machine").at("data").at("id"),
            json::value(machine_));
  EXPECT_EQ(answer.Data().at("relationships").at("license").at("data").at("id"),
            json::value(license_));
  EXPECT_THAT(Names(answer.Attribute("includes")), ElementsAre("license", "license.entitlements"));

  const std::string certificate = Text(answer.Attribute("certificate"));
  const auto file = Open(FileKind::kMachine, kEncrypted, certificate);
  ASSERT_TRUE(file);
  EXPECT_TRUE(file->CheckFingerprint("aa:bb:cc:dd"));
  const json::array& included = file->payload().at("included").as_array();
  ASSERT_EQ(included.size(), 3u);
  EXPECT_EQ(included[0].at("type"), "licenses");
  EXPECT_EQ(included[0].at("id"), json::value(license_));
  EXPECT_THAT((std::vector{Text(included[1].at("id")), Text(included[2].at("id"))}),
              UnorderedElementsAre(own, inherited));
  EXPECT_EQ(included[0].at("relationships").at("entitlements").at("data").as_array().size(), 2u);

  // Neither another device's secret nor another kind opens it.
  const auto keys = server_.keys().public_keys();
  EXPECT_EQ(
      VerifiedFile::Open(FileKind::kMachine, kEncrypted, certificate, key_, keys).error().code,
      Errc::kDecryptionFailed);
  EXPECT_FALSE(
      VerifiedFile::Open(FileKind::kLicense, kEncrypted, certificate, key_ + "aa:bb:cc:dd", keys));
}

TEST_F(CheckOut, AnotherAccountsKeyDoesNotVerifyIt) {
  const Answer answer = server_.Send("POST", LicensePath(), server_.AsAdmin());
  const auto stranger = crypto::AccountKeys::Generate(base::SystemRandom());
  EXPECT_EQ(VerifiedFile::Open(FileKind::kLicense, kPlain, Text(answer.Attribute("certificate")),
                               key_, stranger.public_keys())
                .error()
                .code,
            Errc::kSignatureInvalid);
}

TEST_F(CheckOut, GetAnswersTheBareFile) {
  const Answer license = server_.Send("GET", LicensePath("?encrypt=1&ttl=3600"), server_.AsAdmin());
  ASSERT_EQ(license.status, 200) << license.body;
  EXPECT_TRUE(server_.SignatureHolds(license));
  EXPECT_EQ(license.header("Content-Type"), "application/octet-stream");
  EXPECT_EQ(license.header("Content-Disposition"), "attachment; filename=\"" + license_ + ".lic\"");
  EXPECT_TRUE(license.body.ends_with("-----END LICENSE FILE-----\n"));
  const auto file = Open(FileKind::kLicense, kEncrypted, license.body);
  ASSERT_TRUE(file);
  EXPECT_EQ(file->ttl(), 3600);

  const Answer machine =
      server_.Send("GET", MachinePath("?include=license,components"), server_.AsAdmin());
  ASSERT_EQ(machine.status, 200) << machine.body;
  EXPECT_EQ(machine.header("Content-Disposition"), "attachment; filename=\"" + machine_ + ".lic\"");
  const auto opened = Open(FileKind::kMachine, kPlain, machine.body);
  ASSERT_TRUE(opened);
  EXPECT_EQ(opened->payload().at("included").as_array().size(), 1u);
  EXPECT_THAT(
      opened->payload().at("data").at("relationships").at("components").at("data").as_array(),
      IsEmpty());

  const Answer refused = server_.Send("GET", LicensePath("?ttl=5"), server_.AsAdmin());
  EXPECT_EQ(refused.status, 400);
  EXPECT_EQ(refused.header("Content-Type"), "application/vnd.api+json; charset=utf-8");
  EXPECT_EQ(refused.Code(), "CHECKOUT_TTL_INVALID");
}

// What parameters mean (machines.md §6.2). `meta` empty: no body.
struct ParameterCase {
  const char* name;
  const char* query;
  const char* meta;
  const char* algorithm;
  const char* ttl;  // JSON
  std::vector<std::string> includes;
};
class CheckOutParameters : public CheckOut, public ::testing::WithParamInterface<ParameterCase> {};

TEST_P(CheckOutParameters, AreReadAsWritten) {
  const ParameterCase& row = GetParam();
  const std::string body = *row.meta ? "{\"meta\":" + std::string(row.meta) + "}" : "";
  const Answer answer = server_.Send("POST", LicensePath(row.query), server_.AsAdmin(), body);
  ASSERT_EQ(answer.status, 200) << answer.body;
  EXPECT_EQ(answer.Attribute("algorithm"), row.algorithm);
  EXPECT_EQ(base::WriteJson(answer.Attribute("ttl")), row.ttl);
  EXPECT_EQ(Names(answer.Attribute("includes")), row.includes);
  EXPECT_EQ(answer.Attribute("expiry").is_null(), std::string_view(row.ttl) == "null");
}

constexpr const char* kBase = "base64+ed25519";
constexpr const char* kAes = "aes-256-gcm+ed25519";
INSTANTIATE_TEST_SUITE_P(
    Rows, CheckOutParameters,
    ::testing::Values(
        ParameterCase{"NothingSent", "", "", kBase, "2629746", {}},
        ParameterCase{"EmptyObject", "", "{}", kBase, "2629746", {}},
        ParameterCase{"QueryYes", "?encrypt=YES", "", kAes, "2629746", {}},
        ParameterCase{"QueryOne", "?encrypt=1", "", kAes, "2629746", {}},
        ParameterCase{"QueryOtherTextIsFalse", "?encrypt=True", "", kBase, "2629746", {}},
        ParameterCase{"QueryOnIsFalse", "?encrypt=on", "", kBase, "2629746", {}},
        ParameterCase{"QueryTtl", "?ttl=7200", "", kBase, "7200", {}},
        ParameterCase{"EmptyTtlIsNoExpiry", "?ttl=", "", kBase, "null", {}},
        ParameterCase{"UnknownQueryIsIgnored", "?colour=red", "", kBase, "2629746", {}},
        ParameterCase{"QueryIncludes",
                      "?include=product,entitlements",
                      "",
                      kBase,
                      "2629746",
                      {"product", "entitlements"}},
        ParameterCase{"QueryIncludeArray",
                      "?include[]=product&include[]=policy",
                      "",
                      kBase,
                      "2629746",
                      {"product", "policy"}},
        ParameterCase{"EmptyInclude", "?include=", "", kBase, "2629746", {}},
        ParameterCase{"AliasMovesToTheEnd",
                      "?include=user,product",
                      "",
                      kBase,
                      "2629746",
                      {"product", "owner"}},
        ParameterCase{
            "EachIncludeOnce", "?include=owner,user,owner", "", kBase, "2629746", {"owner"}},
        ParameterCase{"MetaTtlAsText", "", R"({"ttl":"7200"})", kBase, "7200", {}},
        ParameterCase{"MetaNullTtlIsNoExpiry", "", R"({"ttl":null})", kBase, "null", {}},
        ParameterCase{"MetaBeatsQuery",
                      "?ttl=7200&encrypt=1&include=product",
                      R"({"ttl":3600,"encrypt":false,"include":["policy"]})",
                      kBase,
                      "3600",
                      {"policy"}},
        ParameterCase{"NullInMetaBeatsQuery",
                      "?ttl=7200&encrypt=1&include=product&algorithm=base64%2Brsa-sha256",
                      R"({"ttl":null,"encrypt":null,"include":null,"algorithm":null})",
                      kBase,
                      "null",
                      {}},
        ParameterCase{"QueryStaysForKeysNotInMeta",
                      "?ttl=7200&encrypt=1",
                      R"({"include":["group"]})",
                      kAes,
                      "7200",
                      {"group"}},
        ParameterCase{"AlgorithmBeatsEncrypt",
                      "?encrypt=1",
                      R"({"algorithm":"base64+rsa-sha256"})",
                      "base64+rsa-sha256",
                      "2629746",
                      {}},
        ParameterCase{"BlankAlgorithm", "?encrypt=1", R"({"algorithm":""})", kAes, "2629746", {}}),
    [](const auto& row) { return row.param.name; });

// Refusals of the shape, of values and of permissions, and which comes first (decision 22).
struct RefusalCase {
  const char* name;
  const char* query;
  const char* meta;
  int status;
  const char* code;
  const char* detail;
  const char* source;
};
class CheckOutRefusals : public CheckOut, public ::testing::WithParamInterface<RefusalCase> {};

TEST_P(CheckOutRefusals, SayWhatIsWrong) {
  const RefusalCase& row = GetParam();
  const std::string body = *row.meta ? "{\"meta\":" + std::string(row.meta) + "}" : "";
  for (const std::string& path : {LicensePath(row.query), MachinePath(row.query)}) {
    const Answer answer = server_.Send("POST", path, TestServer::AsLicense(key_), body);
    EXPECT_EQ(answer.status, row.status) << path << answer.body;
    EXPECT_EQ(answer.Code(), row.code) << path;
    EXPECT_EQ(answer.Detail(), row.detail) << path;
    EXPECT_EQ(answer.Source(), row.source) << path;
    EXPECT_TRUE(server_.SignatureHolds(answer)) << path;
  }
}

constexpr const char* kTooShort = "must be greater than or equal to 3600 (1 hour)";
INSTANTIATE_TEST_SUITE_P(
    Rows, CheckOutRefusals,
    ::testing::Values(
        RefusalCase{"UnknownMember", "", R"({"colour":"red"})", 400, "", "unpermitted parameter",
                    "/meta/colour"},
        RefusalCase{"IncludeAsText", "", R"({"include":"group"})", 400, "",
                    "type mismatch (received string expected array)", "/meta/include"},
        RefusalCase{"EncryptAsText", "", R"({"encrypt":"yes"})", 400, "",
                    "type mismatch (received string expected boolean)", "/meta/encrypt"},
        RefusalCase{"ShapeBeforeValues", "?ttl=1&include=nothing", R"({"colour":"red"})", 400, "",
                    "unpermitted parameter", "/meta/colour"},
        RefusalCase{"UnknownInclude", "?include=nothing", "", 400, "CHECKOUT_INCLUDE_INVALID",
                    "invalid includes", "include"},
        RefusalCase{"IncludeBeforeTtl", "?include=nothing&ttl=1&algorithm=x", "", 400,
                    "CHECKOUT_INCLUDE_INVALID", "invalid includes", "include"},
        RefusalCase{"ShortTtl", "?ttl=3599", "", 400, "CHECKOUT_TTL_INVALID", kTooShort, "ttl"},
        RefusalCase{"NegativeTtl", "?ttl=-1", "", 400, "CHECKOUT_TTL_INVALID", kTooShort, "ttl"},
        RefusalCase{"TtlThatIsNoNumber", "?ttl=soon", "", 400, "CHECKOUT_TTL_INVALID", kTooShort,
                    "ttl"},
        RefusalCase{"MetaTtlThatIsNoNumber", "", R"({"ttl":"soon"})", 400, "CHECKOUT_TTL_INVALID",
                    kTooShort, "ttl"},
        RefusalCase{"TtlBeyondAllNumbers", "?ttl=99999999999999999999", "", 400, "",
                    "integer is too large", ""},
        RefusalCase{"TtlBeforeAlgorithm", "?ttl=1&algorithm=x", "", 400, "CHECKOUT_TTL_INVALID",
                    kTooShort, "ttl"},
        RefusalCase{"UnknownEncoding", "?algorithm=rot13%2Bed25519", "", 400,
                    "CHECKOUT_ALGORITHM_INVALID", "invalid encoding algorithm", "algorithm"},
        RefusalCase{"UnknownSigning", "?algorithm=base64%2Bed448", "", 400,
                    "CHECKOUT_ALGORITHM_INVALID", "invalid signing algorithm", "algorithm"},
        RefusalCase{"AlgorithmWithoutPlus", "?algorithm=base64", "", 400,
                    "CHECKOUT_ALGORITHM_INVALID", "invalid signing algorithm", "algorithm"},
        RefusalCase{"AlgorithmBeforeIncludePermissions", "?algorithm=x", R"({"include":["group"]})",
                    400, "CHECKOUT_ALGORITHM_INVALID", "invalid encoding algorithm", "algorithm"},
        RefusalCase{"IncludePermission", "?include=environment", "", 403, "",
                    "You do not have permission to complete the request (license lacks permission "
                    "to perform action)",
                    ""}),
    [](const auto& row) { return row.param.name; });

TEST_F(CheckOut, ABearerNeedsCheckOutAndReadBeforeItsValuesAreJudged) {
  const auto bearer = [&](json::array permissions) {
    return TestServer::AsToken(LicenseToken(std::move(permissions)));
  };
  const auto with_both = bearer({"license.check-out", "license.read"});
  const auto without_read = bearer({"license.check-out"});
  const auto without_check_out = bearer({"license.read"});
  EXPECT_EQ(server_.Send("POST", LicensePath(), with_both).status, 200);
  for (const auto& headers : {without_read, without_check_out}) {
    EXPECT_EQ(server_.Send("POST", LicensePath("?ttl=1"), headers).status, 403);
    EXPECT_EQ(PostMeta(LicensePath(), {{"colour", "red"}}, headers).status, 400);  // shape first
  }
  EXPECT_EQ(server_.Send("POST", LicensePath("?ttl=1"), with_both).status, 400);
  EXPECT_EQ(server_.Send("POST", LicensePath("?include=entitlements"), with_both).status, 403);
}

TEST_F(CheckOut, ABodyIsJsonWhateverItsType) {
  auto headers = server_.AsAdmin();
  headers.push_back({"Content-Type", "text/plain"});
  const Answer answer =
      server_.Send("POST", LicensePath(), headers, std::string_view(R"({"meta":{"ttl":3600}})"));
  ASSERT_EQ(answer.status, 200) << answer.body;
  EXPECT_EQ(answer.Attribute("ttl"), 3600);
}

// Who may check out (machines.md §1.10, conventions.md §4.5).
TEST_F(CheckOut, RolesDecideWhoGetsAFile) {
  const auto user = [&](std::string_view role) {
    return TestServer::AsToken(
        server_.TokenOf(server_.AddUser(std::string(role) + "@acme.example", role)));
  };
  struct Case {
    std::string_view role;
    int status;
  };
  for (const Case& row : {Case{"developer", 200}, Case{"sales-agent", 200},
                          Case{"support-agent", 200}, Case{"read-only", 403}, Case{"user", 404}}) {
    const auto headers = user(row.role);
    EXPECT_EQ(server_.Send("POST", LicensePath(), headers).status, row.status) << row.role;
    EXPECT_EQ(server_.Send("GET", MachinePath(), headers).status, row.status) << row.role;
  }
  const Answer own = server_.Post("/products/" + product_ + "/tokens", json::object());
  EXPECT_EQ(
      server_.Send("POST", LicensePath(), TestServer::AsToken(Text(own.Attribute("token")))).status,
      200);
  const Answer other =
      server_.Post("/products/" + server_.AddProduct() + "/tokens", json::object());
  EXPECT_EQ(server_.Send("POST", LicensePath(), TestServer::AsToken(Text(other.Attribute("token"))))
                .status,
            404);
  EXPECT_EQ(server_.Send("POST", LicensePath(), {}).status, 401);
}

TEST_F(CheckOut, AProtectedLicenseServesItselfButNotItsOwner) {
  const core::User owner = server_.AddUser("owner@acme.example");
  const auto headers = TestServer::AsToken(server_.TokenOf(owner));
  server_.SetOwner(license_, owner);
  EXPECT_EQ(server_.Send("POST", LicensePath(), headers).status, 200);
  EXPECT_EQ(server_.Send("POST", MachinePath(), headers).status, 200);
  ASSERT_EQ(server_
                .Send("PATCH", "/licenses/" + license_, server_.AsAdmin(),
                      json::value(DocumentOf("licenses", {{"protected", true}})))
                .status,
            200);
  EXPECT_EQ(server_.Send("POST", LicensePath(), headers).status, 403);
  EXPECT_EQ(server_.Send("POST", MachinePath(), headers).status, 403);
  EXPECT_EQ(server_.Send("POST", LicensePath(), TestServer::AsLicense(key_)).status, 200);
  EXPECT_EQ(server_.Send("POST", MachinePath(), TestServer::AsLicense(key_)).status, 200);
}

TEST_F(CheckOut, ADottedIncludeBringsTheLicenseAlongAndEachRecordOnce) {
  const core::User owner = server_.AddUser("owner@acme.example");
  server_.SetOwner(license_, owner);
  server_.SetMachineOwner(machine_, owner);
  const Answer answer =
      PostMeta(MachinePath(), {{"include",
                                {"license.user", "license.product", "license.policy",
                                 "license.users", "owner", "group", "environment"}}});
  ASSERT_EQ(answer.status, 200) << answer.body;
  EXPECT_THAT(Names(answer.Attribute("includes")),
              ElementsAre("license.product", "license.policy", "license.users", "owner", "group",
                          "environment", "license.owner"));
  const auto file = Open(FileKind::kMachine, kPlain, Text(answer.Attribute("certificate")));
  ASSERT_TRUE(file);
  std::vector<std::string> found;
  for (const auto& item : file->payload().at("included").as_array())
    found.push_back(Text(item.at("type")) + "/" + Text(item.at("id")));
  EXPECT_THAT(found, ElementsAre("licenses/" + license_, "users/" + owner.id.ToString(),
                                 "products/" + product_, "policies/" + policy_));
  const json::value& license = file->payload().at("included").at(0);
  EXPECT_EQ(Text(license.at("relationships").at("users").at("data").at(0).at("id")),
            owner.id.ToString());
}

TEST_F(CheckOut, TheGroupIsIncluded) {
  const std::string group = server_.Post("/groups", DocumentOf("groups", {{"name", "Team"}})).Id();
  for (const std::string& path : {"/licenses/" + license_, "/machines/" + machine_})
    ASSERT_EQ(
        server_
            .Send("PUT", path + "/group", server_.AsAdmin(), json::value(LinkTo("groups", group)))
            .status,
        200);
  const json::object payload = OpenLicense(PostMeta(LicensePath(), {{"include", {"group"}}}));
  ASSERT_EQ(payload.at("included").as_array().size(), 1U);
  EXPECT_EQ(payload.at("included").at(0), server_.Get("/groups/" + group).Data());
  const Answer answer = PostMeta(MachinePath(), {{"include", {"group"}}});
  const auto file = Open(FileKind::kMachine, kPlain, Text(answer.Attribute("certificate")));
  ASSERT_TRUE(file);
  ASSERT_EQ(file->payload().at("included").as_array().size(), 1U);
  EXPECT_EQ(Text(file->payload().at("included").at(0).at("id")), group);
}

TEST_F(CheckOut, AnIncludeWithoutTargetAddsNothing) {
  const json::object payload = OpenLicense(PostMeta(
      LicensePath(), {{"include", {"owner", "users", "group", "environment", "entitlements"}}}));
  EXPECT_FALSE(payload.contains("included"));
  EXPECT_THAT(payload.at("data").at("relationships").at("entitlements").at("data").as_array(),
              IsEmpty());
}

// ttl → expiry is calendar arithmetic (machines.md §6.4).
TEST_F(CheckOut, TheExpiryIsCalendarArithmetic) {
  struct Case {
    std::int64_t ttl;
    const char* expiry;
  };
  server_.SetNow(*base::ParseTime("2027-01-31T09:30:00Z"));
  for (const Case& row :
       {Case{3600, "2027-01-31T10:30:00.000Z"}, Case{2592000, "2027-03-02T09:30:00.000Z"},
        Case{2629746, "2027-02-28T09:30:00.000Z"}, Case{7776000, "2027-04-29T12:31:48.000Z"},
        Case{31556952, "2028-01-31T09:30:00.000Z"}}) {
    const Answer answer = PostMeta(LicensePath(), {{"ttl", row.ttl}});
    EXPECT_EQ(answer.Attribute("expiry"), row.expiry) << row.ttl;
    EXPECT_EQ(OpenLicense(answer).at("meta").at("expiry"), row.expiry) << row.ttl;
  }
}

// The signing algorithm follows the policy's scheme (machines.md §6.3), and each verifies.
struct SchemeCase {
  const char* scheme;  // empty: none
  SignatureAlgorithm signing;
};
class CheckOutSchemes : public CheckOut, public ::testing::WithParamInterface<SchemeCase> {
 protected:
  void SetUp() override {
    json::object attributes;
    if (*GetParam().scheme) attributes.emplace("scheme", GetParam().scheme);
    json::object license;
    const std::string_view scheme = GetParam().scheme;
    if (scheme == "RSA_2048_JWT_RS256") license.emplace("key", R"({"sub":"demo"})");
    Build(std::move(attributes), std::move(license));
  }
};

TEST_P(CheckOutSchemes, ChooseTheSigningAlgorithm) {
  const FileAlgorithm plain{FileEncoding::kBase64, GetParam().signing};
  const Answer answer = server_.Send("POST", LicensePath(), server_.AsAdmin());
  ASSERT_EQ(answer.status, 200) << answer.body;
  EXPECT_EQ(Text(answer.Attribute("algorithm")), plain.Name());
  EXPECT_EQ(OpenLicense(answer, plain).at("data").at("id"), json::value(license_));
  const FileAlgorithm sealed{FileEncoding::kAes256Gcm, GetParam().signing};
  const Answer machine = PostMeta(MachinePath(), {{"encrypt", true}});
  EXPECT_TRUE(Open(FileKind::kMachine, sealed, Text(machine.Attribute("certificate"))));
}

INSTANTIATE_TEST_SUITE_P(
    Schemes, CheckOutSchemes,
    ::testing::Values(SchemeCase{"", SignatureAlgorithm::kEd25519},
                      SchemeCase{"ED25519_SIGN", SignatureAlgorithm::kEd25519},
                      SchemeCase{"RSA_2048_PKCS1_PSS_SIGN", SignatureAlgorithm::kRsaPssSha256},
                      SchemeCase{"RSA_2048_PKCS1_PSS_SIGN_V2", SignatureAlgorithm::kRsaPssSha256},
                      SchemeCase{"RSA_2048_PKCS1_SIGN", SignatureAlgorithm::kRsaSha256},
                      SchemeCase{"RSA_2048_PKCS1_SIGN_V2", SignatureAlgorithm::kRsaSha256},
                      SchemeCase{"RSA_2048_PKCS1_ENCRYPT", SignatureAlgorithm::kRsaSha256},
                      SchemeCase{"RSA_2048_JWT_RS256", SignatureAlgorithm::kRsaSha256},
                      SchemeCase{"ECDSA_P256_SIGN", SignatureAlgorithm::kEcdsaP256}),
    [](const auto& row) { return *row.param.scheme ? row.param.scheme : "None"; });

TEST_F(CheckOut, AnAlgorithmThatIsNamedDecidesAlone) {
  for (const std::string_view encoding : {"base64", "aes-256-gcm"}) {
    for (const auto signing : {SignatureAlgorithm::kEd25519, SignatureAlgorithm::kRsaPssSha256,
                               SignatureAlgorithm::kRsaSha256, SignatureAlgorithm::kEcdsaP256}) {
      const FileAlgorithm algorithm{
          encoding == "base64" ? FileEncoding::kBase64 : FileEncoding::kAes256Gcm, signing};
      const Answer answer = PostMeta(LicensePath(), {{"algorithm", algorithm.Name()}});
      ASSERT_EQ(answer.status, 200) << answer.body;
      EXPECT_EQ(OpenLicense(answer, algorithm).at("data").at("id"), json::value(license_))
          << algorithm.Name();
    }
  }
}

TEST(CheckOutLegacy, AKeyThatIsOnlyADigestIsNeitherShownNorUsed) {
  TestServer server;
  const std::string policy =
      server.AddPolicy(server.AddProduct(), {{"scheme", "LEGACY_ENCRYPT"}, {"encrypted", true}});
  const std::string license = server.AddLicense(policy).Id();
  const std::string machine = server.AddMachine(license, "aa:bb").Id();
  for (const std::string& path : {"/licenses/" + license + "/actions/check-out",
                                  "/machines/" + machine + "/actions/check-out"}) {
    const Answer refused = server.Send("POST", path + "?encrypt=1", server.AsAdmin());
    EXPECT_EQ(refused.status, 400);
    EXPECT_EQ(refused.Code(), "CHECKOUT_ALGORITHM_INVALID");
  }
  const Answer answer =
      server.Send("POST", "/licenses/" + license + "/actions/check-out", server.AsAdmin());
  ASSERT_EQ(answer.status, 200) << answer.body;
  const auto file =
      VerifiedFile::Open(FileKind::kLicense, kPlain, Text(answer.Attribute("certificate")), "",
                         server.keys().public_keys());
  ASSERT_TRUE(file);
  EXPECT_FALSE(file->payload().at("data").at("attributes").as_object().contains("key"));
}

class CheckOutCap : public CheckOut {
 protected:
  void SetUp() override { Build({{"maxFileTtl", 86400}}); }
};

TEST_F(CheckOutCap, LimitsWhatUsersAndLicensesMayAskFor) {
  const core::User owner = server_.AddUser("owner@acme.example");
  server_.SetOwner(license_, owner);
  const auto user = TestServer::AsToken(server_.TokenOf(owner));
  for (const auto& headers : {TestServer::AsLicense(key_), user}) {
    EXPECT_EQ(server_.Send("POST", LicensePath(), headers).Attribute("ttl"), 86400);
    EXPECT_EQ(PostMeta(MachinePath(), {{"ttl", 86400}}, headers).status, 200);
    for (const json::value& ttl : {json::value(86401), json::value(nullptr)}) {
      const Answer refused = PostMeta(MachinePath(), {{"ttl", ttl}}, headers);
      EXPECT_EQ(refused.status, 400);
      EXPECT_EQ(refused.Code(), "CHECKOUT_TTL_INVALID");
      EXPECT_EQ(refused.Detail(), "must be less than or equal to 86400");
      EXPECT_EQ(refused.Source(), "ttl");
    }
  }
  EXPECT_EQ(server_.Send("POST", LicensePath(), server_.AsAdmin()).Attribute("ttl"), 2629746);
  EXPECT_EQ(PostMeta(LicensePath(), {{"ttl", nullptr}}).status, 200);
}

// Signed terms (decisions 1 and 2).
struct TermsCase {
  const char* name;
  const char* policy;  // JSON
  std::int64_t sync, grace, expiry_grace;
  const char* until;
};
class CheckOutTerms : public CheckOut, public ::testing::WithParamInterface<TermsCase> {
 protected:
  void SetUp() override { Build(base::ParseJson(GetParam().policy)->as_object()); }
};

TEST_P(CheckOutTerms, StandInEveryFile) {
  const TermsCase& row = GetParam();
  const auto file = Open(FileKind::kMachine, kPlain,
                         Text(PostMeta(MachinePath(), {{"ttl", 3600}}).Attribute("certificate")));
  ASSERT_TRUE(file);
  for (const json::object& payload :
       {file->payload(), OpenLicense(server_.Send("POST", LicensePath(), server_.AsAdmin()))}) {
    const json::value& terms = payload.at("meta").at("terms");
    EXPECT_EQ(terms.at("sync"), row.sync);
    EXPECT_EQ(terms.at("grace"), row.grace);
    EXPECT_EQ(terms.at("expiryGrace"), row.expiry_grace);
    EXPECT_EQ(terms.at("until"), row.until);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Rows, CheckOutTerms,
    ::testing::Values(
        TermsCase{"Subscription", R"({"duration":31556952})", 604800, 2592000, 1209600,
                  "2026-04-09T09:15:00.000Z"},
        TermsCase{"Perpetual", "{}", 7776000, 2592000, 1209600, "2026-07-01T09:15:00.000Z"},
        TermsCase{"Revoking", R"({"duration":31556952,"expirationStrategy":"REVOKE_ACCESS"})",
                  604800, 2592000, 0, "2026-04-09T09:15:00.000Z"},
        TermsCase{"ByTheVendor", R"({"syncInterval":3600,"offlineGrace":0,"expiryGrace":60})", 3600,
                  0, 60, "2026-03-03T10:15:00.000Z"}),
    [](const auto& row) { return row.param.name; });

}  // namespace
}  // namespace latchkey::api
