#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "test/support/child_process.h"
#include "test/support/plain_http.h"
#include "test/support/program.h"

// A data directory made by `latchkey init` and servers on it, all of it the real program as a child
// process with a home of its own.
namespace latchkey::test {

using Headers = HttpConnection::Headers;

Headers AsToken(std::string_view token);
Headers AsLicense(std::string_view key);

// {"data": {"type", "attributes", "relationships": {name: {"data": {"type", "id"}}}}}
struct Link {
  std::string_view name, type, id;
};
json::object Document(std::string_view type, json::object attributes,
                      const std::vector<Link>& links = {});

// A server that answers, and requests to it as admin. Not thread-safe; threads take connections of
// their own by `port`.
class Server {
 public:
  // Throws with what it printed when it refuses to start.
  Server(const ChildOptions& options, std::string admin_token);

  std::uint16_t port() const { return port_; }
  std::uint16_t admin_port() const { return admin_port_; }
  ChildProcess& process() { return child_; }

  // On one kept connection; throws when there is no answer. `path` is below /v1.
  Reply Send(std::string_view method, std::string_view path, const Headers& headers,
             std::string_view body = {});
  Reply Send(std::string_view method, std::string_view path, const Headers& headers,
             const json::value& body);
  Reply Get(std::string_view path) { return Send("GET", path, AsToken(admin_token_)); }
  Reply Post(std::string_view path, const json::value& body) {
    return Send("POST", path, AsToken(admin_token_), body);
  }
  Reply Delete(std::string_view path) { return Send("DELETE", path, AsToken(admin_token_)); }
  // All pages of a list, as admin.
  std::vector<json::value> List(std::string_view path);

  // Records by the API, as admin; each throws unless it is made.
  std::string AddProduct();
  std::string AddPolicy(std::string_view product, json::object attributes);
  json::value AddLicense(std::string_view policy, json::object attributes = {});
  // The 201 or the refusal.
  Reply AddMachine(std::string_view license, std::string_view fingerprint,
                   json::object attributes = {});
  // meta.code of validate-key for this key; throws unless it is 200.
  std::string Verdict(std::string_view key);

  // SIGTERM and Wait.
  int Stop();

 private:
  ChildProcess child_;
  std::string admin_token_;
  std::uint16_t port_ = 0, admin_port_ = 0;
  std::unique_ptr<HttpConnection> connection_;
};

class Installation {
 public:
  // Throws with what `init` printed when it fails.
  Installation();

  // What a command gets: the program, `arguments`, a home of its own, and our master key.
  ChildOptions Command(std::vector<std::string> arguments) const;
  ChildOptions ServeCommand(std::vector<std::string> more = {}) const;
  std::unique_ptr<Server> Serve(std::vector<std::string> more = {}) const {
    return Serve(ServeCommand(std::move(more)));
  }
  std::unique_ptr<Server> Serve(const ChildOptions& options) const {
    return std::make_unique<Server>(options, admin_token_);
  }
  // A server that must refuse to start: what it said.
  ChildRun Refused(std::vector<std::string> more = {}) const {
    return RunChild(ServeCommand(std::move(more)));
  }

  const std::string& data() const { return data_; }
  std::string database() const { return data_ + "/latchkey.db"; }
  const std::string& master_key_file() const { return master_key_; }
  const std::string& account() const { return account_; }
  const std::string& public_key() const { return public_key_; }
  const std::string& admin_token() const { return admin_token_; }
  TemporaryFolder& folder() { return folder_; }

 private:
  TemporaryFolder folder_;
  std::string data_, master_key_, account_, public_key_, admin_token_;
};

// A wall clock that a test moves while programs run (clock_shift.cc).
class MovableClock {
 public:
  explicit MovableClock(const TemporaryFolder& folder);
  ~MovableClock();
  MovableClock(const MovableClock&) = delete;
  MovableClock& operator=(const MovableClock&) = delete;

  // From the real time.
  void SetShift(std::chrono::seconds shift);
  // For every command that shall live by this clock.
  void ApplyTo(ChildOptions& options) const;

 private:
  std::string path_;
  std::atomic<std::int64_t>* shift_;
};

std::string ReadFile(const std::string& path);
void WriteFile(const std::string& path, std::string_view text);

}  // namespace latchkey::test
