// Random licenses against a second reading of licenses.md §9, written for plainness: it counts by
// hand, with sets and fractions, and shares nothing with the rules but the structs.
#include <gtest/gtest.h>

#include <map>
#include <random>
#include <set>

#include "core/validation_fixture.h"

namespace latchkey::core {
namespace {

class Oracle {
 public:
  explicit Oracle(const Given& given)
      : s_(given.snapshot), scope_(given.scope), options_(given.options) {}

  // "CODE true" or "CODE false".
  std::string Answer() const {
    const Policy& p = s_.policy;
    if (s_.owner && s_.owner->banned) return "BANNED false";
    if (s_.license.suspended) return "SUSPENDED false";
    const bool expired = s_.license.expiry && *s_.license.expiry < options_.now;
    const std::string strategy(NameOf(p.expiration_strategy));
    if (strategy == "REVOKE_ACCESS" && expired) return "EXPIRED false";
    if (options_.check_scopes) {
      if (const std::string code = Scopes(); !code.empty()) return code + " false";
    }
    const std::string expired_answer = strategy == "MAINTAIN_ACCESS" || strategy == "ALLOW_ACCESS"
                                           ? "EXPIRED true"
                                           : "EXPIRED false";
    if (const auto max = First(s_.license.max_users, p.max_users)) {
      std::int64_t users = static_cast<std::int64_t>(s_.users.size());
      if (s_.owner) users += 1;
      if (users > *max) return "TOO_MANY_USERS " + Tolerated(users, *max);
    }
    if (!p.strict) return expired ? expired_answer : "VALID true";

    if (s_.machines.empty()) return p.floating ? "NO_MACHINES false" : "NO_MACHINE false";
    const std::vector<const Machine*> counted = Counted();
    if (s_.machines.size() > 1) {
      auto max = First(s_.license.max_machines, p.max_machines);
      if (!p.floating && !max) max = 1;
      const auto count = static_cast<std::int64_t>(counted.size());
      if (max && count > *max) {
        const std::string overage(NameOf(p.overage_strategy));
        const bool fraction = overage == "ALLOW_1_25X_OVERAGE" || overage == "ALLOW_1_5X_OVERAGE";
        if (!p.floating && fraction) return "TOO_MANY_MACHINES false";
        return "TOO_MANY_MACHINES " + Tolerated(count, *max);
      }
    }
    std::int64_t cores = 0, memory = 0, disk = 0;
    for (const Machine* m : counted) {
      cores += m->cores.value_or(0);
      memory += m->memory.value_or(0);
      disk += m->disk.value_or(0);
    }
    const auto max_cores = First(s_.license.max_cores, p.max_cores);
    if (max_cores && cores > *max_cores) return "TOO_MANY_CORES " + Tolerated(cores, *max_cores);
    const auto max_memory = First(s_.license.max_memory, p.max_memory);
    if (max_memory && memory > *max_memory) {
      return "TOO_MUCH_MEMORY " + Tolerated(memory, *max_memory);
    }
    const auto max_disk = First(s_.license.max_disk, p.max_disk);
    if (max_disk && disk > *max_disk) return "TOO_MUCH_DISK " + Tolerated(disk, *max_disk);
    if (const auto max = First(s_.license.max_processes, p.max_processes)) {
      if (const auto n = Processes(); n && *n > *max) {
        return "TOO_MANY_PROCESSES " + Tolerated(*n, *max);
      }
    }
    return expired ? expired_answer : "VALID true";
  }

 private:
  using Number = std::optional<std::int64_t>;
  static Number First(Number a, Number b) { return a.has_value() ? a : b; }

  std::string Tolerated(std::int64_t n, std::int64_t max) const {
    static const std::map<std::string_view, double> factors = {{"ALWAYS_ALLOW_OVERAGE", 1e9},
                                                               {"ALLOW_1_25X_OVERAGE", 1.25},
                                                               {"ALLOW_1_5X_OVERAGE", 1.5},
                                                               {"ALLOW_2X_OVERAGE", 2},
                                                               {"NO_OVERAGE", 1}};
    const double factor = factors.at(NameOf(s_.policy.overage_strategy));
    if (factor > 1e8) return "true";
    return static_cast<double>(n) <= static_cast<double>(max) * factor ? "true" : "false";
  }

  std::vector<LicenseUser> People() const {
    std::vector<LicenseUser> people = s_.users;
    if (s_.owner) people.push_back(*s_.owner);
    return people;
  }
  bool SameUser(Uuid id, const std::string& text) const {
    for (const LicenseUser& user : People()) {
      if (user.id == id && (user.id.ToString() == text || user.email == text)) return true;
    }
    return id.ToString() == text;
  }
  std::string Beat(const Machine& m) const {
    const auto period = Seconds(s_.policy.heartbeat_duration.value_or(600)) + options_.downtime;
    if (m.last_heartbeat) return options_.now - *m.last_heartbeat <= period ? "ALIVE" : "DEAD";
    if (!s_.policy.require_heartbeat) return "NOT_STARTED";
    return options_.now - m.created <= period ? "NOT_STARTED" : "DEAD";
  }
  std::set<std::string> AskedFingerprints() const {
    if (scope_.fingerprint) return {*scope_.fingerprint};
    return {scope_.fingerprints->begin(), scope_.fingerprints->end()};
  }
  bool Foreign(const Machine& m) const {
    return scope_.user && *scope_.user && m.owner_id && !SameUser(*m.owner_id, **scope_.user);
  }

  std::string Scopes() const {
    const Policy& p = s_.policy;
    if (scope_.product) {
      if (*scope_.product != s_.license.product_id.ToString()) return "PRODUCT_SCOPE_MISMATCH";
    } else if (p.require_product_scope) {
      return "PRODUCT_SCOPE_REQUIRED";
    }
    if (scope_.user) {
      bool found = false;
      if (!*scope_.user) {
        found = !s_.owner;
      } else {
        for (const auto& u : People()) {
          found = found || u.id.ToString() == **scope_.user || u.email == **scope_.user;
        }
      }
      if (!found) return "USER_SCOPE_MISMATCH";
    } else if (p.require_user_scope) {
      return "USER_SCOPE_REQUIRED";
    }
    if (scope_.entitlements) {
      if (scope_.entitlements->empty()) return "ENTITLEMENTS_SCOPE_EMPTY";
      const std::set<std::string> held(s_.entitlements.begin(), s_.entitlements.end());
      for (const auto& code : *scope_.entitlements) {
        if (!held.contains(code)) return "ENTITLEMENTS_MISSING";
      }
    }
    const std::string none = p.floating ? "NO_MACHINES" : "NO_MACHINE";
    if (scope_.machine) {
      if (s_.machines.empty()) return none;
      const Machine* machine = nullptr;
      for (const Machine& m : s_.machines) {
        if (m.id.ToString() == *scope_.machine) machine = &m;
      }
      if (machine == nullptr) return "MACHINE_SCOPE_MISMATCH";
      if (Foreign(*machine)) return "USER_SCOPE_MISMATCH";
      if (p.require_heartbeat && Beat(*machine) == "NOT_STARTED") return "HEARTBEAT_NOT_STARTED";
      if (Beat(*machine) == "DEAD") return "HEARTBEAT_DEAD";
    } else if (p.require_machine_scope) {
      return "MACHINE_SCOPE_REQUIRED";
    }
    if (scope_.fingerprint || scope_.fingerprints) {
      const auto asked = AskedFingerprints();
      if (asked.empty()) return "FINGERPRINT_SCOPE_EMPTY";
      if (s_.machines.empty()) return none;
      std::size_t dead = 0;
      std::vector<const Machine*> alive;
      for (const auto& fingerprint : asked) {
        for (const Machine& m : s_.machines) {
          if (m.fingerprint != fingerprint) continue;
          if (Beat(m) == "DEAD")
            ++dead;
          else
            alive.push_back(&m);
        }
      }
      if (dead == asked.size()) return "HEARTBEAT_DEAD";
      const double n = static_cast<double>(asked.size());
      static const std::map<std::string_view, int> kinds = {
          {"MATCH_ANY", 0}, {"MATCH_TWO", 1}, {"MATCH_MOST", 2}, {"MATCH_ALL", 3}};
      const int kind = asked.size() == 1 ? 0 : kinds.at(NameOf(p.machine_matching_strategy));
      const double needed[] = {1, 2, n / 2, n};
      if (static_cast<double>(alive.size()) < needed[kind]) return "FINGERPRINT_SCOPE_MISMATCH";
      for (const Machine* m : alive) {
        if (Foreign(*m)) return "USER_SCOPE_MISMATCH";
      }
      for (const Machine* m : alive) {
        if (p.require_heartbeat && Beat(*m) == "NOT_STARTED") return "HEARTBEAT_NOT_STARTED";
      }
    } else if (p.require_fingerprint_scope) {
      return "FINGERPRINT_SCOPE_REQUIRED";
    }
    if (scope_.components) {
      if (!scope_.fingerprint) return "FINGERPRINT_SCOPE_REQUIRED";
      const std::set<std::string> asked(scope_.components->begin(), scope_.components->end());
      if (asked.empty()) return "COMPONENTS_SCOPE_EMPTY";
      std::size_t c = 0;
      for (const Machine& m : s_.machines) {
        if (m.fingerprint != *scope_.fingerprint || !s_.machine_components.contains(m.id)) continue;
        for (const auto& component : s_.machine_components.at(m.id)) c += asked.count(component);
      }
      const std::string_view kind = NameOf(p.component_matching_strategy);
      const bool enough = kind == "MATCH_ANY"    ? c >= 1
                          : kind == "MATCH_TWO"  ? c >= 2
                          : kind == "MATCH_MOST" ? 2 * c >= asked.size()
                                                 : c >= asked.size();
      if (!enough) return "COMPONENTS_SCOPE_MISMATCH";
    }
    return "";
  }

  // The id of the user whose machines count; empty: machines of nobody.
  std::string Lessee() const {
    if (!options_.check_scopes || !scope_.user || !*scope_.user) return "";
    for (const auto& user : People()) {
      if (user.id.ToString() == **scope_.user || user.email == **scope_.user) {
        return user.id.ToString();
      }
    }
    return "";
  }
  bool OfLessee(const Machine& m) const {
    return (m.owner_id ? m.owner_id->ToString() : "") == Lessee();
  }
  std::vector<const Machine*> Counted() const {
    std::vector<const Machine*> counted;
    for (const Machine& m : s_.machines) {
      if (NameOf(s_.policy.machine_leasing_strategy) == "PER_LICENSE" || OfLessee(m)) {
        counted.push_back(&m);
      }
    }
    return counted;
  }
  std::int64_t Of(const Machine& m) const {
    return s_.machine_processes.contains(m.id) ? s_.machine_processes.at(m.id) : 0;
  }
  Number Processes() const {
    const std::string_view leasing = NameOf(s_.policy.process_leasing_strategy);
    std::int64_t all = 0, theirs = 0;
    for (const Machine& m : s_.machines) {
      all += Of(m);
      if (OfLessee(m)) theirs += Of(m);
    }
    if (leasing == "PER_LICENSE") return all;
    if (leasing == "PER_USER") return theirs;
    if (!options_.check_scopes) return std::nullopt;
    if (scope_.fingerprint || scope_.fingerprints) {
      const auto asked = AskedFingerprints();
      for (const Machine& m : s_.machines) {
        if (asked.contains(m.fingerprint) && Beat(m) != "DEAD") return Of(m);
      }
      return std::nullopt;
    }
    if (!scope_.machine) return std::nullopt;
    for (const Machine& m : s_.machines) {
      if (m.id.ToString() == *scope_.machine) return Of(m);
    }
    return std::nullopt;
  }

  const Snapshot& s_;
  const Scope& scope_;
  const ValidationOptions& options_;
};

class Dice {
 public:
  explicit Dice(unsigned seed) : random_(seed) {}
  int Below(int limit) { return static_cast<int>(random_() % static_cast<unsigned>(limit)); }
  bool OneIn(int n) { return Below(n) == 0; }
  template <class E>
  E Any() {
    return static_cast<E>(Below(static_cast<int>(kNamesOf<E>.size())));
  }
  std::optional<std::int64_t> Limit(int one_in, int below) {
    if (!OneIn(one_in)) return std::nullopt;
    return Below(below);
  }
  std::vector<std::string> Some(const std::string& prefix, int kinds) {
    std::vector<std::string> some;
    for (int n = Below(5); n > 0; --n) some.push_back(prefix + std::to_string(Below(kinds)));
    return some;
  }

 private:
  std::mt19937 random_;
};

Given Random(Dice& dice) {
  Given g;
  Policy& p = g.snapshot.policy;
  License& l = g.snapshot.license;
  p.strict = !dice.OneIn(4);
  p.floating = !dice.OneIn(4);
  p.overage_strategy = dice.Any<OverageStrategy>();
  p.machine_leasing_strategy = dice.Any<MachineLeasingStrategy>();
  p.process_leasing_strategy = dice.Any<ProcessLeasingStrategy>();
  p.machine_matching_strategy = dice.Any<MatchingStrategy>();
  p.component_matching_strategy = dice.Any<MatchingStrategy>();
  p.expiration_strategy = dice.Any<ExpirationStrategy>();
  p.require_heartbeat = dice.OneIn(3);
  if (dice.OneIn(2)) p.heartbeat_duration = 60 + dice.Below(3) * 60;
  p.require_product_scope = dice.OneIn(12);
  p.require_user_scope = dice.OneIn(12);
  p.require_machine_scope = dice.OneIn(12);
  p.require_fingerprint_scope = dice.OneIn(12);
  p.max_machines = dice.Limit(2, 6);
  l.max_machines = dice.Limit(5, 6);
  p.max_cores = dice.Limit(3, 14);
  l.max_cores = dice.Limit(6, 14);
  p.max_memory = dice.Limit(4, 14);
  p.max_disk = dice.Limit(4, 14);
  p.max_processes = dice.Limit(2, 8);
  p.max_users = dice.Limit(6, 4);
  if (dice.OneIn(3)) l.expiry = kNow + Seconds(dice.Below(3) - 1);
  l.suspended = dice.OneIn(20);
  if (dice.OneIn(2)) g.Owner(1, dice.OneIn(20));
  for (std::uint8_t user = 2; user <= 3; ++user) {
    if (dice.OneIn(2)) g.User(user, dice.OneIn(4));
  }
  for (int i = 0; i < 4; ++i) {
    if (dice.OneIn(2)) g.snapshot.entitlements.push_back("e" + std::to_string(i));
  }
  const int machines = dice.Below(6);
  for (int i = 0; i < machines; ++i) {
    MachineSpec m{.id = static_cast<std::uint8_t>(i), .fingerprint = "f" + std::to_string(i)};
    if (dice.OneIn(2)) m.owner = static_cast<std::uint8_t>(1 + dice.Below(4));
    m.cores = dice.Limit(2, 6);
    m.memory = dice.Limit(2, 6);
    m.disk = dice.Limit(2, 6);
    m.created_ago = Seconds(60 * dice.Below(12));
    if (dice.OneIn(2)) m.heartbeat_ago = Seconds(60 * dice.Below(12));
    m.processes = dice.Below(4);
    m.components = {"c0", "c1"};
    g.With(m);
  }
  if (dice.OneIn(5)) g.Downtime(Seconds(dice.Below(600)));
  if (dice.OneIn(8)) g.Quick();

  if (dice.OneIn(3)) g.Ask(&Scope::product, IdText(dice.OneIn(9) ? 1 : kProduct));
  if (dice.OneIn(3)) {
    const auto user = static_cast<std::uint8_t>(1 + dice.Below(4));
    if (dice.OneIn(5))
      g.AskUser(std::nullopt);
    else
      g.AskUser(dice.OneIn(2) ? IdText(user) : Email(user));
  }
  if (dice.OneIn(8)) g.Ask(&Scope::entitlements, dice.Some("e", 4));
  if (dice.OneIn(6)) g.Ask(&Scope::machine, IdText(static_cast<std::uint8_t>(dice.Below(6))));
  if (dice.OneIn(3)) g.AskFingerprint("f" + std::to_string(dice.Below(6)));
  if (dice.OneIn(3)) g.AskFingerprints(dice.Some("f", 6));
  if (dice.OneIn(8)) g.Ask(&Scope::components, dice.Some("c", 4));
  return g;
}

TEST(ValidationProperties, AgreeWithASecondReadingOfTheSpecification) {
  Dice dice(20260303);
  std::map<std::string, int> seen;
  for (int round = 0; round < 40000; ++round) {
    const Given given = Random(dice);
    const Validation verdict = given.Verdict();
    const std::string expected = Oracle(given).Answer();
    ASSERT_EQ(std::string(NameOf(verdict.code)) + (verdict.valid ? " true" : " false"), expected)
        << "round " << round;
    ++seen[expected];
  }
  // The dice reach what they are for.
  for (const char* answer : {"VALID true",
                             "EXPIRED true",
                             "EXPIRED false",
                             "TOO_MANY_MACHINES true",
                             "TOO_MANY_MACHINES false",
                             "TOO_MANY_CORES true",
                             "TOO_MANY_CORES false",
                             "TOO_MUCH_MEMORY true",
                             "TOO_MUCH_DISK false",
                             "TOO_MANY_PROCESSES true",
                             "TOO_MANY_PROCESSES false",
                             "TOO_MANY_USERS true",
                             "TOO_MANY_USERS false",
                             "FINGERPRINT_SCOPE_MISMATCH false",
                             "HEARTBEAT_DEAD false",
                             "HEARTBEAT_NOT_STARTED false",
                             "USER_SCOPE_MISMATCH false",
                             "MACHINE_SCOPE_MISMATCH false",
                             "NO_MACHINE false",
                             "NO_MACHINES false",
                             "COMPONENTS_SCOPE_MISMATCH false",
                             "ENTITLEMENTS_MISSING false"}) {
    EXPECT_GT(seen[answer], 10) << answer;
  }
}

TEST(ValidationProperties, AVerdictIsOneOfTheCodesOfItsRow) {
  Dice dice(7);
  for (int round = 0; round < 5000; ++round) {
    const Given given = Random(dice);
    const ValidationRule* rule = given.Decider();
    ASSERT_NE(rule, nullptr);
    const Validation verdict = given.Verdict();
    const auto codes = rule->codes.list();
    EXPECT_NE(std::ranges::find(codes, verdict.code), codes.end()) << rule->name;
    EXPECT_FALSE(verdict.detail.empty());
  }
}

TEST(ValidationProperties, MoreDowntimeNeverKillsAMachine) {
  Dice dice(11);
  for (int round = 0; round < 5000; ++round) {
    Given given = Random(dice);
    for (const Machine& machine : given.snapshot.machines) {
      const auto dead = [&](Duration downtime) {
        return HeartbeatOf(machine, given.snapshot.policy, kNow, downtime) ==
               HeartbeatStatus::kDead;
      };
      const Duration some = Seconds(dice.Below(600));
      EXPECT_TRUE(!dead(some + Seconds(dice.Below(600))) || dead(some));
    }
  }
}

}  // namespace
}  // namespace latchkey::core
