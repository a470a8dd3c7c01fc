#include "http/listen_socket.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <system_error>

namespace latchkey::http {
namespace {

struct Endpoint {
  sockaddr_storage address{};
  socklen_t size = 0;

  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&address); }
  sockaddr* get() { return reinterpret_cast<sockaddr*>(&address); }
  std::uint16_t port() const {
    return ntohs(address.ss_family == AF_INET6
                     ? reinterpret_cast<const sockaddr_in6*>(&address)->sin6_port
                     : reinterpret_cast<const sockaddr_in*>(&address)->sin_port);
  }
};

Result<Endpoint> MakeEndpoint(const std::string& address, std::uint16_t port) {
  Endpoint endpoint;
  auto* const v4 = reinterpret_cast<sockaddr_in*>(&endpoint.address);
  auto* const v6 = reinterpret_cast<sockaddr_in6*>(&endpoint.address);
  if (inet_pton(AF_INET, address.c_str(), &v4->sin_addr) == 1) {
    v4->sin_family = AF_INET;
    v4->sin_port = htons(port);
    endpoint.size = sizeof(sockaddr_in);
  } else if (inet_pton(AF_INET6, address.c_str(), &v6->sin6_addr) == 1) {
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(port);
    endpoint.size = sizeof(sockaddr_in6);
  } else {
    return Error{Errc::kConfigInvalid, "\"" + address +
                                           "\" is not a numeric address to listen on, "
                                           "like 127.0.0.1, 0.0.0.0 or [::] without brackets"};
  }
  return endpoint;
}

std::string Cause(int code) { return std::generic_category().message(code); }

Error Failed(const std::string& address, std::uint16_t port, int code) {
  const std::string number = std::to_string(port);
  const std::string host = address.find(':') == std::string::npos ? address : "[" + address + "]";
  if (code == EADDRINUSE)
    return {Errc::kIo, "port " + number + " is in use: another process listens on " + host + ":" +
                           number + "; stop it or choose another port"};
  if (code == EACCES)
    return {Errc::kIo, "port " + number + " may not be used by this user: listening on " + host +
                           ":" + number + " failed: " + Cause(code)};
  return {Errc::kIo, "cannot listen on " + host + ":" + number + ": " + Cause(code)};
}

void SetFlag(int socket, int level, int option) {
  const int on = 1;
  // Options of optimisation: without them the socket still listens.
  (void)::setsockopt(socket, level, option, &on, sizeof on);
}

// Bound and, unless only probing, listening.
Result<Socket> Open(const Endpoint& endpoint, const std::string& address, bool probe) {
  Socket socket(
      ::socket(endpoint.address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (socket.fd() < 0) return Failed(address, endpoint.port(), errno);
  SetFlag(socket.fd(), SOL_SOCKET, SO_REUSEADDR);
  if (!probe) SetFlag(socket.fd(), SOL_SOCKET, SO_REUSEPORT);
  if (::bind(socket.fd(), endpoint.get(), endpoint.size) != 0 ||
      (!probe && ::listen(socket.fd(), 4096) != 0))
    return Failed(address, endpoint.port(), errno);
  return socket;
}

}  // namespace

Socket::~Socket() {
  if (fd_ >= 0) ::close(fd_);
}

Result<Listeners> Listen(const std::string& address, std::uint16_t port, unsigned count) {
  LK_ASSIGN(Endpoint endpoint, MakeEndpoint(address, port));
  if (port != 0) LK_TRY(Open(endpoint, address, true));
  Listeners listeners;
  for (unsigned i = 0; i < count; ++i) {
    LK_ASSIGN(Socket socket, Open(endpoint, address, false));
    endpoint.size = sizeof endpoint.address;
    if (::getsockname(socket.fd(), endpoint.get(), &endpoint.size) != 0)
      return Failed(address, port, errno);
    listeners.sockets.push_back(std::move(socket));
  }
  listeners.port = endpoint.port();
  return listeners;
}

}  // namespace latchkey::http
