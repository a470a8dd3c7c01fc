#pragma once

#include <string>
#include <string_view>

#include "api/call.h"

namespace latchkey::api {

// Whether `password` fits `digest`, and the digest of a new one. Both give kNeedsWrite until the
// application has done the work; the handler passes that on, having written nothing that a second
// run would mind, and is run again. A password of no digest at all is answered at once.
Result<bool> PasswordMatches(Call& call, std::string_view password, std::string_view digest);
Result<std::string> HashedPassword(Call& call, std::string_view password);

}  // namespace latchkey::api
