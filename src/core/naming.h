#pragma once

#include <string>
#include <string_view>

#include "base/error.h"
#include "base/json.h"
#include "base/result.h"

namespace latchkey::core {

// Member name normalisation and its inverse (conventions.md §1.5 rule 2,
// vectors/metadata-keys.json).
std::string ToSnake(
    std::string_view name);  // "maxMachines", "max-machines" → "max_machines"; may come out empty
// Latin letters without their marks ("Müller" → "Muller"); what is no Latin letter and not ASCII
// becomes a space (decision 34).
std::string ToAscii(std::string_view text);
// "max_machines" → "maxMachines"; also dashed names ("second-factors").
std::string ToCamel(std::string_view snake);

// Every key of `document` at every depth normalised. kJsonInvalid when two members of one object
// become equal (decision 19), kParameterInvalid with the pointer of the object that holds it when a
// name normalises to nothing (decision 34).
Result<json::value> NormaliseKeys(json::value document);
// Keys of stored metadata as clients see them; versions ≤ 1.4 keep nested keys in snake_case.
json::object EmitMetadata(const json::object& stored, bool nested_snake = false);

// Metadata as sent may hold containers at most two levels below it (conventions.md §1.8): else
// kParameterInvalid with the pointer of the first container that is too deep, under `pointer` (that
// of the metadata object itself).
Result<void> CheckMetadataDepth(const json::object& metadata,
                                std::string_view pointer = "/data/attributes/metadata");

// The suffix of a rule's wire code: "length_max" → "TOO_LONG"; any rule without an own row in
// conventions.md §1.11 gives its name in upper case, so suffixes map to themselves.
std::string SuffixOf(std::string_view rule);

// Wire code and JSON pointer of a broken rule (conventions.md §1.11, vectors/error-codes.json),
// fix-ups included. Embedded children have paths like "components[0].fingerprint", of kind
// kAttribute or kRelationship by their last part.
struct WireCode {
  std::string code;  // empty: internal, not to be sent
  std::string pointer;
};
WireCode DeriveCode(const Violation& violation);

// A pointer's segments in lowerCamelCase: "/data/attributes/max_machines" →
// "/data/attributes/maxMachines".
std::string CamelPointer(std::string_view pointer);

}  // namespace latchkey::core
