#include "api/test_server.h"

#include <filesystem>
#include <future>
#include <stdexcept>

#include "core/response_signature.h"
#include "service/tokens.h"
#include "store/migrations.h"
#include "store/sqlite/sqlite_database.h"

namespace latchkey::api {
namespace {

constexpr std::string_view kStart = "2026-03-03T09:15:00.000Z";

std::string MakeDirectory() {
  std::string path = std::filesystem::temp_directory_path() / "latchkey-api-XXXXXX";
  if (!mkdtemp(path.data())) throw std::runtime_error("cannot make a folder for the test");
  return path;
}

template <class T>
T Must(Result<T> result) {
  if (!result) throw std::runtime_error("test set-up: " + result.error().detail);
  return std::move(*result);
}
void Must(Result<void> result) {
  if (!result) throw std::runtime_error("test set-up: " + result.error().detail);
}

// The database that every server starts from, made once per program: key pairs cost more than a
// copied file.
struct Seed {
  std::string directory = MakeDirectory();
  std::string master_key;
  service::CreatedAccount account;

  Seed() {
    const store::MasterKey key = store::MasterKey::Generate(base::SystemRandom());
    master_key = std::string(key.ToText().Reveal());
    auto database = Must(store::OpenSqlite({.path = directory + "/seed.db", .create = true}));
    Must(store::Migrate(*database));
    auto vault = Must(store::Vault::Open(*database, key, base::SystemRandom()));
    Must(database->WriteNow([&](store::Session& session) -> Result<void> {
      LK_ASSIGN(account,
                service::CreateAccount(session, *vault, base::SystemRandom(),
                                       *base::ParseTime("2026-01-01T00:00:00Z"),
                                       {.name = "Acme",
                                        .slug = "acme",
                                        .admin_email = "admin@acme.example",
                                        .admin_password = Secret(std::string("correct horse"))},
                                       crypto::PasswordCost::kTest));
      return {};
    }));
    Must(database->Backup(file()));
  }
  ~Seed() {
    std::error_code ignored;  // a folder left behind in /tmp fails no test
    std::filesystem::remove_all(directory, ignored);
  }
  std::string file() const { return directory + "/copy.db"; }
};

const Seed& TheSeed() {
  static const Seed seed;
  return seed;
}

std::string FirstError(const Answer& answer, std::string_view member) {
  if (answer.body.empty()) return {};
  const json::value tree = answer.Json();
  const auto* errors = tree.as_object().if_contains("errors");
  if (!errors || errors->as_array().empty()) return {};
  const auto* value = errors->as_array().front().as_object().if_contains(member);
  return value ? std::string(value->as_string()) : std::string();
}

Answer Expect(Answer answer, int status) {
  if (answer.status != status)
    throw std::runtime_error(answer.method + " " + answer.target + " answered " +
                             std::to_string(answer.status) + ": " + answer.body);
  return answer;
}

void Merge(json::object& into, json::object more) {
  for (auto& [name, value] : more) into.insert_or_assign(name, std::move(value));
}

}  // namespace

std::string Answer::Code() const { return FirstError(*this, "code"); }
std::string Answer::Detail() const { return FirstError(*this, "detail"); }
std::string Answer::Source() const {
  const json::value tree = Json();
  const auto* source = tree.at("errors").at(0).as_object().if_contains("source");
  return source ? std::string(source->as_object().begin()->value().as_string()) : std::string();
}
json::value Answer::Json() const { return Must(base::ParseJson(body)); }
std::vector<std::string> Answer::Ids() const {
  std::vector<std::string> ids;
  const json::value items = Data();
  for (const auto& item : items.as_array()) ids.emplace_back(item.at("id").as_string());
  return ids;
}

TestServer::TestServer(bool throttles)
    : directory_(MakeDirectory()),
      now_(*base::ParseTime(kStart)),
      account_id_(TheSeed().account.account_id),
      admin_token_(TheSeed().account.admin_token) {
  settings_.password_cost = crypto::PasswordCost::kTest;
  std::filesystem::copy_file(TheSeed().file(), directory_ + "/latchkey.db");
  database_ = Must(store::OpenSqlite({.path = directory_ + "/latchkey.db"}));
  Random& random = base::SystemRandom();
  vault_ = Must(
      store::Vault::Open(*database_, Must(store::MasterKey::Parse(TheSeed().master_key)), random));
  Must(database_->ReadNow(
      [&](store::Session& session) { return accounts_.Load(session, *vault_); }));
  snapshots_ = std::make_unique<service::SnapshotCache>(1000);
  touches_ = std::make_unique<service::TouchLane>(*database_, *vault_, random);
  database_->Observe(
      [this](std::span<const store::Announcement> changes) { snapshots_->Apply(changes); });
  application_ = std::make_unique<Application>(
      Services{.database = *database_,
               .vault = *vault_,
               .random = random,
               .accounts = accounts_,
               .snapshots = *snapshots_,
               .touches = *touches_,
               .settings = settings_,
               .serving = [this] { return serving_; }},
      ApplicationOptions{.throttles = throttles, .dev = true, .revision = "test"},
      [this](const AccessLogEntry& entry) {
        log_ += entry.method + " " + entry.route + " " + entry.peer + " " + entry.code + " " +
                entry.account + "\n";
      });
}

TestServer::~TestServer() {
  application_.reset();
  touches_.reset();
  database_.reset();
  std::error_code ignored;
  std::filesystem::remove_all(directory_, ignored);
}

Answer TestServer::Send(std::string_view method, std::string_view path, const Headers& headers,
                        std::string_view body) {
  http::Request request{
      .method = std::string(method), .target = {}, .headers = headers, .body = {}, .peer = {}};
  if (!path.starts_with("/v1")) request.target = "/v1/accounts/" + account_id_.ToString();
  request.target += path;
  request.body = body;
  request.peer = "192.0.2.7";
  const auto add = [&](std::string_view name, std::string value) {
    if (!http::Has(request.headers, name))
      request.headers.push_back({std::string(name), std::move(value)});
  };
  add("Host", std::string(kHost));
  add("Latchkey-Now", base::FormatTime(now_));
  if (!body.empty()) add("Content-Type", "application/vnd.api+json");

  Answer answer{.method = request.method, .target = request.target};
  std::promise<http::Response> promise;
  application_->Handle(std::move(request), http::Responder([&](http::Response response) {
                         promise.set_value(std::move(response));
                       }));
  http::Response response = promise.get_future().get();
  if (response.prepare) {
    const auto prepare = std::move(response.prepare);
    prepare(response);
  }
  answer.status = response.status;
  answer.headers = std::move(response.headers);
  answer.body = std::move(response.body);
  return answer;
}

Answer TestServer::Send(std::string_view method, std::string_view path, const Headers& headers,
                        const json::value& body) {
  return Send(method, path, headers, std::string_view(base::WriteJson(body)));
}

const crypto::AccountKeys& TestServer::keys() const { return accounts_.Only()->keys; }

bool TestServer::SignatureHolds(const Answer& answer, crypto::SignatureAlgorithm algorithm) const {
  return core::VerifyResponse({.method = answer.method,
                               .target = answer.target,
                               .host = core::SignedHost(kHost, false),
                               .body = answer.body,
                               .signature = answer.header("Keygen-Signature"),
                               .digest = answer.header("Keygen-Digest"),
                               .date = answer.header("Keygen-Date")},
                              algorithm, keys().public_keys())
      .has_value();
}

json::object DocumentOf(std::string_view type, json::object attributes,
                        json::object relationships) {
  json::object data{{"type", type}, {"attributes", std::move(attributes)}};
  if (!relationships.empty()) data.emplace("relationships", std::move(relationships));
  return {{"data", std::move(data)}};
}
json::object LinkTo(std::string_view type, std::string_view id) {
  return {{"data", {{"type", type}, {"id", id}}}};
}

std::string TestServer::AddProduct(json::object attributes) {
  json::object all{{"name", "Lathe CAD"}};
  Merge(all, std::move(attributes));
  return Expect(Post("/products", DocumentOf("products", std::move(all))), 201).Id();
}

std::string TestServer::AddPolicy(std::string_view product, json::object attributes) {
  json::object all{{"name", "Standard"}, {"authenticationStrategy", "MIXED"}};
  Merge(all, std::move(attributes));
  return Expect(Post("/policies", DocumentOf("policies", std::move(all),
                                             {{"product", LinkTo("products", product)}})),
                201)
      .Id();
}

Answer TestServer::AddLicense(std::string_view policy, json::object attributes) {
  return Expect(Post("/licenses", DocumentOf("licenses", std::move(attributes),
                                             {{"policy", LinkTo("policies", policy)}})),
                201);
}

Answer TestServer::AddMachine(std::string_view license, std::string_view fingerprint,
                              json::object attributes) {
  json::object all{{"fingerprint", fingerprint}};
  Merge(all, std::move(attributes));
  return Expect(Post("/machines", DocumentOf("machines", std::move(all),
                                             {{"license", LinkTo("licenses", license)}})),
                201);
}

std::string TestServer::AddEntitlement(std::string_view code) {
  return Expect(Post("/entitlements", DocumentOf("entitlements", {{"name", code}, {"code", code}})),
                201)
      .Id();
}

void TestServer::Attach(std::string_view parent_path, std::string_view entitlement) {
  json::array items{{{"type", "entitlements"}, {"id", entitlement}}};
  Expect(Post(std::string(parent_path) + "/entitlements", json::object{{"data", std::move(items)}}),
         200);
}

service::Context TestServer::ContextOf(store::Session& session) const {
  return {session, *vault_, base::SystemRandom(), now_, *accounts_.Only(), nobody_, settings_};
}

void TestServer::Write(const store::Database::Work& work) { Must(database_->WriteNow(work)); }

core::User TestServer::AddUser(std::string_view email, std::string_view role) {
  core::User user;
  user.email = email;
  user.role = role;
  user.permissions = {"*"};
  Write([&](store::Session& session) {
    const service::Context context = ContextOf(session);
    service::Stamp(context, user);
    return service::Insert(context, user);
  });
  return user;
}

std::string TestServer::TokenOf(const core::User& user) {
  std::string raw;
  Write([&](store::Session& session) -> Result<void> {
    core::Token draft;
    draft.permissions = {"*"};
    LK_ASSIGN(auto issued, service::GenerateUserToken(ContextOf(session), user, draft, true));
    raw = std::move(issued.raw);
    return {};
  });
  return raw;
}

void TestServer::SetOwner(std::string_view license, const core::User& user) {
  Write([&](store::Session& session) -> Result<void> {
    const service::Context context = ContextOf(session);
    const Uuid id = *Uuid::Parse(license);
    LK_ASSIGN(auto record, service::Find<core::License>(context, id));
    record.value().owner_id = user.id;
    LK_TRY(service::Update(context, *record, {"owner_id"}));
    return service::Emit(context, "license.owner.updated", "licenses", id, {id});
  });
}

void TestServer::SetMachineOwner(std::string_view machine, const core::User& user) {
  Write([&](store::Session& session) -> Result<void> {
    const service::Context context = ContextOf(session);
    LK_ASSIGN(auto record, service::Find<core::Machine>(context, *Uuid::Parse(machine)));
    record.value().owner_id = user.id;
    LK_TRY(service::Update(context, *record, {"owner_id"}));
    return service::Emit(context, "machine.owner.updated", "machines", record->id,
                         {record->license_id});
  });
}

void TestServer::Ban(const core::User& user) {
  Write([&](store::Session& session) -> Result<void> {
    core::User banned = user;
    banned.banned_at = now_;
    LK_TRY(service::Update(ContextOf(session), banned, {"banned_at"}));
    return service::EmitForAll(ContextOf(session), "user.banned", "users", user.id);
  });
}

std::vector<std::string> TestServer::Events() {
  std::vector<std::string> kinds;
  Must(database_->ReadNow([&](store::Session& session) {
    return session.Query("SELECT kind FROM outbox WHERE public = 1 ORDER BY seq", {},
                         [&](const store::Row& row) { kinds.emplace_back(row.Text(0)); });
  }));
  std::erase(kinds, "account.created");
  if (!kinds.empty() && kinds.front() == "token.generated") kinds.erase(kinds.begin());
  return kinds;
}

}  // namespace latchkey::api
