#pragma once

#include <memory>
#include <string_view>

#include "http/message.h"
#include "http/server.h"

namespace latchkey::http {

// Parses and judges one request, fed with bytes as they come; no sockets, no clock. Refuses
// whatever two servers in a row could understand differently (request smuggling, RFC 9112 §11.2):
// both or several framings, folded lines, stray control characters, no or several hosts.
class RequestReader {
 public:
  explicit RequestReader(const Limits& limits);
  ~RequestReader();
  RequestReader(RequestReader&&) noexcept;
  RequestReader& operator=(RequestReader&&) noexcept;

  enum class State { kNeedMore, kComplete, kRefused };
  struct Progress {
    State state = State::kNeedMore;
    std::size_t consumed = 0;  // of the bytes given
    int status = 0;            // when refused: 400, 413, 431
  };
  // `bytes` = what the last call left unconsumed, followed by what is new. Once complete, the rest
  // belongs to the next request. Not to be called again after kComplete or kRefused.
  Progress Feed(std::string_view bytes);

  bool begun() const;           // a first byte of the request has been seen
  bool head_complete() const;   // request line and headers
  bool wants_continue() const;  // `Expect: 100-continue` of HTTP/1.1, and the body is not complete
  bool keep_alive() const;      // the client lets the connection stay (RFC 9112 §9.3)
  bool http10() const;
  // The complete request, `peer` and `tls` unset. Trailers of a chunked body are dropped.
  Request Take();

 private:
  struct Parser;
  std::unique_ptr<Parser> parser_;
};

}  // namespace latchkey::http
