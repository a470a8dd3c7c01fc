#pragma once

#include <span>

#include "core/license.h"
#include "core/policy.h"
#include "core/product.h"
#include "service/context.h"

namespace latchkey::service {

// Entitlements of policies and licenses (licenses.md §3, §4.5, §7.5). A join row is a resource of
// its own on the wire.
struct Attachment : core::Record {
  Uuid owner_id;  // the policy or license
  Uuid entitlement_id;
};

// All or nothing. kInvalid: ENTITLEMENT_NOT_FOUND, ENTITLEMENT_TAKEN, ENTITLEMENT_CONFLICT.
Result<std::vector<Attachment>> AttachToPolicy(const Context& context, const core::Policy& policy,
                                               std::span<const Uuid> entitlements);
Result<std::vector<Attachment>> AttachToLicense(const Context& context,
                                                const core::License& license,
                                                std::span<const Uuid> entitlements);
// kUnprocessable for one that is not attached, kRefused for one that comes from the policy;
// `pointer` is /data/<index>.
Result<void> DetachFromPolicy(const Context& context, const core::Policy& policy,
                              std::span<const Uuid> entitlements);
Result<void> DetachFromLicense(const Context& context, const core::License& license,
                               std::span<const Uuid> entitlements);

// Distinct union of the policy's and the license's, oldest attachment first.
Result<std::vector<core::Entitlement>> EffectiveEntitlements(const Context& context,
                                                             const core::License& license);

}  // namespace latchkey::service
