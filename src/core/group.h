#pragma once

#include "core/resource.h"

namespace latchkey::core {

// events.md §2.1. A limit counts members and is checked when a record enters the group.
struct Group : Record {
  std::string name;
  std::optional<std::int64_t> max_users, max_licenses, max_machines;
  Metadata metadata;
};
template <>
const Resource& ResourceOf<Group>();

// events.md §2.2: a user who may read the group and its members.
struct GroupOwner : Record {
  Uuid group_id;
  Uuid user_id;
};
template <>
const Resource& ResourceOf<GroupOwner>();

}  // namespace latchkey::core
