#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "crypto/signature.h"

namespace latchkey::crypto {

using KeyId = std::string;  // "k_" + 16 hex digits of the public key's SHA-256 (decision 10)
KeyId IdOf(const Ed25519PublicKey& key);

enum class KeyStatus { kPrimary, kVerifying, kDistrusted };

struct VerifyingKey {
  KeyId id;
  Ed25519PublicKey key;
  KeyStatus status = KeyStatus::kVerifying;
  TimePoint not_before{};
  std::optional<TimePoint> not_after{};
};

// A key as the store keeps it; `seed` belongs sealed.
struct StoredKey {
  VerifyingKey verifying;
  Secret seed;  // 32 bytes
};

// Ed25519 signing keys of one purpose: one primary, and older ones that still verify. Copies are
// cheap enough for one per request; not thread-safe.
class Keyset {
 public:
  static Keyset Generate(Purpose purpose, TimePoint now, Random& random);

  // Export() and back. kMalformed unless there is exactly one primary, every seed gives its public
  // key and id, and no id comes twice.
  static Result<Keyset> Import(Purpose purpose, const std::vector<StoredKey>& keys);
  std::vector<StoredKey> Export() const;

  // Adds a fresh key and makes it primary. The old primary keeps verifying until `overlap_until`.
  KeyId Rotate(TimePoint now, TimePoint overlap_until, Random& random);
  // Stops `id` from verifying at once. kForbidden for the primary key, kNotFound for an unknown id.
  Result<void> Distrust(const KeyId& id);

  Bytes Sign(std::string_view body) const;  // with the primary key, over Prefix(purpose) + body
  // Tries `hint` first when it names a live key, then every live key: a hint is never authority
  // (M1). Live: not distrusted, and not_before <= now < not_after.
  bool Verify(std::string_view body, ByteView signature, TimePoint now,
              const KeyId& hint = {}) const;

  Purpose purpose() const { return purpose_; }
  const KeyId& primary() const { return primary_; }
  std::vector<VerifyingKey> PublicKeys() const;

 private:
  struct Entry {
    VerifyingKey verifying;
    Ed25519PrivateKey key;
  };
  Purpose purpose_ = Purpose::kResponse;
  KeyId primary_;
  std::vector<Entry> entries_;
};

}  // namespace latchkey::crypto
