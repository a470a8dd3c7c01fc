// Project Wycheproof's published cases against our primitives: every case of every file named here.
// The verdict is the file's, except where our documented rules are stricter or wider; those places
// say which rule, and count the cases.
//
// The vectors lie in $LATCHKEY_WYCHEPROOF or build/wycheproof: test/interop/wycheproof-fetch puts
// them there.

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <map>
#include <set>
#include <stdexcept>

#include "base/json.h"
#include "crypto/aead.h"
#include "crypto/hash.h"
#include "crypto/signature.h"

namespace latchkey::crypto {
namespace {

namespace fs = std::filesystem;

std::string_view Text(const json::value& value) { return value.as_string(); }

Bytes FromHex(const json::value& value) {
  auto bytes = base::FromHex(Text(value));
  EXPECT_TRUE(bytes) << value;
  return bytes.value_or(Bytes{});
}

struct Case {
  const json::object& group;
  const json::object& test;
  std::string result;  // valid, invalid or acceptable

  Bytes Hex(json::string_view name) const { return FromHex(test.at(name)); }
  std::string comment() const { return std::string(Text(test.at("comment"))); }
  bool HasFlag(std::string_view flag) const {
    for (const json::value& each : test.at("flags").as_array())
      if (Text(each) == flag) return true;
    return false;
  }
};

std::ostream& operator<<(std::ostream& out, const Case& c) {
  return out << "tcId " << c.test.at("tcId") << " (" << c.comment() << ", " << c.result << ")";
}

class Wycheproof : public ::testing::Test {
 protected:
  void SetUp() override {
    const char* named = std::getenv("LATCHKEY_WYCHEPROOF");
    directory_ = named && *named ? named : "build/wycheproof";
    if (fs::exists(directory_ / "VERSION")) return;
    if (const char* ci = std::getenv("CI"); ci && *ci)
      FAIL() << "CI needs the Wycheproof vectors in " << directory_
             << ": run test/interop/wycheproof-fetch";
    std::cerr << "SKIPPED: no Wycheproof vectors in " << directory_
              << "; run test/interop/wycheproof-fetch\n";
    GTEST_SKIP() << "no Wycheproof vectors in " << directory_;
  }

  // Calls `check(case)`, true = accepted, for every case; compares the number of cases with the
  // file's own.
  template <class Check>
  void ForEach(const std::string& name, Check check) {
    std::ifstream file(directory_ / (name + "_test.json"), std::ios::binary);
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    const auto document = base::ParseJson(text);
    ASSERT_TRUE(document) << name << ": " << document.error().detail;
    std::map<std::string, int> counts;
    std::int64_t seen = 0;
    for (const json::value& group : document->at("testGroups").as_array())
      for (const json::value& test : group.at("tests").as_array()) {
        const Case c{group.as_object(), test.as_object(), std::string(Text(test.at("result")))};
        const bool accepted = check(c);
        ++counts[c.result + (accepted ? " accepted" : " refused")];
        ++seen;
      }
    EXPECT_EQ(seen, document->at("numberOfTests").as_int64()) << name;
    EXPECT_GT(seen, 0) << name;
    std::cout << name << ": " << seen << " cases";
    for (const auto& [what, count] : counts) std::cout << ", " << count << ' ' << what;
    std::cout << '\n';
  }

  fs::path directory_;
};

TEST_F(Wycheproof, Ed25519) {
  ForEach("ed25519", [](const Case& c) {
    const auto key = Ed25519PublicKey::FromBytes(FromHex(c.group.at("publicKey").at("pk")));
    EXPECT_TRUE(key) << c;
    const bool accepted = key && key->Verify(c.Hex("msg"), c.Hex("sig"));
    EXPECT_EQ(accepted, c.result == "valid") << c;
    return accepted;
  });
}

TEST_F(Wycheproof, EcdsaP256WithDerSignatures) {
  ForEach("ecdsa_secp256r1_sha256", [](const Case& c) {
    const auto key = EcdsaPublicKey::FromPem(Text(c.group.at("publicKeyPem")));
    EXPECT_TRUE(key) << c;
    const bool accepted = key && key->Verify(c.Hex("msg"), c.Hex("sig"));
    EXPECT_EQ(accepted, c.result == "valid") << c;
    return accepted;
  });
}

// Our signatures are DER: the same numbers as r||s are refused, whatever the file says of them.
TEST_F(Wycheproof, EcdsaP256WithRawSignaturesIsRefused) {
  ForEach("ecdsa_secp256r1_sha256_p1363", [](const Case& c) {
    const auto key = EcdsaPublicKey::FromPem(Text(c.group.at("publicKeyPem")));
    EXPECT_TRUE(key) << c;
    const bool accepted = key && key->Verify(c.Hex("msg"), c.Hex("sig"));
    EXPECT_FALSE(accepted) << c;
    return accepted;
  });
}

TEST_F(Wycheproof, RsaPkcs1) {
  int lax = 0;
  ForEach("rsa_signature_2048_sha256", [&lax](const Case& c) {
    const auto key = RsaPublicKey::FromPem(Text(c.group.at("publicKeyPem")));
    EXPECT_TRUE(key) << c;
    const bool accepted = key && key->VerifyPkcs1(c.Hex("msg"), c.Hex("sig"));
    // "acceptable" is a DigestInfo without its NULL: no producer of ours writes it
    // (vectors/README.md, rule 1).
    if (c.result == "acceptable") {
      EXPECT_TRUE(c.HasFlag("MissingNull")) << c;
      ++lax;
    }
    EXPECT_EQ(accepted, c.result == "valid") << c;
    return accepted;
  });
  EXPECT_EQ(lax, 1);
}

TEST_F(Wycheproof, RsaKeysAndDigestsOfOtherSizesAreRefused) {
  // One case of this file signs a SHA-256 digest: invalid there, and right here.
  int ours = 0;
  ForEach("rsa_signature_2048_sha512", [&ours](const Case& c) {
    const auto key = RsaPublicKey::FromPem(Text(c.group.at("publicKeyPem")));
    EXPECT_TRUE(key) << c;
    const bool sha256 = c.comment() == "The message is hashed with SHA-256 instead of SHA-512.";
    const bool accepted = key && key->VerifyPkcs1(c.Hex("msg"), c.Hex("sig"));
    EXPECT_EQ(accepted, sha256) << c;
    ours += sha256;
    return accepted;
  });
  EXPECT_EQ(ours, 1);
  for (const std::string& name :
       {std::string("rsa_signature_3072_sha256"), std::string("rsa_pss_3072_sha256_mgf1_32")})
    ForEach(name, [](const Case& c) {
      const auto key = RsaPublicKey::FromPem(Text(c.group.at("publicKeyPem")));
      EXPECT_FALSE(key) << c;
      return key.has_value();
    });
}

// A verifier that takes any salt (machines.md 6.10) accepts a signature whose only fault is another
// salt length. The files have four and six such cases; all their other invalid ones must be
// refused.
class RsaPss : public Wycheproof {
 protected:
  void Check(const std::string& name, const std::set<std::string>& other_salts,
             bool restricted_key) {
    std::set<std::string> found;
    ForEach(name, [&](const Case& c) {
      const auto from_pem = RsaPublicKey::FromPem(Text(c.group.at("publicKeyPem")));
      EXPECT_EQ(from_pem.has_value(), !restricted_key)
          << c << ": keys restricted to PSS are not ours";
      const auto key = restricted_key ? RsaPublicKey::FromPem(PlainPem(c.group)) : from_pem;
      EXPECT_TRUE(key) << c;
      const bool accepted = key && key->VerifyPss(c.Hex("msg"), c.Hex("sig"));
      const bool other_salt = other_salts.contains(c.comment());
      if (other_salt) {
        found.insert(c.comment());
        EXPECT_EQ(c.result, "invalid") << c;
      }
      EXPECT_EQ(accepted, c.result == "valid" || other_salt) << c;
      return accepted;
    });
    EXPECT_EQ(found, other_salts) << name;
  }

  // The same modulus and exponent as an ordinary rsaEncryption key.
  static std::string PlainPem(const json::object& group) {
    Bytes der = *base::FromHex("30820122300d06092a864886f70d01010105000382010f00");
    const Bytes numbers = FromHex(group.at("publicKeyAsn"));
    EXPECT_EQ(numbers.size(), 270u);
    der.insert(der.end(), numbers.begin(), numbers.end());
    return "-----BEGIN PUBLIC KEY-----\n" + base::Base64(der) + "\n-----END PUBLIC KEY-----\n";
  }
};

TEST_F(RsaPss, WithoutSalt) {
  const std::set<std::string> other_salts = {"s_len changed to 1", "s_len changed to 20",
                                             "s_len changed to 32", "s_len changed to 222"};
  Check("rsa_pss_2048_sha256_mgf1_0", other_salts, false);
  Check("rsa_pss_2048_sha256_mgf1_0_params", other_salts, true);
}

TEST_F(RsaPss, With32BytesOfSalt) {
  const std::set<std::string> other_salts = {"s_len changed to 0",  "s_len changed to 1",
                                             "s_len changed to 20", "s_len changed to 31",
                                             "s_len changed to 33", "s_len changed to 222"};
  Check("rsa_pss_2048_sha256_mgf1_32", other_salts, false);
  Check("rsa_pss_2048_sha256_mgf1_32_params", other_salts, true);
}

TEST_F(RsaPss, OtherDigestsAreRefused) {
  ForEach("rsa_pss_2048_sha256_mgf1sha1_20", [](const Case& c) {
    const auto key = RsaPublicKey::FromPem(Text(c.group.at("publicKeyPem")));
    EXPECT_TRUE(key) << c;
    const bool accepted = key && key->VerifyPss(c.Hex("msg"), c.Hex("sig"));
    EXPECT_FALSE(accepted) << c;
    return accepted;
  });
  // 150 valid signatures of every mixture of digests and salts; six use SHA-256 for both.
  int ours = 0;
  ForEach("rsa_pss_misc", [&ours](const Case& c) {
    const auto key = RsaPublicKey::FromPem(Text(c.group.at("publicKeyPem")));
    EXPECT_TRUE(key) << c;
    const bool both_sha256 =
        Text(c.group.at("sha")) == "SHA-256" && Text(c.group.at("mgfSha")) == "SHA-256";
    const bool accepted = key && key->VerifyPss(c.Hex("msg"), c.Hex("sig"));
    EXPECT_EQ(accepted, both_sha256)
        << c << Text(c.group.at("sha")) << ' ' << Text(c.group.at("mgfSha"));
    ours += both_sha256;
    return accepted;
  });
  EXPECT_EQ(ours, 6);
}

// Gives the IV of a case to AesGcmSeal.
class FixedRandom final : public Random {
 public:
  explicit FixedRandom(Bytes bytes) : bytes_(std::move(bytes)) {}
  void Fill(std::span<std::uint8_t> out) override {
    ASSERT_EQ(out.size(), bytes_.size());
    std::copy(bytes_.begin(), bytes_.end(), out.begin());
  }

 private:
  Bytes bytes_;
};

// Keys are 256 bits and IVs 96 bits: other sizes are refused, valid or not.
TEST_F(Wycheproof, AesGcm) {
  int ours = 0;
  ForEach("aes_gcm", [&ours](const Case& c) {
    const bool fits =
        c.group.at("keySize") == 256 && c.group.at("ivSize") == 96 && c.group.at("tagSize") == 128;
    ours += fits;
    const auto opened =
        AesGcmOpen(c.Hex("key"), c.Hex("iv"), c.Hex("ct"), c.Hex("tag"), c.Hex("aad"));
    EXPECT_EQ(opened.has_value(), c.result == "valid" && fits) << c;
    if (!opened) {
      EXPECT_EQ(opened.error().code, Errc::kDecryptionFailed) << c;
      return false;
    }
    EXPECT_EQ(*opened, c.Hex("msg")) << c;
    FixedRandom random(c.Hex("iv"));
    const AesGcmBox box = AesGcmSeal(c.Hex("key"), c.Hex("msg"), c.Hex("aad"), random);
    EXPECT_EQ(box.ciphertext, c.Hex("ct")) << c;
    EXPECT_EQ(Bytes(box.tag.begin(), box.tag.end()), c.Hex("tag")) << c;
    return true;
  });
  EXPECT_GT(ours, 50);
}

// Shortened tags are compared with the beginning of ours.
TEST_F(Wycheproof, HmacSha256) {
  ForEach("hmac_sha256", [](const Case& c) {
    const Digest256 tag = HmacSha256(c.Hex("key"), c.Hex("msg"));
    EXPECT_EQ(HmacKey(c.Hex("key")).Sign(c.Hex("msg")), tag) << c;
    const auto size = static_cast<std::size_t>(c.group.at("tagSize").as_int64() / 8);
    const bool accepted = base::ConstantTimeEqual(ByteView(tag).first(size), c.Hex("tag"));
    EXPECT_EQ(accepted, c.result == "valid") << c;
    return accepted;
  });
}

TEST_F(Wycheproof, HkdfSha256) {
  ForEach("hkdf_sha256", [](const Case& c) {
    const auto size = static_cast<std::size_t>(c.test.at("size").as_int64());
    const Bytes info = c.Hex("info");
    const auto derive = [&] {
      return HkdfSha256(c.Hex("ikm"), c.Hex("salt"), base::AsText(info), size);
    };
    if (c.result == "invalid") {
      EXPECT_THROW(derive(), std::invalid_argument) << c;
      return false;
    }
    const bool accepted = derive() == c.Hex("okm");
    EXPECT_TRUE(accepted) << c;
    return accepted;
  });
}

}  // namespace
}  // namespace latchkey::crypto
