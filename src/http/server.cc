#include "http/server.h"

#include <sys/resource.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <system_error>
#include <thread>

#include "http/client_address.h"
#include "http/listen_socket.h"
#include "http/tls.h"
#include "http/worker.h"

namespace latchkey::http {
namespace {

// OpenSSL writes to sockets without MSG_NOSIGNAL. A handler that someone has installed stays.
void IgnoreBrokenPipes() {
  struct sigaction current {};
  if (sigaction(SIGPIPE, nullptr, &current) == 0 && current.sa_handler == SIG_DFL)
    std::signal(SIGPIPE, SIG_IGN);
}

// As many descriptors as the connection limit needs, as far as the hard limit allows.
void AllowDescriptors(std::size_t connections) {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  const rlim_t wanted = std::min<rlim_t>(limit.rlim_max, connections + connections / 8 + 256);
  if (limit.rlim_cur >= wanted) return;
  limit.rlim_cur = wanted;
  (void)setrlimit(RLIMIT_NOFILE, &limit);  // running out is reported when it happens
}

void ReportToStandardError(const std::string& text) { std::fprintf(stderr, "%s\n", text.c_str()); }

class ServerImpl final : public Server {
 public:
  ServerImpl(std::shared_ptr<Shared> shared, Listeners listeners, Listeners redirect)
      : shared_(std::move(shared)), port_(listeners.port) {
    for (std::size_t i = 0; i < listeners.sockets.size(); ++i)
      workers_.push_back(std::make_shared<Worker>(
          shared_, std::move(listeners.sockets[i]),
          i < redirect.sockets.size() ? std::move(redirect.sockets[i]) : Socket()));
  }

  ~ServerImpl() override {
    shared_->draining = true;
    for (const auto& worker : workers_) worker->Stop();
    for (std::thread& thread : threads_) thread.join();
  }

  void Run() {
    for (const auto& worker : workers_) threads_.emplace_back([worker] { worker->Run(); });
  }

  std::uint16_t port() const override { return port_; }

  Result<void> ReloadTls() override {
    if (!shared_->options.tls) return {};
    LK_ASSIGN(auto tls, TlsContext::Load(*shared_->options.tls));
    shared_->set_tls(std::move(tls));
    return {};
  }

  void Drain(std::chrono::milliseconds patience) override {
    shared_->draining = true;
    for (const auto& worker : workers_) worker->Drain();
    shared_->WaitUntilIdle(patience);
  }

  Statistics statistics() const override {
    Statistics sum;
    sum.connections_open = shared_->open;
    for (const auto& worker : workers_) {
      sum.connections_total += worker->counters.connections;
      sum.requests += worker->counters.requests;
      sum.refused += worker->counters.refused;
    }
    return sum;
  }

 private:
  const std::shared_ptr<Shared> shared_;
  const std::uint16_t port_;
  std::vector<std::shared_ptr<Worker>> workers_;
  std::vector<std::thread> threads_;
};

}  // namespace

Result<std::unique_ptr<Server>> Server::Start(ServerOptions options, Handler handler,
                                              Refuser refuser) {
  auto shared = std::make_shared<Shared>();
  LK_ASSIGN(shared->proxies, TrustedProxies::Parse(options.trusted_proxies));
  const auto address = Address::Parse(options.address);
  if (!options.tls && address && !address->IsLoopback())
    return Error{Errc::kConfigInvalid,
                 "without a certificate Latchkey listens on loopback only, not on " +
                     options.address +
                     ": set a certificate and its key, or listen on 127.0.0.1 "
                     "behind a proxy that speaks TLS"};
  if (!options.tls && options.redirect_port != 0)
    return Error{Errc::kConfigInvalid, "a redirect port needs a certificate to redirect to"};
  if (options.tls) {
    LK_ASSIGN(auto tls, TlsContext::Load(*options.tls));
    shared->set_tls(std::move(tls));
  }
  const unsigned threads =
      options.threads != 0 ? options.threads : std::max(1u, std::thread::hardware_concurrency());
  LK_ASSIGN(Listeners listeners, Listen(options.address, options.port, threads));
  Listeners redirect;
  if (options.redirect_port != 0) {
    LK_ASSIGN(redirect, Listen(options.address, options.redirect_port, threads));
  }
  IgnoreBrokenPipes();
  AllowDescriptors(options.limits.connections);
  if (!options.report) options.report = ReportToStandardError;
  shared->https_port = listeners.port;
  shared->options = std::move(options);
  shared->handler = std::move(handler);
  shared->refuser = std::move(refuser);
  try {
    auto server =
        std::make_unique<ServerImpl>(std::move(shared), std::move(listeners), std::move(redirect));
    server->Run();
    return std::unique_ptr<Server>(std::move(server));
  } catch (const std::system_error& fault) {
    return Error{Errc::kIo, std::string("cannot start the listener: ") + fault.what()};
  }
}

}  // namespace latchkey::http
