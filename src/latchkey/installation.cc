#include "latchkey/installation.h"

#include "crypto/hash.h"
#include "http/answer_batch.h"
#include "store/migrations.h"
#include "store/sqlite/sqlite_database.h"

namespace latchkey::app {

Result<store::MasterKey> MasterKeyFor(const store::DataDirectory& directory,
                                      const Configuration& configuration) {
  if (!directory.is_dev()) return store::LoadMasterKey(configuration.master_key);
  return store::MasterKey::Parse(
      "lkmk1_" + base::Base64UrlUnpadded(crypto::Sha256("latchkey test mode: this key is public")));
}

Result<Installation> OpenInstallation(std::unique_ptr<store::DataDirectory> directory,
                                      const Configuration& configuration, bool create,
                                      Random& random) {
  LK_ASSIGN(auto master, MasterKeyFor(*directory, configuration));
  store::SqliteOptions options;
  options.path = directory->database();
  options.create = create;
  options.readers = static_cast<unsigned>(configuration.readers);
  options.cache_kib = static_cast<std::size_t>(configuration.cache_mib) * 1024;
  // The answers of one commit wake each I/O thread once.
  options.around_answers = [] { return std::make_shared<http::AnswerBatch>(); };
  Installation installation;
  installation.directory = std::move(directory);
  LK_ASSIGN(installation.database, store::OpenSqlite(options));
  LK_TRY(store::Migrate(*installation.database));
  auto vault = store::Vault::Open(*installation.database, std::move(master), random);
  if (!vault) {
    Error error = vault.error();
    if (error.code == Errc::kWrongKey && error.detail.empty())
      error.detail = "the master key from " + configuration.master_key +
                     " is not the one of this database: set master_key to the one made with it";
    return error;
  }
  installation.vault = std::move(*vault);
  return installation;
}

}  // namespace latchkey::app
