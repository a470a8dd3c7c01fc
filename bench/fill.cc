// Fills the database of an installation that `latchkey init` has made with licenses, straight
// through the store in large transactions. Prints the ids of the account and of the product.
//
//   bench_fill --data DIR --master-key file:PATH --licenses N
#include <chrono>

#include "bench/arguments.h"
#include "bench/population.h"
#include "core/product.h"
#include "service/accounts.h"
#include "store/data_directory.h"
#include "store/sqlite/sqlite_database.h"

namespace {

using namespace latchkey;

constexpr std::uint64_t kRowsATransaction = 50000;

// One product, and a policy that lets each license have any number of machines.
core::Product ProductOf(const Uuid& account, TimePoint now) {
  core::Product product;
  product.id = Uuid::V4(base::SystemRandom());
  product.account_id = account;
  product.created = product.updated = now;
  product.name = "Workbench";
  product.permissions = core::DefaultPermissions(core::Role::kProduct);
  return product;
}
core::Policy PolicyOf(const core::Product& product) {
  core::Policy policy;
  policy.id = Uuid::V4(base::SystemRandom());
  policy.account_id = product.account_id;
  policy.created = policy.updated = product.created;
  policy.product_id = product.id;
  policy.name = "Standard";
  policy.duration = 365 * 86400;
  policy.floating = true;
  policy.authentication_strategy = core::AuthenticationStrategy::kMixed;
  return policy;
}
// As the service makes them, and validated once: a first validation is a durable write of its own.
core::License LicenseOf(const core::Policy& policy, std::uint64_t number, std::uint64_t total) {
  core::License license;
  license.id = bench::LicenseId(number, total);
  license.account_id = policy.account_id;
  license.created = license.updated = policy.created + Duration(static_cast<std::int64_t>(number));
  license.product_id = policy.product_id;
  license.policy_id = policy.id;
  license.key = bench::LicenseKey(number);
  license.expiry = policy.created + std::chrono::hours(24 * 365);
  license.last_validated = policy.created;
  license.permissions = core::DefaultPermissions(core::Role::kLicense);
  return license;
}

Result<std::string> Fill(const bench::Arguments& arguments) {
  const std::uint64_t total = arguments.Number("licenses");
  LK_ASSIGN(
      const auto directory,
      store::DataDirectory::Open(arguments.Text("data"), store::DataDirectory::Mode::kMustExist));
  LK_ASSIGN(auto master, store::LoadMasterKey(arguments.Text("master-key")));
  LK_ASSIGN(
      const auto database,
      store::OpenSqlite({.path = directory->database(), .readers = 1, .cache_kib = 256 * 1024}));
  LK_ASSIGN(const auto vault,
            store::Vault::Open(*database, std::move(master), base::SystemRandom()));
  service::Accounts accounts;
  LK_TRY(
      database->ReadNow([&](store::Session& session) { return accounts.Load(session, *vault); }));
  const auto account = accounts.Only();
  if (!account) return Error{Errc::kNotFound, "there is no account: run `latchkey init` first"};

  const core::Product product = ProductOf(account->account.id, base::SystemNow());
  const core::Policy policy = PolicyOf(product);
  // Keys are found by an index in random order: sorting it once at the end is much faster.
  const auto begin = [&](store::Session& session) -> Result<void> {
    LK_TRY(store::Insert(session, *vault, product));
    LK_TRY(store::Insert(session, *vault, policy));
    LK_TRY(session.Execute("DROP INDEX licenses_key"));
    return {};
  };
  LK_TRY(database->WriteNow(begin));
  const auto start = std::chrono::steady_clock::now();
  for (std::uint64_t first = 0; first < total; first += kRowsATransaction) {
    const auto insert = [&](store::Session& session) -> Result<void> {
      const std::uint64_t end = std::min(first + kRowsATransaction, total);
      for (std::uint64_t number = first; number < end; ++number)
        LK_TRY(store::Insert(session, *vault, LicenseOf(policy, number, total)));
      return {};
    };
    LK_TRY(database->WriteNow(insert));
    if (first % 1000000 == 0 && first > 0)
      std::fprintf(stderr, "bench_fill: %llu licenses after %.0f s\n",
                   static_cast<unsigned long long>(first),
                   std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  }
  const auto finish = [](store::Session& session) -> Result<void> {
    LK_TRY(session.Execute("CREATE UNIQUE INDEX licenses_key ON licenses (account_id, key_index)"));
    return {};
  };
  LK_TRY(database->WriteNow(finish));
  return account->account.id.ToString() + " " + product.id.ToString();
}

}  // namespace

int main(int count, char** values) {
  const auto filled = Fill(bench::Arguments(count, values));
  if (!filled) {
    std::fprintf(stderr, "bench_fill: %s\n", filled.error().detail.c_str());
    return 1;
  }
  std::printf("%s\n", filled->c_str());
  return 0;
}
