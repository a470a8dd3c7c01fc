#include "core/machine.h"

#include "latchkey/admin/table.h"

namespace latchkey::app {
namespace {

using Place = Parameter::Place;
using Type = Parameter::Type;

constexpr Parameter kTakeover[] = {{"release", Place::kMeta, "release", Type::kText,
                                    "The machine that gives its seat, or idlest", true}};
constexpr Parameter kUndo[] = {{"takeover", Place::kMeta, "id", Type::kText,
                                "The takeover's id, from meta.takeover", true, true}};

std::span<const Action> Actions() {
  static const auto actions = std::to_array<Action>({
      {.verb = "ping",
       .method = "POST",
       .path = "/actions/ping",
       .done = "pinged",
       .help = "Send a heartbeat for it"},
      {.verb = "reset",
       .method = "POST",
       .path = "/actions/reset",
       .done = "reset",
       .help = "Stop its heartbeat"},
      {.verb = "check-out",
       .method = "POST",
       .path = "/actions/check-out",
       .done = "",
       .help = "Make a machine file for use offline",
       .parameters = CheckOutParameters(),
       .writes_file = true},
      // Decision 27.
      {.verb = "takeover",
       .method = "POST",
       .path = "/actions/takeover",
       .done = "took over the seat",
       .help = "Give a device the seat of another one",
       .of = Action::Of::kAll,
       .parameters = kTakeover,
       .create_flags = true},
      {.verb = "undo-takeover",
       .method = "POST",
       .path = "/actions/undo-takeover",
       .done = "has its seat back",
       .help = "Give the seat back, within 72 hours",
       .of = Action::Of::kAll,
       .parameters = kUndo},
  });
  return actions;
}

}  // namespace

const Noun& Machines() {
  static const Noun noun{.name = "machines",
                         .resource = core::ResourceOf<core::Machine>,
                         .help = "Devices that use a license",
                         .columns = {"id", "name", "heartbeatStatus", "created", "fingerprint"},
                         .actions = Actions()};
  return noun;
}

}  // namespace latchkey::app
