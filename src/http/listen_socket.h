#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"

namespace latchkey::http {

// Owns a file descriptor.
class Socket {
 public:
  Socket() = default;
  explicit Socket(int fd) : fd_(fd) {}
  Socket(Socket&& other) noexcept : fd_(other.Release()) {}
  Socket& operator=(Socket&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Socket();
  int fd() const { return fd_; }
  int Release() { return std::exchange(fd_, -1); }

 private:
  int fd_ = -1;
};

struct Listeners {
  std::vector<Socket> sockets;
  std::uint16_t port = 0;
};

// `count` listening, non-blocking sockets on one address and port, between which the kernel spreads
// connections (SO_REUSEPORT). kIo names address, port and cause; a port on which another process
// listens is refused although SO_REUSEPORT would share it. kConfigInvalid if `address` is not
// numeric.
Result<Listeners> Listen(const std::string& address, std::uint16_t port, unsigned count);

}  // namespace latchkey::http
