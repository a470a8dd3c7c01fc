#include "api/application.h"

#include <algorithm>
#include <array>
#include <condition_variable>
#include <deque>
#include <thread>

#include "api/authenticate.h"
#include "api/lookup.h"
#include "api/negotiate.h"
#include "api/problem.h"
#include "api/reasons.h"
#include "api/versions.h"
#include "core/message_catalogue.h"
#include "core/naming.h"
#include "core/response_signature.h"
#include "http/uri.h"

namespace latchkey::api {
namespace {

// Members and elements of a request body: far more than any route takes, few enough to read at
// once.
constexpr std::size_t kMostValues = 10000;
constexpr std::string_view kCorsMethods = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS";
constexpr std::string_view kCorsExposed =
    "keygen-account, keygen-bearer, keygen-token, keygen-environment, keygen-version, "
    "keygen-edition, keygen-mode, keygen-revision, "
    "keygen-date, keygen-digest, keygen-signature, keygen-accept-signature, keygen-account-id, "
    "keygen-bearer-id, keygen-token-id, "
    "x-ratelimit-window, x-ratelimit-count, x-ratelimit-limit, x-ratelimit-remaining, "
    "x-ratelimit-reset, x-request-id, x-signature, "
    "date, digest";

bool KnownMethod(std::string_view method) {
  for (const std::string_view known :
       {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT"})
    if (method == known) return true;
  return false;
}

std::string LowerCase(std::string text) {
  std::ranges::transform(text, text.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

// Failures that tell a guesser no more than "not this one" (threat-model M11).
bool IsGuess(Errc code) {
  return code == Errc::kTokenInvalid || code == Errc::kLicenseInvalid ||
         code == Errc::kEmailInvalid || code == Errc::kPasswordInvalid || code == Errc::kOtpInvalid;
}

// conventions.md §7.1.
void AddLimitHeaders(const Throttle::Count& count, TimePoint now,
                     std::vector<http::Header>& headers) {
  using std::chrono::ceil;
  using std::chrono::seconds;
  const auto add = [&](std::string_view name, std::int64_t value) {
    headers.push_back({std::string(name), std::to_string(value)});
  };
  headers.push_back({"X-RateLimit-Window", std::string(count.window.name)});
  add("X-RateLimit-Count", count.count);
  add("X-RateLimit-Limit", count.window.limit);
  add("X-RateLimit-Remaining", 0);
  add("X-RateLimit-Reset", ceil<seconds>(count.ends.time_since_epoch()).count());
  add("Retry-After", std::max<std::int64_t>(1, ceil<seconds>(count.ends - now).count()));
}

bool TakesBody(std::string_view method) {
  return method == "POST" || method == "PUT" || method == "PATCH" || method == "DELETE";
}

// Errors before the request reaches the application carry no `meta` (conventions.md §1.9 rule 2).
bool HasMeta(Errc code) {
  switch (code) {
    case Errc::kJsonInvalid:
    case Errc::kEncodingInvalid:
    case Errc::kParametersInvalid:
    case Errc::kUriInvalid:
    case Errc::kMimeTypeInvalid:
    case Errc::kMethodInvalid:
    case Errc::kTooManyRequests:
    case Errc::kTimeout:
      return false;
    default:
      return true;
  }
}

// "/v1/accounts/acme/licenses" → account "acme", path "/licenses"; "/v1/licenses" → no account.
// False when not below /v1.
struct PathParts {
  bool api = false;
  std::optional<std::string_view> account;
  std::string_view path;
};
PathParts SplitPath(std::string_view path) {
  while (path.starts_with("//"))
    path.remove_prefix(1);  // one client sends `//v1/…` (machines.md §9.1)
  PathParts parts;
  if (!path.starts_with("/v1") || (path.size() > 3 && path[3] != '/')) return parts;
  parts.api = true;
  path.remove_prefix(3);
  parts.path = path;
  constexpr std::string_view kAccounts = "/accounts/";
  if (path.starts_with(kAccounts)) {
    path.remove_prefix(kAccounts.size());
    const std::size_t slash = path.find('/');
    parts.account = path.substr(0, slash);
    parts.path = slash == std::string_view::npos ? std::string_view() : path.substr(slash);
  }
  return parts;
}

// Ids of requests are no secrets: their random bytes are asked of the system for many at a time.
class RequestIds final : public Random {
 public:
  explicit RequestIds(Random& source) : source_(source) {}
  void Fill(std::span<std::uint8_t> out) override {
    if (out.size() > pool_.size()) return source_.Fill(out);
    if (out.size() > left_) {
      source_.Fill(pool_);
      left_ = pool_.size();
    }
    left_ -= out.size();
    std::copy_n(pool_.begin() + static_cast<std::ptrdiff_t>(left_), out.size(), out.begin());
  }

 private:
  Random& source_;
  std::array<std::uint8_t, 1024> pool_{};
  std::size_t left_ = 0;
};

}  // namespace

std::optional<std::string_view> Call::parameter(std::string_view name) const {
  for (const auto& [key, value] : query)
    if (key == name) return value;
  return std::nullopt;
}

// A request, its responder and its way back.
struct Application::Exchange {
  Exchange(const Services& services, http::Request request, http::Responder respond)
      : call(services, std::move(request)), responder(std::move(respond)) {}
  Call call;
  http::Responder responder;
  std::chrono::steady_clock::time_point started = std::chrono::steady_clock::now();
  std::optional<Reply> reply;      // of a write, until its group is durable
  const Window* window = nullptr;  // an attempt was taken from it, under this key
  std::string window_key;
  std::optional<Throttle::Count> refused;  // what a 429 tells of its window
};

// Argon2 takes 15 ms: two threads of its own and a bounded queue, never a store or I/O thread.
class Application::PasswordLane {
 public:
  PasswordLane() {
    for (auto& thread : threads_) thread = std::thread([this] { Run(); });
  }
  ~PasswordLane() { Close(); }
  // Finishes what is queued and takes no more.
  void Close() {
    {
      const std::lock_guard lock(mutex_);
      closing_ = true;
    }
    ready_.notify_all();
    for (auto& thread : threads_)
      if (thread.joinable()) thread.join();
  }
  bool Post(std::function<void()> work) {
    {
      const std::lock_guard lock(mutex_);
      if (closing_ || queue_.size() >= 64) return false;
      queue_.push_back(std::move(work));
    }
    ready_.notify_one();
    return true;
  }

 private:
  void Run() {
    std::unique_lock lock(mutex_);
    while (true) {
      ready_.wait(lock, [this] { return closing_ || !queue_.empty(); });
      if (queue_.empty()) return;
      auto work = std::move(queue_.front());
      queue_.pop_front();
      lock.unlock();
      work();
      lock.lock();
    }
  }
  std::mutex mutex_;
  std::condition_variable ready_;
  std::deque<std::function<void()>> queue_;
  bool closing_ = false;
  std::array<std::thread, 2> threads_;
};

Application::Application(Services services, ApplicationOptions options, AccessLog log)
    : services_(std::move(services)),
      options_(std::move(options)),
      log_(std::move(log)),
      router_(AllRoutes()),
      throttle_(options_.throttles ? std::make_unique<Throttle>(services_.random) : nullptr),
      passwords_(std::make_unique<PasswordLane>()) {}

Application::~Application() { Stop(); }

void Application::Stop() { passwords_->Close(); }

http::Response Application::Refusal(int status) {
  Failure failure{.status = status, .problems = {}};
  Problem problem;
  switch (status) {
    case 408:
      problem = {.title = "Request timeout",
                 .detail = "The request took too long to arrive: send it again"};
      break;
    case 413:
      problem = {
          .title = "Payload too large",
          .detail = "The request body is larger than this server takes: send less, or use import",
          .code = "BODY_TOO_LARGE"};
      break;
    case 431:
      problem = {
          .title = "Request header fields too large",
          .detail = "The request line and headers are larger than this server takes: send less",
          .code = "HEADERS_TOO_LARGE"};
      break;
    case 503:
      problem = {.title = "Service unavailable",
                 .detail = "The server takes no more requests at the moment: try again later"};
      break;
    default:
      failure.status = 400;
      problem = {.title = "Bad request",
                 .detail = "The request is not valid HTTP: check its first line and headers"};
  }
  failure.problems.push_back(std::move(problem));
  return {.status = failure.status,
          .headers = {{"Content-Type", "application/vnd.api+json; charset=utf-8"},
                      {"Cache-Control", "no-transform, no-store, max-age=0"}},
          .body = WriteFailure(failure, nullptr)};
}

void Application::Handle(http::Request request, http::Responder responder) {
  statistics_.requests.fetch_add(1, std::memory_order_relaxed);
  auto exchange = std::make_shared<Exchange>(services_, std::move(request), std::move(responder));
  Call& call = exchange->call;
  call.now = base::SystemNow();
  thread_local RequestIds request_ids(base::SystemRandom());
  call.request_id = Uuid::V7(call.now, request_ids);
  if (services_.serving) call.serving = services_.serving();
  if (auto begun = Begin(call); !begun)
    return Answer(std::move(exchange), std::move(begun).error());
  if (!TakeAttempt(*exchange)) return Answer(std::move(exchange), Errc::kTooManyRequests);
  if (call.route->warm && !NeedsMigration(call)) {
    if (auto reply = call.route->warm(call)) {
      statistics_.warm.fetch_add(1, std::memory_order_relaxed);
      return Answer(std::move(exchange), std::move(*reply));
    }
  }
  if (call.credential.kind == Credential::Kind::kPassword) return RunPassword(std::move(exchange));
  Run(std::move(exchange));
}

Result<void> Application::Begin(Call& call) {
  http::Request& request = call.request;
  if (!KnownMethod(request.method)) return Errc::kMethodInvalid;
  call.reasons = call.header("Latchkey-Reasons") == "1";
  call.locale = core::PickLocale(call.header("Accept-Language"));
  if (options_.dev) {
    if (const std::string_view text = call.header("Latchkey-Now"); !text.empty()) {
      const auto now = base::ParseTime(text);
      if (!now)
        return Error{Errc::kQueryInvalid,
                     "Latchkey-Now must be an RFC 3339 time with a four-digit year"};
      call.now = *now;
      call.serving = nullptr;  // moved time knows no downtime (decision 7)
    }
  }
  const auto content_type = ResponseType(request);
  if (content_type) call.content_type = *content_type;  // errors are negotiated like any document
  // Preflight (conventions.md §7.2).
  const bool preflight = request.method == "OPTIONS" && http::Has(request.headers, "Origin") &&
                         http::Has(request.headers, "Access-Control-Request-Method");
  if (preflight) {
    static constexpr Route kPreflight{.method = "OPTIONS",
                                      .pattern = "*",
                                      .handle = [](Call&) -> Result<Reply> { return Reply{}; },
                                      .lane = Lane::kNone,
                                      .authentication = Authentication::kIgnored,
                                      .scope = Scope::kServer};
    call.route = &kPreflight;
    return {};
  }
  for (const http::Header& header : request.headers)
    if (!base::IsUtf8(header.value)) return Errc::kEncodingInvalid;
  LK_ASSIGN(const http::Target target, http::SplitTarget(request.target));
  LK_ASSIGN(http::Query query, http::ParseQuery(target.query));
  for (auto& parameter : query)
    call.query.emplace_back(std::move(parameter.name), std::move(parameter.value));
  call.raw_query = target.query;
  LK_ASSIGN(const BodyKind kind, RequestBodyKind(request));
  if (TakesBody(request.method) && kind == BodyKind::kJson && !request.body.empty()) {
    LK_ASSIGN(json::value parsed, base::ParseJson(request.body, {.max_values = kMostValues}));
    LK_ASSIGN(call.body, core::NormaliseKeys(std::move(parsed)));
  }
  const PathParts parts = SplitPath(target.path);
  if (!parts.api) return Errc::kNoRoute;
  call.path = parts.path;
  LK_ASSIGN(Router::Match match,
            router_.Find(request.method, parts.path, parts.account.has_value()));
  call.route = match.route;
  call.segments = std::move(match.segments);
  if (!content_type && call.route->scope == Scope::kAccount) return content_type.error();
  LK_ASSIGN(call.version, ResolveVersion(request, "1.8"));
  call.version_known = true;

  const auto account = [&]() -> Result<std::shared_ptr<const service::AccountContext>> {
    if (!parts.account) {
      auto only = services_.accounts.Only();
      if (!only) return Error{Errc::kNotFound, "account is required"};
      return only;
    }
    LK_ASSIGN(const std::string name, http::DecodeSegment(*parts.account));
    auto found = services_.accounts.Find(name);
    if (!found) return Error{Errc::kNotFound, "The requested account '" + name + "' was not found"};
    return found;
  }();
  if (call.route->scope == Scope::kServer) return {};
  if (!account && call.route->scope == Scope::kPing) return {};
  if (!account) return std::move(account).error();
  call.account = *account;
  if (!http::Has(request.headers, "Keygen-Version"))
    call.version = call.account->account.api_version;
  MigrateRequest(call, call.body);
  const bool ping = call.route->scope == Scope::kPing;
  if (!ping && (http::Has(request.headers, "Keygen-Environment") || call.parameter("environment")))
    return Errc::kEnvironmentInvalid;
  const auto header = http::Has(request.headers, "Keygen-Accept-Signature")
                          ? std::optional(call.header("Keygen-Accept-Signature"))
                          : std::nullopt;
  const auto algorithm = core::ParseAcceptSignature(header, call.account_id().ToString());
  if (algorithm) call.signature_algorithm = *algorithm;
  if (ping) return {};  // signed whenever an account resolves (decision 25), refused never
  LK_TRY(algorithm);
  call.credential = CredentialOf(request, call.query, *call.route);
  return {};
}

void Application::RunPassword(std::shared_ptr<Exchange> exchange) {
  const bool queued = services_.database.Read([this, exchange](store::Session& session) {
    Call& call = exchange->call;
    call.session = &session;
    auto found = FindPasswordUser(call);
    call.session = nullptr;
    const bool unknown = !found && found.error().code == Errc::kEmailInvalid;
    if (!found && !unknown) return Answer(exchange, std::move(found).error());
    const auto check = [this, exchange, unknown, error = unknown ? found.error() : Error{}] {
      Call& asked = exchange->call;
      if (unknown) {  // equal work for unknown users (threat-model row 35)
        crypto::VerifyNothing(services_.settings.password_cost);
        return Answer(exchange, error);
      }
      if (!crypto::VerifyPassword(asked.credential.password, *asked.password_digest))
        return Answer(exchange, Errc::kPasswordInvalid);
      Run(exchange);
    };
    if (!passwords_->Post(check)) Answer(exchange, Errc::kUnavailable);
  });
  if (!queued) Answer(exchange, Errc::kUnavailable);
}

Result<Reply> Application::Serve(Call& call) {
  const Route& route = *call.route;
  if (route.scope != Scope::kAccount) return route.handle(call);
  LK_ASSIGN(call.actor, Authenticate(call));
  LK_TRY(FindPathRecords(call));
  const auto check_schema = [&]() -> Result<void> {
    if (!route.schema) return {};
    LK_ASSIGN(call.document, CheckBody(*route.schema, call.body, call.actor.role));
    return {};
  };
  const auto check_access = [&]() -> Result<void> {
    if (route.own_access) return {};
    LK_ASSIGN(const Target target, route.target ? route.target(call) : TargetOf(call));
    return Authorize(route.rule, target, call.actor);
  };
  if (route.order == Order::kSchemaFirst) {
    LK_TRY(check_schema());
    LK_TRY(check_access());
  } else {
    LK_TRY(check_access());
    LK_TRY(check_schema());
  }
  LK_ASSIGN(Reply reply, route.handle(call));
  if (reply.content_type.empty()) {
    LK_ASSIGN(reply.body, MigrateDocument(call, std::move(reply.body)));
  }
  return reply;
}

void Application::Run(std::shared_ptr<Exchange> exchange) {
  const Route& route = *exchange->call.route;
  if (route.lane == Lane::kNone) return Answer(exchange, route.handle(exchange->call));
  if (route.lane == Lane::kWrite) return RunInWriter(std::move(exchange));
  exchange->call.snapshot_ticket = services_.snapshots.BeginLoad();
  const bool queued = services_.database.Read([this, exchange](store::Session& session) {
    exchange->call.session = &session;
    auto reply = Serve(exchange->call);
    exchange->call.session = nullptr;
    if (!reply && reply.error().code == Errc::kNeedsWrite) return RunInWriter(exchange);
    Answer(exchange, std::move(reply));
  });
  if (!queued) Answer(exchange, Errc::kUnavailable);
}

void Application::RunInWriter(std::shared_ptr<Exchange> exchange) {
  services_.database.Write(
      [this, exchange](store::Session& session) -> Result<void> {
        exchange->call.ForgetRecords();
        exchange->call.session = &session;
        auto reply = Serve(exchange->call);
        exchange->call.session = nullptr;
        if (!reply) return std::move(reply).error();
        exchange->reply = std::move(*reply);
        // Freed where it was made: what one thread allocates and another frees costs both of them.
        exchange->call.ForgetRecords();
        exchange->call.document = {};
        exchange->call.actor.license.reset();
        return {};
      },
      [this, exchange](Result<void> committed) {
        const bool asked = exchange->call.password_work.asked;
        if (!committed && committed.error().code == Errc::kNeedsWrite && asked)
          return RunPasswordWork(exchange);
        if (!committed) return Answer(exchange, std::move(committed).error());
        Answer(exchange, std::move(*exchange->reply));
      });
}

void Application::RunPasswordWork(std::shared_ptr<Exchange> exchange) {
  const auto work = [this, exchange] {
    PasswordWork& wanted = exchange->call.password_work;
    wanted.asked = false;
    if (!wanted.to_verify.empty() && !wanted.verified)
      wanted.verified = crypto::VerifyPassword(wanted.to_verify, wanted.digest);
    if (!wanted.to_hash.empty() && !wanted.hashed)
      wanted.hashed = crypto::HashPassword(wanted.to_hash, services_.settings.password_cost);
    RunInWriter(exchange);
  };
  if (!passwords_->Post(work)) Answer(exchange, Errc::kUnavailable);
}

// Step 2 of the order of checks; it needs the body (decision 22).
bool Application::TakeAttempt(Exchange& exchange) {
  Call& call = exchange.call;
  const Window* const window =
      throttle_ ? WindowOf(call.request.method, call.route->pattern) : nullptr;
  if (!window) return true;
  std::string who;
  if (window == &kSignIn) {
    if (call.credential.kind != Credential::Kind::kPassword) return true;
    who = call.credential.value;
  } else if (window == &kResetRequest) {
    const auto email = [&]() -> const json::value* {
      boost::system::error_code none;
      return call.body.find_pointer("/meta/email", none);
    }();
    if (!email || !email->is_string()) return true;
    who = email->as_string();
  } else if (!call.segments.empty()) {
    who = call.segments.front().second;
  }
  std::string key = call.account_id().ToString() + '\0' + AddressForBudget(call.request.peer);
  key += '\0' + LowerCase(who);
  const Throttle::Count count = throttle_->Take(*window, key, call.now);
  if (count.exceeded()) {
    exchange.refused = count;
    return false;
  }
  exchange.window = window;
  exchange.window_key = std::move(key);
  return true;
}

// What succeeds is given back; a guess beyond the budget of its address is answered with 429.
void Application::CountGuess(Exchange& exchange, Result<Reply>& outcome) {
  Call& call = exchange.call;
  if (!throttle_ || !call.account || exchange.refused) return;
  if (exchange.window && exchange.window != &kResetRequest && outcome && outcome->status < 400)
    throttle_->GiveBack(*exchange.window, exchange.window_key, call.now);
  if (outcome ? !outcome->guess : !IsGuess(outcome.error().code)) return;
  const Throttle::Count count = throttle_->Take(
      kGuesses, call.account_id().ToString() + '\0' + AddressForBudget(call.request.peer),
      call.now);
  if (!count.exceeded()) return;
  exchange.refused = count;
  outcome = Error{Errc::kTooManyRequests};
}

void Application::Answer(std::shared_ptr<Exchange> exchange, Result<Reply> outcome) {
  Call& call = exchange->call;
  CountGuess(*exchange, outcome);
  Reply reply;
  std::string code;
  if (outcome) {
    reply = std::move(*outcome);
  } else {
    Error error = std::move(outcome).error();
    MigrateError(call, error);
    const bool anonymous = call.actor.anonymous();
    const Failure failure = ToFailure(error, services_.settings.docs_base,
                                      call.route ? call.route->topic : "", anonymous);
    code = failure.problems.empty() ? "" : failure.problems.front().code;
    json::object meta;
    const bool has_meta =
        error.code == Errc::kNoRoute || (HasMeta(error.code) && call.route != nullptr);
    if (has_meta || call.reasons) {
      meta.emplace("id", call.request_id.ToString());
      if (call.reasons) AddReason(call, failure, meta);
    }
    reply.status = failure.status;
    reply.body = WriteFailure(failure, has_meta || call.reasons ? &meta : nullptr);
    if (failure.status == 401)
      reply.headers.push_back({"WWW-Authenticate", call.credential.scheme + " realm=\"keygen\""});
    if (exchange->refused) AddLimitHeaders(*exchange->refused, call.now, reply.headers);
  }
  if (reply.status >= 500)
    statistics_.errors_5xx.fetch_add(1, std::memory_order_relaxed);
  else if (reply.status >= 400)
    statistics_.errors_4xx.fetch_add(1, std::memory_order_relaxed);

  http::Response response{
      .status = reply.status, .headers = std::move(reply.headers), .body = std::move(reply.body)};
  auto& headers = response.headers;
  headers.reserve(headers.size() + 16);  // with those of the signature
  const auto add = [&](std::string_view name, std::string value) {
    headers.push_back({std::string(name), std::move(value)});
  };
  if (!reply.content_type.empty())
    add("Content-Type", std::move(reply.content_type));
  else if (!response.body.empty())
    add("Content-Type", call.content_type.find(';') == std::string::npos
                            ? call.content_type + "; charset=utf-8"
                            : call.content_type);
  add("Cache-Control", "no-transform, no-store, max-age=0");
  add("X-Request-Id", call.request_id.ToString());
  if (http::Has(call.request.headers, "Origin")) {
    add("Access-Control-Allow-Origin", "*");
    add("Access-Control-Allow-Methods", std::string(kCorsMethods));
    add("Access-Control-Max-Age", "86400");
    add("Vary", "Origin");
    add("Access-Control-Expose-Headers", std::string(kCorsExposed));
    if (const auto wanted = call.header("Access-Control-Request-Headers"); !wanted.empty())
      add("Access-Control-Allow-Headers", std::string(wanted));
  }
  if (call.version_known) {
    add("Keygen-Version", call.version);
    add("Keygen-Edition", "EE");
    add("Keygen-Mode", options_.many_accounts ? "multiplayer" : "singleplayer");
    if (!options_.revision.empty()) add("Keygen-Revision", options_.revision);
  }
  if (call.account && !exchange->refused) {  // a 429 comes before all of these, unsigned
    add(MigratedHeader(call, "Keygen-Account"), call.account_id().ToString());
    if (!call.actor.anonymous())
      add(MigratedHeader(call, "Keygen-Bearer"), call.actor.id.ToString());
    if (call.actor.token)
      add(MigratedHeader(call, "Keygen-Token"), call.actor.token->id.ToString());
    // Signing costs more than all the rest: it runs on the connection's own thread, over the final
    // bytes (conventions.md §6).
    response.prepare = [exchange](http::Response& final_response) {
      Call& signed_call = exchange->call;
      const std::string date =
          base::FormatHttpDate(base::SystemNow());  // real time, also in test mode (decision 18)
      const std::string digest = core::DigestHeader(final_response.body);
      const std::string host =
          core::SignedHost(signed_call.header("Host"), signed_call.request.tls);
      auto signature =
          core::SignResponse({.method = signed_call.request.method,
                              .target = signed_call.request.target,
                              .host = host,
                              .date = date,
                              .body = final_response.body,
                              .digest = digest},
                             signed_call.account_id().ToString(), signed_call.signature_algorithm,
                             signed_call.account->keys);
      auto& out = final_response.headers;
      out.push_back({"Date", date});
      out.push_back({"Keygen-Date", date});
      out.push_back({"Digest", digest});
      out.push_back({"Keygen-Digest", digest});
      if (signature)
        out.push_back({"Keygen-Signature", std::move(*signature)});
      else
        final_response = Refusal(503);  // an unsigned answer would be worth nothing to its reader
    };
  }
  if (log_) {
    const auto spent = std::chrono::steady_clock::now() - exchange->started;
    log_({.at = call.now,
          .request_id = call.request_id,
          .method = call.request.method,
          .route = call.route ? std::string(call.route->pattern) : "-",
          .peer = call.request.peer,
          .status = response.status,
          .micros = std::chrono::duration_cast<std::chrono::microseconds>(spent).count(),
          .code = std::move(code),
          .account = call.account ? call.account_id().ToString() : std::string()});
  }
  // The responder leaves the exchange first: the answer holds the exchange, and the responder the
  // connection that will hold the answer.
  http::Responder responder = std::move(exchange->responder);
  responder(std::move(response));
}

}  // namespace latchkey::api
