#include "api/throttle.h"

#include <arpa/inet.h>

#include <algorithm>
#include <cstring>
#include <vector>

#include "crypto/hash.h"

namespace latchkey::api {
namespace {

struct RouteWindow {
  std::string_view method;
  std::string_view pattern;
  const Window* window;
};
constexpr RouteWindow kRouteWindows[] = {
    {"POST", "/tokens", &kSignIn},
    {"POST", "/passwords", &kResetRequest},
    {"POST", "/users/{user}/actions/update-password", &kPasswordChange},
    {"POST", "/users/{user}/actions/reset-password", &kPasswordChange},
    {"POST", "/users/{user}/second-factors", &kFactorChange},
    {"PATCH", "/users/{user}/second-factors/{second_factor}", &kFactorChange},
    {"PUT", "/users/{user}/second-factors/{second_factor}", &kFactorChange},
    {"DELETE", "/users/{user}/second-factors/{second_factor}", &kFactorChange},
};

constexpr std::size_t kSecretBytes = 32;

}  // namespace

const Window* WindowOf(std::string_view method, std::string_view pattern) {
  for (const RouteWindow& row : kRouteWindows)
    if (row.method == method && row.pattern == pattern) return row.window;
  return nullptr;
}

Throttle::Throttle(Random& random) : secret_(kSecretBytes) { random.Fill(secret_); }

std::size_t Throttle::HashDigest::operator()(const Digest& digest) const {
  std::size_t value;
  std::memcpy(&value, digest.data(), sizeof value);
  return value;
}

Throttle::Digest Throttle::DigestOf(const Window& window, std::string_view key) const {
  std::string text(window.name);
  text.push_back('\0');
  text.append(key);
  const crypto::Digest256 full = crypto::HmacSha256(secret_, base::AsBytes(text));
  Digest digest;
  std::copy_n(full.begin(), digest.size(), digest.begin());
  return digest;
}

// Under the lock. Frees an eighth at once, so that a flood of keys pays for it rarely.
void Throttle::MakeRoom(TimePoint now) {
  if (entries_.size() < kMostKeys) return;
  std::erase_if(entries_, [&](const auto& entry) { return entry.second.ends <= now; });
  if (entries_.size() < kMostKeys) return;
  std::vector<TimePoint> ends;
  ends.reserve(entries_.size());
  for (const auto& entry : entries_) ends.push_back(entry.second.ends);
  const auto eighth = ends.begin() + static_cast<std::ptrdiff_t>(kMostKeys / 8);
  std::nth_element(ends.begin(), eighth, ends.end());
  const TimePoint bound = *eighth;
  std::size_t left = kMostKeys / 8;
  std::erase_if(entries_, [&](const auto& entry) {
    return left > 0 && entry.second.ends <= bound && left-- > 0;
  });
}

Throttle::Count Throttle::Take(const Window& window, std::string_view key, TimePoint now) {
  const Digest digest = DigestOf(window, key);
  const std::lock_guard lock(mutex_);
  MakeRoom(now);
  Entry& entry = entries_[digest];
  if (entry.ends <= now) entry = {.count = 0, .ends = now + window.length};
  ++entry.count;
  return {.window = window, .count = entry.count, .ends = entry.ends};
}

void Throttle::GiveBack(const Window& window, std::string_view key, TimePoint now) {
  const Digest digest = DigestOf(window, key);
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find(digest);
  if (found == entries_.end() || found->second.ends <= now) return;
  if (--found->second.count <= 0) entries_.erase(found);
}

std::size_t Throttle::size() const {
  const std::lock_guard lock(mutex_);
  return entries_.size();
}

std::string AddressForBudget(std::string_view peer) {
  in6_addr address{};
  const std::string text(peer);
  if (inet_pton(AF_INET6, text.c_str(), &address) != 1) return text;
  if (IN6_IS_ADDR_V4MAPPED(&address)) return text;
  std::fill(std::begin(address.s6_addr) + 8, std::end(address.s6_addr), std::uint8_t{0});
  char out[INET6_ADDRSTRLEN] = {};
  inet_ntop(AF_INET6, &address, out, sizeof out);
  return out;
}

}  // namespace latchkey::api
