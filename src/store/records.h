#pragma once

#include <initializer_list>
#include <optional>
#include <string_view>
#include <vector>

#include "core/resource.h"
#include "store/database.h"
#include "store/vault.h"
#include "store/where.h"

// Any resource of core's attribute tables as rows. SQL is made once per resource from those tables;
// sealed attributes are sealed and opened on the way. Every query names the account, so that no
// condition can reach another one's rows. Errors: those of Session; kDamaged for a row that does
// not read back as its resource.
namespace latchkey::store {

// A part of a list, ordered by (created, insertion), newest first unless `ascending` (decision 23).
struct Page {
  std::int64_t limit = 10;  // negative: no limit
  std::int64_t offset = 0;
  bool ascending = false;
  std::optional<Uuid>
      after{};  // cursor: the page begins after this record; an unknown one gives an empty page
};
inline constexpr Page kAll{-1, 0, true, std::nullopt};

namespace internal {

struct Slot {
  void* object;
  core::Record* record;
};
Result<void> Insert(Session&, const Vault&, const core::Resource&, const void* object,
                    const core::Record&);
Result<void> Update(Session&, const Vault&, const core::Resource&, const void* object,
                    const core::Record&, std::span<const std::string_view> names);
Result<std::int64_t> DeleteWhere(Session&, const core::Resource&, const Uuid& account,
                                 const Where&);
Result<void> Select(Session&, const Vault&, const core::Resource&, const Uuid& account,
                    const Where&, const Page&, const std::function<Slot()>& next);
Result<std::int64_t> Count(Session&, const core::Resource&, const Uuid& account, const Where&,
                           std::int64_t cap);

}  // namespace internal

// kConflict when a unique index has its value already; `detail` names the columns
// ("machines.license_id, machines.fingerprint").
template <class T>
Result<void> Insert(Session& session, const Vault& vault, const T& record) {
  return internal::Insert(session, vault, core::ResourceOf<T>(), &record, record);
}

// Writes all stored columns, or only the named attributes and relationship columns ("expiry",
// "owner_id"), and `updated` always. kNotFound when the row is gone, kInternal for an unknown name.
template <class T>
Result<void> Update(Session& session, const Vault& vault, const T& record) {
  return internal::Update(session, vault, core::ResourceOf<T>(), &record, record, {});
}
template <class T>
Result<void> Update(Session& session, const Vault& vault, const T& record,
                    std::initializer_list<std::string_view> names) {
  return internal::Update(session, vault, core::ResourceOf<T>(), &record, record,
                          std::span(names.begin(), names.size()));
}

// kNotFound when the row is gone already.
template <class T>
Result<void> Delete(Session& session, const Uuid& account, const Uuid& id) {
  LK_ASSIGN(const std::int64_t rows,
            internal::DeleteWhere(session, core::ResourceOf<T>(), account, Where("id = ?", id)));
  if (rows == 0) return Errc::kNotFound;
  return {};
}
// How many rows went.
template <class T>
Result<std::int64_t> DeleteWhere(Session& session, const Uuid& account, const Where& where) {
  return internal::DeleteWhere(session, core::ResourceOf<T>(), account, where);
}

template <class T>
Result<std::vector<T>> List(Session& session, const Vault& vault, const Uuid& account,
                            const Where& where, const Page& page) {
  std::vector<T> records;
  LK_TRY(internal::Select(session, vault, core::ResourceOf<T>(), account, where, page, [&] {
    T& record = records.emplace_back();
    return internal::Slot{&record, &record};
  }));
  return records;
}

// The oldest that fits (machines.md §1.4).
template <class T>
Result<std::optional<T>> Find(Session& session, const Vault& vault, const Uuid& account,
                              const Where& where) {
  std::optional<T> found;
  LK_TRY(internal::Select(session, vault, core::ResourceOf<T>(), account, where,
                          Page{1, 0, true, std::nullopt}, [&] {
                            T& record = found.emplace();
                            return internal::Slot{&record, &record};
                          }));
  return found;
}
template <class T>
Result<std::optional<T>> Find(Session& session, const Vault& vault, const Uuid& account,
                              const Uuid& id) {
  return Find<T>(session, vault, account, Where("id = ?", id));
}

// Exact up to `cap` when it is not negative; `cap` then means "at least".
template <class T>
Result<std::int64_t> Count(Session& session, const Uuid& account, const Where& where = {},
                           std::int64_t cap = -1) {
  return internal::Count(session, core::ResourceOf<T>(), account, where, cap);
}

// The condition that a sealed, indexed attribute equals `text`: SealedEquals<License>(session,
// vault, account, "key", text).
Result<Where> SealedEquals(Session& session, const Vault& vault, const core::Resource& resource,
                           const Uuid& account, std::string_view attribute, std::string_view text);
template <class T>
Result<Where> SealedEquals(Session& session, const Vault& vault, const Uuid& account,
                           std::string_view attribute, std::string_view text) {
  return SealedEquals(session, vault, core::ResourceOf<T>(), account, attribute, text);
}

// The columns that a resource's table must have, for the schema's test.
std::vector<std::string> ColumnsOf(const core::Resource& resource);

}  // namespace latchkey::store
