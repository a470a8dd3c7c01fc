#pragma once

#include <memory>
#include <shared_mutex>
#include <string_view>
#include <unordered_map>

#include "base/random.h"
#include "base/secret.h"
#include "crypto/aead.h"
#include "crypto/hash.h"
#include "store/database.h"
#include "store/master_key.h"

namespace latchkey::store {

// The unwrapped keys of one account: seals its columns and makes its blind indexes. Immutable,
// thread-safe.
class AccountVault {
 public:
  static constexpr std::size_t kKeyBytes = 64;  // data key, then index key
  AccountVault(ByteView keys, Random& random);

  // A sealed value opens only with the same account, `column` ("licenses.key") and `record`.
  Bytes Seal(std::string_view column, const Uuid& record, ByteView plaintext) const;
  // kDamaged when the value was changed, moved, or is not of this account.
  Result<Secret> Open(std::string_view column, const Uuid& record, ByteView sealed) const;

  // A keyed digest (32 bytes) by which an exact text is found again without being readable. `kind`
  // separates uses, by convention the column: "licenses.key", "tokens.digest".
  Bytes BlindIndex(std::string_view kind, std::string_view text) const;

 private:
  crypto::Sealer sealer_;
  crypto::HmacKey index_;
  Random* random_;
};

// Envelope encryption at rest (threat-model M14, decision 14): the master key wraps each account's
// keys, kept in account_secrets; they seal that account's columns. Thread-safe; unwrapped keys stay
// in memory. Outlives nothing it was given but `random`, which must outlive it.
class Vault {
 public:
  // Checks the key against the database (a new database adopts it) and unwraps the keys of all
  // accounts. kWrongKey: another key belongs to this database. kDamaged: the right key, but stored
  // keys do not open.
  static Result<std::unique_ptr<Vault>> Open(Database& database, MasterKey master, Random& random);

  // Makes the keys of a new account, within the write that inserts it. kConflict when it has some.
  Result<void> CreateAccount(Session& session, const Uuid& account);
  // The keys of an account, read by `session` when they are not in memory. kNotFound for an account
  // without.
  Result<std::shared_ptr<const AccountVault>> Unlock(Session& session, const Uuid& account) const;
  // Destroys the keys of an account: all that was sealed by them is gone for good.
  Result<void> DestroyAccount(Session& session, const Uuid& account);

  // The same with keys that are in memory, as those of all accounts found by Open or used once are;
  // kNotFound otherwise.
  Result<std::shared_ptr<const AccountVault>> Cached(const Uuid& account) const;
  Result<Bytes> Seal(const Uuid& account, std::string_view column, const Uuid& record,
                     ByteView plaintext) const;
  Result<Secret> Open(const Uuid& account, std::string_view column, const Uuid& record,
                      ByteView sealed) const;
  Result<Bytes> BlindIndex(const Uuid& account, std::string_view kind, std::string_view text) const;

  // Named secrets of an account, sealed by its keys: signing keys ("ed25519", "rsa", "ecdsa") and
  // the like.
  Result<void> PutSecret(Session& session, const Uuid& account, std::string_view kind,
                         const Secret& secret) const;
  Result<std::optional<Secret>> GetSecret(Session& session, const Uuid& account,
                                          std::string_view kind) const;

 private:
  Vault(MasterKey master, Random& random);
  Result<std::shared_ptr<const AccountVault>> Unwrap(const Uuid& account, ByteView wrapped) const;

  MasterKey master_;
  crypto::Sealer wrapper_;
  Random* random_;
  mutable std::shared_mutex mutex_;
  mutable std::unordered_map<Uuid, std::shared_ptr<const AccountVault>> accounts_;
};

}  // namespace latchkey::store
