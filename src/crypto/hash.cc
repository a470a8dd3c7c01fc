#include "crypto/hash.h"

#include <openssl/evp.h>

#include <algorithm>
#include <stdexcept>

#include "base/secret.h"
#include "crypto/pkey.h"

namespace latchkey::crypto {
namespace {

constexpr std::size_t kBlock = 64;
using Block = std::array<std::uint8_t, kBlock>;

struct ContextFree {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};
using Context = std::unique_ptr<EVP_MD_CTX, ContextFree>;

// Fetched once: looking an algorithm up costs more than hashing a short text. Lives as long as the
// process.
const EVP_MD* Sha256Algorithm() {
  static const EVP_MD* const algorithm = [] {
    const EVP_MD* fetched = EVP_MD_fetch(nullptr, "SHA256", nullptr);
    RequireOpenSsl(fetched != nullptr, "fetch SHA-256");
    return fetched;
  }();
  return algorithm;
}

Context NewContext() {
  Context context(EVP_MD_CTX_new());
  RequireOpenSsl(context && EVP_DigestInit_ex2(context.get(), Sha256Algorithm(), nullptr) == 1,
                 "start SHA-256");
  return context;
}

EVP_MD_CTX* ThreadContext() {
  thread_local const Context context = NewContext();
  return context.get();
}

void Update(EVP_MD_CTX* context, ByteView data) {
  RequireOpenSsl(EVP_DigestUpdate(context, data.data(), data.size()) == 1, "SHA-256");
}

Digest256 Finish(EVP_MD_CTX* context) {
  Digest256 digest;
  RequireOpenSsl(EVP_DigestFinal_ex(context, digest.data(), nullptr) == 1, "SHA-256");
  return digest;
}

void Restart(EVP_MD_CTX* context) {
  RequireOpenSsl(EVP_DigestInit_ex2(context, nullptr, nullptr) == 1, "start SHA-256");
}

// The key of RFC 2104 as a block, with every byte combined with `pad`.
Block PaddedKey(ByteView key, std::uint8_t pad) {
  Block block{};
  if (key.size() > kBlock) {
    const Digest256 digest = Sha256(key);
    std::copy(digest.begin(), digest.end(), block.begin());
  } else {
    std::copy(key.begin(), key.end(), block.begin());
  }
  for (auto& byte : block) byte ^= pad;
  return block;
}

}  // namespace

Digest256 Sha256(ByteView data) {
  EVP_MD_CTX* context = ThreadContext();
  Restart(context);
  Update(context, data);
  return Finish(context);
}

Digest256 HmacSha256(ByteView key, ByteView data) {
  Block inner = PaddedKey(key, 0x36);
  Block outer = PaddedKey(key, 0x5C);
  EVP_MD_CTX* context = ThreadContext();
  Restart(context);
  Update(context, inner);
  Update(context, data);
  const Digest256 digest = Finish(context);
  Restart(context);
  Update(context, outer);
  Update(context, digest);
  base::Wipe(inner.data(), inner.size());
  base::Wipe(outer.data(), outer.size());
  return Finish(context);
}

Bytes HkdfSha256(ByteView secret, ByteView salt, std::string_view info, std::size_t size) {
  if (size > 255 * std::size_t{32})
    throw std::invalid_argument("HKDF-SHA-256 gives at most 8160 bytes");
  Digest256 extracted = HmacSha256(salt, secret);
  const HmacKey key{ByteView(extracted)};
  base::Wipe(extracted.data(), extracted.size());
  Bytes out;
  out.reserve(size);
  Bytes input;  // T(i-1) | info | i
  for (std::uint8_t i = 1; out.size() < size; ++i) {
    const ByteView text = base::AsBytes(info);
    input.insert(input.end(), text.begin(), text.end());
    input.push_back(i);
    const Digest256 block = key.Sign(input);
    out.insert(
        out.end(), block.begin(),
        block.begin() + static_cast<std::ptrdiff_t>(std::min<std::size_t>(32, size - out.size())));
    input.assign(block.begin(), block.end());
  }
  base::Wipe(input.data(), input.size());
  return out;
}

// SHA-256 with the padded key already taken in, for both passes.
struct HmacKey::Impl {
  Context inner = NewContext();
  Context outer = NewContext();
};

HmacKey::HmacKey(ByteView key) : impl_(std::make_unique<Impl>()) {
  Block inner = PaddedKey(key, 0x36);
  Block outer = PaddedKey(key, 0x5C);
  Update(impl_->inner.get(), inner);
  Update(impl_->outer.get(), outer);
  base::Wipe(inner.data(), inner.size());
  base::Wipe(outer.data(), outer.size());
}

HmacKey::HmacKey(HmacKey&&) noexcept = default;
HmacKey& HmacKey::operator=(HmacKey&&) noexcept = default;
HmacKey::~HmacKey() = default;

Digest256 HmacKey::Sign(ByteView data) const {
  EVP_MD_CTX* context = ThreadContext();
  RequireOpenSsl(EVP_MD_CTX_copy_ex(context, impl_->inner.get()) == 1, "copy an HMAC state");
  Update(context, data);
  const Digest256 digest = Finish(context);
  RequireOpenSsl(EVP_MD_CTX_copy_ex(context, impl_->outer.get()) == 1, "copy an HMAC state");
  Update(context, digest);
  return Finish(context);
}

}  // namespace latchkey::crypto
