#pragma once

#include <span>

#include "api/call.h"

namespace latchkey::api {

// One list per resource; router.cc joins them.
std::span<const Route> AccountRoutes();
std::span<const Route> TokenRoutes();
std::span<const Route> UserRoutes();
std::span<const Route> UserTokenRoutes();
std::span<const Route> PasswordRoutes();
std::span<const Route> SecondFactorRoutes();
std::span<const Route> ProductRoutes();
std::span<const Route> EntitlementRoutes();
std::span<const Route> PolicyRoutes();
std::span<const Route> LicenseRoutes();
std::span<const Route> LicenseActionRoutes();
std::span<const Route> LicenseUserRoutes();
std::span<const Route> ValidationRoutes();
std::span<const Route> MachineRoutes();
std::span<const Route> ComponentRoutes();
std::span<const Route> ProcessRoutes();
std::span<const Route> PoolKeyRoutes();
std::span<const Route> CheckOutRoutes();
std::span<const Route> TakeoverRoutes();
std::span<const Route> GroupRoutes();
std::span<const Route> GroupRelationshipRoutes();

}  // namespace latchkey::api
