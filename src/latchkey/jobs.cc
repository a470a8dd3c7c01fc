#include "latchkey/jobs.h"

#include <algorithm>

namespace latchkey::app {

Jobs::Jobs(std::vector<Job> jobs, Report report)
    : jobs_(std::move(jobs)), report_(std::move(report)), thread_([this] { Loop(); }) {}

Jobs::~Jobs() {
  {
    const std::lock_guard lock(mutex_);
    closing_ = true;
  }
  wake_.notify_all();
  thread_.join();
}

Result<std::string> Jobs::Run(std::string_view name) {
  for (const Job& job : jobs_)
    if (job.name == name) {
      const std::lock_guard lock(running_);
      return job.run(true);
    }
  std::string known;
  for (const Job& job : jobs_) known += (known.empty() ? "" : ", ") + job.name;
  return Error{Errc::kNotFound, "there is no job '" + std::string(name) + "': there are " + known};
}

std::vector<std::string> Jobs::names() const {
  std::vector<std::string> out;
  for (const Job& job : jobs_) out.push_back(job.name);
  return out;
}

void Jobs::Loop() {
  using Clock = std::chrono::steady_clock;
  std::vector<Clock::time_point> due;
  for (const Job& job : jobs_) due.push_back(Clock::now() + job.every);
  std::unique_lock lock(mutex_);
  while (!closing_ && !jobs_.empty()) {
    const auto next = std::min_element(due.begin(), due.end());
    if (wake_.wait_until(lock, *next, [this] { return closing_; })) return;
    const Job& job = jobs_[static_cast<std::size_t>(next - due.begin())];
    lock.unlock();
    {
      const std::lock_guard running(running_);
      report_(job.name, job.run(false));
    }
    *next = Clock::now() + job.every;
    lock.lock();
  }
}

}  // namespace latchkey::app
