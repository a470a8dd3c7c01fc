#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "client/trusted_time.h"

namespace latchkey::client {

// A verified, fresh no with its cause (threat-model "Signed no").
struct Denial {
  std::string code;                 // wire code of the verdict: "SUSPENDED", "NOT_FOUND", ...
  std::string reason;               // our reason code, for the words
  std::string title, body;          // the server's words, for reasons this version does not know
  TimePoint since{};                // signed time of the first answer that said so
  std::optional<TimePoint> expiry;  // the license's, when the answer carried it
  std::optional<TimePoint> until;   // a seat taken over keeps full access until then (decision 27)
};

// Everything that is kept on the device, sealed as one JSON text (docs/formats/store-file.md).
struct Record {
  std::string license_key;  // of the license in use; empty: not activated
  std::string license_id;
  std::string certificate;  // the lease
  std::optional<Denial> denial;
  // A key that was entered but is not active yet: the server could not be asked, or all seats are
  // used.
  std::string pending_key;
  std::string pending_license_id;
  std::optional<Duration> provisional_until;  // in powered-on time (threat-model row 63)
  bool provisional_used = false;              // once per installation
  std::string device_name;
  std::optional<TimePoint> last_contact;  // signed
  // Powered-on time before which nothing is asked without being told to (threat-model M16).
  std::optional<Duration> not_before;
  TrustedTime time;

  friend bool operator==(const Record&, const Record&);
};

std::string WriteRecord(const Record& record);
// kMalformed for anything else than a text of WriteRecord of this or a later version of it: unknown
// members are ignored.
Result<Record> ParseRecord(std::string_view text);

}  // namespace latchkey::client
