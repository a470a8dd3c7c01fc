#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "base/secret.h"

namespace latchkey::app {

// Exit statuses of the program.
inline constexpr int kOk = 0;
inline constexpr int kFailed = 1;    // it did not work; the sentence says why
inline constexpr int kUsage = 2;     // the command line or a setting is wrong
inline constexpr int kNotValid = 3;  // `validate`: the answer was no

// The error as one sentence for people.
std::string Describe(const Error& error);
// Prints "latchkey: sentence" to standard error; the status to leave with.
int Fail(const Error& error);

// Asks on the terminal without echo, twice when `confirm`. kConfigInvalid without a terminal.
Result<Secret> AskPassword(std::string_view prompt, bool confirm);
// The first line of a file; "-" is standard input.
Result<Secret> ReadPasswordFile(const std::string& path);

// Standard output is a terminal that takes colours (NO_COLOR unset).
bool UseColour();

}  // namespace latchkey::app
