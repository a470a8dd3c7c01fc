// Keys and the pools of policies they make up (licenses.md §4.5, §5).
#include "api/resources/common.h"
#include "api/resources/machine_parts.h"
#include "api/resources/routes.h"
#include "service/pool_keys.h"

namespace latchkey::api {
namespace {

using core::PoolKey;

const Schema& CreateSchema() {
  static const Schema schema{.form = Schema::Form::kCreate,
                             .resource = &core::ResourceOf<PoolKey>()};
  return schema;
}
const Schema& UpdateSchema() {
  static const Schema schema{.form = Schema::Form::kUpdate,
                             .resource = &core::ResourceOf<PoolKey>()};
  return schema;
}

void FilterById(const Call& call, std::string_view name, store::SqlLiteral sql,
                store::Where& where) {
  const auto text = call.parameter(name);
  if (!text || text->empty()) return;
  const auto id = Uuid::Parse(*text);
  where.And(id ? store::Where(sql, *id) : store::Where::Nothing());
}

Result<Reply> List(Call& call) {
  store::Where where = VisiblePoolKeys(call);
  FilterById(call, "product", "pool_keys.product_id = ?", where);
  FilterById(call, "policy", "pool_keys.policy_id = ?", where);
  return ListPlain<PoolKey>(call, where);
}
Result<Reply> ListPool(Call& call) {
  store::Where where = VisiblePoolKeys(call);
  where.And("pool_keys.policy_id = ?", call.policy->id);
  return ListPlain<PoolKey>(call, where);
}
Result<Reply> Show(Call& call) { return DocumentReply(call, RecordView<PoolKey>(*call.pool_key)); }

Result<Reply> Create(Call& call) {
  PoolKey record;
  LK_TRY(Strict(Apply(call.document, core::ResourceOf<PoolKey>(), &record)));
  LK_ASSIGN(const auto policy, PolicyOfBody(call));
  LK_ASSIGN(const PoolKey created,
            service::CreatePoolKey(call.context(), std::move(record), policy ? &*policy : nullptr));
  return CreatedReply(call, RecordView<PoolKey>(created));
}

Result<Reply> Update(Call& call) {
  LK_TRY(Strict(Apply(call.document, core::ResourceOf<PoolKey>(), &*call.pool_key)));
  LK_TRY(service::UpdatePoolKey(call.context(), *call.pool_key));
  return Show(call);
}

Result<Reply> Delete(Call& call) {
  LK_TRY(service::DeletePoolKey(call.context(), *call.pool_key));
  return EmptyReply();
}

Result<Reply> Pop(Call& call) {
  LK_ASSIGN(const PoolKey popped, service::PopPool(call.context(), *call.policy));
  return DocumentReply(call, RecordView<PoolKey>(popped));
}

Result<Reply> ShowProduct(Call& call) { return ProductReply(call, call.pool_key->product_id); }
Result<Reply> ShowPolicy(Call& call) {
  LK_ASSIGN(const auto policy,
            service::Find<core::Policy>(call.context(), call.pool_key->policy_id));
  if (!policy) return NotFound("policy", {});
  return DocumentReply(call, RecordView<core::Policy>(*policy));
}

// A product may only fill pools of its own; an unknown policy is 403 for it and 422 for the others.
Result<Target> CreateTarget(Call& call) {
  LK_ASSIGN(const auto policy, PolicyOfBody(call));
  return policy ? TargetOf(*policy) : Target{};
}
Result<Target> PolicyTarget(Call& call) { return TargetOf(*call.policy); }

constexpr Rule kList{.permission = "key.read", .staff = core::kRD, .product = ProductRule::kAll};
constexpr Rule Read(std::string_view permission) {
  return {.permission = permission, .staff = core::kRD, .product = ProductRule::kOwn};
}
constexpr Rule Write(std::string_view permission) {
  return {.permission = permission, .staff = core::kW3, .product = ProductRule::kOwn};
}

const Route kRoutes[] = {
    {.method = "GET", .pattern = "/keys", .handle = List, .rule = kList, .topic = "keys"},
    {.method = "POST",
     .pattern = "/keys",
     .handle = Create,
     .lane = Lane::kWrite,
     .rule = Write("key.create"),
     .schema = &CreateSchema(),
     .order = Order::kSchemaFirst,
     .topic = "keys",
     .target = CreateTarget},
    {.method = "GET",
     .pattern = "/keys/{key}",
     .handle = Show,
     .rule = Read("key.read"),
     .topic = "keys"},
    {.method = "PATCH",
     .pattern = "/keys/{key}",
     .handle = Update,
     .lane = Lane::kWrite,
     .rule = Write("key.update"),
     .schema = &UpdateSchema(),
     .topic = "keys"},
    {.method = "PUT",
     .pattern = "/keys/{key}",
     .handle = Update,
     .lane = Lane::kWrite,
     .rule = Write("key.update"),
     .schema = &UpdateSchema(),
     .topic = "keys"},
    {.method = "DELETE",
     .pattern = "/keys/{key}",
     .handle = Delete,
     .lane = Lane::kWrite,
     .rule = Write("key.delete"),
     .topic = "keys"},
    {.method = "GET",
     .pattern = "/keys/{key}/product",
     .handle = ShowProduct,
     .rule = Read("product.read"),
     .topic = "products"},
    {.method = "GET",
     .pattern = "/keys/{key}/policy",
     .handle = ShowPolicy,
     .rule = Read("policy.read"),
     .topic = "policies"},
    {.method = "GET",
     .pattern = "/policies/{policy}/pool",
     .handle = ListPool,
     .rule = Read("key.read"),
     .topic = "keys"},
    {.method = "GET",
     .pattern = "/policies/{policy}/pool/{key}",
     .handle = Show,
     .rule = Read("key.read"),
     .topic = "keys",
     .target = PolicyTarget},
    {.method = "DELETE",
     .pattern = "/policies/{policy}/pool",
     .handle = Pop,
     .lane = Lane::kWrite,
     .rule = Write("policy.pool.pop"),
     .topic = "policies"},
};

}  // namespace

std::span<const Route> PoolKeyRoutes() { return kRoutes; }

}  // namespace latchkey::api
