#include "core/product.h"

#include "latchkey/admin/table.h"

namespace latchkey::app {

const Noun& Products() {
  static const Noun noun{.name = "products",
                         .resource = core::ResourceOf<core::Product>,
                         .help = "What you license",
                         .columns = {"id", "name", "code", "url"}};
  return noun;
}

const Noun& Entitlements() {
  static const Noun noun{.name = "entitlements",
                         .resource = core::ResourceOf<core::Entitlement>,
                         .help = "Features that licenses allow",
                         .columns = {"id", "code", "name"}};
  return noun;
}

}  // namespace latchkey::app
