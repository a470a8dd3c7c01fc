#pragma once

#include "latchkey/settings.h"

namespace latchkey::app {

// `latchkey serve`: runs until SIGTERM or SIGINT, then drains; SIGHUP reads certificates again. The
// exit status: 0 after a drain, else the sentence is on standard error.
int Serve(const Configuration& configuration, bool dev);

}  // namespace latchkey::app
