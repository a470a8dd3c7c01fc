// Every step of conventions.md §2 that concerns licensing: what an old client sends and gets.
#include "api/versions.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/test_server.h"

namespace latchkey::api {
namespace {

using ::testing::Contains;
using ::testing::Not;

std::vector<std::string> Names(const json::value& object) {
  std::vector<std::string> names;
  for (const auto& member : object.as_object()) names.emplace_back(member.key());
  return names;
}

class Versions : public ::testing::Test {
 protected:
  Answer Ask(std::string_view version, std::string_view method, std::string_view path,
             json::value body = {}) {
    auto headers = server_.AsAdmin();
    headers.push_back({"Keygen-Version", std::string(version)});
    const Answer answer = body.is_null() ? server_.Send(method, path, headers)
                                         : server_.Send(method, path, headers, body);
    EXPECT_EQ(answer.header("Keygen-Version"), version);
    EXPECT_TRUE(server_.SignatureHolds(answer)) << "the migrated bytes are the signed ones";
    return answer;
  }
  Answer MakePolicy(std::string_view version, json::object attributes = {}) {
    attributes.emplace("name", "P");
    return Ask(
        version, "POST", "/policies",
        DocumentOf("policies", std::move(attributes), {{"product", LinkTo("products", product_)}}));
  }

  TestServer server_;
  std::string product_ = server_.AddProduct();
  std::string policy_ = server_.AddPolicy(product_, {{"floating", true}, {"maxMachines", 5}});
  std::string license_ = server_.AddLicense(policy_).Id();
};

TEST_F(Versions, UpTo16PoliciesHaveALeasingStrategy) {
  const Answer old = Ask("1.6", "GET", "/policies/" + policy_);
  EXPECT_EQ(old.Attribute("leasingStrategy"), "PER_MACHINE");
  EXPECT_THAT(Names(old.Data().at("attributes")), Not(Contains("processLeasingStrategy")));
  const Answer now = Ask("1.7", "GET", "/policies/" + policy_);
  EXPECT_THAT(Names(now.Data().at("attributes")), Not(Contains("leasingStrategy")));

  EXPECT_EQ(MakePolicy("1.6", {{"leasingStrategy", "PER_LICENSE"}}).Attribute("leasingStrategy"),
            "PER_LICENSE");
  EXPECT_EQ(
      MakePolicy("1.6", {{"processLeasingStrategy", "PER_USER"}}).Attribute("leasingStrategy"),
      "PER_USER");
  const Answer refused = MakePolicy("1.7", {{"leasingStrategy", "PER_LICENSE"}});
  EXPECT_EQ(refused.status, 400);
  EXPECT_EQ(refused.Detail(), "unpermitted parameter");
}

TEST_F(Versions, ListsAreMigratedItemByItem) {
  const json::value items = Ask("1.6", "GET", "/policies").Data();
  ASSERT_FALSE(items.as_array().empty());
  for (const json::value& item : items.as_array())
    EXPECT_TRUE(item.at("attributes").as_object().contains("leasingStrategy"));
}

TEST_F(Versions, UpTo15AnOwnerIsAUser) {
  const core::User ann = server_.AddUser("ann@acme.example");
  server_.SetOwner(license_, ann);
  const std::string machine = server_.AddMachine(license_, "m1").Id();
  const json::value license = Ask("1.5", "GET", "/licenses/" + license_).Data();
  const json::value& user = license.at("relationships").at("user");
  EXPECT_EQ(user.at("data").at("id"), json::value(ann.id.ToString()));
  EXPECT_TRUE(user.at("links").at("related").as_string().ends_with("/user"));
  EXPECT_FALSE(license.at("relationships").as_object().contains("owner"));

  // Of a machine it is the license's owner, whoever owns the machine.
  const json::value part = Ask("1.5", "GET", "/machines/" + machine).Data();
  EXPECT_EQ(part.at("relationships").at("user").at("data").at("id"),
            json::value(ann.id.ToString()));
  EXPECT_TRUE(part.at("relationships")
                  .at("user")
                  .at("links")
                  .at("related")
                  .as_string()
                  .ends_with("/machines/" + machine + "/user"));
  EXPECT_FALSE(part.at("relationships").as_object().contains("owner"));
  EXPECT_TRUE(Ask("1.6", "GET", "/machines/" + machine)
                  .Data()
                  .at("relationships")
                  .as_object()
                  .contains("owner"));
}

TEST_F(Versions, UpTo15AMissingOwnerIsAMissingUser) {
  const json::value body =
      DocumentOf("licenses", {},
                 {{"policy", LinkTo("policies", policy_)},
                  {"owner", LinkTo("users", "0e2b3c4d-0000-4000-8000-0123456789ab")}});
  const Answer old = Ask("1.5", "POST", "/licenses", body);
  EXPECT_EQ(old.Code(), "USER_NOT_FOUND");
  EXPECT_EQ(old.Source(), "/data/relationships/user");
  const Answer now = Ask("1.6", "POST", "/licenses", body);
  EXPECT_EQ(now.Code(), "OWNER_NOT_FOUND");
  EXPECT_EQ(now.Source(), "/data/relationships/owner");
}

TEST_F(Versions, UpTo14KeysInsideMetadataAreSnakeCase) {
  const json::object metadata{{"deviceInfo", json::object{{"cpuCores", 4}}}};
  const std::string id = server_.AddLicense(policy_, {{"metadata", metadata}}).Id();
  EXPECT_EQ(Ask("1.4", "GET", "/licenses/" + id).Attribute("metadata"),
            json::value(json::object{{"deviceInfo", json::object{{"cpu_cores", 4}}}}));
  EXPECT_EQ(Ask("1.5", "GET", "/licenses/" + id).Attribute("metadata"), json::value(metadata));
}

TEST_F(Versions, UpTo13FingerprintStrategiesAndIdHeaders) {
  const Answer old = MakePolicy("1.3", {{"fingerprintUniquenessStrategy", "UNIQUE_PER_POLICY"},
                                        {"fingerprintMatchingStrategy", "MATCH_ALL"}});
  EXPECT_EQ(old.Attribute("fingerprintUniquenessStrategy"), "UNIQUE_PER_POLICY");
  EXPECT_EQ(old.Attribute("fingerprintMatchingStrategy"), "MATCH_ALL");
  EXPECT_THAT(Names(old.Data().at("attributes")), Not(Contains("machineUniquenessStrategy")));
  for (const std::string name : {"Keygen-Account", "Keygen-Bearer", "Keygen-Token"}) {
    EXPECT_NE(old.header(name + "-Id"), "") << name;
    EXPECT_EQ(old.header(name), "") << name;
  }
  const Answer now = Ask("1.4", "GET", "/policies/" + old.Id());
  EXPECT_EQ(now.Attribute("machineUniquenessStrategy"), "UNIQUE_PER_POLICY");
  EXPECT_NE(now.header("Keygen-Bearer"), "");
}

TEST_F(Versions, UpTo12AnActivationShowsNoHeartbeat) {
  const std::string policy = server_.AddPolicy(
      product_, {{"requireHeartbeat", true}, {"heartbeatBasis", "FROM_CREATION"}});
  const auto activate = [&](std::string_view version) {
    return Ask(version, "POST", "/machines",
               DocumentOf("machines", {{"fingerprint", "m1"}},
                          {{"license", LinkTo("licenses", server_.AddLicense(policy).Id())}}));
  };
  EXPECT_EQ(activate("1.2").Attribute("heartbeatStatus"), "NOT_STARTED");
  EXPECT_EQ(activate("1.2").Attribute("lastHeartbeat"), json::value(nullptr));
  EXPECT_EQ(activate("1.3").Attribute("heartbeatStatus"), "ALIVE");
}

TEST_F(Versions, OldDefaultsOfPoliciesStay) {
  EXPECT_EQ(MakePolicy("1.2", {{"requireHeartbeat", true}}).Attribute("heartbeatBasis"),
            "FROM_FIRST_PING");
  EXPECT_EQ(MakePolicy("1.3", {{"requireHeartbeat", true}}).Attribute("heartbeatBasis"),
            "FROM_CREATION");
  EXPECT_EQ(MakePolicy("1.1").Attribute("overageStrategy"), "ALWAYS_ALLOW_OVERAGE");
  EXPECT_EQ(MakePolicy("1.2").Attribute("overageStrategy"), "NO_OVERAGE");
}

TEST_F(Versions, UpTo11PoliciesAreConcurrentAndVerdictsHaveAConstant) {
  EXPECT_EQ(MakePolicy("1.1").Attribute("concurrent"), json::value(true));
  const Answer strict = MakePolicy("1.0", {{"concurrent", false}});
  EXPECT_EQ(strict.Attribute("concurrent"), json::value(false));
  EXPECT_EQ(strict.Attribute("overageStrategy"), "NO_OVERAGE");

  // A tolerated overage is no longer valid.
  const std::string lax = MakePolicy("1.8", {{"floating", true},
                                             {"strict", true},
                                             {"maxMachines", 1},
                                             {"overageStrategy", "ALWAYS_ALLOW_OVERAGE"}})
                              .Id();
  const std::string license = server_.AddLicense(lax).Id();
  server_.AddMachine(license, "m1");
  const std::string path = "/licenses/" + license + "/actions/validate";
  const json::value good = Ask("1.1", "POST", path).Json().at("meta");
  EXPECT_EQ(good.at("constant"), "VALID");
  EXPECT_EQ(good.at("valid"), json::value(true));
  EXPECT_FALSE(good.as_object().contains("code"));
  server_.AddMachine(license, "m2");
  const json::value old = Ask("1.1", "POST", path).Json().at("meta");
  EXPECT_EQ(old.at("constant"), "TOO_MANY_MACHINES");
  EXPECT_EQ(old.at("valid"), json::value(false));
  const json::value now = Ask("1.2", "POST", path).Json().at("meta");
  EXPECT_EQ(now.at("code"), "TOO_MANY_MACHINES");
  EXPECT_EQ(now.at("valid"), json::value(true));
}

// A warm validation is written beside the store: old versions must not get its bytes.
TEST_F(Versions, WarmValidationsAreMigratedToo) {
  const std::string key(server_.AddLicense(policy_).Attribute("key").as_string());
  const json::value body{{"meta", {{"key", key}}}};
  for (int round = 0; round < 3; ++round) {
    const json::value old = Ask("1.1", "POST", "/licenses/actions/validate-key", body).Json();
    EXPECT_TRUE(old.at("meta").as_object().contains("constant")) << round;
    EXPECT_TRUE(old.at("data").at("relationships").as_object().contains("user")) << round;
    const json::value now = Ask("1.8", "POST", "/licenses/actions/validate-key", body).Json();
    EXPECT_TRUE(now.at("meta").as_object().contains("code")) << round;
  }
}

}  // namespace
}  // namespace latchkey::api
