#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "base/time.h"

// What the client touches of the world, all injected, so that years of outages, clock jumps and
// crashes run in seconds under the simulator.
namespace latchkey::client {

// One look at the clocks.
struct Instant {
  TimePoint wall{};  // what the computer says; anyone may set it
  Duration boot{};   // since this start of the computer, sleep included; only the kernel moves it
  std::string boot_id;  // another text after every start
};

class Clock {
 public:
  virtual ~Clock() = default;
  virtual Instant Now() = 0;
};

struct HttpRequest {
  std::string method;
  std::string target;  // path and query, as signed
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
};

struct HttpReply {
  int status = 0;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  // The first header of that name in any case; empty when absent.
  std::string_view Header(std::string_view name) const;
};

enum class TransportFailure {
  kOffline,  // no address, no route, refused
  kTimeout,
  kTls,  // the certificate or the handshake was not acceptable
  kProxy,
  kBroken,     // not HTTP, cut off, or too large
  kCancelled,  // Cancel() was called
};

// Sends one request to the configured server. Send blocks at most for its time-outs (connect 5 s,
// total 10 s); one call at a time.
class Transport {
 public:
  virtual ~Transport() = default;
  virtual tl::expected<HttpReply, TransportFailure> Send(const HttpRequest& request) = 0;
  // From any thread: makes a running and every later Send return kCancelled soon.
  virtual void Cancel() = 0;
};

// The few file operations of the store, so that each can be made to fail, or power be cut after it.
// Paths are absolute. Errors: kIo, kReadOnly, kDiskFull; kNotFound from Read.
class FileSystem {
 public:
  virtual ~FileSystem() = default;
  virtual Result<Bytes> Read(const std::string& path) = 0;
  virtual Result<void> MakeDirectories(const std::string& path) = 0;  // mode 0700
  // Creates or truncates with mode 0600 and writes all bytes; not yet durable.
  virtual Result<void> Write(const std::string& path, ByteView bytes) = 0;
  virtual Result<void> Sync(const std::string& path) = 0;
  virtual Result<void> Rename(const std::string& from, const std::string& to) = 0;
  virtual Result<void> SyncDirectory(const std::string& path) = 0;
  virtual Result<void> Remove(const std::string& path) = 0;  // absent is success

  // Held between processes until destroyed.
  class Lock {
   public:
    virtual ~Lock() = default;
  };
  // Waits at most `patience`; kLocked when another process keeps it longer.
  virtual Result<std::unique_ptr<Lock>> Acquire(const std::string& path, Duration patience) = 0;
};

}  // namespace latchkey::client
