#pragma once

#include <string>
#include <string_view>

#include "base/random.h"
#include "base/result.h"
#include "base/secret.h"

namespace latchkey::crypto {

enum class PasswordCost {
  kStandard,  // Argon2id, 19 MiB, t=2, p=1: about 15 ms (threat-model row 47)
  kTest,      // the cheapest Argon2id: only for test mode and tests
};

// Argon2id in the encoded form `$argon2id$v=19$…` (libsodium).
std::string HashPassword(const Secret& password, PasswordCost cost);

// Accepts argon2id and bcrypt ($2a$, $2b$, $2y$ by libcrypt) digests. Costs the same whether it
// matches or not.
bool VerifyPassword(const Secret& password, std::string_view digest);
// The digest should be replaced at the next sign-in (bcrypt, or another cost).
bool NeedsRehash(std::string_view digest, PasswordCost cost);
// Spends the time of one verification: for look-ups that found no user (threat-model row 35).
void VerifyNothing(PasswordCost cost);

// bcrypt, `$2b$` cost 10 (decision 38): digests of legacy encrypted license keys. Only the first 72
// bytes count; a NUL in `text` is std::invalid_argument, because bcrypt would stop there.
std::string HashBcrypt(std::string_view text, Random& random);

}  // namespace latchkey::crypto
