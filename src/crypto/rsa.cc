#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>

#include <stdexcept>

#include "crypto/hash.h"
#include "crypto/pkey.h"
#include "crypto/signature.h"

namespace latchkey::crypto {
namespace {

constexpr std::size_t kModulusBytes = 256;
constexpr std::size_t kMaxPayload = kModulusBytes - 11;  // PKCS#1 v1.5: 00 01, eight FF, 00
constexpr int kPssSalt = 222;                            // 256 - 32 - 2, the longest

enum class Operation { kSign, kVerify, kRecover };
enum class Padding { kPkcs1, kPss, kPkcs1Raw };

PkeyContext Prepare(EVP_PKEY* key, Operation operation, Padding padding) {
  PkeyContext context(EVP_PKEY_CTX_new_from_pkey(nullptr, key, nullptr));
  EVP_PKEY_CTX* ctx = context.get();
  bool done = ctx != nullptr;
  switch (operation) {
    case Operation::kSign:
      done = done && EVP_PKEY_sign_init(ctx) == 1;
      break;
    case Operation::kVerify:
      done = done && EVP_PKEY_verify_init(ctx) == 1;
      break;
    case Operation::kRecover:
      done = done && EVP_PKEY_verify_recover_init(ctx) == 1;
      break;
  }
  done =
      done && EVP_PKEY_CTX_set_rsa_padding(
                  ctx, padding == Padding::kPss ? RSA_PKCS1_PSS_PADDING : RSA_PKCS1_PADDING) == 1;
  if (padding != Padding::kPkcs1Raw)
    done = done && EVP_PKEY_CTX_set_signature_md(ctx, EVP_sha256()) == 1;
  if (padding == Padding::kPss) {
    const int salt = operation == Operation::kSign ? kPssSalt : RSA_PSS_SALTLEN_AUTO;
    done = done && EVP_PKEY_CTX_set_rsa_mgf1_md(ctx, EVP_sha256()) == 1 &&
           EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx, salt) == 1;
  }
  RequireOpenSsl(done, "prepare an RSA operation");
  return context;
}

struct PublicKey {
  explicit PublicKey(Pkey pkey)
      : key(std::move(pkey)),
        verify_pkcs1(Prepare(key.get(), Operation::kVerify, Padding::kPkcs1)),
        verify_pss(Prepare(key.get(), Operation::kVerify, Padding::kPss)),
        recover(Prepare(key.get(), Operation::kRecover, Padding::kPkcs1Raw)) {}
  Pkey key;
  PkeyContext verify_pkcs1, verify_pss, recover;
};

struct PrivateKey {
  explicit PrivateKey(Pkey pkey)
      : key(std::move(pkey)),
        sign_pkcs1(Prepare(key.get(), Operation::kSign, Padding::kPkcs1)),
        sign_pss(Prepare(key.get(), Operation::kSign, Padding::kPss)),
        encrypt(Prepare(key.get(), Operation::kSign, Padding::kPkcs1Raw)),
        public_half(std::make_shared<PublicKey>(Share(key.get()))) {}
  Pkey key;
  PkeyContext sign_pkcs1, sign_pss, encrypt;
  std::shared_ptr<PublicKey> public_half;
};

const PublicKey& Public(const std::shared_ptr<void>& key) {
  return *static_cast<const PublicKey*>(key.get());
}
const PrivateKey& Private(const std::shared_ptr<void>& key) {
  if (!key) throw std::logic_error("a private key was used after its move");
  return *static_cast<const PrivateKey*>(key.get());
}

// The RSA families of OpenSSL are two; keys restricted to PSS are not ours.
bool IsRsa2048(const EVP_PKEY* key) {
  return EVP_PKEY_is_a(key, "RSA") == 1 && EVP_PKEY_get_bits(key) == 2048;
}

struct BignumFree {
  void operator()(BIGNUM* number) const { BN_free(number); }
};

// An odd modulus and an odd exponent above 1: under the exponent 1 every text is its own signature.
// OpenSSL's own check also looks for factors, in 8 ms a key; who publishes a modulus with known
// factors gives away nothing but their own.
bool IsSoundPublicKey(const EVP_PKEY* key) {
  const auto odd_above_one = [key](const char* name) {
    BIGNUM* found = nullptr;
    const bool got = EVP_PKEY_get_bn_param(key, name, &found) == 1;
    const std::unique_ptr<BIGNUM, BignumFree> number(found);
    return got && BN_is_odd(number.get()) && !BN_is_one(number.get());
  };
  return odd_above_one(OSSL_PKEY_PARAM_RSA_N) && odd_above_one(OSSL_PKEY_PARAM_RSA_E);
}

}  // namespace

Result<RsaPublicKey> RsaPublicKey::FromPem(std::string_view spki_pem) {
  const OpenSslErrors errors;
  Pkey key = ReadPublicPem(spki_pem);
  if (!key) return Error{Errc::kMalformed, "not a public key in PEM form"};
  if (!IsRsa2048(key.get())) return Error{Errc::kMalformed, "not an RSA key of 2048 bits"};
  if (!IsSoundPublicKey(key.get()))
    return Error{Errc::kMalformed, "unsound RSA modulus or exponent"};
  RsaPublicKey result;
  result.key_ = std::make_shared<PublicKey>(std::move(key));
  return result;
}

// OpenSSL refuses numbers not below the modulus; the length it checks for PKCS#1 v1.5 only.
bool RsaPublicKey::VerifyPkcs1(ByteView message, ByteView signature) const {
  if (!key_ || signature.size() != kModulusBytes) return false;
  return RunVerify(Public(key_).verify_pkcs1, Sha256(message), signature);
}

bool RsaPublicKey::VerifyPss(ByteView message, ByteView signature) const {
  if (!key_ || signature.size() != kModulusBytes) return false;
  return RunVerify(Public(key_).verify_pss, Sha256(message), signature);
}

std::optional<Bytes> RsaPublicKey::Recover(ByteView block) const {
  if (!key_ || block.size() != kModulusBytes) return std::nullopt;
  const OpenSslErrors errors;
  const PkeyContext context(EVP_PKEY_CTX_dup(Public(key_).recover.get()));
  RequireOpenSsl(context != nullptr, "copy a recovering context");
  Bytes data(kModulusBytes);
  std::size_t size = data.size();
  if (EVP_PKEY_verify_recover(context.get(), data.data(), &size, block.data(), block.size()) != 1)
    return std::nullopt;
  data.resize(size);
  return data;
}

std::string RsaPublicKey::ToPem() const {
  return key_ ? WritePublicPem(Public(key_).key.get()) : std::string();
}

RsaPrivateKey RsaPrivateKey::Generate() {
  const OpenSslErrors errors;
  Pkey key(EVP_RSA_gen(2048));
  RequireOpenSsl(key != nullptr, "make an RSA key");
  RsaPrivateKey result;
  result.key_ = std::make_shared<PrivateKey>(std::move(key));
  return result;
}

Result<RsaPrivateKey> RsaPrivateKey::FromPem(const Secret& pem) {
  const OpenSslErrors errors;
  Pkey key = ReadPrivatePem(pem.Reveal());
  if (!key) return Error{Errc::kMalformed, "not an unencrypted private key in PEM form"};
  if (!IsRsa2048(key.get())) return Error{Errc::kMalformed, "not an RSA key of 2048 bits"};
  if (!IsSoundPublicKey(key.get()))
    return Error{Errc::kMalformed, "unsound RSA modulus or exponent"};
  RsaPrivateKey result;
  try {
    result.key_ = std::make_shared<PrivateKey>(std::move(key));
    const ByteView probe = base::AsBytes("latchkey: do the halves of this key belong together?");
    if (result.public_key().VerifyPkcs1(probe, result.SignPkcs1(probe))) return result;
  } catch (const std::runtime_error&) {
    // OpenSSL cannot compute with these numbers: the same answer as for a wrong signature.
  }
  return Error{Errc::kMalformed, "the halves of the RSA key do not belong together"};
}

Bytes RsaPrivateKey::SignPkcs1(ByteView message) const {
  return RunSign(Private(key_).sign_pkcs1, Sha256(message));
}

Bytes RsaPrivateKey::SignPss(ByteView message) const {
  return RunSign(Private(key_).sign_pss, Sha256(message));
}

Result<Bytes> RsaPrivateKey::EncryptPrivate(ByteView data) const {
  if (data.size() > kMaxPayload) return Error{Errc::kMalformed, "longer than 245 bytes"};
  return RunSign(Private(key_).encrypt, data);
}

RsaPublicKey RsaPrivateKey::public_key() const {
  RsaPublicKey result;
  result.key_ = Private(key_).public_half;
  return result;
}

Secret RsaPrivateKey::ToPem() const { return WritePrivatePem(Private(key_).key.get()); }

}  // namespace latchkey::crypto
