#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <utility>

#include "base/bytes.h"
#include "base/random.h"
#include "base/result.h"
#include "base/secret.h"

namespace latchkey::crypto {

struct AesGcmBox {
  Bytes ciphertext;                   // as long as the plaintext
  std::array<std::uint8_t, 12> iv{};  // random, one use
  std::array<std::uint8_t, 16> tag{};
};

// AES-256-GCM (NIST SP 800-38D), `key` is 32 bytes, 12-byte IV, 16-byte tag. A key of another size
// is a bug of the caller: std::invalid_argument. Thread-safe.
AesGcmBox AesGcmSeal(ByteView key, ByteView plaintext, ByteView aad, Random& random);
// kDecryptionFailed when key, IV, tag, aad or ciphertext do not belong together.
Result<Bytes> AesGcmOpen(ByteView key, ByteView iv, ByteView ciphertext, ByteView tag,
                         ByteView aad);

// One self-contained text of bytes: version byte 1, IV, ciphertext, tag. `context` names the place
// (table, column, record id) and is authenticated, so a value moved elsewhere does not open. Random
// IVs: at most 2^32 values under one key. Thread-safe when `random` is.
class Sealer {
 public:
  explicit Sealer(Secret key) : key_(std::move(key)) {}  // 32 bytes
  Bytes Seal(ByteView plaintext, std::string_view context, Random& random) const;
  Result<Bytes> Open(ByteView sealed, std::string_view context) const;

 private:
  Secret key_;
};

}  // namespace latchkey::crypto
