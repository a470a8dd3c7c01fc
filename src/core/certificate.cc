#include "core/certificate.h"

#include "crypto/aead.h"
#include "crypto/hash.h"

namespace latchkey::core {
namespace {

using crypto::Purpose;
using crypto::SignatureAlgorithm;

constexpr std::size_t kLine = 60;
constexpr std::size_t kIvSize = 12;
constexpr std::size_t kTagSize = 16;
constexpr Seconds kIssueTolerance{300};  // machines.md §6.12

struct Frame {
  std::string_view begin, end;
  Purpose purpose;
};
constexpr Frame kLicenseFrame{"-----BEGIN LICENSE FILE-----", "-----END LICENSE FILE-----",
                              Purpose::kLicenseFile};
constexpr Frame kMachineFrame{"-----BEGIN MACHINE FILE-----", "-----END MACHINE FILE-----",
                              Purpose::kMachineFile};
const Frame& FrameOf(FileKind kind) {
  return kind == FileKind::kLicense ? kLicenseFrame : kMachineFrame;
}

constexpr std::string_view kBase64 = "base64";
constexpr std::string_view kAes256Gcm = "aes-256-gcm";

Error Malformed(std::string detail) { return Error{Errc::kMalformed, std::move(detail)}; }

// The frame taken off, line breaks dropped. Only the white space that editors and mail programs add
// is trimmed.
Result<std::string> Body(const Frame& frame, std::string_view certificate) {
  constexpr std::string_view kSpace = " \t\r\n";
  const std::size_t first = certificate.find_first_not_of(kSpace);
  if (first == std::string_view::npos) return Malformed("the file is empty");
  certificate = certificate.substr(first, certificate.find_last_not_of(kSpace) - first + 1);
  if (certificate.size() < frame.begin.size() + frame.end.size() ||
      !certificate.starts_with(frame.begin) || !certificate.ends_with(frame.end))
    return Malformed("the file does not have the frame of its kind");
  certificate.remove_prefix(frame.begin.size());
  certificate.remove_suffix(frame.end.size());
  std::string body;
  body.reserve(certificate.size());
  for (const char c : certificate)
    if (c != '\n' && c != '\r') body += c;
  return body;
}

const json::string* Text(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains(name);
  return value == nullptr ? nullptr : value->if_string();
}

Result<std::string> Decrypt(std::string_view enc, std::string_view secret) {
  const std::size_t first = enc.find('.');
  const std::size_t second = first == std::string_view::npos ? first : enc.find('.', first + 1);
  if (second == std::string_view::npos) return Malformed("the encrypted part has not three pieces");
  const auto ciphertext = base::FromBase64(enc.substr(0, first));
  const auto iv = base::FromBase64(enc.substr(first + 1, second - first - 1));
  const auto tag = base::FromBase64(enc.substr(second + 1));
  if (!ciphertext || !iv || !tag || iv->size() != kIvSize || tag->size() != kTagSize)
    return Malformed("the encrypted part is not ciphertext, iv and tag");
  LK_ASSIGN(const Bytes plain,
            crypto::AesGcmOpen(crypto::Sha256(secret), *iv, *ciphertext, *tag, ByteView()));
  return std::string(base::AsText(plain));
}

Result<std::string> Decode(FileEncoding encoding, std::string_view enc, std::string_view secret) {
  if (encoding == FileEncoding::kAes256Gcm) return Decrypt(enc, secret);
  const auto plain = base::FromBase64(enc);
  if (!plain) return Malformed("the payload is not base64");
  return std::string(base::AsText(*plain));
}

// Null gives nullopt, a time gives the time, anything else is malformed.
Result<std::optional<TimePoint>> MetaTime(const json::object& meta, std::string_view name) {
  const json::value* value = meta.if_contains(name);
  if (value == nullptr) return Malformed("the payload lacks a time");
  if (value->is_null()) return std::optional<TimePoint>();
  const json::string* text = value->if_string();
  const auto time = text == nullptr ? std::nullopt : base::ParseTime(*text);
  if (!time) return Malformed("the payload has an unreadable time");
  return std::optional(*time);
}

}  // namespace

std::string FileAlgorithm::Name() const {
  const std::string_view encoded = encoding == FileEncoding::kBase64 ? kBase64 : kAes256Gcm;
  return std::string(encoded).append("+").append(crypto::Name(signing));
}

Result<FileAlgorithm> ParseFileAlgorithm(std::string_view text) {
  const std::size_t plus = text.find('+');
  const std::string_view encoding = text.substr(0, plus);
  FileAlgorithm algorithm;
  if (encoding == kAes256Gcm)
    algorithm.encoding = FileEncoding::kAes256Gcm;
  else if (encoding != kBase64)
    return Error{Errc::kCheckoutAlgorithmInvalid, "invalid encoding algorithm", "algorithm"};
  const auto signing = plus == std::string_view::npos
                           ? std::nullopt
                           : crypto::ParseSignatureAlgorithm(text.substr(plus + 1));
  if (!signing)
    return Error{Errc::kCheckoutAlgorithmInvalid, "invalid signing algorithm", "algorithm"};
  algorithm.signing = *signing;
  return algorithm;
}

FileAlgorithm DefaultFileAlgorithm(std::optional<Scheme> scheme, bool encrypt) {
  FileAlgorithm algorithm;
  if (encrypt) algorithm.encoding = FileEncoding::kAes256Gcm;
  if (!scheme) return algorithm;
  switch (*scheme) {
    case Scheme::kLegacyEncrypt:
    case Scheme::kEd25519Sign:
      break;
    case Scheme::kRsaPssSign:
    case Scheme::kRsaPssSignV2:
      algorithm.signing = SignatureAlgorithm::kRsaPssSha256;
      break;
    case Scheme::kRsaPkcs1Sign:
    case Scheme::kRsaPkcs1SignV2:
    case Scheme::kRsaPkcs1Encrypt:
    case Scheme::kRsaJwtRs256:
      algorithm.signing = SignatureAlgorithm::kRsaSha256;
      break;
    case Scheme::kEcdsaP256Sign:
      algorithm.signing = SignatureAlgorithm::kEcdsaP256;
      break;
  }
  return algorithm;
}

Result<std::string> MakeCertificate(FileKind kind, const FileAlgorithm& algorithm,
                                    std::string_view payload, std::string_view secret,
                                    const crypto::AccountKeys& keys, Random& random,
                                    std::string_view kid) {
  const Frame& frame = FrameOf(kind);
  std::string enc;
  if (algorithm.encoding == FileEncoding::kAes256Gcm) {
    const crypto::AesGcmBox box =
        crypto::AesGcmSeal(crypto::Sha256(secret), base::AsBytes(payload), ByteView(), random);
    enc = base::Base64(box.ciphertext) + '.' + base::Base64(box.iv) + '.' + base::Base64(box.tag);
  } else {
    enc = base::Base64(base::AsBytes(payload));
  }
  LK_ASSIGN(const Bytes signature, keys.Sign(algorithm.signing, frame.purpose, enc));
  base::JsonWriter document;
  document.BeginObject().Key("enc").String(enc).Key("sig").String(base::Base64(signature));
  document.Key("alg").String(algorithm.Name());
  if (!kid.empty()) document.Key("kid").String(kid);
  const std::string body = base::Base64(base::AsBytes(document.EndObject().text()));

  std::string out;
  out.reserve(body.size() + body.size() / kLine + 64);
  out.append(frame.begin).append("\n");
  for (std::size_t at = 0; at < body.size(); at += kLine) out.append(body, at, kLine).append("\n");
  return out.append(frame.end).append("\n");
}

Result<VerifiedFile> VerifiedFile::Open(FileKind kind, const FileAlgorithm& expected,
                                        std::string_view certificate, std::string_view secret,
                                        const crypto::PublicKeys& keys) {
  const Frame& frame = FrameOf(kind);
  LK_ASSIGN(const std::string body, Body(frame, certificate));
  const auto document = base::FromBase64(body);
  if (!document) return Malformed("the body is not base64");
  const auto tree = base::ParseJson(base::AsText(*document));
  if (!tree || !tree->is_object()) return Malformed("the document is not a JSON object");
  const json::string* enc = Text(tree->as_object(), "enc");
  const json::string* sig = Text(tree->as_object(), "sig");
  const json::string* alg = Text(tree->as_object(), "alg");
  if (enc == nullptr || sig == nullptr || alg == nullptr)
    return Malformed("the document lacks enc, sig or alg");
  // Before any cryptography: the file never chooses how it is checked (threat-model row 9).
  if (std::string_view(*alg) != expected.Name()) return Malformed("not the expected algorithm");
  const auto signature = base::FromBase64(*sig);
  if (!signature) return Malformed("the signature is not base64");
  if (!keys.Verify(expected.signing, frame.purpose, *enc, *signature))
    return Error{Errc::kSignatureInvalid, "the file was not signed by this account"};

  VerifiedFile file;
  LK_ASSIGN(file.text_, Decode(expected.encoding, *enc, secret));
  auto payload = base::ParseJson(file.text_);
  if (!payload || !payload->is_object()) return Malformed("the payload is not a JSON object");
  file.payload_ = std::move(payload->as_object());
  const json::value* meta = file.payload_.if_contains("meta");
  if (meta == nullptr || !meta->is_object()) return Malformed("the payload lacks meta");
  LK_ASSIGN(const auto issued, MetaTime(meta->as_object(), "issued"));
  LK_ASSIGN(file.expiry_, MetaTime(meta->as_object(), "expiry"));
  const json::value* ttl = meta->as_object().if_contains("ttl");
  if (ttl == nullptr || (!ttl->is_null() && !ttl->is_int64()))
    return Malformed("ttl is unreadable");
  if (!ttl->is_null()) file.ttl_ = ttl->as_int64();
  if (!issued || (file.ttl_ && !file.expiry_)) return Malformed("the payload lacks a time");
  file.issued_ = *issued;
  return file;
}

Result<void> VerifiedFile::CheckTimes(TimePoint now) const {
  if (issued_ > now + kIssueTolerance)
    return Error{Errc::kNotYetValid, "the file was issued in the future"};
  if (ttl_.value_or(0) != 0 && *expiry_ < now) return Error{Errc::kExpired, "the file has expired"};
  return {};
}

Result<void> VerifiedFile::CheckFingerprint(std::string_view fingerprint) const {
  const json::value* value = payload_.if_contains("data");
  for (const std::string_view name : {"attributes", "fingerprint"})
    value = value != nullptr && value->is_object() ? value->as_object().if_contains(name) : nullptr;
  if (value == nullptr || !value->is_string() ||
      std::string_view(value->as_string()) != fingerprint)
    return Error{Errc::kWrongFingerprint, "the file belongs to another machine"};
  return {};
}

}  // namespace latchkey::core
