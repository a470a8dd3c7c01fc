#include "core/rules.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <regex>

#include "core/naming.h"
#include "core/url.h"

namespace latchkey::core {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

Value FromJson(const Attribute& attribute, const json::value& value) {
  if (value.is_null()) return {};
  switch (attribute.kind) {
    case Kind::kInteger:
      return value.as_int64();
    case Kind::kBoolean:
      return value.as_bool();
    case Kind::kStrings:
    case Kind::kMetadata:
      return value;
    default:
      return std::string(value.as_string());
  }
}

// Sets the attributes of `text` (JSON, snake_case names). "@N" stands for a text of N letters.
template <class T>
void Assign(T& record, std::string_view text) {
  const auto document = base::ParseJson(text);
  ASSERT_TRUE(document.has_value()) << text;
  for (const auto& [name, value] : document->as_object()) {
    const auto* attribute = FindAttribute(ResourceOf<T>(), name);
    ASSERT_NE(attribute, nullptr) << name;
    if (value.is_string() && value.get_string().starts_with("@"))
      attribute->set(&record, std::string(std::stoul(value.get_string().c_str() + 1), 'x'));
    else
      attribute->set(&record, FromJson(*attribute, value));
  }
}

// "CODE /pointer detail" for each violation.
std::vector<std::string> Wire(const Violations& violations) {
  std::vector<std::string> out;
  for (const auto& violation : violations) {
    const auto wire = DeriveCode(violation);
    out.push_back(wire.code + " " + wire.pointer + " " + violation.detail);
  }
  return out;
}
std::string Broken(std::string_view code, std::string_view name, std::string_view detail) {
  return std::string(code) + " /data/attributes/" + std::string(name) + " " + std::string(detail);
}

struct Case {
  std::string_view name;
  std::string_view attributes;        // over a sound record
  std::vector<std::string> expected;  // none: sound
};
std::string CaseName(const testing::TestParamInfo<Case>& info) {
  return std::string(info.param.name);
}

constexpr std::string_view kUuid = "8a6d2b4751c94e0f8d336f1b2c9e4a21";

// ---- policies ----

Policy SoundPolicy() {
  Policy policy;
  policy.name = "Desk";
  return policy;
}

class PolicyRulesTest : public testing::TestWithParam<Case> {};
TEST_P(PolicyRulesTest, GivesTheErrorsOfTheSpecification) {
  auto policy = SoundPolicy();
  Assign(policy, GetParam().attributes);
  EXPECT_EQ(Wire(CheckPolicy(policy, true)), GetParam().expected);
}

INSTANTIATE_TEST_SUITE_P(
    Attributes, PolicyRulesTest,
    testing::Values(
        Case{"SoundAsItIs", R"({})", {}},
        Case{"WithoutName", R"({"name":null})", {Broken("NAME_MISSING", "name", "can't be blank")}},
        Case{"WithBlankName",
             R"({"name":"  "})",
             {Broken("NAME_MISSING", "name", "can't be blank")}},
        Case{"LongestName", R"({"name":"@255"})", {}},
        Case{"NameTooLong",
             R"({"name":"@256"})",
             {Broken("NAME_TOO_LONG", "name", "is too long (maximum is 255 characters)")}},
        Case{"ShortestDuration", R"({"duration":86400})", {}},
        Case{"DurationTooShort",
             R"({"duration":86399})",
             {Broken("DURATION_INVALID", "duration",
                     "must be greater than or equal to 86400 (1 day)")}},
        Case{"DurationNegative",
             R"({"duration":-1})",
             {Broken("DURATION_INVALID", "duration",
                     "must be greater than or equal to 86400 (1 day)")}},
        Case{"LongestDuration", R"({"duration":2147483647})", {}},
        Case{"DurationTooLong",
             R"({"duration":2147483648})",
             {Broken("DURATION_INVALID", "duration", "must be less than or equal to 2147483647")}},
        Case{"NodeLockedWithOneMachine", R"({"max_machines":1})", {}},
        Case{"NodeLockedWithTwoMachines",
             R"({"max_machines":2})",
             {Broken("MAX_MACHINES_INVALID", "maxMachines",
                     "must be equal to 1 for non-floating policy")}},
        Case{"NodeLockedWithNoMachines",
             R"({"max_machines":0})",
             {Broken("MAX_MACHINES_INVALID", "maxMachines",
                     "must be equal to 1 for non-floating policy")}},
        Case{"FloatingWithNoMachines",
             R"({"floating":true,"max_machines":0})",
             {Broken("MAX_MACHINES_INVALID", "maxMachines",
                     "must be greater than or equal to 1 for floating policy")}},
        Case{"FloatingWithNegativeMachines",
             R"({"floating":true,"max_machines":-1})",
             {Broken("MAX_MACHINES_INVALID", "maxMachines", "must be greater than or equal to 0")}},
        Case{"FloatingWithMostMachines", R"({"floating":true,"max_machines":2147483647})", {}},
        Case{"FloatingWithTooManyMachines",
             R"({"floating":true,"max_machines":2147483648})",
             {Broken("MAX_MACHINES_INVALID", "maxMachines",
                     "must be less than or equal to 2147483647")}},
        Case{"NoCores",
             R"({"max_cores":0})",
             {Broken("MAX_CORES_INVALID", "maxCores", "must be greater than or equal to 1")}},
        Case{"TooManyCores",
             R"({"max_cores":2147483648})",
             {Broken("MAX_CORES_INVALID", "maxCores", "must be less than or equal to 2147483647")}},
        Case{"NoMemory",
             R"({"max_memory":0})",
             {Broken("MAX_MEMORY_INVALID", "maxMemory", "must be greater than or equal to 1")}},
        Case{"MostMemory", R"({"max_memory":9223372036854775807})", {}},
        Case{"NoDisk",
             R"({"max_disk":0})",
             {Broken("MAX_DISK_INVALID", "maxDisk", "must be greater than or equal to 1")}},
        Case{"NoProcesses",
             R"({"max_processes":0})",
             {Broken("MAX_PROCESSES_INVALID", "maxProcesses", "must be greater than 0")}},
        Case{"TooManyProcesses",
             R"({"max_processes":2147483648})",
             {Broken("MAX_PROCESSES_INVALID", "maxProcesses",
                     "must be less than or equal to 2147483647")}},
        Case{"NoUsers",
             R"({"max_users":0})",
             {Broken("MAX_USERS_INVALID", "maxUsers", "must be greater than 0")}},
        Case{"NoUses", R"({"max_uses":0})", {}},
        Case{"NegativeUses",
             R"({"max_uses":-1})",
             {Broken("MAX_USES_INVALID", "maxUses", "must be greater than or equal to 0")}},
        Case{"TooManyUses",
             R"({"max_uses":2147483648})",
             {Broken("MAX_USES_INVALID", "maxUses", "must be less than or equal to 2147483647")}},
        Case{"HeartbeatOfAMinute", R"({"heartbeat_duration":60})", {}},
        Case{"HeartbeatTooShort",
             R"({"heartbeat_duration":59})",
             {Broken("HEARTBEAT_DURATION_INVALID", "heartbeatDuration",
                     "must be greater than or equal to 60 (1 minute)")}},
        Case{"HeartbeatTooLong",
             R"({"heartbeat_duration":2147483648})",
             {Broken("HEARTBEAT_DURATION_INVALID", "heartbeatDuration",
                     "must be less than or equal to 2147483647")}},
        Case{"TooDeepMetadata",
             R"({"metadata":{"a":{"b":{"c":{"d":[]}}}}})",
             {Broken("METADATA_TOO_LONG", "metadata",
                     "too many items (exceeded limit of 4 items)")}}),
    CaseName);

INSTANTIATE_TEST_SUITE_P(
    CheckIn, PolicyRulesTest,
    testing::Values(
        Case{"NotRequiredNeedsNothing",
             R"({"check_in_interval":"fortnight","check_in_interval_count":0})",
             {}},
        Case{"RequiredAndComplete",
             R"({"require_check_in":true,"check_in_interval":"day","check_in_interval_count":365})",
             {}},
        Case{"RequiredWithoutEither",
             R"({"require_check_in":true})",
             {Broken("CHECK_IN_INTERVAL_NOT_ALLOWED", "checkInInterval",
                     "must be one of: day, week, month, year"),
              Broken("CHECK_IN_INTERVAL_COUNT_NOT_ALLOWED", "checkInIntervalCount",
                     "must be a number between 1 and 365 inclusive")}},
        Case{"UnknownInterval",
             R"({"require_check_in":true,"check_in_interval":"hour","check_in_interval_count":1})",
             {Broken("CHECK_IN_INTERVAL_NOT_ALLOWED", "checkInInterval",
                     "must be one of: day, week, month, year")}},
        Case{"CountOfNought",
             R"({"require_check_in":true,"check_in_interval":"week","check_in_interval_count":0})",
             {Broken("CHECK_IN_INTERVAL_COUNT_NOT_ALLOWED", "checkInIntervalCount",
                     "must be a number between 1 and 365 inclusive")}},
        Case{
            "CountTooLarge",
            R"({"require_check_in":true,"check_in_interval":"year","check_in_interval_count":366})",
            {Broken("CHECK_IN_INTERVAL_COUNT_NOT_ALLOWED", "checkInIntervalCount",
                    "must be a number between 1 and 365 inclusive")}}),
    CaseName);

INSTANTIATE_TEST_SUITE_P(
    Schemes, PolicyRulesTest,
    testing::Values(
        Case{"SignedIsFine", R"({"scheme":"ED25519_SIGN"})", {}},
        Case{"LegacyEncryptedIsFine", R"({"scheme":"LEGACY_ENCRYPT","encrypted":true})", {}},
        Case{"PooledIsFine", R"({"use_pool":true})", {}},
        Case{"EncryptedWithAnotherScheme",
             R"({"scheme":"ED25519_SIGN","encrypted":true})",
             {Broken("SCHEME_NOT_ALLOWED", "scheme",
                     "unsupported encryption scheme (scheme must be LEGACY_ENCRYPT for legacy "
                     "encrypted policies)")}},
        Case{"LegacyWithoutEncryption",
             R"({"scheme":"LEGACY_ENCRYPT"})",
             {Broken("SCHEME_INVALID", "scheme",
                     "must be encrypted when using LEGACY_ENCRYPT scheme")}},
        Case{"PooledWithScheme",
             R"({"scheme":"RSA_2048_PKCS1_SIGN","use_pool":true})",
             {Broken("SCHEME_NOT_SUPPORTED", "scheme", "cannot use a scheme and use a pool")}},
        Case{"PooledAndEncrypted",
             R"({"scheme":"LEGACY_ENCRYPT","encrypted":true,"use_pool":true})",
             {Broken("ENCRYPTED_NOT_SUPPORTED", "encrypted", "cannot be encrypted and use a pool"),
              Broken("SCHEME_NOT_SUPPORTED", "scheme", "cannot use a scheme and use a pool")}}),
    CaseName);

INSTANTIATE_TEST_SUITE_P(
    Strategies, PolicyRulesTest,
    testing::Values(
        Case{
            "AlwaysReviveWithKeptDeadMachines",
            R"({"heartbeat_resurrection_strategy":"ALWAYS_REVIVE","heartbeat_cull_strategy":"KEEP_DEAD"})",
            {}},
        Case{"AlwaysReviveWithDeactivation",
             R"({"heartbeat_resurrection_strategy":"ALWAYS_REVIVE"})",
             {Broken("HEARTBEAT_CULL_STRATEGY_NOT_ALLOWED", "heartbeatCullStrategy",
                     "incompatible heartbeat cull strategy (must be KEEP_DEAD when resurrection "
                     "strategy is ALWAYS_REVIVE)")}},
        Case{"MinuteReviveWithDeactivation",
             R"({"heartbeat_resurrection_strategy":"15_MINUTE_REVIVE"})",
             {}},
        Case{"MachinesUniquePerMachine",
             R"({"machine_uniqueness_strategy":"UNIQUE_PER_MACHINE"})",
             {Broken("MACHINE_UNIQUENESS_STRATEGY_NOT_ALLOWED", "machineUniquenessStrategy",
                     "unsupported machine uniqueness strategy")}},
        Case{"NodeLockedWithAlways", R"({"overage_strategy":"ALWAYS_ALLOW_OVERAGE"})", {}},
        Case{"NodeLockedWithDouble", R"({"overage_strategy":"ALLOW_2X_OVERAGE"})", {}}),
    CaseName);

std::string Overage(const std::string& why) {
  return Broken("OVERAGE_STRATEGY_NOT_ALLOWED", "overageStrategy",
                "incompatible overage strategy (cannot use " + why + ")");
}
std::string Divisible(const std::string& strategy, const std::string& limit, int divisor) {
  return Overage(strategy + " with a " + limit + " value not divisible by " +
                 std::to_string(divisor));
}
const std::string k125 = "ALLOW_1_25X_OVERAGE";
const std::string k150 = "ALLOW_1_5X_OVERAGE";

INSTANTIATE_TEST_SUITE_P(
    Overages, PolicyRulesTest,
    testing::Values(
        Case{"NodeLockedWithQuarter",
             R"({"overage_strategy":"ALLOW_1_25X_OVERAGE"})",
             {Overage(k125 + " for node-locked policy")}},
        Case{"NodeLockedWithHalf",
             R"({"overage_strategy":"ALLOW_1_5X_OVERAGE"})",
             {Overage(k150 + " for node-locked policy")}},
        Case{"QuarterOfFourMachines",
             R"({"floating":true,"overage_strategy":"ALLOW_1_25X_OVERAGE","max_machines":4})",
             {}},
        Case{"QuarterOfSixMachines",
             R"({"floating":true,"overage_strategy":"ALLOW_1_25X_OVERAGE","max_machines":6})",
             {Divisible(k125, "max machines", 4)}},
        Case{"HalfOfSixMachines",
             R"({"floating":true,"overage_strategy":"ALLOW_1_5X_OVERAGE","max_machines":6})",
             {}},
        Case{"HalfOfFiveMachines",
             R"({"floating":true,"overage_strategy":"ALLOW_1_5X_OVERAGE","max_machines":5})",
             {Divisible(k150, "max machines", 2)}},
        Case{"QuarterOfSixCores",
             R"({"floating":true,"overage_strategy":"ALLOW_1_25X_OVERAGE","max_cores":6})",
             {Divisible(k125, "max cores", 4)}},
        Case{"HalfOfOneByteOfMemory",
             R"({"floating":true,"overage_strategy":"ALLOW_1_5X_OVERAGE","max_memory":1})",
             {Divisible(k150, "max memory", 2)}},
        Case{"QuarterOfTwoBytesOfDisk",
             R"({"floating":true,"overage_strategy":"ALLOW_1_25X_OVERAGE","max_disk":2})",
             {Divisible(k125, "max disk", 4)}},
        Case{"HalfOfThreeProcesses",
             R"({"floating":true,"overage_strategy":"ALLOW_1_5X_OVERAGE","max_processes":3})",
             {Divisible(k150, "max processes", 2)}},
        Case{"QuarterOfFiveUsers",
             R"({"floating":true,"overage_strategy":"ALLOW_1_25X_OVERAGE","max_users":5})",
             {Divisible(k125, "max users", 4)}},
        Case{"UsesAreNeverTolerated",
             R"({"floating":true,"overage_strategy":"ALLOW_1_25X_OVERAGE","max_uses":5})",
             {}},
        Case{
            "SeveralLimitsAreOneError",
            R"({"floating":true,"overage_strategy":"ALLOW_1_5X_OVERAGE","max_machines":3,"max_cores":5})",
            {Divisible(k150, "max machines", 2)}},
        Case{"DoubleOfAnything",
             R"({"floating":true,"overage_strategy":"ALLOW_2X_OVERAGE","max_machines":3})",
             {}}),
    CaseName);

INSTANTIATE_TEST_SUITE_P(
    OurOwn, PolicyRulesTest,
    testing::Values(
        Case{"ShortestPeriods",
             R"({"sync_interval":3600,"offline_grace":0,"expiry_grace":0,"max_file_ttl":3600})",
             {}},
        Case{
            "LongestPeriods",
            R"({"sync_interval":31536000,"offline_grace":15552000,"expiry_grace":7776000,"max_file_ttl":2147483647})",
            {}},
        Case{"SyncTooOften",
             R"({"sync_interval":3599})",
             {Broken("SYNC_INTERVAL_INVALID", "syncInterval",
                     "must be greater than or equal to 3600 (1 hour)")}},
        Case{"SyncTooSeldom",
             R"({"sync_interval":31536001})",
             {Broken("SYNC_INTERVAL_INVALID", "syncInterval",
                     "must be less than or equal to 31536000 (1 year)")}},
        Case{"NegativeOfflineGrace",
             R"({"offline_grace":-1})",
             {Broken("OFFLINE_GRACE_INVALID", "offlineGrace",
                     "must be greater than or equal to 0")}},
        Case{"OfflineGraceTooLong",
             R"({"offline_grace":15552001})",
             {Broken("OFFLINE_GRACE_INVALID", "offlineGrace",
                     "must be less than or equal to 15552000 (180 days)")}},
        Case{"NegativeExpiryGrace",
             R"({"expiry_grace":-1})",
             {Broken("EXPIRY_GRACE_INVALID", "expiryGrace", "must be greater than or equal to 0")}},
        Case{"ExpiryGraceTooLong",
             R"({"expiry_grace":7776001})",
             {Broken("EXPIRY_GRACE_INVALID", "expiryGrace",
                     "must be less than or equal to 7776000 (90 days)")}},
        Case{"FileTtlTooShort",
             R"({"max_file_ttl":3599})",
             {Broken("MAX_FILE_TTL_INVALID", "maxFileTtl",
                     "must be greater than or equal to 3600 (1 hour)")}},
        Case{"FileTtlTooLong",
             R"({"max_file_ttl":2147483648})",
             {Broken("MAX_FILE_TTL_INVALID", "maxFileTtl",
                     "must be less than or equal to 2147483647")}}),
    CaseName);

TEST(PolicyRuleOrderTest, SeveralErrorsComeInTheOrderOfTheSpecification) {
  Policy policy;
  Assign(policy, R"({"max_uses":-1,"duration":1,"heartbeat_duration":1,"sync_interval":1,
                     "max_machines":7,"overage_strategy":"ALLOW_1_5X_OVERAGE"})");
  std::vector<std::string> codes;
  for (const auto& violation : CheckPolicy(policy, true))
    codes.push_back(DeriveCode(violation).code);
  EXPECT_THAT(codes, ElementsAre("NAME_MISSING", "DURATION_INVALID", "MAX_MACHINES_INVALID",
                                 "MAX_USES_INVALID", "OVERAGE_STRATEGY_NOT_ALLOWED",
                                 "HEARTBEAT_DURATION_INVALID", "SYNC_INTERVAL_INVALID"));
}

TEST(PolicyRuleOrderTest, WhatOnlyCreationSetsDoesNotBlockAnUpdate) {
  auto policy = SoundPolicy();
  Assign(policy, R"({"scheme":"LEGACY_ENCRYPT","use_pool":true})");
  EXPECT_FALSE(CheckPolicy(policy, true).empty());
  EXPECT_THAT(CheckPolicy(policy, false), IsEmpty());
}

struct DefaultsCase {
  std::string_view name;
  std::string_view given;  // attributes that were sent
  bool account_protected;
  std::string_view expected;  // attributes afterwards
};
class PolicyDefaultsTest : public testing::TestWithParam<DefaultsCase> {};
TEST_P(PolicyDefaultsTest, FillWhatWasNotGiven) {
  auto policy = SoundPolicy();
  Assign(policy, GetParam().given);
  const auto document = base::ParseJson(GetParam().given);
  std::vector<std::string_view> given;
  for (const auto& member : document->as_object()) given.push_back(member.key());
  Account account;
  account.protected_ = GetParam().account_protected;
  ApplyPolicyDefaults(policy, given, account);

  const auto expected = base::ParseJson(GetParam().expected);
  for (const auto& [name, value] : expected->as_object()) {
    const auto* attribute = FindAttribute(ResourceOf<Policy>(), name);
    ASSERT_NE(attribute, nullptr);
    EXPECT_EQ(attribute->get(&policy), FromJson(*attribute, value)) << name;
  }
}
INSTANTIATE_TEST_SUITE_P(
    Rules, PolicyDefaultsTest,
    testing::Values(
        DefaultsCase{"NodeLockedIsOneMachine", R"({})", false, R"({"max_machines":1})"},
        DefaultsCase{"NullOnANodeLockedPolicyIsOneMachine", R"({"max_machines":null})", false,
                     R"({"max_machines":1})"},
        DefaultsCase{"AWrongLimitIsLeftToTheRules", R"({"max_machines":3})", false,
                     R"({"max_machines":3})"},
        DefaultsCase{"FloatingIsUnlimited", R"({"floating":true})", false,
                     R"({"max_machines":null})"},
        DefaultsCase{"EncryptedIsLegacy", R"({"encrypted":true})", false,
                     R"({"scheme":"LEGACY_ENCRYPT"})"},
        DefaultsCase{"EncryptedKeepsAGivenScheme", R"({"encrypted":true,"scheme":"ED25519_SIGN"})",
                     false, R"({"scheme":"ED25519_SIGN"})"},
        DefaultsCase{"PlainHasNoScheme", R"({})", false, R"({"scheme":null})"},
        DefaultsCase{"HeartbeatsStartWithAPing", R"({})", false,
                     R"({"heartbeat_basis":"FROM_FIRST_PING"})"},
        DefaultsCase{"RequiredHeartbeatsStartAtCreation", R"({"require_heartbeat":true})", false,
                     R"({"heartbeat_basis":"FROM_CREATION"})"},
        DefaultsCase{"AGivenBasisStays",
                     R"({"require_heartbeat":true,"heartbeat_basis":"FROM_FIRST_PING"})", false,
                     R"({"heartbeat_basis":"FROM_FIRST_PING"})"},
        DefaultsCase{"ProtectionIsTheAccounts", R"({})", true, R"({"protected":true})"},
        DefaultsCase{"GivenProtectionStays", R"({"protected":false})", true,
                     R"({"protected":false})"}),
    [](const auto& row) { return std::string(row.param.name); });

TEST(PolicyStrategiesTest, HaveTheWordsOfTheSpecification) {
  // The table of licenses.md §4.2: attribute first, words last.
  std::ifstream stream("docs/spec/licenses.md");
  const std::regex row(R"(^\| (\w+(?:Strategy|Basis)) \|.*\| (unsupported [a-z ]+) \|$)");
  std::size_t seen = 0;
  for (std::string line; std::getline(stream, line);) {
    std::smatch match;
    if (!std::regex_match(line, match, row)) continue;
    const auto violation = UnknownStrategy(ToSnake(match[1].str()));
    EXPECT_EQ(violation.detail, match[2].str());
    const auto wire = DeriveCode(violation);
    std::string code = ToSnake(match[1].str());
    for (char& c : code) c = static_cast<char>(std::toupper(c));
    EXPECT_EQ(wire.code, code + "_NOT_ALLOWED");
    EXPECT_EQ(wire.pointer, "/data/attributes/" + match[1].str());
    ++seen;
  }
  EXPECT_EQ(seen, 15u);
  EXPECT_EQ(UnknownStrategy("scheme").detail, "unsupported signing scheme");
  EXPECT_EQ(PolicyStrategies().size(), 16u);
}

TEST(PolicyStrategiesTest, AreTheEnumerationsOfPolicies) {
  std::vector<std::string_view> enums, listed;
  for (const auto& attribute : ResourceOf<Policy>().attributes)
    if (attribute.kind == Kind::kEnum) enums.push_back(attribute.name);
  for (const auto& strategy : PolicyStrategies()) listed.push_back(strategy.attribute);
  EXPECT_EQ(listed, enums);
}

// ---- products and entitlements ----

class ProductRulesTest : public testing::TestWithParam<Case> {};
TEST_P(ProductRulesTest, GivesTheErrorsOfTheSpecification) {
  Product product;
  product.name = "Lathe";
  Assign(product, GetParam().attributes);
  EXPECT_EQ(Wire(CheckProduct(product)), GetParam().expected);
}

const std::string kProtocol =
    Broken("URL_PROTOCOL_INVALID", "url",
           "must be a valid URL using one of the following protocols: https, http");
const std::string kHost = Broken("URL_HOST_INVALID", "url", "must be a URL with a valid host");
const std::string kNoUrl = Broken("URL_INVALID", "url", "must be a valid URL");
const std::string kReservedCode = Broken("CODE_NOT_ALLOWED", "code", "is reserved");

INSTANTIATE_TEST_SUITE_P(
    Attributes, ProductRulesTest,
    testing::Values(
        Case{"SoundAsItIs", R"({})", {}},
        Case{"NameBlank", R"({"name":" "})", {Broken("NAME_MISSING", "name", "can't be blank")}},
        Case{"NameTooLong",
             R"({"name":"@256"})",
             {Broken("NAME_TOO_LONG", "name", "is too long (maximum is 255 characters)")}},
        Case{"CodeReserved", R"({"code":"action"})", {kReservedCode}},
        Case{"CodeReservedInThePlural", R"({"code":"actions"})", {kReservedCode}},
        Case{"CodeLikeAReservedWord", R"({"code":"Action"})", {}},
        Case{"CodeLikeAUuid",
             R"({"code":"8a6d2b47-51c9-4e0f-8d33-6f1b2c9e4a21"})",
             {Broken("CODE_INVALID", "code", "is invalid")}},
        Case{"CodeLikeAUuidWithoutDashes",
             R"({"code":"8A6D2B4751C94E0F8D336F1B2C9E4A21"})",
             {Broken("CODE_INVALID", "code", "is invalid")}},
        Case{"CodeLongest", R"({"code":"@255"})", {}},
        Case{"CodeTooLong",
             R"({"code":"@256"})",
             {Broken("CODE_TOO_LONG", "code", "is too long (maximum is 255 characters)")}},
        Case{"DistributionNull", R"({"distribution_strategy":null})", {}},
        Case{"DistributionOpen", R"({"distribution_strategy":"OPEN"})", {}},
        Case{"DistributionUnknown",
             R"({"distribution_strategy":"open"})",
             {Broken("DISTRIBUTION_STRATEGY_NOT_ALLOWED", "distributionStrategy",
                     "unsupported distribution strategy")}},
        Case{"PermissionsNotGrantable",
             R"({"permissions":["admin.read"]})",
             {Broken("PERMISSIONS_NOT_ALLOWED", "permissions", "unsupported permissions")}},
        Case{"PermissionsNone", R"({"permissions":[]})", {}},
        Case{"MetadataTooDeep",
             R"({"metadata":{"a":[[[[]]]]}})",
             {Broken("METADATA_TOO_LONG", "metadata",
                     "too many items (exceeded limit of 4 items)")}}),
    CaseName);

INSTANTIATE_TEST_SUITE_P(
    Urls, ProductRulesTest,
    testing::Values(Case{"Https", R"({"url":"https://lathe.example"})", {}},
                    Case{"HttpWithEverything",
                         R"({"url":"http://me:pw@Shop.Lathe.example:8080/a%20b?q=1#x"})",
                         {}},
                    Case{"OtherProtocol", R"({"url":"ftp://lathe.example/"})", {kProtocol}},
                    Case{"NoProtocol", R"({"url":"lathe.example"})", {kProtocol, kHost}},
                    Case{"JavaScript", R"({"url":"javascript:alert"})", {kProtocol, kHost}},
                    Case{"Localhost", R"({"url":"https://localhost"})", {kHost}},
                    Case{"LocalhostWithPort", R"({"url":"https://localhost:3000/"})", {kHost}},
                    Case{"NoDot", R"({"url":"https://lathe/"})", {kHost}},
                    Case{"Address", R"({"url":"https://127.0.0.1/"})", {kHost}},
                    Case{"AddressOfVersion6", R"({"url":"https://[::1]:443/"})", {kHost}},
                    Case{"ShortTopLevel", R"({"url":"https://lathe.x"})", {kHost}},
                    Case{"EmptyLabel", R"({"url":"https://lathe..example"})", {kHost}},
                    Case{"VendorHost", R"({"url":"https://keygen.sh/"})", {kHost}},
                    Case{"VendorSubdomain", R"({"url":"https://api.keygen.sh"})", {kHost}},
                    Case{"NoHost", R"({"url":"https:///path"})", {kHost}},
                    Case{"Spaces", R"({"url":"https://lathe example.com"})", {kNoUrl}},
                    Case{"ForeignLetters", R"({"url":"https://läthe.example"})", {kNoUrl}},
                    Case{"BadEscape", R"({"url":"https://lathe.example/%zz"})", {kNoUrl}},
                    Case{"CutEscape", R"({"url":"https://lathe.example/%2"})", {kNoUrl}},
                    Case{"BadPort", R"({"url":"https://lathe.example:http/"})", {kNoUrl}}),
    CaseName);

TEST(ProductUrlTest, LimitsTheLengthOfUrls) {
  Product product;
  product.name = "Lathe";
  product.url = "https://lathe.example/" + std::string(255 - 22, 'x');
  EXPECT_THAT(CheckProduct(product), IsEmpty());
  *product.url += "x";
  EXPECT_THAT(
      Wire(CheckProduct(product)),
      ElementsAre(Broken("URL_TOO_LONG", "url", "is too long (maximum is 255 characters)")));
}

class GroupRulesTest : public testing::TestWithParam<Case> {};
TEST_P(GroupRulesTest, GivesTheErrorsOfTheSpecification) {
  Group group;
  group.name = "Team";
  Assign(group, GetParam().attributes);
  EXPECT_EQ(Wire(CheckGroup(group)), GetParam().expected);
}
INSTANTIATE_TEST_SUITE_P(
    Attributes, GroupRulesTest,
    testing::Values(
        Case{"SoundAsItIs", R"({})", {}},
        Case{"NameEmpty",
             R"({"name":""})",
             {Broken("NAME_TOO_SHORT", "name", "is too short (minimum is 1 characters)")}},
        Case{"NameTooLong",
             R"({"name":"@256"})",
             {Broken("NAME_TOO_LONG", "name", "is too long (maximum is 255 characters)")}},
        Case{"LimitsOfAnySize", R"({"max_users":-1,"max_licenses":0,"max_machines":1})", {}}),
    CaseName);

class EntitlementRulesTest : public testing::TestWithParam<Case> {};
TEST_P(EntitlementRulesTest, GivesTheErrorsOfTheSpecification) {
  Entitlement entitlement;
  entitlement.name = "Export";
  entitlement.code = "EXPORT";
  Assign(entitlement, GetParam().attributes);
  EXPECT_EQ(Wire(CheckEntitlement(entitlement)), GetParam().expected);
}
INSTANTIATE_TEST_SUITE_P(
    Attributes, EntitlementRulesTest,
    testing::Values(
        Case{"SoundAsItIs", R"({})", {}},
        Case{"NameBlank", R"({"name":""})", {Broken("NAME_MISSING", "name", "can't be blank")}},
        Case{"NameTooLong",
             R"({"name":"@256"})",
             {Broken("NAME_TOO_LONG", "name", "is too long (maximum is 255 characters)")}},
        Case{"CodeBlank", R"({"code":""})", {Broken("CODE_MISSING", "code", "can't be blank")}},
        Case{"CodeReserved", R"({"code":"actions"})", {kReservedCode}},
        Case{"CodeLikeAUuid",
             R"({"code":"8a6d2b4751c94e0f8d336f1b2c9e4a21"})",
             {Broken("CODE_INVALID", "code", "is invalid")}},
        Case{"CodeTooLong",
             R"({"code":"@256"})",
             {Broken("CODE_TOO_LONG", "code", "is too long (maximum is 255 characters)")}}),
    CaseName);

// ---- licenses ----

struct LicenseCase {
  std::string_view name;
  std::string_view policy;
  std::string_view attributes;
  std::vector<std::string> expected;
};
class LicenseRulesTest : public testing::TestWithParam<LicenseCase> {};
TEST_P(LicenseRulesTest, GivesTheErrorsOfTheSpecification) {
  auto policy = SoundPolicy();
  Assign(policy, GetParam().policy);
  License license;
  Assign(license, GetParam().attributes);
  EXPECT_EQ(Wire(CheckLicense(license, policy, true)), GetParam().expected);
}

const std::string kTooShort =
    Broken("KEY_TOO_SHORT", "key", "is too short (minimum is 6 characters)");
const std::string kReservedKey = Broken("KEY_NOT_ALLOWED", "key", "is reserved");
constexpr std::string_view kPlain = "{}";
constexpr std::string_view kSigned = R"({"scheme":"ED25519_SIGN"})";
constexpr std::string_view kLegacy = R"({"scheme":"LEGACY_ENCRYPT","encrypted":true})";
constexpr std::string_view kFloating = R"({"floating":true})";

INSTANTIATE_TEST_SUITE_P(
    Keys, LicenseRulesTest,
    testing::Values(
        LicenseCase{"NoneIsGenerated", kPlain, R"({})", {}},
        LicenseCase{"ShortestPlain", kPlain, R"({"key":"@6"})", {}},
        LicenseCase{"TooShortPlain", kPlain, R"({"key":"@5"})", {kTooShort}},
        LicenseCase{"OneLetterIsEnoughToSign", kSigned, R"({"key":"k"})", {}},
        LicenseCase{"Longest", kPlain, R"({"key":"@16384"})", {}},
        LicenseCase{"TooLong",
                    kPlain,
                    R"({"key":"@16385"})",
                    {Broken("KEY_TOO_LONG", "key", "is too long (maximum is 16384 characters)")}},
        LicenseCase{"Reserved", kPlain, R"({"key":"action"})", {kReservedKey}},
        LicenseCase{
            "ReservedInThePluralWithAScheme", kSigned, R"({"key":"actions"})", {kReservedKey}},
        LicenseCase{"OfALegacyEncryptedLicense",
                    kLegacy,
                    R"({"key":"abcdefgh"})",
                    {Broken("KEY_NOT_SUPPORTED", "key",
                            "cannot be specified for a legacy encrypted license")}},
        LicenseCase{
            "LikeAUuidIsFine", kPlain, R"({"key":"8a6d2b47-51c9-4e0f-8d33-6f1b2c9e4a21"})", {}}),
    [](const auto& row) { return std::string(row.param.name); });

INSTANTIATE_TEST_SUITE_P(
    Attributes, LicenseRulesTest,
    testing::Values(
        LicenseCase{"BlankNameIsFine", kPlain, R"({"name":""})", {}},
        LicenseCase{"LongestName", kPlain, R"({"name":"@1024"})", {}},
        LicenseCase{"NameTooLong",
                    kPlain,
                    R"({"name":"@1025"})",
                    {Broken("NAME_TOO_LONG", "name", "is too long (maximum is 1024 characters)")}},
        LicenseCase{"TwoMachinesOnANodeLockedPolicy",
                    kPlain,
                    R"({"max_machines":2})",
                    {Broken("MAX_MACHINES_INVALID", "maxMachines",
                            "must be equal to 1 for non-floating policy")}},
        LicenseCase{"NoMachinesOnAFloatingPolicy",
                    kFloating,
                    R"({"max_machines":0})",
                    {Broken("MAX_MACHINES_INVALID", "maxMachines",
                            "must be greater than or equal to 1 for floating policy")}},
        LicenseCase{
            "NegativeMachines",
            kFloating,
            R"({"max_machines":-1})",
            {Broken("MAX_MACHINES_INVALID", "maxMachines", "must be greater than or equal to 0")}},
        LicenseCase{"TooManyMachines",
                    kFloating,
                    R"({"max_machines":2147483648})",
                    {Broken("MAX_MACHINES_INVALID", "maxMachines",
                            "must be less than or equal to 2147483647")}},
        LicenseCase{
            "NoCores",
            kPlain,
            R"({"max_cores":0})",
            {Broken("MAX_CORES_INVALID", "maxCores", "must be greater than or equal to 1")}},
        LicenseCase{
            "NoMemory",
            kPlain,
            R"({"max_memory":0})",
            {Broken("MAX_MEMORY_INVALID", "maxMemory", "must be greater than or equal to 1")}},
        LicenseCase{"NoDisk",
                    kPlain,
                    R"({"max_disk":0})",
                    {Broken("MAX_DISK_INVALID", "maxDisk", "must be greater than or equal to 1")}},
        LicenseCase{"NoUsesProcessesAndUsersAreFine",
                    kPlain,
                    R"({"max_uses":0,"max_processes":0,"max_users":0})",
                    {}},
        LicenseCase{
            "NegativeUsesProcessesAndUsers",
            kPlain,
            R"({"max_uses":-1,"max_processes":-1,"max_users":-1})",
            {Broken("MAX_PROCESSES_INVALID", "maxProcesses", "must be greater than or equal to 0"),
             Broken("MAX_USERS_INVALID", "maxUsers", "must be greater than or equal to 0"),
             Broken("MAX_USES_INVALID", "maxUses", "must be greater than or equal to 0")}},
        LicenseCase{"PermissionsNotGrantable",
                    kPlain,
                    R"({"permissions":["license.create"]})",
                    {Broken("PERMISSIONS_NOT_ALLOWED", "permissions", "unsupported permissions")}},
        LicenseCase{"MetadataTooDeep",
                    kPlain,
                    R"({"metadata":{"a":[[[[]]]]}})",
                    {Broken("METADATA_TOO_LONG", "metadata",
                            "too many items (exceeded limit of 4 items)")}}),
    [](const auto& row) { return std::string(row.param.name); });

TEST(LicenseKeyRulesTest, LengthsCountCharactersNotBytes) {
  License license;
  license.key = "ключик";
  license.name = std::string(1023, 'x') + "ё";
  EXPECT_THAT(CheckLicense(license, SoundPolicy(), true), IsEmpty());
  license.key = "ключи";
  EXPECT_THAT(Wire(CheckLicense(license, SoundPolicy(), true)), ElementsAre(kTooShort));
}

TEST(LicenseKeyRulesTest, AnExistingKeyDoesNotBlockAnUpdate) {
  License license;
  license.key = "abc";
  EXPECT_THAT(CheckLicense(license, SoundPolicy(), false), IsEmpty());
}

// ---- machines ----

class MachineRulesTest : public testing::TestWithParam<Case> {};
TEST_P(MachineRulesTest, GivesTheErrorsOfTheSpecification) {
  Machine machine;
  machine.fingerprint = "aa:bb";
  Assign(machine, GetParam().attributes);
  EXPECT_EQ(Wire(CheckMachine(machine, true)), GetParam().expected);
}

const std::string kReservedFingerprint =
    Broken("FINGERPRINT_NOT_ALLOWED", "fingerprint", "is reserved");
INSTANTIATE_TEST_SUITE_P(
    Attributes, MachineRulesTest,
    testing::Values(
        Case{"SoundAsItIs", R"({})", {}},
        Case{"LongestFingerprint", R"({"fingerprint":"@4096"})", {}},
        Case{"FingerprintTooLong",
             R"({"fingerprint":"@4097"})",
             {Broken("FINGERPRINT_TOO_LONG", "fingerprint",
                     "is too long (maximum is 4096 characters)")}},
        Case{"FingerprintReserved", R"({"fingerprint":"action"})", {kReservedFingerprint}},
        Case{"FingerprintReservedInThePlural",
             R"({"fingerprint":"actions"})",
             {kReservedFingerprint}},
        Case{"FingerprintAlmostReserved", R"({"fingerprint":"actions\n"})", {}},
        Case{"NoCores",
             R"({"cores":0})",
             {Broken("CORES_INVALID", "cores", "must be greater than or equal to 1")}},
        Case{"TooManyCores",
             R"({"cores":2147483648})",
             {Broken("CORES_INVALID", "cores", "must be less than or equal to 2147483647")}},
        Case{"NoMemory",
             R"({"memory":0})",
             {Broken("MEMORY_INVALID", "memory", "must be greater than or equal to 1")}},
        Case{"MostMemory", R"({"memory":9223372036854775807})", {}},
        Case{"NegativeDisk",
             R"({"disk":-1})",
             {Broken("DISK_INVALID", "disk", "must be greater than or equal to 1")}},
        Case{"BlanksAreFine", R"({"ip":"","hostname":"","platform":"","name":""})", {}},
        Case{"IpTooLong",
             R"({"ip":"@256"})",
             {Broken("IP_TOO_LONG", "ip", "is too long (maximum is 255 characters)")}},
        Case{"HostnameTooLong",
             R"({"hostname":"@256"})",
             {Broken("HOSTNAME_TOO_LONG", "hostname", "is too long (maximum is 255 characters)")}},
        Case{"PlatformTooLong",
             R"({"platform":"@256"})",
             {Broken("PLATFORM_TOO_LONG", "platform", "is too long (maximum is 255 characters)")}},
        Case{"NameTooLong",
             R"({"name":"@256"})",
             {Broken("NAME_TOO_LONG", "name", "is too long (maximum is 255 characters)")}},
        Case{"InTheOrderOfTheSpecification",
             R"({"name":"@256","cores":0,"fingerprint":"action","metadata":{"a":[[[[]]]]}})",
             {kReservedFingerprint,
              Broken("METADATA_TOO_LONG", "metadata", "too many items (exceeded limit of 4 items)"),
              Broken("CORES_INVALID", "cores", "must be greater than or equal to 1"),
              Broken("NAME_TOO_LONG", "name", "is too long (maximum is 255 characters)")}}),
    CaseName);

// ---- transfers ----

struct TransferCase {
  std::string_view name;
  std::string_view from, to;
  std::string_view detail;  // empty: allowed
};
class TransferTest : public testing::TestWithParam<TransferCase> {};
TEST_P(TransferTest, GivesTheFirstRuleThatFails) {
  auto from = SoundPolicy(), to = SoundPolicy();
  Assign(from, GetParam().from);
  Assign(to, GetParam().to);
  const auto violation = CheckTransfer(from, to);
  ASSERT_EQ(violation.has_value(), !GetParam().detail.empty());
  if (!violation) return;
  EXPECT_EQ(violation->detail, GetParam().detail);
  EXPECT_EQ(DeriveCode(*violation).code, "POLICY_NOT_COMPATIBLE");
  EXPECT_EQ(DeriveCode(*violation).pointer, "/data/relationships/policy");
}

constexpr std::string_view kEncryptedChange =
    "cannot change from an encrypted policy to an unencrypted policy (or vice-versa)";
constexpr std::string_view kPoolChange =
    "cannot change from a pooled policy to an unpooled policy (or vice-versa)";
constexpr std::string_view kSchemeChange = "cannot change to a policy with a different scheme";
constexpr std::string_view kMachineChange =
    "cannot change to a policy with a more strict machine uniqueness strategy";
constexpr std::string_view kComponentChange =
    "cannot change to a policy with a more strict component uniqueness strategy";

INSTANTIATE_TEST_SUITE_P(
    Rules, TransferTest,
    testing::Values(
        TransferCase{"BetweenEqualPolicies", kPlain, kPlain, ""},
        TransferCase{"LimitsDoNotMatter", kPlain, R"({"floating":true,"max_machines":9})", ""},
        TransferCase{"ToUnencrypted", kLegacy, kPlain, kEncryptedChange},
        TransferCase{"ToEncrypted", kPlain, kLegacy, kEncryptedChange},
        TransferCase{"ToPooled", kPlain, R"({"use_pool":true})", kPoolChange},
        TransferCase{"FromPooledToSigned", R"({"use_pool":true})", kSigned, kPoolChange},
        TransferCase{"ToAnotherScheme", kSigned, R"({"scheme":"ECDSA_P256_SIGN"})", kSchemeChange},
        TransferCase{"ToNoScheme", kSigned, kPlain, kSchemeChange},
        TransferCase{"ToStricterMachines", kPlain,
                     R"({"machine_uniqueness_strategy":"UNIQUE_PER_POLICY"})", kMachineChange},
        TransferCase{"ToStrictestMachines",
                     R"({"machine_uniqueness_strategy":"UNIQUE_PER_PRODUCT"})",
                     R"({"machine_uniqueness_strategy":"UNIQUE_PER_ACCOUNT"})", kMachineChange},
        TransferCase{"ToLooserMachines", R"({"machine_uniqueness_strategy":"UNIQUE_PER_ACCOUNT"})",
                     kPlain, ""},
        TransferCase{"LooserMachinesHideStricterComponents",
                     R"({"machine_uniqueness_strategy":"UNIQUE_PER_ACCOUNT"})",
                     R"({"component_uniqueness_strategy":"UNIQUE_PER_ACCOUNT"})", ""},
        TransferCase{"ToStricterComponents", kPlain,
                     R"({"component_uniqueness_strategy":"UNIQUE_PER_LICENSE"})", kComponentChange},
        TransferCase{"ToLooserComponents",
                     R"({"component_uniqueness_strategy":"UNIQUE_PER_ACCOUNT"})", kPlain, ""}),
    [](const auto& row) { return std::string(row.param.name); });

// ---- accounts ----

struct AccountCase {
  std::string_view name;
  std::string slug;
  std::vector<std::string> expected;
};
class AccountRulesTest : public testing::TestWithParam<AccountCase> {};
TEST_P(AccountRulesTest, GivesTheErrorsOfTheSpecification) {
  Account account;
  account.name = "Acme";
  account.slug = GetParam().slug;
  const auto result = Check(account);
  ASSERT_EQ(result.has_value(), GetParam().expected.empty());
  if (result) return;
  EXPECT_EQ(result.error().code, Errc::kInvalid);
  EXPECT_EQ(Wire(result.error().violations), GetParam().expected);
}

const std::string kBadSlug = Broken("SLUG_INVALID", "slug", "is invalid");
INSTANTIATE_TEST_SUITE_P(
    Slugs, AccountRulesTest,
    testing::Values(
        AccountCase{"Plain", "acme", {}}, AccountCase{"WithDashesAndDigits", "4-ever", {}},
        AccountCase{"TwoLetters", "ab", {}}, AccountCase{"OneLetter", "a", {kBadSlug}},
        AccountCase{"Empty", "", {kBadSlug}}, AccountCase{"Dashed", "-ab", {kBadSlug}},
        AccountCase{"Capitals", "Acme", {kBadSlug}}, AccountCase{"Underscore", "ac_me", {kBadSlug}},
        AccountCase{"Reserved", "actions", {Broken("SLUG_NOT_ALLOWED", "slug", "is reserved")}},
        AccountCase{"Uuid",
                    std::string(kUuid),
                    {Broken("SLUG_NOT_ALLOWED", "slug", "cannot resemble a UUID")}},
        AccountCase{"Longest", std::string(255, 'a'), {}},
        AccountCase{"TooLong",
                    std::string(256, 'a'),
                    {Broken("SLUG_TOO_LONG", "slug", "is too long (maximum is 255 characters)")}}),
    [](const auto& row) { return std::string(row.param.name); });

TEST(AccountNameTest, NamesAreRequiredAndLimited) {
  Account account;
  account.slug = "acme";
  EXPECT_THAT(Wire(Check(account).error().violations),
              ElementsAre(Broken("NAME_MISSING", "name", "can't be blank")));
  account.name = std::string(256, 'n');
  EXPECT_THAT(
      Wire(Check(account).error().violations),
      ElementsAre(Broken("NAME_TOO_LONG", "name", "is too long (maximum is 255 characters)")));
}

}  // namespace
}  // namespace latchkey::core
