#include "core/policy.h"

#include "latchkey/admin/table.h"

namespace latchkey::app {
namespace {

constexpr Action kActions[] = {
    {.verb = "attach",
     .method = "POST",
     .path = "/entitlements",
     .done = "attached",
     .help = "Give its licenses these entitlements",
     .linked = "entitlements"},
    {.verb = "detach",
     .method = "DELETE",
     .path = "/entitlements",
     .done = "detached",
     .help = "Take these entitlements back",
     .linked = "entitlements"},
};

}  // namespace

const Noun& Policies() {
  static const Noun noun{.name = "policies",
                         .resource = core::ResourceOf<core::Policy>,
                         .help = "Rules that licenses follow",
                         .columns = {"id", "name", "duration", "floating", "strict", "maxMachines"},
                         .actions = kActions};
  return noun;
}

}  // namespace latchkey::app
