#pragma once

#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "core/validation_rules.h"

// Builders for tests of verdicts: a license, what is asked about it, and when.
namespace latchkey::core {

inline const TimePoint kNow = base::ParseTime("2026-03-03T12:00:00Z").value();

inline Uuid Id(std::uint8_t number) {
  std::array<std::uint8_t, 16> bytes{};
  bytes[15] = number;
  return Uuid::FromBytes(bytes);
}
inline std::string IdText(std::uint8_t number) { return Id(number).ToString(); }
inline std::string Email(std::uint8_t number) {
  return "u" + std::to_string(number) + "@example.com";
}

constexpr std::uint8_t kProduct = 101, kPolicy = 102, kLicense = 103, kEnvironment = 104;

struct MachineSpec {
  std::uint8_t id = 1;
  std::string fingerprint = "fp1";
  std::optional<std::uint8_t> owner{};
  std::optional<std::int64_t> cores{}, memory{}, disk{};
  Duration created_ago = Seconds(3600);
  std::optional<Duration> heartbeat_ago{};
  std::int64_t processes = 0;
  std::optional<std::int64_t> max_processes{};
  std::vector<std::string> components{};
};

// Starts as: not strict, node-locked, perpetual, nobody's, without machines; nothing asked.
class Given {
 public:
  Given() {
    snapshot.license.id = Id(kLicense);
    snapshot.license.product_id = snapshot.policy.product_id = Id(kProduct);
    snapshot.license.policy_id = snapshot.policy.id = Id(kPolicy);
    snapshot.license.created = kNow - std::chrono::days(10);
    options.now = kNow;
  }

  Given& Missing() { return missing = true, *this; }
  template <class T, class V>
  Given& Policy(T core::Policy::*member, V value) {
    return snapshot.policy.*member = value, *this;
  }
  template <class T, class V>
  Given& License(T core::License::*member, V value) {
    return snapshot.license.*member = value, *this;
  }
  template <class T, class V>
  Given& Ask(T Scope::*member, V value) {
    return scope.*member = value, *this;
  }
  Given& Strict() { return Policy(&core::Policy::strict, true); }
  Given& Floating() { return Policy(&core::Policy::floating, true); }
  Given& Overage(OverageStrategy strategy) {
    return Policy(&core::Policy::overage_strategy, strategy);
  }
  Given& PerUser() {
    return Policy(&core::Policy::machine_leasing_strategy, MachineLeasingStrategy::kPerUser);
  }
  Given& Matching(MatchingStrategy strategy) {
    return Policy(&core::Policy::machine_matching_strategy, strategy);
  }
  Given& Heartbeat(std::int64_t seconds = 600) {
    return Policy(&core::Policy::require_heartbeat, true)
        .Policy(&core::Policy::heartbeat_duration, seconds);
  }
  Given& Expired(ExpirationStrategy strategy = ExpirationStrategy::kRestrictAccess) {
    return License(&core::License::expiry, kNow - Duration(1))
        .Policy(&core::Policy::expiration_strategy, strategy);
  }
  Given& Suspended() { return License(&core::License::suspended, true); }
  Given& Overdue() {
    return Policy(&core::Policy::require_check_in, true)
        .Policy(&core::Policy::check_in_interval, "day")
        .Policy(&core::Policy::check_in_interval_count, 1)
        .License(&core::License::last_check_in, kNow - std::chrono::days(1) - Duration(1));
  }
  Given& Owner(std::uint8_t user, bool banned = false) {
    snapshot.license.owner_id = Id(user);
    snapshot.owner = LicenseUser{Id(user), Email(user), banned};
    return *this;
  }
  Given& Banned() { return Owner(1, true); }
  Given& User(std::uint8_t user, bool banned = false) {
    snapshot.users.push_back({Id(user), Email(user), banned});
    return *this;
  }
  Given& Entitled(std::vector<std::string> codes) {
    return snapshot.entitlements = std::move(codes), *this;
  }
  Given& Environment(std::string code) {
    snapshot.license.environment_id = Id(kEnvironment);
    snapshot.environment_code = std::move(code);
    return *this;
  }

  // Adds a machine and brings the running totals along.
  Given& With(const MachineSpec& spec) {
    Machine machine;
    machine.id = Id(spec.id);
    machine.license_id = Id(kLicense);
    machine.fingerprint = spec.fingerprint;
    if (spec.owner) machine.owner_id = Id(*spec.owner);
    machine.cores = spec.cores;
    machine.memory = spec.memory;
    machine.disk = spec.disk;
    machine.created = kNow - spec.created_ago;
    if (spec.heartbeat_ago) machine.last_heartbeat = kNow - *spec.heartbeat_ago;
    machine.max_processes = spec.max_processes;
    if (spec.processes > 0) snapshot.machine_processes[machine.id] = spec.processes;
    snapshot.processes += spec.processes;
    if (!spec.components.empty()) snapshot.machine_components[machine.id] = spec.components;
    snapshot.machines.push_back(std::move(machine));
    auto& license = snapshot.license;
    ++license.machines_count;
    license.machines_cores += spec.cores.value_or(0);
    license.machines_memory += spec.memory.value_or(0);
    license.machines_disk += spec.disk.value_or(0);
    return *this;
  }
  // Machines 1 to `count`, fingerprints fp1…, all of `owner`.
  Given& Machines(std::uint8_t count, std::optional<std::uint8_t> owner = std::nullopt) {
    for (std::uint8_t i = 0; i < count; ++i) {
      const auto id = static_cast<std::uint8_t>(snapshot.machines.size() + 1);
      With({.id = id, .fingerprint = "fp" + std::to_string(id), .owner = owner});
    }
    return *this;
  }

  Given& AskUser(std::optional<std::string> user) { return Ask(&Scope::user, user); }
  Given& AskFingerprint(std::string fingerprint) {
    return Ask(&Scope::fingerprint, std::move(fingerprint));
  }
  Given& AskFingerprints(std::vector<std::string> list) {
    return Ask(&Scope::fingerprints, std::move(list));
  }
  Given& Quick() { return options.check_scopes = false, *this; }
  Given& Downtime(Duration downtime) { return options.downtime = downtime, *this; }

  const Snapshot* target() const { return missing ? nullptr : &snapshot; }
  Validation Verdict() const { return Validate(target(), scope, options); }
  // The row that answers; null if none does.
  const ValidationRule* Decider() const {
    const Question question(target(), scope, options);
    for (const ValidationRule& rule : ValidationRules()) {
      if (rule.scoped && !options.check_scopes) continue;
      if (rule.check(question)) return &rule;
    }
    return nullptr;
  }

  Snapshot snapshot;
  Scope scope;
  ValidationOptions options;
  bool missing = false;
};

}  // namespace latchkey::core
