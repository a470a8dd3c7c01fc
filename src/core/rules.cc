#include "core/rules.h"

#include <algorithm>
#include <array>
#include <limits>

#include "base/bytes.h"
#include "core/permission.h"
#include "core/url.h"

namespace latchkey::core {
namespace {

using enum Violation::Kind;
using Integer = std::optional<std::int64_t>;

constexpr std::int64_t kMaxInt = std::numeric_limits<std::int32_t>::max();
constexpr std::int64_t kMaxInt64 = std::numeric_limits<std::int64_t>::max();

// Collects violations; of several for one (code, pointer) the first stays (licenses.md §0).
class Findings {
 public:
  void Add(std::string_view path, std::string_view rule, std::string detail) {
    const auto same = [&](const Violation& v) { return v.path == path && v.rule == rule; };
    if (std::ranges::any_of(list_, same)) return;
    list_.push_back({kAttribute, std::string(path), std::string(rule), std::move(detail)});
  }
  void Append(std::optional<Violation> violation) {
    if (violation) Add(violation->path, violation->rule, std::move(violation->detail));
  }
  void Append(Violations violations) {
    for (auto& violation : violations) Append(std::move(violation));
  }

  void Length(std::string_view path, std::string_view text, std::size_t min, std::size_t max) {
    const std::size_t length = base::Utf8Length(text);
    if (length < min)
      Add(path, "TOO_SHORT", "is too short (minimum is " + std::to_string(min) + " characters)");
    if (length > max)
      Add(path, "TOO_LONG", "is too long (maximum is " + std::to_string(max) + " characters)");
  }
  void Length(std::string_view path, const std::optional<std::string>& text, std::size_t max) {
    if (text) Length(path, *text, 0, max);
  }
  void Present(std::string_view path, std::string_view text) {
    if (text.find_first_not_of(" \t\r\n\f\v") == text.npos) Add(path, "MISSING", "can't be blank");
  }
  void NotReserved(std::string_view path, std::string_view text) {
    if (text == "action" || text == "actions") Add(path, "NOT_ALLOWED", "is reserved");
  }

  // `unit` explains the minimum: " (1 day)".
  void AtLeast(std::string_view path, Integer value, std::int64_t min, std::string_view unit = {}) {
    if (value && *value < min)
      Add(path, "INVALID",
          "must be greater than or equal to " + std::to_string(min) + std::string(unit));
  }
  void AtMost(std::string_view path, Integer value, std::int64_t max, std::string_view unit = {}) {
    if (value && *value > max)
      Add(path, "INVALID",
          "must be less than or equal to " + std::to_string(max) + std::string(unit));
  }
  void Between(std::string_view path, Integer value, std::int64_t min, std::int64_t max) {
    AtLeast(path, value, min);
    AtMost(path, value, max);
  }
  void Positive(std::string_view path, Integer value) {
    if (value && *value <= 0) Add(path, "INVALID", "must be greater than 0");
    AtMost(path, value, kMaxInt);
  }
  void MaxMachines(Integer value, bool floating) {
    constexpr std::string_view kPath = "max_machines";
    Between(kPath, value, 0, kMaxInt);
    if (!value) return;
    if (floating && *value < 1)
      Add(kPath, "INVALID", "must be greater than or equal to 1 for floating policy");
    if (!floating && *value != 1)
      Add(kPath, "INVALID", "must be equal to 1 for non-floating policy");
  }

  Violations Take() { return std::move(list_); }

 private:
  Violations list_;
};

void CheckCode(Findings& findings, std::string_view code) {
  constexpr std::string_view kPath = "code";
  findings.Present(kPath, code);
  findings.NotReserved(kPath, code);
  if (Uuid::LooksLikeUuid(code)) findings.Add(kPath, "INVALID", "is invalid");
  findings.Length(kPath, code, 0, 255);
}

// licenses.md §4.3, first three rows and the pool.
void CheckScheme(Findings& findings, const Policy& policy) {
  if (policy.encrypted && policy.scheme && *policy.scheme != Scheme::kLegacyEncrypt)
    findings.Add("scheme", "NOT_ALLOWED",
                 "unsupported encryption scheme (scheme must be LEGACY_ENCRYPT for legacy "
                 "encrypted policies)");
  if (policy.scheme == Scheme::kLegacyEncrypt && !policy.encrypted)
    findings.Add("scheme", "INVALID", "must be encrypted when using LEGACY_ENCRYPT scheme");
  if (policy.use_pool && policy.encrypted)
    findings.Add("encrypted", "NOT_SUPPORTED", "cannot be encrypted and use a pool");
  if (policy.use_pool && policy.scheme)
    findings.Add("scheme", "NOT_SUPPORTED", "cannot use a scheme and use a pool");
}

void CheckCheckIn(Findings& findings, const Policy& policy) {
  if (!policy.require_check_in) return;
  constexpr auto kIntervals = std::to_array<std::string_view>({"day", "week", "month", "year"});
  if (!policy.check_in_interval ||
      std::ranges::find(kIntervals, *policy.check_in_interval) == kIntervals.end())
    findings.Add("check_in_interval", "NOT_ALLOWED", "must be one of: day, week, month, year");
  const auto count = policy.check_in_interval_count.value_or(0);
  if (count < 1 || count > 365)
    findings.Add("check_in_interval_count", "NOT_ALLOWED",
                 "must be a number between 1 and 365 inclusive");
}

// licenses.md §4.2 after the list: fractions of a limit must be whole.
void CheckOverage(Findings& findings, const Policy& policy) {
  const auto strategy = policy.overage_strategy;
  if (strategy != OverageStrategy::k125 && strategy != OverageStrategy::k150) return;
  const std::int64_t divisor = strategy == OverageStrategy::k125 ? 4 : 2;
  const std::string name(NameOf(strategy));
  const auto refuse = [&](const std::string& why) {
    findings.Add("overage_strategy", "NOT_ALLOWED",
                 "incompatible overage strategy (cannot use " + name + " " + why + ")");
  };
  if (!policy.floating) refuse("for node-locked policy");
  const struct {
    std::string_view words;
    Integer limit;
  } limits[] = {
      {"max machines", policy.floating ? policy.max_machines : std::nullopt},
      {"max cores", policy.max_cores},
      {"max memory", policy.max_memory},
      {"max disk", policy.max_disk},
      {"max processes", policy.max_processes},
      {"max users", policy.max_users},
  };
  for (const auto& [words, limit] : limits)
    if (limit && *limit % divisor != 0)
      refuse("with a " + std::string(words) + " value not divisible by " + std::to_string(divisor));
}

constexpr auto kStrategies = std::to_array<StrategyName>({
    {"scheme", "unsupported signing scheme"},
    {"machine_uniqueness_strategy", "unsupported machine uniqueness strategy"},
    {"machine_matching_strategy", "unsupported machine matching strategy"},
    {"component_uniqueness_strategy", "unsupported component uniqueness strategy"},
    {"component_matching_strategy", "unsupported component matching strategy"},
    {"expiration_strategy", "unsupported expiration strategy"},
    {"expiration_basis", "unsupported expiration basis"},
    {"renewal_basis", "unsupported renewal basis"},
    {"transfer_strategy", "unsupported transfer strategy"},
    {"authentication_strategy", "unsupported authentication strategy"},
    {"heartbeat_cull_strategy", "unsupported heartbeat cull strategy"},
    {"heartbeat_resurrection_strategy", "unsupported heartbeat resurrection strategy"},
    {"heartbeat_basis", "unsupported heartbeat basis"},
    {"machine_leasing_strategy", "unsupported machine leasing strategy"},
    {"process_leasing_strategy", "unsupported process leasing strategy"},
    {"overage_strategy", "unsupported overage strategy"},
});

std::size_t CountKeys(const json::value& value) {
  std::size_t count = 0;
  if (value.is_object()) {
    count += value.get_object().size();
    for (const auto& member : value.get_object()) count += CountKeys(member.value());
  } else if (value.is_array()) {
    for (const auto& item : value.get_array()) count += CountKeys(item);
  }
  return count;
}

// Levels of containers, `value` included.
std::size_t DepthOf(const json::value& value) {
  std::size_t deepest = 0;
  if (value.is_object()) {
    for (const auto& member : value.get_object())
      deepest = std::max(deepest, DepthOf(member.value()));
  } else if (value.is_array()) {
    for (const auto& item : value.get_array()) deepest = std::max(deepest, DepthOf(item));
  } else {
    return 0;
  }
  return deepest + 1;
}

// licenses.md §4.2 rule 1: the wider a fingerprint must be unique, the stricter.
int Strictness(UniquenessStrategy strategy) {
  return static_cast<int>(UniquenessStrategy::kMachine) - static_cast<int>(strategy);
}

}  // namespace

Violations CheckMetadata(const Metadata& metadata) {
  constexpr std::string_view kPath = "metadata";
  Findings findings;
  const json::value value(metadata);
  if (base::WriteJson(value).size() > 16384)
    findings.Add(kPath, "TOO_LONG", "too large (exceeded limit of 16384 bytes)");
  if (CountKeys(value) > 64)
    findings.Add(kPath, "TOO_LONG", "too many keys (exceeded limit of 64 keys)");
  if (DepthOf(value) > 4)
    findings.Add(kPath, "TOO_LONG", "too many items (exceeded limit of 4 items)");
  return findings.Take();
}

Violations CheckProduct(const Product& product) {
  Findings findings;
  findings.Present("name", product.name);
  findings.Length("name", product.name, 0, 255);
  if (product.code) CheckCode(findings, *product.code);
  if (product.distribution_strategy &&
      !ParseName<DistributionStrategy>(*product.distribution_strategy))
    findings.Add("distribution_strategy", "NOT_ALLOWED", "unsupported distribution strategy");
  if (product.url) {
    findings.Length("url", *product.url, 0, 255);
    const auto url = InspectUrl(*product.url);
    if (!url.well_formed) {
      findings.Add("url", "INVALID", "must be a valid URL");
    } else {
      if (!url.is_web)
        findings.Add("url", "PROTOCOL_INVALID",
                     "must be a valid URL using one of the following protocols: https, http");
      if (!url.has_public_host)
        findings.Add("url", "HOST_INVALID", "must be a URL with a valid host");
    }
  }
  findings.Append(CheckPermissions(product.permissions, Role::kProduct));
  findings.Append(CheckMetadata(product.metadata));
  return findings.Take();
}

Violations CheckEntitlement(const Entitlement& entitlement) {
  Findings findings;
  findings.Present("name", entitlement.name);
  findings.Length("name", entitlement.name, 0, 255);
  CheckCode(findings, entitlement.code);
  findings.Append(CheckMetadata(entitlement.metadata));
  return findings.Take();
}

Violations CheckPolicy(const Policy& policy, bool creating) {
  Findings findings;
  findings.Present("name", policy.name.value_or(""));
  findings.Length("name", policy.name, 255);
  findings.AtLeast("duration", policy.duration, 86400, " (1 day)");
  findings.AtMost("duration", policy.duration, kMaxInt);
  if (creating) CheckScheme(findings, policy);
  findings.MaxMachines(policy.max_machines, policy.floating);
  findings.Between("max_cores", policy.max_cores, 1, kMaxInt);
  findings.AtLeast("max_memory", policy.max_memory, 1);
  findings.AtLeast("max_disk", policy.max_disk, 1);
  findings.Positive("max_processes", policy.max_processes);
  findings.Positive("max_users", policy.max_users);
  findings.Between("max_uses", policy.max_uses, 0, kMaxInt);
  if (policy.machine_uniqueness_strategy == UniquenessStrategy::kMachine)
    findings.Append(UnknownStrategy("machine_uniqueness_strategy"));
  if (policy.heartbeat_resurrection_strategy == HeartbeatResurrectionStrategy::kAlways &&
      policy.heartbeat_cull_strategy != HeartbeatCullStrategy::kKeepDead)
    findings.Add("heartbeat_cull_strategy", "NOT_ALLOWED",
                 "incompatible heartbeat cull strategy (must be KEEP_DEAD when resurrection "
                 "strategy is ALWAYS_REVIVE)");
  CheckOverage(findings, policy);
  CheckCheckIn(findings, policy);
  findings.AtLeast("heartbeat_duration", policy.heartbeat_duration, 60, " (1 minute)");
  findings.AtMost("heartbeat_duration", policy.heartbeat_duration, kMaxInt);
  // Our own (decision 2).
  findings.AtLeast("sync_interval", policy.sync_interval, 3600, " (1 hour)");
  findings.AtMost("sync_interval", policy.sync_interval, 31536000, " (1 year)");
  findings.AtLeast("offline_grace", policy.offline_grace, 0);
  findings.AtMost("offline_grace", policy.offline_grace, 15552000, " (180 days)");
  findings.AtLeast("expiry_grace", policy.expiry_grace, 0);
  findings.AtMost("expiry_grace", policy.expiry_grace, 7776000, " (90 days)");
  findings.AtLeast("max_file_ttl", policy.max_file_ttl, 3600, " (1 hour)");
  findings.AtMost("max_file_ttl", policy.max_file_ttl, kMaxInt);
  findings.Append(CheckMetadata(policy.metadata));
  return findings.Take();
}

Violations CheckLicense(const License& license, const Policy& policy, bool creating) {
  Findings findings;
  findings.Length("name", license.name, 1024);
  if (creating && !license.key.empty()) {
    findings.Length("key", license.key, policy.scheme ? 1 : 6, 16384);
    findings.NotReserved("key", license.key);
    if (policy.scheme == Scheme::kLegacyEncrypt)
      findings.Add("key", "NOT_SUPPORTED", "cannot be specified for a legacy encrypted license");
  }
  findings.MaxMachines(license.max_machines, policy.floating);
  findings.Between("max_processes", license.max_processes, 0, kMaxInt);
  findings.Between("max_users", license.max_users, 0, kMaxInt);
  findings.Between("max_cores", license.max_cores, 1, kMaxInt);
  findings.AtLeast("max_memory", license.max_memory, 1);
  findings.AtLeast("max_disk", license.max_disk, 1);
  findings.Between("max_uses", license.max_uses, 0, kMaxInt);
  findings.Append(CheckPermissions(license.permissions, Role::kLicense));
  findings.Append(CheckMetadata(license.metadata));
  return findings.Take();
}

Violations CheckGroup(const Group& group) {
  Findings findings;
  findings.Length("name", group.name, 1, 255);
  findings.Append(CheckMetadata(group.metadata));
  return findings.Take();
}

Violations CheckMachine(const Machine& machine, bool creating) {
  Findings findings;
  if (creating) {
    findings.Present("fingerprint", machine.fingerprint);
    findings.Length("fingerprint", machine.fingerprint, 0, 4096);
    findings.NotReserved("fingerprint", machine.fingerprint);
  }
  findings.Append(CheckMetadata(machine.metadata));
  findings.Between("cores", machine.cores, 1, kMaxInt);
  findings.Between("memory", machine.memory, 1, kMaxInt64);
  findings.Between("disk", machine.disk, 1, kMaxInt64);
  findings.Length("ip", machine.ip, 255);
  findings.Length("hostname", machine.hostname, 255);
  findings.Length("platform", machine.platform, 255);
  findings.Length("name", machine.name, 255);
  return findings.Take();
}

Violations CheckComponent(const Component& component, bool creating) {
  Findings findings;
  if (creating) {
    findings.Present("fingerprint", component.fingerprint);
    findings.Length("fingerprint", component.fingerprint, 0, 4096);
    findings.NotReserved("fingerprint", component.fingerprint);
  }
  findings.Length("name", component.name, 0, 255);
  findings.Append(CheckMetadata(component.metadata));
  return findings.Take();
}

Violations CheckProcess(const Process& process, bool creating) {
  Findings findings;
  if (creating) {
    findings.Present("pid", process.pid);
    findings.Length("pid", process.pid, 0, 4096);
    findings.NotReserved("pid", process.pid);
  }
  findings.Append(CheckMetadata(process.metadata));
  return findings.Take();
}

Violations CheckPoolKey(const PoolKey& key) {
  Findings findings;
  findings.Length("key", key.key, 8, 1024);
  findings.NotReserved("key", key.key);
  return findings.Take();
}

std::span<const StrategyName> PolicyStrategies() { return kStrategies; }

Violation UnknownStrategy(std::string_view attribute) {
  const auto found = std::ranges::find(kStrategies, attribute, &StrategyName::attribute);
  const auto words = found == kStrategies.end() ? std::string_view("is invalid") : found->words;
  return {kAttribute, std::string(attribute), "NOT_ALLOWED", std::string(words)};
}

void ApplyPolicyDefaults(Policy& policy, std::span<const std::string_view> given,
                         const Account& account) {
  const auto missing = [&](std::string_view name) {
    return std::ranges::find(given, name) == given.end();
  };
  if (missing("protected")) policy.protected_ = account.protected_;
  if (policy.encrypted && !policy.scheme) policy.scheme = Scheme::kLegacyEncrypt;
  if (missing("heartbeat_basis"))
    policy.heartbeat_basis =
        policy.require_heartbeat ? HeartbeatBasis::kCreation : HeartbeatBasis::kFirstPing;
  if (!policy.floating && !policy.max_machines) policy.max_machines = 1;
}

std::optional<Violation> CheckTransfer(const Policy& from, const Policy& to) {
  const auto refuse = [](std::string_view why) {
    return Violation{kRelationship, "policy", "NOT_COMPATIBLE",
                     "cannot change " + std::string(why)};
  };
  if (from.encrypted != to.encrypted)
    return refuse("from an encrypted policy to an unencrypted policy (or vice-versa)");
  if (from.use_pool != to.use_pool)
    return refuse("from a pooled policy to an unpooled policy (or vice-versa)");
  if (from.scheme != to.scheme) return refuse("to a policy with a different scheme");
  const int machines =
      Strictness(to.machine_uniqueness_strategy) - Strictness(from.machine_uniqueness_strategy);
  if (machines > 0) return refuse("to a policy with a more strict machine uniqueness strategy");
  // A looser machine strategy ends the comparison (licenses.md §7.7 rule 4).
  if (machines < 0) return std::nullopt;
  if (Strictness(to.component_uniqueness_strategy) > Strictness(from.component_uniqueness_strategy))
    return refuse("to a policy with a more strict component uniqueness strategy");
  return std::nullopt;
}

Result<void> Check(const Account& account) {
  Findings findings;
  findings.Present("name", account.name);
  findings.Length("name", account.name, 0, 255);
  const std::string_view slug = account.slug;
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
  };
  if (slug.size() < 2 || slug.front() == '-' || !std::ranges::all_of(slug, allowed))
    findings.Add("slug", "INVALID", "is invalid");
  if (Uuid::LooksLikeUuid(slug)) findings.Add("slug", "NOT_ALLOWED", "cannot resemble a UUID");
  findings.NotReserved("slug", slug);
  findings.Length("slug", slug, 0, 255);
  auto violations = findings.Take();
  if (violations.empty()) return {};
  return Error{Errc::kInvalid, "the account breaks rules", "", std::move(violations)};
}

}  // namespace latchkey::core
