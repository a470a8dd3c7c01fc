// Actions on licenses and the values derived from them (licenses.md §10, §11).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/test_server.h"

namespace latchkey::api {
namespace {

std::string Text(const json::value& value) { return std::string(value.as_string()); }

class LicenseActions : public ::testing::Test {
 protected:
  TestServer server_;
  std::string product_ = server_.AddProduct();
  std::string license_, key_;

  void Make(json::object policy, json::object license = {}) {
    const Answer made =
        server_.AddLicense(server_.AddPolicy(product_, std::move(policy)), std::move(license));
    license_ = made.Id();
    key_ = Text(made.Attribute("key"));
  }
  Answer Act(std::string_view action, const json::value& body = json::object()) {
    return server_.Post("/licenses/" + license_ + "/actions/" + std::string(action), body);
  }
  Answer Use(std::string_view action, std::string_view member, const json::value& amount) {
    return Act(action, json::object{{"meta", {{std::string(member), amount}}}});
  }
  json::value Shown(std::string_view attribute) {
    return server_.Get("/licenses/" + license_).Attribute(attribute);
  }
  void At(std::string_view time) { server_.SetNow(*base::ParseTime(time)); }
  static void ExpectRefusal(const Answer& answer, std::string_view detail,
                            std::string_view pointer) {
    EXPECT_EQ(answer.status, 422);
    EXPECT_EQ(answer.Json().at("errors").at(0).at("title"), "Unprocessable entity");
    EXPECT_EQ(answer.Code(), "");
    EXPECT_EQ(answer.Detail(), detail);
    EXPECT_EQ(answer.Source(), pointer);
  }
};

TEST_F(LicenseActions, SuspendAndReinstateTakeTurns) {
  Make({});
  ExpectRefusal(Act("reinstate"), "is not suspended", "/data/attributes/suspended");
  const Answer suspended = Act("suspend");
  EXPECT_EQ(suspended.status, 200);
  EXPECT_EQ(suspended.Attribute("suspended"), true);
  EXPECT_EQ(suspended.Attribute("status"), "SUSPENDED");
  EXPECT_EQ(server_.Events().back(), "license.suspended");
  const auto events = server_.Events();
  ExpectRefusal(Act("suspend"), "is already suspended", "/data/attributes/suspended");
  EXPECT_EQ(server_.Events(), events);
  EXPECT_EQ(Act("reinstate").Attribute("suspended"), false);
  EXPECT_EQ(server_.Events().back(), "license.reinstated");
}

TEST_F(LicenseActions, CheckInMovesTheNextDate) {
  Make({});
  ExpectRefusal(Act("check-in"), "cannot be checked in because the policy does not require it", "");
  At("2026-01-31T12:00:00Z");
  Make({{"requireCheckIn", true}, {"checkInInterval", "month"}, {"checkInIntervalCount", 1}});
  At("2026-03-31T12:00:00Z");
  const Answer overdue = Act("validate");
  EXPECT_EQ(overdue.Json().at("meta").at("code"), "OVERDUE");
  EXPECT_EQ(overdue.Json().at("meta").at("detail"), "is overdue for check in");
  const Answer answer = Act("check-in");
  EXPECT_EQ(answer.Attribute("lastCheckIn"), "2026-03-31T12:00:00.000Z");
  EXPECT_EQ(answer.Attribute("nextCheckIn"), "2026-04-30T12:00:00.000Z");
  EXPECT_EQ(server_.Events().back(), "license.checked-in");
  // Overdue means later than the date shown, nothing else (decision 36).
  At("2026-04-30T12:00:00Z");
  EXPECT_EQ(Act("validate").Json().at("meta").at("code"), "VALID");
  At("2026-04-30T12:00:00.001Z");
  EXPECT_EQ(Act("validate").Json().at("meta").at("code"), "OVERDUE");
}

TEST_F(LicenseActions, ALicenseOlderThanTheRequirementIsNeverOverdue) {
  const std::string policy = server_.AddPolicy(product_);
  license_ = server_.AddLicense(policy).Id();
  server_.Send("PATCH", "/policies/" + policy, server_.AsAdmin(),
               DocumentOf("policies", {{"requireCheckIn", true},
                                       {"checkInInterval", "day"},
                                       {"checkInIntervalCount", 1}}));
  server_.Advance(Seconds(86400 * 30));
  EXPECT_EQ(Act("validate").Json().at("meta").at("code"), "VALID");
  EXPECT_TRUE(Shown("nextCheckIn").is_null());
}

struct RenewCase {
  std::string name;
  std::string basis;
  std::string now;
  std::string expiry;
};
class Renewals : public LicenseActions, public ::testing::WithParamInterface<RenewCase> {};
TEST_P(Renewals, StartFromTheirBasis) {
  At("2026-01-31T12:00:00Z");
  Make({{"duration", 2629746}, {"renewalBasis", GetParam().basis}});
  ASSERT_EQ(Shown("expiry"), "2026-02-28T12:00:00.000Z");
  At(GetParam().now);
  EXPECT_EQ(Text(Act("renew").Attribute("expiry")), GetParam().expiry);
  EXPECT_EQ(server_.Events().back(), "license.renewed");
}
INSTANTIATE_TEST_SUITE_P(
    Bases, Renewals,
    ::testing::Values(
        RenewCase{"Expiry", "FROM_EXPIRY", "2026-02-10T00:00:00Z", "2026-03-28T12:00:00.000Z"},
        RenewCase{"ExpiryWhenExpired", "FROM_EXPIRY", "2026-05-10T00:00:00Z",
                  "2026-03-28T12:00:00.000Z"},
        RenewCase{"Now", "FROM_NOW", "2026-02-10T00:00:00Z", "2026-03-10T00:00:00.000Z"},
        RenewCase{"NowIfExpiredBefore", "FROM_NOW_IF_EXPIRED", "2026-02-10T00:00:00Z",
                  "2026-03-28T12:00:00.000Z"},
        RenewCase{"NowIfExpiredAfter", "FROM_NOW_IF_EXPIRED", "2026-05-31T00:00:00Z",
                  "2026-06-30T00:00:00.000Z"}),
    [](const auto& test) { return test.param.name; });

TEST_F(LicenseActions, RenewNeedsADurationAndAnExpiry) {
  Make({});
  ExpectRefusal(Act("renew"), "cannot be renewed because the policy does not have a duration", "");
  Make({{"duration", 2592000}, {"expirationBasis", "FROM_FIRST_USE"}});
  const Answer answer = Act("renew");
  EXPECT_EQ(answer.status, 422);
  EXPECT_EQ(answer.Json().at("errors"), json::array());
}

TEST_F(LicenseActions, UsesAreCounted) {
  Make({}, {{"maxUses", 7}});
  EXPECT_EQ(Act("increment-usage").Attribute("uses"), 1);
  EXPECT_EQ(server_.Events().back(), "license.usage.incremented");
  EXPECT_EQ(Use("increment-usage", "increment", 5).Attribute("uses"), 6);
  const Answer over = Use("increment-usage", "increment", 2);
  EXPECT_EQ(over.status, 422);
  EXPECT_EQ(over.Code(), "USES_LIMIT_EXCEEDED");
  EXPECT_EQ(over.Detail(), "usage exceeds maximum allowed for license (7)");
  EXPECT_EQ(over.Source(), "/data/attributes/uses");
  EXPECT_EQ(Use("increment-usage", "increment", 1).Attribute("uses"), 7);
  EXPECT_EQ(Act("decrement-usage").Attribute("uses"), 6);
  EXPECT_EQ(server_.Events().back(), "license.usage.decremented");
  const Answer under = Use("decrement-usage", "decrement", 7);
  EXPECT_EQ(under.status, 422);
  EXPECT_EQ(under.Code(), "USES_INVALID");
  EXPECT_EQ(under.Detail(), "must be greater than or equal to 0");
  EXPECT_EQ(under.Source(), "/data/attributes/uses");
  EXPECT_EQ(Act("reset-usage").Attribute("uses"), 0);
  EXPECT_EQ(server_.Events().back(), "license.usage.reset");
  EXPECT_EQ(Act("validate").Json().at("meta").at("code"), "VALID");  // uses play no part
}

TEST_F(LicenseActions, UsesStayWithinTheirRange) {
  Make({{"overageStrategy", "ALWAYS_ALLOW_OVERAGE"}});
  const struct {
    std::string action, member;
    json::value amount;
    int status;
    std::string detail, source;
  } cases[] = {
      {"increment-usage", "increment", 2147483647, 200, "", ""},
      {"increment-usage", "increment", 1, 400, "integer is too large", "/meta/increment"},
      {"increment-usage", "increment", 9223372036854775807, 400, "integer is too large",
       "/meta/increment"},
      {"decrement-usage", "decrement", -9223372036854775807, 400, "integer is too large",
       "/meta/decrement"},
      {"increment-usage", "increment", "5", 400, "type mismatch (received string expected integer)",
       "/meta/increment"},
      {"increment-usage", "increment", 1.5, 400, "type mismatch (received float expected integer)",
       "/meta/increment"},
      {"increment-usage", "decrement", 1, 400, "unpermitted parameter", "/meta/decrement"},
      {"decrement-usage", "decrement", 2147483647, 200, "", ""},
      {"increment-usage", "increment", nullptr, 200, "", ""},
  };
  for (const auto& row : cases) {
    const Answer answer = Use(row.action, row.member, row.amount);
    EXPECT_EQ(answer.status, row.status) << answer.body;
    if (row.status == 200) continue;
    EXPECT_EQ(answer.Detail(), row.detail);
    EXPECT_EQ(answer.Source(), row.source);
  }
  EXPECT_EQ(Shown("uses"), 1);
}

TEST_F(LicenseActions, ALimitOfUsesTakesNoOverage) {
  Make({{"overageStrategy", "ALWAYS_ALLOW_OVERAGE"}, {"maxUses", 1}});
  EXPECT_EQ(Act("increment-usage").status, 200);
  EXPECT_EQ(Act("increment-usage").Code(), "USES_LIMIT_EXCEEDED");
}

TEST_F(LicenseActions, RevokingDeletesUnderItsOwnName) {
  Make({});
  const auto before = server_.Events().size();
  const Answer gone =
      server_.Send("DELETE", "/licenses/" + license_ + "/actions/revoke", server_.AsAdmin());
  EXPECT_EQ(gone.status, 204);
  EXPECT_EQ(gone.body, "");
  EXPECT_EQ(server_.Get("/licenses/" + license_).status, 404);
  const auto events = server_.Events();
  ASSERT_EQ(events.size(), before + 1);
  EXPECT_EQ(events.back(), "license.revoked");
}

// ---- when the clock of a license starts (licenses.md §11.2)

TEST_F(LicenseActions, FirstUseStartsTheClockAfterItsAnswer) {
  At("2026-01-31T12:00:00Z");
  Make({{"duration", 2629746}, {"expirationBasis", "FROM_FIRST_USE"}});
  EXPECT_EQ(Act("validate").status, 200);
  server_.AddMachine(license_, "m1");
  EXPECT_TRUE(Shown("expiry").is_null());
  EXPECT_TRUE(Act("increment-usage").Attribute("expiry").is_null());
  EXPECT_EQ(Shown("expiry"), "2026-02-28T12:00:00.000Z");
  At("2026-02-01T12:00:00Z");
  EXPECT_EQ(Act("increment-usage").Attribute("expiry"), "2026-02-28T12:00:00.000Z");
}

TEST_F(LicenseActions, FirstActivationStartsTheClock) {
  At("2026-01-31T12:00:00Z");
  Make({{"floating", true}, {"duration", 2629746}, {"expirationBasis", "FROM_FIRST_ACTIVATION"}});
  EXPECT_EQ(Act("validate").status, 200);
  EXPECT_EQ(Act("increment-usage").status, 200);
  EXPECT_TRUE(Shown("expiry").is_null());
  server_.AddMachine(license_, "m1");
  EXPECT_EQ(Shown("expiry"), "2026-02-28T12:00:00.000Z");
  At("2026-02-01T12:00:00Z");
  server_.AddMachine(license_, "m2");
  EXPECT_EQ(Shown("expiry"), "2026-02-28T12:00:00.000Z");
}

TEST_F(LicenseActions, AnExplicitExpiryStays) {
  for (const std::string_view basis :
       {"FROM_CREATION", "FROM_FIRST_USE", "FROM_FIRST_ACTIVATION", "FROM_FIRST_VALIDATION"}) {
    Make({{"duration", 2629746}, {"expirationBasis", basis}}, {{"expiry", "2030-01-01T00:00:00Z"}});
    Act("validate");
    Act("increment-usage");
    server_.AddMachine(license_, "m1");
    EXPECT_EQ(Shown("expiry"), "2030-01-01T00:00:00.000Z") << basis;
  }
}

TEST_F(LicenseActions, ADurationChangedLaterChangesNoExpiry) {
  At("2026-01-31T12:00:00Z");
  const std::string policy = server_.AddPolicy(product_, {{"duration", 2629746}});
  license_ = server_.AddLicense(policy).Id();
  server_.Send("PATCH", "/policies/" + policy, server_.AsAdmin(),
               DocumentOf("policies", {{"duration", 31556952}}));
  EXPECT_EQ(Shown("expiry"), "2026-02-28T12:00:00.000Z");
}

// ---- status (licenses.md §11.1)

struct StatusCase {
  std::string name;
  json::object license;
  std::int64_t days_later;
  std::string status;
};
class LicenseStatuses : public LicenseActions, public ::testing::WithParamInterface<StatusCase> {};
TEST_P(LicenseStatuses, FollowTheFirstRuleThatHolds) {
  At("2026-01-01T00:00:00Z");
  Make({}, GetParam().license);
  server_.Advance(Seconds(86400 * GetParam().days_later));
  EXPECT_EQ(Text(Shown("status")), GetParam().status);
}
INSTANTIATE_TEST_SUITE_P(
    Rules, LicenseStatuses,
    ::testing::Values(StatusCase{"Active", {}, 0, "ACTIVE"},
                      StatusCase{"StillActive", {}, 90, "ACTIVE"},
                      StatusCase{"Inactive", {}, 91, "INACTIVE"},
                      StatusCase{"Expiring", {{"expiry", "2026-01-03T00:00:00Z"}}, 0, "EXPIRING"},
                      StatusCase{
                          "NotYetExpiring", {{"expiry", "2026-01-04T00:00:00Z"}}, 0, "ACTIVE"},
                      StatusCase{"Expired", {{"expiry", "2026-01-03T00:00:00Z"}}, 3, "EXPIRED"},
                      StatusCase{"SuspendedBeatsExpired",
                                 {{"expiry", "2026-01-03T00:00:00Z"}, {"suspended", true}},
                                 3,
                                 "SUSPENDED"}),
    [](const auto& test) { return test.param.name; });

TEST_F(LicenseActions, TheOwnersBanBeatsAll) {
  Make({}, {{"suspended", true}, {"expiry", "2020-01-01T00:00:00Z"}});
  const core::User user = server_.AddUser("owner@acme.example");
  server_.SetOwner(license_, user);
  EXPECT_EQ(Shown("status"), "SUSPENDED");
  server_.Ban(user);
  EXPECT_EQ(Shown("status"), "BANNED");
}

}  // namespace
}  // namespace latchkey::api
