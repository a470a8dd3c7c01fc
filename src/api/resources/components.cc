// Components (machines.md §3).
#include "service/components.h"
#include "api/filters.h"
#include "api/resources/machine_parts.h"
#include "api/resources/routes.h"

namespace latchkey::api {
namespace {

using core::Component;

const Schema& CreateSchema() {
  static const Schema schema{.form = Schema::Form::kCreate,
                             .resource = &core::ResourceOf<Component>()};
  return schema;
}
const Schema& UpdateSchema() {
  static const Schema schema{.form = Schema::Form::kUpdate,
                             .resource = &core::ResourceOf<Component>()};
  return schema;
}

Result<Reply> List(Call& call) {
  store::Where where = VisibleComponents(call);
  where.And(ComponentFilters(call));
  return ListPlain<Component>(call, where);
}
Result<Reply> ListOfMachine(Call& call) {
  store::Where where = VisibleComponents(call);
  where.And("components.machine_id = ?", call.machine->id);
  return ListPlain<Component>(call, where);
}
Result<Reply> Show(Call& call) {
  return DocumentReply(call, RecordView<Component>(*call.component));
}

Result<Reply> Create(Call& call) {
  Component record;
  LK_TRY(Strict(Apply(call.document, core::ResourceOf<Component>(), &record)));
  LK_ASSIGN(const auto machine, MachineOfBody(call));
  LK_ASSIGN(const Component created, service::CreateComponent(call.context(), std::move(record),
                                                              machine ? &*machine : nullptr));
  return CreatedReply(call, RecordView<Component>(created));
}

Result<Reply> Update(Call& call) {
  LK_TRY(Strict(Apply(call.document, core::ResourceOf<Component>(), &*call.component)));
  LK_TRY(service::UpdateComponent(call.context(), *call.component));
  return Show(call);
}

Result<Reply> Delete(Call& call) {
  LK_TRY(service::DeleteComponent(call.context(), *call.component));
  return EmptyReply();
}

Result<Reply> ShowProduct(Call& call) { return ProductReply(call, call.component->product_id); }
Result<Reply> ShowLicense(Call& call) { return LicenseReply(call, call.component->license_id); }
Result<Reply> ShowMachine(Call& call) { return MachineReply(call, call.component->machine_id); }

const Route kRoutes[] = {
    {.method = "GET",
     .pattern = "/components",
     .handle = List,
     .rule = ListParts("component.read"),
     .topic = "components"},
    {.method = "POST",
     .pattern = "/components",
     .handle = Create,
     .lane = Lane::kWrite,
     .rule = WritePart("component.create", core::kW2),
     .schema = &CreateSchema(),
     .order = Order::kSchemaFirst,
     .topic = "components",
     .target = TargetOfBodyMachine},
    {.method = "GET",
     .pattern = "/components/{component}",
     .handle = Show,
     .rule = ReadPart("component.read"),
     .topic = "components"},
    {.method = "PATCH",
     .pattern = "/components/{component}",
     .handle = Update,
     .lane = Lane::kWrite,
     .rule = WritePart("component.update", core::kW1),
     .schema = &UpdateSchema(),
     .topic = "components"},
    {.method = "PUT",
     .pattern = "/components/{component}",
     .handle = Update,
     .lane = Lane::kWrite,
     .rule = WritePart("component.update", core::kW1),
     .schema = &UpdateSchema(),
     .topic = "components"},
    {.method = "DELETE",
     .pattern = "/components/{component}",
     .handle = Delete,
     .lane = Lane::kWrite,
     .rule = WritePart("component.delete", core::kW2),
     .topic = "components"},
    {.method = "GET",
     .pattern = "/components/{component}/product",
     .handle = ShowProduct,
     .rule = ReadPart("product.read"),
     .topic = "products"},
    {.method = "GET",
     .pattern = "/components/{component}/license",
     .handle = ShowLicense,
     .rule = ReadPart("license.read"),
     .topic = "licenses"},
    {.method = "GET",
     .pattern = "/components/{component}/machine",
     .handle = ShowMachine,
     .rule = ReadPart("machine.read"),
     .topic = "machines"},
    {.method = "GET",
     .pattern = "/machines/{machine}/components",
     .handle = ListOfMachine,
     .rule = ReadPart("component.read"),
     .topic = "components"},
    {.method = "GET",
     .pattern = "/machines/{machine}/components/{component}",
     .handle = Show,
     .rule = ReadPart("component.read"),
     .topic = "components"},
};

}  // namespace

std::span<const Route> ComponentRoutes() { return kRoutes; }

}  // namespace latchkey::api
