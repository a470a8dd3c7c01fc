#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>

#include "client/client.h"
#include "crypto/account_keys.h"

// A world for tests and the simulator: a server that keeps Keygen's rules with real signatures,
// clocks that can be turned, files that can fail or lose what was not made durable. Deterministic.
namespace latchkey::client::testing {

// Counts up from a seed: same seed, same run.
class SeededRandom : public Random {
 public:
  explicit SeededRandom(std::uint64_t seed) : state_(seed * 2654435761u + 88172645463325252ull) {}
  void Fill(std::span<std::uint8_t> out) override {
    for (std::uint8_t& byte : out) byte = static_cast<std::uint8_t>(Next() >> 32);
  }
  std::uint64_t Next() {
    state_ ^= state_ << 13;
    state_ ^= state_ >> 7;
    state_ ^= state_ << 17;
    return state_;
  }
  std::uint64_t Below(std::uint64_t bound) { return Next() % bound; }

 private:
  std::uint64_t state_;
};

// True time, and what one computer shows of it.
struct Computer {
  TimePoint true_time = base::FromUnixSeconds(1767225600);  // 2026-01-01
  Duration wall_error{};                                    // wall clock minus true time
  Duration boot{};
  int boots = 1;

  void Pass(Duration time) {  // powered on or asleep
    true_time += time;
    boot += time;
  }
  void Off(Duration time) {
    true_time += time;
    boot = Duration::zero();
    ++boots;
  }
};

class ModelClock : public Clock {
 public:
  explicit ModelClock(const Computer& computer) : computer_(computer) {}
  Instant Now() override {
    return {computer_.true_time + computer_.wall_error, computer_.boot,
            "boot-" + std::to_string(computer_.boots)};
  }

 private:
  const Computer& computer_;
};

// Files in memory: what was written, and what of it would survive a power cut now.
class ModelDisk {
 public:
  // Fails the operation after `steps` more ones; with `power_cut`, everything after fails too.
  void FailAfter(int steps, bool power_cut) { budget_ = steps, cut_ = power_cut; }
  void Heal() { budget_ = -1, down_ = false; }
  bool failed() const { return failed_; }
  int operations() const { return operations_; }
  // Loses what was not made durable, as a power cut does.
  void LosePower();

  std::map<std::string, Bytes> files;
  std::set<std::string> unreadable;

 private:
  friend class ModelFiles;
  bool Spend();                                 // false: this operation fails
  std::map<std::string, Bytes> durable_;        // contents made durable, by current name
  std::map<std::string, Bytes> durable_names_;  // names and contents after the last directory sync
  std::set<std::string> directories_;
  int budget_ = -1, operations_ = 0;
  bool cut_ = false, down_ = false, failed_ = false;
};

class ModelFiles : public FileSystem {
 public:
  explicit ModelFiles(ModelDisk& disk) : disk_(disk) {}
  Result<Bytes> Read(const std::string& path) override;
  Result<void> MakeDirectories(const std::string& path) override;
  Result<void> Write(const std::string& path, ByteView bytes) override;
  Result<void> Sync(const std::string& path) override;
  Result<void> Rename(const std::string& from, const std::string& to) override;
  Result<void> SyncDirectory(const std::string& path) override;
  Result<void> Remove(const std::string& path) override;
  Result<std::unique_ptr<Lock>> Acquire(const std::string& path, Duration patience) override;

 private:
  ModelDisk& disk_;
};

// One account, one product, one license with seats.
class ModelServer {
 public:
  explicit ModelServer(std::uint64_t seed = 1);

  HttpReply Handle(const HttpRequest& request, std::string_view host);
  // Signs `body` as the answer to `request`.
  HttpReply Sign(const HttpRequest& request, std::string_view host, int status, std::string body);
  std::string PublicKey() const { return keys_.public_keys().ed25519->ToHex(); }

  struct Seat {
    std::string id, name;
    TimePoint created{};
  };
  // The state of the model; tests turn it as they like.
  TimePoint now = base::FromUnixSeconds(1767225600);
  std::string key = "4F1C09-77AB20-9E5D31-C0846B-1A2F7E-V3";
  bool exists = true;
  std::string tombstone;  // cause for the license, when !exists
  bool suspended = false, banned = false;
  bool revoke_access = false;  // expirationStrategy
  std::optional<TimePoint> expiry;
  std::int64_t max_machines = 2;
  std::int64_t sync = 7 * 86400, grace = 30 * 86400, expiry_grace = 14 * 86400;
  std::vector<std::string> entitlements{"EXPORT", "SYNC"};
  std::map<std::string, Seat> seats;               // by fingerprint
  std::map<std::string, std::string> seat_causes;  // tombstones of seats
  std::map<std::string, TimePoint> seat_until;     // of those taken over: end of full access
  std::string product = "8a6d2b47-51c9-4e0f-8d33-6f1b2c9e4a21";
  std::string license = "5d3e9c71-0f4b-4b6a-8c12-7a9e1f2d3c43";
  bool key_may_sign_in = true;  // authenticationStrategy
  bool terms_in_files = true;
  std::vector<HttpRequest> seen;

 private:
  std::string Validate(const json::value& body);
  HttpReply Create(const HttpRequest& request, std::string_view host, const json::value& body,
                   bool takeover);
  std::string LicenseObject() const;
  std::string MachineObject(const std::string& fingerprint) const;
  std::string Certificate(const std::string& fingerprint);
  std::string NewId();
  std::optional<std::string> RefusedBearer(const HttpRequest& request) const;

  SeededRandom random_;
  crypto::AccountKeys keys_;
};

// The network between one computer and the server.
class ModelNetwork : public Transport {
 public:
  ModelNetwork(ModelServer& server, std::string host) : server_(server), host_(std::move(host)) {}
  tl::expected<HttpReply, TransportFailure> Send(const HttpRequest& request) override;
  void Cancel() override { cancelled = true; }

  // Shared with the test through the world: what happens to requests.
  struct Weather {
    std::optional<TransportFailure> failure;
    // Instead of the server's answer; the request has reached the server when `after_server`.
    std::function<tl::expected<HttpReply, TransportFailure>(const HttpRequest&, HttpReply)> meddle;
    int lose_answer_of = -1;  // the n-th request from now reaches the server, its answer is lost
    int requests = 0;
  };
  Weather* weather = nullptr;
  bool cancelled = false;

 private:
  ModelServer& server_;
  std::string host_;
};

// A device: a computer, its disk, its network, and the client running on it.
class ModelDevice {
 public:
  ModelDevice(ModelServer& server, std::string name, std::uint64_t seed);

  void Start(const std::function<void(Config&)>& adjust = {});
  void Stop() { client_.reset(); }
  Client& client() { return *client_; }
  bool running() const { return client_ != nullptr; }
  // Time passes for computer and server alike.
  void Pass(Duration time) {
    computer.Pass(time);
    server_.now = computer.true_time;
  }
  void Off(Duration time) {
    computer.Off(time);
    server_.now = computer.true_time;
  }
  Outcome Activate(std::string_view key = {}) {
    return client_->Activate(key.empty() ? std::string_view(server_.key) : key, {});
  }

  Computer computer;
  ModelDisk disk;
  ModelNetwork::Weather weather;
  std::string name;

 private:
  ModelServer& server_;
  SeededRandom random_;
  std::unique_ptr<Client> client_;
};

// A key of our shape with sound check digits.
std::string SoundKey();

}  // namespace latchkey::client::testing
