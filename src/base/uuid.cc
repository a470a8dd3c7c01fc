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
  const bool dashes = text.size() == 36;
  if (!dashes && text.size() != 32) return std::nullopt;
  const auto digit = [](char c) -> int {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
  };
  Uuid id;
  std::size_t at = 0;
  for (std::size_t i = 0; i < id.bytes_.size(); ++i) {
    if (dashes && (i == 4 || i == 6 || i == 8 || i == 10) && text[at++] != '-') return std::nullopt;
    const int high = digit(text[at++]);
    const int low = digit(text[at++]);
    if (high < 0 || low < 0) return std::nullopt;
    id.bytes_[i] = static_cast<std::uint8_t>(high * 16 + low);
  }
  return id;
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
