#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/user.h"
#include "service/context.h"

// Users (events.md §1). Passwords come here as digests: whoever calls has hashed them elsewhere
// (threat-model row 47).
namespace latchkey::service {

// What arrived of a new user. `record` brings attributes and the group.
struct NewUser {
  core::User record{};
  bool permissions_given = false;
};

// Rules of a password before it is hashed: PASSWORD_TOO_SHORT, PASSWORD_TOO_LONG.
std::vector<Violation> CheckPassword(std::string_view password);
// Trimmed and lower-cased, as addresses are stored and looked up.
std::string NormalisedEmail(std::string_view email);
// Has the form of a normalised address.
bool IsEmail(std::string_view email);

// The permissions that a new user gets when none are sent: the account's setting for role `user`,
// else the role's defaults.
Result<core::Strings> NewUserPermissions(const Context& context, core::Role role);

// Fills in what creation does (address, permissions, id and times) and checks it; `password` is the
// text, if one was sent. kInvalid with the violations.
Result<void> PrepareUser(const Context& context, NewUser& wanted,
                         const std::optional<std::string>& password);
Result<void> StoreUser(const Context& context, const core::User& record);

// `record` has what was sent. A new role narrows the permissions, unless they were sent too.
Result<void> PrepareUpdate(const Context& context, core::User& record, const core::User& before,
                           bool permissions_given, const std::optional<std::string>& password);
// A new role revokes the user's tokens but for the one in use.
Result<void> StoreUpdate(const Context& context, core::User& record, const core::User& before);

// With what it owns, without events of their own (events.md §1.6). ACCOUNT_ADMINS_REQUIRED.
Result<void> DeleteUser(const Context& context, const core::User& record);

// events.md §1.7; both may be repeated.
Result<void> BanUser(const Context& context, core::User& record);
Result<void> UnbanUser(const Context& context, core::User& record);

// Whether a license that the user owns or is attached to was made, validated, checked out or
// checked in since.
Result<bool> HasActiveLicense(const Context& context, const Uuid& user, TimePoint since);
// Whether the user has a license of the product, or of another one when `other`.
Result<bool> HasProduct(const Context& context, const Uuid& user, const Uuid& product, bool other);

// events.md §1.8. The reset token that is sent out, and remembered by its keyed digest.
Result<void> RequestPasswordReset(const Context& context, core::User& record, bool deliver);
bool IsResetToken(const Context& context, const core::User& record, std::string_view token);
bool ResetTokenIsOld(const Context& context, const core::User& record);
// Ends a pending reset and every token of the user, but for the one in use.
Result<void> StorePassword(const Context& context, core::User& record, std::string digest);

}  // namespace latchkey::service
