#include "core/role.h"

#include <array>
#include <utility>

namespace latchkey::core {
namespace {

constexpr auto kWireNames = std::to_array<std::pair<Role, std::string_view>>({
    {Role::kAdmin, "admin"},
    {Role::kDeveloper, "developer"},
    {Role::kSalesAgent, "sales-agent"},
    {Role::kSupportAgent, "support-agent"},
    {Role::kReadOnly, "read-only"},
    {Role::kUser, "user"},
    {Role::kEnvironment, "environment"},
    {Role::kProduct, "product"},
    {Role::kLicense, "license"},
    {Role::kAnonymous, "anonymous"},
});
constexpr std::size_t kUserRoles = 6;  // the first ones

}  // namespace

std::string_view WireName(Role role) {
  for (const auto& [value, name] : kWireNames)
    if (value == role) return name;
  return "anonymous";
}

std::string_view Words(Role role) {
  switch (role) {
    case Role::kSalesAgent:
      return "sales agent";
    case Role::kSupportAgent:
      return "support agent";
    case Role::kReadOnly:
      return "read only";
    default:
      return WireName(role);
  }
}

std::optional<Role> ParseUserRole(std::string_view wire_name) {
  for (std::size_t i = 0; i < kUserRoles; ++i)
    if (kWireNames[i].second == wire_name) return kWireNames[i].first;
  return std::nullopt;
}

}  // namespace latchkey::core
