#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "client/config.h"
#include "client/device.h"
#include "client/environment.h"
#include "client/machine.h"
#include "client/store.h"

namespace latchkey::client {

// One product on one device: drives the state machine with real effects. All functions are safe
// from any thread. Check and Allows are lock-free and touch neither clock nor memory allocator;
// Open, Snapshot and the getters wait for no network; the operations block for it.
class Client {
 public:
  struct Parts {
    std::unique_ptr<Clock> clock;
    std::unique_ptr<Transport> transport;
    std::unique_ptr<FileSystem> files;
    Random* random = nullptr;  // outlives the client
  };
  static Parts SystemParts(const CheckedConfig& config);

  // Reads what is stored; never asks anybody. Storage that cannot be read or made is no error: the
  // client says so when something has to be kept. kConfigInvalid for a wrong setting.
  static Result<std::unique_ptr<Client>> Open(Config config);
  static std::unique_ptr<Client> Open(CheckedConfig config, Parts parts);
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  // Makes running operations end soon, without waiting for them.
  void Cancel();

  core::AccessLevel Check() const noexcept {
    return static_cast<core::AccessLevel>(verdict_.load(std::memory_order_acquire) & 3u);
  }
  // Full access, and the lease includes the entitlement `code`.
  bool Allows(std::string_view code) const noexcept;

  struct ActivateFlags {
    bool try_anyway = false;  // although the key looks mistyped
  };
  Outcome Activate(std::string_view typed_key, ActivateFlags flags);
  Outcome Refresh(bool only_if_due);
  Outcome Deactivate();
  Outcome ListDevices();
  Outcome TakeOver(std::string_view machine);

  // Judges again, keeps the powered-on hours, takes over what another process saved, tries storage
  // again that could not be used so far (a network home that is mounted late), and, with
  // `may_ask`, refreshes when due. The background thread calls it; tests do too. Returns when it
  // wants to be called next, at most 60 s from now.
  Duration Tick(bool may_ask);

  State Snapshot() const;
  const CheckedConfig& config() const { return config_; }
  // Empty without storage.
  const std::string& fingerprint() const { return *fingerprint_.load(std::memory_order_acquire); }
  // What is wrong with the storage, if anything: for people.
  std::string StorageTrouble() const;
  bool rolled_back() const { return rolled_back_.load(); }

 private:
  using Features = std::vector<std::string>;

  Client(CheckedConfig config, Parts parts);
  bool Load();
  void Adopt(Store::Loaded loaded);
  void AdoptChanges();
  Outcome Run(const Begin& begin);
  Answered Perform(const Call& call);
  std::optional<Lease> LeaseOf(const std::string& certificate, const std::string& key) const;
  bool Save();
  void Publish();
  const Features* Intern(const Features& features);
  void Background();
  Outcome Local(Outcome outcome);

  const CheckedConfig config_;
  const Parts parts_;
  const crypto::PublicKeys keys_;

  std::mutex operation_mutex_;  // one conversation at a time; guards store_ and device_
  std::optional<Store> store_;
  std::unique_ptr<const std::string> own_fingerprint_;  // made once, when the storage is usable
  std::atomic<const std::string*> fingerprint_;
  std::atomic<bool> rolled_back_ = false;
  Duration saved_powered_{};

  mutable std::mutex state_mutex_;  // guards state_, trouble_, interned_; never held while waiting
  State state_;
  std::string trouble_;
  std::vector<std::unique_ptr<const Features>> interned_;  // freed at the end: readers hold no lock

  std::atomic<std::uint32_t> verdict_ = 0;  // core::AccessLevel
  std::atomic<const Features*> features_ = nullptr;

  std::atomic<bool> closing_ = false;
  std::mutex wake_mutex_;
  std::condition_variable wake_;
  std::thread background_;
};

}  // namespace latchkey::client
