#pragma once

#include <bitset>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "core/role.h"

namespace latchkey::core {

// conventions.md §4.3: every permission string and who may hold it.
struct PermissionRow {
  std::string_view name;  // "license.validate"
  Roles allowed;          // staff except read-only hold all
  Roles defaults;
};
std::span<const PermissionRow> AllPermissions();  // sorted by name

// Sorted.
std::vector<std::string> DefaultPermissions(Role role);
std::vector<std::string> AllowedPermissions(Role role);

// What may be stored for a holder of `role` (conventions.md §4.2 rule 4): known, allowed, each
// once; "*" always. PERMISSIONS_NOT_ALLOWED otherwise.
std::optional<Violation> CheckPermissions(std::span<const std::string> permissions, Role role);

// A set that may be the wildcard ("*" = the holder's whole allowed set).
class PermissionSet {
 public:
  PermissionSet() = default;  // empty
  // "*" expands to the allowed set; names that the role may not hold count for nothing.
  static PermissionSet Of(Role role, std::span<const std::string> held);
  bool Has(std::string_view permission) const;
  PermissionSet Intersect(const PermissionSet& other) const;
  std::vector<std::string> names() const;  // sorted

 private:
  static constexpr std::size_t kMost = 256;  // permissions that there may be
  std::bitset<kMost> bits_;                  // by position in AllPermissions
};

}  // namespace latchkey::core
