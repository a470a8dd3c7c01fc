#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"

namespace latchkey::store {

// A unix socket (0600) on which the process that holds a data directory takes commands from other
// invocations (decision 17). One command a connection: the argument list (JSON array of strings)
// and, after it, standard input; back come chunks of output and errors and the exit status.
struct ControlCall {
  std::vector<std::string> arguments;
  std::function<Result<std::string>()> read_input;  // next chunk of standard input; empty = end
  std::function<void(std::string_view)> out;
  std::function<void(std::string_view)> err;
};

class ControlServer {
 public:
  // Serves on its own thread; `handle` returns the exit status. One command at a time.
  static Result<std::unique_ptr<ControlServer>> Start(const std::string& path,
                                                      std::function<int(ControlCall&)> handle);
  virtual ~ControlServer() = default;
};

// Sends a command to the holder of `path`; streams its output to stdout/stderr; its exit status.
// kNotFound when nobody listens.
Result<int> SendControl(const std::string& path, const std::vector<std::string>& arguments,
                        std::istream* input, std::ostream& out, std::ostream& err);

}  // namespace latchkey::store
