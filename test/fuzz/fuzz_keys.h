#pragma once

#include "base/random.h"
#include "crypto/account_keys.h"

namespace latchkey::fuzz {

// Gives the bytes 0, 1, 2, …: each run of a target is the same.
class CountingRandom : public Random {
 public:
  void Fill(std::span<std::uint8_t> out) override {
    for (std::uint8_t& byte : out) byte = next_++;
  }

 private:
  std::uint8_t next_ = 0;
};

// The Ed25519 key of test/vectors, so that seeds from there verify; the other families are fresh.
inline const crypto::AccountKeys& Keys() {
  static const crypto::AccountKeys keys = [] {
    Bytes seed(32);
    for (std::size_t i = 0; i < seed.size(); ++i) seed[i] = static_cast<std::uint8_t>(i);
    return crypto::AccountKeys(crypto::Ed25519PrivateKey::FromSeed(seed).value(),
                               crypto::RsaPrivateKey::Generate(),
                               crypto::EcdsaPrivateKey::Generate());
  }();
  return keys;
}

}  // namespace latchkey::fuzz
