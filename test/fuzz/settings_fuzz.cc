#include "latchkey/settings.h"

#include "fuzz.h"

// Relation: a configuration file reads the same with a comment after it, and a refusal says why.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace latchkey;
  const std::string text(fuzz::TextOf(data, size));
  const auto read = app::ParseConfiguration(text, "latchkey.toml");
  if (!read) {
    FUZZ_ASSERT(read.error().code == Errc::kConfigInvalid);
    FUZZ_ASSERT(!read.error().detail.empty());
    return 0;
  }
  const auto again = app::ParseConfiguration(text + "\n# the end\n", "latchkey.toml");
  FUZZ_ASSERT(again);
  FUZZ_ASSERT(read->listen == again->listen && read->data == again->data);
  FUZZ_ASSERT(read->trusted_proxies == again->trusted_proxies && read->readers == again->readers);
  return 0;
}
