#pragma once

#include "api/resources/common.h"

// What components and processes share: both belong to a machine, and follow its rules
// (machines.md §3, §4, conventions.md §4.5).
namespace latchkey::api {

// The machine that a create's body names, searched in the whole account; nullopt when unknown.
Result<std::optional<core::Machine>> MachineOfBody(Call& call);
// The components that come with a machine. kForbidden without their own permission.
Result<std::vector<core::Component>> ComponentsOfBody(const Call& call);
// Facts for the rule of a create: those of the body's machine.
Result<Target> TargetOfBodyMachine(Call& call);

// Documents of the records that a part names. kNotFound without id when one is gone.
Result<Reply> ProductReply(Call& call, const Uuid& id);
Result<Reply> LicenseReply(Call& call, const Uuid& id);
Result<Reply> MachineReply(Call& call, const Uuid& id);

constexpr Rule ListParts(std::string_view permission) {
  return {.permission = permission,
          .staff = core::kRD,
          .product = ProductRule::kAll,
          .user = UserRule::kVisible,
          .license = LicenseRule::kVisible};
}
constexpr Rule ReadPart(std::string_view permission) {
  return {.permission = permission,
          .staff = core::kRD,
          .product = ProductRule::kOwn,
          .user = UserRule::kVisible,
          .license = LicenseRule::kOwn};
}
constexpr Rule WritePart(std::string_view permission, core::Roles staff) {
  return {.permission = permission,
          .staff = staff,
          .product = ProductRule::kOwn,
          .user = UserRule::kOwner,
          .license = LicenseRule::kOwn,
          .user_unless_protected = true};
}

}  // namespace latchkey::api
