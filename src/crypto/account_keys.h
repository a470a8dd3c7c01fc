#pragma once

#include <optional>

#include "crypto/signature.h"

namespace latchkey::crypto {

// The public halves of an account's three key pairs; a family that is absent verifies nothing.
struct PublicKeys {
  std::optional<Ed25519PublicKey> ed25519;
  std::optional<RsaPublicKey> rsa;
  std::optional<EcdsaPublicKey> ecdsa;

  // True if `signature` is `algorithm`'s signature over Prefix(purpose) + body. The caller names
  // the algorithm it expects; nothing is ever read from the message (threat-model M1).
  bool Verify(SignatureAlgorithm algorithm, Purpose purpose, std::string_view body,
              ByteView signature) const;
};

// An account's key pairs (conventions.md §6): one per family, made with the account, never rotated
// implicitly. The RSA pair may be absent in test mode until first use (decision 18). Thread-safe.
class AccountKeys {
 public:
  static AccountKeys Generate(Random& random);
  AccountKeys(Ed25519PrivateKey ed25519, std::optional<RsaPrivateKey> rsa,
              std::optional<EcdsaPrivateKey> ecdsa);

  // Signs Prefix(purpose) + body. kInternal when the family is absent.
  Result<Bytes> Sign(SignatureAlgorithm algorithm, Purpose purpose, std::string_view body) const;

  const Ed25519PrivateKey& ed25519() const { return ed25519_; }
  const std::optional<RsaPrivateKey>& rsa() const { return rsa_; }
  const std::optional<EcdsaPrivateKey>& ecdsa() const { return ecdsa_; }
  const PublicKeys& public_keys() const { return public_; }

 private:
  Ed25519PrivateKey ed25519_;
  std::optional<RsaPrivateKey> rsa_;
  std::optional<EcdsaPrivateKey> ecdsa_;
  PublicKeys public_;
};

}  // namespace latchkey::crypto
