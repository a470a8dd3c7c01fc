#include "latchkey/command_line.h"

#include <CLI/CLI.hpp>
#include <filesystem>
#include <iostream>

#include "latchkey/backup.h"
#include "latchkey/command_line_admin.h"
#include "latchkey/credentials.h"
#include "latchkey/doctor.h"
#include "latchkey/init.h"
#include "latchkey/serve.h"
#include "latchkey/settings.h"
#include "latchkey/suggest.h"
#include "latchkey/terminal.h"

namespace latchkey::app {
namespace {

// Flags of the settings table on one command, and what they were set to.
class SettingFlags {
 public:
  SettingFlags(CLI::App& command, bool all) {
    command.add_option("--config", file_,
                       "The configuration file (else LATCHKEY_CONFIG, else "
                       "~/.config/latchkey or /etc/latchkey)");
    for (const Setting& setting : AllSettings()) {
      if (!all && setting.section != "store" && setting.key != "master_key") continue;
      const std::string name = setting.Name();
      std::string help(setting.help);
      if (!setting.fallback.empty()) help += " [" + std::string(setting.fallback) + "]";
      command
          .add_option_function<std::string>(
              setting.Flag(), [this, name](const std::string& text) { flags_[name] = text; }, help)
          ->type_name(std::string(setting.type))
          ->group(setting.section.empty() ? "Settings"
                                          : "Settings: " + std::string(setting.section));
    }
  }

  Result<Configuration> Load() const {
    return LoadConfiguration({flags_, ProcessEnvironment, file_});
  }

 private:
  std::map<std::string, std::string, std::less<>> flags_;
  std::string file_;
};

// Runs `use` with the configuration, or fails with its sentence.
template <class F>
auto With(std::shared_ptr<SettingFlags> flags, int& status, F use) {
  return [flags, &status, use] {
    const auto configuration = flags->Load();
    status = configuration ? use(*configuration) : Fail(configuration.error());
  };
}

int Say(const Result<std::string>& outcome) {
  if (!outcome) return Fail(outcome.error());
  std::cout << *outcome << std::endl;
  return kOk;
}

// The work is done here when nobody holds the directory, else by the server that does.
int HereOrInServer(const Configuration& configuration, const std::vector<std::string>& command,
                   const std::function<Result<std::string>(Installation&)>& here) {
  auto directory =
      store::DataDirectory::Open(configuration.data, store::DataDirectory::Mode::kMustExist);
  if (!directory && directory.error().code == Errc::kLocked) {
    const auto status = store::SendControl(configuration.data + "/control.sock", command, nullptr,
                                           std::cout, std::cerr);
    return status ? *status : Fail(status.error());
  }
  if (!directory) return Fail(directory.error());
  auto installation =
      OpenInstallation(std::move(*directory), configuration, false, base::SystemRandom());
  if (!installation) return Fail(installation.error());
  return Say(here(*installation));
}

void AddServe(CLI::App& app, int& status) {
  auto* command = app.add_subcommand("serve", "Answer the API until told to stop");
  command->footer(
      "SIGTERM drains and ends with 0, SIGHUP reads certificates again.\n"
      "A setting may also stand in latchkey.toml or in LATCHKEY_<SECTION>_<KEY>.");
  auto flags = std::make_shared<SettingFlags>(*command, true);
  auto dev = std::make_shared<bool>(false);
  command->add_flag("--dev", *dev,
                    "Test mode in a directory of its own: loopback only, requests may bring their "
                    "own time (Latchkey-Now), cheap password hashing");
  command->callback(With(flags, status, [dev](const Configuration& configuration) {
    return Serve(configuration, *dev);
  }));
}

void AddInit(CLI::App& app, int& status) {
  auto* command = app.add_subcommand("init", "Make the master key, the account and its admin");
  command->footer(
      "Prints the account id and the public key; the admin token goes to "
      "~/.config/latchkey/credentials.toml, which the other commands read.");
  auto flags = std::make_shared<SettingFlags>(*command, false);
  auto options = std::make_shared<InitOptions>();
  options->credentials_file = DefaultCredentialsFile();
  command->add_option("--account", options->account, "Name of the account, like \"Acme\"")
      ->required();
  command->add_option("--admin", options->admin, "E-mail address of the admin")->required();
  command->add_option("--slug", options->slug, "Short name in paths (made from the name)");
  command->add_option("--password-file", options->password_file,
                      "Read the admin's password from the first line of this file (- is standard "
                      "input) instead of asking");
  command->add_option("--credentials", options->credentials_file, "Where the admin token goes");
  command->add_option("--server", options->server, "Address of the server for the credentials");
  command->add_flag("--dev", options->dev, "For a directory of `serve --dev`");
  command->add_flag("--json", options->json, "Print account id and public key as JSON");
  command->callback(With(flags, status, [options](const Configuration& configuration) {
    return Init(configuration, *options);
  }));
}

void AddBackup(CLI::App& app, int& status) {
  auto* backup = app.add_subcommand("backup", "Copy the live database into one sealed file");
  auto flags = std::make_shared<SettingFlags>(*backup, false);
  auto path = std::make_shared<std::string>();
  backup->add_option("file", *path, "Where the backup goes")->required();
  backup->callback(With(flags, status, [path](const Configuration& configuration) {
    const std::string target = std::filesystem::absolute(*path).lexically_normal().string();
    return HereOrInServer(configuration, {"backup", target}, [&](Installation& installation) {
      return WriteBackup(installation, configuration, target, base::SystemRandom());
    });
  }));
  auto* restore = app.add_subcommand("restore", "Open a backup into an empty data directory");
  auto restore_flags = std::make_shared<SettingFlags>(*restore, false);
  auto from = std::make_shared<std::string>();
  restore->add_option("file", *from, "The backup")->required();
  restore->callback(With(restore_flags, status, [from](const Configuration& configuration) {
    return Say(RestoreBackup(configuration, *from));
  }));
}

void AddJobs(CLI::App& app, int& status) {
  auto* jobs = app.add_subcommand("jobs", "Background work of a running server");
  jobs->require_subcommand(1);
  auto* run = jobs->add_subcommand("run", "Run one job now: cull, stamp or tombstones");
  auto flags = std::make_shared<SettingFlags>(*run, false);
  auto name = std::make_shared<std::string>();
  run->add_option("job", *name)->required();
  run->callback(With(flags, status, [name](const Configuration& configuration) {
    auto sent = store::SendControl(configuration.data + "/control.sock", {"jobs", *name}, nullptr,
                                   std::cout, std::cerr);
    if (!sent && sent.error().code == Errc::kNotFound)
      sent = Error{Errc::kNotFound,
                   "no server runs on " + configuration.data + ": jobs run while it does"};
    return sent ? *sent : Fail(sent.error());
  }));
}

void AddDoctor(CLI::App& app, int& status) {
  auto* command = app.add_subcommand("doctor", "Look for what is wrong, and say what to do");
  auto flags = std::make_shared<SettingFlags>(*command, true);
  command->callback(With(flags, status,
                         [](const Configuration& configuration) { return Doctor(configuration); }));
}

void AddSettings(CLI::App& app, int& status) {
  auto* command = app.add_subcommand("settings", "List every setting");
  auto markdown = std::make_shared<bool>(false);
  command->add_flag("--markdown", *markdown, "As the page docs/settings.md");
  command->callback([markdown, &status] {
    if (*markdown) {
      std::cout << SettingsMarkdown();
    } else {
      for (const Setting& setting : AllSettings())
        std::cout << setting.Name() << " (" << setting.type << ")"
                  << (setting.fallback.empty() ? "" : " = " + std::string(setting.fallback))
                  << "\n    " << setting.help << "\n    " << setting.Flag() << ", "
                  << setting.Environment() << "\n";
    }
    std::cout << std::flush;
    status = kOk;
  });
}

void AddVersion(CLI::App& app, int& status) {
  app.add_subcommand("version", "Print the version")->callback([&status] {
    std::cout << "latchkey " LATCHKEY_VERSION << std::endl;
    status = kOk;
  });
}

// CLI11 says "The following arguments were not expected": a person wants the nearest word.
std::string Suggestion(const CLI::App& app, const std::vector<std::string>& rest) {
  if (rest.empty()) return {};
  std::vector<std::string> known;
  const bool flag = rest.front().starts_with("-");
  const CLI::App* at = &app;
  while (!at->get_subcommands().empty()) at = at->get_subcommands().front();
  if (flag) {
    for (const CLI::Option* option : at->get_options())
      for (const std::string& name : option->get_lnames()) known.push_back("--" + name);
  } else {
    for (const CLI::App* sub : at->get_subcommands({})) known.push_back(sub->get_name());
  }
  const std::string typed = rest.front().substr(0, rest.front().find('='));
  const std::string nearest = Nearest(typed, known);
  return nearest.empty() ? std::string() : "did you mean " + nearest + "?";
}

}  // namespace

int Main(int argc, char** argv) {
  CLI::App app(
      "Latchkey: software licensing that is secure and kind.\n\n"
      "Begin with `latchkey init`, then `latchkey serve`. Every command has --help.");
  app.name("latchkey");
  app.require_subcommand(1);
  app.set_help_all_flag();
  app.set_version_flag("--version", "latchkey " LATCHKEY_VERSION, "Print the version");
  app.get_formatter()->column_width(34);
  int status = kOk;
  AddInit(app, status);
  AddServe(app, status);
  AddDoctor(app, status);
  AddBackup(app, status);
  AddSettings(app, status);
  AddVersion(app, status);
  AddJobs(app, status);
  AddAdminCommands(app, status);
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& asked) {  // --help, --version
    return app.exit(asked);
  } catch (const CLI::ParseError& error) {
    const bool nothing = error.get_name() == "RequiredError" && app.remaining(true).empty() &&
                         std::string_view(error.what()) == "A subcommand is required";
    std::cerr << "latchkey: " << (nothing ? "what shall it do?" : error.what()) << "\n";
    const std::string suggestion = Suggestion(app, app.remaining(true));
    if (!suggestion.empty()) std::cerr << suggestion << "\n";
    std::cerr << "`--help` after a command shows what it takes.\n";
    return kUsage;
  }
  return status;
}

}  // namespace latchkey::app
