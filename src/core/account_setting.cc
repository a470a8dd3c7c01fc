#include "core/account_setting.h"

namespace latchkey::core {
namespace {

// Whatever is sent as `value` is judged by the service: a wrong one is 422, not 400.
constexpr auto kAttributes = std::to_array<Attribute>({
    Attr<AccountSetting, &AccountSetting::key>("key").Required().Create(kEveryBearer),
    Attr<AccountSetting, &AccountSetting::value>("value").BlankAllowed(),
});

constexpr auto kRelationships = std::to_array<Relationship>({AccountOf<AccountSetting>()});

constexpr Resource kResource{"settings",         "setting",   "setting",
                             "account_settings", kAttributes, kRelationships};

}  // namespace

template <>
const Resource& ResourceOf<AccountSetting>() {
  return kResource;
}

}  // namespace latchkey::core
