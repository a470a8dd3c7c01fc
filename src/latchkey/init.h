#pragma once

#include <string>

#include "crypto/password.h"
#include "latchkey/installation.h"
#include "store/control_socket.h"

namespace latchkey::app {

struct InitOptions {
  std::string account;           // its name
  std::string slug;              // empty: made from the name
  std::string admin;             // e-mail
  std::string password_file;     // empty: ask on the terminal
  std::string credentials_file;  // where the admin token goes
  std::string server;            // URL for the credentials; empty: where this server listens
  bool dev = false;              // test data: cheap password hashing, no master key (decision 18)
  bool json = false;
};

// `latchkey init` (decision 16): master key, database, account with its three key pairs, admin,
// credentials. May be run again after it was interrupted. When a server holds the directory, that
// server does the work. The exit status.
int Init(const Configuration& configuration, const InitOptions& options);

// The server's part: makes the account described by `request` (JSON), the password is the call's
// input. The answer is JSON for Init.
Result<std::string> InitOverControl(store::ControlCall& call, Installation& installation,
                                    crypto::PasswordCost cost, const std::string& request,
                                    bool full);

// "Acme GmbH & Co." → "acme-gmbh-co", "Müller" → "muller"; empty when no letter or digit is left.
std::string SlugOf(std::string_view name);

}  // namespace latchkey::app
