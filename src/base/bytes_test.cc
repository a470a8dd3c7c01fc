#include "base/bytes.h"

#include <gtest/gtest.h>

namespace latchkey::base {
namespace {

struct EncodedCase {
  std::string text;
  std::string standard;
  std::string url;
};

TEST(Base64, GivesThePublishedTexts) {  // RFC 4648 §10, and one that tells the alphabets apart
  for (const EncodedCase& c : std::vector<EncodedCase>{{"", "", ""},
                                                       {"f", "Zg==", "Zg=="},
                                                       {"fo", "Zm8=", "Zm8="},
                                                       {"foo", "Zm9v", "Zm9v"},
                                                       {"foob", "Zm9vYg==", "Zm9vYg=="},
                                                       {"fooba", "Zm9vYmE=", "Zm9vYmE="},
                                                       {"foobar", "Zm9vYmFy", "Zm9vYmFy"},
                                                       {"\xfb\xff\xbf", "+/+/", "-_-_"}}) {
    const ByteView bytes = AsBytes(c.text);
    std::string unpadded = c.url;
    while (unpadded.ends_with('=')) unpadded.pop_back();
    EXPECT_EQ(Base64(bytes), c.standard);
    EXPECT_EQ(Base64Url(bytes), c.url);
    EXPECT_EQ(Base64UrlUnpadded(bytes), unpadded);
    EXPECT_EQ(FromBase64(c.standard), Bytes(bytes.begin(), bytes.end()));
    EXPECT_EQ(FromBase64Url(c.url), Bytes(bytes.begin(), bytes.end()));
    EXPECT_EQ(FromBase64UrlUnpadded(unpadded), Bytes(bytes.begin(), bytes.end()));
  }
}

TEST(Base64, EveryByteComesBack) {
  Bytes bytes;
  for (int i = 0; i < 256; ++i) {
    bytes.push_back(static_cast<std::uint8_t>(i * 7));
    EXPECT_EQ(FromBase64(Base64(bytes)), bytes);
    EXPECT_EQ(FromBase64Url(Base64Url(bytes)), bytes);
    EXPECT_EQ(FromBase64UrlUnpadded(Base64UrlUnpadded(bytes)), bytes);
  }
}

TEST(Base64, RefusesEveryOtherTextOfTheSameBytes) {
  for (const std::string_view text :
       {"Zg",    "Zg=",      "Zg===", "Zg==\n",   " Zg==",   "Zh==", "Zm9=",     "Zm8",
        "Z",     "=",        "==",    "===",      "====",    "Z===", "Zg==Zg==", "Z=g=",
        "Zm9v=", "Zm9v====", "Zm 9v", "Zm9v\r\n", "Zm9\xc3", "Zm9-", "Zm9_"})
    EXPECT_FALSE(FromBase64(text)) << text;
  EXPECT_FALSE(FromBase64(std::string_view("Zm9\0", 4)));
  for (const std::string_view text : {"+/+/", "Zm9+", "Zg", "Zh=="})
    EXPECT_FALSE(FromBase64Url(text)) << text;
  for (const std::string_view text : {"Zg==", "Zm8=", "Zh", "Zm9", "Z", "Zm9vY", "+/+/"})
    EXPECT_FALSE(FromBase64UrlUnpadded(text)) << text;
}

TEST(Base64, OfAllTwoCharacterTailsOneInSixteenIsCanonical) {
  constexpr std::string_view kAlphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  int accepted = 0;
  for (const char a : kAlphabet)
    for (const char b : kAlphabet) {
      const std::string text{a, b, '=', '='};
      if (const auto bytes = FromBase64(text)) {
        EXPECT_EQ(Base64(*bytes), text);
        ++accepted;
      }
    }
  EXPECT_EQ(accepted, 256);
}

TEST(Hex, WritesLowerCaseAndReadsAnyCase) {
  const Bytes bytes{0x00, 0x09, 0x0a, 0xf0, 0xff, 0xAB};
  EXPECT_EQ(Hex(bytes), "00090af0ffab");
  EXPECT_EQ(FromHex("00090af0ffab"), bytes);
  EXPECT_EQ(FromHex("00090AF0fFaB"), bytes);
  EXPECT_EQ(FromHex(""), Bytes{});
}

TEST(Hex, RefusesOddLengthsAndForeignCharacters) {
  for (const std::string_view text :
       {"0", "000", "0g", "g0", " 0", "0 ", "0x", "+1", "-1", "\xff\xff", "@a", "`a", "/0", ":0"})
    EXPECT_FALSE(FromHex(text)) << text;
  EXPECT_FALSE(FromHex(std::string_view("0\0", 2)));
}

TEST(ConstantTimeEqual, ComparesContents) {
  EXPECT_TRUE(ConstantTimeEqual({}, {}));
  EXPECT_TRUE(ConstantTimeEqual(AsBytes("abc"), AsBytes("abc")));
  EXPECT_FALSE(ConstantTimeEqual(AsBytes("abc"), AsBytes("abd")));
  EXPECT_FALSE(ConstantTimeEqual(AsBytes("abc"), AsBytes("Abc")));
  EXPECT_FALSE(ConstantTimeEqual(AsBytes("abc"), AsBytes("ab")));
  EXPECT_FALSE(ConstantTimeEqual(AsBytes(""), AsBytes("a")));
  // Differences that cancel each other out under addition or xor of the whole.
  EXPECT_FALSE(ConstantTimeEqual(AsBytes("ab"), AsBytes("ba")));
  EXPECT_FALSE(ConstantTimeEqual(Bytes{1, 1}, Bytes{2, 2}));
}

TEST(Utf8, AcceptsTheEdgesOfEachLength) {
  for (const std::string_view text :
       {"", "a", "\x7f", "\xc2\x80", "\xdf\xbf", "\xe0\xa0\x80", "\xed\x9f\xbf", "\xee\x80\x80",
        "\xef\xbf\xbf", "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf", "Größe ☃ 𝄞"})
    EXPECT_TRUE(IsUtf8(text)) << Hex(AsBytes(text));
  EXPECT_TRUE(IsUtf8(std::string_view("\0", 1)));
}

TEST(Utf8, RefusesEveryOtherSequence) {
  for (const std::string_view text : {"\x80",
                                      "\xbf",
                                      "\xc0\x80",
                                      "\xc1\xbf",
                                      "\xc2",
                                      "\xc2\x7f",
                                      "\xc2\xc0",
                                      "\xe0\x9f\xbf",
                                      "\xe0\x80\x80",
                                      "\xe1\x80",
                                      "\xed\xa0\x80",
                                      "\xed\xbf\xbf",
                                      "\xf0\x8f\xbf\xbf",
                                      "\xf0\x90\x80",
                                      "\xf4\x90\x80\x80",
                                      "\xf5\x80\x80\x80",
                                      "\xfe",
                                      "\xff",
                                      "abc\xff",
                                      "\xe2\x82",
                                      "\xf8\x88\x80\x80\x80"})
    EXPECT_FALSE(IsUtf8(text)) << Hex(AsBytes(text));
}

TEST(Utf8, CountsCodePoints) {
  EXPECT_EQ(Utf8Length(""), 0u);
  EXPECT_EQ(Utf8Length("abc"), 3u);
  EXPECT_EQ(Utf8Length("Größe"), 5u);
  EXPECT_EQ(Utf8Length("☃𝄞"), 2u);
}

}  // namespace
}  // namespace latchkey::base
