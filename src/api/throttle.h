#pragma once

#include <array>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string_view>
#include <unordered_map>

#include "base/bytes.h"
#include "base/random.h"
#include "base/time.h"

namespace latchkey::api {

// So many attempts in so long, counted from the first one (conventions.md §7.1).
struct Window {
  std::string_view name;  // X-RateLimit-Window
  std::int64_t limit;
  std::chrono::seconds length;
};
inline constexpr Window kSignIn{"auth", 5, std::chrono::minutes(1)};
inline constexpr Window kResetRequest{"rstpwd", 5, std::chrono::hours(1)};
inline constexpr Window kPasswordChange{"mutpwd", 5, std::chrono::minutes(10)};
inline constexpr Window kFactorChange{"mutmfa", 5, std::chrono::minutes(10)};
// Guesses of keys, tokens and sign-ins from one address (threat-model M11): what succeeds is never
// counted and never refused, so that honest clients behind a shared address pass.
inline constexpr Window kGuesses{"1m", 60, std::chrono::minutes(1)};

// The window of a route, by method and pattern; null for most.
const Window* WindowOf(std::string_view method, std::string_view pattern);

// Counts attempts by window and key. Keys are kept as keyed hashes only; memory is bounded: beyond
// kMostKeys the windows that end first are forgotten. Safe from any thread.
class Throttle {
 public:
  static constexpr std::size_t kMostKeys = 1 << 16;

  explicit Throttle(Random& random);

  // How a window stands after the attempt.
  struct Count {
    Window window;
    std::int64_t count = 0;  // with this attempt
    TimePoint ends{};
    bool exceeded() const { return count > window.limit; }
  };
  Count Take(const Window& window, std::string_view key, TimePoint now);
  // The attempt that was taken last turned out to be rightful: it counts no more.
  void GiveBack(const Window& window, std::string_view key, TimePoint now);
  std::size_t size() const;

 private:
  using Digest = std::array<std::uint8_t, 16>;
  struct HashDigest {
    std::size_t operator()(const Digest& digest) const;
  };
  struct Entry {
    std::int64_t count = 0;
    TimePoint ends{};
  };
  Digest DigestOf(const Window& window, std::string_view key) const;
  void MakeRoom(TimePoint now);

  Bytes secret_;
  mutable std::mutex mutex_;
  std::unordered_map<Digest, Entry, HashDigest> entries_;
};

// An address as budgets count it: an IPv6 network of 64 bits is one household.
std::string AddressForBudget(std::string_view peer);

}  // namespace latchkey::api
