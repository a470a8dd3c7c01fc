#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "core/resource.h"

namespace latchkey::api {

// A member of a request's `meta`, or of an object in it.
struct MetaMember {
  std::string_view name;  // snake_case
  enum class Type {
    kString,
    kInteger,
    kIntegerText,
    kBoolean,
    kStrings,
    kObject,
    kId
  } type = Type::kString;
  bool required = false;
  bool nullable = false;              // null is a value; otherwise a sent null counts as absent
  bool blank_allowed = false;         // "" or [] may be sent
  core::Roles roles = core::kAnyone;  // others: unpermitted parameter
  std::span<const MetaMember> members = {};  // kObject
};

// What one endpoint takes (conventions.md §1.5). Derived from the resource tables where it carries
// a resource.
struct Schema {
  enum class Form {
    kNone,    // any body is ignored
    kCreate,  // data.type, attributes and relationships that may be created
    kUpdate,  // data.type, attributes that may be updated
    kMeta,    // only `meta` (which may be absent unless a member is required)
    kToOne,   // {"data": {type, id} | null}
    kToMany,  // {"data": [{type, id}, …]} with 1 to 100 items
  } form = Form::kNone;
  const core::Resource* resource = nullptr;          // kCreate, kUpdate
  core::Roles id_roles = {};                         // kCreate: who may choose data.id
  bool data_optional = false;                        // kCreate: an empty body is fine (tokens)
  std::span<const core::Attribute> attributes = {};  // replaces the resource's when not empty
  std::span<const core::Relationship> relationships = {};  // replaces the resource's when not empty
  std::string_view linkage_type = {};                      // kToOne, kToMany: "entitlements"
  bool linkage_nullable = true;                            // kToOne
  std::span<const MetaMember> meta = {};
  // kCreate: another name for a relationship ("user" for "owner" on licenses, every version).
  std::pair<std::string_view, std::string_view> alias = {};
  // kCreate: a relationship that carries whole new records, without ids and relationships of their
  // own (a machine's components).
  std::string_view embedded_name = {};
  const core::Resource* embedded = nullptr;
};

struct Linkage {
  std::string type{};
  Uuid id{};
};

// A body that passed its schema. Attributes and relationships stand in the order of the tables;
// what was not sent is not there.
struct Document {
  std::optional<Uuid> id{};
  std::vector<std::pair<const core::Attribute*, core::Value>> attributes{};
  std::vector<std::pair<const core::Relationship*, std::optional<Linkage>>> relationships{};
  std::optional<Linkage> linkage{};  // kToOne; nullopt = null was sent
  std::vector<Linkage> linkages{};   // kToMany
  std::vector<Document> embedded{};  // of Schema::embedded; attributes only
  json::object meta{};  // normalised names, only declared members, dropped nulls removed

  const core::Value* Attribute(std::string_view name) const;  // null when not sent
  // Outer nullopt: not sent. Inner nullopt: null was sent.
  std::optional<std::optional<Linkage>> Relationship(std::string_view name) const;
};

// Checks `body` (keys normalised, core::NormaliseKeys) for a bearer of `role`. kParameterInvalid
// with pointer and the spec's detail, exactly one error, in the order of conventions.md §1.5.
Result<Document> CheckBody(const Schema& schema, const json::value& body, core::Role role);

// Puts sent attributes into `record`. Strategy names that do not exist become violations
// (licenses.md §4.2) and are left out.
std::vector<Violation> Apply(const Document& document, const core::Resource& resource,
                             void* record);

}  // namespace latchkey::api
