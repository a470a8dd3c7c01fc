#pragma once

// Internal to crypto: include in .cc files only.

#include <sodium.h>

#include <stdexcept>

namespace latchkey::crypto {

// Chooses libsodium's code for this processor, once. Every use of libsodium begins with it.
inline void StartSodium() {
  static const int state = sodium_init();
  if (state < 0) throw std::runtime_error("libsodium does not start");
}

}  // namespace latchkey::crypto
