#include "base/time.h"

#include <cstdint>
#include <cstdlib>

// Relation: a time that was read is written in a form that reads as the same millisecond.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace latchkey;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto time = base::ParseTime(text)) {
    const auto again = base::ParseTime(base::FormatTime(*time));
    if (!again || std::chrono::floor<std::chrono::milliseconds>(*time) != *again) std::abort();
  }
  if (const auto date = base::ParseHttpDate(text)) {
    const auto again = base::ParseHttpDate(base::FormatHttpDate(*date));
    if (!again || *again != *date) std::abort();
  }
  return 0;
}
