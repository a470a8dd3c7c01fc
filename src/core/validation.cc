#include "core/validation.h"

#include "core/validation_rules.h"

namespace latchkey::core {

Validation Validate(const Snapshot* snapshot, const Scope& scope,
                    const ValidationOptions& options) {
  const Question question(snapshot, scope, options);
  for (const ValidationRule& rule : ValidationRules()) {
    if (rule.scoped && !options.check_scopes) continue;
    if (const Finding finding = rule.check(question)) return *finding;
  }
  // The last row always answers; a table without it is refused rather than passed.
  return {};
}

}  // namespace latchkey::core
