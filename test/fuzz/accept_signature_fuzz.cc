// Signature headers: a request for a signature reads the same when written in its plain form, and
// an answer verifies with the header that was made for it and with no other.
#include "core/response_signature.h"
#include "test/fuzz/fuzz.h"
#include "test/fuzz/fuzz_keys.h"

namespace core = latchkey::core;
namespace crypto = latchkey::crypto;
using crypto::SignatureAlgorithm;
using latchkey::fuzz::Keys;
using latchkey::fuzz::TextOf;

namespace {

constexpr std::string_view kDate = "Tue, 03 Mar 2026 09:15:00 GMT";

void Request(std::string_view text) {
  const auto accept = core::ReadAcceptSignature(text);
  if (!accept) {
    FUZZ_ASSERT(accept.error().detail.starts_with("invalid accept-signature header ("));
    return;
  }
  std::string plain = "algorithm=\"" + std::string(crypto::Name(accept->algorithm)) + "\"";
  if (!accept->keyid.empty()) plain = "keyid=\"" + accept->keyid + "\", " + plain;
  const auto again = core::ReadAcceptSignature(plain);
  FUZZ_ASSERT(again && again->keyid == accept->keyid && again->algorithm == accept->algorithm);
  FUZZ_ASSERT(core::ParseAcceptSignature(text, accept->keyid).has_value());
}

bool Verifies(std::string_view target, std::string_view body, std::string_view signature,
              std::string_view date) {
  const std::string digest = core::DigestHeader(body);
  return core::VerifyResponse({.method = "GET",
                               .target = target,
                               .host = "a.test",
                               .body = body,
                               .signature = signature,
                               .digest = digest,
                               .date = date},
                              SignatureAlgorithm::kEd25519, Keys().public_keys())
      .has_value();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = TextOf(data, size);
  Request(text);

  const auto made = core::SignResponse(
      {.method = "GET", .target = text, .host = "a.test", .date = std::string(kDate), .body = text},
      "account", SignatureAlgorithm::kEd25519, Keys());
  FUZZ_ASSERT(made);
  const bool one_line = text.find_first_of(std::string_view("\r\n\0", 3)) == std::string_view::npos;
  FUZZ_ASSERT(Verifies(text, text, *made, kDate) == one_line);
  // Nobody signed this answer, whatever header comes with it.
  FUZZ_ASSERT(!Verifies("/nobody/signed/this", "", text, kDate));
  FUZZ_ASSERT(text == kDate || !Verifies(text, text, *made, text));

  const std::string host = core::SignedHost(text, true);
  FUZZ_ASSERT(host.size() <= text.size());
  return 0;
}
