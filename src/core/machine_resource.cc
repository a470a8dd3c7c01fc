#include "core/machine.h"

namespace latchkey::core {
namespace {

constexpr Attribute HeartbeatStatusAttribute() {
  auto a = Computed("heartbeat_status", Kind::kEnum);
  a.names = kNamesOf<HeartbeatStatus>;
  return a;
}

// machines.md §1.2. What counts against limits is not for users and licenses to change:
// kStaffCreate.
constexpr auto kAttributes = std::to_array<Attribute>({
    Attr<Machine, &Machine::fingerprint>("fingerprint").Required().Create(kEveryBearer),
    Attr<Machine, &Machine::cores>("cores").Create(kEveryBearer).Update(kStaffCreate),
    Attr<Machine, &Machine::memory>("memory").Create(kEveryBearer).Update(kStaffCreate),
    Attr<Machine, &Machine::disk>("disk").Create(kEveryBearer).Update(kStaffCreate),
    Attr<Machine, &Machine::ip>("ip").BlankAllowed().Write(kEveryBearer),
    Attr<Machine, &Machine::hostname>("hostname").BlankAllowed().Write(kEveryBearer),
    Attr<Machine, &Machine::platform>("platform").BlankAllowed().Write(kEveryBearer),
    Attr<Machine, &Machine::name>("name").BlankAllowed().Write(kEveryBearer),
    Computed("require_heartbeat", Kind::kBoolean),
    HeartbeatStatusAttribute(),
    Computed("heartbeat_duration", Kind::kInteger),
    // Rendered: the limit in force, from machine, license or policy.
    Attr<Machine, &Machine::max_processes>("max_processes").Viewed(),
    Attr<Machine, &Machine::last_check_out>("last_check_out"),
    Attr<Machine, &Machine::last_heartbeat>("last_heartbeat"),
    Computed("next_heartbeat", Kind::kTime, true),
    Attr<Machine, &Machine::metadata>("metadata")
        .BlankAllowed()
        .Create(kEveryBearer)
        .Update(kStaffCreate),
    Attr<Machine, &Machine::policy_id>("policy_id").Hidden(),
    Attr<Machine, &Machine::last_death>("last_death").Hidden(),
    Attr<Machine, &Machine::monitored>("monitored").Hidden(),
});

constexpr auto kRelationships = std::to_array<Relationship>({
    AccountOf<Machine>(),
    EnvironmentOf<Machine>(),
    ToOne<Machine, &Machine::product_id>("product", "products", "product_id"),
    ToOne<Machine, &Machine::group_id>("group", "groups", "group_id").Create(kStaffUpdate),
    ToOne<Machine, &Machine::license_id>("license", "licenses", "license_id")
        .Required()
        .Create(kEveryBearer),
    ToOne<Machine, &Machine::owner_id>("owner", "users", "owner_id").Create(kEveryBearer),
    Link("components", "components"),
    Link("processes", "processes"),
});

constexpr Resource kResource{"machines", "machine",   "machine",
                             "machines", kAttributes, kRelationships};

}  // namespace

template <>
const Resource& ResourceOf<Machine>() {
  return kResource;
}

}  // namespace latchkey::core
