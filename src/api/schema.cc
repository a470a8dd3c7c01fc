#include "api/schema.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/naming.h"
#include "core/rules.h"

namespace latchkey::api {
namespace {

using core::Attribute;
using core::Kind;
using core::Role;
using core::Value;

Error Wrong(std::string_view pointer, std::string detail) {
  return Error{Errc::kParameterInvalid, std::move(detail), core::CamelPointer(pointer)};
}

std::string_view TypeName(const json::value& value) {
  switch (value.kind()) {
    case json::kind::null:
      return "null";
    case json::kind::bool_:
      return "boolean";
    case json::kind::int64:
    case json::kind::uint64:
      return "integer";
    case json::kind::double_:
      return "float";
    case json::kind::string:
      return "string";
    case json::kind::array:
      return "array";
    case json::kind::object:
      return "object";
  }
  return "null";
}

Error Mismatch(std::string_view pointer, std::string_view received, std::string_view expected) {
  return Wrong(pointer, "type mismatch (received " + std::string(received) + " expected " +
                            std::string(expected) + ")");
}

bool Blank(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\v';
  });
}

std::string Child(std::string_view pointer, std::string_view name) {
  return std::string(pointer) + "/" + std::string(name);
}

Result<void> CheckText(std::string_view pointer, std::string_view text, bool blank_allowed) {
  if (text.find('\0') != std::string_view::npos) return Errc::kNullByte;
  if (!blank_allowed && Blank(text)) return Wrong(pointer, "cannot be blank");
  return {};
}

// Containers may sit at most two levels below the metadata object (conventions.md §1.8 rule 3).
Result<void> CheckMetadataDepth(const std::string& pointer, const json::value& value, int depth) {
  const auto visit = [&](const std::string& at, const json::value& item) -> Result<void> {
    if (const auto* text = item.if_string())
      if (text->find('\0') != json::string::npos) return Errc::kNullByte;
    if (!item.is_object() && !item.is_array()) return {};
    if (depth + 1 > 2) return Wrong(at, "maximum depth of 2 exceeded");
    return CheckMetadataDepth(at, item, depth + 1);
  };
  if (const auto* object = value.if_object()) {
    for (const auto& [name, item] : *object) LK_TRY(visit(Child(pointer, name), item));
  } else if (const auto* array = value.if_array()) {
    for (std::size_t i = 0; i < array->size(); ++i)
      LK_TRY(visit(Child(pointer, std::to_string(i)), (*array)[i]));
  }
  return {};
}

Result<Value> Integer(const std::string& pointer, const json::value& value) {
  if (const auto* number = value.if_int64()) return Value(*number);
  if (const auto* number = value.if_double()) {
    // Integers beyond int64 arrive as doubles: out of any storage range.
    if (std::trunc(*number) == *number && std::abs(*number) >= 9.2e18)
      return Error{Errc::kParameterInvalid, "integer is too large"};
    return Mismatch(pointer, "float", "integer");
  }
  return Mismatch(pointer, TypeName(value), "integer");
}

Result<Value> Time(const std::string& pointer, const json::value& value) {
  if (const auto* number = value.if_int64()) {
    if (const auto time = base::ParseTime(std::to_string(*number))) return Value(*time);
    return Wrong(pointer, "failed to coerce integer to time");
  }
  const auto* text = value.if_string();
  if (!text) return Mismatch(pointer, TypeName(value), "time");
  if (Blank(*text)) return Value{};  // a blank time is null (conventions.md §1.7)
  if (const auto time = base::ParseTime(*text)) return Value(*time);
  return Wrong(pointer, "failed to coerce string to time");
}

// One attribute's value; `value` is not null.
Result<Value> Convert(const std::string& pointer, const Attribute& attribute,
                      const json::value& value) {
  switch (attribute.kind) {
    case Kind::kString:
    case Kind::kEnum: {
      const auto* text = value.if_string();
      if (!text) return Mismatch(pointer, TypeName(value), "string");
      LK_TRY(CheckText(pointer, *text, attribute.blank_allowed));
      if (attribute.kind == Kind::kString && !attribute.names.empty() &&
          std::find(attribute.names.begin(), attribute.names.end(), std::string_view(*text)) ==
              attribute.names.end())
        return Wrong(pointer, "is invalid");
      return Value(std::string(*text));
    }
    case Kind::kInteger:
      return Integer(pointer, value);
    case Kind::kBoolean:
      if (!value.is_bool()) return Mismatch(pointer, TypeName(value), "boolean");
      return Value(value.get_bool());
    case Kind::kTime:
      return Time(pointer, value);
    case Kind::kStrings: {
      const auto* array = value.if_array();
      if (!array) return Mismatch(pointer, TypeName(value), "array");
      for (std::size_t i = 0; i < array->size(); ++i) {
        const std::string at = Child(pointer, std::to_string(i));
        const json::value& item = (*array)[i];
        if (item.is_null()) return Wrong(at, "cannot be null");
        const auto* text = item.if_string();
        if (!text) return Mismatch(at, TypeName(item), "string");
        LK_TRY(CheckText(at, *text, false));
      }
      if (array->empty() && !attribute.blank_allowed) return Wrong(pointer, "cannot be blank");
      return Value(value);
    }
    case Kind::kMetadata:
      if (!value.is_object()) return Mismatch(pointer, TypeName(value), "object");
      LK_TRY(CheckMetadataDepth(pointer, value, 0));
      return Value(value);
    case Kind::kId: {
      const auto* text = value.if_string();
      if (!text) return Mismatch(pointer, TypeName(value), "UUID string");
      const auto id = Uuid::Parse(*text);
      if (!id) return Mismatch(pointer, "string", "UUID string");
      return Value(*id);
    }
    case Kind::kBytes:
      break;  // never on the wire
  }
  return Errc::kInternal;
}

// "policies" → "policy", "processes" → "process", "licenses" → "license".
std::string Singular(std::string plural) {
  if (plural.ends_with("ies")) return plural.substr(0, plural.size() - 3) + "y";
  if (plural.ends_with("sses")) return plural.substr(0, plural.size() - 2);
  return plural.substr(0, plural.size() - 1);
}

// Singular or plural; dashed, camel or snake (conventions.md §1.5 rule 4).
bool TypeMatches(std::string_view sent, std::string_view plural) {
  for (const std::string& dashed : {std::string(plural), Singular(std::string(plural))})
    if (sent == dashed || sent == core::ToSnake(dashed) || sent == core::ToCamel(dashed))
      return true;
  return false;
}

Result<void> CheckType(const std::string& pointer, const json::value* type,
                       std::string_view expected) {
  if (!type) return Wrong(pointer, "is missing");
  if (type->is_null()) return Wrong(pointer, "cannot be null");
  const auto* text = type->if_string();
  if (!text) return Mismatch(pointer, TypeName(*type), "string");
  if (Blank(*text)) return Wrong(pointer, "cannot be blank");
  if (!TypeMatches(*text, expected)) return Wrong(pointer, "is invalid");
  return {};
}

Result<Uuid> CheckId(const std::string& pointer, const json::value* id) {
  if (!id) return Wrong(pointer, "is missing");
  if (id->is_null()) return Wrong(pointer, "cannot be null");
  const auto* text = id->if_string();
  if (!text) return Mismatch(pointer, TypeName(*id), "UUID string");
  if (Blank(*text)) return Wrong(pointer, "cannot be blank");
  const auto parsed = Uuid::Parse(*text);
  if (!parsed) return Mismatch(pointer, "string", "UUID string");
  return *parsed;
}

Result<void> OnlyMembers(const std::string& pointer, const json::object& object,
                         std::initializer_list<std::string_view> allowed) {
  for (const auto& member : object) {
    if (std::find(allowed.begin(), allowed.end(), std::string_view(member.key())) == allowed.end())
      return Wrong(Child(pointer, member.key()), "unpermitted parameter");
  }
  return {};
}

// Members of `{type, id}`; what is no object is found out later.
Result<void> PermittedLinkage(const std::string& pointer, const json::value& data) {
  const auto* object = data.if_object();
  return object ? OnlyMembers(pointer, *object, {"type", "id"}) : Result<void>();
}

Result<Linkage> CheckLinkage(const std::string& pointer, const json::value& data,
                             std::string_view type) {
  const auto* object = data.if_object();
  if (!object) return Mismatch(pointer, TypeName(data), "object");
  LK_TRY(CheckType(pointer + "/type", object->if_contains("type"), type));
  LK_ASSIGN(const Uuid id, CheckId(pointer + "/id", object->if_contains("id")));
  return Linkage{std::string(type), id};
}

class Checker {
 public:
  Checker(const Schema& schema, Role role)
      : schema_(schema), role_(role), create_(schema.form == Schema::Form::kCreate) {
    if (schema.resource) {
      attributes_ = schema.attributes.empty() ? schema.resource->attributes : schema.attributes;
      relationships_ =
          schema.relationships.empty() ? schema.resource->relationships : schema.relationships;
    }
  }

  Result<Document> Check(const json::value& body) {
    json::value wrapped;
    const json::value* root = &body;
    if (body.is_array()) {  // a bare array is accepted as if wrapped (conventions.md §1.5 rule 1)
      wrapped = json::object({{"data", body}});
      root = &wrapped;
    } else if (body.is_null()) {
      wrapped = json::object();
      root = &wrapped;
    }
    const auto* object = root->if_object();
    if (!object) return Mismatch("", TypeName(body), "object");
    const bool carries_data = schema_.form != Schema::Form::kMeta;
    // Unpermitted members first, at every depth, in document order; then roles; then each member's
    // own rules.
    for (const auto& member : *object) {
      const std::string_view name = member.key();
      if (name == "data" && carries_data) {
        LK_TRY(PermittedData(member.value()));
      } else if (name == "meta" && !schema_.meta.empty()) {
        if (const auto* sent = member.value().if_object())
          LK_TRY(PermittedMeta("/meta", *sent, schema_.meta));
      } else {
        return Wrong(Child("", name), "unpermitted parameter");
      }
    }
    const json::value* data = object->if_contains("data");
    const json::value* meta = object->if_contains("meta");

    if (carries_data) LK_TRY(CheckData(data));
    if (!schema_.meta.empty()) LK_TRY(CheckMetaRoot(meta));
    return std::move(document_);
  }

 private:
  const Attribute* Writable(std::string_view name) const {
    const auto it = std::find_if(attributes_.begin(), attributes_.end(),
                                 [&](const Attribute& a) { return a.name == name; });
    if (it == attributes_.end()) return nullptr;
    return (create_ ? it->create : it->update).Has(role_) ? &*it : nullptr;
  }
  const core::Relationship* WritableRelationship(std::string_view name) const {
    if (!create_) return nullptr;
    if (!schema_.alias.first.empty() && name == schema_.alias.first) name = schema_.alias.second;
    const auto it = std::find_if(relationships_.begin(), relationships_.end(),
                                 [&](const auto& r) { return r.name == name; });
    return it != relationships_.end() && it->create.Has(role_) ? &*it : nullptr;
  }

  Result<void> PermittedData(const json::value& data) const {
    if (schema_.form == Schema::Form::kToOne) return PermittedLinkage("/data", data);
    if (schema_.form == Schema::Form::kToMany) {
      const auto* items = data.if_array();
      for (std::size_t i = 0; items && i < items->size(); ++i)
        LK_TRY(PermittedLinkage("/data/" + std::to_string(i), (*items)[i]));
      return {};
    }
    const auto* object = data.if_object();
    return object ? Permitted(*object) : Result<void>();
  }

  Result<void> Permitted(const json::object& data) const {
    for (const auto& [name, value] : data) {
      const std::string pointer = Child("/data", name);
      if (name == "type") continue;
      if (name == "id") {
        if (!create_ || schema_.id_roles.Has(role_)) continue;
        return Wrong(pointer, "unpermitted parameter");
      }
      if (name == "attributes") {
        if (const auto* attributes = value.if_object())
          for (const auto& member : *attributes)
            if (!Writable(member.key()))
              return Wrong(Child(pointer, member.key()), "unpermitted parameter");
        continue;
      }
      const bool any_relationship =
          create_ && std::any_of(relationships_.begin(), relationships_.end(),
                                 [&](const auto& r) { return r.create.Has(role_); });
      if (name == "relationships" && any_relationship) {
        if (const auto* relationships = value.if_object()) {
          for (const auto& [relation, body] : *relationships) {
            if (Embeds(relation)) {
              LK_TRY(PermittedEmbedded(Child(pointer, relation), body));
              continue;
            }
            if (!WritableRelationship(relation))
              return Wrong(Child(pointer, relation), "unpermitted parameter");
            if (const auto* object = body.if_object()) {
              const std::string at = Child(pointer, relation);
              LK_TRY(OnlyMembers(at, *object, {"data"}));
              if (const auto* linkage = object->if_contains("data"))
                LK_TRY(PermittedLinkage(at + "/data", *linkage));
            }
          }
        }
        continue;
      }
      return Wrong(pointer, "unpermitted parameter");
    }
    return {};
  }

  bool Embeds(std::string_view relationship) const {
    return create_ && schema_.embedded && relationship == schema_.embedded_name;
  }

  Result<void> PermittedEmbedded(const std::string& pointer, const json::value& body) const {
    const auto* object = body.if_object();
    if (!object) return {};
    LK_TRY(OnlyMembers(pointer, *object, {"data"}));
    const auto* data = object->if_contains("data");
    const auto* items = data ? data->if_array() : nullptr;
    for (std::size_t i = 0; items && i < items->size(); ++i) {
      const auto* item = (*items)[i].if_object();
      if (!item) continue;
      const std::string at = pointer + "/data/" + std::to_string(i);
      LK_TRY(OnlyMembers(at, *item, {"type", "attributes"}));
      const auto* value = item->if_contains("attributes");
      const auto* attributes = value ? value->if_object() : nullptr;
      if (!attributes) continue;
      for (const auto& member : *attributes) {
        const Attribute* known = core::FindAttribute(*schema_.embedded, member.key());
        if (!known || !known->create.Has(role_))
          return Wrong(Child(at + "/attributes", member.key()), "unpermitted parameter");
      }
    }
    return {};
  }

  Result<void> CheckEmbedded(const std::string& pointer, const json::value& body) {
    if (body.is_null()) return {};
    const auto* object = body.if_object();
    if (!object) return Mismatch(pointer, TypeName(body), "object");
    const std::string at = pointer + "/data";
    const auto* data = object->if_contains("data");
    if (!data) return Wrong(at, "is missing");
    if (data->is_null()) return Wrong(at, "cannot be null");
    const auto* items = data->if_array();
    if (!items) return Mismatch(at, TypeName(*data), "array");
    for (std::size_t i = 0; i < items->size(); ++i) {
      const std::string item_at = Child(at, std::to_string(i));
      const auto* item = (*items)[i].if_object();
      if (!item) return Mismatch(item_at, TypeName((*items)[i]), "object");
      LK_TRY(CheckType(item_at + "/type", item->if_contains("type"), schema_.embedded->type));
      LK_TRY(CheckAttributes(item_at + "/attributes", schema_.embedded->attributes,
                             item->if_contains("attributes"), document_.embedded.emplace_back()));
    }
    return {};
  }

  Result<void> PermittedMeta(const std::string& pointer, const json::object& object,
                             std::span<const MetaMember> members) const {
    for (const auto& member : object) {
      const std::string_view name = member.key();  // clang 14 captures no structured binding
      const json::value& value = member.value();
      const auto it = std::find_if(members.begin(), members.end(), [&](const MetaMember& m) {
        return m.name == std::string_view(name);
      });
      if (it == members.end() || !it->roles.Has(role_))
        return Wrong(Child(pointer, name), "unpermitted parameter");
      if (it->type == MetaMember::Type::kObject && value.is_object() && !it->members.empty())
        LK_TRY(PermittedMeta(Child(pointer, name), value.get_object(), it->members));
    }
    return {};
  }

  Result<void> CheckData(const json::value* data) {
    if (schema_.form == Schema::Form::kToOne) {
      if (!data) return Wrong("/data", "is missing");
      if (data->is_null()) {
        if (!schema_.linkage_nullable) return Wrong("/data", "cannot be null");
        return {};
      }
      LK_ASSIGN(document_.linkage, CheckLinkage("/data", *data, schema_.linkage_type));
      return {};
    }
    if (schema_.form == Schema::Form::kToMany) {
      if (!data) return Wrong("/data", "is missing");
      if (data->is_null()) return Wrong("/data", "cannot be null");
      const auto* items = data->if_array();
      if (!items) return Mismatch("/data", TypeName(*data), "array");
      if (items->empty() || items->size() > 100)
        return Wrong("/data", "length must be between 1 and 100 (inclusive)");
      for (std::size_t i = 0; i < items->size(); ++i) {
        LK_ASSIGN(Linkage linkage,
                  CheckLinkage("/data/" + std::to_string(i), (*items)[i], schema_.linkage_type));
        document_.linkages.push_back(std::move(linkage));
      }
      return {};
    }
    if (!data || data->is_null()) {
      if (schema_.data_optional) return {};
      return Wrong("/data", data ? "cannot be null" : "is missing");
    }
    const auto* object = data->if_object();
    if (!object) return Mismatch("/data", TypeName(*data), "object");
    if (object->empty() && !schema_.data_optional) return Wrong("/data", "cannot be blank");
    if (object->empty()) return {};
    const json::value* type = object->if_contains("type");
    if (type || !schema_.data_optional)
      LK_TRY(CheckType("/data/type", type, schema_.resource->type));
    if (const auto* id = object->if_contains("id"); id && create_ && !id->is_null()) {
      LK_ASSIGN(document_.id, CheckId("/data/id", id));
    }
    LK_TRY(CheckAttributes("/data/attributes", attributes_, object->if_contains("attributes"),
                           document_));
    return CheckRelationships(object->if_contains("relationships"));
  }

  Result<void> CheckAttributes(const std::string& at, std::span<const Attribute> attributes,
                               const json::value* value, Document& document) const {
    static const json::object kNone;
    const json::object* sent = &kNone;
    if (value && !value->is_null()) {
      sent = value->if_object();
      if (!sent) return Mismatch(at, TypeName(*value), "object");
    }
    const bool any_required =
        create_ && std::any_of(attributes.begin(), attributes.end(), [&](const Attribute& a) {
          return a.required && a.create.Has(role_);
        });
    if (any_required && (!value || value->is_null()))
      return Wrong(at, value ? "cannot be null" : "is missing");
    for (const Attribute& attribute : attributes) {
      if (!(create_ ? attribute.create : attribute.update).Has(role_)) continue;
      const json::value* item = sent->if_contains(attribute.name);
      if (!item && !(create_ && attribute.required)) continue;
      const std::string pointer = Child(at, attribute.name);
      if (!item) return Wrong(pointer, "is missing");
      if (item->is_null()) {
        if (attribute.nullable && (attribute.null_on_create || !create_))
          document.attributes.emplace_back(&attribute, Value{});
        else if (create_ && attribute.required)
          return Wrong(pointer, "cannot be null");
        continue;  // null for an optional member that is not nullable counts as absent
      }
      LK_ASSIGN(Value converted, Convert(pointer, attribute, *item));
      if (std::holds_alternative<std::monostate>(converted) && !attribute.nullable) continue;
      document.attributes.emplace_back(&attribute, std::move(converted));
    }
    return {};
  }

  Result<void> CheckRelationships(const json::value* value) {
    static const json::object kNone;
    const json::object* sent = &kNone;
    if (value && !value->is_null()) {
      sent = value->if_object();
      if (!sent) return Mismatch("/data/relationships", TypeName(*value), "object");
    }
    const bool any_required =
        create_ && std::any_of(relationships_.begin(), relationships_.end(),
                               [&](const auto& r) { return r.required && r.create.Has(role_); });
    if (any_required && (!value || value->is_null()))
      return Wrong("/data/relationships", value ? "cannot be null" : "is missing");
    for (const core::Relationship& relationship : relationships_) {
      if (Embeds(relationship.name)) {
        if (const json::value* body = sent->if_contains(relationship.name))
          LK_TRY(CheckEmbedded(Child("/data/relationships", relationship.name), *body));
        continue;
      }
      if (!create_ || !relationship.create.Has(role_)) continue;
      std::string name(relationship.name);
      const json::value* item = sent->if_contains(name);
      if (!item && schema_.alias.second == relationship.name && !schema_.alias.first.empty()) {
        item = sent->if_contains(schema_.alias.first);
        if (item) name = schema_.alias.first;
      }
      if (!item && !relationship.required) continue;
      const std::string pointer = Child("/data/relationships", name);
      if (!item) return Wrong(pointer, "is missing");
      if (item->is_null()) {
        if (relationship.required) return Wrong(pointer, "cannot be null");
        continue;  // only `data` can be null
      }
      const auto* object = item->if_object();
      if (!object) return Mismatch(pointer, TypeName(*item), "object");
      const json::value* data = object->if_contains("data");
      if (!data) return Wrong(pointer + "/data", "is missing");
      if (data->is_null()) {
        if (relationship.required || !relationship.nullable)
          return Wrong(pointer + "/data", "cannot be null");
        document_.relationships.emplace_back(&relationship, std::nullopt);
        continue;
      }
      if (relationship.name == "bearer") {  // polymorphic: the type says which table
        LK_ASSIGN(Linkage linkage, CheckBearer(pointer + "/data", *data));
        document_.relationships.emplace_back(&relationship, std::move(linkage));
        continue;
      }
      LK_ASSIGN(Linkage linkage, CheckLinkage(pointer + "/data", *data, relationship.target));
      document_.relationships.emplace_back(&relationship, std::move(linkage));
    }
    return {};
  }

  static Result<Linkage> CheckBearer(const std::string& pointer, const json::value& data) {
    const auto* object = data.if_object();
    if (!object) return Mismatch(pointer, TypeName(data), "object");
    if (const auto* type = object->if_contains("type"); type && type->is_string()) {
      for (const std::string_view candidate : {"users", "products", "licenses", "environments"})
        if (TypeMatches(type->get_string(), candidate))
          return CheckLinkage(pointer, data, candidate);
    }
    return CheckLinkage(pointer, data, "users");
  }

  Result<void> CheckMetaRoot(const json::value* meta) {
    const bool required = std::any_of(schema_.meta.begin(), schema_.meta.end(),
                                      [](const MetaMember& m) { return m.required; });
    if (!meta || meta->is_null()) {
      if (required) return Wrong("/meta", meta ? "cannot be null" : "is missing");
      return {};
    }
    const auto* object = meta->if_object();
    if (!object) return Mismatch("/meta", TypeName(*meta), "object");
    if (required && object->empty()) return Wrong("/meta", "cannot be blank");
    LK_ASSIGN(document_.meta, CheckMeta("/meta", *object, schema_.meta));
    return {};
  }

  Result<json::object> CheckMeta(const std::string& pointer, const json::object& sent,
                                 std::span<const MetaMember> members) {
    json::object out;
    for (const MetaMember& member : members) {
      const std::string at = Child(pointer, member.name);
      const json::value* item = sent.if_contains(member.name);
      if (!item) {
        if (member.required) return Wrong(at, "is missing");
        continue;
      }
      if (item->is_null()) {
        if (member.nullable)
          out.emplace(member.name, nullptr);
        else if (member.required)
          return Wrong(at, "cannot be null");
        continue;
      }
      LK_ASSIGN(json::value converted, ConvertMeta(at, member, *item));
      out.emplace(member.name, std::move(converted));
    }
    return out;
  }

  Result<json::value> ConvertMeta(const std::string& pointer, const MetaMember& member,
                                  const json::value& item) {
    using Type = MetaMember::Type;
    switch (member.type) {
      case Type::kString: {
        const auto* text = item.if_string();
        if (!text) return Mismatch(pointer, TypeName(item), "string");
        LK_TRY(CheckText(pointer, *text, member.blank_allowed));
        return item;
      }
      case Type::kIntegerText:
        if (item.is_string()) return item;
        [[fallthrough]];
      case Type::kInteger: {
        LK_ASSIGN(const Value number, Integer(pointer, item));
        return json::value(std::get<std::int64_t>(number));
      }
      case Type::kBoolean:
        if (!item.is_bool()) return Mismatch(pointer, TypeName(item), "boolean");
        return item;
      case Type::kStrings: {
        const auto* array = item.if_array();
        if (!array) return Mismatch(pointer, TypeName(item), "array");
        for (std::size_t i = 0; i < array->size(); ++i) {
          const std::string at = Child(pointer, std::to_string(i));
          if ((*array)[i].is_null()) return Wrong(at, "cannot be null");
          const auto* text = (*array)[i].if_string();
          if (!text) return Mismatch(at, TypeName((*array)[i]), "string");
          LK_TRY(CheckText(at, *text, false));
        }
        if (array->empty() && !member.blank_allowed) return Wrong(pointer, "cannot be blank");
        return item;
      }
      case Type::kObject: {
        const auto* object = item.if_object();
        if (!object) return Mismatch(pointer, TypeName(item), "object");
        LK_ASSIGN(json::object checked, CheckMeta(pointer, *object, member.members));
        return json::value(std::move(checked));
      }
      case Type::kId: {
        LK_ASSIGN(const Uuid id, CheckId(pointer, &item));
        return json::value(id.ToString());
      }
    }
    return Errc::kInternal;
  }

  const Schema& schema_;
  Role role_;
  bool create_;
  std::span<const Attribute> attributes_;
  std::span<const core::Relationship> relationships_;
  Document document_;
};

}  // namespace

const Value* Document::Attribute(std::string_view name) const {
  for (const auto& [attribute, value] : attributes)
    if (attribute->name == name) return &value;
  return nullptr;
}

std::optional<std::optional<Linkage>> Document::Relationship(std::string_view name) const {
  for (const auto& [relationship, target] : relationships)
    if (relationship->name == name) return target;
  return std::nullopt;
}

Result<Document> CheckBody(const Schema& schema, const json::value& body, Role role) {
  if (schema.form == Schema::Form::kNone) return Document();
  return Checker(schema, role).Check(body);
}

std::vector<Violation> Apply(const Document& document, const core::Resource& resource,
                             void* record) {
  std::vector<Violation> violations;
  for (const auto& [attribute, value] : document.attributes) {
    // Schemas may carry attributes that the record does not have (meta-like members of tokens): the
    // handler reads those.
    const Attribute* own = core::FindAttribute(resource, attribute->name);
    if (!own || !own->set) continue;
    if (own->kind == Kind::kEnum && std::holds_alternative<std::string>(value)) {
      const auto& name = std::get<std::string>(value);
      if (std::find(own->names.begin(), own->names.end(), name) == own->names.end()) {
        const auto words =
            std::find_if(core::PolicyStrategies().begin(), core::PolicyStrategies().end(),
                         [&](const core::StrategyName& s) { return s.attribute == own->name; });
        violations.push_back(
            {Violation::Kind::kAttribute, std::string(own->name), "NOT_ALLOWED",
             words != core::PolicyStrategies().end() ? std::string(words->words) : "is invalid"});
        continue;
      }
    }
    own->set(record, value);
  }
  return violations;
}

}  // namespace latchkey::api
