#pragma once

#include <optional>
#include <string_view>

#include "core/second_factor.h"
#include "service/context.h"

namespace latchkey::service {

// The second factor of a user, at most one (conventions.md §9.4).
Result<std::optional<core::SecondFactor>> SecondFactorOf(const Context& context, const Uuid& user);

// Whether `otp` is valid now; its time step is used up then (conventions.md §3.5), which needs a
// write session.
Result<bool> SpendOtp(const Context& context, core::SecondFactor& factor, std::string_view otp);

// kConflict when the user has one already.
Result<core::SecondFactor> CreateSecondFactor(const Context& context, const core::User& user);
// Emits second-factor.enabled or second-factor.disabled.
Result<void> SwitchSecondFactor(const Context& context, core::SecondFactor& record, bool enabled);
Result<void> DeleteSecondFactor(const Context& context, const core::SecondFactor& record);

}  // namespace latchkey::service
