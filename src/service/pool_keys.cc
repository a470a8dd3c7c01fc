#include "service/pool_keys.h"

#include "core/license.h"
#include "core/rules.h"

namespace latchkey::service {
namespace {

using store::Where;

// All rules of a key; a key may keep its own text.
Result<std::vector<Violation>> Check(const Context& context, const core::PoolKey& record) {
  std::vector<Violation> violations = core::CheckPoolKey(record);
  LK_ASSIGN(Where same,
            store::SealedEquals<core::PoolKey>(context.session, context.vault, context.account_id(),
                                               "key", record.key));
  same.And("id <> ?", record.id);
  LK_ASSIGN(const auto other, Find<core::PoolKey>(context, same));
  if (other) violations.push_back(AttributeRule("key", "TAKEN", "has already been taken"));
  if (const auto as_id = Uuid::Parse(record.key)) {
    LK_ASSIGN(const auto license, Find<core::License>(context, *as_id));
    if (license)
      violations.push_back(AttributeRule(
          "key", "CONFLICT", "must not conflict with another license's identifier (UUID)"));
  }
  LK_ASSIGN(const Where used,
            store::SealedEquals<core::License>(context.session, context.vault, context.account_id(),
                                               "key", record.key));
  LK_ASSIGN(const auto license, Find<core::License>(context, used));
  if (license)
    violations.push_back(
        AttributeRule("key", "CONFLICT", "is already being used as a license's key"));
  return violations;
}

}  // namespace

Result<core::PoolKey> CreatePoolKey(const Context& context, core::PoolKey record,
                                    const core::Policy* policy) {
  Stamp(context, record);
  std::vector<Violation> violations;
  if (!policy) {
    violations.push_back(RelationshipRule("policy", "NOT_FOUND", "must exist"));
  } else {
    record.policy_id = policy->id;
    record.product_id = policy->product_id;
    record.environment_id = policy->environment_id;
  }
  LK_ASSIGN(auto wrong, Check(context, record));
  for (auto& violation : wrong) violations.push_back(std::move(violation));
  if (policy && !core::Pooled(*policy))
    violations.push_back(
        RelationshipRule("policy", "NOT_SUPPORTED", "cannot be added to an unpooled policy"));
  if (!violations.empty()) return Broken(std::move(violations));
  LK_TRY(Insert(context, record));
  LK_TRY(Emit(context, "key.created", "keys", record.id));
  return record;
}

Result<void> UpdatePoolKey(const Context& context, core::PoolKey& record) {
  LK_ASSIGN(auto violations, Check(context, record));
  if (!violations.empty()) return Broken(std::move(violations));
  record.updated = context.now;
  LK_TRY(Update(context, record));
  return Emit(context, "key.updated", "keys", record.id);
}

Result<void> DeletePoolKey(const Context& context, const core::PoolKey& record) {
  LK_TRY(Emit(context, "key.deleted", "keys", record.id));
  return Delete<core::PoolKey>(context, record.id);
}

Result<std::optional<core::PoolKey>> TakeFromPool(const Context& context,
                                                  const core::Policy& policy) {
  LK_ASSIGN(auto key, Find<core::PoolKey>(context, Where("policy_id = ?", policy.id)));
  if (key) LK_TRY(Delete<core::PoolKey>(context, key->id));
  return key;
}

Result<core::PoolKey> PopPool(const Context& context, const core::Policy& policy) {
  constexpr std::string_view kPointer = "/data/relationships/pool";
  if (!core::Pooled(policy))
    return Error{Errc::kUnprocessable, "pool is not supported", std::string(kPointer)};
  LK_ASSIGN(auto key, TakeFromPool(context, policy));
  if (!key) return Error{Errc::kUnprocessable, "pool is empty", std::string(kPointer)};
  LK_TRY(Emit(context, "policy.pool.popped", "policies", policy.id));
  return std::move(*key);
}

}  // namespace latchkey::service
