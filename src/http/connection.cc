#include "http/connection.h"

#include <sys/socket.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/basic_stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "http/answer_batch.h"
#include "http/request_reader.h"
#include "http/response_writer.h"
#include "http/text.h"
#include "http/uri.h"

namespace latchkey::http {
namespace {

namespace asio = boost::asio;
using Executor = asio::io_context::executor_type;
using Descriptor = asio::posix::basic_stream_descriptor<Executor>;
template <class T = void>
using Awaitable = asio::awaitable<T, Executor>;

constexpr std::chrono::seconds kLingerTime{2};     // for the client to read a last answer
constexpr std::chrono::seconds kRefuseTime{2};     // for a refused client to send its request
constexpr std::size_t kSlowestReader = 16 * 1024;  // bytes a second

asio::as_tuple_t<asio::use_awaitable_t<Executor>> Token() {
  return asio::as_tuple_t<asio::use_awaitable_t<Executor>>(asio::use_awaitable_t<Executor>());
}

Descriptor::wait_type Direction(IoStatus status) {
  return status == IoStatus::kWantWrite ? Descriptor::wait_write : Descriptor::wait_read;
}

// A suspended coroutine, type-erased so that the connection can keep it.
struct Waiter {
  virtual ~Waiter() = default;
  virtual void Resume() = 0;
};

template <class CompletionHandler>
struct WaiterOf final : Waiter {
  explicit WaiterOf(CompletionHandler h) : handler(std::move(h)) {}
  void Resume() override { std::move(handler)(); }
  CompletionHandler handler;
};

class HttpConnection final : public Connection {
 public:
  HttpConnection(Worker& worker, Accepted accepted);
  ~HttpConnection() override;

  Awaitable<> Run(std::shared_ptr<HttpConnection> self);
  void Expire() override { Wake(Stop::kExpired); }
  void Drain() override;
  void Abort() override { Wake(Stop::kAborted); }

  // The answer to request `number`, or none if its responder was dropped. True if it was taken at
  // once; false if it must come by way of the queue, because it would wake a coroutine inside
  // someone else's handler.
  bool TakeAnswerNow(std::uint64_t number, std::optional<Response>& answer);
  void TakeAnswer(std::uint64_t number, std::optional<Response> answer);

 private:
  enum class Phase { kHandshake, kIdle, kHead, kBody, kAnswer, kWrite, kLinger };
  enum class Stop { kNone, kExpired, kDrained, kAborted };
  struct Exchange {
    std::string bytes;    // of the answer; empty: close without one
    bool keep = false;    // the connection stays
    bool linger = false;  // we close first: let the client read
  };

  Awaitable<bool> Handshake();
  Awaitable<> ServeRequests();
  Awaitable<bool> Write(std::string_view bytes);
  Awaitable<> Park();
  Awaitable<> Linger();

  void Enter(Phase phase, std::size_t bytes = 0);
  void Wake(Stop reason);
  RequestReader::Progress Consume(std::string_view fresh);
  void Dispatch(Request request);
  Response Refuse(int status);
  Exchange Render(Response response, bool head_only, bool keep, bool http10);
  bool MustRedirect(const Request& request) const;
  Response Redirect(const Request& request);
  const Limits& limits() const { return worker_.shared().options.limits; }

  Worker& worker_;
  Descriptor descriptor_;
  std::unique_ptr<Transport> transport_;
  const std::string peer_;
  const bool redirect_;
  const bool refuse_;
  bool encrypted_ = false;
  Phase phase_ = Phase::kHandshake;
  Stop stop_ = Stop::kNone;
  std::string unread_;  // bytes beyond the last request, or of a head that is not complete
  std::optional<RequestReader> reader_;
  std::uint64_t number_ = 0;  // of the request being answered
  bool answered_ = false;
  std::optional<Response> answer_;
  std::unique_ptr<Waiter> waiter_;

  friend struct Parking;
};

struct Parking {
  HttpConnection* connection;
  template <class CompletionHandler>
  void operator()(CompletionHandler&& handler) const {
    using Type = WaiterOf<std::decay_t<CompletionHandler>>;
    connection->waiter_ = std::make_unique<Type>(std::forward<CompletionHandler>(handler));
  }
};

// An answer on its way to the thread of its connection.
struct Delivery {
  std::weak_ptr<HttpConnection> connection;
  std::uint64_t number = 0;
  std::optional<Response> answer;

  void Arrive() {
    if (const auto to = connection.lock()) to->TakeAnswer(number, std::move(answer));
  }
};
struct WaitingDelivery {
  std::shared_ptr<Worker> worker;
  Delivery delivery;
};
// Of the AnswerBatch on this thread.
thread_local std::vector<WaitingDelivery>* waiting_deliveries = nullptr;

// What a Responder's copies share: brings the answer, or the news that there will be none, to the
// connection.
class Ticket {
 public:
  Ticket(std::shared_ptr<Worker> worker, std::weak_ptr<HttpConnection> connection,
         std::uint64_t number)
      : worker_(std::move(worker)), connection_(std::move(connection)), number_(number) {}
  ~Ticket() {
    if (!sent_) Deliver(std::nullopt);
  }
  Ticket(const Ticket&) = delete;
  Ticket& operator=(const Ticket&) = delete;

  void Send(Response response) {
    if (!sent_.exchange(true)) Deliver(std::move(response));
  }

 private:
  void Deliver(std::optional<Response> answer) {
    if (worker_->OnThread()) {
      const auto connection = connection_.lock();
      if (!connection || connection->TakeAnswerNow(number_, answer)) return;
    }
    Delivery delivery{connection_, number_, std::move(answer)};
    if (waiting_deliveries && !worker_->OnThread()) {
      waiting_deliveries->push_back({worker_, std::move(delivery)});
      return;
    }
    // Not the worker itself: what waits in its own queue would keep it alive for ever.
    asio::post(worker_->io(), [d = std::move(delivery)]() mutable { d.Arrive(); });
  }

  const std::shared_ptr<Worker> worker_;
  const std::weak_ptr<HttpConnection> connection_;
  const std::uint64_t number_;
  std::atomic<bool> sent_ = false;
};

// All deliveries to one worker, one after another on its thread.
void PostTogether(Worker& worker, std::vector<Delivery> deliveries) {
  asio::post(worker.io(), [&worker, all = std::move(deliveries)]() mutable {
    for (Delivery& delivery : all) {
      try {
        delivery.Arrive();
      } catch (const std::exception& fault) {  // the others still arrive
        worker.shared().options.report(std::string("http: ") + fault.what());
      }
    }
  });
}

HttpConnection::HttpConnection(Worker& worker, Accepted accepted)
    : worker_(worker),
      descriptor_(worker.io().get_executor()),
      peer_(std::move(accepted.peer)),
      redirect_(accepted.redirect),
      refuse_(accepted.refuse) {
  const int fd = accepted.socket.fd();
  descriptor_.assign(fd);
  accepted.socket.Release();
  if (!redirect_) {
    if (const auto tls = worker_.shared().tls()) {
      transport_ = tls->MakeTransport(fd);
      encrypted_ = true;
    }
  }
  if (!encrypted_) transport_ = MakePlainTransport(fd);
  Enter(Phase::kHandshake);
  worker_.Add(*this);
  worker_.shared().open.fetch_add(1);
}

HttpConnection::~HttpConnection() {
  worker_.Remove(*this);
  worker_.shared().ConnectionClosed();
}

void HttpConnection::Enter(Phase phase, std::size_t bytes) {
  phase_ = phase;
  Clock::duration time{};
  switch (phase) {
    case Phase::kHandshake:
    case Phase::kHead:
      time = limits().head_time;
      break;
    case Phase::kIdle:
      time = refuse_ ? kRefuseTime : limits().idle_time;
      break;
    case Phase::kBody:
      time = limits().body_time;
      break;
    case Phase::kAnswer:
      time = limits().answer_time;
      break;
    case Phase::kWrite:
      time = limits().body_time + std::chrono::seconds(bytes / kSlowestReader);
      break;
    case Phase::kLinger:
      time = kLingerTime;
      break;
  }
  deadline_ = Clock::now() + time;
}

void HttpConnection::Wake(Stop reason) {
  if (stop_ == Stop::kAborted) return;
  stop_ = reason;
  deadline_ = Clock::time_point::max();
  if (waiter_) {
    const auto waiter = std::move(waiter_);
    waiter->Resume();
  } else {
    boost::system::error_code ignored;  // nothing waits: the coroutine looks at stop_ by itself
    descriptor_.cancel(ignored);
  }
}

void HttpConnection::Drain() {
  if (phase_ == Phase::kIdle && !refuse_ && stop_ == Stop::kNone) Wake(Stop::kDrained);
}

bool HttpConnection::TakeAnswerNow(std::uint64_t number, std::optional<Response>& answer) {
  if (number != number_ || answered_) return true;
  if (waiter_) return false;
  answered_ = true;
  answer_ = std::move(answer);
  return true;
}

void HttpConnection::TakeAnswer(std::uint64_t number, std::optional<Response> answer) {
  if (number != number_ || answered_) return;
  answered_ = true;
  answer_ = std::move(answer);
  if (const auto waiter = std::move(waiter_)) waiter->Resume();
}

Awaitable<> HttpConnection::Park() {
  asio::use_awaitable_t<Executor> token;
  return asio::async_initiate<asio::use_awaitable_t<Executor>, void()>(Parking{this}, token);
}

Awaitable<> HttpConnection::Run(std::shared_ptr<HttpConnection> self) {
  (void)self;  // the coroutine owns its connection
  if (!transport_) co_return;
  const bool established = co_await Handshake();  // GCC 12 spins on co_await behind a `||`
  if (established) co_await ServeRequests();
}

Awaitable<bool> HttpConnection::Handshake() {
  for (;;) {
    if (stop_ != Stop::kNone) co_return false;
    const IoStatus status = transport_->Handshake();
    if (status == IoStatus::kOk) co_return true;
    if (status == IoStatus::kClosed) co_return false;
    auto [error] = co_await descriptor_.async_wait(Direction(status), Token());
    if (error) co_return false;
  }
}

// Feeds the parser with what was left over and what is new; keeps what it does not take.
RequestReader::Progress HttpConnection::Consume(std::string_view fresh) {
  if (unread_.empty()) {
    const auto progress = reader_->Feed(fresh);
    unread_.assign(fresh.substr(progress.consumed));
    return progress;
  }
  unread_.append(fresh);
  const auto progress = reader_->Feed(unread_);
  unread_.erase(0, progress.consumed);
  if (unread_.empty()) std::string().swap(unread_);
  return progress;
}

Awaitable<> HttpConnection::ServeRequests() {
  using State = RequestReader::State;
  for (;;) {
    // Read one request. A connection that waits holds no buffers.
    reader_.emplace(limits());
    RequestReader::Progress progress = Consume({});
    bool readable = transport_->Pending();
    IoStatus wanted = IoStatus::kWantRead;
    bool continued = false;
    Enter(reader_->begun() ? Phase::kHead : Phase::kIdle);
    while (progress.state == State::kNeedMore) {
      bool last_look = false;
      if (phase_ == Phase::kIdle && !refuse_ && worker_.shared().draining) {
        last_look = true;
      } else if (!readable) {
        auto [error] = co_await descriptor_.async_wait(Direction(wanted), Token());
        if (stop_ == Stop::kAborted) co_return;
        if (stop_ == Stop::kExpired) break;
        last_look = stop_ == Stop::kDrained;
        stop_ = Stop::kNone;
        if (error && !last_look) co_return;
      }
      const std::span<char> scratch = worker_.scratch();
      const IoResult read = transport_->Read(scratch);
      if (read.status == IoStatus::kClosed || (read.status != IoStatus::kOk && last_look)) {
        transport_->Shutdown();
        co_return;
      }
      if (read.status != IoStatus::kOk) {
        wanted = read.status;
        readable = false;
        continue;
      }
      progress = Consume({scratch.data(), read.size});
      readable = read.size == scratch.size() || transport_->Pending();
      if (progress.state != State::kNeedMore) break;
      if (reader_->head_complete()) {
        if (phase_ != Phase::kBody) Enter(Phase::kBody);
        if (reader_->wants_continue() && !std::exchange(continued, true))
          if (!co_await Write("HTTP/1.1 100 Continue\r\n\r\n")) co_return;
      } else if (reader_->begun() && phase_ == Phase::kIdle) {
        Enter(Phase::kHead);
      }
    }

    // Answer it.
    Exchange exchange;
    const bool expired = std::exchange(stop_, Stop::kNone) == Stop::kExpired;
    if (expired && phase_ == Phase::kIdle) {
      transport_->Shutdown();
      co_return;
    }
    if (expired || progress.state == State::kRefused) {
      exchange = Render(Refuse(expired ? 408 : progress.status), false, false, reader_->http10());
    } else {
      Request request = reader_->Take();
      const bool keep = reader_->keep_alive() && !refuse_;
      const bool http10 = reader_->http10();
      const bool head_only = request.method == "HEAD";
      reader_.reset();
      const Client client = FindClient(worker_.shared().proxies, peer_, request.headers);
      request.peer = client.address;
      request.tls = encrypted_ || client.https;
      if (refuse_) {
        exchange = Render(Refuse(503), head_only, false, http10);
      } else if (MustRedirect(request)) {
        exchange = Render(Redirect(request), head_only, keep, http10);
      } else {
        Dispatch(std::move(request));
        if (!answered_) {
          Enter(Phase::kAnswer);
          co_await Park();
        }
        if (stop_ == Stop::kAborted) co_return;
        if (stop_ == Stop::kExpired) {
          stop_ = Stop::kNone;
          answered_ = true;  // too late now
          exchange = Render(Refuse(503), head_only, false, http10);
        } else if (!answer_) {
          co_return;  // dropped: nobody will answer
        } else {
          Response answer = std::move(*answer_);
          answer_.reset();
          exchange = Render(std::move(answer), head_only, keep, http10);
        }
      }
      if (!keep && !refuse_)
        exchange.linger = false;  // the client asked for it and waits for the end
    }
    reader_.reset();
    if (!co_await Write(exchange.bytes)) co_return;
    if (exchange.keep) continue;
    transport_->Shutdown();
    if (exchange.linger || !unread_.empty()) co_await Linger();
    co_return;
  }
}

Awaitable<bool> HttpConnection::Write(std::string_view bytes) {
  const Phase phase = phase_;
  bool slow = false;
  while (!bytes.empty()) {
    const IoResult written = transport_->Write(bytes);
    if (written.status == IoStatus::kClosed) co_return false;
    if (written.status == IoStatus::kOk) {
      bytes.remove_prefix(written.size);
      continue;
    }
    if (!std::exchange(slow, true)) Enter(Phase::kWrite, bytes.size());
    auto [error] = co_await descriptor_.async_wait(Direction(written.status), Token());
    if (error || stop_ == Stop::kAborted || stop_ == Stop::kExpired) co_return false;
  }
  if (slow) Enter(phase);
  co_return true;
}

// Closing with unread bytes would reset the connection and could destroy the answer on its way.
Awaitable<> HttpConnection::Linger() {
  Enter(Phase::kLinger);
  std::string().swap(unread_);
  for (;;) {
    auto [error] = co_await descriptor_.async_wait(Descriptor::wait_read, Token());
    if (error || stop_ != Stop::kNone) co_return;
    const std::span<char> scratch = worker_.scratch();
    const ssize_t size =
        ::recv(descriptor_.native_handle(), scratch.data(), scratch.size(), MSG_DONTWAIT);
    if (size == 0 || (size < 0 && errno != EAGAIN && errno != EINTR)) co_return;
  }
}

void HttpConnection::Dispatch(Request request) {
  ++number_;
  answered_ = false;
  answer_.reset();
  worker_.counters.requests.fetch_add(1, std::memory_order_relaxed);
  const auto self = std::static_pointer_cast<HttpConnection>(shared_from_this());
  auto ticket = std::make_shared<Ticket>(worker_.shared_from_this(), self, number_);
  Responder responder([t = std::move(ticket)](Response response) { t->Send(std::move(response)); });
  try {
    worker_.shared().handler(std::move(request), std::move(responder));
  } catch (const std::exception& fault) {
    worker_.shared().options.report(std::string("http: a handler failed: ") + fault.what());
  }
}

Response HttpConnection::Refuse(int status) {
  worker_.counters.refused.fetch_add(1, std::memory_order_relaxed);
  Response response = worker_.shared().refuser(status);
  response.status = status;
  return response;
}

HttpConnection::Exchange HttpConnection::Render(Response response, bool head_only, bool keep,
                                                bool http10) {
  if (auto prepare = std::exchange(response.prepare, nullptr)) {
    try {
      prepare(response);
    } catch (const std::exception& fault) {
      worker_.shared().options.report(std::string("http: an answer was not prepared: ") +
                                      fault.what());
      response = Response{500, {}, {}};
      keep = false;
    }
  }
  if (!IsSendable(response)) {
    worker_.shared().options.report("http: an answer had a header or status that cannot be sent");
    response = Response{500, {}, {}};
    keep = false;
  }
  bool asked_to_close = false;
  for (const Header& header : response.headers)
    asked_to_close = asked_to_close || (EqualsAnyCase(header.name, "Connection") &&
                                        EqualsAnyCase(header.value, "close"));
  keep = keep && !asked_to_close && !worker_.shared().draining;
  return {WriteResponse(response, {head_only, keep, http10, worker_.Date()}), keep, !keep};
}

bool HttpConnection::MustRedirect(const Request& request) const {
  if (!redirect_ || request.tls) return false;
  const auto target = SplitTarget(request.target);
  const auto& plain = worker_.shared().options.plain_paths;
  return !target || std::find(plain.begin(), plain.end(), target->path) == plain.end();
}

Response HttpConnection::Redirect(const Request& request) {
  const std::string_view sent = Find(request.headers, "Host");
  // The port behind the host is the plain one; the brackets of IPv6 stay.
  const std::size_t colon = sent.rfind(':');
  const std::size_t bracket = sent.rfind(']');
  const bool with_port =
      colon != sent.npos && (bracket == sent.npos ? sent.find(':') == colon : colon > bracket);
  const std::string host(with_port ? sent.substr(0, colon) : sent);
  const auto target = SplitTarget(request.target);
  if (host.empty() || !target) return Refuse(400);
  const std::uint16_t port = worker_.shared().https_port;
  std::string location = "https://" + host;
  if (port != 443) location += ":" + std::to_string(port);
  location += target->path;
  if (!target->query.empty()) location.append("?").append(target->query);
  const bool safe = request.method == "GET" || request.method == "HEAD";
  return {safe ? 301 : 308, {{"Location", std::move(location)}}, {}};
}

}  // namespace

void Serve(Worker& worker, Accepted accepted) {
  auto connection = std::make_shared<HttpConnection>(worker, std::move(accepted));
  auto* const raw = connection.get();
  auto run = [raw, self = std::move(connection)]() mutable { return raw->Run(std::move(self)); };
  asio::co_spawn(worker.io().get_executor(), std::move(run), [&worker](std::exception_ptr fault) {
    if (!fault) return;
    try {
      std::rethrow_exception(fault);
    } catch (const std::exception& cause) {
      worker.shared().options.report(std::string("http: a connection failed: ") + cause.what());
    } catch (...) {
      worker.shared().options.report("http: a connection failed by a foreign exception");
    }
  });
}

AnswerBatch::AnswerBatch() : outer_(waiting_deliveries == nullptr) {
  if (outer_) waiting_deliveries = new std::vector<WaitingDelivery>();
}

AnswerBatch::~AnswerBatch() {
  if (!outer_) return;
  const std::unique_ptr<std::vector<WaitingDelivery>> waiting(
      std::exchange(waiting_deliveries, nullptr));
  while (!waiting->empty()) {
    const std::shared_ptr<Worker> worker = waiting->front().worker;
    std::vector<Delivery> deliveries;
    std::erase_if(*waiting, [&](WaitingDelivery& one) {
      if (one.worker != worker) return false;
      deliveries.push_back(std::move(one.delivery));
      return true;
    });
    PostTogether(*worker, std::move(deliveries));
  }
}

}  // namespace latchkey::http
