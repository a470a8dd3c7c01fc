#include "latchkey/attribute_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/policy.h"
#include "core/product.h"
#include "latchkey/document_text.h"
#include "latchkey/log.h"
#include "latchkey/suggest.h"

namespace latchkey::app {
namespace {

using testing::HasSubstr;

const core::Attribute& OfPolicy(std::string_view name) {
  return *core::FindAttribute(core::ResourceOf<core::Policy>(), name);
}

struct GoodText {
  std::string attribute;
  std::vector<std::string> texts;
  std::string json;
};
class GoodTextTest : public testing::TestWithParam<GoodText> {};
TEST_P(GoodTextTest, BecomesTheAttributesValue) {
  const auto value = AttributeValue(OfPolicy(GetParam().attribute), GetParam().texts);
  ASSERT_TRUE(value) << value.error().detail;
  EXPECT_EQ(base::WriteJson(*value), GetParam().json);
}
INSTANTIATE_TEST_SUITE_P(
    Texts, GoodTextTest,
    testing::Values(GoodText{"max_machines", {"2"}, "2"},
                    GoodText{"max_machines", {"null"}, "null"},
                    GoodText{"offline_grace", {"30d"}, "2592000"},
                    GoodText{"heartbeat_duration", {"90m"}, "5400"},
                    GoodText{"duration", {"31536000"}, "31536000"},
                    GoodText{"strict", {"true"}, "true"}, GoodText{"name", {"null"}, "\"null\""},
                    GoodText{"authentication_strategy", {"mixed"}, "\"MIXED\""},
                    GoodText{"overage_strategy", {"no-overage"}, "\"NO_OVERAGE\""},
                    GoodText{"metadata",
                             {"seats=3", "plan=pro", "trial=false", "code=007"},
                             R"({"seats":3,"plan":"pro","trial":false,"code":"007"})"},
                    GoodText{"metadata", {R"({"a":[1]})", "b=c"}, R"({"a":[1],"b":"c"})"}));

struct BadText {
  std::string attribute;
  std::string text;
  std::string says;
};
class BadTextTest : public testing::TestWithParam<BadText> {};
TEST_P(BadTextTest, IsRefusedBeforeAnyRequest) {
  const auto value = AttributeValue(OfPolicy(GetParam().attribute), {GetParam().text});
  ASSERT_FALSE(value);
  EXPECT_THAT(value.error().detail, HasSubstr(GetParam().says));
}
INSTANTIATE_TEST_SUITE_P(
    Texts, BadTextTest,
    testing::Values(BadText{"max_machines", "two", "--max-machines takes number"},
                    BadText{"max_machines", "30d", "--max-machines takes number"},
                    BadText{"offline_grace", "30y", "--offline-grace takes seconds"},
                    BadText{"duration", "99999999999999999w", "--duration"},
                    BadText{"strict", "yes", "true or false"},
                    BadText{"metadata", "seats", "name=value"},
                    BadText{"metadata", "{", "not a JSON object"}));

TEST(Lists, AreSplitAtCommas) {
  const auto& platforms = *core::FindAttribute(core::ResourceOf<core::Product>(), "platforms");
  const auto value = AttributeValue(platforms, {"linux,macos", "windows"});
  ASSERT_TRUE(value);
  EXPECT_EQ(base::WriteJson(*value), R"(["linux","macos","windows"])");
}

TEST(Documents, ManyAreATable) {
  const auto document = base::ParseJson(
      R"({"data":[{"id":"a","attributes":{"name":"Long name","code":null}},
                  {"id":"bb","attributes":{"name":"N\u001bx","code":"C"}}]})");
  EXPECT_EQ(DocumentText(*document, {"id", "name", "code"}),
            "id  name       code\na   Long name  -\nbb  N x        C\n");
}

TEST(Documents, OneIsAListOfWhatSaysSomething) {
  const auto document = base::ParseJson(
      R"({"data":{"id":"a","attributes":{"maxMachines":2,"name":null,"strict":true},
          "relationships":{"account":{"data":{"id":"x"}},"policy":{"data":{"id":"p"}}}}})");
  EXPECT_EQ(DocumentText(*document, {"id"}),
            "id            a\nmax-machines  2\nstrict        yes\npolicy        p\n");
}

TEST(Documents, OneMemberIsFoundInResourceOrMeta) {
  const auto document =
      base::ParseJson(R"({"data":{"id":"a","attributes":{"key":"K"}},"meta":{"code":"VALID"}})");
  EXPECT_EQ(MemberText(*document, "id"), "a");
  EXPECT_EQ(MemberText(*document, "key"), "K");
  EXPECT_EQ(MemberText(*document, "code"), "VALID");
  EXPECT_EQ(MemberText(*document, "other"), "");
}

TEST(Suggestions, AreNearOrNothing) {
  EXPECT_EQ(Nearest("licences", {"licenses", "policies"}), "licenses");
  EXPECT_EQ(Nearest("xyzzy", {"licenses", "policies"}), "");
}

TEST(Networks, HideTheClientAndKeepTheNeighbourhood) {
  EXPECT_EQ(NetworkOf("198.51.100.7"), "198.51.100.0");
  EXPECT_EQ(NetworkOf("2001:db8:1:2:3:4:5:6"), "2001:db8:1::");
  EXPECT_EQ(NetworkOf("2001:db8::1"), "2001:db8::");
  EXPECT_EQ(NetworkOf("127.0.0.1"), "127.0.0.1");
  EXPECT_EQ(NetworkOf("nonsense"), "-");
}

}  // namespace
}  // namespace latchkey::app
