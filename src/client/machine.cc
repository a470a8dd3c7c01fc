#include "client/machine.h"

#include "core/message_catalogue.h"
#include "core/resource.h"

namespace latchkey::client {
namespace {

using core::AccessLevel;
using core::ValidationCode;
using Kind = Call::Kind;

constexpr int kMostCalls = 8;
constexpr Duration kProvisional = std::chrono::hours(24 * 7);
constexpr Duration kTakeoverOverlap = std::chrono::hours(72);
constexpr Duration kExpiringNotice = std::chrono::hours(24 * 14);

std::string ReasonFor(const Answer& answer, std::string_view wire) {
  if (answer.reason) return answer.reason->code;
  return std::string(core::ReasonOf(wire));
}

bool MeansNotActivated(std::string_view code) {
  return code == "NO_MACHINE" || code == "NO_MACHINES" || code == "FINGERPRINT_SCOPE_MISMATCH" ||
         code == "MACHINE_SCOPE_MISMATCH";
}

// The verdicts behind refusals of the license as a bearer (conventions.md §3.6), and behind a
// tombstone (decision 6). Empty: the refusal is about the request, not about the license.
std::string VerdictOfError(const Answer& answer) {
  const std::string& code = answer.error_code;
  if (code == "LICENSE_SUSPENDED") return "SUSPENDED";
  if (code == "LICENSE_EXPIRED") return "EXPIRED";
  if (code == "LICENSE_BANNED" || code == "USER_BANNED") return "BANNED";
  if (answer.reason && answer.reason->code == "REVOKED" &&
      (code == "LICENSE_INVALID" || code == "NOT_FOUND"))
    return code == "LICENSE_INVALID" ? "NOT_FOUND" : "FINGERPRINT_SCOPE_MISMATCH";
  if (answer.reason && answer.reason->code == "SEAT_TAKEN_OVER")
    return "FINGERPRINT_SCOPE_MISMATCH";
  return {};
}

std::string ReasonOfFailure(CannotAsk why) {
  switch (why) {
    case CannotAsk::kOffline:
      return "OFFLINE";
    case CannotAsk::kTimeout:
      return "SERVER_TROUBLE";
    case CannotAsk::kTlsOrProxy:
      return "PROXY_OR_TLS";
    case CannotAsk::kCaptivePortal:
      return "CAPTIVE_PORTAL";
    case CannotAsk::kServerTrouble:
      return "SERVER_TROUBLE";
    case CannotAsk::kRateLimited:
      return "RATE_LIMITED";
    case CannotAsk::kUnverified:
      return "PROXY_OR_TLS";
    case CannotAsk::kCancelled:
      return "OFFLINE";
  }
  return "OFFLINE";
}

// The message behind an answer, for "copy details" and for reasons this version does not know.
Outcome OutcomeOf(Outcome::Kind kind, const Answer& answer, std::string reason) {
  Outcome out;
  out.kind = kind;
  out.reason = std::move(reason);
  out.detail = answer.error_detail;
  if (answer.reason && answer.reason->code == out.reason) {
    out.title = answer.reason->title;
    out.body = answer.reason->body;
  }
  return out;
}

class Stepper {
 public:
  Stepper(State state, const Instant& now, std::string_view fingerprint)
      : state_(std::move(state)), now_(now), fingerprint_(fingerprint) {
    state_.record.time.Observe(now);
  }

  void On(const Begin& begin);
  void On(const Answered& answered);
  void On(const Tick&) {}
  Stepped Take() { return {std::move(state_), std::move(effects_)}; }

 private:
  Record& record() { return state_.record; }
  Conversation& talk() { return *state_.conversation; }
  bool KeyInUse() {
    return !record().license_key.empty() && record().license_key == talk().call.key;
  }
  bool Ours(const Answer& answer) {
    return answer.machine_fingerprint == fingerprint_ &&
           (talk().call.license_id.empty() || answer.machine_license_id == talk().call.license_id);
  }

  void Ask(Kind kind) {
    talk().call.kind = kind;
    // A server that contradicts itself is not followed in circles.
    if (++talk().calls > kMostCalls) {
      Outcome out;
      out.kind = Outcome::Kind::kCannotAsk;
      out.reason = "SERVER_TROUBLE";
      return CouldNotAsk(std::move(out), std::nullopt);
    }
    effects_.call = talk().call;
  }
  void Finish(Outcome outcome) {
    outcome.at = now_.wall;
    // Whatever did not succeed is not asked again by itself at once (threat-model M16).
    const Duration soonest = record().time.powered + std::chrono::minutes(1);
    if (outcome.kind != Outcome::Kind::kOk &&
        record().not_before.value_or(Duration::zero()) < soonest &&
        (talk().verb == Verb::kRefresh || talk().verb == Verb::kActivate))
      record().not_before = record().time.powered + Backoff(5, std::nullopt, dice_);
    if (outcome.kind == Outcome::Kind::kOk) outcome.reason.clear();
    state_.last = outcome;
    state_.conversation.reset();
    effects_.done = std::move(outcome);
  }
  void Refuse(const Answer& answer, std::string reason) {
    Outcome out = OutcomeOf(Outcome::Kind::kRefused, answer, std::move(reason));
    out.max = talk().max_machines;
    Finish(std::move(out));
  }
  // A verified answer that settles nothing: the lease stays as it is (decision 6).
  void NothingLearned(const Answer& answer, std::string reason) {
    CouldNotAsk(OutcomeOf(Outcome::Kind::kCannotAsk, answer, std::move(reason)), std::nullopt);
  }
  void CouldNotAsk(Outcome outcome, std::optional<Seconds> retry_after);

  void Validated(const Answer& answer);
  void MachineMissing(const Answer& answer);
  void Created(const Answer& answer);
  void Shown(const Answer& answer);
  void CheckedOut(const Answer& answer, const std::optional<Lease>& lease);
  void Listed(const Answer& answer);
  void Deleted(const Answer& answer);
  void Failed(const Answer& answer);
  void SeatsFull(const Answer& answer);
  void Deny(const Answer& answer, const std::string& code, const std::string& reason);

  State state_;
  const Instant& now_;
  std::string_view fingerprint_;
  Effects effects_;
  std::uint32_t dice_ = 0;
};

void Stepper::On(const Begin& begin) {
  state_.conversation.emplace();
  talk().verb = begin.verb;
  talk().may_be_provisional = begin.may_be_provisional;
  if (!begin.device_name.empty()) record().device_name = begin.device_name;
  Call& call = talk().call;
  call.device_name = record().device_name;
  call.release = begin.release;
  const bool about_devices = begin.verb == Verb::kDevices || begin.verb == Verb::kTakeover;
  const bool pending =
      record().license_key.empty() || (about_devices && !record().pending_key.empty());
  call.key = pending ? record().pending_key : record().license_key;
  call.license_id = pending ? record().pending_license_id : record().license_id;
  if (begin.verb == Verb::kActivate) {
    call.key = begin.key;
    call.license_id.clear();
  }
  if (call.key.empty()) {
    Outcome out;
    out.kind = Outcome::Kind::kNotActivated;
    out.reason = "NOT_ACTIVATED";
    return Finish(std::move(out));
  }
  if (begin.verb == Verb::kDeactivate) return Ask(Kind::kDeleteMachine);
  if (about_devices && !call.license_id.empty())
    return Ask(begin.verb == Verb::kDevices ? Kind::kListMachines : Kind::kTakeover);
  Ask(Kind::kValidate);
}

void Stepper::On(const Answered& answered) {
  if (!state_.conversation) return;
  dice_ = answered.dice;
  if (!answered.asked) {
    Outcome out;
    out.kind = Outcome::Kind::kCannotAsk;
    out.reason = ReasonOfFailure(answered.asked.error().why);
    if (answered.asked.error().retry_after)
      out.wait_seconds = answered.asked.error().retry_after->count();
    return CouldNotAsk(std::move(out), answered.asked.error().retry_after);
  }
  const Answer& answer = *answered.asked;
  record().time.Learn(answer.signed_at);
  record().last_contact = answer.signed_at;
  switch (talk().call.kind) {
    case Kind::kValidate:
      return Validated(answer);
    case Kind::kCreateMachine:
    case Kind::kTakeover:
      return Created(answer);
    case Kind::kShowMachine:
      return Shown(answer);
    case Kind::kCheckOut:
      return CheckedOut(answer, answered.lease);
    case Kind::kListMachines:
      return Listed(answer);
    case Kind::kDeleteMachine:
      return Deleted(answer);
  }
}

void Stepper::CouldNotAsk(Outcome outcome, std::optional<Seconds> retry_after) {
  ++state_.failures;
  record().not_before = record().time.powered + Backoff(state_.failures, retry_after, dice_);
  // The key that was typed is kept and activated later; until then, once per installation, a week
  // of work (threat-model row 63).
  if (talk().verb == Verb::kActivate && record().license_key.empty()) {
    record().pending_key = talk().call.key;
    record().pending_license_id = talk().call.license_id;
    if (talk().may_be_provisional && !record().provisional_used) {
      record().provisional_used = true;
      record().provisional_until = record().time.powered + kProvisional;
    }
    outcome.reason = record().provisional_until ? "PROVISIONAL" : outcome.reason;
  }
  effects_.save = true;
  Finish(std::move(outcome));
}

void Stepper::Validated(const Answer& answer) {
  if (!answer.ok) return Failed(answer);
  state_.failures = 0;
  if (!answer.license_id.empty()) talk().call.license_id = answer.license_id;
  talk().max_machines = answer.max_machines;
  const Verb verb = talk().verb;
  if (answer.valid) {
    if (KeyInUse() && record().denial) {
      record().denial.reset();
      effects_.save = true;
    }
    return Ask(verb == Verb::kDevices ? Kind::kListMachines : Kind::kCheckOut);
  }
  if (MeansNotActivated(answer.code)) return MachineMissing(answer);
  if (answer.code == "NOT_FOUND" && ReasonFor(answer, answer.code) != "REVOKED") {
    // Without a recorded cause this is no verdict about a license we hold (decision 6).
    if (KeyInUse()) return NothingLearned(answer, "SERVER_TROUBLE");
    return Refuse(answer, "NOT_FOUND");
  }
  if (!core::ParseName<ValidationCode>(answer.code))
    return NothingLearned(answer, ReasonFor(answer, answer.code));
  Deny(answer, answer.code, ReasonFor(answer, answer.code));
}

void Stepper::MachineMissing(const Answer& answer) {
  switch (talk().verb) {
    case Verb::kDevices:
      return Ask(Kind::kListMachines);
    case Verb::kTakeover:
      return Ask(Kind::kTakeover);
    case Verb::kActivate:
      return Ask(Kind::kCreateMachine);
    case Verb::kDeactivate:
    case Verb::kRefresh:
      break;
  }
  const std::string reason = ReasonFor(answer, answer.code);
  const bool recorded = reason == "SEAT_TAKEN_OVER" || reason == "REVOKED";
  if (KeyInUse() && recorded)
    return Deny(answer, "FINGERPRINT_SCOPE_MISMATCH",
                reason == "REVOKED" ? "NOT_ACTIVATED" : reason);
  // A key that waits to be activated is activated now. For a seat we had, the answer about the
  // machine itself says whether its end is on record.
  talk().restoring = KeyInUse();
  Ask(talk().restoring ? Kind::kShowMachine : Kind::kCreateMachine);
}

void Stepper::Created(const Answer& answer) {
  if (answer.ok) {
    if (!Ours(answer)) return NothingLearned(answer, "SERVER_TROUBLE");
    state_.released_name = answer.released_name;
    state_.undo_until = answer.undo_until;
    return Ask(Kind::kCheckOut);
  }
  // An earlier attempt may have been recorded without its answer reaching us (M10).
  if (answer.error_code == "FINGERPRINT_TAKEN") return Ask(Kind::kShowMachine);
  if (answer.error_code == "MACHINE_LIMIT_EXCEEDED") return SeatsFull(answer);
  if (talk().call.kind == Kind::kTakeover && answer.error_code == "NOT_FOUND")
    return Refuse(answer, ReasonFor(answer, "NOT_FOUND"));
  Failed(answer);
}

void Stepper::SeatsFull(const Answer& answer) {
  if (talk().restoring) return Deny(answer, "FINGERPRINT_SCOPE_MISMATCH", "SEATS_FULL");
  if (!KeyInUse()) {
    record().pending_key = talk().call.key;
    record().pending_license_id = talk().call.license_id;
    effects_.save = true;
  }
  Ask(Kind::kListMachines);
}

void Stepper::Shown(const Answer& answer) {
  // Gone without a cause on record: the server lost the seat, from an old backup say. Put it back
  // (threat-model row 72).
  if (!answer.ok && talk().restoring && answer.error_code == "NOT_FOUND" &&
      VerdictOfError(answer).empty())
    return Ask(Kind::kCreateMachine);
  if (!answer.ok) return Failed(answer);
  if (!Ours(answer)) return Refuse(answer, "CONFLICT_RETRY");
  Ask(Kind::kCheckOut);
}

void Stepper::CheckedOut(const Answer& answer, const std::optional<Lease>& lease) {
  if (!answer.ok) return Failed(answer);
  if (!lease || (!talk().call.license_id.empty() && lease->license_id != talk().call.license_id))
    return NothingLearned(answer, "SERVER_TROUBLE");
  Record& r = record();
  r.license_key = talk().call.key;
  r.license_id = lease->license_id;
  r.certificate = answer.certificate;
  r.denial.reset();
  r.pending_key.clear();
  r.pending_license_id.clear();
  r.provisional_until.reset();
  // However wrong the wall clock is, it makes us ask only so often.
  r.not_before = r.time.powered + Seconds(lease->terms.sync / 4);
  r.time.Restart(lease->issued);
  state_.lease = lease;
  state_.store_unreadable = false;
  state_.failures = 0;
  effects_.save = true;
  Finish({});
}

void Stepper::Listed(const Answer& answer) {
  const bool listing = talk().verb == Verb::kDevices;
  if (!answer.ok && listing) return Failed(answer);
  state_.devices = answer.devices;
  if (listing) return Finish({});
  Outcome out;
  out.kind = Outcome::Kind::kSeatsFull;
  out.reason = "SEATS_FULL";
  out.max = talk().max_machines;
  Finish(std::move(out));
}

void Stepper::Deleted(const Answer& answer) {
  // A seat that is not there is free.
  if (!answer.ok && answer.error_code != "NOT_FOUND") return Failed(answer);
  Record fresh;
  fresh.time = record().time;
  fresh.provisional_used = record().provisional_used;
  fresh.device_name = record().device_name;
  fresh.last_contact = record().last_contact;
  record() = std::move(fresh);
  state_.lease.reset();
  effects_.save = true;
  Finish({});
}

void Stepper::Failed(const Answer& answer) {
  if (const std::string verdict = VerdictOfError(answer); !verdict.empty()) {
    const std::string reason = ReasonFor(answer, verdict);
    const bool seat = verdict == "FINGERPRINT_SCOPE_MISMATCH";
    return Deny(answer, verdict, seat && reason == "REVOKED" ? "NOT_ACTIVATED" : reason);
  }
  const std::string& code = answer.error_code;
  if (code.empty() || code == "NOT_FOUND" || code == "LICENSE_INVALID" ||
      code.starts_with("TOKEN_"))
    return NothingLearned(answer,
                          code == "TOKEN_NOT_ALLOWED" ? "SETTING_FORBIDS" : "SERVER_TROUBLE");
  Refuse(answer, ReasonFor(answer, code));
}

void Stepper::Deny(const Answer& answer, const std::string& code, const std::string& reason) {
  if (KeyInUse()) {
    Denial denial{code, reason, {}, {}, answer.signed_at, answer.license_expiry, std::nullopt};
    if (answer.reason) denial.title = answer.reason->title, denial.body = answer.reason->body;
    if (reason == "SEAT_TAKEN_OVER")
      denial.until = answer.undo_until.value_or(answer.signed_at + kTakeoverOverlap);
    if (!denial.expiry && state_.lease) denial.expiry = state_.lease->license_expiry;
    // The same no again: since when, and how long it leaves, stays what it was.
    if (record().denial && record().denial->reason == reason) {
      denial.since = record().denial->since;
      denial.until = record().denial->until;
    }
    record().denial = std::move(denial);
    record().not_before =
        record().time.powered + std::chrono::minutes(30) + Backoff(3, std::nullopt, dice_);
    effects_.save = true;
  } else if (record().pending_key == talk().call.key && record().license_key.empty()) {
    record().provisional_until.reset();
    record().pending_key.clear();
    record().pending_license_id.clear();
    effects_.save = true;
  }
  Refuse(answer, reason);
}

Standing JudgeDenial(const State& state, TimePoint now) {
  const Denial& denial = *state.record.denial;
  Standing out;
  out.reason = denial.reason;
  const std::int64_t grace = state.lease ? state.lease->terms.expiry_grace : 0;
  if (denial.until && now < *denial.until) {
    out.access = AccessLevel::kFull;
    out.until = denial.until;
  } else {
    const auto code =
        core::ParseName<ValidationCode>(denial.code).value_or(ValidationCode::kSuspended);
    out.access = core::AccessOf(false, code, denial.expiry, grace, now);
    if (out.access == AccessLevel::kFull && denial.expiry)
      out.until = *denial.expiry + Seconds(grace);
  }
  return out;
}

}  // namespace

Stepped Step(State state, const Event& event, const Instant& now, std::string_view fingerprint) {
  Stepper stepper(std::move(state), now, fingerprint);
  std::visit([&](const auto& e) { stepper.On(e); }, event);
  return stepper.Take();
}

Standing Judge(const State& state) {
  const Record& record = state.record;
  Standing out;
  if (record.license_key.empty()) {
    if (!record.pending_key.empty() && record.provisional_until) {
      out.reason = "PROVISIONAL";
      const Duration left = *record.provisional_until - record.time.powered;
      out.access = left > Duration::zero() ? AccessLevel::kFull : AccessLevel::kLimited;
      if (left > Duration::zero()) {
        out.until = record.time.Evidence() + left;
        out.changes = record.provisional_until;
      }
      return out;
    }
    out.access = AccessLevel::kNone;
    out.reason = state.store_unreadable ? "STORE_UNREADABLE" : "NOT_ACTIVATED";
    return out;
  }
  // Without any signed time there was no lease and no verdict either; epoch reads as "nothing has
  // passed".
  const TimePoint now = record.time.Now().value_or(TimePoint{});
  if (record.denial) {
    out = JudgeDenial(state, now);
  } else if (state.lease) {
    out.access = AccessLevel::kFull;
  } else {
    out.access = AccessLevel::kLimited;
    out.reason = "STORE_UNREADABLE";
  }
  if (out.access == AccessLevel::kFull && state.lease) {
    const TimePoint cut_off = state.lease->terms.until;
    if (now >= cut_off) {
      out.access = AccessLevel::kLimited;
      out.reason = "CUT_OFF";
      out.until.reset();
    } else {
      out.until = std::min(out.until.value_or(cut_off), cut_off);
      out.changes = record.time.powered + (*out.until - now);
    }
  }
  return out;
}

std::vector<std::string> Notices(const State& state) {
  std::vector<std::string> out;
  const Standing standing = Judge(state);
  const bool clock = state.record.time.WallLooksWrong();
  if (clock) out.emplace_back("CLOCK_WRONG");
  if (standing.access != AccessLevel::kFull || !state.lease || state.record.denial) return out;
  const Lease& lease = *state.lease;
  const TimePoint trusted = state.record.time.Now().value_or(lease.issued);
  const TimePoint evidence = clock ? trusted : state.record.time.Evidence();
  if (evidence >= lease.terms.until - Seconds(lease.terms.grace / 4)) out.emplace_back("GRACE_LOW");
  if (lease.license_expiry) {
    if (evidence >= *lease.license_expiry)
      out.emplace_back("EXPIRED");
    else if (evidence >= *lease.license_expiry - kExpiringNotice)
      out.emplace_back("EXPIRING");
  }
  return out;
}

std::optional<Duration> NextRefresh(const State& state) {
  const Record& record = state.record;
  if (record.license_key.empty() && record.pending_key.empty()) return std::nullopt;
  Duration due = record.time.powered;
  const auto now = record.time.Now();
  if (state.lease && now && !record.denial && !record.license_key.empty()) {
    const Lease& lease = *state.lease;
    // Spread over a tenth of the interval, so that devices activated together do not ask together.
    const std::int64_t part = base::UnixMicros(lease.issued) / 1000 % 1000;
    const std::int64_t early = lease.terms.sync / 10000 * part;
    TimePoint wanted = lease.issued + Seconds(lease.terms.sync - early);
    if (lease.license_expiry && *lease.license_expiry > lease.issued)
      wanted = std::min(wanted, *lease.license_expiry + std::chrono::minutes(1));
    // The wall clock may make us ask earlier, never later: asking harms nobody.
    const TimePoint present = std::max(*now, record.time.wall);
    if (wanted > present) due = record.time.powered + (wanted - present);
  }
  return std::max(due, record.not_before.value_or(due));
}

Duration Backoff(int failures, std::optional<Seconds> retry_after, std::uint32_t dice) {
  constexpr std::int64_t kMinute = 60, kHour = 3600;
  std::int64_t ceiling = kMinute;
  for (int i = 0; i < failures && ceiling < kHour; ++i) ceiling *= 2;
  ceiling = std::min(ceiling, kHour);
  const std::int64_t jittered =
      kMinute +
      static_cast<std::int64_t>(static_cast<std::uint64_t>(ceiling - kMinute) * dice >> 32);
  return std::max<Duration>(Seconds(jittered), retry_after.value_or(Seconds(0)));
}

}  // namespace latchkey::client
