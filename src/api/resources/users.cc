// Users and what belongs to them (events.md §1).
#include "service/users.h"
#include "api/filters.h"
#include "api/passwords.h"
#include "api/resources/common.h"
#include "api/resources/routes.h"

namespace latchkey::api {
namespace {

using core::Role;
using core::User;

const Schema& CreateSchema() {
  static const Schema schema{.form = Schema::Form::kCreate, .resource = &core::ResourceOf<User>()};
  return schema;
}
const Schema& UpdateSchema() {
  static const Schema schema{.form = Schema::Form::kUpdate, .resource = &core::ResourceOf<User>()};
  return schema;
}

Role RoleOf(const User& user) { return core::ParseUserRole(user.role).value_or(Role::kUser); }

// conventions.md §4.1.
int RankOf(Role role) {
  switch (role) {
    case Role::kAdmin:
      return 7;
    case Role::kEnvironment:
      return 6;
    case Role::kDeveloper:
      return 5;
    case Role::kProduct:
      return 4;
    case Role::kSalesAgent:
      return 3;
    case Role::kSupportAgent:
      return 2;
    case Role::kReadOnly:
      return 1;
    default:
      return 0;
  }
}

bool Holds(const core::PermissionSet& set, const std::vector<std::string>& names) {
  return std::all_of(names.begin(), names.end(), [&](const auto& name) { return set.Has(name); });
}

// Nobody makes, changes or removes a user with more power than its own (events.md §1.5 rule 2).
// `result` is the user as it would be.
Result<void> NoEscalation(const service::Actor& actor, const User& result) {
  const Role role = RoleOf(result);
  const Error refused{Errc::kForbidden, std::string(core::Words(actor.role)) +
                                            " lacks privileges to perform action on user"};
  if (RankOf(actor.role) < RankOf(role)) return refused;
  if (actor.role != role || !actor.user) return {};
  const auto own = core::PermissionSet::Of(role, actor.user->permissions);
  if (role == Role::kAdmin && Holds(own, core::AllowedPermissions(Role::kAdmin))) return {};
  if (!Holds(own, core::PermissionSet::Of(role, result.permissions).names())) return refused;
  return {};
}

Result<void> NeedAdminPermission(const Call& call, const User& user, std::string_view permission) {
  if (user.role != "admin") return {};
  return NeedPermission(permission, call.actor);
}

// Who may act on what kind of user, beside the route's rule.
bool OnlyUsersOfRoleUser(Role role) {
  return role == Role::kSalesAgent || role == Role::kEnvironment || role == Role::kProduct;
}

Result<Reply> UserReply(Call& call, const User& user) {
  LK_ASSIGN(const UserView view, UserView::Of(call, user));
  return DocumentReply(call, view);
}

Result<Reply> List(Call& call) {
  store::Where where = VisibleUsers(call);
  const store::Where filters = UserFilters(call);
  where.And(filters);
  const auto roles = UserRoles(call);
  const bool admins = std::find(roles.begin(), roles.end(), "admin") != roles.end();
  if (admins && !call.actor.permissions.Has("admin.read")) {
    store::Where shown = where;
    shown.And("users.role = 'admin'");
    LK_ASSIGN(const auto admin, service::Find<User>(call.context(), shown));
    if (admin) LK_TRY(NeedPermission("admin.read", call.actor));
  }
  if (call.actor.role == Role::kEnvironment) where.And("users.role = 'user'");
  return ListUsers(call, where);
}

Result<Reply> Show(Call& call) { return UserReply(call, *call.user); }

Result<Target> ShowTarget(Call& call) {
  LK_TRY(NeedPermission("user.read", call.actor));
  LK_TRY(NeedAdminPermission(call, *call.user, "admin.read"));
  if (call.actor.role == Role::kEnvironment && call.user->role != "user") return Errc::kForbidden;
  return TargetOf(*call.user);
}

// The text of a password that was sent; inner nullopt: null was sent.
std::optional<std::optional<std::string>> PasswordSent(const Document& document) {
  const core::Value* value = document.Attribute("password");
  if (!value) return std::nullopt;
  if (const auto* text = std::get_if<std::string>(value)) return std::optional(*text);
  return std::optional<std::string>();
}

// Without a bearer: anybody, unless the account is protected.
Result<void> MayCreate(Call& call, const User& record) {
  if (call.actor.anonymous()) {
    if (call.account->account.protected_) return Errc::kForbidden;
    return {};
  }
  constexpr Rule kRule{
      .permission = "user.create", .staff = core::kW2, .product = ProductRule::kAll};
  LK_TRY(Authorize(kRule, Target{}, call.actor));
  LK_TRY(NeedAdminPermission(call, record, "admin.create"));
  if (OnlyUsersOfRoleUser(call.actor.role) && record.role != "user") return Errc::kForbidden;
  return {};
}

Result<Reply> Create(Call& call) {
  service::NewUser wanted;
  LK_TRY(Strict(Apply(call.document, core::ResourceOf<User>(), &wanted.record)));
  wanted.record.group_id = LinkedId(call, "group");
  LK_TRY(MayCreate(call, wanted.record));
  wanted.permissions_given = call.document.Attribute("permissions") != nullptr;
  User result = wanted.record;
  if (!wanted.permissions_given) {
    LK_ASSIGN(result.permissions, service::NewUserPermissions(call.context(), RoleOf(result)));
  }
  if (!call.actor.anonymous()) LK_TRY(NoEscalation(call.actor, result));
  const auto sent = PasswordSent(call.document);
  const auto password = sent ? *sent : std::nullopt;
  LK_TRY(service::PrepareUser(call.context(), wanted, password));
  if (password) {
    LK_ASSIGN(wanted.record.password_digest, HashedPassword(call, *password));
  }
  LK_TRY(service::StoreUser(call.context(), wanted.record));
  LK_ASSIGN(const UserView view, UserView::Of(call, wanted.record));
  return CreatedReply(call, view);
}

Result<Target> UpdateTarget(Call& call) {
  LK_TRY(NeedPermission("user.update", call.actor));
  LK_TRY(NeedAdminPermission(call, *call.user, "admin.update"));
  if (OnlyUsersOfRoleUser(call.actor.role) && call.user->role != "user") return Errc::kForbidden;
  return TargetOf(*call.user);
}

Result<Reply> Update(Call& call) {
  const User before = *call.user;
  User& record = *call.user;
  LK_TRY(Strict(Apply(call.document, core::ResourceOf<User>(), &record)));
  LK_TRY(NeedAdminPermission(call, record, "admin.update"));
  LK_TRY(NoEscalation(call.actor, before));
  LK_TRY(NoEscalation(call.actor, record));
  const auto sent = PasswordSent(call.document);
  const auto password = sent ? *sent : std::nullopt;
  LK_TRY(service::PrepareUpdate(call.context(), record, before,
                                call.document.Attribute("permissions") != nullptr, password));
  if (password) {
    LK_ASSIGN(record.password_digest, HashedPassword(call, *password));
  } else if (sent) {
    record.password_digest.reset();
  }
  LK_TRY(service::StoreUpdate(call.context(), record, before));
  return Show(call);
}

Result<Target> DeleteTarget(Call& call) {
  LK_TRY(NeedPermission("user.delete", call.actor));
  LK_TRY(NeedAdminPermission(call, *call.user, "admin.delete"));
  if (OnlyUsersOfRoleUser(call.actor.role) && call.user->role != "user") return Errc::kForbidden;
  return TargetOf(*call.user);
}

Result<Reply> Delete(Call& call) {
  if (call.actor.role == Role::kProduct) {
    LK_ASSIGN(const bool shared,
              service::HasProduct(call.context(), call.user->id, call.actor.id, true));
    if (shared) return Error{Errc::kForbidden, "user cannot belong to another product"};
  }
  LK_TRY(NoEscalation(call.actor, *call.user));
  LK_TRY(service::DeleteUser(call.context(), *call.user));
  return EmptyReply();
}

// Bans are for users of role `user`; the rule comes first.
Result<void> MustBeUser(const Call& call) {
  if (call.user->role == "user") return {};
  return Error{Errc::kForbidden, "must have a user role"};
}
Result<Reply> Ban(Call& call) {
  LK_TRY(MustBeUser(call));
  LK_TRY(service::BanUser(call.context(), *call.user));
  return Show(call);
}
Result<Reply> Unban(Call& call) {
  LK_TRY(MustBeUser(call));
  LK_TRY(service::UnbanUser(call.context(), *call.user));
  return Show(call);
}

// ---- what belongs to a user

Result<Target> BelowTarget(Call& call) {
  LK_TRY(NeedPermission(call.route->rule.permission, call.actor));
  const bool limited = call.actor.role == Role::kEnvironment || call.actor.role == Role::kProduct;
  if (limited && call.user->role != "user") return Errc::kForbidden;
  return TargetOf(*call.user);
}

Result<Reply> ListLicensesOf(Call& call) {
  store::Where where = VisibleLicenses(call);
  where.And(LicensesOf(*call.user));
  constexpr std::string_view kFilters[] = {"product", "policy", "suspended"};
  const store::Where filters = LicenseFilters(call, kFilters);
  where.And(filters);
  return ListLicenses(call, where);
}
Result<Reply> ShowLicense(Call& call) { return LicenseReply(call, *call.license); }

Result<Reply> ListMachinesOf(Call& call) {
  store::Where where = VisibleMachines(call);
  where.And(MachinesOf(*call.user));
  constexpr std::string_view kFilters[] = {"fingerprint", "product", "license"};
  LK_ASSIGN(const store::Where filters, MachineFilters(call, kFilters));
  where.And(filters);
  return ListMachines(call, where);
}
Result<Reply> ShowMachine(Call& call) { return MachineReply(call, *call.machine); }

Result<Reply> ListProductsOf(Call& call) {
  store::Where where = VisibleProducts(call);
  where.And(ProductsOf(*call.user));
  return ListPlain<core::Product>(call, where);
}
Result<Reply> ShowProduct(Call& call) {
  return DocumentReply(call, RecordView<core::Product>(*call.product));
}

constexpr Rule kRead{.permission = "user.read",
                     .staff = core::kRD,
                     .product = ProductRule::kAll,
                     .user = UserRule::kVisible,
                     .license = LicenseRule::kVisible};
constexpr Rule kCreateRule{
    .permission = "user.create", .staff = core::kW2, .product = ProductRule::kAll};
constexpr Rule kUpdateRule{.permission = "user.update",
                           .staff = core::kW2,
                           .product = ProductRule::kAll,
                           .user = UserRule::kSelf};
constexpr Rule kDeleteRule{
    .permission = "user.delete", .staff = core::kW3, .product = ProductRule::kAll};
constexpr Rule Bans(std::string_view permission) {
  return {.permission = permission, .staff = core::kW1, .product = ProductRule::kAll};
}
constexpr Rule Below(std::string_view permission) {
  return {.permission = permission,
          .staff = core::kRD,
          .product = ProductRule::kAll,
          .user = UserRule::kSelf};
}

const Route kRoutes[] = {
    {.method = "GET", .pattern = "/users", .handle = List, .rule = kRead, .topic = "users"},
    {.method = "POST",
     .pattern = "/users",
     .handle = Create,
     .lane = Lane::kWrite,
     .rule = kCreateRule,
     .schema = &CreateSchema(),
     .order = Order::kSchemaFirst,
     .authentication = Authentication::kOptional,
     .topic = "users",
     .own_access = true},
    {.method = "GET",
     .pattern = "/users/{user}",
     .handle = Show,
     .rule = kRead,
     .topic = "users",
     .target = ShowTarget},
    {.method = "PATCH",
     .pattern = "/users/{user}",
     .handle = Update,
     .lane = Lane::kWrite,
     .rule = kUpdateRule,
     .schema = &UpdateSchema(),
     .order = Order::kSchemaFirst,
     .topic = "users",
     .target = UpdateTarget},
    {.method = "PUT",
     .pattern = "/users/{user}",
     .handle = Update,
     .lane = Lane::kWrite,
     .rule = kUpdateRule,
     .schema = &UpdateSchema(),
     .order = Order::kSchemaFirst,
     .topic = "users",
     .target = UpdateTarget},
    {.method = "DELETE",
     .pattern = "/users/{user}",
     .handle = Delete,
     .lane = Lane::kWrite,
     .rule = kDeleteRule,
     .topic = "users",
     .target = DeleteTarget},
    {.method = "POST",
     .pattern = "/users/{user}/actions/ban",
     .handle = Ban,
     .lane = Lane::kWrite,
     .rule = Bans("user.ban"),
     .topic = "users"},
    {.method = "POST",
     .pattern = "/users/{user}/actions/unban",
     .handle = Unban,
     .lane = Lane::kWrite,
     .rule = Bans("user.unban"),
     .topic = "users"},
    {.method = "GET",
     .pattern = "/users/{user}/licenses",
     .handle = ListLicensesOf,
     .rule = Below("license.read"),
     .topic = "licenses",
     .target = BelowTarget},
    {.method = "GET",
     .pattern = "/users/{user}/licenses/{license}",
     .handle = ShowLicense,
     .rule = Below("license.read"),
     .topic = "licenses",
     .target = BelowTarget},
    {.method = "GET",
     .pattern = "/users/{user}/machines",
     .handle = ListMachinesOf,
     .rule = Below("machine.read"),
     .topic = "machines",
     .target = BelowTarget},
    {.method = "GET",
     .pattern = "/users/{user}/machines/{machine}",
     .handle = ShowMachine,
     .rule = Below("machine.read"),
     .topic = "machines",
     .target = BelowTarget},
    {.method = "GET",
     .pattern = "/users/{user}/products",
     .handle = ListProductsOf,
     .rule = Below("product.read"),
     .topic = "products",
     .target = BelowTarget},
    {.method = "GET",
     .pattern = "/users/{user}/products/{product}",
     .handle = ShowProduct,
     .rule = Below("product.read"),
     .topic = "products",
     .target = BelowTarget},
};

}  // namespace

std::span<const Route> UserRoutes() { return kRoutes; }

}  // namespace latchkey::api
