#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/license.h"
#include "crypto/account_keys.h"

namespace latchkey::core {

// Default keys `XXXXXX-XXXXXX-XXXXXX-XXXXXX-XXXXXX-V3`: 12 random bytes as 24 hex digits, then 3
// check bytes, Reed-Solomon [15,12,4] over GF(2^8) mod 0x11d with roots 2^0..2^2 (decision 8).
std::string GenerateDefaultKey(Random& random);

// What a typed key looks like, before any request. Advice only: imported keys may have our shape
// without our check bytes, so the person may always try the key anyway (decision 8).
struct KeyCheck {
  enum class Verdict {
    kSound,      // check bytes agree
    kTypo,       // of our shape, but check bytes disagree or a character is missing, extra or no
                 // hex digit
    kOtherShape  // not of our shape: nothing can be said
  } verdict = Verdict::kOtherShape;
  // kSound, kTypo: white space, dashes and look-alikes mended, upper case, in groups. kOtherShape:
  // the text as typed without surrounding white space, because other keys are case-sensitive.
  std::string cleaned{};
  int group = 0;  // kTypo: the group (1..5) that holds the error if one byte is wrong, else 0
  std::string suggestion{};  // kTypo with one wrong byte: the key it would be
};
KeyCheck CheckTypedKey(std::string_view typed);

// Everything a dataset or template may name (licenses.md §8.3, §8.4).
struct KeyContext {
  Uuid account, product, policy, license;
  std::optional<std::int64_t> duration{};  // seconds
  std::optional<Uuid> user{};
  std::optional<std::string> email{};
  TimePoint created{};
  std::optional<TimePoint> expiry{};
  std::string issuer{};  // compat.issuer (decision 25)
};
// What is signed when the client sent no key. `random` gives the JWT its id.
std::string DefaultDataset(Scheme scheme, const KeyContext& context, Random& random);
// One pass over `{{name}}`; nulls and unknown names become empty.
std::string ExpandTemplate(std::string_view text, const KeyContext& context);

// The license key of `scheme` for dataset `dataset` (licenses.md §8.2), which is UTF-8. kInvalid
// with the violation (KEY_BYTE_SIZE_EXCEEDED, KEY_JWT_CLAIMS_INVALID, KEY_NOT_ALLOWED by decision
// 9, KEY_TOO_SHORT when empty, KEY_NOT_SUPPORTED for LEGACY_ENCRYPT) otherwise; kInternal when the
// account has no key pair of the family.
Result<std::string> MakeSignedKey(Scheme scheme, std::string_view dataset,
                                  const crypto::AccountKeys& keys);

// The license key for a key text that a client sent: with a scheme the expanded text is the
// dataset, without one it is stored verbatim (licenses.md §8.4). Errors as MakeSignedKey.
Result<std::string> KeyFromText(std::optional<Scheme> scheme, std::string_view text,
                                const KeyContext& context, const crypto::AccountKeys& keys);

// Checks a key of `scheme` with the account's public keys and returns its dataset.
// kSignatureInvalid or kMalformed otherwise. Dates inside are never acted on (decision 38).
Result<std::string> VerifySignedKey(Scheme scheme, std::string_view key,
                                    const crypto::PublicKeys& keys);

// LEGACY_ENCRYPT (licenses.md §8.5).
struct LegacyKey {
  std::string key;     // shown once
  std::string digest;  // stored: bcrypt of the hex SHA-256 of the key
};
LegacyKey GenerateLegacyKey(const Uuid& license, Random& random);
std::optional<Uuid> LegacyKeyLicense(std::string_view key);  // the id in its first 32 characters
bool VerifyLegacyKey(std::string_view key, std::string_view digest);

// Token formats (conventions.md §3.2, vectors/tokens.json). `kind` is one of the nine wire kinds
// ("admin-token", …); std::logic_error for another, which is a bug.
std::string GenerateToken(std::string_view kind, Random& random);
enum class TokenShape {
  kLookUp,  // ends in `v` and digits: may be one of ours
  kUuid,    // TOKEN_FORMAT_INVALID
  kUnknown  // TOKEN_INVALID without a look-up
};
TokenShape ShapeOf(std::string_view token);

}  // namespace latchkey::core
