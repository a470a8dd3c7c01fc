#include "api/resources/common.h"

namespace latchkey::api {

Result<Reply> ListLicenses(Call& call, const store::Where& where) {
  return ListReply<core::License>(
      call, where,
      [&](const std::vector<core::License>& records, const auto& emit) -> Result<void> {
        Related related(call);
        for (const core::License& record : records) {
          LK_ASSIGN(const LicenseView view, LicenseView::Of(related, record, call.now));
          emit(view);
        }
        return {};
      });
}

Result<Reply> ListMachines(Call& call, const store::Where& where) {
  return ListReply<core::Machine>(
      call, where,
      [&](const std::vector<core::Machine>& records, const auto& emit) -> Result<void> {
        Related related(call);
        for (const core::Machine& record : records) {
          LK_ASSIGN(const MachineView view, MachineView::Of(related, record, call));
          emit(view);
        }
        return {};
      });
}

Result<Reply> ListUsers(Call& call, const store::Where& where) {
  return ListReply<core::User>(
      call, where, [&](const std::vector<core::User>& records, const auto& emit) -> Result<void> {
        for (const core::User& record : records) {
          LK_ASSIGN(const UserView view, UserView::Of(call, record));
          emit(view);
        }
        return {};
      });
}

Result<Reply> ListTokens(Call& call, const store::Where& where) {
  return ListReply<core::Token>(
      call, where, [&](const std::vector<core::Token>& records, const auto& emit) -> Result<void> {
        Related related(call);
        for (const core::Token& record : records) {
          LK_ASSIGN(const TokenView view, TokenView::Of(related, record));
          emit(view);
        }
        return {};
      });
}

Result<Reply> LicenseReply(Call& call, const core::License& license, int status) {
  Related related(call);
  LK_ASSIGN(const LicenseView view, LicenseView::Of(related, license, call.now));
  return DocumentReply(call, view, status);
}

Result<Reply> MachineReply(Call& call, const core::Machine& machine, int status) {
  Related related(call);
  LK_ASSIGN(const MachineView view, MachineView::Of(related, machine, call));
  return DocumentReply(call, view, status);
}

Result<Reply> TokenReply(Call& call, const core::Token& token, std::string raw) {
  Related related(call);
  LK_ASSIGN(const TokenView view, TokenView::Of(related, token, std::move(raw)));
  return DocumentReply(call, view);
}

Reply JoinReply(const Call& call, const Joined& kind, std::span<const JoinRow> rows) {
  const std::string root = call.account_path();
  const auto relationship = [](base::JsonWriter& out, std::string_view name,
                               const std::string& related, std::string_view type, const Uuid& id) {
    out.Key(name)
        .BeginObject()
        .Key("links")
        .BeginObject()
        .Key("related")
        .String(related)
        .EndObject();
    out.Key("data").BeginObject().Key("type").String(type).Key("id").Id(id).EndObject().EndObject();
  };
  base::JsonWriter out;
  out.BeginObject().Key("data").BeginArray();
  for (const JoinRow& row : rows) {
    const std::string parent =
        root + "/" + std::string(kind.parent_type) + "/" + row.parent.ToString();
    const std::string child =
        root + "/" + std::string(kind.child_type) + "/" + row.child.ToString();
    out.BeginObject().Key("id").Id(row.id).Key("type").String(kind.type);
    out.Key("attributes")
        .BeginObject()
        .Key("created")
        .Time(row.created)
        .Key("updated")
        .Time(row.updated)
        .EndObject();
    out.Key("relationships").BeginObject();
    relationship(out, "account", root, "accounts", call.account_id());
    out.Key("environment")
        .BeginObject()
        .Key("links")
        .BeginObject()
        .Key("related")
        .Null()
        .EndObject()
        .Key("data")
        .Null()
        .EndObject();
    relationship(out, kind.child_name, child, kind.child_type, row.child);
    relationship(out, kind.parent_name, parent, kind.parent_type, row.parent);
    out.EndObject();
    out.Key("links").BeginObject().Key("related").String(
        parent + "/" + std::string(kind.child_type) + "/" + row.child.ToString());
    out.EndObject().EndObject();
  }
  out.EndArray().EndObject();
  return {.status = 200, .body = out.Take()};
}

Result<std::optional<core::License>> LicenseOfBody(Call& call) {
  const auto linkage = call.document.Relationship("license");
  if (!linkage || !*linkage) return std::optional<core::License>();
  return service::Find<core::License>(call.context(), (*linkage)->id);
}

Result<std::optional<core::Policy>> PolicyOfBody(Call& call) {
  const auto linkage = call.document.Relationship("policy");
  if (!linkage || !*linkage) return std::optional<core::Policy>();
  return service::Find<core::Policy>(call.context(), (*linkage)->id);
}

std::optional<Uuid> LinkedId(const Call& call, std::string_view relationship) {
  const auto linkage = call.document.Relationship(relationship);
  return linkage && *linkage ? std::optional((*linkage)->id) : std::nullopt;
}

std::vector<Uuid> IdsOf(const std::vector<Linkage>& linkages) {
  std::vector<Uuid> ids;
  for (const Linkage& linkage : linkages) ids.push_back(linkage.id);
  return ids;
}

}  // namespace latchkey::api
