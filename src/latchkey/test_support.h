#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "api/application.h"
#include "base/secret.h"
#include "http/server.h"
#include "latchkey/installation.h"
#include "latchkey/settings.h"
#include "service/accounts.h"

namespace latchkey::app {

// A directory of one test, gone with it.
class TestDirectory {
 public:
  TestDirectory() {
    std::string name = (std::filesystem::temp_directory_path() / "latchkey-XXXXXX").string();
    if (!mkdtemp(name.data())) ADD_FAILURE() << "no temporary directory";
    path_ = name;
  }
  ~TestDirectory() {
    std::error_code error;
    std::filesystem::remove_all(path_, error);
  }
  TestDirectory(const TestDirectory&) = delete;
  TestDirectory& operator=(const TestDirectory&) = delete;

  const std::string& path() const { return path_; }
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }
  // The path of a new file with this text.
  std::string Write(const std::string& name, const std::string& text) const {
    std::ofstream(*this / name) << text;
    return *this / name;
  }

 private:
  std::string path_;
};

// Settings for an installation in `directory`: any free ports, the master key beside the data.
inline Configuration ConfigurationIn(const TestDirectory& directory) {
  auto configuration = ParseConfiguration("", "defaults").value();
  configuration.data = directory / "data";
  configuration.master_key = "file:" + directory / "master.key";
  configuration.listen.port = 0;
  configuration.admin_listen.port = 0;
  configuration.threads = 1;
  configuration.readers = 1;
  configuration.log_level = LogLevel::kError;
  return configuration;
}

// What `latchkey init` makes, without its prompts and with cheap password hashing. The account.
inline service::CreatedAccount MakeInstallation(const Configuration& configuration) {
  auto& random = base::SystemRandom();
  auto directory =
      store::DataDirectory::Open(configuration.data, store::DataDirectory::Mode::kCreate);
  if (!directory) {
    ADD_FAILURE() << directory.error().detail;
    return {};
  }
  if (auto key = store::CreateMasterKeyFile(configuration.master_key, configuration.data, random);
      !key)
    ADD_FAILURE() << key.error().detail;
  auto installation = OpenInstallation(std::move(*directory), configuration, true, random);
  if (!installation) {
    ADD_FAILURE() << installation.error().detail;
    return {};
  }
  service::CreatedAccount created;
  const auto made = installation->database->WriteNow([&](store::Session& session) -> Result<void> {
    auto account =
        service::CreateAccount(session, *installation->vault, random, base::SystemNow(),
                               {"Acme", "acme", "ops@example.com", Secret(std::string("hunter2x"))},
                               crypto::PasswordCost::kTest);
    if (!account) return account.error();
    created = *account;
    return {};
  });
  EXPECT_TRUE(made) << made.error().detail;
  return created;
}

// A listener that answers nothing, on any free port.
inline std::unique_ptr<http::Server> SomeServer() {
  http::ServerOptions options;
  options.threads = 1;
  auto server = http::Server::Start(
      std::move(options), [](http::Request, http::Responder) {}, api::Application::Refusal);
  EXPECT_TRUE(server) << server.error().detail;
  return server ? std::move(*server) : nullptr;
}

}  // namespace latchkey::app
