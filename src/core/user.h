#pragma once

#include "core/resource.h"

namespace latchkey::core {

// events.md §1.
struct User : Record {
  std::optional<std::string> first_name, last_name;
  std::optional<Uuid> group_id;
  std::string email;  // lower-cased, trimmed
  std::optional<std::string> password_digest;
  std::string role = "user";  // wire name
  std::optional<TimePoint> banned_at;
  // Of the reset token that was sent last (events.md §1.8): its keyed hash, and when.
  std::optional<Bytes> password_reset_digest;
  std::optional<TimePoint> password_reset_sent;
  Strings permissions;
  Metadata metadata;
};
template <>
const Resource& ResourceOf<User>();

// conventions.md §3.2, §9.1.
struct Token : Record {
  std::string bearer_type;  // "users", "products", "licenses", "environments"
  Uuid bearer_id;
  std::string kind;  // "admin-token", ...
  Bytes digest;      // HMAC-SHA-256 of the raw token under the account's secret
  std::optional<TimePoint> expiry;
  std::optional<std::string> name;
  Strings permissions;  // own list; ["*"] = what the bearer has
  std::optional<std::int64_t> max_activations, max_deactivations;
  std::int64_t activations = 0, deactivations = 0;
};
template <>
const Resource& ResourceOf<Token>();

}  // namespace latchkey::core
