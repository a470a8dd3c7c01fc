#include "service/components.h"

#include <algorithm>

#include "core/rules.h"
#include "service/licenses.h"

namespace latchkey::service {
namespace {

using store::Where;

// More need several requests (machines.md §1.7).
constexpr std::size_t kMostEmbedded = 20;

void BelongTo(core::Component& component, const core::Machine& machine) {
  component.machine_id = machine.id;
  component.license_id = machine.license_id;
  component.policy_id = machine.policy_id;
  component.product_id = machine.product_id;
  component.environment_id = machine.environment_id;
}

// The narrowest scope in which the fingerprint is used already, in words; nullopt when it is free.
Result<std::optional<std::string>> Taken(const Context& context, const core::Component& component,
                                         const core::Policy& policy) {
  using Strategy = core::UniquenessStrategy;
  const auto taken = [&](const Where& scope) -> Result<bool> {
    Where where("fingerprint = ?", component.fingerprint);
    where.And(scope);
    LK_ASSIGN(const auto other, Find<core::Component>(context, where));
    return other.has_value();
  };
  constexpr std::string_view kTaken = "has already been taken";
  LK_ASSIGN(const bool here, taken(Where("machine_id = ?", component.machine_id)));
  if (here) return std::optional(std::string(kTaken));
  Where scope;
  std::string_view words;
  switch (policy.component_uniqueness_strategy) {
    case Strategy::kMachine:
      return std::optional<std::string>();
    case Strategy::kLicense:
      scope = Where("license_id = ?", component.license_id);
      words = " for this license";
      break;
    case Strategy::kPolicy:
      scope = Where("policy_id = ?", component.policy_id);
      words = " for this policy";
      break;
    case Strategy::kProduct:
      scope = Where("product_id = ?", component.product_id);
      words = " for this product";
      break;
    case Strategy::kAccount:
      words = " for this account";
      break;
  }
  LK_ASSIGN(const bool elsewhere, taken(scope));
  if (!elsewhere) return std::optional<std::string>();
  return std::optional(std::string(kTaken) + std::string(words));
}

}  // namespace

Result<core::Component> CreateComponent(const Context& context, core::Component record,
                                        const core::Machine* machine) {
  Stamp(context, record);
  std::vector<Violation> violations;
  if (!machine) violations.push_back(RelationshipRule("machine", "NOT_FOUND", "must exist"));
  for (auto& violation : core::CheckComponent(record, true))
    violations.push_back(std::move(violation));
  if (machine) {
    BelongTo(record, *machine);
    LK_ASSIGN(const auto policy, FindPolicy(context, machine->policy_id));
    if (!policy) return Error{Errc::kDamaged, "machine without policy"};
    LK_ASSIGN(auto taken, Taken(context, record, *policy));
    if (taken) violations.push_back(AttributeRule("fingerprint", "TAKEN", std::move(*taken)));
  }
  if (!violations.empty()) return Broken(std::move(violations));
  LK_TRY(Insert(context, record));
  LK_TRY(Emit(context, "component.created", "components", record.id, {record.license_id}));
  return record;
}

Result<void> UpdateComponent(const Context& context, core::Component& record) {
  std::vector<Violation> violations = core::CheckComponent(record, false);
  if (!violations.empty()) return Broken(std::move(violations));
  record.updated = context.now;
  LK_TRY(Update(context, record));
  return Emit(context, "component.updated", "components", record.id);
}

Result<void> DeleteComponent(const Context& context, const core::Component& record) {
  LK_TRY(Emit(context, "component.deleted", "components", record.id, {record.license_id}));
  return Delete<core::Component>(context, record.id);
}

Result<void> CheckEmbedded(const Context& context, const core::Machine& machine,
                           const core::Policy* policy, std::span<core::Component> components,
                           std::vector<Violation>& violations) {
  if (components.size() > kMostEmbedded) return Error{Errc::kUnprocessable, "too many records"};
  for (std::size_t i = 0; i < components.size(); ++i) {
    core::Component& component = components[i];
    const std::string path = "components[" + std::to_string(i) + "].";
    const auto before = components.first(i);
    if (std::ranges::find(before, component.fingerprint, &core::Component::fingerprint) !=
        before.end())
      violations.push_back(AttributeRule(path + "fingerprint", "CONFLICT", "is duplicated"));
    for (auto& violation : core::CheckComponent(component, true)) {
      violation.path = path + violation.path;
      violations.push_back(std::move(violation));
    }
    if (!policy) continue;
    BelongTo(component, machine);
    LK_ASSIGN(auto taken, Taken(context, component, *policy));
    if (taken)
      violations.push_back(AttributeRule(path + "fingerprint", "TAKEN", std::move(*taken)));
  }
  return {};
}

Result<void> InsertEmbedded(const Context& context, const core::Machine& machine,
                            std::span<core::Component> components) {
  for (core::Component& component : components) {
    const TimePoint created = component.created;
    Stamp(context, component);
    if (created != TimePoint{}) component.created = created;  // it comes back
    BelongTo(component, machine);
    LK_TRY(Insert(context, component));
  }
  return {};
}

}  // namespace latchkey::service
