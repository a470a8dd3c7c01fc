#include "latchkey/credentials.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>

#define TOML_EXCEPTIONS 0
#include <toml++/toml.h>

#include "base/json.h"
#include "latchkey/settings.h"

namespace latchkey::app {
namespace {

// TOML basic strings take JSON's escapes.
std::string Quoted(std::string_view text) {
  std::string out;
  base::AppendJsonString(out, text);
  return out;
}

Error FileError(const std::string& what, const std::string& path) {
  return Error{errno == EROFS || errno == EACCES ? Errc::kReadOnly : Errc::kIo,
               what + " " + path + ": " + std::strerror(errno)};
}

}  // namespace

std::string DefaultCredentialsFile() {
  return ProcessEnvironment("LATCHKEY_CREDENTIALS").value_or(ConfigHome() + "/credentials.toml");
}

Result<Credentials> ReadCredentials(const std::string& path) {
  struct stat status {};
  if (stat(path.c_str(), &status) != 0)
    return Error{Errc::kNotFound, "there are no credentials at " + path +
                                      ": `latchkey init` makes them, or name another file"};
  if ((status.st_mode & 0077) != 0)
    return Error{Errc::kConfigInvalid, "others may read the token in " + path +
                                           ": close it with `chmod 600 " + path + "`"};
  std::ifstream in(path);
  std::stringstream text;
  text << in.rdbuf();
  if (!in) return FileError("cannot read", path);
  const toml::parse_result parsed = toml::parse(text.str(), path);
  if (!parsed)
    return Error{Errc::kConfigInvalid,
                 path + " line " + std::to_string(parsed.error().source().begin.line) + ": " +
                     std::string(parsed.error().description()) +
                     "; correct it, or set LATCHKEY_SERVER and LATCHKEY_TOKEN "
                     "and name no file"};
  const auto value = [&](std::string_view name) {
    return parsed.table()[name].value_or(std::string());
  };
  return Credentials{value("server"), value("account"), value("public_key"),
                     Secret(value("token"))};
}

Result<bool> WriteCredentials(const std::string& path, const Credentials& credentials) {
  std::error_code error;
  const auto folder = std::filesystem::absolute(path).parent_path();
  if (!std::filesystem::exists(folder, error)) {
    std::filesystem::create_directories(folder, error);
    if (!error) std::filesystem::permissions(folder, std::filesystem::perms::owner_all, error);
    if (error)
      return Error{Errc::kIo,
                   "cannot make the directory " + folder.string() + ": " + error.message()};
  }
  const std::string old = path + ".old";
  const bool kept = rename(path.c_str(), old.c_str()) == 0;
  const int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0) return FileError("cannot write", path);
  const Secret text("# The admin client of Latchkey reads this. The token is a secret.\nserver = " +
                    Quoted(credentials.server) + "\naccount = " + Quoted(credentials.account) +
                    "\npublic_key = " + Quoted(credentials.public_key) +
                    "\ntoken = " + Quoted(credentials.token.Reveal()) + "\n");
  const bool written =
      write(fd, text.Reveal().data(), text.size()) == static_cast<ssize_t>(text.size()) &&
      fsync(fd) == 0;
  close(fd);
  if (!written) return FileError("cannot write", path);
  return kept;
}

}  // namespace latchkey::app
