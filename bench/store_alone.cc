// What activations cost the store alone: what real activations asked of the store, recorded on one
// copy of an installation, is asked of another one by nothing but src/store, in groups of a given
// size. Records are found, inserted and appended by the store's own functions, as the service does
// it; that the statements are the same is checked against the recording.
//
//   bench_store --record DIR --replay DIR --master-key file:PATH --licenses N --requests N
//
// Reads one line `FIRST GROUP` per round from
// standard input: number of the first request and writes under way at once; prints one line of
// JSON for each.
#include <ctime>
#include <future>
#include <iostream>

#include "api/application.h"
#include "bench/arguments.h"
#include "bench/population.h"
#include "bench/recording.h"
#include "store/data_directory.h"
#include "store/sqlite/sqlite_database.h"

namespace {

using namespace latchkey;

struct Opened {
  std::unique_ptr<store::DataDirectory> directory;
  std::unique_ptr<store::Database> database;
  std::unique_ptr<store::Vault> vault;
};
Result<Opened> Open(const std::string& path, const std::string& master_key) {
  Opened opened;
  LK_ASSIGN(auto master, store::LoadMasterKey(master_key));
  LK_ASSIGN(opened.directory,
            store::DataDirectory::Open(path, store::DataDirectory::Mode::kMustExist));
  LK_ASSIGN(opened.database, store::OpenSqlite({.path = opened.directory->database()}));
  LK_ASSIGN(opened.vault,
            store::Vault::Open(*opened.database, std::move(master), base::SystemRandom()));
  return opened;
}

double CpuSeconds() {
  timespec time{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

Uuid IdOf(const store::Param& param) {
  return Uuid::FromBytes(ByteView(std::get<Bytes>(param))).value_or(Uuid());
}

// One step of an activation, as a call of the store.
struct Step {
  enum class Kind { kLicenseByKey, kLicense, kPolicy, kInsertMachine, kAppend, kPlain } kind;
  std::string key{};
  Uuid id{};
  core::Machine machine{};
  store::Event event{};
  bench::Statement plain{};
};
struct Activation {
  Uuid account;
  std::vector<Step> steps;
  const bench::RecordedWrite* recorded = nullptr;
};

// `source` is where it was recorded: the inserted machine is read back from there.
Result<Activation> ActivationOf(const bench::RecordedWrite& recorded, const Uuid& account,
                                const std::string& key, store::Session& source,
                                const store::Vault& vault) {
  Activation activation{account, {}, &recorded};
  for (const bench::Statement& statement : recorded) {
    const std::string_view sql = statement.sql;
    const auto has = [&](std::string_view part) { return sql.find(part) != sql.npos; };
    Step step{Step::Kind::kPlain};
    if (sql.starts_with("SELECT seq, id,") && has("licenses.key_index = ")) {
      step.kind = Step::Kind::kLicenseByKey;
      step.key = key;
    } else if (sql.starts_with("SELECT seq, id,") && has(" FROM licenses ")) {
      step.kind = Step::Kind::kLicense;
      step.id = IdOf(statement.params.at(1));
    } else if (sql.starts_with("SELECT seq, id,") && has(" FROM policies ")) {
      step.kind = Step::Kind::kPolicy;
      step.id = IdOf(statement.params.at(1));
    } else if (sql.starts_with("INSERT INTO machines ")) {
      step.kind = Step::Kind::kInsertMachine;
      LK_ASSIGN(auto machine,
                store::Find<core::Machine>(source, vault, account, IdOf(statement.params.at(0))));
      if (!machine) return Error{Errc::kInternal, "the recorded machine is not there"};
      step.machine = std::move(*machine);
    } else if (sql.starts_with("INSERT INTO outbox ")) {
      step.kind = Step::Kind::kAppend;
      step.event.id = IdOf(statement.params.at(0));
      step.event.account_id = account;
      step.event.kind = std::get<std::string>(statement.params.at(3));
      step.event.is_public = std::get<std::int64_t>(statement.params.at(4)) != 0;
      step.event.resource_type = std::get<std::string>(statement.params.at(5));
      step.event.resource_id = IdOf(statement.params.at(6));
      step.event.stale_licenses = {IdOf(statement.params.at(7))};
      step.event.created = base::FromUnixMicros(std::get<std::int64_t>(statement.params.at(10)));
    } else {
      step.plain = statement;
    }
    activation.steps.push_back(std::move(step));
  }
  return activation;
}

template <class T>
Result<void> MustFind(const Result<std::optional<T>>& found) {
  if (!found) return found.error();
  if (!*found) return Error{Errc::kInternal, "a record of the recording is not in its copy"};
  return {};
}

Result<void> RunStep(store::Session& session, const store::Vault& vault, const Uuid& account,
                     const Step& step) {
  switch (step.kind) {
    case Step::Kind::kLicenseByKey: {
      LK_ASSIGN(const store::Where where,
                store::SealedEquals<core::License>(session, vault, account, "key", step.key));
      return MustFind(store::Find<core::License>(session, vault, account, where));
    }
    case Step::Kind::kLicense:
      return MustFind(store::Find<core::License>(session, vault, account, step.id));
    case Step::Kind::kPolicy:
      return MustFind(store::Find<core::Policy>(session, vault, account, step.id));
    case Step::Kind::kInsertMachine:
      return store::Insert(session, vault, step.machine);
    case Step::Kind::kAppend: {
      LK_TRY(store::Append(session, vault, step.event));
      return {};
    }
    case Step::Kind::kPlain:
      if (step.plain.query)
        return session.Query(step.plain.sql, step.plain.params, [](const store::Row&) {});
      LK_TRY(session.Execute(step.plain.sql, step.plain.params));
      return {};
  }
  return {};
}

Result<void> RunActivation(store::Session& session, const store::Vault& vault,
                           const Activation& activation) {
  for (const Step& step : activation.steps)
    LK_TRY(RunStep(session, vault, activation.account, step));
  return {};
}

// The first of a round: its statements must be those of the recording, one for one.
Result<void> RunChecked(store::Session& session, const store::Vault& vault,
                        const Activation& activation) {
  bench::RecordedWrite run;
  bench::RecordingSession recording(session, run);
  LK_TRY(RunActivation(recording, vault, activation));
  bool same = run.size() == activation.recorded->size();
  for (std::size_t i = 0; same && i < run.size(); ++i)
    same = run[i].sql == (*activation.recorded)[i].sql;
  if (same) return {};
  return Error{Errc::kInternal, "the store alone did not run the statements of an activation"};
}

// The application over one installation, answering activations one by one.
class Recorder {
 public:
  static Result<std::unique_ptr<Recorder>> Make(Opened opened) {
    std::unique_ptr<Recorder> recorder(new Recorder(std::move(opened)));
    LK_TRY(recorder->opened_.database->ReadNow([&](store::Session& session) {
      return recorder->accounts_.Load(session, *recorder->opened_.vault);
    }));
    return recorder;
  }

  // The activations stay valid until the next call.
  Result<std::vector<Activation>> Record(std::uint64_t first, std::uint64_t count,
                                         std::uint64_t licenses) {
    const std::string target =
        "/v1/accounts/" + accounts_.Only()->account.id.ToString() + "/machines";
    for (std::uint64_t number = first; number < first + count; ++number) {
      const std::uint64_t license = number % licenses;
      http::Request request;
      request.method = "POST";
      request.target = target;
      request.headers = {{"Host", "127.0.0.1"},
                         {"Accept", "application/vnd.api+json"},
                         {"Content-Type", "application/vnd.api+json"},
                         {"Authorization", "License " + bench::LicenseKey(license)}};
      request.body = bench::ActivateBody(license, licenses, number);
      std::promise<http::Response> promise;
      application_.Handle(std::move(request), http::Responder([&](http::Response response) {
                            promise.set_value(std::move(response));
                          }));
      const http::Response response = promise.get_future().get();
      if (response.status != 201)
        return Error{Errc::kInternal, "an activation was refused: " + response.body};
    }
    writes_ = recording_.Take();
    if (writes_.size() != count) return Error{Errc::kInternal, "an activation is not one write"};
    std::vector<Activation> activations;
    LK_TRY(opened_.database->ReadNow([&](store::Session& session) -> Result<void> {
      for (std::uint64_t i = 0; i < count; ++i) {
        auto activation =
            ActivationOf(writes_[i], accounts_.Only()->account.id,
                         bench::LicenseKey((first + i) % licenses), session, *opened_.vault);
        if (!activation) return std::move(activation).error();
        activations.push_back(std::move(*activation));
      }
      return {};
    }));
    return activations;
  }

 private:
  explicit Recorder(Opened opened)
      : opened_(std::move(opened)),
        recording_(*opened_.database),
        snapshots_(1000),
        touches_(*opened_.database, *opened_.vault, base::SystemRandom()),
        application_(api::Services{.database = recording_,
                                   .vault = *opened_.vault,
                                   .random = base::SystemRandom(),
                                   .accounts = accounts_,
                                   .snapshots = snapshots_,
                                   .touches = touches_,
                                   .settings = settings_},
                     {}, {}) {}

  Opened opened_;
  bench::RecordingDatabase recording_;
  std::vector<bench::RecordedWrite> writes_;
  service::Settings settings_;
  service::Accounts accounts_;
  service::SnapshotCache snapshots_;
  service::TouchLane touches_;
  api::Application application_;
};

// Keeps `group` writes under way until all are done.
class Player {
 public:
  Player(const Opened& target, const std::vector<Activation>& activations)
      : target_(target), activations_(activations) {}
  Result<void> Run(std::size_t group) {
    for (std::size_t i = 0; i < std::min(group, activations_.size()); ++i) Next();
    finished_.get_future().wait();
    return std::move(result_);
  }

 private:
  // From the main thread first, then from the writer's alone.
  void Next() {
    const std::size_t at = begun_.fetch_add(1);
    if (at >= activations_.size()) return;
    target_.database->Write(
        [this, at](store::Session& session) {
          return at == 0 ? RunChecked(session, *target_.vault, activations_[at])
                         : RunActivation(session, *target_.vault, activations_[at]);
        },
        [this](Result<void> done) {
          if (!done && result_) result_ = std::move(done);
          Next();
          if (done_.fetch_add(1) + 1 == activations_.size()) finished_.set_value();
        });
  }
  const Opened& target_;
  const std::vector<Activation>& activations_;
  std::atomic<std::size_t> begun_{0}, done_{0};
  Result<void> result_;
  std::promise<void> finished_;
};

Result<void> Run(const bench::Arguments& arguments) {
  const std::uint64_t licenses = arguments.Number("licenses");
  const std::uint64_t requests = arguments.Number("requests");
  LK_ASSIGN(auto source, Open(arguments.Text("record"), arguments.Text("master-key")));
  LK_ASSIGN(const auto recorder, Recorder::Make(std::move(source)));
  LK_ASSIGN(const Opened target, Open(arguments.Text("replay"), arguments.Text("master-key")));
  std::uint64_t first = 0;
  std::size_t group = 0;
  while (std::cin >> first >> group) {
    LK_ASSIGN(const auto activations, recorder->Record(first, requests, licenses));
    std::size_t statements = 0;
    for (const Activation& activation : activations) statements += activation.steps.size();
    const auto before = target.database->statistics();
    const double cpu = CpuSeconds();
    LK_TRY(Player(target, activations).Run(group));
    const double spent = CpuSeconds() - cpu;
    const auto after = target.database->statistics();
    std::printf("{\"cpu_us\":%.3f,\"group\":%.2f,\"statements\":%.1f}\n",
                spent * 1e6 / static_cast<double>(requests),
                static_cast<double>(after.writes - before.writes) /
                    static_cast<double>(after.groups - before.groups),
                static_cast<double>(statements) / static_cast<double>(requests));
    std::fflush(stdout);
  }
  return {};
}

}  // namespace

int main(int count, char** values) {
  const auto result = Run(bench::Arguments(count, values));
  if (result) return 0;
  std::fprintf(stderr, "bench_store: %s\n", result.error().detail.c_str());
  return 1;
}
