#include <sodium.h>

#include "crypto/test_support.h"

namespace latchkey::crypto {
namespace {

using base::AsBytes;
using Point = std::array<std::uint8_t, 32>;
using Scalar = std::array<std::uint8_t, 32>;

Point ToPoint(std::string_view hex) {
  const Bytes bytes = FromHex(hex);
  Point point{};
  std::copy(bytes.begin(), bytes.end(), point.begin());
  return point;
}

// Every encoding of every point of order 1, 2, 4 and 8 that RFC 8032 decoders meet: y, and the same
// y with the sign bit.
std::vector<std::string> WeakEncodings() {
  std::vector<std::string> encodings;
  for (const std::string_view hex :
       {"0000000000000000000000000000000000000000000000000000000000000000",   // order 4
        "0100000000000000000000000000000000000000000000000000000000000000",   // neutral
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",   // order 8
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",   // order 8
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",   // order 2
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",   // p: order 4 again
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"})  // p + 1: neutral
                                                                              // again
  {
    Point point = ToPoint(hex);
    encodings.push_back(base::Hex(point));
    point[31] ^= 0x80;
    encodings.push_back(base::Hex(point));
  }
  return encodings;
}

TEST(Ed25519, SignsAndVerifiesThePublishedVector) {  // RFC 8032, 7.1, test 2
  const auto key = Ed25519PrivateKey::FromSeed(
      FromHex("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb"));
  ASSERT_TRUE(key);
  EXPECT_EQ(key->public_key().ToHex(),
            "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c");
  const Bytes message{0x72};
  const auto signature = key->Sign(message);
  EXPECT_EQ(base::Hex(signature),
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f36"
            "13d0f11d8c387b2eaeb4302aee"
            "b00d291612bb0c00");
  EXPECT_TRUE(key->public_key().Verify(message, signature));
}

TEST(Ed25519, GivesItsSeedBack) {
  const auto key = Ed25519PrivateKey::Generate(base::SystemRandom());
  const auto again = Ed25519PrivateKey::FromSeed(key.Seed().RevealBytes());
  ASSERT_TRUE(again);
  EXPECT_EQ(again->public_key(), key.public_key());
  EXPECT_EQ(again->Sign(AsBytes("x")), key.Sign(AsBytes("x")));
}

TEST(Ed25519, TakesKeysOfTheRightSizeOnly) {
  for (const std::size_t size : {0, 1, 31, 33, 64}) {
    const auto seed = Ed25519PrivateKey::FromSeed(Bytes(size, 1));
    ASSERT_FALSE(seed);
    EXPECT_EQ(seed.error().code, Errc::kMalformed);
    const auto key = Ed25519PublicKey::FromBytes(Bytes(size, 1));
    ASSERT_FALSE(key);
    EXPECT_EQ(key.error().code, Errc::kMalformed);
  }
  const std::string hex = TestAccount().ed25519().public_key().ToHex();
  EXPECT_TRUE(Ed25519PublicKey::FromHex(hex));
  EXPECT_FALSE(Ed25519PublicKey::FromHex(hex + "0"));
  EXPECT_FALSE(Ed25519PublicKey::FromHex(hex.substr(2)));
  EXPECT_FALSE(Ed25519PublicKey::FromHex("x" + hex.substr(1)));
}

TEST(Ed25519, ANeverLoadedKeyVerifiesNothing) {
  const Ed25519PublicKey key;
  std::array<std::uint8_t, 64> signature{};
  EXPECT_FALSE(key.Verify(AsBytes("message"), signature));
  signature[0] = 1;  // R neutral, S = 0: what OpenSSL 3.0 accepts under the zero key
  EXPECT_FALSE(key.Verify(AsBytes("message"), signature));
}

TEST(Ed25519, RefusesEveryFlippedBitAndEveryOtherLength) {
  const auto& key = TestAccount().ed25519();
  const auto signature = key.Sign(AsBytes("message"));
  for (std::size_t bit = 0; bit < 512; ++bit) {
    auto flipped = signature;
    flipped[bit / 8] ^= static_cast<std::uint8_t>(1 << bit % 8);
    EXPECT_FALSE(key.public_key().Verify(AsBytes("message"), flipped)) << bit;
  }
  Bytes longer(signature.begin(), signature.end());
  longer.push_back(0);
  for (std::size_t size = 0; size <= longer.size(); ++size)
    EXPECT_EQ(key.public_key().Verify(AsBytes("message"), ByteView(longer).first(size)), size == 64)
        << size;
}

TEST(TM_11_SmallOrderKeys, AllFourteenEncodingsAreRefusedAtLoadAndByTheVerifierBelow) {
  const auto encodings = WeakEncodings();
  ASSERT_EQ(encodings.size(), 14u);
  for (const std::string& hex : encodings) {
    const auto key = Ed25519PublicKey::FromHex(hex);
    ASSERT_FALSE(key) << hex;
    EXPECT_EQ(key.error().code, Errc::kWeakKey) << hex;
    // Below the type as well: R = A and S = 0 satisfies the equation for one message in at most
    // eight.
    const Bytes bytes = FromHex(hex);
    for (std::uint8_t message = 0; message < 64; ++message) {
      std::array<std::uint8_t, 64> signature{};
      std::copy(bytes.begin(), bytes.end(), signature.begin());
      EXPECT_NE(crypto_sign_verify_detached(signature.data(), &message, 1, bytes.data()), 0) << hex;
      signature = {1};
      EXPECT_NE(crypto_sign_verify_detached(signature.data(), &message, 1, bytes.data()), 0) << hex;
    }
  }
}

TEST(TM_11_SmallOrderKeys, EveryNonCanonicalEncodingIsRefused) {
  for (int low = 0xED; low <= 0xFF; ++low)
    for (const std::uint8_t top : {0x7F, 0xFF}) {
      Bytes bytes(32, 0xFF);
      bytes[0] = static_cast<std::uint8_t>(low);
      bytes[31] = top;
      const auto key = Ed25519PublicKey::FromBytes(bytes);
      ASSERT_FALSE(key) << low;
      EXPECT_EQ(key.error().code, Errc::kWeakKey) << low;
    }
}

TEST(TM_11_SmallOrderKeys, PointsOffTheCurveAreRefused) {
  Bytes bytes(32, 0);
  bytes[0] = 2;
  const auto key = Ed25519PublicKey::FromBytes(bytes);
  ASSERT_FALSE(key);
  EXPECT_EQ(key.error().code, Errc::kMalformed);
}

// The classes of edge cases of "Taming the many EdDSAs" (Chalkias, Garillot, Nikolaenko 2020, table
// 5), made here from their definitions: A = aB + iT, R = rB + jT with T of order 8, S = r + ha. The
// plain equation SB = R + hA holds exactly when j + hi is a multiple of 8; the equation times 8
// always holds.
class SpecCheck : public ::testing::Test {
 protected:
  struct Signature {
    Point public_key{};
    std::array<std::uint8_t, 64> bytes{};
    std::uint8_t message = 0;
  };

  static Scalar Small(std::uint8_t value) { return Scalar{value}; }
  static Scalar Add(const Scalar& a, const Scalar& b) {
    Scalar sum;
    crypto_core_ed25519_scalar_add(sum.data(), a.data(), b.data());
    return sum;
  }
  static Scalar Multiply(const Scalar& a, const Scalar& b) {
    Scalar product;
    crypto_core_ed25519_scalar_mul(product.data(), a.data(), b.data());
    return product;
  }
  static Point TimesBase(const Scalar& scalar) {
    Point point{1};
    if (scalar != Scalar{}) {
      EXPECT_EQ(crypto_scalarmult_ed25519_base_noclamp(point.data(), scalar.data()), 0);
    }
    return point;
  }
  // point + count * T
  static Point AddTorsion(Point point, int count) {
    const Point torsion =
        ToPoint("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05");
    for (int i = 0; i < count; ++i)
      EXPECT_EQ(crypto_core_ed25519_add(point.data(), point.data(), torsion.data()), 0);
    return point;
  }
  static Scalar Challenge(const Signature& signature) {
    crypto_hash_sha512_state state;
    std::array<std::uint8_t, 64> digest;
    crypto_hash_sha512_init(&state);
    crypto_hash_sha512_update(&state, signature.bytes.data(), 32);
    crypto_hash_sha512_update(&state, signature.public_key.data(), 32);
    crypto_hash_sha512_update(&state, &signature.message, 1);
    crypto_hash_sha512_final(&state, digest.data());
    Scalar challenge;
    crypto_core_ed25519_scalar_reduce(challenge.data(), digest.data());
    return challenge;
  }

  // Tries messages until the plain equation holds, or does not, as wanted.
  static Signature Make(const Scalar& a, int i, const Scalar& r, int j, bool plain_equation_holds) {
    Signature signature;
    signature.public_key = AddTorsion(TimesBase(a), i);
    const Point r_point = AddTorsion(TimesBase(r), j);
    std::copy(r_point.begin(), r_point.end(), signature.bytes.begin());
    for (int message = 0; message < 256; ++message) {
      signature.message = static_cast<std::uint8_t>(message);
      const Scalar challenge = Challenge(signature);
      if (((j + challenge[0] * i) % 8 == 0) != plain_equation_holds) continue;
      const Scalar s = Add(r, Multiply(challenge, a));
      std::copy(s.begin(), s.end(), signature.bytes.begin() + 32);
      return signature;
    }
    ADD_FAILURE() << "no message fits";
    return signature;
  }

  static bool Accepted(const Signature& signature) {
    const auto key = Ed25519PublicKey::FromBytes(signature.public_key);
    return key && key->Verify(ByteView(&signature.message, 1), signature.bytes);
  }
};

TEST_F(SpecCheck, TM_10_OnlyTheMixedOrderCaseThatSatisfiesThePlainEquationPasses) {
  const Scalar zero{};
  const Scalar a = Small(77);
  const Scalar r = Small(93);
  EXPECT_FALSE(Accepted(Make(zero, 1, zero, 1, true))) << "0: small A, small R, S = 0";
  EXPECT_FALSE(Accepted(Make(zero, 1, r, 1, true))) << "1: small A, mixed R";
  EXPECT_FALSE(Accepted(Make(a, 1, zero, 1, true))) << "2: mixed A, small R";
  EXPECT_TRUE(Accepted(Make(a, 1, r, 1, true))) << "3: mixed A, mixed R";
  EXPECT_FALSE(Accepted(Make(a, 1, r, 1, false))) << "4: holds only times eight";
  EXPECT_FALSE(Accepted(Make(a, 3, r, 0, false))) << "5: holds only times eight, R of prime order";
  EXPECT_TRUE(Accepted(Make(a, 0, r, 0, true))) << "the ordinary signature of the same maker";
}

TEST_F(SpecCheck, TM_10_AnSNotBelowTheGroupOrderIsRefused) {
  const Point order = ToPoint("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010");
  Signature signature = Make(Small(77), 0, Small(93), 0, true);
  ASSERT_TRUE(Accepted(signature));
  for (int times = 1; times <= 8; ++times) {  // 6, 7: S + L … S + 8L
    unsigned carry = 0;
    for (std::size_t i = 0; i < 32; ++i) {
      carry += signature.bytes[32 + i] + order[i];
      signature.bytes[32 + i] = static_cast<std::uint8_t>(carry);
      carry >>= 8;
    }
    EXPECT_EQ(carry, 0u);
    EXPECT_FALSE(Accepted(signature)) << times;
  }
}

TEST_F(SpecCheck, TM_10_ANonCanonicalRIsRefused) {
  // 8, 9: R = y + p of a point of small order, with an S that satisfies the equation for its
  // canonical twin or itself.
  const Scalar a = Small(77);
  for (const std::string& hex : WeakEncodings()) {
    Signature signature;
    signature.public_key = TimesBase(a);
    const Point r = ToPoint(hex);
    std::copy(r.begin(), r.end(), signature.bytes.begin());
    const Scalar s = Multiply(Challenge(signature), a);
    std::copy(s.begin(), s.end(), signature.bytes.begin() + 32);
    EXPECT_FALSE(Accepted(signature)) << hex;
  }
}

}  // namespace
}  // namespace latchkey::crypto
