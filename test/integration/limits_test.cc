// Requests that are too large, too deep, too slow or not HTTP at all (threat-model rows 36 and 37).
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <thread>

#include "test/integration/installation.h"

namespace latchkey::test {
namespace {

constexpr std::size_t kMostGrowthKib = 64 * 1024;

class Limits : public ::testing::Test {
 protected:
  void Serve(std::vector<std::string> more = {}) {
    server_ = installation_.Serve(std::move(more));
    const std::string policy = server_->AddPolicy(server_->AddProduct(), {});
    key_ = server_->AddLicense(policy).at("attributes").at("key").as_string();
    ASSERT_EQ(server_->Verdict(key_), "VALID");
    before_ = server_->process().ResidentKib();
  }
  void ExpectWell() {
    EXPECT_EQ(server_->Verdict(key_), "VALID");
    EXPECT_LT(server_->process().PeakResidentKib(), before_ + kMostGrowthKib);
  }
  // Whatever comes back to these bytes on a new connection.
  std::optional<Reply> Raw(std::string_view bytes) {
    HttpConnection connection(server_->port());
    connection.Send(bytes);  // may be refused before its end
    return connection.Receive();
  }

  Installation installation_;
  std::unique_ptr<Server> server_;
  std::string key_;
  std::size_t before_ = 0;
};

TEST_F(Limits, TwoGibibytesAnnouncedAreRefusedBeforeTheyAreSent) {
  Serve();
  for (int i = 0; i < 20; ++i) {
    const auto reply =
        Raw("POST /v1/licenses/actions/validate-key HTTP/1.1\r\nHost: x\r\nContent-Type: "
            "application/json\r\nContent-Length: 2147483648\r\n\r\n{\"meta\"");
    ASSERT_TRUE(reply);
    EXPECT_EQ(reply->status, 413);
    EXPECT_EQ(reply->Code(), "BODY_TOO_LARGE");
    EXPECT_FALSE(reply->Json().as_object().contains("meta"));
  }
  ExpectWell();
}

TEST_F(Limits, ABodyThatGrowsBeyondItsLimitIsCutOff) {
  Serve();
  HttpConnection connection(server_->port());
  ASSERT_TRUE(
      connection.Send("POST /v1/licenses/actions/validate-key HTTP/1.1\r\nHost: x\r\nContent-Type: "
                      "application/json\r\nTransfer-Encoding: chunked\r\n\r\n"));
  const std::string chunk = "10000\r\n" + std::string(0x10000, ' ') + "\r\n";
  while (!connection.HasInput() && connection.Send(chunk)) {
  }
  const auto reply = connection.Receive();
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->status, 413);
  EXPECT_EQ(reply->Code(), "BODY_TOO_LARGE");
  ExpectWell();
}

TEST_F(Limits, AMillionLevelsDeepIsRefused) {
  Serve();
  for (const std::string& deep :
       {std::string(1000000, '['), R"({"meta":)" + std::string(1000000, '[') + "}",
        std::string(500000, '[') + std::string(500000, ']')}) {
    for (const Headers& headers : {Headers{}, AsToken(installation_.admin_token())}) {
      const Reply reply = server_->Send("POST", "/licenses/actions/validate-key", headers, deep);
      EXPECT_EQ(reply.status, 400);
      EXPECT_EQ(reply.Code(), "JSON_INVALID");
    }
  }
  ExpectWell();
}

TEST_F(Limits, BadRequestsGetTheErrorOfTheSpecification) {
  Serve();
  const std::string post =
      "POST /v1/licenses/actions/validate-key HTTP/1.1\r\nHost: x\r\nContent-Type: "
      "application/json\r\n";
  const auto with_body = [&](const std::string& body) {
    return post + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
  };
  struct Case {
    std::string bytes;
    int status;
    std::string code;
  };
  const Case cases[] = {
      {with_body(std::string(1024 * 1024 + 1, ' ')), 413, "BODY_TOO_LARGE"},
      {post + "X-Long: " + std::string(70000, 'x') + "\r\n\r\n", 431, "HEADERS_TOO_LARGE"},
      {with_body("{\"meta\":{\"key\":\"\xff\xfe\"}}"), 400, ""},
      {with_body(R"({"meta":{"key":"a","key":"b"}})"), 400, "JSON_INVALID"},
      {with_body(R"({"meta":{"key":"a"}} trailing)"), 400, "JSON_INVALID"},
      {with_body(R"({"meta":{"key":17}})"), 400, ""},
      {with_body(R"([])"), 400, ""},
      {"\x16\x03\x01\x02\x01\r\n\r\n", 400, ""},
      {"GET /v1/health HTTP/1.1\r\n\r\n", 400, ""},
      {"GET /v1/licenses/%ff HTTP/1.1\r\nHost: x\r\n\r\n", 400, "ENCODING_INVALID"},
  };
  for (const Case& one : cases) {
    SCOPED_TRACE(one.bytes.substr(0, 200));
    const auto reply = Raw(one.bytes);
    ASSERT_TRUE(reply);
    EXPECT_EQ(reply->status, one.status) << reply->body;
    if (!one.code.empty()) {
      EXPECT_EQ(reply->Code(), one.code) << reply->body;
    }
  }
  ExpectWell();
}

TEST_F(Limits, HeadersAndBodiesThatNeverEndAreGivenUp) {
  Serve({"--limits-head-seconds", "1", "--limits-body-seconds", "1"});
  for (const std::string_view part :
       {"GET /v1/he", "GET /v1/health HTTP/1.1\r\nHost: x\r\nX-Slow: y",
        "POST /v1/licenses/actions/validate-key HTTP/1.1\r\nHost: x\r\nContent-Type: "
        "application/json\r\nContent-Length: 100\r\n\r\n{\"meta\""}) {
    HttpConnection connection(server_->port());
    ASSERT_TRUE(connection.Send(part));
    const auto reply = connection.Receive();  // the client's patience is a minute
    ASSERT_TRUE(reply) << part;
    EXPECT_EQ(reply->status, 408) << part;
    EXPECT_FALSE(connection.Receive()) << "still open";
  }
  ExpectWell();
}

TEST_F(Limits, AThousandIdleConnectionsHarmNobody) {
  rlimit files{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &files), 0);
  files.rlim_cur = std::min<rlim_t>(files.rlim_max, 4096);
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &files), 0);
  ASSERT_GE(files.rlim_cur, 1100U) << "too few files allowed here";
  Serve({"--limits-head-seconds", "2", "--limits-idle-seconds", "2"});
  std::vector<int> idle;
  for (int i = 0; i < 1000; ++i) {
    idle.push_back(ConnectLoopback(server_->port()));
    ASSERT_GE(idle.back(), 0) << i;
    // Half of them have begun to speak.
    if (i % 2 == 0) {
      ASSERT_EQ(send(idle.back(), "GET /v1", 7, MSG_NOSIGNAL), 7);
    }
  }
  for (int i = 0; i < 50; ++i) EXPECT_EQ(server_->Verdict(key_), "VALID");
  ExpectWell();
  // Closed by the server, all of them.
  for (const int fd : idle) {
    char buffer[4096];
    ssize_t size = 0;
    while ((size = recv(fd, buffer, sizeof buffer, 0)) > 0) {
    }
    EXPECT_EQ(size, 0);
    close(fd);
  }
  EXPECT_EQ(server_->Stop(), 0);
}

TEST_F(Limits, MoreConnectionsThanAllowedAreTold) {
  Serve({"--limits-connections", "8"});
  std::vector<std::unique_ptr<HttpConnection>> kept;
  int refused = 0;
  for (int i = 0; i < 20; ++i) {
    kept.push_back(std::make_unique<HttpConnection>(server_->port()));
    const auto reply = kept.back()->Exchange("GET", "/v1/health", {});
    if (!reply || reply->status == 503) ++refused;
  }
  EXPECT_GE(refused, 12);
  kept.clear();
  // Room again as soon as the server has seen them go.
  for (;;) {
    HttpConnection connection(server_->port());
    const auto reply = connection.Exchange("GET", "/v1/health", {});
    if (reply && reply->status == 204) break;
    std::this_thread::yield();
  }
}

}  // namespace
}  // namespace latchkey::test
