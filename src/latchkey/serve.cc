#include "latchkey/serve.h"

#include <csignal>
#include <iostream>

#include "latchkey/running_server.h"
#include "latchkey/terminal.h"

namespace latchkey::app {
namespace {

// Blocked in every thread made after this; taken by the main one.
sigset_t BlockSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&signals, signal);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  return signals;
}

void Greet(const RunningServer& server, const Configuration& configuration, bool dev) {
  std::cout << "Latchkey " LATCHKEY_VERSION " answers at " << server.Url() << "\nMetrics at http://"
            << Endpoint{configuration.admin_listen.address, server.admin_port()}.ToString()
            << "/metrics\n";
  if (dev) std::cout << "Test mode: requests may bring their own time; nothing here is secret.\n";
  // Only at the beginning: whoever has products knows what is next.
  if (server.has_account() && !server.has_product())
    std::cout << "Next: latchkey products create --name \"My app\"\n";
  else if (!server.has_account())
    std::cout << "Next: latchkey init --dev --data " << configuration.data
              << " --account Test --admin you@example.com\n";
  std::cout << std::flush;
}

}  // namespace

int Serve(const Configuration& configuration, bool dev) {
  const sigset_t signals = BlockSignals();
  // A limit of file sizes is a full disk: the write says so, and licenses are still validated.
  std::signal(SIGXFSZ, SIG_IGN);
  auto server = RunningServer::Start(configuration, dev);
  if (!server) return Fail(server.error());
  Greet(**server, configuration, dev);
  for (;;) {
    int signal = 0;
    if (sigwait(&signals, &signal) != 0) continue;
    if (signal == SIGHUP) {
      (*server)->ReloadTls();
      continue;
    }
    (*server)->log().Notice(LogLevel::kInfo, "stopping: requests already begun are answered");
    (*server)->Stop();
    return kOk;
  }
}

}  // namespace latchkey::app
