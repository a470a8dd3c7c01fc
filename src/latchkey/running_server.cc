#include "latchkey/running_server.h"

#include <sys/statvfs.h>
#include <unistd.h>

#include "latchkey/backup.h"
#include "latchkey/docs_pages.h"
#include "latchkey/init.h"
#include "latchkey/metrics.h"
#include "latchkey/terminal.h"
#include "store/tombstones.h"

namespace latchkey::app {
namespace {

service::Settings SettingsOf(const Configuration& configuration, bool dev) {
  service::Settings settings;
  settings.docs_base = configuration.docs_base;
  settings.issuer = configuration.issuer;
  settings.legacy_schemes = configuration.legacy_schemes;
  settings.password_cost = dev ? crypto::PasswordCost::kTest : crypto::PasswordCost::kStandard;
  return settings;
}

// A directory that `serve` may use in this mode (decisions 16 and 18).
Result<std::unique_ptr<store::DataDirectory>> OpenDirectory(const Configuration& configuration,
                                                            bool dev) {
  using Mode = store::DataDirectory::Mode;
  const std::string& path = configuration.data;
  const std::string make = "`latchkey init --data " + path + " --account NAME --admin EMAIL`";
  // Opening would leave a lock and a reserve behind.
  if (!dev && access((path + "/latchkey.db").c_str(), F_OK) != 0 && access(path.c_str(), X_OK) == 0)
    return Error{Errc::kNotFound, "the data directory " + path + " is empty: begin with " + make +
                                      ", or use --dev for a server to test against"};
  auto opened = store::DataDirectory::Open(path, dev ? Mode::kCreate : Mode::kMustExist);
  if (!opened && opened.error().code == Errc::kNotFound)
    return Error{Errc::kNotFound,
                 "there is no data directory at " + path + ": make one with " + make};
  if (!opened) return opened;
  const store::DataDirectory& directory = **opened;
  if (directory.is_empty()) LK_TRY((*opened)->MarkDev());
  if (dev && !directory.is_dev())
    return Error{Errc::kConfigInvalid,
                 "--dev is for test data, and " + path +
                     " holds real data: leave --dev out, or use an empty directory"};
  if (!dev && directory.is_dev())
    return Error{Errc::kConfigInvalid,
                 path +
                     " holds test data (its file DEV says so): start with --dev, or use another "
                     "directory"};
  return opened;
}

constexpr std::uint64_t kFullBelow = 1024 * 1024;
constexpr std::uint64_t kRoomyFrom =
    32 * 1024 * 1024;  // beside the reserve, so that it stays set aside

// Unknown counts as plenty: the write itself will tell.
std::uint64_t FreeBytes(const std::string& path) {
  struct statvfs space {};
  if (statvfs(path.c_str(), &space) != 0) return ~std::uint64_t{0};
  return std::uint64_t{space.f_bavail} * space.f_frsize;
}

std::string Plural(std::int64_t count, std::string_view noun) {
  return std::to_string(count) + ' ' + std::string(noun) + (count == 1 ? "" : "s");
}

}  // namespace

Result<std::unique_ptr<RunningServer>> RunningServer::Start(const Configuration& configuration,
                                                            bool dev) {
  if (dev && !configuration.listen.IsLoopback())
    return Error{Errc::kConfigInvalid, "--dev listens on loopback only, not on " +
                                           configuration.listen.ToString() +
                                           ": it believes whatever time a request brings"};
  std::unique_ptr<RunningServer> server(new RunningServer(configuration, dev));
  LK_TRY(server->Open());
  LK_TRY(server->Listen());
  return server;
}

RunningServer::RunningServer(const Configuration& configuration, bool dev)
    : configuration_(configuration),
      dev_(dev),
      random_(base::SystemRandom()),
      log_(configuration.log_format, configuration.log_level, STDOUT_FILENO),
      settings_(SettingsOf(configuration, dev)),
      snapshots_(static_cast<std::size_t>(configuration.cached_licenses)) {}

RunningServer::~RunningServer() { Stop(); }

Result<void> RunningServer::OpenStore(bool spend_reserve) {
  LK_ASSIGN(auto directory, OpenDirectory(configuration_, dev_));
  if (spend_reserve) directory->ReleaseReserve();
  LK_ASSIGN(installation_, OpenInstallation(std::move(directory), configuration_, dev_, random_));
  LK_TRY(LoadAccounts());
  if (!has_account() && !dev_)
    return Error{Errc::kNotFound, "there is no account in " + configuration_.data +
                                      " yet: make one with `latchkey init --data " +
                                      configuration_.data + " --account NAME --admin EMAIL`"};
  if (accounts_.size() > 1 && configuration_.accounts == AccountMode::kOne && !dev_)
    return Error{Errc::kConfigInvalid, "this database holds " + std::to_string(accounts_.size()) +
                                           " accounts: set server.accounts to many"};
  return clock_.Start(*installation_.database, base::SystemNow(), dev_);
}

Result<void> RunningServer::Open() {
  auto opened = OpenStore(false);
  if (!opened && opened.error().code == Errc::kDiskFull) {
    // A restart on a full disk: even reading needs a little room (threat-model row 66).
    installation_.vault.reset();
    installation_.database.reset();
    installation_.directory.reset();
    opened = OpenStore(true);
    reserve_spent_ = opened.has_value();
    if (reserve_spent_) TellDiskFull();
  }
  LK_TRY(opened);
  if (clock_.behind() > std::chrono::minutes(1))
    log_.Notice(
        LogLevel::kWarn,
        "the clock of this machine is " +
            Plural(std::chrono::duration_cast<std::chrono::minutes>(clock_.behind()).count(),
                   "minute") +
            " behind the last time this server ran: set it, because expiries and "
            "signatures are judged by it (serving goes on)");
  store::Database& database = *installation_.database;
  database.Observe(
      [this](std::span<const store::Announcement> changes) { snapshots_.Apply(changes); });
  touches_ = std::make_unique<service::TouchLane>(database, *installation_.vault, random_);
  application_ = std::make_unique<api::Application>(
      api::Services{database, *installation_.vault, random_, accounts_, snapshots_, *touches_,
                    settings_, [this] { return clock_.Log(); }},
      api::ApplicationOptions{.throttles = !dev_,
                              .dev = dev_,
                              .revision = LATCHKEY_VERSION,
                              .many_accounts = configuration_.accounts == AccountMode::kMany},
      [this](const api::AccessLogEntry& entry) { Logged(entry); });
  return {};
}

Result<void> RunningServer::Listen() {
  http::ServerOptions options;
  options.address = configuration_.listen.address;
  options.port = configuration_.listen.port;
  if (!configuration_.certificate.empty())
    options.tls = http::TlsFiles{configuration_.certificate, configuration_.key};
  options.redirect_port = static_cast<std::uint16_t>(configuration_.redirect_port);
  options.trusted_proxies = configuration_.trusted_proxies;
  options.threads = static_cast<unsigned>(configuration_.threads);
  options.limits.head_bytes = static_cast<std::size_t>(configuration_.head_bytes);
  options.limits.body_bytes = static_cast<std::size_t>(configuration_.body_bytes);
  options.limits.head_time = std::chrono::seconds(configuration_.head_seconds);
  options.limits.body_time = std::chrono::seconds(configuration_.body_seconds);
  options.limits.idle_time = std::chrono::seconds(configuration_.idle_seconds);
  options.limits.connections = static_cast<std::size_t>(configuration_.connections);
  options.report = [this](const std::string& text) { log_.Notice(LogLevel::kError, text); };

  http::ServerOptions admin;
  admin.address = configuration_.admin_listen.address;
  admin.port = configuration_.admin_listen.port;
  admin.threads = 1;
  admin.limits.connections = 64;
  admin.report = options.report;
  LK_ASSIGN(server_, http::Server::Start(
                         std::move(options),
                         [this](http::Request request, http::Responder respond) {
                           if (auto page = AnswerDocs(request, configuration_.docs_base))
                             return respond(std::move(*page));
                           application_->Handle(std::move(request), std::move(respond));
                         },
                         api::Application::Refusal));
  LK_ASSIGN(admin_, http::Server::Start(
                        std::move(admin),
                        [this](http::Request request, http::Responder respond) {
                          respond(AnswerAdmin(request));
                        },
                        api::Application::Refusal));
  auto jobs = std::make_unique<Jobs>(
      MakeJobs(), [this](const std::string& name, const Result<std::string>& outcome) {
        if (!outcome)
          log_.Notice(LogLevel::kError, "job " + name + ": " + Describe(outcome.error()));
        else if (!outcome->empty())
          log_.Notice(LogLevel::kInfo, "job " + name + ": " + *outcome);
      });
  {
    const std::lock_guard lock(jobs_mutex_);
    jobs_ = std::move(jobs);
  }
  LK_ASSIGN(control_, store::ControlServer::Start(
                          installation_.directory->control_socket(),
                          [this](store::ControlCall& call) { return Control(call); }));
  return {};
}

Result<void> RunningServer::LoadAccounts() {
  return installation_.database->ReadNow(
      [this](store::Session& session) { return accounts_.Load(session, *installation_.vault); });
}

bool RunningServer::has_product() const {
  bool any = false;
  const auto looked = installation_.database->ReadNow([&](store::Session& session) {
    return session.Query("SELECT 1 FROM products LIMIT 1", {},
                         [&](const store::Row&) { any = true; });
  });
  return any || !looked;
}

std::string RunningServer::Url() const { return LocalUrl(configuration_, port()); }

void RunningServer::ReloadTls() {
  if (auto reloaded = server_->ReloadTls(); !reloaded)
    log_.Notice(LogLevel::kError, "the certificates were not read again, the old ones stay: " +
                                      Describe(reloaded.error()));
  else
    log_.Notice(LogLevel::kInfo, "the certificates were read again");
}

// Answers under way come back through the application and the listeners: those go last.
void RunningServer::Stop() {
  if (std::exchange(stopped_, true)) return;
  if (server_) server_->Drain(std::chrono::seconds(configuration_.drain_seconds));
  control_.reset();  // its commands use the jobs
  {
    std::unique_ptr<Jobs> jobs;
    {
      const std::lock_guard lock(jobs_mutex_);
      jobs = std::move(jobs_);
    }
  }
  admin_.reset();
  server_.reset();
  if (application_) application_->Stop();
  // Reads and writes that were queued may still use both: they go after the database.
  if (touches_) touches_->Close();
  if (installation_.database && clock_.since() != TimePoint{}) {
    if (auto stamped = clock_.Stamp(*installation_.database, base::SystemNow()); !stamped)
      log_.Notice(LogLevel::kError, "the last stamp was not written: " + Describe(stamped.error()));
  }
  installation_.database.reset();
  touches_.reset();
  application_.reset();
  log_.Flush();
}

std::vector<Jobs::Job> RunningServer::MakeJobs() {
  using std::chrono::seconds;
  return {
      {"stamp", seconds(60), [this](bool) { return StampMinute(); }},
      {"cull", seconds(10), [this](bool asked) { return Cull(asked); }},
      {"tombstones", seconds(3600), [this](bool) { return ExpireTombstones(); }},
  };
}

// A refused write may mean that the disk is full: looked at now, not at the next minute.
void RunningServer::Logged(const api::AccessLogEntry& entry) {
  log_.Request(entry);
  if (entry.status != 503) return;
  const auto now = std::chrono::steady_clock::now().time_since_epoch().count();
  auto last = last_refusal_.load();
  constexpr auto kPause = std::chrono::steady_clock::duration(std::chrono::seconds(1)).count();
  if (now - last < kPause || !last_refusal_.compare_exchange_strong(last, now)) return;
  const std::lock_guard lock(jobs_mutex_);
  if (jobs_) jobs_->Hasten("stamp");
}

void RunningServer::TellDiskFull() {
  log_.Notice(LogLevel::kError,
              "the disk of " + configuration_.data +
                  " is full: free some space now. 8 MiB set aside for this are in use; when they "
                  "are used up, changes are refused");
}

Result<std::string> RunningServer::StampMinute() {
  auto stamped = clock_.Stamp(*installation_.database, base::SystemNow());
  const bool full = (!stamped && stamped.error().code == Errc::kDiskFull) ||
                    FreeBytes(configuration_.data) < kFullBelow;
  if (full && !reserve_spent_) {
    // Room for what must be recorded (revocations, seats) until somebody makes some.
    installation_.directory->ReleaseReserve();
    reserve_spent_ = true;
    TellDiskFull();
    if (!stamped) stamped = clock_.Stamp(*installation_.database, base::SystemNow());
  }
  if (!stamped) return stamped.error();
  if (!reserve_spent_ || FreeBytes(configuration_.data) < kRoomyFrom) return std::string();
  LK_TRY(installation_.directory->RestoreReserve());
  reserve_spent_ = false;
  return std::string("there is space on the disk again");
}

namespace {

void AddTo(service::CullReport& sum, const service::CullReport& more) {
  sum.died += more.died;
  sum.deactivated += more.deactivated;
  sum.recovered += more.recovered;
  sum.held += more.held;
}

// "2 machines found dead, 1 deactivated, 0 back"; empty when nothing happened.
std::string NewsOf(const service::CullReport& report, const std::string& what) {
  if (report.deactivated + report.recovered + report.died == 0) return {};
  return what + " found dead, " + std::to_string(report.deactivated) + " deactivated, " +
         std::to_string(report.recovered) + " back";
}

}  // namespace

Result<std::string> RunningServer::Cull(bool asked) {
  service::CullReport machines, processes;
  for (const auto& account : accounts_.All()) {
    const service::CullerOptions options{
        .now = base::SystemNow(),
        .serving_since = clock_.since(),
        .downtime = [this](TimePoint from, TimePoint to) { return clock_.Downtime(from, to); },
        .released = asked};
    LK_ASSIGN(const auto of_machines,
              service::CullDeadMachines(*installation_.database, *installation_.vault, random_,
                                        *account, settings_, options));
    AddTo(machines, of_machines);
    LK_ASSIGN(const auto of_processes,
              service::CullDeadProcesses(*installation_.database, *installation_.vault, random_,
                                         *account, settings_, options));
    AddTo(processes, of_processes);
  }
  culled_ += static_cast<std::uint64_t>(machines.deactivated);
  const std::int64_t held = machines.held + processes.held;
  const bool news = held_.exchange(static_cast<std::uint64_t>(held)) == 0 && held > 0;
  if (news)
    log_.Notice(LogLevel::kError,
                "more than half of all " +
                    std::string(machines.held > 0 ? "machines" : "processes") +
                    " with a heartbeat are dead at once: " + std::to_string(held) +
                    " were not deactivated, because that looks like an outage. If they are really "
                    "gone: `latchkey jobs run cull`");
  std::string text = NewsOf(machines, Plural(machines.died, "machine"));
  const std::string more = NewsOf(processes, std::to_string(processes.died) +
                                                 (processes.died == 1 ? " process" : " processes"));
  if (!text.empty() && !more.empty()) text += "; ";
  return text + more;
}

Result<std::string> RunningServer::ExpireTombstones() {
  std::int64_t gone = 0;
  LK_TRY(installation_.database->WriteNow([&](store::Session& session) -> Result<void> {
    LK_ASSIGN(gone, store::ExpireTombstones(session, base::SystemNow()));
    return {};
  }));
  return gone == 0 ? std::string() : Plural(gone, "tombstone") + " older than 400 days removed";
}

http::Response RunningServer::AnswerAdmin(const http::Request& request) const {
  const std::string path = request.target.substr(0, request.target.find('?'));
  const auto answer = [](int status, std::string type, std::string body) {
    return http::Response{
        .status = status,
        .headers = {{"Content-Type", std::move(type)}, {"Cache-Control", "no-store"}},
        .body = std::move(body)};
  };
  if (request.method != "GET" && request.method != "HEAD")
    return answer(405, "text/plain", "only GET is answered here\n");
  if (path == "/healthz") return answer(200, "text/plain", "ok\n");
  if (path != "/metrics")
    return answer(404, "text/plain", "there are /metrics and /healthz here\n");
  Metrics metrics;
  const auto& counts = application_->statistics();
  metrics.requests = counts.requests;
  metrics.warm = counts.warm;
  metrics.errors_4xx = counts.errors_4xx;
  metrics.errors_5xx = counts.errors_5xx;
  if (server_) metrics.http = server_->statistics();
  metrics.store = installation_.database->statistics();
  metrics.snapshots = snapshots_.statistics();
  metrics.touches = touches_->statistics();
  metrics.log_dropped = log_.dropped();
  metrics.culled = culled_;
  metrics.held = held_;
  metrics.uptime_seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - started_).count();
  metrics.resident_bytes = ResidentBytes();
  return answer(200, "text/plain; version=0.0.4; charset=utf-8", WriteMetrics(metrics));
}

// Commands of other invocations, which may not open the database themselves (decision 17).
int RunningServer::Control(store::ControlCall& call) {
  const auto finish = [&](const Result<std::string>& outcome) {
    if (!outcome) {
      call.err("latchkey: " + Describe(outcome.error()) + "\n");
      return kFailed;
    }
    if (!outcome->empty()) call.out(*outcome + "\n");
    return kOk;
  };
  const auto& arguments = call.arguments;
  const std::string command = arguments.empty() ? "" : arguments.front();
  if (command == "backup" && arguments.size() == 2)
    return finish(WriteBackup(installation_, configuration_, arguments[1], random_));
  if (command == "jobs" && arguments.size() == 2) {
    auto outcome = jobs_->Run(arguments[1]);
    if (outcome && outcome->empty()) outcome = std::string("nothing to do");
    return finish(outcome);
  }
  if (command == "check") {
    const auto checked = installation_.database->CheckIntegrity();
    if (!checked) return finish(checked.error());
    return finish(std::string("the database is whole"));
  }
  if (command == "init" && arguments.size() == 2) {
    auto made =
        InitOverControl(call, installation_, settings_.password_cost, arguments[1],
                        accounts_.size() > 0 && configuration_.accounts == AccountMode::kOne);
    if (made)
      if (auto loaded = LoadAccounts(); !loaded) made = loaded.error();
    return finish(made);
  }
  return finish(Error{Errc::kConfigInvalid, "this server does not know the command '" + command +
                                                "': is it of another version?"});
}

}  // namespace latchkey::app
