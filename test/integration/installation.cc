#include "test/integration/installation.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <fstream>
#include <stdexcept>

namespace latchkey::test {
namespace {

constexpr std::string_view kPassword = "correct horse battery";

std::string Between(std::string_view text, std::string_view before, std::string_view after) {
  const std::size_t begin = text.find(before);
  if (begin == text.npos)
    throw std::runtime_error("no \"" + std::string(before) + "\" in:\n" + std::string(text));
  const std::size_t from = begin + before.size();
  return std::string(text.substr(from, text.find(after, from) - from));
}

Reply Expect(Reply reply, int status) {
  if (reply.status != status)
    throw std::runtime_error("expected " + std::to_string(status) + ", not " + reply.head +
                             reply.body);
  return reply;
}

}  // namespace

std::string ReadFile(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) throw std::runtime_error("cannot read " + path);
  return std::string{std::istreambuf_iterator<char>(in), {}};
}

void WriteFile(const std::string& path, std::string_view text) {
  std::ofstream out(path, std::ios::binary | std::ios::trunc);
  out << text;
  out.close();
  if (!out) throw std::runtime_error("cannot write " + path);
}

Headers AsToken(std::string_view token) {
  return {{"Authorization", "Bearer " + std::string(token)}};
}
Headers AsLicense(std::string_view key) {
  return {{"Authorization", "License " + std::string(key)}};
}

json::object Document(std::string_view type, json::object attributes,
                      const std::vector<Link>& links) {
  json::object data{{"type", type}, {"attributes", std::move(attributes)}};
  json::object relationships;
  for (const Link& link : links)
    relationships.emplace(link.name,
                          json::object{{"data", {{"type", link.type}, {"id", link.id}}}});
  if (!relationships.empty()) data.emplace("relationships", std::move(relationships));
  return {{"data", std::move(data)}};
}

Server::Server(const ChildOptions& options, std::string admin_token)
    : child_(options), admin_token_(std::move(admin_token)) {
  if (!child_.WaitForOutput("/metrics\n")) {
    const int status = child_.Wait();  // only then what it printed is complete
    throw std::runtime_error("the server ended with " + std::to_string(status) + ": " +
                             child_.output() + child_.errors());
  }
  const std::string greeting = child_.output();
  const auto port_of = [&](std::string_view before, std::string_view after) {
    const std::string url = Between(greeting, before, after);
    return static_cast<std::uint16_t>(std::stoi(url.substr(url.rfind(':') + 1)));
  };
  port_ = port_of("answers at http", "\n");
  admin_port_ = port_of("Metrics at http", "/metrics");
}

Reply Server::Send(std::string_view method, std::string_view path, const Headers& headers,
                   std::string_view body) {
  const std::string target = "/v1" + std::string(path);
  // A kept connection may have been closed meanwhile; a new one has to answer.
  for (const bool fresh : {false, true}) {
    if (fresh || !connection_) connection_ = std::make_unique<HttpConnection>(port_);
    if (auto reply = connection_->Exchange(method, target, headers, body)) {
      if (reply->header("Connection") == "close") connection_.reset();
      return std::move(*reply);
    }
    if (method != "GET") break;  // perhaps done: not ours to repeat
  }
  connection_.reset();
  throw std::runtime_error("no answer to " + std::string(method) + " " + target +
                           "; the server said:\n" + child_.output() + child_.errors());
}

Reply Server::Send(std::string_view method, std::string_view path, const Headers& headers,
                   const json::value& body) {
  return Send(method, path, headers, std::string_view(base::WriteJson(body)));
}

std::vector<json::value> Server::List(std::string_view path) {
  std::vector<json::value> all;
  for (int page = 1;; ++page) {
    const json::value items =
        Expect(Get(std::string(path) + "?page[size]=100&page[number]=" + std::to_string(page)), 200)
            .Data();
    for (const json::value& item : items.as_array()) all.push_back(item);
    if (items.as_array().size() < 100) return all;
  }
}

std::string Server::AddProduct() {
  return Expect(Post("/products", Document("products", {{"name", "Notes"}})), 201).Id();
}
std::string Server::AddPolicy(std::string_view product, json::object attributes) {
  attributes.emplace("name", "Standard");
  attributes.emplace("authenticationStrategy", "MIXED");
  return Expect(Post("/policies", Document("policies", std::move(attributes),
                                           {{"product", "products", product}})),
                201)
      .Id();
}
json::value Server::AddLicense(std::string_view policy, json::object attributes) {
  return Expect(Post("/licenses",
                     Document("licenses", std::move(attributes), {{"policy", "policies", policy}})),
                201)
      .Data();
}
Reply Server::AddMachine(std::string_view license, std::string_view fingerprint,
                         json::object attributes) {
  attributes.emplace("fingerprint", fingerprint);
  return Post("/machines",
              Document("machines", std::move(attributes), {{"license", "licenses", license}}));
}
std::string Server::Verdict(std::string_view key) {
  const json::value body{{"meta", {{"key", key}}}};
  return std::string(Expect(Send("POST", "/licenses/actions/validate-key", {}, body), 200)
                         .Json()
                         .at("meta")
                         .at("code")
                         .as_string());
}

int Server::Stop() {
  child_.Signal(SIGTERM);
  return child_.Wait();
}

Installation::Installation() {
  const std::string password = folder_.Write("password", std::string(kPassword) + "\n");
  data_ = folder_ / "data";
  master_key_ = folder_ / "keys/master.key";
  const ChildRun made =
      RunChild(Command({"init", "--data", data_, "--account", "Acme", "--admin", "ops@acme.example",
                        "--password-file", password, "--json"}));
  if (made.status != 0)
    throw std::runtime_error("init ended with " + std::to_string(made.status) + ": " + made.errors);
  account_ = Between(made.output, "\"account\":\"", "\"");
  public_key_ = Between(made.output, "\"publicKey\":\"", "\"");
  admin_token_ =
      Between(ReadFile(folder_ / ".config/latchkey/credentials.toml"), "token = \"", "\"");
}

ChildOptions Installation::Command(std::vector<std::string> arguments) const {
  ChildOptions options;
  options.command = {LATCHKEY_PROGRAM};
  options.command.insert(options.command.end(), arguments.begin(), arguments.end());
  const std::string home = folder_.path();
  options.environment = {{"PATH", "/usr/bin:/bin"},
                         {"HOME", home},
                         {"XDG_CONFIG_HOME", home + "/.config"},
                         {"XDG_DATA_HOME", home + "/.local/share"},
                         {"XDG_STATE_HOME", home + "/.local/state"},
                         {"LATCHKEY_MASTER_KEY", "file:" + master_key_}};
  // Sanitizers keep freed memory, which is no growth of ours, and want to be loaded first.
  options.environment["ASAN_OPTIONS"] = "quarantine_size_mb=8:verify_asan_link_order=0";
  return options;
}

ChildOptions Installation::ServeCommand(std::vector<std::string> more) const {
  std::vector<std::string> arguments{"serve", "--data", data_, "--admin-listen", "127.0.0.1:0"};
  if (std::find(more.begin(), more.end(), "--listen") == more.end())
    arguments.insert(arguments.end(), {"--listen", "127.0.0.1:0"});
  arguments.insert(arguments.end(), more.begin(), more.end());
  return Command(std::move(arguments));
}

MovableClock::MovableClock(const TemporaryFolder& folder)
    : path_(folder.Write("clock", std::string(sizeof(std::int64_t), '\0'))) {
  const int file = open(path_.c_str(), O_RDWR | O_CLOEXEC);
  void* map = mmap(nullptr, sizeof(std::int64_t), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  close(file);
  if (map == MAP_FAILED) throw std::runtime_error("cannot map " + path_);
  shift_ = static_cast<std::atomic<std::int64_t>*>(map);
}

MovableClock::~MovableClock() { munmap(shift_, sizeof(std::int64_t)); }

void MovableClock::SetShift(std::chrono::seconds shift) { shift_->store(shift.count()); }

void MovableClock::ApplyTo(ChildOptions& options) const {
  options.environment["LD_PRELOAD"] = LATCHKEY_CLOCK_SHIFT;
  options.environment["LATCHKEY_TEST_CLOCK"] = path_;
}

}  // namespace latchkey::test
