#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/application.h"
#include "core/user.h"
#include "store/database.h"

namespace latchkey::api {

// What the server answered, after signing.
struct Answer {
  int status = 0;
  std::vector<http::Header> headers{};
  std::string body{};
  std::string method{}, target{};  // as sent, for the signature

  std::string_view header(std::string_view name) const { return http::Find(headers, name); }
  // These read the body as JSON and throw when it is not of that form, which fails a test.
  json::value Json() const;
  json::value Data() const { return Json().at("data"); }
  std::string Id() const { return std::string(Data().at("id").as_string()); }
  json::value Attribute(std::string_view name) const { return Data().at("attributes").at(name); }
  std::vector<std::string> Ids() const;  // of a list, in its order
  std::string Code() const;              // of the first error; empty without
  std::string Detail() const;            // of the first error
  std::string Source() const;            // pointer, parameter or header of the first error
};

// The real pipeline over a real database in a folder of its own, for tests of the API. Requests are
// answered one after another; each carries Latchkey-Now, so that time stands still until a test
// moves it. Not thread-safe.
class TestServer {
 public:
  using Headers = std::vector<http::Header>;

  // `throttles`: attempts are counted (conventions.md §7.1).
  explicit TestServer(bool throttles = false);
  ~TestServer();

  // `path` is below the account ("/licenses?limit=5"), or begins with "/v1".
  Answer Send(std::string_view method, std::string_view path, const Headers& headers,
              std::string_view body = {});
  Answer Send(std::string_view method, std::string_view path, const Headers& headers,
              const json::value& body);
  Answer Send(std::string_view method, std::string_view path, const Headers& headers,
              const char* body) {
    return Send(method, path, headers, std::string_view(body));
  }
  Answer Get(std::string_view path) { return Send("GET", path, AsAdmin()); }
  Answer Post(std::string_view path, const json::value& body) {
    return Send("POST", path, AsAdmin(), body);
  }

  Headers AsAdmin() const { return AsToken(admin_token_); }
  static Headers AsLicense(std::string_view key) {
    return {{"Authorization", "License " + std::string(key)}};
  }
  static Headers AsToken(std::string_view token) {
    return {{"Authorization", "Bearer " + std::string(token)}};
  }

  // Records by the API itself, as admin; each throws when it is refused. `attributes` are added to
  // what the kind requires.
  std::string AddProduct(json::object attributes = {});
  // MIXED authentication unless said otherwise.
  std::string AddPolicy(std::string_view product, json::object attributes = {});
  Answer AddLicense(std::string_view policy, json::object attributes = {});
  Answer AddMachine(std::string_view license, std::string_view fingerprint,
                    json::object attributes = {});
  std::string AddEntitlement(std::string_view code);
  void Attach(std::string_view parent_path, std::string_view entitlement);

  // Records that have no endpoint yet, straight into the store.
  core::User AddUser(std::string_view email, std::string_view role = "user");
  std::string TokenOf(const core::User& user);
  void SetOwner(std::string_view license, const core::User& user);
  void SetMachineOwner(std::string_view machine, const core::User& user);
  void Ban(const core::User& user);

  TimePoint now() const { return now_; }
  void SetNow(TimePoint now) { now_ = now; }
  void Advance(Duration by) { now_ += by; }
  // When the server was serving (decision 7); null, as at first, counts no downtime.
  void SetServing(std::shared_ptr<const core::ServingLog> log) { serving_ = std::move(log); }

  const Uuid& account_id() const { return account_id_; }
  const crypto::AccountKeys& keys() const;
  store::Database& database() { return *database_; }
  const store::Vault& vault() const { return *vault_; }
  service::TouchLane& touches() { return *touches_; }
  Application& application() { return *application_; }
  // Keygen-Signature is the account's over exactly this answer.
  bool SignatureHolds(const Answer& answer, crypto::SignatureAlgorithm algorithm =
                                                crypto::SignatureAlgorithm::kEd25519) const;
  // Everything the access log was told, one line a request.
  const std::string& AccessLogText() const { return log_; }
  // Kinds of the public events so far, oldest first, without those of the account's creation.
  std::vector<std::string> Events();

  static constexpr std::string_view kHost = "licenses.example";

 private:
  service::Context ContextOf(store::Session& session) const;
  void Write(const store::Database::Work& work);

  std::string directory_;
  TimePoint now_{};
  std::shared_ptr<const core::ServingLog> serving_;
  Uuid account_id_;
  std::string admin_token_;
  service::Settings settings_;
  service::Actor nobody_;
  std::unique_ptr<store::Database> database_;
  std::unique_ptr<store::Vault> vault_;
  service::Accounts accounts_;
  std::unique_ptr<service::SnapshotCache> snapshots_;
  std::unique_ptr<service::TouchLane> touches_;
  std::string log_;
  std::unique_ptr<Application> application_;
};

// {"data":{"type","attributes","relationships"}}
json::object DocumentOf(std::string_view type, json::object attributes,
                        json::object relationships = {});
// {"data":{"type","id"}}
json::object LinkTo(std::string_view type, std::string_view id);

}  // namespace latchkey::api
