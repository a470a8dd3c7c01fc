#include "store/records.h"

#include <array>
#include <shared_mutex>

#include "store/metadata_index.h"

namespace latchkey::store {
namespace {

using core::Attribute;
using core::Kind;
using core::Relationship;
using core::Resource;
using core::Storage;
using core::Value;

// Columns that every table has, in the order of the SELECT list.
constexpr std::string_view kBase[] = {"seq",     "id",     "account_id", "environment_id",
                                      "created", "updated"};
constexpr int kBaseColumns = 6;

struct Column {
  std::string name;
  const Attribute* attribute = nullptr;  // one of these two
  const Relationship* relationship = nullptr;
  bool index = false;  // the blind index of `attribute`: written, never read
  std::string place;   // "licenses.key": context of seals and kind of blind indexes
};

struct Plan {
  const Resource* resource = nullptr;
  std::vector<Column> columns;
  std::string select;  // SELECT ... FROM table
  std::string insert;
  std::string update;
  std::string metadata_table;  // empty without
  bool sealed = false;         // needs the account's keys
};

bool IsBase(std::string_view name) { return std::ranges::find(kBase, name) != std::end(kBase); }

std::vector<Column> MakeColumns(const Resource& resource) {
  std::vector<Column> columns;
  for (const Relationship& relationship : resource.relationships) {
    if (relationship.column.empty() || !relationship.get || IsBase(relationship.column)) continue;
    columns.push_back({std::string(relationship.column), nullptr, &relationship, false, {}});
  }
  for (const Attribute& attribute : resource.attributes) {
    if (attribute.storage == Storage::kComputed || IsBase(attribute.name)) continue;
    const std::string name(attribute.name);
    const std::string place = std::string(resource.table) + "." + name;
    columns.push_back({name, &attribute, nullptr, false, place});
    if (attribute.storage == Storage::kSealedIndexed)
      columns.push_back({name + "_index", &attribute, nullptr, true, place});
  }
  return columns;
}

// A license's last validation has a table of its own as well, because it changes far more often
// than the rest of the row (store/stamps.h): the later one counts.
std::string ReadExpression(const Resource& resource, const Column& column) {
  if (resource.table != "licenses" || column.name != "last_validated") return column.name;
  return "coalesce((SELECT license_stamps.last_validated FROM license_stamps WHERE "
         "license_stamps.license_seq = licenses.seq AND (licenses.last_validated IS NULL OR "
         "license_stamps.last_validated > licenses.last_validated)), licenses.last_validated)";
}

std::string UpdateSql(const Resource& resource, std::span<const Column* const> columns) {
  std::string sql = "UPDATE " + std::string(resource.table) + " SET updated = $3";
  int number = 3;
  for (const Column* column : columns)
    sql += ", " + column->name + " = $" + std::to_string(++number);
  return sql + " WHERE account_id = $1 AND id = $2";
}

Plan MakePlan(const Resource& resource) {
  Plan plan;
  plan.resource = &resource;
  plan.columns = MakeColumns(resource);
  std::string names;
  std::string places;
  int number = 0;
  for (int i = 1; i < kBaseColumns; ++i) {
    names.append(i > 1 ? ", " : "").append(kBase[i]);
    places.append(i > 1 ? ", $" : "$").append(std::to_string(++number));
  }
  std::string read = "seq, " + names;
  std::vector<const Column*> all;
  for (const Column& column : plan.columns) {
    names += ", " + column.name;
    places += ", $" + std::to_string(++number);
    all.push_back(&column);
    if (!column.index) read += ", " + ReadExpression(resource, column);
    if (column.attribute && column.attribute->storage != Storage::kPlain) plan.sealed = true;
  }
  const std::string table(resource.table);
  plan.select = "SELECT " + read + " FROM " + table;
  plan.insert = "INSERT INTO " + table + " (" + names + ") VALUES (" + places + ")";
  plan.update = UpdateSql(resource, all);
  if (HasMetadataIndex(resource)) plan.metadata_table = table + "_metadata";
  return plan;
}

const Plan& PlanOf(const Resource& resource) {
  static std::shared_mutex mutex;
  static std::unordered_map<const Resource*, std::unique_ptr<const Plan>> plans;
  {
    const std::shared_lock lock(mutex);
    if (const auto found = plans.find(&resource); found != plans.end()) return *found->second;
  }
  const std::lock_guard lock(mutex);
  auto& plan = plans[&resource];
  if (!plan) plan = std::make_unique<const Plan>(MakePlan(resource));
  return *plan;
}

// The account's keys when the resource has sealed columns; nullptr otherwise.
Result<std::shared_ptr<const AccountVault>> KeysFor(Session& session, const Vault& vault,
                                                    const Plan& plan, const Uuid& account) {
  if (!plan.sealed) return std::shared_ptr<const AccountVault>();
  return vault.Unlock(session, account);
}

Param PlainParam(const Value& value) {
  struct Visitor {
    Param operator()(std::monostate) const { return {}; }
    Param operator()(bool v) const { return ToParam(v); }
    Param operator()(std::int64_t v) const { return v; }
    Param operator()(const std::string& v) const { return v; }
    Param operator()(TimePoint v) const { return ToParam(v); }
    Param operator()(const Uuid& v) const { return ToParam(v); }
    Param operator()(const json::value& v) const { return base::WriteJson(v); }
    Param operator()(const Bytes& v) const { return v; }
  };
  return std::visit(Visitor{}, value);
}

Result<Param> ColumnParam(const Column& column, const void* object, const Uuid& id,
                          const AccountVault* keys) {
  if (column.relationship) return ToParam(column.relationship->get(object));
  const Value value = column.attribute->get(object);
  if (column.attribute->storage == Storage::kPlain) return PlainParam(value);
  if (std::holds_alternative<std::monostate>(value)) return Param{};
  const auto* text = std::get_if<std::string>(&value);
  if (!text) return Error{Errc::kInternal, column.place + ": only texts are sealed"};
  if (column.index) return Param{keys->BlindIndex(column.place, *text)};
  return Param{keys->Seal(column.place, id, base::AsBytes(*text))};
}

Error DamagedColumn(const Column& column, const core::Record& record) {
  const std::string name = column.attribute ? column.place : column.name;
  return Error{Errc::kDamaged, "the database is damaged: " + name + " of " + record.id.ToString() +
                                   " cannot be read"};
}

Result<Value> ReadJson(std::string_view text, bool object) {
  if (object && text == "{}") return Value(json::value(json::object()));
  LK_ASSIGN(json::value value, base::ParseJson(text));
  const bool fits = object ? value.is_object() : value.is_array();
  if (!fits) return Errc::kDamaged;
  if (!object && !std::ranges::all_of(value.get_array(),
                                      [](const json::value& item) { return item.is_string(); }))
    return Errc::kDamaged;
  return Value(std::move(value));
}

// Lists of permissions are long, and mostly one of a few: each thread keeps the latest ones it
// read. The value stays until the thread's next call.
Result<const Value*> ReadStrings(std::string_view text) {
  constexpr std::size_t kKept = 16;
  constexpr std::size_t kLongest = 8192;
  struct Known {
    std::string text;
    Value value;
  };
  thread_local std::array<Known, kKept> known;
  Known& place = known[std::hash<std::string_view>()(text) % kKept];
  if (place.text != text || text.empty()) {
    place.text.clear();
    LK_ASSIGN(place.value, ReadJson(text, false));
    if (text.size() <= kLongest) place.text = text;
  }
  return static_cast<const Value*>(&place.value);
}

// The value as the attribute's kind; an error when the column holds something else.
Result<Value> ReadPlain(const Attribute& attribute, const Row& row, int at) {
  switch (attribute.kind) {
    case Kind::kString:
      return Value(std::string(row.Text(at)));
    case Kind::kInteger:
      return Value(row.Int(at));
    case Kind::kBoolean:
      return Value(row.Bool(at));
    case Kind::kTime:
      return Value(row.Time(at));
    case Kind::kEnum: {
      const std::string_view text = row.Text(at);
      if (std::ranges::find(attribute.names, text) == attribute.names.end()) return Errc::kDamaged;
      return Value(std::string(text));
    }
    case Kind::kStrings:
      break;  // see ReadStrings
    case Kind::kMetadata:
      return ReadJson(row.Text(at), true);
    case Kind::kId: {
      const auto id = Uuid::FromBytes(row.Blob(at));
      if (!id) return Errc::kDamaged;
      return Value(*id);
    }
    case Kind::kBytes:
      return Value(Bytes(row.Blob(at).begin(), row.Blob(at).end()));
  }
  return Errc::kDamaged;
}

Result<void> ReadColumn(const Column& column, const Row& row, int at, const internal::Slot& slot,
                        const AccountVault* keys) {
  const bool null = row.IsNull(at);
  if (column.relationship) {
    const auto id = null ? std::nullopt : Uuid::FromBytes(row.Blob(at));
    if (null ? !column.relationship->nullable : !id) return DamagedColumn(column, *slot.record);
    column.relationship->set(slot.object, id);
    return {};
  }
  const Attribute& attribute = *column.attribute;
  if (null) {
    // What may be null follows from the member: setting null where there is no place for it throws,
    // and is damage here.
    if (!std::holds_alternative<std::monostate>(attribute.get(slot.object))) {
      try {
        attribute.set(slot.object, Value{});
      } catch (const std::bad_variant_access&) {
        return DamagedColumn(column, *slot.record);
      }
    }
    return {};
  }
  if (attribute.storage != Storage::kPlain) {
    LK_ASSIGN(const Secret text, keys->Open(column.place, slot.record->id, row.Blob(at)));
    attribute.set(slot.object, Value(std::string(text.Reveal())));
    return {};
  }
  if (attribute.kind == Kind::kStrings) {
    const auto strings = ReadStrings(row.Text(at));
    if (!strings) return DamagedColumn(column, *slot.record);
    attribute.set(slot.object, **strings);
    return {};
  }
  auto value = ReadPlain(attribute, row, at);
  if (!value) return DamagedColumn(column, *slot.record);
  attribute.set(slot.object, *value);
  return {};
}

Result<void> ReadRow(const Plan& plan, const Row& row, const internal::Slot& slot,
                     const AccountVault* keys) {
  core::Record& record = *slot.record;
  record.sequence = row.Int(0);
  record.id = row.Id(1);
  record.account_id = row.Id(2);
  record.environment_id = row.OptionalId(3);
  record.created = row.Time(4);
  record.updated = row.Time(5);
  int at = kBaseColumns;
  for (const Column& column : plan.columns)
    if (!column.index) LK_TRY(ReadColumn(column, row, at++, slot, keys));
  return {};
}

const Attribute* MetadataAttribute(const Resource& resource) {
  const Attribute* attribute = core::FindAttribute(resource, "metadata");
  return attribute && attribute->kind == Kind::kMetadata ? attribute : nullptr;
}

Result<void> InsertMetadata(Session& session, const Plan& plan, const void* object,
                            const core::Record& record) {
  const Attribute* attribute = MetadataAttribute(*plan.resource);
  if (plan.metadata_table.empty() || !attribute) return {};
  const Value value = attribute->get(object);
  const auto& metadata = std::get<json::value>(value).as_object();
  if (metadata.empty()) return {};
  const std::string sql = "INSERT INTO " + plan.metadata_table +
                          " (record_id, account_id, path, value) VALUES ($1, $2, $3, $4)";
  for (const MetadataLeaf& leaf : MetadataLeaves(metadata))
    LK_TRY(session.Execute(sql, Params(record.id, record.account_id, leaf.path, leaf.value)));
  return {};
}

Result<void> ReplaceMetadata(Session& session, const Plan& plan, const void* object,
                             const core::Record& record) {
  if (plan.metadata_table.empty()) return {};
  LK_TRY(session.Execute("DELETE FROM " + plan.metadata_table + " WHERE record_id = $1",
                         Params(record.id)));
  return InsertMetadata(session, plan, object, record);
}

// Columns of the named attributes and relationships, blind indexes included.
Result<std::vector<const Column*>> NamedColumns(const Plan& plan,
                                                std::span<const std::string_view> names) {
  std::vector<const Column*> columns;
  for (const std::string_view name : names) {
    const std::size_t before = columns.size();
    for (const Column& column : plan.columns)
      if (column.attribute ? column.attribute->name == name
                           : column.name == name || column.relationship->name == name)
        columns.push_back(&column);
    if (columns.size() == before)
      return Error{Errc::kInternal,
                   std::string(plan.resource->table) + " stores no " + std::string(name)};
  }
  return columns;
}

Where InAccount(const Resource& resource, const Uuid& account, const Where& where) {
  Where all = Where::Built(std::string(resource.table) + ".account_id = ?", Params(account));
  return all.And(where);
}

}  // namespace

namespace internal {

Result<void> Insert(Session& session, const Vault& vault, const Resource& resource,
                    const void* object, const core::Record& record) {
  const Plan& plan = PlanOf(resource);
  LK_ASSIGN(const auto keys, KeysFor(session, vault, plan, record.account_id));
  std::vector<Param> params =
      Params(record.id, record.account_id, record.environment_id, record.created, record.updated);
  params.reserve(params.size() + plan.columns.size());
  for (const Column& column : plan.columns) {
    LK_ASSIGN(Param param, ColumnParam(column, object, record.id, keys.get()));
    params.push_back(std::move(param));
  }
  LK_TRY(session.Execute(plan.insert, params));
  return InsertMetadata(session, plan, object, record);
}

Result<void> Update(Session& session, const Vault& vault, const Resource& resource,
                    const void* object, const core::Record& record,
                    std::span<const std::string_view> names) {
  const Plan& plan = PlanOf(resource);
  std::vector<const Column*> columns;
  if (names.empty()) {
    for (const Column& column : plan.columns) columns.push_back(&column);
  } else {
    LK_ASSIGN(columns, NamedColumns(plan, names));
  }
  LK_ASSIGN(const auto keys, KeysFor(session, vault, plan, record.account_id));
  std::vector<Param> params = Params(record.account_id, record.id, record.updated);
  for (const Column* column : columns) {
    LK_ASSIGN(Param param, ColumnParam(*column, object, record.id, keys.get()));
    params.push_back(std::move(param));
  }
  LK_ASSIGN(const std::int64_t rows,
            session.Execute(names.empty() ? plan.update : UpdateSql(resource, columns), params));
  if (rows == 0)
    return Error{Errc::kNotFound,
                 std::string(resource.noun) + " " + record.id.ToString() + " is gone"};
  const bool metadata = names.empty() || std::ranges::find(names, "metadata") != names.end();
  return metadata ? ReplaceMetadata(session, plan, object, record) : Result<void>();
}

Result<std::int64_t> DeleteWhere(Session& session, const Resource& resource, const Uuid& account,
                                 const Where& where) {
  const Where all = InAccount(resource, account, where);
  return session.Execute("DELETE FROM " + std::string(resource.table) + " WHERE " + all.Numbered(),
                         all.params());
}

Result<void> Select(Session& session, const Vault& vault, const Resource& resource,
                    const Uuid& account, const Where& where, const Page& page,
                    const std::function<Slot()>& next) {
  const Plan& plan = PlanOf(resource);
  const std::string table(resource.table);
  Where all = InAccount(resource, account, where);
  if (page.after) {
    std::optional<std::pair<std::int64_t, std::int64_t>> pair;
    LK_TRY(session.Query("SELECT created, seq FROM " + table + " WHERE account_id = $1 AND id = $2",
                         Params(account, *page.after),
                         [&](const Row& row) { pair.emplace(row.Int(0), row.Int(1)); }));
    if (!pair) return {};
    all.And(Where::Built(
        "(" + table + ".created, " + table + ".seq) " + (page.ascending ? ">" : "<") + " (?, ?)",
        Params(pair->first, pair->second)));
  }
  LK_ASSIGN(const auto keys, KeysFor(session, vault, plan, account));
  const std::string direction = page.ascending ? " ASC" : " DESC";
  std::string sql = plan.select + " WHERE " + all.Numbered() + " ORDER BY " + table + ".created" +
                    direction + ", " + table + ".seq" + direction;
  std::vector<Param> params = all.params();
  if (page.limit >= 0) {
    sql += " LIMIT $" + std::to_string(params.size() + 1) + " OFFSET $" +
           std::to_string(params.size() + 2);
    params.push_back(ToParam(page.limit));
    params.push_back(ToParam(page.offset));
  }
  Result<void> read;
  LK_TRY(session.Query(sql, params, [&](const Row& row) {
    if (read) read = ReadRow(plan, row, next(), keys.get());
  }));
  return read;
}

Result<std::int64_t> Count(Session& session, const Resource& resource, const Uuid& account,
                           const Where& where, std::int64_t cap) {
  const Where all = InAccount(resource, account, where);
  const std::string from = " FROM " + std::string(resource.table) + " WHERE " + all.Numbered();
  std::vector<Param> params = all.params();
  std::string sql = "SELECT count(*)" + from;
  if (cap >= 0) {
    sql = "SELECT count(*) FROM (SELECT 1" + from + " LIMIT $" + std::to_string(params.size() + 1) +
          ") AS some";
    params.push_back(ToParam(cap));
  }
  std::int64_t count = 0;
  LK_TRY(session.Query(sql, params, [&](const Row& row) { count = row.Int(0); }));
  return count;
}

}  // namespace internal

Result<Where> SealedEquals(Session& session, const Vault& vault, const Resource& resource,
                           const Uuid& account, std::string_view attribute, std::string_view text) {
  for (const Column& column : PlanOf(resource).columns) {
    if (!column.index || column.attribute->name != attribute) continue;
    LK_ASSIGN(const auto keys, vault.Unlock(session, account));
    return Where::Built(std::string(resource.table) + "." + column.name + " = ?",
                        Params(keys->BlindIndex(column.place, text)));
  }
  return Error{Errc::kInternal,
               std::string(resource.table) + " has no blind index of " + std::string(attribute)};
}

std::vector<std::string> ColumnsOf(const Resource& resource) {
  std::vector<std::string> names(std::begin(kBase), std::end(kBase));
  for (const Column& column : PlanOf(resource).columns) names.push_back(column.name);
  return names;
}

}  // namespace latchkey::store
