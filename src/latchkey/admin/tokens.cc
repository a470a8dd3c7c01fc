#include "core/user.h"
#include "latchkey/admin/table.h"

namespace latchkey::app {
namespace {

constexpr Action kActions[] = {
    {.verb = "regenerate",
     .method = "PUT",
     .path = "",
     .done = "regenerated",
     .help = "Replace its value; the old one stops working at once"},
};
constexpr Parent kParents[] = {{"product", "products"}, {"license", "licenses"}};

}  // namespace

const Noun& Tokens() {
  static const Noun noun{.name = "tokens",
                         .resource = core::ResourceOf<core::Token>,
                         .help = "Credentials for programs and people",
                         .columns = {"id", "kind", "name", "expiry"},
                         .verbs = kCanCreate | kCanList | kCanShow | kCanDelete,
                         .actions = kActions,
                         .parents = kParents,
                         .once = "The token is shown this once: keep it now."};
  return noun;
}

}  // namespace latchkey::app
