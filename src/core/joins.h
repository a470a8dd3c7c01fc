#pragma once

#include "core/resource.h"

// Rows that join two records; each is a resource of its own on the wire and in an export.
namespace latchkey::core {

struct PolicyEntitlement : Record {
  Uuid policy_id;
  Uuid entitlement_id;
};
template <>
const Resource& ResourceOf<PolicyEntitlement>();

struct LicenseEntitlement : Record {
  Uuid license_id;
  Uuid entitlement_id;
};
template <>
const Resource& ResourceOf<LicenseEntitlement>();

// A user attached to a license besides its owner ("licensee").
struct Licensee : Record {
  Uuid license_id;
  Uuid user_id;
};
template <>
const Resource& ResourceOf<Licensee>();

}  // namespace latchkey::core
