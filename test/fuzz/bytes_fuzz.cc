#include "base/bytes.h"

#include <algorithm>
#include <cctype>
#include <cstdint>
#include <cstdlib>

// Relation: strict decoders accept exactly what the encoders write.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace latchkey;
  const ByteView bytes(data, size);
  const std::string_view text = base::AsText(bytes);

  if (base::FromBase64(base::Base64(bytes)) != Bytes(bytes.begin(), bytes.end())) std::abort();
  if (base::FromBase64Url(base::Base64Url(bytes)) != Bytes(bytes.begin(), bytes.end()))
    std::abort();
  if (base::FromHex(base::Hex(bytes)) != Bytes(bytes.begin(), bytes.end())) std::abort();

  if (const auto decoded = base::FromBase64(text); decoded && base::Base64(*decoded) != text)
    std::abort();
  if (const auto decoded = base::FromBase64Url(text); decoded && base::Base64Url(*decoded) != text)
    std::abort();
  if (const auto decoded = base::FromBase64UrlUnpadded(text);
      decoded && base::Base64UrlUnpadded(*decoded) != text)
    std::abort();
  if (const auto decoded = base::FromHex(text)) {
    std::string lower(text);
    std::ranges::transform(lower, lower.begin(), [](unsigned char c) { return std::tolower(c); });
    if (base::Hex(*decoded) != lower) std::abort();
  }
  if (base::IsUtf8(text) && base::Utf8Length(text) > size) std::abort();
  return 0;
}
