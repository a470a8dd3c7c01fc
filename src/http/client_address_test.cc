#include "http/client_address.h"

#include <gtest/gtest.h>

namespace latchkey::http {
namespace {

TEST(TrustedProxies, RefusesWhatIsNeitherAddressNorBlock) {
  for (const char* entry : {"", "proxy.test", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/x",
                            "fd00::/129", "10.0.0", "10.0.0.0/8 ", "/8"}) {
    SCOPED_TRACE(entry);
    const auto proxies = TrustedProxies::Parse({entry});
    ASSERT_FALSE(proxies);
    EXPECT_EQ(proxies.error().code, Errc::kConfigInvalid);
    EXPECT_NE(proxies.error().detail.find(entry), std::string::npos);
  }
}

TEST(TrustedProxies, MatchesByPrefixInBothFamilies) {
  const auto proxies = TrustedProxies::Parse({"10.1.0.0/17", "192.0.2.7", "fd00:1::/33", "::1"});
  ASSERT_TRUE(proxies);
  const std::pair<const char*, bool> cases[] = {
      {"10.1.0.1", true},        {"10.1.127.255", true},  {"10.1.128.0", false},
      {"10.0.0.1", false},       {"192.0.2.7", true},     {"192.0.2.6", false},
      {"fd00:1::5", true},       {"fd00:1:7fff::", true}, {"fd00:1:8000::", false},
      {"fd00:2::", false},       {"::1", true},           {"::2", false},
      {"::ffff:10.1.2.3", true},
  };
  for (const auto& [text, trusted] : cases) {
    SCOPED_TRACE(text);
    EXPECT_EQ(proxies->Trusts(*Address::Parse(text)), trusted);
  }
}

struct ClientCase {
  const char* name;
  const char* peer;
  std::vector<Header> headers;
  const char* address;
  bool https;
};

TEST(FindClient, BelievesOnlyTrustedHopsFromRightToLeft) {
  const auto proxies = TrustedProxies::Parse({"10.0.0.0/8", "fd00::/8"});
  ASSERT_TRUE(proxies);
  const ClientCase cases[] = {
      {"a stranger's header is ignored",
       "203.0.113.9",
       {{"X-Forwarded-For", "198.51.100.1"}, {"X-Forwarded-Proto", "https"}},
       "203.0.113.9",
       false},
      {"one proxy", "10.0.0.1", {{"X-Forwarded-For", "198.51.100.1"}}, "198.51.100.1", false},
      {"no header", "10.0.0.1", {}, "10.0.0.1", false},
      {"a forged left part is not reached",
       "10.0.0.1",
       {{"X-Forwarded-For", "192.0.2.66, 198.51.100.1"}},
       "198.51.100.1",
       false},
      {"trusted hops are skipped",
       "10.0.0.1",
       {{"X-Forwarded-For", "192.0.2.66, 198.51.100.1, 10.9.9.9"}},
       "198.51.100.1",
       false},
      {"several lines are one list",
       "10.0.0.1",
       {{"X-Forwarded-For", "198.51.100.1"}, {"x-forwarded-for", "10.9.9.9"}},
       "198.51.100.1",
       false},
      {"all trusted gives the leftmost",
       "10.0.0.1",
       {{"X-Forwarded-For", "10.3.3.3,10.2.2.2"}},
       "10.3.3.3",
       false},
      {"an unreadable hop ends the search",
       "10.0.0.1",
       {{"X-Forwarded-For", "198.51.100.1, unknown, 10.2.2.2"}},
       "10.2.2.2",
       false},
      {"an empty header is unreadable", "10.0.0.1", {{"X-Forwarded-For", ""}}, "10.0.0.1", false},
      {"ports are dropped",
       "10.0.0.1",
       {{"X-Forwarded-For", "198.51.100.1:4711"}},
       "198.51.100.1",
       false},
      {"IPv6 with port",
       "fd00::1",
       {{"X-Forwarded-For", "[2001:DB8::1]:4711"}},
       "2001:db8::1",
       false},
      {"scheme of the nearest proxy",
       "10.0.0.1",
       {{"X-Forwarded-For", "198.51.100.1"}, {"X-Forwarded-Proto", "http, HTTPS"}},
       "198.51.100.1",
       true},
  };
  for (const ClientCase& c : cases) {
    SCOPED_TRACE(c.name);
    const Client client = FindClient(*proxies, c.peer, c.headers);
    EXPECT_EQ(client.address, c.address);
    EXPECT_EQ(client.https, c.https);
  }
}

}  // namespace
}  // namespace latchkey::http
