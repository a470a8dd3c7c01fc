#pragma once

#include <cstdint>
#include <span>

#include "base/bytes.h"

namespace latchkey::base {

// The one source of randomness. Code that needs random bytes takes a Random&; tests pass their own.
class Random {
 public:
  virtual ~Random() = default;
  virtual void Fill(std::span<std::uint8_t> out) = 0;
  Bytes Take(std::size_t size);
};

// The operating system's generator; thread-safe. Ends the process if the kernel cannot give
// randomness.
Random& SystemRandom();

}  // namespace latchkey::base

namespace latchkey {
using base::Random;
}  // namespace latchkey
