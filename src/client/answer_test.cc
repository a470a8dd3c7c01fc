// Answers that are not answers: whatever is not signed by the account's key for this very request
// means "nobody could be asked", and changes nothing (threat-model rows 6, 8, 9, 12, 16 to 19).

#include <gtest/gtest.h>

#include <functional>

#include "client/explain.h"
#include "client/testing/model_world.h"
#include "core/response_signature.h"

namespace latchkey::client::testing {
namespace {

using core::AccessLevel;
using Kind = Outcome::Kind;
using Reply = tl::expected<HttpReply, TransportFailure>;

constexpr std::string_view kHost = "licenses.example.com";

HttpReply Page(int status, std::string type, std::string body) {
  HttpReply out;
  out.status = status;
  out.headers = {{"Content-Type", std::move(type)}};
  out.body = std::move(body);
  return out;
}
void SetHeader(HttpReply& reply, std::string_view name, const std::string& value) {
  for (auto& [key, text] : reply.headers)
    if (key == name) text = value;
}
void DropHeaders(HttpReply& reply, std::initializer_list<std::string_view> names) {
  std::erase_if(reply.headers, [&](const auto& header) {
    return std::find(names.begin(), names.end(), header.first) != names.end();
  });
}
void ReplaceIn(std::string& text, std::string_view from, std::string_view to) {
  if (const auto at = text.find(from); at != text.npos) text.replace(at, from.size(), to);
}
void EditSignature(HttpReply& reply, std::string_view from, std::string_view to) {
  for (auto& [key, text] : reply.headers)
    if (key == "Keygen-Signature") ReplaceIn(text, from, to);
}

// How an answer is spoiled on its way. `what` names a mutation below; `argument` its number.
struct Case {
  const char* name;
  const char* what;
  int argument = 0;
  const char* words = "PROXY_OR_TLS";  // the reason that is shown
};

HttpReply Spoil(const Case& c, ModelServer& server, ModelServer& stranger,
                const HttpRequest& request, HttpReply good, const HttpReply& recorded) {
  const std::string what = c.what;
  if (what == "html")
    return Page(c.argument, "text/html; charset=utf-8",
                "<html><body>Welcome to Hotel Wi-Fi</body></html>");
  if (what == "plain") return Page(c.argument, "text/plain", "no");
  if (what == "empty") return Page(c.argument, "", "");
  if (what == "json-unsigned") {
    good.headers = {{"Content-Type", "application/vnd.api+json"}};
    good.status = c.argument;
    return good;
  }
  if (what == "forged-no")
    return Page(
        c.argument, "application/vnd.api+json",
        R"({"meta":{"valid":false,"code":"SUSPENDED","nonce":1,"reason":{"code":"REVOKED","title":"t","body":"b"}},"data":null})");
  if (what == "truncated")
    good.body.resize(good.body.size() * static_cast<std::size_t>(c.argument) / 100);
  if (what == "body-byte") good.body[good.body.size() / 2] ^= 1;
  if (what == "body-space") good.body += c.argument == 0 ? " " : "\n";
  if (what == "body-swapped-verdict") ReplaceIn(good.body, "\"valid\":true", "\"valid\":false");
  if (what == "status") good.status = c.argument;
  if (what == "drop-signature") DropHeaders(good, {"Keygen-Signature"});
  if (what == "drop-digest") DropHeaders(good, {"Digest", "Keygen-Digest"});
  if (what == "drop-date") DropHeaders(good, {"Date", "Keygen-Date"});
  if (what == "drop-all") good.headers.clear();
  if (what == "empty-signature") SetHeader(good, "Keygen-Signature", "");
  if (what == "junk-signature") SetHeader(good, "Keygen-Signature", "signature");
  if (what == "other-digest") {
    SetHeader(good, "Digest", core::DigestHeader("x"));
    SetHeader(good, "Keygen-Digest", core::DigestHeader("x"));
  }
  if (what == "other-date") {
    SetHeader(good, "Date", "Tue, 03 Mar 2026 09:15:00 GMT");
    SetHeader(good, "Keygen-Date", "Tue, 03 Mar 2026 09:15:00 GMT");
  }
  if (what == "junk-date") {
    SetHeader(good, "Date", "yesterday");
    SetHeader(good, "Keygen-Date", "yesterday");
  }
  if (what == "algorithm") {
    static constexpr const char* kNames[] = {"rsa-pss-sha256", "rsa-sha256", "ecdsa-p256", "none",
                                             "base64+ed25519", "ED25519 ",   "",           "hs256"};
    EditSignature(good, "algorithm=\"ed25519\"",
                  "algorithm=\"" + std::string(kNames[c.argument]) + "\"");
  }
  if (what == "no-algorithm") EditSignature(good, "algorithm=\"ed25519\", ", "");
  if (what == "signature-bit")
    for (auto& [key, text] : good.headers)
      if (key == "Keygen-Signature") {
        char& letter = text[text.find("signature=\"") + 15];
        letter = letter == 'A' ? 'B' : 'A';
      }
  if (what == "headers-list")
    EditSignature(good, "(request-target) host date digest", "date digest");
  if (what == "replay") return recorded;
  if (what == "stranger") return stranger.Handle(request, kHost);
  if (what == "other-host") return server.Sign(request, "evil.example.com", good.status, good.body);
  if (what == "other-method") {
    HttpRequest other = request;
    other.method = other.method == "POST" ? "GET" : "POST";
    return server.Sign(other, kHost, good.status, good.body);
  }
  if (what == "other-target") {
    HttpRequest other = request;
    other.target.back() = other.target.back() == 'A' ? 'B' : 'A';
    return server.Sign(other, kHost, good.status, good.body);
  }
  if (what == "no-lk") {
    HttpRequest other = request;
    other.target = other.target.substr(0, other.target.find("lk=") - 1);
    return server.Sign(other, kHost, good.status, good.body);
  }
  // Signed by the right key for the right request, yet no answer to it.
  const auto sign = [&](int status, std::string body) {
    return server.Sign(request, kHost, status, std::move(body));
  };
  if (what == "signed-text") return sign(200, "fine");
  if (what == "signed-empty") return sign(c.argument, "");
  if (what == "signed-array") return sign(200, "[]");
  if (what == "signed-null") return sign(200, "null");
  if (what == "signed-object") return sign(200, "{}");
  if (what == "signed-other-nonce") {
    std::string body = good.body;
    ReplaceIn(body, "\"nonce\":", "\"nonce\":9");
    return sign(200, std::move(body));
  }
  if (what == "signed-no-nonce") {
    std::string body = good.body;
    ReplaceIn(body, "\"nonce\":", "\"none\":");
    return sign(200, std::move(body));
  }
  if (what == "signed-text-valid") {
    std::string body = good.body;
    ReplaceIn(body, "\"valid\":true", "\"valid\":\"no\"");
    return sign(200, std::move(body));
  }
  if (what == "signed-no-code") {
    std::string body = good.body;
    ReplaceIn(body, "\"code\":\"VALID\"", "\"kode\":\"VALID\"");
    return sign(200, std::move(body));
  }
  if (what == "signed-valid-without-license") {
    std::string body = good.body;
    ReplaceIn(body, "\"id\":", "\"di\":");
    return sign(200, std::move(body));
  }
  if (what == "signed-twice") {
    std::string body = good.body;
    ReplaceIn(body, "\"valid\":true", "\"valid\":true,\"valid\":false");
    return sign(200, std::move(body));
  }
  if (what == "signed-errors-with-200")
    return sign(200, R"({"errors":[{"title":"t","detail":"d","code":"LICENSE_SUSPENDED"}]})");
  if (what == "signed-no-errors") return sign(403, R"({"errors":[]})");
  if (what == "signed-errors-object")
    return sign(403, R"({"errors":{"code":"LICENSE_SUSPENDED"}})");
  if (what == "signed-data-with-error-status") return sign(c.argument, good.body);
  if (what == "signed-5xx") return sign(c.argument, R"({"errors":[{"title":"t","detail":"d"}]})");
  if (what == "signed-nothing-known")
    return sign(c.argument,
                R"({"errors":[{"title":"Not found","detail":"d","code":"NOT_FOUND"}]})");
  if (what == "signed-unknown-verdict") {
    std::string body = good.body;
    ReplaceIn(body, "\"valid\":true", "\"valid\":false");
    ReplaceIn(body, "\"code\":\"VALID\"", "\"code\":\"NOBODY_KNOWS\"");
    return sign(200, std::move(body));
  }
  if (what == "signed-not-utf8") return sign(200, "{\"meta\":\"\xff\"}");
  if (what == "signed-deep") return sign(200, std::string(100, '[') + std::string(100, ']'));
  return good;
}

const Case kCases[] = {
    {"CaptivePortal200", "html", 200, "CAPTIVE_PORTAL"},
    {"CaptivePortal302", "html", 302, "CAPTIVE_PORTAL"},
    {"CaptivePortal307", "empty", 307, "CAPTIVE_PORTAL"},
    {"CaptivePortal511", "html", 511, "CAPTIVE_PORTAL"},
    {"CaptivePortal403", "html", 403, "CAPTIVE_PORTAL"},
    {"ProxyErrorPage500", "html", 500, "SERVER_TROUBLE"},
    {"ProxyErrorPage502", "html", 502, "SERVER_TROUBLE"},
    {"ProxyErrorPage503", "plain", 503, "SERVER_TROUBLE"},
    {"ProxyErrorPage504", "empty", 504, "SERVER_TROUBLE"},
    {"ProxyWantsSignIn407", "html", 407, "PROXY_OR_TLS"},
    {"PlainText200", "plain", 200},
    {"PlainText401", "plain", 401},
    {"PlainText403", "plain", 403},
    {"PlainText404", "plain", 404},
    {"Empty200", "empty", 200},
    {"Empty204", "empty", 204},
    {"Throttled429", "plain", 429, "RATE_LIMITED"},
    {"UnsignedGoodBody", "json-unsigned", 200},
    {"UnsignedGoodBodyAs403", "json-unsigned", 403},
    {"ForgedNo", "forged-no", 200},
    {"ForgedNoAs401", "forged-no", 401},
    {"TruncatedHalf", "truncated", 50},
    {"TruncatedAlmostNothing", "truncated", 99},
    {"TruncatedToNothing", "truncated", 0},
    {"OneBitOfTheBody", "body-byte"},
    {"SpaceAppended", "body-space", 0},
    {"LineAppended", "body-space", 1},
    {"VerdictSwapped", "body-swapped-verdict"},
    {"TM_16_StatusSwappedTo403", "status", 403},
    {"TM_16_StatusSwappedTo404", "status", 404},
    {"TM_16_StatusSwappedTo500", "status", 500, "SERVER_TROUBLE"},
    {"TM_16_StatusSwappedTo302", "status", 302},
    {"TM_08_SignatureStripped", "drop-signature"},
    {"TM_08_DigestStripped", "drop-digest"},
    {"TM_08_DateStripped", "drop-date"},
    {"TM_08_AllHeadersStripped", "drop-all"},
    {"SignatureEmpty", "empty-signature"},
    {"SignatureJunk", "junk-signature"},
    {"DigestOfAnotherBody", "other-digest"},
    {"DateChanged", "other-date"},
    {"DateUnreadable", "junk-date"},
    {"TM_09_AlgorithmRsaPss", "algorithm", 0},
    {"TM_09_AlgorithmRsa", "algorithm", 1},
    {"TM_09_AlgorithmEcdsa", "algorithm", 2},
    {"TM_09_AlgorithmNone", "algorithm", 3},
    {"TM_09_AlgorithmOfFiles", "algorithm", 4},
    {"TM_09_AlgorithmWithSpace", "algorithm", 5},
    {"TM_09_AlgorithmEmpty", "algorithm", 6},
    {"TM_09_AlgorithmHmac", "algorithm", 7},
    {"TM_09_AlgorithmMissing", "no-algorithm"},
    {"OneBitOfTheSignature", "signature-bit"},
    {"LessIsSigned", "headers-list"},
    {"TM_06_RecordedAnswerReplayed", "replay"},
    {"TM_17_FakeServerWithItsOwnKey", "stranger"},
    {"SignedForAnotherHost", "other-host"},
    {"SignedForAnotherMethod", "other-method"},
    {"SignedForAnotherTarget", "other-target"},
    {"SignedWithoutOurBits", "no-lk"},
    {"SignedText", "signed-text"},
    {"SignedEmpty200", "signed-empty", 200},
    {"SignedEmpty204", "signed-empty", 204},
    {"SignedArray", "signed-array"},
    {"SignedNull", "signed-null"},
    {"SignedObjectWithoutMembers", "signed-object"},
    {"SignedWithAnotherNonce", "signed-other-nonce"},
    {"SignedWithoutNonce", "signed-no-nonce"},
    {"SignedVerdictIsText", "signed-text-valid"},
    {"SignedWithoutCode", "signed-no-code"},
    {"SignedYesAboutNothing", "signed-valid-without-license"},
    {"SignedWithTwoVerdicts", "signed-twice"},
    {"SignedErrorsUnderStatus200", "signed-errors-with-200"},
    {"SignedErrorsEmpty", "signed-no-errors"},
    {"SignedErrorsOfAnotherType", "signed-errors-object"},
    {"SignedDataUnderStatus403", "signed-data-with-error-status", 403},
    {"SignedDataUnderStatus503", "signed-data-with-error-status", 503, "SERVER_TROUBLE"},
    {"Signed500", "signed-5xx", 500, "SERVER_TROUBLE"},
    {"Signed503", "signed-5xx", 503, "SERVER_TROUBLE"},
    {"SignedNotFoundWithoutCause", "signed-nothing-known", 404, "SERVER_TROUBLE"},
    {"SignedVerdictOfTheFuture", "signed-unknown-verdict", 0, ""},
    {"SignedNotUtf8", "signed-not-utf8"},
    {"SignedTooDeep", "signed-deep"},
};

class BadAnswerTest : public ::testing::TestWithParam<Case> {};

TEST_P(BadAnswerTest, TM_19_IsNeverANo) {
  ModelServer server, stranger(2);
  stranger.key = server.key;
  stranger.suspended = true;
  ModelDevice device(server, "Laptop", 3);
  device.Start();
  ASSERT_EQ(device.Activate().kind, Kind::kOk);
  const Record before = device.client().Snapshot().record;

  HttpReply recorded;
  device.weather.meddle = [&](const HttpRequest&, HttpReply reply) -> Reply {
    return recorded = reply;
  };
  ASSERT_EQ(device.client().Refresh(false).kind, Kind::kOk);

  device.Pass(std::chrono::hours(1));
  device.weather.meddle = [&](const HttpRequest& request, HttpReply reply) -> Reply {
    return Spoil(GetParam(), server, stranger, request, std::move(reply), recorded);
  };
  const Outcome outcome = device.client().Refresh(false);
  EXPECT_EQ(outcome.kind, Kind::kCannotAsk);
  if (*GetParam().words != 0) {
    EXPECT_EQ(outcome.reason, GetParam().words);
  }
  EXPECT_EQ(device.client().Check(), AccessLevel::kFull);
  const Record after = device.client().Snapshot().record;
  EXPECT_FALSE(after.denial.has_value());
  EXPECT_EQ(after.license_key, before.license_key);
  EXPECT_FALSE(after.certificate.empty());

  // And it is no activation either.
  ModelDevice fresh(server, "Fresh", 4);
  fresh.weather.meddle = device.weather.meddle;
  fresh.Start([](Config& config) { config.vendor_id = "fresh"; });
  EXPECT_NE(fresh.Activate("some-key-of-mine-1").kind, Kind::kOk);
  EXPECT_TRUE(fresh.client().Snapshot().record.certificate.empty());
}

INSTANTIATE_TEST_SUITE_P(Corpus, BadAnswerTest, ::testing::ValuesIn(kCases),
                         [](const auto& test) { return std::string(test.param.name); });

TEST(BadAnswerCorpus, TM_19_HoldsAtLeastFiftyAnswers) { EXPECT_GE(std::size(kCases), 50u); }

// Spoiling only one of the two requests of a refresh, the file's, must not matter more.
TEST(BadLeaseTest, TM_07_AFlippedBitInAFileKeepsTheOlderGoodLease) {
  ModelServer server;
  ModelDevice device(server, "Laptop", 3);
  device.Start();
  ASSERT_EQ(device.Activate().kind, Kind::kOk);
  const std::string good = device.client().Snapshot().record.certificate;
  std::size_t position = 0;
  device.weather.meddle = [&](const HttpRequest& request, HttpReply reply) -> Reply {
    if (request.target.find("check-out") == std::string::npos) return reply;
    const auto begin = reply.body.find("FILE-----") + 11;
    std::string body = reply.body;
    char& letter = body[begin + position];
    if (letter == '\\' || letter == 'n') return reply;
    letter = letter == 'A' ? 'B' : 'A';
    return server.Sign(request, "licenses.example.com", 200,
                       std::move(body));  // signed around a forged file
  };
  for (position = 0; position < 1500; position += 7) {
    const Outcome outcome = device.client().Refresh(false);
    if (outcome.kind == Kind::kOk) continue;  // the position held a line break
    EXPECT_EQ(outcome.kind, Kind::kCannotAsk) << position;
    EXPECT_EQ(device.client().Check(), AccessLevel::kFull) << position;
  }
}

TEST(BadLeaseTest, AFileOfAnotherDeviceLicenseOrProductIsRefused) {
  ModelServer server;
  ModelDevice device(server, "Laptop", 3), other(server, "Other", 4);
  other.Start();
  ASSERT_EQ(other.Activate().kind, Kind::kOk);
  const std::string theirs = other.client().Snapshot().record.certificate;
  crypto::PublicKeys keys{crypto::Ed25519PublicKey::FromHex(server.PublicKey()).value(),
                          std::nullopt, std::nullopt};
  device.Start();
  const std::string own = device.client().fingerprint();
  EXPECT_TRUE(OpenLease(theirs, server.key, other.client().fingerprint(), server.product, keys));
  EXPECT_FALSE(OpenLease(theirs, server.key, own, server.product, keys));
  EXPECT_FALSE(
      OpenLease(theirs, "another key", other.client().fingerprint(), server.product, keys));
  EXPECT_FALSE(OpenLease(theirs, server.key, other.client().fingerprint(),
                         "11111111-51c9-4e0f-8d33-6f1b2c9e4a21", keys));
}

TEST(AnswerTest, ServerAddressesAreCheckedBeforeAnythingIsSent) {
  struct Row {
    const char* url;
    const char* authority;  // nullptr: refused
    const char* base;
  };
  for (const Row& row :
       {Row{"https://licenses.example.com", "licenses.example.com", ""},
        Row{"https://Licenses.Example.com:443/", "licenses.example.com", ""},
        Row{"https://licenses.example.com:8443/keys/", "licenses.example.com:8443", "/keys"},
        Row{"http://localhost:8080", "localhost:8080", ""},
        Row{"http://127.0.0.1:80", "127.0.0.1", ""}, Row{"http://[::1]:9000", "[::1]:9000", ""},
        Row{"http://licenses.example.com", nullptr, nullptr},
        Row{"http://127.evil.example.com", nullptr, nullptr},
        Row{"http://localhost.example.com", nullptr, nullptr},
        Row{"ftp://licenses.example.com", nullptr, nullptr},
        Row{"licenses.example.com", nullptr, nullptr}, Row{"https://", nullptr, nullptr},
        Row{"https://user@host", nullptr, nullptr}, Row{"https://host:0", nullptr, nullptr},
        Row{"https://host:99999", nullptr, nullptr}, Row{"https://host:x", nullptr, nullptr},
        Row{"https://host?x=1", nullptr, nullptr}, Row{"https://ho st", nullptr, nullptr},
        Row{"https://host\r\nX: y", nullptr, nullptr}}) {
    const auto address = ParseServerUrl(row.url);
    ASSERT_EQ(address.has_value(), row.authority != nullptr) << row.url;
    if (!address) continue;
    EXPECT_EQ(address->authority, row.authority) << row.url;
    EXPECT_EQ(address->base, row.base) << row.url;
  }
}

TEST(AnswerTest, TM_11_AWeakPublicKeyIsRefusedAtOpen) {
  Config config;
  config.server_url = "https://licenses.example.com";
  config.product_id = "8a6d2b47-51c9-4e0f-8d33-6f1b2c9e4a21";
  config.vendor_id = "acme";
  config.storage_dir = "/state";
  for (const char* key :
       {"", "00", "0000000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000000"}) {
    config.public_key = key;
    EXPECT_FALSE(Check(config)) << key;
  }
}

}  // namespace
}  // namespace latchkey::client::testing
