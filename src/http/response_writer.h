#pragma once

#include <string>
#include <string_view>

#include "http/message.h"

namespace latchkey::http {

struct WriteOptions {
  bool head_only = false;  // answer to HEAD: Content-Length of the body, no body
  bool keep_alive = true;  // false writes `Connection: close`
  bool http10 = false;     // the client speaks HTTP/1.0: persistence is said aloud
  std::string_view date;   // IMF-fixdate, used when the response has no Date
};

// A final status, token names, and values without controls: nothing that could start a second
// header or response.
bool IsSendable(const Response& response);

// Head and body as one text, so that they leave in one write and one TLS record. `response` must be
// sendable. Content-Length, Transfer-Encoding and Connection of `response` are ignored; 204 and 304
// have no body and no Content-Length (RFC 9110 §8.6, §15.3.5, §15.4.5).
std::string WriteResponse(const Response& response, const WriteOptions& options);

}  // namespace latchkey::http
