#include "store/master_key.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "crypto/hash.h"

namespace latchkey::store {
namespace {

constexpr std::string_view kPrefix = "lkmk1_";
constexpr std::string_view kBlanks = " \t\r\n";
constexpr std::size_t kLongest = 4096;  // of a source's text: a key has 49 characters

Error Config(std::string sentence) { return Error{Errc::kConfigInvalid, std::move(sentence)}; }

Result<std::pair<std::string, std::string>> SplitSource(std::string_view source) {
  const auto colon = source.find(':');
  const std::string kind(source.substr(0, colon));
  if (colon == source.npos || colon + 1 == source.size() ||
      (kind != "file" && kind != "env" && kind != "cmd"))
    return Config("the master key source must be file:PATH, env:NAME or cmd:LINE");
  return std::pair(kind, std::string(source.substr(colon + 1)));
}

// Reads a whole small stream; what it leaves in memory is wiped by Secret.
Result<Secret> ReadAll(std::FILE* file) {
  std::string text(kLongest, '\0');
  const std::size_t size = std::fread(text.data(), 1, text.size(), file);
  const bool failed = std::ferror(file) != 0;
  Secret secret(std::string(text.data(), size));
  base::Wipe(text.data(), text.size());
  if (failed) return Error{Errc::kIo, "cannot be read"};
  return secret;
}

Result<Secret> ReadFile(const std::string& path) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) {
    if (errno == ENOENT)
      return Config("there is no master key at " + path +
                    ": restore the file from where you keep it, or name another with --master-key");
    return Config("the master key " + path + " cannot be read: " + std::strerror(errno));
  }
  std::FILE* file = fdopen(fd, "rb");
  struct stat status {};
  if (fstat(fd, &status) == 0 && (status.st_mode & 0077) != 0) {
    std::fclose(file);
    return Config("the master key " + path + " can be read by other users: run `chmod 600 " + path +
                  "`");
  }
  auto text = ReadAll(file);
  std::fclose(file);
  if (!text) return Config("the master key " + path + " cannot be read");
  return text;
}

Result<Secret> ReadCommand(const std::string& line) {
  std::FILE* pipe = popen(line.c_str(), "re");
  if (!pipe)
    return Config(std::string("the master key command cannot be run: ") + std::strerror(errno));
  auto text = ReadAll(pipe);
  const int status = pclose(pipe);
  if (!text || status != 0)
    return Config("the master key command failed with status " +
                  std::to_string(WIFEXITED(status) ? WEXITSTATUS(status) : status));
  return text;
}

Result<Secret> ReadSource(const std::string& kind, const std::string& place) {
  if (kind == "file") return ReadFile(place);
  if (kind == "cmd") return ReadCommand(place);
  const char* value = std::getenv(place.c_str());
  if (!value)
    return Config("the environment variable " + place +
                  ", which should hold the master key, is not set");
  return Secret(std::string(value));
}

bool Inside(const std::string& path, const std::string& directory) {
  std::error_code error;
  const auto file = std::filesystem::weakly_canonical(path, error);
  const auto folder = std::filesystem::weakly_canonical(directory, error);
  const auto [end, rest] = std::mismatch(folder.begin(), folder.end(), file.begin(), file.end());
  return end == folder.end();
}

Error WriteError(const std::string& path, int error) {
  Errc code = Errc::kIo;
  if (error == EACCES || error == EROFS || error == EPERM) code = Errc::kReadOnly;
  if (error == ENOSPC || error == EDQUOT) code = Errc::kDiskFull;
  return Error{code, "cannot write the master key " + path + ": " + std::strerror(error)};
}

}  // namespace

MasterKey MasterKey::Generate(Random& random) {
  Bytes bytes = random.Take(kBytes);
  MasterKey key{Secret(ByteView(bytes))};
  base::Wipe(bytes.data(), bytes.size());
  return key;
}

Result<MasterKey> MasterKey::Parse(std::string_view text) {
  const auto begin = text.find_first_not_of(kBlanks);
  text = begin == text.npos ? "" : text.substr(begin, text.find_last_not_of(kBlanks) - begin + 1);
  if (!text.starts_with(kPrefix))
    return Config("this is not a master key: it should begin with lkmk1_");
  auto bytes = base::FromBase64UrlUnpadded(text.substr(kPrefix.size()));
  if (!bytes || bytes->size() != kBytes)
    return Config(
        "this master key is damaged: after lkmk1_ it should have 43 letters, digits, - or _");
  MasterKey key{Secret(ByteView(*bytes))};
  base::Wipe(bytes->data(), bytes->size());
  return key;
}

Secret MasterKey::ToText() const {
  return Secret(std::string(kPrefix) + base::Base64UrlUnpadded(bytes_.RevealBytes()));
}

MasterKey::Check MasterKey::check() const {
  const auto digest =
      crypto::HmacSha256(bytes_.RevealBytes(), base::AsBytes("latchkey master key check v1"));
  Check check;
  std::copy_n(digest.begin(), check.size(), check.begin());
  return check;
}

Result<MasterKey> LoadMasterKey(std::string_view source) {
  LK_ASSIGN(const auto split, SplitSource(source));
  LK_ASSIGN(const Secret text, ReadSource(split.first, split.second));
  auto key = MasterKey::Parse(text.Reveal());
  // A command line may hold credentials of its own: only its kind is named.
  if (!key)
    return Config((split.first == "cmd" ? "the master key command's output" : std::string(source)) +
                  ": " + key.error().detail);
  return key;
}

std::string DefaultMasterKeySource() {
  const std::string system = "/etc/latchkey/master.key";
  if (geteuid() == 0 || access(system.c_str(), F_OK) == 0) return "file:" + system;
  const char* config = std::getenv("XDG_CONFIG_HOME");
  if (config && *config == '/') return std::string("file:") + config + "/latchkey/master.key";
  const char* home = std::getenv("HOME");
  return std::string("file:") + (home ? home : "") + "/.config/latchkey/master.key";
}

Result<MasterKey> CreateMasterKeyFile(std::string_view source, const std::string& data_directory,
                                      Random& random) {
  LK_ASSIGN(const auto split, SplitSource(source));
  if (split.first != "file")
    return Config("a new master key can only be written to a file:PATH source");
  const std::string& path = split.second;
  if (Inside(path, data_directory))
    return Config("the master key must not be kept in the data directory " + data_directory +
                  ": whoever takes one would have the other");
  std::error_code error;
  const auto folder = std::filesystem::absolute(path).parent_path();
  if (!std::filesystem::exists(folder, error)) {
    std::filesystem::create_directories(folder, error);
    if (error) return WriteError(path, error.value());
    std::filesystem::permissions(folder, std::filesystem::perms::owner_all, error);
  }
  MasterKey key = MasterKey::Generate(random);
  const int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0 && errno == EEXIST) return Config("there is a master key at " + path + " already");
  if (fd < 0) return WriteError(path, errno);
  const Secret text(std::string(key.ToText().Reveal()) + "\n");
  const bool written =
      write(fd, text.Reveal().data(), text.size()) == static_cast<ssize_t>(text.size()) &&
      fsync(fd) == 0;
  const int failure = written ? 0 : (errno ? errno : EIO);
  close(fd);
  if (!written) {
    unlink(path.c_str());
    return WriteError(path, failure);
  }
  return key;
}

}  // namespace latchkey::store
