#include "core/user.h"

namespace latchkey::core {
namespace {

constexpr auto kRoles = std::to_array<std::string_view>(
    {"user", "admin", "developer", "sales-agent", "support-agent", "read-only"});
constexpr auto kUserStatuses = std::to_array<std::string_view>({"ACTIVE", "INACTIVE", "BANNED"});
constexpr Roles kPrivileged = kW3 | Role::kProduct;  // events.md §1.1 notes a and c

constexpr Attribute UserStatus() {
  auto status = Computed("status", Kind::kEnum);
  status.names = kUserStatuses;
  return status;
}

// events.md §1.1. `password` is written, never stored as such: the service keeps its digest.
constexpr auto kUserAttributes = std::to_array<Attribute>({
    Computed("full_name", Kind::kString, true),
    Attr<User, &User::first_name>("first_name")
        .BlankAllowed()
        .NullOnUpdateOnly()
        .Create(kAnyone)
        .Update(kEveryBearer),
    Attr<User, &User::last_name>("last_name")
        .BlankAllowed()
        .NullOnUpdateOnly()
        .Create(kAnyone)
        .Update(kEveryBearer),
    Attr<User, &User::email>("email").Required().Create(kAnyone).Update(kEveryBearer),
    Computed("password", Kind::kString, true).Hidden().Create(kAnyone).Update(kPrivileged),
    UserStatus(),
    Attr<User, &User::role>("role").OneOf(kRoles).Write(Role::kAdmin),
    Attr<User, &User::permissions>("permissions").BlankAllowed().Write(kPrivileged),
    Attr<User, &User::metadata>("metadata").BlankAllowed().Create(kAnyone).Update(kStaffCreate),
    Attr<User, &User::password_digest>("password_digest").Hidden().Stored(Storage::kSealed),
    Attr<User, &User::banned_at>("banned_at").Hidden(),
    Attr<User, &User::password_reset_digest>("password_reset_digest").Hidden(),
    Attr<User, &User::password_reset_sent>("password_reset_sent").Hidden(),
});

constexpr auto kUserRelationships = std::to_array<Relationship>({
    AccountOf<User>(),
    EnvironmentOf<User>(),
    ToOne<User, &User::group_id>("group", "groups", "group_id").Create(kStaffUpdate),
    Link("products", "products"),
    Link("licenses", "licenses"),
    Link("machines", "machines"),
    Link("tokens", "tokens"),
    Link("second_factors", "second-factors"),
});

constexpr Resource kUserResource{
    "users", "user", "user", "users", kUserAttributes, kUserRelationships, true};

// conventions.md §9.1. The view shows `token` in the answer that makes it and the counters for
// license tokens alone; the routes gate `permissions` and the maxima further.
constexpr auto kTokenAttributes = std::to_array<Attribute>({
    Attr<Token, &Token::kind>("kind"),
    Computed("token", Kind::kString),
    Attr<Token, &Token::expiry>("expiry").Create(kEveryBearer),
    Attr<Token, &Token::name>("name").Create(kEveryBearer),
    Attr<Token, &Token::permissions>("permissions").BlankAllowed().Viewed().Create(kEveryBearer),
    Attr<Token, &Token::max_activations>("max_activations").Viewed().Create(kEveryBearer),
    Attr<Token, &Token::activations>("activations").Viewed(),
    Attr<Token, &Token::max_deactivations>("max_deactivations").Viewed().Create(kEveryBearer),
    Attr<Token, &Token::deactivations>("deactivations").Viewed(),
    Attr<Token, &Token::digest>("digest").Hidden(),
    Attr<Token, &Token::bearer_type>("bearer_type").Hidden(),
});

constexpr Relationship Bearer() {
  auto bearer = ToOne<Token, &Token::bearer_id>("bearer", "", "bearer_id");
  bearer.own_link = false;
  return bearer;
}

constexpr auto kTokenRelationships = std::to_array<Relationship>({
    AccountOf<Token>(),
    EnvironmentOf<Token>(),
    Bearer(),
});

constexpr Resource kTokenResource{
    "tokens", "token", "token", "tokens", kTokenAttributes, kTokenRelationships, true};

}  // namespace

template <>
const Resource& ResourceOf<User>() {
  return kUserResource;
}

template <>
const Resource& ResourceOf<Token>() {
  return kTokenResource;
}

}  // namespace latchkey::core
