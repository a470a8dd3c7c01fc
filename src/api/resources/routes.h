#pragma once

#include <span>

#include "api/call.h"

namespace latchkey::api {

// One list per resource; router.cc joins them.
std::span<const Route> AccountRoutes();
std::span<const Route> TokenRoutes();
std::span<const Route> ProductRoutes();
std::span<const Route> EntitlementRoutes();
std::span<const Route> PolicyRoutes();
std::span<const Route> LicenseRoutes();
std::span<const Route> LicenseActionRoutes();
std::span<const Route> ValidationRoutes();
std::span<const Route> MachineRoutes();
std::span<const Route> CheckOutRoutes();
std::span<const Route> TakeoverRoutes();

}  // namespace latchkey::api
