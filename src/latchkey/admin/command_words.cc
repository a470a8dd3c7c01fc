#include "latchkey/admin/command_words.h"

namespace latchkey::app {

std::string SayCommand(std::string_view key, const core::MessageArguments& arguments,
                       std::string_view locale) {
  const auto all = AllCommandWords();
  const CommandWords* words = &all.front();
  for (const CommandWords& candidate : all)
    if (candidate.locale == locale) words = &candidate;
  for (const CommandWord& word : words->words)
    if (word.key == key)
      return core::FormatMessage(word.pattern, arguments, {.locale = words->locale})
          .value_or(std::string(key));
  return std::string(key);
}

}  // namespace latchkey::app
