#include "latchkey/http_client.h"

#include <curl/curl.h>

#include <memory>

#include "http/client_address.h"

namespace latchkey::app {
namespace {

constexpr std::size_t kLargestAnswer = 64 * 1024 * 1024;

std::size_t TakeBody(char* data, std::size_t, std::size_t size, void* to) {
  auto& body = *static_cast<std::string*>(to);
  if (body.size() + size > kLargestAnswer) return 0;
  body.append(data, size);
  return size;
}

std::size_t TakeHeader(char* data, std::size_t, std::size_t size, void* to) {
  std::string_view line(data, size);
  while (line.ends_with('\n') || line.ends_with('\r')) line.remove_suffix(1);
  auto& headers = *static_cast<std::vector<http::Header>*>(to);
  const auto colon = line.find(':');
  if (line.starts_with("HTTP/")) {
    headers.clear();  // of a 100 Continue
  } else if (colon != line.npos) {
    auto value = line.substr(colon + 1);
    while (value.starts_with(' ')) value.remove_prefix(1);
    headers.push_back({std::string(line.substr(0, colon)), std::string(value)});
  }
  return size;
}

struct CurlDelete {
  void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};

std::string Cause(CURLcode code, const std::string& url) {
  switch (code) {
    case CURLE_COULDNT_CONNECT:
      return "nothing answers at " + url +
             ": start it with `latchkey serve`, or name another address with --server";
    case CURLE_COULDNT_RESOLVE_HOST:
      return "the host of " + url + " is not known: check the name and the network";
    case CURLE_COULDNT_RESOLVE_PROXY:
      return "the host of the proxy is not known: check https_proxy";
    case CURLE_OPERATION_TIMEDOUT:
      return url + " did not answer in time: try again";
    case CURLE_PEER_FAILED_VERIFICATION:
      return "the certificate of " + url +
             " is not trusted: use --ca-file with the authority that issued it";
    default:
      return "no answer from " + url + " (" + curl_easy_strerror(code) +
             "): check the address, the network and any proxy, then try again";
  }
}

}  // namespace

Result<WebAnswer> Send(const WebRequest& request) {
  static const CURLcode ready = curl_global_init(CURL_GLOBAL_DEFAULT);
  const std::unique_ptr<CURL, CurlDelete> curl(ready == CURLE_OK ? curl_easy_init() : nullptr);
  if (!curl) return Error{Errc::kInternal, "libcurl does not start"};
  std::unique_ptr<curl_slist, CurlDelete> headers;
  const auto add = [&](const std::string& line) {
    if (curl_slist* longer = curl_slist_append(headers.get(), line.c_str())) {
      headers.release();
      headers.reset(longer);
    }
  };
  for (const auto& header : request.headers) add(header.name + ": " + header.value);
  add("Expect:");
  WebAnswer answer;
  curl_easy_setopt(curl.get(), CURLOPT_URL, request.url.c_str());
  curl_easy_setopt(curl.get(), CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(curl.get(), CURLOPT_CUSTOMREQUEST, request.method.c_str());
  if (request.method == "HEAD") curl_easy_setopt(curl.get(), CURLOPT_NOBODY, 1L);
  if (!request.body.empty()) {
    curl_easy_setopt(curl.get(), CURLOPT_POSTFIELDS, request.body.data());
    curl_easy_setopt(curl.get(), CURLOPT_POSTFIELDSIZE_LARGE,
                     static_cast<curl_off_t>(request.body.size()));
  }
  curl_easy_setopt(curl.get(), CURLOPT_HTTPHEADER, headers.get());
  curl_easy_setopt(curl.get(), CURLOPT_USERAGENT, "Latchkey/" LATCHKEY_VERSION);
  curl_easy_setopt(curl.get(), CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl.get(), CURLOPT_CONNECTTIMEOUT, 5L);
  curl_easy_setopt(curl.get(), CURLOPT_TIMEOUT, static_cast<long>(request.patience.count()));
  curl_easy_setopt(curl.get(), CURLOPT_WRITEFUNCTION, TakeBody);
  curl_easy_setopt(curl.get(), CURLOPT_WRITEDATA, &answer.body);
  curl_easy_setopt(curl.get(), CURLOPT_HEADERFUNCTION, TakeHeader);
  curl_easy_setopt(curl.get(), CURLOPT_HEADERDATA, &answer.headers);
  if (!request.ca_file.empty())
    curl_easy_setopt(curl.get(), CURLOPT_CAINFO, request.ca_file.c_str());
  // A proxy between this and its own machine would see the token.
  if (request.url.starts_with("http://")) curl_easy_setopt(curl.get(), CURLOPT_PROXY, "");
  const CURLcode code = curl_easy_perform(curl.get());
  if (code != CURLE_OK) {
    const auto path = request.url.find('/', request.url.find("://") + 3);
    return Error{Errc::kUnavailable, Cause(code, request.url.substr(0, path))};
  }
  long status = 0;
  curl_easy_getinfo(curl.get(), CURLINFO_RESPONSE_CODE, &status);
  answer.status = static_cast<int>(status);
  return answer;
}

bool MayCarrySecrets(std::string_view url) {
  if (url.starts_with("https://")) return true;
  constexpr std::string_view kPlain = "http://";
  if (!url.starts_with(kPlain)) return false;
  std::string_view host = url.substr(kPlain.size());
  host = host.substr(0, host.find('/'));
  if (host.find('@') != host.npos) return false;
  if (host.starts_with('[')) {
    host = host.substr(1, host.find(']') - 1);
  } else {
    host = host.substr(0, host.find(':'));
  }
  if (host == "localhost") return true;
  const auto address = http::Address::Parse(host);
  return address && address->IsLoopback();
}

}  // namespace latchkey::app
