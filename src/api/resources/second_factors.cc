// Second factors of users (events.md §1.9, conventions.md §9.4).
#include "service/second_factors.h"

#include "api/passwords.h"
#include "api/resources/common.h"
#include "api/resources/routes.h"

namespace latchkey::api {
namespace {

using core::Role;
using core::SecondFactor;

constexpr MetaMember kProof[] = {{.name = "password"}, {.name = "otp"}};
constexpr MetaMember kOtp[] = {{.name = "otp"}};
constexpr MetaMember kOtpRequired[] = {{.name = "otp", .required = true}};

const Schema& CreateSchema() {
  static const Schema schema{.form = Schema::Form::kCreate,
                             .resource = &core::ResourceOf<SecondFactor>(),
                             .data_optional = true,
                             .meta = kProof};
  return schema;
}
const Schema& UpdateSchema() {
  static const Schema schema{.form = Schema::Form::kUpdate,
                             .resource = &core::ResourceOf<SecondFactor>(),
                             .meta = kOtpRequired};
  return schema;
}
constexpr Schema kDeleteSchema{.form = Schema::Form::kMeta, .meta = kOtp};

SecondFactorView ViewOf(const Call& call, const SecondFactor& factor) {
  return SecondFactorView(factor, call.user->email, call.account->account.name);
}

std::string_view Sent(const Call& call, std::string_view name) {
  const json::value* value = call.document.meta.if_contains(name);
  return value ? std::string_view(value->as_string()) : std::string_view();
}

Result<void> NeedOtp(Call& call, SecondFactor& factor) {
  LK_ASSIGN(const bool valid, service::SpendOtp(call.context(), factor, Sent(call, "otp")));
  if (!valid) return Errc::kOtpInvalid;
  return {};
}

Result<Reply> List(Call& call) {
  return ListReply<SecondFactor>(
      call, store::Where("user_id = ?", call.user->id),
      [&](const std::vector<SecondFactor>& records, const auto& emit) -> Result<void> {
        for (const SecondFactor& record : records) emit(ViewOf(call, record));
        return {};
      });
}
Result<Reply> Show(Call& call) { return DocumentReply(call, ViewOf(call, *call.second_factor)); }

Result<Reply> Create(Call& call) {
  LK_ASSIGN(auto present, service::SecondFactorOf(call.context(), call.user->id));
  if (present && present->enabled) {
    LK_TRY(NeedOtp(call, *present));
  } else {
    const Error wrong{Errc::kPasswordInvalid, {}, "/meta/password"};
    if (!call.user->password_digest) return wrong;
    LK_ASSIGN(const bool fits,
              PasswordMatches(call, Sent(call, "password"), *call.user->password_digest));
    if (!fits) return wrong;
  }
  LK_ASSIGN(const SecondFactor made, service::CreateSecondFactor(call.context(), *call.user));
  return CreatedReply(call, ViewOf(call, made));
}

Result<Reply> Update(Call& call) {
  const core::Value* enabled = call.document.Attribute("enabled");
  if (!enabled) return Error{Errc::kParameterInvalid, "is missing", "/data/attributes/enabled"};
  LK_TRY(NeedOtp(call, *call.second_factor));
  LK_TRY(
      service::SwitchSecondFactor(call.context(), *call.second_factor, std::get<bool>(*enabled)));
  return Show(call);
}

Result<Reply> Delete(Call& call) {
  if (call.second_factor->enabled) LK_TRY(NeedOtp(call, *call.second_factor));
  LK_TRY(service::DeleteSecondFactor(call.context(), *call.second_factor));
  return EmptyReply();
}

// Admins for any user, all others for themselves; who may only read, reads.
Result<Target> OwnTarget(Call& call) {
  LK_TRY(NeedPermission(call.route->rule.permission, call.actor));
  const bool own = call.actor.id == call.user->id;
  if (call.actor.role != Role::kAdmin && !own) return Errc::kForbidden;
  return TargetOf(*call.user);
}

constexpr core::Roles kReaders =
    core::kW4 | Role::kSalesAgent | Role::kSupportAgent | Role::kReadOnly;
constexpr core::Roles kWriters = core::kW4 | Role::kSalesAgent | Role::kSupportAgent;
constexpr Rule Access(std::string_view permission, core::Roles staff) {
  return {.permission = permission, .staff = staff, .user = UserRule::kSelf};
}
constexpr Rule kRead = Access("user.second-factors.read", kReaders);
constexpr Rule kCreate = Access("user.second-factors.create", kWriters);
constexpr Rule kUpdate = Access("user.second-factors.update", kWriters);
constexpr Rule kDelete = Access("user.second-factors.delete", kWriters);

const Route kRoutes[] = {
    {.method = "GET",
     .pattern = "/users/{user}/second-factors",
     .handle = List,
     .rule = kRead,
     .topic = "second-factors",
     .target = OwnTarget},
    {.method = "GET",
     .pattern = "/users/{user}/second-factors/{second_factor}",
     .handle = Show,
     .rule = kRead,
     .topic = "second-factors",
     .target = OwnTarget},
    {.method = "POST",
     .pattern = "/users/{user}/second-factors",
     .handle = Create,
     .lane = Lane::kWrite,
     .rule = kCreate,
     .schema = &CreateSchema(),
     .order = Order::kSchemaFirst,
     .topic = "second-factors",
     .target = OwnTarget},
    {.method = "PATCH",
     .pattern = "/users/{user}/second-factors/{second_factor}",
     .handle = Update,
     .lane = Lane::kWrite,
     .rule = kUpdate,
     .schema = &UpdateSchema(),
     .topic = "second-factors",
     .target = OwnTarget},
    {.method = "PUT",
     .pattern = "/users/{user}/second-factors/{second_factor}",
     .handle = Update,
     .lane = Lane::kWrite,
     .rule = kUpdate,
     .schema = &UpdateSchema(),
     .topic = "second-factors",
     .target = OwnTarget},
    {.method = "DELETE",
     .pattern = "/users/{user}/second-factors/{second_factor}",
     .handle = Delete,
     .lane = Lane::kWrite,
     .rule = kDelete,
     .schema = &kDeleteSchema,
     .topic = "second-factors",
     .target = OwnTarget},
};

}  // namespace

std::span<const Route> SecondFactorRoutes() { return kRoutes; }

}  // namespace latchkey::api
