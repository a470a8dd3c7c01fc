#pragma once

#include <algorithm>

#include "api/listing.h"
#include "api/lookup.h"
#include "api/render.h"
#include "api/views.h"

// What the handlers of several resources share.
namespace latchkey::api {

// Lists records that need nothing but themselves.
template <class T>
Result<Reply> ListPlain(Call& call, const store::Where& where) {
  return ListReply<T>(call, where,
                      [](const std::vector<T>& records, const auto& emit) -> Result<void> {
                        for (const T& record : records) emit(RecordView<T>(record));
                        return {};
                      });
}
Result<Reply> ListLicenses(Call& call, const store::Where& where);
Result<Reply> ListUsers(Call& call, const store::Where& where);
Result<Reply> ListMachines(Call& call, const store::Where& where);
Result<Reply> ListTokens(Call& call, const store::Where& where);

Result<Reply> LicenseReply(Call& call, const core::License& license, int status = 200);
Result<Reply> MachineReply(Call& call, const core::Machine& machine, int status = 200);
Result<Reply> TokenReply(Call& call, const core::Token& token, std::string raw = {});

// 200 with an array of join resources (attach).
struct Joined {
  std::string_view type;         // "license-entitlements"
  std::string_view parent_name;  // "license"
  std::string_view parent_type;  // "licenses"
  std::string_view child_name;   // "entitlement"
  std::string_view child_type;   // "entitlements"
};
struct JoinRow {
  Uuid id, parent, child;
  TimePoint created{}, updated{};
};
Reply JoinReply(const Call& call, const Joined& kind, std::span<const JoinRow> rows);

// The license or policy that a create's body names, searched in the whole account; nullopt when
// unknown (422 for most, 403 for bearers whose rule asks for it).
Result<std::optional<core::License>> LicenseOfBody(Call& call);
Result<std::optional<core::Policy>> PolicyOfBody(Call& call);

// The record that a create's body names in a to-one relationship; nullopt for none.
std::optional<Uuid> LinkedId(const Call& call, std::string_view relationship);

// Ids of a to-many body.
std::vector<Uuid> IdsOf(const std::vector<Linkage>& linkages);

// For records whose attributes cannot arrive as an unknown strategy.
inline Result<void> Strict(std::vector<Violation> violations) {
  if (violations.empty()) return {};
  return service::Broken(std::move(violations));
}

inline void SortNames(core::Strings& names) { std::sort(names.begin(), names.end()); }

}  // namespace latchkey::api
