#pragma once

#include <string>
#include <vector>

namespace latchkey::base {

// What went wrong, in our own words; api/errors.cc alone turns these into HTTP statuses and wire
// codes. Names never change meaning; texts may.
enum class Errc {
  // Requests (spec/conventions.md §1.5, §1.10).
  kParameterInvalid,        // a body or query member breaks the schema; `pointer` names it
  kQueryInvalid,            // a query parameter breaks its rule; `pointer` names the parameter
  kJsonInvalid,             // not JSON, not UTF-8, or two members of one name
  kEncodingInvalid,         // bad bytes in path, query or headers
  kNullByte,                // U+0000 in a value that would be stored
  kParametersInvalid,       // broken query string
  kUriInvalid,              // broken request target
  kMimeTypeInvalid,         // Content-Type, Accept or suffix not acceptable
  kMethodInvalid,           // unknown HTTP method
  kVersionUnsupported,      // Keygen-Version
  kEnvironmentInvalid,      // Keygen-Environment
  kAcceptSignatureInvalid,  // Keygen-Accept-Signature; `detail` says which rule
  kCheckoutTtlInvalid,
  kCheckoutAlgorithmInvalid,
  kCheckoutIncludeInvalid,
  // Authentication (conventions.md §3.6).
  kTokenMissing,
  kTokenInvalid,
  kTokenFormatInvalid,
  kTokenExpired,
  kLicenseInvalid,
  kEmailRequired,
  kEmailInvalid,
  kPasswordRequired,
  kPasswordInvalid,
  kPasswordNotSupported,
  kCredentialsInvalid,  // versions ≤ 1.7 fold the five above into one
  kOtpRequired,
  kOtpInvalid,
  kUserBanned,
  kLicenseBanned,
  kLicenseSuspended,
  kLicenseExpired,
  kLicenseNotAllowed,
  kTokenNotAllowed,
  kSessionNotAllowed,
  // Authorization and look-up.
  kForbidden,  // `detail` is the reason in parentheses (conventions.md §4.6) or empty
  kRefused,    // 403 with its own detail and pointer
  kNotFound,   // `detail` is the full sentence
  kNoRoute,
  // Persistence.
  kConflict,       // lost a race on a unique index; `detail` may be empty
  kUnprocessable,  // an action refused for state reasons ("UE" in licenses.md); `detail`, `pointer`
  kMachineHeartbeatDead,
  kProcessHeartbeatDead,
  kTakeoverLimitExceeded,
  kInvalid,  // a record breaks rules: see `violations`
  kTooManyRequests,
  kNeedsWrite,  // never leaves the server: a read found that it must write, and runs again in the
                // writer lane
  // The server.
  kUnavailable,  // store unreachable, disk full, shutting down: try again later
  kTimeout,
  kInternal,  // a bug or a damaged record
  // Verification and files.
  kSignatureInvalid,  // bytes were not signed by the expected key for the expected purpose
  kMalformed,         // text or bytes are not of the expected form
  kWeakKey,           // a public key that libsodium's strict rules refuse
  kDecryptionFailed,  // wrong secret or damaged ciphertext
  kExpired,           // a signed file past its end
  kNotYetValid,       // a signed file from the future
  kWrongFingerprint,  // a machine file for another device
  // Local environment.
  kIo,        // a file or socket operation failed; `detail` says which and why
  kReadOnly,  // the data directory cannot be written
  kDiskFull,
  kLocked,         // another process holds the data directory
  kDamaged,        // the database or store file is corrupt
  kWrongKey,       // the master key does not fit the data
  kConfigInvalid,  // a setting or argument; `detail` names it and what to do
};

// One broken rule of a record (conventions.md §1.11). The wire code and pointer are derived from
// `kind`, `path` and `rule` by core::DeriveCode; `detail` is the wire sentence.
struct Violation {
  enum class Kind { kAttribute, kRelationship, kRecord, kId };
  Kind kind = Kind::kAttribute;
  std::string path;    // snake_case: "max_machines", "policy", or the model's name for kRecord
  std::string rule;    // the code's suffix: "TOO_LONG", "TAKEN", "LIMIT_EXCEEDED", ...
  std::string detail;  // "is too long (maximum is 255 characters)"
};

struct Error {
  Errc code = Errc::kInternal;
  std::string detail{};
  std::string pointer{};  // JSON pointer or parameter name, where the code has a source
  std::vector<Violation> violations{};
};

}  // namespace latchkey::base

namespace latchkey {
using base::Errc;
using base::Error;
using base::Violation;
}  // namespace latchkey
