#pragma once

#include <string>
#include <string_view>

#include "base/error.h"
#include "base/json.h"
#include "base/result.h"

namespace latchkey::core {

// Member name normalisation and its inverse (conventions.md §1.5 rule 2, vectors/metadata-keys.json).
std::string ToSnake(std::string_view name);   // "maxMachines", "max-machines" → "max_machines"; may come out empty
std::string ToCamel(std::string_view snake);  // "max_machines" → "maxMachines"

// Every key of `document` at every depth normalised. kJsonInvalid when two members of one object become equal (decision 19), kParameterInvalid
// with the pointer when a name normalises to nothing (decision 34).
Result<json::value> NormaliseKeys(json::value document);
// Keys of stored metadata as clients see them; versions ≤ 1.4 keep nested keys in snake_case.
json::object EmitMetadata(const json::object& stored, bool nested_snake = false);

// Wire code and JSON pointer of a broken rule (conventions.md §1.11, vectors/error-codes.json), fix-ups included.
struct WireCode {
  std::string code;
  std::string pointer;
};
WireCode DeriveCode(const Violation& violation);

// A pointer's segments in lowerCamelCase: "/data/attributes/max_machines" → "/data/attributes/maxMachines".
std::string CamelPointer(std::string_view pointer);

}  // namespace latchkey::core
