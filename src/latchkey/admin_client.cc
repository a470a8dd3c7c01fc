#include "latchkey/admin_client.h"

#include <algorithm>

#include "core/naming.h"
#include "latchkey/http_client.h"
#include "latchkey/settings.h"

namespace latchkey::app {
namespace {

std::string TextOf(const json::object& object, std::string_view name) {
  const auto* value = object.if_contains(name);
  return value && value->is_string() ? std::string(value->get_string()) : std::string();
}

// "/data/attributes/maxMachines" → "--max-machines".
std::string FlagOf(const std::string& pointer) {
  constexpr std::string_view kAttributes = "/data/attributes/";
  constexpr std::string_view kRelationships = "/data/relationships/";
  std::string_view name = pointer;
  if (name.starts_with(kAttributes))
    name.remove_prefix(kAttributes.size());
  else if (name.starts_with(kRelationships))
    name.remove_prefix(kRelationships.size());
  else
    return {};
  name = name.substr(0, name.find('/'));
  std::string flag = "--";
  for (const char c : name)
    if (c >= 'A' && c <= 'Z')
      (flag += '-') += static_cast<char>(c + ('a' - 'A'));
    else
      flag += c;
  return flag;
}

}  // namespace

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
  request.headers = {{"Accept", "application/vnd.api+json"}};
  if (!credentials_.token.empty())
    request.headers.push_back(
        {"Authorization", "Bearer " + std::string(credentials_.token.Reveal())});
  if (!body.is_null()) {
    request.headers.push_back({"Content-Type", "application/vnd.api+json"});
    request.body = base::WriteJson(body);
  }
  request.ca_file = ca_file_;
  LK_ASSIGN(WebAnswer web, Send(request));
  ApiAnswer answer{.status = web.status, .body = std::move(web.body), .document = nullptr};
  if (answer.body.empty()) return answer;
  auto document = base::ParseJson(answer.body);
  if (!document)
    return Error{Errc::kUnavailable, "what answers at " + credentials_.server +
                                         " is not a Latchkey server (status " +
                                         std::to_string(answer.status) + ")"};
  answer.document = std::move(*document);
  return answer;
}

std::string DescribeErrors(const ApiAnswer& answer, bool flags) {
  std::string out;
  const auto line = [&](const std::string& text) { out += (out.empty() ? "" : "\n") + text; };
  const auto* object = answer.document.if_object();
  const auto* errors = object ? object->if_contains("errors") : nullptr;
  if (errors && errors->is_array())
    for (const auto& item : errors->get_array()) {
      const auto* error = item.if_object();
      if (!error) continue;
      std::string text;
      if (const auto* source = error->if_contains("source"); source && source->is_object()) {
        const std::string pointer = TextOf(source->get_object(), "pointer");
        const std::string flag = flags ? FlagOf(pointer) : std::string();
        text = flag.empty() ? TextOf(source->get_object(), "parameter") : flag;
      }
      if (!text.empty()) text += " ";
      text += TextOf(*error, "detail");
      const std::string code = TextOf(*error, "code");
      if (!code.empty()) text += " (" + code + ")";
      line(text);
    }
  if (out.empty()) line("the server answered with status " + std::to_string(answer.status));
  return out;
}

}  // namespace latchkey::app
