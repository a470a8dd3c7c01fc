#include "core/group.h"

namespace latchkey::core {
namespace {

constexpr auto kGroupAttributes = std::to_array<Attribute>({
    Attr<Group, &Group::name>("name").Required().Write(kEveryBearer),
    Attr<Group, &Group::max_users>("max_users").Write(kEveryBearer),
    Attr<Group, &Group::max_licenses>("max_licenses").Write(kEveryBearer),
    Attr<Group, &Group::max_machines>("max_machines").Write(kEveryBearer),
    Attr<Group, &Group::metadata>("metadata").BlankAllowed().Write(kEveryBearer),
});

constexpr auto kGroupRelationships = std::to_array<Relationship>({
    AccountOf<Group>(),
    EnvironmentOf<Group>(),
    Link("owners", "group-owners"),
    Link("users", "users"),
    Link("licenses", "licenses"),
    Link("machines", "machines"),
});

constexpr Resource kGroupResource{"groups", "group",          "group",
                                  "groups", kGroupAttributes, kGroupRelationships};

// An owner's links lead to the records themselves.
constexpr Relationship AtTarget(Relationship relationship) {
  relationship.own_link = false;
  return relationship;
}

constexpr auto kOwnerRelationships = std::to_array<Relationship>({
    AccountOf<GroupOwner>(),
    EnvironmentOf<GroupOwner>(),
    AtTarget(ToOne<GroupOwner, &GroupOwner::group_id>("group", "groups", "group_id")),
    AtTarget(ToOne<GroupOwner, &GroupOwner::user_id>("user", "users", "user_id")),
});

constexpr Resource kOwnerResource{
    "group-owners", "group-owner", "group owner", "group_owners", {}, kOwnerRelationships};

}  // namespace

template <>
const Resource& ResourceOf<Group>() {
  return kGroupResource;
}

template <>
const Resource& ResourceOf<GroupOwner>() {
  return kOwnerResource;
}

}  // namespace latchkey::core
