#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace latchkey::core {

// Who acts: one bit each, so that tables can name sets (conventions.md §4.1).
enum class Role : std::uint16_t {
  kAdmin = 1 << 0,
  kDeveloper = 1 << 1,
  kSalesAgent = 1 << 2,
  kSupportAgent = 1 << 3,
  kReadOnly = 1 << 4,
  kEnvironment = 1 << 5,
  kProduct = 1 << 6,
  kUser = 1 << 7,
  kLicense = 1 << 8,
  kAnonymous = 1 << 9,
};

class Roles {
 public:
  constexpr Roles() = default;
  constexpr Roles(Role role)
      : bits_(static_cast<std::uint16_t>(role)) {}  // NOLINT(google-explicit-constructor)
  constexpr bool Has(Role role) const { return (bits_ & static_cast<std::uint16_t>(role)) != 0; }
  constexpr bool empty() const { return bits_ == 0; }
  friend constexpr Roles operator|(Roles a, Roles b) {
    return Roles(static_cast<std::uint16_t>(a.bits_ | b.bits_), 0);
  }
  friend constexpr bool operator==(Roles, Roles) = default;

 private:
  constexpr Roles(std::uint16_t bits, int) : bits_(bits) {}
  std::uint16_t bits_ = 0;
};
constexpr Roles operator|(Role a, Role b) { return Roles(a) | Roles(b); }

// The groups of conventions.md §4.5 and of licenses.md §6.
inline constexpr Roles kW4 = Role::kAdmin | Role::kDeveloper;
inline constexpr Roles kW3 = kW4 | Role::kEnvironment;
inline constexpr Roles kW2 = kW3 | Role::kSalesAgent;
inline constexpr Roles kW1 = kW2 | Role::kSupportAgent;
inline constexpr Roles kRD = kW1 | Role::kReadOnly;
inline constexpr Roles kStaffCreate = kW2 | Role::kProduct;  // licenses.md §6 note 1
inline constexpr Roles kStaffUpdate = kW1 | Role::kProduct;  // licenses.md §6 note 2
inline constexpr Roles kEveryBearer = kRD | Role::kProduct | Role::kUser | Role::kLicense;
inline constexpr Roles kAnyone = kEveryBearer | Role::kAnonymous;

std::string_view WireName(Role role);                           // "sales-agent"
std::string_view Words(Role role);                              // "sales agent", as in 403 texts
std::optional<Role> ParseUserRole(std::string_view wire_name);  // the six roles of users

}  // namespace latchkey::core
