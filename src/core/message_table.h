#pragma once

#include <span>
#include <string_view>

namespace latchkey::core {

// What tools/messages/compile.cc generates from messages/*.json. Only message_catalogue.cc reads
// it.

struct ReasonRow {
  std::string_view code, severity, article;
  std::span<const std::string_view> actions;  // the primary one first
};

struct WordRow {
  std::string_view key, pattern;
};

struct LocaleRow {
  std::string_view locale;
  std::span<const std::string_view> titles, bodies;  // by index of the reason
  std::span<const WordRow> actions, words;           // sorted by key, the same keys in every locale
};

struct MessageTable {
  std::span<const std::string_view> codes;
  std::span<const ReasonRow> reasons;
  std::span<const std::string_view> locales;
  std::span<const LocaleRow> rows;  // by index of the locale; English first
};

extern const MessageTable kMessageTable;

}  // namespace latchkey::core
