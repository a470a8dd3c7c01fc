#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"

namespace latchkey::app {

// A JSON:API document for people: one resource as a list of its members that say something, many as
// a table of `columns` ("id", attribute names in camelCase).
std::string DocumentText(const json::value& document, const std::vector<std::string_view>& columns);

// One member of the resource in `document`: "id", an attribute, or a member of meta. Empty when it
// is not there.
std::string MemberText(const json::value& document, std::string_view name);

// `text` without anything that could steer a terminal.
std::string PrintableText(std::string_view text);

}  // namespace latchkey::app
