#pragma once

#include <atomic>
#include <memory>
#include <string>

#include "client/config.h"
#include "client/environment.h"

namespace latchkey::client {

// HTTP by libcurl: the system's proxy settings and trusted certificates (and `ca_file` besides), no
// redirects, no cookies, answers up to 1 MiB. Connect 5 s, whole request 10 s.
class CurlTransport : public Transport {
 public:
  CurlTransport(const CheckedConfig& config, std::string user_agent);
  ~CurlTransport() override;
  tl::expected<HttpReply, TransportFailure> Send(const HttpRequest& request) override;
  void Cancel() override;

 private:
  struct Wakeable;
  std::string origin_, ca_file_, user_agent_;
  bool loopback_ = false;
  std::unique_ptr<Wakeable> wakeable_;
  std::atomic<bool> cancelled_ = false;
};

}  // namespace latchkey::client
