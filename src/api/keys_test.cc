// Keys and the pools of policies (licenses.md §4.5, §5, §8.1).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/test_expect.h"

namespace latchkey::api {
namespace {

using ::testing::ElementsAre;

constexpr std::string_view kMissing = "5d3e9c71-0f4b-4b6a-8c12-7a9e1f2d3c43";
constexpr std::string_view kPolicyPointer = "pointer /data/relationships/policy";

std::string Text(const json::value& value) { return std::string(value.as_string()); }

class PoolKeys : public ::testing::Test {
 protected:
  TestServer server_;
  std::string product_ = server_.AddProduct();
  std::string policy_ = server_.AddPolicy(product_, {{"usePool", true}});

  json::object Document(std::string_view key) {
    return DocumentOf("keys", {{"key", key}}, {{"policy", LinkTo("policies", policy_)}});
  }
  Answer Create(std::string_view key) { return server_.Post("/keys", Document(key)); }
  std::string Add(std::string_view key) {
    const Answer made = Create(key);
    EXPECT_EQ(made.status, 201) << made.body;
    return made.Id();
  }
  Answer Ask(std::string_view method, const std::string& path, const TestServer::Headers& bearer,
             const json::object& body = {}) {
    if (body.empty()) return server_.Send(method, path, bearer);
    return server_.Send(method, path, bearer, json::value(body));
  }
  Answer Pop() { return Ask("DELETE", "/policies/" + policy_ + "/pool", server_.AsAdmin()); }
  Answer MakeLicense(json::object attributes = {}) {
    return server_.Post("/licenses", DocumentOf("licenses", std::move(attributes),
                                                {{"policy", LinkTo("policies", policy_)}}));
  }
  TestServer::Headers TokenAt(const std::string& parent) {
    return TestServer::AsToken(
        Text(server_.Post(parent + "/tokens", json::object()).Attribute("token")));
  }
  TestServer::Headers Staff(const std::string& role) {
    return TestServer::AsToken(server_.TokenOf(server_.AddUser(role + "@acme.example", role)));
  }
};

TEST_F(PoolKeys, TheObjectHasItsMembersInTheSpecifiedOrder) {
  const Answer made = Create("POOL-0001");
  ASSERT_EQ(made.status, 201) << made.body;
  const std::string root = "/v1/accounts/" + server_.account_id().ToString();
  const std::string self = root + "/keys/" + made.Id();
  const std::string now = base::FormatTime(server_.now());
  EXPECT_EQ(
      made.body,
      R"({"data":{"id":")" + made.Id() +
          R"(","type":"keys","attributes":{"key":"POOL-0001","created":")" + now +
          R"(","updated":")" + now + R"("},"relationships":{"account":{"links":{"related":")" +
          root + R"("},"data":{"type":"accounts","id":")" + server_.account_id().ToString() +
          R"("}},"environment":{"links":{"related":null},"data":null},"product":{"links":{"related":")" +
          self + R"(/product"},"data":{"type":"products","id":")" + product_ +
          R"("}},"policy":{"links":{"related":")" + self +
          R"(/policy"},"data":{"type":"policies","id":")" + policy_ + R"("}}},"links":{"self":")" +
          self + R"("}}})");
  EXPECT_EQ(made.header("Location"), "http://licenses.example" + self);
  EXPECT_EQ(server_.Events().back(), "key.created");
  EXPECT_EQ(server_.Get("/keys/" + made.Id()).body, made.body);
  EXPECT_EQ(server_.Get("/policies/" + policy_ + "/pool/" + made.Id()).body, made.body);
}

TEST_F(PoolKeys, BadOnesAreRefusedAsSpecified) {
  constexpr std::string_view kAt = "pointer /data/attributes/key";
  ExpectError(Create("1234567"),
              {422, "KEY_TOO_SHORT", "is too short (minimum is 8 characters)", kAt});
  ExpectError(Create(std::string(1025, 'k')),
              {422, "KEY_TOO_LONG", "is too long (maximum is 1024 characters)", kAt});
  EXPECT_EQ(Create("12345678").status, 201);
  EXPECT_EQ(Create(std::string(1024, 'k')).status, 201);
  const json::value reserved = Create("actions").Json();
  EXPECT_THAT(reserved.at("errors").at(1).at("code"), "KEY_NOT_ALLOWED");
  EXPECT_THAT(reserved.at("errors").at(1).at("detail"), "is reserved");
  ExpectError(Create("12345678"), {422, "KEY_TAKEN", "has already been taken", kAt});
  EXPECT_EQ(Create("POOL-ABC").status, 201);
  EXPECT_EQ(Create("pool-abc").status, 201) << "case matters";
  ExpectError(Create(""), {400, "", "cannot be blank", kAt});
  ExpectError(server_.Post("/keys", DocumentOf("keys", {{"key", "POOL-0001"}})),
              {400, "", "is missing", "pointer /data/relationships"});
}

TEST_F(PoolKeys, DoNotLookLikeLicenses) {
  constexpr std::string_view kAt = "pointer /data/attributes/key";
  const std::string plain = server_.AddPolicy(product_);
  const Answer license = server_.AddLicense(plain, {{"key", "LICENSED-0001"}});
  ExpectError(
      Create(license.Id()),
      {422, "KEY_CONFLICT", "must not conflict with another license's identifier (UUID)", kAt});
  ExpectError(Create("LICENSED-0001"),
              {422, "KEY_CONFLICT", "is already being used as a license's key", kAt});
  EXPECT_EQ(Create(kMissing).status, 201);
}

TEST_F(PoolKeys, NeedAPooledPolicy) {
  policy_ = server_.AddPolicy(product_);
  ExpectError(Create("POOL-0001"), {422, "POLICY_NOT_SUPPORTED",
                                    "cannot be added to an unpooled policy", kPolicyPointer});
  EXPECT_TRUE(server_.Get("/policies/" + policy_ + "/pool").Ids().empty());
  policy_ = kMissing;
  ExpectError(Create("POOL-0001"), {422, "POLICY_NOT_FOUND", "must exist", kPolicyPointer});
}

TEST_F(PoolKeys, AreChangedAndDeleted) {
  const std::string id = Add("POOL-0001");
  Add("POOL-0002");
  const auto update = [&](std::string_view method, std::string_view key) {
    return Ask(method, "/keys/" + id, server_.AsAdmin(), DocumentOf("keys", {{"key", key}}));
  };
  EXPECT_EQ(update("PATCH", "POOL-0003").Attribute("key"), "POOL-0003");
  EXPECT_EQ(server_.Events().back(), "key.updated");
  EXPECT_EQ(update("PUT", "POOL-0003").status, 200) << "its own";
  ExpectError(update("PATCH", "POOL-0002"),
              {422, "KEY_TAKEN", "has already been taken", "pointer /data/attributes/key"});
  EXPECT_EQ(server_.Get("/keys/" + id).Attribute("key"), "POOL-0003");
  EXPECT_EQ(Ask("DELETE", "/keys/" + id, server_.AsAdmin()).status, 204);
  EXPECT_EQ(server_.Events().back(), "key.deleted");
  ExpectError(server_.Get("/keys/" + id),
              {404, "NOT_FOUND", "The requested key '" + id + "' was not found"});
}

TEST_F(PoolKeys, AreListedByProductAndPolicy) {
  const std::string first = Add("POOL-0001"), my_policy = policy_, my_product = product_;
  policy_ = server_.AddPolicy(product_, {{"usePool", true}});
  const std::string second = Add("POOL-0002");
  product_ = server_.AddProduct();
  policy_ = server_.AddPolicy(product_, {{"usePool", true}});
  const std::string third = Add("POOL-0003");
  EXPECT_THAT(server_.Get("/keys").Ids(), ElementsAre(third, second, first));
  EXPECT_THAT(server_.Get("/keys?policy=" + my_policy).Ids(), ElementsAre(first));
  EXPECT_THAT(server_.Get("/keys?product=" + my_product).Ids(), ElementsAre(second, first));
  EXPECT_THAT(server_.Get("/keys?product=x").Ids(), ElementsAre());
  EXPECT_THAT(server_.Get("/policies/" + policy_ + "/pool").Ids(), ElementsAre(third));
  EXPECT_EQ(server_.Get("/policies/" + policy_ + "/pool/" + first).status, 404);
  EXPECT_EQ(server_.Get("/keys/" + third + "/product").Id(), product_);
  EXPECT_EQ(server_.Get("/keys/" + third + "/policy").Id(), policy_);
  ASSERT_EQ(Ask("DELETE", "/policies/" + policy_, server_.AsAdmin()).status, 204);
  EXPECT_THAT(server_.Get("/keys").Ids(), ElementsAre(second, first)) << "gone with its policy";
}

TEST_F(PoolKeys, ArePoppedOldestFirst) {
  const std::string first = Add("POOL-0001");
  const std::string second = Add("POOL-0002");
  const Answer popped = Pop();
  ASSERT_EQ(popped.status, 200) << popped.body;
  EXPECT_EQ(popped.Id(), first);
  EXPECT_EQ(popped.Attribute("key"), "POOL-0001");
  EXPECT_EQ(server_.Events().back(), "policy.pool.popped");
  EXPECT_EQ(server_.Get("/keys/" + first).status, 404);
  EXPECT_EQ(Pop().Id(), second);
  ExpectError(Pop(), {422, "", "pool is empty", "pointer /data/relationships/pool",
                      "Unprocessable entity"});
  policy_ = server_.AddPolicy(product_);
  ExpectError(Pop(), {422, "", "pool is not supported", "pointer /data/relationships/pool",
                      "Unprocessable entity"});
}

TEST_F(PoolKeys, BecomeLicenses) {
  const std::string id = Add("POOL-0001");
  const Answer own = MakeLicense({{"key", "MY-OWN-KEY"}});
  EXPECT_EQ(own.Attribute("key"), "MY-OWN-KEY");
  EXPECT_EQ(server_.Get("/keys/" + id).status, 200) << "a key was sent, so none is taken";
  ExpectError(MakeLicense({{"maxCores", 0}}),
              {422, "MAX_CORES_INVALID", "must be greater than or equal to 1",
               "pointer /data/attributes/maxCores"});
  EXPECT_EQ(server_.Get("/keys/" + id).status, 200) << "nor for a license that is refused";
  const Answer made = MakeLicense();
  ASSERT_EQ(made.status, 201) << made.body;
  EXPECT_EQ(made.Attribute("key"), "POOL-0001");
  EXPECT_EQ(server_.Events().back(), "license.created");
  EXPECT_EQ(server_.Get("/keys/" + id).status, 404);
  EXPECT_EQ(server_.Get("/licenses/POOL-0001").Id(), made.Id());
  ExpectError(MakeLicense(), {422, "POLICY_POOL_EMPTY", "pool is empty", kPolicyPointer});
  ExpectError(Create("POOL-0001"), {422, "KEY_CONFLICT", "is already being used as a license's key",
                                    "pointer /data/attributes/key"});
}

// ---- who may do what

TEST_F(PoolKeys, AreWrittenByFewAndReadByStaffAndTheirProduct) {
  const struct {
    std::string role;
    bool write;
  } rows[] = {
      {"developer", true}, {"sales-agent", false}, {"support-agent", false}, {"read-only", false}};
  int count = 0;
  const auto check = [&](const TestServer::Headers& bearer, bool may_write, std::string_view who) {
    SCOPED_TRACE(who);
    const std::string id = Add("POOL-OF-" + std::to_string(++count));
    EXPECT_EQ(Ask("GET", "/keys", bearer).status, 200);
    EXPECT_EQ(Ask("GET", "/keys/" + id, bearer).status, 200);
    EXPECT_EQ(Ask("GET", "/keys/" + id + "/policy", bearer).status, 200);
    EXPECT_EQ(Ask("GET", "/keys/" + id + "/product", bearer).status, 200);
    EXPECT_EQ(Ask("GET", "/policies/" + policy_ + "/pool", bearer).status, 200);
    EXPECT_EQ(Ask("GET", "/policies/" + policy_ + "/pool/" + id, bearer).status, 200);
    EXPECT_EQ(Ask("POST", "/keys", bearer, Document("POOL-BY-" + std::to_string(count))).status,
              may_write ? 201 : 403);
    EXPECT_EQ(Ask("PATCH", "/keys/" + id, bearer,
                  DocumentOf("keys", {{"key", "POOL-NEW-" + std::to_string(count)}}))
                  .status,
              may_write ? 200 : 403);
    EXPECT_EQ(Ask("DELETE", "/keys/" + id, bearer).status, may_write ? 204 : 403);
    Add("POOL-POP-" + std::to_string(count));
    EXPECT_EQ(Ask("DELETE", "/policies/" + policy_ + "/pool", bearer).status,
              may_write ? 200 : 403);
  };
  for (const auto& row : rows) check(Staff(row.role), row.write, row.role);
  check(TokenAt("/products/" + product_), true, "product");
}

TEST_F(PoolKeys, AreHiddenFromUsersLicensesAndOtherProducts) {
  const std::string id = Add("POOL-0001");
  const std::string other = server_.AddProduct();
  const auto product = TokenAt("/products/" + other);
  EXPECT_TRUE(Ask("GET", "/keys", product).Ids().empty());
  const Answer license = MakeLicense({{"key", "MY-OWN-KEY"}});
  const core::User user = server_.AddUser("user@acme.example");
  server_.SetOwner(license.Id(), user);
  const std::pair<std::string_view, TestServer::Headers> bearers[] = {
      {"license", TestServer::AsLicense("MY-OWN-KEY")},
      {"user", TestServer::AsToken(server_.TokenOf(user))}};
  for (const auto& [who, bearer] : bearers) {
    EXPECT_EQ(Ask("GET", "/keys", bearer).status, 403) << who;
    EXPECT_EQ(Ask("POST", "/keys", bearer, Document("POOL-0002")).status, 403) << who;
    for (const std::string_view method : {"GET", "PATCH", "DELETE"})
      EXPECT_EQ(Ask(method, "/keys/" + id, bearer).status, 404) << who;
    EXPECT_EQ(Ask("GET", "/policies/" + policy_ + "/pool", bearer).status, 403) << who;
    EXPECT_EQ(Ask("DELETE", "/policies/" + policy_ + "/pool", bearer).status, 403) << who;
  }
  for (const std::string_view method : {"GET", "PATCH", "DELETE"})
    EXPECT_EQ(Ask(method, "/keys/" + id, product).status, 404);
  EXPECT_EQ(Ask("POST", "/keys", product, Document("POOL-0002")).status, 403);
  EXPECT_EQ(Ask("GET", "/policies/" + policy_ + "/pool", product).status, 404);
}

}  // namespace
}  // namespace latchkey::api
