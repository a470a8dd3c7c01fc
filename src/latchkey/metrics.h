#pragma once

#include <string>

#include "api/application.h"
#include "http/server.h"
#include "service/snapshots.h"
#include "service/touches.h"
#include "store/database.h"

namespace latchkey::app {

// The numbers of one moment, and their Prometheus text (version 0.0.4).
struct Metrics {
  std::uint64_t requests = 0, warm = 0, errors_4xx = 0, errors_5xx = 0;
  http::Server::Statistics http;
  store::Database::Statistics store;
  service::SnapshotCache::Statistics snapshots;
  service::TouchLane::Statistics touches;
  std::uint64_t log_dropped = 0;
  std::uint64_t culled = 0, held = 0;
  double uptime_seconds = 0;
  std::uint64_t resident_bytes = 0;
};
std::string WriteMetrics(const Metrics& metrics);

// Resident memory of this process in bytes.
std::uint64_t ResidentBytes();

}  // namespace latchkey::app
