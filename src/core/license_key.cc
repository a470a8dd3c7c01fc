// Signed and encrypted license keys by policy scheme (licenses.md §8.2, §8.5).
#include "core/license_key.h"

#include "base/json.h"
#include "crypto/hash.h"
#include "crypto/password.h"

namespace latchkey::core {
namespace {

using crypto::Purpose;
using crypto::SignatureAlgorithm;

constexpr std::string_view kPrefix = "key/";
constexpr std::string_view kJwtHeader = "eyJhbGciOiJSUzI1NiJ9";  // {"alg":"RS256"}
constexpr std::size_t kEncryptLimit = 245;  // 256 bytes less eleven of PKCS#1 padding

Error KeyViolation(std::string_view rule, std::string detail) {
  return Error{
      Errc::kInvalid,
      {},
      {},
      {Violation{Violation::Kind::kAttribute, "key", std::string(rule), std::move(detail)}}};
}

Error Malformed() { return Error{Errc::kMalformed, "not a license key of this scheme"}; }
Error BadSignature() {
  return Error{Errc::kSignatureInvalid, "the license key was not signed by this account"};
}

// What the prefixed schemes sign with; null for the others.
std::optional<SignatureAlgorithm> Prefixed(Scheme scheme) {
  switch (scheme) {
    case Scheme::kRsaPkcs1SignV2:
      return SignatureAlgorithm::kRsaSha256;
    case Scheme::kRsaPssSignV2:
      return SignatureAlgorithm::kRsaPssSha256;
    case Scheme::kEd25519Sign:
      return SignatureAlgorithm::kEd25519;
    case Scheme::kEcdsaP256Sign:
      return SignatureAlgorithm::kEcdsaP256;
    case Scheme::kLegacyEncrypt:
    case Scheme::kRsaPkcs1Encrypt:
    case Scheme::kRsaPkcs1Sign:
    case Scheme::kRsaPssSign:
    case Scheme::kRsaJwtRs256:
      break;
  }
  return std::nullopt;
}

// Texts that the unprefixed RSA schemes never sign, because the signature would pass as another
// kind's (decision 9; threat-model rows 4, 5). A JWT's signing input is such a kind too.
bool Reserved(std::string_view dataset) {
  return crypto::StartsLikeSigned(dataset) ||
         (dataset.starts_with(kJwtHeader) && dataset.substr(kJwtHeader.size()).starts_with('.'));
}

// Empty when `claims` can be a JWT's payload (licenses.md §8.4), else the reason.
std::string ClaimsFault(std::string_view claims) {
  const auto tree = base::ParseJson(claims);
  if (!tree || !tree->is_object()) return "must be a valid JSON encoded string";
  for (const std::string_view name : {"exp", "iat", "nbf"}) {
    const json::value* value = tree->as_object().if_contains(name);
    if (value == nullptr || value->is_number()) continue;
    std::string_view kind = "null";
    if (value->is_string()) kind = "a string";
    if (value->is_bool()) kind = "a boolean";
    if (value->is_array()) kind = "an array";
    if (value->is_object()) kind = "an object";
    return std::string(name) + " claim must be a numeric value but it is " + std::string(kind);
  }
  return {};
}

// The text before and after the only dot.
std::optional<std::pair<std::string_view, std::string_view>> SplitOnce(std::string_view text) {
  const std::size_t dot = text.find('.');
  if (dot == std::string_view::npos || text.find('.', dot + 1) != std::string_view::npos)
    return std::nullopt;
  return std::pair(text.substr(0, dot), text.substr(dot + 1));
}

std::string Join(std::string_view first, std::string_view second) {
  return std::string(first).append(".").append(second);
}

Result<std::string> MakeRsaKey(Scheme scheme, std::string_view dataset,
                               const crypto::RsaPrivateKey& rsa) {
  const ByteView bytes = base::AsBytes(dataset);
  if (scheme == Scheme::kRsaJwtRs256) {
    const std::string input = Join(kJwtHeader, base::Base64UrlUnpadded(bytes));
    return Join(input, base::Base64UrlUnpadded(rsa.SignPkcs1(base::AsBytes(input))));
  }
  if (scheme == Scheme::kRsaPkcs1Encrypt) {
    LK_ASSIGN(const Bytes block, rsa.EncryptPrivate(bytes));
    return base::Base64Url(block);
  }
  const Bytes signature = scheme == Scheme::kRsaPssSign ? rsa.SignPss(bytes) : rsa.SignPkcs1(bytes);
  return Join(base::Base64Url(bytes), base::Base64Url(signature));
}

Result<void> CheckDataset(Scheme scheme, std::string_view dataset) {
  if (scheme == Scheme::kLegacyEncrypt)
    return KeyViolation("NOT_SUPPORTED", "cannot be specified for a legacy encrypted license");
  if (dataset.empty()) return KeyViolation("TOO_SHORT", "is too short (minimum is 1 character)");
  if (!base::IsUtf8(dataset)) return KeyViolation("INVALID", "is invalid");
  if (Prefixed(scheme)) return {};
  if (scheme == Scheme::kRsaJwtRs256) {
    if (const std::string fault = ClaimsFault(dataset); !fault.empty())
      return KeyViolation("JWT_CLAIMS_INVALID",
                          "key is not a valid JWT claims payload (" + fault + ")");
    return {};
  }
  if (Reserved(dataset))
    return KeyViolation("NOT_ALLOWED", "is not allowed (must not start like another signed text)");
  if (scheme == Scheme::kRsaPkcs1Encrypt && dataset.size() > kEncryptLimit)
    return KeyViolation("BYTE_SIZE_EXCEEDED",
                        "key exceeds maximum byte length (max size of 245 bytes)");
  return {};
}

// A dataset that a signature vouches for is still only believed if we would have signed it.
Result<std::string> Accepted(Scheme scheme, std::string_view dataset) {
  if (!CheckDataset(scheme, dataset)) return Malformed();
  return std::string(dataset);
}

Result<std::string> VerifyPrefixed(Scheme scheme, SignatureAlgorithm algorithm,
                                   std::string_view key, const crypto::PublicKeys& keys) {
  if (!key.starts_with(kPrefix)) return Malformed();
  const auto parts = SplitOnce(key.substr(kPrefix.size()));
  if (!parts) return Malformed();
  const auto dataset = base::FromBase64Url(parts->first);
  const auto signature = base::FromBase64Url(parts->second);
  if (!dataset || !signature) return Malformed();
  if (!keys.Verify(algorithm, Purpose::kLicenseKey, parts->first, *signature))
    return BadSignature();
  return Accepted(scheme, base::AsText(*dataset));
}

Result<std::string> VerifyJwt(std::string_view key, const crypto::RsaPublicKey& rsa) {
  const std::size_t dot = key.rfind('.');
  if (dot == std::string_view::npos) return Malformed();
  const std::string_view input = key.substr(0, dot);
  const auto parts = SplitOnce(input);
  if (!parts || parts->first != kJwtHeader) return Malformed();
  const auto claims = base::FromBase64UrlUnpadded(parts->second);
  const auto signature = base::FromBase64UrlUnpadded(key.substr(dot + 1));
  if (!claims || !signature) return Malformed();
  if (!rsa.VerifyPkcs1(base::AsBytes(input), *signature)) return BadSignature();
  return Accepted(Scheme::kRsaJwtRs256, base::AsText(*claims));
}

Result<std::string> VerifyEncrypted(std::string_view key, const crypto::RsaPublicKey& rsa) {
  const auto block = base::FromBase64Url(key);
  if (!block) return Malformed();
  const auto dataset = rsa.Recover(*block);
  if (!dataset) return BadSignature();
  return Accepted(Scheme::kRsaPkcs1Encrypt, base::AsText(*dataset));
}

Result<std::string> VerifyUnprefixed(Scheme scheme, std::string_view key,
                                     const crypto::RsaPublicKey& rsa) {
  const auto parts = SplitOnce(key);
  if (!parts) return Malformed();
  const auto dataset = base::FromBase64Url(parts->first);
  const auto signature = base::FromBase64Url(parts->second);
  if (!dataset || !signature) return Malformed();
  const bool genuine = scheme == Scheme::kRsaPssSign ? rsa.VerifyPss(*dataset, *signature)
                                                     : rsa.VerifyPkcs1(*dataset, *signature);
  if (!genuine) return BadSignature();
  return Accepted(scheme, base::AsText(*dataset));
}

std::string LegacyDigestInput(std::string_view key) { return base::Hex(crypto::Sha256(key)); }

}  // namespace

Result<std::string> MakeSignedKey(Scheme scheme, std::string_view dataset,
                                  const crypto::AccountKeys& keys) {
  LK_TRY(CheckDataset(scheme, dataset));
  if (const auto algorithm = Prefixed(scheme)) {
    const std::string encoded = base::Base64Url(base::AsBytes(dataset));
    LK_ASSIGN(const Bytes signature, keys.Sign(*algorithm, Purpose::kLicenseKey, encoded));
    return std::string(kPrefix).append(Join(encoded, base::Base64Url(signature)));
  }
  if (!keys.rsa()) return Error{Errc::kInternal, "the account has no RSA key pair"};
  return MakeRsaKey(scheme, dataset, *keys.rsa());
}

Result<std::string> KeyFromText(std::optional<Scheme> scheme, std::string_view text,
                                const KeyContext& context, const crypto::AccountKeys& keys) {
  if (!scheme) return std::string(text);
  return MakeSignedKey(*scheme, ExpandTemplate(text, context), keys);
}

Result<std::string> VerifySignedKey(Scheme scheme, std::string_view key,
                                    const crypto::PublicKeys& keys) {
  if (const auto algorithm = Prefixed(scheme)) return VerifyPrefixed(scheme, *algorithm, key, keys);
  if (scheme == Scheme::kLegacyEncrypt) return Malformed();
  if (!keys.rsa) return BadSignature();
  if (scheme == Scheme::kRsaJwtRs256) return VerifyJwt(key, *keys.rsa);
  if (scheme == Scheme::kRsaPkcs1Encrypt) return VerifyEncrypted(key, *keys.rsa);
  return VerifyUnprefixed(scheme, key, *keys.rsa);
}

LegacyKey GenerateLegacyKey(const Uuid& license, Random& random) {
  const std::string hex = base::Hex(random.Take(64));
  LegacyKey out;
  out.key = base::Hex(license.bytes()) + '-' + hex.substr(32, 32) + '-' + hex.substr(64, 32) + '-' +
            hex.substr(96, 30) + "v1";
  out.digest = crypto::HashBcrypt(LegacyDigestInput(out.key), random);
  return out;
}

std::optional<Uuid> LegacyKeyLicense(std::string_view key) {
  if (key.size() < 32) return std::nullopt;
  const auto bytes = base::FromHex(key.substr(0, 32));
  return bytes ? Uuid::FromBytes(ByteView(*bytes)) : std::nullopt;
}

bool VerifyLegacyKey(std::string_view key, std::string_view digest) {
  return crypto::VerifyPassword(Secret(LegacyDigestInput(key)), digest);
}

}  // namespace latchkey::core
