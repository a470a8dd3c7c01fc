#include "store/vault.h"

#include "store/settings.h"

namespace latchkey::store {
namespace {

constexpr std::string_view kKeyCheck = "master_key_check";
constexpr std::string_view kKeys = "keys";  // reserved among the kinds of account_secrets

std::string ContextOf(std::string_view column, const Uuid& record) {
  std::string context(column);
  context += '/';
  record.AppendTo(context);
  return context;
}

std::string SecretColumn(std::string_view kind) { return "account_secrets." + std::string(kind); }

// In a new database the first master key is adopted.
Result<void> CheckMasterKey(Session& session, const MasterKey& master) {
  const MasterKey::Check check = master.check();
  LK_ASSIGN(const auto stored, GetSetting(session, kKeyCheck));
  if (!stored) return PutSetting(session, kKeyCheck, check);
  if (stored->size() != check.size())
    return Error{Errc::kDamaged, "the database is damaged: its master key check has a wrong size"};
  if (base::ConstantTimeEqual(*stored, check)) return {};
  return Error{Errc::kWrongKey,
               "this master key belongs to another database. The data is intact: start again with "
               "the key that was made "
               "with it (--master-key)."};
}

}  // namespace

AccountVault::AccountVault(ByteView keys, Random& random)
    : sealer_(Secret(keys.first(kKeyBytes / 2))),
      index_(keys.subspan(kKeyBytes / 2)),
      random_(&random) {}

Bytes AccountVault::Seal(std::string_view column, const Uuid& record, ByteView plaintext) const {
  return sealer_.Seal(plaintext, ContextOf(column, record), *random_);
}

Result<Secret> AccountVault::Open(std::string_view column, const Uuid& record,
                                  ByteView sealed) const {
  auto plaintext = sealer_.Open(sealed, ContextOf(column, record));
  if (!plaintext) {
    std::string detail = "the database is damaged: a sealed value of ";
    detail.append(column).append(" does not open (record ");
    record.AppendTo(detail);
    return Error{Errc::kDamaged, detail + ")"};
  }
  Secret secret{ByteView(*plaintext)};
  base::Wipe(plaintext->data(), plaintext->size());
  return secret;
}

Bytes AccountVault::BlindIndex(std::string_view kind, std::string_view text) const {
  std::string message;
  message.reserve(kind.size() + 1 + text.size());
  message.append(kind).push_back('\0');
  message.append(text);
  const auto digest = index_.Sign(base::AsBytes(message));
  base::Wipe(message.data(), message.size());
  return Bytes(digest.begin(), digest.end());
}

Vault::Vault(MasterKey master, Random& random)
    : master_(std::move(master)), wrapper_(Secret(master_.bytes())), random_(&random) {}

Result<std::unique_ptr<Vault>> Vault::Open(Database& database, MasterKey master, Random& random) {
  LK_TRY(database.WriteNow([&](Session& session) { return CheckMasterKey(session, master); }));
  std::unique_ptr<Vault> vault(new Vault(std::move(master), random));
  const auto load = [&](Session& session) -> Result<void> {
    Result<void> opened;
    LK_TRY(session.Query("SELECT account_id, sealed FROM account_secrets WHERE kind = $1",
                         Params(kKeys), [&](const Row& row) {
                           auto keys = vault->Unwrap(row.Id(0), row.Blob(1));
                           if (keys)
                             vault->accounts_[row.Id(0)] = std::move(*keys);
                           else if (opened)
                             opened = std::move(keys).error();
                         }));
    return opened;
  };
  LK_TRY(database.ReadNow(load));
  return vault;
}

Result<std::shared_ptr<const AccountVault>> Vault::Unwrap(const Uuid& account,
                                                          ByteView wrapped) const {
  auto keys = wrapper_.Open(wrapped, ContextOf(SecretColumn(kKeys), account));
  if (!keys || keys->size() != AccountVault::kKeyBytes)
    return Error{Errc::kDamaged, "the database is damaged: the keys of account " +
                                     account.ToString() + " do not open"};
  auto vault = std::make_shared<const AccountVault>(*keys, *random_);
  base::Wipe(keys->data(), keys->size());
  return std::shared_ptr<const AccountVault>(std::move(vault));
}

Result<void> Vault::CreateAccount(Session& session, const Uuid& account) {
  Bytes keys = random_->Take(AccountVault::kKeyBytes);
  const Bytes wrapped = wrapper_.Seal(keys, ContextOf(SecretColumn(kKeys), account), *random_);
  auto vault = std::make_shared<const AccountVault>(keys, *random_);
  base::Wipe(keys.data(), keys.size());
  LK_TRY(
      session.Execute("INSERT INTO account_secrets (account_id, kind, sealed) VALUES ($1, $2, $3)",
                      Params(account, kKeys, wrapped)));
  // If the write is undone these keys serve an account that does not exist; a later try replaces
  // them.
  const std::lock_guard lock(mutex_);
  accounts_[account] = std::move(vault);
  return {};
}

Result<std::shared_ptr<const AccountVault>> Vault::Unlock(Session& session,
                                                          const Uuid& account) const {
  if (auto cached = Cached(account)) return cached;
  std::optional<Bytes> wrapped;
  LK_TRY(session.Query("SELECT sealed FROM account_secrets WHERE account_id = $1 AND kind = $2",
                       Params(account, kKeys), [&](const Row& row) {
                         wrapped.emplace(row.Blob(0).begin(), row.Blob(0).end());
                       }));
  if (!wrapped) return Error{Errc::kNotFound, "account " + account.ToString() + " has no keys"};
  LK_ASSIGN(auto vault, Unwrap(account, *wrapped));
  const std::lock_guard lock(mutex_);
  return accounts_.try_emplace(account, std::move(vault)).first->second;
}

Result<void> Vault::DestroyAccount(Session& session, const Uuid& account) {
  LK_TRY(session.Execute("DELETE FROM account_secrets WHERE account_id = $1", Params(account)));
  const std::lock_guard lock(mutex_);
  accounts_.erase(account);
  return {};
}

Result<std::shared_ptr<const AccountVault>> Vault::Cached(const Uuid& account) const {
  const std::shared_lock lock(mutex_);
  const auto found = accounts_.find(account);
  if (found == accounts_.end())
    return Error{Errc::kNotFound, "account " + account.ToString() + " has no keys"};
  return found->second;
}

Result<Bytes> Vault::Seal(const Uuid& account, std::string_view column, const Uuid& record,
                          ByteView plaintext) const {
  LK_ASSIGN(const auto keys, Cached(account));
  return keys->Seal(column, record, plaintext);
}

Result<Secret> Vault::Open(const Uuid& account, std::string_view column, const Uuid& record,
                           ByteView sealed) const {
  LK_ASSIGN(const auto keys, Cached(account));
  return keys->Open(column, record, sealed);
}

Result<Bytes> Vault::BlindIndex(const Uuid& account, std::string_view kind,
                                std::string_view text) const {
  LK_ASSIGN(const auto keys, Cached(account));
  return keys->BlindIndex(kind, text);
}

Result<void> Vault::PutSecret(Session& session, const Uuid& account, std::string_view kind,
                              const Secret& secret) const {
  if (kind == kKeys) return Error{Errc::kInternal, "this kind of secret is the account's own keys"};
  LK_ASSIGN(const auto keys, Unlock(session, account));
  const Bytes sealed = keys->Seal(SecretColumn(kind), account, secret.RevealBytes());
  LK_TRY(
      session.Execute("INSERT INTO account_secrets (account_id, kind, sealed) VALUES ($1, $2, $3) "
                      "ON CONFLICT (account_id, kind) DO UPDATE SET sealed = excluded.sealed",
                      Params(account, kind, sealed)));
  return {};
}

Result<std::optional<Secret>> Vault::GetSecret(Session& session, const Uuid& account,
                                               std::string_view kind) const {
  LK_ASSIGN(const auto keys, Unlock(session, account));
  std::optional<Result<Secret>> secret;
  LK_TRY(session.Query("SELECT sealed FROM account_secrets WHERE account_id = $1 AND kind = $2",
                       Params(account, kind), [&](const Row& row) {
                         secret = keys->Open(SecretColumn(kind), account, row.Blob(0));
                       }));
  if (!secret) return std::optional<Secret>();
  LK_ASSIGN(Secret value, std::move(*secret));
  return std::optional<Secret>(std::move(value));
}

}  // namespace latchkey::store
