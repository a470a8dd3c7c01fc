#include "store/migrations.h"

#include <array>

#include "store/dialect.h"

namespace latchkey::store {
namespace {

constexpr std::array kMigrations{
    Migration{
        1,
        "start",
#include "store/schema/0001_start.inc"
    },
    Migration{
        2,
        "license_stamps",
#include "store/schema/0002_license_stamps.inc"
    },
    Migration{
        3,
        "resources",
#include "store/schema/0003_resources.inc"
    },
};

Result<int> CurrentVersion(Session& session) {
  int version = 0;
  LK_TRY(session.Query("SELECT coalesce(max(version), 0) FROM schema_migrations", {},
                       [&](const Row& row) { version = static_cast<int>(row.Int(0)); }));
  return version;
}

Result<void> Apply(Session& session, const Migration& migration, const Dialect& dialect) {
  const std::string sql = Translate(migration.sql, dialect);
  for (std::size_t begin = 0; begin < sql.size();) {
    const std::size_t end = std::min(sql.find(';', begin), sql.size());
    const std::string_view statement = std::string_view(sql).substr(begin, end - begin);
    if (statement.find_first_not_of(" \n\t") != statement.npos) LK_TRY(session.Execute(statement));
    begin = end + 1;
  }
  LK_TRY(session.Execute("INSERT INTO schema_migrations (version, name) VALUES ($1, $2)",
                         Params(migration.version, migration.name)));
  return {};
}

}  // namespace

std::string Translate(std::string_view sql, const Dialect& dialect) {
  const std::pair<std::string_view, std::string_view> words[] = {
      {"{blob}", dialect.blob},
      {"{bigint}", dialect.bigint},
      {"{text}", dialect.text},
      {"{serial}", dialect.serial},
      {"{options}", dialect.table_options}};
  std::string out(sql);
  for (const auto& [name, word] : words)
    for (std::size_t at = 0; (at = out.find(name, at)) != out.npos; at += word.size())
      out.replace(at, name.size(), word);
  return out;
}

std::span<const Migration> AllMigrations() { return kMigrations; }

Result<void> Migrate(Database& database, std::span<const Migration> migrations) {
  const Dialect& dialect = database.dialect();
  int current = 0;
  const auto prepare = [&](Session& session) -> Result<void> {
    LK_TRY(session.Execute(Translate(
        "CREATE TABLE IF NOT EXISTS schema_migrations (version {bigint} PRIMARY KEY, name {text} "
        "NOT NULL){options}",
        dialect)));
    LK_ASSIGN(current, CurrentVersion(session));
    return {};
  };
  LK_TRY(database.WriteNow(prepare));
  const int newest = migrations.empty() ? 0 : migrations.back().version;
  if (current > newest)
    return Error{Errc::kConfigInvalid,
                 "this database was made by a newer latchkey: it has schema " +
                     std::to_string(current) + ", this program knows up to " +
                     std::to_string(newest) + ". Install the newer program again."};
  for (const Migration& migration : migrations) {
    const auto apply = [&](Session& session) -> Result<void> {
      // Asked again inside the transaction: another process may have been faster.
      LK_ASSIGN(const int version, CurrentVersion(session));
      if (version >= migration.version) return {};
      return Apply(session, migration, dialect);
    };
    LK_TRY(database.WriteNow(apply));
  }
  return {};
}

Result<void> Migrate(Database& database) { return Migrate(database, AllMigrations()); }

}  // namespace latchkey::store
