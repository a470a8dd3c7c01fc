#include "crypto/account_keys.h"

namespace latchkey::crypto {
namespace {

std::string SignedText(Purpose purpose, std::string_view body) {
  const std::string_view prefix = Prefix(purpose);
  std::string text;
  text.reserve(prefix.size() + body.size());
  text += prefix;
  text += body;
  return text;
}

}  // namespace

bool PublicKeys::Verify(SignatureAlgorithm algorithm, Purpose purpose, std::string_view body,
                        ByteView signature) const {
  const std::string text = SignedText(purpose, body);
  const ByteView message = base::AsBytes(text);
  switch (algorithm) {
    case SignatureAlgorithm::kEd25519:
      return ed25519 && ed25519->Verify(message, signature);
    case SignatureAlgorithm::kRsaPssSha256:
      return rsa && rsa->VerifyPss(message, signature);
    case SignatureAlgorithm::kRsaSha256:
      return rsa && rsa->VerifyPkcs1(message, signature);
    case SignatureAlgorithm::kEcdsaP256:
      return ecdsa && ecdsa->Verify(message, signature);
  }
  return false;
}

AccountKeys AccountKeys::Generate(Random& random) {
  return AccountKeys(Ed25519PrivateKey::Generate(random), RsaPrivateKey::Generate(),
                     EcdsaPrivateKey::Generate());
}

AccountKeys::AccountKeys(Ed25519PrivateKey ed25519, std::optional<RsaPrivateKey> rsa,
                         std::optional<EcdsaPrivateKey> ecdsa)
    : ed25519_(std::move(ed25519)), rsa_(std::move(rsa)), ecdsa_(std::move(ecdsa)) {
  public_.ed25519 = ed25519_.public_key();
  if (rsa_) public_.rsa = rsa_->public_key();
  if (ecdsa_) public_.ecdsa = ecdsa_->public_key();
}

Result<Bytes> AccountKeys::Sign(SignatureAlgorithm algorithm, Purpose purpose,
                                std::string_view body) const {
  const std::string text = SignedText(purpose, body);
  const ByteView message = base::AsBytes(text);
  switch (algorithm) {
    case SignatureAlgorithm::kEd25519: {
      const auto signature = ed25519_.Sign(message);
      return Bytes(signature.begin(), signature.end());
    }
    case SignatureAlgorithm::kRsaPssSha256:
      if (rsa_) return rsa_->SignPss(message);
      break;
    case SignatureAlgorithm::kRsaSha256:
      if (rsa_) return rsa_->SignPkcs1(message);
      break;
    case SignatureAlgorithm::kEcdsaP256:
      if (ecdsa_) return ecdsa_->Sign(message);
      break;
  }
  return Error{Errc::kInternal, "the account has no key for " + std::string(Name(algorithm))};
}

}  // namespace latchkey::crypto
