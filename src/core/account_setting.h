#pragma once

#include "core/resource.h"

namespace latchkey::core {

// conventions.md §9.6: overrides of an account's default permissions, wire type `settings`.
struct AccountSetting : Record {
  std::string key;  // "default_license_permissions", "default_user_permissions"
  Strings value;
};
template <>
const Resource& ResourceOf<AccountSetting>();

}  // namespace latchkey::core
