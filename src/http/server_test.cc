// The listener with real sockets on loopback.
#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <condition_variable>
#include <filesystem>
#include <fstream>
#include <future>
#include <thread>

#include "http/answer_batch.h"
#include "http/server.h"

namespace latchkey::http {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

// ---- A client that sends exactly what it is told to.

class Channel {
 public:
  virtual ~Channel() = default;
  virtual bool Send(std::string_view bytes) = 0;
  virtual std::string Receive() = 0;  // some bytes; empty at the end
};

int Connect(std::uint16_t port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  // Far longer than any test waits: it only keeps a broken server from hanging the suite.
  const timeval patience{30, 0};
  ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  ::setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) return fd;
  ::close(fd);
  return -1;
}

class PlainChannel : public Channel {
 public:
  explicit PlainChannel(std::uint16_t port) : fd_(Connect(port)) {}
  ~PlainChannel() override {
    if (fd_ >= 0) ::close(fd_);
  }
  PlainChannel(const PlainChannel&) = delete;
  PlainChannel& operator=(const PlainChannel&) = delete;
  bool Send(std::string_view bytes) override {
    while (!bytes.empty()) {
      const ssize_t size = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (size <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(size));
    }
    return true;
  }
  std::string Receive() override {
    char buffer[65536];
    const ssize_t size = ::recv(fd_, buffer, sizeof buffer, 0);
    reset_ = size < 0;
    return size > 0 ? std::string(buffer, static_cast<std::size_t>(size)) : std::string();
  }
  bool connected() const { return fd_ >= 0; }
  bool reset() const { return reset_; }
  bool readable() const {
    pollfd ready{fd_, POLLIN, 0};
    return ::poll(&ready, 1, 0) > 0;
  }

 private:
  int fd_;
  bool reset_ = false;
};

class TlsChannel : public Channel {
 public:
  explicit TlsChannel(std::uint16_t port, int version = TLS1_3_VERSION) : fd_(Connect(port)) {
    context_ = SSL_CTX_new(TLS_client_method());
    SSL_CTX_set_max_proto_version(context_, version);
    ssl_ = SSL_new(context_);
    SSL_set_fd(ssl_, fd_);
    connected_ = SSL_connect(ssl_) == 1;
  }
  ~TlsChannel() override {
    SSL_free(ssl_);
    SSL_CTX_free(context_);
    ::close(fd_);
  }
  TlsChannel(const TlsChannel&) = delete;
  TlsChannel& operator=(const TlsChannel&) = delete;
  bool Send(std::string_view bytes) override {
    return SSL_write(ssl_, bytes.data(), static_cast<int>(bytes.size())) ==
           static_cast<int>(bytes.size());
  }
  std::string Receive() override {
    char buffer[65536];
    const int size = SSL_read(ssl_, buffer, sizeof buffer);
    if (size > 0) return std::string(buffer, static_cast<std::size_t>(size));
    clean_end_ = SSL_get_error(ssl_, size) == SSL_ERROR_ZERO_RETURN;
    return {};
  }
  bool connected() const { return connected_; }
  bool clean_end() const { return clean_end_; }
  std::string Subject() const {
    X509* const certificate = SSL_get1_peer_certificate(ssl_);
    char name[256] = {};
    X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName, name,
                              sizeof name);
    X509_free(certificate);
    return name;
  }

 private:
  int fd_;
  SSL_CTX* context_;
  SSL* ssl_;
  bool connected_ = false;
  bool clean_end_ = false;
};

struct Answer {
  int status = 0;  // 0: the connection ended instead
  std::string head;
  std::string body;
};

template <class Kind = PlainChannel>
class Client {
 public:
  template <class... Arguments>
  explicit Client(Arguments... arguments) : channel_(arguments...) {}

  Kind& channel() { return channel_; }
  bool Send(std::string_view bytes) { return channel_.Send(bytes); }

  // The next answer. `head_only`: it has no body whatever its Content-Length says.
  Answer Receive(bool head_only = false) {
    std::size_t end;
    while ((end = buffer_.find("\r\n\r\n")) == std::string::npos)
      if (!More()) return {};
    Answer answer;
    answer.head = buffer_.substr(0, end + 4);
    buffer_.erase(0, end + 4);
    answer.status = std::stoi(answer.head.substr(9, 3));
    const std::size_t length = answer.head.find("Content-Length: ");
    const std::size_t size =
        length == std::string::npos || head_only ? 0 : std::stoul(answer.head.substr(length + 16));
    while (buffer_.size() < size)
      if (!More()) return {};
    answer.body = buffer_.substr(0, size);
    buffer_.erase(0, size);
    return answer;
  }

  // True if the server ends the connection without another byte.
  bool Ended() { return buffer_.empty() && !More(); }

  Answer Ask(std::string_view bytes) {
    Send(bytes);
    return Receive();
  }

 private:
  bool More() {
    const std::string bytes = channel_.Receive();
    buffer_ += bytes;
    return !bytes.empty();
  }

  Kind channel_;
  std::string buffer_;
};

std::string Get(std::string_view target, std::string_view headers = "") {
  return "GET " + std::string(target) + " HTTP/1.1\r\nHost: api.test\r\n" + std::string(headers) +
         "\r\n";
}

std::string Post(std::string_view target, std::string_view body, std::string_view headers = "") {
  return "POST " + std::string(target) +
         " HTTP/1.1\r\nHost: api.test\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" +
         std::string(headers) + "\r\n" + std::string(body);
}

// ---- Files and certificates.

class Folder {
 public:
  Folder() {
    std::string name = (std::filesystem::temp_directory_path() / "latchkey_http_XXXXXX").string();
    path_ = ::mkdtemp(name.data());
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  std::string operator/(const std::string& name) const { return (path_ / name).string(); }

 private:
  std::filesystem::path path_;
};

void WriteCertificate(const TlsFiles& files, const char* name) {
  EVP_PKEY* const key = EVP_EC_gen("P-256");
  X509* const certificate = X509_new();
  X509_set_version(certificate, 2);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate), -3600);
  X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
  X509_set_pubkey(certificate, key);
  X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>(name), -1, -1, 0);
  X509_set_issuer_name(certificate, X509_get_subject_name(certificate));
  X509_sign(certificate, key, EVP_sha256());
  FILE* file = std::fopen(files.certificate_chain.c_str(), "w");
  PEM_write_X509(file, certificate);
  std::fclose(file);
  file = std::fopen(files.private_key.c_str(), "w");
  PEM_write_PrivateKey(file, key, nullptr, nullptr, 0, nullptr, nullptr);
  std::fclose(file);
  X509_free(certificate);
  EVP_PKEY_free(key);
}

std::uint16_t FreePort() {
  const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  EXPECT_EQ(::bind(fd, reinterpret_cast<sockaddr*>(&address), size), 0);
  EXPECT_EQ(::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size), 0);
  ::close(fd);
  return ntohs(address.sin_port);
}

// ---- The server under test.

// Responders that the test answers when and where it likes.
class Parked {
 public:
  void Put(Responder responder) {
    const std::lock_guard lock(mutex_);
    responders_.push_back(std::move(responder));
    changed_.notify_all();
  }
  Responder Take() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return !responders_.empty(); });
    Responder responder = std::move(responders_.front());
    responders_.erase(responders_.begin());
    return responder;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Responder> responders_;
};

class ServerTest : public ::testing::Test {
 protected:
  ServerTest() {
    options_.threads = 2;
    files_ = {folder_ / "cert.pem", folder_ / "key.pem"};
  }

  void Start() {
    options_.report = [this](const std::string& text) {
      const std::lock_guard lock(mutex_);
      reports_ += text + "\n";
    };
    auto server = Server::Start(
        options_,
        [this](Request request, Responder respond) {
          Handle(std::move(request), std::move(respond));
        },
        [](int status) {
          return Response{
              status, {{"Content-Type", "text/plain"}}, "refused " + std::to_string(status)};
        });
    ASSERT_TRUE(server) << server.error().detail;
    server_ = std::move(*server);
  }

  void UseTls(const char* name = "first.test") {
    WriteCertificate(files_, name);
    options_.tls = files_;
  }

  void Handle(Request request, Responder respond) {
    if (request.target == "/later") return parked_.Put(std::move(respond));
    if (request.target == "/drop") return;
    if (request.target == "/throw") throw std::runtime_error("handler fault");
    if (request.target == "/204") return respond({204, {{"X-A", "b"}}, "ignored"});
    if (request.target == "/304") return respond({304, {}, "ignored"});
    if (request.target == "/split") return respond({200, {{"X-A", "b\r\nX-C: d"}}, "x"});
    if (request.target == "/close") return respond({200, {{"Connection", "close"}}, "bye"});
    if (request.target.starts_with("/large/"))
      return respond({200, {}, std::string(std::stoul(request.target.substr(7)), 'x')});
    respond({200,
             {{"X-Peer", request.peer},
              {"X-Tls", request.tls ? "yes" : "no"},
              {"X-Method", request.method}},
             request.target + "|" + request.body});
  }

  std::string Reports() {
    const std::lock_guard lock(mutex_);
    return reports_;
  }

  // The counters move on I/O threads, after the client has seen what happened.
  template <class Condition>
  bool Eventually(Condition condition) {
    for (int i = 0; i < 3000; ++i) {
      if (condition()) return true;
      std::this_thread::sleep_for(10ms);
    }
    return false;
  }

  Folder folder_;
  TlsFiles files_;
  ServerOptions options_;
  Parked parked_;
  std::mutex mutex_;
  std::string reports_;
  std::unique_ptr<Server> server_;
};

// ---- Requests and answers.

TEST_F(ServerTest, AnswersManyRequestsOnOneConnection) {
  Start();
  Client client(server_->port());
  for (int i = 0; i < 50; ++i) {
    const Answer answer = client.Ask(Post("/n", std::to_string(i)));
    ASSERT_EQ(answer.status, 200);
    EXPECT_EQ(answer.body, "/n|" + std::to_string(i));
    EXPECT_THAT(answer.head, HasSubstr("\r\nDate: "));
    EXPECT_THAT(answer.head, Not(HasSubstr("Connection:")));
    EXPECT_THAT(answer.head, HasSubstr("X-Peer: 127.0.0.1\r\nX-Tls: no"));
  }
  EXPECT_EQ(server_->statistics().connections_total, 1u);
  EXPECT_EQ(server_->statistics().requests, 50u);
  EXPECT_EQ(server_->statistics().refused, 0u);
}

TEST_F(ServerTest, AnswersPipelinedRequestsInOrderThoughTheFirstIsSlowest) {
  Start();
  Client client(server_->port());
  std::string bytes = Get("/later");
  for (int i = 0; i < 200; ++i) bytes += Post("/" + std::to_string(i), std::string(300, 'b'));
  client.Send(bytes);
  Responder first = parked_.Take();
  EXPECT_EQ(server_->statistics().requests, 1u);
  std::thread([&] { first({200, {}, "first"}); }).join();
  EXPECT_EQ(client.Receive().body, "first");
  for (int i = 0; i < 200; ++i)
    EXPECT_THAT(client.Receive().body, StartsWith("/" + std::to_string(i) + "|"));
}

TEST_F(ServerTest, TakesRequestsByteByByte) {
  Start();
  Client client(server_->port());
  for (const char c : Post("/slow", "body")) ASSERT_TRUE(client.Send(std::string_view(&c, 1)));
  EXPECT_EQ(client.Receive().body, "/slow|body");
}

TEST_F(ServerTest, MovesLargeBodiesBothWays) {
  Start();
  Client client(server_->port());
  const std::string body(1024 * 1024, 'b');
  EXPECT_EQ(client.Ask(Post("/", body)).body, "/|" + body);
  EXPECT_EQ(client.Ask(Get("/large/20000000")).body.size(), 20000000u);
  std::string chunked = "POST /c HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (int i = 0; i < 100; ++i) chunked += "1000\r\n" + std::string(4096, 'c') + "\r\n";
  EXPECT_EQ(client.Ask(chunked + "0\r\n\r\n").body, "/c|" + std::string(409600, 'c'));
}

TEST_F(ServerTest, ObeysConnectionHeadersAndHttp10) {
  Start();
  {
    Client client(server_->port());
    EXPECT_THAT(client.Ask(Get("/", "Connection: close\r\n")).head, HasSubstr("Connection: close"));
    EXPECT_TRUE(client.Ended());
  }
  {
    Client client(server_->port());
    EXPECT_THAT(client.Ask("GET / HTTP/1.0\r\n\r\n").head, HasSubstr("Connection: close"));
    EXPECT_TRUE(client.Ended());
  }
  {
    Client client(server_->port());
    const std::string request = "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n";
    EXPECT_THAT(client.Ask(request).head, HasSubstr("Connection: keep-alive"));
    EXPECT_EQ(client.Ask(request).status, 200);
  }
  {
    Client client(server_->port());
    EXPECT_THAT(client.Ask(Get("/close") + Get("/never")).head, HasSubstr("Connection: close"));
    EXPECT_TRUE(client.Ended());
  }
}

TEST_F(ServerTest, SendsHeadersWithoutBodyForHead) {
  Start();
  Client client(server_->port());
  client.Send("HEAD /abc HTTP/1.1\r\nHost: a\r\n\r\n");
  const Answer answer = client.Receive(true);
  EXPECT_THAT(answer.head, HasSubstr("Content-Length: 5\r\n"));
  EXPECT_EQ(client.Ask(Get("/next")).body, "/next|");
}

TEST_F(ServerTest, SendsNoBodyWith204And304) {
  Start();
  Client client(server_->port());
  for (const char* target : {"/204", "/304"}) {
    const Answer answer = client.Ask(Get(target));
    EXPECT_EQ(answer.status, std::stoi(target + 1));
    EXPECT_THAT(answer.head, Not(HasSubstr("Content-Length")));
  }
  EXPECT_EQ(client.Ask(Get("/next")).body, "/next|");
}

TEST_F(ServerTest, InvitesTheBodyWhenAskedTo) {
  Start();
  Client client(server_->port());
  client.Send("POST /e HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n");
  EXPECT_EQ(client.Receive().status, 100);
  EXPECT_EQ(client.Ask("body").body, "/e|body");
  // A body that is already here needs no invitation.
  EXPECT_EQ(client.Ask(Post("/f", "body", "Expect: 100-continue\r\n")).body, "/f|body");
}

TEST_F(ServerTest, TM_38_DoesNotDecompressRequests) {
  Start();
  Client client(server_->port());
  EXPECT_EQ(client.Ask(Post("/", "\x1f\x8b\x08", "Content-Encoding: gzip\r\n")).body,
            "/|\x1f\x8b\x08");
}

TEST_F(ServerTest, NeverSendsAHeaderThatSplitsTheResponse) {
  Start();
  Client client(server_->port());
  const Answer answer = client.Ask(Get("/split"));
  EXPECT_EQ(answer.status, 500);
  EXPECT_THAT(answer.head, Not(HasSubstr("X-C")));
  EXPECT_TRUE(client.Ended());
  EXPECT_THAT(Reports(), HasSubstr("cannot be sent"));
}

// ---- Refusals and limits.

TEST_F(ServerTest, RefusesSmugglingAndClosesBeforeTheSecondRequest) {
  Start();
  const char* const attacks[] = {
      "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 30\r\nTransfer-Encoding: "
      "chunked\r\n\r\n0\r\n\r\n",
      "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nContent-Length: 30\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: a\r\nX: a\r\n b\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: a\r\nX: \x01\r\n\r\n",
      "nonsense\r\n\r\n",
  };
  for (const char* attack : attacks) {
    SCOPED_TRACE(attack);
    Client client(server_->port());
    const Answer answer = client.Ask(attack + Get("/smuggled"));
    EXPECT_EQ(answer.status, 400);
    EXPECT_EQ(answer.body, "refused 400");
    EXPECT_THAT(answer.head, HasSubstr("Connection: close"));
    EXPECT_TRUE(client.Ended());
  }
  EXPECT_EQ(server_->statistics().requests, 0u);
  EXPECT_EQ(server_->statistics().refused, std::size(attacks));
}

TEST_F(ServerTest, RefusesLargeHeads) {
  Start();
  Client client(server_->port());
  client.Send("GET / HTTP/1.1\r\nHost: a\r\nX: " + std::string(64 * 1024, 'x'));
  EXPECT_EQ(client.Receive().status, 431);
  EXPECT_TRUE(client.Ended());
}

TEST_F(ServerTest, RefusesAnAnnouncedLargeBodyWithoutReadingIt) {
  Start();
  Client client(server_->port());
  client.Send(
      "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2147483648\r\nExpect: 100-continue\r\n\r\n");
  const Answer answer = client.Receive();
  EXPECT_EQ(answer.status, 413);
  EXPECT_EQ(answer.body, "refused 413");
}

TEST_F(ServerTest, DeliversThe413ToAClientThatIsStillSending) {
  options_.limits.body_bytes = 1000;
  Start();
  for (const char* framing : {"Content-Length: 3000000", "Transfer-Encoding: chunked"}) {
    SCOPED_TRACE(framing);
    Client client(server_->port());
    client.Send("POST / HTTP/1.1\r\nHost: a\r\n" + std::string(framing) + "\r\n\r\n2dc6c0\r\n");
    client.Send(std::string(3000000, 'b'));
    EXPECT_EQ(client.Receive().status, 413);
    EXPECT_FALSE(client.channel().reset());
  }
}

TEST_F(ServerTest, TM_37_EndsSlowHeadsSlowBodiesAndIdleConnections) {
  options_.limits.head_time = 1s;
  options_.limits.body_time = 1s;
  options_.limits.idle_time = 1s;
  Start();
  Client head(server_->port()), body(server_->port()), idle(server_->port()), used(server_->port());
  head.Send("GET / HTTP/1.1\r\nHo");
  body.Send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc");
  EXPECT_EQ(used.Ask(Get("/")).status, 200);
  for (auto* client : {&head, &body}) {
    const Answer answer = client->Receive();
    EXPECT_EQ(answer.status, 408);
    EXPECT_EQ(answer.body, "refused 408");
    EXPECT_TRUE(client->Ended());
  }
  EXPECT_TRUE(idle.Ended());
  EXPECT_TRUE(used.Ended());
}

TEST_F(ServerTest, AnswersForAHandlerThatTakesTooLong) {
  options_.limits.answer_time = 1s;
  Start();
  Client client(server_->port());
  EXPECT_EQ(client.Ask(Get("/later")).body, "refused 503");
  EXPECT_TRUE(client.Ended());
  parked_.Take()({200, {}, "too late"});
  EXPECT_EQ(Client(server_->port()).Ask(Get("/")).status, 200);
}

TEST_F(ServerTest, EndsAClientThatDoesNotReadItsAnswer) {
  options_.limits.body_time = 1s;
  Start();
  Client client(server_->port());
  // More than fits into the socket buffers, little enough for a short deadline.
  for (int i = 0; i < 2000; ++i) client.Send(Get("/large/16000"));
  EXPECT_TRUE(Eventually([&] { return server_->statistics().connections_open == 0; }));
}

TEST_F(ServerTest, RefusesConnectionsBeyondTheLimitAndRecovers) {
  options_.limits.connections = 3;
  Start();
  auto first = std::make_unique<Client<>>(server_->port());
  Client second(server_->port()), third(server_->port());
  for (Client<>* client : {first.get(), &second, &third})
    EXPECT_EQ(client->Ask(Get("/")).status, 200);
  {
    Client fourth(server_->port());
    EXPECT_EQ(fourth.Ask(Get("/")).body, "refused 503");
    EXPECT_TRUE(fourth.Ended());
  }
  first.reset();
  EXPECT_TRUE(Eventually([&] { return Client(server_->port()).Ask(Get("/")).status == 200; }));
  EXPECT_EQ(second.Ask(Get("/")).status, 200);
}

TEST_F(ServerTest, ServesAThousandConnectionsAtOnce) {
  options_.limits.connections = 1100;
  Start();
  std::vector<std::unique_ptr<Client<>>> clients;
  for (int i = 0; i < 1000; ++i) {
    clients.push_back(std::make_unique<Client<>>(server_->port()));
    ASSERT_TRUE(clients.back()->channel().connected());
  }
  for (int round = 0; round < 2; ++round) {
    for (std::size_t i = 0; i < clients.size(); ++i)
      clients[i]->Send(Get("/n" + std::to_string(i)));
    for (std::size_t i = 0; i < clients.size(); ++i)
      ASSERT_EQ(clients[i]->Receive().body, "/n" + std::to_string(i) + "|");
  }
  EXPECT_EQ(server_->statistics().connections_open, 1000u);
  clients.clear();
  EXPECT_TRUE(Eventually([&] { return server_->statistics().connections_open == 0; }));
}

// ---- Responders.

TEST_F(ServerTest, TakesAnswersFromAnyThreadInAnyOrder) {
  Start();
  std::vector<std::unique_ptr<Client<>>> clients;
  std::vector<std::thread> threads;
  for (int i = 0; i < 50; ++i) {
    clients.push_back(std::make_unique<Client<>>(server_->port()));
    clients.back()->Send(Get("/later"));
    Responder responder = parked_.Take();
    threads.emplace_back([i, r = std::move(responder)]() mutable {
      r({200, {}, std::to_string(i)});
    });
  }
  for (int i = 50; i-- > 0;)
    EXPECT_EQ(clients[static_cast<std::size_t>(i)]->Receive().body, std::to_string(i));
  for (std::thread& thread : threads) thread.join();
}

TEST_F(ServerTest, AnswersOfABatchComeWhenItEnds) {
  Start();
  std::vector<std::unique_ptr<Client<>>> clients;
  std::vector<Responder> responders;
  for (int i = 0; i < 20; ++i) {
    clients.push_back(std::make_unique<Client<>>(server_->port()));
    clients.back()->Send(Get("/later"));
    responders.push_back(parked_.Take());
  }
  Client other(server_->port());
  other.Send(Get("/later"));
  Responder elsewhere = parked_.Take();
  {
    AnswerBatch batch;
    {
      const AnswerBatch inner;  // leaves all to the outer one
      for (int i = 0; i < 19; ++i)
        responders[static_cast<std::size_t>(i)]({200, {}, std::to_string(i)});
    }
    responders[19] = Responder();  // dropped: its connection ends with the batch
    // Other threads, and the I/O threads themselves, do not wait.
    std::thread([&] { elsewhere({200, {}, "elsewhere"}); }).join();
    EXPECT_EQ(other.Receive().body, "elsewhere");
    for (int i = 0; i < 5; ++i) EXPECT_EQ(Client(server_->port()).Ask(Get("/")).status, 200);
    for (const auto& client : clients) EXPECT_FALSE(client->channel().readable());
  }
  for (int i = 0; i < 19; ++i)
    EXPECT_EQ(clients[static_cast<std::size_t>(i)]->Receive().body, std::to_string(i));
  EXPECT_TRUE(clients[19]->Ended());
  // The thread is as before.
  Client after(server_->port());
  after.Send(Get("/later"));
  parked_.Take()({200, {}, "after"});
  EXPECT_EQ(after.Receive().body, "after");
}

TEST_F(ServerTest, PreparesTheAnswerJustBeforeItIsWritten) {
  Start();
  Client client(server_->port());
  client.Send(Get("/later"));
  Responder responder = parked_.Take();
  Response answer{200, {}, "body"};
  answer.prepare = [](Response& response) {
    response.headers.push_back({"X-Length", std::to_string(response.body.size())});
    response.body += " and more";
  };
  responder(std::move(answer));
  const Answer got = client.Receive();
  EXPECT_EQ(got.body, "body and more");
  EXPECT_THAT(got.head, HasSubstr("X-Length: 4"));
}

TEST_F(ServerTest, AnswersABare500WhenPreparingFails) {
  Start();
  Client client(server_->port());
  client.Send(Get("/later"));
  Responder responder = parked_.Take();
  Response answer{200, {}, "secret"};
  answer.prepare = [](Response&) { throw std::runtime_error("no key"); };
  responder(std::move(answer));
  const Answer got = client.Receive();
  EXPECT_EQ(got.status, 500);
  EXPECT_EQ(got.body, "");
}

TEST_F(ServerTest, ClosesTheConnectionOfADroppedResponder) {
  Start();
  Client at_once(server_->port());
  at_once.Send(Get("/drop"));
  EXPECT_TRUE(at_once.Ended());
  Client later(server_->port());
  later.Send(Get("/later"));
  std::thread([responder = parked_.Take()]() mutable { responder = Responder(); }).join();
  EXPECT_TRUE(later.Ended());
}

TEST_F(ServerTest, SurvivesAThrowingHandler) {
  Start();
  Client client(server_->port());
  client.Send(Get("/throw"));
  EXPECT_TRUE(client.Ended());
  EXPECT_EQ(Client(server_->port()).Ask(Get("/")).status, 200);
  EXPECT_THAT(Reports(), HasSubstr("handler fault"));
}

TEST_F(ServerTest, IgnoresAnAnswerForAClientThatHasGone) {
  Start();
  auto client = std::make_unique<Client<>>(server_->port());
  client->Send(Get("/later"));
  Responder responder = parked_.Take();
  client.reset();
  responder({200, {}, std::string(10000000, 'x')});
  EXPECT_TRUE(Eventually([&] { return server_->statistics().connections_open == 0; }));
  EXPECT_EQ(Client(server_->port()).Ask(Get("/")).status, 200);
}

TEST_F(ServerTest, LetsRespondersOutliveIt) {
  Start();
  Client client(server_->port());
  client.Send(Get("/later"));
  Responder answered = parked_.Take();
  Client other(server_->port());
  other.Send(Get("/later"));
  Responder dropped = parked_.Take();
  server_.reset();
  EXPECT_TRUE(client.Ended());
  answered({200, {}, "nobody listens"});
}

// ---- Draining.

TEST_F(ServerTest, DrainAnswersWhatHasBegunAndClosesTheRest) {
  Start();
  Client working(server_->port()), halfway(server_->port()), idle(server_->port());
  EXPECT_EQ(idle.Ask(Get("/")).status, 200);
  working.Send(Get("/later"));
  Responder responder = parked_.Take();
  halfway.Send(
      "POST /half HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(halfway.Receive().status, 100);
  std::promise<void> drained;
  std::thread drain([&] {
    server_->Drain(30s);
    drained.set_value();
  });
  EXPECT_TRUE(idle.Ended());
  EXPECT_TRUE(Eventually([&] { return !PlainChannel(server_->port()).connected(); }));
  const Answer half = halfway.Ask("body");
  EXPECT_EQ(half.body, "/half|body");
  EXPECT_THAT(half.head, HasSubstr("Connection: close"));
  EXPECT_NE(drained.get_future().wait_for(0s), std::future_status::ready);
  responder({200, {}, "done"});
  EXPECT_EQ(working.Receive().body, "done");
  EXPECT_TRUE(working.Ended());
  drain.join();
  EXPECT_EQ(server_->statistics().connections_open, 0u);
  server_->Drain(30s);
}

TEST_F(ServerTest, DrainGivesUpAfterItsPatience) {
  Start();
  Client client(server_->port());
  client.Send(Get("/later"));
  Responder responder = parked_.Take();
  server_->Drain(10ms);
  EXPECT_EQ(server_->statistics().connections_open, 1u);
  responder({200, {}, "late but answered"});
  EXPECT_EQ(client.Receive().body, "late but answered");
}

// ---- TLS.

TEST_F(ServerTest, ServesTls13AndSaysGoodbye) {
  UseTls();
  Start();
  Client<TlsChannel> client(server_->port());
  ASSERT_TRUE(client.channel().connected());
  for (int i = 0; i < 20; ++i)
    EXPECT_THAT(client.Ask(Post("/t", std::string(40000, 'b'))).head, HasSubstr("X-Tls: yes"));
  client.Send(Get("/1") + Get("/2"));
  EXPECT_EQ(client.Receive().body, "/1|");
  EXPECT_EQ(client.Receive().body, "/2|");
  EXPECT_EQ(client.Ask(Get("/large/5000000")).body.size(), 5000000u);
  client.Send(Get("/later", "Connection: close\r\n"));
  std::thread([r = parked_.Take()]() mutable { r({200, {}, "from a thread"}); }).join();
  EXPECT_EQ(client.Receive().body, "from a thread");
  EXPECT_TRUE(client.Ended());
  EXPECT_TRUE(client.channel().clean_end());
}

TEST_F(ServerTest, RefusesOldTlsAndPlainTextOnTheTlsPort) {
  UseTls();
  options_.limits.head_time = 1s;
  Start();
  EXPECT_FALSE(TlsChannel(server_->port(), TLS1_2_VERSION).connected());
  Client plain(server_->port());
  plain.Send(Get("/"));
  EXPECT_EQ(plain.Receive().status, 0);
  Client silent(server_->port());
  EXPECT_TRUE(silent.Ended());
  EXPECT_EQ(server_->statistics().requests, 0u);
  EXPECT_TRUE(TlsChannel(server_->port()).connected());
}

TEST_F(ServerTest, ReloadServesTheNewCertificateAndKeepsTheOldOnError) {
  UseTls("first.test");
  Start();
  Client<TlsChannel> old(server_->port());
  EXPECT_EQ(old.channel().Subject(), "first.test");
  WriteCertificate(files_, "second.test");
  EXPECT_EQ(TlsChannel(server_->port()).Subject(), "first.test");
  ASSERT_TRUE(server_->ReloadTls());
  EXPECT_EQ(TlsChannel(server_->port()).Subject(), "second.test");
  EXPECT_EQ(old.Ask(Get("/")).status, 200);

  std::ofstream(files_.certificate_chain) << "no certificate";
  const auto reloaded = server_->ReloadTls();
  ASSERT_FALSE(reloaded);
  EXPECT_EQ(reloaded.error().code, Errc::kConfigInvalid);
  EXPECT_THAT(reloaded.error().detail, HasSubstr(files_.certificate_chain));
  EXPECT_EQ(TlsChannel(server_->port()).Subject(), "second.test");
}

TEST_F(ServerTest, EndsTlsConnectionsOnDrain) {
  UseTls();
  Start();
  Client<TlsChannel> client(server_->port());
  EXPECT_EQ(client.Ask(Get("/")).status, 200);
  server_->Drain(30s);
  EXPECT_EQ(server_->statistics().connections_open, 0u);
  EXPECT_TRUE(client.Ended());
  EXPECT_TRUE(client.channel().clean_end());
}

TEST_F(ServerTest, RedirectsPlainRequestsExceptForPlainPaths) {
  UseTls();
  options_.redirect_port = FreePort();
  Start();
  const std::string https = "https://api.test:" + std::to_string(server_->port());
  Client client(options_.redirect_port);
  Answer answer = client.Ask(Get("/v1/me?a=b"));
  EXPECT_EQ(answer.status, 301);
  EXPECT_THAT(answer.head, HasSubstr("Location: " + https + "/v1/me?a=b\r\n"));
  answer = client.Ask(
      "POST /v1/licenses HTTP/1.1\r\nHost: api.test:8080\r\nContent-Length: 2\r\n\r\n{}");
  EXPECT_EQ(answer.status, 308);
  EXPECT_THAT(answer.head, HasSubstr("Location: " + https + "/v1/licenses\r\n"));
  answer = client.Ask("GET / HTTP/1.1\r\nHost: [::1]:8080\r\n\r\n");
  EXPECT_THAT(answer.head,
              HasSubstr("Location: https://[::1]:" + std::to_string(server_->port()) + "/\r\n"));
  answer = client.Ask(Get("/v1/health"));
  EXPECT_EQ(answer.status, 200);
  EXPECT_THAT(answer.head, HasSubstr("X-Tls: no"));
  EXPECT_EQ(client.Ask(Get("/v1/health/other")).status, 301);
  EXPECT_EQ(Client(options_.redirect_port).Ask("GET / HTTP/1.0\r\n\r\n").status, 400);
  EXPECT_EQ(Client(options_.redirect_port).Ask(Get("nowhere")).status, 400);
}

// ---- Proxies and starting.

TEST_F(ServerTest, BelievesTrustedProxiesOnly) {
  const std::string headers =
      "X-Forwarded-For: 192.0.2.1, 198.51.100.7\r\nX-Forwarded-Proto: https\r\n";
  Start();
  EXPECT_THAT(Client(server_->port()).Ask(Get("/", headers)).head,
              HasSubstr("X-Peer: 127.0.0.1\r\nX-Tls: no"));
  options_.trusted_proxies = {"127.0.0.0/8"};
  Start();
  EXPECT_THAT(Client(server_->port()).Ask(Get("/", headers)).head,
              HasSubstr("X-Peer: 198.51.100.7\r\nX-Tls: yes"));
}

class StartTest : public ServerTest {
 protected:
  Error Refusal() {
    auto server = Server::Start(
        options_, [](Request, Responder) {}, [](int) { return Response{}; });
    EXPECT_FALSE(server);
    return server ? Error{} : server.error();
  }
};

TEST_F(StartTest, RefusesPlainHttpBeyondLoopback) {
  for (const char* address : {"0.0.0.0", "::", "192.0.2.1"}) {
    options_.address = address;
    const Error error = Refusal();
    EXPECT_EQ(error.code, Errc::kConfigInvalid);
    EXPECT_THAT(error.detail, HasSubstr(address));
    EXPECT_THAT(error.detail, HasSubstr("certificate"));
  }
  options_.address = "example.test";
  EXPECT_EQ(Refusal().code, Errc::kConfigInvalid);
}

TEST_F(StartTest, NamesThePortThatIsInUse) {
  Start();
  options_.port = server_->port();
  const Error error = Refusal();
  EXPECT_EQ(error.code, Errc::kIo);
  EXPECT_THAT(error.detail, HasSubstr("port " + std::to_string(server_->port()) + " is in use"));
  server_.reset();
  Start();
}

TEST_F(StartTest, NamesUnreadableCertificatesAndForeignKeys) {
  options_.tls = TlsFiles{folder_ / "missing.pem", folder_ / "key.pem"};
  EXPECT_THAT(Refusal().detail, HasSubstr("missing.pem"));
  UseTls();
  const TlsFiles other{folder_ / "other.pem", folder_ / "other.key"};
  WriteCertificate(other, "other.test");
  options_.tls = TlsFiles{files_.certificate_chain, other.private_key};
  const Error error = Refusal();
  EXPECT_EQ(error.code, Errc::kConfigInvalid);
  EXPECT_THAT(error.detail, HasSubstr("other.key"));
}

TEST_F(StartTest, RefusesSettingsThatCannotWork) {
  options_.redirect_port = 1;
  EXPECT_THAT(Refusal().detail, HasSubstr("redirect"));
  options_.redirect_port = 0;
  options_.trusted_proxies = {"nonsense"};
  EXPECT_THAT(Refusal().detail, HasSubstr("nonsense"));
}

TEST_F(StartTest, AcceptsAnyAddressWithACertificate) {
  UseTls();
  options_.address = "0.0.0.0";
  Start();
  EXPECT_TRUE(TlsChannel(server_->port()).connected());
}

}  // namespace
}  // namespace latchkey::http
