#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/json.h"
#include "core/policy.h"
#include "crypto/account_keys.h"

namespace latchkey::core {

// License and machine files (machines.md §6; docs/formats/files.md).
enum class FileKind { kLicense, kMachine };
enum class FileEncoding { kBase64, kAes256Gcm };

struct FileAlgorithm {
  FileEncoding encoding = FileEncoding::kBase64;
  crypto::SignatureAlgorithm signing = crypto::SignatureAlgorithm::kEd25519;
  std::string Name() const;  // "aes-256-gcm+ed25519"
  friend bool operator==(const FileAlgorithm&, const FileAlgorithm&) = default;
};
// kCheckoutAlgorithmInvalid with `invalid encoding algorithm` or `invalid signing algorithm`,
// pointer "algorithm" (machines.md §6.5).
Result<FileAlgorithm> ParseFileAlgorithm(std::string_view text);
// Without an explicit algorithm: encoding by `encrypt`, signing by the policy's scheme
// (machines.md §6.3).
FileAlgorithm DefaultFileAlgorithm(std::optional<Scheme> scheme, bool encrypt);

// The certificate text over `payload` (machines.md §6.7). `secret` is the license key, or key +
// fingerprint for machine files; used for aes-256-gcm alone. `kid` is written after `alg` when not
// empty (decision 10). kInternal when the account has no key pair of the family.
Result<std::string> MakeCertificate(FileKind kind, const FileAlgorithm& algorithm,
                                    std::string_view payload, std::string_view secret,
                                    const crypto::AccountKeys& keys, Random& random,
                                    std::string_view kid = {});

// An opened file: holding one is proof that its signature was checked for this kind and algorithm.
class VerifiedFile {
 public:
  // Verify, then decrypt, then parse (M1). `expected` is the only algorithm accepted. Errors:
  // kMalformed, kSignatureInvalid, kDecryptionFailed. A `kid` in the file is a hint that is not
  // signed; it is not read here.
  static Result<VerifiedFile> Open(FileKind kind, const FileAlgorithm& expected,
                                   std::string_view certificate, std::string_view secret,
                                   const crypto::PublicKeys& keys);

  const json::object& payload() const { return payload_; }  // keys as on the wire (camelCase)
  std::string_view payload_text() const { return text_; }
  TimePoint issued() const { return issued_; }
  std::optional<TimePoint> expiry() const { return expiry_; }
  std::optional<std::int64_t> ttl() const { return ttl_; }

  // The stateless rules for third-party files (machines.md §6.12, decision 37): kNotYetValid when
  // issued more than 5 minutes ahead, kExpired when ttl is not null and expiry has passed,
  // kWrongFingerprint for a machine file of another device. Native clients judge by meta.terms.
  Result<void> CheckTimes(TimePoint now) const;
  Result<void> CheckFingerprint(std::string_view fingerprint) const;

 private:
  json::object payload_;
  std::string text_;
  TimePoint issued_{};
  std::optional<TimePoint> expiry_;
  std::optional<std::int64_t> ttl_;
};

}  // namespace latchkey::core
