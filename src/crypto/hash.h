#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string_view>

#include "base/bytes.h"

namespace latchkey::crypto {

using Digest256 = std::array<std::uint8_t, 32>;

// SHA-256 and HMAC-SHA-256 (FIPS 180-4, RFC 2104) by OpenSSL EVP with algorithms fetched once and
// per-thread reused contexts. Never fail; safe from any thread.
Digest256 Sha256(ByteView data);
Digest256 HmacSha256(ByteView key, ByteView data);

// HKDF-SHA-256 (RFC 5869), at most 255*32 bytes (std::invalid_argument beyond: a bug of the
// caller).
Bytes HkdfSha256(ByteView secret, ByteView salt, std::string_view info, std::size_t size);

inline Digest256 Sha256(std::string_view text) { return Sha256(base::AsBytes(text)); }

// An HMAC key kept ready: about 0.2 us a short message. Immutable after construction, thread-safe.
class HmacKey {
 public:
  explicit HmacKey(ByteView key);
  HmacKey(HmacKey&&) noexcept;
  HmacKey& operator=(HmacKey&&) noexcept;
  ~HmacKey();
  Digest256 Sign(ByteView data) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace latchkey::crypto
