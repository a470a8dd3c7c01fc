#pragma once

#include "core/resource.h"

namespace latchkey::core {

enum class IsolationStrategy { kIsolated, kShared };
template <>
inline constexpr auto kNamesOf<IsolationStrategy> = std::to_array<std::string_view>({"ISOLATED",
                                                                                     "SHARED"});

// conventions.md §8, events.md §3.1. `permissions` bounds its tokens; the API does not show it.
struct Environment : Record {
  std::string name;
  std::string code;  // unique per account whatever the case
  IsolationStrategy isolation_strategy = IsolationStrategy::kIsolated;
  Strings permissions;
};
template <>
const Resource& ResourceOf<Environment>();

}  // namespace latchkey::core
