// The shared vectors of license keys, judged by the primitives of this folder alone: the frame of a
// key is read here in a few lines, so that a verdict says something about the primitive and not
// about core's parser.

#include <map>

#include "crypto/test_support.h"

namespace latchkey::crypto {
namespace {

using base::AsBytes;
using base::AsText;

struct Keys {
  std::map<std::string, Ed25519PublicKey> ed25519;
  std::map<std::string, RsaPublicKey> rsa;
  std::map<std::string, EcdsaPublicKey> ecdsa;
};

Keys LoadKeys(const json::value& keys) {
  Keys result;
  for (const std::string& prefix : {std::string(), std::string("other_")}) {
    result.ed25519[prefix + "ed25519"] =
        Ed25519PublicKey::FromHex(Text(keys.at(prefix + "ed25519").at("public"))).value();
    result.rsa[prefix + "rsa"] =
        RsaPublicKey::FromPem(Text(keys.at(prefix + "rsa").at("public"))).value();
    result.ecdsa[prefix + "ecdsa"] =
        EcdsaPublicKey::FromPem(Text(keys.at(prefix + "ecdsa").at("public"))).value();
  }
  return result;
}

struct Parts {
  std::string signed_text;
  Bytes dataset;
  Bytes signature;
};

// b64u(D) . b64u(sig), both padded.
std::optional<Parts> Split(std::string_view text, std::string_view prefix) {
  if (!text.starts_with(prefix)) return std::nullopt;
  const auto dot = text.find('.');
  if (dot == std::string_view::npos || text.find('.', dot + 1) != std::string_view::npos)
    return std::nullopt;
  const auto dataset = base::FromBase64Url(text.substr(prefix.size(), dot - prefix.size()));
  const auto signature = base::FromBase64Url(text.substr(dot + 1));
  if (!dataset || !signature) return std::nullopt;
  return Parts{prefix.empty() ? std::string(AsText(*dataset)) : std::string(text.substr(0, dot)),
               *dataset, *signature};
}

std::optional<Parts> SplitJwt(std::string_view text) {
  const auto first = text.find('.');
  const auto last = text.rfind('.');
  if (first == std::string_view::npos || first == last) return std::nullopt;
  const auto header = base::FromBase64UrlUnpadded(text.substr(0, first));
  const auto dataset = base::FromBase64UrlUnpadded(text.substr(first + 1, last - first - 1));
  const auto signature = base::FromBase64UrlUnpadded(text.substr(last + 1));
  if (!header || !dataset || !signature || AsText(*header) != R"({"alg":"RS256"})")
    return std::nullopt;
  const auto claims = base::ParseJson(AsText(*dataset));
  if (!claims || !claims->is_object()) return std::nullopt;
  return Parts{std::string(text.substr(0, last)), *dataset, *signature};
}

std::optional<Bytes> Judge(std::string_view scheme, std::string_view key, const Keys& keys,
                           std::string name) {
  const auto checked = [](const std::optional<Parts>& parts, auto verify) -> std::optional<Bytes> {
    if (!parts || !verify(AsBytes(parts->signed_text), parts->signature)) return std::nullopt;
    return parts->dataset;
  };
  if (scheme == "ED25519_SIGN") {
    const auto known = keys.ed25519.find(name.empty() ? "ed25519" : name);
    const auto loaded = known != keys.ed25519.end() ? Result<Ed25519PublicKey>(known->second)
                                                    : Ed25519PublicKey::FromHex(name);
    if (!loaded) return std::nullopt;
    return checked(Split(key, "key/"),
                   [&](ByteView m, ByteView s) { return loaded->Verify(m, s); });
  }
  if (scheme == "ECDSA_P256_SIGN") {
    const auto& ecdsa = keys.ecdsa.at(name.empty() ? "ecdsa" : name);
    return checked(Split(key, "key/"), [&](ByteView m, ByteView s) { return ecdsa.Verify(m, s); });
  }
  const auto& rsa = keys.rsa.at(name.empty() ? "rsa" : name);
  const auto pkcs1 = [&](ByteView m, ByteView s) { return rsa.VerifyPkcs1(m, s); };
  const auto pss = [&](ByteView m, ByteView s) { return rsa.VerifyPss(m, s); };
  if (scheme == "RSA_2048_PKCS1_SIGN") return checked(Split(key, ""), pkcs1);
  if (scheme == "RSA_2048_PKCS1_SIGN_V2") return checked(Split(key, "key/"), pkcs1);
  if (scheme == "RSA_2048_PKCS1_PSS_SIGN") return checked(Split(key, ""), pss);
  if (scheme == "RSA_2048_PKCS1_PSS_SIGN_V2") return checked(Split(key, "key/"), pss);
  if (scheme == "RSA_2048_JWT_RS256") return checked(SplitJwt(key), pkcs1);
  if (scheme == "RSA_2048_PKCS1_ENCRYPT") {
    const auto block = base::FromBase64Url(key);
    auto dataset = block ? rsa.Recover(*block) : std::nullopt;
    if (!dataset || !base::IsUtf8(AsText(*dataset))) return std::nullopt;
    return dataset;
  }
  return std::nullopt;  // the vectors name schemes that do not exist, too
}

TEST(Vectors, LicenseKeysAreJudgedAsTheVectorsSay) {
  const json::value vectors = ReadVectors("license-keys.json");
  const Keys keys = LoadKeys(vectors.at("keys"));
  std::map<std::string, int> counts;
  for (const json::value& c : vectors.at("cases").as_array()) {
    const json::object& input = c.at("input").as_object();
    const json::value* public_key = input.if_contains("public_key");
    const auto dataset = Judge(Text(input.at("scheme")), Text(input.at("key")), keys,
                               public_key ? std::string(Text(*public_key)) : std::string());
    const std::string result(Text(c.at("expect").at("result")));
    EXPECT_EQ(dataset.has_value(), result == "accept")
        << Text(c.at("name")) << ": " << Text(c.at("why"));
    if (dataset && result == "accept") {
      EXPECT_EQ(AsText(*dataset), Text(c.at("expect").at("dataset")));
    }
    ++counts[result];
  }
  EXPECT_GE(counts["accept"], 40);
  EXPECT_GE(counts["reject"], 150);
}

TEST(Vectors, ReproducibleKeysAreWrittenByteForByte) {
  const json::value vectors = ReadVectors("license-keys.json");
  int count = 0;
  for (const json::value& c : vectors.at("cases").as_array()) {
    const json::value* reproducible = c.as_object().if_contains("reproducible");
    if (!reproducible || !reproducible->as_bool()) continue;
    const std::string_view scheme = Text(c.at("input").at("scheme"));
    const std::string dataset(Text(c.at("expect").at("dataset")));
    const AccountKeys& account = TestAccount();
    std::string key;
    const auto signed_key = [&](std::string text, const Bytes& signature) {
      return text + "." + base::Base64Url(signature);
    };
    const std::string encoded = base::Base64Url(AsBytes(dataset));
    if (scheme == "ED25519_SIGN") {
      key = signed_key("key/" + encoded,
                       *account.Sign(SignatureAlgorithm::kEd25519, Purpose::kLicenseKey, encoded));
    } else if (scheme == "RSA_2048_PKCS1_SIGN_V2") {
      key = signed_key("key/" + encoded, *account.Sign(SignatureAlgorithm::kRsaSha256,
                                                       Purpose::kLicenseKey, encoded));
    } else if (scheme == "RSA_2048_PKCS1_SIGN") {
      key = signed_key(encoded, account.rsa()->SignPkcs1(AsBytes(dataset)));
    } else if (scheme == "RSA_2048_PKCS1_ENCRYPT") {
      key = base::Base64Url(*account.rsa()->EncryptPrivate(AsBytes(dataset)));
    } else if (scheme == "RSA_2048_JWT_RS256") {
      const std::string text = base::Base64UrlUnpadded(AsBytes(R"({"alg":"RS256"})")) + "." +
                               base::Base64UrlUnpadded(AsBytes(dataset));
      key = text + "." + base::Base64UrlUnpadded(account.rsa()->SignPkcs1(AsBytes(text)));
    } else {
      ADD_FAILURE() << scheme << " is not deterministic";
    }
    EXPECT_EQ(key, Text(c.at("input").at("key"))) << Text(c.at("name"));
    ++count;
  }
  EXPECT_GE(count, 15);
}

TEST(TM_11_SmallOrderKeys, EveryWeakKeyOfTheVectorsIsRefusedAtLoad) {
  const json::value vectors = ReadVectors("license-keys.json");
  int weak = 0;
  for (const json::value& c : vectors.at("cases").as_array()) {
    const std::string name(Text(c.at("name")));
    if (name.find("weak-public-key") == std::string::npos &&
        name.find("noncanonical-public-key") == std::string::npos)
      continue;
    const auto key = Ed25519PublicKey::FromHex(Text(c.at("input").at("public_key")));
    ASSERT_FALSE(key) << name;
    EXPECT_EQ(key.error().code, Errc::kWeakKey) << name;
    ++weak;
  }
  EXPECT_EQ(weak, 15);
}

TEST(Vectors, PrivateAndPublicHalvesBelongTogether) {
  const json::value vectors = ReadVectors("license-keys.json");
  const json::value& keys = vectors.at("keys");
  EXPECT_EQ(TestAccount().ed25519().public_key().ToHex(), Text(keys.at("ed25519").at("public")));
  EXPECT_EQ(TestAccount().rsa()->public_key().ToPem(), Text(keys.at("rsa").at("public")));
  EXPECT_EQ(TestAccount().ecdsa()->public_key().ToPem(), Text(keys.at("ecdsa").at("public")));
}

// The worked example of machines.md 6.11.
TEST(Vectors, TheWorkedExampleOfALicenseFileIsSignedByteForByte) {
  const json::value vectors = ReadVectors("license-files.json");
  const std::string payload(Text(vectors.at("payloads").at("plain/ttl-month")));
  const std::string encoded = base::Base64(AsBytes(payload));
  ASSERT_EQ(encoded.size(), 788u);
  const auto signature =
      TestAccount().Sign(SignatureAlgorithm::kEd25519, Purpose::kLicenseFile, encoded);
  ASSERT_TRUE(signature);
  EXPECT_EQ(
      base::Base64(*signature),
      "BrAfl31xiZR6j9lfsuDtphnUhW3vbX22FwULnabk5wcpaLX+EYS+GTr9ImwPiQNW28xgHFS9Huv9Ky93wQ5gBw==");
}

}  // namespace
}  // namespace latchkey::crypto
