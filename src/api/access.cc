#include "api/access.h"

namespace latchkey::api {
namespace {

bool Matches(const std::optional<Uuid>& id, const Uuid& actor) { return id && *id == actor; }

bool RoleAllows(const Rule& rule, const Target& target, const service::Actor& actor) {
  switch (actor.role) {
    case core::Role::kProduct:
      return rule.product == ProductRule::kAll ||
             (rule.product == ProductRule::kOwn && Matches(target.product_id, actor.id));
    case core::Role::kUser: {
      if (rule.user_unless_protected && target.license_protected) return false;
      if (rule.user_unless_policy_protected && target.policy_protected) return false;
      const bool owns =
          Matches(target.license_owner_id, actor.id) || Matches(target.machine_owner_id, actor.id);
      switch (rule.user) {
        case UserRule::kNo:
          return false;
        case UserRule::kOwner:
          return owns;
        case UserRule::kLicensee:
          return owns || target.actor_is_licensee;
        case UserRule::kSelf:
          return Matches(target.user_id, actor.id);
        case UserRule::kVisible:
          return !target.hidden;
        case UserRule::kGroupOwner:
          return target.actor_owns_group;
      }
      return false;
    }
    case core::Role::kLicense:
      if (rule.license_unless_protected && target.license_protected) return false;
      return (rule.license == LicenseRule::kVisible && !target.hidden) ||
             (rule.license == LicenseRule::kOwn && Matches(target.license_id, actor.id));
    case core::Role::kAnonymous:
      return false;
    default:
      return rule.staff.Has(actor.role);
  }
}

}  // namespace

Result<void> NeedPermission(std::string_view permission, const service::Actor& actor) {
  if (permission.empty() || actor.permissions.Has(permission)) return {};
  if (actor.anonymous()) return Errc::kForbidden;
  if (actor.token && actor.bearer_permissions.Has(permission))
    return Error{Errc::kForbidden, "token lacks permission to perform action"};
  return Error{Errc::kForbidden,
               std::string(core::Words(actor.role)) + " lacks permission to perform action"};
}

Result<void> Authorize(const Rule& rule, const Target& target, const service::Actor& actor) {
  if (actor.user && actor.user->banned_at) return Error{Errc::kForbidden, "user is banned"};
  LK_TRY(NeedPermission(rule.permission, actor));
  if (!RoleAllows(rule, target, actor)) return Errc::kForbidden;
  return {};
}

}  // namespace latchkey::api
