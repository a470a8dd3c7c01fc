#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "crypto/account_keys.h"
#include "core/license.h"

namespace latchkey::core {

// Default keys `XXXXXX-XXXXXX-XXXXXX-XXXXXX-XXXXXX-V3`: 12 random bytes as 24 hex digits, then 3 check bytes, Reed-Solomon [15,12,4] over
// GF(2^8) mod 0x11d with roots 2^0..2^2 (decision 8).
std::string GenerateDefaultKey(Random& random);

// What a typed key looks like, before any request.
struct KeyCheck {
  enum class Verdict {
    kSound,     // check bytes agree
    kTypo,      // of our shape, but check bytes disagree
    kOtherShape // not of our shape: nothing can be said
  } verdict = Verdict::kOtherShape;
  std::string cleaned;       // white space, dashes and look-alikes mended, upper case
  int group = 0;             // kTypo: the group (1..5) that holds the error if one byte is wrong, else 0
  std::string suggestion{};  // kTypo with one wrong byte: the key it would be
};
KeyCheck CheckTypedKey(std::string_view typed);

// Everything a dataset or template may name (licenses.md §8.3, §8.4).
struct KeyContext {
  Uuid account, product, policy, license;
  std::optional<std::int64_t> duration;
  std::optional<Uuid> user;
  std::optional<std::string> email;
  TimePoint created{};
  std::optional<TimePoint> expiry;
  std::string issuer;  // compat.issuer (decision 25)
};
std::string DefaultDataset(Scheme scheme, const KeyContext& context, Random& random);
std::string ExpandTemplate(std::string_view text, const KeyContext& context);

// The license key of `scheme` for dataset `dataset` (licenses.md §8.2). kInvalid with the violation (KEY_BYTE_SIZE_EXCEEDED,
// KEY_JWT_CLAIMS_INVALID, KEY_NOT_ALLOWED by decision 9, KEY_TOO_SHORT when empty) otherwise.
Result<std::string> MakeSignedKey(Scheme scheme, std::string_view dataset, const crypto::AccountKeys& keys);

// Checks a key of `scheme` with the account's public keys and returns its dataset. kSignatureInvalid or kMalformed otherwise.
Result<std::string> VerifySignedKey(Scheme scheme, std::string_view key, const crypto::PublicKeys& keys);

// LEGACY_ENCRYPT (licenses.md §8.5).
struct LegacyKey {
  std::string key;     // shown once
  std::string digest;  // stored: bcrypt of the hex SHA-256 of the key
};
LegacyKey GenerateLegacyKey(const Uuid& license, Random& random);
std::optional<Uuid> LegacyKeyLicense(std::string_view key);  // the id in its first 32 characters
bool VerifyLegacyKey(std::string_view key, std::string_view digest);

// Token formats (conventions.md §3.2, vectors/tokens.json).
std::string GenerateToken(std::string_view kind, Random& random);
enum class TokenShape { kLookUp, kUuid, kUnknown };
TokenShape ShapeOf(std::string_view token);

}  // namespace latchkey::core
