// Owner and users of a license, owner of a machine (licenses.md §7.6, machines.md §1.9).
#include "service/license_users.h"
#include "api/resources/common.h"
#include "api/resources/routes.h"
#include "service/licenses.h"

namespace latchkey::api {
namespace {

constexpr Schema kOwner{.form = Schema::Form::kToOne, .linkage_type = "users"};
constexpr Schema kUsers{.form = Schema::Form::kToMany, .linkage_type = "users"};
constexpr Joined kJoined{"license-users", "license", "licenses", "user", "users"};

Result<Reply> UserOrNull(Call& call, const std::optional<Uuid>& id) {
  if (!id) return NullReply();
  LK_ASSIGN(const auto user, service::Find<core::User>(call.context(), *id));
  if (!user) return NullReply();
  LK_ASSIGN(const UserView view, UserView::Of(call, *user));
  return DocumentReply(call, view);
}

Result<core::Policy> PolicyOf(Call& call) {
  LK_ASSIGN(auto policy, service::FindPolicy(call.context(), call.license->policy_id));
  if (!policy) return Error{Errc::kDamaged, "license without policy"};
  return std::move(*policy);
}

std::optional<Uuid> Wanted(const Call& call) {
  const auto& linkage = call.document.linkage;
  return linkage ? std::optional(linkage->id) : std::nullopt;
}

Result<Reply> ShowOwner(Call& call) { return UserOrNull(call, call.license->owner_id); }

Result<Reply> Change(Call& call, std::string_view event) {
  LK_ASSIGN(const core::Policy policy, PolicyOf(call));
  LK_TRY(service::ChangeOwner(call.context(), *call.license, policy, Wanted(call), event));
  return LicenseReply(call, *call.license);
}
Result<Reply> ChangeOwner(Call& call) { return Change(call, "license.owner.updated"); }
Result<Reply> ChangeUser(Call& call) { return Change(call, "license.user.updated"); }

Result<Reply> ListLicenseUsers(Call& call) {
  store::Where where = VisibleUsers(call);
  where.And(UsersOf(*call.license));
  return ListUsers(call, where);
}
Result<Reply> ShowUser(Call& call) { return UserOrNull(call, call.user->id); }

Result<Reply> Attach(Call& call) {
  LK_ASSIGN(const core::Policy policy, PolicyOf(call));
  const auto ids = IdsOf(call.document.linkages);
  LK_ASSIGN(const auto made, service::AttachUsers(call.context(), *call.license, policy, ids));
  std::vector<JoinRow> rows;
  for (const auto& row : made)
    rows.push_back({row.id, row.license_id, row.user_id, row.created, row.updated});
  return JoinReply(call, kJoined, rows);
}
Result<Reply> Detach(Call& call) {
  const auto ids = IdsOf(call.document.linkages);
  LK_TRY(service::DetachUsers(call.context(), *call.license, ids));
  return EmptyReply();
}

Result<std::optional<core::License>> LicenseOf(Call& call) {
  return service::Find<core::License>(call.context(), call.machine->license_id);
}
Result<Reply> ShowMachineOwner(Call& call) { return UserOrNull(call, call.machine->owner_id); }
Result<Reply> ShowMachineUser(Call& call) {
  LK_ASSIGN(const auto license, LicenseOf(call));
  return UserOrNull(call, license ? license->owner_id : std::nullopt);
}
Result<Reply> ChangeMachineOwner(Call& call) {
  LK_ASSIGN(const auto license, LicenseOf(call));
  if (!license) return Error{Errc::kDamaged, "machine without license"};
  LK_TRY(service::ChangeMachineOwner(call.context(), *call.machine, *license, Wanted(call)));
  return MachineReply(call, *call.machine);
}

Result<Target> LicenseTarget(Call& call) { return TargetOf(call, *call.license); }

constexpr Rule kRead{.permission = "user.read",
                     .staff = core::kRD,
                     .product = ProductRule::kOwn,
                     .user = UserRule::kVisible,
                     .license = LicenseRule::kOwn};
constexpr Rule Staff(std::string_view permission) {
  return {.permission = permission, .staff = core::kW2, .product = ProductRule::kOwn};
}
constexpr Rule Users(std::string_view permission) {
  return {.permission = permission,
          .staff = core::kW1,
          .product = ProductRule::kOwn,
          .user = UserRule::kOwner,
          .user_unless_protected = true};
}
constexpr Route Show(std::string_view pattern, Handler handle) {
  return {.method = "GET", .pattern = pattern, .handle = handle, .rule = kRead, .topic = "users"};
}
constexpr Route Put(std::string_view method, std::string_view pattern, Handler handle,
                    std::string_view permission, std::string_view topic) {
  return {.method = method,
          .pattern = pattern,
          .handle = handle,
          .lane = Lane::kWrite,
          .rule = Staff(permission),
          .schema = &kOwner,
          .order = Order::kSchemaFirst,
          .topic = topic};
}
constexpr std::string_view kOwnerUpdate = "license.owner.update";
constexpr std::string_view kUserUpdate = "license.user.update";
constexpr std::string_view kMachineOwnerUpdate = "machine.owner.update";

const Route kRoutes[] = {
    Show("/licenses/{license}/owner", ShowOwner),
    Put("PUT", "/licenses/{license}/owner", ChangeOwner, kOwnerUpdate, "licenses"),
    Put("PATCH", "/licenses/{license}/owner", ChangeOwner, kOwnerUpdate, "licenses"),
    Show("/licenses/{license}/user", ShowOwner),
    Put("PUT", "/licenses/{license}/user", ChangeUser, kUserUpdate, "licenses"),
    Put("PATCH", "/licenses/{license}/user", ChangeUser, kUserUpdate, "licenses"),
    Show("/licenses/{license}/users", ListLicenseUsers),
    {.method = "GET",
     .pattern = "/licenses/{license}/users/{user}",
     .handle = ShowUser,
     .rule = kRead,
     .topic = "users",
     .target = LicenseTarget},
    {.method = "POST",
     .pattern = "/licenses/{license}/users",
     .handle = Attach,
     .lane = Lane::kWrite,
     .rule = Users("license.users.attach"),
     .schema = &kUsers,
     .order = Order::kSchemaFirst,
     .topic = "users"},
    {.method = "DELETE",
     .pattern = "/licenses/{license}/users",
     .handle = Detach,
     .lane = Lane::kWrite,
     .rule = Users("license.users.detach"),
     .schema = &kUsers,
     .order = Order::kSchemaFirst,
     .topic = "users"},
    Show("/machines/{machine}/owner", ShowMachineOwner),
    Put("PUT", "/machines/{machine}/owner", ChangeMachineOwner, kMachineOwnerUpdate, "machines"),
    Put("PATCH", "/machines/{machine}/owner", ChangeMachineOwner, kMachineOwnerUpdate, "machines"),
    Show("/machines/{machine}/user", ShowMachineUser),
};

}  // namespace

std::span<const Route> LicenseUserRoutes() { return kRoutes; }

}  // namespace latchkey::api
