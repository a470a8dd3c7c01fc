#include "latchkey/attribute_text.h"

#include <algorithm>
#include <charconv>
#include <limits>

namespace latchkey::app {
namespace {

std::optional<std::int64_t> ParseNumber(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

Error Wrong(const core::Attribute& attribute, const std::string& what) {
  return Error{Errc::kConfigInvalid, "--" + FlagName(attribute.name) + " " + what};
}

std::string Constant(std::string_view text) {
  std::string out;
  for (const char c : text)
    out += c == '-' || c == ' '   ? '_'
           : c >= 'a' && c <= 'z' ? static_cast<char>(c - ('a' - 'A'))
                                  : c;
  return out;
}

// A number, true, false or null stays one; everything else is text.
json::value Scalar(const std::string& text) {
  if (text == "true") return true;
  if (text == "false") return false;
  if (text == "null") return nullptr;
  if (const auto number = ParseNumber(text); number && std::to_string(*number) == text)
    return *number;
  return json::value(text);
}

Result<json::value> Metadata(const core::Attribute& attribute,
                             const std::vector<std::string>& texts) {
  json::object out;
  for (const std::string& text : texts) {
    if (text.starts_with('{')) {
      auto parsed = base::ParseJson(text);
      if (!parsed) return Wrong(attribute, "is not a JSON object: " + parsed.error().detail);
      for (auto& [name, value] : parsed->as_object()) out.insert_or_assign(name, value);
      continue;
    }
    const auto equals = text.find('=');
    if (equals == text.npos || equals == 0)
      return Wrong(attribute, "takes name=value (again for more), or one JSON object");
    out.insert_or_assign(text.substr(0, equals), Scalar(text.substr(equals + 1)));
  }
  return json::value(std::move(out));
}

json::value List(const std::vector<std::string>& texts) {
  json::array out;
  for (std::string_view rest : texts)
    while (!rest.empty()) {
      const auto comma = rest.find(',');
      if (const auto item = rest.substr(0, comma); !item.empty()) out.emplace_back(item);
      rest = comma == rest.npos ? std::string_view() : rest.substr(comma + 1);
    }
  return json::value(std::move(out));
}

}  // namespace

std::string FlagName(std::string_view name) {
  std::string out;
  for (const char c : name)
    if (c == '_')
      out += '-';
    else if (c >= 'A' && c <= 'Z')
      (out += '-') += static_cast<char>(c + ('a' - 'A'));
    else
      out += c;
  return out;
}

bool IsSpan(const core::Attribute& attribute) {
  if (attribute.kind != core::Kind::kInteger) return false;
  for (const std::string_view end : {"duration", "_interval", "_grace", "_ttl"})
    if (attribute.name.ends_with(end)) return true;
  return false;
}

std::string FlagType(const core::Attribute& attribute) {
  std::string type;
  switch (attribute.kind) {
    case core::Kind::kInteger:
      type = IsSpan(attribute) ? "seconds or 30d, 12h, 90m" : "number";
      break;
    case core::Kind::kBoolean:
      type = "true | false";
      break;
    case core::Kind::kTime:
      type = "time, like 2027-01-31T00:00:00Z";
      break;
    case core::Kind::kEnum:
      break;
    case core::Kind::kStrings:
      type = "a,b,c";
      break;
    case core::Kind::kMetadata:
      return "name=value ...";
    default:
      type = "text";
  }
  if (!attribute.names.empty()) {
    type.clear();
    for (const std::string_view name : attribute.names)
      type += (type.empty() ? "" : " | ") + std::string(name);
  }
  return attribute.nullable ? type + " | null" : type;
}

std::optional<std::int64_t> ParseSpan(std::string_view text) {
  std::int64_t unit = 1;
  constexpr std::pair<char, std::int64_t> kUnits[] = {
      {'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}, {'w', 604800}};
  for (const auto& [letter, seconds] : kUnits)
    if (text.ends_with(letter)) {
      unit = seconds;
      text.remove_suffix(1);
      break;
    }
  const auto number = ParseNumber(text);
  std::int64_t out = 0;
  if (!number || __builtin_mul_overflow(*number, unit, &out)) return std::nullopt;
  return out;
}

Result<json::value> AttributeValue(const core::Attribute& attribute,
                                   const std::vector<std::string>& texts) {
  using core::Kind;
  if (attribute.kind == Kind::kMetadata) return Metadata(attribute, texts);
  if (texts.empty()) return Wrong(attribute, "takes a value");
  const std::string& text = texts.back();
  if (text == "null" && attribute.nullable) return json::value(nullptr);
  switch (attribute.kind) {
    case Kind::kStrings:
      return List(texts);
    case Kind::kInteger: {
      const auto number = IsSpan(attribute) ? ParseSpan(text) : ParseNumber(text);
      if (!number) return Wrong(attribute, "takes " + FlagType(attribute));
      return json::value(*number);
    }
    case Kind::kBoolean:
      if (text != "true" && text != "false") return Wrong(attribute, "takes true or false");
      return json::value(text == "true");
    case Kind::kEnum:
      return json::value(Constant(text));
    default:
      return json::value(text);
  }
}

}  // namespace latchkey::app
