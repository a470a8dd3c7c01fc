// CORS and the other response headers (conventions.md §7.2, §7.3).
#include <algorithm>

#include "api/test_expect.h"

namespace latchkey::api {
namespace {

TEST(Cors, WithoutAnOriginNothingIsSaid) {
  TestServer server;
  const Answer answer = server.Get("/products");
  for (const http::Header& header : answer.headers)
    EXPECT_FALSE(header.name.starts_with("Access-Control-")) << header.name;
}

TEST(Cors, EveryResponseToAnOriginAllowsIt) {
  TestServer server;
  auto admin = server.AsAdmin();
  admin.push_back({"Origin", "https://shop.example"});
  for (const Answer& answer :
       {server.Send("GET", "/products", admin), server.Send("GET", "/products/none", admin),
        server.Send("POST", "/products", admin, "{"), server.Send("GET", "/none", admin),
        server.Send("GET", "/products", {{"Origin", "null"}})}) {
    SCOPED_TRACE(answer.target + answer.body);
    EXPECT_EQ(answer.header("Access-Control-Allow-Origin"), "*");
    EXPECT_EQ(answer.header("Access-Control-Allow-Methods"),
              "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS");
    EXPECT_EQ(answer.header("Access-Control-Max-Age"), "86400");
    EXPECT_EQ(answer.header("Vary"), "Origin");
    EXPECT_FALSE(http::Has(answer.headers, "Access-Control-Allow-Credentials"));
    const std::string exposed =
        ", " + std::string(answer.header("Access-Control-Expose-Headers")) + ",";
    for (const std::string_view name : {"keygen-account",
                                        "keygen-bearer",
                                        "keygen-token",
                                        "keygen-account-id",
                                        "keygen-bearer-id",
                                        "keygen-token-id",
                                        "keygen-environment",
                                        "keygen-version",
                                        "keygen-edition",
                                        "keygen-mode",
                                        "keygen-revision",
                                        "keygen-date",
                                        "keygen-digest",
                                        "keygen-signature",
                                        "keygen-accept-signature",
                                        "x-ratelimit-window",
                                        "x-ratelimit-count",
                                        "x-ratelimit-limit",
                                        "x-ratelimit-remaining",
                                        "x-ratelimit-reset",
                                        "x-request-id",
                                        "x-signature",
                                        "date",
                                        "digest"})
      EXPECT_NE(exposed.find(", " + std::string(name) + ","), std::string::npos) << name;
  }
}

TEST(Cors, APreflightIsAnsweredForAnyPathWithoutCredentials) {
  TestServer server;
  for (const std::string_view path : {"/products", "/no-such-route", "/v1/accounts/nobody/me"}) {
    const Answer answer = server.Send("OPTIONS", path,
                                      {{"Origin", "https://shop.example"},
                                       {"Access-Control-Request-Method", "PATCH"},
                                       {"Access-Control-Request-Headers", "Authorization, X-Own"},
                                       {"Accept", "text/html"}});
    EXPECT_EQ(answer.status, 200) << path;
    EXPECT_EQ(answer.body, "");
    EXPECT_EQ(answer.header("Access-Control-Allow-Headers"), "Authorization, X-Own");
    EXPECT_EQ(answer.header("Access-Control-Allow-Origin"), "*");
  }
}

TEST(Cors, OptionsThatIsNoPreflightHasNoRoute) {
  TestServer server;
  ExpectError(server.Send("OPTIONS", "/products", {{"Origin", "https://shop.example"}}),
              {404, "NOT_FOUND",
               "The requested endpoint was not found (check your HTTP method, Accept header, and "
               "URL path)"});
}

TEST(ResponseHeaders, NameAccountBearerTokenAndServer) {
  TestServer server;
  const Answer me = server.Get("/me");
  EXPECT_EQ(me.header("Keygen-Account"), server.account_id().ToString());
  EXPECT_EQ(me.header("Keygen-Bearer"), me.Id());
  EXPECT_EQ(me.header("Keygen-Token"),
            std::string(me.Json().at("included").at(0).at("id").as_string()));
  EXPECT_EQ(me.header("Keygen-Version"), "1.8");
  EXPECT_EQ(me.header("Keygen-Edition"), "EE");
  EXPECT_EQ(me.header("Keygen-Mode"), "singleplayer");
  EXPECT_EQ(me.header("Keygen-Revision"), "test");
  EXPECT_EQ(me.header("Cache-Control"), "no-transform, no-store, max-age=0");
  for (const std::string_view absent : {"Keygen-Environment", "Keygen-License", "ETag",
                                        "Last-Modified", "X-Signature", "X-RateLimit-Window"})
    EXPECT_FALSE(http::Has(me.headers, absent)) << absent;
  const auto id = Uuid::Parse(me.header("X-Request-Id"));
  ASSERT_TRUE(id);
  EXPECT_EQ(me.header("X-Request-Id")[14], '7') << "UUIDv7";
}

TEST(ResponseHeaders, AnIncomingRequestIdIsNotHonoured) {
  TestServer server;
  auto headers = server.AsAdmin();
  headers.push_back({"X-Request-Id", "019cb2a1-5c4e-7d11-8f39-0c9d2b7e4a55"});
  EXPECT_NE(server.Send("GET", "/me", headers).header("X-Request-Id"),
            "019cb2a1-5c4e-7d11-8f39-0c9d2b7e4a55");
}

TEST(ResponseHeaders, EachIsSentOnce) {
  TestServer server;
  auto headers = server.AsAdmin();
  headers.push_back({"Origin", "https://shop.example"});
  for (const Answer& answer :
       {server.Send("GET", "/me", headers),
        server.Send("POST", "/products", headers, DocumentOf("products", {{"name", "Mill"}})),
        server.Send("GET", "/products/none", headers)}) {
    std::vector<std::string> names;
    for (const http::Header& header : answer.headers) names.push_back(header.name);
    std::sort(names.begin(), names.end());
    EXPECT_EQ(std::adjacent_find(names.begin(), names.end()), names.end()) << answer.target;
  }
}

TEST(ResponseHeaders, KeyAuthenticationNamesNoToken) {
  TestServer server;
  const Answer license = server.AddLicense(server.AddPolicy(server.AddProduct()));
  const Answer me =
      server.Send("GET", "/me", TestServer::AsLicense(license.Attribute("key").as_string()));
  EXPECT_EQ(me.status, 200) << me.body;
  EXPECT_EQ(me.header("Keygen-Bearer"), license.Id());
  EXPECT_FALSE(http::Has(me.headers, "Keygen-Token"));
}

}  // namespace
}  // namespace latchkey::api
