#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "core/resource.h"

namespace latchkey::app {

// "max_machines" → "max-machines", "maxMachines" → "max-machines".
std::string FlagName(std::string_view name);

// What a flag of this attribute takes, for --help: "number | null", "TOKEN | LICENSE | ...".
std::string FlagType(const core::Attribute& attribute);

// Whether numbers of this attribute are seconds, so that 30d, 12h, 90m may be typed.
bool IsSpan(const core::Attribute& attribute);

// Texts from the command line as the attribute's JSON value: numbers with time units where they are
// seconds, enumerations in any case (`mixed`, `node-locked`), lists split at commas, metadata as
// name=value pairs or one JSON object, `null` where null may be stored. kConfigInvalid says what
// was expected.
Result<json::value> AttributeValue(const core::Attribute& attribute,
                                   const std::vector<std::string>& texts);

// "30d" → 2592000; nullopt when it is not a whole number with a known unit.
std::optional<std::int64_t> ParseSpan(std::string_view text);

}  // namespace latchkey::app
