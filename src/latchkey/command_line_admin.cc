#include "latchkey/command_line_admin.h"

#include "latchkey/admin/table.h"
#include "latchkey/admin/verbs.h"

namespace latchkey::app {

void AddAdminCommands(CLI::App& app, int& status) {
  for (const Noun* noun : Nouns()) AddNoun(app, *noun, status);
  for (const Action& action : AccountActions()) AddAction(app, nullptr, action, status);
}

}  // namespace latchkey::app
