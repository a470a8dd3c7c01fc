#include "core/product.h"

namespace latchkey::core {
namespace {

// licenses.md §2.1. Schemas come before authorization: what is not gated is open to every bearer.
constexpr auto kProductAttributes = std::to_array<Attribute>({
    Attr<Product, &Product::name>("name").Required().Write(kEveryBearer),
    Attr<Product, &Product::code>("code").NotNull().Write(kEveryBearer),
    Attr<Product, &Product::distribution_strategy>("distribution_strategy")
        .NullOnUpdateOnly()
        .Write(kEveryBearer),
    Attr<Product, &Product::url>("url").NullOnUpdateOnly().Write(kEveryBearer),
    Attr<Product, &Product::platforms>("platforms").BlankAllowed().Write(kEveryBearer),
    Attr<Product, &Product::permissions>("permissions").BlankAllowed().Write(kW3),
    Attr<Product, &Product::metadata>("metadata").BlankAllowed().Write(kEveryBearer),
});

constexpr auto kProductRelationships = std::to_array<Relationship>({
    AccountOf<Product>(),
    EnvironmentOf<Product>(),
    Link("policies", "policies"),
    Link("licenses", "licenses"),
    Link("machines", "machines"),
    Link("users", "users"),
    Link("tokens", "tokens"),
    Link("platforms", "platforms"),
    Link("channels", "channels"),
    Link("releases", "releases"),
    Link("artifacts", "artifacts"),
});

constexpr Resource kProductResource{
    "products", "product", "product", "products", kProductAttributes, kProductRelationships, true};

// licenses.md §3.
constexpr auto kEntitlementAttributes = std::to_array<Attribute>({
    Attr<Entitlement, &Entitlement::name>("name").Required().Write(kEveryBearer),
    Attr<Entitlement, &Entitlement::code>("code").Required().Write(kEveryBearer),
    Attr<Entitlement, &Entitlement::metadata>("metadata").BlankAllowed().Write(kEveryBearer),
});

constexpr auto kEntitlementRelationships = std::to_array<Relationship>({
    AccountOf<Entitlement>(),
    EnvironmentOf<Entitlement>(),
});

constexpr Resource kEntitlementResource{"entitlements",         "entitlement",
                                        "entitlement",          "entitlements",
                                        kEntitlementAttributes, kEntitlementRelationships};

}  // namespace

template <>
const Resource& ResourceOf<Product>() {
  return kProductResource;
}

template <>
const Resource& ResourceOf<Entitlement>() {
  return kEntitlementResource;
}

}  // namespace latchkey::core
