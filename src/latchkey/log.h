#pragma once

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>

#include "api/application.h"
#include "latchkey/settings.h"

namespace latchkey::app {

// The server's log: one line a request and notices, as text or JSON, without secrets (threat-model
// M18): client addresses are shortened to their network. Thread-safe; lines are written by a thread
// of its own within a fifth of a second, so that a slow disk or pipe never holds a request. When
// eight mebibytes wait, further lines are dropped and counted.
class Log {
 public:
  Log(LogFormat format, LogLevel level, int descriptor);
  ~Log();  // writes what is left

  void Request(const api::AccessLogEntry& entry);
  // `text` is one sentence for the operator.
  void Notice(LogLevel level, std::string_view text);
  void Flush();

  std::uint64_t dropped() const { return dropped_; }

 private:
  void Add(std::string line);
  void Run();

  const LogFormat format_;
  const LogLevel level_;
  const int descriptor_;
  std::mutex mutex_;
  std::condition_variable wake_, written_;
  std::string waiting_;
  bool writing_ = false, closing_ = false;
  std::atomic<std::uint64_t> dropped_{0};
  std::thread thread_;
};

// "198.51.100.0" for 198.51.100.7, the first 48 bits of IPv6; loopback stays.
std::string NetworkOf(const std::string& address);

}  // namespace latchkey::app
