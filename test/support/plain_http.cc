#include "test/support/plain_http.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <stdexcept>

namespace latchkey::test {

int ConnectLoopback(std::uint16_t port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) throw std::runtime_error("no socket left");
  // Far longer than any answer takes: only so that a broken server does not hang the suite.
  const timeval patience{60, 0};
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  const int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) return fd;
  close(fd);
  return -1;
}

std::string Reply::header(std::string_view name) const {
  for (std::size_t at = head.find("\r\n"); at != std::string::npos && at + 2 < head.size();) {
    const std::size_t end = head.find("\r\n", at + 2);
    const std::string line = head.substr(at + 2, end - at - 2);
    const std::size_t colon = line.find(':');
    if (colon == name.size() && strncasecmp(line.c_str(), name.data(), name.size()) == 0) {
      const std::size_t value = line.find_first_not_of(' ', colon + 1);
      return value == std::string::npos ? std::string() : line.substr(value);
    }
    at = end;
  }
  return {};
}

json::value Reply::Json() const {
  auto tree = base::ParseJson(body);
  if (!tree) throw std::runtime_error("not JSON (" + tree.error().detail + "): " + body);
  return *tree;
}

std::string Reply::Code() const {
  if (body.empty()) return {};
  const json::value tree = Json();
  const auto* errors = tree.as_object().if_contains("errors");
  if (errors == nullptr || errors->as_array().empty()) return {};
  const auto* code = errors->as_array().front().as_object().if_contains("code");
  return code == nullptr ? std::string() : std::string(code->as_string());
}

HttpConnection::HttpConnection(std::uint16_t port) : port_(port), fd_(ConnectLoopback(port)) {}

HttpConnection::~HttpConnection() {
  if (fd_ >= 0) close(fd_);
}

bool HttpConnection::Send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t size = send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(size));
  }
  return true;
}

bool HttpConnection::HasInput() const {
  pollfd waiting{fd_, POLLIN, 0};
  return !received_.empty() || poll(&waiting, 1, 0) != 0;
}

bool HttpConnection::Fill() {
  char buffer[65536];
  for (;;) {
    const ssize_t size = recv(fd_, buffer, sizeof buffer, 0);
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) return false;
    received_.append(buffer, static_cast<std::size_t>(size));
    return true;
  }
}

std::optional<Reply> HttpConnection::Receive() {
  std::size_t end = std::string::npos;
  while ((end = received_.find("\r\n\r\n")) == std::string::npos)
    if (!Fill()) return std::nullopt;
  Reply reply;
  reply.head = received_.substr(0, end + 4);
  received_.erase(0, end + 4);
  if (!reply.head.starts_with("HTTP/1.1 ")) throw std::runtime_error("not HTTP: " + reply.head);
  reply.status = std::stoi(reply.head.substr(9, 3));
  const std::string length = reply.header("Content-Length");
  const bool bodiless = reply.status < 200 || reply.status == 204 || reply.status == 304;
  if (length.empty() && !bodiless) throw std::runtime_error("no length: " + reply.head);
  const std::size_t size = length.empty() ? 0 : std::stoul(length);
  while (received_.size() < size)
    if (!Fill()) return std::nullopt;
  reply.body = received_.substr(0, size);
  received_.erase(0, size);
  return reply;
}

std::string HttpConnection::Format(std::string_view method, std::string_view target,
                                   const Headers& headers, std::string_view body) const {
  std::string text(method);
  text += ' ';
  text += target;
  text += " HTTP/1.1\r\nHost: " + host() + "\r\n";
  for (const auto& [name, value] : headers) text += name + ": " + value + "\r\n";
  if (!body.empty())
    text +=
        "Content-Type: application/vnd.api+json\r\nContent-Length: " + std::to_string(body.size()) +
        "\r\n";
  text += "\r\n";
  text += body;
  return text;
}

std::optional<Reply> HttpConnection::Exchange(std::string_view method, std::string_view target,
                                              const Headers& headers, std::string_view body) {
  if (!connected() || !Send(Format(method, target, headers, body))) return std::nullopt;
  return Receive();
}

}  // namespace latchkey::test
