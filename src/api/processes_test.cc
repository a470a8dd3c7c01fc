// Processes and their heartbeats over the wire (machines.md §4).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/test_expect.h"

namespace latchkey::api {
namespace {

using ::testing::ElementsAre;

constexpr std::string_view kMissing = "5d3e9c71-0f4b-4b6a-8c12-7a9e1f2d3c43";

std::string Text(const json::value& value) { return std::string(value.as_string()); }
json::value Time(TimePoint time) { return json::value(base::FormatTime(time)); }

std::vector<std::string> NamesOf(const json::value& object) {
  std::vector<std::string> names;
  for (const auto& member : object.as_object()) names.emplace_back(member.key());
  return names;
}

class Processes : public ::testing::Test {
 protected:
  TestServer server_;
  std::string product_ = server_.AddProduct();
  std::string policy_, license_, key_, machine_;
  int count_ = 0;

  void SetUp() override { Make({}); }
  void Make(json::object policy, json::object license = {}) {
    policy.insert_or_assign("floating", true);
    policy_ = server_.AddPolicy(product_, std::move(policy));
    const Answer made = server_.AddLicense(policy_, std::move(license));
    license_ = made.Id();
    key_ = Text(made.Attribute("key"));
    machine_ = server_.AddMachine(license_, "m1").Id();
  }
  json::object Document(json::object attributes) {
    return DocumentOf("processes", std::move(attributes),
                      {{"machine", LinkTo("machines", machine_)}});
  }
  Answer Create(json::object attributes) {
    return server_.Post("/processes", Document(std::move(attributes)));
  }
  Answer Start() { return Create({{"pid", std::to_string(++count_)}}); }
  std::string Add() {
    const Answer made = Start();
    EXPECT_EQ(made.status, 201) << made.body;
    return made.Id();
  }
  Answer Ask(std::string_view method, const std::string& path, const TestServer::Headers& bearer,
             const json::object& body = {}) {
    if (body.empty()) return server_.Send(method, path, bearer);
    return server_.Send(method, path, bearer, json::value(body));
  }
  Answer Update(const std::string& id, json::object attributes,
                std::optional<TestServer::Headers> bearer = {}) {
    return Ask("PATCH", "/processes/" + id, bearer ? *bearer : server_.AsAdmin(),
               DocumentOf("processes", std::move(attributes)));
  }
  Answer Ping(const std::string& id) {
    return Ask("POST", "/processes/" + id + "/actions/ping", server_.AsAdmin());
  }
  std::string StatusOf(const std::string& id) {
    return Text(server_.Get("/processes/" + id).Attribute("status"));
  }
  TestServer::Headers TokenAt(const std::string& parent) {
    return TestServer::AsToken(
        Text(server_.Post(parent + "/tokens", json::object()).Attribute("token")));
  }
  TestServer::Headers Staff(const std::string& role) {
    return TestServer::AsToken(server_.TokenOf(server_.AddUser(role + "@acme.example", role)));
  }
};

TEST_F(Processes, TheObjectHasItsMembersInTheSpecifiedOrder) {
  const Answer made = Create({{"pid", "4711"}, {"metadata", {{"os_user", "root"}}}});
  ASSERT_EQ(made.status, 201) << made.body;
  const json::value data = made.Data();
  EXPECT_EQ(data.at("type"), "processes");
  EXPECT_THAT(NamesOf(data.at("attributes")),
              ElementsAre("lastHeartbeat", "nextHeartbeat", "interval", "status", "pid", "created",
                          "updated", "metadata"));
  EXPECT_THAT(NamesOf(data.at("relationships")),
              ElementsAre("account", "environment", "product", "license", "machine"));
  EXPECT_EQ(made.Attribute("lastHeartbeat"), Time(server_.now()));
  EXPECT_EQ(made.Attribute("nextHeartbeat"), Time(server_.now() + Seconds(600)));
  EXPECT_EQ(made.Attribute("interval"), 600);
  EXPECT_EQ(made.Attribute("status"), "ALIVE");
  EXPECT_EQ(made.Attribute("pid"), "4711");
  EXPECT_EQ(made.Attribute("metadata"), (json::value{{"osUser", "root"}}));
  const std::string self =
      "/v1/accounts/" + server_.account_id().ToString() + "/processes/" + made.Id();
  const std::pair<std::string, std::string> related[] = {
      {"product", product_}, {"license", license_}, {"machine", machine_}};
  for (const auto& [name, id] : related)
    EXPECT_EQ(data.at("relationships").at(name),
              json::value(json::object{{"links", {{"related", self + "/" + name}}},
                                       {"data", {{"type", name + "s"}, {"id", id}}}}));
  EXPECT_EQ(made.header("Location"), "http://licenses.example" + self);
  EXPECT_EQ(server_.Events().back(), "process.created");
  EXPECT_EQ(server_.Get("/processes/" + made.Id()).body, made.body);
  EXPECT_EQ(server_.Get("/machines/m1/processes/" + made.Id()).body, made.body);
}

struct CreateError {
  std::string name;
  json::object attributes;
  ExpectedError error;
};
class ProcessCreateError : public Processes, public ::testing::WithParamInterface<CreateError> {};
TEST_P(ProcessCreateError, IsWordedAsSpecified) {
  ExpectError(Create(GetParam().attributes), GetParam().error);
  EXPECT_TRUE(server_.Get("/processes").Ids().empty());
}
INSTANTIATE_TEST_SUITE_P(
    Rows, ProcessCreateError,
    ::testing::Values(
        CreateError{"NoPid",
                    {{"metadata", json::object()}},
                    {400, "", "is missing", "pointer /data/attributes/pid"}},
        CreateError{"BlankPid",
                    {{"pid", ""}},
                    {400, "", "cannot be blank", "pointer /data/attributes/pid"}},
        CreateError{"NumericPid",
                    {{"pid", 1}},
                    {400, "", "type mismatch (received integer expected string)",
                     "pointer /data/attributes/pid"}},
        CreateError{"LongPid",
                    {{"pid", std::string(4097, 'p')}},
                    {422, "PID_TOO_LONG", "is too long (maximum is 4096 characters)",
                     "pointer /data/attributes/pid"}},
        CreateError{"ReservedPid",
                    {{"pid", "actions"}},
                    {422, "PID_NOT_ALLOWED", "is reserved", "pointer /data/attributes/pid"}},
        CreateError{"LargeMetadata",
                    {{"pid", "1"}, {"metadata", {{"text", std::string(16384, 'm')}}}},
                    {422, "METADATA_TOO_LONG", "too large (exceeded limit of 16384 bytes)",
                     "pointer /data/attributes/metadata"}},
        CreateError{"Interval",
                    {{"pid", "1"}, {"interval", 5}},
                    {400, "", "unpermitted parameter", "pointer /data/attributes/interval"}}),
    [](const auto& test) { return test.param.name; });

TEST_F(Processes, NeedAMachineAndAPidOfTheirOwn) {
  ExpectError(server_.Post("/processes", DocumentOf("processes", {{"pid", "1"}})),
              {400, "", "is missing", "pointer /data/relationships"});
  ASSERT_EQ(Create({{"pid", "1"}}).status, 201);
  ExpectError(Create({{"pid", "1"}}),
              {422, "PID_TAKEN", "has already been taken", "pointer /data/attributes/pid"});
  machine_ = server_.AddMachine(license_, "m2").Id();
  EXPECT_EQ(Create({{"pid", "1"}}).status, 201) << "on another machine";
  machine_ = kMissing;
  ExpectError(Create({{"pid", "2"}}),
              {422, "MACHINE_NOT_FOUND", "must exist", "pointer /data/relationships/machine"});
}

TEST_F(Processes, IdsMayBeChosen) {
  json::object document = Document({{"pid", "1"}});
  document.at("data").as_object().emplace("id", kMissing);
  EXPECT_EQ(server_.Post("/processes", document).Id(), kMissing);
  document.at("data").at("attributes").at("pid") = "2";
  ExpectError(server_.Post("/processes", document),
              {422, "ID_CONFLICT", "must not conflict with another process", "pointer /data/id"});
  document.at("data").at("id") = "x";
  ExpectError(
      server_.Post("/processes", document),
      {400, "", "type mismatch (received string expected UUID string)", "pointer /data/id"});
}

TEST_F(Processes, ChangeTheirMetadataOnly) {
  const std::string id = Add();
  const Answer changed = Update(id, {{"metadata", {{"slot", 2}}}});
  ASSERT_EQ(changed.status, 200) << changed.body;
  EXPECT_EQ(changed.Attribute("metadata"), (json::value{{"slot", 2}}));
  EXPECT_EQ(server_.Events().back(), "process.updated");
  EXPECT_EQ(server_.Get("/processes/" + id).body, changed.body);
  ExpectError(Update(id, {{"pid", "x"}}),
              {400, "", "unpermitted parameter", "pointer /data/attributes/pid"});
  ExpectError(Update(id, {{"metadata", {{"slot", 2}}}}, TestServer::AsLicense(key_)),
              {400, "", "unpermitted parameter", "pointer /data/attributes/metadata"});
  EXPECT_EQ(Ask("PUT", "/processes/" + id, server_.AsAdmin(),
                DocumentOf("process", {{"metadata", {{"slot", 3}}}}))
                .Attribute("metadata"),
            (json::value{{"slot", 3}}));
}

TEST_F(Processes, GoWithTheirMachineOrAlone) {
  const std::string first = Add(), second = Add();
  EXPECT_EQ(Ask("DELETE", "/processes/" + first, server_.AsAdmin()).status, 204);
  EXPECT_EQ(server_.Events().back(), "process.deleted");
  ExpectError(server_.Get("/processes/" + first),
              {404, "NOT_FOUND", "The requested machine process '" + first + "' was not found"});
  ASSERT_EQ(Ask("DELETE", "/machines/" + machine_, server_.AsAdmin()).status, 204);
  EXPECT_EQ(server_.Events().back(), "machine.deleted");
  EXPECT_EQ(server_.Get("/processes/" + second).status, 404);
}

TEST_F(Processes, NameTheirRelatives) {
  const std::string at = "/processes/" + Add();
  EXPECT_EQ(server_.Get(at + "/product").Id(), product_);
  EXPECT_EQ(server_.Get(at + "/license").Id(), license_);
  EXPECT_EQ(server_.Get(at + "/machine").Id(), machine_);
  server_.AddMachine(license_, "m2");
  EXPECT_EQ(server_.Get("/machines/m2" + at).status, 404) << "of another machine";
}

TEST_F(Processes, FiltersNarrowTheList) {
  const std::string mine = Add();
  const std::string my_machine = machine_, my_license = license_, my_product = product_;
  const core::User owner = server_.AddUser("owner@acme.example");
  server_.SetMachineOwner(machine_, owner);
  server_.SetOwner(license_, server_.AddUser("boss@acme.example"));
  product_ = server_.AddProduct();
  Make({{"heartbeatDuration", 60}});
  const std::string theirs = Add();
  EXPECT_THAT(server_.Get("/processes").Ids(), ElementsAre(theirs, mine));
  for (const std::string& filter :
       {"product=" + my_product, "machine=" + my_machine, "license=" + my_license,
        "owner=" + owner.id.ToString(), std::string("user=boss@acme.example")})
    EXPECT_THAT(server_.Get("/processes?" + filter).Ids(), ElementsAre(mine)) << filter;
  server_.Advance(Seconds(61));  // each by the period of its own policy
  EXPECT_THAT(server_.Get("/processes?status=alive").Ids(), ElementsAre(mine));
  EXPECT_THAT(server_.Get("/processes?status=DEAD").Ids(), ElementsAre(theirs));
  EXPECT_THAT(server_.Get("/processes?status=other").Ids(), ElementsAre());
  EXPECT_THAT(server_.Get("/machines/" + machine_ + "/processes").Ids(), ElementsAre(theirs));
  EXPECT_THAT(server_.Get("/machines/" + machine_ + "/processes?status=alive").Ids(),
              ElementsAre());
  EXPECT_THAT(server_.Get("/machines/" + machine_ + "/processes?product=" + my_product).Ids(),
              ElementsAre(theirs))
      << "a machine's list knows the status only";
}

// ---- limits

struct LimitCase {
  std::string name;
  json::object policy;
  int admitted;  // processes, one after another
};
class ProcessLimits : public Processes, public ::testing::WithParamInterface<LimitCase> {};
TEST_P(ProcessLimits, AdmitWhatTheStrategyTolerates) {
  Make(GetParam().policy);
  for (int i = 1; i <= GetParam().admitted; ++i) ASSERT_EQ(Start().status, 201) << i;
  ExpectError(Start(),
              {422, "MACHINE_PROCESS_LIMIT_EXCEEDED",
               "process count has exceeded maximum allowed for machine (4)", "pointer /data"});
}
INSTANTIATE_TEST_SUITE_P(
    Strategies, ProcessLimits,
    ::testing::Values(
        LimitCase{"None", {{"maxProcesses", 4}}, 4},
        LimitCase{"Quarter", {{"maxProcesses", 4}, {"overageStrategy", "ALLOW_1_25X_OVERAGE"}}, 5},
        LimitCase{"Half", {{"maxProcesses", 4}, {"overageStrategy", "ALLOW_1_5X_OVERAGE"}}, 6},
        LimitCase{"Double", {{"maxProcesses", 4}, {"overageStrategy", "ALLOW_2X_OVERAGE"}}, 8}),
    [](const auto& test) { return test.param.name; });

TEST_F(Processes, HaveNoLimitUnlessThereIsOne) {
  for (int i = 0; i < 5; ++i) Add();
  Make({{"maxProcesses", 1}, {"overageStrategy", "ALWAYS_ALLOW_OVERAGE"}});
  for (int i = 0; i < 5; ++i) Add();
}

TEST_F(Processes, ALicensesOwnLimitBeatsItsPolicys) {
  Make({{"maxProcesses", 5}}, {{"maxProcesses", 1}});
  Add();
  ExpectError(Start(),
              {422, "MACHINE_PROCESS_LIMIT_EXCEEDED",
               "process count has exceeded maximum allowed for machine (1)", "pointer /data"});
  server_.AddMachine(license_, "m2");
  machine_ = server_.Get("/machines/m2").Id();
  EXPECT_EQ(Start().status, 201) << "each machine has its own";
}

TEST_F(Processes, AreLeasedPerLicense) {
  Make({{"maxProcesses", 2}, {"processLeasingStrategy", "PER_LICENSE"}});
  Add();
  machine_ = server_.AddMachine(license_, "m2").Id();
  const std::string second = Add();
  const ExpectedError full{422, "MACHINE_PROCESS_LIMIT_EXCEEDED",
                           "process count has exceeded maximum allowed for license (2)",
                           "pointer /data"};
  ExpectError(Start(), full);
  Ask("DELETE", "/processes/" + second, server_.AsAdmin());
  EXPECT_EQ(Start().status, 201);
}

TEST_F(Processes, AreLeasedPerUser) {
  Make({{"maxProcesses", 2}, {"processLeasingStrategy", "PER_USER"}});
  const core::User user = server_.AddUser("user@acme.example");
  const std::string ownerless = machine_;
  const std::string owned = server_.AddMachine(license_, "m2").Id();
  const std::string owned_too = server_.AddMachine(license_, "m3").Id();
  server_.SetMachineOwner(owned, user);
  server_.SetMachineOwner(owned_too, user);
  const ExpectedError full{422, "MACHINE_PROCESS_LIMIT_EXCEEDED",
                           "process count has exceeded maximum allowed for user (2)",
                           "pointer /data"};
  for (const std::string& machine : {owned, owned_too, ownerless, ownerless}) {
    machine_ = machine;
    Add();
  }
  for (const std::string& machine : {owned, owned_too, ownerless}) {
    machine_ = machine;
    ExpectError(Start(), full);
  }
}

TEST_F(Processes, CountInValidation) {
  const auto verdict = [&](json::object scope) {
    const json::object meta{{"key", key_}, {"scope", std::move(scope)}};
    const json::value answer = server_
                                   .Send("POST", "/licenses/actions/validate-key", {},
                                         json::value(json::object{{"meta", meta}}))
                                   .Json()
                                   .at("meta");
    return Text(answer.at("code")) + (answer.at("valid").as_bool() ? " valid" : "");
  };
  Make({{"strict", true}, {"maxProcesses", 1}, {"overageStrategy", "ALWAYS_ALLOW_OVERAGE"}});
  EXPECT_EQ(verdict({{"fingerprint", "m1"}}), "VALID valid");
  Add();
  const std::string second = Add();
  EXPECT_EQ(verdict({{"fingerprint", "m1"}}), "TOO_MANY_PROCESSES valid");
  EXPECT_EQ(verdict({{"machine", machine_}}), "TOO_MANY_PROCESSES valid");
  EXPECT_EQ(verdict({{"product", product_}}), "VALID valid") << "of no machine in particular";
  Ask("DELETE", "/processes/" + second, server_.AsAdmin());
  EXPECT_EQ(verdict({{"fingerprint", "m1"}}), "VALID valid");
  const Answer raised = Ask("PATCH", "/policies/" + policy_, server_.AsAdmin(),
                            DocumentOf("policies", {{"overageStrategy", "NO_OVERAGE"},
                                                    {"processLeasingStrategy", "PER_LICENSE"},
                                                    {"maxProcesses", 2}}));
  ASSERT_EQ(raised.status, 200) << raised.body;
  Add();
  EXPECT_EQ(verdict({{"product", product_}}), "VALID valid");
  ASSERT_EQ(Ask("PATCH", "/licenses/" + license_, server_.AsAdmin(),
                DocumentOf("licenses", {{"maxProcesses", 1}}))
                .status,
            200);
  EXPECT_EQ(verdict({{"product", product_}}), "TOO_MANY_PROCESSES");
}

// ---- heartbeats

TEST_F(Processes, APingProlongsThem) {
  const std::string id = Add();
  server_.Advance(Seconds(600));
  EXPECT_EQ(StatusOf(id), "ALIVE");
  const Answer ping = Ping(id);
  ASSERT_EQ(ping.status, 200) << ping.body;
  EXPECT_EQ(ping.Attribute("lastHeartbeat"), Time(server_.now()));
  EXPECT_EQ(ping.Attribute("nextHeartbeat"), Time(server_.now() + Seconds(600)));
  EXPECT_EQ(ping.Attribute("status"), "ALIVE");
  EXPECT_EQ(server_.Events().back(), "process.heartbeat.ping");
  server_.Advance(Seconds(600) + std::chrono::milliseconds(1));
  EXPECT_EQ(StatusOf(id), "DEAD");
  ExpectError(Ping(id), {422, "PROCESS_HEARTBEAT_DEAD", "is dead", "", "Unprocessable entity"});
}

struct ReviveCase {
  std::string strategy;
  int seconds;  // after death in which a ping still revives; -1: any time
};
class ProcessResurrection : public Processes, public ::testing::WithParamInterface<ReviveCase> {};
TEST_P(ProcessResurrection, IsPossibleWithinItsWindow) {
  const auto& row = GetParam();
  Make({{"heartbeatDuration", 60},
        {"heartbeatResurrectionStrategy", row.strategy},
        {"heartbeatCullStrategy", "KEEP_DEAD"}});
  const std::string id = Add();
  server_.Advance(Seconds(60 + (row.seconds < 0 ? 86400 * 30 : row.seconds)));
  const Answer revived = Ping(id);
  ASSERT_EQ(revived.status, 200) << revived.body;
  EXPECT_EQ(revived.Attribute("status"), "RESURRECTED");
  EXPECT_EQ(revived.Attribute("interval"), 60);
  EXPECT_EQ(server_.Events().back(), "process.heartbeat.resurrected");
  EXPECT_EQ(StatusOf(id), "ALIVE");
  if (row.seconds < 0) return;
  server_.Advance(Seconds(60 + row.seconds) + std::chrono::milliseconds(1));
  EXPECT_EQ(Ping(id).Code(), "PROCESS_HEARTBEAT_DEAD");
}
INSTANTIATE_TEST_SUITE_P(
    Strategies, ProcessResurrection,
    ::testing::Values(ReviveCase{"1_MINUTE_REVIVE", 60}, ReviveCase{"2_MINUTE_REVIVE", 120},
                      ReviveCase{"5_MINUTE_REVIVE", 300}, ReviveCase{"10_MINUTE_REVIVE", 600},
                      ReviveCase{"15_MINUTE_REVIVE", 900}, ReviveCase{"ALWAYS_REVIVE", -1}),
    [](const auto& test) { return "By" + test.param.strategy; });

// Only real time knows downtime (decision 7): these questions are asked without Latchkey-Now.
TEST_F(Processes, TheServersOwnDowntimeIsNobodysFault) {
  const TimePoint now = base::SystemNow();
  const TimePoint begun = now - Seconds(3600);
  server_.SetNow(begun);
  Make({});
  const std::string id = Add();
  auto asked = server_.AsAdmin();
  asked.push_back({"Latchkey-Now", ""});
  const auto status = [&] {
    return Text(server_.Send("GET", "/processes/" + id, asked).Attribute("status"));
  };
  EXPECT_EQ(status(), "DEAD");
  server_.SetServing(std::make_shared<core::ServingLog>(core::ServingLog::FromIntervals(
      {{begun - Seconds(60), begun + Seconds(60)}, {now - Seconds(60), now + Seconds(86400)}})));
  EXPECT_EQ(status(), "ALIVE");
  EXPECT_EQ(server_.Send("GET", "/processes?status=alive", asked).Ids(),
            std::vector<std::string>{id});
  EXPECT_EQ(server_.Send("POST", "/processes/" + id + "/actions/ping", asked).status, 200);
}

// ---- who may do what

TEST_F(Processes, FollowTheRulesOfTheirMachine) {
  const struct {
    std::string role;
    bool update, write, ping;
  } rows[] = {{"developer", true, true, true},
              {"sales-agent", true, true, false},
              {"support-agent", true, false, false},
              {"read-only", false, false, false}};
  const auto check = [&](const TestServer::Headers& bearer, bool may_update, bool may_write,
                         bool may_ping, std::string_view who) {
    SCOPED_TRACE(who);
    const std::string id = Add();
    EXPECT_EQ(Ask("GET", "/processes", bearer).status, 200);
    EXPECT_EQ(Ask("GET", "/processes/" + id, bearer).status, 200);
    EXPECT_EQ(Ask("GET", "/machines/" + machine_ + "/processes", bearer).status, 200);
    EXPECT_EQ(Ask("GET", "/machines/" + machine_ + "/processes/" + id, bearer).status, 200);
    EXPECT_EQ(Ask("GET", "/processes/" + id + "/machine", bearer).status, 200);
    EXPECT_EQ(Ask("GET", "/processes/" + id + "/license", bearer).status, 200);
    EXPECT_EQ(
        Ask("PATCH", "/processes/" + id, bearer, DocumentOf("processes", json::object())).status,
        may_update ? 200 : 403);
    EXPECT_EQ(Ask("POST", "/processes/" + id + "/actions/ping", bearer).status,
              may_ping ? 200 : 403);
    const std::string pid = "by " + std::to_string(++count_);
    EXPECT_EQ(Ask("POST", "/processes", bearer, Document({{"pid", pid}})).status,
              may_write ? 201 : 403);
    EXPECT_EQ(Ask("DELETE", "/processes/" + id, bearer).status, may_write ? 204 : 403);
  };
  for (const auto& row : rows) check(Staff(row.role), row.update, row.write, row.ping, row.role);
  check(TokenAt("/products/" + product_), true, true, true, "product");
  check(TokenAt("/licenses/" + license_), true, true, true, "activation token");
  check(TestServer::AsLicense(key_), true, true, true, "license key");
  const core::User owner = server_.AddUser("owner@acme.example");
  server_.SetMachineOwner(machine_, owner);
  check(TestServer::AsToken(server_.TokenOf(owner)), true, true, true, "owner of the machine");
  EXPECT_EQ(Ask("GET", "/processes", {}).status, 401);
}

TEST_F(Processes, OfProtectedLicensesAreTheLicensesAndNotTheUsers) {
  Make({}, {{"protected", true}});
  const std::string id = Add();
  const core::User owner = server_.AddUser("owner@acme.example");
  server_.SetOwner(license_, owner);
  const auto user = TestServer::AsToken(server_.TokenOf(owner));
  EXPECT_EQ(Ask("GET", "/processes/" + id, user).status, 200);
  EXPECT_EQ(Ask("POST", "/processes/" + id + "/actions/ping", user).status, 403);
  EXPECT_EQ(Ask("POST", "/processes", user, Document({{"pid", "x"}})).status, 403);
  EXPECT_EQ(Ask("DELETE", "/processes/" + id, user).status, 403);
  const auto license = TestServer::AsLicense(key_);
  EXPECT_EQ(Ask("POST", "/processes/" + id + "/actions/ping", license).status, 200);
  EXPECT_EQ(Ask("DELETE", "/processes/" + id, license).status, 204);
}

TEST_F(Processes, OfOthersAreHidden) {
  const std::string theirs = Add();
  const std::string their_machine = machine_;
  product_ = server_.AddProduct();
  Make({});
  const std::string mine = Add();
  const core::User stranger = server_.AddUser("stranger@acme.example");
  const std::pair<TestServer::Headers, std::vector<std::string>> bearers[] = {
      {TokenAt("/products/" + product_), {mine}},
      {TestServer::AsLicense(key_), {mine}},
      {TestServer::AsToken(server_.TokenOf(stranger)), {}}};
  for (const auto& [bearer, visible] : bearers) {
    EXPECT_EQ(Ask("GET", "/processes", bearer).Ids(), visible);
    const std::string detail = "The requested machine process '" + theirs + "' was not found";
    for (const std::string_view method : {"GET", "PATCH", "DELETE"})
      ExpectError(Ask(method, "/processes/" + theirs, bearer), {404, "NOT_FOUND", detail});
    ExpectError(Ask("POST", "/processes/" + theirs + "/actions/ping", bearer),
                {404, "NOT_FOUND", detail});
    machine_ = their_machine;
    EXPECT_EQ(Ask("POST", "/processes", bearer, Document({{"pid", "x"}})).status, 403);
  }
}

}  // namespace
}  // namespace latchkey::api
