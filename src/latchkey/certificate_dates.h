#pragma once

#include <string>

#include "base/result.h"
#include "base/time.h"

namespace latchkey::app {

struct CertificateDates {
  TimePoint from{};
  TimePoint to{};
};

// Validity of the first certificate in a PEM file. kConfigInvalid with a sentence when there is
// none.
Result<CertificateDates> ReadCertificateDates(const std::string& path);

}  // namespace latchkey::app
