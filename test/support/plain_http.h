#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.h"

// HTTP/1.1 over a plain socket to loopback, for tests that must know what exactly went over the
// wire.
namespace latchkey::test {

struct Reply {
  int status = 0;
  std::string head;  // with its empty line
  std::string body;

  // Of the first header of this name in any case; empty without.
  std::string header(std::string_view name) const;
  // These throw when the body is not of that form, which fails a test.
  json::value Json() const;
  json::value Data() const { return Json().at("data"); }
  std::string Id() const { return std::string(Data().at("id").as_string()); }
  // Of the first error; empty without errors.
  std::string Code() const;
};

class HttpConnection {
 public:
  using Headers = std::vector<std::pair<std::string, std::string>>;

  explicit HttpConnection(std::uint16_t port);
  ~HttpConnection();
  HttpConnection(const HttpConnection&) = delete;
  HttpConnection& operator=(const HttpConnection&) = delete;

  bool connected() const { return fd_ >= 0; }
  // False when the other side is gone.
  bool Send(std::string_view bytes);
  // Something came, or the other side is gone.
  bool HasInput() const;
  // The next whole answer; nullopt when the connection ended before its last byte.
  std::optional<Reply> Receive();
  // One request with Host, Content-Length and JSON content type, and its answer.
  std::optional<Reply> Exchange(std::string_view method, std::string_view target,
                                const Headers& headers, std::string_view body = {});
  // What Exchange sends.
  std::string Format(std::string_view method, std::string_view target, const Headers& headers,
                     std::string_view body) const;
  std::string host() const { return "127.0.0.1:" + std::to_string(port_); }

 private:
  bool Fill();

  std::uint16_t port_;
  int fd_ = -1;
  std::string received_;
};

// Connected to the port on loopback, with a minute's patience for reads and writes; -1 when
// refused.
int ConnectLoopback(std::uint16_t port);

}  // namespace latchkey::test
