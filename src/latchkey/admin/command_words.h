#pragma once

#include <span>
#include <string>
#include <string_view>

#include "core/message_format.h"

namespace latchkey::app {

// The words of the command line alone: `cli.*` in messages/, compiled into this program and not
// into the client library, which applications carry.
struct CommandWord {
  std::string_view key, pattern;
};
struct CommandWords {
  std::string_view locale;
  std::span<const CommandWord> words;
};
// Generated from messages/*.json; English first, the same keys in every locale.
std::span<const CommandWords> AllCommandWords();

// The word `key` ("cli.retry") in `locale`, else in English; as core::Say, the key itself comes
// back for a bug of the caller.
std::string SayCommand(std::string_view key, const core::MessageArguments& arguments,
                       std::string_view locale);

}  // namespace latchkey::app
