// What the client library costs an application: opening with a stored lease, `check`, `allows`.
//
//   bench_client --server URL --public-key HEX --product UUID --storage DIR --license N [--opens N]
//
// Activates once, so that a lease is stored; then the server is no longer needed. Prints one line
// of JSON.
#include <algorithm>
#include <chrono>
#include <vector>

#include "bench/arguments.h"
#include "bench/population.h"
#include "latchkey/client.h"

namespace {

using Clock = std::chrono::steady_clock;

double Since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

lk_options* OptionsOf(const latchkey::bench::Arguments& arguments) {
  lk_options* options = lk_options_create();
  const auto set = [&](lk_option option, const std::string& text) {
    if (lk_options_set_text(options, option, text.data(), text.size()) != LK_OK) std::exit(2);
  };
  set(LK_OPTION_SERVER_URL, arguments.Text("server"));
  set(LK_OPTION_PUBLIC_KEY, arguments.Text("public-key"));
  set(LK_OPTION_PRODUCT_ID, arguments.Text("product"));
  set(LK_OPTION_STORAGE_DIR, arguments.Text("storage"));
  set(LK_OPTION_VENDOR_ID, "bench");
  return options;
}

lk_client* Open(const lk_options* options) {
  lk_client* client = nullptr;
  lk_rows* problem = nullptr;
  if (lk_client_open(options, &client, &problem) == LK_OK) return client;
  std::fprintf(stderr, "bench_client: %s\n", problem ? lk_rows_json(problem) : "cannot open");
  std::exit(1);
}

// Nanoseconds of one call, the median of nine rounds.
template <class F>
double Nanoseconds(F call) {
  constexpr int kCalls = 2000000;
  std::vector<double> rounds;
  for (int round = 0; round < 9; ++round) {
    const auto start = Clock::now();
    for (int i = 0; i < kCalls; ++i) {
      auto result = call();
      asm volatile("" : : "r"(result) : "memory");
    }
    rounds.push_back(Since(start) * 1e9 / kCalls);
  }
  std::sort(rounds.begin(), rounds.end());
  return rounds[rounds.size() / 2];
}

}  // namespace

int main(int count, char** values) {
  const latchkey::bench::Arguments arguments(count, values);
  lk_options* options = OptionsOf(arguments);
  const std::string key = latchkey::bench::LicenseKey(arguments.Number("license"));
  lk_client* client = Open(options);
  const lk_status activated = lk_client_activate(client, key.data(), key.size(), 0);
  if (activated != LK_OK || lk_client_check(client) != LK_ACCESS_FULL) {
    lk_rows* rows = nullptr;
    if (lk_client_explain(client, nullptr, 0, &rows) == LK_OK)
      std::fprintf(stderr, "bench_client: not activated: %s\n", lk_rows_json(rows));
    return 1;
  }
  lk_client_close(client);

  std::vector<double> opens;
  for (std::uint64_t i = 0; i < arguments.Number("opens", 1000); ++i) {
    const auto start = Clock::now();
    client = Open(options);
    opens.push_back(Since(start) * 1e3);
    if (lk_client_check(client) != LK_ACCESS_FULL) {
      std::fprintf(stderr, "bench_client: opened without access\n");
      return 1;
    }
    lk_client_close(client);
  }
  std::sort(opens.begin(), opens.end());
  client = Open(options);
  const double check = Nanoseconds([&] { return lk_client_check(client); });
  const double allows = Nanoseconds([&] { return lk_client_allows(client, "EXPORT", 6); });
  std::printf("{\"open_p50_ms\":%.3f,\"open_p99_ms\":%.3f,\"check_ns\":%.2f,\"allows_ns\":%.2f}\n",
              opens[opens.size() / 2], opens[opens.size() * 99 / 100], check, allows);
  lk_client_close(client);
  lk_options_destroy(options);
  return 0;
}
