#include "service/products.h"

#include "core/rules.h"
#include "service/cascade.h"
#include "service/permissions.h"

namespace latchkey::service {
namespace {

using store::Where;

// Codes are unique without regard to case.
template <class T>
Result<void> CheckCode(const Context& context, const Uuid& own,
                       const std::optional<std::string>& code, std::vector<Violation>& violations) {
  if (!code) return {};
  LK_ASSIGN(const auto other,
            Find<T>(context, Where("lower(code) = lower(?) AND id <> ?", *code, own)));
  if (other) violations.push_back(AttributeRule("code", "TAKEN", "has already been taken"));
  return {};
}

Result<void> CheckProductRules(const Context& context, const core::Product& record) {
  std::vector<Violation> violations = core::CheckProduct(record);
  LK_TRY(CheckCode<core::Product>(context, record.id, record.code, violations));
  AddUnsupportedPermissions(core::Role::kProduct, record.permissions, violations);
  if (!violations.empty()) return Broken(std::move(violations));
  return {};
}

Result<void> CheckEntitlementRules(const Context& context, const core::Entitlement& record) {
  std::vector<Violation> violations = core::CheckEntitlement(record);
  LK_TRY(CheckCode<core::Entitlement>(context, record.id, record.code, violations));
  if (!violations.empty()) return Broken(std::move(violations));
  return {};
}

}  // namespace

Result<core::Product> CreateProduct(const Context& context, core::Product record) {
  Stamp(context, record);
  LK_TRY(CheckProductRules(context, record));
  LK_TRY(Insert(context, record));
  LK_TRY(Emit(context, "product.created", "products", record.id));
  return record;
}

Result<void> UpdateProduct(const Context& context, core::Product& record) {
  LK_TRY(CheckProductRules(context, record));
  record.updated = context.now;
  LK_TRY(Update(context, record));
  return EmitForAll(context, "product.updated", "products", record.id);
}

Result<void> DeleteProduct(const Context& context, const core::Product& record) {
  LK_TRY(EmitForAll(context, "product.deleted", "products", record.id));
  return EraseProduct(context, record.id);
}

Result<core::Entitlement> CreateEntitlement(const Context& context, core::Entitlement record) {
  Stamp(context, record);
  LK_TRY(CheckEntitlementRules(context, record));
  LK_TRY(Insert(context, record));
  LK_TRY(Emit(context, "entitlement.created", "entitlements", record.id));
  return record;
}

Result<void> UpdateEntitlement(const Context& context, core::Entitlement& record) {
  LK_TRY(CheckEntitlementRules(context, record));
  record.updated = context.now;
  LK_TRY(Update(context, record));
  return EmitForAll(context, "entitlement.updated", "entitlements", record.id);
}

Result<void> DeleteEntitlement(const Context& context, const core::Entitlement& record) {
  LK_TRY(EmitForAll(context, "entitlement.deleted", "entitlements", record.id));
  // Its attachments go with it (foreign keys).
  LK_TRY(Delete<core::Entitlement>(context, record.id));
  return {};
}

}  // namespace latchkey::service
