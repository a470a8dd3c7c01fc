#include "core/permission.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <sstream>

namespace latchkey::core {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::vector<std::string> LinesOf(const std::string& path) {
  std::ifstream file(path);
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) lines.push_back(line);
  EXPECT_FALSE(lines.empty()) << path;
  return lines;
}

// "name: allowed / default", as letters E P U L R.
using Expected = std::map<std::string, std::pair<std::string, std::string>>;

std::vector<std::string> Words(const std::string& text) {
  std::istringstream stream(text);
  return {std::istream_iterator<std::string>(stream), {}};
}

// Reads the table of §4.3 out of the specification's own text.
Expected TableOfTheSpecification() {
  Expected expected;
  bool inside = false;
  for (const auto& line : LinesOf("docs/spec/conventions.md")) {
    if (line.starts_with("### ")) inside = line.starts_with("### 4.3 ");
    static const std::regex row(R"(^\| (`.*`) \| (.*) \|$)");
    std::smatch match;
    if (!inside || !std::regex_match(line, match, row)) continue;
    const std::string resources = std::regex_replace(match[1].str(), std::regex("`"), "");
    std::istringstream groups(match[2].str());
    for (std::string group; std::getline(groups, group, ';');) {
      const auto colon = group.find(':');
      std::string letters = group.substr(0, colon);
      letters.erase(0, letters.find_first_not_of(' '));
      if (letters == "staff only") letters.clear();
      std::string allowed, defaults;
      for (const char letter : std::string("EPULR")) {
        const char small = static_cast<char>(std::tolower(letter));
        if (letters.find(letter) != letters.npos) defaults += letter;
        if (letters.find_first_of({letter, small}) != letters.npos) allowed += letter;
      }
      for (const auto& resource : Words(resources))
        for (const auto& action : Words(group.substr(colon + 1)))
          expected[resource + "." + action] = {allowed, defaults};
    }
  }
  return expected;
}

std::string Letters(Roles roles) {
  const std::pair<Role, char> letters[] = {{Role::kEnvironment, 'E'},
                                           {Role::kProduct, 'P'},
                                           {Role::kUser, 'U'},
                                           {Role::kLicense, 'L'},
                                           {Role::kReadOnly, 'R'}};
  std::string out;
  for (const auto& [role, letter] : letters)
    if (roles.Has(role)) out += letter;
  return out;
}

TEST(PermissionTableTest, IsTheTableOfTheSpecification) {
  Expected ours;
  for (const auto& row : AllPermissions())
    ours[std::string(row.name)] = {Letters(row.allowed), Letters(row.defaults)};
  const auto expected = TableOfTheSpecification();
  EXPECT_GT(expected.size(), 100u);
  EXPECT_EQ(ours, expected);
}

TEST(PermissionTableTest, IsSortedWithoutRepeats) {
  const auto rows = AllPermissions();
  for (std::size_t i = 1; i < rows.size(); ++i) EXPECT_LT(rows[i - 1].name, rows[i].name);
}

TEST(PermissionTableTest, StaffButReadOnlyHoldEverything) {
  for (const Role role : {Role::kAdmin, Role::kDeveloper, Role::kSalesAgent, Role::kSupportAgent})
    EXPECT_EQ(DefaultPermissions(role).size(), AllPermissions().size()) << WireName(role);
  EXPECT_THAT(AllowedPermissions(Role::kAnonymous), IsEmpty());
  EXPECT_THAT(AllowedPermissions(Role::kReadOnly), testing::Not(testing::Contains("user.update")));
}

TEST(PermissionTableTest, LicensesHaveTheDefaultsOfLicensesMd) {
  const std::string start = "Default license permissions (when the account has no override): ";
  std::set<std::string> defaults, grantable;
  for (const auto& line : LinesOf("docs/spec/licenses.md")) {
    if (!line.starts_with(start)) continue;
    const auto words = std::regex_replace(line.substr(start.size()), std::regex("[,]"), " ");
    auto* target = &defaults;
    for (auto word : Words(words)) {
      if (word == "Grantable") target = &grantable;
      if (word.ends_with(".")) word.pop_back();
      if (word.find('.') != word.npos) target->insert(word);
    }
  }
  EXPECT_EQ(defaults.size(), 37u);
  EXPECT_EQ(grantable.size(), 4u);
  const auto ours = DefaultPermissions(Role::kLicense);
  EXPECT_EQ(std::set(ours.begin(), ours.end()), defaults);
  const auto allowed = AllowedPermissions(Role::kLicense);
  auto both = defaults;
  both.merge(grantable);
  EXPECT_EQ(std::set(allowed.begin(), allowed.end()), both);
}

struct GrantCase {
  std::string_view name;
  Role role;
  std::vector<std::string> permissions;
  bool accepted;
};
class GrantTest : public testing::TestWithParam<GrantCase> {};

TEST_P(GrantTest, IsJudgedByTheAllowedSet) {
  const auto violation = CheckPermissions(GetParam().permissions, GetParam().role);
  EXPECT_EQ(!violation.has_value(), GetParam().accepted);
  if (violation) {
    EXPECT_EQ(violation->path, "permissions");
    EXPECT_EQ(violation->rule, "NOT_ALLOWED");
    EXPECT_EQ(violation->detail, "unsupported permissions");
  }
}

INSTANTIATE_TEST_SUITE_P(
    Rules, GrantTest,
    testing::Values(GrantCase{"TheEmptySetIsLegal", Role::kLicense, {}, true},
                    GrantCase{"TheWildcardIsLegal", Role::kLicense, {"*"}, true},
                    GrantCase{"DefaultsAreLegal", Role::kLicense, {"license.validate"}, true},
                    GrantCase{"GrantableOnesAreLegal", Role::kLicense, {"policy.read"}, true},
                    GrantCase{"OthersAreNot", Role::kLicense, {"license.create"}, false},
                    GrantCase{"UnknownOnesAreNot", Role::kAdmin, {"license.fly"}, false},
                    GrantCase{
                        "RepeatsAreNot", Role::kLicense, {"license.read", "license.read"}, false},
                    GrantCase{"StaffOnlyIsNotForProducts", Role::kProduct, {"admin.read"}, false}),
    [](const auto& row) { return std::string(row.param.name); });

TEST(PermissionSetTest, WildcardIsTheAllowedSetOfTheRole) {
  const auto set = PermissionSet::Of(Role::kLicense, std::vector<std::string>{"*"});
  EXPECT_EQ(set.names(), AllowedPermissions(Role::kLicense));
  EXPECT_TRUE(set.Has("user.read"));
  EXPECT_FALSE(set.Has("license.create"));
  EXPECT_FALSE(set.Has("no.such"));
}

TEST(PermissionSetTest, HoldsOnlyWhatTheRoleMayHold) {
  const auto set = PermissionSet::Of(
      Role::kLicense, std::vector<std::string>{"license.validate", "license.create", "nonsense"});
  EXPECT_THAT(set.names(), ElementsAre("license.validate"));
}

TEST(PermissionSetTest, IntersectionKeepsWhatBothHold) {
  const auto license =
      PermissionSet::Of(Role::kLicense, std::vector<std::string>{"license.read", "machine.read"});
  const auto owner =
      PermissionSet::Of(Role::kUser, std::vector<std::string>{"license.create", "machine.read"});
  EXPECT_THAT(license.Intersect(owner).names(), ElementsAre("machine.read"));
  const auto all = PermissionSet::Of(Role::kUser, std::vector<std::string>{"*"});
  EXPECT_THAT(license.Intersect(all).names(), ElementsAre("license.read", "machine.read"));
  EXPECT_THAT(license.Intersect(PermissionSet()).names(), IsEmpty());
}

TEST(RoleTest, NamesOnTheWireAndInWords) {
  struct Row {
    Role role;
    std::string_view wire, words;
    bool user;
  };
  const Row rows[] = {
      {Role::kAdmin, "admin", "admin", true},
      {Role::kDeveloper, "developer", "developer", true},
      {Role::kSalesAgent, "sales-agent", "sales agent", true},
      {Role::kSupportAgent, "support-agent", "support agent", true},
      {Role::kReadOnly, "read-only", "read only", true},
      {Role::kUser, "user", "user", true},
      {Role::kEnvironment, "environment", "environment", false},
      {Role::kProduct, "product", "product", false},
      {Role::kLicense, "license", "license", false},
      {Role::kAnonymous, "anonymous", "anonymous", false},
  };
  for (const auto& row : rows) {
    EXPECT_EQ(WireName(row.role), row.wire);
    EXPECT_EQ(core::Words(row.role), row.words);
    EXPECT_EQ(ParseUserRole(row.wire), row.user ? std::optional(row.role) : std::nullopt);
  }
  EXPECT_EQ(ParseUserRole("sales_agent"), std::nullopt);
}

}  // namespace
}  // namespace latchkey::core
