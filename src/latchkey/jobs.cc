#include "latchkey/jobs.h"

#include <algorithm>

namespace latchkey::app {

Jobs::Jobs(std::vector<Job> jobs, Report report)
    : jobs_(std::move(jobs)), report_(std::move(report)) {
  for (const Job& job : jobs_) due_.push_back(Clock::now() + job.every);
  thread_ = std::thread([this] { Loop(); });
}

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

void Jobs::Hasten(std::string_view name) {
  {
    const std::lock_guard lock(mutex_);
    for (std::size_t i = 0; i < jobs_.size(); ++i)
      if (jobs_[i].name == name) due_[i] = std::min(due_[i], Clock::now());
    hastened_ = true;
  }
  wake_.notify_all();
}

void Jobs::Loop() {
  std::unique_lock lock(mutex_);
  while (!closing_ && !jobs_.empty()) {
    const auto next = std::min_element(due_.begin(), due_.end());
    hastened_ = false;
    wake_.wait_until(lock, *next, [this] { return closing_ || hastened_; });
    if (closing_) return;
    if (*next > Clock::now()) continue;
    const auto at = static_cast<std::size_t>(next - due_.begin());
    due_[at] = Clock::now() + jobs_[at].every;
    lock.unlock();
    {
      const std::lock_guard running(running_);
      report_(jobs_[at].name, jobs_[at].run(false));
    }
    lock.lock();
  }
}

}  // namespace latchkey::app
