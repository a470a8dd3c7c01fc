#include "http/transport.h"

#include <sys/socket.h>

#include <cerrno>

namespace latchkey::http {
namespace {

class PlainTransport final : public Transport {
 public:
  explicit PlainTransport(int socket) : socket_(socket) {}

  IoStatus Handshake() override { return IoStatus::kOk; }
  bool Pending() const override { return false; }

  IoResult Read(std::span<char> into) override {
    for (;;) {
      const ssize_t size = ::recv(socket_, into.data(), into.size(), 0);
      if (size > 0) return {IoStatus::kOk, static_cast<std::size_t>(size)};
      if (size < 0 && errno == EINTR) continue;
      return {size < 0 && Blocked() ? IoStatus::kWantRead : IoStatus::kClosed, 0};
    }
  }

  IoResult Write(std::string_view bytes) override {
    for (;;) {
      const ssize_t size = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (size >= 0) return {IoStatus::kOk, static_cast<std::size_t>(size)};
      if (errno == EINTR) continue;
      return {Blocked() ? IoStatus::kWantWrite : IoStatus::kClosed, 0};
    }
  }

  void Shutdown() override { ::shutdown(socket_, SHUT_WR); }

 private:
  static bool Blocked() { return errno == EAGAIN || errno == EWOULDBLOCK; }

  const int socket_;
};

}  // namespace

std::unique_ptr<Transport> MakePlainTransport(int socket) {
  return std::make_unique<PlainTransport>(socket);
}

}  // namespace latchkey::http
