#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/result.h"
#include "base/time.h"

namespace latchkey::core {

// Fills patterns of our ICU MessageFormat subset (decision 28):
//   {x}                            text, number with the locale's grouping, or a time as its date
//   {x, date} {x, time}            "Friday 12 March", with the year when it is not this year;
//   "14:02" {x, in} {x, relative}          "in 5 days"; "in 5 days, Friday 12 March" {n, plural, =0
//   {..} one {..} other {..}}   `#` inside is the number; categories by CLDR {x, select, word {..}
//   other {..}}
// Both choices take a further branch `missing` for an argument that was not given; select then
// falls back to `other`. '' is an apostrophe; '{' and '}' in apostrophes are plain text.
// Pure functions: no clock, no environment, no ICU library; safe on any thread.

// The difference between local time and UTC at that moment, from the caller's zone.
using UtcOffset = Seconds (*)(TimePoint at);

// The named values of one message.
class MessageArguments {
 public:
  using Value = std::variant<std::string, std::int64_t, TimePoint>;

  MessageArguments& Set(std::string_view name, std::string_view text);
  MessageArguments& Set(std::string_view name, std::int64_t number);
  MessageArguments& Set(std::string_view name, TimePoint time);
  // nullptr when the argument was not given. Valid until the next Set.
  const Value* Find(std::string_view name) const;

 private:
  std::vector<std::pair<std::string, Value>> values_;
};

struct FormatOptions {
  std::string_view locale = "en";  // BCP 47; what we have no rules for is formatted as English
  TimePoint now{};
  UtcOffset offset = nullptr;  // nullptr: UTC
};

// kMalformed when the pattern breaks the grammar, or an argument is missing or of the wrong kind;
// `detail` says which.
Result<std::string> FormatMessage(std::string_view pattern, const MessageArguments& arguments,
                                  const FormatOptions& options);

// What a pattern asks for, for the checks at build time: each argument once per use, and the
// branches where it is a choice.
struct ArgumentUse {
  std::string name;
  std::string kind;  // "text", "date", "time", "in", "relative", "plural" or "select"
  std::vector<std::string> branches;
};
Result<std::vector<ArgumentUse>> ArgumentsOf(std::string_view pattern);

}  // namespace latchkey::core
