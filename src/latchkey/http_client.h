#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "base/result.h"
#include "http/message.h"

namespace latchkey::app {

struct WebRequest {
  std::string method = "GET";
  std::string url;
  std::vector<http::Header> headers{};
  std::string body{};
  std::string ca_file{};  // trusted beside nothing else; empty: the system's
  std::chrono::seconds patience{30};
};

struct WebAnswer {
  int status = 0;
  std::vector<http::Header> headers;
  std::string body;
};

// One request by libcurl with the system's trust and proxy, no redirects. kUnavailable with a
// sentence when there is no answer: refused, unknown host, certificate not trusted, too late.
Result<WebAnswer> Send(const WebRequest& request);

// `https://`, or `http://` to a loopback address or localhost: what may carry a credential.
bool MayCarrySecrets(std::string_view url);

}  // namespace latchkey::app
