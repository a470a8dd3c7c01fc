#include "latchkey/init.h"

#include <unistd.h>

#include <iostream>
#include <sstream>

#include "core/naming.h"
#include "latchkey/credentials.h"
#include "latchkey/terminal.h"
#include "service/accounts.h"
#include "store/master_key.h"

namespace latchkey::app {
namespace {

struct Made {
  std::string account_id;
  std::string public_key;
  Secret token;
};

Error Full(const std::string& data) {
  return Error{Errc::kConflict, "there is an account in " + data +
                                    " already: `latchkey serve --data " + data + "` starts it"};
}

// The service speaks of wire attributes; here they are flags.
Error AsFlags(Error error) {
  for (Violation& violation : error.violations) {
    if (violation.path == "email") violation.path = "--admin";
    if (violation.path == "name") violation.path = "--account";
    if (violation.path == "slug") violation.path = "--slug";
    if (violation.path == "password") violation.path = "the password";
  }
  if (error.code == Errc::kInvalid) error.code = Errc::kConfigInvalid;
  return error;
}

Result<Made> MakeAccount(Installation& installation, const service::NewAccount& wanted,
                         crypto::PasswordCost cost) {
  service::CreatedAccount created;
  auto made = installation.database->WriteNow([&](store::Session& session) -> Result<void> {
    LK_ASSIGN(created, service::CreateAccount(session, *installation.vault, base::SystemRandom(),
                                              base::SystemNow(), wanted, cost));
    return {};
  });
  if (!made) return AsFlags(std::move(made).error());
  return Made{created.account_id.ToString(), created.public_key, Secret(created.admin_token)};
}

Result<bool> HasAccount(Installation& installation) {
  bool any = false;
  LK_TRY(installation.database->ReadNow([&](store::Session& session) {
    return session.Query("SELECT 1 FROM accounts LIMIT 1", {},
                         [&](const store::Row&) { any = true; });
  }));
  return any;
}

// A key that is there is used: a second installation here, or an init that was interrupted.
Result<void> EnsureMasterKey(const Configuration& configuration) {
  const std::string& source = configuration.master_key;
  constexpr std::string_view kFile = "file:";
  if (!source.starts_with(kFile)) return {};
  const std::string path = source.substr(kFile.size());
  if (access(path.c_str(), F_OK) == 0) {
    std::cerr << "Using the master key at " << path << ".\n";
    return {};
  }
  LK_TRY(store::CreateMasterKeyFile(source, configuration.data, base::SystemRandom()));
  std::cerr
      << "Made the master key at " << path
      << ". Keep a copy of it elsewhere: without it this data and its backups cannot be read.\n";
  return {};
}

Result<Made> MakeHere(std::unique_ptr<store::DataDirectory> directory,
                      const Configuration& configuration, const service::NewAccount& wanted,
                      bool dev) {
  if (dev && directory->is_empty()) LK_TRY(directory->MarkDev());
  if (dev != directory->is_dev())
    return Error{Errc::kConfigInvalid,
                 dev ? configuration.data +
                           " holds real data: leave --dev out, or use an empty "
                           "directory"
                     : configuration.data +
                           " is for test data (its file DEV says so): add --dev, "
                           "or use another directory"};
  if (!dev) LK_TRY(EnsureMasterKey(configuration));
  LK_ASSIGN(Installation installation,
            OpenInstallation(std::move(directory), configuration, true, base::SystemRandom()));
  LK_ASSIGN(const bool full, HasAccount(installation));
  if (full) return Full(configuration.data);
  return MakeAccount(installation, wanted,
                     dev ? crypto::PasswordCost::kTest : crypto::PasswordCost::kStandard);
}

Result<Made> MakeInServer(const Configuration& configuration, const service::NewAccount& wanted) {
  base::JsonWriter request;
  request.BeginObject().Key("name").String(wanted.name).Key("slug").String(wanted.slug);
  request.Key("email").String(wanted.admin_email).EndObject();
  std::istringstream password{std::string(wanted.admin_password.Reveal())};
  std::ostringstream out, err;
  LK_ASSIGN(const int status, store::SendControl(configuration.data + "/control.sock",
                                                 {"init", request.Take()}, &password, out, err));
  if (status != 0) {
    std::string text = err.str();
    if (text.starts_with("latchkey: ")) text.erase(0, 10);
    while (text.ends_with('\n')) text.pop_back();
    return Error{Errc::kRefused, text};
  }
  LK_ASSIGN(const json::value answer, base::ParseJson(out.str()));
  const json::object& object = answer.as_object();
  return Made{std::string(object.at("account").as_string()),
              std::string(object.at("publicKey").as_string()),
              Secret(std::string(object.at("token").as_string()))};
}

Result<Secret> PasswordFor(const InitOptions& options) {
  if (!options.password_file.empty()) return ReadPasswordFile(options.password_file);
  return AskPassword("Password for " + options.admin + " (6 characters or more): ", true);
}

Result<void> CheckWanted(const service::NewAccount& wanted, bool with_password) {
  auto sound = service::CheckNewAccount(wanted, with_password);
  if (!sound) return AsFlags(std::move(sound).error());
  return {};
}

Result<std::unique_ptr<store::DataDirectory>> OpenOrMake(const std::string& path) {
  return store::DataDirectory::Open(path, store::DataDirectory::Mode::kCreate);
}

// Whatever is wrong with the words is said before anything is made.
Result<Made> Make(const Configuration& configuration, const InitOptions& options) {
  service::NewAccount wanted;
  wanted.name = options.account;
  wanted.slug = options.slug.empty() ? SlugOf(options.account) : options.slug;
  wanted.admin_email = options.admin;
  if (wanted.slug.empty())
    return Error{Errc::kConfigInvalid, "no short name can be made of the name '" + options.account +
                                           "': give a short name with --slug acme"};
  LK_TRY(CheckWanted(wanted, false));
  // Where there is data, the lock first: nobody types a password for nothing.
  std::optional<Result<std::unique_ptr<store::DataDirectory>>> directory;
  if (access((configuration.data + "/latchkey.db").c_str(), F_OK) == 0) {
    directory = OpenOrMake(configuration.data);
    if (!*directory && directory->error().code != Errc::kLocked)
      return std::move(*directory).error();
  }
  LK_ASSIGN(wanted.admin_password, PasswordFor(options));
  LK_TRY(CheckWanted(wanted, true));
  if (!directory) directory = OpenOrMake(configuration.data);
  if (!*directory && directory->error().code == Errc::kLocked)
    return MakeInServer(configuration, wanted);
  if (!*directory) return std::move(*directory).error();
  return MakeHere(std::move(**directory), configuration, wanted, options.dev);
}

// `text` as one word of a shell.
std::string Quoted(const std::string& text) {
  constexpr std::string_view kPlain =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789/._-:=+@%,";
  if (!text.empty() && text.find_first_not_of(kPlain) == std::string::npos) return text;
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

// The command that serves what was just made: with all that it would not find by itself.
std::string ServeCommand(const Configuration& configuration, bool dev) {
  std::string command = "latchkey serve --data " + Quoted(configuration.data);
  const std::string& file = configuration.file;
  if (!file.empty() && file != ConfigHome() + "/latchkey.toml" &&
      file != "/etc/latchkey/latchkey.toml")
    command += " --config " + Quoted(file);
  if (dev) return command + " --dev";
  if (configuration.master_key != store::DefaultMasterKeySource())
    command += " --master-key " + Quoted(configuration.master_key);
  return command;
}

}  // namespace

std::string SlugOf(std::string_view name) {
  std::string slug;
  for (const char c : core::ToAscii(name)) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
    const bool capital = c >= 'A' && c <= 'Z';
    if (letter)
      slug += c;
    else if (capital)
      slug += static_cast<char>(c + ('a' - 'A'));
    else if (!slug.empty() && slug.back() != '-')
      slug += '-';
  }
  while (slug.ends_with('-')) slug.pop_back();
  return slug;
}

Result<std::string> InitOverControl(store::ControlCall& call, Installation& installation,
                                    crypto::PasswordCost cost, const std::string& request,
                                    bool full) {
  if (full) return Full(installation.directory->path());
  LK_ASSIGN(const json::value parsed, base::ParseJson(request));
  const auto text = [&](std::string_view name) -> std::string {
    const auto* object = parsed.if_object();
    const auto* value = object ? object->if_contains(name) : nullptr;
    return value && value->is_string() ? std::string(value->get_string()) : std::string();
  };
  std::string password;
  for (;;) {
    LK_ASSIGN(const std::string chunk, call.read_input());
    if (chunk.empty()) break;
    password += chunk;
    if (password.size() > 4096) return Error{Errc::kConfigInvalid, "the password is too long"};
  }
  service::NewAccount wanted{text("name"), text("slug"), text("email"), Secret(password)};
  base::Wipe(password.data(), password.size());
  LK_ASSIGN(const Made made, MakeAccount(installation, wanted, cost));
  base::JsonWriter answer;
  answer.BeginObject().Key("account").String(made.account_id);
  answer.Key("publicKey").String(made.public_key);
  answer.Key("token").String(made.token.Reveal()).EndObject();
  return answer.Take();
}

int Init(const Configuration& configuration, const InitOptions& options) {
  auto made = Make(configuration, options);
  if (!made) return Fail(made.error());
  Credentials credentials;
  credentials.server =
      options.server.empty() ? LocalUrl(configuration, configuration.listen.port) : options.server;
  credentials.account = made->account_id;
  credentials.public_key = made->public_key;
  credentials.token = made->token;
  const auto kept = WriteCredentials(options.credentials_file, credentials);
  if (options.json) {
    base::JsonWriter out;
    out.BeginObject().Key("account").String(made->account_id);
    out.Key("publicKey").String(made->public_key).EndObject();
    std::cout << out.text() << std::endl;
  } else {
    std::cout << "Account     " << made->account_id << "\nPublic key  " << made->public_key
              << "\n\nBuild the account and the public key into your application. ";
  }
  if (!kept)
    return Fail(Error{kept.error().code, Describe(kept.error()) +
                                             "; the account is made: sign in as " + options.admin +
                                             " for a token (POST /v1/tokens)"});
  if (*kept)
    std::cerr << "The credentials that were in " << options.credentials_file << " are now in "
              << options.credentials_file << ".old.\n";
  if (!options.json)
    std::cout << "The admin token is in " << options.credentials_file
              << ", for your eyes only.\n\nNext: " << ServeCommand(configuration, options.dev)
              << std::endl;
  return kOk;
}

}  // namespace latchkey::app
