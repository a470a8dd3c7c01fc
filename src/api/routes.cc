#include <vector>

#include "api/resources/routes.h"
#include "api/router.h"

namespace latchkey::api {

std::span<const Route> AllRoutes() {
  static const std::vector<Route> routes = [] {
    std::vector<Route> all;
    for (const auto list : {AccountRoutes(),    TokenRoutes(),         UserRoutes(),
                            UserTokenRoutes(),  PasswordRoutes(),      SecondFactorRoutes(),
                            ProductRoutes(),    EntitlementRoutes(),   PolicyRoutes(),
                            LicenseRoutes(),    LicenseActionRoutes(), LicenseUserRoutes(),
                            ValidationRoutes(), MachineRoutes(),       ComponentRoutes(),
                            ProcessRoutes(),    PoolKeyRoutes(),       CheckOutRoutes(),
                            TakeoverRoutes(),   GroupRoutes(),         GroupRelationshipRoutes()})
      all.insert(all.end(), list.begin(), list.end());
    return all;
  }();
  return routes;
}

}  // namespace latchkey::api
