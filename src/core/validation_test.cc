#include "core/validation.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <limits>
#include <map>
#include <new>
#include <set>
#include <sstream>

#include "core/validation_fixture.h"

namespace {
// Counts this thread's allocations: the answer to a plain question takes none.
thread_local std::size_t allocations = 0;
}  // namespace

void* operator new(std::size_t size) {
  ++allocations;
  if (void* memory = std::malloc(size == 0 ? 1 : size)) return memory;
  throw std::bad_alloc();
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

namespace latchkey::core {
namespace {

using std::chrono::days;
using enum OverageStrategy;
using P = Policy;
using L = License;

struct Case {
  const char* name;
  Given given;
  const char* code;
  bool valid;
  const char* detail;
};
void PrintTo(const Case& c, std::ostream* out) { *out << c.name; }

// A strict node-locked license with its one machine, and everything in order.
Given Locked() { return Given().Strict().Machines(1); }
// A strict floating license with `count` machines.
Given Float(std::uint8_t count) { return Given().Strict().Floating().Machines(count); }
// Requires a heartbeat every 600 s; machine fp1, last heard of that long ago.
Given Beating(std::optional<Duration> heartbeat_ago, Duration created_ago = Seconds(60)) {
  return Given().Strict().Heartbeat().With(
      {.created_ago = created_ago, .heartbeat_ago = heartbeat_ago});
}
// Floating, three machines: fp1 alive, fp2 alive, fp3 dead.
Given Three(MatchingStrategy strategy) {
  return Given().Strict().Floating().Matching(strategy).Machines(2).With(
      {.id = 3, .fingerprint = "fp3", .heartbeat_ago = days(1)});
}
// fp1 with components c1, c2, c3.
Given Composed(MatchingStrategy strategy, std::vector<std::string> asked) {
  return Given()
      .With({.components = {"c1", "c2", "c3"}})
      .Policy(&P::component_matching_strategy, strategy)
      .AskFingerprint("fp1")
      .Ask(&Scope::components, std::move(asked));
}
// Machines: 1, 2 and 3 of user 1, 4 of user 2, 5 and 6 of nobody. Owner 1, attached 2 and 3.
Given Shared() {
  return Given()
      .Strict()
      .Floating()
      .PerUser()
      .Owner(1)
      .User(2)
      .User(3)
      .Machines(3, 1)
      .Machines(1, 2)
      .Machines(2);
}
Given Running(ProcessLeasingStrategy strategy, std::int64_t limit) {
  return Given()
      .Strict()
      .Floating()
      .Owner(1)
      .User(2)
      .Policy(&P::process_leasing_strategy, strategy)
      .Policy(&P::max_processes, limit)
      .With({.id = 1, .fingerprint = "fp1", .owner = 1, .processes = 3})
      .With({.id = 2, .fingerprint = "fp2", .owner = 1, .processes = 2})
      .With({.id = 3, .fingerprint = "fp3", .owner = 2, .processes = 1})
      .With({.id = 4, .fingerprint = "fp4", .processes = 4})
      .With({.id = 5, .fingerprint = "fp5", .heartbeat_ago = days(1), .processes = 9});
}

constexpr const char* kAnyDetail =
    "one or more fingerprint is not activated (does not match any associated machines)";
constexpr const char* kTwoDetail =
    "one or more fingerprint is not activated (does not match at least 2 associated machines)";
constexpr const char* kMostDetail =
    "one or more fingerprint is not activated (does not match enough associated machines)";
constexpr const char* kAllDetail =
    "one or more fingerprint is not activated (does not match all associated machines)";
constexpr const char* kUsers = "has too many associated users";
constexpr const char* kMachines = "has too many associated machines";
constexpr const char* kProcesses = "has too many associated processes";
constexpr const char* kDead = "machine heartbeat is dead";
constexpr const char* kRequired = "machine heartbeat is required";

// clang-format off
std::vector<Case> OwnState() {
  using enum ExpirationStrategy;
  return {
      {"UnknownLicense", Given().Missing(), "NOT_FOUND", false, "does not exist"},
      {"UnknownLicenseQuick", Given().Missing().Quick(), "NOT_FOUND", false, "does not exist"},
      {"BannedOwner", Given().Banned(), "BANNED", false, "is banned"},
      {"ABannedAttachedUserBansNothing", Given().Owner(1).User(2, true), "VALID", true, "is valid"},
      {"Suspended", Given().Suspended(), "SUSPENDED", false, "is suspended"},
      {"RevokedByExpiry", Given().Expired(kRevokeAccess), "EXPIRED", false, "is expired"},
      {"RevokedByExpiryStrict", Locked().Expired(kRevokeAccess), "EXPIRED", false, "is expired"},
      {"Overdue", Given().Overdue(), "OVERDUE", false, "is overdue for check in"},
      {"DueAtThisInstant", Given().Overdue().License(&L::last_check_in, kNow - days(1)), "VALID", true, "is valid"},
      {"LooseExpired", Given().Expired(), "EXPIRED", false, "is expired"},
      {"LooseExpiredMaintain", Given().Expired(kMaintainAccess), "EXPIRED", true, "is expired"},
      {"LooseExpiredAllow", Given().Expired(kAllowAccess), "EXPIRED", true, "is expired"},
      {"StrictExpired", Locked().Expired(), "EXPIRED", false, "is expired"},
      {"StrictExpiredMaintain", Locked().Expired(kMaintainAccess), "EXPIRED", true, "is expired"},
      {"StrictExpiredAllow", Locked().Expired(kAllowAccess), "EXPIRED", true, "is expired"},
      {"TheInstantOfExpiryIsValid", Locked().License(&L::expiry, kNow), "VALID", true, "is valid"},
      {"TheInstantOfExpiryIsValidUnderRevoke", Locked().Expired(kRevokeAccess).License(&L::expiry, kNow), "VALID", true, "is valid"},
      {"Loose", Given(), "VALID", true, "is valid"},
      {"LooseIgnoresMachineLimits", Given().Machines(9).Policy(&P::max_cores, 0), "VALID", true, "is valid"},
      {"Strict", Locked(), "VALID", true, "is valid"},
      {"UsesPlayNoPart", Locked().Policy(&P::max_uses, 1).License(&L::uses, 9), "VALID", true, "is valid"},
  };
}

std::vector<Case> Scopes() {
  return {
      {"EnvironmentByCode", Given().Environment("staging").Ask(&Scope::environment, "staging"), "VALID", true, "is valid"},
      {"EnvironmentById", Given().Environment("staging").Ask(&Scope::environment, IdText(kEnvironment)), "VALID", true, "is valid"},
      {"AnotherEnvironment", Given().Environment("staging").Ask(&Scope::environment, "Staging"), "ENVIRONMENT_SCOPE_MISMATCH", false, "environment scope does not match"},
      {"NullEnvironmentIsGlobal", Given().Ask(&Scope::environment, std::optional<std::string>()), "VALID", true, "is valid"},
      {"NullEnvironmentOfAnIsolatedLicense", Given().Environment("staging").Ask(&Scope::environment, std::optional<std::string>()), "ENVIRONMENT_SCOPE_MISMATCH", false, "environment scope does not match"},
      {"AnEnvironmentOfAGlobalLicense", Given().Ask(&Scope::environment, "staging"), "ENVIRONMENT_SCOPE_MISMATCH", false, "environment scope does not match"},
      {"EnvironmentRequired", [] { auto g = Given(); g.snapshot.require_environment_scope = true; return g; }(), "ENVIRONMENT_SCOPE_REQUIRED", false, "environment scope is required"},
      {"NullCountsAsGivenEnvironment", [] { auto g = Given(); g.snapshot.require_environment_scope = true; return g.Ask(&Scope::environment, std::optional<std::string>()); }(), "VALID", true, "is valid"},
      {"ItsProduct", Given().Ask(&Scope::product, IdText(kProduct)).Policy(&P::require_product_scope, true), "VALID", true, "is valid"},
      {"AnotherProduct", Given().Ask(&Scope::product, IdText(9)), "PRODUCT_SCOPE_MISMATCH", false, "product scope does not match"},
      {"AProductCodeIsNoId", Given().Ask(&Scope::product, "app"), "PRODUCT_SCOPE_MISMATCH", false, "product scope does not match"},
      {"ProductRequired", Given().Policy(&P::require_product_scope, true), "PRODUCT_SCOPE_REQUIRED", false, "product scope is required"},
      {"ItsPolicy", Given().Ask(&Scope::policy, IdText(kPolicy)).Policy(&P::require_policy_scope, true), "VALID", true, "is valid"},
      {"AnotherPolicy", Given().Ask(&Scope::policy, IdText(9)), "POLICY_SCOPE_MISMATCH", false, "policy scope does not match"},
      {"PolicyRequired", Given().Policy(&P::require_policy_scope, true), "POLICY_SCOPE_REQUIRED", false, "policy scope is required"},
      {"OwnerById", Given().Owner(1).AskUser(IdText(1)), "VALID", true, "is valid"},
      {"OwnerByEmail", Given().Owner(1).AskUser(Email(1)), "VALID", true, "is valid"},
      {"AttachedUserById", Given().Owner(1).User(2).AskUser(IdText(2)), "VALID", true, "is valid"},
      {"AttachedUserByEmail", Given().User(2).AskUser(Email(2)), "VALID", true, "is valid"},
      {"AStranger", Given().Owner(1).User(2).AskUser(Email(3)), "USER_SCOPE_MISMATCH", false, "user scope does not match"},
      {"NullUserIsAnOwnerlessLicense", Given().User(2).AskUser(std::nullopt).Policy(&P::require_user_scope, true), "VALID", true, "is valid"},
      {"NullUserOfAnOwnedLicense", Given().Owner(1).AskUser(std::nullopt), "USER_SCOPE_MISMATCH", false, "user scope does not match"},
      {"UserRequired", Given().Owner(1).Policy(&P::require_user_scope, true), "USER_SCOPE_REQUIRED", false, "user scope is required"},
      {"NoEntitlementsAsked", Given().Entitled({"a"}).Ask(&Scope::entitlements, std::vector<std::string>{}), "ENTITLEMENTS_SCOPE_EMPTY", false, "entitlements scope is empty"},
      {"HeldEntitlements", Given().Entitled({"a", "b", "c"}).Ask(&Scope::entitlements, std::vector<std::string>{"c", "a", "c"}), "VALID", true, "is valid"},
      {"AMissingEntitlement", Given().Entitled({"a", "b"}).Ask(&Scope::entitlements, std::vector<std::string>{"a", "c"}), "ENTITLEMENTS_MISSING", false, "is missing one or more required entitlements"},
      {"EntitlementsMindTheirCase", Given().Entitled({"a"}).Ask(&Scope::entitlements, std::vector<std::string>{"A"}), "ENTITLEMENTS_MISSING", false, "is missing one or more required entitlements"},
      {"ComponentsWithoutFingerprint", Given().Machines(1).Ask(&Scope::components, std::vector<std::string>{"c1"}), "FINGERPRINT_SCOPE_REQUIRED", false, "fingerprint scope is required when using the components scope"},
      {"ComponentsWithAListOfFingerprints", Given().Machines(1).AskFingerprints({"fp1"}).Ask(&Scope::components, std::vector<std::string>{"c1"}), "FINGERPRINT_SCOPE_REQUIRED", false, "fingerprint scope is required when using the components scope"},
      {"NoComponentsAsked", Composed(MatchingStrategy::kAny, {}), "COMPONENTS_SCOPE_EMPTY", false, "components scope is empty"},
      {"AnyComponent", Composed(MatchingStrategy::kAny, {"x", "c1"}), "VALID", true, "is valid"},
      {"NotAnyComponent", Composed(MatchingStrategy::kAny, {"x", "y"}), "COMPONENTS_SCOPE_MISMATCH", false, "one or more component is not activated (does not match any associated components)"},
      {"TwoComponents", Composed(MatchingStrategy::kTwo, {"x", "c1", "c2"}), "VALID", true, "is valid"},
      {"NotTwoComponents", Composed(MatchingStrategy::kTwo, {"x", "c1"}), "COMPONENTS_SCOPE_MISMATCH", false, "one or more component is not activated (does not match at least 2 associated components)"},
      {"TwoComponentsAreNeededEvenOfOne", Composed(MatchingStrategy::kTwo, {"c1"}), "COMPONENTS_SCOPE_MISMATCH", false, "one or more component is not activated (does not match at least 2 associated components)"},
      {"DuplicateComponentsCountOnce", Composed(MatchingStrategy::kTwo, {"c1", "c1"}), "COMPONENTS_SCOPE_MISMATCH", false, "one or more component is not activated (does not match at least 2 associated components)"},
      {"HalfOfTheComponents", Composed(MatchingStrategy::kMost, {"x", "c1", "y", "c2"}), "VALID", true, "is valid"},
      {"LessThanHalfOfTheComponents", Composed(MatchingStrategy::kMost, {"x", "c1", "y"}), "COMPONENTS_SCOPE_MISMATCH", false, "one or more component is not activated (does not match enough associated components)"},
      {"AllComponents", Composed(MatchingStrategy::kAll, {"c3", "c1"}), "VALID", true, "is valid"},
      {"NotAllComponents", Composed(MatchingStrategy::kAll, {"c1", "x"}), "COMPONENTS_SCOPE_MISMATCH", false, "one or more component is not activated (does not match all associated components)"},
      {"NoComponentsKnown", Given().Machines(1).AskFingerprint("fp1").Ask(&Scope::components, std::vector<std::string>{"c1"}), "COMPONENTS_SCOPE_MISMATCH", false, "one or more component is not activated (does not match any associated components)"},
      {"ComponentsRequired", Given().Policy(&P::require_components_scope, true), "COMPONENTS_SCOPE_REQUIRED", false, "components scope is required"},
      {"AChecksum", Given().Ask(&Scope::checksum, "abc"), "CHECKSUM_SCOPE_MISMATCH", false, "checksum scope is not valid (does not match any accessible artifacts)"},
      {"ChecksumRequired", Given().Policy(&P::require_checksum_scope, true), "CHECKSUM_SCOPE_REQUIRED", false, "checksum scope is required"},
      {"AVersion", Given().Ask(&Scope::version, "1.0.0"), "VERSION_SCOPE_MISMATCH", false, "version scope is not valid (does not match any accessible releases)"},
      {"VersionRequired", Given().Policy(&P::require_version_scope, true), "VERSION_SCOPE_REQUIRED", false, "version scope is required"},
  };
}

std::vector<Case> MachineScope() {
  const auto id = [](std::uint8_t n) { return IdText(n); };
  return {
      {"NodeLockedWithoutMachine", Given().Ask(&Scope::machine, id(1)), "NO_MACHINE", false, "machine is not activated (has no associated machine)"},
      {"FloatingWithoutMachines", Given().Floating().Ask(&Scope::machine, id(1)), "NO_MACHINES", false, "machine is not activated (has no associated machines)"},
      {"ItsMachine", Locked().Ask(&Scope::machine, id(1)).Policy(&P::require_machine_scope, true), "VALID", true, "is valid"},
      {"AnotherMachine", Locked().Ask(&Scope::machine, id(2)), "MACHINE_SCOPE_MISMATCH", false, "machine is not activated (does not match any associated machines)"},
      {"AFingerprintIsNoMachineId", Locked().Ask(&Scope::machine, "fp1"), "MACHINE_SCOPE_MISMATCH", false, "machine is not activated (does not match any associated machines)"},
      {"OfAnotherOwner", Given().Owner(1).User(2).Machines(1, 2).Ask(&Scope::machine, id(1)).AskUser(id(1)), "USER_SCOPE_MISMATCH", false, "user scope does not match (does not match associated machine owner)"},
      {"OfTheAskedOwnerByEmail", Given().Owner(1).User(2).Machines(1, 2).Ask(&Scope::machine, id(1)).AskUser(Email(2)), "VALID", true, "is valid"},
      {"OwnerlessSuitsEveryUser", Given().Owner(1).Machines(1).Ask(&Scope::machine, id(1)).AskUser(id(1)), "VALID", true, "is valid"},
      {"NullUserComparesNoOwner", Given().User(2).Machines(1, 2).Ask(&Scope::machine, id(1)).AskUser(std::nullopt), "VALID", true, "is valid"},
      {"HeartbeatNotStarted", Beating(std::nullopt).Ask(&Scope::machine, id(1)), "HEARTBEAT_NOT_STARTED", false, kRequired},
      {"HeartbeatNeverStartedInTime", Beating(std::nullopt, Seconds(601)).Ask(&Scope::machine, id(1)), "HEARTBEAT_DEAD", false, kDead},
      {"HeartbeatDead", Beating(Seconds(601)).Ask(&Scope::machine, id(1)), "HEARTBEAT_DEAD", false, kDead},
      {"HeartbeatAlive", Beating(Seconds(600)).Ask(&Scope::machine, id(1)), "VALID", true, "is valid"},
      {"HeartbeatDeadWithoutRequirement", Given().With({.heartbeat_ago = Seconds(601)}).Ask(&Scope::machine, id(1)), "HEARTBEAT_DEAD", false, kDead},
      {"DowntimeKeepsItAlive", Beating(Seconds(700)).Downtime(Seconds(100)).Ask(&Scope::machine, id(1)), "VALID", true, "is valid"},
      {"MachineRequired", Locked().AskFingerprint("fp1").Policy(&P::require_machine_scope, true), "MACHINE_SCOPE_REQUIRED", false, "machine scope is required"},
  };
}

std::vector<Case> Fingerprints() {
  using enum MatchingStrategy;
  using V = std::vector<std::string>;
  return {
      {"NoFingerprintsAsked", Locked().AskFingerprints({}), "FINGERPRINT_SCOPE_EMPTY", false, "fingerprint scope is empty"},
      {"NodeLockedWithoutMachine", Given().AskFingerprint("fp1"), "NO_MACHINE", false, "fingerprint is not activated (has no associated machine)"},
      {"FloatingWithoutMachines", Given().Floating().AskFingerprint("fp1"), "NO_MACHINES", false, "fingerprint is not activated (has no associated machines)"},
      {"FingerprintRequired", Locked().Ask(&Scope::machine, IdText(1)).Policy(&P::require_fingerprint_scope, true), "FINGERPRINT_SCOPE_REQUIRED", false, "fingerprint scope is required"},
      {"AListIsGivenToo", Locked().AskFingerprints({"fp1"}).Policy(&P::require_fingerprint_scope, true), "VALID", true, "is valid"},
      {"ItsFingerprint", Locked().AskFingerprint("fp1"), "VALID", true, "is valid"},
      {"AnotherFingerprint", Locked().AskFingerprint("fp2"), "FINGERPRINT_SCOPE_MISMATCH", false, "fingerprint is not activated (does not match any associated machines)"},
      {"FingerprintsMindTheirCase", Locked().AskFingerprint("FP1"), "FINGERPRINT_SCOPE_MISMATCH", false, "fingerprint is not activated (does not match any associated machines)"},
      {"FingerprintBeatsTheList", Locked().AskFingerprint("fp1").AskFingerprints({}), "VALID", true, "is valid"},
      {"OneOfAListIgnoresTheStrategy", Three(kTwo).AskFingerprints({"fp1"}), "VALID", true, "is valid"},
      {"DuplicatesCountOnce", Three(kTwo).AskFingerprints({"fp1", "fp1"}), "VALID", true, "is valid"},
      {"AnOddOneOfAList", Three(kAll).AskFingerprints({"x"}), "FINGERPRINT_SCOPE_MISMATCH", false, "fingerprint is not activated (does not match any associated machines)"},
      {"Any", Three(kAny).AskFingerprints({"x", "y", "fp1"}), "VALID", true, "is valid"},
      {"NotAny", Three(kAny).AskFingerprints({"x", "fp3"}), "FINGERPRINT_SCOPE_MISMATCH", false, kAnyDetail},
      {"Two", Three(kTwo).AskFingerprints({"x", "fp2", "fp1"}), "VALID", true, "is valid"},
      {"NotTwo", Three(kTwo).AskFingerprints({"fp1", "fp3"}), "FINGERPRINT_SCOPE_MISMATCH", false, kTwoDetail},
      {"HalfIsMost", Three(kMost).AskFingerprints({"x", "y", "fp2", "fp1"}), "VALID", true, "is valid"},
      {"HalfOfThreeIsTwo", Three(kMost).AskFingerprints({"x", "fp3", "fp1"}), "FINGERPRINT_SCOPE_MISMATCH", false, kMostDetail},
      {"All", Three(kAll).AskFingerprints({"fp2", "fp1"}), "VALID", true, "is valid"},
      {"DeadOnesDoNotCountForAll", Three(kAll).AskFingerprints({"fp1", "fp2", "fp3"}), "FINGERPRINT_SCOPE_MISMATCH", false, kAllDetail},
      {"AllDead", Three(kAny).AskFingerprint("fp3"), "HEARTBEAT_DEAD", false, kDead},
      {"AllDeadOfSeveral", Three(kAny).With({.id = 4, .fingerprint = "fp4", .heartbeat_ago = days(2)}).AskFingerprints({"fp4", "fp3"}), "HEARTBEAT_DEAD", false, kDead},
      {"OneDeadOneUnknownIsAMismatch", Three(kAny).AskFingerprints(V{"fp3", "x"}), "FINGERPRINT_SCOPE_MISMATCH", false, kAnyDetail},
      {"OfAnotherOwner", Given().Owner(1).User(2).Machines(1, 1).Machines(1, 2).AskFingerprints({"fp1", "fp2"}).AskUser(IdText(1)), "USER_SCOPE_MISMATCH", false, "user scope does not match (does not match associated machine owners)"},
      {"OwnerlessSuitsEveryUser", Given().Owner(1).Machines(1, 1).Machines(1).AskFingerprints({"fp1", "fp2"}).AskUser(Email(1)), "VALID", true, "is valid"},
      {"ADeadMachinesOwnerIsNotAsked", Given().Owner(1).User(2).Machines(1, 1).With({.id = 2, .fingerprint = "fp2", .owner = 2, .heartbeat_ago = days(1)}).AskFingerprints({"fp1", "fp2"}).AskUser(IdText(1)), "VALID", true, "is valid"},
      {"HeartbeatNotStarted", Beating(std::nullopt).AskFingerprint("fp1"), "HEARTBEAT_NOT_STARTED", false, kRequired},
      {"OneOfThemNotStarted", Beating(Seconds(1)).Floating().With({.id = 2, .fingerprint = "fp2", .created_ago = Seconds(1)}).AskFingerprints({"fp1", "fp2"}), "HEARTBEAT_NOT_STARTED", false, kRequired},
      {"NeverStartedInTimeIsDead", Beating(std::nullopt, Seconds(601)).AskFingerprint("fp1"), "HEARTBEAT_DEAD", false, kDead},
      {"DowntimeKeepsItAlive", Beating(Seconds(700)).Downtime(Seconds(100)).AskFingerprint("fp1"), "VALID", true, "is valid"},
      {"WithoutHeartbeatsSilenceIsFine", Given().With({.created_ago = days(900)}).AskFingerprint("fp1"), "VALID", true, "is valid"},
  };
}

std::vector<Case> LimitCases() {
  return {
      {"UsersOwnerIncluded", Given().Owner(1).User(2).Policy(&P::max_users, 1), "TOO_MANY_USERS", false, kUsers},
      {"UsersAtTheLimit", Given().Owner(1).User(2).Policy(&P::max_users, 2), "VALID", true, "is valid"},
      {"UsersOwnLimit", Given().Owner(1).User(2).Policy(&P::max_users, 1).License(&L::max_users, 2), "VALID", true, "is valid"},
      {"UsersTolerated", Given().Owner(1).User(2).Policy(&P::max_users, 1).Overage(k200), "TOO_MANY_USERS", true, kUsers},
      {"NodeLockedWithoutMachine", Given().Strict(), "NO_MACHINE", false, "must have exactly 1 associated machine"},
      {"NodeLockedTwo", Given().Strict().Machines(2), "TOO_MANY_MACHINES", false, kMachines},
      {"NodeLockedTwoAlways", Given().Strict().Machines(9).Overage(kAlways), "TOO_MANY_MACHINES", true, kMachines},
      {"NodeLockedTwoTwice", Given().Strict().Machines(2).Overage(k200), "TOO_MANY_MACHINES", true, kMachines},
      {"NodeLockedThreeTwice", Given().Strict().Machines(3).Overage(k200), "TOO_MANY_MACHINES", false, kMachines},
      {"NodeLockedFractionsTolerateNothing", Given().Strict().Machines(5).License(&L::max_machines, 4).Overage(k150), "TOO_MANY_MACHINES", false, kMachines},
      {"NodeLockedOwnLimit", Given().Strict().Machines(2).License(&L::max_machines, 2), "VALID", true, "is valid"},
      {"NodeLockedOneAboveZero", Locked().License(&L::max_machines, 0), "VALID", true, "is valid"},
      {"FloatingWithoutMachines", Given().Strict().Floating(), "NO_MACHINES", false, "must have at least 1 associated machine"},
      {"FloatingAtTheLimit", Float(3).Policy(&P::max_machines, 3), "VALID", true, "is valid"},
      {"FloatingOverTheLimit", Float(4).Policy(&P::max_machines, 3), "TOO_MANY_MACHINES", false, kMachines},
      {"FloatingWithoutLimit", Float(40), "VALID", true, "is valid"},
      {"FloatingOneAboveZero", Float(1).Policy(&P::max_machines, 0), "VALID", true, "is valid"},
      {"FloatingAQuarterMore", Float(5).Policy(&P::max_machines, 4).Overage(k125), "TOO_MANY_MACHINES", true, kMachines},
      {"FloatingMoreThanAQuarter", Float(6).Policy(&P::max_machines, 4).Overage(k125), "TOO_MANY_MACHINES", false, kMachines},
      {"FloatingHalfMore", Float(6).Policy(&P::max_machines, 4).Overage(k150), "TOO_MANY_MACHINES", true, kMachines},
      {"FloatingMoreThanHalf", Float(7).Policy(&P::max_machines, 4).Overage(k150), "TOO_MANY_MACHINES", false, kMachines},
      {"FloatingTwice", Float(8).Policy(&P::max_machines, 4).Overage(k200), "TOO_MANY_MACHINES", true, kMachines},
      {"FloatingMoreThanTwice", Float(9).Policy(&P::max_machines, 4).Overage(k200), "TOO_MANY_MACHINES", false, kMachines},
      {"FloatingAlways", Float(90).Policy(&P::max_machines, 4).Overage(kAlways), "TOO_MANY_MACHINES", true, kMachines},
      {"Cores", Given().Strict().With({.cores = 9}).Policy(&P::max_cores, 8), "TOO_MANY_CORES", false, "has too many associated machine cores"},
      {"CoresAreSummed", Given().Strict().Floating().With({.cores = 5}).With({.id = 2, .fingerprint = "fp2", .cores = 4}).Policy(&P::max_cores, 8).Overage(k125), "TOO_MANY_CORES", true, "has too many associated machine cores"},
      {"CoresAtTheLimit", Given().Strict().With({.cores = 8}).Policy(&P::max_cores, 8), "VALID", true, "is valid"},
      {"UnknownCoresAreNone", Locked().Policy(&P::max_cores, 0), "VALID", true, "is valid"},
      {"Memory", Given().Strict().With({.memory = 9}).Policy(&P::max_memory, 8), "TOO_MUCH_MEMORY", false, "has too much associated machine memory"},
      {"MemoryTolerated", Given().Strict().With({.memory = 12}).License(&L::max_memory, 8).Overage(k150), "TOO_MUCH_MEMORY", true, "has too much associated machine memory"},
      {"Disk", Given().Strict().With({.disk = 9}).Policy(&P::max_disk, 8), "TOO_MUCH_DISK", false, "has too much associated machine disk"},
      {"DiskTolerated", Given().Strict().With({.disk = 16}).Policy(&P::max_disk, 8).Overage(k200), "TOO_MUCH_DISK", true, "has too much associated machine disk"},
  };
}

std::vector<Case> Leasing() {
  return {
      {"CountsTheAskedUsersMachines", Shared().AskUser(IdText(1)).Policy(&P::max_machines, 2), "TOO_MANY_MACHINES", false, kMachines},
      {"CountsTheAskedUsersMachinesByEmail", Shared().AskUser(Email(1)).Policy(&P::max_machines, 2), "TOO_MANY_MACHINES", false, kMachines},
      {"CountsNobodyElses", Shared().AskUser(IdText(2)).Policy(&P::max_machines, 1), "VALID", true, "is valid"},
      {"AUserWithoutMachines", Shared().AskUser(IdText(3)).Policy(&P::max_machines, 0), "VALID", true, "is valid"},
      {"WithoutUserCountsOwnerless", Shared().Policy(&P::max_machines, 1), "TOO_MANY_MACHINES", false, kMachines},
      {"WithoutUserCountsOnlyOwnerless", Shared().Policy(&P::max_machines, 2), "VALID", true, "is valid"},
      {"QuickCountsOwnerless", Shared().AskUser(IdText(1)).Quick().Policy(&P::max_machines, 2), "VALID", true, "is valid"},
      {"QuickCountsOwnerlessOver", Shared().AskUser(IdText(3)).Quick().Policy(&P::max_machines, 1), "TOO_MANY_MACHINES", false, kMachines},
      {"ThePreconditionCountsAll", Shared().AskUser(IdText(2)).Policy(&P::max_machines, 0).Overage(kAlways), "TOO_MANY_MACHINES", true, kMachines},
      {"NodeLockedPerUser", Shared().Policy(&P::floating, false).AskUser(IdText(2)), "VALID", true, "is valid"},
      {"NodeLockedPerUserOver", Shared().Policy(&P::floating, false).AskUser(IdText(1)), "TOO_MANY_MACHINES", false, kMachines},
      {"CoresOfTheAskedUser", Given().Strict().Floating().PerUser().Owner(1).With({.owner = 1, .cores = 4}).With({.id = 2, .fingerprint = "fp2", .cores = 9}).AskUser(IdText(1)).Policy(&P::max_cores, 8), "VALID", true, "is valid"},
      {"CoresOfOwnerless", Given().Strict().Floating().PerUser().Owner(1).With({.owner = 1, .cores = 4}).With({.id = 2, .fingerprint = "fp2", .cores = 9}).Policy(&P::max_cores, 8), "TOO_MANY_CORES", false, "has too many associated machine cores"},
      {"MemoryOfTheAskedUser", Given().Strict().Floating().PerUser().Owner(1).With({.owner = 1, .memory = 9}).AskUser(IdText(1)).Policy(&P::max_memory, 8), "TOO_MUCH_MEMORY", false, "has too much associated machine memory"},
      {"DiskOfTheAskedUser", Given().Strict().Floating().PerUser().Owner(1).With({.owner = 1, .disk = 9}).AskUser(IdText(1)).Policy(&P::max_disk, 8), "TOO_MUCH_DISK", false, "has too much associated machine disk"},
  };
}

std::vector<Case> Processes() {
  using enum ProcessLeasingStrategy;
  return {
      {"PerMachineByFingerprint", Running(kPerMachine, 2).AskFingerprint("fp1"), "TOO_MANY_PROCESSES", false, kProcesses},
      {"PerMachineAtTheLimit", Running(kPerMachine, 2).AskFingerprint("fp2"), "VALID", true, "is valid"},
      {"PerMachineTakesTheFirstThatLives", Running(kPerMachine, 3).AskFingerprints({"fp5", "fp4", "fp1"}), "VALID", true, "is valid"},
      {"PerMachineById", Running(kPerMachine, 2).Ask(&Scope::machine, IdText(1)), "TOO_MANY_PROCESSES", false, kProcesses},
      {"PerMachineFingerprintBeatsId", Running(kPerMachine, 2).Ask(&Scope::machine, IdText(1)).AskFingerprint("fp2"), "VALID", true, "is valid"},
      {"PerMachineWithoutScopeIsSkipped", Running(kPerMachine, 1), "VALID", true, "is valid"},
      {"PerMachineQuickIsSkipped", Running(kPerMachine, 1).AskFingerprint("fp1").Quick(), "VALID", true, "is valid"},
      {"PerMachineOwnLimit", Running(kPerMachine, 1).With({.id = 6, .fingerprint = "fp6", .processes = 5, .max_processes = 5}).AskFingerprint("fp6"), "VALID", true, "is valid"},
      {"PerMachineTolerated", Running(kPerMachine, 2).Overage(k150).AskFingerprint("fp1"), "TOO_MANY_PROCESSES", true, kProcesses},
      {"PerLicenseCountsAll", Running(kPerLicense, 18), "TOO_MANY_PROCESSES", false, kProcesses},
      {"PerLicenseAtTheLimit", Running(kPerLicense, 19), "VALID", true, "is valid"},
      {"PerLicenseOwnLimit", Running(kPerLicense, 1).License(&L::max_processes, 19), "VALID", true, "is valid"},
      {"PerUserCountsTheirs", Running(kPerUser, 4).AskUser(IdText(1)), "TOO_MANY_PROCESSES", false, kProcesses},
      {"PerUserAtTheLimit", Running(kPerUser, 5).AskUser(Email(1)), "VALID", true, "is valid"},
      {"PerUserWithoutUserCountsOwnerless", Running(kPerUser, 12), "TOO_MANY_PROCESSES", false, kProcesses},
      {"PerUserWithoutUserAtTheLimit", Running(kPerUser, 13), "VALID", true, "is valid"},
  };
}

// Which finding hides which.
std::vector<Case> Interplays() {
  using enum ExpirationStrategy;
  const auto over = [] { return Float(4).Policy(&P::max_machines, 3); };
  const auto wrong = [](Given given) { return given.Ask(&Scope::product, IdText(9)); };
  return {
      {"BannedBeatsSuspended", Given().Suspended().Banned(), "BANNED", false, "is banned"},
      {"SuspendedBeatsExpired", Given().Suspended().Expired(kRevokeAccess), "SUSPENDED", false, "is suspended"},
      {"RevokeAccessExpiredBeatsOverdue", Given().Overdue().Expired(kRevokeAccess), "EXPIRED", false, "is expired"},
      {"OverdueBeatsOtherExpired", Given().Overdue().Expired(), "OVERDUE", false, "is overdue for check in"},
      {"RevokeAccessExpiredBeatsScopes", wrong(Given().Expired(kRevokeAccess)), "EXPIRED", false, "is expired"},
      {"ScopesBeatRestrictedExpired", wrong(Given().Expired()), "PRODUCT_SCOPE_MISMATCH", false, "product scope does not match"},
      {"ScopesBeatMaintainedExpired", wrong(Given().Expired(kMaintainAccess)), "PRODUCT_SCOPE_MISMATCH", false, "product scope does not match"},
      {"OverdueBeatsScopes", wrong(Given().Overdue()), "OVERDUE", false, "is overdue for check in"},
      {"EnvironmentBeatsProduct", wrong(Given()).Ask(&Scope::environment, "x"), "ENVIRONMENT_SCOPE_MISMATCH", false, "environment scope does not match"},
      {"ProductBeatsPolicy", wrong(Given()).Ask(&Scope::policy, "x"), "PRODUCT_SCOPE_MISMATCH", false, "product scope does not match"},
      {"RequiredProductBeatsPolicy", Given().Policy(&P::require_product_scope, true).Ask(&Scope::policy, "x"), "PRODUCT_SCOPE_REQUIRED", false, "product scope is required"},
      {"PolicyBeatsUser", Given().Ask(&Scope::policy, "x").AskUser("x"), "POLICY_SCOPE_MISMATCH", false, "policy scope does not match"},
      {"UserBeatsEntitlements", Given().AskUser("x").Ask(&Scope::entitlements, std::vector<std::string>{}), "USER_SCOPE_MISMATCH", false, "user scope does not match"},
      {"EntitlementsBeatMachine", Given().Ask(&Scope::entitlements, std::vector<std::string>{"a"}).Ask(&Scope::machine, "x"), "ENTITLEMENTS_MISSING", false, "is missing one or more required entitlements"},
      {"MachineBeatsFingerprint", Locked().Ask(&Scope::machine, "x").AskFingerprint("x"), "MACHINE_SCOPE_MISMATCH", false, "machine is not activated (does not match any associated machines)"},
      {"FingerprintBeatsComponents", Locked().AskFingerprint("x").Ask(&Scope::components, std::vector<std::string>{}), "FINGERPRINT_SCOPE_MISMATCH", false, "fingerprint is not activated (does not match any associated machines)"},
      {"ComponentsBeatChecksum", Locked().Ask(&Scope::components, std::vector<std::string>{}).Ask(&Scope::checksum, "x"), "FINGERPRINT_SCOPE_REQUIRED", false, "fingerprint scope is required when using the components scope"},
      {"ChecksumBeatsVersion", Given().Ask(&Scope::checksum, "x").Ask(&Scope::version, "x"), "CHECKSUM_SCOPE_MISMATCH", false, "checksum scope is not valid (does not match any accessible artifacts)"},
      {"VersionBeatsUsersLimit", Given().Owner(1).User(2).Policy(&P::max_users, 1).Ask(&Scope::version, "x"), "VERSION_SCOPE_MISMATCH", false, "version scope is not valid (does not match any accessible releases)"},
      {"NotStartedBeatsNothingBeforeIt", Beating(std::nullopt).Owner(1).User(2).With({.id = 2, .fingerprint = "fp2", .owner = 2, .created_ago = Seconds(1)}).AskFingerprint("fp2").AskUser(IdText(1)), "USER_SCOPE_MISMATCH", false, "user scope does not match (does not match associated machine owners)"},
      {"UsersLimitBeatsLooseExpired", Given().Owner(1).User(2).Policy(&P::max_users, 1).Expired(), "TOO_MANY_USERS", false, kUsers},
      {"ToleratedUsersHideExpiry", Given().Owner(1).User(2).Policy(&P::max_users, 1).Overage(kAlways).Expired(), "TOO_MANY_USERS", true, kUsers},
      {"ToleratedUsersHideTooManyMachines", over().Owner(1).User(2).Policy(&P::max_users, 1).Overage(k200), "TOO_MANY_USERS", true, kUsers},
      {"TolerantOverageHidesExpiry", over().Overage(k200).Expired(), "TOO_MANY_MACHINES", true, kMachines},
      {"TolerantOverageHidesMaintainedExpiry", over().Overage(k200).Expired(kMaintainAccess), "TOO_MANY_MACHINES", true, kMachines},
      {"TolerantOverageHidesAllowedExpiry", over().Overage(kAlways).Expired(kAllowAccess), "TOO_MANY_MACHINES", true, kMachines},
      {"RevokedExpiryIsNotHidden", over().Overage(kAlways).Expired(kRevokeAccess), "EXPIRED", false, "is expired"},
      {"StrictNoMachineBeatsExpired", Given().Strict().Expired(), "NO_MACHINE", false, "must have exactly 1 associated machine"},
      {"MachinesBeatCores", Given().Strict().Floating().With({.cores = 9}).With({.id = 2, .fingerprint = "fp2"}).Policy(&P::max_machines, 1).Policy(&P::max_cores, 1), "TOO_MANY_MACHINES", false, kMachines},
      {"CoresBeatMemory", Given().Strict().With({.cores = 9, .memory = 9}).Policy(&P::max_cores, 1).Policy(&P::max_memory, 1), "TOO_MANY_CORES", false, "has too many associated machine cores"},
      {"MemoryBeatsDisk", Given().Strict().With({.memory = 9, .disk = 9}).Policy(&P::max_memory, 1).Policy(&P::max_disk, 1), "TOO_MUCH_MEMORY", false, "has too much associated machine memory"},
      {"DiskBeatsProcesses", Running(ProcessLeasingStrategy::kPerLicense, 1).With({.id = 7, .fingerprint = "fp7", .disk = 9}).Policy(&P::max_disk, 1), "TOO_MUCH_DISK", false, "has too much associated machine disk"},
      {"ProcessesBeatExpired", Running(ProcessLeasingStrategy::kPerLicense, 1).Expired(), "TOO_MANY_PROCESSES", false, kProcesses},
      {"LooseExpiredBeatsNothingAfterIt", Given().Machines(9).Expired(), "EXPIRED", false, "is expired"},
  };
}

// Quick validation asks nothing and requires nothing.
std::vector<Case> Quick() {
  const auto required = [] {
    return Locked().Quick()
        .Policy(&P::require_product_scope, true).Policy(&P::require_policy_scope, true)
        .Policy(&P::require_machine_scope, true).Policy(&P::require_fingerprint_scope, true)
        .Policy(&P::require_components_scope, true).Policy(&P::require_user_scope, true)
        .Policy(&P::require_checksum_scope, true).Policy(&P::require_version_scope, true);
  };
  return {
      {"RequiredScopesAreIgnored", required(), "VALID", true, "is valid"},
      {"WrongScopesAreIgnored", required().Ask(&Scope::product, "x").Ask(&Scope::policy, "x").AskUser("x").AskFingerprint("x").Ask(&Scope::machine, "x").Ask(&Scope::version, "x"), "VALID", true, "is valid"},
      {"DeadHeartbeatsAreIgnored", Beating(days(1)).Quick().AskFingerprint("fp1"), "VALID", true, "is valid"},
      {"StrictLimitsApply", Given().Strict().Quick().Machines(2), "TOO_MANY_MACHINES", false, kMachines},
      {"StateApplies", Locked().Quick().Suspended(), "SUSPENDED", false, "is suspended"},
  };
}
// clang-format on

class ValidationTest : public testing::TestWithParam<Case> {};
TEST_P(ValidationTest, Answers) {
  const Case& c = GetParam();
  const Validation verdict = c.given.Verdict();
  EXPECT_EQ(NameOf(verdict.code), c.code);
  EXPECT_EQ(verdict.valid, c.valid);
  EXPECT_EQ(verdict.detail, c.detail);
}
std::string CaseName(const testing::TestParamInfo<Case>& info) { return info.param.name; }
INSTANTIATE_TEST_SUITE_P(OwnState, ValidationTest, testing::ValuesIn(OwnState()), CaseName);
INSTANTIATE_TEST_SUITE_P(Scopes, ValidationTest, testing::ValuesIn(Scopes()), CaseName);
INSTANTIATE_TEST_SUITE_P(MachineScope, ValidationTest, testing::ValuesIn(MachineScope()), CaseName);
INSTANTIATE_TEST_SUITE_P(Fingerprints, ValidationTest, testing::ValuesIn(Fingerprints()), CaseName);
INSTANTIATE_TEST_SUITE_P(Limits, ValidationTest, testing::ValuesIn(LimitCases()), CaseName);
INSTANTIATE_TEST_SUITE_P(Leasing, ValidationTest, testing::ValuesIn(Leasing()), CaseName);
INSTANTIATE_TEST_SUITE_P(Processes, ValidationTest, testing::ValuesIn(Processes()), CaseName);
INSTANTIATE_TEST_SUITE_P(Interplays, ValidationTest, testing::ValuesIn(Interplays()), CaseName);
INSTANTIATE_TEST_SUITE_P(Quick, ValidationTest, testing::ValuesIn(Quick()), CaseName);

std::vector<Case> AllCases() {
  std::vector<Case> all;
  for (const auto& part : {OwnState(), Scopes(), MachineScope(), Fingerprints(), LimitCases(),
                           Leasing(), Processes(), Interplays(), Quick()}) {
    all.insert(all.end(), part.begin(), part.end());
  }
  return all;
}

// The table of licenses.md §9.2, row by row.
struct SpecRow {
  int step;
  std::vector<std::string> codes;
  std::string detail;  // empty: in 9.3
  std::string valid;
};

std::string Trimmed(std::string text) {
  const auto first = text.find_first_not_of(' ');
  if (first == std::string::npos) return "";
  return text.substr(first, text.find_last_not_of(' ') - first + 1);
}

std::vector<SpecRow> SpecTable() {
  std::ifstream file("docs/spec/licenses.md");
  std::vector<SpecRow> rows;
  std::string line;
  bool inside = false;
  int step = 0;
  while (std::getline(file, line)) {
    if (line.starts_with("### ")) inside = line.starts_with("### 9.2");
    if (!inside || !line.starts_with("|") || line.starts_with("|---") || line.starts_with("| #")) {
      continue;
    }
    std::vector<std::string> cells;
    std::istringstream parts(line.substr(1));
    for (std::string cell; std::getline(parts, cell, '|');) cells.push_back(Trimmed(cell));
    if (!cells.at(0).empty()) step = std::stoi(cells.at(0));
    SpecRow row{step, {}, cells.at(3) == "9.3" ? "" : cells.at(3), cells.at(4)};
    std::istringstream codes(cells.at(2));
    for (std::string code; std::getline(codes, code, ',');) {
      code = Trimmed(code);
      if (code == "NO_MACHINE(S)") {
        row.codes.insert(row.codes.end(), {"NO_MACHINE", "NO_MACHINES"});
      } else {
        row.codes.push_back(code);
      }
    }
    rows.push_back(row);
  }
  return rows;
}

TEST(ValidationTableTest, HasTheRowsOfTheSpecificationInTheirOrder) {
  const auto spec = SpecTable();
  const auto rules = ValidationRules();
  ASSERT_EQ(spec.size(), rules.size());
  ASSERT_EQ(spec.back().step, 28);
  for (std::size_t i = 0; i < spec.size(); ++i) {
    std::vector<std::string> codes;
    for (const ValidationCode code : rules[i].codes.list()) codes.emplace_back(NameOf(code));
    EXPECT_EQ(rules[i].step, spec[i].step) << rules[i].name;
    EXPECT_EQ(codes, spec[i].codes) << rules[i].name;
    EXPECT_EQ(rules[i].scoped, spec[i].step >= 6 && spec[i].step <= 15) << rules[i].name;
  }
}

TEST(ValidationTableTest, EveryRowDecidesACaseAndSpeaksTheSpecificationsWords) {
  const auto spec = SpecTable();
  const auto rules = ValidationRules();
  ASSERT_EQ(spec.size(), rules.size());
  std::set<std::string_view> decided;
  for (const Case& c : AllCases()) {
    const ValidationRule* rule = c.given.Decider();
    ASSERT_NE(rule, nullptr) << c.name;
    decided.insert(rule->name);
    const SpecRow& row = spec[static_cast<std::size_t>(rule - rules.data())];
    if (!row.detail.empty()) {
      EXPECT_EQ(c.detail, row.detail) << c.name;
    }
    if (row.valid == "true") {
      EXPECT_TRUE(c.valid) << c.name;
    }
    if (row.valid == "false") {
      EXPECT_FALSE(c.valid) << c.name;
    }
    EXPECT_NE(std::ranges::find(row.codes, c.code), row.codes.end()) << c.name;
  }
  for (const ValidationRule& rule : rules) EXPECT_TRUE(decided.contains(rule.name)) << rule.name;
}

TEST(ValidationTableTest, EveryCodeIsAnsweredByACaseAndEveryCodeOfARowIsReached) {
  std::set<std::string> codes;
  std::map<std::string_view, std::set<std::string>> by_row;
  for (const Case& c : AllCases()) {
    codes.insert(c.code);
    by_row[c.given.Decider()->name].insert(c.code);
  }
  EXPECT_EQ(codes.size(), 38u);
  for (const ValidationRule& rule : ValidationRules()) {
    for (const ValidationCode code : rule.codes.list()) {
      EXPECT_TRUE(by_row[rule.name].contains(std::string(NameOf(code))))
          << rule.name << " never answers " << NameOf(code);
    }
  }
}

TEST(VerdictTest, QuickValidationNeverReachesARowOfTheScopes) {
  for (Case c : AllCases()) {
    c.given.Quick();
    EXPECT_FALSE(c.given.Decider()->scoped) << c.name;
  }
}

TEST(VerdictTest, AnUnknownCodeOrMemberOfTheTableIsNeverValid) {
  EXPECT_FALSE(Validation{}.valid);
  EXPECT_EQ(kNamesOf<ValidationCode>.size(), 38u);
}

TEST(VerdictTest, ProductIdsAreComparedAsText) {
  const std::string id = "0a1b2c3d-4e5f-6a7b-8c9d-aebfc0d1e2f3";
  Given given;
  given.snapshot.license.product_id = Uuid::Parse(id).value();
  const auto code = [&](std::string text) {
    return NameOf(given.Ask(&Scope::product, std::move(text)).Verdict().code);
  };
  EXPECT_EQ(code(id), "VALID");
  for (std::size_t i = 0; i < id.size(); ++i) {
    std::string other = id;
    other[i] = other[i] == '0' ? '1' : '0';
    EXPECT_EQ(code(other), "PRODUCT_SCOPE_MISMATCH") << other;
  }
  EXPECT_EQ(code("0A1B2C3D-4e5f-6a7b-8c9d-aebfc0d1e2f3"), "PRODUCT_SCOPE_MISMATCH");
  EXPECT_EQ(code("0a1b2c3d4e5f6a7b8c9daebfc0d1e2f3"), "PRODUCT_SCOPE_MISMATCH");
  EXPECT_EQ(code(id + "0"), "PRODUCT_SCOPE_MISMATCH");
  EXPECT_EQ(code(""), "PRODUCT_SCOPE_MISMATCH");
}

TEST(VerdictTest, RepeatedEntitlementsAndComponentsCountOnce) {
  const std::vector<std::string> asked = {"a", "b"};
  EXPECT_EQ(NameOf(Given().Entitled({"a", "a"}).Ask(&Scope::entitlements, asked).Verdict().code),
            "ENTITLEMENTS_MISSING");
  EXPECT_EQ(NameOf(Given()
                       .With({.components = {"a", "a"}})
                       .Policy(&P::component_matching_strategy, MatchingStrategy::kTwo)
                       .AskFingerprint("fp1")
                       .Ask(&Scope::components, asked)
                       .Verdict()
                       .code),
            "COMPONENTS_SCOPE_MISMATCH");
}

TEST(VerdictTest, ALeaseThatListsOneMachineIsJudgedByTheLicensesTotals) {
  Given lease = Float(1).Policy(&P::max_machines, 3).AskFingerprint("fp1");
  lease.License(&L::machines_count, 4);
  EXPECT_EQ(NameOf(lease.Verdict().code), "TOO_MANY_MACHINES");
  lease.License(&L::machines_count, 3).License(&L::machines_cores, 9).Policy(&P::max_cores, 8);
  EXPECT_EQ(NameOf(lease.Verdict().code), "TOO_MANY_CORES");
}

TEST(VerdictTest, AListedMachineCountsEvenWhereTheTotalsDoNotKnowIt) {
  Given given = Float(0).With({.cores = 9}).AskFingerprint("fp1").Policy(&P::max_cores, 8);
  given.License(&L::machines_count, 0).License(&L::machines_cores, 0);
  EXPECT_EQ(NameOf(given.Verdict().code), "TOO_MANY_CORES");
}

TEST(VerdictTest, SumsOfBytesNeverWrapAround) {
  constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
  Given given = Given().Strict().Floating().PerUser();
  for (std::uint8_t i = 1; i <= 3; ++i) {
    given.With({.id = i, .fingerprint = "fp" + std::to_string(i)});
    given.snapshot.machines.back().memory = kMost;
  }
  given.Policy(&P::max_memory, kMost - 1);
  EXPECT_EQ(NameOf(given.Verdict().code), "TOO_MUCH_MEMORY");
}

TEST(VerdictTest, EachMachineIsForgivenTheDowntimeSinceItsOwnHeartbeat) {
  // The server was away from 1000 s to 400 s ago. fp1 was last heard before that, fp2 after it.
  Given given = Given()
                    .Strict()
                    .Floating()
                    .Heartbeat(300)
                    .With({.id = 1, .fingerprint = "fp1", .heartbeat_ago = Seconds(850 + 600)})
                    .With({.id = 2, .fingerprint = "fp2", .heartbeat_ago = Seconds(390)})
                    .With({.id = 3, .fingerprint = "fp3", .heartbeat_ago = Seconds(1000 - 1)})
                    .With({.id = 4, .fingerprint = "fp4", .heartbeat_ago = Seconds(290)})
                    .With({.id = 5, .fingerprint = "fp5", .heartbeat_ago = Seconds(1001)});
  given.Policy(&P::heartbeat_duration, 450);
  const ServingLog serving = ServingLog::FromIntervals(
      {{kNow - Seconds(9000), kNow - Seconds(1000)}, {kNow - Seconds(400), kNow}});
  const auto code = [&](std::string fingerprint) {
    return NameOf(given.AskFingerprint(std::move(fingerprint)).Verdict().code);
  };
  EXPECT_EQ(code("fp3"), "HEARTBEAT_DEAD");
  given.options.serving = &serving;
  EXPECT_EQ(code("fp1"), "HEARTBEAT_DEAD");
  EXPECT_EQ(code("fp2"), "VALID");
  EXPECT_EQ(code("fp3"), "VALID");
  EXPECT_EQ(code("fp4"), "VALID");
  EXPECT_EQ(code("fp5"), "VALID");
  given.Policy(&P::heartbeat_duration, 300);
  EXPECT_EQ(code("fp2"), "HEARTBEAT_DEAD");
  EXPECT_EQ(code("fp5"), "HEARTBEAT_DEAD");
}

TEST(VerdictTest, APlainQuestionAllocatesNothing) {
  const Given given = Float(20)
                          .Owner(1)
                          .Policy(&P::max_machines, 30)
                          .Policy(&P::max_cores, 30)
                          .Ask(&Scope::product, IdText(kProduct))
                          .AskFingerprint("fp20");
  const std::size_t before = allocations;
  const Validation verdict = Validate(&given.snapshot, given.scope, given.options);
  EXPECT_EQ(allocations - before, 0u);
  EXPECT_EQ(NameOf(verdict.code), "VALID");
  const std::size_t again = allocations;
  EXPECT_NE(std::make_unique<int>(1), nullptr);
  EXPECT_EQ(allocations - again, 1u) << "the counter does not count";
}

// A request body may hold very many entries; matching sorts instead of comparing all with all.
TEST(VerdictTest, LongListsOfScopesAreMatched) {
  std::vector<std::string> many;
  for (int i = 0; i < 100000; ++i) many.push_back("x" + std::to_string(i % 50000));
  many.push_back("fp1");
  EXPECT_EQ(NameOf(Float(1).AskFingerprints(many).Verdict().code), "VALID");
  EXPECT_EQ(NameOf(Given().Entitled({"x1"}).Ask(&Scope::entitlements, many).Verdict().code),
            "ENTITLEMENTS_MISSING");
}

}  // namespace
}  // namespace latchkey::core
