#pragma once

#include <memory>
#include <span>
#include <string_view>

namespace latchkey::http {

enum class IoStatus {
  kOk,
  kWantRead,   // try again when the socket is readable
  kWantWrite,  // try again when the socket is writable
  kClosed,     // ended by the peer or broken
};

struct IoResult {
  IoStatus status = IoStatus::kOk;
  std::size_t size = 0;  // bytes moved when kOk, more than 0
};

// Bytes over one non-blocking socket, plain or TLS. Never waits. The socket stays the caller's and
// must outlive this.
class Transport {
 public:
  virtual ~Transport() = default;
  virtual IoStatus Handshake() = 0;
  virtual IoResult Read(std::span<char> into) = 0;
  virtual IoResult Write(std::string_view bytes) = 0;
  // Bytes are buffered here already: reading may succeed without the socket becoming readable.
  virtual bool Pending() const = 0;
  // Says goodbye: close_notify, then the end of our direction.
  virtual void Shutdown() = 0;
};

std::unique_ptr<Transport> MakePlainTransport(int socket);

}  // namespace latchkey::http
