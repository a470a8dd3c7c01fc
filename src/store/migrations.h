#pragma once

#include <span>
#include <string_view>

#include "store/database.h"

namespace latchkey::store {

struct Migration {
  int version;  // 1, 2, 3 ...: numbered, forward-only, safe while the previous version's code runs
  std::string_view name;
  std::string_view sql;  // statements separated by `;` with {blob}, {bigint}, {text}, {serial},
                         // {options} for the engine's type words
};

// All migrations, oldest first (src/store/schema/).
std::span<const Migration> AllMigrations();

// Applies what is missing, each in its own transaction together with its row in schema_migrations.
// A database newer than this program is kConfigInvalid ("made by a newer latchkey: ...").
Result<void> Migrate(Database& database);
Result<void> Migrate(Database& database, std::span<const Migration> migrations);

}  // namespace latchkey::store
