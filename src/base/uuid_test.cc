#include "base/uuid.h"

#include <gtest/gtest.h>

#include <set>
#include <unordered_set>

namespace latchkey::base {
namespace {

constexpr std::string_view kText = "0d5f2c1e-7a36-4f0b-9f0e-6c1c2f8a9b10";

TEST(Uuid, ReadsDashesOrNoneInAnyCase) {
  for (const std::string_view text :
       {kText, std::string_view("0D5F2C1E-7A36-4F0B-9F0E-6C1C2F8A9B10"),
        std::string_view("0d5f2c1e7a364f0b9f0e6c1c2f8a9b10"),
        std::string_view("0D5F2C1E7A364F0B9F0E6C1C2F8A9B10")}) {
    const auto id = Uuid::Parse(text);
    ASSERT_TRUE(id) << text;
    EXPECT_EQ(id->ToString(), kText);
    EXPECT_TRUE(Uuid::LooksLikeUuid(text));
  }
}

TEST(Uuid, RefusesEverythingElse) {
  for (const std::string_view text :
       {"", "0d5f2c1e", "0d5f2c1e-7a36-4f0b-9f0e-6c1c2f8a9b1",
        "0d5f2c1e-7a36-4f0b-9f0e-6c1c2f8a9b100", "0d5f2c1e-7a36-4f0b-9f0e6c1c2f8a9b10",
        "0d5f2c1e7-a36-4f0b-9f0e-6c1c2f8a9b10", "{0d5f2c1e-7a36-4f0b-9f0e-6c1c2f8a9b10}",
        "gd5f2c1e-7a36-4f0b-9f0e-6c1c2f8a9b10", "0d5f2c1e-7a36-4f0b-9f0e-6c1c2f8a9b1 ",
        " d5f2c1e-7a36-4f0b-9f0e-6c1c2f8a9b10", "------------------------------------",
        "--------------------------------", "0d5f2c1e7a364f0b9f0e6c1c2f8a9b1-",
        "urn:uuid:0d5f2c1e-7a36-4f0b-9f0e-6c1c2f8a9b10"}) {
    EXPECT_FALSE(Uuid::Parse(text)) << text;
    EXPECT_FALSE(Uuid::LooksLikeUuid(text)) << text;
  }
}

TEST(Uuid, HasVersionAndVariantBits) {
  const TimePoint now = FromUnixMicros(1772529300123456);
  std::set<Uuid> seen;
  for (int i = 0; i < 1000; ++i) {
    for (const Uuid& id : {Uuid::V4(SystemRandom()), Uuid::V7(now, SystemRandom())}) {
      const std::string text = id.ToString();
      EXPECT_NE(std::string_view("89ab").find(text[19]), std::string_view::npos) << text;
      EXPECT_TRUE(text[14] == '4' || text[14] == '7') << text;
      EXPECT_EQ(Uuid::Parse(text), id);
      EXPECT_TRUE(seen.insert(id).second);
    }
  }
  EXPECT_EQ(Uuid::V4(SystemRandom()).ToString()[14], '4');
  EXPECT_EQ(Uuid::V7(now, SystemRandom()).ToString()[14], '7');
}

TEST(Uuid, Version7BeginsWithTheMillisecondsAndSortsByTime) {
  const Uuid id =
      Uuid::V7(FromUnixMicros(1645557742000000), SystemRandom());  // the example of RFC 9562, A.6
  EXPECT_EQ(id.ToString().substr(0, 15), "017f22e2-79b0-7");
  for (std::int64_t millis = 1; millis < 4000000000000; millis *= 3)
    EXPECT_LT(Uuid::V7(FromUnixMicros(millis * 1000), SystemRandom()),
              Uuid::V7(FromUnixMicros((millis + 1) * 1000), SystemRandom()));
}

TEST(Uuid, NilIsTheDefault) {
  EXPECT_TRUE(Uuid().is_nil());
  EXPECT_EQ(Uuid().ToString(), "00000000-0000-0000-0000-000000000000");
  EXPECT_FALSE(Uuid::Parse(kText)->is_nil());
}

TEST(Uuid, BytesGoOutAndBackIn) {
  const Uuid id = *Uuid::Parse(kText);
  EXPECT_EQ(Uuid::FromBytes(id.bytes()), id);
  EXPECT_FALSE(Uuid::FromBytes(ByteView(id.bytes()).first(15)));
  EXPECT_FALSE(Uuid::FromBytes(Bytes(17)));
  EXPECT_FALSE(Uuid::FromBytes(ByteView()));
}

TEST(Uuid, AppendsToAText) {
  std::string text = "id=";
  Uuid::Parse(kText)->AppendTo(text);
  EXPECT_EQ(text, "id=" + std::string(kText));
}

TEST(Uuid, IsAKeyOfHashTables) {
  std::unordered_set<Uuid> ids;
  for (int i = 0; i < 1000; ++i) ids.insert(Uuid::V4(SystemRandom()));
  EXPECT_EQ(ids.size(), 1000u);
  EXPECT_TRUE(ids.contains(*ids.begin()));
}

TEST(SystemRandom, FillsWhateverItIsGiven) {
  EXPECT_TRUE(SystemRandom().Take(0).empty());
  EXPECT_NE(SystemRandom().Take(32), SystemRandom().Take(32));
  const Bytes many = SystemRandom().Take(
      100000);  // the kernel gives at most 33554431 bytes, and may give fewer than asked
  std::array<int, 256> counts{};
  for (const std::uint8_t byte : many) ++counts[byte];
  for (const int count : counts) EXPECT_GT(count, 0);
}

}  // namespace
}  // namespace latchkey::base
