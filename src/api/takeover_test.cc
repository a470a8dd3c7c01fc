#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/test_server.h"

namespace latchkey::api {
namespace {

using ::testing::ElementsAre;
using ::testing::UnorderedElementsAre;

std::string Text(const json::value& value) { return std::string(value.as_string()); }

class Takeover : public ::testing::Test {
 protected:
  void SetUp() override {
    policy_ = server_.AddPolicy(server_.AddProduct());  // node-locked: one machine
    const Answer license = server_.AddLicense(policy_);
    license_ = license.Id();
    key_ = Text(license.Attribute("key"));
    old_ = server_.AddMachine(license_, "old", {{"name", "Desk"}, {"cores", 4}}).Id();
  }

  json::value Body(std::string_view fingerprint, std::string_view release,
                   std::string_view license) {
    json::object body = DocumentOf("machines", {{"fingerprint", fingerprint}},
                                   {{"license", LinkTo("licenses", license)}});
    body.emplace("meta", json::object{{"release", release}});
    return body;
  }
  Answer TakeOver(std::string_view fingerprint, std::string_view release,
                  const TestServer::Headers& headers) {
    return server_.Send("POST", "/machines/actions/takeover", headers,
                        Body(fingerprint, release, license_));
  }
  Answer TakeOver(std::string_view fingerprint, std::string_view release) {
    return TakeOver(fingerprint, release, server_.AsAdmin());
  }
  Answer Create(std::string_view license, std::string_view fingerprint, std::string_view id) {
    json::object body = DocumentOf("machines", {{"fingerprint", fingerprint}},
                                   {{"license", LinkTo("licenses", license)}});
    body["data"].as_object()["id"] = id;
    return server_.Post("/machines", body);
  }
  Answer Undo(std::string_view id, const TestServer::Headers& headers) {
    return server_.Send("POST", "/machines/actions/undo-takeover", headers,
                        json::value(json::object{{"meta", {{"id", id}}}}));
  }
  Answer Undo(std::string_view id) { return Undo(id, server_.AsAdmin()); }
  static std::string TakeoverId(const Answer& answer) {
    return Text(answer.Json().at("meta").at("takeover").at("id"));
  }
  TestServer::Headers Token(json::array permissions) {
    return TestServer::AsToken(
        Text(server_
                 .Post("/licenses/" + license_ + "/tokens",
                       DocumentOf("tokens", {{"permissions", std::move(permissions)}}))
                 .Attribute("token")));
  }
  json::value Totals() {
    return server_.Get("/licenses/" + license_)
        .Data()
        .at("relationships")
        .at("machines")
        .at("meta");
  }

  TestServer server_;
  std::string policy_, license_, key_, old_;
};

TEST_F(Takeover, SwapsTheSeatInOneStep) {
  EXPECT_EQ(server_
                .Send("POST", "/machines", TestServer::AsLicense(key_),
                      json::value(DocumentOf("machines", {{"fingerprint", "new"}},
                                             {{"license", LinkTo("licenses", license_)}})))
                .Code(),
            "MACHINE_LIMIT_EXCEEDED");
  const auto before = server_.Events();
  const Answer answer = TakeOver("new", old_, TestServer::AsLicense(key_));
  ASSERT_EQ(answer.status, 201) << answer.body;
  EXPECT_TRUE(server_.SignatureHolds(answer));
  EXPECT_EQ(answer.Attribute("fingerprint"), "new");
  EXPECT_TRUE(answer.header("Location").ends_with("/machines/" + answer.Id()));
  const json::value takeover = answer.Json().at("meta").at("takeover");
  EXPECT_EQ(Text(takeover.at("released").at("id")), old_);
  EXPECT_EQ(takeover.at("released").at("name"), "Desk");
  EXPECT_EQ(takeover.at("undoUntil"), "2026-03-06T09:15:00.000Z");

  EXPECT_EQ(server_.Get("/machines/" + old_).status, 404);
  EXPECT_THAT(server_.Get("/machines").Ids(), ElementsAre(answer.Id()));
  EXPECT_EQ(Totals().at("count"), 1);
  EXPECT_EQ(Totals().at("cores"), 0);
  auto events = server_.Events();
  events.erase(events.begin(), events.begin() + static_cast<std::ptrdiff_t>(before.size()));
  EXPECT_THAT(events, ElementsAre("machine.deleted", "machine.created"));
}

TEST_F(Takeover, TheReleasedDeviceIsToldWhy) {
  ASSERT_EQ(TakeOver("new", old_).status, 201);
  auto headers = TestServer::AsLicense(key_);
  headers.push_back({"Latchkey-Reasons", "1"});
  const Answer gone = server_.Send("GET", "/machines/old", headers);
  EXPECT_EQ(gone.status, 404);
  EXPECT_EQ(gone.Json().at("meta").at("reason").at("code"), "SEAT_TAKEN_OVER");
}

TEST_F(Takeover, TheReleasedDeviceIsToldUntilWhenItWorks) {
  ASSERT_EQ(TakeOver("new", old_).status, 201);
  server_.Advance(std::chrono::hours(5));
  auto headers = TestServer::AsLicense(key_);
  headers.push_back({"Latchkey-Reasons", "1"});
  const auto reason = [&](std::string_view fingerprint) {
    return server_.Send("GET", "/machines/" + std::string(fingerprint), headers)
        .Json()
        .at("meta")
        .at("reason")
        .as_object();
  };
  EXPECT_EQ(reason("old").at("until"), "2026-03-06T09:15:00.000Z");
  EXPECT_NE(Text(reason("old").at("body")).find("until Friday 6 March"), std::string::npos)
      << reason("old").at("body");
  EXPECT_FALSE(reason("never").contains("until"));
  ASSERT_EQ(server_.Send("DELETE", "/machines/new", server_.AsAdmin()).status, 204);
  EXPECT_FALSE(reason("new").contains("until"));
}

TEST_F(Takeover, IsUndoneUnderTheSameIds) {
  const Answer taken = TakeOver("new", old_);
  const std::string id = TakeoverId(taken);
  server_.Advance(std::chrono::hours(72));
  const Answer back = Undo(id, TestServer::AsLicense(key_));
  ASSERT_EQ(back.status, 200) << back.body;
  EXPECT_EQ(back.Id(), old_);
  EXPECT_EQ(back.Attribute("name"), "Desk");
  EXPECT_EQ(back.Attribute("cores"), 4);
  EXPECT_EQ(back.Attribute("created"), "2026-03-03T09:15:00.000Z");
  EXPECT_THAT(server_.Get("/machines").Ids(), ElementsAre(old_));
  EXPECT_EQ(Totals().at("count"), 1);
  EXPECT_EQ(Totals().at("cores"), 4);

  const Answer again = Undo(id);
  EXPECT_EQ(again.status, 422);
  EXPECT_EQ(again.Detail(), "was already undone");
  EXPECT_EQ(again.Source(), "/meta/id");
}

TEST_F(Takeover, ComponentsComeAndGoWithTheirMachine) {
  const json::object disk{{"fingerprint", "disk"}, {"name", "Disk"}, {"metadata", {{"size", 2}}}};
  const Answer had = server_.Post(
      "/components", DocumentOf("components", disk, {{"machine", LinkTo("machines", old_)}}));
  ASSERT_EQ(had.status, 201) << had.body;
  json::value body = Body("new", old_, license_);
  body.at("data")
      .at("relationships")
      .as_object()
      .emplace("components",
               json::object{{"data", json::array{json::object{{"type", "components"},
                                                              {"attributes", disk}}}}});
  server_.Advance(std::chrono::hours(1));
  const Answer taken = server_.Post("/machines/actions/takeover", body);
  ASSERT_EQ(taken.status, 201) << taken.body;
  EXPECT_EQ(server_.Get("/machines/new/components").Ids().size(), 1U);
  EXPECT_EQ(server_.Get("/components/" + had.Id()).status, 404);
  ASSERT_EQ(Undo(TakeoverId(taken)).status, 200);
  const Answer back = server_.Get("/components/" + had.Id());
  ASSERT_EQ(back.status, 200) << back.body;
  EXPECT_EQ(back.Attribute("created"), had.Attribute("created"));
  EXPECT_EQ(back.Attribute("metadata"), had.Attribute("metadata"));
  EXPECT_THAT(server_.Get("/components").Ids(), ElementsAre(had.Id()));
}

TEST_F(Takeover, CannotBeUndoneAfterThreeDays) {
  const std::string id = TakeoverId(TakeOver("new", old_));
  server_.Advance(std::chrono::hours(72) + Seconds(1));
  const Answer late = Undo(id);
  EXPECT_EQ(late.status, 422);
  EXPECT_EQ(late.Source(), "/meta/id");
  EXPECT_EQ(server_.Get("/machines/" + old_).status, 404);
}

// The taker's id is free again once it is deleted, and anybody may choose it.
TEST_F(Takeover, UndoLeavesMachinesOfOtherLicensesAlone) {
  const Answer taken = TakeOver("new", old_);
  ASSERT_EQ(server_.Send("DELETE", "/machines/new", server_.AsAdmin()).status, 204);
  const std::string other = server_.AddLicense(policy_).Id();
  const Answer stranger = Create(other, "stranger", taken.Id());
  ASSERT_EQ(stranger.status, 201) << stranger.body;
  const Answer back = Undo(TakeoverId(taken));
  ASSERT_EQ(back.status, 200) << back.body;
  EXPECT_THAT(server_.Get("/machines").Ids(), UnorderedElementsAre(old_, taken.Id()));
  EXPECT_EQ(Totals().at("count"), 1);
  EXPECT_EQ(server_.Get("/machines/" + taken.Id()).Attribute("fingerprint"), "stranger");
}

TEST_F(Takeover, AnIdThatAnUndoBringsBackIsNotFree) {
  const Answer taken = TakeOver("new", old_);
  ASSERT_EQ(taken.status, 201) << taken.body;
  const std::string other = server_.AddLicense(policy_).Id();
  const Answer refused = Create(other, "stranger", old_);
  EXPECT_EQ(refused.status, 422) << refused.body;
  EXPECT_EQ(refused.Code(), "ID_CONFLICT");
  json::object swap = Body("newer", taken.Id(), license_).as_object();
  for (const std::string& id : {old_, taken.Id()}) {
    swap["data"].as_object()["id"] = id;
    EXPECT_EQ(server_.Post("/machines/actions/takeover", swap).Code(), "ID_CONFLICT") << id;
  }
  server_.Advance(std::chrono::hours(72));
  EXPECT_EQ(Create(other, "stranger", old_).Code(), "ID_CONFLICT");
  ASSERT_EQ(Undo(TakeoverId(taken)).status, 200);
  ASSERT_EQ(server_.Send("DELETE", "/machines/old", server_.AsAdmin()).status, 204);
  EXPECT_EQ(Create(other, "stranger", old_).status, 201);
}

TEST_F(Takeover, AnIdIsFreeOnceNothingCanBeUndone) {
  ASSERT_EQ(TakeOver("new", old_).status, 201);
  server_.Advance(std::chrono::hours(72) + Seconds(1));
  EXPECT_EQ(Create(server_.AddLicense(policy_).Id(), "stranger", old_).status, 201);
}

// What was silent because it was released is not dead when it comes back.
TEST_F(Takeover, UndoBringsTheMachineBackAlive) {
  ASSERT_EQ(server_.Send("POST", "/machines/old/actions/ping", server_.AsAdmin()).status, 200);
  server_.Advance(std::chrono::minutes(1));
  const Answer taken = TakeOver("new", old_);
  server_.Advance(std::chrono::hours(30));
  const Answer back = Undo(TakeoverId(taken));
  ASSERT_EQ(back.status, 200) << back.body;
  EXPECT_EQ(back.Attribute("heartbeatStatus"), "ALIVE");
  EXPECT_EQ(back.Attribute("lastHeartbeat"), "2026-03-04T15:16:00.000Z");
  EXPECT_EQ(server_.Get("/machines/" + old_).Attribute("heartbeatStatus"), "ALIVE");
  EXPECT_EQ(server_.Send("POST", "/machines/old/actions/ping", server_.AsAdmin()).status, 200);
}

TEST_F(Takeover, UndoStartsNoHeartbeatThatWasNotThere) {
  const Answer taken = TakeOver("new", old_);
  server_.Advance(std::chrono::hours(30));
  const Answer back = Undo(TakeoverId(taken));
  EXPECT_TRUE(back.Attribute("lastHeartbeat").is_null());
  EXPECT_EQ(back.Attribute("heartbeatStatus"), "NOT_STARTED");
}

TEST_F(Takeover, UndoGivesARequiredHeartbeatAFullPeriod) {
  const std::string policy =
      server_.AddPolicy(server_.AddProduct(), {{"requireHeartbeat", true},
                                               {"heartbeatDuration", 600},
                                               {"heartbeatBasis", "FROM_FIRST_PING"}});
  license_ = server_.AddLicense(policy).Id();
  const std::string silent = server_.AddMachine(license_, "silent").Id();
  const Answer taken = TakeOver("other", silent);
  ASSERT_EQ(taken.status, 201) << taken.body;
  server_.Advance(std::chrono::hours(1));
  const Answer back = Undo(TakeoverId(taken));
  ASSERT_EQ(back.status, 200) << back.body;
  EXPECT_EQ(back.Attribute("heartbeatStatus"), "ALIVE");
}

TEST_F(Takeover, CountsADeactivationOfATokenAndItsUndoCountsNothing) {
  const json::object limits{{"maxActivations", 1}, {"maxDeactivations", 1}};
  const auto token = TestServer::AsToken(
      Text(server_.Post("/licenses/" + license_ + "/tokens", DocumentOf("tokens", limits))
               .Attribute("token")));
  const auto used = [&] {
    const json::value data = server_.Get("/licenses/" + license_ + "/tokens").Data();
    const json::value attributes = data.at(0).at("attributes");
    return std::pair(attributes.at("activations").as_int64(),
                     attributes.at("deactivations").as_int64());
  };
  const Answer taken = TakeOver("new", old_, token);
  ASSERT_EQ(taken.status, 201) << taken.body;
  EXPECT_EQ(used(), std::pair(1L, 1L));
  const Answer back = Undo(TakeoverId(taken), token);
  ASSERT_EQ(back.status, 200) << back.body;
  EXPECT_EQ(used(), std::pair(1L, 1L));
  const Answer spent = TakeOver("new", old_, token);
  EXPECT_EQ(spent.status, 422);
  EXPECT_EQ(spent.Code(), "DEACTIVATIONS_LIMIT_EXCEEDED");
  EXPECT_THAT(server_.Get("/machines").Ids(), ElementsAre(old_));
  EXPECT_EQ(used(), std::pair(1L, 1L));
}

TEST_F(Takeover, IsSeenOnlyByThoseWhoSeeItsLicense) {
  const std::string id = TakeoverId(TakeOver("new", old_));
  const std::string other_key = Text(server_.AddLicense(policy_).Attribute("key"));
  const Answer stranger = Undo(id, TestServer::AsLicense(other_key));
  EXPECT_EQ(stranger.status, 404);
  EXPECT_EQ(stranger.Detail(), "The requested takeover '" + id + "' was not found");
  const std::string unknown = "00000000-0000-4000-8000-000000000001";
  EXPECT_EQ(Undo(unknown).Detail(), "The requested takeover '" + unknown + "' was not found");
  EXPECT_EQ(Undo("soon").Detail(), "type mismatch (received string expected UUID string)");
}

TEST_F(Takeover, TheIdlestSeatIsTheOneUnusedForLongest) {
  const std::string policy =
      server_.AddPolicy(server_.AddProduct(), {{"floating", true}, {"maxMachines", 3}});
  license_ = server_.AddLicense(policy).Id();
  const auto add = [&](std::string_view fingerprint) {
    server_.Advance(std::chrono::hours(1));
    return server_.AddMachine(license_, fingerprint).Id();
  };
  const std::string checked_out = add("a"), idle = add("b"), young = add("c");
  server_.Advance(std::chrono::hours(1));
  ASSERT_EQ(
      server_.Send("GET", "/machines/" + checked_out + "/actions/check-out", server_.AsAdmin())
          .status,
      200);
  const Answer first = TakeOver("d", "idlest");
  ASSERT_EQ(first.status, 201) << first.body;
  const auto released = [](const Answer& answer) {
    return Text(answer.Json().at("meta").at("takeover").at("released").at("id"));
  };
  EXPECT_EQ(released(first), idle);
  EXPECT_TRUE(first.Json().at("meta").at("takeover").at("released").at("name").is_null());
  ASSERT_EQ(server_.Send("POST", "/machines/" + young + "/actions/ping", server_.AsAdmin()).status,
            200);
  server_.Advance(std::chrono::minutes(1));
  const Answer second = TakeOver("e", "idlest");
  EXPECT_NE(released(second), young);
}

TEST_F(Takeover, ADeviceThatHasASeatTakesNoOther) {
  const std::string policy =
      server_.AddPolicy(server_.AddProduct(), {{"floating", true}, {"maxMachines", 2}});
  license_ = server_.AddLicense(policy).Id();
  const std::string first = server_.AddMachine(license_, "first").Id();
  const std::string second = server_.AddMachine(license_, "second").Id();
  for (const std::string& release : {first, second, std::string("idlest")})
    EXPECT_EQ(TakeOver("second", release).Code(), "FINGERPRINT_TAKEN") << release;
  EXPECT_THAT(server_.Get("/licenses/" + license_ + "/machines").Ids(),
              UnorderedElementsAre(first, second));
}

TEST_F(Takeover, HappensThreeTimesADayAtMost) {
  std::string machine = old_;
  for (int i = 0; i < 3; ++i) {
    const Answer answer = TakeOver("fp" + std::to_string(i), machine);
    ASSERT_EQ(answer.status, 201) << answer.body;
    machine = answer.Id();
    server_.Advance(std::chrono::hours(1));
  }
  const Answer refused = TakeOver("fp3", machine);
  EXPECT_EQ(refused.status, 422);
  EXPECT_EQ(refused.Code(), "TAKEOVER_LIMIT_EXCEEDED");
  EXPECT_THAT(server_.Get("/machines").Ids(), ElementsAre(machine));  // nothing was released
  server_.Advance(std::chrono::hours(22));
  EXPECT_EQ(TakeOver("fp3", machine).status, 201);
}

// Taking and giving back by turns would otherwise share one seat among any number of devices.
TEST_F(Takeover, AnUndoneOneCountsToo) {
  for (int i = 0; i < 3; ++i) {
    const Answer taken = TakeOver("fp" + std::to_string(i), old_);
    ASSERT_EQ(taken.status, 201) << taken.body;
    server_.Advance(std::chrono::hours(1));
    ASSERT_EQ(Undo(TakeoverId(taken)).status, 200);
  }
  EXPECT_EQ(TakeOver("fp3", old_).Code(), "TAKEOVER_LIMIT_EXCEEDED");
  EXPECT_THAT(server_.Get("/machines").Ids(), ElementsAre(old_));
}

// The document is that of machine creation plus meta.release, checked before permissions.
TEST_F(Takeover, TheShapeIsCheckedFirst) {
  const auto headers = Token({"license.read"});
  json::object body = Body("new", old_, license_).as_object();
  const auto refusal = [&](const json::object& sent) {
    const Answer answer =
        server_.Send("POST", "/machines/actions/takeover", headers, json::value(sent));
    EXPECT_EQ(answer.status, 400) << answer.body;
    return answer.Source() + " " + answer.Detail();
  };
  json::object without = body;
  without.erase("meta");
  EXPECT_EQ(refusal(without), "/meta is missing");
  without["meta"] = json::object{{"colour", "red"}};
  EXPECT_EQ(refusal(without), "/meta/colour unpermitted parameter");
  without["meta"] = json::object{{"release", 5}};
  EXPECT_EQ(refusal(without), "/meta/release type mismatch (received integer expected string)");
  without["meta"] = json::object{{"release", ""}};
  EXPECT_EQ(refusal(without), "/meta/release cannot be blank");
  json::object no_fingerprint = body;
  no_fingerprint["data"].as_object()["attributes"] = json::object();
  EXPECT_EQ(refusal(no_fingerprint), "/data/attributes/fingerprint is missing");
  EXPECT_EQ(server_.Send("POST", "/machines/actions/takeover", headers, json::value(body)).status,
            403);
}

TEST_F(Takeover, NeedsToCreateAndToDelete) {
  EXPECT_EQ(TakeOver("new", old_, Token({"machine.create", "machine.read"})).status, 403);
  EXPECT_EQ(TakeOver("new", old_, Token({"machine.delete", "machine.read"})).status, 403);
  const auto both = Token({"machine.create", "machine.delete", "machine.read"});
  const Answer taken = TakeOver("new", old_, both);
  ASSERT_EQ(taken.status, 201) << taken.body;
  EXPECT_EQ(Undo(TakeoverId(taken), Token({"machine.create"})).status, 403);
  EXPECT_EQ(Undo(TakeoverId(taken), both).status, 200);
}

TEST_F(Takeover, OnlyTheLicenseItselfItsOwnerAndStaffTakeSeats) {
  const std::string other_key = Text(server_.AddLicense(policy_).Attribute("key"));
  EXPECT_EQ(TakeOver("new", old_, TestServer::AsLicense(other_key)).status, 403);
  const core::User user = server_.AddUser("user@acme.example");
  const auto headers = TestServer::AsToken(server_.TokenOf(user));
  EXPECT_EQ(TakeOver("new", old_, headers).status, 403);
  server_.SetOwner(license_, user);
  EXPECT_EQ(TakeOver("new", old_, headers).status, 201);
  const auto support =
      TestServer::AsToken(server_.TokenOf(server_.AddUser("s@acme.example", "support-agent")));
  EXPECT_EQ(TakeOver("newer", "idlest", support).status, 403);
}

TEST_F(Takeover, AnUnknownLicenseIsARuleForStaffAndAForbiddenForItsBearers) {
  const std::string unknown = "00000000-0000-4000-8000-000000000001";
  const json::value body = Body("new", "idlest", unknown);
  const Answer staff = server_.Post("/machines/actions/takeover", body);
  EXPECT_EQ(staff.status, 422);
  EXPECT_EQ(staff.Code(), "LICENSE_NOT_FOUND");
  EXPECT_EQ(
      server_.Send("POST", "/machines/actions/takeover", TestServer::AsLicense(key_), body).status,
      403);
}

TEST_F(Takeover, ReleasesOnlyMachinesOfTheLicense) {
  const std::string other = server_.AddLicense(policy_).Id();
  const std::string foreign = server_.AddMachine(other, "foreign").Id();
  const Answer answer = TakeOver("new", foreign);
  EXPECT_EQ(answer.status, 404);
  EXPECT_EQ(server_.Get("/machines/" + foreign).status, 200);
  EXPECT_EQ(TakeOver("new", "old").status, 404);  // a fingerprint is not an id
  EXPECT_THAT(server_.Get("/machines").Ids(), UnorderedElementsAre(old_, foreign));
}

TEST_F(Takeover, IsRefusedLikeACreationAndThenReleasesNothing) {
  const Answer same = TakeOver("old", old_);
  EXPECT_EQ(same.status, 422);
  EXPECT_EQ(same.Code(), "FINGERPRINT_TAKEN");
  const Answer reserved = TakeOver("actions", old_);
  EXPECT_EQ(reserved.status, 422);
  EXPECT_EQ(reserved.Code(), "FINGERPRINT_NOT_ALLOWED");
  EXPECT_EQ(server_.Get("/machines/" + old_).status, 200);
  EXPECT_EQ(Totals().at("count"), 1);
}

}  // namespace
}  // namespace latchkey::api
