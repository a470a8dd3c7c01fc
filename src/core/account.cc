#include "core/account.h"

namespace latchkey::core {
namespace {

// conventions.md §2.
constexpr auto kVersions = std::to_array<std::string_view>(
    {"1.0", "1.1", "1.2", "1.3", "1.4", "1.5", "1.6", "1.7", "1.8"});

// conventions.md §9.5.
constexpr auto kAttributes = std::to_array<Attribute>({
    Attr<Account, &Account::name>("name").Update(kW4),
    Attr<Account, &Account::slug>("slug").Update(kW4),
    Attr<Account, &Account::api_version>("api_version").OneOf(kVersions).Update(kW4),
    Attr<Account, &Account::status>("status"),
    Attr<Account, &Account::protected_>("protected").Update(kW4),
    Attr<Account, &Account::cname>("cname").Hidden(),
    Attr<Account, &Account::domain>("domain").Hidden(),
});

constexpr auto kRelationships = std::to_array<Relationship>({
    Link("settings", "settings"),
    Link("webhook_endpoints", "webhook-endpoints"),
    Link("webhook_events", "webhook-events"),
    Link("products", "products"),
    Link("platforms", "platforms"),
    Link("arches", "arches"),
    Link("channels", "channels"),
    Link("releases", "releases"),
    Link("artifacts", "artifacts"),
    Link("policies", "policies"),
    Link("users", "users"),
    Link("keys", "keys"),
    Link("licenses", "licenses"),
    Link("machines", "machines"),
    Link("components", "components"),
    Link("processes", "processes"),
    Link("tokens", "tokens"),
});

constexpr Resource kResource{"accounts", "account",   "account",
                             "accounts", kAttributes, kRelationships};

}  // namespace

template <>
const Resource& ResourceOf<Account>() {
  return kResource;
}

}  // namespace latchkey::core
