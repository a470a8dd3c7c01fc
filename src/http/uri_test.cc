#include "http/uri.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace latchkey::http {
namespace {

struct SplitCase {
  const char* target;
  const char* path;  // null: refused with kUriInvalid
  const char* query;
};

TEST(SplitTarget, AcceptsOriginAndAbsoluteFormAndNothingElse) {
  const SplitCase cases[] = {
      {"/v1/licenses", "/v1/licenses", ""},
      {"/v1/licenses?", "/v1/licenses", ""},
      {"/v1/licenses?page[number]=2", "/v1/licenses", "page[number]=2"},
      {"/a?b?c", "/a", "b?c"},
      {"/a%2Fb", "/a%2Fb", ""},
      {"http://example.test/v1/me?x=1", "/v1/me", "x=1"},
      {"https://example.test", "/", ""},
      {"https://example.test?x=1", "/", "x=1"},
      {"", nullptr, nullptr},
      {"*", nullptr, nullptr},
      {"v1/licenses", nullptr, nullptr},
      {"example.test:443", nullptr, nullptr},
      {"ftp://example.test/", nullptr, nullptr},
      {"/a#b", nullptr, nullptr},
      {"/a b", nullptr, nullptr},
      {"/\x7f", nullptr, nullptr},
      {"/\xc3\xa9", nullptr, nullptr},
      {"/a\x01", nullptr, nullptr},
  };
  for (const SplitCase& c : cases) {
    SCOPED_TRACE(c.target);
    const auto target = SplitTarget(c.target);
    ASSERT_EQ(target.has_value(), c.path != nullptr);
    if (!target) {
      EXPECT_EQ(target.error().code, Errc::kUriInvalid);
      continue;
    }
    EXPECT_EQ(target->path, c.path);
    EXPECT_EQ(target->query, c.query);
  }
}

TEST(DecodeSegment, KeepsEverythingThatIsNotAnEscape) {
  EXPECT_EQ(DecodeSegment("a+b.c"), "a+b.c");
  EXPECT_EQ(DecodeSegment("jan%40example.test"), "jan@example.test");
  EXPECT_EQ(DecodeSegment("a%2fb%2Fc"), "a/b/c");
  EXPECT_EQ(DecodeSegment("%C3%A9"), "\xc3\xa9");
  EXPECT_EQ(DecodeSegment(""), "");
}

TEST(DecodeSegment, RefusesBrokenEscapesBadBytesAndNulls) {
  const std::pair<const char*, Errc> cases[] = {
      {"%", Errc::kUriInvalid},           {"a%4", Errc::kUriInvalid},
      {"%zz", Errc::kUriInvalid},         {"%+1", Errc::kUriInvalid},
      {"%FF", Errc::kEncodingInvalid},    {"%C3", Errc::kEncodingInvalid},
      {"%C0%80", Errc::kEncodingInvalid}, {"%ED%A0%80", Errc::kEncodingInvalid},
      {"a%00", Errc::kNullByte},
  };
  for (const auto& [text, code] : cases) {
    SCOPED_TRACE(text);
    const auto decoded = DecodeSegment(text);
    ASSERT_FALSE(decoded);
    EXPECT_EQ(decoded.error().code, code);
  }
}

TEST(ParseQuery, KeepsOrderAndRawBracketsAndDecodesBothSides) {
  const auto query =
      ParseQuery("page%5Bnumber%5D=2&roles[]=admin&roles[]=user&a[b]=c+d&&x&y=&z=1=2");
  ASSERT_TRUE(query);
  EXPECT_EQ(*query, (Query{{"page[number]", "2"},
                           {"roles[]", "admin"},
                           {"roles[]", "user"},
                           {"a[b]", "c d"},
                           {"x", ""},
                           {"y", ""},
                           {"z", "1=2"}}));
  EXPECT_EQ(ParseQuery(""), Query{});
  EXPECT_EQ(ParseQuery("n=%00"), (Query{{"n", std::string(1, '\0')}}));
}

TEST(ParseQuery, TellsBrokenEscapesFromBadEncoding) {
  const std::pair<const char*, Errc> cases[] = {
      {"a=%", Errc::kParametersInvalid},   {"a=%4", Errc::kParametersInvalid},
      {"%gg=1", Errc::kParametersInvalid}, {"a=%FF", Errc::kEncodingInvalid},
      {"%FF=a", Errc::kEncodingInvalid},
  };
  for (const auto& [text, code] : cases) {
    SCOPED_TRACE(text);
    const auto query = ParseQuery(text);
    ASSERT_FALSE(query);
    EXPECT_EQ(query.error().code, code);
  }
}

TEST(ParseQuery, RefusesMoreThan4096Parameters) {
  std::string many;
  for (int i = 0; i < 4096; ++i) many += "a&";
  EXPECT_TRUE(ParseQuery(many));
  const auto query = ParseQuery(many + "a");
  ASSERT_FALSE(query);
  EXPECT_EQ(query.error().code, Errc::kParametersInvalid);
}

TEST(WriteQuery, EncodesEverythingButUnreservedCharacters) {
  EXPECT_EQ(WriteQuery({{"page[number]", "2"}, {"page[size]", "25"}}),
            "page%5Bnumber%5D=2&page%5Bsize%5D=25");
  EXPECT_EQ(WriteQuery({{"q", "a b+c/\xc3\xa9~"}}), "q=a%20b%2Bc%2F%C3%A9~");
  EXPECT_EQ(WriteQuery({}), "");
}

TEST(WriteQuery, IsUndoneByParseQueryForEveryByteOfAscii) {
  Query query;
  for (int c = 0; c < 128; ++c)
    query.push_back(
        {std::string("k") + static_cast<char>(c), std::string(1, static_cast<char>(c))});
  EXPECT_EQ(ParseQuery(WriteQuery(query)), query);
}

}  // namespace
}  // namespace latchkey::http
