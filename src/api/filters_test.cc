#include "api/filters.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "api/test_server.h"

namespace latchkey::api {
namespace {

using ::testing::ElementsAre;

std::string Text(const json::value& value) { return std::string(value.as_string()); }
TimePoint At(std::string_view text) { return *base::ParseTime(text); }

// ---- what filters read ----

struct SpanCase {
  const char* text;
  const char* before;  // of 2026-03-31T12:00:00Z; empty: unreadable
};
class FilterSpans : public ::testing::TestWithParam<SpanCase> {};

TEST_P(FilterSpans, AreSecondsOrIsoDurations) {
  const auto span = ParseFilterSpan(GetParam().text);
  if (!*GetParam().before) {
    EXPECT_FALSE(span);
    return;
  }
  ASSERT_TRUE(span);
  EXPECT_EQ(base::FormatTime(span->Before(At("2026-03-31T12:00:00Z"))), GetParam().before);
}

INSTANTIATE_TEST_SUITE_P(
    Rows, FilterSpans,
    ::testing::Values(
        SpanCase{"3600", "2026-03-31T11:00:00.000Z"}, SpanCase{"0", "2026-03-31T12:00:00.000Z"},
        SpanCase{"2w", "2026-03-17T12:00:00.000Z"}, SpanCase{"31d", "2026-02-28T12:00:00.000Z"},
        SpanCase{"P1M", "2026-02-28T12:00:00.000Z"}, SpanCase{"p1y", "2025-03-31T12:00:00.000Z"},
        SpanCase{"P13DT59M59S", "2026-03-18T11:00:01.000Z"},
        SpanCase{"t90m", "2026-03-31T10:30:00.000Z"},
        SpanCase{"P1Y2M3W4DT5H6M7S", "2025-01-06T06:53:53.000Z"}, SpanCase{"", ""},
        SpanCase{"P", ""}, SpanCase{"PT", ""}, SpanCase{"P1DT", ""}, SpanCase{"soon", ""},
        SpanCase{"-1d", ""}, SpanCase{"1h", ""}, SpanCase{"1d1w", ""}, SpanCase{"1d1d", ""},
        SpanCase{"d", ""}, SpanCase{"1.5d", ""}, SpanCase{"PT1HT1M", ""}, SpanCase{"1d2", ""},
        SpanCase{"999999999999", ""}, SpanCase{"999999999999d", ""}));

TEST(FilterFlags, OnlyFourTextsAreFalse) {
  for (const char* text : {"false", "False", "f", "F", "0", "off", "OFF"})
    EXPECT_FALSE(ParseFilterFlag(text)) << text;
  for (const char* text : {"true", "1", "yes", "no", "00", "anything"})
    EXPECT_TRUE(ParseFilterFlag(text)) << text;
}

// ---- lists ----

class Filters : public ::testing::Test {
 protected:
  // Names of the records that a list holds, sorted, as one text.
  std::string List(std::string_view path, std::string_view attribute = "name") {
    const Answer answer = server_.Get(path);
    EXPECT_EQ(answer.status, 200) << path << ": " << answer.body;
    if (answer.status != 200) return "refused";
    std::vector<std::string> names;
    const json::value items = answer.Data();
    for (const auto& item : items.as_array())
      names.push_back(Text(item.at("attributes").at(attribute)));
    std::sort(names.begin(), names.end());
    std::string out;
    for (const auto& name : names) out += (out.empty() ? "" : " ") + name;
    return out;
  }
  TestServer server_;
};

// Six licenses with different facts; now is 2026-06-01T12:00:00Z.
//   old      created 2026-01-02, idle since; suspended
//   seen     created 2026-01-02, validated lately; expired 2026-05-30T08:00Z
//   soon     expires in two days; owned
//   later    expires in 30 days; two machines; metadata
//   banned   owned by a banned user
//   plain    of another product and policy; attached to a user
class LicenseLists : public Filters {
 protected:
  void SetUp() override {
    server_.SetNow(At("2026-01-02T00:00:00Z"));
    product_ = server_.AddProduct();
    policy_ = server_.AddPolicy(product_, {{"floating", true}});
    other_product_ = server_.AddProduct();
    other_policy_ = server_.AddPolicy(other_product_);
    const auto add = [&](const char* name, json::object more = {}) {
      more.emplace("name", name);
      return server_.AddLicense(policy_, std::move(more)).Id();
    };
    add("old", {{"suspended", true}});
    const std::string seen = add("seen", {{"expiry", "2026-05-30T08:00:00Z"}});
    server_.SetNow(At("2026-05-20T00:00:00Z"));
    ASSERT_EQ(
        server_.Send("GET", "/licenses/" + seen + "/actions/check-out", server_.AsAdmin()).status,
        200);
    owner_ = server_.AddUser("owner@acme.example");
    const core::User crook = server_.AddUser("crook@acme.example");
    server_.SetOwner(add("soon", {{"expiry", "2026-06-03T12:00:00Z"}}), owner_);
    later_ = add("later", {{"expiry", "2026-07-01T12:00:00Z"},
                           {"metadata",
                            {{"tier", "gold"},
                             {"seatCount", 5},
                             {"ok", true},
                             {"hw", {{"cpu", "x86"}}},
                             {"ids", {"2", "7"}}}}});
    machine_ = server_.AddMachine(later_, "m1").Id();
    server_.AddMachine(later_, "m2");
    server_.SetOwner(add("banned"), crook);
    server_.Ban(crook);
    const std::string plain = server_.AddLicense(other_policy_, {{"name", "plain"}}).Id();
    attached_ = server_.AddUser("attached@acme.example");
    Attach(plain, attached_);
    server_.SetNow(At("2026-06-01T12:00:00Z"));
  }
  void Attach(const std::string& license, const core::User& user) {
    const auto written = server_.database().WriteNow([&](store::Session& session) -> Result<void> {
      LK_TRY(session.Execute(
          "INSERT INTO license_users (id, account_id, created, updated, license_id, user_id) "
          "VALUES ($1, $2, $3, $3, $4, $5)",
          store::Params(Uuid::V4(base::SystemRandom()), server_.account_id(), server_.now(),
                        *Uuid::Parse(license), user.id)));
      return {};
    });
    ASSERT_TRUE(written) << written.error().detail;
  }
  std::string Licenses(const std::string& query) { return List("/licenses?limit=100&" + query); }

  std::string product_, policy_, other_product_, other_policy_, later_, machine_;
  core::User owner_, attached_;
};

constexpr const char* kAll = "banned later old plain seen soon";

TEST_F(LicenseLists, EachFilterFindsItsLicenses) {
  const struct {
    std::string query;
    const char* names;
  } kRows[] = {
      {"", kAll},
      {"colour=red", kAll},
      {"product=" + product_, "banned later old seen soon"},
      {"product=" + other_product_, "plain"},
      {"product=nothing", ""},
      {"product=", kAll},
      {"policy=" + other_policy_, "plain"},
      {"policy=" + policy_ + "&suspended=true", "old"},
      {"machine=" + machine_, "later"},
      {"machine=m1", ""},
      {"group=" + product_, ""},
      {"owner=" + owner_.id.ToString(), "soon"},
      {"owner=Owner@Acme.example", "soon"},
      {"owner=nobody@acme.example", ""},
      {"owner=attached@acme.example", ""},
      {"user=owner@acme.example", "soon"},
      {"user=attached@acme.example", "plain"},
      {"user=" + attached_.id.ToString(), "plain"},
      {"suspended=true", "old"},
      {"suspended=off", "banned later plain seen soon"},
      {"assigned=true", "banned plain soon"},
      {"assigned=0", "later old seen"},
      {"unassigned=1", "later old seen"},
      {"unassigned=false", "banned plain soon"},
      {"activated=true", "later"},
      {"activated=F", "banned old plain seen soon"},
      {"activations[eq]=2", "later"},
      {"activations[gt]=1", "later"},
      {"activations[gte]=3", ""},
      {"activations[lt]=1", "banned old plain seen soon"},
      {"activations[lte]=2", kAll},
      {"activations[lt]=1&activations[eq]=2", "later"},  // the first in the order of the table
      {"activations[eq]=two", ""},
      {"activations[near]=2", ""},
      {"activations=2", ""},
  };
  for (const auto& row : kRows) EXPECT_EQ(Licenses(row.query), row.names) << row.query;
}

// licenses.md §11.1: each status looks at one fact alone.
TEST_F(LicenseLists, TheStatusFilterLooksAtOneFactEach) {
  const struct {
    const char* query;
    const char* names;
  } kRows[] = {
      {"status=banned", "banned"},
      {"status=SUSPENDED", "old"},
      {"status=Expired", "seen"},
      {"status=expiring", "soon"},
      {"status=inactive", "old"},
      {"status=active", "later plain seen soon"},  // expired ones too, but not of banned owners
      {"status=unknown", ""},
  };
  for (const auto& row : kRows) EXPECT_EQ(Licenses(row.query), row.names) << row.query;
}

TEST_F(LicenseLists, ExpiryIsAskedInManyWays) {
  const struct {
    const char* query;
    const char* names;
  } kRows[] = {
      {"expiring=true", "soon"},
      {"expiring=false", "banned later old plain seen"},
      {"expired=true", "seen"},
      {"expired=false", "banned later old plain soon"},
      {"expired[within]=3d", "seen"},
      {"expired[in]=P1D", ""},
      {"expired[within]=86400", ""},
      {"expired[before]=2026-05-30T08:00:00Z", "seen"},
      {"expired[before]=2026-05-30T07:59:59Z", ""},
      {"expired[after]=2026-05-30", "seen"},
      {"expired[after]=1780300800", ""},
      {"expired[on]=2026-05-30", "seen"},
      {"expired[on]=2026-05-31", ""},
      {"expired[on]=2026-06-03", ""},
      {"expired[soon]=1d", ""},
      {"expired[in]=soon", ""},
      {"expired[before]=never", ""},
      {"expires[within]=3d", "soon"},
      {"expires[in]=P2M", "later soon"},
      {"expires[before]=2026-06-03T12:00:00Z", "soon"},
      {"expires[after]=2026-06-04", "later"},
      {"expires[on]=2026-07-01", "later"},
      {"expires[on]=2026-05-30T23:00:00Z", "seen"},  // looks both ways
      {"expires[on]=someday", ""},
      {"expires[after]=2026-06-04&expires[within]=3d", "soon"},  // within comes first
      {"expires=true", ""},
      {"expires[later]=1d", ""},
  };
  for (const auto& row : kRows) EXPECT_EQ(Licenses(row.query), row.names) << row.query;
}

TEST_F(LicenseLists, ActivityLeavesOutBannedOwners) {
  const struct {
    const char* query;
    const char* names;
  } kRows[] = {
      {"activity[inside]=30d", "later plain seen soon"},
      {"activity[after]=2026-05-20T00:00:00Z", "later plain seen soon"},
      {"activity[after]=2026-05-21", ""},
      {"activity[outside]=30d", "old"},
      {"activity[before]=2026-05-21", "later old plain seen soon"},
      {"activity[before]=2026-05-21&activity[inside]=30d", "later plain seen soon"},
      {"activity[inside]=soon", ""},
      {"activity[near]=30d", ""},
      {"activity=30d", ""},
  };
  for (const auto& row : kRows) EXPECT_EQ(Licenses(row.query), row.names) << row.query;
}

TEST_F(LicenseLists, MetadataIsContained) {
  const struct {
    const char* query;
    const char* names;
  } kRows[] = {
      {"metadata[tier]=gold", "later"},
      {"metadata[tier]=gol", ""},
      {"metadata[seatCount]=5", "later"},
      {"metadata[seat-count]=5&metadata[ok]=true", "later"},
      {"metadata[tier]=gold&metadata[ok]=false", ""},
      {"metadata[hw][cpu]=x86", "later"},
      {"metadata[hw][cpu]=arm", ""},
      {"metadata%5Bhw%5D%5Bcpu%5D=x86", "later"},
      {"metadata[ids][]=2", "later"},
      {"metadata[ids][]=2&metadata[ids][]=7", "later"},
      {"metadata[ids][]=3", ""},
      {"metadata=gold", ""},
      {"metadata[]=gold", ""},
      {"metadata[tier=gold", ""},
      {"metadata[!]=gold", ""},
      {"metadata[tier]=gold&metadata[tier][x]=1", ""},
      {"metadata[a][b][c][d][e]=1", ""},
      {"metadatum[tier]=lead", kAll},
  };
  for (const auto& row : kRows) EXPECT_EQ(Licenses(row.query), row.names) << row.query;
}

TEST_F(LicenseLists, ADeepFilterIsRefusedWithoutFollowingIt) {
  std::string query = "metadata";
  for (int i = 0; i < 5000; ++i) query += "[a]";
  EXPECT_EQ(Licenses(query + "=1"), "");
}

TEST_F(LicenseLists, NestedListsTakeTheirOwnFiltersOnly) {
  const std::string path = "/products/" + product_ + "/licenses?limit=100&";
  EXPECT_EQ(List(path), "banned later old seen soon");
  EXPECT_EQ(List(path + "policy=" + other_policy_), "");
  EXPECT_EQ(List(path + "metadata[tier]=gold"), "banned later old seen soon");
}

// Machines of two licenses; now is 2026-03-03T09:15:00Z.
class MachineLists : public Filters {
 protected:
  void SetUp() override {
    product_ = server_.AddProduct();
    beating_ = server_.AddPolicy(product_, {{"floating", true},
                                            {"requireHeartbeat", true},
                                            {"heartbeatDuration", 60},
                                            {"heartbeatCullStrategy", "KEEP_DEAD"}});
    quiet_ = server_.AddPolicy(product_, {{"floating", true}});
    first_ = server_.AddLicense(beating_).Id();
    second_ = server_.AddLicense(quiet_, {{"key", "SECOND-KEY"}}).Id();
    one_ = server_.AddMachine(first_, "one", {{"hostname", "alpha"}, {"ip", "192.0.2.1"}}).Id();
    server_.AddMachine(first_, "two");
    server_.AddMachine(second_, "three", {{"metadata", {{"room", "lab"}}}});
    four_ = server_.AddMachine(second_, "four").Id();
  }
  void Ping(const std::string& id) {
    ASSERT_EQ(server_.Send("POST", "/machines/" + id + "/actions/ping", server_.AsAdmin()).status,
              200);
  }
  std::string Machines(const std::string& query) {
    return List("/machines?limit=100&" + query, "fingerprint");
  }
  std::string product_, beating_, quiet_, first_, second_, one_, four_;
};

TEST_F(MachineLists, EachFilterFindsItsMachines) {
  const core::User owner = server_.AddUser("owner@acme.example");
  const core::User holder = server_.AddUser("holder@acme.example");
  server_.SetMachineOwner(one_, owner);
  server_.SetOwner(second_, holder);
  constexpr const char* kEvery = "four one three two";
  const struct {
    std::string query;
    const char* names;
  } kRows[] = {
      {"", kEvery},
      {"fingerprint=one", "one"},
      {"fingerprint=ONE", ""},
      {"hostname=alpha", "one"},
      {"ip=192.0.2.1", "one"},
      {"ip=", kEvery},
      {"product=" + product_, kEvery},
      {"product=lathe", ""},
      {"policy=" + quiet_, "four three"},
      {"license=" + first_, "one two"},
      {"license=SECOND-KEY", ""},
      {"key=SECOND-KEY", "four three"},
      {"key=second-key", ""},
      {"group=" + product_, ""},
      {"owner=owner@acme.example", "one"},
      {"owner=" + owner.id.ToString(), "one"},
      {"owner=holder@acme.example", ""},
      {"user=holder@acme.example", "four three"},
      {"user=" + holder.id.ToString(), "four three"},
      {"user=owner@acme.example", ""},
      {"metadata[room]=lab", "three"},
      {"license=" + second_ + "&metadata[room]=lab", "three"},
      {"status=gone", ""},
  };
  for (const auto& row : kRows) EXPECT_EQ(Machines(row.query), row.names) << row.query;
  EXPECT_EQ(List("/licenses/" + second_ + "/machines?hostname=alpha", "fingerprint"), "four three");
  EXPECT_EQ(List("/licenses/" + second_ + "/machines?fingerprint=four", "fingerprint"), "four");
}

TEST_F(MachineLists, DeadIsWhatTheMachineItselfShows) {
  EXPECT_EQ(Machines("status=dead"), "");
  Ping(four_);  // begins to need a heartbeat, every 600 seconds
  server_.Advance(Seconds(50));
  Ping(one_);
  const struct {
    int seconds;
    const char* dead;
  } kSteps[] = {{10, ""},       {1, "two"},       {49, "two"},
                {1, "one two"}, {489, "one two"}, {1, "four one two"}};
  for (const auto& step : kSteps) {
    server_.Advance(Seconds(step.seconds));
    EXPECT_EQ(Machines("status=DEAD"), step.dead) << base::FormatTime(server_.now());
    std::string shown;
    const json::value items = server_.Get("/machines?order=asc").Data();
    std::vector<std::string> names;
    for (const auto& item : items.as_array())
      if (item.at("attributes").at("heartbeatStatus") == "DEAD")
        names.push_back(Text(item.at("attributes").at("fingerprint")));
    std::sort(names.begin(), names.end());
    for (const auto& name : names) shown += (shown.empty() ? "" : " ") + name;
    EXPECT_EQ(shown, step.dead) << base::FormatTime(server_.now());
  }
  EXPECT_EQ(Machines("status=alive"), "three");
}

// Our own downtime never counts against a machine (decision 7). Real time: Latchkey-Now has none.
TEST_F(MachineLists, DowntimeMovesTheDeadline) {
  const TestServer::Headers real = [&] {
    auto headers = server_.AsAdmin();
    headers.push_back({"Latchkey-Now", ""});
    return headers;
  }();
  const auto status = [&](std::string_view wanted) {
    return server_
        .Send("GET", "/machines?license=" + first_ + "&status=" + std::string(wanted), real)
        .Ids()
        .size();
  };
  const TimePoint now = base::SystemNow();
  EXPECT_EQ(status("dead"), 2u);  // created in March, a beat per minute since
  const auto log = core::ServingLog::FromIntervals(
      {{server_.now() - std::chrono::hours(1), server_.now() + Seconds(10)},
       {now - Seconds(5), now + std::chrono::hours(1)}});
  server_.SetServing(std::make_shared<const core::ServingLog>(log));
  EXPECT_EQ(status("dead"), 0u);  // 15 seconds served since their creation
  EXPECT_EQ(status("alive"), 2u);
}

}  // namespace
}  // namespace latchkey::api
