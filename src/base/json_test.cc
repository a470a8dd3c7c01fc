#include "base/json.h"

#include <gtest/gtest.h>

#include <cstdlib>

namespace latchkey::base {
namespace {

std::string Nested(int depth, std::string_view open, std::string_view close) {
  std::string text;
  for (int i = 0; i < depth; ++i) text += open;
  text += "0";
  for (int i = 0; i < depth; ++i) text += close;
  return text;
}

std::string RoundTrip(std::string_view text) {
  const auto value = ParseJson(text);
  EXPECT_TRUE(value) << text << ": " << (value ? "" : value.error().detail);
  return value ? WriteJson(*value) : "";
}

TEST(ParseJson, ReadsEveryKindOfValue) {
  EXPECT_TRUE(ParseJson("null")->is_null());
  EXPECT_EQ(ParseJson("true")->as_bool(), true);
  EXPECT_EQ(ParseJson("-12")->as_int64(), -12);
  EXPECT_EQ(ParseJson("1.5")->as_double(), 1.5);
  EXPECT_EQ(ParseJson("\"x\"")->as_string(), "x");
  EXPECT_EQ(ParseJson(" [1, [2], {\"a\": 3}]\r\n\t")->as_array().size(), 3u);
  EXPECT_EQ(ParseJson("{}")->as_object().size(), 0u);
}

TEST(ParseJson, KeepsMembersInTheirOrder) {
  EXPECT_EQ(RoundTrip(R"({"z":1,"a":{"y":[],"b":{}},"":null})"),
            R"({"z":1,"a":{"y":[],"b":{}},"":null})");
}

TEST(ParseJson, RefusesWhatIsNotOneDocument) {
  for (const std::string_view text : {"",
                                      " ",
                                      "{",
                                      "}",
                                      "[",
                                      "]",
                                      "[1",
                                      "[1,",
                                      "[1,]",
                                      "{\"a\"",
                                      "{\"a\":",
                                      "{\"a\":1",
                                      "{\"a\":1,}",
                                      "{a:1}",
                                      "{'a':1}",
                                      "{\"a\" 1}",
                                      "{1:2}",
                                      "[1 2]",
                                      "1 2",
                                      "{} {}",
                                      "null null",
                                      "nul",
                                      "True",
                                      "NaN",
                                      "Infinity",
                                      "-Infinity",
                                      "-",
                                      "+1",
                                      "01",
                                      "1.",
                                      ".5",
                                      "1e",
                                      "1e+",
                                      "0x10",
                                      "\"",
                                      "\"a",
                                      "'a'",
                                      "// c\n1",
                                      "/* c */1",
                                      "1 // c",
                                      "\xEF\xBB\xBF{}",
                                      "{}x",
                                      "{},",
                                      "[1]]",
                                      "\x0b"
                                      "1",
                                      "1\x0c"}) {
    const auto value = ParseJson(text);
    ASSERT_FALSE(value) << text;
    EXPECT_EQ(value.error().code, Errc::kJsonInvalid);
    EXPECT_FALSE(value.error().detail.empty());
  }
  EXPECT_FALSE(ParseJson(std::string_view("{}\0", 3)));
}

TEST(ParseJson, RefusesTwoMembersOfOneName) {
  for (const std::string_view text :
       {R"({"a":1,"a":2})", R"({"a":1,"a":1})", R"({"a":1,"b":2,"a":3})", R"({"a":{},"a":{}})",
        R"({"a":[1],"a":[1]})", R"({"a":null,"a":null})", R"({"a":"x","a":"x"})",
        R"({"a":true,"a":false})", R"({"a":1.5,"a":1.5})", R"({"a":18446744073709551615,"a":1})",
        R"({"":1,"":2})", R"({"a":1,"\u0061":2})", R"([{"x":{"a":1,"a":2}}])",
        R"({"b":[{"a":1,"a":2}]})"}) {
    const auto value = ParseJson(text);
    ASSERT_FALSE(value) << text;
    EXPECT_EQ(value.error().code, Errc::kJsonInvalid);
    EXPECT_NE(value.error().detail.find("same name"), std::string::npos) << value.error().detail;
  }
  EXPECT_TRUE(ParseJson(R"({"a":1,"b":[{"a":2},{"a":2}],"A":3} )"))
      << "the same name in other objects, or in another case";
}

TEST(ParseJson, StopsBelowSixtyFourLevels) {
  EXPECT_TRUE(ParseJson(Nested(64, "[", "]")));
  EXPECT_FALSE(ParseJson(Nested(65, "[", "]")));
  EXPECT_TRUE(ParseJson(Nested(64, "{\"a\":", "}")));
  EXPECT_FALSE(ParseJson(Nested(65, "{\"a\":", "}")));
  EXPECT_FALSE(ParseJson(std::string(200000, '[')));
  EXPECT_TRUE(ParseJson(Nested(2, "[", "]"), {.max_depth = 2}));
  EXPECT_FALSE(ParseJson(Nested(3, "[", "]"), {.max_depth = 2}));
}

TEST(ParseJson, RefusesBytesThatAreNotUtf8) {
  for (const std::string_view bytes :
       {"\x80", "\xc0\x80", "\xc3", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xff", "\xe2\x82"}) {
    EXPECT_FALSE(ParseJson("\"" + std::string(bytes) + "\"")) << bytes;
    EXPECT_FALSE(ParseJson("{\"" + std::string(bytes) + "\":1}")) << bytes;
  }
  EXPECT_EQ(ParseJson("\"Größe ☃ 𝄞\"")->as_string(), "Größe ☃ 𝄞");
}

TEST(ParseJson, ReadsEscapes) {
  EXPECT_EQ(ParseJson(R"("\"\\\/\b\f\n\r\t")")->as_string(), "\"\\/\b\f\n\r\t");
  EXPECT_EQ(ParseJson(R"("\u00fc\u2603\uD834\uDD1E")")->as_string(), "ü☃𝄞");
  EXPECT_EQ(ParseJson(R"("\u0000x")")->as_string(), json::string_view("\0x", 2));
  for (const std::string_view text :
       {R"("\x41")", R"("\u12")", R"("\u12G4")", R"("\uD834")", R"("\uD834x")", R"("\uD834\u0041")",
        R"("\uDD1E")", R"("\)", "\"a\nb\"", "\"a\tb\"", "\"\x01\"", R"("\a")"})
    EXPECT_FALSE(ParseJson(text)) << text;
  EXPECT_FALSE(ParseJson(std::string_view("\"\0\"", 3)));
}

TEST(ParseJson, ReadsLongTextsInOnePiece) {
  std::string text(100000, 'x');
  for (std::size_t i = 0; i < text.size(); i += 97) text.replace(i, 2, "\\n");
  const auto value = ParseJson("{\"" + text + "\":\"" + text + "\"}");
  ASSERT_TRUE(value);
  const auto& member = *value->as_object().begin();
  EXPECT_EQ(member.key(), member.value().as_string());
  EXPECT_EQ(RoundTrip("\"" + text + "\""), "\"" + text + "\"");
}

TEST(ParseJson, IntegersBeyondSixtyFourBitsBecomeDoubles) {
  EXPECT_EQ(ParseJson("9223372036854775807")->as_int64(), INT64_MAX);
  EXPECT_EQ(ParseJson("-9223372036854775808")->as_int64(), INT64_MIN);
  EXPECT_EQ(ParseJson("9223372036854775808")->as_double(), 9223372036854775808.0);
  EXPECT_EQ(ParseJson("18446744073709551615")->as_double(), 18446744073709551615.0);
  EXPECT_EQ(ParseJson("123456789012345678901234567890")->as_double(),
            123456789012345678901234567890.0);
  EXPECT_EQ(ParseJson("-9223372036854775809")->as_double(), -9223372036854775809.0);
}

TEST(ParseJson, NumbersThatNoDoubleHoldsAreRefused) {
  EXPECT_FALSE(ParseJson("1e400"));
  EXPECT_FALSE(ParseJson("-1e400"));
  EXPECT_FALSE(ParseJson("[1e999999999999]"));
  EXPECT_EQ(ParseJson("1e-400")->as_double(), 0.0);
}

// Found by json_fuzz: each reading and writing changed the last digit.
TEST(ParseJson, LongNumbersBecomeTheNearestDouble) {
  for (const char* text :
       {"111111111111111111111111111111111111114", "0.1234567890123456789",
        "-2.2250738585072011e-308", "9007199254740993.0", "1e-400", "179769313486231570000e288"}) {
    const auto value = ParseJson(text);
    ASSERT_TRUE(value) << text;
    EXPECT_EQ(value->as_double(), std::strtod(text, nullptr)) << text;
    EXPECT_EQ(WriteJson(ParseJson(WriteJson(*value)).value()), WriteJson(*value)) << text;
  }
}

TEST(ParseJson, ErrorsNeverQuoteTheText) {
  for (const std::string_view text :
       {"{\"password\":\"hunter2\"", "{\"hunter2\":1,\"hunter2\":2}", "[hunter2]", "1 hunter2"}) {
    const auto value = ParseJson(text);
    ASSERT_FALSE(value);
    EXPECT_EQ(value.error().detail.find("hunter2"), std::string::npos) << value.error().detail;
  }
}

TEST(WriteJson, NumbersKeepTheirUsualForm) {
  EXPECT_EQ(RoundTrip("[0,-1,1.5,0.1,-2.25,100.0,1e+300,1e-7,0.001]"),
            "[0,-1,1.5,0.1,-2.25,100.0,1e+300,1e-07,0.001]");
}

TEST(WriteJson, WhatItWritesReadsBackTheSame) {
  for (const std::string_view text :
       {R"({"a":[1,2.5,-3,true,false,null,"x\ny"],"b":{"c":{}},"d":[]})", "1e21",
        "123456789012345678901234567890", "-0.0", "5e-324", "1.7976931348623157e308", "3.0",
        R"("\u0000\u001f\u007f\u2028")"}) {
    const auto first = ParseJson(text);
    ASSERT_TRUE(first) << text;
    const auto second = ParseJson(WriteJson(*first));
    ASSERT_TRUE(second) << WriteJson(*first);
    EXPECT_EQ(*first, *second) << text;
    EXPECT_EQ(first->kind(), second->kind()) << text;
  }
}

// Against the rule, byte by byte: the writer looks at several at once.
TEST(AppendJsonString, EscapesEveryByteWhereverItStands) {
  const auto escaped = [](std::string_view text) {
    std::string out = "\"";
    for (const char c : text) {
      static constexpr std::string_view kNamed = "\"\\\n\r\t\b\f";
      static constexpr std::string_view kNames = "\"\\nrtbf";
      const auto byte = static_cast<unsigned char>(c);
      if (const auto at = kNamed.find(c); at != kNamed.npos) {
        out += '\\';
        out += kNames[at];
      } else if (byte < 0x20) {
        out += "\\u00" + Hex(ByteView(&byte, 1));
      } else {
        out += c;
      }
    }
    return out + '"';
  };
  for (int c = 0; c < 256; ++c) {
    for (const std::size_t size : {1, 7, 8, 9, 16, 23, 119, 120, 121, 200}) {
      for (std::size_t at = 0; at<size; at += size> 30 ? 13 : 1) {
        for (const char around : {'a', '\x7f', '\xc3', '!', '#'}) {
          std::string text(size, around);
          text[at] = static_cast<char>(c);
          const std::string expected = escaped(text);
          std::string out;
          AppendJsonString(out, text);
          ASSERT_EQ(out, expected);
          JsonWriter writer;
          writer.BeginObject().Key(text).String(text).Key(text).String(text).EndObject();
          ASSERT_EQ(writer.text(),
                    "{" + expected + ":" + expected + "," + expected + ":" + expected + "}");
        }
      }
    }
  }
}

TEST(AppendJsonString, EscapesWhatJsonMustEscape) {
  std::string out = "x";
  AppendJsonString(out, std::string_view("a\"\\/\n\r\t\b\f\x01\x1f\x7f\0ü", 15));
  EXPECT_EQ(out, "x\"a\\\"\\\\/\\n\\r\\t\\b\\f\\u0001\\u001f\x7f\\u0000ü\"");
  for (int c = 0; c < 256; ++c) {
    const std::string text = c < 0x80 ? std::string(1, static_cast<char>(c))
                                      : std::string{static_cast<char>(0xC0 | (c >> 6)),
                                                    static_cast<char>(0x80 | (c & 63))};
    std::string written;
    AppendJsonString(written, text);
    EXPECT_EQ(std::string(ParseJson(written)->as_string()), text) << c;
  }
}

TEST(JsonWriter, PutsCommasWhereTheyBelong) {
  JsonWriter writer;
  writer.BeginObject()
      .Key("data")
      .BeginArray()
      .BeginObject()
      .EndObject()
      .Int(-5)
      .Bool(true)
      .Null()
      .String("x")
      .BeginArray()
      .EndArray()
      .EndArray()
      .Key("when")
      .Time(FromUnixSeconds(1772529300))
      .Key("id")
      .Id(*Uuid::Parse("0D5F2C1E7A364F0B9F0E6C1C2F8A9B10"))
      .Key("tree")
      .Tree(*ParseJson(R"({"a":[1,{"b":2.5}],"c":{}})"))
      .Key("raw")
      .Raw("[1]")
      .Key("a\"b")
      .Bool(false)
      .EndObject();
  EXPECT_EQ(
      writer.text(),
      R"({"data":[{},-5,true,null,"x",[]],"when":"2026-03-03T09:15:00.000Z",)"
      R"("id":"0d5f2c1e-7a36-4f0b-9f0e-6c1c2f8a9b10","tree":{"a":[1,{"b":2.5}],"c":{}},"raw":[1],"a\"b":false})");
  EXPECT_TRUE(ParseJson(writer.text()));
}

TEST(JsonWriter, TreeAndWriteJsonAgree) {
  const auto value =
      ParseJson(R"({"a":[1,2.0,{"b":[]}],"c":"\u0001","d":1e30,"e":18446744073709551615})");
  JsonWriter writer;
  EXPECT_EQ(writer.Tree(*value).text(), WriteJson(*value));
}

TEST(ParseJson, RefusesADocumentOfVeryManyValues) {
  std::string text = "[0";
  for (int i = 1; i < 9999; ++i) text += ",0";
  const JsonLimits limits{.max_values = 10000};
  EXPECT_TRUE(ParseJson(text + "]", limits));  // 9999 elements and the array itself
  EXPECT_FALSE(ParseJson(text + ",0,0]", limits));
  EXPECT_TRUE(ParseJson(text + ",0,0]"));
}

}  // namespace
}  // namespace latchkey::base
