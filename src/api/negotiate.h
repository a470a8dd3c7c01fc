#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "http/message.h"

namespace latchkey::api {

// Response content type for Accept and the request's own type (conventions.md §1.3).
// kMimeTypeInvalid when nothing acceptable is listed.
Result<std::string> ResponseType(const http::Request& request);

// How to read the body (conventions.md §1.3): as JSON, or not at all (another well-formed type).
// kMimeTypeInvalid for a malformed one.
enum class BodyKind { kJson, kIgnored };
Result<BodyKind> RequestBodyKind(const http::Request& request);

// The version asked for (`v` stripped), else the account's. kVersionUnsupported for one we do not
// speak.
Result<std::string> ResolveVersion(const http::Request& request, std::string_view account_version);

}  // namespace latchkey::api
