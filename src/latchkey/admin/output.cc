#include "latchkey/admin/output.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <iostream>

#include "latchkey/document_text.h"
#include "latchkey/terminal.h"

namespace latchkey::app {

Conversation::Conversation(CLI::App& command, std::string name, bool anonymous)
    : name_(std::move(name)), anonymous_(anonymous) {
  constexpr const char* kGroup = "Server";
  command.add_option("--server", connection_.server, "Address of the server (LATCHKEY_SERVER)")
      ->group(kGroup);
  command.add_option("--account", connection_.account, "Account id or slug (LATCHKEY_ACCOUNT)")
      ->group(kGroup);
  command
      .add_option("--token", connection_.token,
                  "Token (better: LATCHKEY_TOKEN, which other users cannot see)")
      ->group(kGroup);
  command.add_option("--credentials", connection_.credentials_file, "The file made by init")
      ->group(kGroup);
  command.add_option("--ca-file", connection_.ca_file, "Trust this authority (PEM)")->group(kGroup);
  command.add_flag("--json", json_, "Print the API's document")->group("Output");
  command.add_option("--print", print_, "Print one member alone, like id, key or expiry")
      ->group("Output");
}

Result<ApiAnswer> Conversation::Ask(std::string_view method, const std::string& path,
                                    const http::Query& query, const json::value& body) const {
  LK_ASSIGN(const AdminClient client, AdminClient::Open(connection_, anonymous_));
  return client.Call(method, path, query, body);
}

int Conversation::Refuse(const Error& error) const {
  std::cerr << "latchkey: " << OwnRefusal(error, {"latchkey " + name_, true}) << std::endl;
  return error.code == Errc::kConfigInvalid ? kUsage : kFailed;
}

int Conversation::Refuse(const ApiAnswer& answer, bool flags) const {
  if (json_) return kFailed;  // the document has it all
  const Asked asked{"latchkey " + name_, flags, SpokenLocale()};
  std::cerr << "latchkey: "
            << RefusalText(RefusalOf(answer, asked, base::SystemNow()), asked.locale) << std::endl;
  return kFailed;
}

int Conversation::Show(const Result<ApiAnswer>& answer, const Noun* noun, std::string_view done,
                       bool flags) const {
  if (!answer) return Refuse(answer.error());
  if (json_ && !answer->body.empty()) std::cout << answer->body << std::endl;
  if (!answer->ok()) return Refuse(*answer, flags);
  if (json_) return kOk;
  if (!print_.empty()) {
    std::cout << MemberText(answer->document, print_) << std::endl;
    return kOk;
  }
  if (!done.empty()) {
    std::string what(noun ? noun->resource().noun : "");
    if (!what.empty()) what[0] = static_cast<char>(what[0] - ('a' - 'A'));
    std::cout << what << ' ' << done << ".\n";
    // What was attached is answered as join rows, which say nothing that was not just typed.
    const json::object* const document = answer->document.if_object();
    const json::value* const data = document ? document->if_contains("data") : nullptr;
    if (data && data->is_array()) return kOk;
  }
  static const std::vector<std::string_view> kId = {"id"};
  std::cout << DocumentText(answer->document, noun ? noun->columns : kId) << std::flush;
  return kOk;
}

int Conversation::ShowVerdict(const Result<ApiAnswer>& answer) const {
  const std::string valid = answer ? MemberText(answer->document, "valid") : "";
  if (!answer || !answer->ok() || terse()) {
    const int status = Show(answer, nullptr);
    return status == kOk && valid == "false" ? kNotValid : status;
  }
  std::cout << (valid == "true" ? "Valid" : "Not valid") << " ("
            << MemberText(answer->document, "code")
            << "): " << MemberText(answer->document, "detail") << std::endl;
  return valid == "true" ? kOk : kNotValid;
}

int Conversation::SaveCertificate(const Result<ApiAnswer>& answer, const std::string& path) const {
  if (!answer || !answer->ok()) return Show(answer, nullptr);
  const std::string text = MemberText(answer->document, "certificate");
  const int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  const bool written =
      fd >= 0 && write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  const int error = errno;
  if (fd >= 0) close(fd);
  if (!written)
    return Refuse(Error{Errc::kIo, "cannot write " + path + ": " + std::strerror(error) +
                                       "; name another place with --output, or leave it out to "
                                       "have the file printed"});
  std::cout << "written to " << path << ", good until " << MemberText(answer->document, "expiry")
            << std::endl;
  return kOk;
}

}  // namespace latchkey::app
