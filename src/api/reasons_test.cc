// The words that go with a refusal (decision 28): what was not found, which limit, how much of it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/test_server.h"

namespace latchkey::api {
namespace {

using ::testing::HasSubstr;

std::string Text(const json::value& value) { return std::string(value.as_string()); }

class Reasons : public ::testing::Test {
 protected:
  json::object Ask(std::string_view method, std::string_view path, json::value body = {}) {
    auto headers = server_.AsAdmin();
    headers.push_back({"Latchkey-Reasons", "1"});
    return server_.Send(method, path, headers, std::move(body))
        .Json()
        .at("meta")
        .at("reason")
        .as_object();
  }
  json::object Activate(std::string_view fingerprint, std::int64_t cores) {
    return Ask(
        "POST", "/machines",
        json::object{{"data",
                      {{"type", "machines"},
                       {"attributes", {{"fingerprint", fingerprint}, {"cores", cores}}},
                       {"relationships",
                        {{"license", {{"data", {{"type", "licenses"}, {"id", license_}}}}}}}}}});
  }

  TestServer server_;
  std::string policy_ = server_.AddPolicy(
      server_.AddProduct(), {{"floating", true}, {"maxMachines", 2}, {"maxCores", 8}});
  std::string license_ = server_.AddLicense(policy_).Id();
};

TEST_F(Reasons, ARecordThatIsNotThereIsNoLicenseKey) {
  EXPECT_EQ(Text(Ask("GET", "/products/none").at("title")), "Nothing found under that name");
}

TEST_F(Reasons, ALimitIsNamedWithItsNumber) {
  const json::object reason = Activate("m1", 9);
  EXPECT_EQ(Text(reason.at("code")), "LIMIT_EXCEEDED");
  EXPECT_THAT(Text(reason.at("body")), HasSubstr("at most 8 processor cores"));
}

TEST_F(Reasons, FullSeatsAreCounted) {
  server_.AddMachine(license_, "m1");
  server_.AddMachine(license_, "m2");
  const json::object reason = Activate("m3", 1);
  EXPECT_EQ(Text(reason.at("code")), "SEATS_FULL");
  EXPECT_EQ(Text(reason.at("title")), "All 2 seats are in use");
}

}  // namespace
}  // namespace latchkey::api
