// Groups, their owners and their members (events.md §2).
#include "service/groups.h"
#include "api/resources/common.h"
#include "api/resources/routes.h"

namespace latchkey::api {
namespace {

using core::Group;
using core::GroupOwner;

const Schema& CreateSchema() {
  static const Schema schema{.form = Schema::Form::kCreate, .resource = &core::ResourceOf<Group>()};
  return schema;
}
const Schema& UpdateSchema() {
  static const Schema schema{.form = Schema::Form::kUpdate, .resource = &core::ResourceOf<Group>()};
  return schema;
}
constexpr Schema kOwnersSchema{.form = Schema::Form::kToMany, .linkage_type = "users"};

// An owner's document is at home below its group.
class OwnerView : public RecordView<GroupOwner> {
 public:
  using RecordView::RecordView;
  std::string Path() const override {
    return "/groups/" + typed_.group_id.ToString() + "/owners/" + typed_.id.ToString();
  }
};

Result<Reply> List(Call& call) { return ListPlain<Group>(call, VisibleGroups(call)); }
Result<Reply> Show(Call& call) { return DocumentReply(call, RecordView<Group>(*call.group)); }

Result<Reply> Create(Call& call) {
  Group record;
  LK_TRY(Strict(Apply(call.document, core::ResourceOf<Group>(), &record)));
  LK_ASSIGN(const Group created, service::CreateGroup(call.context(), std::move(record)));
  return CreatedReply(call, RecordView<Group>(created));
}

Result<Reply> Update(Call& call) {
  LK_TRY(Strict(Apply(call.document, core::ResourceOf<Group>(), &*call.group)));
  LK_TRY(service::UpdateGroup(call.context(), *call.group));
  return Show(call);
}

Result<Reply> Delete(Call& call) {
  LK_TRY(service::DeleteGroup(call.context(), *call.group));
  return EmptyReply();
}

Result<Reply> ListGroupUsers(Call& call) { return ListUsers(call, UsersOfGroup(call)); }
Result<Reply> ShowUser(Call& call) {
  LK_ASSIGN(const UserView view, UserView::Of(call, *call.user));
  return DocumentReply(call, view);
}

Result<Reply> ListGroupLicenses(Call& call) { return ListLicenses(call, LicensesOfGroup(call)); }
Result<Reply> ShowLicense(Call& call) { return LicenseReply(call, *call.license); }

Result<Reply> ListGroupMachines(Call& call) { return ListMachines(call, MachinesOfGroup(call)); }
Result<Reply> ShowMachine(Call& call) { return MachineReply(call, *call.machine); }

Result<Reply> ListOwners(Call& call) {
  return ListReply<GroupOwner>(
      call, store::Where("group_owners.group_id = ?", call.group->id),
      [](const std::vector<GroupOwner>& records, const auto& emit) -> Result<void> {
        for (const GroupOwner& record : records) emit(OwnerView(record));
        return {};
      });
}
Result<Reply> ShowOwner(Call& call) { return DocumentReply(call, OwnerView(*call.group_owner)); }

Result<Reply> AttachOwners(Call& call) {
  const auto ids = IdsOf(call.document.linkages);
  LK_ASSIGN(const auto made, service::AttachGroupOwners(call.context(), *call.group, ids));
  const RenderOptions options = RenderOptionsOf(call);
  base::JsonWriter out;
  out.BeginObject().Key("data").BeginArray();
  for (const GroupOwner& owner : made) WriteResource(out, OwnerView(owner), options);
  out.EndArray().EndObject();
  return Reply{.status = 200, .body = out.Take()};
}
Result<Reply> DetachOwners(Call& call) {
  const auto ids = IdsOf(call.document.linkages);
  LK_TRY(service::DetachGroupOwners(call.context(), *call.group, ids));
  return EmptyReply();
}

constexpr Rule Read(std::string_view permission) {
  return {.permission = permission,
          .staff = core::kRD,
          .product = ProductRule::kAll,
          .user = UserRule::kVisible,
          .license = LicenseRule::kVisible};
}
constexpr Rule Write(std::string_view permission) {
  return {.permission = permission, .staff = core::kW3, .product = ProductRule::kAll};
}
// Ownership is power to read, and membership is not (events.md §2.3 rule 4).
constexpr Rule ReadMembers(std::string_view permission) {
  return {.permission = permission,
          .staff = core::kRD,
          .product = ProductRule::kAll,
          .user = UserRule::kGroupOwner};
}

const Route kRoutes[] = {
    {.method = "GET",
     .pattern = "/groups",
     .handle = List,
     .rule = Read("group.read"),
     .topic = "groups"},
    {.method = "POST",
     .pattern = "/groups",
     .handle = Create,
     .lane = Lane::kWrite,
     .rule = Write("group.create"),
     .schema = &CreateSchema(),
     .order = Order::kSchemaFirst,
     .topic = "groups"},
    {.method = "GET",
     .pattern = "/groups/{group}",
     .handle = Show,
     .rule = Read("group.read"),
     .topic = "groups",
     .target = GroupTarget},
    {.method = "PATCH",
     .pattern = "/groups/{group}",
     .handle = Update,
     .lane = Lane::kWrite,
     .rule = Write("group.update"),
     .schema = &UpdateSchema(),
     .topic = "groups"},
    {.method = "PUT",
     .pattern = "/groups/{group}",
     .handle = Update,
     .lane = Lane::kWrite,
     .rule = Write("group.update"),
     .schema = &UpdateSchema(),
     .topic = "groups"},
    {.method = "DELETE",
     .pattern = "/groups/{group}",
     .handle = Delete,
     .lane = Lane::kWrite,
     .rule = Write("group.delete"),
     .topic = "groups"},
    {.method = "GET",
     .pattern = "/groups/{group}/users",
     .handle = ListGroupUsers,
     .rule = ReadMembers("group.users.read"),
     .topic = "users",
     .target = GroupTarget},
    {.method = "GET",
     .pattern = "/groups/{group}/users/{user}",
     .handle = ShowUser,
     .rule = ReadMembers("group.users.read"),
     .topic = "users",
     .target = GroupTarget},
    {.method = "GET",
     .pattern = "/groups/{group}/licenses",
     .handle = ListGroupLicenses,
     .rule = ReadMembers("group.licenses.read"),
     .topic = "licenses",
     .target = GroupTarget},
    {.method = "GET",
     .pattern = "/groups/{group}/licenses/{license}",
     .handle = ShowLicense,
     .rule = ReadMembers("group.licenses.read"),
     .topic = "licenses",
     .target = GroupTarget},
    {.method = "GET",
     .pattern = "/groups/{group}/machines",
     .handle = ListGroupMachines,
     .rule = ReadMembers("group.machines.read"),
     .topic = "machines",
     .target = GroupTarget},
    {.method = "GET",
     .pattern = "/groups/{group}/machines/{machine}",
     .handle = ShowMachine,
     .rule = ReadMembers("group.machines.read"),
     .topic = "machines",
     .target = GroupTarget},
    {.method = "GET",
     .pattern = "/groups/{group}/owners",
     .handle = ListOwners,
     .rule = Read("group.owners.read"),
     .topic = "groups",
     .target = GroupTarget},
    {.method = "GET",
     .pattern = "/groups/{group}/owners/{group_owner}",
     .handle = ShowOwner,
     .rule = Read("group.owners.read"),
     .topic = "groups",
     .target = GroupTarget},
    {.method = "POST",
     .pattern = "/groups/{group}/owners",
     .handle = AttachOwners,
     .lane = Lane::kWrite,
     .rule = Write("group.owners.attach"),
     .schema = &kOwnersSchema,
     .order = Order::kSchemaFirst,
     .topic = "groups"},
    {.method = "DELETE",
     .pattern = "/groups/{group}/owners",
     .handle = DetachOwners,
     .lane = Lane::kWrite,
     .rule = Write("group.owners.detach"),
     .schema = &kOwnersSchema,
     .order = Order::kSchemaFirst,
     .topic = "groups"},
};

}  // namespace

std::span<const Route> GroupRoutes() { return kRoutes; }

}  // namespace latchkey::api
