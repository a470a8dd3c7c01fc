// License and machine files (machines.md §6, licenses.md §10).
#include <charconv>

#include "api/resources/check_out_payload.h"
#include "api/resources/common.h"
#include "api/resources/routes.h"
#include "api/versions.h"
#include "base/calendar.h"
#include "core/certificate.h"
#include "service/licenses.h"
#include "service/machines.h"

namespace latchkey::api {
namespace {

using core::FileKind;

constexpr std::int64_t kDefaultTtl = 2629746;  // one month
constexpr std::int64_t kShortestTtl = 3600;

constexpr MetaMember kMeta[] = {
    {.name = "encrypt", .type = MetaMember::Type::kBoolean, .nullable = true},
    {.name = "algorithm",
     .type = MetaMember::Type::kString,
     .nullable = true,
     .blank_allowed = true},
    {.name = "ttl", .type = MetaMember::Type::kIntegerText, .nullable = true},
    {.name = "include",
     .type = MetaMember::Type::kStrings,
     .nullable = true,
     .blank_allowed = true}};
constexpr Schema kSchema{.form = Schema::Form::kMeta, .meta = kMeta};

// What is asked for (machines.md §6.2), not yet judged.
struct Wanted {
  bool encrypt = false;
  std::string algorithm{};  // empty: by the policy's scheme
  bool ttl_sent = false;
  std::optional<std::int64_t> ttl{};  // sent as null: no expiry
  std::vector<std::string> includes{};
};

// Text that is no number reads as 0, which no file may have.
Result<std::optional<std::int64_t>> TtlOf(std::string_view text) {
  if (text.empty()) return std::optional<std::int64_t>();
  std::int64_t value = 0;
  const char* end = text.data() + text.size();
  const auto [at, error] = std::from_chars(text.data(), end, value);
  if (error == std::errc::result_out_of_range)
    return Error{Errc::kParameterInvalid, "integer is too large"};
  if (error != std::errc() || at != end) value = 0;
  return std::optional(value);
}

bool Truth(std::string_view text) {
  for (const std::string_view yes : {"1", "true", "TRUE", "t", "T", "yes", "YES", "y", "Y"})
    if (text == yes) return true;
  return false;
}

Result<void> ReadQuery(const Call& call, Wanted& wanted) {
  if (const auto encrypt = call.parameter("encrypt")) wanted.encrypt = Truth(*encrypt);
  if (const auto algorithm = call.parameter("algorithm")) wanted.algorithm = *algorithm;
  if (const auto ttl = call.parameter("ttl")) {
    wanted.ttl_sent = true;
    LK_ASSIGN(wanted.ttl, TtlOf(*ttl));
  }
  for (const auto& [name, value] : call.query) {
    if (name == "include[]" && !value.empty()) wanted.includes.push_back(value);
    if (name != "include") continue;
    for (std::string_view rest = value; !rest.empty();) {
      const std::size_t comma = std::min(rest.find(','), rest.size());
      if (comma > 0) wanted.includes.emplace_back(rest.substr(0, comma));
      rest.remove_prefix(std::min(comma + 1, rest.size()));
    }
  }
  return {};
}

// Each member that was sent, also as null, replaces what the query said.
Result<void> ReadMeta(const json::object& meta, Wanted& wanted) {
  if (const auto* encrypt = meta.if_contains("encrypt"))
    wanted.encrypt = encrypt->is_bool() && encrypt->get_bool();
  if (const auto* algorithm = meta.if_contains("algorithm"))
    wanted.algorithm = algorithm->is_string() ? std::string(algorithm->get_string()) : "";
  if (const auto* ttl = meta.if_contains("ttl")) {
    wanted.ttl_sent = true;
    wanted.ttl.reset();
    if (const auto* number = ttl->if_int64()) wanted.ttl = *number;
    if (const auto* text = ttl->if_string()) {
      LK_ASSIGN(wanted.ttl, TtlOf(*text));
    }
  }
  if (const auto* include = meta.if_contains("include")) {
    wanted.includes.clear();
    if (const auto* names = include->if_array())
      for (const json::value& name : *names) wanted.includes.emplace_back(name.as_string());
  }
  return {};
}

// 6.5, second row, and the policy's cap for users and licenses (decision 1).
Result<std::optional<std::int64_t>> JudgeTtl(const Wanted& wanted, const core::Policy& policy,
                                             const service::Actor& actor) {
  const bool capped = policy.max_file_ttl &&
                      (actor.role == core::Role::kUser || actor.role == core::Role::kLicense);
  if (!wanted.ttl_sent)
    return std::optional(capped ? std::min(kDefaultTtl, *policy.max_file_ttl) : kDefaultTtl);
  if (wanted.ttl && *wanted.ttl < kShortestTtl) return Error{Errc::kCheckoutTtlInvalid};
  if (capped && (!wanted.ttl || *wanted.ttl > *policy.max_file_ttl))
    return Error{Errc::kCheckoutTtlInvalid,
                 "must be less than or equal to " + std::to_string(*policy.max_file_ttl)};
  return wanted.ttl;
}

Result<core::FileAlgorithm> JudgeAlgorithm(const Wanted& wanted, const core::Policy& policy) {
  core::FileAlgorithm algorithm = core::DefaultFileAlgorithm(policy.scheme, wanted.encrypt);
  if (!wanted.algorithm.empty()) {
    LK_ASSIGN(algorithm, core::ParseFileAlgorithm(wanted.algorithm));
  }
  // Only a digest of such a key is kept: nobody could open the file (machines.md §10.2).
  if (algorithm.encoding == core::FileEncoding::kAes256Gcm &&
      policy.scheme == core::Scheme::kLegacyEncrypt)
    return Error{Errc::kCheckoutAlgorithmInvalid, "invalid encoding algorithm", "algorithm"};
  return algorithm;
}

// A finished file and what the answer says about it.
struct File {
  std::string certificate;
  core::FileAlgorithm algorithm;
  std::vector<std::string> includes;
  FileTimes times;
};

// Decision 22: the check-out permission and the shape were checked before. `machine` null: a
// license file.
Result<File> MakeFile(Call& call, const core::License& license, const core::Machine* machine) {
  const CheckOutOf kind = machine ? CheckOutOf::kMachine : CheckOutOf::kLicense;
  LK_TRY(NeedPermission(machine ? "machine.read" : "license.read", call.actor));
  LK_ASSIGN(const auto policy, service::FindPolicy(call.context(), license.policy_id));
  if (!policy) return Error{Errc::kDamaged, "license without policy"};
  Wanted wanted;
  LK_TRY(ReadQuery(call, wanted));
  LK_TRY(ReadMeta(call.document.meta, wanted));

  File file;
  LK_ASSIGN(file.includes, ParseIncludes(kind, wanted.includes));
  LK_ASSIGN(file.times.ttl, JudgeTtl(wanted, *policy, call.actor));
  LK_ASSIGN(file.algorithm, JudgeAlgorithm(wanted, *policy));
  LK_TRY(AuthorizeIncludes(kind, file.includes, call.actor));

  file.times.issued = call.now;
  if (file.times.ttl) file.times.expiry = base::AddCalendar(call.now, *file.times.ttl);
  LK_ASSIGN(std::string written,
            WritePayload(call, license, *policy, machine, file.includes, file.times));
  LK_ASSIGN(const std::string payload, MigrateDocument(call, std::move(written)));
  const Secret secret(license.key + (machine ? machine->fingerprint : std::string()));
  LK_ASSIGN(
      file.certificate,
      core::MakeCertificate(machine ? FileKind::kMachine : FileKind::kLicense, file.algorithm,
                            payload, secret.Reveal(), call.account->keys, call.services.random));
  return file;
}

void WriteRelationship(base::JsonWriter& out, std::string_view name, const std::string& link,
                       std::string_view type, const Uuid& id) {
  out.Key(name).BeginObject().Key("links").BeginObject().Key("related").String(link).EndObject();
  out.Key("data").BeginObject().Key("type").String(type).Key("id").Id(id).EndObject().EndObject();
}

// machines.md §6.6. Nothing is stored, so there is no self link.
Reply ResourceReply(Call& call, const File& file, const Uuid& license,
                    const core::Machine* machine) {
  const std::string root = call.account_path();
  base::JsonWriter out;
  out.BeginObject().Key("data").BeginObject().Key("id").Id(Uuid::V4(call.services.random));
  out.Key("type").String(machine ? "machine-files" : "license-files");
  out.Key("attributes").BeginObject().Key("certificate").String(file.certificate);
  out.Key("algorithm").String(file.algorithm.Name()).Key("includes").BeginArray();
  for (const std::string& include : file.includes) out.String(include);
  out.EndArray().Key("ttl");
  file.times.ttl ? out.Int(*file.times.ttl) : out.Null();
  out.Key("expiry");
  file.times.expiry ? out.Time(*file.times.expiry) : out.Null();
  out.Key("issued").Time(file.times.issued).EndObject();
  out.Key("relationships").BeginObject();
  WriteRelationship(out, "account", root, "accounts", call.account_id());
  out.Key("environment").BeginObject().Key("links").BeginObject().Key("related").Null().EndObject();
  out.Key("data").Null().EndObject();
  WriteRelationship(out, "license", root + "/licenses/" + license.ToString(), "licenses", license);
  if (machine)
    WriteRelationship(out, "machine", root + "/machines/" + machine->id.ToString(), "machines",
                      machine->id);
  out.EndObject().EndObject().EndObject();
  return {.status = 200, .body = out.Take()};
}

Reply DownloadReply(File file, const Uuid& id) {
  return {
      .status = 200,
      .body = std::move(file.certificate),
      .headers = {{"Content-Disposition", "attachment; filename=\"" + id.ToString() + ".lic\""}},
      .content_type = "application/octet-stream"};
}

// The file shows what was before; the check-out is noted after it (machines.md §6.1).
Result<File> CheckOutLicense(Call& call) {
  LK_ASSIGN(File file, MakeFile(call, *call.license, nullptr));
  LK_TRY(service::NoteLicenseCheckOut(call.context(), *call.license));
  return file;
}
Result<Reply> LicenseFile(Call& call) {
  LK_ASSIGN(const File file, CheckOutLicense(call));
  return ResourceReply(call, file, call.license->id, nullptr);
}
Result<Reply> DownloadLicenseFile(Call& call) {
  LK_ASSIGN(File file, CheckOutLicense(call));
  return DownloadReply(std::move(file), call.license->id);
}

Result<File> CheckOutMachine(Call& call) {
  LK_ASSIGN(const auto license,
            service::Find<core::License>(call.context(), call.machine->license_id));
  if (!license) return Error{Errc::kDamaged, "machine without license"};
  LK_ASSIGN(File file, MakeFile(call, *license, &*call.machine));
  LK_TRY(service::NoteMachineCheckOut(call.context(), *call.machine));
  return file;
}
Result<Reply> MachineFile(Call& call) {
  LK_ASSIGN(const File file, CheckOutMachine(call));
  return ResourceReply(call, file, call.machine->license_id, &*call.machine);
}
Result<Reply> DownloadMachineFile(Call& call) {
  LK_ASSIGN(File file, CheckOutMachine(call));
  return DownloadReply(std::move(file), call.machine->id);
}

constexpr Rule CheckOutRule(std::string_view permission) {
  return {.permission = permission,
          .staff = core::kW1,
          .product = ProductRule::kOwn,
          .user = UserRule::kLicensee,
          .license = LicenseRule::kOwn,
          .user_unless_protected = true};
}

constexpr std::string_view kLicensePattern = "/licenses/{license}/actions/check-out";
constexpr std::string_view kMachinePattern = "/machines/{machine}/actions/check-out";

const Route kRoutes[] = {
    {.method = "POST",
     .pattern = kLicensePattern,
     .handle = LicenseFile,
     .lane = Lane::kWrite,
     .rule = CheckOutRule("license.check-out"),
     .schema = &kSchema,
     .order = Order::kSchemaFirst,
     .topic = "licenses"},
    {.method = "GET",
     .pattern = kLicensePattern,
     .handle = DownloadLicenseFile,
     .lane = Lane::kWrite,
     .rule = CheckOutRule("license.check-out"),
     .topic = "licenses"},
    {.method = "POST",
     .pattern = kMachinePattern,
     .handle = MachineFile,
     .lane = Lane::kWrite,
     .rule = CheckOutRule("machine.check-out"),
     .schema = &kSchema,
     .order = Order::kSchemaFirst,
     .topic = "machines"},
    {.method = "GET",
     .pattern = kMachinePattern,
     .handle = DownloadMachineFile,
     .lane = Lane::kWrite,
     .rule = CheckOutRule("machine.check-out"),
     .topic = "machines"},
};

}  // namespace

std::span<const Route> CheckOutRoutes() { return kRoutes; }

}  // namespace latchkey::api
