// Checks the message catalogue and writes it as C++ (and as docs/errors.md). Usage:
//   latchkey_messages --cc OUT REASONS.json LOCALE.json...
//   latchkey_messages --docs OUT REASONS.json LOCALE.json...
//   latchkey_messages --check-docs FILE REASONS.json LOCALE.json...
// English comes first. Every broken rule is printed; any of them makes it fail.

#include <algorithm>
#include <fstream>
#include <iostream>
#include <iterator>
#include <map>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "base/json.h"
#include "core/message_format.h"
#include "core/message_locale.h"

namespace latchkey::tools {
namespace {

using core::ArgumentsOf;
using core::FormatMessage;
using core::RulesFor;
using Words = std::map<std::string, std::string>;

constexpr std::size_t kMostReasons = 40;

struct Reason {
  std::string code, severity, article;
  std::vector<std::string> actions;
};

struct Locale {
  std::string name;
  Words titles, bodies, actions, words;
};

struct Catalogue {
  std::vector<std::string> actions;
  std::vector<Reason> reasons;
  std::vector<Locale> locales;
};

class Problems {
 public:
  void Add(const std::string& text) {
    std::cerr << "messages: " << text << "\n";
    ++count_;
  }
  bool any() const { return count_ > 0; }

 private:
  int count_ = 0;
};

json::value ReadJson(const std::string& path, Problems& problems) {
  std::ifstream file(path, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  if (!file) problems.Add("cannot read " + path);
  auto value = base::ParseJson(text);
  if (value) return *std::move(value);
  problems.Add(path + ": " + value.error().detail);
  return json::object();
}

std::string TextAt(const json::object& object, std::string_view key, const std::string& where,
                   Problems& problems) {
  const auto* value = object.if_contains(key);
  if (value && value->is_string() && !value->get_string().empty())
    return std::string(value->get_string());
  problems.Add(where + " has no " + std::string(key));
  return {};
}

json::object ObjectAt(const json::value& value, std::string_view key, const std::string& where,
                      Problems& problems) {
  const auto* object = value.is_object() ? value.get_object().if_contains(key) : nullptr;
  if (object && object->is_object()) return object->get_object();
  problems.Add(where + " has no object " + std::string(key));
  return {};
}

std::vector<std::string> TextsAt(const json::object& object, std::string_view key,
                                 const std::string& where, Problems& problems) {
  std::vector<std::string> texts;
  const auto* value = object.if_contains(key);
  if (value && value->is_array())
    for (const auto& item : value->get_array())
      if (item.is_string()) texts.emplace_back(item.get_string());
  if (texts.empty()) problems.Add(where + " has no " + std::string(key));
  return texts;
}

void LoadReasons(const std::string& path, Catalogue& catalogue, Problems& problems) {
  const auto root = ReadJson(path, problems);
  if (!root.is_object()) return problems.Add(path + " is not an object");
  catalogue.actions = TextsAt(root.get_object(), "actions", path, problems);
  const auto* reasons = root.get_object().if_contains("reasons");
  if (!reasons || !reasons->is_array()) return problems.Add(path + " has no reasons");
  for (const auto& item : reasons->get_array()) {
    if (!item.is_object()) return problems.Add(path + " has a reason that is not an object");
    const auto& object = item.get_object();
    Reason reason;
    reason.code = TextAt(object, "code", path, problems);
    reason.severity = TextAt(object, "severity", reason.code, problems);
    reason.article = TextAt(object, "article", reason.code, problems);
    reason.actions = TextsAt(object, "actions", reason.code, problems);
    catalogue.reasons.push_back(std::move(reason));
  }
}

Words LoadWords(const json::object& object, const std::string& where, Problems& problems) {
  Words words;
  for (const auto& item : object) words[item.key()] = TextAt(object, item.key(), where, problems);
  return words;
}

void LoadLocale(const std::string& path, Catalogue& catalogue, Problems& problems) {
  const auto root = ReadJson(path, problems);
  if (!root.is_object()) return problems.Add(path + " is not an object");
  Locale locale;
  locale.name = TextAt(root.get_object(), "locale", path, problems);
  locale.actions = LoadWords(ObjectAt(root, "actions", path, problems), path, problems);
  locale.words = LoadWords(ObjectAt(root, "words", path, problems), path, problems);
  for (const auto& item : ObjectAt(root, "reasons", path, problems)) {
    const std::string code = item.key();
    if (!item.value().is_object()) {
      problems.Add(path + ": reason " + code + " is not an object");
      continue;
    }
    locale.titles[code] = TextAt(item.value().get_object(), "title", path + ": " + code, problems);
    locale.bodies[code] = TextAt(item.value().get_object(), "body", path + ": " + code, problems);
  }
  catalogue.locales.push_back(std::move(locale));
}

// Words that blame, or say nothing (ux.md §2), by language.
const std::vector<std::regex>& ForbiddenIn(const std::string& language) {
  const auto flags = std::regex::icase | std::regex::ECMAScript;
  static const std::map<std::string, std::vector<std::regex>> kForbidden = {
      {"en",
       {std::regex("\\binvalid", flags), std::regex("\\billegal", flags),
        std::regex("\\btamper", flags), std::regex("\\berror\\s*#?[0-9]", flags),
        std::regex("\\bpirat", flags)}},
      {"de",
       {std::regex("ungültig", flags), std::regex("\\billegal", flags),
        std::regex("manipulier", flags), std::regex("fehler\\s*#?[0-9]", flags),
        std::regex("raubkop", flags)}},
  };
  static const std::vector<std::regex> kNone;
  const auto it = kForbidden.find(language);
  return it == kForbidden.end() ? kNone : it->second;
}

void CheckKeys(const std::string& where, const Words& english, const Words& other,
               Problems& problems) {
  for (const auto& [key, text] : english)
    if (!other.contains(key)) problems.Add(where + " lacks " + key);
  for (const auto& [key, text] : other)
    if (!english.contains(key)) problems.Add(where + " has " + key + ", which English has not");
}

// The names and kinds a pattern uses, choices on a kind of its own counted as one use.
std::set<std::string> NamesOf(const std::string& pattern, const std::string& where,
                              Problems& problems) {
  auto uses = ArgumentsOf(pattern);
  if (!uses) {
    problems.Add(where + ": " + uses.error().detail);
    return {};
  }
  std::set<std::string> names;
  for (const auto& use : *uses) names.insert(use.name);
  return names;
}

void CheckPlurals(const std::string& pattern, const std::string& where, const std::string& locale,
                  Problems& problems) {
  const auto uses = ArgumentsOf(pattern);
  if (!uses) return;
  const auto& rules = RulesFor(locale);
  for (const auto& use : *uses) {
    if (use.kind != "plural") continue;
    // A number that is only shown needs no grammar: `missing` and `other` alone are fine.
    const bool counts = std::ranges::any_of(
        use.branches, [](const std::string& name) { return name != "missing" && name != "other"; });
    if (!counts) continue;
    for (const auto category : rules.categories)
      if (std::ranges::find(use.branches, NameOf(category)) == use.branches.end())
        problems.Add(where + ": plural of " + use.name + " lacks " + std::string(NameOf(category)));
  }
}

void CheckPatterns(const std::string& kind, const Locale& locale, const Words& english,
                   const Words& words, bool renders_alone, Problems& problems) {
  CheckKeys(locale.name + " " + kind, english, words, problems);
  for (const auto& [key, pattern] : words) {
    const std::string where = locale.name + " " + kind + " " + key;
    const auto names = NamesOf(pattern, where, problems);
    if (const auto it = english.find(key);
        it != english.end() && names != NamesOf(it->second, where, problems))
      problems.Add(where + " uses other arguments than English");
    CheckPlurals(pattern, where, locale.name, problems);
    for (const auto& forbidden : ForbiddenIn(locale.name))
      if (std::regex_search(pattern, forbidden)) problems.Add(where + " uses a word we do not use");
    if (!renders_alone) continue;
    if (auto text = FormatMessage(pattern, {}, {.locale = locale.name}); !text)
      problems.Add(where + " does not render without arguments: " + text.error().detail);
  }
}

void Check(const Catalogue& catalogue, Problems& problems) {
  static const std::set<std::string> kSeverities = {"info", "warning", "critical"};
  if (catalogue.reasons.size() > kMostReasons) problems.Add("more than 40 reasons");
  std::set<std::string> codes;
  for (const auto& reason : catalogue.reasons) {
    if (!codes.insert(reason.code).second) problems.Add(reason.code + " is there twice");
    if (!kSeverities.contains(reason.severity))
      problems.Add(reason.code + ": unknown severity " + reason.severity);
    for (const auto& action : reason.actions)
      if (std::ranges::find(catalogue.actions, action) == catalogue.actions.end())
        problems.Add(reason.code + ": unknown action " + action);
  }
  if (catalogue.locales.empty() || catalogue.locales[0].name != "en")
    return problems.Add("English must come first");
  const auto& english = catalogue.locales[0];
  for (const auto& locale : catalogue.locales) {
    if (RulesFor(locale.name).language != locale.name)
      problems.Add("no rules for the language " + locale.name);
    if (RulesFor(locale.name).date.empty())
      problems.Add("no dates for the language " + locale.name);
    for (const auto& code : codes)
      if (!locale.titles.contains(code)) problems.Add(locale.name + " lacks the reason " + code);
    for (const auto& [code, title] : locale.titles)
      if (!codes.contains(code)) problems.Add(locale.name + " has the unknown reason " + code);
    for (const auto& action : catalogue.actions)
      if (!locale.actions.contains(action))
        problems.Add(locale.name + " lacks the action " + action);
    CheckPatterns("title", locale, english.titles, locale.titles, true, problems);
    CheckPatterns("body", locale, english.bodies, locale.bodies, true, problems);
    CheckPatterns("action", locale, english.actions, locale.actions, true, problems);
    CheckPatterns("words", locale, english.words, locale.words, false, problems);
  }
}

std::string Quote(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    if (c == '\n') {
      out += "\\n";
    } else {
      out += c;
    }
  }
  return out + "\"";
}

void WriteArray(std::ostream& out, const std::string& type, const std::string& name,
                const std::vector<std::string>& items) {
  out << "constexpr " << type << " " << name << "[] = {\n";
  for (const auto& item : items) out << "    " << item << ",\n";
  out << "};\n";
}

// Words of the command line alone: applications do not carry them.
constexpr std::string_view kCommandWords = "cli.";

enum class Part { kShared, kCommand };

std::vector<std::string> WordRows(const Words& words, Part part = Part::kShared) {
  std::vector<std::string> rows;
  for (const auto& [key, pattern] : words)
    if (key.starts_with(kCommandWords) == (part == Part::kCommand))
      rows.push_back("{" + Quote(key) + ", " + Quote(pattern) + "}");
  return rows;
}

std::string WriteCpp(const Catalogue& catalogue) {
  std::ostringstream out;
  out << "// Generated by tools/messages/compile.cc from messages/*.json.\n"
         "#include \"core/message_table.h\"\n\nnamespace latchkey::core {\nnamespace {\n\n";
  std::vector<std::string> codes, rows, locales, locale_rows;
  for (const auto& reason : catalogue.reasons) {
    std::vector<std::string> actions;
    for (const auto& action : reason.actions) actions.push_back(Quote(action));
    WriteArray(out, "std::string_view", "kActions" + reason.code, actions);
    codes.push_back(Quote(reason.code));
    rows.push_back("{" + Quote(reason.code) + ", " + Quote(reason.severity) + ", " +
                   Quote(reason.article) + ", kActions" + reason.code + "}");
  }
  WriteArray(out, "std::string_view", "kCodes", codes);
  WriteArray(out, "ReasonRow", "kReasons", rows);
  for (const auto& locale : catalogue.locales) {
    std::vector<std::string> titles, bodies;
    for (const auto& reason : catalogue.reasons) {
      titles.push_back(Quote(locale.titles.at(reason.code)));
      bodies.push_back(Quote(locale.bodies.at(reason.code)));
    }
    WriteArray(out, "std::string_view", "kTitles_" + locale.name, titles);
    WriteArray(out, "std::string_view", "kBodies_" + locale.name, bodies);
    WriteArray(out, "WordRow", "kActionWords_" + locale.name, WordRows(locale.actions));
    WriteArray(out, "WordRow", "kWords_" + locale.name, WordRows(locale.words));
    locales.push_back(Quote(locale.name));
    locale_rows.push_back("{" + Quote(locale.name) + ", kTitles_" + locale.name + ", kBodies_" +
                          locale.name + ", kActionWords_" + locale.name + ", kWords_" +
                          locale.name + "}");
  }
  WriteArray(out, "std::string_view", "kLocales", locales);
  WriteArray(out, "LocaleRow", "kLocaleRows", locale_rows);
  out << "\n}  // namespace\n\n"
         "const MessageTable kMessageTable = {kCodes, kReasons, kLocales, kLocaleRows};\n\n"
         "}  // namespace latchkey::core\n";
  return out.str();
}

std::string WriteCommandWords(const Catalogue& catalogue) {
  std::ostringstream out;
  out << "// Generated by tools/messages/compile.cc from messages/*.json.\n"
         "#include \"latchkey/admin/command_words.h\"\n\n"
         "namespace latchkey::app {\nnamespace {\n\n";
  std::vector<std::string> rows;
  for (const auto& locale : catalogue.locales) {
    WriteArray(out, "CommandWord", "kWords_" + locale.name, WordRows(locale.words, Part::kCommand));
    rows.push_back("{" + Quote(locale.name) + ", kWords_" + locale.name + "}");
  }
  WriteArray(out, "CommandWords", "kLocales", rows);
  out << "\n}  // namespace\n\n"
         "std::span<const CommandWords> AllCommandWords() { return kLocales; }\n\n"
         "}  // namespace latchkey::app\n";
  return out.str();
}

// docs/errors.md: one short article per reason, in English, as a reader without arguments sees it.
std::string WriteDocs(const Catalogue& catalogue) {
  const auto& english = catalogue.locales[0];
  std::ostringstream out;
  out << "# What Latchkey tells people, and what to do\n\n"
         "Every refusal carries one of these reasons: in the API as `meta.reason` when the request "
         "has the header\n"
         "`Latchkey-Reasons: 1`, in the client library, in the command line. The same words stand "
         "in\n"
         "`messages/en.json`; names never change. This page is generated from there (`make "
         "docs`).\n";
  for (const auto& reason : catalogue.reasons) {
    const auto text = [&](const Words& words) {
      return FormatMessage(words.at(reason.code), {}, {.locale = "en"}).value_or("");
    };
    out << "\n## " << reason.article << "\n\n`" << reason.code << "` · " << reason.severity
        << "\n\n**" << text(english.titles) << ".** " << text(english.bodies)
        << "\n\nWhat you can do:";
    for (const auto& action : reason.actions)
      out << (&action == reason.actions.data() ? " " : " · ") << english.actions.at(action) << " (`"
          << action << "`)";
    out << "\n";
  }
  return out.str();
}

int WriteFile(const std::string& path, const std::string& text) {
  std::ofstream file(path, std::ios::binary);
  file << text;
  file.close();
  if (file) return 0;
  std::cerr << "messages: cannot write " << path << "\n";
  return 1;
}

int Main(const std::vector<std::string>& arguments) {
  if (arguments.size() < 4) {
    std::cerr
        << "usage: latchkey_messages --cc|--command-words|--docs|--check-docs FILE REASONS.json "
           "LOCALE.json...\n";
    return 2;
  }
  Problems problems;
  Catalogue catalogue;
  LoadReasons(arguments[2], catalogue, problems);
  for (std::size_t i = 3; i < arguments.size(); ++i) LoadLocale(arguments[i], catalogue, problems);
  if (!problems.any()) Check(catalogue, problems);
  if (problems.any()) return 1;
  if (arguments[0] == "--cc") return WriteFile(arguments[1], WriteCpp(catalogue));
  if (arguments[0] == "--command-words")
    return WriteFile(arguments[1], WriteCommandWords(catalogue));
  const std::string docs = WriteDocs(catalogue);
  if (arguments[0] == "--docs") return WriteFile(arguments[1], docs);
  std::ifstream file(arguments[1], std::ios::binary);
  if (std::string{std::istreambuf_iterator<char>(file), {}} == docs) return 0;
  std::cerr << "messages: " << arguments[1] << " does not say what messages/ says; run make docs\n";
  return 1;
}

}  // namespace
}  // namespace latchkey::tools

int main(int argc, char** argv) { return latchkey::tools::Main({argv + 1, argv + argc}); }
