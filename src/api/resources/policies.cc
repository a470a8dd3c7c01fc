// Policies (licenses.md §4).
#include "service/policies.h"
#include "api/filters.h"
#include "api/resources/common.h"
#include "api/resources/routes.h"
#include "service/attachments.h"

namespace latchkey::api {
namespace {

using core::Policy;

const Schema& CreateSchema() {
  static const Schema schema{.form = Schema::Form::kCreate,
                             .resource = &core::ResourceOf<Policy>()};
  return schema;
}
const Schema& UpdateSchema() {
  static const Schema schema{.form = Schema::Form::kUpdate,
                             .resource = &core::ResourceOf<Policy>()};
  return schema;
}
constexpr Schema kAttach{.form = Schema::Form::kToMany, .linkage_type = "entitlements"};
constexpr Joined kJoined{"policy-entitlements", "policy", "policies", "entitlement",
                         "entitlements"};

Result<Reply> List(Call& call) {
  store::Where where = VisiblePolicies(call);
  if (const auto product = call.parameter("product"); product && !product->empty()) {
    const auto id = Uuid::Parse(*product);
    where.And(id ? store::Where("policies.product_id = ?", *id) : store::Where::Nothing());
  }
  return ListPlain<Policy>(call, where);
}
Result<Reply> Show(Call& call) { return DocumentReply(call, RecordView<Policy>(*call.policy)); }

Result<Reply> Create(Call& call) {
  Policy record;
  record.product_id = (*call.document.Relationship("product"))->id;
  auto violations = Apply(call.document, core::ResourceOf<Policy>(), &record);
  std::vector<std::string_view> given;
  for (const auto& [attribute, value] : call.document.attributes)
    if (!std::holds_alternative<std::monostate>(value)) given.push_back(attribute->name);
  LK_ASSIGN(const Policy created,
            service::CreatePolicy(call.context(), std::move(record), given, std::move(violations)));
  return CreatedReply(call, RecordView<Policy>(created));
}

Result<Reply> Update(Call& call) {
  auto violations = Apply(call.document, core::ResourceOf<Policy>(), &*call.policy);
  LK_TRY(service::UpdatePolicy(call.context(), *call.policy, std::move(violations)));
  return Show(call);
}

Result<Reply> Delete(Call& call) {
  LK_TRY(service::DeletePolicy(call.context(), *call.policy));
  return EmptyReply();
}

Result<Reply> ShowProduct(Call& call) {
  LK_ASSIGN(const auto product,
            service::Find<core::Product>(call.context(), call.policy->product_id));
  if (!product) return NotFound("product", {});
  return DocumentReply(call, RecordView<core::Product>(*product));
}

Result<Reply> ListPolicyLicenses(Call& call) {
  store::Where where = VisibleLicenses(call);
  where.And("licenses.policy_id = ?", call.policy->id);
  constexpr std::string_view kFilters[] = {"product", "user", "suspended"};
  const store::Where filters = LicenseFilters(call, kFilters);
  where.And(filters);
  return ListLicenses(call, where);
}
Result<Reply> ShowLicense(Call& call) { return LicenseReply(call, *call.license); }

Result<Reply> ListEntitlements(Call& call) {
  return ListPlain<core::Entitlement>(
      call,
      store::Where(
          "entitlements.id IN (SELECT entitlement_id FROM policy_entitlements WHERE policy_id = ?)",
          call.policy->id));
}
Result<Reply> ShowEntitlement(Call& call) {
  return DocumentReply(call, RecordView<core::Entitlement>(*call.entitlement));
}

Result<Reply> Attach(Call& call) {
  const auto ids = IdsOf(call.document.linkages);
  LK_ASSIGN(const auto made, service::AttachToPolicy(call.context(), *call.policy, ids));
  std::vector<JoinRow> rows;
  for (const auto& row : made)
    rows.push_back({row.id, row.owner_id, row.entitlement_id, row.created, row.updated});
  return JoinReply(call, kJoined, rows);
}
Result<Reply> Detach(Call& call) {
  const auto ids = IdsOf(call.document.linkages);
  LK_TRY(service::DetachFromPolicy(call.context(), *call.policy, ids));
  return EmptyReply();
}

// A product may only make policies of its own; an unknown product is 403 for it and 422 for the
// others (licenses.md §4.1).
Result<Target> CreateTarget(Call& call) {
  const auto linkage = call.document.Relationship("product");
  return Target{.product_id = linkage && *linkage ? std::optional((*linkage)->id) : std::nullopt};
}
Result<Target> PolicyTarget(Call& call) { return TargetOf(*call.policy); }

constexpr Rule kRead{.permission = "policy.read",
                     .staff = core::kRD,
                     .product = ProductRule::kOwn,
                     .user = UserRule::kVisible,
                     .license = LicenseRule::kVisible};
constexpr Rule kList{.permission = "policy.read",
                     .staff = core::kRD,
                     .product = ProductRule::kAll,
                     .user = UserRule::kVisible,
                     .license = LicenseRule::kVisible};
constexpr Rule Write(std::string_view permission, core::Roles staff = core::kW2) {
  return {.permission = permission, .staff = staff, .product = ProductRule::kOwn};
}
constexpr Rule ReadBelow(std::string_view permission) {
  return {.permission = permission, .staff = core::kRD, .product = ProductRule::kOwn};
}

const Route kRoutes[] = {
    {.method = "GET", .pattern = "/policies", .handle = List, .rule = kList, .topic = "policies"},
    {.method = "POST",
     .pattern = "/policies",
     .handle = Create,
     .lane = Lane::kWrite,
     .rule = Write("policy.create"),
     .schema = &CreateSchema(),
     .order = Order::kSchemaFirst,
     .topic = "policies",
     .target = CreateTarget},
    {.method = "GET",
     .pattern = "/policies/{policy}",
     .handle = Show,
     .rule = kRead,
     .topic = "policies"},
    {.method = "PATCH",
     .pattern = "/policies/{policy}",
     .handle = Update,
     .lane = Lane::kWrite,
     .rule = Write("policy.update"),
     .schema = &UpdateSchema(),
     .topic = "policies"},
    {.method = "PUT",
     .pattern = "/policies/{policy}",
     .handle = Update,
     .lane = Lane::kWrite,
     .rule = Write("policy.update"),
     .schema = &UpdateSchema(),
     .topic = "policies"},
    {.method = "DELETE",
     .pattern = "/policies/{policy}",
     .handle = Delete,
     .lane = Lane::kWrite,
     .rule = Write("policy.delete", core::kW3),
     .topic = "policies"},
    {.method = "GET",
     .pattern = "/policies/{policy}/product",
     .handle = ShowProduct,
     .rule = ReadBelow("product.read"),
     .topic = "products"},
    {.method = "GET",
     .pattern = "/policies/{policy}/licenses",
     .handle = ListPolicyLicenses,
     .rule = ReadBelow("license.read"),
     .topic = "licenses"},
    {.method = "GET",
     .pattern = "/policies/{policy}/licenses/{license}",
     .handle = ShowLicense,
     .rule = ReadBelow("license.read"),
     .topic = "licenses",
     .target = PolicyTarget},
    {.method = "GET",
     .pattern = "/policies/{policy}/entitlements",
     .handle = ListEntitlements,
     .rule = ReadBelow("entitlement.read"),
     .topic = "entitlements"},
    {.method = "GET",
     .pattern = "/policies/{policy}/entitlements/{entitlement}",
     .handle = ShowEntitlement,
     .rule = ReadBelow("entitlement.read"),
     .topic = "entitlements",
     .target = PolicyTarget},
    {.method = "POST",
     .pattern = "/policies/{policy}/entitlements",
     .handle = Attach,
     .lane = Lane::kWrite,
     .rule = Write("policy.entitlements.attach"),
     .schema = &kAttach,
     .order = Order::kSchemaFirst,
     .topic = "entitlements"},
    {.method = "DELETE",
     .pattern = "/policies/{policy}/entitlements",
     .handle = Detach,
     .lane = Lane::kWrite,
     .rule = Write("policy.entitlements.detach"),
     .schema = &kAttach,
     .order = Order::kSchemaFirst,
     .topic = "entitlements"},
};

}  // namespace

std::span<const Route> PolicyRoutes() { return kRoutes; }

}  // namespace latchkey::api
