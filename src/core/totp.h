#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/random.h"
#include "base/time.h"

// One-time passwords of second factors (conventions.md §3.5): RFC 6238 with SHA-1, 6 digits and
// 30 s, as every authenticator application has them.
namespace latchkey::core {

// 32 base32 characters (160 bits).
std::string GenerateTotpSecret(Random& random);

// RFC 4648 without padding; nullopt for other characters. Case does not matter.
std::string Base32(ByteView bytes);
std::optional<Bytes> FromBase32(std::string_view text);

// The code of one time step.
std::string TotpCode(ByteView secret, std::int64_t step);

// The step whose code `text` is: the present one, or the one before for 10 s after its end. Steps
// up to `last`, the last one that was used, are refused. nullopt: not valid.
std::optional<std::int64_t> MatchTotp(std::string_view secret, std::string_view text, TimePoint now,
                                      const std::optional<std::int64_t>& last);

// `otpauth://totp/Issuer:ann%40acme.example?secret=…&issuer=Issuer`, as QR codes carry it.
std::string TotpUri(std::string_view secret, std::string_view email, std::string_view issuer);

}  // namespace latchkey::core
