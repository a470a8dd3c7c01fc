#pragma once

#include "core/user.h"
#include "service/context.h"

namespace latchkey::service {

struct IssuedToken {
  core::Token token{};
  std::string raw{};  // shown once
};

// conventions.md §3.2, §9.1. `draft` brings what was sent: expiry, name, permissions, maxima.
// `explicit_expiry` = expiry was sent, even as null. Role-user tokens expire after two weeks
// otherwise. kInvalid: PERMISSIONS_NOT_ALLOWED, MAX_(DE)ACTIVATIONS_INVALID, NAME_TOO_LONG.
Result<IssuedToken> GenerateUserToken(const Context& context, const core::User& bearer,
                                      core::Token draft, bool explicit_expiry);
Result<IssuedToken> GenerateProductToken(const Context& context, const Uuid& product,
                                         const core::Strings& product_permissions,
                                         core::Token draft);
Result<IssuedToken> GenerateLicenseToken(const Context& context, const Uuid& license,
                                         const core::Strings& license_permissions,
                                         core::Token draft);
// Keeps id, name, permissions; the old value dies at once; an expiry becomes now + 2 weeks.
Result<IssuedToken> RegenerateToken(const Context& context, core::Token token);
Result<void> RevokeToken(const Context& context, const core::Token& token);

}  // namespace latchkey::service
