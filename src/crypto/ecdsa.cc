#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>

#include <array>
#include <stdexcept>

#include "crypto/hash.h"
#include "crypto/pkey.h"
#include "crypto/signature.h"

namespace latchkey::crypto {
namespace {

PkeyContext Prepare(EVP_PKEY* key, bool sign) {
  PkeyContext context(EVP_PKEY_CTX_new_from_pkey(nullptr, key, nullptr));
  EVP_PKEY_CTX* ctx = context.get();
  const bool done = ctx && (sign ? EVP_PKEY_sign_init(ctx) : EVP_PKEY_verify_init(ctx)) == 1 &&
                    EVP_PKEY_CTX_set_signature_md(ctx, EVP_sha256()) == 1;
  RequireOpenSsl(done, "prepare an ECDSA operation");
  return context;
}

struct PublicKey {
  explicit PublicKey(Pkey pkey) : key(std::move(pkey)), verify(Prepare(key.get(), false)) {}
  Pkey key;
  PkeyContext verify;
};

struct PrivateKey {
  explicit PrivateKey(Pkey pkey)
      : key(std::move(pkey)),
        sign(Prepare(key.get(), true)),
        public_half(std::make_shared<PublicKey>(Share(key.get()))) {}
  Pkey key;
  PkeyContext sign;
  std::shared_ptr<PublicKey> public_half;
};

const PublicKey& Public(const std::shared_ptr<void>& key) {
  return *static_cast<const PublicKey*>(key.get());
}
const PrivateKey& Private(const std::shared_ptr<void>& key) {
  if (!key) throw std::logic_error("a private key was used after its move");
  return *static_cast<const PrivateKey*>(key.get());
}

// Named P-256 only: explicit curve parameters let a key bring its own generator (CVE-2020-0601).
bool IsP256(EVP_PKEY* key) {
  if (EVP_PKEY_is_a(key, "EC") != 1) return false;
  std::array<char, 64> name{};
  if (EVP_PKEY_get_group_name(key, name.data(), name.size(), nullptr) != 1) return false;
  int from_explicit = 0;
  if (EVP_PKEY_get_int_param(key, OSSL_PKEY_PARAM_EC_DECODED_FROM_EXPLICIT_PARAMS,
                             &from_explicit) != 1)
    return false;
  return std::string_view(name.data()) == "prime256v1" && from_explicit == 0;
}

bool IsOnCurve(EVP_PKEY* key) {
  const PkeyContext context(EVP_PKEY_CTX_new_from_pkey(nullptr, key, nullptr));
  return context && EVP_PKEY_public_check(context.get()) == 1;
}

}  // namespace

Result<EcdsaPublicKey> EcdsaPublicKey::FromPem(std::string_view spki_pem) {
  const OpenSslErrors errors;
  Pkey key = ReadPublicPem(spki_pem);
  if (!key) return Error{Errc::kMalformed, "not a public key in PEM form"};
  if (!IsP256(key.get())) return Error{Errc::kMalformed, "not an elliptic key of the curve P-256"};
  if (!IsOnCurve(key.get())) return Error{Errc::kMalformed, "the point is not on the curve"};
  EcdsaPublicKey result;
  result.key_ = std::make_shared<PublicKey>(std::move(key));
  return result;
}

// OpenSSL writes the parsed signature again and compares: only DER passes, and only r and s in
// 1…n-1.
bool EcdsaPublicKey::Verify(ByteView message, ByteView der_signature) const {
  return key_ && RunVerify(Public(key_).verify, Sha256(message), der_signature);
}

std::string EcdsaPublicKey::ToPem() const {
  return key_ ? WritePublicPem(Public(key_).key.get()) : std::string();
}

EcdsaPrivateKey EcdsaPrivateKey::Generate() {
  const OpenSslErrors errors;
  Pkey key(EVP_EC_gen("P-256"));
  RequireOpenSsl(key != nullptr, "make a P-256 key");
  EcdsaPrivateKey result;
  result.key_ = std::make_shared<PrivateKey>(std::move(key));
  return result;
}

Result<EcdsaPrivateKey> EcdsaPrivateKey::FromPem(const Secret& pem) {
  const OpenSslErrors errors;
  Pkey key = ReadPrivatePem(pem.Reveal());
  if (!key) return Error{Errc::kMalformed, "not an unencrypted private key in PEM form"};
  if (!IsP256(key.get())) return Error{Errc::kMalformed, "not an elliptic key of the curve P-256"};
  if (!IsOnCurve(key.get())) return Error{Errc::kMalformed, "the point is not on the curve"};
  EcdsaPrivateKey result;
  try {
    result.key_ = std::make_shared<PrivateKey>(std::move(key));
    const ByteView probe = base::AsBytes("latchkey: do the halves of this key belong together?");
    if (result.public_key().Verify(probe, result.Sign(probe))) return result;
  } catch (const std::runtime_error&) {
    // OpenSSL cannot compute with these numbers: the same answer as for a wrong signature.
  }
  return Error{Errc::kMalformed, "the halves of the P-256 key do not belong together"};
}

Bytes EcdsaPrivateKey::Sign(ByteView message) const {
  return RunSign(Private(key_).sign, Sha256(message));
}

EcdsaPublicKey EcdsaPrivateKey::public_key() const {
  EcdsaPublicKey result;
  result.key_ = Private(key_).public_half;
  return result;
}

Secret EcdsaPrivateKey::ToPem() const { return WritePrivatePem(Private(key_).key.get()); }

}  // namespace latchkey::crypto
