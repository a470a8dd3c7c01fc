#include "core/policy.h"

namespace latchkey::core {
namespace {

// licenses.md §4.1 with §4.2 at its place. Schemas come before authorization: every member is open
// to every bearer.
constexpr auto kAttributes = std::to_array<Attribute>({
    Attr<Policy, &Policy::name>("name").NotNull().Write(kEveryBearer),
    Attr<Policy, &Policy::duration>("duration").Write(kEveryBearer),
    Attr<Policy, &Policy::strict>("strict").Write(kEveryBearer),
    Attr<Policy, &Policy::floating>("floating").Write(kEveryBearer),
    Attr<Policy, &Policy::scheme>("scheme").Create(kEveryBearer),
    Attr<Policy, &Policy::encrypted>("encrypted").Create(kEveryBearer),
    Attr<Policy, &Policy::use_pool>("use_pool").Create(kEveryBearer),
    Attr<Policy, &Policy::protected_>("protected").Write(kEveryBearer),
    Attr<Policy, &Policy::max_machines>("max_machines").Write(kEveryBearer),
    Attr<Policy, &Policy::max_cores>("max_cores").Write(kEveryBearer),
    Attr<Policy, &Policy::max_memory>("max_memory").Write(kEveryBearer),
    Attr<Policy, &Policy::max_disk>("max_disk").Write(kEveryBearer),
    Attr<Policy, &Policy::max_processes>("max_processes").Write(kEveryBearer),
    Attr<Policy, &Policy::max_users>("max_users").Write(kEveryBearer),
    Attr<Policy, &Policy::max_uses>("max_uses").Write(kEveryBearer),
    Attr<Policy, &Policy::machine_uniqueness_strategy>("machine_uniqueness_strategy")
        .Write(kEveryBearer),
    Attr<Policy, &Policy::machine_matching_strategy>("machine_matching_strategy")
        .Write(kEveryBearer),
    Attr<Policy, &Policy::component_uniqueness_strategy>("component_uniqueness_strategy")
        .Write(kEveryBearer),
    Attr<Policy, &Policy::component_matching_strategy>("component_matching_strategy")
        .Write(kEveryBearer),
    Attr<Policy, &Policy::expiration_strategy>("expiration_strategy").Write(kEveryBearer),
    Attr<Policy, &Policy::expiration_basis>("expiration_basis").Write(kEveryBearer),
    Attr<Policy, &Policy::renewal_basis>("renewal_basis").Write(kEveryBearer),
    Attr<Policy, &Policy::transfer_strategy>("transfer_strategy").Write(kEveryBearer),
    Attr<Policy, &Policy::authentication_strategy>("authentication_strategy").Write(kEveryBearer),
    Attr<Policy, &Policy::heartbeat_cull_strategy>("heartbeat_cull_strategy").Write(kEveryBearer),
    Attr<Policy, &Policy::heartbeat_resurrection_strategy>("heartbeat_resurrection_strategy")
        .Write(kEveryBearer),
    Attr<Policy, &Policy::heartbeat_basis>("heartbeat_basis").Write(kEveryBearer),
    Attr<Policy, &Policy::machine_leasing_strategy>("machine_leasing_strategy").Write(kEveryBearer),
    Attr<Policy, &Policy::process_leasing_strategy>("process_leasing_strategy").Write(kEveryBearer),
    Attr<Policy, &Policy::overage_strategy>("overage_strategy").Write(kEveryBearer),
    Attr<Policy, &Policy::require_product_scope>("require_product_scope").Write(kEveryBearer),
    Attr<Policy, &Policy::require_policy_scope>("require_policy_scope").Write(kEveryBearer),
    Attr<Policy, &Policy::require_machine_scope>("require_machine_scope").Write(kEveryBearer),
    Attr<Policy, &Policy::require_fingerprint_scope>("require_fingerprint_scope")
        .Write(kEveryBearer),
    Attr<Policy, &Policy::require_components_scope>("require_components_scope").Write(kEveryBearer),
    Attr<Policy, &Policy::require_user_scope>("require_user_scope").Write(kEveryBearer),
    Attr<Policy, &Policy::require_checksum_scope>("require_checksum_scope").Write(kEveryBearer),
    Attr<Policy, &Policy::require_version_scope>("require_version_scope").Write(kEveryBearer),
    Attr<Policy, &Policy::require_check_in>("require_check_in").Write(kEveryBearer),
    Attr<Policy, &Policy::check_in_interval>("check_in_interval").Write(kEveryBearer),
    Attr<Policy, &Policy::check_in_interval_count>("check_in_interval_count").Write(kEveryBearer),
    Attr<Policy, &Policy::require_heartbeat>("require_heartbeat").Write(kEveryBearer),
    Attr<Policy, &Policy::heartbeat_duration>("heartbeat_duration").Write(kEveryBearer),
    // Our own (decision 2).
    Attr<Policy, &Policy::sync_interval>("sync_interval").Write(kEveryBearer),
    Attr<Policy, &Policy::offline_grace>("offline_grace").Write(kEveryBearer),
    Attr<Policy, &Policy::expiry_grace>("expiry_grace").Write(kEveryBearer),
    Attr<Policy, &Policy::max_file_ttl>("max_file_ttl").Write(kEveryBearer),
    Attr<Policy, &Policy::metadata>("metadata").BlankAllowed().Write(kEveryBearer),
});

constexpr auto kRelationships = std::to_array<Relationship>({
    AccountOf<Policy>(),
    EnvironmentOf<Policy>(),
    ToOne<Policy, &Policy::product_id>("product", "products", "product_id")
        .Required()
        .Create(kEveryBearer),
    Link("pool", "keys"),
    Link("licenses", "licenses"),
    Link("entitlements", "entitlements"),
});

constexpr Resource kResource{"policies", "policy",    "policy",
                             "policies", kAttributes, kRelationships};

}  // namespace

template <>
const Resource& ResourceOf<Policy>() {
  return kResource;
}

}  // namespace latchkey::core
