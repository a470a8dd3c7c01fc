// Decision 32: the server is killed again and again while devices activate, give up and take over
// seats. After each restart every acknowledged answer must still hold, and what was never answered
// must have happened wholly or not at all (threat-model rows 61 and 62).
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <deque>
#include <iostream>
#include <map>
#include <random>
#include <set>
#include <thread>

#include "test/integration/installation.h"

namespace latchkey::test {
namespace {

constexpr int kThreads = 6;
constexpr int kSeats = 4;
constexpr std::size_t kLicensesInUse = 16;
constexpr int kTakeoversPerLicense = 3;

int Kills() {
  if (const char* kills = std::getenv("LATCHKEY_KILLS")) return std::atoi(kills);
  const char* ci = std::getenv("CI");
  return ci != nullptr && *ci != '\0' ? 200 : 20;
}

struct License {
  std::string id, key, name;
};

struct Seat {
  std::string id, fingerprint, license;
  int cores = 0;
};

// A change that was asked for and never answered.
struct Open {
  enum Kind { kCreate, kDelete, kTakeOver } kind;
  License license;
  Seat made;   // its id is not known
  Seat given;  // deleted or released
};

struct Counts {
  std::int64_t licenses = 0, created = 0, deleted = 0, taken_over = 0, full = 0, limited = 0,
               open = 0, repeated = 0;
  std::int64_t acknowledged() const { return licenses + created + deleted + taken_over; }
  void Add(const Counts& other) {
    licenses += other.licenses;
    created += other.created;
    deleted += other.deleted;
    taken_over += other.taken_over;
    full += other.full;
    limited += other.limited;
    open += other.open;
    repeated += other.repeated;
  }
};

json::object MachineDocument(const Seat& seat) {
  return Document("machines", {{"fingerprint", seat.fingerprint}, {"cores", seat.cores}},
                  {{"license", "licenses", seat.license}});
}

// One client with devices of its own. Its thread alone uses it while requests run.
class Worker {
 public:
  Worker(int number, std::atomic<int>& acknowledged)
      : number_(number), random_(static_cast<unsigned>(number) + 1), acknowledged_(acknowledged) {}

  std::vector<Seat> seats;               // acknowledged
  std::vector<Open> open;                // at most one a round
  std::map<std::string, int> takeovers;  // acknowledged, by license
  Counts counts;
  std::string failure;  // an answer that nothing explains

  // Until the connection ends. `licenses` stays as it is meanwhile; the last ones are in use.
  void Run(std::uint16_t port, const std::deque<License>& licenses) {
    HttpConnection connection(port);
    while (failure.empty() && Step(connection, licenses)) {
    }
  }

  // The double click of somebody whose answer was lost: never a second seat.
  void Repeat(Server& server, const Open& lost, bool happened) {
    const Reply reply = server.Send("POST", "/machines", AsLicense(lost.license.key),
                                    json::value(MachineDocument(lost.made)));
    ++counts.repeated;
    if (happened) {
      EXPECT_EQ(reply.status, 422) << reply.body;
      EXPECT_EQ(reply.Code(), "FINGERPRINT_TAKEN") << reply.body;
    } else if (reply.status == 201) {
      Acknowledge(counts.created);
      seats.push_back({reply.Id(), lost.made.fingerprint, lost.made.license, lost.made.cores});
    } else {
      EXPECT_EQ(reply.Code(), "MACHINE_LIMIT_EXCEEDED") << reply.body;
    }
  }

  std::string NewFingerprint() {
    return "device-" + std::to_string(number_) + "-" + std::to_string(next_++);
  }

 private:
  bool Chance(int percent) { return static_cast<int>(random_() % 100) < percent; }

  void Acknowledge(std::int64_t& count) {
    ++count;
    ++acknowledged_;
  }

  bool Step(HttpConnection& connection, const std::deque<License>& licenses) {
    const auto in_use = [&](const License& license) {
      return &license >= &licenses[licenses.size() - std::min(licenses.size(), kLicensesInUse)];
    };
    // Seats of licenses no longer in use go first, so that the lists stay short.
    if (!seats.empty()) {
      const std::size_t at = random_() % seats.size();
      const auto license = std::find_if(licenses.begin(), licenses.end(), [&](const License& l) {
        return l.id == seats[at].license;
      });
      const bool idle = std::none_of(licenses.begin(), licenses.end(), [&](const License& l) {
        return l.id == seats[at].license && in_use(l);
      });
      if (idle || Chance(40)) return Delete(connection, *license, at);
      if (Chance(15)) return TakeOver(connection, *license, at);
    }
    const std::size_t among = std::min(licenses.size(), kLicensesInUse);
    return Create(connection, licenses[licenses.size() - 1 - random_() % among]);
  }

  Seat NewSeat(const License& license) {
    return {{}, NewFingerprint(), license.id, static_cast<int>(1 + random_() % 8)};
  }

  // The answer, or nullopt after noting that `change` may have happened.
  std::optional<Reply> Ask(HttpConnection& connection, std::string_view method,
                           const std::string& target, Open change, std::string_view body) {
    auto reply = connection.Exchange(method, target, AsLicense(change.license.key), body);
    if (reply) return reply;
    ++counts.open;
    open.push_back(std::move(change));
    return std::nullopt;
  }

  bool Unexplained(const Reply& reply) {
    failure = reply.head + reply.body;
    return false;
  }

  bool Create(HttpConnection& connection, const License& license) {
    Seat seat = NewSeat(license);
    const auto reply = Ask(connection, "POST", "/v1/machines", {Open::kCreate, license, seat, {}},
                           base::WriteJson(MachineDocument(seat)));
    if (!reply) return false;
    if (reply->Code() == "MACHINE_LIMIT_EXCEEDED") return ++counts.full > 0;
    if (reply->status != 201) return Unexplained(*reply);
    seat.id = reply->Id();
    seats.push_back(std::move(seat));
    Acknowledge(counts.created);
    return true;
  }

  bool Delete(HttpConnection& connection, const License& license, std::size_t at) {
    const Seat seat = seats[at];
    seats.erase(seats.begin() + static_cast<std::ptrdiff_t>(at));
    const auto reply = Ask(connection, "DELETE", "/v1/machines/" + seat.id,
                           {Open::kDelete, license, {}, seat}, {});
    if (!reply) return false;
    if (reply->status != 204) return Unexplained(*reply);
    Acknowledge(counts.deleted);
    return true;
  }

  bool TakeOver(HttpConnection& connection, const License& license, std::size_t at) {
    const Seat old = seats[at];
    Seat seat = NewSeat(license);
    json::object document = MachineDocument(seat);
    document.emplace("meta", json::object{{"release", old.id}});
    seats.erase(seats.begin() + static_cast<std::ptrdiff_t>(at));
    const auto reply = Ask(connection, "POST", "/v1/machines/actions/takeover",
                           {Open::kTakeOver, license, seat, old}, base::WriteJson(document));
    if (!reply) return false;
    if (reply->Code() == "TAKEOVER_LIMIT_EXCEEDED") {
      seats.push_back(old);
      return ++counts.limited > 0;
    }
    if (reply->status != 201) return Unexplained(*reply);
    seat.id = reply->Id();
    seats.push_back(std::move(seat));
    ++takeovers[license.id];
    Acknowledge(counts.taken_over);
    return true;
  }

  const int number_;
  std::mt19937 random_;
  std::atomic<int>& acknowledged_;
  int next_ = 0;
};

class KillLoop : public ::testing::Test {
 protected:
  void SetUp() override {
    for (int number = 0; number < kThreads; ++number) workers_.emplace_back(number, acknowledged_);
    server_ = installation_.Serve({"--log-level", "warn"});
    policy_ = server_->AddPolicy(server_->AddProduct(),
                                 {{"floating", true}, {"strict", true}, {"maxMachines", kSeats}});
    for (std::size_t i = 0; i < kLicensesInUse; ++i) AddLicense();
  }

  void AddLicense() {
    const std::string name = "L" + std::to_string(names_++);
    const json::value made = server_->AddLicense(policy_, {{"name", name}});
    licenses_.push_back({std::string(made.at("id").as_string()),
                         std::string(made.at("attributes").at("key").as_string()), name});
    ++counts_.licenses;
  }

  // Load from all threads, and SIGKILL somewhere inside it.
  void LoadAndKill() {
    acknowledged_ = 0;
    std::atomic<int> running{kThreads};
    std::vector<std::thread> threads;
    for (Worker& worker : workers_)
      threads.emplace_back([this, &worker, &running] {
        worker.Run(server_->port(), licenses_);
        --running;
      });
    const int enough = std::uniform_int_distribution(30, 120)(random_);
    // Busy or slow machines reach the count later; a load that ended by itself has failed.
    while (acknowledged_ < enough && running == kThreads)
      std::this_thread::sleep_for(std::chrono::microseconds(200));
    std::this_thread::sleep_for(
        std::chrono::microseconds(std::uniform_int_distribution(0, 4000)(random_)));
    server_->process().Kill();
    for (std::thread& thread : threads) thread.join();
    for (const Worker& worker : workers_) ASSERT_EQ(worker.failure, "");
  }

  void Restart() {
    // Sometimes it does not live to see its first request.
    if (random_() % 4 == 0) {
      ChildProcess early(installation_.ServeCommand());
      std::this_thread::sleep_for(
          std::chrono::microseconds(std::uniform_int_distribution(0, 120000)(random_)));
      early.Kill();
      ++early_kills_;
    }
    server_ = installation_.Serve({"--log-level", "warn"});
  }

  // The store against everything that was answered; leaves the workers with what is there.
  void Verify() {
    std::map<std::string, Seat> real;  // by fingerprint
    std::map<std::string, std::pair<int, std::int64_t>> used;
    std::set<std::string> ids;
    for (const json::value& machine : server_->List("/machines")) {
      const auto& attributes = machine.at("attributes");
      Seat seat{
          std::string(machine.at("id").as_string()),
          std::string(attributes.at("fingerprint").as_string()),
          std::string(machine.at("relationships").at("license").at("data").at("id").as_string()),
          attributes.at("cores").to_number<int>()};
      auto& [count, cores] = used[seat.license];
      ++count;
      cores += seat.cores;
      EXPECT_TRUE(ids.insert(seat.id).second) << "twice in the list: " << seat.id;
      const std::string fingerprint = seat.fingerprint;
      EXPECT_TRUE(real.emplace(fingerprint, std::move(seat)).second) << "doubled: " << fingerprint;
    }
    VerifyTotals(used);

    for (Worker& worker : workers_) {
      for (const Seat& seat : worker.seats) {
        const auto found = real.find(seat.fingerprint);
        ASSERT_NE(found, real.end()) << "acknowledged and lost: " << seat.fingerprint;
        EXPECT_EQ(found->second.id, seat.id);
        EXPECT_EQ(found->second.license, seat.license);
        EXPECT_EQ(found->second.cores, seat.cores);
        real.erase(found);
      }
      for (const Open& change : std::exchange(worker.open, {})) Settle(worker, change, real);
    }
    // Refused, deleted or released, and nevertheless there.
    for (const auto& [fingerprint, seat] : real) ADD_FAILURE() << "came back: " << fingerprint;
  }

  void VerifyTotals(const std::map<std::string, std::pair<int, std::int64_t>>& used) {
    std::set<std::string> there;
    for (const json::value& license : server_->List("/licenses")) {
      const std::string id(license.at("id").as_string());
      there.insert(id);
      const auto at = used.find(id);
      const auto [count, cores] = at == used.end() ? std::pair(0, std::int64_t{0}) : at->second;
      EXPECT_LE(count, kSeats) << "too many machines on " << id;
      const auto& meta = license.at("relationships").at("machines").at("meta");
      EXPECT_EQ(meta.at("count").to_number<int>(), count) << id;
      EXPECT_EQ(meta.at("cores").to_number<std::int64_t>(), cores) << id;
    }
    EXPECT_EQ(there.size(), licenses_.size());
    for (const License& license : licenses_)
      EXPECT_TRUE(there.contains(license.id)) << "acknowledged and lost: " << license.name;
    std::map<std::string, int> takeovers;
    for (const Worker& worker : workers_)
      for (const auto& [license, count] : worker.takeovers) takeovers[license] += count;
    for (const auto& [license, count] : takeovers) EXPECT_LE(count, kTakeoversPerLicense);
  }

  void Settle(Worker& worker, const Open& change, std::map<std::string, Seat>& real) {
    const auto take = [&](const Seat& seat) {
      const auto found = seat.fingerprint.empty() ? real.end() : real.find(seat.fingerprint);
      if (found == real.end()) return false;
      EXPECT_EQ(found->second.license, seat.license);
      EXPECT_EQ(found->second.cores, seat.cores);
      EXPECT_TRUE(seat.id.empty() || found->second.id == seat.id);
      worker.seats.push_back(found->second);
      real.erase(found);
      return true;
    };
    const bool made = take(change.made), given_is_there = take(change.given);
    if (change.kind == Open::kTakeOver) {
      EXPECT_NE(made, given_is_there) << "half a takeover: " << change.made.fingerprint;
    }
    if (change.kind == Open::kCreate) worker.Repeat(*server_, change, made);
  }

  Installation installation_;
  std::unique_ptr<Server> server_;
  std::string policy_;
  std::deque<License> licenses_;
  std::atomic<int> acknowledged_{0};
  std::deque<Worker> workers_;
  Counts counts_;
  std::mt19937 random_{std::random_device{}()};
  int names_ = 0, early_kills_ = 0;
};

TEST_F(KillLoop, LosesNothingAcknowledgedAndDoublesNoSeat) {
  const int kills = Kills();
  ASSERT_GT(kills, 0);
  for (int kill = 0; kill < kills; ++kill) {
    SCOPED_TRACE("kill " + std::to_string(kill + 1));
    // Fresh licenses, because seats of one are taken over three times a day at most.
    AddLicense();
    AddLicense();
    ASSERT_NO_FATAL_FAILURE(LoadAndKill());
    Restart();
    ASSERT_NO_FATAL_FAILURE(Verify());
    if (HasFailure()) break;
  }
  EXPECT_EQ(server_->Stop(), 0);
  for (const Worker& worker : workers_) counts_.Add(worker.counts);
  std::cout << kills << " kills under load, " << early_kills_ << " more while starting; "
            << counts_.acknowledged() << " changes acknowledged and found again ("
            << counts_.created << " activations, " << counts_.deleted << " deactivations, "
            << counts_.taken_over << " takeovers, " << counts_.licenses << " licenses), "
            << counts_.full + counts_.limited << " refused by limits, " << counts_.open
            << " never answered, " << counts_.repeated << " of them repeated\n";
  EXPECT_GT(counts_.open, 0) << "no request was under way at any kill";
  if (kills >= 200) {
    EXPECT_GT(counts_.acknowledged(), 10000);
  }
}

// Threat-model row 61 over real sockets: many ask for the last seat at once.
TEST_F(KillLoop, OneOfManyGetsTheLastSeat) {
  for (int round = 0; round < 10; ++round) {
    AddLicense();
    const License license = licenses_.back();
    for (int seat = 1; seat < kSeats; ++seat)
      ASSERT_EQ(server_->AddMachine(license.id, "early-" + std::to_string(seat)).status, 201);
    std::atomic<int> made{0}, refused{0};
    std::vector<std::thread> threads;
    for (int i = 0; i < 16; ++i)
      threads.emplace_back([&, i] {
        HttpConnection connection(server_->port());
        const Seat seat{{}, "late-" + std::to_string(i), license.id, 1};
        const auto reply = connection.Exchange("POST", "/v1/machines", AsLicense(license.key),
                                               base::WriteJson(MachineDocument(seat)));
        if (!reply) return;
        if (reply->status == 201) ++made;
        if (reply->status == 422 && reply->Code() == "MACHINE_LIMIT_EXCEEDED") ++refused;
        if (reply->status == 409) ++refused;
      });
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(made, 1);
    EXPECT_EQ(refused, 15);
  }
}

}  // namespace
}  // namespace latchkey::test
