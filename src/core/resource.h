#pragma once

#include <array>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "base/json.h"
#include "base/time.h"
#include "base/uuid.h"
#include "core/role.h"

// Each resource is declared once, as a table of attributes and relationships beside its struct.
// Parsing, storing, rendering, import, export and the API description are derived from these
// tables; rules work on the plain structs.
namespace latchkey::core {

// What every stored record has. These members are not in the tables: `created` and `updated` are
// rendered after the last attribute.
struct Record {
  Uuid id;
  Uuid account_id;
  std::optional<Uuid> environment_id;
  TimePoint created{};
  TimePoint updated{};
  std::int64_t sequence = 0;  // insertion order within the table; set by the store
};

// JSON types of attributes (conventions.md §1.7).
// kBytes never travels on the wire.
enum class Kind { kString, kInteger, kBoolean, kTime, kEnum, kStrings, kMetadata, kId, kBytes };

// A value between wire, struct and database. Null is monostate; kEnum travels as its wire name,
// kStrings and kMetadata as JSON.
using Value = std::variant<std::monostate, bool, std::int64_t, std::string, TimePoint, Uuid,
                           json::value, Bytes>;

enum class Storage {
  kPlain,          // a readable column
  kSealed,         // encrypted column `name` (decision 14)
  kSealedIndexed,  // encrypted column `name` and blind index column `name_index`
  kComputed,       // no column: the API's view of the resource supplies it
};

struct Attribute {
  std::string_view name;  // snake_case: the column; camelised, the wire name
  Kind kind = Kind::kString;
  bool nullable = false;       // null can be stored; otherwise a sent null counts as absent
  bool null_on_create = true;  // false: a null sent on create counts as absent all the same
  bool blank_allowed = false;  // "" (or an empty array) may be sent
  bool required = false;       // create without it: 400 `is missing`
  Roles create{};              // who may send it on create; others: 400 `unpermitted parameter`
  Roles update{};
  Storage storage = Storage::kPlain;
  bool shown = true;    // rendered in the attributes of a resource document
  bool viewed = false;  // stored, but the API's view says what is rendered, if anything
  // kEnum: all wire names in enumerator order; any string may be sent, an unknown one is 422
  // (rules.h). kString: the only texts that may be sent, others are 400 `is invalid`; empty = any.
  std::span<const std::string_view> names{};
  Value (*get)(const void* record) = nullptr;
  // A value of another kind than `kind`, or an unknown enum name, is a bug.
  void (*set)(void* record, const Value& value) = nullptr;

  constexpr Attribute Create(Roles who) const {
    auto a = *this;
    a.create = who;
    return a;
  }
  constexpr Attribute Update(Roles who) const {
    auto a = *this;
    a.update = who;
    return a;
  }
  constexpr Attribute Write(Roles who) const { return Create(who).Update(who); }
  constexpr Attribute Required() const {
    auto a = *this;
    a.required = true;
    return a;
  }
  constexpr Attribute BlankAllowed() const {
    auto a = *this;
    a.blank_allowed = true;
    return a;
  }
  constexpr Attribute Hidden() const {
    auto a = *this;
    a.shown = false;
    return a;
  }
  constexpr Attribute Stored(Storage how) const {
    auto a = *this;
    a.storage = how;
    return a;
  }
  constexpr Attribute Viewed() const {
    auto a = *this;
    a.viewed = true;
    return a;
  }
  constexpr Attribute NotNull() const {
    auto a = *this;
    a.nullable = false;
    return a;
  }
  constexpr Attribute NullOnUpdateOnly() const {
    auto a = *this;
    a.null_on_create = false;
    return a;
  }
  constexpr Attribute OneOf(std::span<const std::string_view> texts) const {
    auto a = *this;
    a.names = texts;
    return a;
  }
};

struct Relationship {
  std::string_view name;  // snake_case: "policy"
  std::string_view
      target;  // wire type: "policies"; empty: the record says (a token's `bearer_type`)
  enum class Form { kToOne, kLinkOnly } form = Form::kToOne;
  std::string_view
      column{};  // "policy_id"; empty when nothing is stored (always null, or link-only)
  bool nullable = true;
  bool required = false;  // create without it: 400 `is missing`
  Roles create{};         // who may send it on create
  bool own_link = true;   // related link is `{self}/{name, dashed}`; false: the target's own link
                          // (account, environment)
  std::optional<Uuid> (*get)(const void* record) = nullptr;
  void (*set)(void* record, std::optional<Uuid> id) = nullptr;

  constexpr Relationship Create(Roles who) const {
    auto r = *this;
    r.create = who;
    return r;
  }
  constexpr Relationship Required() const {
    auto r = *this;
    r.required = true;
    return r;
  }
};

struct Resource {
  std::string_view type;                        // "policies"
  std::string_view singular;                    // "policy": data.type also accepts it
  std::string_view noun;                        // "policy", as in 404 texts
  std::string_view table;                       // database table
  std::span<const Attribute> attributes;        // in the order in which they are rendered
  std::span<const Relationship> relationships;  // in the order in which they are rendered
  bool permissions = false;                     // has the attribute `permissions` (EE)
  bool metadata_last = false;  // `metadata` is rendered after `created` and `updated`
};

// The table of T: `template <> const Resource& ResourceOf<Policy>();` in policy.cc.
template <class T>
const Resource& ResourceOf();

const Attribute* FindAttribute(const Resource& resource, std::string_view name);
const Relationship* FindRelationship(const Resource& resource, std::string_view name);

// Enumerations: `template <> inline constexpr auto kNamesOf<Scheme> =
// std::to_array<std::string_view>({...});` in enumerator order.
template <class E>
inline constexpr int kNamesOf = 0;

template <class E>
std::string_view NameOf(E value) {
  return kNamesOf<E>[static_cast<std::size_t>(value)];
}
template <class E>
std::optional<E> ParseName(std::string_view name) {
  for (std::size_t i = 0; i < kNamesOf<E>.size(); ++i)
    if (kNamesOf<E>[i] == name) return static_cast<E>(i);
  return std::nullopt;
}

using Metadata = json::object;
using Strings = std::vector<std::string>;

namespace internal {

template <class T>
struct Field;  // kind, ToValue, FromValue

template <>
struct Field<std::string> {
  static constexpr Kind kKind = Kind::kString;
  static Value To(const std::string& v) { return v; }
  static std::string From(const Value& v) { return std::get<std::string>(v); }
};
template <>
struct Field<bool> {
  static constexpr Kind kKind = Kind::kBoolean;
  static Value To(bool v) { return v; }
  static bool From(const Value& v) { return std::get<bool>(v); }
};
template <>
struct Field<std::int64_t> {
  static constexpr Kind kKind = Kind::kInteger;
  static Value To(std::int64_t v) { return v; }
  static std::int64_t From(const Value& v) { return std::get<std::int64_t>(v); }
};
template <>
struct Field<TimePoint> {
  static constexpr Kind kKind = Kind::kTime;
  static Value To(TimePoint v) { return v; }
  static TimePoint From(const Value& v) { return std::get<TimePoint>(v); }
};
template <>
struct Field<Uuid> {
  static constexpr Kind kKind = Kind::kId;
  static Value To(const Uuid& v) { return v; }
  static Uuid From(const Value& v) { return std::get<Uuid>(v); }
};
template <>
struct Field<Bytes> {
  static constexpr Kind kKind = Kind::kBytes;
  static Value To(const Bytes& v) { return v; }
  static Bytes From(const Value& v) { return std::get<Bytes>(v); }
};
template <>
struct Field<Metadata> {
  static constexpr Kind kKind = Kind::kMetadata;
  static Value To(const Metadata& v) { return json::value(v); }
  static Metadata From(const Value& v) { return std::get<json::value>(v).as_object(); }
};
template <>
struct Field<Strings> {
  static constexpr Kind kKind = Kind::kStrings;
  static Value To(const Strings& v) {
    json::array out;
    for (const auto& item : v) out.emplace_back(item);
    return json::value(std::move(out));
  }
  static Strings From(const Value& v) {
    Strings out;
    for (const auto& item : std::get<json::value>(v).as_array()) out.emplace_back(item.as_string());
    return out;
  }
};
template <class E>
requires std::is_enum_v<E>
struct Field<E> {
  static constexpr Kind kKind = Kind::kEnum;
  static Value To(E v) { return std::string(NameOf(v)); }
  static E From(const Value& v) { return ParseName<E>(std::get<std::string>(v)).value(); }
};

template <class T>
struct IsOptional : std::false_type {};
template <class T>
struct IsOptional<std::optional<T>> : std::true_type {};

template <auto Member>
struct MemberTraits;
template <class C, class T, T C::*Member>
struct MemberTraits<Member> {
  using Class = C;
  using Type = T;
};

}  // namespace internal

// Attr<Policy, &Policy::max_machines>("max_machines"): kind, nullability and accessors follow from
// the member's type.
template <class T, auto Member>
constexpr Attribute Attr(std::string_view name) {
  using Type = typename internal::MemberTraits<Member>::Type;
  Attribute a;
  a.name = name;
  if constexpr (internal::IsOptional<Type>::value) {
    using F = internal::Field<typename Type::value_type>;
    a.kind = F::kKind;
    a.nullable = true;
    a.get = [](const void* record) -> Value {
      const auto& value = static_cast<const T*>(record)->*Member;
      return value ? F::To(*value) : Value{};
    };
    a.set = [](void* record, const Value& value) {
      auto& target = static_cast<T*>(record)->*Member;
      if (std::holds_alternative<std::monostate>(value))
        target.reset();
      else
        target = F::From(value);
    };
    if constexpr (std::is_enum_v<typename Type::value_type>)
      a.names = kNamesOf<typename Type::value_type>;
  } else {
    using F = internal::Field<Type>;
    a.kind = F::kKind;
    a.get = [](const void* record) -> Value {
      return F::To(static_cast<const T*>(record)->*Member);
    };
    a.set = [](void* record, const Value& value) {
      static_cast<T*>(record)->*Member = F::From(value);
    };
    if constexpr (std::is_enum_v<Type>) a.names = kNamesOf<Type>;
  }
  return a;
}

// An attribute without a member: supplied by the API's view.
constexpr Attribute Computed(std::string_view name, Kind kind, bool nullable = false) {
  Attribute a;
  a.name = name;
  a.kind = kind;
  a.nullable = nullable;
  a.storage = Storage::kComputed;
  return a;
}

// ToOne<License, &License::policy_id>("policy", "policies", "policy_id"); the member is Uuid or
// optional<Uuid>.
template <class T, auto Member>
constexpr Relationship ToOne(std::string_view name, std::string_view target,
                             std::string_view column) {
  using Type = typename internal::MemberTraits<Member>::Type;
  Relationship r;
  r.name = name;
  r.target = target;
  r.column = column;
  r.nullable = internal::IsOptional<Type>::value;
  r.get = [](const void* record) -> std::optional<Uuid> {
    return static_cast<const T*>(record)->*Member;
  };
  r.set = [](void* record, std::optional<Uuid> id) {
    if constexpr (internal::IsOptional<Type>::value)
      static_cast<T*>(record)->*Member = id;
    else
      static_cast<T*>(record)->*Member = id.value();
  };
  return r;
}
constexpr Relationship Link(std::string_view name, std::string_view target) {
  Relationship r;
  r.name = name;
  r.target = target;
  r.form = Relationship::Form::kLinkOnly;
  return r;
}
// Linkage that is always null until its resource exists (groups, environments).
constexpr Relationship Nothing(std::string_view name, std::string_view target, bool own_link) {
  Relationship r;
  r.name = name;
  r.target = target;
  r.own_link = own_link;
  return r;
}

// `account` and `environment`, which every resource has first.
template <class T>
constexpr Relationship AccountOf() {
  auto r = ToOne<T, &Record::account_id>("account", "accounts", "account_id");
  r.own_link = false;
  return r;
}
template <class T>
constexpr Relationship EnvironmentOf() {
  auto r = ToOne<T, &Record::environment_id>("environment", "environments", "environment_id");
  r.own_link = false;
  return r;
}

}  // namespace latchkey::core
