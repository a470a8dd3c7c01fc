#pragma once

#include <memory>
#include <optional>
#include <string>

#include "core/account.h"
#include "core/license.h"
#include "core/permission.h"
#include "core/role.h"
#include "core/user.h"
#include "crypto/account_keys.h"
#include "crypto/password.h"
#include "store/outbox.h"
#include "store/records.h"
#include "store/vault.h"

namespace latchkey::service {

// An account as every request needs it, loaded once and shared.
struct AccountContext {
  core::Account account;
  crypto::AccountKeys keys;
  Secret token_secret;  // keys the digests of tokens (conventions.md §3.2)
};

// Who acts, after authentication (conventions.md §4).
struct Actor {
  core::Role role = core::Role::kAnonymous;
  Uuid id{};                                 // the bearer's record; nil when anonymous
  std::optional<core::Token> token{};        // absent with license-key authentication
  core::PermissionSet permissions{};         // the bearer's and the token's, intersected
  core::PermissionSet bearer_permissions{};  // the bearer's alone, for the words of refusals
  std::optional<core::License> license{};    // license bearers
  std::optional<core::User> user{};          // user bearers
  bool anonymous() const { return role == core::Role::kAnonymous; }
};

// Answers that depend on configuration rather than on the request.
struct Settings {
  std::string docs_base = "https://docs.latchkey.example/api";  // compat.docs_base (decision 25)
  std::string issuer = "https://latchkey.example";              // compat.issuer
  bool legacy_schemes = true;                                   // decision 9
  crypto::PasswordCost password_cost = crypto::PasswordCost::kStandard;
};

// Everything one use case may touch; lives as long as the request's transaction. Functions of this
// folder take it first.
struct Context {
  store::Session& session;
  const store::Vault& vault;
  Random& random;
  TimePoint now;
  const AccountContext& account;
  const Actor& actor;
  const Settings& settings;

  const Uuid& account_id() const { return account.account.id; }
};

// store/records.h with this request's session, vault and account.
template <class T>
Result<std::optional<T>> Find(const Context& context, const store::Where& where) {
  return store::Find<T>(context.session, context.vault, context.account_id(), where);
}
template <class T>
Result<std::optional<T>> Find(const Context& context, const Uuid& id) {
  return store::Find<T>(context.session, context.vault, context.account_id(), id);
}
template <class T>
Result<std::vector<T>> List(const Context& context, const store::Where& where,
                            const store::Page& page = store::kAll) {
  return store::List<T>(context.session, context.vault, context.account_id(), where, page);
}
template <class T>
Result<void> Insert(const Context& context, const T& record) {
  return store::Insert(context.session, context.vault, record);
}
template <class T>
Result<void> Update(const Context& context, const T& record) {
  return store::Update(context.session, context.vault, record);
}
template <class T>
Result<void> Update(const Context& context, const T& record,
                    std::initializer_list<std::string_view> names) {
  return store::Update(context.session, context.vault, record, names);
}
template <class T>
Result<void> Delete(const Context& context, const Uuid& id) {
  return store::Delete<T>(context.session, context.account_id(), id);
}

// Records a public event about one resource (spec/events.md) in the running transaction. `licenses`
// names stale read models.
Result<void> Emit(const Context& context, std::string_view kind, std::string_view resource_type,
                  const Uuid& resource_id, std::vector<Uuid> licenses = {},
                  std::string payload = {});
// The same for changes that every license of the account may feel (policies, products,
// entitlements).
Result<void> EmitForAll(const Context& context, std::string_view kind,
                        std::string_view resource_type, const Uuid& resource_id);

// Id (kept when already set), account and times of a new record.
void Stamp(const Context& context, core::Record& record);

// kInvalid with one violation.
Error Broken(Violation violation);
Error Broken(std::vector<Violation> violations);
inline Violation AttributeRule(std::string path, std::string rule, std::string detail) {
  return {Violation::Kind::kAttribute, std::move(path), std::move(rule), std::move(detail)};
}
inline Violation RelationshipRule(std::string path, std::string rule, std::string detail) {
  return {Violation::Kind::kRelationship, std::move(path), std::move(rule), std::move(detail)};
}

}  // namespace latchkey::service
