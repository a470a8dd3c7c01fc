#pragma once

#include "core/resource.h"

namespace latchkey::core {

// conventions.md §9.5. Key material is kept apart (store/vault.h).
struct Account : Record {
  std::string name;
  std::string slug;
  std::string api_version = "1.8";
  std::string status = "SUBSCRIBED";  // or CANCELED, TRIALING, PAUSED, PENDING, CANCELING
  bool protected_ = false;
  std::optional<std::string> cname, domain;  // hosts that name the account (conventions.md §1.1)
};
template <>
const Resource& ResourceOf<Account>();

Result<void> Check(const Account& account);  // slug rules, lengths

}  // namespace latchkey::core
