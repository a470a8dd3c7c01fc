#include "crypto/aead.h"

#include <openssl/evp.h>

#include <algorithm>
#include <climits>
#include <memory>
#include <stdexcept>

#include "crypto/pkey.h"

namespace latchkey::crypto {
namespace {

constexpr std::size_t kKeySize = 32;
constexpr std::size_t kIvSize = 12;
constexpr std::size_t kTagSize = 16;
constexpr std::uint8_t kSealVersion = 1;

struct ContextFree {
  void operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }
};
using Context = std::unique_ptr<EVP_CIPHER_CTX, ContextFree>;

const EVP_CIPHER* Aes256Gcm() {
  static const EVP_CIPHER* const cipher = [] {
    const EVP_CIPHER* fetched = EVP_CIPHER_fetch(nullptr, "AES-256-GCM", nullptr);
    RequireOpenSsl(fetched != nullptr, "fetch AES-256-GCM");
    return fetched;
  }();
  return cipher;
}

// The thread's context. Reset at the end of a use, so that no key stays behind in it.
class ThreadCipher {
 public:
  ThreadCipher() : context_(Shared()) {}
  ~ThreadCipher() { EVP_CIPHER_CTX_reset(context_); }
  ThreadCipher(const ThreadCipher&) = delete;
  ThreadCipher& operator=(const ThreadCipher&) = delete;
  EVP_CIPHER_CTX* get() const { return context_; }

 private:
  static EVP_CIPHER_CTX* Shared() {
    thread_local const Context context(EVP_CIPHER_CTX_new());
    RequireOpenSsl(context != nullptr, "make a cipher context");
    return context.get();
  }
  EVP_CIPHER_CTX* context_;
};

// OpenSSL counts in int; nothing of ours comes near.
int Count(ByteView bytes) {
  if (bytes.size() > INT_MAX) throw std::invalid_argument("AES-GCM input over 2 GiB");
  return static_cast<int>(bytes.size());
}

Bytes SealContext(std::string_view context) {
  Bytes aad{kSealVersion};
  const ByteView bytes = base::AsBytes(context);
  aad.insert(aad.end(), bytes.begin(), bytes.end());
  return aad;
}

}  // namespace

AesGcmBox AesGcmSeal(ByteView key, ByteView plaintext, ByteView aad, Random& random) {
  if (key.size() != kKeySize) throw std::invalid_argument("an AES-256 key is 32 bytes");
  AesGcmBox box;
  random.Fill(box.iv);
  box.ciphertext.resize(plaintext.size());
  const ThreadCipher cipher;
  EVP_CIPHER_CTX* ctx = cipher.get();
  int written = 0;
  bool done = EVP_EncryptInit_ex2(ctx, Aes256Gcm(), key.data(), box.iv.data(), nullptr) == 1;
  if (!aad.empty())
    done = done && EVP_EncryptUpdate(ctx, nullptr, &written, aad.data(), Count(aad)) == 1;
  if (!plaintext.empty())
    done = done && EVP_EncryptUpdate(ctx, box.ciphertext.data(), &written, plaintext.data(),
                                     Count(plaintext)) == 1;
  std::array<std::uint8_t, kTagSize> none{};
  done = done && EVP_EncryptFinal_ex(ctx, none.data(), &written) == 1 &&
         EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, kTagSize, box.tag.data()) == 1;
  RequireOpenSsl(done, "encrypt");
  return box;
}

Result<Bytes> AesGcmOpen(ByteView key, ByteView iv, ByteView ciphertext, ByteView tag,
                         ByteView aad) {
  const Error refused{Errc::kDecryptionFailed, "wrong secret or damaged ciphertext"};
  if (key.size() != kKeySize || iv.size() != kIvSize || tag.size() != kTagSize) return refused;
  const OpenSslErrors errors;
  const ThreadCipher cipher;
  EVP_CIPHER_CTX* ctx = cipher.get();
  Bytes plaintext(ciphertext.size());
  std::array<std::uint8_t, kTagSize> expected{};
  std::copy(tag.begin(), tag.end(), expected.begin());
  int written = 0;
  bool done = EVP_DecryptInit_ex2(ctx, Aes256Gcm(), key.data(), iv.data(), nullptr) == 1;
  if (!aad.empty())
    done = done && EVP_DecryptUpdate(ctx, nullptr, &written, aad.data(), Count(aad)) == 1;
  if (!ciphertext.empty())
    done = done && EVP_DecryptUpdate(ctx, plaintext.data(), &written, ciphertext.data(),
                                     Count(ciphertext)) == 1;
  done = done && EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, kTagSize, expected.data()) == 1;
  RequireOpenSsl(done, "decrypt");
  std::array<std::uint8_t, kTagSize> none{};
  if (EVP_DecryptFinal_ex(ctx, none.data(), &written) == 1) return plaintext;
  base::Wipe(plaintext.data(), plaintext.size());
  return refused;
}

Bytes Sealer::Seal(ByteView plaintext, std::string_view context, Random& random) const {
  const AesGcmBox box = AesGcmSeal(key_.RevealBytes(), plaintext, SealContext(context), random);
  Bytes sealed;
  sealed.reserve(1 + kIvSize + box.ciphertext.size() + kTagSize);
  sealed.push_back(kSealVersion);
  sealed.insert(sealed.end(), box.iv.begin(), box.iv.end());
  sealed.insert(sealed.end(), box.ciphertext.begin(), box.ciphertext.end());
  sealed.insert(sealed.end(), box.tag.begin(), box.tag.end());
  return sealed;
}

Result<Bytes> Sealer::Open(ByteView sealed, std::string_view context) const {
  if (sealed.size() < 1 + kIvSize + kTagSize || sealed[0] != kSealVersion)
    return Error{Errc::kDecryptionFailed, "not a sealed value"};
  const ByteView iv = sealed.subspan(1, kIvSize);
  const ByteView ciphertext = sealed.subspan(1 + kIvSize, sealed.size() - 1 - kIvSize - kTagSize);
  return AesGcmOpen(key_.RevealBytes(), iv, ciphertext, sealed.last(kTagSize),
                    SealContext(context));
}

}  // namespace latchkey::crypto
