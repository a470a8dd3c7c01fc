#include "core/message_catalogue.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cstddef>

#include "core/message_table.h"

namespace latchkey::core {
namespace {

std::optional<std::size_t> IndexOf(std::span<const std::string_view> names, std::string_view name) {
  const auto it = std::ranges::find(names, name);
  if (it == names.end()) return std::nullopt;
  return static_cast<std::size_t>(it - names.begin());
}

const LocaleRow& RowFor(std::string_view locale) {
  return kMessageTable.rows[IndexOf(kMessageTable.locales, PickLocale(locale)).value_or(0)];
}

std::optional<std::string_view> FindWord(std::span<const WordRow> words, std::string_view key) {
  const auto it = std::ranges::lower_bound(words, key, {}, &WordRow::key);
  if (it == words.end() || it->key != key) return std::nullopt;
  return it->pattern;
}

Severity SeverityOf(std::string_view name) {
  if (name == "critical") return Severity::kCritical;
  return name == "warning" ? Severity::kWarning : Severity::kInfo;
}

// Reasons render without any argument (checked at build time), so a wrong one costs a detail only.
std::string Render(std::string_view pattern, const MessageArguments& arguments,
                   const FormatOptions& options) {
  if (auto text = FormatMessage(pattern, arguments, options)) return *std::move(text);
  return FormatMessage(pattern, {}, options).value_or(std::string(pattern));
}

Action MakeAction(const LocaleRow& row, std::string_view code) {
  return {std::string(code), std::string(FindWord(row.actions, code).value_or(code))};
}

bool EqualsIgnoringCase(std::string_view a, std::string_view b) {
  return std::ranges::equal(
      a, b, [](unsigned char x, unsigned char y) { return std::tolower(x) == std::tolower(y); });
}

// One entry of Accept-Language: its quality in thousandths, 0 when it cannot be read.
int QualityOf(std::string_view parameters) {
  const auto at = parameters.find("q=");
  if (at == std::string_view::npos) return 1000;
  double quality = 0;
  const auto text = parameters.substr(at + 2);
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), quality);
  if (error != std::errc{} || !(quality >= 0 && quality <= 1)) return 0;
  return static_cast<int>(quality * 1000);
}

}  // namespace

std::string_view NameOf(Severity severity) {
  switch (severity) {
    case Severity::kInfo:
      return "info";
    case Severity::kWarning:
      return "warning";
    case Severity::kCritical:
      return "critical";
  }
  return "info";
}

Message Explain(std::string_view reason, const MessageArguments& arguments, std::string_view locale,
                TimePoint now, UtcOffset offset) {
  const LocaleRow& row = RowFor(locale);
  const FormatOptions options{.locale = row.locale, .now = now, .offset = offset};
  Message message;
  message.code = reason;
  const auto index = IndexOf(kMessageTable.codes, reason);
  if (!index) {
    message.title = Say("unknown.title", {}, row.locale, now, offset);
    message.body = Say("unknown.body", {}, row.locale, now, offset);
    message.actions = {MakeAction(row, "wait"), MakeAction(row, "contact_support")};
    message.article = "unknown";
    return message;
  }
  const ReasonRow& meta = kMessageTable.reasons[*index];
  message.title = Render(row.titles[*index], arguments, options);
  message.body = Render(row.bodies[*index], arguments, options);
  for (const auto action : meta.actions) message.actions.push_back(MakeAction(row, action));
  message.severity = SeverityOf(meta.severity);
  message.article = meta.article;
  return message;
}

std::string Say(std::string_view key, const MessageArguments& arguments, std::string_view locale,
                TimePoint now, UtcOffset offset) {
  const LocaleRow& row = RowFor(locale);
  const auto pattern = FindWord(row.words, key);
  if (!pattern) return std::string(key);
  return FormatMessage(*pattern, arguments, {.locale = row.locale, .now = now, .offset = offset})
      .value_or(std::string(key));
}

std::span<const std::string_view> ReasonCodes() { return kMessageTable.codes; }
std::span<const std::string_view> Locales() { return kMessageTable.locales; }

std::string_view PickLocale(std::string_view wanted) {
  std::string_view best = kMessageTable.locales[0];
  int best_quality = 0;
  while (!wanted.empty()) {
    const auto comma = wanted.find(',');
    std::string_view entry = wanted.substr(0, comma);
    wanted = comma == std::string_view::npos ? std::string_view{} : wanted.substr(comma + 1);
    entry.remove_prefix(std::min(entry.find_first_not_of(' '), entry.size()));
    const auto semicolon = entry.find(';');
    const int quality =
        semicolon == std::string_view::npos ? 1000 : QualityOf(entry.substr(semicolon + 1));
    const std::string_view language = entry.substr(0, entry.find_first_of("-_.;@ "));
    for (const auto locale : kMessageTable.locales) {
      if (quality <= best_quality || !EqualsIgnoringCase(locale, language)) continue;
      best = locale;
      best_quality = quality;
    }
  }
  return best;
}

}  // namespace latchkey::core
