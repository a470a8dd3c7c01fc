#include "service/machines.h"

#include <algorithm>
#include <limits>

#include "base/json.h"
#include "core/rules.h"
#include "service/cascade.h"
#include "service/components.h"
#include "service/groups.h"
#include "service/license_users.h"
#include "service/licenses.h"
#include "store/tombstones.h"

namespace latchkey::service {
namespace {

using store::Params;
using store::ToParam;
using store::Where;

Violation RecordRule(std::string rule, std::string detail) {
  return {Violation::Kind::kRecord, "machine", std::move(rule), std::move(detail)};
}

std::string Exceeded(std::string_view what, std::string_view by, std::int64_t max) {
  return std::string(what) + " has exceeded maximum allowed for " + std::string(by) + " (" +
         std::to_string(max) + ")";
}

// What limits are counted over (machines.md §1.7 "Counting set"), without the machine itself.
struct Totals {
  std::int64_t count = 0, cores = 0, memory = 0, disk = 0;
};
Result<Totals> CountedTotals(const Context& context, const core::Machine& machine,
                             const core::License& license, const core::Policy& policy,
                             bool stored) {
  if (policy.machine_leasing_strategy == core::MachineLeasingStrategy::kPerLicense && !stored)
    return Totals{license.machines_count, license.machines_cores, license.machines_memory,
                  license.machines_disk};
  Totals totals;
  const auto read = [&](const store::Row& row) {
    totals = {row.Int(0), row.Int(1), row.Int(2), row.Int(3)};
  };
  constexpr std::string_view kSums =
      "SELECT count(*), coalesce(sum(cores), 0), coalesce(sum(memory), 0), coalesce(sum(disk), 0) "
      "FROM machines "
      "WHERE account_id = $1 AND license_id = $2 AND id <> $3";
  if (policy.machine_leasing_strategy == core::MachineLeasingStrategy::kPerLicense) {
    LK_TRY(
        context.session.Query(kSums, Params(context.account_id(), license.id, machine.id), read));
  } else if (machine.owner_id) {
    LK_TRY(context.session.Query(
        std::string(kSums) + " AND owner_id = $4",
        Params(context.account_id(), license.id, machine.id, *machine.owner_id), read));
  } else {
    LK_TRY(context.session.Query(std::string(kSums) + " AND owner_id IS NULL",
                                 Params(context.account_id(), license.id, machine.id), read));
  }
  return totals;
}

void CheckSum(std::int64_t others, const std::optional<std::int64_t>& own,
              const std::optional<std::int64_t>& limit, core::OverageStrategy strategy,
              std::string rule, std::string_view what, std::string_view by,
              std::vector<Violation>& violations) {
  if (!limit) return;
  std::int64_t sum = 0;
  const bool overflow = __builtin_add_overflow(others, own.value_or(0), &sum);
  if (overflow || !core::WithinLimit(sum, *limit, strategy))
    violations.push_back(RecordRule(std::move(rule), Exceeded(what, by, *limit)));
}

Result<void> CheckLimits(const Context& context, const core::Machine& machine,
                         const core::License& license, const core::Policy& policy, bool creating,
                         std::vector<Violation>& violations) {
  const core::Limits limits = core::EffectiveLimits(license, policy);
  const std::string_view by =
      policy.machine_leasing_strategy == core::MachineLeasingStrategy::kPerUser ? "user"
                                                                                : "license";
  LK_ASSIGN(const Totals others, CountedTotals(context, machine, license, policy, !creating));
  // The first machine is always admitted (machines.md §1.7). A node-locked policy without a stored
  // limit allows one.
  const auto max_machines = limits.machines   ? limits.machines
                            : policy.floating ? std::nullopt
                                              : std::optional<std::int64_t>(1);
  if (creating && max_machines && others.count > 0 &&
      !core::WithinLimit(others.count + 1, *max_machines, policy.overage_strategy))
    violations.push_back(
        RecordRule("LIMIT_EXCEEDED", Exceeded("machine count", by, *max_machines)));
  CheckSum(others.cores, machine.cores, limits.cores, policy.overage_strategy,
           "CORE_LIMIT_EXCEEDED", "machine core count", by, violations);
  CheckSum(others.memory, machine.memory, limits.memory, policy.overage_strategy,
           "MEMORY_LIMIT_EXCEEDED", "machine memory", by, violations);
  CheckSum(others.disk, machine.disk, limits.disk, policy.overage_strategy, "DISK_LIMIT_EXCEEDED",
           "machine disk", by, violations);
  return {};
}

// Without a limit the totals of a license still end where its numbers do.
void CheckRange(std::int64_t others, const std::optional<std::int64_t>& own, std::string rule,
                std::string_view what, std::vector<Violation>& violations) {
  constexpr std::int64_t kLargest = std::numeric_limits<std::int64_t>::max();
  if (others > kLargest - own.value_or(0))
    violations.push_back(RecordRule(std::move(rule), Exceeded(what, "license", kLargest)));
}
void CheckRanges(const core::Machine& machine, std::int64_t memory, std::int64_t disk,
                 std::vector<Violation>& violations) {
  CheckRange(memory, machine.memory, "MEMORY_LIMIT_EXCEEDED", "machine memory", violations);
  CheckRange(disk, machine.disk, "DISK_LIMIT_EXCEEDED", "machine disk", violations);
}

Result<bool> Any(const Context& context, std::string_view sql,
                 const std::vector<store::Param>& params) {
  bool any = false;
  LK_TRY(context.session.Query(sql, params, [&](const store::Row&) { any = true; }));
  return any;
}

Result<bool> FingerprintTaken(const Context& context, const core::Machine& machine,
                              const core::License& license) {
  return Any(
      context,
      "SELECT 1 FROM machines WHERE account_id = $1 AND license_id = $2 AND fingerprint = $3",
      Params(context.account_id(), license.id, std::string_view(machine.fingerprint)));
}

Result<void> CheckWiderUniqueness(const Context& context, const core::Machine& machine,
                                  const core::Policy& policy, std::vector<Violation>& violations) {
  using Strategy = core::UniquenessStrategy;
  std::string_view sql;
  std::string_view where;
  std::vector<store::Param> params =
      Params(context.account_id(), std::string_view(machine.fingerprint));
  switch (policy.machine_uniqueness_strategy) {
    case Strategy::kAccount:
      sql = "SELECT 1 FROM machines WHERE account_id = $1 AND fingerprint = $2 LIMIT 1";
      where = "account";
      break;
    case Strategy::kProduct:
      sql =
          "SELECT 1 FROM machines WHERE account_id = $1 AND fingerprint = $2 AND product_id = $3 "
          "LIMIT 1";
      params.push_back(ToParam(policy.product_id));
      where = "product";
      break;
    case Strategy::kPolicy:
      sql =
          "SELECT 1 FROM machines WHERE account_id = $1 AND fingerprint = $2 AND policy_id = $3 "
          "LIMIT 1";
      params.push_back(ToParam(policy.id));
      where = "policy";
      break;
    case Strategy::kLicense:
    case Strategy::kMachine:
      return {};  // always checked
  }
  LK_ASSIGN(const bool taken, Any(context, sql, params));
  if (taken)
    violations.push_back(AttributeRule("fingerprint", "TAKEN",
                                       "has already been taken for this " + std::string(where)));
  return {};
}

Result<void> CheckUuidConflict(const Context& context, const core::Machine& machine, bool id_given,
                               std::vector<Violation>& violations) {
  if (id_given) {
    LK_ASSIGN(bool taken, Any(context, "SELECT 1 FROM machines WHERE id = $1", Params(machine.id)));
    if (!taken) {  // nor with one that an undo may bring back
      LK_ASSIGN(taken, Any(context,
                           "SELECT 1 FROM takeovers WHERE released_id = $1 AND undone IS NULL AND "
                           "undo_until >= $2 LIMIT 1",
                           Params(machine.id, context.now)));
    }
    if (taken)
      violations.push_back(
          {Violation::Kind::kId, "id", "CONFLICT", "must not conflict with another machine"});
  }
  if (const auto as_id = Uuid::Parse(machine.fingerprint)) {
    LK_ASSIGN(const bool conflict,
              Any(context, "SELECT 1 FROM machines WHERE account_id = $1 AND id = $2",
                  Params(context.account_id(), *as_id)));
    if (conflict)
      violations.push_back(AttributeRule(
          "fingerprint", "CONFLICT", "must not conflict with another machine's identifier (UUID)"));
  }
  return {};
}

// Adds (or with -1 takes away) a machine's share of its license's totals (machines.md §1.8).
Result<void> ShiftTotals(const Context& context, const Uuid& license, std::int64_t count,
                         std::int64_t cores, std::int64_t memory, std::int64_t disk) {
  if (count == 0 && cores == 0 && memory == 0 && disk == 0) return {};
  LK_TRY(
      context.session.Execute("UPDATE licenses SET machines_count = machines_count + $1, "
                              "machines_cores = machines_cores + $2, "
                              "machines_memory = machines_memory + $3, machines_disk = "
                              "machines_disk + $4 WHERE account_id = $5 AND id = $6",
                              Params(count, cores, memory, disk, context.account_id(), license)));
  return {};
}

std::int64_t Of(const std::optional<std::int64_t>& number) { return number.value_or(0); }

// An activation token counts what is made and removed with it (conventions.md §3.2 rule 6).
Result<void> CountTokenUse(const Context& context, bool activation) {
  const auto& token = context.actor.token;
  if (!token || token->bearer_type != "licenses") return {};
  core::Token used = *token;
  std::int64_t& counter = activation ? used.activations : used.deactivations;
  const auto& limit = activation ? used.max_activations : used.max_deactivations;
  ++counter;
  if (limit && counter > *limit)
    return Broken(AttributeRule(activation ? "activations" : "deactivations", "LIMIT_EXCEEDED",
                                "exceeds maximum allowed (" + std::to_string(*limit) + ")"));
  return Update(context, used, {activation ? "activations" : "deactivations"});
}

// Only the named columns are written: all of them mean all rows of the metadata, too, which a
// heartbeat has nothing to do with.
Result<void> Save(const Context& context, core::Machine& record, std::string_view event,
                  std::initializer_list<std::string_view> names) {
  record.updated = context.now;
  LK_TRY(Update(context, record, names));
  return Emit(context, event, "machines", record.id, {record.license_id});
}

Result<void> Remove(const Context& context, const core::Machine& record, std::string_view cause) {
  LK_TRY(Emit(context, "machine.deleted", "machines", record.id, {record.license_id}));
  LK_TRY(EraseMachine(context, record, cause));
  return ShiftTotals(context, record.license_id, -1, -Of(record.cores), -Of(record.memory),
                     -Of(record.disk));
}

}  // namespace

Result<void> CullMachine(const Context& context, const core::Machine& record) {
  LK_TRY(EraseMachine(context, record, "HEARTBEAT_LOST"));
  LK_TRY(ShiftTotals(context, record.license_id, -1, -Of(record.cores), -Of(record.memory),
                     -Of(record.disk)));
  store::Event event;
  event.id = Uuid::V7(context.now, context.random);
  event.account_id = context.account_id();
  event.kind = store::kRowChanged;
  event.resource_type = "machines";
  event.resource_id = record.id;
  event.stale_licenses = {record.license_id};
  event.created = context.now;
  LK_TRY(store::Append(context.session, context.vault, event));
  return {};
}

namespace {

// A machine that comes back from an undone takeover keeps its creation, its id is its own, and no
// token is charged for it.
enum class Arrival { kNew, kBack };

// A new machine without a group takes its license's, else its owner's (events.md §2.3). One that
// comes back keeps its own, if that is still there.
Result<void> ChooseGroup(const Context& context, core::Machine& machine,
                         const core::License* license, Arrival arrival,
                         std::vector<Violation>& violations) {
  if (arrival == Arrival::kNew) {
    if (!machine.group_id && license) machine.group_id = license->group_id;
    if (!machine.group_id) {
      LK_ASSIGN(machine.group_id, GroupOfUser(context, machine.owner_id));
    }
  }
  LK_ASSIGN(auto missing, CheckGroupExists(context, machine.group_id));
  if (!missing) return {};
  if (arrival == Arrival::kBack)
    machine.group_id.reset();
  else
    violations.push_back(std::move(*missing));
  return {};
}

// Whether the account has the owner; one that comes back does without an owner who is gone.
Result<void> CheckOwner(const Context& context, core::Machine& machine, Arrival arrival,
                        std::vector<Violation>& violations) {
  LK_ASSIGN(auto unknown, CheckOwnerExists(context, machine.owner_id));
  if (!unknown) return {};
  if (arrival == Arrival::kBack)
    machine.owner_id.reset();
  else
    violations.push_back(std::move(*unknown));
  return {};
}

// The last of the rules (machines.md §1.7): the owner is a user of the license.
Result<void> CheckOwnerIsLicensed(const Context& context, core::Machine& machine,
                                  const core::License& license, Arrival arrival,
                                  std::vector<Violation>& violations) {
  if (!machine.owner_id) return {};
  LK_ASSIGN(const bool licensed, IsUserOf(context, license, *machine.owner_id));
  const bool unknown = std::any_of(violations.begin(), violations.end(),
                                   [](const Violation& v) { return v.path == "owner"; });
  if (licensed || unknown) return {};
  if (arrival == Arrival::kBack)
    machine.owner_id.reset();
  else
    violations.push_back(RelationshipRule("owner", "INVALID", "must be a valid license user"));
  return {};
}

Result<core::Machine> Admit(const Context& context, core::Machine record, core::License* license,
                            const core::Policy* policy, Arrival arrival,
                            std::vector<core::Component> components) {
  const bool is_new = arrival == Arrival::kNew;
  const bool id_given = is_new && !record.id.is_nil();
  const TimePoint created = record.created;
  Stamp(context, record);
  if (!is_new) record.created = created;
  std::vector<Violation> violations;
  if (!license || !policy)
    violations.push_back(RelationshipRule("license", "NOT_FOUND", "must exist"));
  if (license && policy) {
    record.license_id = license->id;
    record.policy_id = policy->id;
    record.product_id = policy->product_id;
    record.environment_id = license->environment_id;
  }
  LK_TRY(CheckEmbedded(context, record, policy, components, violations));
  LK_TRY(CheckOwner(context, record, arrival, violations));
  LK_TRY(ChooseGroup(context, record, license, arrival, violations));
  if (license) {
    LK_ASSIGN(const bool taken, FingerprintTaken(context, record, *license));
    if (taken)
      violations.push_back(AttributeRule("fingerprint", "TAKEN", "has already been taken"));
  }
  for (auto& violation : core::CheckMachine(record, true))
    violations.push_back(std::move(violation));
  LK_TRY(CheckUuidConflict(context, record, id_given, violations));
  if (license && policy) {
    if (is_new && policy->heartbeat_basis == core::HeartbeatBasis::kCreation)
      record.last_heartbeat = context.now;
    LK_TRY(CheckLimits(context, record, *license, *policy, true, violations));
    CheckRanges(record, license->machines_memory, license->machines_disk, violations);
    LK_TRY(CheckWiderUniqueness(context, record, *policy, violations));
  }
  LK_ASSIGN(auto no_room, CheckGroupRoom(context, record.group_id, GroupMember::kMachine));
  if (no_room) violations.push_back(std::move(*no_room));
  if (license) LK_TRY(CheckOwnerIsLicensed(context, record, *license, arrival, violations));
  if (!violations.empty()) return Broken(std::move(violations));
  if (is_new) LK_TRY(CountTokenUse(context, true));
  LK_TRY(Insert(context, record));
  LK_TRY(InsertEmbedded(context, record, components));
  LK_TRY(
      ShiftTotals(context, license->id, 1, Of(record.cores), Of(record.memory), Of(record.disk)));
  license->machines_count += 1;
  license->machines_cores += Of(record.cores);
  license->machines_memory += Of(record.memory);
  license->machines_disk += Of(record.disk);
  LK_TRY(StartExpiry(context, *license, *policy, core::ExpirationBasis::kFirstActivation));
  LK_TRY(Emit(context, "machine.created", "machines", record.id, {license->id}));
  return record;
}

}  // namespace

Result<core::Machine> CreateMachine(const Context& context, core::Machine record,
                                    core::License* license, const core::Policy* policy,
                                    std::vector<core::Component> components) {
  return Admit(context, std::move(record), license, policy, Arrival::kNew, std::move(components));
}

Result<void> UpdateMachine(const Context& context, core::Machine& record,
                           const core::Machine& before, const core::License& license,
                           const core::Policy& policy) {
  std::vector<Violation> violations = core::CheckMachine(record, false);
  LK_TRY(CheckLimits(context, record, license, policy, false, violations));
  CheckRanges(record, license.machines_memory - Of(before.memory),
              license.machines_disk - Of(before.disk), violations);
  if (!violations.empty()) return Broken(std::move(violations));
  LK_TRY(ShiftTotals(context, license.id, 0, Of(record.cores) - Of(before.cores),
                     Of(record.memory) - Of(before.memory), Of(record.disk) - Of(before.disk)));
  record.updated = context.now;
  LK_TRY(Update(context, record));
  return Emit(context, "machine.updated", "machines", record.id, {record.license_id});
}

Result<void> DeleteMachine(const Context& context, const core::Machine& record) {
  LK_TRY(CountTokenUse(context, false));
  return Remove(context, record, "DELETED");
}

Result<bool> PingMachine(const Context& context, core::Machine& record, const core::Policy& policy,
                         Duration downtime) {
  const core::PingOutcome outcome = core::PingOf(record, policy, context.now, downtime);
  if (outcome == core::PingOutcome::kDead) return Errc::kMachineHeartbeatDead;
  record.last_heartbeat = context.now;
  record.monitored = false;
  const bool revived = outcome == core::PingOutcome::kResurrected;
  if (revived) record.last_death.reset();
  LK_TRY(Save(context, record, revived ? "machine.heartbeat.resurrected" : "machine.heartbeat.ping",
              {"last_heartbeat", "monitored", "last_death"}));
  return revived;
}

Result<void> ResetHeartbeat(const Context& context, core::Machine& record) {
  record.last_heartbeat.reset();
  record.monitored = false;
  return Save(context, record, "machine.heartbeat.reset", {"last_heartbeat", "monitored"});
}

Result<void> NoteMachineCheckOut(const Context& context, core::Machine& record) {
  record.last_check_out = context.now;
  return Save(context, record, "machine.checked-out", {"last_check_out"});
}

namespace {

constexpr auto kUndoTime = std::chrono::hours(72);
constexpr std::int64_t kTakeoversPerDay = 3;

// A released machine is kept whole in the takeover's row, with its components, so that they come
// back under their own ids. Processes do not: they ended with the seat.
void WriteAttributes(const core::Resource& resource, const void* record, json::object& out) {
  for (const core::Attribute& attribute : resource.attributes) {
    if (!attribute.get) continue;
    const core::Value value = attribute.get(record);
    if (const auto* text = std::get_if<std::string>(&value))
      out.emplace(attribute.name, *text);
    else if (const auto* number = std::get_if<std::int64_t>(&value))
      out.emplace(attribute.name, *number);
    else if (const auto* flag = std::get_if<bool>(&value))
      out.emplace(attribute.name, *flag);
    else if (const auto* time = std::get_if<TimePoint>(&value))
      out.emplace(attribute.name, base::UnixMicros(*time));
    else if (const auto* id = std::get_if<Uuid>(&value))
      out.emplace(attribute.name, id->ToString());
    else if (const auto* tree = std::get_if<json::value>(&value))
      out.emplace(attribute.name, *tree);
  }
}

template <class T>
json::object WriteRecord(const T& record) {
  json::object out;
  out.emplace("id", record.id.ToString());
  out.emplace("created", base::UnixMicros(record.created));
  WriteAttributes(core::ResourceOf<T>(), &record, out);
  return out;
}

std::string WriteMachine(const core::Machine& machine,
                         const std::vector<core::Component>& components) {
  json::object out = WriteRecord(machine);
  if (machine.owner_id) out.emplace("owner_id", machine.owner_id->ToString());
  if (machine.group_id) out.emplace("group_id", machine.group_id->ToString());
  json::array parts;
  for (const core::Component& component : components) parts.push_back(WriteRecord(component));
  out.emplace("components", std::move(parts));
  return base::WriteJson(out);
}

Uuid ReadId(const json::object& object, std::string_view name) {
  return Uuid::Parse(object.at(name).as_string()).value_or(Uuid());
}

void ReadAttributes(const core::Resource& resource, const json::object& object, void* record) {
  for (const core::Attribute& attribute : resource.attributes) {
    const json::value* value = object.if_contains(attribute.name);
    if (!attribute.set || !value) continue;
    switch (attribute.kind) {
      case core::Kind::kString:
      case core::Kind::kEnum:
        attribute.set(record, std::string(value->as_string()));
        break;
      case core::Kind::kInteger:
        attribute.set(record, value->as_int64());
        break;
      case core::Kind::kBoolean:
        attribute.set(record, value->as_bool());
        break;
      case core::Kind::kTime:
        attribute.set(record, base::FromUnixMicros(value->as_int64()));
        break;
      case core::Kind::kId:
        attribute.set(record, Uuid::Parse(value->as_string()).value_or(Uuid()));
        break;
      default:
        attribute.set(record, *value);
    }
  }
}

template <class T>
T ReadRecord(const json::object& object) {
  T record;
  record.id = ReadId(object, "id");
  record.created = base::FromUnixMicros(object.at("created").as_int64());
  ReadAttributes(core::ResourceOf<T>(), object, &record);
  return record;
}

struct Released {
  core::Machine machine;
  std::vector<core::Component> components;
};
Result<Released> ReadMachine(const Secret& text) {
  LK_ASSIGN(const json::value tree, base::ParseJson(text.Reveal()));
  const json::object& object = tree.as_object();
  Released released{.machine = ReadRecord<core::Machine>(object), .components = {}};
  if (object.contains("owner_id")) released.machine.owner_id = ReadId(object, "owner_id");
  if (object.contains("group_id")) released.machine.group_id = ReadId(object, "group_id");
  if (const json::value* parts = object.if_contains("components"))
    for (const json::value& part : parts->as_array())
      released.components.push_back(ReadRecord<core::Component>(part.as_object()));
  return released;
}

// The machine whose last heartbeat, check-out or creation is longest ago; of several the oldest.
Result<std::optional<core::Machine>> Idlest(const Context& context, const core::License& license) {
  std::optional<Uuid> id;
  LK_TRY(context.session.Query(
      "SELECT id FROM machines WHERE account_id = $1 AND license_id = $2 ORDER BY CASE WHEN "
      "coalesce(last_heartbeat, created) > coalesce(last_check_out, created) "
      "THEN coalesce(last_heartbeat, created) ELSE coalesce(last_check_out, created) END, created, "
      "seq LIMIT 1",
      Params(context.account_id(), license.id), [&](const store::Row& row) { id = row.Id(0); }));
  if (!id) return std::optional<core::Machine>();
  return Find<core::Machine>(context, *id);
}

// The machine that `release` names among those of the license: an id, or the one idle for longest.
Result<core::Machine> MachineToRelease(const Context& context, const core::License& license,
                                       std::string_view release) {
  if (release == "idlest") {
    LK_ASSIGN(auto machine, Idlest(context, license));
    if (machine) return std::move(*machine);
    return Error{Errc::kNotFound, "The requested machine 'idlest' was not found"};
  }
  const auto id = Uuid::Parse(release);
  if (id) {
    LK_ASSIGN(auto machine,
              Find<core::Machine>(context, Where("id = ? AND license_id = ?", *id, license.id)));
    if (machine) return std::move(*machine);
  }
  return Error{Errc::kNotFound,
               "The requested machine '" + std::string(release) + "' was not found"};
}

}  // namespace

Result<Takeover> TakeOverSeat(const Context& context, core::Machine record, core::License* license,
                              const core::Policy* policy, std::string_view release,
                              std::vector<core::Component> components) {
  if (!license || !policy) return Broken(RelationshipRule("license", "NOT_FOUND", "must exist"));
  std::int64_t recent = 0;
  LK_TRY(context.session.Query(
      "SELECT count(*) FROM takeovers WHERE account_id = $1 AND license_id = $2 AND created > $3",
      Params(context.account_id(), license->id, context.now - std::chrono::hours(24)),
      [&](const store::Row& row) { recent = row.Int(0); }));
  if (recent >= kTakeoversPerDay) return Errc::kTakeoverLimitExceeded;
  LK_ASSIGN(const core::Machine released, MachineToRelease(context, *license, release));
  LK_ASSIGN(const bool taken, FingerprintTaken(context, record, *license));
  if (taken)  // the released machine's own, too: that device needs no other seat
    return Broken(AttributeRule("fingerprint", "TAKEN", "has already been taken"));
  if (released.id == record.id)  // an undo could not tell one from the other
    return Broken(
        {Violation::Kind::kId, "id", "CONFLICT", "must not conflict with another machine"});

  LK_ASSIGN(const auto parts, List<core::Component>(context, Where("machine_id = ?", released.id)));
  LK_TRY(CountTokenUse(context, false));
  LK_TRY(Remove(context, released, "SEAT_TAKEN_OVER"));
  license->machines_count -= 1;
  license->machines_cores -= Of(released.cores);
  license->machines_memory -= Of(released.memory);
  license->machines_disk -= Of(released.disk);
  LK_ASSIGN(core::Machine made,
            CreateMachine(context, std::move(record), license, policy, std::move(components)));

  Takeover takeover{.id = Uuid::V4(context.random),
                    .machine = std::move(made),
                    .released_id = released.id,
                    .released_name = released.name ? released.name : released.hostname,
                    .undo_until = context.now + kUndoTime};
  LK_ASSIGN(const Bytes kept,
            context.vault.Seal(context.account_id(), "takeovers.released", takeover.id,
                               base::AsBytes(WriteMachine(released, parts))));
  LK_TRY(context.session.Execute(
      "INSERT INTO takeovers (id, account_id, license_id, machine_id, released_id, released_name, "
      "released, created, undo_until) "
      "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
      Params(takeover.id, context.account_id(), license->id, takeover.machine.id, released.id,
             takeover.released_name, kept, context.now, takeover.undo_until)));
  return takeover;
}

Result<core::Machine> UndoTakeover(const Context& context, const Uuid& takeover) {
  bool found = false;
  Uuid machine_id;
  Bytes sealed;
  TimePoint undo_until{};
  bool undone = false;
  LK_TRY(
      context.session.Query("SELECT machine_id, released, undo_until, undone FROM takeovers WHERE "
                            "account_id = $1 AND id = $2",
                            Params(context.account_id(), takeover), [&](const store::Row& row) {
                              found = true;
                              machine_id = row.Id(0);
                              sealed.assign(row.Blob(1).begin(), row.Blob(1).end());
                              undo_until = row.Time(2);
                              undone = !row.IsNull(3);
                            }));
  if (!found)
    return Error{Errc::kNotFound,
                 "The requested takeover '" + takeover.ToString() + "' was not found"};
  if (undone) return Error{Errc::kUnprocessable, "was already undone", "/meta/id"};
  if (context.now > undo_until)
    return Error{Errc::kUnprocessable, "can no longer be undone (72 hours have passed)",
                 "/meta/id"};
  LK_ASSIGN(const Secret text,
            context.vault.Open(context.account_id(), "takeovers.released", takeover, sealed));
  LK_ASSIGN(Released released, ReadMachine(text));
  core::Machine& back = released.machine;
  LK_ASSIGN(auto license, LicenseOfTakeover(context, takeover));
  if (!license) return Error{Errc::kNotFound, "The requested license was not found"};
  LK_ASSIGN(const auto policy, FindPolicy(context, license->policy_id));
  // Its id alone is not enough: once it was free again, another license may have chosen it.
  LK_ASSIGN(const auto taker, Find<core::Machine>(context, Where("id = ? AND license_id = ?",
                                                                 machine_id, license->id)));
  if (taker) {
    LK_TRY(Remove(context, *taker, "SEAT_TAKEN_OVER"));
    license->machines_count -= 1;
    license->machines_cores -= Of(taker->cores);
    license->machines_memory -= Of(taker->memory);
    license->machines_disk -= Of(taker->disk);
  }
  LK_TRY(store::RemoveTombstones(context.session, store::Tombstone::Kind::kMachine,
                                 context.account_id(), back.id));
  // It could not be heard while it was released: its silence begins now.
  if (back.last_heartbeat || (policy && policy->require_heartbeat))
    back.last_heartbeat = context.now;
  back.last_death.reset();
  back.monitored = false;
  LK_ASSIGN(core::Machine restored,
            Admit(context, std::move(back), &*license, policy ? &*policy : nullptr, Arrival::kBack,
                  std::move(released.components)));
  LK_TRY(
      context.session.Execute("UPDATE takeovers SET undone = $1 WHERE account_id = $2 AND id = $3",
                              Params(context.now, context.account_id(), takeover)));
  return restored;
}

Result<std::optional<TimePoint>> ReleasedUntil(const Context& context, const Uuid& machine) {
  std::optional<TimePoint> until;
  LK_TRY(context.session.Query(
      "SELECT undo_until FROM takeovers WHERE account_id = $1 AND released_id = $2 AND undone IS "
      "NULL ORDER BY undo_until DESC LIMIT 1",
      Params(context.account_id(), machine), [&](const store::Row& row) { until = row.Time(0); }));
  return until;
}

Result<std::optional<core::License>> LicenseOfTakeover(const Context& context,
                                                       const Uuid& takeover) {
  return Find<core::License>(
      context, Where("id = (SELECT license_id FROM takeovers WHERE id = ?)", takeover));
}

}  // namespace latchkey::service
