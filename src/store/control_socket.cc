#include "store/control_socket.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstring>
#include <istream>
#include <ostream>
#include <thread>

#include "base/json.h"

namespace latchkey::store {
namespace {

// A frame is a type, a length (4 bytes, big-endian) and that many bytes. The client sends
// kArguments, then answers each kRead with one kInput (empty = end); the server sends kRead, kOut,
// kErr and, last, kExit with the status as text.
enum FrameType : char {
  kArguments = 'a',
  kInput = 'i',
  kRead = 'r',
  kOut = 'o',
  kErr = 'e',
  kExit = 'x'
};
constexpr std::size_t kMaxFrame = 1 << 20;
constexpr std::size_t kChunk = 64 * 1024;

struct Frame {
  char type;
  std::string data;
};

class Descriptor {
 public:
  explicit Descriptor(int fd = -1) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Descriptor() {
    if (fd_ >= 0) close(fd_);
  }
  int get() const { return fd_; }

 private:
  int fd_;
};

Error SocketError(const std::string& what) {
  return Error{Errc::kIo, what + ": " + std::strerror(errno)};
}

Result<void> SendAll(int fd, std::string_view data) {
  while (!data.empty()) {
    const ssize_t sent = send(fd, data.data(), data.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0) return SocketError("the control connection broke");
    data.remove_prefix(static_cast<std::size_t>(sent));
  }
  return {};
}

Result<std::string> ReceiveAll(int fd, std::size_t size) {
  std::string data(size, '\0');
  for (std::size_t have = 0; have < size;) {
    const ssize_t got = recv(fd, data.data() + have, size - have, 0);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return SocketError("the control connection broke");
    if (got == 0) return Error{Errc::kIo, "the control connection ended early"};
    have += static_cast<std::size_t>(got);
  }
  return data;
}

Result<void> SendFrame(int fd, char type, std::string_view data) {
  const auto size = static_cast<std::uint32_t>(data.size());
  std::string out{type, static_cast<char>(size >> 24), static_cast<char>(size >> 16),
                  static_cast<char>(size >> 8), static_cast<char>(size)};
  out += data;
  return SendAll(fd, out);
}

Result<Frame> ReceiveFrame(int fd) {
  LK_ASSIGN(const std::string head, ReceiveAll(fd, 5));
  std::size_t size = 0;
  for (int i = 1; i < 5; ++i)
    size = size << 8 | static_cast<std::uint8_t>(head[static_cast<std::size_t>(i)]);
  if (size > kMaxFrame) return Error{Errc::kMalformed, "a control frame is too long"};
  LK_ASSIGN(std::string data, ReceiveAll(fd, size));
  return Frame{head[0], std::move(data)};
}

// Paths beyond the 108 bytes of a socket address go through their open directory.
struct Address {
  Descriptor directory;
  sockaddr_un name{};
};

Result<Address> AddressOf(const std::string& path) {
  Address address;
  address.name.sun_family = AF_UNIX;
  std::string text = path;
  if (text.size() >= sizeof address.name.sun_path) {
    const auto slash = path.rfind('/');
    address.directory =
        Descriptor(open(path.substr(0, slash + 1).c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (address.directory.get() < 0) return SocketError("cannot open the directory of " + path);
    text = "/proc/self/fd/" + std::to_string(address.directory.get()) + path.substr(slash);
  }
  if (text.size() >= sizeof address.name.sun_path)
    return Error{Errc::kIo, "the path is too long: " + path};
  std::memcpy(address.name.sun_path, text.c_str(), text.size() + 1);
  return address;
}

Result<std::vector<std::string>> ParseArguments(const Frame& frame) {
  if (frame.type != kArguments)
    return Error{Errc::kMalformed, "the control connection did not begin with arguments"};
  LK_ASSIGN(const json::value value, base::ParseJson(frame.data));
  if (!value.is_array()) return Error{Errc::kMalformed, "control arguments are not an array"};
  std::vector<std::string> arguments;
  for (const auto& item : value.get_array()) {
    if (!item.is_string()) return Error{Errc::kMalformed, "a control argument is not a string"};
    arguments.emplace_back(item.get_string());
  }
  return arguments;
}

class UnixControlServer final : public ControlServer {
 public:
  UnixControlServer(Descriptor listener, Descriptor stop, std::string path,
                    std::function<int(ControlCall&)> handle)
      : listener_(std::move(listener)),
        stop_(std::move(stop)),
        path_(std::move(path)),
        handle_(std::move(handle)) {
    thread_ = std::thread([this] { Run(); });
  }

  ~UnixControlServer() override {
    eventfd_write(stop_.get(), 1);
    {
      // Wakes a command that waits for its caller.
      const std::lock_guard lock(mutex_);
      if (current_ >= 0) shutdown(current_, SHUT_RDWR);
    }
    thread_.join();
    unlink(path_.c_str());
  }

 private:
  void Run() {
    for (;;) {
      pollfd waits[] = {{listener_.get(), POLLIN, 0}, {stop_.get(), POLLIN, 0}};
      if (poll(waits, 2, -1) < 0 && errno != EINTR) return;
      if (waits[1].revents != 0) return;
      if ((waits[0].revents & POLLIN) == 0) continue;
      const Descriptor connection(accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
      if (connection.get() < 0 || !IsOurUser(connection.get())) continue;
      SetCurrent(connection.get());
      Serve(connection.get());
      SetCurrent(-1);
    }
  }

  void SetCurrent(int fd) {
    const std::lock_guard lock(mutex_);
    current_ = fd;
  }

  // The mode of the socket says the same; this holds even if someone changed it.
  static bool IsOurUser(int fd) {
    ucred peer{};
    socklen_t size = sizeof peer;
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) return false;
    return peer.uid == geteuid() || peer.uid == 0;
  }

  void Serve(int fd) {
    const timeval patience{30, 0};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    const auto frame = ReceiveFrame(fd);
    if (!frame) return;
    auto arguments = ParseArguments(*frame);
    if (!arguments) return;
    const timeval forever{0, 0};  // a person may type the input
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &forever, sizeof forever);
    bool connected = true;
    const auto stream = [&](char type, std::string_view data) {
      for (; connected && !data.empty(); data.remove_prefix(std::min(data.size(), kChunk)))
        connected = SendFrame(fd, type, data.substr(0, kChunk)).has_value();
    };
    ControlCall call;
    call.arguments = std::move(*arguments);
    call.read_input = [&]() -> Result<std::string> {
      LK_TRY(SendFrame(fd, kRead, {}));
      LK_ASSIGN(Frame input, ReceiveFrame(fd));
      if (input.type != kInput)
        return Error{Errc::kMalformed, "the caller sent something else than input"};
      return std::move(input.data);
    };
    call.out = [&](std::string_view data) { stream(kOut, data); };
    call.err = [&](std::string_view data) { stream(kErr, data); };
    int status = 70;  // EX_SOFTWARE
    try {
      status = handle_(call);
    } catch (const std::exception& e) {
      stream(kErr, std::string(e.what()) + "\n");
    }
    // A caller that went away does not need its status.
    connected = connected && SendFrame(fd, kExit, std::to_string(status)).has_value();
  }

  Descriptor listener_;
  Descriptor stop_;
  std::string path_;
  std::function<int(ControlCall&)> handle_;
  std::mutex mutex_;
  int current_ = -1;
  std::thread thread_;
};

}  // namespace

Result<std::unique_ptr<ControlServer>> ControlServer::Start(
    const std::string& path, std::function<int(ControlCall&)> handle) {
  LK_ASSIGN(const Address address, AddressOf(path));
  Descriptor listener(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (listener.get() < 0) return SocketError("cannot make the control socket");
  unlink(path.c_str());  // left by a crash: the caller holds the directory's lock
  if (bind(listener.get(), reinterpret_cast<const sockaddr*>(&address.name), sizeof address.name) !=
          0 ||
      chmod(path.c_str(), 0600) != 0 || listen(listener.get(), 16) != 0)
    return SocketError("cannot make the control socket " + path);
  Descriptor stop(eventfd(0, EFD_CLOEXEC));
  if (stop.get() < 0) return SocketError("cannot make the control socket");
  return std::unique_ptr<ControlServer>(std::make_unique<UnixControlServer>(
      std::move(listener), std::move(stop), path, std::move(handle)));
}

Result<int> SendControl(const std::string& path, const std::vector<std::string>& arguments,
                        std::istream* input, std::ostream& out, std::ostream& err) {
  LK_ASSIGN(const Address address, AddressOf(path));
  const Descriptor fd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (fd.get() < 0) return SocketError("cannot make a socket");
  if (connect(fd.get(), reinterpret_cast<const sockaddr*>(&address.name), sizeof address.name) !=
      0) {
    if (errno == ENOENT || errno == ECONNREFUSED)
      return Error{Errc::kNotFound, "nobody listens on " + path};
    return SocketError("cannot reach " + path);
  }
  json::array list;
  for (const auto& argument : arguments) list.emplace_back(argument);
  LK_TRY(SendFrame(fd.get(), kArguments, base::WriteJson(json::value(std::move(list)))));
  for (;;) {
    LK_ASSIGN(const Frame frame, ReceiveFrame(fd.get()));
    switch (frame.type) {
      case kOut:
        out << frame.data << std::flush;
        break;
      case kErr:
        err << frame.data << std::flush;
        break;
      case kRead: {
        std::string chunk(kChunk, '\0');
        if (input) input->read(chunk.data(), static_cast<std::streamsize>(chunk.size()));
        chunk.resize(input ? static_cast<std::size_t>(input->gcount()) : 0);
        LK_TRY(SendFrame(fd.get(), kInput, chunk));
        break;
      }
      case kExit: {
        const int status = std::atoi(frame.data.c_str());
        return status;
      }
      default:
        return Error{Errc::kMalformed, "the server speaks another control protocol"};
    }
  }
}

}  // namespace latchkey::store
