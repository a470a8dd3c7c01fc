#pragma once

#include <optional>
#include <string_view>

#include "http/message.h"

namespace latchkey::app {

// The pages that `links.about` of errors point to when compat.docs_base is a path of this server:
// one for each resource, made from its table, with an anchor for each attribute; and two on
// authentication and versions. Plain HTML without scripts; nothing of any account is in them.
//
// The answer to `request` when its path is `base` ("/docs") or below it; nullopt when it is not, or
// when `base` is an address elsewhere.
std::optional<http::Response> AnswerDocs(const http::Request& request, std::string_view base);

}  // namespace latchkey::app
