// Request documents, values and metadata (conventions.md §1.5 to §1.8), on products and policies.
#include <algorithm>

#include "api/test_expect.h"

namespace latchkey::api {
namespace {

constexpr std::string_view kJsonError =
    "The request could not be completed because it contains invalid JSON (check "
    "formatting/encoding)";

std::string Product(std::string_view attributes) {
  return R"({"data":{"type":"products","attributes":)" + std::string(attributes) + "}}";
}

class Documents : public testing::Test {
 protected:
  Answer Create(std::string_view body) {
    return server.Send("POST", "/products", server.AsAdmin(), body);
  }
  Answer WithMetadata(std::string_view metadata) {
    return Create(Product(R"({"name":"x","metadata":)" + std::string(metadata) + "}"));
  }
  TestServer server;
};

struct SchemaRow {
  std::string_view body, detail, source;
};

TEST_F(Documents, SchemaFailuresAreOneErrorWithItsPointer) {
  const SchemaRow rows[] = {
      {"", "is missing", "pointer /data"},
      {"{}", "is missing", "pointer /data"},
      {"null", "is missing", "pointer /data"},
      {R"("text")", "type mismatch (received string expected object)", ""},
      {"17", "type mismatch (received integer expected object)", ""},
      {R"({"data":null})", "cannot be null", "pointer /data"},
      {R"({"data":[]})", "type mismatch (received array expected object)", "pointer /data"},
      {R"([{"type":"products"}])", "type mismatch (received array expected object)",
       "pointer /data"},
      {R"({"data":"x"})", "type mismatch (received string expected object)", "pointer /data"},
      {R"({"data":{"attributes":{"name":"x"}}})", "is missing", "pointer /data/type"},
      {R"({"data":{"type":null}})", "cannot be null", "pointer /data/type"},
      {R"({"data":{"type":7}})", "type mismatch (received integer expected string)",
       "pointer /data/type"},
      {R"({"data":{"type":" "}})", "cannot be blank", "pointer /data/type"},
      {R"({"data":{"type":"policies"}})", "is invalid", "pointer /data/type"},
      {R"({"data":{"type":"PRODUCTS","attributes":{"name":"x"}}})", "is invalid",
       "pointer /data/type"},
      {R"({"data":{"type":"product s","attributes":{"name":"x"}}})", "is invalid",
       "pointer /data/type"},
      {R"({"data":{"type":"products"}})", "is missing", "pointer /data/attributes"},
      {R"({"data":{"type":"products","attributes":null}})", "cannot be null",
       "pointer /data/attributes"},
      {R"({"data":{"type":"products","attributes":[]}})",
       "type mismatch (received array expected object)", "pointer /data/attributes"},
      {R"({"data":{"type":"products","attributes":{"code":"x"}}})", "is missing",
       "pointer /data/attributes/name"},
      {R"({"data":{"type":"products","attributes":{"name":null}}})", "cannot be null",
       "pointer /data/attributes/name"},
      {R"({"data":{"type":"products","attributes":{"name":""}}})", "cannot be blank",
       "pointer /data/attributes/name"},
      {R"({"data":{"type":"products","attributes":{"name":" \t\r\n"}}})", "cannot be blank",
       "pointer /data/attributes/name"},
      {R"({"data":{"type":"products","attributes":{"name":1}}})",
       "type mismatch (received integer expected string)", "pointer /data/attributes/name"},
      {R"({"data":{"type":"products","attributes":{"name":1.5}}})",
       "type mismatch (received float expected string)", "pointer /data/attributes/name"},
      {R"({"data":{"type":"products","attributes":{"name":true}}})",
       "type mismatch (received boolean expected string)", "pointer /data/attributes/name"},
      {R"({"data":{"type":"products","attributes":{"name":{}}}})",
       "type mismatch (received object expected string)", "pointer /data/attributes/name"},
      {R"({"data":{"type":"products","attributes":{"name":["x"]}}})",
       "type mismatch (received array expected string)", "pointer /data/attributes/name"},
      {R"({"data":{"type":"products","attributes":{"name":"x","code":""}}})", "cannot be blank",
       "pointer /data/attributes/code"},
      {R"({"data":{"type":"products","attributes":{"name":"x","platforms":"linux"}}})",
       "type mismatch (received string expected array)", "pointer /data/attributes/platforms"},
      {R"({"data":{"type":"products","attributes":{"name":"x","platforms":["linux",3]}}})",
       "type mismatch (received integer expected string)", "pointer /data/attributes/platforms/1"},
      {R"({"data":{"type":"products","attributes":{"name":"x","platforms":[null]}}})",
       "cannot be null", "pointer /data/attributes/platforms/0"},
      {R"({"data":{"type":"products","attributes":{"name":"x","metadata":[]}}})",
       "type mismatch (received array expected object)", "pointer /data/attributes/metadata"},
      {R"({"data":{"type":"products","attributes":{"name":"x","metadata":"x"}}})",
       "type mismatch (received string expected object)", "pointer /data/attributes/metadata"},
      // Unpermitted members come first, in document order.
      {R"({"data":{"type":"policies","attributes":{"name":1,"max_seats":2}}})",
       "unpermitted parameter", "pointer /data/attributes/maxSeats"},
      {R"({"data":{"attributes":{"first-bad":1},"second":2},"third":3})", "unpermitted parameter",
       "pointer /data/attributes/firstBad"},
      {R"({"third":3,"data":{"attributes":{"first-bad":1},"second":2}})", "unpermitted parameter",
       "pointer /third"},
      {R"({"data":{"type":"products","attributes":{"name":"x"}},"meta":{}})",
       "unpermitted parameter", "pointer /meta"},
      {R"({"data":{"type":"products","attributes":{"name":"x"}},"links":{}})",
       "unpermitted parameter", "pointer /links"},
      {R"({"data":{"type":"products","attributes":{"name":"x"}},"included":[]})",
       "unpermitted parameter", "pointer /included"},
      {R"({"data":{"type":"products","attributes":{"name":"x"}},"jsonapi":{"version":"1.0"}})",
       "unpermitted parameter", "pointer /jsonapi"},
      {R"({"data":{"type":"products","id":"x","attributes":{"name":"x"}}})",
       "unpermitted parameter", "pointer /data/id"},
      {R"({"data":{"type":"products","links":{},"attributes":{"name":"x"}}})",
       "unpermitted parameter", "pointer /data/links"},
      {R"({"data":{"type":"products","attributes":{"name":"x"},"relationships":{"environment":{"data":null}}}})",
       "unpermitted parameter", "pointer /data/relationships"},
  };
  for (const SchemaRow& row : rows) {
    SCOPED_TRACE(row.body);
    const Answer answer = Create(row.body);
    ExpectError(answer, {400, "", row.detail, row.source});
    ExpectSigned(server, answer);
    EXPECT_EQ(answer.Json().at("meta").at("id").as_string(), answer.header("X-Request-Id"));
  }
  EXPECT_TRUE(server.Get("/products").Ids().empty());
}

TEST_F(Documents, RelationshipsAreStrictToo) {
  const std::string product = server.AddProduct();
  const auto body = [](std::string_view relationships) {
    return R"({"data":{"type":"policies","attributes":{"name":"x"},"relationships":)" +
           std::string(relationships) + "}}";
  };
  const SchemaRow rows[] = {
      {"null", "cannot be null", "pointer /data/relationships"},
      {"[]", "type mismatch (received array expected object)", "pointer /data/relationships"},
      {"{}", "is missing", "pointer /data/relationships/product"},
      {R"({"product":null})", "cannot be null", "pointer /data/relationships/product"},
      {R"({"product":{}})", "is missing", "pointer /data/relationships/product/data"},
      {R"({"product":{"data":null}})", "cannot be null",
       "pointer /data/relationships/product/data"},
      {R"({"product":{"data":[]}})", "type mismatch (received array expected object)",
       "pointer /data/relationships/product/data"},
      {R"({"product":{"data":{"type":"products"}}})", "is missing",
       "pointer /data/relationships/product/data/id"},
      {R"({"product":{"data":{"id":"x"}}})", "is missing",
       "pointer /data/relationships/product/data/type"},
      {R"({"product":{"data":{"type":"products","id":"lathe"}}})",
       "type mismatch (received string expected UUID string)",
       "pointer /data/relationships/product/data/id"},
      {R"({"product":{"data":{"type":"products","id":5}}})",
       "type mismatch (received integer expected UUID string)",
       "pointer /data/relationships/product/data/id"},
      {R"({"product":{"data":{"type":"policies","id":"00000000-0000-4000-8000-000000000000"}}})",
       "is invalid", "pointer /data/relationships/product/data/type"},
      {R"({"product":{"data":{"type":"products","id":"x","meta":{}}}})", "unpermitted parameter",
       "pointer /data/relationships/product/data/meta"},
      {R"({"product":{"data":{"type":"products","id":"x"},"links":{}}})", "unpermitted parameter",
       "pointer /data/relationships/product/links"},
      {R"({"product":{"data":{}},"webhook_endpoints":{}})", "unpermitted parameter",
       "pointer /data/relationships/webhookEndpoints"},
      {R"({"environment":{"data":null}})", "unpermitted parameter",
       "pointer /data/relationships/environment"},
  };
  for (const SchemaRow& row : rows) {
    SCOPED_TRACE(row.body);
    ExpectError(server.Send("POST", "/policies", server.AsAdmin(), body(row.body)),
                {400, "", row.detail, row.source});
  }
  std::string upper = product;
  std::transform(upper.begin(), upper.end(), upper.begin(), ::toupper);
  upper.erase(std::remove(upper.begin(), upper.end(), '-'), upper.end());
  EXPECT_EQ(server
                .Send("POST", "/policies", server.AsAdmin(),
                      body(R"({"product":{"data":{"type":"product","id":")" + upper + R"("}}})"))
                .status,
            201)
      << "ids without dashes and in upper case";
}

TEST_F(Documents, KeysAreReadInEverySpelling) {
  for (const std::string_view name :
       {"distributionStrategy", "distribution_strategy", "distribution-strategy",
        "DistributionStrategy", "distribution strategy", "_distribution__strategy_",
        "DISTRIBUTION_STRATEGY"}) {
    SCOPED_TRACE(name);
    const Answer answer = Create(Product(R"({"name":"x",")" + std::string(name) + R"(":"OPEN"})"));
    ASSERT_EQ(answer.status, 201) << answer.body;
    EXPECT_EQ(answer.Attribute("distributionStrategy"), json::value("OPEN"));
  }
  EXPECT_EQ(Create(R"({"Data":{"TYPE":"product","Attributes":{"NAME":"x"}}})").status, 201);
}

TEST_F(Documents, TwoSpellingsOfOneNameAreNoJson) {
  for (const std::string_view attributes :
       {R"({"name":"a","name":"b"})", R"({"name":"a","Name":"b"})",
        R"({"name":"a","distributionStrategy":"OPEN","distribution_strategy":"OPEN"})",
        R"({"name":"a","metadata":{"a-b":1,"aB":2}})"}) {
    const Answer answer = Create(Product(attributes));
    ExpectError(answer, {400, "JSON_INVALID", kJsonError});
    EXPECT_FALSE(answer.Json().as_object().contains("meta"));
    ExpectUnsigned(answer);
  }
}

TEST_F(Documents, BodiesThatAreNoJsonAreRefusedBeforeAuthentication) {
  const std::string bodies[] = {
      "{",
      "}",
      "{]",
      "nonsense",
      "{\"data\":}",
      "{\"data\":1,}",
      "{'data':1}",
      "{}{}",
      "// comment\n{}",
      "\xef\xbb\xbf{}",
      "{\"data\":\"\xff\xfe\"}",
      "{\"data\":\"\xc0\xaf\"}",
      "{\"data\":\"\xed\xa0\x80\"}",
      R"({"data":"\ud800"})",
      R"({"data":"\udc00\ud800"})",
      R"({"data":"\x41"})",
      R"({"data":1e999})",
      R"({"data":01})",
      R"({"data":NaN})",
      R"({"data":Infinity})",
      "{\"data\":\"\n\"}",
      std::string("{\"data\":\"\0\"}", 12),
      "name=x&code=y",
      "<xml/>",
  };
  for (const std::string& body : bodies) {
    SCOPED_TRACE(body);
    for (const auto& headers : {server.AsAdmin(), TestServer::Headers{}}) {
      const Answer answer = server.Send("POST", "/products", headers, body);
      ExpectError(answer, {400, "JSON_INVALID", kJsonError});
      EXPECT_FALSE(answer.Json().as_object().contains("meta"));
      ExpectUnsigned(answer);
    }
  }
}

TEST_F(Documents, TM_36_DeepAndHugeDocumentsAreRefusedQuickly) {
  for (const std::size_t depth : {65u, 1000u, 500000u}) {
    for (const auto& [open, close] : {std::pair("[", "]"), std::pair("{\"a\":", "}")}) {
      std::string body;
      for (std::size_t i = 0; i < depth; ++i) body += open;
      body += "1";
      for (std::size_t i = 0; i < depth; ++i) body += close;
      ExpectError(Create(body), {400, "JSON_INVALID", kJsonError});
      ExpectError(Create(body.substr(0, body.size() / 2)), {400, "JSON_INVALID", kJsonError});
    }
  }
  EXPECT_EQ(Create(Product(R"({"name":")" + std::string(1000000, 'x') + R"("})")).Code(),
            "NAME_TOO_LONG");
  const auto members = [](int count) {
    std::string many = "{\"data\":{";
    for (int i = 0; i < count; ++i) many += "\"k" + std::to_string(i) + "\":1,";
    return many + "\"z\":1}}";
  };
  EXPECT_EQ(Create(members(5000)).Detail(), "unpermitted parameter");
  ExpectError(Create(members(50000)), {400, "JSON_INVALID", kJsonError});
  const Answer refusal{.status = Application::Refusal(413).status,
                       .body = Application::Refusal(413).body};
  EXPECT_EQ(refusal.status, 413);
  EXPECT_EQ(refusal.Code(), "BODY_TOO_LARGE");
  EXPECT_FALSE(refusal.Json().as_object().contains("meta"));
}

TEST_F(Documents, NullBytesAreRefusedWhereTextIsStored) {
  const ExpectedError refused{400, "ENCODING_INVALID",
                              "The request could not be completed because it contains an "
                              "unexpected null byte (check encoding)"};
  ExpectError(Create(Product(R"({"name":"a\u0000b"})")), refused);
  ExpectError(Create(Product(R"({"name":"x","code":"\u0000"})")), refused);
  ExpectError(Create(Product(R"({"name":"x","platforms":["\u0000"]})")), refused);
  ExpectError(WithMetadata(R"({"a":"\u0000"})"), refused);
  ExpectError(WithMetadata(R"({"a":["\u0000"]})"), refused);
  ExpectError(server.Get("/products/%00"), refused);
}

TEST_F(Documents, AnyOtherTextIsKeptAsItIs) {
  for (const std::string_view name :
       {R"(\ud83d\ude00 日本語 עברית)", R"(a\u0001b)", R"(\" ' \\ / < > &)", R"(\ufeff\u202e)",
        R"('; DROP TABLE products; --)", R"(<script>alert(1)</script>)", R"(%00%s%n${jndi:x})"}) {
    SCOPED_TRACE(name);
    const std::string body = Product(R"({"name":")" + std::string(name) + R"("})");
    const Answer answer = Create(body);
    ASSERT_EQ(answer.status, 201) << answer.body;
    EXPECT_EQ(answer.Attribute("name"),
              base::ParseJson(body)->at("data").at("attributes").at("name"));
    EXPECT_EQ(server.Get("/products/" + answer.Id()).Attribute("name"), answer.Attribute("name"));
  }
}

TEST_F(Documents, IntegersAreIntegers) {
  const std::string product = server.AddProduct();
  const auto with = [&](std::string_view number) {
    return server.Send("POST", "/policies", server.AsAdmin(),
                       R"({"data":{"type":"policies","attributes":{"name":"x","maxUses":)" +
                           std::string(number) +
                           R"(},"relationships":{"product":{"data":{"type":"products","id":")" +
                           product + R"("}}}}})");
  };
  EXPECT_EQ(with("7").Attribute("maxUses"), json::value(7));
  EXPECT_EQ(with("-0").Attribute("maxUses"), json::value(0));
  EXPECT_TRUE(with("null").Attribute("maxUses").is_null());
  const std::string_view at = "pointer /data/attributes/maxUses";
  ExpectError(with("7.0"), {400, "", "type mismatch (received float expected integer)", at});
  ExpectError(with("1e2"), {400, "", "type mismatch (received float expected integer)", at});
  ExpectError(with("\"7\""), {400, "", "type mismatch (received string expected integer)", at});
  ExpectError(with("true"), {400, "", "type mismatch (received boolean expected integer)", at});
  ExpectError(with("[7]"), {400, "", "type mismatch (received array expected integer)", at});
  for (const std::string_view huge :
       {"9223372036854775808", "-9223372036854775809", "18446744073709551616",
        "123456789012345678901234567890", "1e30"})
    ExpectError(with(huge), {400, "", "integer is too large"});
  ExpectError(with("9223372036854775807"),
              {422, "MAX_USES_INVALID", "must be less than or equal to 2147483647", at});
  ExpectError(with("-9223372036854775808"),
              {422, "MAX_USES_INVALID", "must be greater than or equal to 0", at});
}

TEST_F(Documents, UpdatesIgnoreTheIdAndKeepWhatIsNotSent) {
  const Answer made = Create(Product(R"({"name":"x","code":"lathe","metadata":{"a":1}})"));
  const std::string path = "/products/" + made.Id();
  for (const std::string_view method : {"PATCH", "PUT"}) {
    const Answer answer =
        server.Send(method, path, server.AsAdmin(),
                    R"({"data":{"type":"products","id":"anything","attributes":{"name":"y"}}})");
    ASSERT_EQ(answer.status, 200) << answer.body;
    EXPECT_EQ(answer.Id(), made.Id());
    EXPECT_EQ(answer.Attribute("name"), json::value("y"));
    EXPECT_EQ(answer.Attribute("code"), json::value("lathe"));
    EXPECT_EQ(answer.Attribute("metadata"), json::value({{"a", 1}}));
  }
  // Null for a member that is not nullable is as if it had not been sent.
  const Answer nulls = server.Send(
      "PATCH", path, server.AsAdmin(),
      R"({"data":{"type":"product","attributes":{"name":null,"code":null,"metadata":null}}})");
  ASSERT_EQ(nulls.status, 200) << nulls.body;
  EXPECT_EQ(nulls.Attribute("name"), json::value("y"));
  EXPECT_EQ(nulls.Attribute("code"), json::value("lathe"));
  EXPECT_EQ(nulls.Attribute("metadata"), json::value({{"a", 1}}));
  EXPECT_EQ(server.Send("PATCH", path, server.AsAdmin(), R"({"data":{"type":"products"}})").status,
            200);
}

TEST_F(Documents, MetadataKeysLoseTheirSpelling) {
  const std::pair<std::string_view, std::string_view> rows[] = {
      {R"({"example key 4":1})", R"({"exampleKey4":1})"},
      {R"({"example_key_4":1})", R"({"exampleKey4":1})"},
      {R"({"ExampleKey4":1})", R"({"exampleKey4":1})"},
      {R"({"HTMLParser":1})", R"({"htmlParser":1})"},
      {R"({"foo-bar":[{"Baz Qux":1}]})", R"({"fooBar":[{"bazQux":1}]})"},
      {R"({"é":1})", R"({"e":1})"},
      {R"({"a":null,"b":true,"c":1.5,"d":"x","e":[],"f":{}})",
       R"({"a":null,"b":true,"c":1.5,"d":"x","e":[],"f":{}})"},
      {R"({"n":9223372036854775807})", R"({"n":9223372036854775807})"},
      {"{}", "{}"},
      {"null", "{}"},
  };
  for (const auto& [sent, expected] : rows) {
    SCOPED_TRACE(sent);
    const Answer answer = WithMetadata(sent);
    ASSERT_EQ(answer.status, 201) << answer.body;
    EXPECT_EQ(answer.Attribute("metadata"), *base::ParseJson(expected)) << answer.body;
    EXPECT_EQ(server.Get("/products/" + answer.Id()).Attribute("metadata"),
              *base::ParseJson(expected));
  }
}

TEST_F(Documents, MetadataReplacesTheWholeObject) {
  const Answer made = WithMetadata(R"({"a":1,"b":2})");
  const Answer changed = server.Send("PATCH", "/products/" + made.Id(), server.AsAdmin(),
                                     Product(R"({"metadata":{"c":3}})"));
  EXPECT_EQ(changed.Attribute("metadata"), json::value({{"c", 3}}));
  const Answer cleared = server.Send("PATCH", "/products/" + made.Id(), server.AsAdmin(),
                                     Product(R"({"metadata":{}})"));
  EXPECT_EQ(cleared.Attribute("metadata"), json::value(json::object()));
}

TEST_F(Documents, MetadataHoldsContainersTwoLevelsDeep) {
  EXPECT_EQ(WithMetadata(R"({"a":{"b":{"c":1}}})").status, 201);
  EXPECT_EQ(WithMetadata(R"({"a":[{"b":1}]})").status, 201);
  EXPECT_EQ(WithMetadata(R"({"a":[[1]]})").status, 201);
  const std::pair<std::string_view, std::string_view> rows[] = {
      {R"({"a":{"b":{"c":{}}}})", "pointer /data/attributes/metadata/a/b/c"},
      {R"({"a":{"b":{"c_d":[1]}}})", "pointer /data/attributes/metadata/a/b/cD"},
      {R"({"array":[1,[[]]]})", "pointer /data/attributes/metadata/array/1/0"},
      {R"({"array":[{"x":1},{"y":{}}]})", "pointer /data/attributes/metadata/array/1/y"},
  };
  for (const auto& [sent, source] : rows)
    ExpectError(WithMetadata(sent), {400, "", "maximum depth of 2 exceeded", source});
}

TEST_F(Documents, MetadataIsLimitedInBytesAndKeys) {
  const std::string_view at = "pointer /data/attributes/metadata";
  const auto text = [](std::size_t size) { return R"({"a":")" + std::string(size, 'x') + R"("})"; };
  EXPECT_EQ(WithMetadata(text(16384 - 8)).status, 201);
  ExpectError(WithMetadata(text(16384 - 7)),
              {422, "METADATA_TOO_LONG", "too large (exceeded limit of 16384 bytes)", at});
  const auto keys = [](int count) {
    std::string out = "{";
    for (int i = 0; i < count; ++i) out += (i ? ",\"k" : "\"k") + std::to_string(i) + "\":1";
    return out + "}";
  };
  EXPECT_EQ(WithMetadata(keys(64)).status, 201);
  ExpectError(WithMetadata(keys(65)),
              {422, "METADATA_TOO_LONG", "too many keys (exceeded limit of 64 keys)", at});
  ExpectError(WithMetadata(R"({"a":)" + keys(64) + "}"),
              {422, "METADATA_TOO_LONG", "too many keys (exceeded limit of 64 keys)", at});
}

TEST_F(Documents, ANameThatNormalisesToNothingIsInvalid) {
  const Answer answer = WithMetadata(R"({"日本":1})");
  EXPECT_EQ(answer.status, 400);
  EXPECT_EQ(answer.Detail(), "is invalid");
}

TEST_F(Documents, BothBasePathsAndEveryFormOfTheAccountWork) {
  const std::string id = server.account_id().ToString();
  std::string bare = id, upper = id;
  bare.erase(std::remove(bare.begin(), bare.end(), '-'), bare.end());
  std::transform(upper.begin(), upper.end(), upper.begin(), ::toupper);
  const std::string product = server.AddProduct();
  for (const std::string& base : {std::string("/v1"), "/v1/accounts/" + id, "/v1/accounts/" + bare,
                                  "/v1/accounts/" + upper, std::string("/v1/accounts/acme")}) {
    const Answer answer = server.Get(base + "/products/" + product);
    ASSERT_EQ(answer.status, 200) << base << answer.body;
    const json::value data = answer.Data();
    EXPECT_EQ(data.at("links").at("self").as_string(),
              "/v1/accounts/" + id + "/products/" + product);
    EXPECT_EQ(data.at("relationships").at("account").at("links").at("related").as_string(),
              "/v1/accounts/" + id);
  }
}

}  // namespace
}  // namespace latchkey::api
