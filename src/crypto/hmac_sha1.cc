#include "crypto/hmac_sha1.h"

#include <openssl/evp.h>

#include "crypto/pkey.h"

namespace latchkey::crypto {

Digest160 HmacSha1(ByteView key, ByteView data) {
  Digest160 digest{};
  std::size_t size = 0;
  const unsigned char* done =
      EVP_Q_mac(nullptr, "HMAC", nullptr, "SHA1", nullptr, key.data(), key.size(), data.data(),
                data.size(), digest.data(), digest.size(), &size);
  RequireOpenSsl(done != nullptr && size == digest.size(), "HMAC-SHA-1");
  return digest;
}

}  // namespace latchkey::crypto
