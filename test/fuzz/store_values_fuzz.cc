#include "core/naming.h"
#include "crypto/aead.h"
#include "fuzz.h"
#include "store/master_key.h"
#include "store/metadata_index.h"

// What the store reads back: master key texts, sealed columns, metadata. Relations: a key's text
// reads as the same key; nothing that was not sealed opens; equal metadata have equal index rows.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace latchkey;
  const std::string_view text = fuzz::TextOf(data, size);
  if (const auto key = store::MasterKey::Parse(text)) {
    const auto again = store::MasterKey::Parse(key->ToText().Reveal());
    FUZZ_ASSERT(again && again->check() == key->check());
  }
  const crypto::Sealer sealer(Secret(std::string(32, 'k')));
  FUZZ_ASSERT(!sealer.Open(base::AsBytes(text), "licenses.key"));
  const Bytes sealed = sealer.Seal(base::AsBytes(text), "licenses.key", base::SystemRandom());
  FUZZ_ASSERT(sealer.Open(sealed, "licenses.key") && !sealer.Open(sealed, "licenses.name"));
  if (const auto tree = base::ParseJson(text); tree && tree->is_object()) {
    if (const auto stored = core::NormaliseKeys(*tree)) {
      const auto reread = base::ParseJson(base::WriteJson(*stored));
      FUZZ_ASSERT(reread);
      FUZZ_ASSERT(store::MetadataLeaves(stored->get_object()) ==
                  store::MetadataLeaves(reread->get_object()));
    }
  }
  return 0;
}
