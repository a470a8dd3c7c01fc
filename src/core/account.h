#pragma once

#include "core/resource.h"

namespace latchkey::core {

// conventions.md §9.5. Key material is kept apart (store/vault.h).
struct Account : Record {
  std::string name;
  std::string slug;
  std::string api_version = "1.8";
  bool protected_ = false;
};
template <>
const Resource& ResourceOf<Account>();

Result<void> Check(const Account& account);  // slug rules, lengths

}  // namespace latchkey::core
