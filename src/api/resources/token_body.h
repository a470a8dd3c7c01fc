#pragma once

#include "api/schema.h"
#include "core/user.h"

namespace latchkey::api {

// The body of token creation, on its own route and below products and licenses (conventions.md
// §9.1).
std::span<const core::Attribute> TokenAttributes();  // expiry, name, permissions
// The same below products: `permissions` only for those who set them (conventions.md §4.2 rule 4).
std::span<const core::Attribute> NestedTokenAttributes();
core::Token TokenDraft(const Document& document);
bool ExpirySent(const Document& document);  // even as null: it overrides the default

}  // namespace latchkey::api
