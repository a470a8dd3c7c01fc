#include "core/totp.h"

#include <array>
#include <chrono>

#include "crypto/hmac_sha1.h"

namespace latchkey::core {
namespace {

constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
constexpr std::size_t kSecretBytes = 20;
constexpr std::int64_t kStep = 30;   // seconds
constexpr std::int64_t kDrift = 10;  // seconds after its end
constexpr std::uint32_t kSixDigits = 1000000;

std::string Escaped(std::string_view text) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '-' || c == '.' || c == '_' || c == '~';
    if (plain) {
      out += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    out += '%';
    out += kHex[byte >> 4];
    out += kHex[byte & 15];
  }
  return out;
}

}  // namespace

std::string Base32(ByteView bytes) {
  std::string out;
  std::uint32_t buffer = 0;
  int bits = 0;
  for (const std::uint8_t byte : bytes) {
    buffer = (buffer << 8) | byte;
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      out += kAlphabet[(buffer >> bits) & 31];
    }
  }
  if (bits > 0) out += kAlphabet[(buffer << (5 - bits)) & 31];
  return out;
}

std::optional<Bytes> FromBase32(std::string_view text) {
  Bytes out;
  std::uint32_t buffer = 0;
  int bits = 0;
  for (char c : text) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
    const std::size_t value = kAlphabet.find(c);
    if (value == kAlphabet.npos) return std::nullopt;
    buffer = (buffer << 5) | static_cast<std::uint32_t>(value);
    bits += 5;
    if (bits < 8) continue;
    bits -= 8;
    out.push_back(static_cast<std::uint8_t>(buffer >> bits));
  }
  return out;
}

std::string GenerateTotpSecret(Random& random) { return Base32(random.Take(kSecretBytes)); }

std::string TotpCode(ByteView secret, std::int64_t step) {
  std::array<std::uint8_t, 8> counter{};
  for (std::size_t i = 0; i < counter.size(); ++i)
    counter[i] = static_cast<std::uint8_t>(static_cast<std::uint64_t>(step) >> (56 - 8 * i));
  const crypto::Digest160 digest = crypto::HmacSha1(secret, counter);
  const std::size_t offset = digest.back() & 15;  // RFC 4226 §5.3
  const std::uint32_t number = (static_cast<std::uint32_t>(digest.at(offset) & 0x7f) << 24) |
                               (static_cast<std::uint32_t>(digest.at(offset + 1)) << 16) |
                               (static_cast<std::uint32_t>(digest.at(offset + 2)) << 8) |
                               digest.at(offset + 3);
  std::string text = std::to_string(number % kSixDigits);
  return std::string(6 - text.size(), '0') + text;
}

std::optional<std::int64_t> MatchTotp(std::string_view secret, std::string_view text, TimePoint now,
                                      const std::optional<std::int64_t>& last) {
  const auto key = FromBase32(secret);
  if (!key) return std::nullopt;
  const std::int64_t seconds =
      std::chrono::floor<std::chrono::seconds>(now).time_since_epoch().count();
  const std::int64_t present = seconds / kStep;
  std::optional<std::int64_t> found;
  for (std::int64_t step = present; step >= (seconds - kDrift) / kStep; --step) {
    const std::string code = TotpCode(*key, step);
    const bool same = base::ConstantTimeEqual(base::AsBytes(code), base::AsBytes(text));
    if (same && !found && (!last || step > *last)) found = step;
  }
  return found;
}

std::string TotpUri(std::string_view secret, std::string_view email, std::string_view issuer) {
  const std::string name = Escaped(issuer);
  return "otpauth://totp/" + name + ":" + Escaped(email) + "?secret=" + std::string(secret) +
         "&issuer=" + name;
}

}  // namespace latchkey::core
