#include "core/component.h"

namespace latchkey::core {
namespace {

constexpr auto kAttributes = std::to_array<Attribute>({
    Attr<Component, &Component::fingerprint>("fingerprint").Required().Create(kEveryBearer),
    Attr<Component, &Component::name>("name").Required().Write(kEveryBearer),
    Attr<Component, &Component::metadata>("metadata")
        .BlankAllowed()
        .Create(kEveryBearer)
        .Update(kStaffUpdate),
    Attr<Component, &Component::policy_id>("policy_id").Hidden(),
});

constexpr auto kRelationships = std::to_array<Relationship>({
    AccountOf<Component>(),
    EnvironmentOf<Component>(),
    ToOne<Component, &Component::product_id>("product", "products", "product_id"),
    ToOne<Component, &Component::license_id>("license", "licenses", "license_id"),
    ToOne<Component, &Component::machine_id>("machine", "machines", "machine_id")
        .Required()
        .Create(kEveryBearer),
});

constexpr Resource kResource{"components", "component", "machine component",
                             "components", kAttributes, kRelationships,
                             false,        true};

}  // namespace

template <>
const Resource& ResourceOf<Component>() {
  return kResource;
}

}  // namespace latchkey::core
