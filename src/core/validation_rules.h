#pragma once

#include <array>
#include <optional>
#include <span>

#include "core/validation.h"

// The ordered checks of licenses.md §9.2 as data: one row of code per row of that table, evaluated
// from the top; the first finding is the verdict.
namespace latchkey::core {

// What the rules see of one validation. `snapshot` is null only for the first row; `limits` and
// `expired` are derived from it once.
struct Question {
  Question(const Snapshot* the_snapshot, const Scope& the_scope,
           const ValidationOptions& the_options);

  const License& license() const { return snapshot->license; }
  const Policy& policy() const { return snapshot->policy; }

  const Snapshot* snapshot;
  const Scope& scope;
  const ValidationOptions& options;
  Limits limits{};
  bool expired = false;
};

using Finding = std::optional<Validation>;  // nullopt: the next row decides

// The codes one row can answer.
class RuleCodes {
 public:
  template <class... Code>
  constexpr RuleCodes(Code... codes)
      : codes_{codes...}, size_(sizeof...(codes)) {}  // NOLINT: a list in a table
  constexpr std::span<const ValidationCode> list() const { return {codes_.data(), size_}; }

 private:
  std::array<ValidationCode, 7> codes_;
  std::size_t size_;
};

struct ValidationRule {
  int step;               // number in §9.2; a number can have two rows
  std::string_view name;  // for tests and traces
  bool scoped;            // asks about the scope: skipped by quick validation
  RuleCodes codes;        // in the order of the table
  Finding (*check)(const Question& question);
};

std::span<const ValidationRule> ValidationRules();

}  // namespace latchkey::core
