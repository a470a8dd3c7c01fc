#include "api/resources/machine_parts.h"

namespace latchkey::api {

Result<std::optional<core::Machine>> MachineOfBody(Call& call) {
  const auto linkage = call.document.Relationship("machine");
  if (!linkage || !*linkage) return std::optional<core::Machine>();
  return service::Find<core::Machine>(call.context(), (*linkage)->id);
}

Result<std::vector<core::Component>> ComponentsOfBody(const Call& call) {
  std::vector<core::Component> components;
  if (call.document.embedded.empty()) return components;
  LK_TRY(NeedPermission("component.create", call.actor));
  for (const Document& document : call.document.embedded)
    LK_TRY(
        Strict(Apply(document, core::ResourceOf<core::Component>(), &components.emplace_back())));
  return components;
}

Result<Target> TargetOfBodyMachine(Call& call) {
  LK_ASSIGN(const auto machine, MachineOfBody(call));
  if (!machine) return Target{};
  return TargetOf(call, *machine);
}

Result<Reply> ProductReply(Call& call, const Uuid& id) {
  LK_ASSIGN(const auto product, service::Find<core::Product>(call.context(), id));
  if (!product) return NotFound("product", {});
  return DocumentReply(call, RecordView<core::Product>(*product));
}

Result<Reply> LicenseReply(Call& call, const Uuid& id) {
  LK_ASSIGN(const auto license, service::Find<core::License>(call.context(), id));
  if (!license) return NotFound("license", {});
  return LicenseReply(call, *license);
}

Result<Reply> MachineReply(Call& call, const Uuid& id) {
  LK_ASSIGN(const auto machine, service::Find<core::Machine>(call.context(), id));
  if (!machine) return NotFound("machine", {});
  return MachineReply(call, *machine);
}

}  // namespace latchkey::api
