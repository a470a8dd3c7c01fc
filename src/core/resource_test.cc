#include "core/resource.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <sstream>

#include "core/account.h"
#include "core/license.h"
#include "core/machine.h"
#include "core/naming.h"
#include "core/policy.h"
#include "core/product.h"
#include "core/user.h"

namespace latchkey::core {
namespace {

using testing::ElementsAre;
using testing::ElementsAreArray;

// One table row of a specification, cells without blanks and backticks.
using Cells = std::vector<std::string>;

std::string Trim(std::string text) {
  text = std::regex_replace(text, std::regex("[`*]"), "");
  text.erase(0, text.find_first_not_of(' '));
  text.erase(text.find_last_not_of(' ') + 1);
  return text;
}

// The rows of the first table under the heading that starts with `heading`.
std::vector<Cells> TableUnder(const std::string& file, const std::string& heading) {
  std::ifstream stream("docs/spec/" + file);
  std::vector<Cells> rows;
  bool inside = false;
  for (std::string line; std::getline(stream, line);) {
    if (line.starts_with("#")) inside = line.starts_with(heading);
    if (!inside) continue;
    if (!line.starts_with("|")) {
      if (!rows.empty()) break;
      continue;
    }
    line = std::regex_replace(line, std::regex(R"(\\\|)"), "/");
    Cells cells;
    std::istringstream parts(line.substr(1));
    for (std::string cell; std::getline(parts, cell, '|');) cells.push_back(Trim(cell));
    rows.push_back(std::move(cells));
  }
  EXPECT_GT(rows.size(), 2u) << file << " " << heading;
  if (rows.size() > 2) rows.erase(rows.begin(), rows.begin() + 2);
  return rows;
}

std::vector<std::string> SplitNames(const std::string& cell) {
  std::vector<std::string> names;
  std::istringstream stream(cell);
  for (std::string name; std::getline(stream, name, ',');)
    names.push_back(Trim(name.substr(0, name.find(" ("))));
  return names;
}

std::vector<std::string> FirstColumn(const std::vector<Cells>& rows) {
  std::vector<std::string> names;
  for (const auto& row : rows)
    for (auto& name : SplitNames(row.at(0))) names.push_back(name);
  return names;
}

// Wire names of what is rendered, in order, without the record's own `created` and `updated`.
std::vector<std::string> Shown(const Resource& resource) {
  std::vector<std::string> names;
  for (const auto& attribute : resource.attributes)
    if (attribute.shown) names.push_back(ToCamel(attribute.name));
  return names;
}

void Erase(std::vector<std::string>& names, const std::set<std::string>& gone) {
  std::erase_if(names, [&](const std::string& name) { return gone.contains(name); });
}

TEST(ResourceTablesTest, ProductsShowTheAttributesOfTheSpecificationInItsOrder) {
  EXPECT_EQ(Shown(ResourceOf<Product>()), FirstColumn(TableUnder("licenses.md", "### 2.1 ")));
}

TEST(ResourceTablesTest, PoliciesShowBothTablesAndOurFourAfterHeartbeatDuration) {
  std::vector<std::string> expected;
  for (const auto& row : TableUnder("licenses.md", "### 4.1 ")) {
    if (row.at(0).find("…") != std::string::npos) {
      for (const auto& name : FirstColumn(TableUnder("licenses.md", "### 4.2 ")))
        expected.push_back(name);
      continue;
    }
    for (const auto& name : SplitNames(row.at(0))) expected.push_back(name);
    if (row.at(0) == "heartbeatDuration")
      for (const char* name : {"syncInterval", "offlineGrace", "expiryGrace", "maxFileTtl"})
        expected.emplace_back(name);
  }
  EXPECT_EQ(expected.size(), 48u);
  EXPECT_EQ(Shown(ResourceOf<Policy>()), expected);
}

TEST(ResourceTablesTest, LicensesShowTheAttributesOfTheSpecification) {
  auto ours = Shown(ResourceOf<License>());
  auto listed = FirstColumn(TableUnder("licenses.md", "## 6. "));
  EXPECT_THAT(std::set(ours.begin(), ours.end()),
              ElementsAreArray(std::set(listed.begin(), listed.end())));

  // Their order is that of the example document.
  std::ifstream stream("docs/spec/licenses.md");
  const std::string text{std::istreambuf_iterator<char>(stream), {}};
  const auto start =
      text.find(R"({"data":{"id":"5d3e9c71-0f4b-4b6a-8c12-7a9e1f2d3c43","type":"licenses",)"
                "\n \"attributes\":{");
  ASSERT_NE(start, text.npos);
  const auto example = text.substr(start, text.find("\"relationships\"", start) - start);
  const std::regex member("\"([a-zA-Z]+)\":");
  std::vector<std::string> order;
  for (std::sregex_iterator at(example.begin(), example.end(), member), end; at != end; ++at)
    order.push_back((*at)[1]);
  Erase(order, {"data", "id", "type", "attributes", "created", "updated"});
  EXPECT_EQ(ours, order);
}

TEST(ResourceTablesTest, MachinesShowTheAttributesOfTheSpecificationInItsOrder) {
  auto expected = FirstColumn(TableUnder("machines.md", "### 1.2 "));
  Erase(expected, {"created", "updated"});
  EXPECT_EQ(Shown(ResourceOf<Machine>()), expected);
}

TEST(ResourceTablesTest, UsersShowTheAttributesOfTheSpecificationInItsOrder) {
  auto expected = FirstColumn(TableUnder("events.md", "### 1.1 "));
  Erase(expected, {"password"});
  EXPECT_EQ(Shown(ResourceOf<User>()), expected);
}

TEST(ResourceTablesTest, EntitlementsTokensAndAccountsShowWhatTheSpecificationNames) {
  EXPECT_THAT(Shown(ResourceOf<Entitlement>()), ElementsAre("name", "code", "metadata"));
  EXPECT_THAT(Shown(ResourceOf<Token>()),
              ElementsAre("kind", "token", "expiry", "name", "permissions", "maxActivations",
                          "activations", "maxDeactivations", "deactivations"));
  EXPECT_THAT(Shown(ResourceOf<Account>()),
              ElementsAre("name", "slug", "apiVersion", "status", "protected"));
}

// Who may send what: the words of the specification's columns as roles.
TEST(ResourceTablesTest, LicensesAreWrittenByWhomTheSpecificationNames) {
  const std::map<std::string, Roles> words = {
      {"any creator", kEveryBearer}, {"staff¹", kStaffCreate},          {"staff²", kStaffUpdate},
      {"yes", kEveryBearer},         {"A D P E", kW3 | Role::kProduct}, {"–", Roles()},
      {"no (400)", Roles()},
  };
  for (const auto& row : TableUnder("licenses.md", "## 6. ")) {
    for (const auto& name : SplitNames(row.at(0))) {
      SCOPED_TRACE(name);
      const auto* attribute = FindAttribute(ResourceOf<License>(), ToSnake(name));
      ASSERT_NE(attribute, nullptr);
      ASSERT_TRUE(words.contains(row.at(2))) << row.at(2);
      ASSERT_TRUE(words.contains(row.at(3))) << row.at(3);
      EXPECT_EQ(attribute->create, words.at(row.at(2)));
      EXPECT_EQ(attribute->update, words.at(row.at(3)));
      EXPECT_TRUE(attribute->nullable || row.at(1).find("nullable") == std::string::npos);
    }
  }
}

TEST(ResourceTablesTest, MachinesAreWrittenByWhomTheSpecificationNames) {
  const std::map<std::string, Roles> words = {{"required", kEveryBearer},
                                              {"yes", kEveryBearer},
                                              {"role-gated", kStaffCreate},
                                              {"no", Roles()},
                                              {"–", Roles()}};
  for (const auto& row : TableUnder("machines.md", "### 1.2 ")) {
    for (const auto& name : SplitNames(row.at(0))) {
      if (name == "created" || name == "updated") continue;
      SCOPED_TRACE(name);
      const auto* attribute = FindAttribute(ResourceOf<Machine>(), ToSnake(name));
      ASSERT_NE(attribute, nullptr);
      EXPECT_EQ(attribute->create, words.at(row.at(2)));
      EXPECT_EQ(attribute->update, words.at(row.at(3)));
      EXPECT_EQ(attribute->required, row.at(2) == "required");
      EXPECT_EQ(attribute->nullable, row.at(1).find("/null") != std::string::npos);
    }
  }
}

TEST(ResourceTablesTest, ProductsAreWrittenByWhomTheSpecificationNames) {
  const std::map<std::string, Roles> words = {{"required", kEveryBearer},
                                              {"yes", kEveryBearer},
                                              {"nullable", kEveryBearer},
                                              {"yes, nullable", kEveryBearer},
                                              {"A, D, E only", kW3}};
  for (const auto& row : TableUnder("licenses.md", "### 2.1 ")) {
    SCOPED_TRACE(row.at(0));
    const auto* attribute = FindAttribute(ResourceOf<Product>(), ToSnake(row.at(0)));
    ASSERT_NE(attribute, nullptr);
    EXPECT_EQ(attribute->create, words.at(row.at(2)));
    EXPECT_EQ(attribute->update, words.at(row.at(3)));
    EXPECT_EQ(attribute->required, row.at(2) == "required");
    EXPECT_EQ(attribute->nullable, row.at(3).find("nullable") != std::string::npos);
    EXPECT_EQ(attribute->nullable && attribute->null_on_create, row.at(2) == "nullable");
  }
}

TEST(ResourceTablesTest, BlanksAreAllowedWhereTheSpecificationSaysSo) {
  std::set<std::string> blank;
  for (const auto* resource :
       {&ResourceOf<Product>(), &ResourceOf<Entitlement>(), &ResourceOf<Policy>(),
        &ResourceOf<License>(), &ResourceOf<Machine>(), &ResourceOf<User>(), &ResourceOf<Token>()})
    for (const auto& attribute : resource->attributes)
      if (attribute.blank_allowed && attribute.name != "metadata" &&
          attribute.name != "permissions")
        blank.insert(std::string(resource->singular) + "." + std::string(attribute.name));
  EXPECT_THAT(blank, ElementsAre("license.name", "machine.hostname", "machine.ip", "machine.name",
                                 "machine.platform", "product.platforms", "user.first_name",
                                 "user.last_name"));
}

TEST(ResourceTablesTest, FixedTextsAreThoseOfTheSpecification) {
  EXPECT_THAT(
      FindAttribute(ResourceOf<User>(), "role")->names,
      ElementsAre("user", "admin", "developer", "sales-agent", "support-agent", "read-only"));
  for (const auto role : FindAttribute(ResourceOf<User>(), "role")->names)
    EXPECT_TRUE(ParseUserRole(role).has_value()) << role;
  EXPECT_THAT(FindAttribute(ResourceOf<Account>(), "api_version")->names,
              ElementsAre("1.0", "1.1", "1.2", "1.3", "1.4", "1.5", "1.6", "1.7", "1.8"));
}

TEST(ResourceTablesTest, PoliciesTakeSchemeEncryptionAndPoolAtCreationAlone) {
  for (const auto& row : TableUnder("licenses.md", "### 4.1 ")) {
    if (row.at(0).find("…") != std::string::npos) continue;
    for (const auto& name : SplitNames(row.at(0))) {
      SCOPED_TRACE(name);
      const auto* attribute = FindAttribute(ResourceOf<Policy>(), ToSnake(name));
      ASSERT_NE(attribute, nullptr);
      EXPECT_EQ(attribute->create, kEveryBearer);
      const bool create_only = row.at(1).find("create only") != std::string::npos;
      EXPECT_EQ(attribute->update, create_only ? Roles() : kEveryBearer);
      EXPECT_TRUE(attribute->nullable || row.at(1).find("nullable") == std::string::npos);
    }
  }
}

TEST(ResourceTablesTest, StrategiesHaveTheValuesAndDefaultsOfTheSpecification) {
  const Policy fresh;
  for (const auto& row : TableUnder("licenses.md", "### 4.2 ")) {
    SCOPED_TRACE(row.at(0));
    const auto* attribute = FindAttribute(ResourceOf<Policy>(), ToSnake(row.at(0)));
    ASSERT_NE(attribute, nullptr);
    EXPECT_EQ(attribute->kind, Kind::kEnum);
    EXPECT_FALSE(attribute->nullable);
    if (row.at(0) == "componentUniquenessStrategy") continue;  // "the four above plus ..."
    auto listed = SplitNames(row.at(1));
    std::vector<std::string> ours(attribute->names.begin(), attribute->names.end());
    if (row.at(0) == "machineUniquenessStrategy") ours.pop_back();  // per machine is for components
    EXPECT_EQ(ours, listed);
  }
  // The bold ones.
  std::ifstream stream("docs/spec/licenses.md");
  const std::regex row(R"(^\| (\w+(?:Strategy|Basis)) \| .*\*\*([A-Z0-9_]+)\*\*.*\|$)");
  std::size_t seen = 0;
  for (std::string line; std::getline(stream, line);) {
    std::smatch match;
    if (!std::regex_match(line, match, row) || match[1] == "heartbeatBasis") continue;
    const auto* attribute = FindAttribute(ResourceOf<Policy>(), ToSnake(match[1].str()));
    ASSERT_NE(attribute, nullptr) << match[1];
    EXPECT_EQ(std::get<std::string>(attribute->get(&fresh)), match[2].str()) << match[1];
    ++seen;
  }
  EXPECT_EQ(seen, 14u);
}

TEST(ResourceTablesTest, RelationshipsAreRenderedInTheOrderOfTheSpecification) {
  const auto names = [](const Resource& resource) {
    std::vector<std::string> out;
    for (const auto& relationship : resource.relationships)
      out.push_back(ToCamel(relationship.name));
    return out;
  };
  EXPECT_THAT(names(ResourceOf<Product>()),
              ElementsAre("account", "environment", "policies", "licenses", "machines", "users",
                          "tokens", "platforms", "channels", "releases", "artifacts"));
  EXPECT_THAT(names(ResourceOf<Policy>()),
              ElementsAre("account", "environment", "product", "pool", "licenses", "entitlements"));
  EXPECT_THAT(names(ResourceOf<License>()),
              ElementsAre("account", "environment", "product", "policy", "group", "owner", "users",
                          "machines", "tokens", "entitlements"));
  EXPECT_EQ(names(ResourceOf<Machine>()), FirstColumn(TableUnder("machines.md", "### 1.3 ")));
  EXPECT_THAT(names(ResourceOf<User>()),
              ElementsAre("account", "environment", "group", "products", "licenses", "machines",
                          "tokens", "secondFactors"));
  EXPECT_THAT(names(ResourceOf<Token>()), ElementsAre("account", "environment", "bearer"));
  EXPECT_THAT(names(ResourceOf<Entitlement>()), ElementsAre("account", "environment"));
}

// What holds for every table.
const Resource* const kAll[] = {&ResourceOf<Account>(),     &ResourceOf<Product>(),
                                &ResourceOf<Entitlement>(), &ResourceOf<Policy>(),
                                &ResourceOf<License>(),     &ResourceOf<Machine>(),
                                &ResourceOf<User>(),        &ResourceOf<Token>()};

TEST(ResourceTablesTest, NamesAreSnakeCaseAndUnique) {
  for (const auto* resource : kAll) {
    std::set<std::string_view> seen;
    for (const auto& attribute : resource->attributes) {
      EXPECT_TRUE(seen.insert(attribute.name).second) << resource->type << " " << attribute.name;
      EXPECT_EQ(ToSnake(attribute.name), attribute.name);
      EXPECT_EQ(ToSnake(ToCamel(attribute.name)), attribute.name);
      EXPECT_EQ(FindAttribute(*resource, attribute.name), &attribute);
    }
    for (const auto& relationship : resource->relationships)
      EXPECT_EQ(FindRelationship(*resource, relationship.name), &relationship);
    EXPECT_EQ(FindAttribute(*resource, "no_such"), nullptr);
    EXPECT_EQ(FindRelationship(*resource, "no_such"), nullptr);
    EXPECT_EQ(resource->permissions, FindAttribute(*resource, "permissions") != nullptr);
  }
}

TEST(ResourceTablesTest, WhatIsStoredCanBeReadAndWrittenAndWhatIsComputedCannot) {
  for (const auto* resource : kAll) {
    for (const auto& attribute : resource->attributes) {
      SCOPED_TRACE(std::string(resource->type) + " " + std::string(attribute.name));
      const bool stored = attribute.storage != Storage::kComputed;
      EXPECT_EQ(attribute.get != nullptr, stored);
      EXPECT_EQ(attribute.set != nullptr, stored);
      EXPECT_EQ(attribute.kind == Kind::kEnum,
                attribute.kind != Kind::kString && !attribute.names.empty());
      EXPECT_FALSE(attribute.kind == Kind::kBytes && attribute.shown);
    }
    for (const auto& relationship : resource->relationships) {
      EXPECT_EQ(relationship.column.empty(), relationship.get == nullptr);
      EXPECT_TRUE(relationship.create.empty() || relationship.set);
    }
  }
}

Value Sample(const Attribute& attribute) {
  switch (attribute.kind) {
    case Kind::kString:
      return std::string("text");
    case Kind::kInteger:
      return std::int64_t{7};
    case Kind::kBoolean:
      return true;
    case Kind::kTime:
      return base::FromUnixSeconds(1'900'000'000);
    case Kind::kEnum:
      return std::string(attribute.names.back());
    case Kind::kStrings:
      return json::value(json::array{"a", "b"});
    case Kind::kMetadata:
      return json::value(json::object{{"a", 1}});
    case Kind::kId:
      return Uuid::Parse("01234567-89ab-cdef-0123-456789abcdef").value();
    case Kind::kBytes:
      return Bytes{1, 2, 3};
  }
  return {};
}

template <class T>
class RoundTripTest : public testing::Test {};
using Records =
    testing::Types<Account, Product, Entitlement, Policy, License, Machine, User, Token>;
TYPED_TEST_SUITE(RoundTripTest, Records);

TYPED_TEST(RoundTripTest, EveryAttributeKeepsWhatIsSet) {
  TypeParam record;
  for (const auto& attribute : ResourceOf<TypeParam>().attributes) {
    if (!attribute.set) continue;
    attribute.set(&record, Sample(attribute));
  }
  // Read after all were set: no two share a member.
  for (const auto& attribute : ResourceOf<TypeParam>().attributes) {
    if (!attribute.get) continue;
    EXPECT_EQ(attribute.get(&record), Sample(attribute)) << attribute.name;
    if (!attribute.nullable) continue;
    attribute.set(&record, Value{});
    EXPECT_EQ(attribute.get(&record), Value{}) << attribute.name;
  }
}

TYPED_TEST(RoundTripTest, EveryLinkKeepsWhatIsSet) {
  TypeParam record;
  std::uint8_t next = 1;
  std::map<std::string_view, Uuid> given;
  for (const auto& relationship : ResourceOf<TypeParam>().relationships) {
    if (!relationship.set) continue;
    const auto id = Uuid::FromBytes(std::array<std::uint8_t, 16>{next++});
    given[relationship.name] = id;
    relationship.set(&record, id);
  }
  for (const auto& [name, id] : given) {
    const auto* relationship = FindRelationship(ResourceOf<TypeParam>(), name);
    EXPECT_EQ(relationship->get(&record), id) << name;
    if (!relationship->nullable) continue;
    relationship->set(&record, std::nullopt);
    EXPECT_EQ(relationship->get(&record), std::nullopt) << name;
  }
}

TEST(ResourceTablesTest, SecretsAreNeverShownAndAlwaysSealed) {
  const auto* digest = FindAttribute(ResourceOf<User>(), "password_digest");
  ASSERT_NE(digest, nullptr);
  EXPECT_FALSE(digest->shown);
  EXPECT_EQ(digest->storage, Storage::kSealed);
  const auto* password = FindAttribute(ResourceOf<User>(), "password");
  EXPECT_FALSE(password->shown);
  EXPECT_EQ(password->storage, Storage::kComputed);
  EXPECT_EQ(FindAttribute(ResourceOf<License>(), "key")->storage, Storage::kSealedIndexed);
  EXPECT_FALSE(FindAttribute(ResourceOf<Token>(), "digest")->shown);
}

TEST(ResourceTablesTest, LimitsOfALicenseAreStoredButShownByTheView) {
  for (const char* name : {"max_machines", "max_processes", "max_users", "max_cores", "max_memory",
                           "max_disk", "max_uses", "key", "permissions"}) {
    const auto* attribute = FindAttribute(ResourceOf<License>(), name);
    EXPECT_TRUE(attribute->viewed) << name;
    EXPECT_NE(attribute->storage, Storage::kComputed) << name;
  }
}

}  // namespace
}  // namespace latchkey::core
