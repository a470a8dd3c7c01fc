// Typed keys: what is sound stays sound, what is suggested is sound. Signed keys: one dataset, one
// key, and back.
#include "base/json.h"
#include "core/license_key.h"
#include "test/fuzz/fuzz.h"
#include "test/fuzz/fuzz_keys.h"

namespace core = latchkey::core;
using core::Scheme;
using latchkey::fuzz::Keys;
using latchkey::fuzz::TextOf;

namespace {

void TypedKey(std::string_view text) {
  const core::KeyCheck check = core::CheckTypedKey(text);
  FUZZ_ASSERT(check.group >= 0 && check.group <= 5);
  if (check.verdict == core::KeyCheck::Verdict::kSound) {
    FUZZ_ASSERT(check.suggestion.empty() && check.group == 0);
    FUZZ_ASSERT(core::CheckTypedKey(check.cleaned).verdict == core::KeyCheck::Verdict::kSound);
  }
  if (check.verdict == core::KeyCheck::Verdict::kOtherShape)
    FUZZ_ASSERT(check.suggestion.empty() && check.group == 0);
  const core::KeyCheck again = core::CheckTypedKey(check.cleaned);
  FUZZ_ASSERT(again.cleaned == check.cleaned);
  if (!check.suggestion.empty()) {
    const core::KeyCheck mended = core::CheckTypedKey(check.suggestion);
    FUZZ_ASSERT(mended.verdict == core::KeyCheck::Verdict::kSound);
    FUZZ_ASSERT(mended.cleaned == check.suggestion);
  }
}

// Ed25519 is deterministic: the only text that verifies is the one we would write.
void KeyAsSent(std::string_view text) {
  const auto dataset = core::VerifySignedKey(Scheme::kEd25519Sign, text, Keys().public_keys());
  if (dataset) FUZZ_ASSERT(core::MakeSignedKey(Scheme::kEd25519Sign, *dataset, Keys()) == text);
  for (const Scheme scheme : {Scheme::kRsaPkcs1Encrypt, Scheme::kRsaPkcs1Sign, Scheme::kRsaPssSign,
                              Scheme::kRsaJwtRs256, Scheme::kEcdsaP256Sign})
    FUZZ_ASSERT(!core::VerifySignedKey(scheme, text, Keys().public_keys()));
}

void Dataset(std::string_view text) {
  const Scheme schemes[] = {Scheme::kEd25519Sign, Scheme::kEcdsaP256Sign, Scheme::kRsaPkcs1Encrypt,
                            Scheme::kRsaJwtRs256};
  // RSA costs a millisecond: one scheme an input.
  const Scheme scheme = schemes[text.size() % std::size(schemes)];
  if (const auto key = core::MakeSignedKey(scheme, text, Keys()))
    FUZZ_ASSERT(core::VerifySignedKey(scheme, *key, Keys().public_keys()) == std::string(text));
}

void Template(std::string_view text) {
  const core::KeyContext context;
  const std::string expanded = core::ExpandTemplate(text, context);
  if (text.find("{{") == std::string_view::npos) FUZZ_ASSERT(expanded == text);
  const std::string none = core::ExpandTemplate("{{user}}" + std::string(text), context);
  FUZZ_ASSERT(none == expanded);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = TextOf(data, size);
  TypedKey(text);
  KeyAsSent(text);
  Dataset(text);
  Template(text);
  if (const auto license = core::LegacyKeyLicense(text))
    FUZZ_ASSERT(latchkey::base::Hex(license->bytes()).size() == 32);
  const bool uuid = latchkey::Uuid::LooksLikeUuid(text);
  FUZZ_ASSERT((core::ShapeOf(text) == core::TokenShape::kUuid) == uuid);
  return 0;
}
