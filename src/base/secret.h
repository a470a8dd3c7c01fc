#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "base/bytes.h"

namespace latchkey::base {

// Overwrites memory in a way the compiler may not drop.
void Wipe(void* data, std::size_t size);

// Key material or a credential: wiped on destruction, compared in constant time, never printable
// (no operator<<, no implicit conversion). Reveal() is the one way out; name its use at each call.
class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string value) : value_(std::move(value)) {}
  explicit Secret(ByteView bytes) : value_(AsText(bytes)) {}
  Secret(const Secret&) = default;
  Secret(Secret&& other) noexcept : value_(std::move(other.value_)) { other.Clear(); }
  Secret& operator=(const Secret& other);
  Secret& operator=(Secret&& other) noexcept;
  ~Secret() { Clear(); }

  std::string_view Reveal() const { return value_; }
  ByteView RevealBytes() const { return AsBytes(value_); }
  bool empty() const { return value_.empty(); }
  std::size_t size() const { return value_.size(); }
  friend bool operator==(const Secret& a, const Secret& b) {
    return ConstantTimeEqual(a.RevealBytes(), b.RevealBytes());
  }

 private:
  void Clear();
  std::string value_;
};

}  // namespace latchkey::base

namespace latchkey {
using base::Secret;
}  // namespace latchkey
