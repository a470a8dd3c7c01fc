#include "core/validation_facts.h"

#include <algorithm>
#include <limits>

namespace latchkey::core {
namespace {

// Sums of bytes may pass 2^63: then every limit is exceeded, none is wrapped around.
std::int64_t AddSaturated(std::int64_t sum, std::int64_t more) {
  return more > std::numeric_limits<std::int64_t>::max() - sum
             ? std::numeric_limits<std::int64_t>::max()
             : sum + more;
}

void Add(MachineTotals& totals, const Machine& machine) {
  ++totals.count;
  totals.cores = AddSaturated(totals.cores, machine.cores.value_or(0));
  totals.memory = AddSaturated(totals.memory, machine.memory.value_or(0));
  totals.disk = AddSaturated(totals.disk, machine.disk.value_or(0));
}

}  // namespace

Question::Question(const Snapshot* the_snapshot, const Scope& the_scope,
                   const ValidationOptions& the_options)
    : snapshot(the_snapshot), scope(the_scope), options(the_options) {
  if (snapshot == nullptr) return;
  limits = EffectiveLimits(snapshot->license, snapshot->policy);
  expired = IsExpired(snapshot->license, options.now);
}

std::int64_t MachineCount(const Snapshot& snapshot) {
  return std::max(snapshot.license.machines_count,
                  static_cast<std::int64_t>(snapshot.machines.size()));
}

MachineTotals TotalsOf(const Snapshot& snapshot) {
  const License& license = snapshot.license;
  MachineTotals totals;
  if (license.machines_count >= static_cast<std::int64_t>(snapshot.machines.size())) {
    return {license.machines_count, license.machines_cores, license.machines_memory,
            license.machines_disk};
  }
  for (const Machine& machine : snapshot.machines) Add(totals, machine);
  return totals;
}

MachineTotals CountedTotals(const Question& question) {
  if (question.policy().machine_leasing_strategy == MachineLeasingStrategy::kPerLicense) {
    return TotalsOf(*question.snapshot);
  }
  const std::optional<Uuid> user = LeasingUser(question);
  MachineTotals totals;
  for (const Machine& machine : question.snapshot->machines) {
    if (machine.owner_id == user) Add(totals, machine);
  }
  return totals;
}

bool IsIdText(Uuid id, std::string_view text) {
  // Compared digit by digit: parsing or printing would allocate, and this is on the path of every
  // answer.
  constexpr std::string_view kDigits = "0123456789abcdef";
  if (text.size() != 36) return false;
  std::size_t at = 0;
  for (const std::uint8_t byte : id.bytes()) {
    if ((at == 8 || at == 13 || at == 18 || at == 23) && text[at++] != '-') return false;
    if (text[at++] != kDigits[byte >> 4] || text[at++] != kDigits[byte & 15]) return false;
  }
  return true;
}

const LicenseUser* FindUser(const Snapshot& snapshot, std::string_view id_or_email) {
  const auto id = Uuid::Parse(id_or_email);
  const auto named = [&](const LicenseUser& user) {
    return (id && user.id == *id) || user.email == id_or_email;
  };
  if (snapshot.owner && named(*snapshot.owner)) return &*snapshot.owner;
  const auto found = std::ranges::find_if(snapshot.users, named);
  return found == snapshot.users.end() ? nullptr : &*found;
}

bool IsUser(const Snapshot& snapshot, Uuid user_id, std::string_view id_or_email) {
  if (Uuid::Parse(id_or_email) == user_id) return true;
  const LicenseUser* user = FindUser(snapshot, id_or_email);
  return user != nullptr && user->id == user_id;
}

std::optional<std::string_view> ScopeUser(const Question& question) {
  if (!question.options.check_scopes || !question.scope.user || !*question.scope.user) {
    return std::nullopt;
  }
  return **question.scope.user;
}

std::optional<Uuid> LeasingUser(const Question& question) {
  const auto text = ScopeUser(question);
  if (!text) return std::nullopt;
  const LicenseUser* user = FindUser(*question.snapshot, *text);
  if (user == nullptr) return std::nullopt;
  return user->id;
}

HeartbeatStatus HeartbeatIn(const Question& question, const Machine& machine) {
  if (!RequiresHeartbeat(machine, question.policy())) return HeartbeatStatus::kNotStarted;
  const ValidationOptions& options = question.options;
  Duration downtime = options.downtime;
  if (options.serving != nullptr) {
    downtime += options.serving->DowntimeBetween(HeartbeatSince(machine), options.now);
  }
  return HeartbeatOf(machine, question.policy(), options.now, downtime);
}

bool FingerprintGiven(const Scope& scope) {
  return scope.fingerprint.has_value() || scope.fingerprints.has_value();
}

WantedSet::WantedSet(const std::vector<std::string>& many) : many_(many.begin(), many.end()) {
  std::ranges::sort(many_);
  // Not std::ranges::unique: clang 14, which builds the fuzz targets, cannot compile its subrange.
  many_.erase(std::unique(many_.begin(), many_.end()), many_.end());
}

bool WantedSet::Contains(std::string_view text) const {
  return one_ ? *one_ == text : std::ranges::binary_search(many_, text);
}

std::size_t WantedSet::CountIn(const std::vector<std::string>& held) const {
  const WantedSet other(held);
  if (one_) return other.Contains(*one_) ? 1 : 0;
  return static_cast<std::size_t>(
      std::ranges::count_if(many_, [&](std::string_view text) { return other.Contains(text); }));
}

WantedSet WantedFingerprints(const Scope& scope) {
  return scope.fingerprint ? WantedSet(*scope.fingerprint) : WantedSet(scope.fingerprints.value());
}

}  // namespace latchkey::core
