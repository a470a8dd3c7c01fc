#pragma once

#include <string>

#include "latchkey/installation.h"

namespace latchkey::app {

// Copies the live database to `path` (absolute), sealed as a whole under a key derived from the
// master key (decision 14), by way of a file in the data directory. Never replaces a file. What was
// done, as a sentence.
Result<std::string> WriteBackup(const Installation& installation,
                                const Configuration& configuration, const std::string& path,
                                Random& random);

// Opens a backup into a data directory without a database. kWrongKey when the master key is another
// one or the file was changed; nothing is left behind then.
Result<std::string> RestoreBackup(const Configuration& configuration, const std::string& path);

// The same with files and key alone; the form is docs/formats/backup.md.
Result<void> SealFile(const std::string& from, const std::string& to, const store::MasterKey& key,
                      Random& random);
Result<void> OpenSealedFile(const std::string& from, const std::string& to,
                            const store::MasterKey& key);

}  // namespace latchkey::app
