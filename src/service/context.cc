#include "service/context.h"

namespace latchkey::service {

namespace {

Result<void> Append(const Context& context, std::string_view kind, std::string_view resource_type,
                    const Uuid& resource_id, std::vector<Uuid> stale_licenses, bool stale_account,
                    std::string payload) {
  store::Event event;
  event.id = Uuid::V7(context.now, context.random);
  event.account_id = context.account_id();
  event.kind = kind;
  event.is_public = true;
  event.resource_type = resource_type;
  event.resource_id = resource_id;
  event.stale_licenses = std::move(stale_licenses);
  event.stale_account = stale_account;
  event.payload = std::move(payload);
  event.created = context.now;
  LK_TRY(store::Append(context.session, context.vault, event));
  return {};
}

}  // namespace

Result<void> Emit(const Context& context, std::string_view kind, std::string_view resource_type,
                  const Uuid& resource_id, std::vector<Uuid> licenses, std::string payload) {
  return Append(context, kind, resource_type, resource_id, std::move(licenses), false,
                std::move(payload));
}

Result<void> EmitForAll(const Context& context, std::string_view kind,
                        std::string_view resource_type, const Uuid& resource_id) {
  return Append(context, kind, resource_type, resource_id, {}, true, {});
}

void Stamp(const Context& context, core::Record& record) {
  if (record.id.is_nil()) record.id = Uuid::V4(context.random);
  record.account_id = context.account_id();
  record.created = context.now;
  record.updated = context.now;
}

Error Broken(Violation violation) { return Broken(std::vector<Violation>{std::move(violation)}); }

Error Broken(std::vector<Violation> violations) {
  Error error{Errc::kInvalid};
  error.violations = std::move(violations);
  return error;
}

}  // namespace latchkey::service
