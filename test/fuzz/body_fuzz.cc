#include "api/schema.h"
#include "core/license.h"
#include "core/machine.h"
#include "core/naming.h"
#include "core/policy.h"
#include "core/rules.h"
#include "fuzz.h"

namespace {

using namespace latchkey;

// What a body says of a record is what the record says afterwards.
template <class T>
void Check(const json::value& body, api::Schema::Form form, core::Role role) {
  const api::Schema schema{
      .form = form, .resource = &core::ResourceOf<T>(), .id_roles = core::kEveryBearer};
  const auto document = api::CheckBody(schema, body, role);
  if (!document) {
    FUZZ_ASSERT(document.error().code == Errc::kParameterInvalid ||
                document.error().code == Errc::kNullByte);
    return;
  }
  T record;
  const auto violations = api::Apply(*document, core::ResourceOf<T>(), &record);
  for (const auto& [attribute, value] : document->attributes) {
    if (!attribute->get || attribute->kind == core::Kind::kEnum) continue;
    FUZZ_ASSERT(attribute->get(&record) == value);
  }
  for (const Violation& violation : violations)
    FUZZ_ASSERT(!core::DeriveCode(violation).code.empty());
}

}  // namespace

// Relation: a request body either breaks its schema with one error, or every attribute it sent can
// be read back from the record it was applied to.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto parsed = base::ParseJson(fuzz::TextOf(data, size));
  if (!parsed) return 0;
  const auto body = core::NormaliseKeys(*parsed);
  if (!body) return 0;
  for (const core::Role role : {core::Role::kAdmin, core::Role::kProduct, core::Role::kLicense}) {
    Check<core::Policy>(*body, api::Schema::Form::kCreate, role);
    Check<core::Policy>(*body, api::Schema::Form::kUpdate, role);
    Check<core::License>(*body, api::Schema::Form::kCreate, role);
    Check<core::Machine>(*body, api::Schema::Form::kCreate, role);
  }
  return 0;
}
