#pragma once

#include <atomic>
#include <memory>

#include "api/application.h"
#include "http/server.h"
#include "latchkey/installation.h"
#include "latchkey/jobs.h"
#include "latchkey/log.h"
#include "latchkey/serving_clock.h"
#include "service/culler.h"
#include "store/control_socket.h"

namespace latchkey::app {

// `latchkey serve`: an opened installation and all that answers for it. Start returns with both
// listeners open; Stop (or the destructor) drains, writes what is left and closes.
class RunningServer {
 public:
  // Errors are sentences for the operator: no data directory or an empty one (names `init`), held
  // by another process, missing or wrong master key, damaged or newer database, port in use,
  // unreadable certificate, test mode and real data mixed (decision 18).
  static Result<std::unique_ptr<RunningServer>> Start(const Configuration& configuration, bool dev);
  ~RunningServer();
  RunningServer(const RunningServer&) = delete;
  RunningServer& operator=(const RunningServer&) = delete;

  std::uint16_t port() const { return server_->port(); }
  std::uint16_t admin_port() const { return admin_->port(); }
  bool has_account() const { return accounts_.size() > 0; }
  // False when it is sure that there is none: whoever starts this is at the beginning.
  bool has_product() const;
  std::string Url() const;
  Log& log() { return log_; }

  // Certificates as they are in their files now; on error the old ones stay, and the log says why.
  void ReloadTls();
  void Stop();

 private:
  RunningServer(const Configuration& configuration, bool dev);

  Result<void> Open();
  Result<void> OpenStore(bool spend_reserve);
  Result<void> Listen();
  Result<void> LoadAccounts();
  std::vector<Jobs::Job> MakeJobs();
  void TellDiskFull();
  void Logged(const api::AccessLogEntry& entry);
  Result<std::string> StampMinute();
  Result<std::string> Cull(bool asked);
  Result<std::string> ExpireTombstones();
  http::Response AnswerAdmin(const http::Request& request) const;
  int Control(store::ControlCall& call);

  const Configuration configuration_;
  const bool dev_;
  Random& random_;
  Log log_;
  const service::Settings settings_;
  const std::chrono::steady_clock::time_point started_ = std::chrono::steady_clock::now();

  Installation installation_;
  service::Accounts accounts_;
  service::SnapshotCache snapshots_;
  ServingClock clock_;
  std::unique_ptr<service::TouchLane> touches_;
  std::unique_ptr<api::Application> application_;
  std::unique_ptr<http::Server> server_, admin_;
  std::mutex jobs_mutex_;  // Logged runs while they are made and unmade
  std::unique_ptr<Jobs> jobs_;
  std::atomic<std::int64_t> last_refusal_{0};
  std::unique_ptr<store::ControlServer> control_;
  std::atomic<std::uint64_t> culled_{0}, held_{0};
  bool reserve_spent_ = false;  // the jobs' thread alone
  bool stopped_ = false;
};

}  // namespace latchkey::app
