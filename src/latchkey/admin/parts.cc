#include "core/component.h"
#include "core/pool_key.h"
#include "core/process.h"
#include "latchkey/admin/table.h"

namespace latchkey::app {
namespace {

constexpr Action kProcessActions[] = {
    {.verb = "ping",
     .method = "POST",
     .path = "/actions/ping",
     .done = "pinged",
     .help = "Send a heartbeat for it"},
};

}  // namespace

const Noun& Components() {
  static const Noun noun{.name = "components",
                         .resource = core::ResourceOf<core::Component>,
                         .help = "Parts of a machine, such as its processor",
                         .columns = {"id", "name", "fingerprint", "created"}};
  return noun;
}

const Noun& Processes() {
  static const Noun noun{.name = "processes",
                         .resource = core::ResourceOf<core::Process>,
                         .help = "Running copies of an application on a machine",
                         .columns = {"id", "pid", "status", "lastHeartbeat"},
                         .actions = kProcessActions};
  return noun;
}

const Noun& Keys() {
  static const Noun noun{.name = "keys",
                         .resource = core::ResourceOf<core::PoolKey>,
                         .help = "Ready-made keys in the pool of a policy",
                         .columns = {"id", "key", "created"}};
  return noun;
}

}  // namespace latchkey::app
