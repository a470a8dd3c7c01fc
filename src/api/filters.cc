#include "api/filters.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>

#include "base/calendar.h"
#include "core/naming.h"
#include "store/metadata_index.h"
#include "store/records.h"

namespace latchkey::api {
namespace {

using store::Where;

constexpr Duration kExpiring = std::chrono::days(3);
constexpr Duration kActive = std::chrono::days(90);
// Metadata has at most 64 keys (conventions.md §1.8).
constexpr std::size_t kMostMetadata = 64;
constexpr std::size_t kDeepestMetadata = 4;  // deeper than any stored metadata

std::string Lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return out;
}

bool AllDigits(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

std::optional<std::int64_t> Number(std::string_view text) {
  std::int64_t value = 0;
  const char* end = text.data() + text.size();
  const auto [at, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || at != end) return std::nullopt;
  return value;
}

// `name[a][b]` → {"name", "a", "b"}; nullopt for brackets that do not fit.
std::optional<std::vector<std::string_view>> Brackets(std::string_view name) {
  const std::size_t open = name.find('[');
  std::vector<std::string_view> parts{name.substr(0, open)};
  name.remove_prefix(std::min(open, name.size()));
  while (!name.empty()) {
    const std::size_t close = name.find(']');
    if (name.front() != '[' || close == std::string_view::npos) return std::nullopt;
    parts.push_back(name.substr(1, close - 1));
    name.remove_prefix(close + 1);
  }
  return parts;
}

// The parameters of one list request, as far as the list takes them.
class Parameters {
 public:
  Parameters(const Call& call, std::span<const std::string_view> allowed)
      : call_(call), allowed_(allowed) {}

  bool Takes(std::string_view name) const {
    return allowed_.empty() || std::find(allowed_.begin(), allowed_.end(), name) != allowed_.end();
  }
  // The first value of `name`, unless blank.
  std::optional<std::string_view> Value(std::string_view name) const {
    if (!Takes(name)) return std::nullopt;
    for (const auto& [key, value] : call_.query)
      if (key == name && !value.empty()) return std::string_view(value);
    return std::nullopt;
  }
  // Of `name[sub]`, the first of `order` that was sent. Any other sub-key, or none, gives an empty
  // one. nullopt: the filter was not sent.
  struct Sub {
    std::string_view key, value;
  };
  std::optional<Sub> SubValue(std::string_view name,
                              std::initializer_list<std::string_view> order) const {
    if (!Takes(name)) return std::nullopt;
    std::optional<Sub> unknown;
    std::vector<Sub> sent;
    for (const auto& [key, value] : call_.query) {
      if (value.empty() || !key.starts_with(name)) continue;
      const auto parts = Brackets(key);
      if (!parts || parts->front() != name) continue;
      if (parts->size() == 2 && std::find(order.begin(), order.end(), parts->back()) != order.end())
        sent.push_back({parts->back(), value});
      else
        unknown = Sub{};
    }
    for (const std::string_view key : order)
      for (const Sub& sub : sent)
        if (sub.key == key) return sub;
    return unknown;
  }
  const Call& call() const { return call_; }

 private:
  const Call& call_;
  std::span<const std::string_view> allowed_;
};

// A filter over ids: `column` is the condition for one.
void ById(const Parameters& parameters, std::string_view name, store::SqlLiteral sql,
          Where& where) {
  const auto value = parameters.Value(name);
  if (!value) return;
  const auto id = Uuid::Parse(*value);
  where.And(id ? Where(sql, *id) : Where::Nothing());
}

void ByText(const Parameters& parameters, std::string_view name, store::SqlLiteral sql,
            Where& where) {
  if (const auto value = parameters.Value(name)) where.And(Where(sql, *value));
}

std::string NormalisedEmail(std::string_view text) {
  constexpr std::string_view kBlank = " \t\r\n";
  const std::size_t first = text.find_first_not_of(kBlank);
  if (first == std::string_view::npos) return {};
  return Lower(text.substr(first, text.find_last_not_of(kBlank) - first + 1));
}

// ---- metadata ----

// Puts `value` where the brackets point: a name is a member, an empty one a further element.
bool Place(json::value& at, std::span<const std::string_view> path, std::string_view value) {
  if (path.empty()) {
    if (!at.is_null()) return false;  // one name with two values
    at = json::string(value);
    return true;
  }
  if (path.front().empty()) {
    if (at.is_null()) at = json::array();
    auto* array = at.if_array();
    return array && Place(array->emplace_back(nullptr), path.subspan(1), value);
  }
  if (at.is_null()) at = json::object();
  auto* object = at.if_object();
  const std::string key = core::ToSnake(path.front());
  if (!object || key.empty()) return false;
  return Place((*object)[key], path.subspan(1), value);
}

void ByMetadata(const Parameters& parameters, const core::Resource& resource, Where& where) {
  if (!parameters.Takes("metadata")) return;
  json::value wanted;
  std::size_t leaves = 0;
  for (const auto& [key, value] : parameters.call().query) {
    if (!key.starts_with("metadata")) continue;
    if (++leaves > kMostMetadata) {  // no record holds so many
      where.And(Where::Nothing());
      return;
    }
    const auto parts = Brackets(key);
    if (parts && parts->front() != "metadata") continue;  // another parameter
    const bool readable = parts && parts->size() > 1 && parts->size() <= kDeepestMetadata + 1 &&
                          !(*parts)[1].empty() &&
                          Place(wanted, std::span(*parts).subspan(1), value);
    if (!readable) {
      where.And(Where::Nothing());
      return;
    }
  }
  if (const auto* object = wanted.if_object())
    where.And(store::MetadataContains(resource, parameters.call().account_id(), *object));
}

// ---- licenses ----

Where OwnerBanned(const Call& call) {
  return Where(
      "licenses.owner_id IN (SELECT id FROM users WHERE account_id = ? AND banned_at IS NOT NULL)",
      call.account_id());
}

Where ActiveSince(TimePoint time) {
  return Where(
      "(licenses.created >= ? OR licenses.last_validated >= ? OR licenses.last_check_out >= ? OR "
      "licenses.last_check_in >= ? OR EXISTS (SELECT 1 FROM license_stamps WHERE license_seq = "
      "licenses.seq AND license_stamps.last_validated >= ?))",
      time, time, time, time, time);
}

// Activity does not count for licenses of banned owners, nor does its absence.
Where Activity(const Call& call, TimePoint since, bool active) {
  Where where = active ? ActiveSince(since) : Where::Not(ActiveSince(since));
  return where.And(Where::Not(OwnerBanned(call)));
}

Where ExpiringSoon(const Call& call) {
  return Where("licenses.expiry > ? AND licenses.expiry < ?", call.now, call.now + kExpiring);
}

// licenses.md §11.1, right column: each looks at one fact alone.
Where ByStatus(const Call& call, std::string_view status) {
  const std::string name = Lower(status);
  if (name == "banned") return OwnerBanned(call);
  if (name == "suspended") return Where("licenses.suspended = 1");
  if (name == "expired") return Where("licenses.expiry < ?", call.now);
  if (name == "expiring") return ExpiringSoon(call);
  if (name == "inactive") return Activity(call, call.now - kActive, false);
  if (name == "active") return Activity(call, call.now - kActive, true);
  return Where::Nothing();
}

Where Flagged(bool wanted, const Where& condition) {
  return wanted ? condition : Where::Not(condition);
}

Where OnDay(std::string_view text) {
  const auto time = base::ParseTime(text);
  if (!time) return Where::Nothing();
  const TimePoint day = std::chrono::floor<std::chrono::days>(*time);
  return Where("licenses.expiry >= ? AND licenses.expiry < ?", day,
               day + Duration(std::chrono::days(1)));
}

// expired[…]: of those that have expired already.
Where ExpiredBy(const Call& call, const Parameters::Sub& sub) {
  Where where("licenses.expiry < ?", call.now);
  if (sub.key == "on") return where.And(OnDay(sub.value));
  if (sub.key == "within" || sub.key == "in") {
    const auto span = ParseFilterSpan(sub.value);
    if (!span) return Where::Nothing();
    return where.And(Where("licenses.expiry >= ?", span->Before(call.now)));
  }
  const auto time = base::ParseTime(sub.value);
  if (!time) return Where::Nothing();
  if (sub.key == "before") return where.And(Where("licenses.expiry <= ?", *time));
  if (sub.key == "after") return where.And(Where("licenses.expiry >= ?", *time));
  return Where::Nothing();
}

// expires[…]: of those that have not expired; `on` looks both ways.
Where ExpiresBy(const Call& call, const Parameters::Sub& sub) {
  if (sub.key == "on") return OnDay(sub.value);
  Where where("licenses.expiry >= ?", call.now);
  if (sub.key == "within" || sub.key == "in") {
    const auto span = ParseFilterSpan(sub.value);
    if (!span) return Where::Nothing();
    return where.And(Where("licenses.expiry <= ?", span->After(call.now)));
  }
  const auto time = base::ParseTime(sub.value);
  if (!time) return Where::Nothing();
  if (sub.key == "before") return where.And(Where("licenses.expiry <= ?", *time));
  if (sub.key == "after") return where.And(Where("licenses.expiry >= ?", *time));
  return Where::Nothing();
}

Where ByActivity(const Call& call, const Parameters::Sub& sub) {
  const bool active = sub.key == "inside" || sub.key == "after";
  if (sub.key == "inside" || sub.key == "outside") {
    const auto span = ParseFilterSpan(sub.value);
    return span ? Activity(call, span->Before(call.now), active) : Where::Nothing();
  }
  const auto time = base::ParseTime(sub.value);
  if (sub.key.empty() || !time) return Where::Nothing();
  return Activity(call, *time, active);
}

Where ByActivations(const Parameters::Sub& sub) {
  const auto count = Number(sub.value);
  if (!count) return Where::Nothing();
  if (sub.key == "eq") return Where("licenses.machines_count = ?", *count);
  if (sub.key == "gt") return Where("licenses.machines_count > ?", *count);
  if (sub.key == "gte") return Where("licenses.machines_count >= ?", *count);
  if (sub.key == "lt") return Where("licenses.machines_count < ?", *count);
  if (sub.key == "lte") return Where("licenses.machines_count <= ?", *count);
  return Where::Nothing();
}

Where LicenseOwner(const Call& call, std::string_view text) {
  if (const auto id = Uuid::Parse(text)) return Where("licenses.owner_id = ?", *id);
  return Where("licenses.owner_id IN (SELECT id FROM users WHERE account_id = ? AND email = ?)",
               call.account_id(), NormalisedEmail(text));
}

Where LicenseUser(const Call& call, std::string_view text) {
  Where attached;
  if (const auto id = Uuid::Parse(text))
    attached =
        Where("licenses.id IN (SELECT license_id FROM license_users WHERE user_id = ?)", *id);
  else
    attached = Where(
        "licenses.id IN (SELECT license_id FROM license_users WHERE user_id IN "
        "(SELECT id FROM users WHERE account_id = ? AND email = ?))",
        call.account_id(), NormalisedEmail(text));
  return Where::AnyOf(std::array{LicenseOwner(call, text), std::move(attached)});
}

// ---- machines ----

Where MachineOwner(const Call& call, std::string_view text) {
  if (const auto id = Uuid::Parse(text)) return Where("machines.owner_id = ?", *id);
  return Where("machines.owner_id IN (SELECT id FROM users WHERE account_id = ? AND email = ?)",
               call.account_id(), NormalisedEmail(text));
}

Where MachineUser(const Call& call, std::string_view text) {
  if (const auto id = Uuid::Parse(text))
    return Where(
        "(machines.license_id IN (SELECT id FROM licenses WHERE owner_id = ?) OR "
        "machines.license_id IN (SELECT license_id FROM license_users WHERE user_id = ?))",
        *id, *id);
  const std::string email = NormalisedEmail(text);
  return Where(
      "(machines.license_id IN (SELECT id FROM licenses WHERE owner_id IN "
      "(SELECT id FROM users WHERE account_id = ? AND email = ?)) OR "
      "machines.license_id IN (SELECT license_id FROM license_users WHERE user_id IN "
      "(SELECT id FROM users WHERE account_id = ? AND email = ?)))",
      call.account_id(), email, call.account_id(), email);
}

// A heartbeat before this instant has run out: period and downtime since then lie behind us
// (decision 7). The time served since an instant never grows with it, so halving finds the border.
TimePoint HeartbeatBorder(const Call& call, Duration period) {
  const auto dead = [&](TimePoint since) {
    return since + period + call.downtime(since, call.now) < call.now;
  };
  TimePoint late = call.now - period;  // not dead: the period ends now at the earliest
  Duration step = std::max(period, Duration(Seconds(1)));
  TimePoint early = late - step;
  while (!dead(early)) {
    late = early;
    step *= 2;
    early = late - step;
  }
  while (late - early > Duration(1)) {
    const TimePoint middle = early + (late - early) / 2;
    (dead(middle) ? early : late) = middle;
  }
  return late;
}

// `time` lies before the instant at which a heartbeat of the policy named by `policy` runs out.
Result<Where> Late(const Call& call, store::SqlLiteral time, store::SqlLiteral policy) {
  std::vector<std::int64_t> periods;
  LK_TRY(call.session->Query(
      "SELECT DISTINCT coalesce(heartbeat_duration, 600) FROM policies WHERE account_id = $1",
      store::Params(call.account_id()),
      [&](const store::Row& row) { periods.push_back(row.Int(0)); }));
  if (periods.empty()) return Where::Nothing();
  std::string sql(time.text());
  sql += " < (SELECT CASE coalesce(policies.heartbeat_duration, 600)";
  std::vector<store::Param> params;
  for (const std::int64_t period : periods) {
    sql += " WHEN ? THEN ?";
    params.push_back(store::ToParam(period));
    params.push_back(store::ToParam(HeartbeatBorder(call, Seconds(period))));
  }
  sql.append(" END FROM policies WHERE policies.id = ").append(policy.text()).append(")");
  return Where::Built(std::move(sql), std::move(params));
}

// machines.md §2: a machine that must beat, by its policy or because it began to, and is late.
Result<Where> DeadMachines(const Call& call) {
  Where where(
      "machines.last_heartbeat IS NOT NULL OR machines.policy_id IN (SELECT id FROM policies WHERE "
      "require_heartbeat = 1)");
  LK_ASSIGN(const Where late, Late(call, "coalesce(machines.last_heartbeat, machines.created)",
                                   "machines.policy_id"));
  return Where().And(where).And(late);
}

Result<Where> DeadProcesses(const Call& call) {
  return Late(call, "processes.last_heartbeat", "processes.policy_id");
}

Result<Where> ByHeartbeat(const Call& call, std::string_view status,
                          Result<Where> (*find_dead)(const Call&)) {
  const std::string name = Lower(status);
  if (name != "dead" && name != "alive") return Where::Nothing();
  LK_ASSIGN(const Where dead, find_dead(call));
  return name == "dead" ? dead : Where::Not(dead);
}

// ---- components and processes

Where PartFilters(const Parameters& parameters) {
  Where where;
  ById(parameters, "product", "product_id = ?", where);
  ById(parameters, "machine", "machine_id = ?", where);
  ById(parameters, "license", "license_id = ?", where);
  ById(parameters, "owner", "machine_id IN (SELECT id FROM machines WHERE owner_id = ?)", where);
  if (const auto user = parameters.Value("user"))
    where.And(Where::Through("license_id", "licenses", LicenseUser(parameters.call(), *user)));
  return where;
}

}  // namespace

bool ParseFilterFlag(std::string_view text) {
  const std::string name = Lower(text);
  return name != "false" && name != "f" && name != "0" && name != "off";
}

std::optional<FilterSpan> ParseFilterSpan(std::string_view text) {
  FilterSpan span;
  constexpr std::size_t kLongest = 11;  // digits; keeps every sum within int64
  if (AllDigits(text)) {
    if (text.size() > kLongest) return std::nullopt;
    span.seconds = *Number(text);
    return span;
  }
  struct Unit {
    char letter;
    bool time;  // behind the T
    std::int64_t FilterSpan::*member;
  };
  constexpr Unit kUnits[] = {{'y', false, &FilterSpan::years}, {'m', false, &FilterSpan::months},
                             {'w', false, &FilterSpan::weeks}, {'d', false, &FilterSpan::days},
                             {'h', true, &FilterSpan::hours},  {'m', true, &FilterSpan::minutes},
                             {'s', true, &FilterSpan::seconds}};
  const std::string lower = Lower(text);
  std::string_view rest = lower;
  if (rest.starts_with('p')) rest.remove_prefix(1);
  std::size_t next = 0;  // units stand in this order, each once
  bool time = false;
  if (rest.empty() || rest.ends_with('t')) return std::nullopt;
  while (!rest.empty()) {
    if (rest.front() == 't') {
      if (time) return std::nullopt;
      time = true;
      rest.remove_prefix(1);
    }
    const std::size_t digits = std::min(rest.find_first_not_of("0123456789"), rest.size());
    if (digits == 0 || digits == rest.size() || digits > kLongest) return std::nullopt;
    while (next < std::size(kUnits) &&
           (kUnits[next].letter != rest[digits] || kUnits[next].time != time))
      ++next;
    if (next == std::size(kUnits)) return std::nullopt;
    span.*kUnits[next++].member = *Number(rest.substr(0, digits));
    rest.remove_prefix(digits + 1);
  }
  return span;
}

namespace {

TimePoint Shift(TimePoint time, const FilterSpan& span, std::int64_t sign) {
  using base::CalendarUnit;
  time = base::AddUnits(time, sign * span.years, CalendarUnit::kYear);
  time = base::AddUnits(time, sign * span.months, CalendarUnit::kMonth);
  time = base::AddUnits(time, sign * span.weeks, CalendarUnit::kWeek);
  time = base::AddUnits(time, sign * span.days, CalendarUnit::kDay);
  return time + Seconds(sign * (span.hours * 3600 + span.minutes * 60 + span.seconds));
}

}  // namespace

TimePoint FilterSpan::Before(TimePoint time) const { return Shift(time, *this, -1); }
TimePoint FilterSpan::After(TimePoint time) const { return Shift(time, *this, 1); }

Where LicenseFilters(const Call& call, std::span<const std::string_view> allowed) {
  const Parameters parameters(call, allowed);
  Where where;
  ById(parameters, "product", "licenses.product_id = ?", where);
  ById(parameters, "policy", "licenses.policy_id = ?", where);
  ById(parameters, "machine", "licenses.id IN (SELECT license_id FROM machines WHERE id = ?)",
       where);
  ById(parameters, "group", "licenses.group_id = ?", where);
  if (const auto owner = parameters.Value("owner")) where.And(LicenseOwner(call, *owner));
  if (const auto user = parameters.Value("user")) where.And(LicenseUser(call, *user));
  if (const auto status = parameters.Value("status")) where.And(ByStatus(call, *status));

  const auto flag = [&](std::string_view name, const Where& condition) {
    if (const auto value = parameters.Value(name))
      where.And(Flagged(ParseFilterFlag(*value), condition));
  };
  const Where assigned(
      "(licenses.owner_id IS NOT NULL OR licenses.id IN (SELECT license_id FROM license_users))");
  flag("suspended", Where("licenses.suspended = 1"));
  flag("expiring", ExpiringSoon(call));
  flag("expired", Where("licenses.expiry < ?", call.now));
  flag("assigned", assigned);
  flag("unassigned", Where::Not(assigned));
  flag("activated", Where("licenses.machines_count >= 1"));

  // `expired` is a flag too: only its brackets are read here.
  const bool plain = parameters.Value("expired").has_value();
  if (const auto sub = parameters.SubValue("expired", {"within", "in", "before", "after", "on"});
      sub && !(plain && sub->key.empty()))
    where.And(ExpiredBy(call, *sub));
  if (const auto sub = parameters.SubValue("expires", {"within", "in", "before", "after", "on"}))
    where.And(ExpiresBy(call, *sub));
  if (const auto sub = parameters.SubValue("activity", {"inside", "after", "outside", "before"}))
    where.And(ByActivity(call, *sub));
  if (const auto sub = parameters.SubValue("activations", {"eq", "gt", "gte", "lt", "lte"}))
    where.And(ByActivations(*sub));
  ByMetadata(parameters, core::ResourceOf<core::License>(), where);
  return where;
}

std::vector<std::string> UserRoles(const Call& call) {
  std::vector<std::string> roles;
  bool named = false;
  for (const auto& [name, value] : call.query) {
    if ((name != "roles" && name != "roles[]") || value.empty()) continue;
    named = true;
    if (core::ParseUserRole(value)) roles.push_back(value);
  }
  if (!named) roles.emplace_back("user");
  return roles;
}

Where UserFilters(const Call& call, bool any_role) {
  const Parameters parameters(call, {});
  Where where;
  if (!any_role) {
    std::vector<store::Param> roles;
    for (const std::string& role : UserRoles(call)) roles.push_back(store::ToParam(role));
    where.AndIn("users.role", std::move(roles));
  }
  const TimePoint since = call.now - kActive;
  const auto active = [&] {
    return Where(
        "users.banned_at IS NULL AND (users.created >= ? OR EXISTS (SELECT 1 FROM licenses WHERE "
        "(licenses.owner_id = users.id OR licenses.id IN (SELECT license_id FROM license_users "
        "WHERE user_id = users.id)) AND (licenses.created >= ? OR licenses.last_validated >= ? OR "
        "licenses.last_check_out >= ? OR licenses.last_check_in >= ? OR EXISTS (SELECT 1 FROM "
        "license_stamps WHERE license_seq = licenses.seq AND license_stamps.last_validated >= "
        "?))))",
        since, since, since, since, since, since);
  };
  if (const auto status = parameters.Value("status")) {
    const std::string name = Lower(*status);
    if (name == "banned")
      where.And("users.banned_at IS NOT NULL");
    else if (name == "active")
      where.And(active());
    else if (name == "inactive")
      where.And("users.banned_at IS NULL").And(Where::Not(active()));
    else
      where.And(Where::Nothing());
  }
  for (const std::string_view name : {"assigned", "active"})
    if (const auto value = parameters.Value(name))
      where.And(
          Flagged(ParseFilterFlag(*value),
                  Where("EXISTS (SELECT 1 FROM licenses WHERE licenses.owner_id = users.id)")));
  if (const auto product = parameters.Value("product")) {
    const auto id = Uuid::Parse(*product);
    where.And(id ? Where("users.id IN (SELECT owner_id FROM licenses WHERE product_id = ? UNION "
                         "ALL SELECT user_id FROM license_users WHERE license_id IN (SELECT id "
                         "FROM licenses WHERE product_id = ?))",
                         *id, *id)
                 : Where::Nothing());
  }
  if (const auto license = parameters.Value("license")) {
    const auto id = Uuid::Parse(*license);
    where.And(id ? Where("users.id IN (SELECT owner_id FROM licenses WHERE id = ? UNION ALL "
                         "SELECT user_id FROM license_users WHERE license_id = ?)",
                         *id, *id)
                 : Where::Nothing());
  }
  ById(parameters, "group", "users.group_id = ?", where);
  ByMetadata(parameters, core::ResourceOf<core::User>(), where);
  return where;
}

Result<Where> MachineFilters(const Call& call, std::span<const std::string_view> allowed) {
  const Parameters parameters(call, allowed);
  Where where;
  ByText(parameters, "fingerprint", "machines.fingerprint = ?", where);
  ByText(parameters, "ip", "machines.ip = ?", where);
  ByText(parameters, "hostname", "machines.hostname = ?", where);
  ById(parameters, "product", "machines.product_id = ?", where);
  ById(parameters, "policy", "machines.policy_id = ?", where);
  ById(parameters, "license", "machines.license_id = ?", where);
  ById(parameters, "group", "machines.group_id = ?", where);
  if (const auto owner = parameters.Value("owner")) where.And(MachineOwner(call, *owner));
  if (const auto user = parameters.Value("user")) where.And(MachineUser(call, *user));
  if (const auto key = parameters.Value("key")) {
    LK_ASSIGN(const Where license,
              store::SealedEquals<core::License>(*call.session, call.services.vault,
                                                 call.account_id(), "key", *key));
    LK_ASSIGN(const auto found, service::Find<core::License>(call.context(), license));
    where.And(found ? Where("machines.license_id = ?", found->id) : Where::Nothing());
  }
  if (const auto status = parameters.Value("status")) {
    LK_ASSIGN(const Where condition, ByHeartbeat(call, *status, DeadMachines));
    where.And(condition);
  }
  ByMetadata(parameters, core::ResourceOf<core::Machine>(), where);
  return where;
}

Where ComponentFilters(const Call& call, std::span<const std::string_view> allowed) {
  return PartFilters(Parameters(call, allowed));
}

Result<Where> ProcessFilters(const Call& call, std::span<const std::string_view> allowed) {
  const Parameters parameters(call, allowed);
  Where where = PartFilters(parameters);
  if (const auto status = parameters.Value("status")) {
    LK_ASSIGN(const Where condition, ByHeartbeat(call, *status, DeadProcesses));
    where.And(condition);
  }
  return where;
}

}  // namespace latchkey::api
