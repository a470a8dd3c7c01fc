#include "core/license.h"

#include "latchkey/admin/table.h"

namespace latchkey::app {
namespace {

constexpr Parameter kIncrement[] = {
    {"by", Parameter::Place::kMeta, "increment", Parameter::Type::kNumber, "How much (1)"}};
constexpr Parameter kDecrement[] = {
    {"by", Parameter::Place::kMeta, "decrement", Parameter::Type::kNumber, "How much (1)"}};

std::span<const Action> Actions() {
  static const auto actions = std::to_array<Action>({
      {.verb = "suspend",
       .method = "POST",
       .path = "/actions/suspend",
       .done = "suspended",
       .help = "Stop it until it is reinstated"},
      {.verb = "reinstate",
       .method = "POST",
       .path = "/actions/reinstate",
       .done = "reinstated",
       .help = "Undo a suspension"},
      {.verb = "renew",
       .method = "POST",
       .path = "/actions/renew",
       .done = "renewed",
       .help = "Move its expiry on by the policy's duration"},
      {.verb = "revoke",
       .method = "DELETE",
       .path = "/actions/revoke",
       .done = "revoked",
       .help = "Take it back for good: license and machines go"},
      {.verb = "check-in",
       .method = "POST",
       .path = "/actions/check-in",
       .done = "checked in",
       .help = "Note that it was used"},
      {.verb = "validate",
       .method = "POST",
       .path = "/actions/validate",
       .done = "",
       .help = "Ask whether it is valid now",
       .parameters = ScopeParameters(),
       .verdict = true},
      {.verb = "check-out",
       .method = "POST",
       .path = "/actions/check-out",
       .done = "",
       .help = "Make a license file for use offline",
       .parameters = CheckOutParameters(),
       .writes_file = true},
      {.verb = "increment-usage",
       .method = "POST",
       .path = "/actions/increment-usage",
       .done = "counted",
       .help = "Count uses",
       .parameters = kIncrement},
      {.verb = "decrement-usage",
       .method = "POST",
       .path = "/actions/decrement-usage",
       .done = "counted",
       .help = "Take uses back",
       .parameters = kDecrement},
      {.verb = "reset-usage",
       .method = "POST",
       .path = "/actions/reset-usage",
       .done = "reset",
       .help = "Set its uses to none"},
      {.verb = "transfer",
       .method = "PUT",
       .path = "/policy",
       .done = "transferred",
       .help = "Put it under another policy",
       .linked = "policies",
       .one_linked = true},
      {.verb = "attach",
       .method = "POST",
       .path = "/entitlements",
       .done = "attached",
       .help = "Give it these entitlements",
       .linked = "entitlements"},
      {.verb = "detach",
       .method = "DELETE",
       .path = "/entitlements",
       .done = "detached",
       .help = "Take these entitlements back",
       .linked = "entitlements"},
  });
  return actions;
}

}  // namespace

const Noun& Licenses() {
  static const Noun noun{.name = "licenses",
                         .resource = core::ResourceOf<core::License>,
                         .help = "What customers hold",
                         .columns = {"id", "name", "status", "expiry", "key"},
                         .actions = Actions()};
  return noun;
}

}  // namespace latchkey::app
