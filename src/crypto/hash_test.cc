#include "crypto/hash.h"

#include <stdexcept>
#include <thread>

#include "crypto/test_support.h"

namespace latchkey::crypto {
namespace {

using base::AsBytes;
using base::Hex;

TEST(Sha256, GivesThePublishedDigests) {
  EXPECT_EQ(Hex(Sha256("")), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(Hex(Sha256("abc")), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(Hex(Sha256(std::string(1000000, 'a'))),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

struct HmacCase {
  Bytes key;
  Bytes data;
  std::string digest;
};

// RFC 4231, cases 1 to 4, 6 and 7.
std::vector<HmacCase> HmacCases() {
  return {{Bytes(20, 0x0b), FromHex("4869205468657265"),
           "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"},
          {FromHex("4a656665"), FromHex("7768617420646f2079612077616e7420666f72206e6f7468696e673f"),
           "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
          {Bytes(20, 0xaa), Bytes(50, 0xdd),
           "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"},
          {FromHex("0102030405060708090a0b0c0d0e0f10111213141516171819"), Bytes(50, 0xcd),
           "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b"},
          {Bytes(131, 0xaa),
           FromHex("54657374205573696e67204c6172676572205468616e20426c6f636b2d53697a65204b6579202d2"
                   "0486173682"
                   "04b6579204669727374"),
           "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"}};
}

TEST(HmacSha256, GivesThePublishedCodesOneShotAndWithAKeptKey) {
  for (const HmacCase& c : HmacCases()) {
    EXPECT_EQ(Hex(HmacSha256(c.key, c.data)), c.digest);
    const HmacKey key(c.key);
    EXPECT_EQ(Hex(key.Sign(c.data)), c.digest);
    EXPECT_EQ(Hex(key.Sign(c.data)), c.digest) << "a kept key is not used up";
  }
}

TEST(HmacSha256, TakesEmptyKeysAndEmptyTexts) {
  EXPECT_EQ(Hex(HmacSha256({}, {})),
            "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
  EXPECT_EQ(Hex(HmacKey(ByteView()).Sign({})), Hex(HmacSha256({}, {})));
}

TEST(HmacKey, MovesAndServesManyThreads) {
  HmacKey first(AsBytes("key"));
  HmacKey key = std::move(first);
  const Digest256 expected = HmacSha256(AsBytes("key"), AsBytes("text"));
  std::array<int, 4> wrong{};
  std::vector<std::thread> threads;
  for (int& count : wrong)
    threads.emplace_back([&key, &expected, &count] {
      for (int i = 0; i < 1000; ++i) count += key.Sign(AsBytes("text")) != expected;
    });
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(wrong, (std::array<int, 4>{}));
}

TEST(HkdfSha256, GivesThePublishedBytes) {  // RFC 5869, A.1 and A.3
  EXPECT_EQ(Hex(HkdfSha256(Bytes(22, 0x0b), FromHex("000102030405060708090a0b0c"),
                           "\xf0\xf1\xf2\xf3\xf4\xf5\xf6\xf7\xf8\xf9", 42)),
            "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865");
  EXPECT_EQ(Hex(HkdfSha256(Bytes(22, 0x0b), {}, "", 42)),
            "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8");
}

TEST(HkdfSha256, StopsAt255Blocks) {
  const Bytes longest = HkdfSha256(Bytes(32, 1), {}, "info", 8160);
  EXPECT_EQ(longest.size(), 8160u);
  const Bytes shorter = HkdfSha256(Bytes(32, 1), {}, "info", 100);
  EXPECT_TRUE(std::equal(shorter.begin(), shorter.end(), longest.begin()));
  EXPECT_TRUE(HkdfSha256(Bytes(32, 1), {}, "info", 0).empty());
  EXPECT_THROW(HkdfSha256(Bytes(32, 1), {}, "info", 8161), std::invalid_argument);
}

}  // namespace
}  // namespace latchkey::crypto
