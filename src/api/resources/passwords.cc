// Changing and recovering passwords (events.md §1.8, conventions.md §9.3).
#include "api/passwords.h"

#include "api/resources/common.h"
#include "api/resources/routes.h"
#include "service/users.h"

namespace latchkey::api {
namespace {

using core::User;

constexpr MetaMember kRequest[] = {{.name = "email", .required = true},
                                   {.name = "deliver", .type = MetaMember::Type::kBoolean}};
constexpr MetaMember kReset[] = {{.name = "password_reset_token", .required = true},
                                 {.name = "new_password", .required = true}};
constexpr MetaMember kUpdate[] = {{.name = "old_password", .required = true},
                                  {.name = "new_password", .required = true}};
constexpr Schema kRequestSchema{.form = Schema::Form::kMeta, .meta = kRequest};
constexpr Schema kResetSchema{.form = Schema::Form::kMeta, .meta = kReset};
constexpr Schema kUpdateSchema{.form = Schema::Form::kMeta, .meta = kUpdate};

std::string_view Sent(const Call& call, std::string_view name) {
  return call.document.meta.at(name).as_string();
}

// Checks, hashes and stores the new password; every other token of the user ends.
Result<Reply> Renew(Call& call, User& user) {
  const std::string_view password = Sent(call, "new_password");
  LK_TRY(Strict(service::CheckPassword(password)));
  LK_ASSIGN(std::string digest, HashedPassword(call, password));
  LK_TRY(service::StorePassword(call.context(), user, std::move(digest)));
  LK_ASSIGN(const UserView view, UserView::Of(call, user));
  return DocumentReply(call, view);
}

Result<Reply> Request(Call& call) {
  const json::value* deliver = call.document.meta.if_contains("deliver");
  LK_ASSIGN(auto user,
            service::Find<User>(
                call.context(),
                store::Where("email = ?", service::NormalisedEmail(Sent(call, "email")))));
  if (user)
    LK_TRY(service::RequestPasswordReset(call.context(), *user, !deliver || deliver->as_bool()));
  return EmptyReply();  // the same for everybody
}

// A wrong token hides the user (events.md §1.8).
Result<Reply> Reset(Call& call) {
  User& user = *call.user;
  if (!call.actor.anonymous()) {
    if (call.actor.id != user.id) return Errc::kForbidden;
    LK_TRY(NeedPermission("user.password.reset", call.actor));
  }
  if (call.account->account.protected_ && user.role == "user" && !user.password_digest)
    return Errc::kForbidden;
  if (!service::IsResetToken(call.context(), user, Sent(call, "password_reset_token")))
    return NotFound("user", call.segments.front().second);
  if (service::ResetTokenIsOld(call.context(), user))
    return Error{Errc::kTokenExpired, "is expired", "/meta/passwordResetToken"};
  return Renew(call, user);
}

Result<Reply> Update(Call& call) {
  const Error wrong{Errc::kPasswordInvalid, "is not valid", "/meta/oldPassword"};
  User& user = *call.user;
  if (!user.password_digest) return wrong;
  LK_ASSIGN(const bool fits,
            PasswordMatches(call, Sent(call, "old_password"), *user.password_digest));
  if (!fits) return wrong;
  return Renew(call, user);
}

// Oneself alone, whatever one's role.
Result<Target> OneselfTarget(Call& call) {
  LK_TRY(NeedPermission("user.password.update", call.actor));
  if (call.actor.id != call.user->id) return Errc::kForbidden;
  return TargetOf(*call.user);
}

constexpr Rule kOneself{
    .permission = "user.password.update", .staff = core::kRD, .user = UserRule::kSelf};

const Route kRoutes[] = {
    {.method = "POST",
     .pattern = "/passwords",
     .handle = Request,
     .lane = Lane::kWrite,
     .schema = &kRequestSchema,
     .authentication = Authentication::kIgnored,
     .topic = "passwords",
     .own_access = true},
    {.method = "POST",
     .pattern = "/users/{user}/actions/reset-password",
     .handle = Reset,
     .lane = Lane::kWrite,
     .schema = &kResetSchema,
     .authentication = Authentication::kOptional,
     .topic = "users",
     .own_access = true},
    {.method = "POST",
     .pattern = "/users/{user}/actions/update-password",
     .handle = Update,
     .lane = Lane::kWrite,
     .rule = kOneself,
     .schema = &kUpdateSchema,
     .topic = "users",
     .target = OneselfTarget},
};

}  // namespace

std::span<const Route> PasswordRoutes() { return kRoutes; }

}  // namespace latchkey::api
