#include "service/permissions.h"

#include <algorithm>
#include <set>

namespace latchkey::service {
namespace {

Violation Unsupported() {
  return AttributeRule("permissions", "NOT_ALLOWED", "unsupported permissions");
}

bool Contains(const std::vector<std::string>& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

bool AllWithin(const core::Strings& wanted, const std::vector<std::string>& allowed) {
  std::set<std::string_view> seen;
  return std::all_of(wanted.begin(), wanted.end(), [&](const std::string& name) {
    return seen.insert(name).second && (name == "*" || Contains(allowed, name));
  });
}

}  // namespace

void AddUnsupportedPermissions(core::Role role, const core::Strings& wanted,
                               std::vector<Violation>& violations) {
  if (!AllWithin(wanted, core::AllowedPermissions(role))) violations.push_back(Unsupported());
}

void AddTokenPermissions(core::Role role, const core::Strings& bearer, const core::Strings& wanted,
                         std::vector<Violation>& violations) {
  const auto bound = Contains(bearer, "*") ? core::AllowedPermissions(role)
                                           : std::vector<std::string>(bearer.begin(), bearer.end());
  if (!AllWithin(wanted, bound)) violations.push_back(Unsupported());
}

}  // namespace latchkey::service
