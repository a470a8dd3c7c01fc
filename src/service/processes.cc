#include "service/processes.h"

#include "core/license.h"
#include "core/rules.h"
#include "service/licenses.h"

namespace latchkey::service {
namespace {

using store::Params;
using store::Where;

Result<bool> Exists(const Context& context, std::string_view sql,
                    const std::vector<store::Param>& params) {
  bool found = false;
  LK_TRY(context.session.Query(sql, params, [&](const store::Row&) { found = true; }));
  return found;
}

// What a limit counts, by the policy's leasing strategy, and what it is.
struct Lease {
  Where counted;
  std::optional<std::int64_t> max;
  std::string_view word;
};
Lease LeaseOf(const core::Machine& machine, const core::License& license,
              const core::Policy& policy) {
  const auto licensed = core::EffectiveLimits(license, policy).processes;
  switch (policy.process_leasing_strategy) {
    case core::ProcessLeasingStrategy::kPerMachine:
      break;
    case core::ProcessLeasingStrategy::kPerLicense:
      return {Where("license_id = ?", license.id), licensed, "license"};
    case core::ProcessLeasingStrategy::kPerUser:
      if (machine.owner_id)
        return {Where("license_id = ? AND machine_id IN (SELECT id FROM machines WHERE license_id "
                      "= ? AND owner_id = ?)",
                      license.id, license.id, *machine.owner_id),
                licensed, "user"};
      return {Where("license_id = ? AND machine_id IN (SELECT id FROM machines WHERE license_id = "
                    "? AND owner_id IS NULL)",
                    license.id, license.id),
              licensed, "user"};
  }
  return {Where("machine_id = ?", machine.id),
          machine.max_processes ? machine.max_processes : licensed, "machine"};
}

Result<void> CheckLimit(const Context& context, const core::Machine& machine,
                        const core::License& license, const core::Policy& policy,
                        std::vector<Violation>& violations) {
  const Lease lease = LeaseOf(machine, license, policy);
  if (!lease.max) return {};
  LK_ASSIGN(const std::int64_t count,
            store::Count<core::Process>(context.session, context.account_id(), lease.counted));
  if (core::WithinLimit(count + 1, *lease.max, policy.overage_strategy)) return {};
  violations.push_back({Violation::Kind::kRecord, "machine", "PROCESS_LIMIT_EXCEEDED",
                        "process count has exceeded maximum allowed for " +
                            std::string(lease.word) + " (" + std::to_string(*lease.max) + ")"});
  return {};
}

Result<void> Save(const Context& context, core::Process& record, std::string_view event,
                  std::initializer_list<std::string_view> names) {
  record.updated = context.now;
  LK_TRY(Update(context, record, names));
  return Emit(context, event, "processes", record.id);
}

}  // namespace

Result<core::Process> CreateProcess(const Context& context, core::Process record,
                                    const core::Machine* machine) {
  const bool id_given = !record.id.is_nil();
  Stamp(context, record);
  record.last_heartbeat = context.now;
  std::vector<Violation> violations;
  if (machine) {
    record.machine_id = machine->id;
    record.license_id = machine->license_id;
    record.policy_id = machine->policy_id;
    record.product_id = machine->product_id;
    record.environment_id = machine->environment_id;
  } else {
    violations.push_back(RelationshipRule("machine", "NOT_FOUND", "must exist"));
  }
  for (auto& violation : core::CheckProcess(record, true))
    violations.push_back(std::move(violation));
  if (machine) {
    LK_ASSIGN(const bool taken,
              Exists(context, "SELECT 1 FROM processes WHERE machine_id = $1 AND pid = $2",
                     Params(machine->id, std::string_view(record.pid))));
    if (taken) violations.push_back(AttributeRule("pid", "TAKEN", "has already been taken"));
  }
  if (id_given) {
    LK_ASSIGN(const bool taken,
              Exists(context, "SELECT 1 FROM processes WHERE id = $1", Params(record.id)));
    if (taken)
      violations.push_back(
          {Violation::Kind::kId, "id", "CONFLICT", "must not conflict with another process"});
  }
  if (machine) {
    LK_ASSIGN(const auto license, Find<core::License>(context, machine->license_id));
    LK_ASSIGN(const auto policy, FindPolicy(context, machine->policy_id));
    if (!license || !policy) return Error{Errc::kDamaged, "machine without license or policy"};
    LK_TRY(CheckLimit(context, *machine, *license, *policy, violations));
  }
  if (!violations.empty()) return Broken(std::move(violations));
  LK_TRY(Insert(context, record));
  LK_TRY(Emit(context, "process.created", "processes", record.id, {record.license_id}));
  return record;
}

Result<void> UpdateProcess(const Context& context, core::Process& record) {
  std::vector<Violation> violations = core::CheckProcess(record, false);
  if (!violations.empty()) return Broken(std::move(violations));
  return Save(context, record, "process.updated", {"metadata"});
}

Result<void> DeleteProcess(const Context& context, const core::Process& record) {
  LK_TRY(Emit(context, "process.deleted", "processes", record.id, {record.license_id}));
  return Delete<core::Process>(context, record.id);
}

Result<void> CullProcess(const Context& context, const core::Process& record) {
  LK_TRY(Delete<core::Process>(context, record.id));
  store::Event event;
  event.id = Uuid::V7(context.now, context.random);
  event.account_id = context.account_id();
  event.kind = store::kRowChanged;
  event.resource_type = "processes";
  event.resource_id = record.id;
  event.stale_licenses = {record.license_id};
  event.created = context.now;
  LK_TRY(store::Append(context.session, context.vault, event));
  return {};
}

Result<bool> PingProcess(const Context& context, core::Process& record, const core::Policy& policy,
                         Duration downtime) {
  const core::PingOutcome outcome = core::PingOf(record, policy, context.now, downtime);
  if (outcome == core::PingOutcome::kDead) return Errc::kProcessHeartbeatDead;
  record.last_heartbeat = context.now;
  record.monitored = false;
  const bool revived = outcome == core::PingOutcome::kResurrected;
  if (revived) record.last_death.reset();
  LK_TRY(Save(context, record, revived ? "process.heartbeat.resurrected" : "process.heartbeat.ping",
              {"last_heartbeat", "monitored", "last_death"}));
  return revived;
}

}  // namespace latchkey::service
