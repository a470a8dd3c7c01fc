#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace latchkey::http {

struct Header {
  std::string name;   // as sent
  std::string value;  // without surrounding white space
};

// First value of `name` (any case), or an empty view. `Has` tells empty from absent.
std::string_view Find(const std::vector<Header>& headers, std::string_view name);
bool Has(const std::vector<Header>& headers, std::string_view name);

// One complete request, already within the listener's limits (decision 19).
struct Request {
  std::string method;  // as sent: "POST"
  std::string target;  // path and query exactly as received
  std::vector<Header> headers;
  std::string body;
  std::string
      peer;  // client address without port; from X-Forwarded-For when the peer is a trusted proxy
  bool tls = false;  // arrived encrypted, here or at a trusted proxy
};

// `prepare`, when set, runs on the connection's I/O thread just before the response is written: the
// place for signing, so that neither the writer lane nor readers pay for it.
struct Response {
  int status = 200;
  std::vector<Header>
      headers;  // Content-Length, Connection and a missing Date are added by the server
  std::string body;
  std::function<void(Response&)> prepare{};
};

// Answers one request: call once, from any thread. Dropped uncalled it closes the connection.
class Responder {
 public:
  using Function = std::function<void(Response)>;
  Responder() = default;
  explicit Responder(Function send) : send_(std::move(send)) {}
  void operator()(Response response) {
    if (auto send = std::exchange(send_, nullptr)) send(std::move(response));
  }

 private:
  Function send_;  // the server's closure closes the connection when it is destroyed uncalled
};

// Runs on an I/O thread and must not block: answer at once, or move the responder elsewhere.
using Handler = std::function<void(Request, Responder)>;

// Turns a refusal of the listener itself into a response: 400 (unparsable), 408, 413, 431, 503
// (draining, too many connections). Called on an I/O thread.
using Refuser = std::function<Response(int status)>;

}  // namespace latchkey::http
