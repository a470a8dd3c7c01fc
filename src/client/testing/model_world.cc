#include "client/testing/model_world.h"

#include "base/json.h"
#include "core/certificate.h"
#include "core/license_key.h"
#include "core/response_signature.h"

namespace latchkey::client::testing {
namespace {

using base::JsonWriter;

std::string DirectoryOf(const std::string& path) { return path.substr(0, path.rfind('/')); }

Error NoFile(const std::string& path) { return Error{Errc::kNotFound, "no file " + path}; }
Error Broken() { return Error{Errc::kIo, "the disk does not work"}; }

class NoLock : public FileSystem::Lock {};

std::string Header(const HttpRequest& request, std::string_view name) {
  for (const auto& [key, value] : request.headers)
    if (key == name) return value;
  return {};
}

std::string ErrorDocument(std::string_view code, std::string_view detail, std::string_view reason,
                          std::optional<TimePoint> until = std::nullopt) {
  JsonWriter out;
  out.BeginObject().Key("meta").BeginObject().Key("id").String(
      "019cb2a1-5c4e-7d11-8f39-0c9d2b7e4a55");
  if (!reason.empty()) {
    out.Key("reason").BeginObject().Key("code").String(reason);
    out.Key("title").String("t").Key("body").String("b");
    if (until) out.Key("until").Time(*until);
    out.EndObject();
  }
  out.EndObject().Key("errors").BeginArray().BeginObject().Key("title").String("Not done");
  out.Key("detail").String(detail).Key("code").String(code).EndObject().EndArray().EndObject();
  return out.Take();
}

std::string Member(const json::value& document, std::initializer_list<std::string_view> path) {
  const json::value* value = &document;
  for (const std::string_view name : path) {
    if (!value->is_object()) return {};
    value = value->as_object().if_contains(name);
    if (value == nullptr) return {};
  }
  return value->is_string() ? std::string(value->as_string()) : std::string();
}

}  // namespace

// ---- disk

bool ModelDisk::Spend() {
  ++operations_;
  if (down_) return false;
  if (budget_ < 0) return true;
  if (budget_-- > 0) return true;
  failed_ = true;
  budget_ = -1;
  down_ = cut_;
  return false;
}

void ModelDisk::LosePower() {
  files = durable_names_;
  durable_ = durable_names_;
}

Result<Bytes> ModelFiles::Read(const std::string& path) {
  if (disk_.unreadable.contains(path)) return Error{Errc::kIo, "cannot read " + path};
  const auto found = disk_.files.find(path);
  if (found == disk_.files.end()) return NoFile(path);
  return found->second;
}
Result<void> ModelFiles::MakeDirectories(const std::string& path) {
  if (!disk_.Spend()) return Broken();
  disk_.directories_.insert(path);
  return {};
}
Result<void> ModelFiles::Write(const std::string& path, ByteView bytes) {
  if (!disk_.Spend()) {
    // Half of it may have been written.
    disk_.files[path] =
        Bytes(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(bytes.size() / 2));
    return Broken();
  }
  disk_.files[path] = Bytes(bytes.begin(), bytes.end());
  return {};
}
Result<void> ModelFiles::Sync(const std::string& path) {
  if (!disk_.Spend()) return Broken();
  const auto found = disk_.files.find(path);
  if (found == disk_.files.end()) return NoFile(path);
  disk_.durable_[path] = found->second;
  return {};
}
Result<void> ModelFiles::Rename(const std::string& from, const std::string& to) {
  if (!disk_.Spend()) return Broken();
  const auto found = disk_.files.find(from);
  if (found == disk_.files.end()) return NoFile(from);
  disk_.files[to] = found->second;
  disk_.files.erase(from);
  // A name may become durable before its contents: what was not synced comes back empty.
  const auto contents = disk_.durable_.find(from);
  disk_.durable_[to] = contents == disk_.durable_.end() ? Bytes{} : contents->second;
  disk_.durable_.erase(from);
  return {};
}
Result<void> ModelFiles::SyncDirectory(const std::string& path) {
  if (!disk_.Spend()) return Broken();
  std::erase_if(disk_.durable_names_,
                [&](const auto& entry) { return DirectoryOf(entry.first) == path; });
  for (const auto& [name, contents] : disk_.durable_)
    if (DirectoryOf(name) == path && disk_.files.contains(name))
      disk_.durable_names_[name] = contents;
  return {};
}
Result<void> ModelFiles::Remove(const std::string& path) {
  if (!disk_.Spend()) return Broken();
  disk_.files.erase(path);
  disk_.durable_.erase(path);
  return {};
}
Result<std::unique_ptr<FileSystem::Lock>> ModelFiles::Acquire(const std::string&, Duration) {
  if (!disk_.Spend()) return Broken();
  return std::unique_ptr<Lock>(std::make_unique<NoLock>());
}

// ---- server

ModelServer::ModelServer(std::uint64_t seed)
    : random_(seed), keys_([&] {
        const Bytes material = random_.Take(32);
        return crypto::AccountKeys(crypto::Ed25519PrivateKey::FromSeed(material).value(),
                                   std::nullopt, std::nullopt);
      }()) {
  key = SoundKey();
}

std::string SoundKey() {
  SeededRandom random(77);
  return core::GenerateDefaultKey(random);
}

std::string ModelServer::NewId() { return Uuid::V4(random_).ToString(); }

HttpReply ModelServer::Sign(const HttpRequest& request, std::string_view host, int status,
                            std::string body) {
  HttpReply out;
  out.status = status;
  const std::string date = base::FormatHttpDate(now);
  const core::SignedResponse response{request.method, request.target, host, date, body};
  out.headers = {
      {"Date", date},
      {"Keygen-Date", date},
      {"Digest", core::DigestHeader(body)},
      {"Keygen-Digest", core::DigestHeader(body)},
      {"Content-Type", "application/vnd.api+json; charset=utf-8"},
      {"Keygen-Signature", core::SignResponse(response, "0d5f2c1e-7a36-4f0b-9f0e-6c1c2f8a9b10",
                                              crypto::SignatureAlgorithm::kEd25519, keys_)
                               .value()}};
  out.body = std::move(body);
  return out;
}

std::string ModelServer::LicenseObject() const {
  JsonWriter out;
  out.BeginObject()
      .Key("id")
      .String(license)
      .Key("type")
      .String("licenses")
      .Key("attributes")
      .BeginObject();
  out.Key("name").String("Lena Example").Key("key").String(key).Key("expiry");
  if (expiry)
    out.Time(*expiry);
  else
    out.Null();
  out.Key("maxMachines").Int(max_machines).EndObject();
  out.Key("relationships").BeginObject().Key("product").BeginObject().Key("data").BeginObject();
  out.Key("type")
      .String("products")
      .Key("id")
      .String(product)
      .EndObject()
      .EndObject()
      .EndObject()
      .EndObject();
  return out.Take();
}

std::string ModelServer::MachineObject(const std::string& fingerprint) const {
  const Seat& seat = seats.at(fingerprint);
  JsonWriter out;
  out.BeginObject()
      .Key("id")
      .String(seat.id)
      .Key("type")
      .String("machines")
      .Key("attributes")
      .BeginObject();
  out.Key("fingerprint")
      .String(fingerprint)
      .Key("name")
      .String(seat.name)
      .Key("created")
      .Time(seat.created);
  out.EndObject()
      .Key("relationships")
      .BeginObject()
      .Key("license")
      .BeginObject()
      .Key("data")
      .BeginObject();
  out.Key("type")
      .String("licenses")
      .Key("id")
      .String(license)
      .EndObject()
      .EndObject()
      .EndObject()
      .EndObject();
  return out.Take();
}

std::string ModelServer::Validate(const json::value& body) {
  const auto& meta = body.at("meta").as_object();
  const std::string asked(meta.at("key").as_string());
  const std::string fingerprint(meta.at("scope").as_object().at("fingerprint").as_string());
  std::string code = "VALID", reason;
  bool known = exists && asked == key;
  if (!known) {
    code = "NOT_FOUND";
    reason = asked == key && !tombstone.empty() ? "REVOKED" : "NOT_FOUND";
  } else if (banned) {
    code = "BANNED";
  } else if (suspended) {
    code = "SUSPENDED";
  } else if (expiry && *expiry < now && revoke_access) {
    code = "EXPIRED";
  } else if (meta.at("scope").as_object().at("product").as_string() != product) {
    code = "PRODUCT_SCOPE_MISMATCH";
    reason = "WRONG_PRODUCT";
  } else if (seats.empty()) {
    code = "NO_MACHINES";
    reason = "NOT_ACTIVATED";
  } else if (!seats.contains(fingerprint)) {
    code = "FINGERPRINT_SCOPE_MISMATCH";
    reason = "NOT_ACTIVATED";
  } else if (expiry && *expiry < now) {
    code = "EXPIRED";
  }
  if (reason.empty()) reason = code;
  JsonWriter out;
  out.BeginObject().Key("data");
  if (known)
    out.Raw(LicenseObject());
  else
    out.Null();
  out.Key("meta")
      .BeginObject()
      .Key("ts")
      .Time(now)
      .Key("valid")
      .Bool(code == "VALID")
      .Key("detail")
      .String("said");
  out.Key("code").String(code).Key("nonce").Int(meta.at("nonce").as_int64());
  if (code != "VALID")
    out.Key("reason")
        .BeginObject()
        .Key("code")
        .String(reason)
        .Key("title")
        .String("t")
        .Key("body")
        .String("b")
        .EndObject();
  out.EndObject().EndObject();
  return out.Take();
}

std::optional<std::string> ModelServer::RefusedBearer(const HttpRequest& request) const {
  const std::string credential = Header(request, "Authorization");
  if (!exists || credential != "License " + key)
    return ErrorDocument("LICENSE_INVALID", "You must be authenticated",
                         exists || tombstone.empty() ? "" : "REVOKED");
  if (banned) return ErrorDocument("LICENSE_BANNED", "License is banned", "BANNED");
  if (suspended) return ErrorDocument("LICENSE_SUSPENDED", "License is suspended", "SUSPENDED");
  if (expiry && *expiry < now && revoke_access)
    return ErrorDocument("LICENSE_EXPIRED", "License is expired", "EXPIRED");
  if (!key_may_sign_in)
    return ErrorDocument("LICENSE_NOT_ALLOWED", "not allowed by policy", "SETTING_FORBIDS");
  return std::nullopt;
}

std::string ModelServer::Certificate(const std::string& fingerprint) {
  JsonWriter out;
  out.BeginObject()
      .Key("data")
      .Raw(MachineObject(fingerprint))
      .Key("included")
      .BeginArray()
      .Raw(LicenseObject());
  for (const std::string& code : entitlements) {
    out.BeginObject()
        .Key("id")
        .String(code)
        .Key("type")
        .String("entitlements")
        .Key("attributes")
        .BeginObject();
    out.Key("code").String(code).EndObject().EndObject();
  }
  const TimePoint until = now + Seconds(sync + grace);
  out.EndArray().Key("meta").BeginObject().Key("issued").Time(now).Key("expiry").Time(
      now + Seconds(2629746));
  out.Key("ttl").Int(2629746);
  if (terms_in_files) {
    out.Key("terms").BeginObject().Key("sync").Int(sync).Key("grace").Int(grace).Key("expiryGrace");
    out.Int(revoke_access ? 0 : expiry_grace).Key("until").Time(until).EndObject();
  }
  out.EndObject().EndObject();
  return core::MakeCertificate(
             core::FileKind::kMachine,
             {core::FileEncoding::kAes256Gcm, crypto::SignatureAlgorithm::kEd25519}, out.text(),
             key + fingerprint, keys_, random_)
      .value();
}

HttpReply ModelServer::Create(const HttpRequest& request, std::string_view host,
                              const json::value& body, bool takeover) {
  const std::string fingerprint = Member(body, {"data", "attributes", "fingerprint"});
  if (Member(body, {"data", "relationships", "license", "data", "id"}) != license)
    return Sign(request, host, 422, ErrorDocument("LICENSE_NOT_FOUND", "must exist", "NOT_FOUND"));
  if (seats.contains(fingerprint))
    return Sign(request, host, 422,
                ErrorDocument("FINGERPRINT_TAKEN", "has already been taken", "CONFLICT_RETRY"));
  std::string meta;
  if (takeover) {
    const std::string release = Member(body, {"meta", "release"});
    auto victim = seats.end();
    for (auto seat = seats.begin(); seat != seats.end(); ++seat) {
      if (release == "idlest"
              ? victim == seats.end() || seat->second.created < victim->second.created
              : seat->second.id == release)
        victim = seat;
    }
    if (victim == seats.end())
      return Sign(request, host, 404,
                  ErrorDocument("NOT_FOUND", "The requested machine was not found", "NOT_FOUND"));
    JsonWriter out;
    out.BeginObject()
        .Key("takeover")
        .BeginObject()
        .Key("id")
        .String(NewId())
        .Key("released")
        .BeginObject();
    out.Key("id")
        .String(victim->second.id)
        .Key("name")
        .String(victim->second.name)
        .EndObject()
        .Key("undoUntil");
    out.Time(now + std::chrono::hours(72)).EndObject().EndObject();
    meta = out.Take();
    seat_causes[victim->first] = "SEAT_TAKEN_OVER";
    seat_until[victim->first] = now + std::chrono::hours(72);
    seats.erase(victim);
  }
  if (!seats.empty() && static_cast<std::int64_t>(seats.size()) >= max_machines)
    return Sign(
        request, host, 422,
        ErrorDocument("MACHINE_LIMIT_EXCEEDED", "machine count has exceeded", "SEATS_FULL"));
  seats[fingerprint] = {NewId(), Member(body, {"data", "attributes", "name"}), now};
  seat_causes.erase(fingerprint);
  std::string document = "{\"data\":" + MachineObject(fingerprint);
  if (!meta.empty()) document += ",\"meta\":" + meta;
  return Sign(request, host, 201, document + "}");
}

HttpReply ModelServer::Handle(const HttpRequest& request, std::string_view host) {
  seen.push_back(request);
  const std::string path = request.target.substr(0, request.target.find('?'));
  const json::value body =
      request.body.empty() ? json::value() : base::ParseJson(request.body).value();
  if (path == "/v1/licenses/actions/validate-key") return Sign(request, host, 200, Validate(body));
  if (auto refused = RefusedBearer(request)) {
    const bool unknown = refused->find("LICENSE_INVALID") != refused->npos;
    return Sign(request, host, unknown ? 401 : 403, std::move(*refused));
  }
  if (path == "/v1/machines") return Create(request, host, body, false);
  if (path == "/v1/machines/actions/takeover") return Create(request, host, body, true);
  if (path == "/v1/licenses/" + license + "/machines") {
    std::string list;
    for (const auto& [fingerprint, seat] : seats)
      list += (list.empty() ? "" : ",") + MachineObject(fingerprint);
    return Sign(request, host, 200, "{\"data\":[" + list + "]}");
  }
  constexpr std::string_view kMachines = "/v1/machines/";
  std::string fingerprint = path.substr(std::min(path.size(), kMachines.size()));
  const auto slash = fingerprint.find('/');
  const std::string action = slash == fingerprint.npos ? "" : fingerprint.substr(slash);
  fingerprint = fingerprint.substr(0, slash);
  if (!seats.contains(fingerprint)) {
    const auto cause = seat_causes.find(fingerprint);
    const std::string reason = cause == seat_causes.end()           ? "NOT_FOUND"
                               : cause->second == "SEAT_TAKEN_OVER" ? cause->second
                                                                    : "REVOKED";
    const auto until = reason == "SEAT_TAKEN_OVER" && seat_until.contains(fingerprint)
                           ? std::optional(seat_until[fingerprint])
                           : std::nullopt;
    return Sign(request, host, 404,
                ErrorDocument("NOT_FOUND", "The requested machine was not found", reason, until));
  }
  if (request.method == "DELETE") {
    seats.erase(fingerprint);
    seat_causes[fingerprint] = "DELETED";
    return Sign(request, host, 204, "");
  }
  if (action == "/actions/check-out") {
    JsonWriter out;
    out.BeginObject().Key("data").BeginObject().Key("id").String(NewId()).Key("type").String(
        "machine-files");
    out.Key("attributes")
        .BeginObject()
        .Key("certificate")
        .String(Certificate(fingerprint))
        .EndObject();
    out.EndObject().EndObject();
    return Sign(request, host, 200, out.Take());
  }
  return Sign(request, host, 200, "{\"data\":" + MachineObject(fingerprint) + "}");
}

// ---- network and device

tl::expected<HttpReply, TransportFailure> ModelNetwork::Send(const HttpRequest& request) {
  if (cancelled) return tl::unexpected(TransportFailure::kCancelled);
  const int number = weather->requests++;
  if (weather->failure) return tl::unexpected(*weather->failure);
  HttpReply reply = server_.Handle(request, host_);
  if (number == weather->lose_answer_of) return tl::unexpected(TransportFailure::kTimeout);
  if (weather->meddle) return weather->meddle(request, std::move(reply));
  return reply;
}

ModelDevice::ModelDevice(ModelServer& server, std::string device_name, std::uint64_t seed)
    : name(std::move(device_name)), server_(server), random_(seed) {
  computer.true_time = server.now;
}

void ModelDevice::Start(const std::function<void(Config&)>& adjust) {
  Stop();
  Config config;
  config.server_url = "https://licenses.example.com";
  config.public_key = server_.PublicKey();
  config.product_id = "8a6d2b47-51c9-4e0f-8d33-6f1b2c9e4a21";
  config.vendor_id = "acme";
  config.app_name = "Notes";
  config.storage_dir = "/state";
  config.device_name = name;
  config.background = false;
  if (adjust) adjust(config);
  Client::Parts parts;
  parts.clock = std::make_unique<ModelClock>(computer);
  auto network = std::make_unique<ModelNetwork>(server_, "licenses.example.com");
  network->weather = &weather;
  parts.transport = std::move(network);
  parts.files = std::make_unique<ModelFiles>(disk);
  parts.random = &random_;
  client_ = Client::Open(client::Check(std::move(config)).value(), std::move(parts));
}

}  // namespace latchkey::client::testing
