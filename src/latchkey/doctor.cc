#include "latchkey/doctor.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iostream>
#include <sstream>

#include "http/listen_socket.h"
#include "http/tls.h"
#include "latchkey/certificate_dates.h"
#include "latchkey/credentials.h"
#include "latchkey/http_client.h"
#include "latchkey/installation.h"
#include "latchkey/terminal.h"
#include "store/control_socket.h"
#include "store/serving.h"
#include "store/sqlite/sqlite_database.h"

namespace latchkey::app {
namespace {

constexpr auto kCertificateNotice = std::chrono::days(21);
constexpr std::uint64_t kMebibyte = 1024 * 1024;

std::string Days(Duration duration) {
  const auto days = std::chrono::duration_cast<std::chrono::days>(duration).count();
  return std::to_string(days) + (days == 1 ? " day" : " days");
}

class Examination {
 public:
  Examination(const Configuration& configuration, const DoctorOptions& options)
      : configuration_(configuration), options_(options) {}

  std::vector<Finding> Run() {
    if (CheckDataDirectory()) {
      CheckLock();
      CheckDiskSpace();
      CheckFileModes();
      CheckMasterKeySource();
      if (held_)
        CheckThroughServer();
      else
        CheckDatabase();
    } else {
      CheckMasterKeySource();
    }
    CheckCertificates();
    CheckPort("port", configuration_.listen, "--listen");
    CheckPort("admin port", configuration_.admin_listen, "--admin-listen");
    CheckLegacySchemes();
    return std::move(findings_);
  }

 private:
  using Level = Finding::Level;

  void Good(std::string check, std::string text) {
    findings_.push_back({std::move(check), Level::kGood, std::move(text), ""});
  }
  void Notice(std::string check, std::string text, std::string advice) {
    findings_.push_back({std::move(check), Level::kNotice, std::move(text), std::move(advice)});
  }
  void Bad(std::string check, std::string text, std::string advice) {
    findings_.push_back({std::move(check), Level::kBad, std::move(text), std::move(advice)});
  }

  std::string InData(std::string_view name) const {
    return configuration_.data + "/" + std::string(name);
  }

  // False when nothing in it can be looked at.
  bool CheckDataDirectory() {
    const std::string& path = configuration_.data;
    struct stat status {};
    if (stat(path.c_str(), &status) != 0) {
      Bad("data directory", path + ": " + std::strerror(errno),
          "make it with `latchkey init --data " + path +
              " --account NAME --admin EMAIL`, or name another one with --data");
      return false;
    }
    if (!S_ISDIR(status.st_mode)) {
      Bad("data directory", path + " is not a directory", "name another one with --data");
      return false;
    }
    // A file without a name: proof that one could be made, and gone at once.
    const int probe = open(path.c_str(), O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600);
    const int error = errno;
    if (probe >= 0) close(probe);
    if (probe < 0 && error != EOPNOTSUPP && error != ENOSPC) {
      Bad("data directory", path + " cannot be written: " + std::strerror(error),
          error == EROFS ? "mount that disk for writing"
                         : "run as the user who owns it, or change its owner with chown");
      return true;
    }
    writable_ = true;
    Good("data directory", path + " can be written");
    return true;
  }

  void CheckLock() {
    const int fd = open(InData("lock").c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
      Good("lock", "no server is running on it");
      return;
    }
    if (flock(fd, LOCK_EX | LOCK_NB) == 0) {
      Good("lock", "no server is running on it");
    } else {
      held_ = true;
      std::ifstream in(InData("lock"));
      std::string holder;
      in >> holder;
      Good("lock", "a server is running on it (process " + holder + ")");
    }
    close(fd);
  }

  void CheckDiskSpace() {
    struct statvfs space {};
    if (statvfs(configuration_.data.c_str(), &space) != 0) {
      Bad("disk space", std::string("cannot be read: ") + std::strerror(errno),
          "look at the disk with df");
      return;
    }
    const std::uint64_t free = std::uint64_t{space.f_bavail} * space.f_frsize;
    const std::string text = std::to_string(free / kMebibyte) + " MiB free";
    if (free < options_.least_free_bytes)
      Bad("disk space",
          text + ", less than " + std::to_string(options_.least_free_bytes / kMebibyte) + " MiB",
          "free some space, or move the data directory to a larger disk");
    else
      Good("disk space", text);
    struct stat reserve {};
    if (stat(InData("latchkey.db").c_str(), &reserve) != 0) return;  // nothing to protect yet
    if (stat(InData("reserve").c_str(), &reserve) != 0 || reserve.st_blocks == 0)
      Notice("disk reserve", "the file " + InData("reserve") + " is missing or empty",
             "a full disk would stop even revocations: free some space and restart the server, "
             "which sets it aside again");
    else
      Good("disk reserve", "space is set aside for the day the disk is full");
  }

  void CheckFileModes() {
    std::vector<std::string> open_files;
    std::vector<std::string> paths = {
        configuration_.data,       InData("latchkey.db"),   InData("latchkey.db-wal"),
        InData("latchkey.db-shm"), InData("lock"),          InData("control.sock"),
        InData("reserve"),         DefaultCredentialsFile()};
    for (const std::string& path : paths) {
      struct stat status {};
      if (stat(path.c_str(), &status) == 0 && (status.st_mode & 0077) != 0)
        open_files.push_back(path);
    }
    if (open_files.empty()) return Good("file modes", "only their owner can read the files");
    std::string list;
    for (const std::string& path : open_files) list += (list.empty() ? "" : " ") + path;
    Bad("file modes", "other users may read " + list, "close them: chmod go= " + list);
  }

  void CheckMasterKeySource() {
    struct stat marker {};
    dev_ = stat(InData("DEV").c_str(), &marker) == 0;
    if (dev_)
      return Notice("master key", "this is test data, its key is public", "start it with --dev");
    auto key = store::LoadMasterKey(configuration_.master_key);
    if (!key)
      return Bad("master key", Describe(key.error()),
                 "set --master-key to where the key is; without it the data cannot be read");
    key_ = std::move(*key);
  }

  // With a server there, the database is its alone (decision 17).
  void CheckThroughServer() {
    std::ostringstream out, err;
    const auto status = store::SendControl(InData("control.sock"), {"check"}, nullptr, out, err);
    std::string said = out.str() + err.str();
    while (said.ends_with('\n')) said.pop_back();
    if (!status)
      return Bad("database",
                 "the server does not answer on its control socket: " + Describe(status.error()),
                 "restart the server");
    if (*status != 0) return Damaged(said);
    Good("database", said + " (asked the running server)");
  }

  void Damaged(const std::string& text) {
    Bad("database", text,
        "stop the server, keep a copy of the data directory, and restore the last backup with "
        "`latchkey restore`");
  }

  void CheckLogMode() {
    char head[20] = {};
    std::ifstream in(InData("latchkey.db"), std::ios::binary);
    in.read(head, sizeof head);
    if (in.gcount() != sizeof head || std::string_view(head, 15) != "SQLite format 3") return;
    if (head[18] == 2 && head[19] == 2)
      Good("log mode", "the database keeps a write-ahead log");
    else
      Bad("log mode", "the database is not in WAL mode: another program has changed it",
          "let no other program open it; `latchkey serve` sets the mode again");
  }

  void CheckDatabase() {
    struct stat status {};
    if (stat(InData("latchkey.db").c_str(), &status) != 0)
      return Bad("database", "there is none yet",
                 "make it with `latchkey init --data " + configuration_.data +
                     " --account NAME --admin EMAIL`");
    CheckLogMode();
    if (!writable_)
      return Notice("database", "not looked at, because the directory cannot be written",
                    "see above");
    store::SqliteOptions options;
    options.path = InData("latchkey.db");
    options.readers = 1;
    auto directory =
        store::DataDirectory::Open(configuration_.data, store::DataDirectory::Mode::kMustExist);
    if (!directory)
      return Bad("database", Describe(directory.error()), "stop the other process first");
    auto database = store::OpenSqlite(options);
    if (!database) return Damaged(Describe(database.error()));
    if (auto whole = (*database)->CheckIntegrity(); !whole) return Damaged(Describe(whole.error()));
    Good("database", "every page is whole");
    CheckKeyFits(**database);
    CheckClock(**database);
  }

  void CheckKeyFits(store::Database& database) {
    if (!key_) return;  // said already
    auto vault = store::Vault::Open(database, std::move(*key_), base::SystemRandom());
    if (vault) return Good("master key", "it opens this database");
    Bad("master key", Describe(vault.error()),
        vault.error().code == Errc::kWrongKey
            ? "set --master-key to the key that was made with this database"
            : "keep a copy of the data directory and restore the last backup");
  }

  void CheckClock(store::Database& database) {
    core::ServingLog log;
    const auto read = database.ReadNow([&](store::Session& session) -> Result<void> {
      LK_ASSIGN(log, store::LoadServing(session, TimePoint{}));
      return {};
    });
    if (!read)
      return Bad("clock", "the last run is not known: " + Describe(read.error()),
                 "see the database above");
    if (log.intervals().empty()) return Good("clock", base::FormatTime(options_.now));
    const TimePoint last = log.intervals().back().to;
    if (last - options_.now > std::chrono::minutes(1))
      return Bad("clock",
                 "it says " + base::FormatTime(options_.now) + ", but a server ran here until " +
                     base::FormatTime(last),
                 "set the clock (timedatectl set-ntp true): expiries are judged by it");
    Good("clock", base::FormatTime(options_.now) + ", after the last run");
  }

  void CheckCertificates() {
    if (configuration_.certificate.empty())
      return configuration_.listen.IsLoopback()
                 ? Good("certificate", "none, and none is needed on loopback")
                 : Bad("certificate",
                       "none, but " + configuration_.listen.ToString() + " is not loopback",
                       "set --tls-certificate and --tls-key, or listen on 127.0.0.1 behind a "
                       "proxy that speaks TLS");
    const std::string advice = "set --tls-certificate and --tls-key to a PEM chain and its key";
    const auto dates = ReadCertificateDates(configuration_.certificate);
    if (!dates) return Bad("certificate", Describe(dates.error()), advice);
    if (auto loaded = http::TlsContext::Load({configuration_.certificate, configuration_.key});
        !loaded)
      return Bad("certificate", Describe(loaded.error()), advice);
    const std::string renew = "renew it and send the server SIGHUP";
    if (dates->to < options_.now)
      return Bad("certificate", "it ended " + base::FormatTime(dates->to), renew);
    if (dates->from > options_.now)
      return Bad("certificate", "it begins " + base::FormatTime(dates->from) + ", in the future",
                 "check the clock, or wait");
    if (dates->to - options_.now < kCertificateNotice)
      return Notice("certificate", "it ends in " + Days(dates->to - options_.now), renew);
    Good("certificate", "good for another " + Days(dates->to - options_.now));
  }

  void CheckPort(const std::string& check, const Endpoint& endpoint, const std::string& flag) {
    if (endpoint.port == 0) return Good(check, "any free one");
    const auto listeners = http::Listen(endpoint.address, endpoint.port, 1);
    if (!held_) {
      if (listeners) return Good(check, endpoint.ToString() + " is free");
      return Bad(check, Describe(listeners.error()),
                 "stop what is there, or choose another with " + flag);
    }
    if (listeners)
      return Bad(check, "a server is running, but nothing listens on " + endpoint.ToString(),
                 "it was started with another " + flag + ": give the same settings here");
    if (flag == "--admin-listen" || !configuration_.certificate.empty())
      return Good(check, "something listens on " + endpoint.ToString());
    const auto answer = Send({.url = "http://" + endpoint.ToString() + "/v1/health",
                              .patience = std::chrono::seconds(5)});
    if (answer && answer->status >= 200 && answer->status < 300)
      return Good(check, "our server answers on " + endpoint.ToString());
    Bad(check,
        "what listens on " + endpoint.ToString() + " is not well: " +
            (answer ? "status " + std::to_string(answer->status) : Describe(answer.error())),
        "look at the server's log");
  }

  void CheckLegacySchemes() {
    if (!configuration_.legacy_schemes)
      return Good("legacy schemes", "the unprefixed RSA schemes are off");
    Notice("legacy schemes", "three old RSA key schemes are on: their signatures carry no prefix",
           "when no policy uses them: legacy_schemes = false");
  }

  const Configuration& configuration_;
  const DoctorOptions& options_;
  std::vector<Finding> findings_;
  std::optional<store::MasterKey> key_;
  bool writable_ = false, held_ = false, dev_ = false;
};

}  // namespace

std::vector<Finding> Examine(const Configuration& configuration, const DoctorOptions& options) {
  return Examination(configuration, options).Run();
}

int Doctor(const Configuration& configuration) {
  const auto findings = Examine(configuration, {.now = base::SystemNow()});
  const bool colour = UseColour();
  int bad = 0;
  for (const Finding& finding : findings) {
    std::string mark = "ok  ";
    std::string paint = "\033[32m";
    if (finding.level == Finding::Level::kNotice) {
      mark = "note";
      paint = "\033[33m";
    }
    if (finding.level == Finding::Level::kBad) {
      mark = "BAD ";
      paint = "\033[31m";
      ++bad;
    }
    std::cout << (colour ? paint + mark + "\033[0m" : mark) << "  " << finding.check << ": "
              << finding.text << '\n';
    if (!finding.advice.empty()) std::cout << "      -> " << finding.advice << '\n';
  }
  std::cout << (bad == 0 ? "Nothing is wrong."
                         : std::to_string(bad) + (bad == 1 ? " thing needs" : " things need") +
                               " attention.")
            << std::endl;
  return bad == 0 ? kOk : kFailed;
}

}  // namespace latchkey::app
