#include "store/control_socket.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <atomic>
#include <cstring>
#include <filesystem>
#include <latch>
#include <sstream>
#include <thread>

namespace latchkey::store {
namespace {

class ControlSocketTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string name =
        (std::filesystem::temp_directory_path() / "latchkey-control-XXXXXX").string();
    root_ = mkdtemp(name.data());
    path_ = root_ + "/control.sock";
  }
  void TearDown() override { std::filesystem::remove_all(root_); }

  void Start(std::function<int(ControlCall&)> handle) {
    auto server = ControlServer::Start(path_, std::move(handle));
    ASSERT_TRUE(server.has_value()) << server.error().detail;
    server_ = std::move(*server);
  }
  Result<int> Send(const std::vector<std::string>& arguments, std::istream* input = nullptr) {
    return SendControl(path_, arguments, input, out_, err_);
  }

  std::string root_;
  std::string path_;
  std::unique_ptr<ControlServer> server_;
  std::ostringstream out_;
  std::ostringstream err_;
};

TEST_F(ControlSocketTest, ACommandGetsItsArgumentsAndGivesBackOutputAndStatus) {
  Start([](ControlCall& call) {
    for (const auto& argument : call.arguments) call.out("[" + argument + "]");
    call.err("careful\n");
    return 3;
  });
  const auto status = Send({"keys", "a b", "", "\"ü\n"});
  ASSERT_TRUE(status.has_value()) << status.error().detail;
  EXPECT_EQ(*status, 3);
  EXPECT_EQ(out_.str(), "[keys][a b][][\"ü\n]");
  EXPECT_EQ(err_.str(), "careful\n");
}

TEST_F(ControlSocketTest, InputAndOutputStreamInAnySize) {
  Start([](ControlCall& call) {
    for (;;) {
      const auto chunk = call.read_input();
      if (!chunk) return 1;
      if (chunk->empty()) return 0;
      call.out(*chunk);
    }
  });
  std::string data(5'000'000, '\0');
  for (std::size_t i = 0; i < data.size(); ++i) data[i] = static_cast<char>(i * 2654435761u >> 13);
  std::istringstream input(data);
  const auto status = Send({"import"}, &input);
  ASSERT_TRUE(status.has_value()) << status.error().detail;
  EXPECT_EQ(*status, 0);
  EXPECT_TRUE(out_.str() == data);
}

TEST_F(ControlSocketTest, WithoutInputTheEndComesAtOnce) {
  Start([](ControlCall& call) { return call.read_input().value_or("x").empty() ? 0 : 1; });
  EXPECT_EQ(Send({"import"}).value_or(9), 0);
}

TEST_F(ControlSocketTest, CommandsRunOneAfterAnother) {
  std::atomic<int> running{0};
  std::atomic<int> most{0};
  Start([&](ControlCall&) {
    most = std::max(most.load(), ++running);
    std::this_thread::yield();
    --running;
    return 0;
  });
  std::vector<std::jthread> callers;
  std::atomic<int> good{0};
  for (int i = 0; i < 8; ++i)
    callers.emplace_back([&] {
      std::ostringstream out;
      good += SendControl(path_, {"x"}, nullptr, out, out).value_or(1) == 0;
    });
  callers.clear();
  EXPECT_EQ(good, 8);
  EXPECT_EQ(most, 1);
}

TEST_F(ControlSocketTest, NobodyListeningIsNotFound) {
  auto status = Send({"x"});
  ASSERT_FALSE(status.has_value());
  EXPECT_EQ(status.error().code, Errc::kNotFound);
  // A socket left by a crash: bound, but nobody accepts.
  const int left = socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un name{};
  name.sun_family = AF_UNIX;
  std::strncpy(name.sun_path, path_.c_str(), sizeof name.sun_path - 1);
  ASSERT_EQ(bind(left, reinterpret_cast<sockaddr*>(&name), sizeof name), 0);
  close(left);
  status = Send({"x"});
  ASSERT_FALSE(status.has_value());
  EXPECT_EQ(status.error().code, Errc::kNotFound);
  Start([](ControlCall&) { return 0; });  // takes the place over
  EXPECT_EQ(Send({"x"}).value_or(9), 0);
}

TEST_F(ControlSocketTest, TheSocketIsForItsOwnerAloneAndGoesWithTheServer) {
  Start([](ControlCall&) { return 0; });
  struct stat status {};
  ASSERT_EQ(stat(path_.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600u);
  server_.reset();
  EXPECT_FALSE(std::filesystem::exists(path_));
}

TEST_F(ControlSocketTest, AnExceptionIsAFailedCommandAndTheServerGoesOn) {
  Start([](ControlCall& call) -> int {
    if (call.arguments.empty()) throw std::runtime_error("a bug");
    return 0;
  });
  EXPECT_EQ(Send({}).value_or(0), 70);
  EXPECT_THAT(err_.str(), ::testing::HasSubstr("a bug"));
  EXPECT_EQ(Send({"x"}).value_or(9), 0);
}

TEST_F(ControlSocketTest, NoiseIsIgnored) {
  Start([](ControlCall&) { return 0; });
  for (const std::string& noise :
       {std::string("GET / HTTP/1.1\r\n\r\n"), std::string("a\0\0\0\2[1", 7),
        std::string("a\0\0\0\3[1]", 8), std::string("a\xff\xff\xff\xff", 5)}) {
    const int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    sockaddr_un name{};
    name.sun_family = AF_UNIX;
    std::strncpy(name.sun_path, path_.c_str(), sizeof name.sun_path - 1);
    ASSERT_EQ(connect(fd, reinterpret_cast<sockaddr*>(&name), sizeof name), 0);
    ASSERT_EQ(send(fd, noise.data(), noise.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(noise.size()));
    shutdown(fd, SHUT_WR);
    char byte = 0;
    EXPECT_LE(read(fd, &byte, 1), 0);  // closed without an answer
    close(fd);
  }
  EXPECT_EQ(Send({"x"}).value_or(9), 0);
}

TEST_F(ControlSocketTest, StoppingWakesACommandThatWaitsForInput) {
  std::latch waiting(1);
  Start([&](ControlCall& call) {
    waiting.count_down();
    return call.read_input() ? 0 : 1;
  });
  // A caller whose input never comes.
  class Stuck : public std::streambuf {
   public:
    explicit Stuck(std::latch& go) : go_(go) {}
    int_type underflow() override {
      go_.wait();
      return traits_type::eof();
    }

   private:
    std::latch& go_;
  };
  std::latch go(1);
  Result<int> status;
  std::jthread caller([&] {
    Stuck stuck(go);
    std::istream input(&stuck);
    std::ostringstream out;
    status = SendControl(path_, {"import"}, &input, out, out);
  });
  waiting.wait();
  server_.reset();
  go.count_down();
  caller.join();
  EXPECT_FALSE(status.has_value());
}

TEST_F(ControlSocketTest, LongPathsWork) {
  const std::string deep = root_ + "/" + std::string(150, 'd');
  std::filesystem::create_directories(deep);
  path_ = deep + "/control.sock";
  Start([](ControlCall&) { return 5; });
  EXPECT_EQ(Send({"x"}).value_or(9), 5);
}

}  // namespace
}  // namespace latchkey::store
