#include "http/worker.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/basic_stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cerrno>
#include <ctime>
#include <system_error>
#include <thread>

#include "base/time.h"
#include "http/connection.h"

namespace latchkey::http {
namespace {

namespace asio = boost::asio;
using Executor = asio::io_context::executor_type;
using Descriptor = asio::posix::basic_stream_descriptor<Executor>;
using Timer = asio::basic_waitable_timer<Clock, asio::wait_traits<Clock>, Executor>;
using Awaitable = asio::awaitable<void, Executor>;

// Deadlines are kept to this precision: one look at all connections instead of a timer in each.
constexpr std::chrono::milliseconds kSweep{250};
constexpr std::chrono::milliseconds kAcceptPause{100};  // when the process is out of descriptors
constexpr int kAcceptBurst = 64;                        // then others have their turn

asio::as_tuple_t<asio::use_awaitable_t<Executor>> Token() {
  return asio::as_tuple_t<asio::use_awaitable_t<Executor>>(asio::use_awaitable_t<Executor>());
}

std::string PeerText(const sockaddr_storage& peer) {
  char text[INET6_ADDRSTRLEN] = {};
  if (peer.ss_family == AF_INET6)
    inet_ntop(AF_INET6, &reinterpret_cast<const sockaddr_in6*>(&peer)->sin6_addr, text,
              sizeof text);
  else
    inet_ntop(AF_INET, &reinterpret_cast<const sockaddr_in*>(&peer)->sin_addr, text, sizeof text);
  const auto address = Address::Parse(text);
  return address ? address->ToString() : std::string(text);  // IPv4 through [::] in its own form
}

}  // namespace

std::shared_ptr<const TlsContext> Shared::tls() {
  const std::lock_guard lock(mutex_);
  return tls_;
}

void Shared::set_tls(std::shared_ptr<const TlsContext> tls) {
  const std::lock_guard lock(mutex_);
  tls_.swap(tls);
}

void Shared::ConnectionClosed() {
  if (open.fetch_sub(1) != 1 || !draining) return;
  const std::lock_guard lock(mutex_);
  idle_.notify_all();
}

bool Shared::WaitUntilIdle(std::chrono::milliseconds patience) {
  std::unique_lock lock(mutex_);
  return idle_.wait_for(lock, patience, [this] { return open == 0; });
}

struct Worker::Impl {
  struct Listener {
    Listener(const Executor& executor, Socket socket, bool is_redirect)
        : descriptor(executor), redirect(is_redirect) {
      descriptor.assign(socket.Release());
    }
    Descriptor descriptor;
    const bool redirect;
  };

  explicit Impl(Worker& owner) : worker(owner), work(io.get_executor()), sweep(io.get_executor()) {}

  Awaitable AcceptFrom(Listener& listener);
  enum class Accepting { kEmpty, kMore, kOutOfDescriptors };
  Accepting AcceptBurst(Listener& listener);
  void Admit(Socket socket, const sockaddr_storage& peer, bool redirect);
  void Spawn(Listener& listener);
  void ArmSweep();
  void Sweep();

  Worker& worker;
  // Connections are destroyed with what is left in `io`; the table must outlive it.
  std::vector<Connection*> connections;
  asio::io_context io{1};
  asio::executor_work_guard<Executor> work;
  Timer sweep;
  bool sweeping = false;
  std::vector<std::unique_ptr<Listener>> listeners;
  std::atomic<std::thread::id> thread;
  std::array<char, 64 * 1024> scratch;
  std::time_t date_second = -1;
  std::string date;
};

Worker::Worker(std::shared_ptr<Shared> shared, Socket listener, Socket redirect_listener)
    : shared_(std::move(shared)), impl_(std::make_unique<Impl>(*this)) {
  const auto executor = impl_->io.get_executor();
  impl_->listeners.push_back(
      std::make_unique<Impl::Listener>(executor, std::move(listener), false));
  if (redirect_listener.fd() >= 0)
    impl_->listeners.push_back(
        std::make_unique<Impl::Listener>(executor, std::move(redirect_listener), true));
}

Worker::~Worker() = default;

void Worker::Run() {
  impl_->thread = std::this_thread::get_id();
  for (const auto& listener : impl_->listeners) impl_->Spawn(*listener);
  for (;;) {
    try {
      impl_->io.run();
      return;
    } catch (const std::exception& fault) {
      // Whatever escaped belonged to one handler; the others go on.
      shared_->options.report(std::string("http: ") + fault.what());
    }
  }
}

void Worker::Drain() {
  asio::post(impl_->io, [this] {
    for (const auto& listener : impl_->listeners) {
      if (!listener->descriptor.is_open()) continue;
      // Whoever waits in the kernel's queue gets a word instead of a reset.
      while (impl_->AcceptBurst(*listener) == Impl::Accepting::kMore) {
      }
      boost::system::error_code ignored;  // closing cannot fail in a way that matters
      listener->descriptor.close(ignored);
    }
    const std::vector<Connection*> connections = impl_->connections;
    for (Connection* connection : connections) connection->Drain();
  });
}

void Worker::Stop() {
  Drain();
  asio::post(impl_->io, [this] {
    std::vector<std::shared_ptr<Connection>> connections;
    for (Connection* connection : impl_->connections)
      connections.push_back(connection->shared_from_this());
    for (const auto& connection : connections) connection->Abort();
    impl_->sweep.cancel();
    impl_->work.reset();
  });
}

boost::asio::io_context& Worker::io() { return impl_->io; }

bool Worker::OnThread() const { return impl_->thread.load() == std::this_thread::get_id(); }

std::span<char> Worker::scratch() { return impl_->scratch; }

std::string_view Worker::Date() {
  const std::time_t second = std::time(nullptr);
  if (second != impl_->date_second) {
    impl_->date_second = second;
    impl_->date = base::FormatHttpDate(base::FromUnixSeconds(second));
  }
  return impl_->date;
}

void Worker::Add(Connection& connection) {
  connection.slot = impl_->connections.size();
  impl_->connections.push_back(&connection);
  impl_->ArmSweep();
}

void Worker::Remove(Connection& connection) {
  std::swap(impl_->connections[connection.slot], impl_->connections.back());
  impl_->connections[connection.slot]->slot = connection.slot;
  impl_->connections.pop_back();
}

void Worker::Impl::Spawn(Listener& listener) {
  auto accept = [this, &listener] { return AcceptFrom(listener); };
  asio::co_spawn(io.get_executor(), std::move(accept), [this](std::exception_ptr fault) {
    if (fault) worker.shared().options.report("http: a listener stopped");
  });
}

Awaitable Worker::Impl::AcceptFrom(Listener& listener) {
  bool told = false;
  for (;;) {
    auto [error] = co_await listener.descriptor.async_wait(Descriptor::wait_read, Token());
    if (error || !listener.descriptor.is_open()) co_return;
    if (AcceptBurst(listener) != Accepting::kOutOfDescriptors) continue;
    if (!std::exchange(told, true))
      worker.shared().options.report(
          "http: cannot accept connections: " + std::generic_category().message(errno) +
          "; raise the limit of open files (ulimit -n)");
    Timer pause(io.get_executor(), kAcceptPause);
    co_await pause.async_wait(Token());
  }
}

Worker::Impl::Accepting Worker::Impl::AcceptBurst(Listener& listener) {
  for (int i = 0; i < kAcceptBurst; ++i) {
    sockaddr_storage peer{};
    socklen_t size = sizeof peer;
    Socket socket(::accept4(listener.descriptor.native_handle(), reinterpret_cast<sockaddr*>(&peer),
                            &size, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (socket.fd() >= 0) {
      Admit(std::move(socket), peer, listener.redirect);
    } else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
      return Accepting::kOutOfDescriptors;
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      return Accepting::kEmpty;
    }
    // Other errors belong to a connection that died in the queue (accept(2)).
  }
  return Accepting::kMore;
}

void Worker::Impl::Admit(Socket socket, const sockaddr_storage& peer, bool redirect) {
  Shared& shared = worker.shared();
  const std::size_t limit = shared.options.limits.connections;
  const std::uint64_t open = shared.open;
  // Refusing politely costs a connection too; beyond a margin there is no answer.
  if (open >= limit + limit / 8 + 8) {
    worker.counters.refused.fetch_add(1, std::memory_order_relaxed);
    return;
  }
  const int on = 1;
  (void)::setsockopt(socket.fd(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);  // only slower without
  worker.counters.connections.fetch_add(1, std::memory_order_relaxed);
  try {
    Serve(worker, {std::move(socket), PeerText(peer), redirect, open >= limit || shared.draining});
  } catch (const std::exception& fault) {
    shared.options.report(std::string("http: cannot serve a connection: ") + fault.what());
  }
}

void Worker::Impl::ArmSweep() {
  if (sweeping || connections.empty()) return;
  sweeping = true;
  sweep.expires_after(kSweep);
  sweep.async_wait([this](const boost::system::error_code& error) {
    sweeping = false;
    if (error) return;
    Sweep();
    ArmSweep();
  });
}

void Worker::Impl::Sweep() {
  const auto now = Clock::now();
  // Waking a connection may end it and change the table.
  std::vector<std::shared_ptr<Connection>> late;
  for (Connection* connection : connections)
    if (connection->deadline() <= now) late.push_back(connection->shared_from_this());
  for (const auto& connection : late) connection->Expire();
}

}  // namespace latchkey::http
