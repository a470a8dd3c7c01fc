#pragma once

#include <memory>

#include "base/result.h"
#include "http/server.h"
#include "http/transport.h"

struct ssl_ctx_st;

namespace latchkey::http {

// Certificate, key and settings of TLS 1.3, as they were in the files when loaded. Immutable;
// connections made from it keep what they need.
class TlsContext {
 public:
  // kConfigInvalid names the file and what is wrong with it: unreadable, not PEM, encrypted, key of
  // another certificate.
  static Result<std::shared_ptr<const TlsContext>> Load(const TlsFiles& files);
  ~TlsContext();
  TlsContext(const TlsContext&) = delete;
  TlsContext& operator=(const TlsContext&) = delete;

  // Server side of a connection; null when memory is short. The process must ignore SIGPIPE.
  std::unique_ptr<Transport> MakeTransport(int socket) const;

 private:
  explicit TlsContext(ssl_ctx_st* context) : context_(context) {}
  ssl_ctx_st* context_;
};

}  // namespace latchkey::http
