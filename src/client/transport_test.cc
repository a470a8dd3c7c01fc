// libcurl against a server of a few lines: what reaches the wire, and how failures are named.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <thread>

#include "client/curl_transport.h"

namespace latchkey::client {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

// Answers each connection with the same bytes, once it has the request's head and body.
class TinyServer {
 public:
  explicit TinyServer(std::string answer)
      : answer_(std::move(answer)), listener_(socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 ||
        listen(listener_, 8) != 0)
      std::abort();
    socklen_t size = sizeof address;
    getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { Serve(); });
  }
  ~TinyServer() {
    shutdown(listener_, SHUT_RDWR);
    if (held_ >= 0) shutdown(held_, SHUT_RDWR);
    thread_.join();
    close(listener_);
  }
  int port() const { return port_; }
  std::string seen() const {
    const std::lock_guard lock(mutex_);
    return seen_;
  }
  int requests() const { return requests_.load(); }

 private:
  void Serve() {
    for (;;) {
      const int peer = accept(listener_, nullptr, nullptr);
      if (peer < 0) return;
      held_ = peer;
      std::string request;
      std::array<char, 4096> buffer{};
      while (request.find("\r\n\r\n") == request.npos ||
             (request.starts_with("POST") && !request.ends_with("}"))) {
        const ssize_t got = read(peer, buffer.data(), buffer.size());
        if (got <= 0) break;
        request.append(buffer.data(), static_cast<std::size_t>(got));
        if (request.front() == 0x16) break;  // a TLS handshake
      }
      {
        const std::lock_guard lock(mutex_);
        seen_ = request;
      }
      ++requests_;
      std::string_view rest = answer_;
      if (rest.empty()) {  // says nothing until the other side goes
        while (read(peer, buffer.data(), buffer.size()) > 0) {
        }
      }
      while (!rest.empty()) {
        const ssize_t put = send(peer, rest.data(), rest.size(), MSG_NOSIGNAL);
        if (put <= 0) break;
        rest.remove_prefix(static_cast<std::size_t>(put));
      }
      held_ = -1;
      close(peer);
    }
  }

  const std::string answer_;
  int listener_ = -1, port_ = 0;
  std::atomic<int> held_ = -1, requests_ = 0;
  mutable std::mutex mutex_;
  std::string seen_;
  std::thread thread_;
};

CheckedConfig ConfigFor(int port) {
  CheckedConfig out;
  out.server = ParseServerUrl("http://127.0.0.1:" + std::to_string(port)).value();
  return out;
}

HttpRequest Post() {
  return {"POST",
          "/v1/machines?a=%2F&lk=abc",
          {{"Accept", "application/vnd.api+json"}, {"X-One", "two"}},
          "{\"a\":1}"};
}

TEST(CurlTransportTest, SendsTheTargetAsSignedAndReadsAllOfTheAnswer) {
  TinyServer server(
      "HTTP/1.1 201 Created\r\nKeygen-Date:  now \r\nX-Empty:\r\nContent-Length: 5\r\n\r\nhello");
  CurlTransport transport(ConfigFor(server.port()), "test/1");
  const auto reply = transport.Send(Post());
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->status, 201);
  EXPECT_EQ(reply->body, "hello");
  EXPECT_EQ(reply->Header("keygen-date"), "now");
  EXPECT_EQ(reply->Header("x-empty"), "");
  EXPECT_THAT(server.seen(), HasSubstr("POST /v1/machines?a=%2F&lk=abc HTTP/1.1\r\n"));
  EXPECT_THAT(server.seen(),
              HasSubstr("\r\nHost: 127.0.0.1:" + std::to_string(server.port()) + "\r\n"));
  EXPECT_THAT(server.seen(), HasSubstr("\r\nX-One: two\r\n"));
  EXPECT_THAT(server.seen(), HasSubstr("\r\nUser-Agent: test/1\r\n"));
  EXPECT_THAT(server.seen(), Not(HasSubstr("Expect:")));
  EXPECT_THAT(server.seen(), HasSubstr("\r\n\r\n{\"a\":1}"));
}

TEST(CurlTransportTest, FollowsNoRedirect) {
  TinyServer server(
      "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n");
  CurlTransport transport(ConfigFor(server.port()), "test/1");
  const auto reply = transport.Send({"GET", "/v1/x", {}, ""});
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->status, 302);
  EXPECT_EQ(server.requests(), 1);
}

TEST(CurlTransportTest, Complaint_14_LoopbackNeedsNoProxyEvenWhenOneIsSet) {
  TinyServer server("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
  setenv("http_proxy", "http://127.0.0.1:1", 1);
  CurlTransport transport(ConfigFor(server.port()), "test/1");
  const auto reply = transport.Send({"GET", "/v1/x", {}, ""});
  unsetenv("http_proxy");
  EXPECT_TRUE(reply);
}

TEST(CurlTransportTest, Complaint_14_TheSystemProxyIsUsedForTheServer) {
  TinyServer proxy("HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n");
  setenv("https_proxy", ("http://127.0.0.1:" + std::to_string(proxy.port())).c_str(), 1);
  CheckedConfig config;
  config.server = ParseServerUrl("https://licenses.example.test").value();
  CurlTransport transport(config, "test/1");
  const auto reply = transport.Send({"GET", "/v1/x", {}, ""});
  unsetenv("https_proxy");
  EXPECT_FALSE(reply);
  EXPECT_THAT(proxy.seen(), HasSubstr("CONNECT licenses.example.test:443"));
}

TEST(CurlTransportTest, NamesWhatWentWrong) {
  const auto failure = [](const std::string& answer) {
    TinyServer server(answer);
    CurlTransport transport(ConfigFor(server.port()), "test/1");
    const auto reply = transport.Send({"GET", "/v1/x", {}, ""});
    return reply ? std::optional<TransportFailure>() : reply.error();
  };
  EXPECT_EQ(failure("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf"),
            TransportFailure::kBroken);
  EXPECT_EQ(failure("SSH-2.0-OpenSSH_9\r\n"), TransportFailure::kBroken);
  EXPECT_EQ(
      failure("HTTP/1.1 200 OK\r\nContent-Length: 2000000\r\n\r\n" + std::string(2000000, 'x')),
      TransportFailure::kBroken);
  int closed_port = 0;
  {
    TinyServer gone("x");
    closed_port = gone.port();
  }
  CurlTransport transport(ConfigFor(closed_port), "test/1");
  EXPECT_EQ(transport.Send({"GET", "/", {}, ""}).error(), TransportFailure::kOffline);
}

TEST(CurlTransportTest, APlainServerBehindHttpsIsATlsProblem) {
  TinyServer server("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
  CheckedConfig config;
  config.server = ParseServerUrl("https://127.0.0.1:" + std::to_string(server.port())).value();
  CurlTransport transport(config, "test/1");
  EXPECT_EQ(transport.Send({"GET", "/", {}, ""}).error(), TransportFailure::kTls);
}

TEST(CurlTransportTest, CancelEndsAWaitingRequestAndAllLaterOnes) {
  TinyServer silent("");
  CurlTransport transport(ConfigFor(silent.port()), "test/1");
  std::optional<TransportFailure> ended;
  std::thread asking([&] {
    const auto reply = transport.Send({"GET", "/", {}, ""});
    if (!reply) ended = reply.error();
  });
  while (silent.requests() == 0) std::this_thread::yield();
  transport.Cancel();
  asking.join();
  EXPECT_EQ(ended, TransportFailure::kCancelled);
  EXPECT_EQ(transport.Send({"GET", "/", {}, ""}).error(), TransportFailure::kCancelled);
}

}  // namespace
}  // namespace latchkey::client
