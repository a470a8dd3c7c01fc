#include "latchkey/terminal.h"

#include <fcntl.h>
#include <termios.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iostream>

namespace latchkey::app {
namespace {

std::string Fallback(Errc code) {
  switch (code) {
    case Errc::kDiskFull:
      return "the disk is full: free some space and try again";
    case Errc::kReadOnly:
      return "the data directory cannot be written: check its owner, its mode and the disk";
    case Errc::kDamaged:
      return "the database is damaged: restore a backup";
    case Errc::kLocked:
      return "another process holds the data directory";
    case Errc::kWrongKey:
      return "the master key belongs to another database: set master_key to the one made with it";
    case Errc::kUnavailable:
      return "the database takes no more work at the moment: try again";
    case Errc::kNotFound:
      return "it does not exist";
    case Errc::kConflict:
      return "it exists already";
    default:
      return "something went wrong (code " + std::to_string(static_cast<int>(code)) + ")";
  }
}

// Restores the terminal's echo, whatever happens.
class EchoOff {
 public:
  explicit EchoOff(int terminal) : terminal_(terminal) {
    known_ = tcgetattr(terminal_, &before_) == 0;
    if (!known_) return;
    termios quiet = before_;
    quiet.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    tcsetattr(terminal_, TCSAFLUSH, &quiet);
  }
  ~EchoOff() {
    if (known_) tcsetattr(terminal_, TCSAFLUSH, &before_);
  }
  EchoOff(const EchoOff&) = delete;
  EchoOff& operator=(const EchoOff&) = delete;

 private:
  int terminal_;
  bool known_ = false;
  termios before_{};
};

Result<Secret> AskOnce(int terminal, std::string_view prompt) {
  const auto say = [&](std::string_view text) {
    return write(terminal, text.data(), text.size()) >= 0;
  };
  const EchoOff quiet(terminal);
  if (!say(prompt)) return Error{Errc::kIo, "cannot write to the terminal"};
  std::string line;
  for (char c = 0;;) {
    const ssize_t size = read(terminal, &c, 1);
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0 || c == '\n') break;
    line += c;
  }
  if (!say("\n")) return Error{Errc::kIo, "cannot write to the terminal"};
  return Secret(std::move(line));
}

}  // namespace

std::string Describe(const Error& error) {
  std::string text = error.detail;
  for (const Violation& violation : error.violations)
    text += (text.empty() ? "" : "; ") + violation.path + " " + violation.detail;
  return text.empty() ? Fallback(error.code) : text;
}

int Fail(const Error& error) {
  std::cerr << "latchkey: " << Describe(error) << std::endl;
  return error.code == Errc::kConfigInvalid ? kUsage : kFailed;
}

Result<Secret> AskPassword(std::string_view prompt, bool confirm) {
  const int terminal = open("/dev/tty", O_RDWR | O_CLOEXEC);
  if (terminal < 0)
    return Error{Errc::kConfigInvalid,
                 "there is no terminal to ask for a password: use --password-file FILE (- for "
                 "standard input)"};
  auto first = AskOnce(terminal, prompt);
  if (first && confirm) {
    const auto second = AskOnce(terminal, "The same again: ");
    if (!second)
      first = second.error();
    else if (!(*first == *second))
      first = Error{Errc::kConfigInvalid, "the two passwords differ: try again"};
  }
  close(terminal);
  return first;
}

Result<Secret> ReadPasswordFile(const std::string& path) {
  std::string line;
  if (path == "-") {
    std::getline(std::cin, line);
  } else {
    std::ifstream in(path);
    if (!in)
      return Error{Errc::kConfigInvalid,
                   "cannot read the password file " + path + ": " + std::strerror(errno)};
    std::getline(in, line);
  }
  if (line.ends_with('\r')) line.pop_back();
  return Secret(std::move(line));
}

bool UseColour() {
  return isatty(STDOUT_FILENO) != 0 && std::getenv("NO_COLOR") == nullptr &&
         std::string_view(std::getenv("TERM") ? std::getenv("TERM") : "dumb") != "dumb";
}

}  // namespace latchkey::app
