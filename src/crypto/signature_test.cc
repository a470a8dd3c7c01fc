#include "crypto/signature.h"

#include <stdexcept>
#include <thread>

#include "crypto/test_support.h"

namespace latchkey::crypto {
namespace {

using base::AsBytes;
using base::AsText;

const RsaPrivateKey& Rsa() { return *TestAccount().rsa(); }
const EcdsaPrivateKey& Ecdsa() { return *TestAccount().ecdsa(); }

// Written by `openssl genrsa 1024`.
constexpr std::string_view kRsa1024 =
    "-----BEGIN PUBLIC KEY-----\n"
    "MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQC/iECkqTKesufVHvr64RyE6R9r\n"
    "umbbB9zJMVAUJccUUotLAm+Ul1OB0M3t1q/aY6y6uHHzVaKTXahKqe1+KpKFUJdK\n"
    "HotibJilPW3t+XPlzE1GP4upcUq+MSGLbDOzgdSpOWB/LveFLjeuGvXqXS/rr9p7\n"
    "bskdQuIEUDn33nWcwwIDAQAB\n"
    "-----END PUBLIC KEY-----\n";

TEST(SignatureAlgorithm, NamesAreExact) {
  for (const auto algorithm : kAllAlgorithms)
    EXPECT_EQ(ParseSignatureAlgorithm(Name(algorithm)), algorithm);
  for (const std::string_view junk :
       {"", "none", "ED25519", "Ed25519", "ed25519 ", "base64+ed25519", "aes-256-gcm+ed25519",
        "rsa", "rsa-sha1", "rsa-sha512", "rsa-pss-sha512", "RSA-SHA256", "hs256", "RS256", "ecdsa",
        "ecdsa-p384", "ed25519ph"})
    EXPECT_FALSE(ParseSignatureAlgorithm(junk)) << junk;
  EXPECT_FALSE(ParseSignatureAlgorithm(std::string_view("ed25519\0", 8)));
}

TEST(Purpose, NoPrefixBeginsAnother) {
  for (const auto a : kAllPurposes)
    for (const auto b : kAllPurposes)
      EXPECT_EQ(Prefix(a).starts_with(Prefix(b)), a == b) << Prefix(a) << " / " << Prefix(b);
}

TEST(TM_04_SigningOracle, TextsThatBeginLikeASignedKindAreKnown) {
  for (const auto purpose : kAllPurposes) {
    const std::string prefix(Prefix(purpose));
    EXPECT_TRUE(StartsLikeSigned(prefix));
    EXPECT_TRUE(StartsLikeSigned(prefix + "eyJkYXRhIjp7fX0="));
    EXPECT_FALSE(StartsLikeSigned(prefix.substr(0, prefix.size() - 1)));
    EXPECT_FALSE(StartsLikeSigned(" " + prefix));
  }
  EXPECT_FALSE(StartsLikeSigned(""));
  EXPECT_FALSE(StartsLikeSigned("{\"license\":{}}"));
  EXPECT_FALSE(StartsLikeSigned("KEY/x"));
}

TEST(Rsa, SignsSoThatTheOtherPaddingDoesNotVerify) {
  const auto pkcs1 = Rsa().SignPkcs1(AsBytes("message"));
  const auto pss = Rsa().SignPss(AsBytes("message"));
  const RsaPublicKey key = Rsa().public_key();
  EXPECT_EQ(pkcs1.size(), 256u);
  EXPECT_EQ(pss.size(), 256u);
  EXPECT_TRUE(key.VerifyPkcs1(AsBytes("message"), pkcs1));
  EXPECT_TRUE(key.VerifyPss(AsBytes("message"), pss));
  EXPECT_FALSE(key.VerifyPkcs1(AsBytes("message"), pss));
  EXPECT_FALSE(key.VerifyPss(AsBytes("message"), pkcs1));
  EXPECT_FALSE(key.VerifyPkcs1(AsBytes("Message"), pkcs1));
  EXPECT_FALSE(key.VerifyPss(AsBytes("Message"), pss));
  EXPECT_EQ(Rsa().SignPkcs1(AsBytes("message")), pkcs1) << "PKCS#1 v1.5 is deterministic";
  EXPECT_NE(Rsa().SignPss(AsBytes("message")), pss) << "PSS is salted";
}

TEST(Rsa, SignaturesOfAnyOtherLengthAreRefused) {
  const RsaPublicKey key = Rsa().public_key();
  for (const bool pss : {false, true}) {
    Bytes signature = pss ? Rsa().SignPss(AsBytes("message")) : Rsa().SignPkcs1(AsBytes("message"));
    const auto verify = [&](ByteView s) {
      return pss ? key.VerifyPss(AsBytes("message"), s) : key.VerifyPkcs1(AsBytes("message"), s);
    };
    EXPECT_TRUE(verify(signature));
    EXPECT_FALSE(verify({}));
    EXPECT_FALSE(verify(ByteView(signature).first(255)));
    EXPECT_FALSE(verify(ByteView(signature).last(255)));
    signature.push_back(0);
    EXPECT_FALSE(verify(signature));
    signature.pop_back();
    signature.insert(signature.begin(), 0);
    EXPECT_FALSE(verify(signature));
    for (std::size_t bit = 0; bit < 2048; bit += 37) {
      Bytes flipped(signature.begin() + 1, signature.end());
      flipped[bit / 8] ^= static_cast<std::uint8_t>(1 << bit % 8);
      EXPECT_FALSE(verify(flipped)) << bit;
    }
  }
}

TEST(Rsa, ASignatureThatStartsWithAZeroByteKeepsItsLength) {
  // One in 256 does; the length on the wire is 256 all the same.
  for (int i = 0; i < 4000; ++i) {
    const std::string message = "message " + std::to_string(i);
    const Bytes signature = Rsa().SignPkcs1(AsBytes(message));
    ASSERT_EQ(signature.size(), 256u);
    if (signature[0] != 0) continue;
    EXPECT_TRUE(Rsa().public_key().VerifyPkcs1(AsBytes(message), signature));
    EXPECT_FALSE(Rsa().public_key().VerifyPkcs1(AsBytes(message), ByteView(signature).last(255)));
    return;
  }
  ADD_FAILURE() << "no signature began with a zero byte";
}

TEST(Rsa, RecoversWhatItEncrypted) {
  const RsaPublicKey key = Rsa().public_key();
  for (const std::size_t size : {1, 8, 100, 244, 245}) {
    const Bytes data(size, 0x41);
    const auto block = Rsa().EncryptPrivate(data);
    ASSERT_TRUE(block);
    EXPECT_EQ(block->size(), 256u);
    const auto recovered = key.Recover(*block);
    ASSERT_TRUE(recovered) << size;
    EXPECT_EQ(*recovered, data);
  }
  const auto refused = Rsa().EncryptPrivate(Bytes(246, 0x41));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::kMalformed);
}

TEST(Rsa, RecoversNothingFromOtherBlocks) {
  const RsaPublicKey key = Rsa().public_key();
  Bytes block = *Rsa().EncryptPrivate(AsBytes("data"));
  EXPECT_FALSE(key.Recover({}));
  EXPECT_FALSE(key.Recover(ByteView(block).first(255)));
  EXPECT_FALSE(key.Recover(Rsa().SignPss(AsBytes("data"))));
  EXPECT_FALSE(OtherAccount().rsa()->public_key().Recover(block));
  block[100] ^= 1;
  EXPECT_FALSE(key.Recover(block));
  EXPECT_FALSE(key.Recover(Bytes(256, 0xFF)));
  EXPECT_FALSE(key.Recover(Bytes(256, 0)));
}

TEST(Rsa, PemGoesOutAndBackIn) {
  const auto made = RsaPrivateKey::Generate();
  const auto again = RsaPrivateKey::FromPem(made.ToPem());
  ASSERT_TRUE(again);
  const std::string pem = made.public_key().ToPem();
  EXPECT_TRUE(pem.starts_with("-----BEGIN PUBLIC KEY-----\n"));
  EXPECT_TRUE(pem.ends_with("-----END PUBLIC KEY-----\n"));
  EXPECT_TRUE(made.ToPem().Reveal().starts_with("-----BEGIN PRIVATE KEY-----\n"));
  EXPECT_EQ(again->public_key().ToPem(), pem);
  const auto key = RsaPublicKey::FromPem(pem);
  ASSERT_TRUE(key);
  EXPECT_TRUE(key->VerifyPss(AsBytes("x"), made.SignPss(AsBytes("x"))));
  EXPECT_EQ(key->ToPem(), pem);
}

TEST(Ecdsa, PemGoesOutAndBackIn) {
  const auto made = EcdsaPrivateKey::Generate();
  const auto again = EcdsaPrivateKey::FromPem(made.ToPem());
  ASSERT_TRUE(again);
  const std::string pem = made.public_key().ToPem();
  EXPECT_EQ(again->public_key().ToPem(), pem);
  const auto key = EcdsaPublicKey::FromPem(pem);
  ASSERT_TRUE(key);
  EXPECT_TRUE(key->Verify(AsBytes("x"), made.Sign(AsBytes("x"))));
  EXPECT_EQ(key->ToPem(), pem);
}

TEST(Pem, KeysOfOtherKindsAreMalformed) {
  const std::string rsa = Rsa().public_key().ToPem();
  const std::string ecdsa = Ecdsa().public_key().ToPem();
  std::string damaged = rsa;
  damaged[60] = '!';
  for (const std::string& pem :
       {std::string(), std::string("junk"), ecdsa, damaged, rsa.substr(0, 200),
        std::string(Rsa().ToPem().Reveal()), std::string(kRsa1024)}) {
    const auto key = RsaPublicKey::FromPem(pem);
    ASSERT_FALSE(key) << pem;
    EXPECT_EQ(key.error().code, Errc::kMalformed);
  }
  for (const std::string& pem : {std::string(), rsa, std::string(Ecdsa().ToPem().Reveal())}) {
    const auto key = EcdsaPublicKey::FromPem(pem);
    ASSERT_FALSE(key) << pem;
    EXPECT_EQ(key.error().code, Errc::kMalformed);
  }
  EXPECT_FALSE(RsaPrivateKey::FromPem(Ecdsa().ToPem()));
  EXPECT_FALSE(RsaPrivateKey::FromPem(Secret(rsa)));
  EXPECT_FALSE(RsaPrivateKey::FromPem(Secret("")));
  EXPECT_FALSE(EcdsaPrivateKey::FromPem(Rsa().ToPem()));
  EXPECT_FALSE(EcdsaPrivateKey::FromPem(Secret(ecdsa)));
}

TEST(Rsa, ExponentsUnderWhichAnyoneSignsAreMalformed) {
  const std::string frame = "30820120300d06092a864886f70d01010105000382010d003082010802820101";
  const std::string modulus = "00" + std::string(512, 'f');
  for (const std::string_view exponent : {"01", "02", "04"}) {
    const Bytes der = FromHex(frame + modulus + "0201" + std::string(exponent));
    const auto key = RsaPublicKey::FromPem("-----BEGIN PUBLIC KEY-----\n" + base::Base64(der) +
                                           "\n-----END PUBLIC KEY-----\n");
    ASSERT_FALSE(key);
    EXPECT_EQ(key.error().code, Errc::kMalformed);
    EXPECT_EQ(key.error().detail, "unsound RSA modulus or exponent");
  }
}

TEST(Ecdsa, TakesTheNamedCurveP256Only) {
  // secp256k1 and P-384, generators as public keys.
  const auto refuse = [](std::string_view spki_base64) {
    const std::string pem =
        "-----BEGIN PUBLIC KEY-----\n" + std::string(spki_base64) + "\n-----END PUBLIC KEY-----\n";
    const auto key = EcdsaPublicKey::FromPem(pem);
    return !key && key.error().code == Errc::kMalformed;
  };
  const auto spki = [](std::string_view hex) { return base::Base64(FromHex(hex)); };
  const std::string p256 = "3059301306072a8648ce3d020106082a8648ce3d030107034200";
  const std::string x = "6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296";
  const std::string y = "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5";
  EXPECT_FALSE(refuse(spki(p256 + "04" + x + y))) << "the generator of P-256 itself";
  EXPECT_TRUE(refuse(spki(p256 + "04" + x + x))) << "not on the curve";
  EXPECT_TRUE(refuse(spki("3019301306072a8648ce3d020106082a8648ce3d03010703020000")))
      << "point at infinity";
  EXPECT_TRUE(
      refuse(spki("3056301006072a8648ce3d020106052b8104000a034200"
                  "0479be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798"
                  "483ada7726a3c4655da4fbfc0e1108a8fd17b448a68554199c47d08ffb10d4b8")))
      << "secp256k1";
}

TEST(PrivateKeys, HalvesOfTwoKeysAreMalformed) {
  // The private number of one key with the point of another (SEC 1 form inside PKCS#8).
  const auto first = EcdsaPrivateKey::Generate();
  const auto second = EcdsaPrivateKey::Generate();
  const auto der = [](const Secret& pem) {
    std::string body;
    std::string_view text = pem.Reveal();
    text.remove_prefix(text.find('\n') + 1);
    for (const char c : text.substr(0, text.find("-----")))
      if (c != '\n') body += c;
    return *base::FromBase64(body);
  };
  Bytes mixed = der(first.ToPem());
  const Bytes other = der(second.ToPem());
  ASSERT_EQ(mixed.size(), other.size());
  std::copy(other.end() - 64, other.end(), mixed.end() - 64);
  const auto key = EcdsaPrivateKey::FromPem(Secret(
      "-----BEGIN PRIVATE KEY-----\n" + base::Base64(mixed) + "\n-----END PRIVATE KEY-----\n"));
  ASSERT_FALSE(key);
  EXPECT_EQ(key.error().code, Errc::kMalformed);
}

TEST(PrivateKeys, MovedFromTheyThrowInsteadOfSigning) {
  AccountKeys keys = TestAccount();
  Ed25519PrivateKey ed25519 = keys.ed25519();
  RsaPrivateKey rsa = *keys.rsa();
  EcdsaPrivateKey ecdsa = *keys.ecdsa();
  [[maybe_unused]] const AccountKeys taken(std::move(ed25519), std::move(rsa), std::move(ecdsa));
  // NOLINTBEGIN(bugprone-use-after-move)
  EXPECT_THROW((void)ed25519.Sign(AsBytes("x")), std::logic_error);
  EXPECT_THROW((void)ed25519.Seed(), std::logic_error);
  EXPECT_THROW((void)rsa.SignPss(AsBytes("x")), std::logic_error);
  EXPECT_THROW((void)rsa.ToPem(), std::logic_error);
  EXPECT_THROW((void)ecdsa.Sign(AsBytes("x")), std::logic_error);
  EXPECT_THROW((void)ecdsa.public_key(), std::logic_error);
  // NOLINTEND(bugprone-use-after-move)
}

TEST(PublicKeys, OnesNeverLoadedVerifyNothing) {
  EXPECT_FALSE(RsaPublicKey().VerifyPkcs1(AsBytes("x"), Bytes(256, 1)));
  EXPECT_FALSE(RsaPublicKey().VerifyPss(AsBytes("x"), Bytes(256, 1)));
  EXPECT_FALSE(RsaPublicKey().Recover(Bytes(256, 1)));
  EXPECT_FALSE(EcdsaPublicKey().Verify(AsBytes("x"), Bytes(70, 1)));
  EXPECT_EQ(RsaPublicKey().ToPem(), "");
  EXPECT_EQ(EcdsaPublicKey().ToPem(), "");
}

TEST(Signatures, ServeManyThreadsFromOneKey) {
  std::array<int, 4> wrong{};
  std::vector<std::thread> threads;
  for (int& count : wrong)
    threads.emplace_back([&count] {
      for (int i = 0; i < 20; ++i) {
        const std::string body = "body " + std::to_string(i);
        for (const auto algorithm : kAllAlgorithms) {
          const auto signature = TestAccount().Sign(algorithm, Purpose::kResponse, body);
          count += !signature || !TestAccount().public_keys().Verify(algorithm, Purpose::kResponse,
                                                                     body, *signature);
        }
      }
    });
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(wrong, (std::array<int, 4>{}));
}

}  // namespace
}  // namespace latchkey::crypto
