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
                             "processes", kAttributes, kRelationships,
                             false,       true};

}  // namespace

template <>
const Resource& ResourceOf<Process>() {
  return kResource;
}

TimePoint NextHeartbeat(const Process& process, const Policy& policy, Duration downtime) {
  return process.last_heartbeat + Seconds(HeartbeatSeconds(policy)) + downtime;
}

ProcessStatus StatusOf(const Process& process, const Policy& policy, TimePoint now,
                       Duration downtime) {
  return NextHeartbeat(process, policy, downtime) < now ? ProcessStatus::kDead
                                                        : ProcessStatus::kAlive;
}

bool CanRevive(const Process& process, const Policy& policy, TimePoint now, Duration downtime) {
  return Revives(policy, NextHeartbeat(process, policy, downtime), now);
}

PingOutcome PingOf(const Process& process, const Policy& policy, TimePoint now, Duration downtime) {
  if (StatusOf(process, policy, now, downtime) != ProcessStatus::kDead) return PingOutcome::kPing;
  return CanRevive(process, policy, now, downtime) ? PingOutcome::kResurrected : PingOutcome::kDead;
}

}  // namespace latchkey::core
