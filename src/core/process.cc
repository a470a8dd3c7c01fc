#include "core/process.h"

namespace latchkey::core {
namespace {

constexpr Attribute StatusAttribute() {
  auto a = Computed("status", Kind::kEnum);
  a.names = kNamesOf<ProcessStatus>;
  return a;
}

constexpr auto kAttributes = std::to_array<Attribute>({
    Attr<Process, &Process::last_heartbeat>("last_heartbeat"),
    Computed("next_heartbeat", Kind::kTime),
    Computed("interval", Kind::kInteger),
    StatusAttribute(),
    Attr<Process, &Process::pid>("pid").Required().Create(kEveryBearer),
    Attr<Process, &Process::metadata>("metadata")
        .BlankAllowed()
        .Create(kEveryBearer)
        .Update(kStaffUpdate),
    Attr<Process, &Process::policy_id>("policy_id").Hidden(),
    Attr<Process, &Process::last_death>("last_death").Hidden(),
    Attr<Process, &Process::monitored>("monitored").Hidden(),
});

constexpr auto kRelationships = std::to_array<Relationship>({
    AccountOf<Process>(),
    EnvironmentOf<Process>(),
    ToOne<Process, &Process::product_id>("product", "products", "product_id"),
    ToOne<Process, &Process::license_id>("license", "licenses", "license_id"),
    ToOne<Process, &Process::machine_id>("machine", "machines", "machine_id")
        .Required()
        .Create(kEveryBearer),
});

constexpr Resource kResource{"processes", "process",   "machine process",
                             "processes", kAttributes, kRelationships};

}  // namespace

template <>
const Resource& ResourceOf<Process>() {
  return kResource;
}

}  // namespace latchkey::core
