#pragma once

#include <array>
#include <string>
#include <string_view>

#include "base/random.h"
#include "base/result.h"
#include "base/secret.h"

namespace latchkey::store {

// The key that wraps every other key of a database (decision 13). It is never kept in the data
// directory or in a backup. Text form: `lkmk1_` + base64url of 32 bytes, without padding.
class MasterKey {
 public:
  static constexpr std::size_t kBytes = 32;
  using Check = std::array<std::uint8_t, 8>;

  static MasterKey Generate(Random& random);
  // Surrounding blanks are ignored. kConfigInvalid for another form; the text is never quoted.
  static Result<MasterKey> Parse(std::string_view text);

  Secret ToText() const;
  const Secret& bytes() const { return bytes_; }
  // Tells keys apart without telling anything about them; the database keeps its key's.
  Check check() const;

 private:
  explicit MasterKey(Secret bytes) : bytes_(std::move(bytes)) {}
  Secret bytes_;
};

// `file:PATH`, `env:NAME` or `cmd:LINE` (run by /bin/sh, its standard output is the key).
// kConfigInvalid with a sentence that names the source and what to do: unknown form, file missing
// or readable by others, command failed, not a key.
Result<MasterKey> LoadMasterKey(std::string_view source);

// The source when none is set: `file:/etc/latchkey/master.key` when that file exists or we are
// root, else `file:$XDG_CONFIG_HOME/latchkey/master.key` (`~/.config`).
std::string DefaultMasterKeySource();

// Makes a key and writes it to the `file:` source, mode 0600, never replacing a file.
// kConfigInvalid for another kind of source, for a file that exists, and for a path inside
// `data_directory`; kReadOnly, kDiskFull, kIo.
Result<MasterKey> CreateMasterKeyFile(std::string_view source, const std::string& data_directory,
                                      Random& random);

}  // namespace latchkey::store
