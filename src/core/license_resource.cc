#include "core/license.h"

namespace latchkey::core {
namespace {

template <class E>
constexpr Attribute ComputedEnum(std::string_view name, bool nullable) {
  auto a = Computed(name, Kind::kEnum, nullable);
  a.names = kNamesOf<E>;
  return a;
}

// An override: null is stored and means the policy's value; what is rendered is the limit in force.
template <auto Member>
constexpr Attribute Override(std::string_view name) {
  return Attr<License, Member>(name).Viewed().Create(kStaffCreate).Update(kStaffUpdate);
}

constexpr Roles kGrantors = kW3 | Role::kProduct;

// licenses.md §6.
constexpr auto kAttributes = std::to_array<Attribute>({
    Attr<License, &License::name>("name").BlankAllowed().Write(kEveryBearer),
    // Not shown for LEGACY_ENCRYPT licenses but in the answer that creates them.
    Attr<License, &License::key>("key")
        .Stored(Storage::kSealedIndexed)
        .Viewed()
        .Create(kEveryBearer),
    Attr<License, &License::expiry>("expiry").Create(kStaffCreate).Update(kStaffUpdate),
    ComputedEnum<LicenseStatus>("status", false),
    Attr<License, &License::uses>("uses"),
    Attr<License, &License::suspended>("suspended").Create(kStaffCreate).Update(kStaffUpdate),
    ComputedEnum<Scheme>("scheme", true),
    Computed("encrypted", Kind::kBoolean),
    Computed("strict", Kind::kBoolean),
    Computed("floating", Kind::kBoolean),
    Attr<License, &License::protected_>("protected").Create(kStaffCreate).Update(kStaffUpdate),
    Attr<License, &License::version>("version"),
    Override<&License::max_machines>("max_machines"),
    Override<&License::max_processes>("max_processes"),
    Override<&License::max_users>("max_users"),
    Override<&License::max_cores>("max_cores"),
    Override<&License::max_memory>("max_memory"),
    Override<&License::max_disk>("max_disk"),
    Override<&License::max_uses>("max_uses"),
    Computed("require_heartbeat", Kind::kBoolean),
    Computed("require_check_in", Kind::kBoolean),
    Attr<License, &License::last_validated>("last_validated"),
    Attr<License, &License::last_check_in>("last_check_in"),
    Computed("next_check_in", Kind::kTime, true),
    Attr<License, &License::last_check_out>("last_check_out"),
    // Rendered: what the owner's permissions leave of it.
    Attr<License, &License::permissions>("permissions").BlankAllowed().Viewed().Write(kGrantors),
    Attr<License, &License::metadata>("metadata")
        .BlankAllowed()
        .Create(kEveryBearer)
        .Update(kStaffUpdate),
    Attr<License, &License::last_validated_checksum>("last_validated_checksum").Hidden(),
    // Shown in the meta of relationship `machines`.
    Attr<License, &License::machines_count>("machines_count").Hidden(),
    Attr<License, &License::machines_cores>("machines_cores").Hidden(),
    Attr<License, &License::machines_memory>("machines_memory").Hidden(),
    Attr<License, &License::machines_disk>("machines_disk").Hidden(),
});

constexpr auto kRelationships = std::to_array<Relationship>({
    AccountOf<License>(),
    EnvironmentOf<License>(),
    ToOne<License, &License::product_id>("product", "products", "product_id"),
    ToOne<License, &License::policy_id>("policy", "policies", "policy_id")
        .Required()
        .Create(kEveryBearer),
    ToOne<License, &License::group_id>("group", "groups", "group_id").Create(kStaffUpdate),
    ToOne<License, &License::owner_id>("owner", "users", "owner_id").Create(kEveryBearer),
    Link("users", "users"),
    Link("machines", "machines"),
    Link("tokens", "tokens"),
    Link("entitlements", "entitlements"),
});

constexpr Resource kResource{"licenses",  "license",      "license", "licenses",
                             kAttributes, kRelationships, true};

}  // namespace

template <>
const Resource& ResourceOf<License>() {
  return kResource;
}

}  // namespace latchkey::core
