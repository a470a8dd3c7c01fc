#include <algorithm>
#include <iterator>

#include "core/message_catalogue.h"

namespace latchkey::core {
namespace {

struct WireRow {
  std::string_view code, reason;
};

// Wire codes that mean something of their own to a person. All others follow the rules of ReasonOf.
constexpr WireRow kWireRows[] = {
    // Validation (licenses.md §9.2).
    {"BANNED", "BANNED"},
    {"CHECKSUM_SCOPE_MISMATCH", "VERSION_NOT_COVERED"},
    {"CHECKSUM_SCOPE_REQUIRED", "REQUEST_INVALID"},
    {"COMPONENTS_SCOPE_EMPTY", "REQUEST_INVALID"},
    {"COMPONENTS_SCOPE_MISMATCH", "DEVICE_CHANGED"},
    {"COMPONENTS_SCOPE_REQUIRED", "REQUEST_INVALID"},
    {"ENTITLEMENTS_MISSING", "ENTITLEMENT_MISSING"},
    {"ENTITLEMENTS_SCOPE_EMPTY", "REQUEST_INVALID"},
    {"ENVIRONMENT_SCOPE_MISMATCH", "WRONG_ENVIRONMENT"},
    {"ENVIRONMENT_SCOPE_REQUIRED", "REQUEST_INVALID"},
    {"EXPIRED", "EXPIRED"},
    {"FINGERPRINT_SCOPE_EMPTY", "REQUEST_INVALID"},
    {"FINGERPRINT_SCOPE_MISMATCH", "NOT_ACTIVATED"},
    {"FINGERPRINT_SCOPE_REQUIRED", "REQUEST_INVALID"},
    {"HEARTBEAT_DEAD", "HEARTBEAT_LOST"},
    {"HEARTBEAT_NOT_STARTED", "HEARTBEAT_LOST"},
    {"MACHINE_SCOPE_MISMATCH", "NOT_ACTIVATED"},
    {"MACHINE_SCOPE_REQUIRED", "REQUEST_INVALID"},
    {"NOT_FOUND", "NOT_FOUND"},
    {"NO_MACHINE", "NOT_ACTIVATED"},
    {"NO_MACHINES", "NOT_ACTIVATED"},
    {"OVERDUE", "CHECK_IN_OVERDUE"},
    {"POLICY_SCOPE_MISMATCH", "WRONG_PRODUCT"},
    {"POLICY_SCOPE_REQUIRED", "REQUEST_INVALID"},
    {"PRODUCT_SCOPE_MISMATCH", "WRONG_PRODUCT"},
    {"PRODUCT_SCOPE_REQUIRED", "REQUEST_INVALID"},
    {"SUSPENDED", "SUSPENDED"},
    {"TOO_MANY_CORES", "LIMIT_EXCEEDED"},
    {"TOO_MANY_MACHINES", "SEATS_FULL"},
    {"TOO_MANY_PROCESSES", "LIMIT_EXCEEDED"},
    {"TOO_MANY_USERS", "LIMIT_EXCEEDED"},
    {"TOO_MUCH_DISK", "LIMIT_EXCEEDED"},
    {"TOO_MUCH_MEMORY", "LIMIT_EXCEEDED"},
    {"USER_SCOPE_MISMATCH", "WRONG_USER"},
    {"USER_SCOPE_REQUIRED", "REQUEST_INVALID"},
    {"VALID", ""},
    {"VERSION_SCOPE_MISMATCH", "VERSION_NOT_COVERED"},
    {"VERSION_SCOPE_REQUIRED", "REQUEST_INVALID"},
    // Authentication (conventions.md §3.6).
    {"CREDENTIALS_INVALID", "SIGN_IN_FAILED"},
    {"EMAIL_INVALID", "SIGN_IN_FAILED"},
    {"EMAIL_REQUIRED", "SIGN_IN_REQUIRED"},
    {"LICENSE_BANNED", "BANNED"},
    {"LICENSE_EXPIRED", "EXPIRED"},
    {"LICENSE_INVALID", "NOT_FOUND"},
    {"LICENSE_NOT_ALLOWED", "SETTING_FORBIDS"},
    {"LICENSE_SUSPENDED", "SUSPENDED"},
    {"OTP_INVALID", "SIGN_IN_FAILED"},
    {"OTP_REQUIRED", "SIGN_IN_REQUIRED"},
    {"PASSWORD_INVALID", "SIGN_IN_FAILED"},
    {"PASSWORD_NOT_SUPPORTED", "SIGN_IN_FAILED"},
    {"PASSWORD_REQUIRED", "SIGN_IN_REQUIRED"},
    {"SESSION_EXPIRED", "SIGN_IN_REQUIRED"},
    {"SESSION_INVALID", "SIGN_IN_FAILED"},
    {"SESSION_NOT_ALLOWED", "SETTING_FORBIDS"},
    {"SSO_NOT_SUPPORTED", "SETTING_FORBIDS"},
    {"SSO_REQUIRED", "SIGN_IN_REQUIRED"},
    {"TOKEN_EXPIRED", "SIGN_IN_REQUIRED"},
    {"TOKEN_FORMAT_INVALID", "SIGN_IN_FAILED"},
    {"TOKEN_INVALID", "SIGN_IN_FAILED"},
    {"TOKEN_MISSING", "SIGN_IN_REQUIRED"},
    {"TOKEN_NOT_ALLOWED", "SETTING_FORBIDS"},
    {"USER_BANNED", "BANNED"},
    // Requests and states (conventions.md §1.10, machines.md §1.7, decisions 6 and 27).
    {"ENVIRONMENT_INVALID", "WRONG_ENVIRONMENT"},
    {"ENVIRONMENT_NOT_SUPPORTED", "WRONG_ENVIRONMENT"},
    {"GROUP_LICENSE_LIMIT_EXCEEDED", "LIMIT_EXCEEDED"},
    {"GROUP_MACHINE_LIMIT_EXCEEDED", "SEATS_FULL"},
    {"GROUP_USER_LIMIT_EXCEEDED", "LIMIT_EXCEEDED"},
    {"MACHINE_HEARTBEAT_DEAD", "HEARTBEAT_LOST"},
    {"MACHINE_LIMIT_EXCEEDED", "SEATS_FULL"},
    {"POLICY_POOL_EMPTY", "LIMIT_EXCEEDED"},
    {"PROCESS_HEARTBEAT_DEAD", "HEARTBEAT_LOST"},
    {"REVOKED", "REVOKED"},
    {"SEAT_TAKEN_OVER", "SEAT_TAKEN_OVER"},
    {"TOO_MANY_REQUESTS", "RATE_LIMITED"},
    {"USES_LIMIT_EXCEEDED", "USES_EXCEEDED"},
};

std::string_view ReasonOfStatus(int status) {
  if (status >= 500) return "SERVER_TROUBLE";
  switch (status) {
    case 401:
      return "SIGN_IN_FAILED";
    case 402:
      return "LIMIT_EXCEEDED";
    case 403:
      return "PERMISSION_MISSING";
    case 404:
      return "NOT_FOUND";
    case 405:
      return "SETTING_FORBIDS";
    case 409:
      return "CONFLICT_RETRY";
    case 429:
      return "RATE_LIMITED";
    default:
      return "REQUEST_INVALID";
  }
}

}  // namespace

std::optional<std::string_view> FindReason(std::string_view wire_code) {
  const auto row = std::ranges::find(kWireRows, wire_code, &WireRow::code);
  if (row == std::end(kWireRows)) return std::nullopt;
  return row->reason;
}

std::string_view ReasonOf(std::string_view wire_code, int status) {
  // Trouble of the server is never blamed on the request, whatever code came along.
  if (status >= 500) return "SERVER_TROUBLE";
  if (const auto reason = FindReason(wire_code)) return *reason;
  if (wire_code.ends_with("_LIMIT_EXCEEDED")) return "LIMIT_EXCEEDED";
  return ReasonOfStatus(status);
}

}  // namespace latchkey::core
