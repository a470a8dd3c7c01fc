#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <tl/expected.hpp>
#include <vector>

#include "client/config.h"
#include "client/environment.h"
#include "crypto/account_keys.h"

namespace latchkey::client {

// One question to the server, before it is put on the wire.
struct Call {
  enum class Kind {
    kValidate,
    kCreateMachine,
    kShowMachine,
    kCheckOut,
    kListMachines,
    kTakeover,
    kDeleteMachine
  };
  Kind kind = Kind::kValidate;
  std::string key;          // the license key, sent as credential (or, to validate, in the body)
  std::string license_id;   // create, list, take over
  std::string release;      // take over: machine id or "idlest"
  std::string device_name;  // create, take over
};

// A call as sent: what the answer must fit.
struct SentCall {
  Call::Kind kind = Call::Kind::kValidate;
  HttpRequest request;
  std::int64_t nonce = 0;  // validate: must come back in meta.nonce
};

// The wire form. Every call carries its own 128 random bits `lk` in the signed target, so that no
// recorded answer fits another call (threat-model M3).
SentCall WriteCall(const Call& call, const CheckedConfig& config, std::string_view fingerprint,
                   Random& random);

// Why nothing was learned. Never lowers access (ux.md §1 rule 2).
enum class CannotAsk {
  kOffline,
  kTimeout,
  kTlsOrProxy,
  kCaptivePortal,  // a page in place of an answer
  kServerTrouble,  // the server is there and says that it cannot
  kRateLimited,
  kUnverified,  // not signed by the account's key for this very call
  kCancelled,
};
struct AskFailure {
  CannotAsk why = CannotAsk::kOffline;
  std::optional<Seconds> retry_after{};
};

// Words sent by the server with a refusal (`Latchkey-Reasons: 1`, decision 28).
struct Reason {
  std::string code, title, body;
  friend bool operator==(const Reason&, const Reason&) = default;
};

struct Device {
  std::string id, fingerprint, name, platform;
  std::optional<TimePoint> last_used;  // newest of heartbeat, check-out and creation
  bool current = false;                // this device
  bool suggested = false;              // the idlest other one
};

// An answer whose signature over this very call has been checked: holding one is the proof.
struct Answer {
  TimePoint signed_at{};
  bool ok = false;           // a document with data, or an empty success; false: `errors`
  std::string error_code;    // errors[0].code
  std::string error_detail;  // errors[0].detail
  std::optional<Reason> reason;

  // Validate.
  bool valid = false;
  std::string code;  // meta.code
  std::optional<TimePoint> license_expiry;
  std::string license_id;
  std::optional<std::int64_t> max_machines;

  std::string machine_fingerprint;  // show, create, take over: the machine and its license
  std::string machine_license_id;
  std::string certificate;              // check out
  std::vector<Device> devices;          // list
  std::string released_name;            // take over
  std::optional<TimePoint> undo_until;  // take over, or a seat taken over by another device
};
using Asked = tl::expected<Answer, AskFailure>;

// Verify, then parse (M1): signature, then document, then nonce. The status is not signed: where it
// contradicts the signed body, nothing was learned (threat-model row 16).
Asked ReadReply(const SentCall& call, const tl::expected<HttpReply, TransportFailure>& reply,
                const CheckedConfig& config, const crypto::PublicKeys& keys,
                std::string_view fingerprint);

}  // namespace latchkey::client
