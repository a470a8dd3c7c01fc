#include "crypto/aead.h"

#include <stdexcept>

#include "crypto/test_support.h"

namespace latchkey::crypto {
namespace {

using base::AsBytes;
using base::AsText;

// The known answer of the specification of GCM (McGrew and Viega, test case 16).
TEST(AesGcm, GivesThePublishedCiphertext) {
  class FixedIv final : public Random {
   public:
    void Fill(std::span<std::uint8_t> out) override {
      const Bytes iv = FromHex("cafebabefacedbaddecaf888");
      ASSERT_EQ(out.size(), iv.size());
      std::copy(iv.begin(), iv.end(), out.begin());
    }
  } random;
  const Bytes key = FromHex("feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308");
  const Bytes aad = FromHex("feedfacedeadbeeffeedfacedeadbeefabaddad2");
  const Bytes plaintext = FromHex(
      "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6"
      "b525b16a"
      "edf5aa0de657ba637b39");
  const AesGcmBox box = AesGcmSeal(key, plaintext, aad, random);
  EXPECT_EQ(base::Hex(box.ciphertext),
            "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b"
            "1056828838c5f61e6393b"
            "a7a0abcc9f662");
  EXPECT_EQ(base::Hex(box.tag), "76fc6ece0f4e1768cddf8853bb2d551b");
  const auto opened = AesGcmOpen(key, box.iv, box.ciphertext, box.tag, aad);
  ASSERT_TRUE(opened);
  EXPECT_EQ(*opened, plaintext);
}

TEST(AesGcm, OpensEveryLengthItSeals) {
  const Bytes key(32, 7);
  for (const std::size_t size : {0, 1, 15, 16, 17, 31, 32, 1000, 100000}) {
    const Bytes plaintext(size, 0x5A);
    const AesGcmBox box = AesGcmSeal(key, plaintext, AsBytes("aad"), base::SystemRandom());
    EXPECT_EQ(box.ciphertext.size(), size);
    const auto opened = AesGcmOpen(key, box.iv, box.ciphertext, box.tag, AsBytes("aad"));
    ASSERT_TRUE(opened) << size;
    EXPECT_EQ(*opened, plaintext);
  }
}

TEST(AesGcm, RefusesWhatDoesNotBelongTogether) {
  const Bytes key(32, 7);
  const AesGcmBox box = AesGcmSeal(key, AsBytes("secret"), AsBytes("aad"), base::SystemRandom());
  const auto refused = [](const Result<Bytes>& result) {
    return !result && result.error().code == Errc::kDecryptionFailed;
  };
  EXPECT_TRUE(refused(AesGcmOpen(Bytes(32, 8), box.iv, box.ciphertext, box.tag, AsBytes("aad"))));
  EXPECT_TRUE(refused(AesGcmOpen(key, box.iv, box.ciphertext, box.tag, AsBytes("AAD"))));
  EXPECT_TRUE(refused(AesGcmOpen(key, box.iv, box.ciphertext, box.tag, {})));
  for (std::size_t bit = 0; bit < 8 * box.ciphertext.size(); ++bit) {
    Bytes flipped = box.ciphertext;
    flipped[bit / 8] ^= static_cast<std::uint8_t>(1 << bit % 8);
    EXPECT_TRUE(refused(AesGcmOpen(key, box.iv, flipped, box.tag, AsBytes("aad")))) << bit;
  }
  for (std::size_t bit = 0; bit < 8 * box.tag.size(); ++bit) {
    auto flipped = box.tag;
    flipped[bit / 8] ^= static_cast<std::uint8_t>(1 << bit % 8);
    EXPECT_TRUE(refused(AesGcmOpen(key, box.iv, box.ciphertext, flipped, AsBytes("aad")))) << bit;
  }
  for (std::size_t bit = 0; bit < 8 * box.iv.size(); ++bit) {
    auto flipped = box.iv;
    flipped[bit / 8] ^= static_cast<std::uint8_t>(1 << bit % 8);
    EXPECT_TRUE(refused(AesGcmOpen(key, flipped, box.ciphertext, box.tag, AsBytes("aad")))) << bit;
  }
}

TEST(AesGcm, TakesNoOtherSizes) {
  const Bytes key(32, 7);
  const AesGcmBox box = AesGcmSeal(key, AsBytes("secret"), {}, base::SystemRandom());
  EXPECT_FALSE(AesGcmOpen(Bytes(16, 7), box.iv, box.ciphertext, box.tag, {}));
  EXPECT_FALSE(AesGcmOpen({}, box.iv, box.ciphertext, box.tag, {}));
  EXPECT_FALSE(AesGcmOpen(key, ByteView(box.iv).first(8), box.ciphertext, box.tag, {}));
  EXPECT_FALSE(AesGcmOpen(key, box.iv, box.ciphertext, ByteView(box.tag).first(15), {}));
  EXPECT_FALSE(AesGcmOpen(key, box.iv, box.ciphertext, ByteView(box.tag).first(4), {}));
  EXPECT_FALSE(AesGcmOpen(key, box.iv, box.ciphertext, {}, {}));
  EXPECT_THROW(AesGcmSeal(Bytes(31, 7), AsBytes("secret"), {}, base::SystemRandom()),
               std::invalid_argument);
}

TEST(Sealer, OpensInItsOwnPlaceOnly) {
  const Sealer sealer(Secret(std::string(32, 'k')));
  const Bytes sealed = sealer.Seal(AsBytes("ABCD-1234"), "licenses/key/1", base::SystemRandom());
  const auto opened = sealer.Open(sealed, "licenses/key/1");
  ASSERT_TRUE(opened);
  EXPECT_EQ(AsText(*opened), "ABCD-1234");
  EXPECT_FALSE(sealer.Open(sealed, "licenses/key/2"));
  EXPECT_FALSE(sealer.Open(sealed, ""));
  EXPECT_FALSE(Sealer(Secret(std::string(32, 'K'))).Open(sealed, "licenses/key/1"));
}

TEST(Sealer, HasTheWrittenForm) {
  CountingRandom random;
  const Sealer sealer(Secret(std::string(32, 'k')));
  const Bytes sealed = sealer.Seal(AsBytes("value"), "place", random);
  ASSERT_EQ(sealed.size(), 1 + 12 + 5 + 16u);
  EXPECT_EQ(base::Hex(ByteView(sealed).first(13)), "010102030405060708090a0b0c");
}

TEST(Sealer, SealsTheSameValueDifferently) {
  const Sealer sealer(Secret(std::string(32, 'k')));
  EXPECT_NE(sealer.Seal(AsBytes("value"), "place", base::SystemRandom()),
            sealer.Seal(AsBytes("value"), "place", base::SystemRandom()));
}

TEST(Sealer, RefusesEveryDamage) {
  const Sealer sealer(Secret(std::string(32, 'k')));
  const Bytes sealed = sealer.Seal(AsBytes("value"), "place", base::SystemRandom());
  for (std::size_t bit = 0; bit < 8 * sealed.size(); ++bit) {
    Bytes flipped = sealed;
    flipped[bit / 8] ^= static_cast<std::uint8_t>(1 << bit % 8);
    const auto opened = sealer.Open(flipped, "place");
    ASSERT_FALSE(opened) << bit;
    EXPECT_EQ(opened.error().code, Errc::kDecryptionFailed);
  }
  for (std::size_t size = 0; size < sealed.size(); ++size)
    EXPECT_FALSE(sealer.Open(ByteView(sealed).first(size), "place")) << size;
}

}  // namespace
}  // namespace latchkey::crypto
