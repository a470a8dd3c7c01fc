// Files: whatever opens was signed, and opens to the same payload when written again.
#include "core/certificate.h"
#include "test/fuzz/fuzz.h"
#include "test/fuzz/fuzz_keys.h"

namespace core = latchkey::core;
using core::FileEncoding;
using core::FileKind;
using core::VerifiedFile;
using latchkey::crypto::SignatureAlgorithm;
using latchkey::fuzz::CountingRandom;
using latchkey::fuzz::Keys;
using latchkey::fuzz::TextOf;

namespace {

// The secrets of test/vectors, so that their files open.
constexpr std::string_view kLicenseKey = "0A1B2C-3D4E5F-607182-93A4B5-C6D7E8-V3";
constexpr std::string_view kMachineSecret = "0A1B2C-3D4E5F-607182-93A4B5-C6D7E8-V3aa:bb:cc:dd";

constexpr core::FileAlgorithm kAlgorithms[] = {
    {FileEncoding::kBase64, SignatureAlgorithm::kEd25519},
    {FileEncoding::kAes256Gcm, SignatureAlgorithm::kEd25519}};

void RoundTrip(FileKind kind, const core::FileAlgorithm& algorithm, std::string_view payload,
               std::string_view secret, bool opens) {
  CountingRandom random;
  const auto made = core::MakeCertificate(kind, algorithm, payload, secret, Keys(), random);
  FUZZ_ASSERT(made);
  const auto file = VerifiedFile::Open(kind, algorithm, *made, secret, Keys().public_keys());
  if (file) FUZZ_ASSERT(file->payload_text() == payload);
  // A payload of another form is refused after its signature, never before.
  if (!file) FUZZ_ASSERT(!opens && file.error().code == latchkey::Errc::kMalformed);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = TextOf(data, size);
  int opened = 0;
  for (const FileKind kind : {FileKind::kLicense, FileKind::kMachine}) {
    const std::string_view secret = kind == FileKind::kLicense ? kLicenseKey : kMachineSecret;
    for (const core::FileAlgorithm& algorithm : kAlgorithms) {
      const auto file = VerifiedFile::Open(kind, algorithm, text, secret, Keys().public_keys());
      if (file) {
        ++opened;
        RoundTrip(kind, algorithm, file->payload_text(), secret, true);
        (void)file->CheckTimes(file->issued()).has_value();
        (void)file->CheckFingerprint("aa:bb:cc:dd").has_value();
      }
      RoundTrip(kind, algorithm, text, secret, false);
    }
  }
  FUZZ_ASSERT(opened <= 1);  // one kind, one algorithm
  if (const auto algorithm = core::ParseFileAlgorithm(text)) FUZZ_ASSERT(algorithm->Name() == text);
  return 0;
}
