#include "base/random.h"

#include <sys/random.h>

#include <cerrno>
#include <cstdlib>

namespace latchkey::base {

Bytes Random::Take(std::size_t size) {
  Bytes bytes(size);
  Fill(bytes);
  return bytes;
}

namespace {

class KernelRandom final : public Random {
 public:
  void Fill(std::span<std::uint8_t> out) override {
    while (!out.empty()) {
      const ssize_t got = getrandom(out.data(), out.size(), 0);
      // Predictable keys would be worse than no service; the kernel never fails here after boot.
      if (got < 0 && errno != EINTR) std::abort();
      if (got > 0) out = out.subspan(static_cast<std::size_t>(got));
    }
  }
};

}  // namespace

Random& SystemRandom() {
  static KernelRandom random;
  return random;
}

}  // namespace latchkey::base
