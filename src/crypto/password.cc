#include "crypto/password.h"

#include <crypt.h>

#include <array>
#include <charconv>
#include <memory>
#include <new>
#include <stdexcept>

#include "crypto/sodium.h"

namespace latchkey::crypto {
namespace {

struct Limits {
  unsigned long long passes;
  std::size_t memory;  // bytes
};

Limits LimitsOf(PasswordCost cost) {
  switch (cost) {
    case PasswordCost::kStandard:
      return {2, std::size_t{19} * 1024 * 1024};
    case PasswordCost::kTest:
      return {crypto_pwhash_argon2id_OPSLIMIT_MIN, crypto_pwhash_argon2id_MEMLIMIT_MIN};
  }
  return {2, std::size_t{19} * 1024 * 1024};
}

// What one verification may cost: digests come from imports too, and name their own cost.
constexpr std::uint32_t kMaxMemoryKib = 262144;
constexpr std::uint32_t kMaxPasses = 16;
constexpr std::uint32_t kMaxLanes = 16;
constexpr std::uint32_t kMaxBcryptCost = 16;

bool ReadNumber(std::string_view& text, std::string_view label, std::uint32_t max) {
  if (!text.starts_with(label)) return false;
  text.remove_prefix(label.size());
  std::uint32_t value = 0;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (ec != std::errc() || value > max) return false;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return true;
}

bool IsArgon2id(std::string_view digest) { return digest.starts_with("$argon2id$"); }

bool HasSaneArgon2Cost(std::string_view digest) {
  return ReadNumber(digest, "$argon2id$v=19$m=", kMaxMemoryKib) &&
         ReadNumber(digest, ",t=", kMaxPasses) && ReadNumber(digest, ",p=", kMaxLanes) &&
         digest.starts_with('$');
}

// `$2b$NN$` and 53 characters of salt and hash.
bool IsBcrypt(std::string_view digest) {
  if (digest.size() != 60 || digest[0] != '$' || digest[1] != '2' || digest[3] != '$' ||
      digest[6] != '$')
    return false;
  if (digest[2] != 'a' && digest[2] != 'b' && digest[2] != 'y') return false;
  std::string_view cost = digest.substr(4, 3);
  return ReadNumber(cost, "", kMaxBcryptCost) && cost == "$";
}

struct WipedCryptData {
  std::unique_ptr<crypt_data> data = std::make_unique<crypt_data>();
  ~WipedCryptData() { base::Wipe(data.get(), sizeof(crypt_data)); }
};

// Empty when libcrypt refuses the setting.
std::string Bcrypt(const Secret& password, const std::string& setting) {
  WipedCryptData scratch;
  const std::string_view text = password.Reveal();  // Secret keeps a std::string: terminated
  const char* digest = crypt_r(text.data(), setting.c_str(), scratch.data.get());
  return digest && digest[0] == '$' ? digest : std::string();
}

// C strings end at a NUL: what follows would not be part of the password.
bool HasNul(std::string_view text) { return text.find('\0') != std::string_view::npos; }

}  // namespace

std::string HashPassword(const Secret& password, PasswordCost cost) {
  StartSodium();
  const Limits limits = LimitsOf(cost);
  std::array<char, crypto_pwhash_STRBYTES> digest{};
  const std::string_view text = password.Reveal();
  if (crypto_pwhash_str_alg(digest.data(), text.data(), text.size(), limits.passes, limits.memory,
                            crypto_pwhash_ALG_ARGON2ID13) != 0)
    throw std::bad_alloc();  // its only failure
  return digest.data();
}

bool VerifyPassword(const Secret& password, std::string_view digest) {
  StartSodium();
  const std::string setting(digest);
  if (IsArgon2id(digest)) {
    if (digest.size() >= crypto_pwhash_STRBYTES || !HasSaneArgon2Cost(digest)) return false;
    const std::string_view text = password.Reveal();
    return crypto_pwhash_str_verify(setting.c_str(), text.data(), text.size()) == 0;
  }
  if (!IsBcrypt(digest) || HasNul(password.Reveal())) return false;
  const std::string computed = Bcrypt(password, setting);
  return !computed.empty() &&
         base::ConstantTimeEqual(base::AsBytes(computed), base::AsBytes(digest));
}

bool NeedsRehash(std::string_view digest, PasswordCost cost) {
  if (!IsArgon2id(digest)) return true;
  StartSodium();
  const Limits limits = LimitsOf(cost);
  return crypto_pwhash_str_needs_rehash(std::string(digest).c_str(), limits.passes,
                                        limits.memory) != 0;
}

void VerifyNothing(PasswordCost cost) {
  StartSodium();
  const Limits limits = LimitsOf(cost);
  constexpr std::string_view kPassword = "nobody's password";
  const std::array<std::uint8_t, crypto_pwhash_SALTBYTES> salt{};
  std::array<std::uint8_t, 32> out{};
  if (crypto_pwhash(out.data(), out.size(), kPassword.data(), kPassword.size(), salt.data(),
                    limits.passes, limits.memory, crypto_pwhash_ALG_ARGON2ID13) != 0)
    throw std::bad_alloc();
}

std::string HashBcrypt(std::string_view text, Random& random) {
  if (HasNul(text)) throw std::invalid_argument("bcrypt stops at a NUL");
  const Bytes entropy = random.Take(16);
  std::array<char, CRYPT_GENSALT_OUTPUT_SIZE> setting{};
  if (!crypt_gensalt_rn("$2b$", 10, reinterpret_cast<const char*>(entropy.data()),
                        static_cast<int>(entropy.size()), setting.data(),
                        static_cast<int>(setting.size())))
    throw std::runtime_error("libcrypt has no bcrypt");
  const std::string digest = Bcrypt(Secret(std::string(text)), setting.data());
  if (digest.empty()) throw std::runtime_error("libcrypt has no bcrypt");
  return digest;
}

}  // namespace latchkey::crypto
