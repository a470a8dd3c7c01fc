// Lists: modes, links, order and their errors (conventions.md §5).
#include "api/test_expect.h"

namespace latchkey::api {
namespace {

class Pagination : public testing::Test {
 protected:
  Pagination() {
    for (int i = 0; i < 12; ++i) {
      server.Advance(std::chrono::seconds(1));
      ids.insert(ids.begin(), server.AddEntitlement("E" + std::to_string(i)));  // newest first
    }
  }
  std::string Link(const Answer& answer, std::string_view name) {
    const json::value tree = answer.Json();
    const auto& link = tree.at("links").at(name);
    return link.is_null() ? "null" : std::string(link.as_string());
  }
  std::vector<std::string> Part(std::size_t from, std::size_t count) const {
    return {ids.begin() + static_cast<std::ptrdiff_t>(from),
            ids.begin() + static_cast<std::ptrdiff_t>(std::min(from + count, ids.size()))};
  }
  std::string root() const {
    return "/v1/accounts/" + server.account_id().ToString() + "/entitlements";
  }

  TestServer server;
  std::vector<std::string> ids;
};

TEST_F(Pagination, TheDefaultIsTenNewestFirstWithoutLinks) {
  const Answer answer = server.Get("/entitlements");
  EXPECT_EQ(answer.Ids(), Part(0, 10));
  EXPECT_FALSE(answer.Json().as_object().contains("links"));
  EXPECT_FALSE(answer.Json().as_object().contains("meta"));
  EXPECT_EQ(server.Get("/entitlements?limit=3").Ids(), Part(0, 3));
  EXPECT_EQ(server.Get("/entitlements?limit=100").Ids(), Part(0, 12));
}

TEST_F(Pagination, OrderFlipsTheList) {
  EXPECT_EQ(server.Get("/entitlements?order=desc&limit=2").Ids(), Part(0, 2));
  const auto oldest = server.Get("/entitlements?order=asc&limit=2").Ids();
  EXPECT_EQ(oldest, (std::vector<std::string>{ids[11], ids[10]}));
}

TEST_F(Pagination, OffsetPagesHaveAllLinks) {
  const Answer answer = server.Get("/entitlements?page[number]=2&page[size]=5");
  EXPECT_EQ(answer.Ids(), Part(5, 5));
  const auto page = [&](int number) {
    return root() + "?page%5Bnumber%5D=" + std::to_string(number) + "&page%5Bsize%5D=5";
  };
  EXPECT_EQ(Link(answer, "self"), page(2));
  EXPECT_EQ(Link(answer, "prev"), page(1));
  EXPECT_EQ(Link(answer, "next"), page(3));
  EXPECT_EQ(Link(answer, "first"), page(1));
  EXPECT_EQ(Link(answer, "last"), page(3));
  EXPECT_EQ(answer.Json().at("links").at("meta"), json::value({{"pages", 3}, {"count", 12}}));
  EXPECT_FALSE(answer.Json().as_object().contains("meta")) << "it sits inside links";
  const Answer first = server.Get("/entitlements?page[number]=1&page[size]=5");
  EXPECT_EQ(Link(first, "prev"), "null");
  const Answer last = server.Get("/entitlements?page[number]=3&page[size]=5");
  EXPECT_EQ(last.Ids(), Part(10, 5));
  EXPECT_EQ(Link(last, "next"), "null");
}

TEST_F(Pagination, OutOfRangePagesAreEmptyNotErrors) {
  const Answer answer = server.Get("/entitlements?page[number]=100&page[size]=100");
  EXPECT_EQ(answer.status, 200);
  EXPECT_TRUE(answer.Ids().empty());
  EXPECT_EQ(Link(answer, "next"), "null");
  EXPECT_EQ(answer.Json().at("links").at("meta"), json::value({{"pages", 1}, {"count", 12}}));
}

TEST_F(Pagination, ThePageSizeDefaultsToTheLimit) {
  EXPECT_EQ(server.Get("/entitlements?page[number]=2&limit=4").Ids(), Part(4, 4));
  EXPECT_EQ(server.Get("/entitlements?page[number]=1").Ids(), Part(0, 10));
}

TEST_F(Pagination, CursorsWalkTheWholeListOnce) {
  std::vector<std::string> seen;
  std::string next = "/entitlements?page[cursor]=&page[size]=5";
  int pages = 0;
  while (next != "null" && ++pages < 10) {
    const Answer answer = server.Get(next);
    ASSERT_EQ(answer.status, 200) << answer.body;
    for (const std::string& id : answer.Ids()) seen.push_back(id);
    const json::value tree = answer.Json();
    EXPECT_EQ(tree.at("links").as_object().size(), 2u) << "self and next only";
    next = Link(answer, "next");
  }
  EXPECT_EQ(seen, ids);
  EXPECT_EQ(pages, 3);
}

TEST_F(Pagination, CursorsFollowTheOrderAsked) {
  const Answer answer = server.Get("/entitlements?order=asc&page[size]=3&page[cursor]=" + ids[11]);
  EXPECT_EQ(answer.Ids(), (std::vector<std::string>{ids[10], ids[9], ids[8]}));
  EXPECT_EQ(Link(answer, "next"),
            root() + "?order=asc&page%5Bcursor%5D=" + ids[8] + "&page%5Bsize%5D=3");
}

TEST_F(Pagination, AFullLastPageHasNoNext) {
  EXPECT_EQ(Link(server.Get("/entitlements?page[cursor]=&page[size]=12"), "next"), "null");
  EXPECT_EQ(Link(server.Get("/entitlements?page[number]=1&page[size]=12"), "next"), "null");
}

TEST_F(Pagination, AnUnknownCursorIsAnEmptyPage) {
  const Answer answer =
      server.Get("/entitlements?page[cursor]=00000000-0000-4000-8000-000000000000");
  EXPECT_EQ(answer.status, 200);
  EXPECT_TRUE(answer.Ids().empty());
  EXPECT_EQ(Link(answer, "next"), "null");
}

TEST_F(Pagination, WithBothTheCursorWins) {
  const Answer answer = server.Get("/entitlements?page[number]=2&page[cursor]=&page[size]=2");
  EXPECT_EQ(answer.Ids(), Part(0, 2));
  EXPECT_FALSE(answer.Json().at("links").as_object().contains("first"));
}

TEST_F(Pagination, LinksKeepPathAndParametersSortedAndWithoutCredentials) {
  const Answer answer = server.Send(
      "GET", "/v1/entitlements/?z=%C3%A9+1&token=secret&page[number]=1&auth=secret&a[]=2&a[]=1",
      server.AsAdmin());
  ASSERT_EQ(answer.status, 200) << answer.body;
  EXPECT_EQ(
      Link(answer, "self"),
      "/v1/entitlements/?a%5B%5D=2&a%5B%5D=1&page%5Bnumber%5D=1&page%5Bsize%5D=10&z=%C3%A9%201");
}

TEST_F(Pagination, EmptyListsHavePageZeroAsLast) {
  TestServer empty;
  const Answer answer = empty.Get("/products?page[number]=1");
  EXPECT_EQ(answer.body.find("\"data\":[]"), 1u);
  EXPECT_EQ(answer.Json().at("links").at("meta"), json::value({{"pages", 0}, {"count", 0}}));
}

TEST_F(Pagination, BadPagesAreRefused) {
  constexpr std::string_view kPage =
      "page must be an object containing a cursor or number and optional size";
  const std::tuple<std::string_view, std::string_view, std::string_view> rows[] = {
      {"limit=0", "limit must be a number between 1 and 100 (got 0)", "limit"},
      {"limit=101", "limit must be a number between 1 and 100 (got 101)", "limit"},
      {"limit=-5", "limit must be a number between 1 and 100 (got -5)", "limit"},
      {"limit=ten", "limit must be a number between 1 and 100 (got 0)", "limit"},
      {"limit=1e2", "limit must be a number between 1 and 100 (got 0)", "limit"},
      {"limit=", "limit must be a number between 1 and 100 (got 0)", "limit"},
      {"limit=99999999999999999999",
       "limit must be a number between 1 and 100 (got 99999999999999999999)", "limit"},
      {"page[number]=0", "page number must be a number between 1 and 100 (got 0)", "page[number]"},
      {"page[number]=-1", "page number must be a number between 1 and 100 (got -1)",
       "page[number]"},
      {"page[number]=x", "page number must be a number between 1 and 100 (got 0)", "page[number]"},
      {"page[number]=101",
       "page number must be a number between 1 and 100 (got 101, please use cursor-based "
       "pagination instead)",
       "page[number]"},
      {"page[number]=9223372036854775808",
       "page number must be a number between 1 and 100 (got 9223372036854775808, please use "
       "cursor-based pagination instead)",
       "page[number]"},
      {"page[number]=-99999999999999999999",
       "page number must be a number between 1 and 100 (got -99999999999999999999)",
       "page[number]"},
      {"page[number]=1&page[size]=0", "page size must be a number between 1 and 100 (got 0)",
       "page[size]"},
      {"page[number]=1&page[size]=101", "page size must be a number between 1 and 100 (got 101)",
       "page[size]"},
      {"page[cursor]=x", "page cursor must be a valid UUID (got \"x\")", "page[cursor]"},
      {"page[cursor]=%22%5C", "page cursor must be a valid UUID (got \"\"\\\")", "page[cursor]"},
      {"page=1", kPage, "page"},
      {"page[size]=5", kPage, "page"},
      {"page[foo]=5", kPage, "page"},
      {"page[]=5", kPage, "page"},
      {"order=up", "order is invalid", "order"},
      {"order=ASC", "order is invalid", "order"},
  };
  for (const auto& [query, detail, parameter] : rows) {
    SCOPED_TRACE(query);
    const Answer answer = server.Get("/entitlements?" + std::string(query));
    const std::string source = "parameter " + std::string(parameter);
    ExpectError(answer, {400, "", detail, source});
    ExpectSigned(server, answer);
  }
}

TEST_F(Pagination, UnknownParametersAreIgnored) {
  EXPECT_EQ(server.Get("/entitlements?sort=name&include=x&fields[a]=b&unknown&limit=1&=x").Ids(),
            Part(0, 1));
}

}  // namespace
}  // namespace latchkey::api
