// Entitlements (licenses.md §3).
#include "api/resources/common.h"
#include "api/resources/routes.h"
#include "service/products.h"

namespace latchkey::api {
namespace {

using core::Entitlement;

const Schema& CreateSchema() {
  static const Schema schema{.form = Schema::Form::kCreate,
                             .resource = &core::ResourceOf<Entitlement>()};
  return schema;
}
const Schema& UpdateSchema() {
  static const Schema schema{.form = Schema::Form::kUpdate,
                             .resource = &core::ResourceOf<Entitlement>()};
  return schema;
}

Result<Reply> List(Call& call) { return ListPlain<Entitlement>(call, VisibleEntitlements(call)); }
Result<Reply> Show(Call& call) {
  return DocumentReply(call, RecordView<Entitlement>(*call.entitlement));
}

Result<Reply> Create(Call& call) {
  Entitlement record;
  LK_TRY(Strict(Apply(call.document, core::ResourceOf<Entitlement>(), &record)));
  LK_ASSIGN(const Entitlement created,
            service::CreateEntitlement(call.context(), std::move(record)));
  return CreatedReply(call, RecordView<Entitlement>(created));
}

Result<Reply> Update(Call& call) {
  LK_TRY(Strict(Apply(call.document, core::ResourceOf<Entitlement>(), &*call.entitlement)));
  LK_TRY(service::UpdateEntitlement(call.context(), *call.entitlement));
  return Show(call);
}

Result<Reply> Delete(Call& call) {
  LK_TRY(service::DeleteEntitlement(call.context(), *call.entitlement));
  return EmptyReply();
}

constexpr Rule kRead{.permission = "entitlement.read",
                     .staff = core::kRD,
                     .product = ProductRule::kAll,
                     .user = UserRule::kVisible,
                     .license = LicenseRule::kVisible};
constexpr Rule Write(std::string_view permission) {
  return {.permission = permission, .staff = core::kW3};
}

const Route kRoutes[] = {
    {.method = "GET",
     .pattern = "/entitlements",
     .handle = List,
     .rule = kRead,
     .topic = "entitlements"},
    {.method = "POST",
     .pattern = "/entitlements",
     .handle = Create,
     .lane = Lane::kWrite,
     .rule = Write("entitlement.create"),
     .schema = &CreateSchema(),
     .order = Order::kSchemaFirst,
     .topic = "entitlements"},
    {.method = "GET",
     .pattern = "/entitlements/{entitlement}",
     .handle = Show,
     .rule = kRead,
     .topic = "entitlements"},
    {.method = "PATCH",
     .pattern = "/entitlements/{entitlement}",
     .handle = Update,
     .lane = Lane::kWrite,
     .rule = Write("entitlement.update"),
     .schema = &UpdateSchema(),
     .topic = "entitlements"},
    {.method = "PUT",
     .pattern = "/entitlements/{entitlement}",
     .handle = Update,
     .lane = Lane::kWrite,
     .rule = Write("entitlement.update"),
     .schema = &UpdateSchema(),
     .topic = "entitlements"},
    {.method = "DELETE",
     .pattern = "/entitlements/{entitlement}",
     .handle = Delete,
     .lane = Lane::kWrite,
     .rule = Write("entitlement.delete"),
     .topic = "entitlements"},
};

}  // namespace

std::span<const Route> EntitlementRoutes() { return kRoutes; }

}  // namespace latchkey::api
