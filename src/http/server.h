#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "http/message.h"

namespace latchkey::http {

struct Limits {
  std::size_t head_bytes = 64 * 1024;     // request line and headers, else 431 (decision 19)
  std::size_t body_bytes = 1024 * 1024;   // else 413
  std::chrono::seconds head_time{10};     // first byte to end of headers, else 408
  std::chrono::seconds body_time{30};     // end of headers to end of body, else 408
  std::chrono::seconds idle_time{75};     // between requests, then closed
  std::chrono::seconds answer_time{120};  // for the handler to answer, else 503 and closed
  std::size_t connections = 20000;        // more are answered 503 and closed
};

struct TlsFiles {
  std::string certificate_chain;  // PEM path
  std::string private_key;        // PEM path
};

struct ServerOptions {
  std::string address = "127.0.0.1";
  std::uint16_t port = 0;  // 0 = any free port, see Server::port
  std::optional<TlsFiles> tls;
  std::uint16_t redirect_port =
      0;  // with TLS: plain HTTP here redirects to https, except paths of `plain_paths`; 0 = off
  std::vector<std::string> plain_paths = {"/v1/health"};
  std::vector<std::string>
      trusted_proxies;   // addresses or CIDR whose X-Forwarded-For/-Proto is believed
  unsigned threads = 0;  // one io_context each, SO_REUSEPORT; 0 = one per core
  Limits limits;
  // Told about faults that no answer can show: a handler that threw, no file descriptors left for a
  // new connection. Any I/O thread. Unset: standard error.
  std::function<void(const std::string&)> report;
};

// HTTP/1.1 listener: one io_context per thread, each run by its own thread (decision 20). No type
// of the HTTP library appears here. Start, Stop and ReloadTls may be called from any thread.
class Server {
 public:
  // Listening when this returns. kIo with a sentence naming address, port and cause ("port 8443 is
  // in use: ..."); kConfigInvalid for unreadable certificates or a plain listener beyond loopback
  // (decision 19).
  static Result<std::unique_ptr<Server>> Start(ServerOptions options, Handler handler,
                                               Refuser refuser);

  virtual ~Server() = default;
  virtual std::uint16_t port() const = 0;
  // New handshakes use the files as they are now; on error the old ones stay.
  virtual Result<void> ReloadTls() = 0;
  // Stops accepting, answers requests already begun, closes idle connections, and returns when all
  // are gone or `patience` has passed. Idempotent.
  virtual void Drain(std::chrono::milliseconds patience) = 0;

  struct Statistics {
    std::uint64_t connections_open = 0, connections_total = 0, requests = 0, refused = 0;
  };
  virtual Statistics statistics() const = 0;
};

}  // namespace latchkey::http
