#pragma once

#include "core/validation_rules.h"

// Rows 6 to 15 of licenses.md §9.2: what the caller asks about.
namespace latchkey::core {

Finding CheckEnvironment(const Question& question);
Finding RequireEnvironment(const Question& question);
Finding CheckProduct(const Question& question);
Finding RequireProduct(const Question& question);
Finding CheckPolicy(const Question& question);
Finding RequirePolicy(const Question& question);
Finding CheckUser(const Question& question);
Finding RequireUser(const Question& question);
Finding CheckEntitlementsEmpty(const Question& question);
Finding CheckEntitlements(const Question& question);
Finding CheckMachine(const Question& question);
Finding RequireMachine(const Question& question);
Finding CheckFingerprints(const Question& question);
Finding RequireFingerprint(const Question& question);
Finding CheckComponents(const Question& question);
Finding RequireComponents(const Question& question);
Finding CheckChecksum(const Question& question);
Finding RequireChecksum(const Question& question);
Finding CheckVersion(const Question& question);
Finding RequireVersion(const Question& question);

}  // namespace latchkey::core
