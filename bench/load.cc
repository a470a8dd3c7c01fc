// Loads one server and says what each request cost it, as one line of JSON.
//
//   bench_load --port N --pid PID --mode get|validate|activate [--path /...] [--requests N]
//              [--connections N] [--licenses N] [--hot N] [--first N] [--thread TID]
//
// `pid` is the process whose CPU time is read, all of its threads together, user and kernel. The
// time goes on until that process has been still for a while, so that work put off counts too.
// `hot` licenses lie evenly among `licenses`; without it each request picks any. `first` numbers
// the first request: it selects the licenses and names the machines. An answer with another
// status than 200 or 201, or a validation that is not VALID, is bad and ends with status 1.
// `thread` is the thread whose own time is printed too; without it the busiest one, which is the
// one that answers when the load touches no database (`--mode get --path /v1/ping`).
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <thread>
#include <vector>

#include "bench/arguments.h"
#include "bench/population.h"

namespace {

namespace bench = latchkey::bench;

struct Plan {
  std::uint16_t port = 0;
  std::string mode, path;
  std::uint64_t requests = 0, connections = 0, licenses = 0, hot = 0, first = 0;

  std::uint64_t LicenseOf(std::uint64_t number) const {
    if (hot > 0) return bench::HotLicense(number, hot, licenses);
    return bench::Mix(number) % licenses;
  }
  std::string RequestOf(std::uint64_t number) const {
    std::string text = (mode == "get" ? "GET " : "POST ") + path +
                       " HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(port) +
                       "\r\nUser-Agent: bench\r\nAccept: application/vnd.api+json\r\n";
    if (mode == "get") return text + "\r\n";
    const std::uint64_t license = LicenseOf(number);
    if (mode == "activate") text += "Authorization: License " + bench::LicenseKey(license) + "\r\n";
    const std::string body = mode == "activate" ? bench::ActivateBody(license, licenses, number)
                                                : bench::ValidateBody(license);
    return text + "Content-Type: application/vnd.api+json\r\nContent-Length: " +
           std::to_string(body.size()) + "\r\n\r\n" + body;
  }
};

[[noreturn]] void Stop(const std::string& what) {
  std::fprintf(stderr, "bench_load: %s\n", what.c_str());
  std::exit(2);
}

// One connection with one request under way.
struct Connection {
  int socket = -1;
  std::string request, answer;
  std::size_t sent = 0;
  std::size_t wanted = 0;  // bytes of the whole answer, once its head is here
};

int Connect(std::uint16_t port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (fd < 0 || connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0)
    Stop(std::string("cannot connect: ") + std::strerror(errno));
  const int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
  return fd;
}

// Bytes of the answer when its head is complete, else 0.
std::size_t WantedOf(const std::string& answer) {
  const std::size_t end = answer.find("\r\n\r\n");
  if (end == std::string::npos) return 0;
  std::string head = answer.substr(0, end);
  for (char& c : head) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  const std::size_t at = head.find("content-length: ");
  if (at == std::string::npos) Stop("an answer without Content-Length");
  return end + 4 + std::stoull(head.substr(at + 16));
}

bool IsGood(const Plan& plan, const std::string& answer) {
  if (!answer.starts_with("HTTP/1.1 200") && !answer.starts_with("HTTP/1.1 201")) return false;
  // The echo server answers a validation with something else.
  return plan.mode != "validate" || answer.find("\"padding\"") != std::string::npos ||
         answer.find("\"code\":\"VALID\"") != std::string::npos;
}

struct Outcome {
  std::uint64_t good = 0, bad = 0;
  std::string first_bad;
};

Outcome Run(const Plan& plan) {
  Outcome outcome;
  const int events = epoll_create1(EPOLL_CLOEXEC);
  std::vector<Connection> connections(std::min(plan.connections, plan.requests));
  std::uint64_t begun = 0;
  const auto send_rest = [](Connection& c) {
    while (c.sent < c.request.size()) {
      const ssize_t size =
          send(c.socket, c.request.data() + c.sent, c.request.size() - c.sent, MSG_NOSIGNAL);
      if (size < 0 && errno == EAGAIN) return;  // small requests: the next event comes soon
      if (size < 0) Stop(std::string("cannot send: ") + std::strerror(errno));
      c.sent += static_cast<std::size_t>(size);
    }
  };
  const auto begin = [&](Connection& c) {
    c.request = plan.RequestOf(plan.first + begun++);
    c.sent = c.wanted = 0;
    c.answer.clear();
    send_rest(c);
  };
  for (std::size_t i = 0; i < connections.size(); ++i) {
    connections[i].socket = Connect(plan.port);
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.u64 = i;
    epoll_ctl(events, EPOLL_CTL_ADD, connections[i].socket, &event);
  }
  for (Connection& c : connections) begin(c);
  std::vector<epoll_event> ready(64);
  std::vector<char> buffer(64 * 1024);
  while (outcome.good + outcome.bad < plan.requests) {
    const int count = epoll_wait(events, ready.data(), static_cast<int>(ready.size()), 30000);
    if (count == 0) Stop("no answer within 30 s");
    for (int i = 0; i < count; ++i) {
      Connection& c = connections[ready[i].data.u64];
      send_rest(c);
      const ssize_t size = recv(c.socket, buffer.data(), buffer.size(), 0);
      if (size < 0 && (errno == EAGAIN || errno == EINTR)) continue;
      if (size <= 0) Stop("the server closed a connection: " + c.answer.substr(0, 300));
      c.answer.append(buffer.data(), static_cast<std::size_t>(size));
      if (c.wanted == 0) c.wanted = WantedOf(c.answer);
      if (c.wanted == 0 || c.answer.size() < c.wanted) continue;
      if (IsGood(plan, c.answer)) {
        ++outcome.good;
      } else if (outcome.bad++ == 0) {
        outcome.first_bad = c.answer;
      }
      if (begun < plan.requests) begin(c);
    }
  }
  for (const Connection& c : connections) close(c.socket);
  close(events);
  return outcome;
}

double CpuSeconds(clockid_t clock) {
  timespec time{};
  if (clock_gettime(clock, &time) != 0) Stop("the measured process is gone");
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

// Waits until the process has done next to nothing for 0.3 s; the CPU time it has used then.
double CpuWhenStill(clockid_t clock) {
  double last = CpuSeconds(clock);
  for (int i = 0; i < 40; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(300));
    const double now = CpuSeconds(clock);
    if (now - last < 0.002) return now;
    last = now;
  }
  return last;
}

// CPU time of each thread.
std::map<std::string, double> ThreadSeconds(std::uint64_t pid) {
  std::map<std::string, double> seconds;
  for (const auto& task :
       std::filesystem::directory_iterator("/proc/" + std::to_string(pid) + "/task")) {
    std::ifstream file(task.path() / "schedstat");
    double nanoseconds = 0;
    if (file >> nanoseconds) seconds[task.path().filename()] = nanoseconds * 1e-9;
  }
  return seconds;
}

}  // namespace

int main(int count, char** values) {
  const bench::Arguments arguments(count, values);
  Plan plan;
  plan.port = static_cast<std::uint16_t>(arguments.Number("port"));
  plan.mode = arguments.Text("mode");
  plan.path = arguments.Text("path", "/");
  plan.requests = arguments.Number("requests", 10000);
  plan.connections = arguments.Number("connections", 16);
  plan.licenses = arguments.Number("licenses", 1);
  plan.hot = arguments.Number("hot", 0);
  plan.first = arguments.Number("first", 0);
  const std::uint64_t pid = arguments.Number("pid");

  clockid_t clock{};
  if (clock_getcpuclockid(static_cast<pid_t>(pid), &clock) != 0) Stop("no such process");
  const double cpu = CpuWhenStill(clock);
  const auto threads = ThreadSeconds(pid);
  const auto start = std::chrono::steady_clock::now();
  const Outcome outcome = Run(plan);
  const double wall =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  const double spent = CpuWhenStill(clock) - cpu;
  std::string thread = arguments.Text("thread", "");
  double thread_spent = 0;
  for (const auto& [id, seconds] : ThreadSeconds(pid)) {
    const auto before = threads.find(id);
    const double used = seconds - (before == threads.end() ? 0 : before->second);
    if (thread == id || (!arguments.Has("thread") && used > thread_spent)) {
      thread = id;
      thread_spent = used;
    }
  }
  const double requests = static_cast<double>(plan.requests);
  std::printf(
      "{\"requests\":%llu,\"bad\":%llu,\"per_second\":%.0f,\"cpu_us\":%.3f,"
      "\"thread\":%s,\"thread_us\":%.3f}\n",
      static_cast<unsigned long long>(plan.requests), static_cast<unsigned long long>(outcome.bad),
      requests / wall, spent * 1e6 / requests, thread.empty() ? "0" : thread.c_str(),
      thread_spent * 1e6 / requests);
  if (outcome.bad == 0) return 0;
  std::fprintf(stderr, "bench_load: bad answers, the first:\n%s\n", outcome.first_bad.c_str());
  return 1;
}
