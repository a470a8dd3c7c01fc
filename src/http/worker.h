#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "http/client_address.h"
#include "http/listen_socket.h"
#include "http/server.h"
#include "http/tls.h"

namespace boost::asio {
class io_context;
}

namespace latchkey::http {

using Clock = std::chrono::steady_clock;

class Connection;

// What all threads of one server share.
struct Shared {
  ServerOptions options;
  Handler handler;
  Refuser refuser;
  TrustedProxies proxies;
  std::uint16_t https_port = 0;

  std::atomic<bool> draining = false;
  std::atomic<std::uint64_t> open = 0;

  std::shared_ptr<const TlsContext> tls();
  void set_tls(std::shared_ptr<const TlsContext> tls);
  void ConnectionClosed();
  // True when no connection is left, false when `patience` has passed before.
  bool WaitUntilIdle(std::chrono::milliseconds patience);

 private:
  std::mutex mutex_;
  std::condition_variable idle_;
  std::shared_ptr<const TlsContext> tls_;
};

// One io_context, its thread's listeners and connections. Only what is marked so may be called from
// other threads. Shared, because responders in other hands may outlive the server.
class Worker : public std::enable_shared_from_this<Worker> {
 public:
  Worker(std::shared_ptr<Shared> shared, Socket listener, Socket redirect_listener);
  ~Worker();

  // Serves until Stop and the end of all connections.
  void Run();
  // Any thread: stop accepting; connections finish what they have begun.
  void Drain();
  // Any thread: drain, and end connections at once.
  void Stop();

  Shared& shared() { return *shared_; }
  boost::asio::io_context& io();  // any thread may post
  bool OnThread() const;          // any thread: is it the one in Run?
  std::span<char> scratch();      // for one read, until the next suspension
  std::string_view Date();        // IMF-fixdate of now
  void Add(Connection& connection);
  void Remove(Connection& connection);

  struct Counters {
    std::atomic<std::uint64_t> connections = 0, requests = 0, refused = 0;
  };
  Counters counters;  // written by this worker, read by all

 private:
  struct Impl;
  std::shared_ptr<Shared> shared_;
  std::unique_ptr<Impl> impl_;
};

}  // namespace latchkey::http
