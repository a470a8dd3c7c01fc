#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"
#include "crypto/account_keys.h"

namespace latchkey::core {

// Signatures of HTTP responses and webhooks (conventions.md §6, decision 35).
struct SignedResponse {
  std::string_view method;  // as sent
  std::string_view target;  // path and query exactly as received
  std::string_view host;    // what SignedHost made of the Host header
  std::string date;         // IMF-fixdate
  std::string_view body;
  std::string_view digest{};  // the body's DigestHeader, when the caller has it already
};
std::string DigestHeader(std::string_view body);  // "sha-256=" + base64
// The text after Prefix(kResponse): "post /v1/…\nhost: …\ndate: …\ndigest: …". Method and host are
// put in lower case here.
std::string SigningText(std::string_view method, std::string_view target, std::string_view host,
                        std::string_view date, std::string_view digest);
// Host in lower case without the scheme's default port.
std::string SignedHost(std::string_view host, bool tls);
// Keygen-Signature's value. `keyid` is the account id, or the id of the key that the client asked
// for (decision 10). kInternal when the account has no key pair of the family.
Result<std::string> SignResponse(const SignedResponse& response, std::string_view keyid,
                                 crypto::SignatureAlgorithm algorithm,
                                 const crypto::AccountKeys& keys);

struct ResponseToVerify {
  std::string_view method, target, host,
      body;                    // host: what SignedHost made of the dialled authority
  std::string_view signature;  // Keygen-Signature
  std::string_view digest;     // Keygen-Digest, else Digest
  std::string_view date;       // Keygen-Date, else Date
};
// kSignatureInvalid or kMalformed unless the signature is `expected`'s over exactly this response.
// Dates are the caller's to judge; it gets the signed one. The header's keyid selects nothing
// (threat-model row 12).
Result<TimePoint> VerifyResponse(const ResponseToVerify& response,
                                 crypto::SignatureAlgorithm expected,
                                 const crypto::PublicKeys& keys);

// Keygen-Accept-Signature, read but not judged: which key and algorithm the client asks for.
struct AcceptSignature {
  crypto::SignatureAlgorithm algorithm = crypto::SignatureAlgorithm::kEd25519;
  std::string keyid{};  // empty: not named
};
// null or blank = ed25519. kAcceptSignatureInvalid with the spec's text.
Result<AcceptSignature> ReadAcceptSignature(std::optional<std::string_view> header);
// The same, and the keyid must be the account's (vectors/accept-signature.json).
Result<crypto::SignatureAlgorithm> ParseAcceptSignature(std::optional<std::string_view> header,
                                                        std::string_view account_id);

}  // namespace latchkey::core
