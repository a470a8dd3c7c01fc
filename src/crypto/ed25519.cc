#include <algorithm>

#include "crypto/signature.h"
#include "crypto/sodium.h"

namespace latchkey::crypto {
namespace {

using Point = std::array<std::uint8_t, 32>;

constexpr Point kNeutral = {1};

// y below 2^255 - 19; the top bit is the sign of x.
bool IsCanonical(ByteView encoding) {
  if ((encoding[31] & 0x7F) != 0x7F) return true;
  for (std::size_t i = 30; i > 0; --i)
    if (encoding[i] != 0xFF) return true;
  return encoding[0] < 0xED;
}

enum class PointKind { kNotOnCurve, kSmallOrder, kUsable };

// libsodium's own check (crypto_core_ed25519_is_valid_point) would also refuse points of mixed
// order, which its verification accepts: here the rules are those of verification (decision 34).
PointKind Classify(ByteView encoding) {
  Point point{};
  std::copy(encoding.begin(), encoding.end(), point.begin());
  for (int i = 0; i < 3; ++i)  // times eight
    if (crypto_core_ed25519_add(point.data(), point.data(), point.data()) != 0)
      return PointKind::kNotOnCurve;
  return point == kNeutral ? PointKind::kSmallOrder : PointKind::kUsable;
}

// A moved-from key is empty, and libsodium would read beyond it.
ByteView KeyBytes(const Secret& key) {
  if (key.size() != crypto_sign_SECRETKEYBYTES)
    throw std::logic_error("an Ed25519 key was used after its move");
  return key.RevealBytes();
}

}  // namespace

Result<Ed25519PublicKey> Ed25519PublicKey::FromHex(std::string_view hex) {
  const auto bytes = base::FromHex(hex);
  if (!bytes) return Error{Errc::kMalformed, "an Ed25519 public key is 64 hex digits"};
  return FromBytes(*bytes);
}

Result<Ed25519PublicKey> Ed25519PublicKey::FromBytes(ByteView bytes) {
  StartSodium();
  if (bytes.size() != 32) return Error{Errc::kMalformed, "an Ed25519 public key is 32 bytes"};
  if (!IsCanonical(bytes)) return Error{Errc::kWeakKey, "non-canonical Ed25519 public key"};
  switch (Classify(bytes)) {
    case PointKind::kNotOnCurve:
      return Error{Errc::kMalformed, "not a point of the curve"};
    case PointKind::kSmallOrder:
      return Error{Errc::kWeakKey, "Ed25519 public key of small order"};
    case PointKind::kUsable:
      break;
  }
  Ed25519PublicKey key;
  std::copy(bytes.begin(), bytes.end(), key.bytes_.begin());
  return key;
}

// libsodium refuses S not below the group order, non-canonical or small-order public keys,
// small-order R, and R in any other encoding than the one it computes.
bool Ed25519PublicKey::Verify(ByteView message, ByteView signature) const {
  if (signature.size() != crypto_sign_BYTES) return false;
  StartSodium();
  return crypto_sign_verify_detached(signature.data(), message.data(), message.size(),
                                     bytes_.data()) == 0;
}

Ed25519PrivateKey Ed25519PrivateKey::Generate(Random& random) {
  Bytes seed = random.Take(crypto_sign_SEEDBYTES);
  auto key = FromSeed(seed);
  base::Wipe(seed.data(), seed.size());
  return *std::move(key);  // any 32 bytes are a seed
}

Result<Ed25519PrivateKey> Ed25519PrivateKey::FromSeed(ByteView seed) {
  StartSodium();
  if (seed.size() != crypto_sign_SEEDBYTES)
    return Error{Errc::kMalformed, "an Ed25519 seed is 32 bytes"};
  std::array<std::uint8_t, crypto_sign_SECRETKEYBYTES> secret{};
  Ed25519PrivateKey key;
  const int done =
      crypto_sign_seed_keypair(key.public_key_.bytes_.data(), secret.data(), seed.data());
  key.key_ = Secret(ByteView(secret));
  base::Wipe(secret.data(), secret.size());
  if (done != 0) return Error{Errc::kInternal, "libsodium makes no key pair"};
  return key;
}

std::array<std::uint8_t, 64> Ed25519PrivateKey::Sign(ByteView message) const {
  std::array<std::uint8_t, 64> signature{};
  if (crypto_sign_detached(signature.data(), nullptr, message.data(), message.size(),
                           KeyBytes(key_).data()) != 0)
    throw std::runtime_error("libsodium does not sign");
  return signature;
}

Secret Ed25519PrivateKey::Seed() const {
  return Secret(KeyBytes(key_).first(crypto_sign_SEEDBYTES));
}

}  // namespace latchkey::crypto
