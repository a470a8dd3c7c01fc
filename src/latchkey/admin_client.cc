#include "latchkey/admin_client.h"

#include "latchkey/admin/refusal.h"
#include "latchkey/document_text.h"
#include "latchkey/http_client.h"
#include "latchkey/settings.h"

namespace latchkey::app {

Result<AdminClient> AdminClient::Open(const Connection& connection, bool anonymous) {
  const std::string file =
      connection.credentials_file.empty() ? DefaultCredentialsFile() : connection.credentials_file;
  AdminClient client;
  auto read = ReadCredentials(file);
  if (read)
    client.credentials_ = std::move(*read);
  else if (read.error().code != Errc::kNotFound || !connection.credentials_file.empty())
    return std::move(read).error();
  const auto choose = [](const std::string& flag, const char* variable, std::string& value) {
    if (!flag.empty())
      value = flag;
    else if (const auto text = ProcessEnvironment(variable); text && !text->empty())
      value = *text;
  };
  Credentials& chosen = client.credentials_;
  choose(connection.server, "LATCHKEY_SERVER", chosen.server);
  choose(connection.account, "LATCHKEY_ACCOUNT", chosen.account);
  std::string token(chosen.token.Reveal());
  choose(connection.token, "LATCHKEY_TOKEN", token);
  chosen.token = Secret(std::move(token));
  while (chosen.server.ends_with('/')) chosen.server.pop_back();
  if (chosen.server.empty())
    return Error{Errc::kConfigInvalid, "which server? There are no credentials at " + file +
                                           ": run `latchkey init`, or use --server URL"};
  if (chosen.token.empty() && !anonymous)
    return Error{Errc::kConfigInvalid, "as whom? There is no token in " + file +
                                           ": run `latchkey init`, or set LATCHKEY_TOKEN"};
  if (!MayCarrySecrets(chosen.server))
    return Error{Errc::kConfigInvalid, chosen.server +
                                           " would carry the token unencrypted: use an https:// "
                                           "address (http:// is for this machine alone)"};
  client.ca_file_ = connection.ca_file;
  return client;
}

Result<ApiAnswer> AdminClient::Call(std::string_view method, std::string_view path,
                                    const http::Query& query, const json::value& body) const {
  WebRequest request;
  request.method = method;
  request.url = credentials_.server + "/v1";
  if (!credentials_.account.empty())
    request.url += "/accounts/" + http::PercentEncode(credentials_.account);
  request.url += path;
  if (!query.empty()) request.url += "?" + http::WriteQuery(query);
  request.headers = {{"Accept", "application/vnd.api+json"},
                     {"Accept-Language", std::string(SpokenLocale())},
                     {"Latchkey-Reasons", "1"}};
  if (!credentials_.token.empty())
    request.headers.push_back(
        {"Authorization", "Bearer " + std::string(credentials_.token.Reveal())});
  if (!body.is_null()) {
    request.headers.push_back({"Content-Type", "application/vnd.api+json"});
    request.body = base::WriteJson(body);
  }
  request.ca_file = ca_file_;
  LK_ASSIGN(WebAnswer web, Send(request));
  ApiAnswer answer{.status = web.status,
                   .body = std::move(web.body),
                   .document = nullptr,
                   .request_id = PrintableText(http::Find(web.headers, "X-Request-Id"))};
  if (answer.body.empty()) return answer;
  auto document = base::ParseJson(answer.body);
  if (!document)
    return Error{Errc::kUnavailable, "what answers at " + credentials_.server +
                                         " is not a Latchkey server (status " +
                                         std::to_string(answer.status) +
                                         "): give the address of one with --server URL"};
  answer.document = std::move(*document);
  return answer;
}

}  // namespace latchkey::app
