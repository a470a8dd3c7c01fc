#pragma once

#include <string_view>
#include <vector>

#include "core/validation_rules.h"

// Facts that several rules share.
namespace latchkey::core {

inline Validation Refuse(ValidationCode code, std::string_view detail) {
  return {false, code, detail};
}

// Totals over the license's machines: the running totals, which are right also where only one
// machine is known (a lease).
struct MachineTotals {
  std::int64_t count = 0, cores = 0, memory = 0, disk = 0;
};
MachineTotals TotalsOf(const Snapshot& snapshot);
// The same over what a limit counts: everything, or one user's machines under PER_USER (§9.2
// "Counting").
MachineTotals CountedTotals(const Question& question);
std::int64_t MachineCount(const Snapshot& snapshot);  // TotalsOf().count

// `text` is the id exactly as we write it; where the wire compares strings.
bool IsIdText(Uuid id, std::string_view text);
// Owner or attached user with that id or e-mail address; null if none.
const LicenseUser* FindUser(const Snapshot& snapshot, std::string_view id_or_email);
// `user_id` is the user that `id_or_email` names.
bool IsUser(const Snapshot& snapshot, Uuid user_id, std::string_view id_or_email);
// The scope's user; nullopt when not given, null, or not asked (quick validation).
std::optional<std::string_view> ScopeUser(const Question& question);
// Whose machines PER_USER counts; nullopt: machines without owner.
std::optional<Uuid> LeasingUser(const Question& question);

HeartbeatStatus HeartbeatIn(const Question& question, const Machine& machine);
bool FingerprintGiven(const Scope& scope);

// What a scope asks for, without duplicates. Views into the scope; allocates for lists only. A
// sorted list, because a request may carry very many.
class WantedSet {
 public:
  explicit WantedSet(std::string_view one) : one_(one) {}
  explicit WantedSet(const std::vector<std::string>& many);
  std::size_t size() const { return one_ ? 1 : many_.size(); }
  bool Contains(std::string_view text) const;
  // How many of the wanted are in `held`; each once, whatever `held` repeats.
  std::size_t CountIn(const std::vector<std::string>& held) const;

 private:
  std::optional<std::string_view> one_;
  std::vector<std::string_view> many_;
};
WantedSet WantedFingerprints(const Scope& scope);  // one of both is given; `fingerprint` wins

}  // namespace latchkey::core
