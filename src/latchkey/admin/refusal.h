#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "latchkey/admin_client.h"

namespace latchkey::app {

// What a person reads when something was refused (ux.md §2): one sentence of cause, one of
// consequence, what exactly was wrong, numbered next steps, and the facts for a report.
struct Refusal {
  std::string title, body;
  std::vector<std::string> facts;  // "--max-machines must be greater than 0 (MAX_MACHINES_INVALID)"
  std::vector<std::string> steps;  // never empty
  std::string details;             // reason code, time and request id
};

// Which command was refused, and how its user reads.
struct Asked {
  std::string command;  // "latchkey licenses create", for pointing at its --help
  bool flags = false;   // its flags are attributes: the API's pointers are said as flags
  std::string_view locale = "en";
};

// The words of the server where it gives them (meta.reason), else those of the same catalogue.
Refusal RefusalOf(const ApiAnswer& answer, const Asked& asked, TimePoint now);

// As printed, without a newline at the end.
std::string RefusalText(const Refusal& refusal, std::string_view locale);

// A sentence of this program's own about `error`; always with a next step.
std::string OwnRefusal(const Error& error, const Asked& asked);

// The locale of the catalogue for whoever runs this: LC_ALL, LC_MESSAGES, LANG.
std::string_view SpokenLocale();

}  // namespace latchkey::app
