#include "client/lease.h"

#include <initializer_list>

#include "core/certificate.h"

namespace latchkey::client {
namespace {

constexpr std::int64_t kDay = 86400;
constexpr std::int64_t kDefaultSync = 7 * kDay;
constexpr std::int64_t kDefaultGrace = 30 * kDay;
constexpr std::int64_t kDefaultExpiryGrace = 14 * kDay;
constexpr std::int64_t kLongest = 100 * 366 * kDay;

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

Result<std::int64_t> SecondsAt(const json::value& terms, std::string_view name) {
  const json::value* value = At(&terms, {name});
  if (value == nullptr || !value->is_int64() || value->as_int64() < 0 ||
      value->as_int64() > kLongest)
    return Error{Errc::kMalformed, "the file's terms are not of the expected form"};
  return value->as_int64();
}

Result<core::Terms> ReadTerms(const core::VerifiedFile& file) {
  core::Terms out;
  const json::value* meta = file.payload().if_contains("meta");
  const json::value* terms = At(meta, {"terms"});
  if (terms == nullptr) {
    out.sync = kDefaultSync;
    out.expiry_grace = kDefaultExpiryGrace;
    const TimePoint end =
        file.expiry().value_or(file.issued() + Seconds(kDefaultSync + kDefaultGrace));
    out.grace = std::max<std::int64_t>(
        0, base::UnixSeconds(end) - base::UnixSeconds(file.issued()) - out.sync);
    out.until = end;
    return out;
  }
  LK_ASSIGN(out.sync, SecondsAt(*terms, "sync"));
  LK_ASSIGN(out.grace, SecondsAt(*terms, "grace"));
  LK_ASSIGN(out.expiry_grace, SecondsAt(*terms, "expiryGrace"));
  const auto until = base::ParseTime(Text(At(terms, {"until"})));
  if (!until) return Error{Errc::kMalformed, "the file's terms have no cut-off"};
  out.until = *until;
  return out;
}

}  // namespace

Result<Lease> OpenLease(std::string_view certificate, std::string_view key,
                        std::string_view fingerprint, std::string_view product_id,
                        const crypto::PublicKeys& keys) {
  const core::FileAlgorithm expected{core::FileEncoding::kAes256Gcm,
                                     crypto::SignatureAlgorithm::kEd25519};
  const Secret secret(std::string(key) + std::string(fingerprint));
  LK_ASSIGN(const core::VerifiedFile file,
            core::VerifiedFile::Open(core::FileKind::kMachine, expected, certificate,
                                     secret.Reveal(), keys));
  LK_TRY(file.CheckFingerprint(fingerprint));
  Lease out;
  out.issued = file.issued();
  LK_ASSIGN(out.terms, ReadTerms(file));
  const json::value* data = file.payload().if_contains("data");
  out.machine_id = Text(At(data, {"id"}));
  out.license_id = Text(At(data, {"relationships", "license", "data", "id"}));
  std::string product;
  if (const json::value* included = file.payload().if_contains("included");
      included && included->is_array()) {
    for (const json::value& item : included->as_array()) {
      const std::string type = Text(At(&item, {"type"}));
      if (type == "entitlements") {
        if (std::string code = Text(At(&item, {"attributes", "code"})); !code.empty())
          out.entitlements.push_back(std::move(code));
      } else if (type == "licenses" && Text(At(&item, {"id"})) == out.license_id) {
        out.license_name = Text(At(&item, {"attributes", "name"}));
        out.license_expiry = base::ParseTime(Text(At(&item, {"attributes", "expiry"})));
        product = Text(At(&item, {"relationships", "product", "data", "id"}));
      }
    }
  }
  if (out.machine_id.empty() || out.license_id.empty())
    return Error{Errc::kMalformed, "the file names no machine or license"};
  if (product != product_id) return Error{Errc::kNotFound, "the file is for another product"};
  std::sort(out.entitlements.begin(), out.entitlements.end());
  out.entitlements.erase(std::unique(out.entitlements.begin(), out.entitlements.end()),
                         out.entitlements.end());
  return out;
}

}  // namespace latchkey::client
