#pragma once

namespace CLI {
class App;
}

namespace latchkey::app {

// The admin client: `products`, `policies`, `licenses`, `machines`, `entitlements`, `tokens`,
// `whoami` and `validate-key`. `status` gets the exit status of the one that runs.
void AddAdminCommands(CLI::App& app, int& status);

}  // namespace latchkey::app
