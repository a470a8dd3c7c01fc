#pragma once

#include <memory>
#include <shared_mutex>
#include <string>
#include <string_view>

#include "service/context.h"

namespace latchkey::service {

struct NewAccount {
  std::string name;
  std::string slug;
  std::string admin_email;
  Secret admin_password;
};
struct CreatedAccount {
  Uuid account_id;
  Uuid admin_id;
  std::string admin_token;  // shown once
  std::string public_key;   // hex Ed25519
};
// What CreateAccount refuses in `wanted`, before anything is made: kInvalid with violations.
// `with_password` false: the password is still to be asked for.
Result<void> CheckNewAccount(const NewAccount& wanted, bool with_password = true);
// `latchkey init`: account with its three key pairs, admin user, admin token, all in one
// transaction (decision 16). kInvalid with violations for a bad slug, e-mail or password (6
// characters to 72 bytes, decision 33).
Result<CreatedAccount> CreateAccount(store::Session& session, store::Vault& vault, Random& random,
                                     TimePoint now, const NewAccount& wanted,
                                     crypto::PasswordCost cost);

// The accounts of this installation in memory: looked up on every request, changed rarely.
// Thread-safe.
class Accounts {
 public:
  // Reads all accounts with their keys.
  Result<void> Load(store::Session& session, const store::Vault& vault);
  // By id (dashes optional) or slug.
  std::shared_ptr<const AccountContext> Find(std::string_view id_or_slug) const;
  // The configured account when there is exactly one.
  std::shared_ptr<const AccountContext> Only() const;
  std::size_t size() const;
  std::vector<std::shared_ptr<const AccountContext>> All() const;

 private:
  mutable std::shared_mutex mutex_;
  std::vector<std::shared_ptr<const AccountContext>> accounts_;
};

}  // namespace latchkey::service
