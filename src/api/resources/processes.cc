// Processes (machines.md §4).
#include "service/processes.h"
#include "api/filters.h"
#include "api/resources/machine_parts.h"
#include "api/resources/routes.h"
#include "service/licenses.h"

namespace latchkey::api {
namespace {

using core::Process;

const Schema& CreateSchema() {
  static const Schema schema{.form = Schema::Form::kCreate,
                             .resource = &core::ResourceOf<Process>(),
                             .id_roles = core::kEveryBearer};
  return schema;
}
const Schema& UpdateSchema() {
  static const Schema schema{.form = Schema::Form::kUpdate,
                             .resource = &core::ResourceOf<Process>()};
  return schema;
}

Result<Reply> Listed(Call& call, const store::Where& where) {
  return ListReply<Process>(
      call, where, [&](const std::vector<Process>& records, const auto& emit) -> Result<void> {
        Related related(call);
        for (const Process& record : records) {
          LK_ASSIGN(const ProcessView view, ProcessView::Of(related, record, call));
          emit(view);
        }
        return {};
      });
}

Result<Reply> List(Call& call) {
  store::Where where = VisibleProcesses(call);
  LK_ASSIGN(const store::Where filters, ProcessFilters(call));
  where.And(filters);
  return Listed(call, where);
}
Result<Reply> ListOfMachine(Call& call) {
  store::Where where = VisibleProcesses(call);
  where.And("processes.machine_id = ?", call.machine->id);
  constexpr std::string_view kFilters[] = {"status"};
  LK_ASSIGN(const store::Where filters, ProcessFilters(call, kFilters));
  where.And(filters);
  return Listed(call, where);
}

Result<Reply> Show(Call& call) {
  Related related(call);
  LK_ASSIGN(const ProcessView view, ProcessView::Of(related, *call.process, call));
  return DocumentReply(call, view);
}

Result<Reply> Create(Call& call) {
  Process record;
  if (call.document.id) record.id = *call.document.id;
  LK_TRY(Strict(Apply(call.document, core::ResourceOf<Process>(), &record)));
  LK_ASSIGN(const auto machine, MachineOfBody(call));
  LK_ASSIGN(const Process created, service::CreateProcess(call.context(), std::move(record),
                                                          machine ? &*machine : nullptr));
  Related related(call);
  LK_ASSIGN(const ProcessView view, ProcessView::Of(related, created, call));
  return CreatedReply(call, view);
}

Result<Reply> Update(Call& call) {
  LK_TRY(Strict(Apply(call.document, core::ResourceOf<Process>(), &*call.process)));
  LK_TRY(service::UpdateProcess(call.context(), *call.process));
  return Show(call);
}

Result<Reply> Delete(Call& call) {
  LK_TRY(service::DeleteProcess(call.context(), *call.process));
  return EmptyReply();
}

Result<Reply> Ping(Call& call) {
  LK_ASSIGN(const auto policy, service::FindPolicy(call.context(), call.process->policy_id));
  if (!policy) return Error{Errc::kDamaged, "process without policy"};
  LK_ASSIGN(const bool revived,
            service::PingProcess(call.context(), *call.process, *policy,
                                 call.downtime(call.process->last_heartbeat, call.now)));
  Related related(call);
  LK_ASSIGN(ProcessView view, ProcessView::Of(related, *call.process, call));
  if (revived) view.ShowResurrected();
  return DocumentReply(call, view);
}

Result<Reply> ShowProduct(Call& call) { return ProductReply(call, call.process->product_id); }
Result<Reply> ShowLicense(Call& call) { return LicenseReply(call, call.process->license_id); }
Result<Reply> ShowMachine(Call& call) { return MachineReply(call, call.process->machine_id); }

const Route kRoutes[] = {
    {.method = "GET",
     .pattern = "/processes",
     .handle = List,
     .rule = ListParts("process.read"),
     .topic = "processes"},
    {.method = "POST",
     .pattern = "/processes",
     .handle = Create,
     .lane = Lane::kWrite,
     .rule = WritePart("process.create", core::kW2),
     .schema = &CreateSchema(),
     .order = Order::kSchemaFirst,
     .topic = "processes",
     .target = TargetOfBodyMachine},
    {.method = "GET",
     .pattern = "/processes/{process}",
     .handle = Show,
     .rule = ReadPart("process.read"),
     .topic = "processes"},
    {.method = "PATCH",
     .pattern = "/processes/{process}",
     .handle = Update,
     .lane = Lane::kWrite,
     .rule = WritePart("process.update", core::kW1),
     .schema = &UpdateSchema(),
     .topic = "processes"},
    {.method = "PUT",
     .pattern = "/processes/{process}",
     .handle = Update,
     .lane = Lane::kWrite,
     .rule = WritePart("process.update", core::kW1),
     .schema = &UpdateSchema(),
     .topic = "processes"},
    {.method = "DELETE",
     .pattern = "/processes/{process}",
     .handle = Delete,
     .lane = Lane::kWrite,
     .rule = WritePart("process.delete", core::kW2),
     .topic = "processes"},
    {.method = "POST",
     .pattern = "/processes/{process}/actions/ping",
     .handle = Ping,
     .lane = Lane::kWrite,
     .rule = WritePart("process.heartbeat.ping", core::kW3),
     .topic = "processes"},
    {.method = "GET",
     .pattern = "/processes/{process}/product",
     .handle = ShowProduct,
     .rule = ReadPart("product.read"),
     .topic = "products"},
    {.method = "GET",
     .pattern = "/processes/{process}/license",
     .handle = ShowLicense,
     .rule = ReadPart("license.read"),
     .topic = "licenses"},
    {.method = "GET",
     .pattern = "/processes/{process}/machine",
     .handle = ShowMachine,
     .rule = ReadPart("machine.read"),
     .topic = "machines"},
    {.method = "GET",
     .pattern = "/machines/{machine}/processes",
     .handle = ListOfMachine,
     .rule = ReadPart("process.read"),
     .topic = "processes"},
    {.method = "GET",
     .pattern = "/machines/{machine}/processes/{process}",
     .handle = Show,
     .rule = ReadPart("process.read"),
     .topic = "processes"},
};

}  // namespace

std::span<const Route> ProcessRoutes() { return kRoutes; }

}  // namespace latchkey::api
