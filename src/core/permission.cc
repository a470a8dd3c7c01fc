#include "core/permission.h"

#include <algorithm>
#include <deque>
#include <stdexcept>
#include <unordered_map>

namespace latchkey::core {
namespace {

// conventions.md §4.3. Letters: E environment, P product, U user, L license, R read-only; capital =
// also by default. Staff but read-only hold every permission by default.
struct Group {
  std::string_view letters;
  std::string_view resources;
  std::string_view actions;
};
constexpr Group kGroups[] = {
    {"EPulR", "account", "read"},
    {"R", "account", "analytics.read billing.read plan.read subscription.read"},
    {"", "account", "billing.update plan.update subscription.update update"},
    {"R", "admin", "read"},
    {"", "admin", "create delete invite update"},
    {"EPULR", "arch channel constraint engine platform", "read"},
    {"EPULR", "artifact package", "read"},
    {"EP", "artifact package", "create delete update"},
    {"EPULR", "component", "read"},
    {"EPUL", "component", "create delete update"},
    {"EPULR", "entitlement", "read"},
    {"E", "entitlement", "create delete update"},
    {"ER", "environment", "read"},
    {"", "environment", "create delete tokens.generate update"},
    {"ER", "event-log request-log", "read"},
    {"EPULR", "group", "owners.read read"},
    {"EPUR", "group", "licenses.read machines.read users.read"},
    {"EP", "group", "create delete owners.attach owners.detach update"},
    {"EPR", "key webhook-endpoint", "read"},
    {"EP", "key webhook-endpoint", "create delete update"},
    {"EPULR", "license", "read validate"},
    {"EPUL", "license", "check-in check-out usage.increment"},
    {"EPU", "license", "create delete policy.update renew revoke"},
    {"EPu", "license", "users.attach users.detach"},
    {"EP", "license",
     "entitlements.attach entitlements.detach group.update owner.update reinstate suspend "
     "tokens.generate update usage.decrement usage.reset user.update"},
    {"EPULR", "machine", "read"},
    {"EPUL", "machine", "check-out create delete heartbeat.ping proofs.generate update"},
    {"EP", "machine", "group.update heartbeat.reset owner.update"},
    {"EPulR", "policy", "read"},
    {"EP", "policy", "create delete entitlements.attach entitlements.detach pool.pop update"},
    {"EPULR", "process", "read"},
    {"EPUL", "process", "create delete heartbeat.ping update"},
    {"EPulR", "product", "read"},
    {"EP", "product", "update"},
    {"E", "product", "create delete tokens.generate"},
    {"EPULR", "release", "download read upgrade"},
    {"EP", "release",
     "constraints.attach constraints.detach create delete package.update publish update upload "
     "yank"},
    {"EPULR", "token", "read"},
    {"EPUR", "token", "generate"},
    {"EPUL", "token", "regenerate revoke"},
    {"EPUlR", "user", "read"},
    {"EUR", "user", "password.reset password.update second-factors.read"},
    {"EPU", "user", "update"},
    {"EP", "user", "ban create delete group.update tokens.generate unban"},
    {"EU", "user", "second-factors.create second-factors.delete second-factors.update"},
    {"E", "user", "invite"},
    {"EPR", "webhook-event", "read"},
    {"E", "webhook-event", "delete retry"},
};

constexpr Roles kHoldAll = kW4 | Role::kSalesAgent | Role::kSupportAgent;

Roles RoleOf(char letter) {
  switch (letter) {
    case 'E':
      return Role::kEnvironment;
    case 'P':
      return Role::kProduct;
    case 'U':
    case 'u':
      return Role::kUser;
    case 'L':
    case 'l':
      return Role::kLicense;
    case 'R':
      return Role::kReadOnly;
    default:
      return {};
  }
}

template <class F>
void EachWord(std::string_view words, const F& each) {
  while (!words.empty()) {
    const auto end = std::min(words.find(' '), words.size());
    each(words.substr(0, end));
    words.remove_prefix(std::min(end + 1, words.size()));
  }
}

// The rows expanded; built once, never moved.
struct Table {
  std::deque<std::string> names;
  std::vector<PermissionRow> rows;
  std::unordered_map<std::string_view, std::size_t> positions;

  Table() {
    for (const auto& group : kGroups) {
      Roles allowed = kHoldAll, defaults = kHoldAll;
      for (const char letter : group.letters) {
        allowed = allowed | RoleOf(letter);
        if (letter < 'a') defaults = defaults | RoleOf(letter);
      }
      EachWord(group.resources, [&](std::string_view resource) {
        EachWord(group.actions, [&](std::string_view action) {
          names.push_back(std::string(resource) + "." + std::string(action));
          rows.push_back({names.back(), allowed, defaults});
        });
      });
    }
    std::ranges::sort(rows, {}, &PermissionRow::name);
    for (std::size_t i = 0; i < rows.size(); ++i) positions.emplace(rows[i].name, i);
  }
};

const Table& Permissions() {
  static const Table table;
  return table;
}

// Position of `name` in AllPermissions, or its size.
std::size_t PositionOf(std::string_view name) {
  const Table& table = Permissions();
  const auto found = table.positions.find(name);
  return found == table.positions.end() ? table.rows.size() : found->second;
}

std::vector<std::string> NamesOf(Role role, Roles PermissionRow::*member) {
  std::vector<std::string> out;
  for (const auto& row : AllPermissions())
    if ((row.*member).Has(role)) out.emplace_back(row.name);
  return out;
}

}  // namespace

std::span<const PermissionRow> AllPermissions() { return Permissions().rows; }

std::vector<std::string> DefaultPermissions(Role role) {
  return NamesOf(role, &PermissionRow::defaults);
}

std::vector<std::string> AllowedPermissions(Role role) {
  return NamesOf(role, &PermissionRow::allowed);
}

std::optional<Violation> CheckPermissions(std::span<const std::string> permissions, Role role) {
  const auto rows = AllPermissions();
  for (std::size_t i = 0; i < permissions.size(); ++i) {
    const auto& name = permissions[i];
    const auto position = PositionOf(name);
    const bool allowed =
        name == "*" || (position < rows.size() && rows[position].allowed.Has(role));
    const bool repeated = std::ranges::find(permissions.first(i), name) != permissions.begin() + i;
    if (!allowed || repeated)
      return Violation{Violation::Kind::kAttribute, "permissions", "NOT_ALLOWED",
                       "unsupported permissions"};
  }
  return std::nullopt;
}

PermissionSet PermissionSet::Of(Role role, std::span<const std::string> held) {
  const auto rows = AllPermissions();
  if (rows.size() > kMost) throw std::logic_error("PermissionSet is too small");
  PermissionSet out;
  for (const auto& name : held) {
    if (name == "*") {
      for (std::size_t i = 0; i < rows.size(); ++i) out.bits_[i] = rows[i].allowed.Has(role);
      return out;
    }
    const auto position = PositionOf(name);
    if (position < rows.size() && rows[position].allowed.Has(role)) out.bits_[position] = true;
  }
  return out;
}

bool PermissionSet::Has(std::string_view permission) const {
  const auto position = PositionOf(permission);
  return position < bits_.size() && bits_[position];
}

PermissionSet PermissionSet::Intersect(const PermissionSet& other) const {
  PermissionSet out;
  out.bits_ = bits_ & other.bits_;
  return out;
}

std::vector<std::string> PermissionSet::names() const {
  std::vector<std::string> out;
  const auto rows = AllPermissions();
  for (std::size_t i = 0; i < rows.size(); ++i)
    if (bits_[i]) out.emplace_back(rows[i].name);
  return out;
}

}  // namespace latchkey::core
