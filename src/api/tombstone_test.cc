// What a client is told about licenses and machines that are gone (decisions 6 and 28).
#include <gtest/gtest.h>

#include "api/test_server.h"
#include "store/tombstones.h"

namespace latchkey::api {
namespace {

std::string Text(const json::value& value) { return std::string(value.as_string()); }

class Tombstones : public ::testing::Test {
 protected:
  TestServer server_;
  std::string product_ = server_.AddProduct();
  std::string policy_ = server_.AddPolicy(product_, {{"floating", true}});
  std::string license_, key_;

  void SetUp() override { Make(policy_); }
  void Make(std::string_view policy) {
    const Answer made = server_.AddLicense(policy);
    license_ = made.Id();
    key_ = Text(made.Attribute("key"));
  }
  Answer Validate(std::string_view key, bool reasons = true, bool legacy = false) {
    json::object meta{{"key", key}};
    if (legacy) meta.emplace("encrypted", true);
    return server_.Send("POST", "/licenses/actions/validate-key", Asking({}, reasons),
                        json::value(json::object{{"meta", std::move(meta)}}));
  }
  static TestServer::Headers Asking(TestServer::Headers headers, bool reasons = true) {
    if (reasons) headers.push_back({"Latchkey-Reasons", "1"});
    return headers;
  }
  // The code of `meta.reason`; empty without.
  static std::string Reason(const Answer& answer) {
    const json::value tree = answer.Json();
    const auto* meta = tree.as_object().if_contains("meta");
    const auto* reason = meta ? meta->as_object().if_contains("reason") : nullptr;
    return reason ? Text(reason->at("code")) : "";
  }
  void Delete(const std::string& path) {
    ASSERT_EQ(server_.Send("DELETE", path, server_.AsAdmin()).status, 204);
  }
};

TEST_F(Tombstones, ALicenseThatIsGoneHasACause) {
  const struct {
    std::string name;
    std::string path;
  } ways[] = {{"deleted", "/licenses/" + license_},
              {"revoked", ""},
              {"with its policy", "policy"},
              {"with its product", "product"}};
  for (const auto& way : ways) {
    std::string path = way.path;
    if (path.empty() || path.find('/') == path.npos) {
      const std::string product = server_.AddProduct();
      const std::string policy = server_.AddPolicy(product);
      Make(policy);
      path = way.path == "policy"    ? "/policies/" + policy
             : way.path == "product" ? "/products/" + product
                                     : "/licenses/" + license_ + "/actions/revoke";
    }
    Validate(key_);
    Delete(path);
    for (int round = 0; round < 2; ++round) {
      const Answer verdict = Validate(key_);
      EXPECT_EQ(verdict.status, 200);
      EXPECT_EQ(verdict.Json().at("meta").at("code"), "NOT_FOUND") << way.name;
      EXPECT_EQ(Reason(verdict), "REVOKED") << way.name;
      EXPECT_TRUE(server_.SignatureHolds(verdict));
    }
    const Answer refused = server_.Send("GET", "/me", Asking(TestServer::AsLicense(key_)));
    EXPECT_EQ(refused.status, 401);
    EXPECT_EQ(refused.Code(), "LICENSE_INVALID");
    EXPECT_EQ(Reason(refused), "REVOKED") << way.name;
    for (const auto& segment : {license_, key_}) {
      const Answer missing = server_.Send("GET", "/licenses/" + segment, Asking(server_.AsAdmin()));
      EXPECT_EQ(missing.status, 404);
      EXPECT_EQ(Reason(missing), "REVOKED") << way.name;
    }
  }
}

TEST_F(Tombstones, OthersSeeTheWireWithoutReasons) {
  Delete("/licenses/" + license_);
  const Answer verdict = Validate(key_, false);
  EXPECT_FALSE(verdict.Json().at("meta").as_object().contains("reason"));
  const Answer refused = server_.Send("GET", "/me", TestServer::AsLicense(key_));
  EXPECT_FALSE(refused.Json().at("meta").as_object().contains("reason"));
}

TEST_F(Tombstones, WhatNeverWasHasNone) {
  const Answer verdict = Validate("4F1C09-77AB20-9E5D31-C0846B-1A2F7E-V3");
  EXPECT_EQ(Reason(verdict), "NOT_FOUND");
  EXPECT_EQ(Reason(server_.Send("GET", "/me", Asking(TestServer::AsLicense("never-was")))),
            Reason(server_.Send("GET", "/me", Asking(TestServer::AsLicense("never-was-too")))));
  EXPECT_NE(Reason(server_.Send("GET", "/me", Asking(TestServer::AsLicense("never-was")))),
            "REVOKED");
  EXPECT_NE(Reason(server_.Send("GET", "/licenses/never-was", Asking(server_.AsAdmin()))),
            "REVOKED");
}

TEST_F(Tombstones, AKeyInUseAgainIsNotGone) {
  const auto make = [&] {
    const Answer made = server_.Post(
        "/licenses",
        DocumentOf("licenses", {{"key", "used-twice"}}, {{"policy", LinkTo("policies", policy_)}}));
    EXPECT_EQ(made.status, 201) << made.body;
    return made.Id();
  };
  Delete("/licenses/" + make());
  make();
  EXPECT_EQ(Validate("used-twice").Json().at("meta").at("code"), "VALID");
  EXPECT_EQ(Reason(Validate("used-twice")), "");
}

// A legacy key names its license, and nothing kept could prove the rest of it: a cause would tell
// whoever knows the id.
TEST_F(Tombstones, ALegacyKeyThatIsGoneIsToldNoCause) {
  Make(server_.AddPolicy(product_, {{"encrypted", true}}));
  EXPECT_EQ(Validate(key_, true, true).Json().at("meta").at("code"), "VALID");
  Delete("/licenses/" + license_);
  const Answer verdict = Validate(key_, true, true);
  EXPECT_EQ(verdict.Json().at("meta").at("code"), "NOT_FOUND");
  EXPECT_EQ(Reason(verdict), "NOT_FOUND");
}

TEST_F(Tombstones, AMachineThatIsGoneIsExplainedToItsLicense) {
  server_.AddMachine(license_, "m1");
  const std::string other_key = Text(server_.AddLicense(policy_).Attribute("key"));
  Delete("/machines/m1");
  const auto reason = [&](const TestServer::Headers& bearer) {
    const Answer answer = server_.Send("GET", "/machines/m1", Asking(bearer));
    EXPECT_EQ(answer.status, 404);
    EXPECT_EQ(answer.Detail(), "The requested machine 'm1' was not found");
    return Reason(answer);
  };
  EXPECT_EQ(reason(TestServer::AsLicense(key_)), "REVOKED");
  EXPECT_NE(reason(TestServer::AsLicense(other_key)), "REVOKED");
  // Back again, it is no longer gone.
  server_.AddMachine(license_, "m1");
  EXPECT_EQ(server_.Send("GET", "/machines/m1", TestServer::AsLicense(key_)).status, 200);
}

// A seat that fell to the culler comes back by itself: it must never read as a revocation.
TEST_F(Tombstones, ACulledMachineLostItsHeartbeatAndNothingElse) {
  const std::string machine = server_.AddMachine(license_, "m1").Id();
  ASSERT_TRUE(server_.database().WriteNow([&](store::Session& session) -> Result<void> {
    LK_TRY(store::InsertTombstone(session, server_.vault(),
                                  {.kind = store::Tombstone::Kind::kMachine,
                                   .account_id = server_.account_id(),
                                   .record_id = *Uuid::Parse(machine),
                                   .license_id = *Uuid::Parse(license_),
                                   .cause = "HEARTBEAT_LOST",
                                   .created = server_.now()},
                                  "m1"));
    return store::Delete<core::Machine>(session, server_.account_id(), *Uuid::Parse(machine));
  }));
  const Answer answer = server_.Send("GET", "/machines/m1", Asking(TestServer::AsLicense(key_)));
  EXPECT_EQ(answer.status, 404);
  EXPECT_EQ(Reason(answer), "HEARTBEAT_LOST");
}

}  // namespace
}  // namespace latchkey::api
