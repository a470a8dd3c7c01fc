#include "core/message_format.h"

#include <cstdint>
#include <cstdlib>

// Patterns of messages. Relation: formatting with every argument given, as a text, fails only where
// the pattern is broken or wants a number or a time; and what formats has arguments that can be
// listed.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace latchkey;
  const std::string_view pattern(reinterpret_cast<const char*>(data), size);
  const auto uses = core::ArgumentsOf(pattern);
  core::MessageArguments arguments;
  bool only_texts = true;
  if (uses) {
    for (const auto& use : *uses) {
      arguments.Set(use.name, "x");
      only_texts = only_texts && (use.kind == "text" || use.kind == "select");
    }
  }
  const auto text = core::FormatMessage(pattern, arguments, {.locale = "de"});
  if (text && !uses) std::abort();
  if (uses && only_texts && !text) std::abort();
  return 0;
}
