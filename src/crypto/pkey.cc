#include "crypto/pkey.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include <climits>
#include <stdexcept>

namespace latchkey::crypto {
namespace {

struct BioFree {
  void operator()(BIO* bio) const { BIO_free_all(bio); }
};
using Bio = std::unique_ptr<BIO, BioFree>;

Bio Reader(std::string_view text) {
  if (text.size() > INT_MAX) return nullptr;
  return Bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

std::string_view Written(const Bio& bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &data);
  return {data, static_cast<std::size_t>(size)};
}

// Without a callback OpenSSL would ask at the terminal.
int NoPassphrase(char*, int, int, void*) { return -1; }

}  // namespace

void PkeyFree::operator()(evp_pkey_st* key) const { EVP_PKEY_free(key); }
void PkeyContextFree::operator()(evp_pkey_ctx_st* context) const { EVP_PKEY_CTX_free(context); }

OpenSslErrors::OpenSslErrors() { ERR_set_mark(); }
OpenSslErrors::~OpenSslErrors() { ERR_pop_to_mark(); }

void RequireOpenSsl(bool done, const char* what) {
  if (!done) throw std::runtime_error(std::string("OpenSSL failed: ") + what);
}

Pkey ReadPublicPem(std::string_view pem) {
  const OpenSslErrors errors;
  const Bio bio = Reader(pem);
  return Pkey(bio ? PEM_read_bio_PUBKEY(bio.get(), nullptr, NoPassphrase, nullptr) : nullptr);
}

Pkey ReadPrivatePem(std::string_view pem) {
  const OpenSslErrors errors;
  const Bio bio = Reader(pem);
  return Pkey(bio ? PEM_read_bio_PrivateKey(bio.get(), nullptr, NoPassphrase, nullptr) : nullptr);
}

std::string WritePublicPem(evp_pkey_st* key) {
  const OpenSslErrors errors;
  const Bio bio(BIO_new(BIO_s_mem()));
  RequireOpenSsl(bio && PEM_write_bio_PUBKEY(bio.get(), key) == 1, "write a public key");
  return std::string(Written(bio));
}

Secret WritePrivatePem(evp_pkey_st* key) {
  const OpenSslErrors errors;
  const Bio bio(BIO_new(BIO_s_mem()));  // wiped when freed
  RequireOpenSsl(bio && PEM_write_bio_PKCS8PrivateKey(bio.get(), key, nullptr, nullptr, 0, nullptr,
                                                      nullptr) == 1,
                 "write a private key");
  return Secret(std::string(Written(bio)));
}

Pkey Share(evp_pkey_st* key) {
  RequireOpenSsl(EVP_PKEY_up_ref(key) == 1, "share a key");
  return Pkey(key);
}

Bytes RunSign(const PkeyContext& prepared, ByteView input) {
  const OpenSslErrors errors;
  const PkeyContext context(EVP_PKEY_CTX_dup(prepared.get()));
  RequireOpenSsl(context != nullptr, "copy a signing context");
  std::size_t size = 0;
  RequireOpenSsl(EVP_PKEY_sign(context.get(), nullptr, &size, input.data(), input.size()) == 1,
                 "size a signature");
  Bytes signature(size);
  RequireOpenSsl(
      EVP_PKEY_sign(context.get(), signature.data(), &size, input.data(), input.size()) == 1,
      "sign");
  signature.resize(size);
  return signature;
}

bool RunVerify(const PkeyContext& prepared, ByteView input, ByteView signature) {
  const OpenSslErrors errors;
  const PkeyContext context(EVP_PKEY_CTX_dup(prepared.get()));
  RequireOpenSsl(context != nullptr, "copy a verifying context");
  return EVP_PKEY_verify(context.get(), signature.data(), signature.size(), input.data(),
                         input.size()) == 1;
}

}  // namespace latchkey::crypto
