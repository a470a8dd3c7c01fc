#pragma once

#include <optional>
#include <string_view>

#include "base/result.h"
#include "core/role.h"
#include "service/context.h"

namespace latchkey::api {

// The columns Pr, Us and Li of the rule matrix (conventions.md §4.5).
enum class ProductRule {
  kNo,
  kOwn,
  kAll
};  // P = the record belongs to the product (or is the product)
enum class UserRule {
  kNo,
  kOwner,
  kLicensee,
  kSelf,
  kVisible,
  kGroupOwner
};  // own; any; the user itself; whatever it can see; what is in a group it owns
enum class LicenseRule { kNo, kOwn, kVisible };

// One row of the matrix: who may do it, and the permission string needed on bearer and token.
struct Rule {
  std::string_view permission;  // "license.suspend"; empty = none
  core::Roles staff{};          // admin-side roles and environments
  ProductRule product = ProductRule::kNo;
  UserRule user = UserRule::kNo;
  LicenseRule license = LicenseRule::kNo;
  bool user_unless_protected = false;  // ¬prot, by the license's flag
  bool user_unless_policy_protected =
      false;  // ¬prot, by its policy's flag (create, delete, renew, revoke)
  bool license_unless_protected = false;
};

// What rules look at in the record that is acted on.
struct Target {
  std::optional<Uuid> product_id{};
  std::optional<Uuid> license_id{};
  std::optional<Uuid> license_owner_id{};
  std::optional<Uuid> machine_owner_id{};
  std::optional<Uuid> user_id{};   // the record is this user
  bool actor_is_licensee = false;  // the actor is attached to the license
  bool actor_owns_group = false;
  bool hidden = false;  // looked up among all records, and not one that the actor may see
  bool license_protected = false;
  bool policy_protected = false;
};

// kForbidden with the reason of conventions.md §4.6: a missing permission string first, then the
// role rule.
Result<void> Authorize(const Rule& rule, const Target& target, const service::Actor& actor);

// Only the permission string, as includes of check-outs need it.
Result<void> NeedPermission(std::string_view permission, const service::Actor& actor);

}  // namespace latchkey::api
