// Taking over a seat, and undoing it (decision 27).
#include "api/resources/common.h"
#include "api/resources/machine_parts.h"
#include "api/resources/routes.h"
#include "service/licenses.h"
#include "service/machines.h"

namespace latchkey::api {
namespace {

using core::Machine;

constexpr MetaMember kRelease[] = {{.name = "release", .required = true}};
constexpr MetaMember kTakeoverId[] = {
    {.name = "id", .type = MetaMember::Type::kId, .required = true}};

// A machine document that also says which seat it takes.
const Schema& TakeoverSchema() {
  static const Schema schema{.form = Schema::Form::kCreate,
                             .resource = &core::ResourceOf<Machine>(),
                             .id_roles = core::kEveryBearer,
                             .meta = kRelease,
                             .embedded_name = "components",
                             .embedded = &core::ResourceOf<core::Component>()};
  return schema;
}
constexpr Schema kUndoSchema{.form = Schema::Form::kMeta, .meta = kTakeoverId};

std::string MetaOf(const service::Takeover& takeover) {
  base::JsonWriter out;
  out.BeginObject().Key("takeover").BeginObject().Key("id").Id(takeover.id);
  out.Key("released").BeginObject().Key("id").Id(takeover.released_id).Key("name");
  if (takeover.released_name)
    out.String(*takeover.released_name);
  else
    out.Null();
  out.EndObject().Key("undoUntil").Time(takeover.undo_until).EndObject().EndObject();
  return out.Take();
}

Result<Reply> TakeOver(Call& call) {
  LK_TRY(NeedPermission("machine.delete", call.actor));
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
  LK_ASSIGN(
      const service::Takeover takeover,
      service::TakeOverSeat(call.context(), std::move(record), license ? &*license : nullptr,
                            policy ? &*policy : nullptr,
                            call.document.meta.at("release").as_string(), std::move(components)));
  Related related(call);
  related.Keep(*license);
  related.Keep(*policy);
  LK_ASSIGN(const MachineView view, MachineView::Of(related, takeover.machine, call));
  Reply reply = CreatedReply(call, view);
  reply.body = DocumentReply(call, view, 201, MetaOf(takeover)).body;
  return reply;
}

// As for machine creation: an unknown license is 403 for bearers whose rule asks for it, 422 for
// the rest.
Result<Target> TakeoverTarget(Call& call) {
  LK_ASSIGN(const auto license, LicenseOfBody(call));
  if (!license) return Target{};
  return TargetOf(call, *license);
}

Uuid TakeoverOf(const Call& call) {
  return Uuid::Parse(call.document.meta.at("id").as_string()).value_or(Uuid());
}

Result<Reply> Undo(Call& call) {
  LK_TRY(NeedPermission("machine.delete", call.actor));
  LK_ASSIGN(const Machine back, service::UndoTakeover(call.context(), TakeoverOf(call)));
  return MachineReply(call, back);
}

// A takeover is seen by those who see its license.
Result<Target> UndoTarget(Call& call) {
  const Uuid id = TakeoverOf(call);
  LK_ASSIGN(const auto license, service::LicenseOfTakeover(call.context(), id));
  if (!license) return NotFound("takeover", id.ToString());
  store::Where visible = VisibleLicenses(call);
  visible.And("licenses.id = ?", license->id);
  LK_ASSIGN(const auto seen, service::Find<core::License>(call.context(), visible));
  if (!seen) return NotFound("takeover", id.ToString());
  return TargetOf(call, *license);
}

// The rule of machine creation; that of deletion differs by its permission alone, which the
// handlers ask for.
constexpr Rule kRule{.permission = "machine.create",
                     .staff = core::kW2,
                     .product = ProductRule::kOwn,
                     .user = UserRule::kOwner,
                     .license = LicenseRule::kOwn,
                     .user_unless_protected = true};

const Route kRoutes[] = {
    {.method = "POST",
     .pattern = "/machines/actions/takeover",
     .handle = TakeOver,
     .lane = Lane::kWrite,
     .rule = kRule,
     .schema = &TakeoverSchema(),
     .order = Order::kSchemaFirst,
     .topic = "machines",
     .target = TakeoverTarget},
    {.method = "POST",
     .pattern = "/machines/actions/undo-takeover",
     .handle = Undo,
     .lane = Lane::kWrite,
     .rule = kRule,
     .schema = &kUndoSchema,
     .order = Order::kSchemaFirst,
     .topic = "machines",
     .target = UndoTarget},
};

}  // namespace

std::span<const Route> TakeoverRoutes() { return kRoutes; }

}  // namespace latchkey::api
