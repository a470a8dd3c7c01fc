#include "http/request_reader.h"

#include <gtest/gtest.h>

#include "http/response_writer.h"

namespace latchkey::http {
namespace {

using State = RequestReader::State;

struct Outcome {
  State state = State::kNeedMore;
  int status = 0;
  Request request;
  std::string rest;
  bool keep_alive = false;
};

// Feeds `bytes` in pieces of `step`.
Outcome Read(const std::string& bytes, std::size_t step, const Limits& limits = {}) {
  RequestReader reader(limits);
  std::string pending;
  for (std::size_t i = 0; i < bytes.size();) {
    const std::string piece = bytes.substr(i, step);
    i += piece.size();
    pending += piece;
    const auto progress = reader.Feed(pending);
    pending.erase(0, progress.consumed);
    if (progress.state == State::kNeedMore) continue;
    Outcome outcome{progress.state, progress.status, {}, pending + bytes.substr(i), false};
    if (progress.state == State::kComplete) {
      outcome.keep_alive = reader.keep_alive();
      outcome.request = reader.Take();
    }
    return outcome;
  }
  return {};
}

TEST(RequestReader, ReadsTheSameRequestHoweverItArrives) {
  const std::string bytes =
      "\r\nPOST /v1/licenses?x=1 HTTP/1.1\r\nHost: api.test:8080\r\nX-MiXed:  two words\t \r\n"
      "Content-Length: 5\r\nEmpty:\r\n\r\nhelloGET / HTTP/1.1\r\n";
  for (const std::size_t step : {1ul, 2ul, 3ul, 7ul, 50ul, 1000ul}) {
    SCOPED_TRACE(step);
    const Outcome outcome = Read(bytes, step);
    ASSERT_EQ(outcome.state, State::kComplete);
    EXPECT_EQ(outcome.request.method, "POST");
    EXPECT_EQ(outcome.request.target, "/v1/licenses?x=1");
    ASSERT_EQ(outcome.request.headers.size(), 4u);
    EXPECT_EQ(outcome.request.headers[1].name, "X-MiXed");
    EXPECT_EQ(outcome.request.headers[1].value, "two words");
    EXPECT_EQ(Find(outcome.request.headers, "HOST"), "api.test:8080");
    EXPECT_TRUE(Has(outcome.request.headers, "empty"));
    EXPECT_FALSE(Has(outcome.request.headers, "absent"));
    EXPECT_EQ(outcome.request.body, "hello");
    EXPECT_EQ(outcome.rest, "GET / HTTP/1.1\r\n");
    EXPECT_TRUE(outcome.keep_alive);
  }
}

TEST(RequestReader, ReadsChunkedBodiesAndDropsTrailers) {
  const std::string bytes =
      "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: Chunked\r\n\r\n"
      "5;name=value\r\nhello\r\n00001\r\n,\r\n6\r\n world\r\n0\r\nAuthorization: Bearer "
      "x\r\n\r\nrest";
  for (const std::size_t step : {1ul, 2ul, 5ul, 1000ul}) {
    SCOPED_TRACE(step);
    const Outcome outcome = Read(bytes, step);
    ASSERT_EQ(outcome.state, State::kComplete);
    EXPECT_EQ(outcome.request.body, "hello, world");
    EXPECT_FALSE(Has(outcome.request.headers, "Authorization"));
    EXPECT_EQ(outcome.rest, "rest");
  }
}

struct RefusalCase {
  const char* name;
  std::string bytes;
  int status;
};

TEST(RequestReader, RefusesWhatTwoServersCouldReadDifferently) {
  const std::string get = "GET / HTTP/1.1\r\nHost: a\r\n";
  const std::string post = "POST / HTTP/1.1\r\nHost: a\r\n";
  const RefusalCase cases[] = {
      {"length and chunked", post + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
      {"chunked and length", post + "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n", 400},
      {"two lengths", post + "Content-Length: 5\r\nContent-Length: 6\r\n\r\n", 400},
      {"two equal lengths", post + "Content-Length: 5\r\nContent-Length: 5\r\n\r\n", 400},
      {"list of lengths", post + "Content-Length: 5, 5\r\n\r\n", 400},
      {"signed length", post + "Content-Length: +5\r\n\r\n", 400},
      {"negative length", post + "Content-Length: -5\r\n\r\n", 400},
      {"hex length", post + "Content-Length: 0x5\r\n\r\n", 400},
      {"empty length", post + "Content-Length:\r\n\r\n", 400},
      {"overflowing length", post + "Content-Length: 99999999999999999999\r\n\r\n", 400},
      {"gzip, chunked", post + "Transfer-Encoding: gzip, chunked\r\n\r\n", 400},
      {"identity", post + "Transfer-Encoding: identity\r\n\r\n", 400},
      {"chunked twice", post + "Transfer-Encoding: chunked, chunked\r\n\r\n", 400},
      {"two encodings", post + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
       400},
      {"obscured chunked",
       post + "Transfer-Encoding: \x0b"
              "chunked\r\n\r\n",
       400},
      {"chunked in HTTP/1.0", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
      {"space before colon", post + "Content-Length : 5\r\n\r\n", 400},
      {"folded line", get + "X: a\r\n b\r\n\r\n", 400},
      {"folded by tab", get + "X: a\r\n\tb\r\n\r\n", 400},
      {"folded first header", "GET / HTTP/1.1\r\n Host: a\r\n\r\n", 400},
      {"null in value", get + std::string("X: a\0b\r\n\r\n", 10), 400},
      {"null in name", get + std::string("X\0: a\r\n\r\n", 9), 400},
      {"control in value", get + "X: a\x01\r\n\r\n", 400},
      {"delete in value", get + "X: a\x7f\r\n\r\n", 400},
      {"bare carriage return", get + "X: a\rY: b\r\n\r\n", 400},
      {"bare line feed", "GET / HTTP/1.1\nHost: a\n\n", 400},
      {"line feed before the end", get + "X: a\n\r\n", 400},
      {"no colon", get + "X\r\n\r\n", 400},
      {"empty name", get + ": a\r\n\r\n", 400},
      {"name is no token", get + "X(y): a\r\n\r\n", 400},
      {"no host", "GET / HTTP/1.1\r\n\r\n", 400},
      {"two hosts", get + "Host: a\r\n\r\n", 400},
      {"host list", "GET / HTTP/1.1\r\nHost: a b\r\n\r\n", 400},
      {"host with user", "GET / HTTP/1.1\r\nHost: u@a\r\n\r\n", 400},
      {"host with path", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", 400},
      {"HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400},
      {"a head that what follows could complete", "GET / a: 4\r\n\r\nhello", 400},
      {"HTTP/0.9", "GET /\r\n\r\n", 400},
      {"HTTP/1.2", "GET / HTTP/1.2\r\nHost: a\r\n\r\n", 400},
      {"lower-case version", "GET / http/1.1\r\nHost: a\r\n\r\n", 400},
      {"space before method", " GET / HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"two spaces", "GET  / HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"control in target", "GET /\x01 HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"a TLS handshake", std::string("\x16\x03\x01\x02\x00\x01", 6), 400},
      {"only blank lines", "\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n", 400},
      {"chunk size is no number", post + "Transfer-Encoding: chunked\r\n\r\nx\r\n", 400},
      {"chunk size overflows",
       post + "Transfer-Encoding: chunked\r\n\r\n10000000000000005\r\nhello\r\n", 400},
      {"chunk longer than said", post + "Transfer-Encoding: chunked\r\n\r\n4\r\nhello\r\n0\r\n\r\n",
       400},
      {"chunk size ends in line feed", post + "Transfer-Encoding: chunked\r\n\r\n5\nhello\r\n",
       400},
      {"chunk larger than the limit", post + "Transfer-Encoding: chunked\r\n\r\n100001\r\n", 413},
      {"length larger than the limit", post + "Content-Length: 1048577\r\n\r\n", 413},
  };
  for (const RefusalCase& c : cases) {
    for (const std::size_t step : {1ul, 100000ul}) {
      SCOPED_TRACE(std::string(c.name) + ", pieces of " + std::to_string(step));
      const Outcome outcome = Read(c.bytes, step);
      ASSERT_EQ(outcome.state, State::kRefused);
      EXPECT_EQ(outcome.status, c.status);
    }
  }
}

TEST(RequestReader, AcceptsWhatIsUnusualButClear) {
  const std::pair<const char*, std::string> cases[] = {
      {"unknown method", "BREW /pot HTTP/1.1\r\nHost: a\r\n\r\n"},
      {"asterisk", "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n"},
      {"absolute form", "GET http://a/ HTTP/1.1\r\nHost: a\r\n\r\n"},
      {"IPv6 host", "GET / HTTP/1.1\r\nHost: [::1]:8080\r\n\r\n"},
      {"empty host", "GET / HTTP/1.1\r\nHost:\r\n\r\n"},
      {"bytes beyond ASCII in a value", "GET / HTTP/1.1\r\nHost: a\r\nX: \xc3\xa9\r\n\r\n"},
      {"zero length", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n"},
      {"HTTP/1.0 without host", "GET / HTTP/1.0\r\n\r\n"},
  };
  for (const auto& [name, bytes] : cases) {
    SCOPED_TRACE(name);
    EXPECT_EQ(Read(bytes, 1).state, State::kComplete);
    EXPECT_EQ(Read(bytes, 1000).state, State::kComplete);
  }
}

TEST(RequestReader, KnowsWhetherTheConnectionStays) {
  const std::pair<const char*, bool> cases[] = {
      {"GET / HTTP/1.1\r\nHost: a\r\n\r\n", true},
      {"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", false},
      {"GET / HTTP/1.1\r\nHost: a\r\nConnection: foo, Close\r\n\r\n", false},
      {"GET / HTTP/1.0\r\n\r\n", false},
      {"GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", true},
  };
  for (const auto& [bytes, keep] : cases) {
    SCOPED_TRACE(bytes);
    EXPECT_EQ(Read(bytes, 1000).keep_alive, keep);
  }
}

TEST(RequestReader, LimitsTheHeadToTheByte) {
  Limits limits;
  limits.head_bytes = 200;
  const std::string start = "GET / HTTP/1.1\r\nHost: a\r\nX: ";
  const std::string fits = start + std::string(200 - start.size() - 4, 'x') + "\r\n\r\n";
  ASSERT_EQ(fits.size(), 200u);
  EXPECT_EQ(Read(fits, 1, limits).state, State::kComplete);
  EXPECT_EQ(Read(fits, 1000, limits).state, State::kComplete);
  const std::string longer = start + std::string(201 - start.size() - 4, 'x') + "\r\n\r\n";
  for (const std::size_t step : {1ul, 1000ul}) EXPECT_EQ(Read(longer, step, limits).status, 431);
  EXPECT_EQ(Read(std::string(300, 'G'), 10, limits).status, 431);
  std::string many = "GET / HTTP/1.1\r\nHost: a\r\n";
  for (int i = 0; i < 256; ++i) many += "a:\r\n";
  EXPECT_EQ(Read(many + "\r\n", 100000).status, 431);
}

TEST(RequestReader, GivesOneVerdictAtTheLimitHoweverBytesArrive) {
  Limits limits;
  limits.head_bytes = 100;
  for (std::size_t size = 95; size < 105; ++size) {
    for (const char* end : {"\x01", "\r\n\r\n", "\r\r", "\n"}) {
      SCOPED_TRACE(std::to_string(size) + end);
      const std::string start = "GET / HTTP/1.1\r\nHost: a\r\nX: ";
      const std::string bytes = start + std::string(size - start.size(), 'x') + end + "rest";
      const Outcome whole = Read(bytes, 1000, limits);
      const Outcome dripped = Read(bytes, 1, limits);
      EXPECT_NE(whole.state, State::kNeedMore);
      EXPECT_EQ(whole.state, dripped.state);
      EXPECT_EQ(whole.status, dripped.status);
    }
  }
}

TEST(RequestReader, LimitsBodiesChunkLinesAndTrailers) {
  Limits limits;
  limits.head_bytes = 200;
  limits.body_bytes = 10;
  const std::string post = "POST / HTTP/1.1\r\nHost: a\r\n";
  const std::string chunked = post + "Transfer-Encoding: chunked\r\n\r\n";
  EXPECT_EQ(Read(post + "Content-Length: 10\r\n\r\n0123456789", 1, limits).state, State::kComplete);
  EXPECT_EQ(Read(post + "Content-Length: 11\r\n\r\n", 1, limits).status, 413);
  EXPECT_EQ(Read(chunked + "a\r\n0123456789\r\n0\r\n\r\n", 1, limits).state, State::kComplete);
  EXPECT_EQ(Read(chunked + "a\r\n0123456789\r\n1\r\n0\r\n", 1, limits).status, 413);
  EXPECT_EQ(Read(chunked + "1;" + std::string(300, 'x'), 10, limits).status, 431);
  EXPECT_EQ(Read(chunked + "0\r\nX: " + std::string(300, 'x'), 10, limits).status, 431);
}

TEST(WriteResponse, FollowsTheRulesOfStatusAndMethod) {
  Response response{200, {{"Content-Type", "text/plain"}, {"Content-Length", "99"}}, "hello"};
  EXPECT_EQ(
      WriteResponse(response, {false, true, false, "D"}),
      "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nDate: D\r\nContent-Length: 5\r\n\r\nhello");
  EXPECT_EQ(WriteResponse(response, {true, false, false, "D"}),
            "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nDate: D\r\nContent-Length: 5\r\n"
            "Connection: close\r\n\r\n");
  response = {204, {{"date", "mine"}}, "ignored"};
  EXPECT_EQ(WriteResponse(response, {false, true, true, "D"}),
            "HTTP/1.1 204 No Content\r\ndate: mine\r\nConnection: keep-alive\r\n\r\n");
  response = {304, {}, "ignored"};
  EXPECT_EQ(WriteResponse(response, {false, true, false, "D"}),
            "HTTP/1.1 304 Not Modified\r\nDate: D\r\n\r\n");
}

TEST(WriteResponse, LooksAtEveryByteOfAValueWhereverItStands) {
  for (int c = 0; c < 256; ++c) {
    const bool allowed = (c >= 0x20 && c != 0x7f) || c == '\t';
    for (std::size_t size : {1, 7, 8, 9, 16, 19}) {
      for (std::size_t at = 0; at < size; ++at) {
        for (const char around : {'a', '\t', '\x80', '\xff', ' '}) {
          std::string value(size, around);
          value[at] = static_cast<char>(c);
          ASSERT_EQ(IsSendable({200, {{"X-Name", value}}, {}}), allowed)
              << c << " at " << at << " of " << size;
        }
      }
    }
  }
}

TEST(WriteResponse, WouldNotSplitAResponse) {
  EXPECT_TRUE(IsSendable({200, {{"X-Name", "a\tb \xc3\xa9"}}, {}}));
  EXPECT_FALSE(IsSendable({200, {{"X-Name", "a\r\nSet-Cookie: b"}}, {}}));
  EXPECT_FALSE(IsSendable({200, {{"X-Name", "a\n"}}, {}}));
  EXPECT_FALSE(IsSendable({200, {{"X-Name", std::string(1, '\0')}}, {}}));
  EXPECT_FALSE(IsSendable({200, {{"X Name", "a"}}, {}}));
  EXPECT_FALSE(IsSendable({200, {{"", "a"}}, {}}));
  EXPECT_FALSE(IsSendable({100, {}, {}}));
}

}  // namespace
}  // namespace latchkey::http
