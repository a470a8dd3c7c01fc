#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>

#include "api/call.h"
#include "api/router.h"
#include "api/throttle.h"
#include "http/message.h"

namespace latchkey::api {

struct ApplicationOptions {
  bool throttles = true;       // conventions.md §7.1 and the budget of guesses (threat-model M11)
  bool dev = false;            // accepts Latchkey-Now (decision 18)
  std::string revision{};      // Keygen-Revision
  bool many_accounts = false;  // Keygen-Mode
};

// One line of the access log: ids and codes only, never keys, tokens or query values (threat-model
// M18).
struct AccessLogEntry {
  TimePoint at{};
  Uuid request_id{};
  std::string method, route, peer;
  int status = 0;
  std::int64_t micros = 0;
  std::string code{};     // first error code
  std::string account{};  // id
};
using AccessLog = std::function<void(const AccessLogEntry&)>;

// The pipeline of conventions.md §1.4: takes requests from the listener, runs each through the
// checks in order, answers with headers and signature. Handle may be called from any number of I/O
// threads.
class Application {
 public:
  Application(Services services, ApplicationOptions options, AccessLog log);
  ~Application();

  void Handle(http::Request request, http::Responder responder);
  // A refusal of the listener itself (decision 19): JSON errors without `meta`.
  static http::Response Refusal(int status);
  // Waits until password checks under way are done.
  void Stop();

  struct Statistics {
    std::atomic<std::uint64_t> requests{0}, warm{0}, errors_4xx{0}, errors_5xx{0};
  };
  const Statistics& statistics() const { return statistics_; }

 private:
  struct Exchange;
  class PasswordLane;

  Result<void> Begin(Call& call);   // steps 3 to 8, without the store
  Result<Reply> Serve(Call& call);  // steps 10 to 13, in a transaction
  void Run(std::shared_ptr<Exchange> exchange);
  void RunInWriter(std::shared_ptr<Exchange> exchange);
  void RunPassword(std::shared_ptr<Exchange> exchange);
  void RunPasswordWork(std::shared_ptr<Exchange> exchange);
  void Answer(std::shared_ptr<Exchange> exchange, Result<Reply> reply);
  bool TakeAttempt(Exchange& exchange);  // false: over the limit of its window
  void CountGuess(Exchange& exchange, Result<Reply>& outcome);

  Services services_;
  ApplicationOptions options_;
  AccessLog log_;
  Router router_;
  std::unique_ptr<Throttle> throttle_;  // null: nothing is counted
  Statistics statistics_;
  std::unique_ptr<PasswordLane> passwords_;
};

}  // namespace latchkey::api
