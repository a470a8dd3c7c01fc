#include "service/policies.h"

#include "core/product.h"
#include "core/rules.h"
#include "service/cascade.h"

namespace latchkey::service {
namespace {

void Append(std::vector<Violation>& to, std::vector<Violation> more) {
  to.insert(to.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
}

}  // namespace

Result<core::Policy> CreatePolicy(const Context& context, core::Policy record,
                                  std::span<const std::string_view> given,
                                  std::vector<Violation> violations) {
  Stamp(context, record);
  core::ApplyPolicyDefaults(record, given, context.account.account);
  LK_ASSIGN(const auto product, Find<core::Product>(context, record.product_id));
  std::vector<Violation> all;
  if (!product) all.push_back(RelationshipRule("product", "NOT_FOUND", "must exist"));
  Append(all, std::move(violations));
  Append(all, core::CheckPolicy(record, true));
  if (!all.empty()) return Broken(std::move(all));
  LK_TRY(Insert(context, record));
  LK_TRY(Emit(context, "policy.created", "policies", record.id));
  return record;
}

Result<void> UpdatePolicy(const Context& context, core::Policy& record,
                          std::vector<Violation> violations) {
  Append(violations, core::CheckPolicy(record, false));
  if (!violations.empty()) return Broken(std::move(violations));
  record.updated = context.now;
  LK_TRY(Update(context, record));
  return EmitForAll(context, "policy.updated", "policies", record.id);
}

Result<void> DeletePolicy(const Context& context, const core::Policy& record) {
  LK_TRY(EmitForAll(context, "policy.deleted", "policies", record.id));
  return ErasePolicy(context, record.id);
}

}  // namespace latchkey::service
