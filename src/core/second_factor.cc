#include "core/second_factor.h"

namespace latchkey::core {
namespace {

// The view shows `uri` and `secret` only while not enabled.
constexpr auto kAttributes = std::to_array<Attribute>({
    Computed("uri", Kind::kString),
    Attr<SecondFactor, &SecondFactor::secret>("secret").Stored(Storage::kSealed).Viewed(),
    Attr<SecondFactor, &SecondFactor::enabled>("enabled").Required().Update(kEveryBearer),
    Attr<SecondFactor, &SecondFactor::last_step>("last_step").Hidden(),
});

constexpr auto kRelationships = std::to_array<Relationship>({
    AccountOf<SecondFactor>(),
    EnvironmentOf<SecondFactor>(),
    ToOne<SecondFactor, &SecondFactor::user_id>("user", "users", "user_id"),
});

constexpr Resource kResource{"second-factors", "second-factor", "second factor",
                             "second_factors", kAttributes,     kRelationships};

}  // namespace

template <>
const Resource& ResourceOf<SecondFactor>() {
  return kResource;
}

}  // namespace latchkey::core
