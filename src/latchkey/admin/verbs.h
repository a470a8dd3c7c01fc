#pragma once

#include <CLI/CLI.hpp>

#include "latchkey/admin/table.h"

namespace latchkey::app {

// The commands of one resource: create, list, show, update, delete and its actions. `status` is set
// when one of them has run.
void AddNoun(CLI::App& app, const Noun& noun, int& status);

// An action as a command below `app`; `noun` is null when it is of the account.
void AddAction(CLI::App& app, const Noun* noun, const Action& action, int& status);

}  // namespace latchkey::app
