#include "service/second_factors.h"

#include "core/totp.h"

namespace latchkey::service {

using store::Where;

Result<std::optional<core::SecondFactor>> SecondFactorOf(const Context& context, const Uuid& user) {
  return Find<core::SecondFactor>(context, Where("user_id = ?", user));
}

Result<bool> SpendOtp(const Context& context, core::SecondFactor& factor, std::string_view otp) {
  const auto step = core::MatchTotp(factor.secret, otp, context.now, factor.last_step);
  if (!step) return false;
  factor.last_step = *step;
  LK_TRY(Update(context, factor, {"last_step"}));
  return true;
}

Result<core::SecondFactor> CreateSecondFactor(const Context& context, const core::User& user) {
  LK_ASSIGN(const auto other, SecondFactorOf(context, user.id));
  if (other) return Errc::kConflict;
  core::SecondFactor record;
  Stamp(context, record);
  record.user_id = user.id;
  record.environment_id = user.environment_id;
  record.secret = core::GenerateTotpSecret(context.random);
  LK_TRY(Insert(context, record));
  LK_TRY(Emit(context, "second-factor.created", "second-factors", record.id));
  return record;
}

Result<void> SwitchSecondFactor(const Context& context, core::SecondFactor& record, bool enabled) {
  record.enabled = enabled;
  record.updated = context.now;
  LK_TRY(Update(context, record, {"enabled"}));
  return Emit(context, enabled ? "second-factor.enabled" : "second-factor.disabled",
              "second-factors", record.id);
}

Result<void> DeleteSecondFactor(const Context& context, const core::SecondFactor& record) {
  LK_TRY(Emit(context, "second-factor.deleted", "second-factors", record.id));
  return Delete<core::SecondFactor>(context, record.id);
}

}  // namespace latchkey::service
