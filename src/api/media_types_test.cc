// Media types and versions (conventions.md §1.2 rule 4, §1.3, §2).
#include "api/test_expect.h"

namespace latchkey::api {
namespace {

constexpr ExpectedError kMimeError{
    400, "MIME_TYPE_INVALID",
    "The mime type of the request is not acceptable (check content-type and accept headers)"};
constexpr std::string_view kBody =
    R"({"data":{"type":"products","attributes":{"name":"Lathe CAD"}}})";

TEST(MediaTypes, RequestBodiesOfTheseTypesAreReadAsJson) {
  TestServer server;
  for (const std::string_view type :
       {"application/vnd.api+json", "application/vnd.keygen+json", "application/json",
        "application/json; charset=utf-8", "application/json;charset=UTF-8", "Application/JSON",
        "text/plain", "text/plain; charset=utf-8", "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x", ""}) {
    SCOPED_TRACE(type);
    auto headers = server.AsAdmin();
    headers.push_back({"Content-Type", std::string(type)});
    EXPECT_EQ(server.Send("POST", "/products", headers, kBody).status, 201);
  }
}

TEST(MediaTypes, OtherWellFormedTypesBehaveLikeAnEmptyDocument) {
  TestServer server;
  for (const std::string_view type : {"application/xml", "text/html", "image/png", "x/y"}) {
    SCOPED_TRACE(type);
    auto headers = server.AsAdmin();
    headers.push_back({"Content-Type", std::string(type)});
    ExpectError(server.Send("POST", "/products", headers, kBody),
                {400, "", "is missing", "pointer /data"});
    ExpectError(server.Send("POST", "/products", headers, "not JSON at all"),
                {400, "", "is missing", "pointer /data"});
  }
}

TEST(MediaTypes, MalformedTypesAreRefusedUnsignedAndWithoutMeta) {
  TestServer server;
  for (const std::string_view type : {"vnd.api+xml", "json", "application/", "/json", "a/b/c",
                                      "application json", "application/js on", ";", "*"}) {
    SCOPED_TRACE(type);
    auto headers = server.AsAdmin();
    headers.push_back({"Content-Type", std::string(type)});
    const Answer answer = server.Send("POST", "/products", headers, kBody);
    ExpectError(answer, kMimeError);
    EXPECT_FALSE(answer.Json().as_object().contains("meta"));
    ExpectUnsigned(answer);
  }
}

struct AcceptRow {
  std::string_view accept;  // "" = header absent
  std::string_view type;    // of the answer; "" = 400
};

TEST(MediaTypes, AcceptChoosesTheTypeOfTheAnswer) {
  constexpr std::string_view kApi = "application/vnd.api+json; charset=utf-8";
  constexpr std::string_view kJson = "application/json; charset=utf-8";
  const AcceptRow rows[] = {
      {"", kApi},
      {"application/vnd.api+json", kApi},
      {"application/vnd.keygen+json", kApi},
      {"application/vnd.api+json, application/json", kApi},
      {"application/vnd.api+json;q=0.9,application/json", kApi},
      {"application/json", kJson},
      {"APPLICATION/JSON", kJson},
      {"application/json, application/vnd.api+json", kJson},
      {"*/*, application/json", kJson},
      {"application/json, */*", kJson},
      {"text/html, application/json;q=0.1", kJson},
      {"*/*", kApi},
      {"*", kApi},
      {"application/octet-stream", kApi},
      {"text/html,application/xhtml+xml,*/*;q=0.8", kApi},
      {"text/html", ""},
      {"text/plain", ""},
      {"application/*", ""},
      {"application/xml, image/png", ""},
      {"garbage", ""},
      {",,,", ""},
  };
  TestServer server;
  for (const AcceptRow& row : rows) {
    SCOPED_TRACE(row.accept);
    auto headers = server.AsAdmin();
    if (!row.accept.empty()) headers.push_back({"Accept", std::string(row.accept)});
    const Answer answer = server.Send("GET", "/products", headers);
    if (row.type.empty()) {
      ExpectError(answer, kMimeError);
      ExpectUnsigned(answer);
    } else {
      EXPECT_EQ(answer.status, 200);
      EXPECT_EQ(answer.header("Content-Type"), row.type);
    }
  }
}

TEST(MediaTypes, WithoutAcceptAPlainJsonBodyIsAnsweredAsPlainJson) {
  TestServer server;
  auto headers = server.AsAdmin();
  headers.push_back({"Content-Type", "application/json"});
  EXPECT_EQ(server.Send("POST", "/products", headers, kBody).header("Content-Type"),
            "application/json; charset=utf-8");
  headers.push_back({"Accept", ""});  // blank is absent
  EXPECT_EQ(server.Send("POST", "/products", headers, kBody).header("Content-Type"),
            "application/json; charset=utf-8");
  // Without a body the type of nothing does not matter.
  EXPECT_EQ(server.Send("GET", "/products", headers).header("Content-Type"),
            "application/vnd.api+json; charset=utf-8");
}

TEST(MediaTypes, RepeatedAcceptHeadersAreOneList) {
  TestServer server;
  auto headers = server.AsAdmin();
  headers.push_back({"Accept", "text/html"});
  headers.push_back({"accept", "application/json"});
  EXPECT_EQ(server.Send("GET", "/products", headers).header("Content-Type"),
            "application/json; charset=utf-8");
}

TEST(MediaTypes, ErrorsAreNegotiatedLikeDocuments) {
  TestServer server;
  auto headers = server.AsAdmin();
  headers.push_back({"Accept", "application/json"});
  for (const Answer& answer : {server.Send("GET", "/products/none", headers),
                               server.Send("GET", "/no-such-route", headers),
                               server.Send("POST", "/products", headers, "{"),
                               server.Send("GET", "/v1/accounts/nobody/products", headers)}) {
    EXPECT_GE(answer.status, 400);
    EXPECT_EQ(answer.header("Content-Type"), "application/json; charset=utf-8") << answer.target;
  }
}

TEST(MediaTypes, OnlyTwoSuffixesAreTolerated) {
  TestServer server;
  const std::string product = server.AddProduct();
  for (const std::string& path : {std::string("/products.json"), std::string("/products.jsonapi"),
                                  "/products/" + product + ".json", std::string("/products/"),
                                  std::string("/products///"), std::string("/me.json")})
    EXPECT_EQ(server.Get(path).status, 200) << path;
  for (const std::string& path : {std::string("/products.xml"), std::string("/products.html"),
                                  std::string("/me.js"), "/products/" + product + ".xml"})
    ExpectError(server.Get(path), kMimeError);
}

TEST(MediaTypes, VersionsAreComparedAsExactText) {
  TestServer server;
  for (const std::string_view version :
       {"1.8", "v1.8", "1.7", "v1.7", "1.6", "1.5", "1.4", "1.3", "1.2", "1.1", "v1.0"}) {
    auto headers = server.AsAdmin();
    headers.push_back({"Keygen-Version", std::string(version)});
    const Answer answer = server.Send("GET", "/products", headers);
    EXPECT_EQ(answer.status, 200) << version;
    EXPECT_EQ(answer.header("Keygen-Version"),
              version.starts_with('v') ? version.substr(1) : version);
  }
  EXPECT_EQ(server.Get("/products").header("Keygen-Version"), "1.8");
  for (const std::string_view version :
       {"1", "1.8.0", "2.0", "", "vv1.8", "1.80", "latest", "1.9", "0.9", "١.٨"}) {
    SCOPED_TRACE(version);
    auto headers = server.AsAdmin();
    headers.push_back({"Keygen-Version", std::string(version)});
    const Answer answer = server.Send("GET", "/products", headers);
    ExpectError(answer, {400, "INVALID_API_VERSION", "unsupported API version requested"});
    EXPECT_TRUE(answer.Json().at("errors").at(0).at("links").as_object().contains("about"));
    ExpectUnsigned(answer);
    for (const http::Header& header : answer.headers)
      EXPECT_FALSE(header.name.starts_with("Keygen-")) << header.name;
    EXPECT_EQ(answer.Json().at("meta").at("id").as_string(), answer.header("X-Request-Id"));
  }
}

}  // namespace
}  // namespace latchkey::api
