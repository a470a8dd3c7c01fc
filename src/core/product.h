#pragma once

#include "core/resource.h"

namespace latchkey::core {

enum class DistributionStrategy { kLicensed, kOpen, kClosed };
template <>
inline constexpr auto kNamesOf<DistributionStrategy> =
    std::to_array<std::string_view>({"LICENSED", "OPEN", "CLOSED"});

// licenses.md §2.1.
struct Product : Record {
  std::string name;
  std::optional<std::string> code;
  std::optional<std::string> distribution_strategy =
      "LICENSED";  // checked by Check: an unknown one is 422, not 400
  std::optional<std::string> url;
  std::optional<Strings> platforms;
  Strings permissions;
  Metadata metadata;
};
template <>
const Resource& ResourceOf<Product>();

// licenses.md §3.
struct Entitlement : Record {
  std::string name;
  std::string code;
  Metadata metadata;
};
template <>
const Resource& ResourceOf<Entitlement>();

}  // namespace latchkey::core
