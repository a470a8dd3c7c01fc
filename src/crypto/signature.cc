#include "crypto/signature.h"

#include <array>

namespace latchkey::crypto {
namespace {

constexpr std::array kAlgorithms = {SignatureAlgorithm::kEd25519, SignatureAlgorithm::kRsaPssSha256,
                                    SignatureAlgorithm::kRsaSha256, SignatureAlgorithm::kEcdsaP256};

constexpr std::array kPurposes = {
    Purpose::kResponse, Purpose::kLicenseKey, Purpose::kLicenseFile, Purpose::kMachineFile,
    Purpose::kProof,    Purpose::kAudit,      Purpose::kDeviceProof};

}  // namespace

std::string_view Name(SignatureAlgorithm algorithm) {
  switch (algorithm) {
    case SignatureAlgorithm::kEd25519:
      return "ed25519";
    case SignatureAlgorithm::kRsaPssSha256:
      return "rsa-pss-sha256";
    case SignatureAlgorithm::kRsaSha256:
      return "rsa-sha256";
    case SignatureAlgorithm::kEcdsaP256:
      return "ecdsa-p256";
  }
  return {};
}

std::optional<SignatureAlgorithm> ParseSignatureAlgorithm(std::string_view name) {
  for (const auto algorithm : kAlgorithms)
    if (name == Name(algorithm)) return algorithm;
  return std::nullopt;
}

std::string_view Prefix(Purpose purpose) {
  switch (purpose) {
    case Purpose::kResponse:
      return "(request-target): ";
    case Purpose::kLicenseKey:
      return "key/";
    case Purpose::kLicenseFile:
      return "license/";
    case Purpose::kMachineFile:
      return "machine/";
    case Purpose::kProof:
      return "proof/";
    case Purpose::kAudit:
      return "latchkey-audit-v1\n";
    case Purpose::kDeviceProof:
      return "latchkey-device-v1\n";
  }
  return {};
}

bool StartsLikeSigned(std::string_view text) {
  for (const auto purpose : kPurposes)
    if (text.starts_with(Prefix(purpose))) return true;
  return false;
}

}  // namespace latchkey::crypto
