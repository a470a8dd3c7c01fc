// Member names: normalising twice is normalising once, and emitting loses no letter.
#include "base/bytes.h"
#include "base/json.h"
#include "core/naming.h"
#include "test/fuzz/fuzz.h"

namespace base = latchkey::base;
namespace core = latchkey::core;
using latchkey::fuzz::TextOf;

namespace {

std::string Letters(std::string_view name) {
  std::string out;
  for (const char c : name)
    if (c != '_') out += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return out;
}

void Name(std::string_view text) {
  const std::string snake = core::ToSnake(text);
  FUZZ_ASSERT(core::ToSnake(snake) == snake);
  // Where words break can change on the way ("a_b_c" is emitted "aBC", which comes back as "a_bc"),
  // letters and digits never do.
  const std::string camel = core::ToCamel(snake);
  FUZZ_ASSERT(Letters(camel) == Letters(snake));
  FUZZ_ASSERT(Letters(core::ToSnake(camel)) == Letters(snake));
}

void Document(std::string_view text) {
  auto tree = base::ParseJson(text);
  if (!tree) return;
  const auto once = core::NormaliseKeys(*tree);
  if (!once) return;
  const auto twice = core::NormaliseKeys(*once);
  FUZZ_ASSERT(twice && base::WriteJson(*twice) == base::WriteJson(*once));
  if (once->is_object()) (void)core::EmitMetadata(once->as_object()).size();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = TextOf(data, size);
  if (base::IsUtf8(text)) Name(text);
  Document(text);
  const std::string pointer = core::CamelPointer(text);
  FUZZ_ASSERT(core::CamelPointer(pointer) == pointer);
  return 0;
}
