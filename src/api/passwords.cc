#include "api/passwords.h"

namespace latchkey::api {

Result<bool> PasswordMatches(Call& call, std::string_view password, std::string_view digest) {
  if (password.empty()) return false;
  PasswordWork& work = call.password_work;
  const Secret wanted{std::string(password)};
  if (work.verified && work.digest == digest && work.to_verify == wanted) return *work.verified;
  work.to_verify = wanted;
  work.digest = digest;
  work.verified.reset();
  work.asked = true;
  return Errc::kNeedsWrite;
}

Result<std::string> HashedPassword(Call& call, std::string_view password) {
  PasswordWork& work = call.password_work;
  const Secret wanted{std::string(password)};
  if (work.hashed && work.to_hash == wanted) return *work.hashed;
  work.to_hash = wanted;
  work.hashed.reset();
  work.asked = true;
  return Errc::kNeedsWrite;
}

}  // namespace latchkey::api
