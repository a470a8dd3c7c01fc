#pragma once

#include <memory>

#include "base/random.h"
#include "latchkey/settings.h"
#include "store/data_directory.h"
#include "store/vault.h"

namespace latchkey::app {

// A data directory that is locked, migrated and unlocked by its master key: what every command that
// writes begins with (decision 17). Members go in reverse order, the lock last.
struct Installation {
  std::unique_ptr<store::DataDirectory> directory;
  std::unique_ptr<store::Database> database;
  std::unique_ptr<store::Vault> vault;
};

// The rest of opening, for a directory whose lock is held. `create` makes the database when it is
// missing; the errors are those of the store, with sentences for the operator.
Result<Installation> OpenInstallation(std::unique_ptr<store::DataDirectory> directory,
                                      const Configuration& configuration, bool create,
                                      Random& random);

// The master key for a directory: in test mode a well-known one, since nothing there is worth
// protecting and nothing of worth may go there (decision 18).
Result<store::MasterKey> MasterKeyFor(const store::DataDirectory& directory,
                                      const Configuration& configuration);

}  // namespace latchkey::app
