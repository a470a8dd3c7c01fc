// The group of a license, machine or user (licenses.md §7.6, machines.md §1.9, events.md §1.3).
#include "api/resources/common.h"
#include "api/resources/routes.h"
#include "service/groups.h"

namespace latchkey::api {
namespace {

constexpr Schema kChange{.form = Schema::Form::kToOne, .linkage_type = "groups"};

Result<Reply> ShowGroup(Call& call, const std::optional<Uuid>& id) {
  if (!id) return NotFound("group", {});
  LK_ASSIGN(const auto group, service::Find<core::Group>(call.context(), *id));
  if (!group) return Error{Errc::kDamaged, "a member of a group that does not exist"};
  return DocumentReply(call, RecordView<core::Group>(*group));
}
std::optional<Uuid> Wanted(const Call& call) {
  const auto& linkage = call.document.linkage;
  return linkage ? std::optional(linkage->id) : std::nullopt;
}

Result<Reply> OfLicense(Call& call) { return ShowGroup(call, call.license->group_id); }
Result<Reply> ChangeOfLicense(Call& call) {
  LK_TRY(service::ChangeGroup(call.context(), *call.license, Wanted(call)));
  return LicenseReply(call, *call.license);
}

Result<Reply> OfMachine(Call& call) { return ShowGroup(call, call.machine->group_id); }
Result<Reply> ChangeOfMachine(Call& call) {
  LK_TRY(service::ChangeGroup(call.context(), *call.machine, Wanted(call)));
  return MachineReply(call, *call.machine);
}

// Alone among them a user in no group is answered 200 (events.md, open question 2).
Result<Reply> OfUser(Call& call) {
  if (!call.user->group_id) return NullReply();
  return ShowGroup(call, call.user->group_id);
}
Result<Reply> ChangeOfUser(Call& call) {
  LK_TRY(service::ChangeGroup(call.context(), *call.user, Wanted(call)));
  LK_ASSIGN(const UserView view, UserView::Of(call, *call.user));
  return DocumentReply(call, view);
}

constexpr Rule kReadRule{.permission = "group.read",
                         .staff = core::kRD,
                         .product = ProductRule::kOwn,
                         .user = UserRule::kVisible,
                         .license = LicenseRule::kOwn};
constexpr Rule Change(std::string_view permission) {
  return {.permission = permission, .staff = core::kW2, .product = ProductRule::kOwn};
}

// A product sees the users of role `user` alone.
constexpr Rule kReadOfUser{.permission = "group.read",
                           .staff = core::kRD,
                           .product = ProductRule::kAll,
                           .user = UserRule::kSelf};
constexpr Rule kChangeOfUser{
    .permission = "user.group.update", .staff = core::kW2, .product = ProductRule::kAll};

const Route kRoutes[] = {
    {.method = "GET",
     .pattern = "/licenses/{license}/group",
     .handle = OfLicense,
     .rule = kReadRule,
     .topic = "groups"},
    {.method = "PUT",
     .pattern = "/licenses/{license}/group",
     .handle = ChangeOfLicense,
     .lane = Lane::kWrite,
     .rule = Change("license.group.update"),
     .schema = &kChange,
     .order = Order::kSchemaFirst,
     .topic = "licenses"},
    {.method = "PATCH",
     .pattern = "/licenses/{license}/group",
     .handle = ChangeOfLicense,
     .lane = Lane::kWrite,
     .rule = Change("license.group.update"),
     .schema = &kChange,
     .order = Order::kSchemaFirst,
     .topic = "licenses"},
    {.method = "GET",
     .pattern = "/machines/{machine}/group",
     .handle = OfMachine,
     .rule = kReadRule,
     .topic = "groups"},
    {.method = "PUT",
     .pattern = "/machines/{machine}/group",
     .handle = ChangeOfMachine,
     .lane = Lane::kWrite,
     .rule = Change("machine.group.update"),
     .schema = &kChange,
     .order = Order::kSchemaFirst,
     .topic = "machines"},
    {.method = "PATCH",
     .pattern = "/machines/{machine}/group",
     .handle = ChangeOfMachine,
     .lane = Lane::kWrite,
     .rule = Change("machine.group.update"),
     .schema = &kChange,
     .order = Order::kSchemaFirst,
     .topic = "machines"},
    {.method = "GET",
     .pattern = "/users/{user}/group",
     .handle = OfUser,
     .rule = kReadOfUser,
     .topic = "groups"},
    {.method = "PUT",
     .pattern = "/users/{user}/group",
     .handle = ChangeOfUser,
     .lane = Lane::kWrite,
     .rule = kChangeOfUser,
     .schema = &kChange,
     .order = Order::kSchemaFirst,
     .topic = "users"},
    {.method = "PATCH",
     .pattern = "/users/{user}/group",
     .handle = ChangeOfUser,
     .lane = Lane::kWrite,
     .rule = kChangeOfUser,
     .schema = &kChange,
     .order = Order::kSchemaFirst,
     .topic = "users"},
};

}  // namespace

std::span<const Route> GroupRelationshipRoutes() { return kRoutes; }

}  // namespace latchkey::api
