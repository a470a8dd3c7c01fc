#include "core/message_format.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <memory>

#include "core/message_locale.h"

namespace latchkey::core {
namespace {

constexpr int kMaxDepth = 8;

struct Node;
using Nodes = std::vector<Node>;

struct Branch {
  std::string selector;
  Nodes nodes;
};

struct Node {
  enum class Kind { kText, kNumberSign, kArgument };
  Kind kind = Kind::kText;
  std::string text;    // the text, or the argument's name
  std::string format;  // "text", "date", ..., "plural", "select"
  std::vector<Branch> branches;
};

Error Bad(std::string detail) { return {Errc::kMalformed, std::move(detail)}; }

bool IsSpace(char c) { return c == ' ' || c == '\n' || c == '\t'; }
bool IsNameCharacter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  Result<Nodes> ParseAll() {
    LK_ASSIGN(Nodes nodes, ParseNodes(0, false));
    if (at_ != text_.size()) return Bad("a } without its {");
    return nodes;
  }

 private:
  bool More() const { return at_ < text_.size(); }
  void SkipSpaces() {
    while (More() && IsSpace(text_[at_])) ++at_;
  }
  bool Take(char c) {
    SkipSpaces();
    if (!More() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  std::string TakeWord() {
    SkipSpaces();
    const auto start = at_;
    if (More() && text_[at_] == '=') ++at_;
    while (More() && IsNameCharacter(text_[at_])) ++at_;
    return std::string(text_.substr(start, at_ - start));
  }

  // ICU's rule: '' is one apostrophe; an apostrophe before a syntax character quotes up to the next
  // one.
  void TakeApostrophe(std::string& literal) {
    ++at_;
    if (!More()) {
      literal += '\'';
    } else if (text_[at_] == '\'') {
      literal += '\'';
      ++at_;
    } else if (text_[at_] == '{' || text_[at_] == '}' || text_[at_] == '#') {
      const auto end = text_.find('\'', at_);
      literal += text_.substr(at_, end - at_);
      at_ = end == std::string_view::npos ? text_.size() : end + 1;
    } else {
      literal += '\'';
    }
  }

  Result<Nodes> ParseNodes(int depth, bool in_plural) {
    if (depth > kMaxDepth) return Bad("nested too deeply");
    Nodes nodes;
    std::string literal;
    auto flush = [&] {
      if (literal.empty()) return;
      nodes.push_back(Node{Node::Kind::kText, std::move(literal), {}, {}});
      literal.clear();
    };
    while (More() && text_[at_] != '}') {
      const char c = text_[at_];
      if (c == '\'') {
        TakeApostrophe(literal);
      } else if (c == '{') {
        flush();
        ++at_;
        LK_ASSIGN(Node node, ParseArgument(depth, in_plural));
        nodes.push_back(std::move(node));
      } else if (c == '#' && in_plural) {
        flush();
        ++at_;
        nodes.push_back(Node{Node::Kind::kNumberSign, {}, {}, {}});
      } else {
        literal += c;
        ++at_;
      }
    }
    flush();
    return nodes;
  }

  // After the opening brace, up to and with the closing one.
  Result<Node> ParseArgument(int depth, bool in_plural) {
    Node node{Node::Kind::kArgument, TakeWord(), "text", {}};
    if (node.text.empty()) return Bad("an argument without a name");
    if (Take('}')) return node;
    if (!Take(',')) return Bad("argument " + node.text + " is not closed");
    node.format = TakeWord();
    if (node.format == "plural" || node.format == "select") {
      if (!Take(',')) return Bad("choice on " + node.text + " without branches");
      LK_TRY(ParseBranches(node, depth, in_plural));
      return node;
    }
    const bool known = node.format == "date" || node.format == "time" || node.format == "in" ||
                       node.format == "relative";
    if (!known) return Bad("argument " + node.text + " has the unknown format " + node.format);
    if (!Take('}')) return Bad("argument " + node.text + " is not closed");
    return node;
  }

  Result<void> ParseBranches(Node& node, int depth, bool in_plural) {
    const bool plural = node.format == "plural";
    while (!Take('}')) {
      Branch branch{TakeWord(), {}};
      if (branch.selector.empty() || !Take('{'))
        return Bad("branches of " + node.text + " are broken");
      const bool twice = std::ranges::any_of(
          node.branches, [&](const Branch& other) { return other.selector == branch.selector; });
      if (twice) return Bad("two branches " + branch.selector + " for " + node.text);
      LK_ASSIGN(branch.nodes, ParseNodes(depth + 1, plural || in_plural));
      if (!More()) return Bad("branch " + branch.selector + " of " + node.text + " is not closed");
      ++at_;
      node.branches.push_back(std::move(branch));
    }
    const bool has_other = std::ranges::any_of(
        node.branches, [](const Branch& branch) { return branch.selector == "other"; });
    if (!has_other) return Bad("choice on " + node.text + " has no branch other");
    return {};
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

const Branch* FindBranch(const Node& node, std::string_view selector) {
  for (const auto& branch : node.branches)
    if (branch.selector == selector) return &branch;
  return nullptr;
}

struct LocalTime {
  std::chrono::year_month_day date;
  std::chrono::sys_days day;
  std::chrono::weekday weekday;
  int hour, minute;
};

LocalTime ToLocal(TimePoint time, UtcOffset offset) {
  const auto seconds = std::chrono::floor<Seconds>(time) + (offset ? offset(time) : Seconds(0));
  const auto day = std::chrono::floor<std::chrono::days>(seconds);
  const auto minutes = std::chrono::floor<std::chrono::minutes>(seconds - day).count();
  return {std::chrono::year_month_day(day), day, std::chrono::weekday(day),
          static_cast<int>(minutes / 60), static_cast<int>(minutes % 60)};
}

class Formatter {
 public:
  Formatter(const MessageArguments& arguments, const FormatOptions& options)
      : arguments_(arguments), options_(options), rules_(RulesFor(options.locale)) {
    // A language with plural rules only has its dates in English.
    dates_ = rules_.date.empty() ? &RulesFor("en") : &rules_;
  }

  Result<void> Append(const Nodes& nodes, std::optional<std::int64_t> number) {
    for (const auto& node : nodes) {
      switch (node.kind) {
        case Node::Kind::kText:
          out_ += node.text;
          break;
        case Node::Kind::kNumberSign:
          if (!number) return Bad("# without a number");
          AppendNumber(*number);
          break;
        case Node::Kind::kArgument:
          LK_TRY(AppendArgument(node, number));
          break;
      }
    }
    return {};
  }

  std::string Take() { return std::move(out_); }

 private:
  Result<void> AppendArgument(const Node& node, std::optional<std::int64_t> number) {
    const auto* value = arguments_.Find(node.text);
    if (node.format == "plural") return AppendPlural(node, value);
    if (node.format == "select") return AppendSelect(node, value, number);
    if (!value) return Bad("argument " + node.text + " is missing");
    if (node.format == "text") return AppendValue(*value);
    const auto* time = std::get_if<TimePoint>(value);
    if (!time) return Bad("argument " + node.text + " is not a time");
    if (node.format == "date") return AppendDate(*time);
    if (node.format == "time") return AppendTime(*time);
    return AppendRelative(*time, node.format == "relative");
  }

  Result<void> AppendValue(const MessageArguments::Value& value) {
    if (const auto* text = std::get_if<std::string>(&value)) {
      out_ += *text;
    } else if (const auto* number = std::get_if<std::int64_t>(&value)) {
      AppendNumber(*number);
    } else {
      return AppendDate(std::get<TimePoint>(value));
    }
    return {};
  }

  Result<void> AppendPlural(const Node& node, const MessageArguments::Value* value) {
    if (!value) {
      const auto* missing = FindBranch(node, "missing");
      if (!missing) return Bad("argument " + node.text + " is missing");
      return Append(missing->nodes, std::nullopt);
    }
    const auto* number = std::get_if<std::int64_t>(value);
    if (!number) return Bad("argument " + node.text + " is not a number");
    const auto* branch = FindBranch(node, "=" + std::to_string(*number));
    const auto magnitude =
        *number < 0 ? 0 - static_cast<std::uint64_t>(*number) : static_cast<std::uint64_t>(*number);
    if (!branch) branch = FindBranch(node, NameOf(rules_.plural(magnitude)));
    if (!branch) branch = FindBranch(node, "other");
    return Append(branch->nodes, *number);
  }

  Result<void> AppendSelect(const Node& node, const MessageArguments::Value* value,
                            std::optional<std::int64_t> number) {
    const Branch* branch = nullptr;
    if (!value) {
      branch = FindBranch(node, "missing");
    } else if (const auto* text = std::get_if<std::string>(value); text && *text != "missing") {
      branch = FindBranch(node, *text);
    }
    if (!branch) branch = FindBranch(node, "other");
    return Append(branch->nodes, number);
  }

  void AppendNumber(std::int64_t number) {
    const std::string digits = std::to_string(number);
    const std::size_t start = number < 0 ? 1 : 0;
    for (std::size_t i = 0; i < digits.size(); ++i) {
      if (i > start && (digits.size() - i) % 3 == 0) out_ += rules_.group_separator;
      out_ += digits[i];
    }
  }

  // Fills a pattern of the locale tables; those are ours and tested, so this cannot fail.
  Result<std::string> Fill(std::string_view pattern, const MessageArguments& arguments) const {
    return FormatMessage(
        pattern, arguments,
        {.locale = dates_->language, .now = options_.now, .offset = options_.offset});
  }

  Result<std::string> DateText(TimePoint time) const {
    const auto local = ToLocal(time, options_.offset);
    const bool this_year = local.date.year() == ToLocal(options_.now, options_.offset).date.year();
    MessageArguments parts;
    parts.Set("weekday", dates_->weekdays[local.weekday.c_encoding()])
        .Set("day", std::to_string(unsigned{local.date.day()}))
        .Set("month", dates_->months[unsigned{local.date.month()} - 1])
        .Set("year", std::to_string(int{local.date.year()}));
    return Fill(this_year ? dates_->date : dates_->date_with_year, parts);
  }

  Result<void> AppendDate(TimePoint time) {
    LK_ASSIGN(const std::string text, DateText(time));
    out_ += text;
    return {};
  }

  std::string TimeText(TimePoint time) const {
    const auto local = ToLocal(time, options_.offset);
    auto two = [](int n) { return (n < 10 ? "0" : "") + std::to_string(n); };
    return two(local.hour) + ":" + two(local.minute);
  }

  Result<void> AppendTime(TimePoint time) {
    out_ += TimeText(time);
    return {};
  }

  // "in 5 days" by calendar days; on the same day hours and minutes.
  Result<void> AppendRelative(TimePoint time, bool with_date) {
    const auto there = ToLocal(time, options_.offset);
    const auto here = ToLocal(options_.now, options_.offset);
    const std::int64_t days = (there.day - here.day).count();
    if (days == 0) return AppendToday(time, with_date);
    std::string relative;
    if (days == 1) {
      relative = dates_->tomorrow;
    } else if (days == -1) {
      relative = dates_->yesterday;
    } else {
      MessageArguments n;
      n.Set("n", days > 0 ? days : -days);
      LK_ASSIGN(relative, Fill(days > 0 ? dates_->in_days : dates_->days_ago, n));
    }
    if (!with_date) {
      out_ += relative;
      return {};
    }
    LK_ASSIGN(const std::string date, DateText(time));
    MessageArguments parts;
    parts.Set("relative", relative).Set("date", date);
    LK_ASSIGN(const std::string text, Fill(dates_->on_date, parts));
    out_ += text;
    return {};
  }

  Result<void> AppendToday(TimePoint time, bool with_time) {
    const bool future = time >= options_.now;
    const auto distance = future ? time - options_.now : options_.now - time;
    const std::int64_t minutes = std::chrono::floor<std::chrono::minutes>(distance).count();
    if (minutes == 0) {
      out_ += dates_->now;
      return {};
    }
    MessageArguments n;
    n.Set("n", minutes < 60 ? minutes : minutes / 60);
    const std::string_view pattern = minutes < 60
                                         ? (future ? dates_->in_minutes : dates_->minutes_ago)
                                         : (future ? dates_->in_hours : dates_->hours_ago);
    LK_ASSIGN(const std::string relative, Fill(pattern, n));
    if (!with_time) {
      out_ += relative;
      return {};
    }
    MessageArguments parts;
    parts.Set("relative", relative).Set("time", TimeText(time));
    LK_ASSIGN(const std::string text, Fill(dates_->at_time, parts));
    out_ += text;
    return {};
  }

  const MessageArguments& arguments_;
  const FormatOptions& options_;
  const LocaleRules& rules_;
  const LocaleRules* dates_;
  std::string out_;
};

void CollectUses(const Nodes& nodes, std::vector<ArgumentUse>& uses) {
  for (const auto& node : nodes) {
    if (node.kind != Node::Kind::kArgument) continue;
    ArgumentUse use{node.text, node.format, {}};
    for (const auto& branch : node.branches) use.branches.push_back(branch.selector);
    uses.push_back(std::move(use));
    for (const auto& branch : node.branches) CollectUses(branch.nodes, uses);
  }
}

}  // namespace

MessageArguments& MessageArguments::Set(std::string_view name, std::string_view text) {
  values_.emplace_back(name, std::string(text));
  return *this;
}
MessageArguments& MessageArguments::Set(std::string_view name, std::int64_t number) {
  values_.emplace_back(name, number);
  return *this;
}
MessageArguments& MessageArguments::Set(std::string_view name, TimePoint time) {
  values_.emplace_back(name, time);
  return *this;
}

const MessageArguments::Value* MessageArguments::Find(std::string_view name) const {
  // The last one set wins.
  for (auto it = values_.rbegin(); it != values_.rend(); ++it)
    if (it->first == name) return &it->second;
  return nullptr;
}

Result<std::string> FormatMessage(std::string_view pattern, const MessageArguments& arguments,
                                  const FormatOptions& options) {
  LK_ASSIGN(const Nodes nodes, Parser(pattern).ParseAll());
  Formatter formatter(arguments, options);
  LK_TRY(formatter.Append(nodes, std::nullopt));
  return formatter.Take();
}

Result<std::vector<ArgumentUse>> ArgumentsOf(std::string_view pattern) {
  LK_ASSIGN(const Nodes nodes, Parser(pattern).ParseAll());
  std::vector<ArgumentUse> uses;
  CollectUses(nodes, uses);
  return uses;
}

}  // namespace latchkey::core
