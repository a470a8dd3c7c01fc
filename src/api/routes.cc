#include <vector>

#include "api/resources/routes.h"
#include "api/router.h"

namespace latchkey::api {

std::span<const Route> AllRoutes() {
  static const std::vector<Route> routes = [] {
    std::vector<Route> all;
    for (const auto list :
         {AccountRoutes(), TokenRoutes(), ProductRoutes(), EntitlementRoutes(), PolicyRoutes(),
          LicenseRoutes(), LicenseActionRoutes(), ValidationRoutes(), MachineRoutes(),
          CheckOutRoutes(), TakeoverRoutes()})
      all.insert(all.end(), list.begin(), list.end());
    return all;
  }();
  return routes;
}

}  // namespace latchkey::api
