#pragma once

#include <string>

#include "base/json.h"
#include "base/result.h"
#include "http/uri.h"
#include "latchkey/credentials.h"

namespace latchkey::app {

// Where and as whom: flags over variables over the credentials file.
struct Connection {
  std::string server{}, account{},
      token{};  // empty: LATCHKEY_SERVER, LATCHKEY_ACCOUNT, LATCHKEY_TOKEN
  std::string credentials_file{};
  std::string ca_file{};
};

struct ApiAnswer {
  int status = 0;
  std::string body;      // as it came
  json::value document;  // null when there is none
  std::string request_id{};
  bool ok() const { return status >= 200 && status < 300; }
};

// The API, as a person at a command line uses it.
class AdminClient {
 public:
  // `anonymous`: works without a token. kConfigInvalid says what is missing, or that the server's
  // address would send the token unencrypted.
  static Result<AdminClient> Open(const Connection& connection, bool anonymous);

  // `path` is below the account: "/licenses/x/actions/suspend", already encoded. Every status is an
  // answer; errors are for no answer, or one that is not ours.
  Result<ApiAnswer> Call(std::string_view method, std::string_view path, const http::Query& query,
                         const json::value& body) const;

 private:
  Credentials credentials_;
  std::string ca_file_;
};

}  // namespace latchkey::app
