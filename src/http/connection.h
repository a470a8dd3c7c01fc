#pragma once

#include <memory>
#include <string>

#include "http/worker.h"

namespace latchkey::http {

struct Accepted {
  Socket socket;
  std::string peer;       // address without port
  bool redirect = false;  // came in at the redirect listener
  bool refuse = false;    // over the limit or draining: 503 to its first request
};

// One client, served by a coroutine on its worker's thread. It owns itself and ends itself.
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  virtual ~Connection() = default;
  Clock::time_point deadline() const { return deadline_; }
  // All of these only wake the coroutine, which then does it.
  virtual void Expire() = 0;  // the deadline has passed
  virtual void Drain() = 0;   // close when idle
  virtual void Abort() = 0;   // close now

  std::size_t slot = 0;  // its place in the worker's table

 protected:
  Clock::time_point deadline_ = Clock::time_point::max();
};

// Begins to serve `accepted` on `worker`'s thread, from which it is called.
void Serve(Worker& worker, Accepted accepted);

}  // namespace latchkey::http
