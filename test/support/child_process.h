#pragma once

#include <sys/resource.h>
#include <sys/types.h>

#include <condition_variable>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

// Programs of ours as a person runs them, for black-box tests.
namespace latchkey::test {

struct ChildOptions {
  std::vector<std::string> command;                // an absolute path and its arguments
  std::map<std::string, std::string> environment;  // all of it: nothing is inherited
  // File modes bind the child even when the tests run as root.
  bool obeys_file_modes = false;
};

// A running program and what it prints. Ended by SIGKILL with this object, or with the thread that
// started it. Not thread-safe, except that its output is collected by threads of its own.
class ChildProcess {
 public:
  // Throws when it cannot be started.
  explicit ChildProcess(const ChildOptions& options);
  ~ChildProcess();
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  pid_t pid() const { return pid_; }
  void Signal(int signal) const;
  // Waits for the end of program and output; the exit code, or minus the signal that ended it. A
  // program still there after two minutes is killed and throws.
  int Wait();
  // SIGKILL and Wait.
  void Kill();

  // Until standard output contains `text` after its first `from` bytes: the offset behind it.
  // nullopt when the program closes its output before. Throws after two minutes.
  std::optional<std::size_t> WaitForOutput(std::string_view text, std::size_t from = 0);
  std::string output() const;
  std::string errors() const;

  // Files may not grow beyond `bytes` from now on, as on a full disk; RLIM_INFINITY makes room.
  void LimitFileSize(rlim_t bytes) const;
  // From /proc: resident now, and at most so far. In KiB.
  std::size_t ResidentKib() const { return StatusKib("VmRSS:"); }
  std::size_t PeakResidentKib() const { return StatusKib("VmHWM:"); }

 private:
  struct Stream {
    int fd = -1;
    std::string text;
    bool ended = false;
    std::thread reader;
  };
  void Read(Stream& stream);
  std::size_t StatusKib(std::string_view name) const;

  pid_t pid_ = -1;
  std::optional<int> status_;
  mutable std::mutex mutex_;
  std::condition_variable grown_;
  Stream out_, err_;
};

struct ChildRun {
  int status = 0;
  std::string output, errors;
};
// Start and Wait.
ChildRun RunChild(const ChildOptions& options);

}  // namespace latchkey::test
