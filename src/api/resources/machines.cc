// Machines (machines.md §1, §2), check-out and takeover apart.
#include "service/machines.h"
#include "api/filters.h"
#include "api/resources/common.h"
#include "api/resources/machine_parts.h"
#include "api/resources/routes.h"
#include "service/licenses.h"

namespace latchkey::api {
namespace {

using core::Machine;

const Schema& CreateSchema() {
  static const Schema schema{.form = Schema::Form::kCreate,
                             .resource = &core::ResourceOf<Machine>(),
                             .id_roles = core::kEveryBearer,
                             .embedded_name = "components",
                             .embedded = &core::ResourceOf<core::Component>()};
  return schema;
}
const Schema& UpdateSchema() {
  static const Schema schema{.form = Schema::Form::kUpdate,
                             .resource = &core::ResourceOf<Machine>()};
  return schema;
}

struct Parents {
  core::License license;
  core::Policy policy;
};
Result<Parents> ParentsOf(Call& call) {
  LK_ASSIGN(auto license, service::Find<core::License>(call.context(), call.machine->license_id));
  if (!license) return Error{Errc::kDamaged, "machine without license"};
  LK_ASSIGN(auto policy, service::FindPolicy(call.context(), license->policy_id));
  if (!policy) return Error{Errc::kDamaged, "license without policy"};
  return Parents{std::move(*license), std::move(*policy)};
}

Result<Reply> List(Call& call) {
  store::Where where = VisibleMachines(call);
  LK_ASSIGN(const store::Where filters, MachineFilters(call));
  where.And(filters);
  return ListMachines(call, where);
}

Result<Reply> Show(Call& call) { return MachineReply(call, *call.machine); }

Result<Reply> Create(Call& call) {
  LK_ASSIGN(auto components, ComponentsOfBody(call));
  Machine record;
  if (call.document.id) record.id = *call.document.id;
  LK_TRY(Strict(Apply(call.document, core::ResourceOf<Machine>(), &record)));
  record.group_id = LinkedId(call, "group");
  record.owner_id = LinkedId(call, "owner");
  LK_ASSIGN(auto license, LicenseOfBody(call));
  std::optional<core::Policy> policy;
  if (license) {
    LK_ASSIGN(policy, service::FindPolicy(call.context(), license->policy_id));
  }
  LK_ASSIGN(const Machine created,
            service::CreateMachine(call.context(), std::move(record), license ? &*license : nullptr,
                                   policy ? &*policy : nullptr, std::move(components)));
  Related related(call);
  related.Keep(std::move(*license));
  related.Keep(*policy);
  LK_ASSIGN(const MachineView view, MachineView::Of(related, created, call));
  return CreatedReply(call, view);
}

Result<Reply> Update(Call& call) {
  const Machine before = *call.machine;
  LK_TRY(Strict(Apply(call.document, core::ResourceOf<Machine>(), &*call.machine)));
  LK_ASSIGN(const Parents parents, ParentsOf(call));
  LK_TRY(service::UpdateMachine(call.context(), *call.machine, before, parents.license,
                                parents.policy));
  return Show(call);
}

Result<Reply> Delete(Call& call) {
  LK_TRY(service::DeleteMachine(call.context(), *call.machine));
  return EmptyReply();
}

Result<Reply> Ping(Call& call) {
  LK_ASSIGN(const Parents parents, ParentsOf(call));
  const TimePoint since = call.machine->last_heartbeat.value_or(call.machine->created);
  LK_ASSIGN(const bool revived, service::PingMachine(call.context(), *call.machine, parents.policy,
                                                     call.downtime(since, call.now)));
  Related related(call);
  LK_ASSIGN(MachineView view, MachineView::Of(related, *call.machine, call));
  if (revived) view.ShowResurrected();
  return DocumentReply(call, view);
}

Result<Reply> Reset(Call& call) {
  LK_TRY(service::ResetHeartbeat(call.context(), *call.machine));
  return Show(call);
}

Result<Reply> ShowProduct(Call& call) {
  LK_ASSIGN(const auto product,
            service::Find<core::Product>(call.context(), call.machine->product_id));
  if (!product) return NotFound("product", {});
  return DocumentReply(call, RecordView<core::Product>(*product));
}

Result<Reply> ShowLicense(Call& call) {
  LK_ASSIGN(const auto license,
            service::Find<core::License>(call.context(), call.machine->license_id));
  if (!license) return NotFound("license", {});
  return LicenseReply(call, *license);
}

// Whose license the body names decides. An unknown license is 403 for bearers whose rule asks for
// it, 422 for the rest.
Result<Target> CreateTarget(Call& call) {
  const auto linkage = call.document.Relationship("license");
  const auto& own = call.actor.license;  // read by authentication, in this very transaction
  if (own && linkage && *linkage && (*linkage)->id == own->id) return TargetOf(call, *own);
  LK_ASSIGN(const auto license, LicenseOfBody(call));
  if (!license) return Target{};
  LK_ASSIGN(Target target, TargetOf(call, *license));
  // Who is attached to the license may add machines of its own.
  if (target.actor_is_licensee) target.machine_owner_id = LinkedId(call, "owner");
  return target;
}

constexpr Rule kListRule{.permission = "machine.read",
                         .staff = core::kRD,
                         .product = ProductRule::kAll,
                         .user = UserRule::kVisible,
                         .license = LicenseRule::kVisible};
constexpr Rule Read(std::string_view permission) {
  return {.permission = permission,
          .staff = core::kRD,
          .product = ProductRule::kOwn,
          .user = UserRule::kVisible,
          .license = LicenseRule::kOwn};
}
constexpr Rule Write(std::string_view permission, core::Roles staff) {
  return {.permission = permission,
          .staff = staff,
          .product = ProductRule::kOwn,
          .user = UserRule::kOwner,
          .license = LicenseRule::kOwn,
          .user_unless_protected = true};
}
constexpr Rule kUpdateRule{.permission = "machine.update",
                           .staff = core::kW1,
                           .product = ProductRule::kOwn,
                           .user = UserRule::kOwner,
                           .license = LicenseRule::kOwn,
                           .user_unless_protected = true,
                           .license_unless_protected = true};
constexpr Rule kResetRule{
    .permission = "machine.heartbeat.reset", .staff = core::kW2, .product = ProductRule::kOwn};

const Route kRoutes[] = {
    {.method = "GET",
     .pattern = "/machines",
     .handle = List,
     .rule = kListRule,
     .topic = "machines"},
    {.method = "POST",
     .pattern = "/machines",
     .handle = Create,
     .lane = Lane::kWrite,
     .rule = Write("machine.create", core::kW2),
     .schema = &CreateSchema(),
     .order = Order::kSchemaFirst,
     .topic = "machines",
     .target = CreateTarget},
    {.method = "GET",
     .pattern = "/machines/{machine}",
     .handle = Show,
     .rule = Read("machine.read"),
     .topic = "machines"},
    {.method = "PATCH",
     .pattern = "/machines/{machine}",
     .handle = Update,
     .lane = Lane::kWrite,
     .rule = kUpdateRule,
     .schema = &UpdateSchema(),
     .topic = "machines"},
    {.method = "PUT",
     .pattern = "/machines/{machine}",
     .handle = Update,
     .lane = Lane::kWrite,
     .rule = kUpdateRule,
     .schema = &UpdateSchema(),
     .topic = "machines"},
    {.method = "DELETE",
     .pattern = "/machines/{machine}",
     .handle = Delete,
     .lane = Lane::kWrite,
     .rule = Write("machine.delete", core::kW2),
     .topic = "machines"},
    {.method = "POST",
     .pattern = "/machines/{machine}/actions/ping",
     .handle = Ping,
     .lane = Lane::kWrite,
     .rule = Write("machine.heartbeat.ping", core::kW3),
     .topic = "machines"},
    {.method = "POST",
     .pattern = "/machines/{machine}/actions/ping-heartbeat",
     .handle = Ping,
     .lane = Lane::kWrite,
     .rule = Write("machine.heartbeat.ping", core::kW3),
     .topic = "machines"},
    {.method = "POST",
     .pattern = "/machines/{machine}/actions/reset",
     .handle = Reset,
     .lane = Lane::kWrite,
     .rule = kResetRule,
     .topic = "machines"},
    {.method = "POST",
     .pattern = "/machines/{machine}/actions/reset-heartbeat",
     .handle = Reset,
     .lane = Lane::kWrite,
     .rule = kResetRule,
     .topic = "machines"},
    {.method = "GET",
     .pattern = "/machines/{machine}/product",
     .handle = ShowProduct,
     .rule = Read("product.read"),
     .topic = "products"},
    {.method = "GET",
     .pattern = "/machines/{machine}/license",
     .handle = ShowLicense,
     .rule = Read("license.read"),
     .topic = "licenses"},
};

}  // namespace

std::span<const Route> MachineRoutes() { return kRoutes; }

}  // namespace latchkey::api
