// Licenses and what hangs on them (licenses.md §6, §7).
#include "service/licenses.h"
#include "api/filters.h"
#include "api/resources/common.h"
#include "api/resources/routes.h"
#include "api/resources/token_body.h"
#include "service/attachments.h"
#include "service/tokens.h"

namespace latchkey::api {
namespace {

using core::License;

const Schema& CreateSchema() {
  static const Schema schema{.form = Schema::Form::kCreate,
                             .resource = &core::ResourceOf<License>(),
                             .id_roles = core::kStaffCreate,
                             .alias = {"user", "owner"}};
  return schema;
}
const Schema& UpdateSchema() {
  static const Schema schema{.form = Schema::Form::kUpdate,
                             .resource = &core::ResourceOf<License>()};
  return schema;
}
constexpr Schema kAttach{.form = Schema::Form::kToMany, .linkage_type = "entitlements"};
constexpr Schema kTransfer{
    .form = Schema::Form::kToOne, .linkage_type = "policies", .linkage_nullable = false};
constexpr Joined kJoined{"license-entitlements", "license", "licenses", "entitlement",
                         "entitlements"};

// License tokens also carry their counters' maxima.
const Schema& TokenSchema() {
  static const std::vector<core::Attribute> attributes = [] {
    std::vector<core::Attribute> all(TokenAttributes().begin(), TokenAttributes().end());
    for (const std::string_view name : {"max_activations", "max_deactivations"})
      all.push_back(*core::FindAttribute(core::ResourceOf<core::Token>(), name));
    for (core::Attribute& attribute : all)
      if (attribute.name == "permissions") attribute.create = core::kW3 | core::Role::kProduct;
    return all;
  }();
  static const Schema schema{.form = Schema::Form::kCreate,
                             .resource = &core::ResourceOf<core::Token>(),
                             .data_optional = true,
                             .attributes = attributes};
  return schema;
}

Result<Reply> List(Call& call) {
  store::Where where = VisibleLicenses(call);
  const store::Where filters = LicenseFilters(call);
  where.And(filters);
  return ListLicenses(call, where);
}

Result<Reply> Show(Call& call) { return LicenseReply(call, *call.license); }

Result<Reply> Create(Call& call) {
  service::NewLicense wanted;
  if (call.document.id) wanted.record.id = *call.document.id;
  LK_TRY(Strict(Apply(call.document, core::ResourceOf<License>(), &wanted.record)));
  wanted.record.group_id = LinkedId(call, "group");
  wanted.record.owner_id = LinkedId(call, "owner");
  LK_ASSIGN(const auto policy, PolicyOfBody(call));
  if (policy) wanted.record.policy_id = policy->id;
  wanted.key_given = call.document.Attribute("key") != nullptr;
  wanted.protected_given = call.document.Attribute("protected") != nullptr;
  wanted.permissions_given = call.document.Attribute("permissions") != nullptr;
  SortNames(wanted.record.permissions);
  LK_ASSIGN(service::CreatedLicense created,
            service::CreateLicense(call.context(), std::move(wanted), policy ? &*policy : nullptr));
  Related related(call);
  LK_ASSIGN(LicenseView view, LicenseView::Of(related, created.record, call.now));
  if (created.plain_key) view.ShowKey(*created.plain_key);
  return CreatedReply(call, view);
}

Result<core::Policy> PolicyOf(Call& call, const License& license) {
  LK_ASSIGN(auto policy, service::FindPolicy(call.context(), license.policy_id));
  if (!policy) return Error{Errc::kDamaged, "license without policy"};
  return std::move(*policy);
}

Result<Reply> Update(Call& call) {
  const License before = *call.license;
  LK_TRY(Strict(Apply(call.document, core::ResourceOf<License>(), &*call.license)));
  SortNames(call.license->permissions);
  LK_ASSIGN(const core::Policy policy, PolicyOf(call, before));
  LK_TRY(service::UpdateLicense(call.context(), *call.license, before, policy));
  return Show(call);
}

Result<Reply> Delete(Call& call) {
  LK_TRY(service::DeleteLicense(call.context(), *call.license));
  return EmptyReply();
}

Result<Reply> ShowProduct(Call& call) {
  LK_ASSIGN(const auto product,
            service::Find<core::Product>(call.context(), call.license->product_id));
  if (!product) return NotFound("product", {});
  return DocumentReply(call, RecordView<core::Product>(*product));
}

Result<Reply> ShowPolicy(Call& call) {
  LK_ASSIGN(const core::Policy policy, PolicyOf(call, *call.license));
  return DocumentReply(call, RecordView<core::Policy>(policy));
}

Result<Reply> Transfer(Call& call) {
  LK_ASSIGN(const core::Policy from, PolicyOf(call, *call.license));
  LK_ASSIGN(const auto to, service::FindPolicy(call.context(), call.document.linkage->id));
  // A product may only move licenses among its own policies; an unknown policy is 403 for it.
  // Users: neither policy protected.
  if (call.actor.role == core::Role::kProduct && (!to || to->product_id != call.actor.id))
    return Errc::kForbidden;
  if (call.actor.role == core::Role::kUser && to && to->protected_) return Errc::kForbidden;
  LK_TRY(service::ChangePolicy(call.context(), *call.license, from, to ? &*to : nullptr));
  return Show(call);
}

Result<Reply> ListEntitlements(Call& call) {
  return ListPlain<core::Entitlement>(
      call, store::Where("(entitlements.id IN (SELECT entitlement_id FROM license_entitlements "
                         "WHERE license_id = ?) OR "
                         "entitlements.id IN (SELECT entitlement_id FROM policy_entitlements WHERE "
                         "policy_id = ?))",
                         call.license->id, call.license->policy_id));
}
Result<Reply> ShowEntitlement(Call& call) {
  return DocumentReply(call, RecordView<core::Entitlement>(*call.entitlement));
}

Result<Reply> Attach(Call& call) {
  const auto ids = IdsOf(call.document.linkages);
  LK_ASSIGN(const auto made, service::AttachToLicense(call.context(), *call.license, ids));
  std::vector<JoinRow> rows;
  for (const auto& row : made)
    rows.push_back({row.id, row.owner_id, row.entitlement_id, row.created, row.updated});
  return JoinReply(call, kJoined, rows);
}
Result<Reply> Detach(Call& call) {
  const auto ids = IdsOf(call.document.linkages);
  LK_TRY(service::DetachFromLicense(call.context(), *call.license, ids));
  return EmptyReply();
}

Result<Reply> ListLicenseMachines(Call& call) {
  store::Where where = VisibleMachines(call);
  where.And("machines.license_id = ?", call.license->id);
  constexpr std::string_view kFilters[] = {"fingerprint", "product", "user"};
  LK_ASSIGN(const store::Where filters, MachineFilters(call, kFilters));
  where.And(filters);
  return ListMachines(call, where);
}
Result<Reply> ShowMachine(Call& call) { return MachineReply(call, *call.machine); }

Result<Reply> ListLicenseTokens(Call& call) {
  store::Where where = VisibleTokens(call);
  where.And("tokens.bearer_type = 'licenses' AND tokens.bearer_id = ?", call.license->id);
  return ListTokens(call, where);
}
Result<Reply> ShowToken(Call& call) { return TokenReply(call, *call.token); }
Result<Reply> CreateToken(Call& call) {
  LK_ASSIGN(const service::IssuedToken issued,
            service::GenerateLicenseToken(call.context(), call.license->id,
                                          call.license->permissions, TokenDraft(call.document)));
  return TokenReply(call, issued.token, issued.raw);
}

// The policy that the body names decides: a product's own, or for users one that is not protected
// (with oneself as owner).
Result<Target> CreateTarget(Call& call) {
  LK_ASSIGN(const auto policy, PolicyOfBody(call));
  Target target;
  if (policy) target = TargetOf(*policy);
  if (const auto owner = call.document.Relationship("owner"); owner && *owner)
    target.license_owner_id = (*owner)->id;
  return target;
}
Result<Target> LicenseTarget(Call& call) { return TargetOf(call, *call.license); }

constexpr Rule kListRule{.permission = "license.read",
                         .staff = core::kRD,
                         .product = ProductRule::kAll,
                         .user = UserRule::kVisible};
constexpr Rule Read(std::string_view permission) {
  return {.permission = permission,
          .staff = core::kRD,
          .product = ProductRule::kOwn,
          .user = UserRule::kVisible,
          .license = LicenseRule::kOwn};
}
constexpr Rule kCreateRule{.permission = "license.create",
                           .staff = core::kW2,
                           .product = ProductRule::kOwn,
                           .user = UserRule::kOwner,
                           .user_unless_policy_protected = true};
constexpr Rule kUpdateRule{
    .permission = "license.update", .staff = core::kW1, .product = ProductRule::kOwn};
constexpr Rule kDeleteRule{.permission = "license.delete",
                           .staff = core::kW2,
                           .product = ProductRule::kOwn,
                           .user = UserRule::kOwner,
                           .user_unless_policy_protected = true};
constexpr Rule kTransferRule{.permission = "license.policy.update",
                             .staff = core::kW2,
                             .product = ProductRule::kOwn,
                             .user = UserRule::kOwner,
                             .user_unless_protected = true};
constexpr Rule Staff(std::string_view permission, core::Roles staff = core::kW2) {
  return {.permission = permission, .staff = staff, .product = ProductRule::kOwn};
}

const Route kRoutes[] = {
    {.method = "GET",
     .pattern = "/licenses",
     .handle = List,
     .rule = kListRule,
     .topic = "licenses"},
    {.method = "POST",
     .pattern = "/licenses",
     .handle = Create,
     .lane = Lane::kWrite,
     .rule = kCreateRule,
     .schema = &CreateSchema(),
     .order = Order::kSchemaFirst,
     .topic = "licenses",
     .target = CreateTarget},
    {.method = "GET",
     .pattern = "/licenses/{license}",
     .handle = Show,
     .rule = Read("license.read"),
     .topic = "licenses"},
    {.method = "PATCH",
     .pattern = "/licenses/{license}",
     .handle = Update,
     .lane = Lane::kWrite,
     .rule = kUpdateRule,
     .schema = &UpdateSchema(),
     .topic = "licenses"},
    {.method = "PUT",
     .pattern = "/licenses/{license}",
     .handle = Update,
     .lane = Lane::kWrite,
     .rule = kUpdateRule,
     .schema = &UpdateSchema(),
     .topic = "licenses"},
    {.method = "DELETE",
     .pattern = "/licenses/{license}",
     .handle = Delete,
     .lane = Lane::kWrite,
     .rule = kDeleteRule,
     .topic = "licenses"},
    {.method = "GET",
     .pattern = "/licenses/{license}/product",
     .handle = ShowProduct,
     .rule = Read("product.read"),
     .topic = "products"},
    {.method = "GET",
     .pattern = "/licenses/{license}/policy",
     .handle = ShowPolicy,
     .rule = Read("policy.read"),
     .topic = "policies"},
    {.method = "PUT",
     .pattern = "/licenses/{license}/policy",
     .handle = Transfer,
     .lane = Lane::kWrite,
     .rule = kTransferRule,
     .schema = &kTransfer,
     .order = Order::kSchemaFirst,
     .topic = "licenses"},
    {.method = "PATCH",
     .pattern = "/licenses/{license}/policy",
     .handle = Transfer,
     .lane = Lane::kWrite,
     .rule = kTransferRule,
     .schema = &kTransfer,
     .order = Order::kSchemaFirst,
     .topic = "licenses"},
    {.method = "GET",
     .pattern = "/licenses/{license}/entitlements",
     .handle = ListEntitlements,
     .rule = Read("entitlement.read"),
     .topic = "entitlements"},
    {.method = "GET",
     .pattern = "/licenses/{license}/entitlements/{entitlement}",
     .handle = ShowEntitlement,
     .rule = Read("entitlement.read"),
     .topic = "entitlements",
     .target = LicenseTarget},
    {.method = "POST",
     .pattern = "/licenses/{license}/entitlements",
     .handle = Attach,
     .lane = Lane::kWrite,
     .rule = Staff("license.entitlements.attach"),
     .schema = &kAttach,
     .order = Order::kSchemaFirst,
     .topic = "entitlements"},
    {.method = "DELETE",
     .pattern = "/licenses/{license}/entitlements",
     .handle = Detach,
     .lane = Lane::kWrite,
     .rule = Staff("license.entitlements.detach"),
     .schema = &kAttach,
     .order = Order::kSchemaFirst,
     .topic = "entitlements"},
    {.method = "GET",
     .pattern = "/licenses/{license}/machines",
     .handle = ListLicenseMachines,
     .rule = Read("machine.read"),
     .topic = "machines"},
    {.method = "GET",
     .pattern = "/licenses/{license}/machines/{machine}",
     .handle = ShowMachine,
     .rule = Read("machine.read"),
     .topic = "machines",
     .target = LicenseTarget},
    {.method = "GET",
     .pattern = "/licenses/{license}/tokens",
     .handle = ListLicenseTokens,
     .rule = Staff("token.read", core::kRD),
     .topic = "tokens"},
    {.method = "GET",
     .pattern = "/licenses/{license}/tokens/{token}",
     .handle = ShowToken,
     .rule = Staff("token.read", core::kRD),
     .topic = "tokens",
     .target = LicenseTarget},
    {.method = "POST",
     .pattern = "/licenses/{license}/tokens",
     .handle = CreateToken,
     .lane = Lane::kWrite,
     .rule = Staff("license.tokens.generate"),
     .schema = &TokenSchema(),
     .order = Order::kSchemaFirst,
     .topic = "tokens"},
};

}  // namespace

std::span<const Route> LicenseRoutes() { return kRoutes; }

}  // namespace latchkey::api
