#include "client/curl_transport.h"

#include <curl/curl.h>

namespace latchkey::client {
namespace {

constexpr long kConnectMillis = 5000;
constexpr long kTotalMillis = 10000;
constexpr std::size_t kLargestBody = std::size_t{1} << 20;
constexpr std::size_t kMostHeaders = 200;

struct Transfer {
  HttpReply reply;
};

std::size_t OnBody(char* data, std::size_t size, std::size_t count, void* user) {
  auto& body = static_cast<Transfer*>(user)->reply.body;
  if (body.size() + size * count > kLargestBody) return 0;
  body.append(data, size * count);
  return size * count;
}

std::size_t OnHeader(char* data, std::size_t size, std::size_t count, void* user) {
  auto& reply = static_cast<Transfer*>(user)->reply;
  std::string_view line(data, size * count);
  while (!line.empty() && (line.back() == '\n' || line.back() == '\r')) line.remove_suffix(1);
  // A status line begins a new set: those of a proxy's CONNECT or of a 100 are not the answer's.
  if (line.starts_with("HTTP/")) reply.headers.clear();
  const auto colon = line.find(':');
  if (colon != line.npos && reply.headers.size() < kMostHeaders) {
    std::string_view value = line.substr(colon + 1);
    while (!value.empty() && (value.front() == ' ' || value.front() == '\t'))
      value.remove_prefix(1);
    while (!value.empty() && (value.back() == ' ' || value.back() == '\t')) value.remove_suffix(1);
    reply.headers.emplace_back(line.substr(0, colon), value);
  }
  return size * count;
}

TransportFailure FailureOf(CURLcode code) {
  switch (code) {
    case CURLE_OPERATION_TIMEDOUT:
      return TransportFailure::kTimeout;
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_PROXY:
      return TransportFailure::kProxy;
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_CONNECT:
      return TransportFailure::kOffline;
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
      return TransportFailure::kTls;
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
    case CURLE_GOT_NOTHING:
    case CURLE_PARTIAL_FILE:
    case CURLE_WRITE_ERROR:
    case CURLE_UNSUPPORTED_PROTOCOL:
    default:
      return TransportFailure::kBroken;
  }
}

// libcurl asks for one call before its first use; a local static is made exactly once.
bool CurlReady() {
  static const bool ready = curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
  return ready;
}

}  // namespace

// A multi handle can be woken from another thread, so that closing the client waits for nothing.
struct CurlTransport::Wakeable {
  CURLM* multi = CurlReady() ? curl_multi_init() : nullptr;
  ~Wakeable() {
    if (multi != nullptr) curl_multi_cleanup(multi);
  }
};

CurlTransport::CurlTransport(const CheckedConfig& config, std::string user_agent)
    : origin_(config.server.url),
      ca_file_(config.config.ca_file),
      user_agent_(std::move(user_agent)),
      loopback_(!config.server.tls),
      wakeable_(std::make_unique<Wakeable>()) {}
CurlTransport::~CurlTransport() = default;

void CurlTransport::Cancel() {
  cancelled_.store(true);
  if (wakeable_->multi != nullptr) curl_multi_wakeup(wakeable_->multi);
}

tl::expected<HttpReply, TransportFailure> CurlTransport::Send(const HttpRequest& request) {
  if (cancelled_.load()) return tl::unexpected(TransportFailure::kCancelled);
  CURLM* multi = wakeable_->multi;
  if (multi == nullptr) return tl::unexpected(TransportFailure::kBroken);
  const std::unique_ptr<CURL, decltype(&curl_easy_cleanup)> curl(curl_easy_init(),
                                                                 &curl_easy_cleanup);
  if (!curl) return tl::unexpected(TransportFailure::kBroken);
  Transfer transfer;

  curl_slist* list = nullptr;
  for (const auto& [name, value] : request.headers)
    list = curl_slist_append(list, (name + ": " + value).c_str());
  list = curl_slist_append(list, "Expect:");
  const std::unique_ptr<curl_slist, decltype(&curl_slist_free_all)> headers(list,
                                                                            &curl_slist_free_all);

  const std::string url = origin_ + request.target;
  CURL* handle = curl.get();
  curl_easy_setopt(handle, CURLOPT_URL, url.c_str());
  curl_easy_setopt(handle, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(handle, CURLOPT_PATH_AS_IS, 1L);
  curl_easy_setopt(handle, CURLOPT_HTTPHEADER, headers.get());
  curl_easy_setopt(handle, CURLOPT_USERAGENT, user_agent_.c_str());
  curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);  // no signal handlers in the host
  curl_easy_setopt(handle, CURLOPT_FOLLOWLOCATION, 0L);
  curl_easy_setopt(handle, CURLOPT_CONNECTTIMEOUT_MS, kConnectMillis);
  curl_easy_setopt(handle, CURLOPT_TIMEOUT_MS, kTotalMillis);
  curl_easy_setopt(handle, CURLOPT_SSL_VERIFYPEER, 1L);
  curl_easy_setopt(handle, CURLOPT_SSL_VERIFYHOST, 2L);
  curl_easy_setopt(handle, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  if (!ca_file_.empty()) curl_easy_setopt(handle, CURLOPT_CAINFO, ca_file_.c_str());
  curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, &OnBody);
  curl_easy_setopt(handle, CURLOPT_WRITEDATA, &transfer);
  curl_easy_setopt(handle, CURLOPT_HEADERFUNCTION, &OnHeader);
  curl_easy_setopt(handle, CURLOPT_HEADERDATA, &transfer);
  curl_easy_setopt(handle, CURLOPT_QUICK_EXIT,
                   1L);  // do not wait for a name look-up when cancelled
  if (loopback_) curl_easy_setopt(handle, CURLOPT_NOPROXY, "*");  // this computer needs no proxy
  if (request.method == "POST") {
    curl_easy_setopt(handle, CURLOPT_POST, 1L);
    curl_easy_setopt(handle, CURLOPT_POSTFIELDSIZE_LARGE,
                     static_cast<curl_off_t>(request.body.size()));
    curl_easy_setopt(handle, CURLOPT_POSTFIELDS, request.body.c_str());
  } else if (request.method != "GET") {
    curl_easy_setopt(handle, CURLOPT_CUSTOMREQUEST, request.method.c_str());
  }

  if (curl_multi_add_handle(multi, handle) != CURLM_OK)
    return tl::unexpected(TransportFailure::kBroken);
  std::optional<CURLcode> code;
  while (!code && !cancelled_.load()) {
    int running = 0;
    if (curl_multi_perform(multi, &running) != CURLM_OK) break;
    int left = 0;
    while (const CURLMsg* message = curl_multi_info_read(multi, &left))
      if (message->msg == CURLMSG_DONE) code = message->data.result;
    if (!code && curl_multi_poll(multi, nullptr, 0, 1000, nullptr) != CURLM_OK) break;
  }
  curl_multi_remove_handle(multi, handle);
  if (cancelled_.load()) return tl::unexpected(TransportFailure::kCancelled);
  if (!code) return tl::unexpected(TransportFailure::kBroken);
  if (*code != CURLE_OK) return tl::unexpected(FailureOf(*code));
  long status = 0;
  curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &status);
  transfer.reply.status = static_cast<int>(status);
  return std::move(transfer.reply);
}

}  // namespace latchkey::client
