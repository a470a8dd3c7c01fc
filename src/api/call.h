#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "api/access.h"
#include "api/schema.h"
#include "core/account_setting.h"
#include "core/component.h"
#include "core/downtime.h"
#include "core/environment.h"
#include "core/group.h"
#include "core/machine.h"
#include "core/pool_key.h"
#include "core/process.h"
#include "core/product.h"
#include "core/second_factor.h"
#include "core/validation.h"
#include "crypto/signature.h"
#include "http/message.h"
#include "service/accounts.h"
#include "service/context.h"
#include "service/snapshots.h"
#include "service/touches.h"

namespace latchkey::api {

struct Call;

// What a handler answers; headers and signature are the application's.
struct Reply {
  int status = 200;
  std::string body;
  std::vector<http::Header> headers{};
  std::string content_type{};  // empty = negotiated (conventions.md §1.3)
  bool guess = false;  // a secret that is not known, though the status says nothing of it (M11)
};
using Handler = Result<Reply> (*)(Call&);

enum class Lane { kNone, kRead, kWrite };                      // kNone answers without the store
enum class Authentication { kRequired, kOptional, kIgnored };  // conventions.md §3.1
enum class Order { kAccessFirst, kSchemaFirst };               // conventions.md §1.4 step 12
// kServer: no account is looked for, unsigned (health). kPing: an account is not needed, but signs.
enum class Scope { kAccount, kPing, kServer };

// One endpoint: everything the pipeline needs, as data. Patterns are below the account prefix;
// `{name}` is one segment, looked up by its name among the records the bearer may see
// (api/lookup.h).
struct Route {
  std::string_view method;
  std::string_view pattern;  // "/licenses/{license}/actions/suspend"
  Handler handle = nullptr;
  Lane lane = Lane::kRead;
  Rule rule{};
  const Schema* schema = nullptr;  // null: the body is ignored
  Order order = Order::kAccessFirst;
  Authentication authentication = Authentication::kRequired;
  std::string_view topic{};  // plural resource for links.about
  // Facts for the rule when they are not those of the last path record: creates look into the body.
  Result<Target> (*target)(Call&) = nullptr;
  bool own_access =
      false;  // the handler authorizes by itself (validate-key, tokens): rule is documentation
  bool password = false;     // takes e-mail and password (POST /tokens)
  bool scoped_only = false;  // exists only below /accounts/{account}
  // Answers on the I/O thread without the store, when it can.
  std::optional<Reply> (*warm)(Call&) = nullptr;
  Scope scope = Scope::kAccount;
};

// Shared by all requests; outlives them.
struct Services {
  store::Database& database;
  const store::Vault& vault;
  Random& random;
  service::Accounts& accounts;
  service::SnapshotCache& snapshots;
  service::TouchLane& touches;
  const service::Settings& settings;
  // When the server was serving, for heartbeats (decision 7): an immutable copy per change. Empty
  // counts no downtime.
  std::function<std::shared_ptr<const core::ServingLog>()> serving{};
};

// A credential as sent (conventions.md §3.1), not yet looked up.
struct Credential {
  enum class Kind { kNone, kToken, kLicenseKey, kPassword } kind = Kind::kNone;
  std::string value{};            // token, license key or e-mail
  Secret password{};              // kPassword
  std::string scheme = "Bearer";  // for WWW-Authenticate
};

// Work on passwords that a handler asks for. Argon2 must not run on a store thread (threat-model
// row 47): the handler leaves what it wants here and returns kNeedsWrite; the application does the
// work on its own threads and runs the request again (api/passwords.h).
struct PasswordWork {
  bool asked = false;
  Secret to_verify{}, to_hash{};        // empty: not wanted
  std::string digest{};                 // `to_verify` is compared with it
  std::optional<bool> verified{};       // of exactly that pair
  std::optional<std::string> hashed{};  // of exactly that text
};

// Records named by the path, once looked up.
struct PathRecords {
  std::optional<core::Environment> environment{};
  std::optional<core::AccountSetting> setting{};
  std::optional<core::Group> group{};
  std::optional<core::GroupOwner> group_owner{};
  std::optional<core::User> user{};
  std::optional<core::SecondFactor> second_factor{};
  std::optional<core::Product> product{};
  std::optional<core::Policy> policy{};
  std::optional<core::PoolKey> pool_key{};
  std::optional<core::Entitlement> entitlement{};
  std::optional<core::License> license{};
  std::optional<core::Machine> machine{};
  std::optional<core::Component> component{};
  std::optional<core::Process> process{};
  std::optional<core::Token> token{};
};

// One request on its way through the checks of conventions.md §1.4. Owned by one thread at a time.
struct Call : PathRecords {
  Call(const Services& shared, http::Request sent) : services(shared), request(std::move(sent)) {}

  const Services& services;
  http::Request request;
  TimePoint now{};
  Uuid request_id;
  std::string path;  // below the account prefix, still escaped
  std::vector<std::pair<std::string, std::string>> query;  // decoded, in order
  std::string raw_query;
  const Route* route = nullptr;
  std::vector<std::pair<std::string_view, std::string>>
      segments;      // "license" → decoded text, in path order
  json::value body;  // keys normalised; null when absent
  std::string version = "1.8";
  bool version_known = false;  // Keygen-Version was read: answers carry the Keygen- headers
  crypto::SignatureAlgorithm signature_algorithm = crypto::SignatureAlgorithm::kEd25519;
  std::string content_type = "application/vnd.api+json";
  bool reasons = false;       // Latchkey-Reasons: 1 (decision 28)
  std::string locale = "en";  // Accept-Language, for reasons
  std::shared_ptr<const service::AccountContext>
      account;  // null until resolved: nothing is signed before
  Credential credential;
  std::optional<Uuid> password_user;           // e-mail and password were right for this user
  std::optional<std::string> password_digest;  // as it was when checked
  service::Actor actor;
  std::string cause{};               // reason code of a tombstone behind a 401 or 404 (decision 6)
  std::optional<TimePoint> until{};  // with SEAT_TAKEN_OVER: the device keeps working until then

  PasswordWork password_work{};
  service::SnapshotCache::Ticket snapshot_ticket = 0;
  Document document;                  // the checked body
  store::Session* session = nullptr;  // during the store phase

  std::shared_ptr<const core::ServingLog> serving;  // as it was when the request came
  Duration downtime(TimePoint from, TimePoint to) const {
    return serving ? serving->DowntimeBetween(from, to) : Duration::zero();
  }
  service::Context context() const {
    return {*session, services.vault, services.random, now, *account, actor, services.settings};
  }
  // Before another run in the writer lane.
  void ForgetRecords() {
    static_cast<PathRecords&>(*this) = {};
    cause.clear();
    until.reset();
  }
  const Uuid& account_id() const { return account->account.id; }
  std::string account_path() const { return "/v1/accounts/" + account->account.id.ToString(); }
  std::string_view header(std::string_view name) const { return http::Find(request.headers, name); }
  std::optional<std::string_view> parameter(
      std::string_view name) const;  // first query parameter of this name
};

}  // namespace latchkey::api
