#pragma once

#include "core/resource.h"

namespace latchkey::core {

// machines.md §3. `policy_id`, `product_id` and `license_id` are copies of the machine's, kept by
// the service, for uniqueness, visibility and filters.
struct Component : Record {
  Uuid machine_id;
  Uuid license_id;
  Uuid policy_id;
  Uuid product_id;
  std::string fingerprint;
  std::string name;
  Metadata metadata;
};
template <>
const Resource& ResourceOf<Component>();

}  // namespace latchkey::core
