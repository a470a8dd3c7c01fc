#include "test/support/child_process.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <fstream>
#include <stdexcept>

namespace latchkey::test {
namespace {

using namespace std::chrono_literals;

// Far longer than any of this takes: only so that a broken program does not hang the suite.
constexpr auto kPatience = 120s;

[[noreturn]] void Throw(const std::string& what) {
  throw std::runtime_error(what + ": " + std::strerror(errno));
}

struct Pipe {
  Pipe() {
    if (pipe2(ends, O_CLOEXEC) != 0) Throw("pipe");
  }
  int ends[2];
};

std::vector<char*> Pointers(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (std::string& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

}  // namespace

ChildProcess::ChildProcess(const ChildOptions& options) {
  std::vector<std::string> command = options.command, variables;
  for (const auto& [name, value] : options.environment) variables.push_back(name + "=" + value);
  const auto argv = Pointers(command), envp = Pointers(variables);
  const Pipe out, err;
  const int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
  if (nothing < 0) Throw("/dev/null");
  const pid_t parent = getpid();
  pid_ = fork();
  if (pid_ < 0) Throw("fork");
  if (pid_ == 0) {
    // Between fork and exec of a program with threads: system calls alone.
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(126);
    if (options.obeys_file_modes) {
      prctl(PR_CAPBSET_DROP, CAP_DAC_OVERRIDE);
      prctl(PR_CAPBSET_DROP, CAP_DAC_READ_SEARCH);
    }
    dup2(nothing, STDIN_FILENO);
    dup2(out.ends[1], STDOUT_FILENO);
    dup2(err.ends[1], STDERR_FILENO);
    // Programs started by tests must not hold sockets and pipes of the tests.
    close_range(3, ~0U, CLOSE_RANGE_CLOEXEC);
    execve(argv[0], argv.data(), envp.data());
    _exit(127);
  }
  close(nothing);
  close(out.ends[1]);
  close(err.ends[1]);
  out_.fd = out.ends[0];
  err_.fd = err.ends[0];
  out_.reader = std::thread([this] { Read(out_); });
  err_.reader = std::thread([this] { Read(err_); });
}

ChildProcess::~ChildProcess() {
  if (!status_) kill(pid_, SIGKILL);
  if (!status_) waitpid(pid_, nullptr, 0);
  out_.reader.join();
  err_.reader.join();
}

void ChildProcess::Read(Stream& stream) {
  char buffer[16384];
  for (;;) {
    const ssize_t size = read(stream.fd, buffer, sizeof buffer);
    if (size < 0 && errno == EINTR) continue;
    const std::lock_guard lock(mutex_);
    if (size <= 0) {
      stream.ended = true;
      close(stream.fd);
      grown_.notify_all();
      return;
    }
    stream.text.append(buffer, static_cast<std::size_t>(size));
    grown_.notify_all();
  }
}

void ChildProcess::Signal(int signal) const {
  if (status_) throw std::logic_error("the program has ended already");
  if (kill(pid_, signal) != 0) Throw("kill");
}

int ChildProcess::Wait() {
  if (status_) return *status_;
  const int handle = static_cast<int>(syscall(SYS_pidfd_open, pid_, 0));
  if (handle < 0) Throw("pidfd_open");
  pollfd waiting{handle, POLLIN, 0};
  const auto patience = std::chrono::duration_cast<std::chrono::milliseconds>(kPatience).count();
  int ready = 0;
  do {
    ready = poll(&waiting, 1, static_cast<int>(patience));
  } while (ready < 0 && errno == EINTR);
  close(handle);
  if (ready <= 0) {
    Kill();
    throw std::runtime_error("the program did not end; it printed:\n" + output() + errors());
  }
  int status = 0;
  if (waitpid(pid_, &status, 0) != pid_) Throw("waitpid");
  status_ = WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
  std::unique_lock lock(mutex_);
  grown_.wait_for(lock, kPatience, [this] { return out_.ended && err_.ended; });
  return *status_;
}

void ChildProcess::Kill() {
  if (!status_) Signal(SIGKILL);
  Wait();
}

std::optional<std::size_t> ChildProcess::WaitForOutput(std::string_view text, std::size_t from) {
  std::unique_lock lock(mutex_);
  std::size_t at = std::string::npos;
  const bool known = grown_.wait_for(lock, kPatience, [&] {
    at = out_.text.find(text, from);
    return at != std::string::npos || out_.ended;
  });
  if (!known)
    throw std::runtime_error("never printed \"" + std::string(text) + "\" but:\n" + out_.text +
                             err_.text);
  if (at == std::string::npos) return std::nullopt;
  return at + text.size();
}

std::string ChildProcess::output() const {
  const std::lock_guard lock(mutex_);
  return out_.text;
}
std::string ChildProcess::errors() const {
  const std::lock_guard lock(mutex_);
  return err_.text;
}

void ChildProcess::LimitFileSize(rlim_t bytes) const {
  const rlimit limit{bytes, RLIM_INFINITY};
  if (prlimit(pid_, RLIMIT_FSIZE, &limit, nullptr) != 0) Throw("prlimit");
}

std::size_t ChildProcess::StatusKib(std::string_view name) const {
  std::ifstream in("/proc/" + std::to_string(pid_) + "/status");
  for (std::string line; std::getline(in, line);)
    if (line.starts_with(name)) return std::stoul(line.substr(name.size()));
  throw std::runtime_error("no memory figures of process " + std::to_string(pid_));
}

ChildRun RunChild(const ChildOptions& options) {
  ChildProcess child(options);
  ChildRun run;
  run.status = child.Wait();
  run.output = child.output();
  run.errors = child.errors();
  return run;
}

}  // namespace latchkey::test
