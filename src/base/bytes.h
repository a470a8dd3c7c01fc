#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace latchkey::base {

using Bytes = std::vector<std::uint8_t>;
using ByteView = std::span<const std::uint8_t>;

// Texts and bytes are the same octets: views without a copy.
inline ByteView AsBytes(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}
inline std::string_view AsText(ByteView bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// Standard and URL-safe base64, both with `=` padding unless said otherwise (RFC 4648 §4, §5).
// Decoders are strict: alphabet, padding, and unused bits must be zero; nullopt otherwise.
std::string Base64(ByteView bytes);
std::string Base64Url(ByteView bytes);
std::string Base64UrlUnpadded(ByteView bytes);
std::optional<Bytes> FromBase64(std::string_view text);
std::optional<Bytes> FromBase64Url(std::string_view text);
std::optional<Bytes> FromBase64UrlUnpadded(std::string_view text);

// Lower-case hex out; any case in. nullopt for odd length or a foreign character.
std::string Hex(ByteView bytes);
std::optional<Bytes> FromHex(std::string_view text);

// Equal contents, in time that depends on the lengths alone.
bool ConstantTimeEqual(ByteView a, ByteView b);

// Whole text is valid UTF-8 (no surrogates, no overlong forms, at most U+10FFFF).
bool IsUtf8(std::string_view text);
// Number of code points of valid UTF-8.
std::size_t Utf8Length(std::string_view text);

}  // namespace latchkey::base

namespace latchkey {
using base::Bytes;
using base::ByteView;
}  // namespace latchkey
