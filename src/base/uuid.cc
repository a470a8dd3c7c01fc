#include "base/uuid.h"

#include <algorithm>

namespace latchkey::base {

Uuid Uuid::FromBytes(const std::array<std::uint8_t, 16>& bytes) {
  Uuid id;
  id.bytes_ = bytes;
  return id;
}

std::optional<Uuid> Uuid::FromBytes(ByteView bytes) {
  if (bytes.size() != 16) return std::nullopt;
  Uuid id;
  std::copy(bytes.begin(), bytes.end(), id.bytes_.begin());
  return id;
}

Uuid Uuid::V4(Random& random) {
  Uuid id;
  random.Fill(id.bytes_);
  id.bytes_[6] = static_cast<std::uint8_t>((id.bytes_[6] & 0x0F) | 0x40);
  id.bytes_[8] = static_cast<std::uint8_t>((id.bytes_[8] & 0x3F) | 0x80);
  return id;
}

Uuid Uuid::V7(TimePoint now, Random& random) {
  Uuid id;
  random.Fill(id.bytes_);
  const auto millis = static_cast<std::uint64_t>(UnixMicros(now) / 1000);
  for (int i = 0; i < 6; ++i)
    id.bytes_[static_cast<std::size_t>(i)] = static_cast<std::uint8_t>(millis >> (40 - 8 * i));
  id.bytes_[6] = static_cast<std::uint8_t>((id.bytes_[6] & 0x0F) | 0x70);
  id.bytes_[8] = static_cast<std::uint8_t>((id.bytes_[8] & 0x3F) | 0x80);
  return id;
}

std::optional<Uuid> Uuid::Parse(std::string_view text) {
  if (text.size() == 36) {
    std::string digits;
    for (std::size_t i = 0; i < text.size(); ++i) {
      if (i == 8 || i == 13 || i == 18 || i == 23) {
        if (text[i] != '-') return std::nullopt;
      } else {
        digits += text[i];
      }
    }
    return Parse(digits);
  }
  if (text.size() != 32) return std::nullopt;
  const auto bytes = FromHex(text);
  return bytes ? FromBytes(*bytes) : std::nullopt;
}

void Uuid::AppendTo(std::string& out) const {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::array<char, 36> text;
  std::size_t at = 0;
  for (std::size_t i = 0; i < bytes_.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) text[at++] = '-';
    text[at++] = kDigits[bytes_[i] >> 4];
    text[at++] = kDigits[bytes_[i] & 15];
  }
  out.append(text.data(), at);
}

std::string Uuid::ToString() const {
  std::string out;
  out.reserve(36);
  AppendTo(out);
  return out;
}

}  // namespace latchkey::base
