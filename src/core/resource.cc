#include "core/resource.h"

#include <algorithm>

namespace latchkey::core {

const Attribute* FindAttribute(const Resource& resource, std::string_view name) {
  const auto found = std::ranges::find(resource.attributes, name, &Attribute::name);
  return found == resource.attributes.end() ? nullptr : &*found;
}

const Relationship* FindRelationship(const Resource& resource, std::string_view name) {
  const auto found = std::ranges::find(resource.relationships, name, &Relationship::name);
  return found == resource.relationships.end() ? nullptr : &*found;
}

}  // namespace latchkey::core
