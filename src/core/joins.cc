#include "core/joins.h"

namespace latchkey::core {
namespace {

constexpr auto kPolicyEntitlement = std::to_array<Relationship>({
    AccountOf<PolicyEntitlement>(),
    EnvironmentOf<PolicyEntitlement>(),
    ToOne<PolicyEntitlement, &PolicyEntitlement::entitlement_id>("entitlement", "entitlements",
                                                                 "entitlement_id"),
    ToOne<PolicyEntitlement, &PolicyEntitlement::policy_id>("policy", "policies", "policy_id"),
});
constexpr auto kLicenseEntitlement = std::to_array<Relationship>({
    AccountOf<LicenseEntitlement>(),
    EnvironmentOf<LicenseEntitlement>(),
    ToOne<LicenseEntitlement, &LicenseEntitlement::entitlement_id>("entitlement", "entitlements",
                                                                   "entitlement_id"),
    ToOne<LicenseEntitlement, &LicenseEntitlement::license_id>("license", "licenses", "license_id"),
});
constexpr auto kLicensee = std::to_array<Relationship>({
    AccountOf<Licensee>(),
    EnvironmentOf<Licensee>(),
    ToOne<Licensee, &Licensee::license_id>("license", "licenses", "license_id"),
    ToOne<Licensee, &Licensee::user_id>("user", "users", "user_id"),
});

constexpr Resource kPolicyEntitlementResource{
    "policy-entitlements", "policy-entitlement", "policy entitlement", "policy_entitlements", {},
    kPolicyEntitlement};
constexpr Resource kLicenseEntitlementResource{"license-entitlements",
                                               "license-entitlement",
                                               "license entitlement",
                                               "license_entitlements",
                                               {},
                                               kLicenseEntitlement};
constexpr Resource kLicenseeResource{
    "license-users", "license-user", "license user", "license_users", {}, kLicensee};

}  // namespace

template <>
const Resource& ResourceOf<PolicyEntitlement>() {
  return kPolicyEntitlementResource;
}
template <>
const Resource& ResourceOf<LicenseEntitlement>() {
  return kLicenseEntitlementResource;
}
template <>
const Resource& ResourceOf<Licensee>() {
  return kLicenseeResource;
}

}  // namespace latchkey::core
