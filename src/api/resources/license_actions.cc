// Actions on licenses (licenses.md §10), check-out and validation apart.
#include "api/resources/common.h"
#include "api/resources/routes.h"
#include "service/licenses.h"

namespace latchkey::api {
namespace {

constexpr MetaMember kIncrementMeta[] = {{.name = "increment", .type = MetaMember::Type::kInteger}};
constexpr MetaMember kDecrementMeta[] = {{.name = "decrement", .type = MetaMember::Type::kInteger}};
constexpr Schema kIncrement{.form = Schema::Form::kMeta, .meta = kIncrementMeta};
constexpr Schema kDecrement{.form = Schema::Form::kMeta, .meta = kDecrementMeta};

Result<core::Policy> PolicyOf(Call& call) {
  LK_ASSIGN(auto policy, service::FindPolicy(call.context(), call.license->policy_id));
  if (!policy) return Error{Errc::kDamaged, "license without policy"};
  return std::move(*policy);
}

std::int64_t Amount(const Call& call, std::string_view name) {
  const json::value* amount = call.document.meta.if_contains(name);
  return amount ? amount->as_int64() : 1;
}

Result<Reply> CheckIn(Call& call) {
  LK_ASSIGN(const core::Policy policy, PolicyOf(call));
  LK_TRY(service::CheckInLicense(call.context(), *call.license, policy));
  return LicenseReply(call, *call.license);
}
Result<Reply> Renew(Call& call) {
  LK_ASSIGN(const core::Policy policy, PolicyOf(call));
  LK_TRY(service::RenewLicense(call.context(), *call.license, policy));
  return LicenseReply(call, *call.license);
}
Result<Reply> Revoke(Call& call) {
  LK_TRY(service::RevokeLicense(call.context(), *call.license));
  return EmptyReply();
}
Result<Reply> Suspend(Call& call) {
  LK_TRY(service::SuspendLicense(call.context(), *call.license));
  return LicenseReply(call, *call.license);
}
Result<Reply> Reinstate(Call& call) {
  LK_TRY(service::ReinstateLicense(call.context(), *call.license));
  return LicenseReply(call, *call.license);
}
Result<Reply> Increment(Call& call) {
  LK_ASSIGN(const core::Policy policy, PolicyOf(call));
  LK_TRY(service::IncrementUsage(call.context(), *call.license, policy, Amount(call, "increment")));
  return LicenseReply(call, *call.license);
}
Result<Reply> Decrement(Call& call) {
  LK_TRY(service::DecrementUsage(call.context(), *call.license, Amount(call, "decrement")));
  return LicenseReply(call, *call.license);
}
Result<Reply> Reset(Call& call) {
  LK_TRY(service::ResetUsage(call.context(), *call.license));
  return LicenseReply(call, *call.license);
}

constexpr Rule Staff(std::string_view permission) {
  return {.permission = permission, .staff = core::kW1, .product = ProductRule::kOwn};
}
// Also the owner and the license itself, unless the license is protected for users.
constexpr Rule Used(std::string_view permission) {
  return {.permission = permission,
          .staff = core::kW1,
          .product = ProductRule::kOwn,
          .user = UserRule::kOwner,
          .license = LicenseRule::kOwn,
          .user_unless_protected = true};
}
constexpr Rule Owned(std::string_view permission) {
  return {.permission = permission,
          .staff = core::kW2,
          .product = ProductRule::kOwn,
          .user = UserRule::kOwner,
          .user_unless_policy_protected = true};
}

const Route kRoutes[] = {
    {.method = "POST",
     .pattern = "/licenses/{license}/actions/check-in",
     .handle = CheckIn,
     .lane = Lane::kWrite,
     .rule = Used("license.check-in"),
     .topic = "licenses"},
    {.method = "POST",
     .pattern = "/licenses/{license}/actions/renew",
     .handle = Renew,
     .lane = Lane::kWrite,
     .rule = Owned("license.renew"),
     .topic = "licenses"},
    {.method = "DELETE",
     .pattern = "/licenses/{license}/actions/revoke",
     .handle = Revoke,
     .lane = Lane::kWrite,
     .rule = Owned("license.revoke"),
     .topic = "licenses"},
    {.method = "POST",
     .pattern = "/licenses/{license}/actions/suspend",
     .handle = Suspend,
     .lane = Lane::kWrite,
     .rule = Staff("license.suspend"),
     .topic = "licenses"},
    {.method = "POST",
     .pattern = "/licenses/{license}/actions/reinstate",
     .handle = Reinstate,
     .lane = Lane::kWrite,
     .rule = Staff("license.reinstate"),
     .topic = "licenses"},
    {.method = "POST",
     .pattern = "/licenses/{license}/actions/increment-usage",
     .handle = Increment,
     .lane = Lane::kWrite,
     .rule = Used("license.usage.increment"),
     .schema = &kIncrement,
     .topic = "licenses"},
    {.method = "POST",
     .pattern = "/licenses/{license}/actions/decrement-usage",
     .handle = Decrement,
     .lane = Lane::kWrite,
     .rule = Staff("license.usage.decrement"),
     .schema = &kDecrement,
     .topic = "licenses"},
    {.method = "POST",
     .pattern = "/licenses/{license}/actions/reset-usage",
     .handle = Reset,
     .lane = Lane::kWrite,
     .rule = Staff("license.usage.reset"),
     .topic = "licenses"},
};

}  // namespace

std::span<const Route> LicenseActionRoutes() { return kRoutes; }

}  // namespace latchkey::api
