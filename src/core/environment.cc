#include "core/environment.h"

namespace latchkey::core {
namespace {

constexpr auto kAttributes = std::to_array<Attribute>({
    Attr<Environment, &Environment::name>("name").Required().Write(kEveryBearer),
    Attr<Environment, &Environment::code>("code").Required().Write(kEveryBearer),
    Attr<Environment, &Environment::isolation_strategy>("isolation_strategy").Create(kEveryBearer),
    Attr<Environment, &Environment::permissions>("permissions").Hidden(),
});

constexpr auto kRelationships = std::to_array<Relationship>({AccountOf<Environment>()});

constexpr Resource kResource{"environments", "environment", "environment",
                             "environments", kAttributes,   kRelationships};

}  // namespace

template <>
const Resource& ResourceOf<Environment>() {
  return kResource;
}

}  // namespace latchkey::core
