#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/result.h"
#include "base/time.h"

namespace latchkey::app {

// Work that comes back: each job every so often, all on one thread, one after the other. A job that
// fails is reported and tried again at its next turn.
class Jobs {
 public:
  struct Job {
    std::string name;
    std::chrono::seconds every;
    // One sentence about what was done, empty when there was nothing to do. `asked`: a person runs
    // it now.
    std::function<Result<std::string>(bool asked)> run;
  };
  using Report = std::function<void(const std::string& name, const Result<std::string>& outcome)>;

  // The first turn comes after one interval.
  Jobs(std::vector<Job> jobs, Report report);
  ~Jobs();  // waits for a running job

  // Runs a job now, on the calling thread, never beside another one. kNotFound names what exists.
  Result<std::string> Run(std::string_view name);
  // Brings the job's next turn forward to now; does not wait. Any thread.
  void Hasten(std::string_view name);

 private:
  void Loop();

  using Clock = std::chrono::steady_clock;
  const std::vector<Job> jobs_;
  const Report report_;
  std::mutex running_;  // one job at a time
  std::mutex mutex_;
  std::condition_variable wake_;
  std::vector<Clock::time_point> due_;
  bool closing_ = false, hastened_ = false;
  std::thread thread_;
};

}  // namespace latchkey::app
