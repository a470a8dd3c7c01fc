#include "api/versions.h"

namespace latchkey::api {

void MigrateError(const Call& call, Error& error) {
  // 1.7: POST /tokens tells less about what was wrong with e-mail and password.
  if (call.version > "1.7" || !call.route || !call.route->password) return;
  switch (error.code) {
    case Errc::kEmailRequired:
    case Errc::kEmailInvalid:
    case Errc::kPasswordRequired:
    case Errc::kPasswordInvalid:
    case Errc::kPasswordNotSupported:
      error = Error{Errc::kCredentialsInvalid};
      break;
    default:
      break;
  }
}

}  // namespace latchkey::api
