// License keys as the API makes them (licenses.md §8), checked by the verifiers that clients use.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/test_server.h"
#include "core/license_key.h"

namespace latchkey::api {
namespace {

using ::testing::MatchesRegex;

std::string Text(const json::value& value) { return std::string(value.as_string()); }

class Keys : public ::testing::Test {
 protected:
  TestServer server_;
  std::string product_ = server_.AddProduct();

  std::string PolicyWith(std::string_view scheme) {
    return server_.AddPolicy(product_, {{"scheme", scheme}, {"duration", 2592000}});
  }
  Answer Create(std::string_view policy, json::object attributes) {
    return server_.Post("/licenses", DocumentOf("licenses", std::move(attributes),
                                                {{"policy", LinkTo("policies", policy)}}));
  }
  std::string DatasetOf(core::Scheme scheme, const Answer& license) {
    const auto dataset =
        core::VerifySignedKey(scheme, Text(license.Attribute("key")), server_.keys().public_keys());
    EXPECT_TRUE(dataset) << license.body;
    return dataset.value_or("");
  }
  Answer Validate(std::string_view key, json::object meta = {}) {
    meta["key"] = key;
    return server_.Send("POST", "/licenses/actions/validate-key", {},
                        json::value(json::object{{"meta", std::move(meta)}}));
  }
};

TEST_F(Keys, PlainOnesAreSixGroupsThatCheckThemselves) {
  const std::string policy = server_.AddPolicy(product_);
  for (int i = 0; i < 10; ++i) {
    const std::string key = Text(Create(policy, {}).Attribute("key"));
    EXPECT_THAT(key, MatchesRegex("([0-9A-F]{6}-){5}V3"));
    EXPECT_EQ(core::CheckTypedKey(key).verdict, core::KeyCheck::Verdict::kSound);
  }
}

struct SchemeCase {
  std::string_view name;
  core::Scheme scheme;
};
class SignedKeys : public Keys, public ::testing::WithParamInterface<SchemeCase> {};

TEST_P(SignedKeys, CarryTheDefaultDataset) {
  const auto& [name, scheme] = GetParam();
  const std::string policy = PolicyWith(name);
  const Answer made = Create(policy, {});
  ASSERT_EQ(made.status, 201) << made.body;
  EXPECT_EQ(Text(made.Attribute("scheme")), name);
  const std::string created = Text(made.Attribute("created"));
  const std::string expiry = Text(made.Attribute("expiry"));
  const std::string account = server_.account_id().ToString();
  const std::string dataset = DatasetOf(scheme, made);
  if (scheme == core::Scheme::kRsaPkcs1Encrypt) {
    EXPECT_EQ(dataset, "{\"id\":\"" + made.Id() + "\",\"created\":\"" + created +
                           "\",\"duration\":2592000,\"expiry\":\"" + expiry + "\"}");
  } else if (scheme == core::Scheme::kRsaJwtRs256) {
    const json::value claims = base::ParseJson(dataset).value();
    EXPECT_EQ(Text(claims.at("aud")), account);
    EXPECT_EQ(Text(claims.at("sub")), made.Id());
    EXPECT_EQ(claims.at("iat"), claims.at("nbf"));
    EXPECT_EQ(claims.at("exp").as_int64() - claims.at("iat").as_int64(), 2592000);
    EXPECT_EQ(claims.as_object().size(), 7U);
  } else {
    EXPECT_EQ(dataset, "{\"account\":{\"id\":\"" + account + "\"},\"product\":{\"id\":\"" +
                           product_ + "\"},\"policy\":{\"id\":\"" + policy +
                           "\",\"duration\":2592000},\"user\":null,\"license\":{\"id\":\"" +
                           made.Id() + "\",\"created\":\"" + created + "\",\"expiry\":\"" + expiry +
                           "\"}}");
  }
  EXPECT_EQ(Validate(Text(made.Attribute("key"))).Json().at("meta").at("valid"), true);
}

TEST_P(SignedKeys, CarryWhatTheClientSendsAfterExpansion) {
  const auto& [name, scheme] = GetParam();
  const std::string policy = PolicyWith(name);
  const bool jwt = scheme == core::Scheme::kRsaJwtRs256;
  const std::string sent = jwt ? R"({"id":"{{id}}","d":"{{DURATION}}","u":"{{user}}{{what}}"})"
                               : "{{id}}|{{DURATION}}|{{user}}{{what}}|{{{{private_key}}}}";
  const Answer made = Create(policy, {{"key", sent}});
  ASSERT_EQ(made.status, 201) << made.body;
  EXPECT_EQ(DatasetOf(scheme, made),
            jwt ? "{\"id\":\"" + made.Id() + "\",\"d\":\"2592000\",\"u\":\"\"}"
                : made.Id() + "|2592000||{{}}");
}

TEST_P(SignedKeys, OfTwoAlikeTheSecondIsAConflict) {
  const auto& [name, scheme] = GetParam();
  const std::string policy = PolicyWith(name);
  const std::string sent = scheme == core::Scheme::kRsaJwtRs256 ? R"({"a":1})" : "twice the same";
  ASSERT_EQ(Create(policy, {{"key", sent}}).status, 201);
  const bool random = scheme == core::Scheme::kRsaPssSign ||
                      scheme == core::Scheme::kRsaPssSignV2 ||
                      scheme == core::Scheme::kEcdsaP256Sign;
  const Answer again = Create(policy, {{"key", sent}});
  EXPECT_EQ(again.status, random ? 201 : 409) << again.body;
  if (!random) {
    EXPECT_EQ(again.Code(), "");
    EXPECT_EQ(again.Detail(), "The request could not be completed because of a conflict");
    EXPECT_EQ(again.Json().at("errors").at(0).at("title"), "Conflict");
  }
}

INSTANTIATE_TEST_SUITE_P(
    Schemes, SignedKeys,
    ::testing::Values(SchemeCase{"RSA_2048_PKCS1_ENCRYPT", core::Scheme::kRsaPkcs1Encrypt},
                      SchemeCase{"RSA_2048_PKCS1_SIGN", core::Scheme::kRsaPkcs1Sign},
                      SchemeCase{"RSA_2048_PKCS1_PSS_SIGN", core::Scheme::kRsaPssSign},
                      SchemeCase{"RSA_2048_JWT_RS256", core::Scheme::kRsaJwtRs256},
                      SchemeCase{"RSA_2048_PKCS1_SIGN_V2", core::Scheme::kRsaPkcs1SignV2},
                      SchemeCase{"RSA_2048_PKCS1_PSS_SIGN_V2", core::Scheme::kRsaPssSignV2},
                      SchemeCase{"ED25519_SIGN", core::Scheme::kEd25519Sign},
                      SchemeCase{"ECDSA_P256_SIGN", core::Scheme::kEcdsaP256Sign}),
    [](const auto& test) { return std::string(test.param.name); });

TEST_F(Keys, OneCharacterIsEnoughWithAScheme) {
  EXPECT_EQ(Create(PolicyWith("ED25519_SIGN"), {{"key", "k"}}).status, 201);
}

TEST_F(Keys, ADatasetEmptyAfterExpansionIsRefusedLikeAnEmptyKey) {
  const Answer answer = Create(PolicyWith("ED25519_SIGN"), {{"key", "{{user}}"}});
  EXPECT_EQ(answer.status, 422) << answer.body;
  EXPECT_EQ(answer.Source(), "/data/attributes/key");
}

TEST_F(Keys, LaterChangesNeverSignAgain) {
  const std::string policy = PolicyWith("ED25519_SIGN");
  const Answer made = Create(policy, {});
  const Answer renewed = server_.Post("/licenses/" + made.Id() + "/actions/renew", json::object());
  ASSERT_EQ(renewed.status, 200);
  EXPECT_NE(renewed.Attribute("expiry"), made.Attribute("expiry"));
  EXPECT_EQ(renewed.Attribute("key"), made.Attribute("key"));
}

// ---- legacy encrypted (licenses.md §8.5)

class LegacyKeys : public Keys {
 protected:
  std::string policy_ = server_.AddPolicy(product_, {{"encrypted", true}});
  Answer made_ = Create(policy_, {});
  std::string key_ = Text(made_.Attribute("key"));
  std::string StoredDigest() {
    std::string digest;
    EXPECT_TRUE(server_.database().ReadNow([&](store::Session& session) -> Result<void> {
      LK_ASSIGN(const auto license,
                store::Find<core::License>(session, server_.vault(), server_.account_id(),
                                           *Uuid::Parse(made_.Id())));
      digest = license->key;
      return {};
    }));
    return digest;
  }
};

TEST_F(LegacyKeys, AreShownOnce) {
  std::string id = made_.Id();
  std::erase(id, '-');
  EXPECT_THAT(key_, MatchesRegex(id + "-[0-9a-f]{32}-[0-9a-f]{32}-[0-9a-f]{30}v1"));
  EXPECT_EQ(made_.Attribute("scheme"), "LEGACY_ENCRYPT");
  EXPECT_EQ(made_.Attribute("encrypted"), true);
  EXPECT_FALSE(
      server_.Get("/licenses/" + made_.Id()).Data().at("attributes").as_object().contains("key"));
}

TEST_F(LegacyKeys, AreFoundOnlyByValidationThatAsksForThem) {
  for (const std::string_view flag : {"encrypted", "legacyEncrypted"}) {
    const Answer answer = Validate(key_, {{flag, true}});
    EXPECT_EQ(answer.Json().at("meta").at("code"), "VALID") << answer.body;
    EXPECT_FALSE(answer.Data().at("attributes").as_object().contains("key"));
  }
  std::string wrong = key_;
  wrong[40] = wrong[40] == '0' ? '1' : '0';
  EXPECT_EQ(Validate(wrong, {{"encrypted", true}}).Json().at("meta").at("code"), "NOT_FOUND");
  EXPECT_EQ(Validate(key_).Json().at("meta").at("code"), "NOT_FOUND");
  EXPECT_EQ(Validate(key_, {{"encrypted", false}}).Json().at("meta").at("code"), "NOT_FOUND");
  const std::string plain = Text(Create(server_.AddPolicy(product_), {}).Attribute("key"));
  EXPECT_EQ(Validate(plain, {{"encrypted", true}}).Json().at("meta").at("code"), "NOT_FOUND");
  EXPECT_EQ(Validate("short", {{"encrypted", true}}).Json().at("meta").at("code"), "NOT_FOUND");
  EXPECT_EQ(server_.Send("GET", "/me", TestServer::AsLicense(key_)).Code(), "LICENSE_INVALID");
  EXPECT_EQ(server_.Get("/licenses/" + key_).status, 404);
}

// Who reads the database knows the digest: it opens nothing.
TEST_F(LegacyKeys, ThePlaceOfTheDigestIsNoKey) {
  const std::string digest = StoredDigest();
  ASSERT_TRUE(digest.starts_with("$2"));
  std::string segment;
  for (const char c : digest) segment += c == '/' ? std::string("%2F") : std::string(1, c);
  for (int round = 0; round < 3; ++round) {  // the second and third might find it warm
    EXPECT_EQ(Validate(key_, {{"encrypted", true}}).Json().at("meta").at("code"), "VALID");
    EXPECT_EQ(Validate(digest).Json().at("meta").at("code"), "NOT_FOUND");
    EXPECT_EQ(server_.Get("/licenses/" + segment).status, 404);
    server_.Send("PATCH", "/policies/" + policy_, server_.AsAdmin(),
                 DocumentOf("policies", {{"authenticationStrategy", "MIXED"}}));
    EXPECT_EQ(server_.Send("GET", "/me", TestServer::AsLicense(digest)).Code(), "LICENSE_INVALID");
  }
}

}  // namespace
}  // namespace latchkey::api
