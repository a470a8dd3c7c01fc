#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/random.h"
#include "base/time.h"

namespace latchkey::base {

// A UUID (RFC 9562). All zeros is the nil value, never assigned to a record.
class Uuid {
 public:
  constexpr Uuid() = default;
  static Uuid FromBytes(const std::array<std::uint8_t, 16>& bytes);
  static std::optional<Uuid> FromBytes(ByteView bytes);  // nullopt unless 16 bytes
  static Uuid V4(Random& random);
  static Uuid V7(TimePoint now, Random& random);

  // Hex 8-4-4-4-12, dashes optional, any case (conventions.md §1.7).
  static std::optional<Uuid> Parse(std::string_view text);
  static bool LooksLikeUuid(std::string_view text) { return Parse(text).has_value(); }

  std::string ToString() const;  // lower-case with dashes
  void AppendTo(std::string& out) const;
  ByteView bytes() const { return bytes_; }
  bool is_nil() const { return *this == Uuid(); }
  friend auto operator<=>(const Uuid&, const Uuid&) = default;

 private:
  std::array<std::uint8_t, 16> bytes_{};
};

}  // namespace latchkey::base

namespace latchkey {
using base::Uuid;
}  // namespace latchkey

template <>
struct std::hash<latchkey::base::Uuid> {
  std::size_t operator()(const latchkey::base::Uuid& id) const noexcept {
    std::size_t value = 1469598103934665603ull;
    for (const std::uint8_t byte : id.bytes()) value = (value ^ byte) * 1099511628211ull;
    return value;
  }
};
