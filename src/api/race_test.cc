// Many threads over one license: limits hold exactly (threat-model rows 61 and 62).
#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <map>
#include <mutex>
#include <thread>

#include "api/test_server.h"

namespace latchkey::api {
namespace {

class Races : public ::testing::Test {
 protected:
  TestServer server_;
  std::string product_ = server_.AddProduct();

  http::Request Request(std::string_view method, std::string_view path, const json::value& body) {
    http::Request request{
        .method = std::string(method),
        .target = "/v1/accounts/" + server_.account_id().ToString() + std::string(path),
        .headers = server_.AsAdmin(),
        .body = base::WriteJson(body),
        .peer = "192.0.2.7"};
    request.headers.push_back({"Host", std::string(TestServer::kHost)});
    request.headers.push_back({"Content-Type", "application/vnd.api+json"});
    request.headers.push_back({"Latchkey-Now", base::FormatTime(server_.now())});
    return request;
  }

  // Sends all requests from `threads` threads without waiting for answers in between; how many
  // answers there were of each status and first code.
  std::map<std::string, int> Run(int threads, std::vector<http::Request> requests) {
    std::atomic<std::size_t> next{0};
    std::atomic<std::size_t> open{requests.size()};
    std::mutex mutex;
    std::map<std::string, int> counts;
    std::promise<void> done;
    const auto work = [&] {
      for (std::size_t i = next++; i < requests.size(); i = next++) {
        server_.application().Handle(
            std::move(requests[i]), http::Responder([&](http::Response response) {
              const Answer answer{.status = response.status, .body = response.body};
              std::string outcome = std::to_string(response.status);
              if (response.status >= 400) outcome += " " + answer.Code();
              {
                const std::lock_guard lock(mutex);
                ++counts[outcome];
              }
              if (--open == 0) done.set_value();
            }));
      }
    };
    std::vector<std::thread> running;
    for (int i = 0; i < threads; ++i) running.emplace_back(work);
    for (auto& thread : running) thread.join();
    done.get_future().wait();
    return counts;
  }

  http::Request Activation(std::string_view license, std::string_view fingerprint) {
    return Request("POST", "/machines",
                   DocumentOf("machines", {{"fingerprint", fingerprint}, {"cores", 1}},
                              {{"license", LinkTo("licenses", license)}}));
  }
  json::value Totals(const std::string& license) {
    return server_.Get("/licenses/" + license).Data().at("relationships").at("machines").at("meta");
  }
};

using Counts = std::map<std::string, int>;

TEST_F(Races, TM_61_TwoForTheLastSeatHaveOneWinner) {
  const std::string policy = server_.AddPolicy(product_, {{"floating", true}, {"maxMachines", 2}});
  for (int round = 0; round < 20; ++round) {
    const std::string license = server_.AddLicense(policy).Id();
    server_.AddMachine(license, "first");
    std::vector<http::Request> requests;
    requests.push_back(Activation(license, "second"));
    requests.push_back(Activation(license, "third"));
    EXPECT_EQ(Run(2, std::move(requests)), (Counts{{"201", 1}, {"422 MACHINE_LIMIT_EXCEEDED", 1}}));
    EXPECT_EQ(Totals(license).at("count"), 2);
  }
}

TEST_F(Races, TM_03_TM_61_AThousandActivationsFillExactlyTheLimit) {
  constexpr int kLimit = 137;
  const std::string policy =
      server_.AddPolicy(product_, {{"floating", true}, {"maxMachines", kLimit}});
  const std::string license = server_.AddLicense(policy).Id();
  std::vector<http::Request> requests;
  for (int i = 0; i < 1000; ++i) requests.push_back(Activation(license, "m" + std::to_string(i)));
  EXPECT_EQ(Run(4, std::move(requests)),
            (Counts{{"201", kLimit}, {"422 MACHINE_LIMIT_EXCEEDED", 1000 - kLimit}}));
  EXPECT_EQ(Totals(license),
            (json::value{{"cores", kLimit}, {"memory", 0}, {"disk", 0}, {"count", kLimit}}));
}

TEST_F(Races, OneFingerprintIsActivatedOnceAndFoundByTheRetry) {
  const std::string policy = server_.AddPolicy(product_, {{"floating", true}, {"maxMachines", 5}});
  const std::string license = server_.AddLicense(policy).Id();
  std::vector<http::Request> requests;
  for (int i = 0; i < 50; ++i) requests.push_back(Activation(license, "same"));
  Counts counts = Run(4, std::move(requests));
  EXPECT_EQ(counts["201"], 1);
  EXPECT_EQ(counts["422 FINGERPRINT_TAKEN"], 49);
  const Answer mine = server_.Get("/licenses/" + license + "/machines/same");
  EXPECT_EQ(mine.status, 200);
  EXPECT_EQ(mine.Attribute("fingerprint"), "same");
  EXPECT_EQ(Totals(license).at("count"), 1);
}

TEST_F(Races, NoUseIsLost) {
  const std::string license =
      server_.AddLicense(server_.AddPolicy(product_, {{"maxUses", 300}})).Id();
  std::vector<http::Request> requests;
  for (int i = 0; i < 400; ++i)
    requests.push_back(
        Request("POST", "/licenses/" + license + "/actions/increment-usage", json::object()));
  EXPECT_EQ(Run(4, std::move(requests)), (Counts{{"200", 300}, {"422 USES_LIMIT_EXCEEDED", 100}}));
  EXPECT_EQ(server_.Get("/licenses/" + license).Attribute("uses"), 300);
}

TEST_F(Races, ActivationsOfOneTokenAreCountedExactly) {
  const std::string policy = server_.AddPolicy(product_, {{"floating", true}});
  const std::string license = server_.AddLicense(policy).Id();
  const std::string token(
      server_
          .Post("/licenses/" + license + "/tokens", DocumentOf("tokens", {{"maxActivations", 20}}))
          .Attribute("token")
          .as_string());
  std::vector<http::Request> requests;
  for (int i = 0; i < 60; ++i) {
    requests.push_back(Activation(license, "m" + std::to_string(i)));
    requests.back().headers.front() = TestServer::AsToken(token).front();
  }
  EXPECT_EQ(Run(4, std::move(requests)),
            (Counts{{"201", 20}, {"422 ACTIVATIONS_LIMIT_EXCEEDED", 40}}));
  EXPECT_EQ(Totals(license).at("count"), 20);
}

// Seats come and go under validations: totals stay those of the rows, answers stay consistent.
TEST_F(Races, TotalsStayThoseOfTheMachines) {
  const std::string policy = server_.AddPolicy(product_, {{"floating", true}, {"maxMachines", 8}});
  const Answer made = server_.AddLicense(policy);
  const std::string license = made.Id();
  const json::value key = made.Attribute("key");
  std::vector<http::Request> requests;
  for (int i = 0; i < 300; ++i) {
    const std::string name = "m" + std::to_string(i % 12);
    requests.push_back(Activation(license, name));
    requests.push_back(
        Request("POST", "/licenses/actions/validate-key",
                json::object{{"meta", {{"key", key}, {"scope", {{"fingerprint", name}}}}}}));
    if (i % 2) requests.push_back(Request("DELETE", "/machines/" + name, json::object()));
  }
  const Counts counts = Run(4, std::move(requests));
  for (const auto& [outcome, count] : counts)
    EXPECT_TRUE(outcome < "300" || outcome == "422 FINGERPRINT_TAKEN" ||
                outcome == "422 MACHINE_LIMIT_EXCEEDED" || outcome == "404 NOT_FOUND")
        << outcome;
  const auto machines = server_.Get("/licenses/" + license + "/machines?limit=100").Ids();
  EXPECT_LE(machines.size(), 8U);
  EXPECT_EQ(Totals(license).at("count").to_number<std::size_t>(), machines.size());
  EXPECT_EQ(Totals(license).at("cores").to_number<std::size_t>(), machines.size());
  // And the read model ends with the same truth.
  for (int round = 0; round < 2; ++round) {
    for (int i = 0; i < 12; ++i) {
      const std::string name = "m" + std::to_string(i);
      const bool there = server_.Get("/licenses/" + license + "/machines/" + name).status == 200;
      const Answer verdict = server_.Send(
          "POST", "/licenses/actions/validate-key", {},
          json::value(json::object{{"meta", {{"key", key}, {"scope", {{"fingerprint", name}}}}}}));
      EXPECT_EQ(verdict.Json().at("meta").at("valid").as_bool(), there) << verdict.body;
    }
  }
}

}  // namespace
}  // namespace latchkey::api
