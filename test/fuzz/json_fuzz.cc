#include "base/json.h"

#include <cstdint>
#include <cstdlib>

#include "base/bytes.h"

// Relation: what parses is UTF-8, and writing and parsing it again gives the same tree.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace latchkey;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto value = base::ParseJson(text);
  if (!value) {
    if (value.error().code != Errc::kJsonInvalid) std::abort();
    return 0;
  }
  if (!base::IsUtf8(text)) std::abort();
  const std::string written = base::WriteJson(*value);
  const auto again = base::ParseJson(written);
  if (!again || base::WriteJson(*again) != written) std::abort();
  return 0;
}
