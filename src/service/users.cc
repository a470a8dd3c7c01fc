#include "service/users.h"

#include <algorithm>
#include <cctype>

#include "base/json.h"
#include "core/account_setting.h"
#include "core/machine.h"
#include "core/rules.h"
#include "crypto/hash.h"
#include "service/cascade.h"
#include "service/groups.h"
#include "service/permissions.h"

namespace latchkey::service {
namespace {

using core::Role;
using store::Params;
using store::Where;

constexpr std::size_t kMostText = 255;
constexpr std::size_t kResetBytes = 24;  // 48 hex digits
constexpr auto kResetLives = std::chrono::hours(24);
constexpr std::size_t kMostStale = 1000;  // licenses named one by one in an event

Role RoleOf(const core::User& user) { return core::ParseUserRole(user.role).value_or(Role::kUser); }

void CheckLength(std::string_view path, std::string_view text, std::vector<Violation>& violations) {
  if (base::Utf8Length(text) > kMostText)
    violations.push_back(
        AttributeRule(std::string(path), "TOO_LONG", "is too long (maximum is 255 characters)"));
}

Result<void> CheckUser(const Context& context, const core::User& record,
                       std::vector<Violation>& violations) {
  if (record.first_name) CheckLength("first_name", *record.first_name, violations);
  if (record.last_name) CheckLength("last_name", *record.last_name, violations);
  if (!IsEmail(record.email)) violations.push_back(AttributeRule("email", "INVALID", "is invalid"));
  CheckLength("email", record.email, violations);
  LK_ASSIGN(const auto other,
            Find<core::User>(context, Where("email = ? AND id <> ?", record.email, record.id)));
  if (other) violations.push_back(AttributeRule("email", "TAKEN", "has already been taken"));
  for (auto& violation : core::CheckMetadata(record.metadata))
    violations.push_back(std::move(violation));
  return {};
}

// Licenses whose read models show this user.
Result<std::vector<Uuid>> LicensesOf(const Context& context, const Uuid& user) {
  std::vector<Uuid> ids;
  LK_TRY(context.session.Query(
      "SELECT id FROM licenses WHERE account_id = $1 AND (owner_id = $2 OR id IN (SELECT "
      "license_id FROM license_users WHERE user_id = $2)) LIMIT 1001",
      Params(context.account_id(), user),
      [&](const store::Row& row) { ids.push_back(row.Id(0)); }));
  return ids;
}

Result<void> EmitUser(const Context& context, std::string_view kind, const Uuid& user) {
  LK_ASSIGN(auto licenses, LicensesOf(context, user));
  if (licenses.size() > kMostStale) return EmitForAll(context, kind, "users", user);
  return Emit(context, kind, "users", user, std::move(licenses));
}

bool HasEverything(const core::User& admin) {
  return core::PermissionSet::Of(Role::kAdmin, admin.permissions).names() ==
         core::AllowedPermissions(Role::kAdmin);
}

Error AdminsRequired(std::string_view more) {
  return Broken(RelationshipRule("account", "ADMINS_REQUIRED",
                                 "account must have at least 1 admin user" + std::string(more)));
}

// `after` null: the user goes. The account keeps an admin, and one who may do everything.
Result<void> KeepAdmins(const Context& context, const core::User& before, const core::User* after) {
  if (before.role != "admin") return {};
  const bool stays = after && after->role == "admin";
  if (stays && (after->permissions == before.permissions || HasEverything(*after))) return {};
  LK_ASSIGN(auto admins, List<core::User>(context, Where("role = 'admin' AND id <> ?", before.id)));
  if (stays) admins.push_back(*after);
  if (admins.empty()) return AdminsRequired("");
  if (HasEverything(before) && std::none_of(admins.begin(), admins.end(), HasEverything))
    return AdminsRequired(" with a full permission set");
  return {};
}

Result<void> RevokeTokens(const Context& context, const Uuid& user) {
  const Uuid kept = context.actor.token ? context.actor.token->id : Uuid();
  LK_TRY(context.session.Execute(
      "DELETE FROM tokens WHERE account_id = $1 AND bearer_type = 'users' AND bearer_id = $2 AND "
      "id <> $3",
      Params(context.account_id(), user, kept)));
  return {};
}

Bytes DigestOf(const Context& context, std::string_view token) {
  const crypto::Digest256 digest =
      crypto::HmacSha256(context.account.token_secret.RevealBytes(),
                         base::AsBytes("password-reset:" + std::string(token)));
  return Bytes(digest.begin(), digest.end());
}

Result<void> EraseMachinesOf(const Context& context, const Uuid& user) {
  LK_ASSIGN(const auto machines, List<core::Machine>(context, Where("owner_id = ?", user)));
  for (const core::Machine& machine : machines) {
    LK_TRY(EraseMachine(context, machine, "DELETED"));
    LK_TRY(context.session.Execute(
        "UPDATE licenses SET machines_count = machines_count - 1, machines_cores = machines_cores "
        "- $1, machines_memory = machines_memory - $2, machines_disk = machines_disk - $3 WHERE "
        "account_id = $4 AND id = $5",
        Params(machine.cores.value_or(0), machine.memory.value_or(0), machine.disk.value_or(0),
               context.account_id(), machine.license_id)));
  }
  return {};
}

}  // namespace

std::vector<Violation> CheckPassword(std::string_view password) {
  std::vector<Violation> violations;
  if (base::Utf8Length(password) < 6)
    violations.push_back(
        AttributeRule("password", "TOO_SHORT", "is too short (minimum is 6 characters)"));
  if (password.size() > 72)
    violations.push_back(
        AttributeRule("password", "TOO_LONG", "is too long (maximum is 72 bytes)"));
  return violations;
}

bool IsEmail(std::string_view email) {
  const std::size_t at = email.find('@');
  return at != std::string_view::npos && at > 0 && at + 1 < email.size() &&
         email.find('@', at + 1) == std::string_view::npos &&
         email.find_first_of(" \t\r\n,;<>") == std::string_view::npos;
}

std::string NormalisedEmail(std::string_view email) {
  const auto blank = [](unsigned char c) { return std::isspace(c) != 0; };
  while (!email.empty() && blank(static_cast<unsigned char>(email.back()))) email.remove_suffix(1);
  while (!email.empty() && blank(static_cast<unsigned char>(email.front()))) email.remove_prefix(1);
  std::string out(email);
  std::transform(out.begin(), out.end(), out.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return out;
}

Result<core::Strings> NewUserPermissions(const Context& context, Role role) {
  if (role == Role::kUser) {
    LK_ASSIGN(const auto setting,
              Find<core::AccountSetting>(context, Where("key = 'default_user_permissions'")));
    if (setting) return setting->value;
  }
  return core::Strings(core::DefaultPermissions(role));
}

Result<void> PrepareUser(const Context& context, NewUser& wanted,
                         const std::optional<std::string>& password) {
  core::User& record = wanted.record;
  Stamp(context, record);
  record.email = NormalisedEmail(record.email);
  std::vector<Violation> violations;
  LK_TRY(CheckUser(context, record, violations));
  if (password)
    for (auto& violation : CheckPassword(*password)) violations.push_back(std::move(violation));
  if (wanted.permissions_given) {
    std::sort(record.permissions.begin(), record.permissions.end());
    AddUnsupportedPermissions(RoleOf(record), record.permissions, violations);
  }
  LK_ASSIGN(auto no_group, CheckGroupExists(context, record.group_id));
  if (no_group) violations.push_back(std::move(*no_group));
  LK_ASSIGN(auto no_room, CheckGroupRoom(context, record.group_id, GroupMember::kUser));
  if (no_room) violations.push_back(std::move(*no_room));
  if (!violations.empty()) return Broken(std::move(violations));
  if (!wanted.permissions_given) {
    LK_ASSIGN(record.permissions, NewUserPermissions(context, RoleOf(record)));
  }
  return {};
}

Result<void> StoreUser(const Context& context, const core::User& record) {
  LK_TRY(Insert(context, record));
  return Emit(context, "user.created", "users", record.id);
}

Result<void> PrepareUpdate(const Context& context, core::User& record, const core::User& before,
                           bool permissions_given, const std::optional<std::string>& password) {
  record.email = NormalisedEmail(record.email);
  std::vector<Violation> violations;
  LK_TRY(CheckUser(context, record, violations));
  if (password)
    for (auto& violation : CheckPassword(*password)) violations.push_back(std::move(violation));
  if (permissions_given) {
    std::sort(record.permissions.begin(), record.permissions.end());
    AddUnsupportedPermissions(RoleOf(record), record.permissions, violations);
  } else if (record.role != before.role) {
    const auto defaults = core::DefaultPermissions(RoleOf(record));
    std::erase_if(record.permissions, [&](const std::string& name) {
      return name != "*" && std::find(defaults.begin(), defaults.end(), name) == defaults.end();
    });
  }
  if (!violations.empty()) return Broken(std::move(violations));
  return KeepAdmins(context, before, &record);
}

Result<void> StoreUpdate(const Context& context, core::User& record, const core::User& before) {
  record.updated = context.now;
  LK_TRY(Update(context, record));
  if (record.role != before.role) LK_TRY(RevokeTokens(context, record.id));
  return EmitUser(context, "user.updated", record.id);
}

Result<void> DeleteUser(const Context& context, const core::User& record) {
  LK_TRY(KeepAdmins(context, record, nullptr));
  LK_TRY(EmitUser(context, "user.deleted", record.id));
  LK_ASSIGN(const auto licenses, List<core::License>(context, Where("owner_id = ?", record.id)));
  for (const core::License& license : licenses) LK_TRY(EraseLicense(context, license, "DELETED"));
  LK_TRY(EraseMachinesOf(context, record.id));
  LK_TRY(EraseTokens(context, "users", record.id));
  // Second factor and attachments go with it (foreign keys).
  LK_TRY(Delete<core::User>(context, record.id));
  return {};
}

Result<void> BanUser(const Context& context, core::User& record) {
  if (!record.banned_at) record.banned_at = context.now;
  record.updated = context.now;
  LK_TRY(Update(context, record, {"banned_at"}));
  return EmitUser(context, "user.banned", record.id);
}

Result<void> UnbanUser(const Context& context, core::User& record) {
  record.banned_at.reset();
  record.updated = context.now;
  LK_TRY(Update(context, record, {"banned_at"}));
  return EmitUser(context, "user.unbanned", record.id);
}

Result<bool> HasActiveLicense(const Context& context, const Uuid& user, TimePoint since) {
  bool active = false;
  LK_TRY(context.session.Query(
      "SELECT 1 FROM licenses WHERE account_id = $1 AND (owner_id = $2 OR id IN (SELECT license_id "
      "FROM license_users WHERE user_id = $2)) AND (created >= $3 OR last_validated >= $3 OR "
      "last_check_out >= $3 OR last_check_in >= $3 OR EXISTS (SELECT 1 FROM license_stamps WHERE "
      "license_seq = licenses.seq AND license_stamps.last_validated >= $3)) LIMIT 1",
      Params(context.account_id(), user, since), [&](const store::Row&) { active = true; }));
  return active;
}

Result<bool> HasProduct(const Context& context, const Uuid& user, const Uuid& product, bool other) {
  bool found = false;
  LK_TRY(context.session.Query(
      other ? "SELECT 1 FROM licenses WHERE account_id = $1 AND product_id <> $3 AND (owner_id = "
              "$2 OR id IN (SELECT license_id FROM license_users WHERE user_id = $2)) LIMIT 1"
            : "SELECT 1 FROM licenses WHERE account_id = $1 AND product_id = $3 AND (owner_id = $2 "
              "OR id IN (SELECT license_id FROM license_users WHERE user_id = $2)) LIMIT 1",
      Params(context.account_id(), user, product), [&](const store::Row&) { found = true; }));
  return found;
}

Result<void> RequestPasswordReset(const Context& context, core::User& record, bool deliver) {
  const std::string token = base::Hex(context.random.Take(kResetBytes)) + "v3";
  record.password_reset_digest = DigestOf(context, token);
  record.password_reset_sent = context.now;
  LK_TRY(Update(context, record, {"password_reset_digest", "password_reset_sent"}));
  base::JsonWriter payload;
  payload.BeginObject().Key("passwordResetToken").String(token).Key("deliver").Bool(deliver);
  payload.EndObject();
  return Emit(context, "user.password-reset", "users", record.id, {}, payload.Take());
}

bool IsResetToken(const Context& context, const core::User& record, std::string_view token) {
  return record.password_reset_digest &&
         base::ConstantTimeEqual(*record.password_reset_digest, DigestOf(context, token));
}

bool ResetTokenIsOld(const Context& context, const core::User& record) {
  return !record.password_reset_sent || *record.password_reset_sent + kResetLives < context.now;
}

Result<void> StorePassword(const Context& context, core::User& record, std::string digest) {
  record.password_digest = std::move(digest);
  record.password_reset_digest.reset();
  record.password_reset_sent.reset();
  record.updated = context.now;
  LK_TRY(Update(context, record));
  return RevokeTokens(context, record.id);
}

}  // namespace latchkey::service
