#include "core/naming.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "core/rules.h"

namespace latchkey::core {
namespace {

json::array Cases(const std::string& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  auto document = base::ParseJson(text.str());
  EXPECT_TRUE(document.has_value()) << path;
  if (!document) return {};
  return document->as_object().at("cases").as_array();
}

std::string Text(const json::value& value) { return std::string(value.as_string()); }

// Runs one object through all that a client's metadata meets and says what came of it.
json::object Outcome(const json::value& sent) {
  json::object out;
  const json::object wrapped{{"data", {{"attributes", {{"metadata", sent}}}}}};
  auto normal = NormaliseKeys(json::value(wrapped));
  if (!normal) {
    EXPECT_EQ(normal.error().code, Errc::kJsonInvalid);
    return {{"result", "error"}, {"status", 400}, {"code", "JSON_INVALID"}};
  }
  const auto& metadata = normal->at("data").at("attributes").at("metadata").as_object();
  if (auto depth = CheckMetadataDepth(metadata); !depth) {
    EXPECT_EQ(depth.error().code, Errc::kParameterInvalid);
    return {{"result", "error"},
            {"status", 400},
            {"detail", depth.error().detail},
            {"pointer", depth.error().pointer}};
  }
  if (const auto broken = CheckMetadata(metadata); !broken.empty()) {
    const auto wire = DeriveCode(broken.front());
    return {{"result", "error"},
            {"status", 422},
            {"code", wire.code},
            {"pointer", wire.pointer},
            {"detail", broken.front().detail}};
  }
  return {{"result", "ok"}};
}

TEST(MetadataKeysTest, EveryVectorIsStoredAndEmittedAsWritten) {
  const auto cases = Cases("test/vectors/metadata-keys.json");
  EXPECT_EQ(cases.size(), 94u);
  for (const auto& item : cases) {
    SCOPED_TRACE(Text(item.at("name")));
    const auto& input = item.at("input").as_object();
    const auto& expected = item.at("expect").as_object();
    if (const auto* key = input.if_contains("key")) {
      EXPECT_EQ(ToSnake(Text(*key)), Text(expected.at("stored")));
      EXPECT_EQ(ToCamel(Text(expected.at("stored"))), Text(expected.at("emitted")));
      continue;
    }
    const auto& sent = input.at("metadata");
    if (const auto* stored = expected.if_contains("stored")) {
      auto normal = NormaliseKeys(sent);
      ASSERT_TRUE(normal.has_value());
      EXPECT_EQ(*normal, *stored);
      EXPECT_EQ(EmitMetadata(normal->as_object()), expected.at("emitted"));
      const auto* old = expected.if_contains("emitted_1_4");
      EXPECT_EQ(EmitMetadata(normal->as_object(), true), old ? *old : expected.at("emitted"));
    } else {
      const auto outcome = Outcome(sent);
      for (const auto& [name, value] : expected) EXPECT_EQ(outcome.at(name), value) << name;
    }
  }
}

TEST(ErrorCodesTest, EveryVectorGivesItsCodeAndPointer) {
  const auto cases = Cases("test/vectors/error-codes.json");
  EXPECT_EQ(cases.size(), 45u);
  for (const auto& item : cases) {
    SCOPED_TRACE(Text(item.at("name")));
    const auto& input = item.at("input").as_object();
    Violation violation;
    if (const auto* derived = input.if_contains("derived")) {
      // Any path and rule that join to the derived code.
      const std::string code = Text(derived->at("code"));
      const auto cut = code.find('_');
      violation.kind = Violation::Kind::kRecord;
      violation.path = ToSnake(code.substr(0, cut));
      violation.rule = ToSnake(code.substr(cut + 1));
    } else {
      const auto kind = Text(input.at("kind"));
      violation.kind = kind == "record"                 ? Violation::Kind::kRecord
                       : kind == "id"                   ? Violation::Kind::kId
                       : kind.ends_with("relationship") ? Violation::Kind::kRelationship
                                                        : Violation::Kind::kAttribute;
      violation.path = Text(input.at("path"));
      violation.rule = Text(input.at("rule"));
    }
    const auto wire = DeriveCode(violation);
    const auto& expected = item.at("expect").as_object();
    if (expected.contains("dropped")) {
      EXPECT_EQ(wire.code, "");
    } else {
      EXPECT_EQ(wire.code, Text(expected.at("code")));
      EXPECT_EQ(wire.pointer, Text(expected.at("pointer")));
    }
  }
}

struct FixUp {
  std::string_view name;
  Violation violation;
  std::string_view code;
  std::string_view pointer;
};
class FixUpTest : public testing::TestWithParam<FixUp> {};

TEST_P(FixUpTest, IsAppliedAfterDerivation) {
  const auto wire = DeriveCode(GetParam().violation);
  EXPECT_EQ(wire.code, GetParam().code);
  EXPECT_EQ(wire.pointer, GetParam().pointer);
}

using enum Violation::Kind;
INSTANTIATE_TEST_SUITE_P(
    Table, FixUpTest,
    testing::Values(FixUp{"PermissionIds",
                          {kAttribute, "permission_ids", "NOT_ALLOWED", ""},
                          "PERMISSIONS_NOT_ALLOWED",
                          "/data/attributes/permissions"},
                    FixUp{"PermissionIdsOfTheRole",
                          {kAttribute, "role.permission_ids", "NOT_ALLOWED", ""},
                          "PERMISSIONS_NOT_ALLOWED",
                          "/data/attributes/permissions"},
                    FixUp{"UnderRole",
                          {kAttribute, "role.name", "NOT_ALLOWED", ""},
                          "ROLE_NAME_NOT_ALLOWED",
                          "/data/attributes/role"},
                    FixUp{"EmbeddedUsersAreAdmins",
                          {kAttribute, "users[1].email", "INVALID", ""},
                          "USERS_EMAIL_INVALID",
                          "/data/relationships/admins/data/1/attributes/email"},
                    FixUp{"PlatformOfARelease",
                          {kRelationship, "platform", "NOT_FOUND", ""},
                          "PLATFORM_NOT_FOUND",
                          "/data/attributes/platform"}),
    [](const auto& row) { return std::string(row.param.name); });

TEST(NormaliseKeysTest, ReachesEveryDepthAndLeavesValuesAlone) {
  auto normal = NormaliseKeys(
      *base::ParseJson(R"([{"data-x":{"ATTRIBUTES":{"maxMachines":"maxMachines"}}},{"B c":[1]}])"));
  ASSERT_TRUE(normal.has_value());
  EXPECT_EQ(base::WriteJson(*normal),
            R"([{"data_x":{"attributes":{"max_machines":"maxMachines"}}},{"b_c":[1]}])");
}

TEST(NormaliseKeysTest, RefusesANameThatVanishes) {
  auto normal =
      NormaliseKeys(*base::ParseJson(R"({"data":{"attributes":{"meta-data":[{"日本":1}]}}})"));
  ASSERT_FALSE(normal.has_value());
  EXPECT_EQ(normal.error().code, Errc::kParameterInvalid);
  EXPECT_EQ(normal.error().detail, "is invalid");
  EXPECT_EQ(normal.error().pointer, "/data/attributes/metaData/0");
}

TEST(NormaliseKeysTest, RefusesTwoMembersThatBecomeOne) {
  EXPECT_EQ(NormaliseKeys(*base::ParseJson(R"({"data":{"maxUses":1,"max-uses":2}})")).error().code,
            Errc::kJsonInvalid);
}

TEST(ToAsciiTest, KeepsLatinLettersAndAsciiAndLeavesSpacesForTheRest) {
  EXPECT_EQ(ToAscii("Müller & Søn GmbH"), "Muller & Son GmbH");
  EXPECT_EQ(ToAscii("Ærø-Straße 9"), "AEro-Strasse 9");
  EXPECT_EQ(ToAscii("日本"), "  ");
  EXPECT_EQ(ToAscii(""), "");
}

TEST(ToSnakeTest, TransliteratesLatinLettersOnly) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"Straße", "strasse"},
      {"Ærø", "aero"},
      {"łódź", "lodz"},
      {"ĳ", "ij"},
      {"aŉt", "a_nt"},
      {"smörgåsbord", "smorgasbord"},
      {"a×b", "a_b"},
      {"Ɏx", "yx"},
      {"ǅ", "dz"},
      {"αβ", ""},
      {"x日y", "x_y"},
      {"À", "a"},
      {"ɏ", "y"},
      {"a\u0250b", "a_b"},
      {"\u00bfa", "a"},
      {"", ""},
  };
  for (const auto& [sent, stored] : cases) EXPECT_EQ(ToSnake(sent), stored) << sent;
}

TEST(ToSnakeTest, OfAStoredNameIsThatName) {
  for (const auto& item : Cases("test/vectors/metadata-keys.json")) {
    const auto* key = item.at("input").as_object().if_contains("key");
    if (!key) continue;
    const auto snake = ToSnake(Text(*key));
    EXPECT_EQ(ToSnake(snake), snake);
  }
}

TEST(CamelPointerTest, CamelisesEachSegmentAndKeepsPositions) {
  EXPECT_EQ(CamelPointer("/data/attributes/max_machines"), "/data/attributes/maxMachines");
  EXPECT_EQ(CamelPointer("/data/relationships/second-factors/data/0/id"),
            "/data/relationships/secondFactors/data/0/id");
  EXPECT_EQ(CamelPointer(""), "");
  EXPECT_EQ(CamelPointer("/data"), "/data");
}

TEST(CheckMetadataTest, LimitsBytesOfTheCompactText) {
  Metadata metadata{{"k", std::string(16384 - 8, 'x')}};  // {"k":""} takes eight
  EXPECT_TRUE(CheckMetadata(metadata).empty());
  metadata["k"] = std::string(16384 - 7, 'x');
  const auto broken = CheckMetadata(metadata);
  ASSERT_EQ(broken.size(), 1u);
  EXPECT_EQ(broken[0].detail, "too large (exceeded limit of 16384 bytes)");
}

TEST(CheckMetadataTest, LimitsLevels) {
  EXPECT_TRUE(CheckMetadata(base::ParseJson(R"({"a":{"b":[{"c":1}]}})")->as_object()).empty());
  const auto broken = CheckMetadata(base::ParseJson(R"({"a":{"b":[{"c":[]}]}})")->as_object());
  ASSERT_EQ(broken.size(), 1u);
  EXPECT_EQ(DeriveCode(broken[0]).code, "METADATA_TOO_LONG");
  EXPECT_EQ(broken[0].detail, "too many items (exceeded limit of 4 items)");
}

TEST(CheckMetadataTest, SeveralBreachesAreOneError) {
  Metadata metadata;
  for (int i = 0; i < 70; ++i) metadata["k" + std::to_string(i)] = std::string(400, 'x');
  const auto broken = CheckMetadata(metadata);
  ASSERT_EQ(broken.size(), 1u);
  EXPECT_EQ(broken[0].detail, "too large (exceeded limit of 16384 bytes)");
}

}  // namespace
}  // namespace latchkey::core
