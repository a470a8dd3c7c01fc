#include "service/culler.h"

#include <algorithm>

#include "core/machine.h"
#include "core/process.h"
#include "service/machines.h"
#include "service/processes.h"

namespace latchkey::service {
namespace {

using store::Params;

constexpr std::int64_t kMostPerSweep = 2000;  // of one policy; the rest at the next sweep
constexpr std::size_t kBatch = 100;           // records in one transaction
constexpr std::size_t kBrakeFrom = 100;
constexpr Seconds kLongestRevival{900};

// What differs between the kinds of records that send heartbeats.
template <class T>
struct Kind;

template <>
struct Kind<core::Machine> {
  static constexpr std::string_view kTable = "machines";
  static constexpr std::string_view kEvent = "machine.heartbeat.";
  // Policies with machines that send heartbeats, have to, or were found dead; most accounts have
  // many more policies than that. Each part is one look-up in the index of heartbeats.
  static constexpr store::SqlLiteral kHasWork =
      "EXISTS (SELECT 1 FROM machines m WHERE m.policy_id = policies.id AND m.monitored = 1) OR "
      "EXISTS (SELECT 1 FROM machines m WHERE m.policy_id = policies.id AND m.monitored = 0 AND "
      "m.last_heartbeat IS NOT NULL) OR (policies.require_heartbeat = 1 AND EXISTS (SELECT 1 FROM "
      "machines m WHERE m.policy_id = policies.id))";
  static constexpr bool kMayBeSilent = true;  // a heartbeat can be required before the first one
  static TimePoint Since(const core::Machine& machine) { return core::HeartbeatSince(machine); }
  static bool Beats(const core::Machine& machine, const core::Policy& policy) {
    return core::RequiresHeartbeat(machine, policy);
  }
  static bool Dead(const core::Machine& machine, const core::Policy& policy, TimePoint now,
                   Duration downtime) {
    return core::HeartbeatOf(machine, policy, now, downtime) == core::HeartbeatStatus::kDead;
  }
  static Result<void> Cull(const Context& context, const core::Machine& machine) {
    return CullMachine(context, machine);
  }
};

template <>
struct Kind<core::Process> {
  static constexpr std::string_view kTable = "processes";
  static constexpr std::string_view kEvent = "process.heartbeat.";
  static constexpr store::SqlLiteral kHasWork =
      "EXISTS (SELECT 1 FROM processes p WHERE p.policy_id = policies.id)";
  static constexpr bool kMayBeSilent = false;
  static TimePoint Since(const core::Process& process) { return process.last_heartbeat; }
  static bool Beats(const core::Process&, const core::Policy&) { return true; }
  static bool Dead(const core::Process& process, const core::Policy& policy, TimePoint now,
                   Duration downtime) {
    return core::StatusOf(process, policy, now, downtime) == core::ProcessStatus::kDead;
  }
  static Result<void> Cull(const Context& context, const core::Process& process) {
    return CullProcess(context, process);
  }
};

struct Candidate {
  core::Policy policy;
  std::vector<Uuid> ids;
};

bool RevivesForMinutes(const core::Policy& policy) {
  return policy.heartbeat_resurrection_strategy != core::HeartbeatResurrectionStrategy::kNever &&
         policy.heartbeat_resurrection_strategy != core::HeartbeatResurrectionStrategy::kAlways;
}

// Records that may be dead: judged without downtime, so rather too many.
template <class T>
Result<std::vector<Uuid>> MayBeDead(store::Session& session, const core::Policy& policy,
                                    TimePoint now, Duration downtime) {
  std::vector<Uuid> ids;
  const auto add = [&](const store::Row& row) { ids.push_back(row.Id(0)); };
  const Duration period = Seconds(core::HeartbeatSeconds(policy));
  const TimePoint cut_off = now - period;
  static const std::string kTable(Kind<T>::kTable);
  static const std::string kSelect = "SELECT id FROM " + kTable + " WHERE policy_id = $1 AND ";
  LK_TRY(session.Query(
      kSelect + "monitored = 0 AND last_heartbeat < $2 ORDER BY last_heartbeat LIMIT $3",
      Params(policy.id, cut_off, kMostPerSweep), add));
  if (Kind<T>::kMayBeSilent && policy.require_heartbeat)
    LK_TRY(session.Query(
        kSelect + "monitored = 0 AND last_heartbeat IS NULL AND created < $2 LIMIT $3",
        Params(policy.id, cut_off, kMostPerSweep), add));
  // Those found dead before: waiting for their revival to pass, or alive again.
  if (policy.heartbeat_cull_strategy == core::HeartbeatCullStrategy::kDeactivateDead)
    LK_TRY(
        session.Query(kSelect + "monitored = 1 LIMIT $2", Params(policy.id, kMostPerSweep), add));
  else if (RevivesForMinutes(policy))
    LK_TRY(session.Query(kSelect + "monitored = 1 AND last_heartbeat >= $2 LIMIT $3",
                         Params(policy.id, cut_off - downtime - kLongestRevival, kMostPerSweep),
                         add));
  return ids;
}

template <class T>
class Sweep {
 public:
  Sweep(store::Database& database, const store::Vault& vault, Random& random,
        const AccountContext& account, const Settings& settings, const CullerOptions& options)
      : database_(database),
        vault_(vault),
        random_(random),
        account_(account),
        settings_(settings),
        options_(options) {}

  Result<CullReport> Run() {
    std::vector<Candidate> candidates;
    LK_TRY(database_.ReadNow([&](store::Session& session) -> Result<void> {
      LK_ASSIGN(candidates, Find(session));
      return {};
    }));
    LK_ASSIGN(const bool held, Brake(candidates));
    for (const Candidate& candidate : candidates)
      for (std::size_t at = 0; at < candidate.ids.size(); at += kBatch) {
        const std::span batch(candidate.ids.data() + at,
                              std::min(kBatch, candidate.ids.size() - at));
        CullReport changed;
        const auto written = database_.WriteNow([&](store::Session& session) -> Result<void> {
          changed = {};
          const Context context = ContextOf(session);
          for (const Uuid& id : batch)
            LK_TRY(Look(context, candidate.policy.id, id, held, changed));
          return {};
        });
        LK_TRY(written);
        report_.died += changed.died;
        report_.deactivated += changed.deactivated;
        report_.recovered += changed.recovered;
        report_.held += changed.held;
      }
    return report_;
  }

 private:
  Context ContextOf(store::Session& session) const {
    return {session, vault_, random_, options_.now, account_, nobody_, settings_};
  }

  Result<std::vector<Candidate>> Find(store::Session& session) {
    std::vector<Candidate> found;
    LK_ASSIGN(auto policies,
              List<core::Policy>(ContextOf(session), store::Where(Kind<T>::kHasWork)));
    for (core::Policy& policy : policies) {
      const Duration period = Seconds(core::HeartbeatSeconds(policy));
      if (options_.now - options_.serving_since < period) continue;
      const Duration recent =
          options_.downtime(options_.now - period - kLongestRevival, options_.now);
      LK_ASSIGN(auto ids, MayBeDead<T>(session, policy, options_.now, recent));
      if (!ids.empty()) found.push_back({std::move(policy), std::move(ids)});
    }
    return found;
  }

  Result<bool> Brake(const std::vector<Candidate>& candidates) {
    if (options_.released) return false;
    std::size_t doomed = 0;
    for (const Candidate& candidate : candidates)
      if (candidate.policy.heartbeat_cull_strategy == core::HeartbeatCullStrategy::kDeactivateDead)
        doomed += candidate.ids.size();
    if (doomed <= kBrakeFrom) return false;
    std::int64_t all = 0;
    static const std::string kTable(Kind<T>::kTable);
    const auto counted = database_.ReadNow([&](store::Session& session) -> Result<void> {
      for (const Candidate& candidate : candidates)
        LK_TRY(session.Query("SELECT count(*) FROM " + kTable +
                                 " WHERE policy_id = $1 AND last_heartbeat IS NOT NULL",
                             Params(candidate.policy.id),
                             [&](const store::Row& row) { all += row.Int(0); }));
      return {};
    });
    LK_TRY(counted);
    return static_cast<std::int64_t>(doomed) * 2 > all;
  }

  Result<void> Look(const Context& context, const Uuid& policy_id, const Uuid& id, bool held,
                    CullReport& changed) {
    LK_ASSIGN(auto record, service::Find<T>(context, id));
    LK_ASSIGN(const auto policy, service::Find<core::Policy>(context, policy_id));
    if (!record || !policy || record->policy_id != policy_id) return {};
    const Duration downtime = options_.downtime(Kind<T>::Since(*record), options_.now);
    if (!Kind<T>::Dead(*record, *policy, options_.now, downtime))
      return Recover(context, *record, *policy, changed);
    if (!record->last_death) {
      record->last_death = options_.now;
      record->monitored = true;
      LK_TRY(Update(context, *record, {"last_death", "monitored"}));
      LK_TRY(Tell(context, *record, "dead"));
      ++changed.died;
    } else if (!record->monitored) {
      record->monitored = true;
      LK_TRY(Update(context, *record, {"monitored"}));
    }
    if (policy->heartbeat_cull_strategy == core::HeartbeatCullStrategy::kKeepDead ||
        core::CanRevive(*record, *policy, options_.now, downtime))
      return {};
    if (held) {
      ++changed.held;
      return {};
    }
    LK_TRY(Kind<T>::Cull(context, *record));
    ++changed.deactivated;
    return {};
  }

  // Alive after it was found dead: the policy has changed meanwhile.
  Result<void> Recover(const Context& context, T& record, const core::Policy& policy,
                       CullReport& changed) {
    if (!record.monitored) return {};
    record.monitored = false;
    LK_TRY(Update(context, record, {"monitored"}));
    if (!Kind<T>::Beats(record, policy)) return {};
    LK_TRY(Tell(context, record, "pong"));
    ++changed.recovered;
    return {};
  }

  static Result<void> Tell(const Context& context, const T& record, std::string_view what) {
    return Emit(context, std::string(Kind<T>::kEvent).append(what), Kind<T>::kTable, record.id,
                {record.license_id});
  }

  store::Database& database_;
  const store::Vault& vault_;
  Random& random_;
  const AccountContext& account_;
  const Settings& settings_;
  const CullerOptions& options_;
  const Actor nobody_;
  CullReport report_;
};

}  // namespace

Result<CullReport> CullDeadMachines(store::Database& database, const store::Vault& vault,
                                    Random& random, const AccountContext& account,
                                    const Settings& settings, const CullerOptions& options) {
  return Sweep<core::Machine>(database, vault, random, account, settings, options).Run();
}

Result<CullReport> CullDeadProcesses(store::Database& database, const store::Vault& vault,
                                     Random& random, const AccountContext& account,
                                     const Settings& settings, const CullerOptions& options) {
  return Sweep<core::Process>(database, vault, random, account, settings, options).Run();
}

}  // namespace latchkey::service
