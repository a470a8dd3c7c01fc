// Response signatures (conventions.md §6), over every kind of response.
#include "api/test_expect.h"

namespace latchkey::api {
namespace {

using crypto::SignatureAlgorithm;

struct AlgorithmRow {
  std::string_view name;
  SignatureAlgorithm algorithm;
};
constexpr AlgorithmRow kAlgorithms[] = {
    {"ed25519", SignatureAlgorithm::kEd25519},
    {"rsa-pss-sha256", SignatureAlgorithm::kRsaPssSha256},
    {"rsa-sha256", SignatureAlgorithm::kRsaSha256},
    {"ecdsa-p256", SignatureAlgorithm::kEcdsaP256},
};

TestServer::Headers With(TestServer::Headers headers, std::string_view name, std::string value) {
  headers.push_back({std::string(name), std::move(value)});
  return headers;
}

TEST(Signatures, EveryAlgorithmSignsEveryKindOfResponse) {
  TestServer server;
  const std::string product = server.AddProduct();
  const auto created = DocumentOf("products", {{"name", "Mill"}});
  for (const AlgorithmRow& row : kAlgorithms) {
    SCOPED_TRACE(row.name);
    const std::string accept = "algorithm=\"" + std::string(row.name) + "\"";
    const auto admin = With(server.AsAdmin(), "Keygen-Accept-Signature", accept);
    const TestServer::Headers nobody{{"Keygen-Accept-Signature", accept}};
    const Answer made = server.Send("POST", "/products", admin, created);
    const std::pair<int, Answer> answers[] = {
        {201, made},
        {200, server.Send("GET", "/products?limit=1&x=%20%2F", admin)},
        {200, server.Send("GET", "/products/" + product, admin)},
        {200, server.Send("HEAD", "/products/" + product, admin)},
        {204, server.Send("DELETE", "/products/" + made.Id(), admin)},
        {400, server.Send("POST", "/products", admin, std::string_view("{}"))},
        {401, server.Send("GET", "/products", nobody)},
        {403, server.Send("DELETE", "/products/" + product,
                          With(TestServer::AsToken(server.TokenOf(server.AddUser(
                                   std::string(row.name) + "@acme.example", "read-only"))),
                               "Keygen-Accept-Signature", accept))},
        {404, server.Send("GET", "/products/none", admin)},
        {422, server.Send("POST", "/products", admin,
                          DocumentOf("products", {{"name", "x"}, {"url", "nonsense"}}))},
        {400, server.Send("GET", "/products", With(admin, "Keygen-Environment", "none"))},
    };
    for (const auto& [status, answer] : answers) {
      SCOPED_TRACE(answer.method + " " + answer.target + " " + answer.body);
      EXPECT_EQ(answer.status, status);
      // The environment is looked at before the wished algorithm (§1.4): that answer is ed25519.
      const bool before = http::Has(answer.headers, "Keygen-Signature") &&
                          answer.Detail() == "environment is invalid";
      EXPECT_TRUE(
          server.SignatureHolds(answer, before ? SignatureAlgorithm::kEd25519 : row.algorithm));
      const std::string start = "keyid=\"" + server.account_id().ToString() + "\", algorithm=\"" +
                                std::string(before ? "ed25519" : row.name) + "\", signature=\"";
      EXPECT_TRUE(answer.header("Keygen-Signature").starts_with(start))
          << answer.header("Keygen-Signature");
      EXPECT_TRUE(answer.header("Keygen-Signature")
                      .ends_with("\", headers=\"(request-target) host date digest\""));
      EXPECT_EQ(answer.header("Date"), answer.header("Keygen-Date"));
      EXPECT_TRUE(answer.header("Date").ends_with(" GMT"));
      EXPECT_EQ(answer.header("Digest"), answer.header("Keygen-Digest"));
    }
  }
}

TEST(Signatures, ChangedBytesDoNotVerify) {
  TestServer server;
  server.AddProduct();
  for (const AlgorithmRow& row : kAlgorithms) {
    const Answer answer = server.Send("GET", "/products",
                                      With(server.AsAdmin(), "Keygen-Accept-Signature",
                                           "algorithm=\"" + std::string(row.name) + "\""));
    ASSERT_TRUE(server.SignatureHolds(answer, row.algorithm));
    Answer body = answer;
    body.body.back() = ' ';
    EXPECT_FALSE(server.SignatureHolds(body, row.algorithm));
    Answer method = answer;
    method.method = "POST";
    EXPECT_FALSE(server.SignatureHolds(method, row.algorithm));
    Answer target = answer;
    target.target += "?x";
    EXPECT_FALSE(server.SignatureHolds(target, row.algorithm));
    for (const AlgorithmRow& other : kAlgorithms)
      if (other.algorithm != row.algorithm) {
        EXPECT_FALSE(server.SignatureHolds(answer, other.algorithm)) << row.name << other.name;
      }
  }
}

TEST(Signatures, AnEmptyBodyHasTheDigestOfNothing) {
  TestServer server;
  const Answer gone = server.Send("DELETE", "/products/" + server.AddProduct(), server.AsAdmin());
  EXPECT_EQ(gone.status, 204);
  EXPECT_EQ(gone.body, "");
  EXPECT_FALSE(http::Has(gone.headers, "Content-Type"));
  EXPECT_EQ(gone.header("Digest"), "sha-256=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=");
}

TEST(Signatures, TheTargetIsSignedAsReceived) {
  TestServer server;
  for (const std::string_view path :
       {"/products?b=2&a=1", "/products?x=%e4%bd%a0", "/products/?limit=1", "//products",
        "/products?token=&page%5Bnumber%5D=1", "/v1/products?UPPER=Case"}) {
    const Answer answer = server.Get(path);
    EXPECT_EQ(answer.status, 200) << path << answer.body;
    EXPECT_TRUE(server.SignatureHolds(answer)) << path;
  }
}

TEST(Signatures, WishesAreReadByTheGrammar) {
  TestServer server;
  const std::string id = server.account_id().ToString();
  for (const std::string& wish :
       {std::string(), std::string("  "), std::string("algorithm=\"ed25519\""),
        std::string("algorithm=\"ED25519\""), "keyid=\"" + id + "\", algorithm=\"ed25519\"",
        std::string("algorithm=\"ed25519\";")}) {
    const Answer answer =
        server.Send("GET", "/products", With(server.AsAdmin(), "Keygen-Accept-Signature", wish));
    EXPECT_EQ(answer.status, 200) << wish << answer.body;
    ExpectSigned(server, answer);
  }
  const std::pair<std::string, std::string_view> wrong[] = {
      {"ed25519", "invalid accept-signature header (malformed)"},
      {"algorithm=ed25519", "invalid accept-signature header (malformed)"},
      {"signature=\"x\"", "invalid accept-signature header (malformed)"},
      {"algorithm=\"md5\"", "invalid accept-signature header (unsupported algorithm)"},
      {"keyid=\"00000000-0000-4000-8000-000000000000\", algorithm=\"ed25519\"",
       "invalid accept-signature header (keyid not found)"},
  };
  for (const auto& [wish, detail] : wrong) {
    SCOPED_TRACE(wish);
    const Answer answer =
        server.Send("GET", "/products", With(server.AsAdmin(), "Keygen-Accept-Signature", wish));
    ExpectError(answer, {400, "", detail});
    ExpectSigned(server, answer);
  }
}

TEST(Signatures, NothingIsSignedBeforeTheAccountIsKnown) {
  TestServer server;
  const auto admin = server.AsAdmin();
  for (const Answer& answer :
       {server.Send("POST", "/products", admin, "{"), server.Send("GET", "/nothing-here", admin),
        server.Send("GET", "/products", With(admin, "Accept", "text/html")),
        server.Send("GET", "/products", With(admin, "Keygen-Version", "9.9")),
        server.Send("GET", "/v1/accounts/nobody/products", admin),
        server.Send("GET", "/products?a=%zz", admin), server.Send("GRAB", "/products", admin),
        server.Send("GET", "/v1/health", {}), server.Send("GET", "/v1/accounts/nobody/ping", {})})
    ExpectUnsigned(answer);
}

}  // namespace
}  // namespace latchkey::api
