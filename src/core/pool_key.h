#pragma once

#include "core/resource.h"

namespace latchkey::core {

// licenses.md §5: a ready-made key in the pool of a policy, wire type `keys`.
struct PoolKey : Record {
  Uuid policy_id;
  Uuid product_id;  // copy of the policy's
  std::string key;
};
template <>
const Resource& ResourceOf<PoolKey>();

}  // namespace latchkey::core
