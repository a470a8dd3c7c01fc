#pragma once

#include "api/call.h"

namespace latchkey::api {

// The credential that conventions.md §3.1 chooses, looking at the headers and query alone. Never
// fails: what cannot be read is a token that nobody has, or none.
Credential CredentialOf(const http::Request& request,
                        const std::vector<std::pair<std::string, std::string>>& query,
                        const Route& route);

// Who the credential belongs to (conventions.md §3.2 to §3.6), in the running transaction. Errors
// are those of §3.6. An absent credential is kTokenMissing where the route needs one, else
// anonymous.
Result<service::Actor> Authenticate(Call& call);

// Password sign-in: finds the user of the e-mail. Fills call.password_user and
// call.password_digest; checks everything but the password itself, whose hashing must not run on a
// store thread. kEmailRequired, kEmailInvalid, kPasswordNotSupported, kPasswordRequired.
Result<void> FindPasswordUser(Call& call);

// The actor of a bearer record, without a token: for tokens made by password and for tests.
service::Actor ActorOf(const core::User& user);
service::Actor ActorOf(core::License license);
service::Actor ActorOf(const core::Product& product);

}  // namespace latchkey::api
