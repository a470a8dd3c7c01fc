#include "latchkey/metrics.h"

#include <unistd.h>

#include <cstdio>
#include <fstream>

namespace latchkey::app {
namespace {

void Add(std::string& out, std::string_view name, std::string_view type, std::string_view help,
         double value) {
  char number[64];
  std::snprintf(number, sizeof number, "%.15g", value);
  out += "# HELP latchkey_" + std::string(name) + ' ' + std::string(help) + "\n# TYPE latchkey_" +
         std::string(name) + ' ' + std::string(type) + "\nlatchkey_" + std::string(name) + ' ' +
         number + '\n';
}

}  // namespace

std::uint64_t ResidentBytes() {
  std::ifstream in("/proc/self/statm");
  std::uint64_t total = 0, resident = 0;
  in >> total >> resident;
  return in ? resident * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE)) : 0;
}

std::string WriteMetrics(const Metrics& metrics) {
  std::string out;
  const auto counter = [&](std::string_view name, std::string_view help, std::uint64_t value) {
    Add(out, name, "counter", help, static_cast<double>(value));
  };
  const auto gauge = [&](std::string_view name, std::string_view help, double value) {
    Add(out, name, "gauge", help, value);
  };
  counter("requests_total", "Requests answered by the application.", metrics.requests);
  counter("requests_warm_total", "Requests answered from memory.", metrics.warm);
  counter("errors_4xx_total", "Answers with a status of 400 to 499.", metrics.errors_4xx);
  counter("errors_5xx_total", "Answers with a status of 500 and more.", metrics.errors_5xx);
  gauge("connections_open", "Connections open now.",
        static_cast<double>(metrics.http.connections_open));
  counter("connections_total", "Connections taken.", metrics.http.connections_total);
  counter("http_requests_total", "Requests read from connections.", metrics.http.requests);
  counter("http_refused_total", "Requests refused by the listener itself.", metrics.http.refused);
  counter("store_reads_total", "Units of work read from the database.", metrics.store.reads);
  counter("store_writes_total", "Units of work written to the database.", metrics.store.writes);
  counter("store_groups_total", "Commits; each makes a group of writes durable.",
          metrics.store.groups);
  gauge("store_write_queue", "Writes waiting.", static_cast<double>(metrics.store.write_queue));
  gauge("store_read_queue", "Reads waiting.", static_cast<double>(metrics.store.read_queue));
  counter("snapshot_hits_total", "Licenses found in memory.", metrics.snapshots.hits);
  counter("snapshot_misses_total", "Licenses read from the database.", metrics.snapshots.misses);
  gauge("snapshots", "Licenses in memory.", static_cast<double>(metrics.snapshots.size));
  counter("touches_written_total", "Validation facts written.", metrics.touches.written);
  counter("touches_dropped_total", "Validation facts dropped because too many waited.",
          metrics.touches.dropped);
  counter("machines_culled_total", "Dead machines deactivated.", metrics.culled);
  gauge("machines_held", "Dead machines not deactivated because of the brake.",
        static_cast<double>(metrics.held));
  counter("log_dropped_total", "Log lines dropped because too many waited.", metrics.log_dropped);
  gauge("uptime_seconds", "Time since the server started.", metrics.uptime_seconds);
  gauge("resident_memory_bytes", "Resident memory.", static_cast<double>(metrics.resident_bytes));
  return out;
}

}  // namespace latchkey::app
