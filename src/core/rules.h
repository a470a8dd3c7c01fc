#pragma once

#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "core/account.h"
#include "core/component.h"
#include "core/group.h"
#include "core/license.h"
#include "core/machine.h"
#include "core/policy.h"
#include "core/pool_key.h"
#include "core/process.h"
#include "core/product.h"

namespace latchkey::core {

using Violations = std::vector<Violation>;

// All rules of one record that need no database (bounds, lengths, enumerations, joint rules), in
// the order in which errors are listed (licenses.md §2 to §7, machines.md §1.7), at most one for a
// (code, pointer). Empty = sound. Uniqueness and references are the service's.
Violations CheckProduct(const Product& product);
Violations CheckEntitlement(const Entitlement& entitlement);
// Rules about what only creation can set (scheme, encrypted, usePool) are checked at creation
// alone.
Violations CheckPolicy(const Policy& policy, bool creating);
// At creation `license.key` is what the client sent, or empty: check before the key is made.
Violations CheckLicense(const License& license, const Policy& policy, bool creating);
Violations CheckMachine(const Machine& machine, bool creating);
Violations CheckGroup(const Group& group);                             // events.md §2.1
Violations CheckComponent(const Component& component, bool creating);  // machines.md §3
Violations CheckProcess(const Process& process, bool creating);        // machines.md §4
Violations CheckPoolKey(const PoolKey& key);                           // licenses.md §5
Violations CheckMetadata(
    const Metadata& metadata);  // METADATA_TOO_LONG limits (conventions.md §1.8)

// Strategies arrive as any text: those that are not known become violations with the detail of
// licenses.md §4.2 and are left out of the returned object, so that the rest of the record can
// still be checked.
struct StrategyName {
  std::string_view attribute;  // "overage_strategy"
  std::string_view words;      // "unsupported overage strategy"
};
std::span<const StrategyName> PolicyStrategies();
Violation UnknownStrategy(
    std::string_view attribute);  // `<NAME>_NOT_ALLOWED`; `attribute` is one of the above

// What creation through the API or by import fills in when `given`, the names of the attributes
// that came with a value, lacks it (licenses.md §4.1): protected from the account, scheme from
// encrypted, heartbeat basis from requireHeartbeat, one machine when node-locked. Call before
// CheckPolicy.
void ApplyPolicyDefaults(Policy& policy, std::span<const std::string_view> given,
                         const Account& account);

// Transfer to another policy (licenses.md §7.7): the first failing rule, if any.
std::optional<Violation> CheckTransfer(const Policy& from, const Policy& to);

}  // namespace latchkey::core
