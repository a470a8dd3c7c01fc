#pragma once

#include <optional>
#include <string>
#include <vector>

#include "client/config.h"
#include "core/access_level.h"
#include "crypto/account_keys.h"

namespace latchkey::client {

// A machine file for this device, product and key, opened: holding one is proof
// (docs/formats/lease.md).
struct Lease {
  std::string machine_id, license_id, license_name;
  std::optional<TimePoint> license_expiry;
  std::vector<std::string> entitlements;  // codes, sorted, distinct
  TimePoint issued{};
  core::Terms terms;
};

// Verifies for exactly aes-256-gcm+ed25519, decrypts with key and fingerprint, and checks that the
// file is about this fingerprint and product. Times are the caller's to judge (decision 37).
// Errors: kMalformed, kSignatureInvalid, kDecryptionFailed, kWrongFingerprint, kNotFound (another
// product). A file without terms, from a server that is not ours, gets them from its expiry, or the
// defaults.
Result<Lease> OpenLease(std::string_view certificate, std::string_view key,
                        std::string_view fingerprint, std::string_view product_id,
                        const crypto::PublicKeys& keys);

}  // namespace latchkey::client
