#include "service/accounts.h"

#include <algorithm>
#include <mutex>

#include "service/tokens.h"
#include "service/users.h"

namespace latchkey::service {
namespace {

constexpr std::size_t kTokenSecretBytes = 64;

Result<void> StoreKeys(store::Session& session, const store::Vault& vault, const Uuid& account,
                       const crypto::AccountKeys& keys, const Secret& token_secret) {
  LK_TRY(vault.PutSecret(session, account, "ed25519", keys.ed25519().Seed()));
  if (keys.rsa()) LK_TRY(vault.PutSecret(session, account, "rsa", keys.rsa()->ToPem()));
  if (keys.ecdsa()) LK_TRY(vault.PutSecret(session, account, "ecdsa", keys.ecdsa()->ToPem()));
  return vault.PutSecret(session, account, "token", token_secret);
}

Result<AccountContext> LoadAccount(store::Session& session, const store::Vault& vault,
                                   core::Account account) {
  const Uuid id = account.id;
  LK_ASSIGN(const auto seed, vault.GetSecret(session, id, "ed25519"));
  LK_ASSIGN(const auto rsa_pem, vault.GetSecret(session, id, "rsa"));
  LK_ASSIGN(const auto ecdsa_pem, vault.GetSecret(session, id, "ecdsa"));
  LK_ASSIGN(auto token_secret, vault.GetSecret(session, id, "token"));
  if (!seed || !token_secret)
    return Error{Errc::kDamaged,
                 "the account '" + account.slug + "' has lost its keys: restore a backup"};
  LK_ASSIGN(crypto::Ed25519PrivateKey ed25519,
            crypto::Ed25519PrivateKey::FromSeed(seed->RevealBytes()));
  std::optional<crypto::RsaPrivateKey> rsa;
  if (rsa_pem) {
    LK_ASSIGN(rsa, crypto::RsaPrivateKey::FromPem(*rsa_pem));
  }
  std::optional<crypto::EcdsaPrivateKey> ecdsa;
  if (ecdsa_pem) {
    LK_ASSIGN(ecdsa, crypto::EcdsaPrivateKey::FromPem(*ecdsa_pem));
  }
  return AccountContext{std::move(account),
                        crypto::AccountKeys(std::move(ed25519), std::move(rsa), std::move(ecdsa)),
                        std::move(*token_secret)};
}

}  // namespace

Result<void> CheckNewAccount(const NewAccount& wanted, bool with_password) {
  core::Account account;
  account.name = wanted.name;
  account.slug = wanted.slug;
  LK_TRY(core::Check(account));
  std::vector<Violation> violations;
  if (with_password) violations = CheckPassword(wanted.admin_password.Reveal());
  if (!IsEmail(NormalisedEmail(wanted.admin_email)))
    violations.insert(violations.begin(), AttributeRule("email", "INVALID", "is invalid"));
  if (!violations.empty()) return Broken(std::move(violations));
  return {};
}

Result<CreatedAccount> CreateAccount(store::Session& session, store::Vault& vault, Random& random,
                                     TimePoint now, const NewAccount& wanted,
                                     crypto::PasswordCost cost) {
  LK_TRY(CheckNewAccount(wanted));
  core::Account account;
  account.id = Uuid::V4(random);
  account.account_id = account.id;
  account.created = now;
  account.updated = now;
  account.name = wanted.name;
  account.slug = wanted.slug;
  const std::string email = NormalisedEmail(wanted.admin_email);

  LK_TRY(store::Insert(session, vault, account));
  LK_TRY(vault.CreateAccount(session, account.id));
  const Secret token_secret{ByteView(random.Take(kTokenSecretBytes))};
  AccountContext context{account, crypto::AccountKeys::Generate(random), token_secret};
  LK_TRY(StoreKeys(session, vault, account.id, context.keys, token_secret));

  core::User admin;
  admin.id = Uuid::V4(random);
  admin.account_id = account.id;
  admin.created = now;
  admin.updated = now;
  admin.email = email;
  admin.password_digest = crypto::HashPassword(wanted.admin_password, cost);
  admin.role = "admin";
  admin.permissions = {"*"};
  LK_TRY(store::Insert(session, vault, admin));

  const Actor nobody;
  const Settings settings;
  const Context use{session, vault, random, now, context, nobody, settings};
  LK_TRY(Emit(use, "account.created", "accounts", account.id));
  core::Token draft;
  draft.name = "latchkey init";
  draft.permissions = {"*"};
  LK_ASSIGN(IssuedToken issued, GenerateUserToken(use, admin, std::move(draft), true));
  return CreatedAccount{account.id, admin.id, std::move(issued.raw),
                        context.keys.public_keys().ed25519->ToHex()};
}

Result<void> Accounts::Load(store::Session& session, const store::Vault& vault) {
  std::vector<Uuid> ids;
  LK_TRY(session.Query("SELECT id FROM accounts ORDER BY seq", {},
                       [&](const store::Row& row) { ids.push_back(row.Id(0)); }));
  std::vector<std::shared_ptr<const AccountContext>> loaded;
  for (const Uuid& id : ids) {
    LK_ASSIGN(auto account, store::Find<core::Account>(session, vault, id, id));
    if (!account) return Error{Errc::kDamaged, "an account vanished while it was read"};
    LK_ASSIGN(AccountContext context, LoadAccount(session, vault, std::move(*account)));
    loaded.push_back(std::make_shared<const AccountContext>(std::move(context)));
  }
  const std::unique_lock lock(mutex_);
  accounts_ = std::move(loaded);
  return {};
}

std::shared_ptr<const AccountContext> Accounts::Find(std::string_view id_or_slug) const {
  const auto id = Uuid::Parse(id_or_slug);
  const std::shared_lock lock(mutex_);
  for (const auto& account : accounts_)
    if ((id && account->account.id == *id) || account->account.slug == id_or_slug) return account;
  return nullptr;
}

std::shared_ptr<const AccountContext> Accounts::Only() const {
  const std::shared_lock lock(mutex_);
  return accounts_.size() == 1 ? accounts_.front() : nullptr;
}

std::vector<std::shared_ptr<const AccountContext>> Accounts::All() const {
  const std::shared_lock lock(mutex_);
  return accounts_;
}

std::size_t Accounts::size() const {
  const std::shared_lock lock(mutex_);
  return accounts_.size();
}

}  // namespace latchkey::service
