#pragma once

// Internal to crypto: owners of OpenSSL's handles, without OpenSSL's headers.

#include <memory>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/secret.h"

struct evp_pkey_st;
struct evp_pkey_ctx_st;

namespace latchkey::crypto {

struct PkeyFree {
  void operator()(evp_pkey_st* key) const;
};
using Pkey = std::unique_ptr<evp_pkey_st, PkeyFree>;

struct PkeyContextFree {
  void operator()(evp_pkey_ctx_st* context) const;
};
// A prepared operation (key, padding, digest). Never used itself: each call works on a copy, which
// spares it OpenSSL's look-up of algorithms and makes it safe from any thread.
using PkeyContext = std::unique_ptr<evp_pkey_ctx_st, PkeyContextFree>;

// While it lives, errors that OpenSSL queues are its own: they are dropped at the end, so that the
// host application's queue stays as it was.
class OpenSslErrors {
 public:
  OpenSslErrors();
  ~OpenSslErrors();
  OpenSslErrors(const OpenSslErrors&) = delete;
  OpenSslErrors& operator=(const OpenSslErrors&) = delete;
};

// Throws std::runtime_error unless `done`: for calls that fail only without memory or by a bug.
void RequireOpenSsl(bool done, const char* what);

// SubjectPublicKeyInfo, PKCS#8 and traditional private keys. Null when unreadable or encrypted.
Pkey ReadPublicPem(std::string_view pem);
Pkey ReadPrivatePem(std::string_view pem);
std::string WritePublicPem(evp_pkey_st* key);
Secret WritePrivatePem(evp_pkey_st* key);
Pkey Share(evp_pkey_st* key);  // one more owner

// Runs a copy of `prepared` over a digest or block.
Bytes RunSign(const PkeyContext& prepared, ByteView input);
bool RunVerify(const PkeyContext& prepared, ByteView input, ByteView signature);

}  // namespace latchkey::crypto
