#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "client/client.h"

namespace latchkey::client {

// Named texts, in rows: what the C interface hands out.
using Row = std::vector<std::pair<std::string, std::string>>;
using Rows = std::vector<Row>;

// What the person should know now, most important first; never empty. Members of a row: `kind`
// ("last": how the newest operation ended; "standing": why access is what it is; "notice";
// "status"), code, severity, title, body, actions (codes, comma-separated, primary first), labels
// (theirs, separated by line breaks), links (the address each opens, or nothing;
// separated alike), detail (for "copy details"), suggestion (of a mistyped key).
Rows Explain(const Client& client, std::string_view locale);

// One row of facts: access, access_text, reason, license_name, license_id, key (all but its first
// group hidden), expiry, until, next_check, last_contact (RFC 3339), until_text, next_check_text,
// last_contact_text, expiry_text, holder_text, features, device_name, fingerprint, pending, server,
// store, portal, support.
Rows Facts(const Client& client, std::string_view locale);

// The newest list of devices: id, name, platform, last_used, text, current, suggested.
Rows DeviceRows(const Client& client, std::string_view locale);

std::string_view AccessName(core::AccessLevel level);  // "full", "limited", "none"
// The rows as a JSON array of objects of texts.
std::string ToJson(const Rows& rows);

}  // namespace latchkey::client
