// Products (licenses.md §2).
#include "service/products.h"
#include "api/filters.h"
#include "api/resources/common.h"
#include "api/resources/routes.h"
#include "api/resources/token_body.h"
#include "service/tokens.h"

namespace latchkey::api {
namespace {

using core::Product;

const Schema& CreateSchema() {
  static const Schema schema{.form = Schema::Form::kCreate,
                             .resource = &core::ResourceOf<Product>()};
  return schema;
}
const Schema& UpdateSchema() {
  static const Schema schema{.form = Schema::Form::kUpdate,
                             .resource = &core::ResourceOf<Product>()};
  return schema;
}
const Schema& TokenSchema() {
  static const Schema schema{.form = Schema::Form::kCreate,
                             .resource = &core::ResourceOf<core::Token>(),
                             .data_optional = true,
                             .attributes = NestedTokenAttributes()};
  return schema;
}

Result<Reply> List(Call& call) { return ListPlain<Product>(call, VisibleProducts(call)); }
Result<Reply> Show(Call& call) { return DocumentReply(call, RecordView<Product>(*call.product)); }

Result<Reply> Create(Call& call) {
  Product record;
  record.permissions = core::DefaultPermissions(core::Role::kProduct);
  LK_TRY(Strict(Apply(call.document, core::ResourceOf<Product>(), &record)));
  SortNames(record.permissions);
  LK_ASSIGN(const Product created, service::CreateProduct(call.context(), std::move(record)));
  return CreatedReply(call, RecordView<Product>(created));
}

Result<Reply> Update(Call& call) {
  LK_TRY(Strict(Apply(call.document, core::ResourceOf<Product>(), &*call.product)));
  SortNames(call.product->permissions);
  LK_TRY(service::UpdateProduct(call.context(), *call.product));
  return Show(call);
}

Result<Reply> Delete(Call& call) {
  LK_TRY(service::DeleteProduct(call.context(), *call.product));
  return EmptyReply();
}

Result<Reply> ListPolicies(Call& call) {
  store::Where where = VisiblePolicies(call);
  where.And("policies.product_id = ?", call.product->id);
  return ListPlain<core::Policy>(call, where);
}
Result<Reply> ShowPolicy(Call& call) {
  return DocumentReply(call, RecordView<core::Policy>(*call.policy));
}

Result<Reply> ListProductLicenses(Call& call) {
  store::Where where = VisibleLicenses(call);
  where.And("licenses.product_id = ?", call.product->id);
  constexpr std::string_view kFilters[] = {"policy", "user", "suspended"};
  const store::Where filters = LicenseFilters(call, kFilters);
  where.And(filters);
  return ListLicenses(call, where);
}
Result<Reply> ShowLicense(Call& call) { return LicenseReply(call, *call.license); }

Result<Reply> ListProductMachines(Call& call) {
  store::Where where = VisibleMachines(call);
  where.And("machines.product_id = ?", call.product->id);
  constexpr std::string_view kFilters[] = {"fingerprint", "license", "user"};
  LK_ASSIGN(const store::Where filters, MachineFilters(call, kFilters));
  where.And(filters);
  return ListMachines(call, where);
}
Result<Reply> ShowMachine(Call& call) { return MachineReply(call, *call.machine); }

Result<Reply> ListProductUsers(Call& call) {
  store::Where where = VisibleUsers(call);
  where.And(UsersOf(*call.product));
  return ListUsers(call, where);
}
Result<Reply> ShowUser(Call& call) {
  LK_ASSIGN(const UserView view, UserView::Of(call, *call.user));
  return DocumentReply(call, view);
}

Result<Reply> ListProductTokens(Call& call) {
  store::Where where = VisibleTokens(call);
  where.And("tokens.bearer_type = 'products' AND tokens.bearer_id = ?", call.product->id);
  return ListTokens(call, where);
}
Result<Reply> ShowToken(Call& call) { return TokenReply(call, *call.token); }
Result<Reply> CreateToken(Call& call) {
  LK_ASSIGN(const service::IssuedToken issued,
            service::GenerateProductToken(call.context(), call.product->id,
                                          call.product->permissions, TokenDraft(call.document)));
  return TokenReply(call, issued.token, issued.raw);
}

constexpr Rule ReadBelow(std::string_view permission) {
  return {.permission = permission, .staff = core::kRD, .product = ProductRule::kOwn};
}
constexpr Rule kListRule{.permission = "product.read",
                         .staff = core::kRD,
                         .user = UserRule::kVisible,
                         .license = LicenseRule::kVisible};
constexpr Rule kShowRule{.permission = "product.read",
                         .staff = core::kRD,
                         .product = ProductRule::kOwn,
                         .user = UserRule::kVisible,
                         .license = LicenseRule::kVisible};
constexpr Rule kCreateRule{.permission = "product.create", .staff = core::kW3};
constexpr Rule kUpdateRule{
    .permission = "product.update", .staff = core::kW3, .product = ProductRule::kOwn};
constexpr Rule kDeleteRule{.permission = "product.delete", .staff = core::kW3};
constexpr Rule kTokenRule{.permission = "product.tokens.generate", .staff = core::kW3};

// Tokens below a product are looked at as the product's, whatever the path's last record is.
Result<Target> ProductTarget(Call& call) { return TargetOf(*call.product); }

const Route kRoutes[] = {
    {.method = "GET",
     .pattern = "/products",
     .handle = List,
     .rule = kListRule,
     .topic = "products"},
    {.method = "POST",
     .pattern = "/products",
     .handle = Create,
     .lane = Lane::kWrite,
     .rule = kCreateRule,
     .schema = &CreateSchema(),
     .order = Order::kSchemaFirst,
     .topic = "products"},
    {.method = "GET",
     .pattern = "/products/{product}",
     .handle = Show,
     .rule = kShowRule,
     .topic = "products"},
    {.method = "PATCH",
     .pattern = "/products/{product}",
     .handle = Update,
     .lane = Lane::kWrite,
     .rule = kUpdateRule,
     .schema = &UpdateSchema(),
     .topic = "products"},
    {.method = "PUT",
     .pattern = "/products/{product}",
     .handle = Update,
     .lane = Lane::kWrite,
     .rule = kUpdateRule,
     .schema = &UpdateSchema(),
     .topic = "products"},
    {.method = "DELETE",
     .pattern = "/products/{product}",
     .handle = Delete,
     .lane = Lane::kWrite,
     .rule = kDeleteRule,
     .topic = "products"},
    {.method = "GET",
     .pattern = "/products/{product}/policies",
     .handle = ListPolicies,
     .rule = ReadBelow("policy.read"),
     .topic = "policies"},
    {.method = "GET",
     .pattern = "/products/{product}/policies/{policy}",
     .handle = ShowPolicy,
     .rule = ReadBelow("policy.read"),
     .topic = "policies",
     .target = ProductTarget},
    {.method = "GET",
     .pattern = "/products/{product}/licenses",
     .handle = ListProductLicenses,
     .rule = ReadBelow("license.read"),
     .topic = "licenses"},
    {.method = "GET",
     .pattern = "/products/{product}/licenses/{license}",
     .handle = ShowLicense,
     .rule = ReadBelow("license.read"),
     .topic = "licenses",
     .target = ProductTarget},
    {.method = "GET",
     .pattern = "/products/{product}/machines",
     .handle = ListProductMachines,
     .rule = ReadBelow("machine.read"),
     .topic = "machines"},
    {.method = "GET",
     .pattern = "/products/{product}/machines/{machine}",
     .handle = ShowMachine,
     .rule = ReadBelow("machine.read"),
     .topic = "machines",
     .target = ProductTarget},
    {.method = "GET",
     .pattern = "/products/{product}/users",
     .handle = ListProductUsers,
     .rule = ReadBelow("user.read"),
     .topic = "users"},
    {.method = "GET",
     .pattern = "/products/{product}/users/{user}",
     .handle = ShowUser,
     .rule = ReadBelow("user.read"),
     .topic = "users",
     .target = ProductTarget},
    {.method = "GET",
     .pattern = "/products/{product}/tokens",
     .handle = ListProductTokens,
     .rule = ReadBelow("token.read"),
     .topic = "tokens"},
    {.method = "GET",
     .pattern = "/products/{product}/tokens/{token}",
     .handle = ShowToken,
     .rule = ReadBelow("token.read"),
     .topic = "tokens",
     .target = ProductTarget},
    {.method = "POST",
     .pattern = "/products/{product}/tokens",
     .handle = CreateToken,
     .lane = Lane::kWrite,
     .rule = kTokenRule,
     .schema = &TokenSchema(),
     .order = Order::kSchemaFirst,
     .topic = "tokens"},
};

}  // namespace

std::span<const Route> ProductRoutes() { return kRoutes; }

}  // namespace latchkey::api
