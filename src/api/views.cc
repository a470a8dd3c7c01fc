#include "api/views.h"

#include "api/authenticate.h"
#include "core/totp.h"
#include "service/users.h"
#include "store/records.h"

namespace latchkey::api {
namespace {

using core::Value;

template <class T>
Result<const T*> Load(Call& call, std::unordered_map<Uuid, T>& known, const Uuid& id) {
  const auto it = known.find(id);
  if (it != known.end()) return static_cast<const T*>(&it->second);
  LK_ASSIGN(auto found, service::Find<T>(call.context(), id));
  if (!found)
    return Error{Errc::kInternal,
                 std::string(core::ResourceOf<T>().noun) + " that another record needs is gone"};
  return static_cast<const T*>(&known.emplace(id, std::move(*found)).first->second);
}

Value Text(std::string_view text) { return std::string(text); }
Value Maybe(const std::optional<std::int64_t>& number) { return number ? Value(*number) : Value(); }
Value Maybe(const std::optional<TimePoint>& time) { return time ? Value(*time) : Value(); }

Value Sorted(const core::Strings& names) {
  std::vector<std::string_view> sorted(names.begin(), names.end());
  std::sort(sorted.begin(), sorted.end());
  json::array out;
  out.reserve(sorted.size());
  for (const std::string_view name : sorted) out.emplace_back(name);
  return json::value(std::move(out));
}

// conventions.md §4.2 rules 2 and 3: the intersection, where "*" on one side defers to the other.
core::Strings Effective(const core::Strings& own, const core::Strings& bound) {
  const auto has = [](const core::Strings& names, std::string_view name) {
    return std::find(names.begin(), names.end(), name) != names.end();
  };
  if (has(own, "*")) return bound;
  if (has(bound, "*")) return own;
  core::Strings both;
  for (const auto& name : own)
    if (has(bound, name)) both.push_back(name);
  return both;
}

// A validation is activity: its own answer counts it. Copies only what a status depends on.
std::string_view StatusWhenValidated(const core::License& license, bool owner_banned,
                                     TimePoint validated, TimePoint now) {
  core::License facts;
  facts.created = license.created;
  facts.expiry = license.expiry;
  facts.suspended = license.suspended;
  facts.last_validated = validated;
  facts.last_check_in = license.last_check_in;
  facts.last_check_out = license.last_check_out;
  return core::NameOf(core::StatusOf(facts, owner_banned, now));
}

// Leaves out what differs from one answer to the next.
class StencilView final : public LicenseView {
 public:
  using LicenseView::LicenseView;
  bool Write(const core::Attribute& attribute, base::JsonWriter& out) const override {
    if (attribute.name != "status" && attribute.name != "last_validated")
      return LicenseView::Write(attribute, out);
    gaps_.push_back(out.text().size());
    out.Null();  // cut out afterwards
    return true;
  }
  const std::vector<std::size_t>& gaps() const { return gaps_; }

 private:
  mutable std::vector<std::size_t> gaps_;
};

}  // namespace

Result<const core::Policy*> Related::Policy(const Uuid& id) { return Load(call_, policies_, id); }
Result<const core::License*> Related::License(const Uuid& id) { return Load(call_, licenses_, id); }
Result<const core::User*> Related::User(const std::optional<Uuid>& id) {
  if (!id) return static_cast<const core::User*>(nullptr);
  return Load(call_, users_, *id);
}

Result<const core::Product*> Related::Product(const Uuid& id) { return Load(call_, products_, id); }

Result<std::int64_t> Related::AttachedUsers(const Uuid& license) {
  std::int64_t count = 0;
  LK_TRY(call_.session->Query("SELECT count(*) FROM license_users WHERE license_id = $1",
                              store::Params(license),
                              [&](const store::Row& row) { count = row.Int(0); }));
  return count;
}

Result<LicenseView> LicenseView::Of(Related& related, const core::License& license, TimePoint now) {
  LK_ASSIGN(const core::Policy* policy, related.Policy(license.policy_id));
  LK_ASSIGN(const core::User* owner, related.User(license.owner_id));
  LicenseView view(license, *policy, owner, now);
  LK_ASSIGN(view.attached_, related.AttachedUsers(license.id));
  return view;
}

LicenseView::LicenseView(const core::Snapshot& snapshot, TimePoint now)
    : RecordView(snapshot.license),
      policy_(snapshot.policy),
      owner_(nullptr),
      now_(now),
      limits_(core::EffectiveLimits(snapshot.license, snapshot.policy)),
      owner_banned_(snapshot.owner && snapshot.owner->banned),
      attached_(static_cast<std::int64_t>(snapshot.users.size())) {}

Value LicenseView::Get(const core::Attribute& attribute) const {
  const std::string_view name = attribute.name;
  if (attribute.storage != core::Storage::kComputed && !attribute.viewed) {
    if (last_validated_ && name == "last_validated") return *last_validated_;
    return View::Get(attribute);
  }
  if (name == "key") return plain_key_ ? Value(*plain_key_) : Value(typed_.key);
  if (name == "status") {
    const bool banned = owner_banned_ || (owner_ && owner_->banned_at);
    if (!last_validated_) return Text(core::NameOf(core::StatusOf(typed_, banned, now_)));
    return Text(StatusWhenValidated(typed_, banned, *last_validated_, now_));
  }
  if (name == "scheme") return policy_.scheme ? Text(core::NameOf(*policy_.scheme)) : Value();
  if (name == "encrypted") return policy_.encrypted;
  if (name == "strict") return policy_.strict;
  if (name == "floating") return policy_.floating;
  if (name == "require_heartbeat") return policy_.require_heartbeat;
  if (name == "require_check_in") return policy_.require_check_in;
  if (name == "next_check_in") return Maybe(core::NextCheckIn(typed_, policy_));
  if (name == "max_machines") return Maybe(limits_.machines);
  if (name == "max_processes") return Maybe(limits_.processes);
  if (name == "max_users") return Maybe(limits_.users);
  if (name == "max_cores") return Maybe(limits_.cores);
  if (name == "max_memory") return Maybe(limits_.memory);
  if (name == "max_disk") return Maybe(limits_.disk);
  if (name == "max_uses") return Maybe(limits_.uses);
  if (name == "permissions") {
    if (!owner_) return Sorted(typed_.permissions);
    return Sorted(Effective(typed_.permissions, owner_->permissions));
  }
  return View::Get(attribute);
}

// The permissions of a license without an owner: thirty names, in most answers.
bool LicenseView::Write(const core::Attribute& attribute, base::JsonWriter& out) const {
  if (owner_ || attribute.name != "permissions") return false;
  std::vector<std::string_view> sorted(typed_.permissions.begin(), typed_.permissions.end());
  std::sort(sorted.begin(), sorted.end());
  out.BeginArray();
  for (const std::string_view name : sorted) out.String(name);
  out.EndArray();
  return true;
}

bool LicenseView::Shows(const core::Attribute& attribute) const {
  if (attribute.name == "key" && policy_.scheme == core::Scheme::kLegacyEncrypt)
    return plain_key_.has_value();
  return attribute.shown;
}

bool LicenseView::WriteMeta(const core::Relationship& relationship, base::JsonWriter& out) const {
  if (relationship.name == "users") {
    out.BeginObject().Key("count").Int((typed_.owner_id ? 1 : 0) + attached_).EndObject();
    return true;
  }
  if (relationship.name == "machines") {
    out.BeginObject()
        .Key("cores")
        .Int(typed_.machines_cores)
        .Key("memory")
        .Int(typed_.machines_memory);
    out.Key("disk").Int(typed_.machines_disk).Key("count").Int(typed_.machines_count).EndObject();
    return true;
  }
  return false;
}

service::Stencil LicenseStencil(const Call& call, const core::Snapshot& snapshot) {
  constexpr std::size_t kNull = 4;
  const StencilView view(snapshot, call.now);
  base::JsonWriter out;
  out.Reserve(4096);
  out.BeginObject().Key("data");
  WriteResource(out, view, RenderOptionsOf(call));
  service::Stencil stencil;
  std::size_t from = 0;
  for (const std::size_t gap : view.gaps()) {
    stencil.text.append(out.text(), from, gap - from);
    stencil.gaps.push_back(stencil.text.size());
    from = gap + kNull;
  }
  stencil.text.append(out.text(), from);
  stencil.text.shrink_to_fit();
  return stencil;
}

Reply FillLicense(const Call& call, const core::Snapshot& snapshot, const service::Stencil& stencil,
                  std::string_view meta) {
  const bool banned = snapshot.owner && snapshot.owner->banned;
  const std::string_view status = StatusWhenValidated(snapshot.license, banned, call.now, call.now);
  const std::string_view text = stencil.text;
  std::string body;
  body.reserve(text.size() + meta.size() + 64);
  body.append(text.substr(0, stencil.gaps.at(0)));
  base::AppendJsonString(body, status);
  body.append(text.substr(stencil.gaps.at(0), stencil.gaps.at(1) - stencil.gaps.at(0)));
  base::AppendJsonString(body, base::FormatTime(call.now));
  body.append(text.substr(stencil.gaps.at(1))).append(",\"meta\":").append(meta).append("}");
  return {.status = 200, .body = std::move(body)};
}

Result<MachineView> MachineView::Of(Related& related, const core::Machine& machine,
                                    const Call& call) {
  LK_ASSIGN(const core::License* license, related.License(machine.license_id));
  LK_ASSIGN(const core::Policy* policy, related.Policy(license->policy_id));
  const TimePoint since = machine.last_heartbeat.value_or(machine.created);
  return MachineView(machine, *license, *policy, call.now, call.downtime(since, call.now));
}

Value MachineView::Get(const core::Attribute& attribute) const {
  const std::string_view name = attribute.name;
  if (name == "require_heartbeat") return core::RequiresHeartbeat(typed_, policy_);
  if (name == "heartbeat_status") {
    if (resurrected_) return Text(core::NameOf(core::HeartbeatStatus::kResurrected));
    return Text(core::NameOf(core::HeartbeatOf(typed_, policy_, now_, downtime_)));
  }
  if (name == "heartbeat_duration") return core::HeartbeatSeconds(policy_);
  if (name == "max_processes") {
    if (typed_.max_processes) return *typed_.max_processes;
    return Maybe(core::EffectiveLimits(license_, policy_).processes);
  }
  if (name == "next_heartbeat") return Maybe(core::NextHeartbeat(typed_, policy_));
  return View::Get(attribute);
}

Result<ProcessView> ProcessView::Of(Related& related, const core::Process& process,
                                    const Call& call) {
  LK_ASSIGN(const core::Policy* policy, related.Policy(process.policy_id));
  return ProcessView(process, *policy, call.now, call.downtime(process.last_heartbeat, call.now));
}

Value ProcessView::Get(const core::Attribute& attribute) const {
  const std::string_view name = attribute.name;
  if (name == "next_heartbeat") return core::NextHeartbeat(typed_, policy_);
  if (name == "interval") return core::HeartbeatSeconds(policy_);
  if (name == "status") {
    if (resurrected_) return Text(core::NameOf(core::ProcessStatus::kResurrected));
    return Text(core::NameOf(core::StatusOf(typed_, policy_, now_, downtime_)));
  }
  return View::Get(attribute);
}

Result<TokenView> TokenView::Of(Related& related, const core::Token& token, std::string raw) {
  core::Strings bearer{"*"};
  if (token.bearer_type == "users") {
    LK_ASSIGN(const core::User* user, related.User(token.bearer_id));
    bearer = user->permissions;
  } else if (token.bearer_type == "products") {
    LK_ASSIGN(const core::Product* product, related.Product(token.bearer_id));
    bearer = product->permissions;
  } else if (token.bearer_type == "licenses") {
    LK_ASSIGN(const core::License* license, related.License(token.bearer_id));
    LK_ASSIGN(const core::User* owner, related.User(license->owner_id));
    bearer = owner ? Effective(license->permissions, owner->permissions) : license->permissions;
  }
  TokenView view(token, std::move(raw));
  view.permissions_ = Effective(token.permissions, bearer);
  return view;
}

Value TokenView::Get(const core::Attribute& attribute) const {
  if (attribute.name == "token") return raw_;
  if (attribute.name == "permissions") return Sorted(permissions_);
  return View::Get(attribute);
}

bool TokenView::Shows(const core::Attribute& attribute) const {
  if (attribute.name == "token") return !raw_.empty();
  if (attribute.name.ends_with("activations")) return typed_.bearer_type == "licenses";
  return attribute.shown;
}

std::optional<Linkage> TokenView::LinkageOf(const core::Relationship& relationship) const {
  if (relationship.name == "bearer") return Linkage{typed_.bearer_type, typed_.bearer_id};
  return View::LinkageOf(relationship);
}

Result<UserView> UserView::Of(const Call& call, const core::User& user) {
  const TimePoint since = call.now - std::chrono::hours(24 * 90);
  if (user.banned_at || user.created >= since) return UserView(user, true);
  LK_ASSIGN(const bool active, service::HasActiveLicense(call.context(), user.id, since));
  return UserView(user, active);
}

Value UserView::Get(const core::Attribute& attribute) const {
  if (attribute.name == "full_name") {
    if (!typed_.first_name || !typed_.last_name) return {};
    return *typed_.first_name + " " + *typed_.last_name;
  }
  if (attribute.name == "status") {
    if (typed_.banned_at) return Text("BANNED");
    return Text(active_ ? "ACTIVE" : "INACTIVE");
  }
  if (attribute.name == "permissions") return Sorted(typed_.permissions);
  return View::Get(attribute);
}

Value SecondFactorView::Get(const core::Attribute& attribute) const {
  if (attribute.name == "uri") return core::TotpUri(typed_.secret, email_, issuer_);
  return View::Get(attribute);
}

bool SecondFactorView::Shows(const core::Attribute& attribute) const {
  if (attribute.name == "uri" || attribute.name == "secret") return !typed_.enabled;
  return attribute.shown;
}

bool AccountView::WriteOwnMeta(base::JsonWriter& out) const {
  const auto base64 = [](std::string_view text) { return base::Base64(base::AsBytes(text)); };
  const auto& keys = keys_.public_keys();
  const std::string rsa = keys.rsa ? base64(keys.rsa->ToPem()) : "";
  out.BeginObject().Key("publicKey").String(rsa).Key("keys").BeginObject();
  out.Key("ed25519").String(keys.ed25519 ? base64(keys.ed25519->ToHex()) : "");
  out.Key("rsa2048").String(rsa);
  out.Key("ecdsa").String(keys.ecdsa ? base64(keys.ecdsa->ToPem()) : "");
  out.EndObject().EndObject();
  return true;
}

}  // namespace latchkey::api
