#include "client/answer.h"

#include <sys/utsname.h>

#include <charconv>
#include <initializer_list>

#include "base/json.h"
#include "core/response_signature.h"

namespace latchkey::client {
namespace {

using Kind = Call::Kind;
using base::JsonWriter;

constexpr std::string_view kMediaType = "application/vnd.api+json";

tl::unexpected<AskFailure> Failed(CannotAsk why, std::optional<Seconds> retry_after = {}) {
  return tl::unexpected(AskFailure{why, retry_after});
}

// ---- writing

std::string Platform() {
  utsname names{};
  if (uname(&names) != 0) return "Linux";
  return std::string(names.sysname) + " " + names.machine;
}

// The document of POST /machines; a take-over adds top-level meta (decision 27).
std::string MachineDocument(const Call& call, std::string_view fingerprint) {
  JsonWriter out;
  out.BeginObject().Key("data").BeginObject().Key("type").String("machines");
  out.Key("attributes").BeginObject().Key("fingerprint").String(fingerprint);
  out.Key("name").String(call.device_name).Key("platform").String(Platform()).EndObject();
  out.Key("relationships").BeginObject().Key("license").BeginObject().Key("data").BeginObject();
  out.Key("type")
      .String("licenses")
      .Key("id")
      .String(call.license_id)
      .EndObject()
      .EndObject()
      .EndObject();
  out.EndObject();
  if (call.kind == Kind::kTakeover)
    out.Key("meta").BeginObject().Key("release").String(call.release).EndObject();
  out.EndObject();
  return out.Take();
}

std::string ValidateDocument(const Call& call, std::string_view product,
                             std::string_view fingerprint, std::int64_t nonce) {
  JsonWriter out;
  out.BeginObject().Key("meta").BeginObject().Key("key").String(call.key).Key("nonce").Int(nonce);
  out.Key("scope")
      .BeginObject()
      .Key("product")
      .String(product)
      .Key("fingerprint")
      .String(fingerprint);
  out.EndObject().EndObject().EndObject();
  return out.Take();
}

// ---- reading

// The member at the end of `path`, or nullptr.
const json::value* At(const json::value* value, std::initializer_list<std::string_view> path) {
  for (const std::string_view name : path) {
    if (value == nullptr || !value->is_object()) return nullptr;
    value = value->as_object().if_contains(name);
  }
  return value;
}
std::string Text(const json::value* value) {
  return value != nullptr && value->is_string() ? std::string(value->as_string()) : std::string();
}
std::optional<TimePoint> Time(const json::value* value) {
  return value != nullptr && value->is_string() ? base::ParseTime(value->as_string())
                                                : std::nullopt;
}

std::optional<Reason> ReadReason(const json::value& document) {
  const json::value* reason = At(&document, {"meta", "reason"});
  Reason out{Text(At(reason, {"code"})), Text(At(reason, {"title"})), Text(At(reason, {"body"}))};
  if (out.code.empty()) return std::nullopt;
  return out;
}

bool ReadValidation(const json::value& document, std::int64_t nonce, Answer& out) {
  const json::value* valid = At(&document, {"meta", "valid"});
  const json::value* echoed = At(&document, {"meta", "nonce"});
  out.code = Text(At(&document, {"meta", "code"}));
  if (valid == nullptr || !valid->is_bool() || out.code.empty()) return false;
  if (echoed == nullptr || !echoed->is_int64() || echoed->as_int64() != nonce) return false;
  out.valid = valid->as_bool();
  out.license_id = Text(At(&document, {"data", "id"}));
  out.license_expiry = Time(At(&document, {"data", "attributes", "expiry"}));
  const json::value* max = At(&document, {"data", "attributes", "maxMachines"});
  if (max != nullptr && max->is_int64()) out.max_machines = max->as_int64();
  if (!out.undo_until) out.undo_until = Time(At(&document, {"meta", "takeover", "undoUntil"}));
  // A yes is always about a license.
  return !out.valid || !out.license_id.empty();
}

bool ReadMachine(const json::value& document, Answer& out) {
  out.machine_fingerprint = Text(At(&document, {"data", "attributes", "fingerprint"}));
  out.machine_license_id = Text(At(&document, {"data", "relationships", "license", "data", "id"}));
  out.released_name = Text(At(&document, {"meta", "takeover", "released", "name"}));
  out.undo_until = Time(At(&document, {"meta", "takeover", "undoUntil"}));
  return Text(At(&document, {"data", "type"})) == "machines" && !out.machine_fingerprint.empty();
}

bool ReadDevices(const json::value& document, std::string_view fingerprint, Answer& out) {
  const json::value* data = At(&document, {"data"});
  if (data == nullptr || !data->is_array()) return false;
  for (const json::value& item : data->as_array()) {
    Device device;
    device.id = Text(At(&item, {"id"}));
    device.fingerprint = Text(At(&item, {"attributes", "fingerprint"}));
    device.name = Text(At(&item, {"attributes", "name"}));
    if (device.name.empty()) device.name = Text(At(&item, {"attributes", "hostname"}));
    device.platform = Text(At(&item, {"attributes", "platform"}));
    device.current = device.fingerprint == fingerprint;
    for (const std::string_view name : {"created", "lastCheckOut", "lastHeartbeat"})
      if (const auto at = Time(At(&item, {"attributes", name})))
        device.last_used = std::max(device.last_used.value_or(*at), *at);
    if (device.id.empty()) return false;
    out.devices.push_back(std::move(device));
  }
  Device* idlest = nullptr;
  for (Device& device : out.devices)
    if (!device.current && (idlest == nullptr || device.last_used < idlest->last_used))
      idlest = &device;
  if (idlest != nullptr) idlest->suggested = true;
  return true;
}

bool ReadData(const SentCall& call, const json::value& document, std::string_view fingerprint,
              Answer& out) {
  switch (call.kind) {
    case Kind::kValidate:
      return ReadValidation(document, call.nonce, out);
    case Kind::kCreateMachine:
    case Kind::kShowMachine:
    case Kind::kTakeover:
      return ReadMachine(document, out);
    case Kind::kCheckOut:
      out.certificate = Text(At(&document, {"data", "attributes", "certificate"}));
      return !out.certificate.empty();
    case Kind::kListMachines:
      return ReadDevices(document, fingerprint, out);
    case Kind::kDeleteMachine:
      return false;  // an empty body only
  }
  return false;
}

// What an unsigned answer looks like; only words depend on this.
CannotAsk Resembles(const HttpReply& reply) {
  if (reply.status == 407) return CannotAsk::kTlsOrProxy;
  const std::string_view type = reply.Header("content-type");
  const bool page = type.find("html") != type.npos ||
                    reply.body.find("<html") != std::string::npos ||
                    reply.body.find("<HTML") != std::string::npos;
  if (reply.status == 511 || (reply.status >= 300 && reply.status < 400))
    return CannotAsk::kCaptivePortal;
  if (reply.status >= 500) return CannotAsk::kServerTrouble;
  if (page) return CannotAsk::kCaptivePortal;
  return CannotAsk::kUnverified;
}

std::optional<Seconds> RetryAfter(const HttpReply& reply) {
  const std::string_view text = reply.Header("retry-after");
  std::int64_t seconds = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (text.empty() || failed != std::errc() || end != text.data() + text.size() || seconds < 0)
    return std::nullopt;
  return Seconds(std::min<std::int64_t>(seconds, 86400));
}

CannotAsk WhyOf(TransportFailure failure) {
  switch (failure) {
    case TransportFailure::kOffline:
      return CannotAsk::kOffline;
    case TransportFailure::kTimeout:
      return CannotAsk::kTimeout;
    case TransportFailure::kTls:
    case TransportFailure::kProxy:
      return CannotAsk::kTlsOrProxy;
    case TransportFailure::kBroken:
      return CannotAsk::kServerTrouble;
    case TransportFailure::kCancelled:
      return CannotAsk::kCancelled;
  }
  return CannotAsk::kOffline;
}

}  // namespace

SentCall WriteCall(const Call& call, const CheckedConfig& config, std::string_view fingerprint,
                   Random& random) {
  SentCall out;
  out.kind = call.kind;
  HttpRequest& request = out.request;
  const std::string machine = "/v1/machines/" + std::string(fingerprint);
  std::string path, query;
  request.method = "POST";
  switch (call.kind) {
    case Kind::kValidate: {
      path = "/v1/licenses/actions/validate-key";
      const Bytes bits = random.Take(6);
      for (const std::uint8_t byte : bits) out.nonce = (out.nonce << 8) | byte;
      request.body = ValidateDocument(call, config.config.product_id, fingerprint, out.nonce);
      break;
    }
    case Kind::kCreateMachine:
      path = "/v1/machines";
      request.body = MachineDocument(call, fingerprint);
      break;
    case Kind::kTakeover:
      path = "/v1/machines/actions/takeover";
      request.body = MachineDocument(call, fingerprint);
      break;
    case Kind::kShowMachine:
      request.method = "GET";
      path = machine;
      break;
    case Kind::kCheckOut:
      path = machine + "/actions/check-out";
      query = "encrypt=1&include=license,license.entitlements&";
      break;
    case Kind::kListMachines:
      request.method = "GET";
      path = "/v1/licenses/" + call.license_id + "/machines";
      query = "limit=100&";
      break;
    case Kind::kDeleteMachine:
      request.method = "DELETE";
      path = machine;
      break;
  }
  request.target =
      config.server.base + path + "?" + query + "lk=" + base::Base64UrlUnpadded(random.Take(16));
  request.headers = {{"Accept", std::string(kMediaType)},
                     {"Keygen-Version", "1.8"},
                     {"Keygen-Accept-Signature", "algorithm=\"ed25519\""},
                     {"Latchkey-Reasons", "1"},
                     {"Accept-Language", config.config.locale}};
  if (!request.body.empty()) request.headers.emplace_back("Content-Type", std::string(kMediaType));
  // A key is validated without being used as credential: the server then says in a signed verdict
  // why it is not valid, where it would only refuse the bearer otherwise (licenses.md §9.1).
  if (call.kind != Kind::kValidate)
    request.headers.emplace_back("Authorization", "License " + call.key);
  return out;
}

Asked ReadReply(const SentCall& call, const tl::expected<HttpReply, TransportFailure>& reply,
                const CheckedConfig& config, const crypto::PublicKeys& keys,
                std::string_view fingerprint) {
  if (!reply) return Failed(WhyOf(reply.error()));
  if (reply->status == 429) return Failed(CannotAsk::kRateLimited, RetryAfter(*reply));
  const auto header = [&](std::string_view ours, std::string_view plain) {
    const std::string_view value = reply->Header(ours);
    return value.empty() ? reply->Header(plain) : value;
  };
  const core::ResponseToVerify response{call.request.method,
                                        call.request.target,
                                        config.server.authority,
                                        reply->body,
                                        reply->Header("keygen-signature"),
                                        header("keygen-digest", "digest"),
                                        header("keygen-date", "date")};
  if (response.signature.empty() || response.digest.empty() || response.date.empty())
    return Failed(Resembles(*reply), RetryAfter(*reply));
  const auto signed_at = core::VerifyResponse(response, crypto::SignatureAlgorithm::kEd25519, keys);
  if (!signed_at) return Failed(Resembles(*reply), RetryAfter(*reply));
  if (reply->status >= 500) return Failed(CannotAsk::kServerTrouble, RetryAfter(*reply));

  Answer out;
  out.signed_at = *signed_at;
  if (reply->body.empty()) {
    if (call.kind != Kind::kDeleteMachine || reply->status != 204)
      return Failed(CannotAsk::kUnverified);
    out.ok = true;
    return out;
  }
  auto document = base::ParseJson(reply->body);
  if (!document || !document->is_object()) return Failed(CannotAsk::kUnverified);
  out.reason = ReadReason(*document);
  out.undo_until = Time(At(&*document, {"meta", "reason", "until"}));
  if (const json::value* errors = At(&*document, {"errors"})) {
    if (!errors->is_array() || errors->as_array().empty() || reply->status < 400)
      return Failed(CannotAsk::kUnverified);
    const json::value& first = errors->as_array().front();
    out.error_code = Text(At(&first, {"code"}));
    out.error_detail = Text(At(&first, {"detail"}));
    if (out.error_code.empty() && Text(At(&first, {"title"})) == "Internal server error")
      return Failed(CannotAsk::kServerTrouble);
    return out;
  }
  if (reply->status < 200 || reply->status >= 300) return Failed(CannotAsk::kUnverified);
  if (!ReadData(call, *document, fingerprint, out)) return Failed(CannotAsk::kUnverified);
  out.ok = true;
  return out;
}

}  // namespace latchkey::client
