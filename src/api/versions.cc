#include "api/versions.h"

#include <algorithm>

#include "core/license.h"
#include "core/naming.h"

namespace latchkey::api {
namespace {

// Versions compare as text: one digit after the point.
bool UpTo(const Call& call, std::string_view step) { return call.version <= step; }

struct Renamed {
  std::string_view step;  // the last version that has the old name
  std::string_view type;
  std::string_view now, then;  // snake_case
};
constexpr Renamed kAttributes[] = {
    {"1.6", "policies", "process_leasing_strategy", "leasing_strategy"},
    {"1.3", "policies", "machine_uniqueness_strategy", "fingerprint_uniqueness_strategy"},
    {"1.3", "policies", "machine_matching_strategy", "fingerprint_matching_strategy"},
};

json::object* ObjectIn(json::value* value, std::string_view name) {
  json::object* const object = value ? value->if_object() : nullptr;
  json::value* const member = object ? object->if_contains(name) : nullptr;
  return member ? member->if_object() : nullptr;
}
json::object* ObjectIn(json::object& object, std::string_view name) {
  json::value* const member = object.if_contains(name);
  return member ? member->if_object() : nullptr;
}
std::string_view TextIn(const json::object& object, std::string_view name) {
  const json::value* const member = object.if_contains(name);
  return member && member->is_string() ? std::string_view(member->get_string())
                                       : std::string_view();
}

// The member keeps its place.
void Rename(json::object& object, std::string_view from, std::string_view to) {
  if (!object.contains(from)) return;
  json::object renamed;
  renamed.reserve(object.size());
  for (auto& member : object)
    renamed.emplace(member.key() == from ? to : std::string_view(member.key()),
                    std::move(member.value()));
  object = std::move(renamed);
}

// ---- requests

// A policy's attributes at the version's own names; a new name that was sent as well wins.
void UpgradePolicy(const Call& call, json::object& attributes) {
  for (const Renamed& row : kAttributes) {
    if (!UpTo(call, row.step)) continue;
    if (attributes.contains(row.now))
      attributes.erase(row.then);
    else
      Rename(attributes, row.then, row.now);
  }
  if (UpTo(call, "1.1")) {
    if (const json::value* const concurrent = attributes.if_contains("concurrent");
        concurrent && concurrent->is_bool()) {
      if (!attributes.contains("overage_strategy"))
        attributes.emplace("overage_strategy",
                           concurrent->get_bool() ? "ALWAYS_ALLOW_OVERAGE" : "NO_OVERAGE");
      attributes.erase("concurrent");
    }
  }
}

// Defaults of new policies that were others then (decision 26).
void AddOldDefaults(const Call& call, json::object& attributes) {
  if (UpTo(call, "1.2") && !attributes.contains("heartbeat_basis"))
    attributes.emplace("heartbeat_basis", "FROM_FIRST_PING");
  if (UpTo(call, "1.1") && !attributes.contains("overage_strategy"))
    attributes.emplace("overage_strategy", "ALWAYS_ALLOW_OVERAGE");
}

// ---- documents

void DowngradePolicy(const Call& call, json::object& attributes) {
  if (UpTo(call, "1.1")) {
    const std::string_view strategy = TextIn(attributes, "overageStrategy");
    attributes.emplace("concurrent", strategy != "NO_OVERAGE");
  }
  for (const Renamed& row : kAttributes)
    if (UpTo(call, row.step)) Rename(attributes, core::ToCamel(row.now), core::ToCamel(row.then));
}

// `owner` becomes `user`: the same user for licenses, the license's owner for machines.
void OwnerToUser(json::object& resource) {
  json::object* const relationships = ObjectIn(resource, "relationships");
  json::object* const owner = relationships ? ObjectIn(*relationships, "owner") : nullptr;
  json::object* const links = ObjectIn(resource, "links");
  if (!owner || !links) return;
  if (json::object* const own = ObjectIn(*owner, "links"))
    (*own)["related"] = std::string(TextIn(*links, "self")) + "/user";
  Rename(*relationships, "owner", "user");
}

Result<json::value> LinkageToOwnerOf(const Call& call, std::string_view license_id) {
  const auto id = Uuid::Parse(license_id);
  if (!id || !call.session) return json::value(nullptr);
  LK_ASSIGN(const auto license, service::Find<core::License>(call.context(), *id));
  if (!license || !license->owner_id) return json::value(nullptr);
  return json::value(json::object{{"type", "users"}, {"id", license->owner_id->ToString()}});
}

Result<void> DowngradeMachine(const Call& call, json::object& resource) {
  json::object* const relationships = ObjectIn(resource, "relationships");
  if (!relationships) return {};
  std::string license_id;
  if (json::object* const license = ObjectIn(*relationships, "license"))
    if (const json::object* const data = ObjectIn(*license, "data"))
      license_id = TextIn(*data, "id");
  LK_ASSIGN(json::value linkage, LinkageToOwnerOf(call, license_id));
  if (json::object* const owner = ObjectIn(*relationships, "owner"))
    (*owner)["data"] = std::move(linkage);
  OwnerToUser(resource);
  return {};
}

Result<void> DowngradeResource(const Call& call, json::value& value) {
  json::object* const resource = value.if_object();
  if (!resource) return {};
  const std::string_view type = TextIn(*resource, "type");
  json::object* const attributes = ObjectIn(*resource, "attributes");
  if (type == "policies" && attributes) DowngradePolicy(call, *attributes);
  if (UpTo(call, "1.5") && type == "licenses") OwnerToUser(*resource);
  if (UpTo(call, "1.5") && type == "machines") LK_TRY(DowngradeMachine(call, *resource));
  const bool activation =
      call.route && call.route->method == "POST" && call.route->pattern == "/machines";
  if (UpTo(call, "1.2") && activation && type == "machines" && attributes &&
      TextIn(*attributes, "heartbeatStatus") == "ALIVE") {
    (*attributes)["heartbeatStatus"] = "NOT_STARTED";
    (*attributes)["lastHeartbeat"] = nullptr;
  }
  return {};
}

Result<void> DowngradeResources(const Call& call, json::value* value) {
  if (!value) return {};
  if (json::array* const list = value->if_array()) {
    for (json::value& item : *list) LK_TRY(DowngradeResource(call, item));
    return {};
  }
  return DowngradeResource(call, *value);
}

// 1.1: only two codes of a validation are valid, and the code is called `constant`.
void DowngradeVerdict(json::object& meta) {
  if (!meta.contains("valid") || !meta.contains("code")) return;
  const std::string_view code = TextIn(meta, "code");
  if (code != "VALID" && code != "EXPIRED") meta["valid"] = false;
  Rename(meta, "code", "constant");
}

}  // namespace

bool NeedsMigration(const Call& call) { return UpTo(call, "1.6"); }

void MigrateRequest(const Call& call, json::value& body) {
  if (!NeedsMigration(call) || !call.route || !call.route->schema) return;
  const Schema& schema = *call.route->schema;
  if (schema.resource != &core::ResourceOf<core::Policy>()) return;
  json::object* const data = ObjectIn(&body, "data");
  if (!data) return;
  const bool create = schema.form == Schema::Form::kCreate;
  if (create && !data->contains("attributes")) data->emplace("attributes", json::object());
  json::object* const attributes = ObjectIn(*data, "attributes");
  if (!attributes) return;
  UpgradePolicy(call, *attributes);
  if (create) AddOldDefaults(call, *attributes);
}

Result<std::string> MigrateDocument(const Call& call, std::string document) {
  if (!NeedsMigration(call) || document.empty()) return document;
  LK_ASSIGN(json::value tree, base::ParseJson(document));
  json::object* const top = tree.if_object();
  if (!top) return document;
  LK_TRY(DowngradeResources(call, top->if_contains("data")));
  LK_TRY(DowngradeResources(call, top->if_contains("included")));
  if (UpTo(call, "1.1"))
    if (json::object* const meta = ObjectIn(*top, "meta")) DowngradeVerdict(*meta);
  base::JsonWriter out;
  out.Tree(tree);
  return out.Take();
}

void MigrateError(const Call& call, Error& error) {
  // 1.7: POST /tokens tells less about what was wrong with e-mail and password.
  if (UpTo(call, "1.7") && call.route && call.route->password) {
    switch (error.code) {
      case Errc::kEmailRequired:
      case Errc::kEmailInvalid:
      case Errc::kPasswordRequired:
      case Errc::kPasswordInvalid:
      case Errc::kPasswordNotSupported:
        error = Error{Errc::kCredentialsInvalid};
        break;
      default:
        break;
    }
  }
  // 1.5: an owner that is not there was a user.
  if (UpTo(call, "1.5") && call.route && call.route->topic == "licenses")
    for (Violation& violation : error.violations)
      if (violation.kind == Violation::Kind::kRelationship && violation.path == "owner" &&
          violation.rule == "NOT_FOUND")
        violation.path = "user";
}

std::string MigratedHeader(const Call& call, std::string_view name) {
  const bool renamed =
      name == "Keygen-Account" || name == "Keygen-Bearer" || name == "Keygen-Token";
  return std::string(name) + (renamed && UpTo(call, "1.3") ? "-Id" : "");
}

}  // namespace latchkey::api
