#pragma once

#include <optional>
#include <string>

#include "core/license.h"
#include "core/policy.h"
#include "service/context.h"

namespace latchkey::service {

struct NewLicense {
  core::License record{};  // with what was sent; `policy_id` set
  bool key_given = false;
  bool protected_given = false;
  bool permissions_given = false;
};
struct CreatedLicense {
  core::License record{};
  std::optional<std::string> plain_key{};  // of a legacy encrypted license: shown once
};

// licenses.md §7.2, in its order of steps. `policy` null: unknown (POLICY_NOT_FOUND).
Result<CreatedLicense> CreateLicense(const Context& context, NewLicense wanted,
                                     const core::Policy* policy);
// Attributes were applied to `record`; `before` is the stored one.
Result<void> UpdateLicense(const Context& context, core::License& record,
                           const core::License& before, const core::Policy& policy);
Result<void> DeleteLicense(const Context& context, const core::License& record);

// licenses.md §10. Each changes `record` and stores it. Pre-conditions: kUnprocessable with the
// spec's text.
Result<void> RevokeLicense(const Context& context, const core::License& record);
Result<void> RenewLicense(const Context& context, core::License& record,
                          const core::Policy& policy);
Result<void> SuspendLicense(const Context& context, core::License& record);
Result<void> ReinstateLicense(const Context& context, core::License& record);
Result<void> CheckInLicense(const Context& context, core::License& record,
                            const core::Policy& policy);
Result<void> IncrementUsage(const Context& context, core::License& record,
                            const core::Policy& policy, std::int64_t by);
Result<void> DecrementUsage(const Context& context, core::License& record, std::int64_t by);
Result<void> ResetUsage(const Context& context, core::License& record);
// licenses.md §7.7; `to` null: unknown.
Result<void> ChangePolicy(const Context& context, core::License& record, const core::Policy& from,
                          const core::Policy* to);
Result<void> NoteLicenseCheckOut(const Context& context, core::License& record);
// FROM_FIRST_* (licenses.md §11.2): sets the expiry once, in the running transaction. True when it
// was set.
Result<bool> StartExpiry(const Context& context, core::License& record, const core::Policy& policy,
                         core::ExpirationBasis event);
// A first validation is an ordinary durable change (decision 21): stamp, expiry and event.
Result<void> NoteFirstValidation(const Context& context, core::License& record,
                                 const core::Policy& policy, bool valid, std::string_view code);

Result<std::optional<core::Policy>> FindPolicy(const Context& context, const Uuid& id);

}  // namespace latchkey::service
