#pragma once

#include <string>
#include <vector>

#include "core/resource.h"
#include "store/where.h"

namespace latchkey::store {

// Metadata filters by an inverted table (decision 23): one row per scalar leaf, `<table>_metadata
// (record_id, account_id, path, value)`.
struct MetadataLeaf {
  std::string path;   // "/hw/cpu", "/ids/~a" for elements of an array
  std::string value;  // its JSON text, equal numbers alike; a digest beyond 128 bytes
  friend bool operator==(const MetadataLeaf&, const MetadataLeaf&) = default;
};
std::vector<MetadataLeaf> MetadataLeaves(const core::Metadata& metadata);

// Licenses, machines and users have such a table.
bool HasMetadataIndex(const core::Resource& resource);

// Records whose metadata contain `wanted` (licenses.md §7.4): its keys are normalised, its leaves
// are the texts of the query. A text directly under a key matches itself or its typed reading
// (true, false, null, integer, decimal); deeper ones only themselves.
Where MetadataContains(const core::Resource& resource, const Uuid& account,
                       const json::object& wanted);

}  // namespace latchkey::store
