#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "client/answer.h"
#include "client/lease.h"
#include "client/record.h"
#include "core/access_level.h"

// The client as a state machine without I/O: next = Step(state, event, now). What to send and what
// to save comes back as effects; the driver (client.h) performs them.
namespace latchkey::client {

enum class Verb { kActivate, kRefresh, kDeactivate, kDevices, kTakeover };

// How an operation ended.
struct Outcome {
  enum class Kind {
    kOk,
    kRefused,       // a signed no
    kCannotAsk,     // nothing was learned
    kSeatsFull,     // all seats are used; State::devices lists them
    kNotActivated,  // there is no license to do this with
    kKeyTypo,       // the driver: the key's check digits do not agree; nothing was sent
    kSaveFailed,    // the driver: done as far as possible, but not saved
  };
  Kind kind = Kind::kOk;
  std::string reason;               // our reason code (decision 28); empty with kOk
  std::string detail;               // the wire sentence, for "copy details"
  std::string title, body;          // the server's words with a refusal
  std::optional<std::int64_t> max;  // seats, with kSeatsFull
  std::optional<std::int64_t> wait_seconds;
  int group = 0;           // kKeyTypo: the group with the error, if one can be named
  std::string suggestion;  // kKeyTypo: the key it would be
  TimePoint at{};          // wall clock
};

// What is under way between Begin and its Outcome.
struct Conversation {
  Verb verb = Verb::kRefresh;
  Call call;
  int calls = 0;
  bool may_be_provisional = false;
  bool restoring = false;  // putting back a seat that the server lost
  std::optional<std::int64_t> max_machines;
};

struct State {
  Record record;
  std::optional<Lease> lease;     // of record.certificate, opened
  bool store_unreadable = false;  // something was stored and could not be read
  std::optional<Conversation> conversation;
  std::optional<Outcome> last;  // of the newest operation in this process
  std::vector<Device> devices;  // of the newest list
  std::string released_name;    // of the newest take-over
  std::optional<TimePoint> undo_until;
  int failures = 0;  // cannot-asks in a row
};

struct Begin {
  Verb verb = Verb::kRefresh;
  std::string key;                  // activate
  std::string release;              // take over
  std::string device_name;          // activate, take over
  bool may_be_provisional = false;  // activate: the key has the form of one
};
struct Answered {
  Asked asked;
  std::optional<Lease> lease;  // check out: the certificate, opened by the driver
  std::uint32_t dice = 0;      // random, for the pause after a failure
};
struct Tick {};  // time has passed
using Event = std::variant<Begin, Answered, Tick>;

struct Effects {
  std::optional<Call> call;
  bool save = false;
  std::optional<Outcome> done;
};
struct Stepped {
  State state;
  Effects effects;
};

// `fingerprint` is this device's. Never called with Begin while a conversation is open.
Stepped Step(State state, const Event& event, const Instant& now, std::string_view fingerprint);

// What the application may do now, and why. Depends on the record and trusted time alone: never on
// the wall clock (ux.md §1 rule 4), never on a failed attempt to ask.
struct Standing {
  core::AccessLevel access = core::AccessLevel::kNone;
  std::string reason;               // empty: in order
  std::optional<TimePoint> until;   // full access ends then unless something is learned; for words
  std::optional<Duration> changes;  // powered-on time at which this standing may change by itself
};
Standing Judge(const State& state);

// Notices that change no access: CLOCK_WRONG, GRACE_LOW, EXPIRING, EXPIRED.
std::vector<std::string> Notices(const State& state);

// Powered-on time at which the background should ask next; nullopt: nothing to ask about.
std::optional<Duration> NextRefresh(const State& state);

// The pause after `failures` failed attempts in a row: full jitter, one minute to one hour, at
// least what the server asked for. `dice` is uniform in [0, 2^32).
Duration Backoff(int failures, std::optional<Seconds> retry_after, std::uint32_t dice);

}  // namespace latchkey::client
