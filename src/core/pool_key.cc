#include "core/pool_key.h"

namespace latchkey::core {
namespace {

constexpr auto kAttributes = std::to_array<Attribute>({
    Attr<PoolKey, &PoolKey::key>("key")
        .Stored(Storage::kSealedIndexed)
        .Required()
        .Write(kEveryBearer),
});

constexpr auto kRelationships = std::to_array<Relationship>({
    AccountOf<PoolKey>(),
    EnvironmentOf<PoolKey>(),
    ToOne<PoolKey, &PoolKey::product_id>("product", "products", "product_id"),
    ToOne<PoolKey, &PoolKey::policy_id>("policy", "policies", "policy_id")
        .Required()
        .Create(kEveryBearer),
});

constexpr Resource kResource{"keys", "key", "key", "pool_keys", kAttributes, kRelationships};

}  // namespace

template <>
const Resource& ResourceOf<PoolKey>() {
  return kResource;
}

}  // namespace latchkey::core
