#include "service/cascade.h"

#include "core/policy.h"
#include "core/product.h"
#include "store/tombstones.h"

namespace latchkey::service {
namespace {

using store::Params;
using store::Where;

constexpr std::int64_t kBatch = 500;

// Hands every record that matches to `each`, which removes it, so that the next batch begins where
// this one ended.
template <class T, class Each>
Result<void> ForAll(const Context& context, const Where& where, Each each) {
  while (true) {
    LK_ASSIGN(const auto batch, List<T>(context, where, {.limit = kBatch, .ascending = true}));
    if (batch.empty()) return {};
    for (const T& record : batch) LK_TRY(each(record));
  }
}

}  // namespace

Result<void> EraseTokens(const Context& context, std::string_view bearer_type,
                         const Uuid& bearer_id) {
  LK_TRY(context.session.Execute(
      "DELETE FROM tokens WHERE account_id = $1 AND bearer_type = $2 AND bearer_id = $3",
      Params(context.account_id(), bearer_type, bearer_id)));
  return {};
}

Result<void> EraseMachine(const Context& context, const core::Machine& machine,
                          std::string_view cause) {
  LK_TRY(store::InsertTombstone(context.session, context.vault,
                                {.kind = store::Tombstone::Kind::kMachine,
                                 .account_id = context.account_id(),
                                 .record_id = machine.id,
                                 .license_id = machine.license_id,
                                 .cause = std::string(cause),
                                 .created = context.now},
                                machine.fingerprint));
  LK_TRY(Delete<core::Machine>(context, machine.id));
  return {};
}

Result<void> EraseLicense(const Context& context, const core::License& license,
                          std::string_view cause) {
  LK_TRY(ForAll<core::Machine>(
      context, Where("license_id = ?", license.id),
      [&](const core::Machine& machine) { return EraseMachine(context, machine, cause); }));
  LK_TRY(EraseTokens(context, "licenses", license.id));
  LK_TRY(store::InsertTombstone(context.session, context.vault,
                                {.kind = store::Tombstone::Kind::kLicense,
                                 .account_id = context.account_id(),
                                 .record_id = license.id,
                                 .license_id = std::nullopt,
                                 .cause = std::string(cause),
                                 .created = context.now},
                                license.key));
  LK_TRY(Delete<core::License>(context, license.id));
  return {};
}

Result<void> ErasePolicy(const Context& context, const Uuid& policy_id) {
  LK_TRY(ForAll<core::License>(
      context, Where("policy_id = ?", policy_id),
      [&](const core::License& license) { return EraseLicense(context, license, "DELETED"); }));
  LK_TRY(Delete<core::Policy>(context, policy_id));
  return {};
}

Result<void> EraseProduct(const Context& context, const Uuid& product_id) {
  LK_TRY(ForAll<core::Policy>(
      context, Where("product_id = ?", product_id),
      [&](const core::Policy& policy) { return ErasePolicy(context, policy.id); }));
  LK_TRY(EraseTokens(context, "products", product_id));
  LK_TRY(Delete<core::Product>(context, product_id));
  return {};
}

}  // namespace latchkey::service
