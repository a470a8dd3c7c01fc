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

// Second factors have no address of their own: they are below their user.
constexpr Relationship Holder() {
  auto user = ToOne<SecondFactor, &SecondFactor::user_id>("user", "users", "user_id");
  user.own_link = false;
  return user;
}

constexpr auto kRelationships = std::to_array<Relationship>({
    AccountOf<SecondFactor>(),
    EnvironmentOf<SecondFactor>(),
    Holder(),
});

constexpr Resource kResource{"second-factors", "second-factor", "second factor",
                             "second_factors", kAttributes,     kRelationships};

}  // namespace

template <>
const Resource& ResourceOf<SecondFactor>() {
  return kResource;
}

}  // namespace latchkey::core
