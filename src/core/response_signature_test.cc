#include "core/response_signature.h"

#include <gmock/gmock.h>

#include "base/time.h"
#include "test/support/program.h"
#include "test/support/vector_file.h"

namespace latchkey::core {
namespace {

using crypto::SignatureAlgorithm;
using test::CaseName;
using test::ReadVectors;
using test::TextOf;
using test::VectorCase;

const crypto::AccountKeys& Keys() {
  static const crypto::AccountKeys keys = test::VectorKeys();
  return keys;
}

// ---- response-signatures.json, webhook-signatures.json

class SignatureVector : public testing::TestWithParam<VectorCase> {
 protected:
  std::string Input(std::string_view name) const {
    return TextOf(GetParam().input, name).value_or(std::string());
  }
  std::string Header(std::string_view name) const {
    return TextOf(GetParam().input.at("headers").as_object(), name).value_or(std::string());
  }
  SignatureAlgorithm Algorithm() const {
    return *crypto::ParseSignatureAlgorithm(Input("algorithm"));
  }

  void CheckVerdict(const test::VectorFile& file) const {
    const std::string method = Input("method"), target = Input("target"), host = Input("host"),
                      body = Input("body"), signature = Header("Keygen-Signature"),
                      digest = Header("Digest"), date = Header("Date");
    const auto keys = test::VectorPublicKeys(file, TextOf(GetParam().input, "public_key")).value();
    const auto signed_at = VerifyResponse({.method = method,
                                           .target = target,
                                           .host = SignedHost(host, true),
                                           .body = body,
                                           .signature = signature,
                                           .digest = digest,
                                           .date = date},
                                          Algorithm(), keys);
    // The date is the caller's to judge: 5 minutes either way (threat-model row 46).
    const TimePoint now =
        *base::ParseTime(TextOf(GetParam().input, "now").value_or("2026-03-03T09:15:30Z"));
    const bool fresh =
        signed_at && *signed_at <= now + Seconds(300) && *signed_at >= now - Seconds(300);
    EXPECT_EQ(fresh, GetParam().accepted()) << GetParam().why;
    if (const auto text = TextOf(GetParam().expect, "signing_string")) {
      EXPECT_EQ(
          "(request-target): " + SigningText(method, target, SignedHost(host, true), date, digest),
          *text);
    }
  }

  void CheckMade(const test::VectorFile& file) const {
    if (!GetParam().accepted()) {
      EXPECT_FALSE(GetParam().reproducible);
      return;
    }
    const std::string method = Input("method"), target = Input("target"), host = Input("host"),
                      body = Input("body");
    const json::object& keys = file.all.at("keys").as_object();
    std::optional<crypto::AccountKeys> own;
    if (const auto name = TextOf(GetParam().input, "public_key"))
      own.emplace(crypto::Ed25519PrivateKey::FromSeed(
                      *base::FromHex(*TextOf(keys.at(*name).as_object(), "seed")))
                      .value(),
                  std::nullopt, std::nullopt);
    const crypto::AccountKeys& account = own ? *own : Keys();
    const std::string signed_host = SignedHost(host, true);
    const auto header = SignResponse({method, target, signed_host, Header("Date"), body},
                                     "0d5f2c1e-7a36-4f0b-9f0e-6c1c2f8a9b10", Algorithm(), account)
                            .value();
    if (GetParam().reproducible) {
      EXPECT_EQ(header, Header("Keygen-Signature"));
    }
    EXPECT_EQ(DigestHeader(body), Header("Digest"));
    EXPECT_TRUE(VerifyResponse({.method = method,
                                .target = target,
                                .host = signed_host,
                                .body = body,
                                .signature = header,
                                .digest = Header("Digest"),
                                .date = Header("Date")},
                               Algorithm(), account.public_keys()));
  }
};

const test::VectorFile& Responses() {
  static const test::VectorFile file = ReadVectors("response-signatures");
  return file;
}
const test::VectorFile& Webhooks() {
  static const test::VectorFile file = ReadVectors("webhook-signatures");
  return file;
}

class ResponseVector : public SignatureVector {};
TEST_P(ResponseVector, HasTheVerdict) { CheckVerdict(Responses()); }
TEST_P(ResponseVector, IsSignedAgain) { CheckMade(Responses()); }
INSTANTIATE_TEST_SUITE_P(All, ResponseVector,
                         testing::ValuesIn(ReadVectors("response-signatures").cases), CaseName);

class WebhookVector : public SignatureVector {};
TEST_P(WebhookVector, HasTheVerdict) { CheckVerdict(Webhooks()); }
TEST_P(WebhookVector, IsSignedAgain) { CheckMade(Webhooks()); }
INSTANTIATE_TEST_SUITE_P(All, WebhookVector,
                         testing::ValuesIn(ReadVectors("webhook-signatures").cases), CaseName);

// ---- accept-signature.json

class AcceptVector : public testing::TestWithParam<VectorCase> {};
TEST_P(AcceptVector, HasTheAnswer) {
  const auto header = TextOf(GetParam().input, "header");
  const auto algorithm =
      ParseAcceptSignature(header ? std::optional<std::string_view>(*header) : std::nullopt,
                           *TextOf(GetParam().input, "account"));
  const bool ok = *TextOf(GetParam().expect, "result") == "ok";
  ASSERT_EQ(algorithm.has_value(), ok) << GetParam().why;
  if (ok) {
    EXPECT_EQ(crypto::Name(*algorithm), *TextOf(GetParam().expect, "algorithm"));
    return;
  }
  EXPECT_EQ(algorithm.error().code, Errc::kAcceptSignatureInvalid);
  EXPECT_EQ(algorithm.error().detail, *TextOf(GetParam().expect, "detail"));
}
INSTANTIATE_TEST_SUITE_P(All, AcceptVector,
                         testing::ValuesIn(ReadVectors("accept-signature").cases), CaseName);

TEST(SignatureVectors, AreAllRead) {
  EXPECT_GE(Responses().cases.size(), 49u);
  EXPECT_GE(Webhooks().cases.size(), 22u);
  EXPECT_GE(ReadVectors("accept-signature").cases.size(), 23u);
}

TEST(AcceptSignature, NamesTheKeyThatIsAskedFor) {
  const auto accept =
      ReadAcceptSignature(R"(keyid="k_0123456789abcdef", algorithm="ed25519")").value();
  EXPECT_EQ(accept.keyid, "k_0123456789abcdef");
  EXPECT_EQ(accept.algorithm, SignatureAlgorithm::kEd25519);
  EXPECT_EQ(ReadAcceptSignature(std::nullopt).value().keyid, "");
}

TEST(AcceptSignature, HasOneForm) {
  for (const std::string_view text :
       {R"(algorithm="")", R"(algorithm="ed25519" x)", R"(algorithm="ed25519";;)",
        R"(algorithm="ed25519", keyid="a")", R"(keyid="", algorithm="ed25519")",
        R"(keyid="a" algorithm="ed25519")", R"(keyid="a",, algorithm="ed25519")",
        R"(keyid="a", keyid="a", algorithm="ed25519")", R"(ALGORITHM="ed25519")", ",", ";", "\"",
        "algorithm"}) {
    const auto accept = ReadAcceptSignature(text);
    ASSERT_FALSE(accept) << text;
    EXPECT_EQ(accept.error().detail, "invalid accept-signature header (malformed)") << text;
  }
}

// ---- the parts

TEST(Host, LosesTheDefaultPortOfItsSchemeOnly) {
  const std::tuple<std::string_view, bool, std::string_view> rows[] = {
      {"Licensing.ACME.test", true, "licensing.acme.test"},
      {"licensing.acme.test:443", true, "licensing.acme.test"},
      {"licensing.acme.test:443", false, "licensing.acme.test:443"},
      {"licensing.acme.test:80", false, "licensing.acme.test"},
      {"licensing.acme.test:80", true, "licensing.acme.test:80"},
      {"licensing.acme.test:8443", true, "licensing.acme.test:8443"},
      {"licensing.acme.test:4430", true, "licensing.acme.test:4430"},
      {" a.test ", true, "a.test"},
      {"[::1]:443", true, "[::1]"},
      {"", true, ""}};
  for (const auto& [host, tls, expected] : rows) EXPECT_EQ(SignedHost(host, tls), expected);
}

TEST(Digest, OfAnEmptyBodyIsThePublishedOne) {
  EXPECT_EQ(DigestHeader(""), "sha-256=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=");
}

// One signed answer, of which each test spoils a part.
struct Answer {
  std::string method = "POST", target = "/v1/licenses/actions/validate-key?lk=abc",
              host = "a.test:8443", body = R"({"meta":{"valid":true}})",
              date = "Tue, 03 Mar 2026 09:15:00 GMT";
  std::string digest = DigestHeader(body);
  std::string signature = SignResponse({method, target, host, date, body}, "account",
                                       SignatureAlgorithm::kEd25519, Keys())
                              .value();
  Result<TimePoint> Verify() const {
    return VerifyResponse({method, target, host, body, signature, digest, date},
                          SignatureAlgorithm::kEd25519, Keys().public_keys());
  }
};

TEST(Response, GivesTheSignedDate) {
  const auto date = Answer().Verify();
  ASSERT_TRUE(date);
  EXPECT_EQ(base::FormatTime(*date), "2026-03-03T09:15:00.000Z");
}

TEST(Response, TM_08_WithoutOneOfItsHeadersIsRefused) {
  for (std::string Answer::*header : {&Answer::signature, &Answer::digest, &Answer::date}) {
    Answer answer;
    (answer.*header).clear();
    EXPECT_FALSE(answer.Verify());
  }
}

TEST(Response, TM_12_TheKeyidSelectsNothing) {
  Answer answer;
  answer.signature.replace(answer.signature.find("account"), 7, "another");
  EXPECT_TRUE(answer.Verify());
  crypto::PublicKeys others = Keys().public_keys();
  others.ed25519 = crypto::Ed25519PublicKey::FromHex(
                       "29acbae141bccaf0b22e1a94d34d0bc7361e526d0bfe12c89794bc9322966dd7")
                       .value();
  EXPECT_EQ(VerifyResponse({answer.method, answer.target, answer.host, answer.body,
                            answer.signature, answer.digest, answer.date},
                           SignatureAlgorithm::kEd25519, others)
                .error()
                .code,
            Errc::kSignatureInvalid);
}

TEST(Response, WithAnyByteOfItsSignatureHeaderChangedIsRefusedUnlessItIsTheKeyid) {
  const Answer genuine;
  const std::size_t keyid = genuine.signature.find("account");
  for (std::size_t i = 0; i < genuine.signature.size(); ++i) {
    Answer answer;
    answer.signature[i] = answer.signature[i] == 'x' ? 'y' : 'x';
    EXPECT_EQ(answer.Verify().has_value(), i >= keyid && i < keyid + 7) << answer.signature;
  }
}

TEST(Response, WithALineBreakInAPartIsRefused) {
  const std::string date = "Tue, 03 Mar 2026 09:15:00 GMT", host = "a.test", body;
  const std::string target = "/v1/x\nhost: a.test";
  const auto signature = SignResponse({"GET", target, host, date, body}, "account",
                                      SignatureAlgorithm::kEd25519, Keys())
                             .value();
  EXPECT_EQ(VerifyResponse({"GET", target, host, body, signature, DigestHeader(body), date},
                           SignatureAlgorithm::kEd25519, Keys().public_keys())
                .error()
                .code,
            Errc::kMalformed);
}

TEST(Response, WithAnotherSpellingOfItsDateIsRefused) {
  for (const std::string date : {"Mon, 03 Mar 2026 09:15:00 GMT", "2026-03-03T09:15:00Z",
                                 "Tue, 03 Mar 2026 09:15:00 UTC", "Tue, 3 Mar 2026 09:15:00 GMT"}) {
    Answer answer;
    answer.date = date;
    answer.signature = SignResponse({answer.method, answer.target, answer.host, date, answer.body},
                                    "account", SignatureAlgorithm::kEd25519, Keys())
                           .value();
    ASSERT_FALSE(answer.Verify()) << date;
    EXPECT_EQ(answer.Verify().error().code, Errc::kMalformed);
  }
}

TEST(Sign, FailsWithoutTheKeyPair) {
  const crypto::AccountKeys lone(Keys().ed25519(), std::nullopt, std::nullopt);
  const auto signature =
      SignResponse({"GET", "/", "a.test", "", ""}, "account", SignatureAlgorithm::kRsaSha256, lone);
  ASSERT_FALSE(signature);
  EXPECT_EQ(signature.error().code, Errc::kInternal);
}

// ---- a program that shares no code with ours (test/interop/verify_response.py)

TEST(VerifyResponseProgram, AcceptsOurAnswersAndRefusesChangedOnes) {
  if (!test::HasPythonCryptography())
    GTEST_SKIP() << "python3-cryptography is not installed: not checked here";
  const test::TemporaryFolder folder;
  const Answer answer;
  const auto dump = [&](const std::string& body, const std::string& date) {
    return "HTTP/1.1 200 OK\r\nContent-Type: application/vnd.api+json\r\nDate: " + date +
           "\r\nDigest: " + DigestHeader(body) + "\r\nKeygen-Date: " + date +
           "\r\nKeygen-Digest: " + DigestHeader(body) +
           "\r\nKeygen-Signature: " + answer.signature + "\r\n\r\n" + body;
  };
  const std::string hex = Keys().ed25519().public_key().ToHex();
  const auto run = [&](const std::string& method, const std::string& url, const std::string& text) {
    return test::RunProgram("python3 test/interop/verify_response.py --public-key " + hex + " " +
                            method + " '" + url + "' " + folder.Write("answer.txt", text))
        .status;
  };
  const std::string url = "https://A.test:8443" + answer.target;
  EXPECT_EQ(run("POST", url, dump(answer.body, answer.date)), 0);
  EXPECT_EQ(run("POST", url, "HTTP/1.1 100 Continue\r\n\r\n" + dump(answer.body, answer.date)), 0);
  EXPECT_EQ(run("GET", url, dump(answer.body, answer.date)), 1);
  EXPECT_EQ(run("POST", url + "x", dump(answer.body, answer.date)), 1);
  EXPECT_EQ(run("POST", url, dump(answer.body + " ", answer.date)), 1);
  EXPECT_EQ(run("POST", url, dump(answer.body, "Tue, 03 Mar 2026 09:15:01 GMT")), 1);
  EXPECT_EQ(run("POST", url, "HTTP/1.1 200 OK\r\n\r\n" + answer.body), 1);
}

}  // namespace
}  // namespace latchkey::core
