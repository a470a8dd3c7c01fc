#pragma once

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/random.h"
#include "base/result.h"
#include "base/secret.h"

namespace latchkey::crypto {

// The four primitives of machines.md §6.10, by their wire names.
enum class SignatureAlgorithm { kEd25519, kRsaPssSha256, kRsaSha256, kEcdsaP256 };
std::string_view Name(SignatureAlgorithm algorithm);  // "ed25519", "rsa-pss-sha256", ...
std::optional<SignatureAlgorithm> ParseSignatureAlgorithm(
    std::string_view name);  // exact, lower case

// What is signed. Signing and verifying name the purpose, and its prefix is part of the signed
// bytes, so that a signature of one kind never passes as another (threat-model M1, rows 4, 5, 9,
// 12).
enum class Purpose {
  kResponse,     // "(request-target): "  HTTP responses and webhooks (conventions.md §6)
  kLicenseKey,   // "key/"                signed license keys of the prefixed schemes
  kLicenseFile,  // "license/"
  kMachineFile,  // "machine/"
  kProof,        // "proof/"              offline proofs (machines.md §1.11)
  kAudit,        // "latchkey-audit-v1\n" checkpoints of the audit log
  kDeviceProof,  // "latchkey-device-v1\n" possession of a device key
};
std::string_view Prefix(Purpose purpose);
// True if `text` starts with the prefix of any purpose: such texts are refused as key datasets of
// the unprefixed schemes (decision 9).
bool StartsLikeSigned(std::string_view text);

class Ed25519PublicKey {
 public:
  // 64 hex characters or 32 bytes. kMalformed for another form; kWeakKey for non-canonical or
  // small-order points (threat-model M2, row 11).
  static Result<Ed25519PublicKey> FromHex(std::string_view hex);
  static Result<Ed25519PublicKey> FromBytes(ByteView bytes);
  bool Verify(ByteView message, ByteView signature) const;  // libsodium's strict rules
  std::string ToHex() const { return base::Hex(bytes_); }
  ByteView bytes() const { return bytes_; }
  friend bool operator==(const Ed25519PublicKey&, const Ed25519PublicKey&) = default;

 private:
  friend class Ed25519PrivateKey;
  std::array<std::uint8_t, 32> bytes_{};
};

class Ed25519PrivateKey {
 public:
  static Ed25519PrivateKey Generate(Random& random);
  static Result<Ed25519PrivateKey> FromSeed(ByteView seed);  // 32 bytes, else kMalformed
  std::array<std::uint8_t, 64> Sign(ByteView message) const;
  const Ed25519PublicKey& public_key() const { return public_key_; }
  Secret Seed() const;

 private:
  Ed25519PrivateKey() = default;
  Secret key_;  // libsodium's 64-byte form
  Ed25519PublicKey public_key_;
};

// RSA-2048 and P-256 by OpenSSL EVP. Copies share the immutable key; safe from any thread. A
// default-constructed public key verifies nothing. Private keys are read from PKCS#8 or the older
// "RSA PRIVATE KEY" and "EC PRIVATE KEY" PEM, never encrypted ones; FromPem signs and verifies
// once, so that a damaged pair is kMalformed.
class RsaPublicKey {
 public:
  static Result<RsaPublicKey> FromPem(
      std::string_view spki_pem);  // exactly 2048 bits, else kMalformed
  bool VerifyPkcs1(ByteView message,
                   ByteView signature) const;  // exactly 256 bytes, below the modulus
  bool VerifyPss(ByteView message, ByteView signature) const;  // any salt length
  std::optional<Bytes> Recover(ByteView block) const;  // undoes RsaPrivateKey::EncryptPrivate
  std::string ToPem() const;                           // SubjectPublicKeyInfo, trailing newline

 private:
  friend class RsaPrivateKey;
  std::shared_ptr<void> key_;
};

class RsaPrivateKey {
 public:
  static RsaPrivateKey Generate();  // 2048 bits; 30 to 150 ms
  static Result<RsaPrivateKey> FromPem(const Secret& pem);
  Bytes SignPkcs1(ByteView message) const;
  Bytes SignPss(ByteView message) const;  // 222 bytes of salt
  Result<Bytes> EncryptPrivate(
      ByteView data) const;  // PKCS#1 v1.5 type 1, at most 245 bytes, else kMalformed
  RsaPublicKey public_key() const;
  Secret ToPem() const;  // PKCS#8

 private:
  RsaPrivateKey() = default;
  std::shared_ptr<void> key_;
};

class EcdsaPublicKey {
 public:
  static Result<EcdsaPublicKey> FromPem(std::string_view spki_pem);  // P-256, else kMalformed
  bool Verify(ByteView message, ByteView der_signature) const;       // strict DER, both halves of s
  std::string ToPem() const;

 private:
  friend class EcdsaPrivateKey;
  std::shared_ptr<void> key_;
};

class EcdsaPrivateKey {
 public:
  static EcdsaPrivateKey Generate();
  static Result<EcdsaPrivateKey> FromPem(const Secret& pem);
  Bytes Sign(ByteView message) const;  // DER
  EcdsaPublicKey public_key() const;
  Secret ToPem() const;  // PKCS#8

 private:
  EcdsaPrivateKey() = default;
  std::shared_ptr<void> key_;
};

}  // namespace latchkey::crypto
