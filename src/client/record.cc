#include "client/record.h"

#include "base/json.h"

namespace latchkey::client {
namespace {

using base::JsonWriter;

void Put(JsonWriter& out, std::string_view name, const std::string& text) {
  if (!text.empty()) out.Key(name).String(text);
}
void Put(JsonWriter& out, std::string_view name, const std::optional<TimePoint>& time) {
  if (time) out.Key(name).Int(base::UnixMicros(*time));
}
void Put(JsonWriter& out, std::string_view name, const std::optional<Duration>& duration) {
  if (duration) out.Key(name).Int(duration->count());
}

// Reads members of one object; any member of a wrong kind makes the whole text malformed.
class Reader {
 public:
  explicit Reader(const json::object& object) : object_(object) {}

  std::string Text(std::string_view name) {
    const json::value* value = object_.if_contains(name);
    if (value == nullptr) return {};
    if (!value->is_string()) return Fail<std::string>();
    return std::string(value->as_string());
  }
  std::optional<std::int64_t> Int(std::string_view name) {
    const json::value* value = object_.if_contains(name);
    if (value == nullptr) return std::nullopt;
    if (!value->is_int64()) return Fail<std::optional<std::int64_t>>();
    return value->as_int64();
  }
  bool Bool(std::string_view name) {
    const json::value* value = object_.if_contains(name);
    if (value == nullptr) return false;
    if (!value->is_bool()) return Fail<bool>();
    return value->as_bool();
  }
  // Times and durations within what the calendar can show, so that sums never overflow.
  std::optional<TimePoint> Time(std::string_view name) {
    const auto micros = Bounded(name);
    return micros ? std::optional(base::FromUnixMicros(*micros)) : std::nullopt;
  }
  std::optional<Duration> Span(std::string_view name) {
    const auto micros = Bounded(name);
    return micros ? std::optional(Duration(*micros)) : std::nullopt;
  }
  const json::object* Object(std::string_view name) {
    const json::value* value = object_.if_contains(name);
    if (value == nullptr) return nullptr;
    if (!value->is_object()) return Fail<const json::object*>();
    return &value->as_object();
  }
  bool failed() const { return failed_; }

 private:
  template <class T>
  T Fail() {
    failed_ = true;
    return T{};
  }
  std::optional<std::int64_t> Bounded(std::string_view name) {
    constexpr std::int64_t kBound = 253402300800ll * 1000000;
    const auto value = Int(name);
    if (value && (*value > kBound || *value < -kBound)) return Fail<std::optional<std::int64_t>>();
    return value;
  }

  const json::object& object_;
  bool failed_ = false;
};

}  // namespace

bool operator==(const Record& a, const Record& b) { return WriteRecord(a) == WriteRecord(b); }

std::string WriteRecord(const Record& record) {
  JsonWriter out;
  out.BeginObject().Key("v").Int(1);
  Put(out, "key", record.license_key);
  Put(out, "license", record.license_id);
  Put(out, "certificate", record.certificate);
  if (record.denial) {
    const Denial& denial = *record.denial;
    out.Key("denial").BeginObject();
    Put(out, "code", denial.code);
    Put(out, "reason", denial.reason);
    Put(out, "title", denial.title);
    Put(out, "body", denial.body);
    out.Key("since").Int(base::UnixMicros(denial.since));
    Put(out, "expiry", denial.expiry);
    Put(out, "until", denial.until);
    out.EndObject();
  }
  Put(out, "pendingKey", record.pending_key);
  Put(out, "pendingLicense", record.pending_license_id);
  Put(out, "provisionalUntil", record.provisional_until);
  if (record.provisional_used) out.Key("provisionalUsed").Bool(true);
  Put(out, "deviceName", record.device_name);
  Put(out, "lastContact", record.last_contact);
  Put(out, "notBefore", record.not_before);
  const TrustedTime& time = record.time;
  out.Key("time").BeginObject();
  Put(out, "floor", time.floor);
  out.Key("floorPowered").Int(time.floor_powered.count()).Key("powered").Int(time.powered.count());
  Put(out, "bootId", time.boot_id);
  out.Key("boot").Int(time.boot.count()).Key("wall").Int(base::UnixMicros(time.wall));
  Put(out, "jumped", time.jumped);
  out.EndObject().EndObject();
  return out.Take();
}

Result<Record> ParseRecord(std::string_view text) {
  LK_ASSIGN(const json::value document, base::ParseJson(text));
  const Error malformed{Errc::kMalformed, "the stored record is not of the expected form"};
  if (!document.is_object()) return malformed;
  Reader in(document.as_object());
  if (in.Int("v").value_or(0) < 1) return malformed;
  Record out;
  out.license_key = in.Text("key");
  out.license_id = in.Text("license");
  out.certificate = in.Text("certificate");
  if (const json::object* object = in.Object("denial")) {
    Reader denial(*object);
    Denial& d = out.denial.emplace();
    d.code = denial.Text("code");
    d.reason = denial.Text("reason");
    d.title = denial.Text("title");
    d.body = denial.Text("body");
    d.since = denial.Time("since").value_or(TimePoint{});
    d.expiry = denial.Time("expiry");
    d.until = denial.Time("until");
    if (denial.failed()) return malformed;
  }
  out.pending_key = in.Text("pendingKey");
  out.pending_license_id = in.Text("pendingLicense");
  out.provisional_until = in.Span("provisionalUntil");
  out.provisional_used = in.Bool("provisionalUsed");
  out.device_name = in.Text("deviceName");
  out.last_contact = in.Time("lastContact");
  out.not_before = in.Span("notBefore");
  const json::object* object = in.Object("time");
  if (object == nullptr || in.failed()) return malformed;
  Reader time(*object);
  out.time.floor = time.Time("floor");
  out.time.floor_powered = time.Span("floorPowered").value_or(Duration::zero());
  out.time.powered = time.Span("powered").value_or(Duration::zero());
  out.time.boot_id = time.Text("bootId");
  out.time.boot = time.Span("boot").value_or(Duration::zero());
  out.time.wall = time.Time("wall").value_or(TimePoint{});
  out.time.jumped = time.Span("jumped");
  if (time.failed()) return malformed;
  return out;
}

}  // namespace latchkey::client
