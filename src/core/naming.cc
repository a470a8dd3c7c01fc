#include "core/naming.h"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

namespace latchkey::core {
namespace {

constexpr bool IsLower(char c) { return c >= 'a' && c <= 'z'; }
constexpr bool IsUpper(char c) { return c >= 'A' && c <= 'Z'; }
constexpr bool IsDigit(char c) { return c >= '0' && c <= '9'; }
constexpr char Lower(char c) { return IsUpper(c) ? static_cast<char>(c - 'A' + 'a') : c; }
constexpr char Upper(char c) { return IsLower(c) ? static_cast<char>(c - 'a' + 'A') : c; }

// ICU's Latin-ASCII for U+00C0 to U+024F (decision 34), two places each; "--" = no letter, so a
// separator.
constexpr char32_t kFirstLatin = 0xC0;
constexpr std::string_view kLatinToAscii =
    "A A A A A A AEC E E E E I I I I D N O O O O O --O U U U U Y THssa a a a a a aec "
    "e e e e i i i i d n o o o o o --o u u u u y thy A a A a A a C c C c C c C c D d "
    "D d E e E e E e E e E e G g G g G g G g H h H h I i I i I i I i I i IJijJ j K k "
    "q L l L l L l L l L l N n N n N n _nN n O o O o O o OEoeR r R r R r S s S s S s "
    "S s T t T t T t U u U u U u U u U u U u W w Y y Y Z z Z z Z z s b B B b ------C "
    "c D D D d ------E F f G --hvI I K k l ----N n --O o OIoiP p ----------t T t T U "
    "u --V Y y Z z --------------------------DZDzdzLJLjljNJNjnjA a I i O o U u U u U "
    "u U u U u --A a A a AEaeG g G g K k O o O o ----j DZDzdzG g ----N n A a AEaeO o "
    "A a A a E e E e I i I i O o O o R r R r U u U u S s T t ----H h --d ----Z z A a "
    "E e O o O o O o O o Y y l n t j dbqpA C c L T s z ----B U --E e J j ----R r Y y ";
static_assert(kLatinToAscii.size() == 2 * (0x250 - 0xC0));

// The letters that the code point starting at `i` stands for (empty = separator); moves `i` behind
// it. `text` is UTF-8.
std::string_view Transliterate(std::string_view text, std::size_t& i) {
  const auto first = static_cast<unsigned char>(text[i]);
  if (first < 0x80) return text.substr(i++, 1);
  const std::size_t length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  char32_t point = first & 0x1Fu;
  if (length == 2 && i + 1 < text.size())
    point = (point << 6) | (static_cast<unsigned char>(text[i + 1]) & 0x3Fu);
  else
    point = 0;
  i = std::min(i + length, text.size());
  if (point < kFirstLatin || point >= 0x250) return {};
  const auto cell = kLatinToAscii.substr(2 * (point - kFirstLatin), 2);
  if (cell[0] == '-') return {};
  return cell.substr(0, cell[1] == ' ' ? 1 : 2);
}

// A word begins at `i`: lower-case letter or digit before a capital, or the last capital of a run
// before a lower-case letter.
bool BreaksBefore(std::string_view name, std::size_t i) {
  if (i == 0 || !IsUpper(name[i])) return false;
  const char before = name[i - 1];
  if (IsLower(before) || IsDigit(before)) return true;
  return IsUpper(before) && i + 1 < name.size() && IsLower(name[i + 1]);
}

std::string Child(std::string_view pointer, std::string_view segment) {
  return std::string(pointer) + "/" + std::string(segment);
}

// Where a value is, spelled out only for errors.
struct Place {
  const Place* parent = nullptr;
  std::string_view name{};  // normalised
  std::size_t index = 0;    // when there is no name
  std::string Pointer() const {
    if (!parent) return {};
    return Child(parent->Pointer(), name.empty() ? std::to_string(index) : ToCamel(name));
  }
};

// What ToSnake would leave as it is.
bool IsSnake(std::string_view name) {
  char before = '_';
  for (const char c : name) {
    if (!IsLower(c) && !IsDigit(c) && (c != '_' || before == '_')) return false;
    before = c;
  }
  return before != '_';
}

// Nothing in it has a name to change.
bool IsNormal(const json::value& value) {
  if (const auto* array = value.if_array())
    return std::all_of(array->begin(), array->end(), IsNormal);
  const auto* object = value.if_object();
  return !object || std::all_of(object->begin(), object->end(), [](const auto& member) {
    return IsSnake(member.key()) && IsNormal(member.value());
  });
}

Result<json::value> Normalise(json::value value, const Place& place) {
  if (value.is_array()) {
    auto& array = value.get_array();
    for (std::size_t i = 0; i < array.size(); ++i) {
      LK_ASSIGN(array[i], Normalise(std::move(array[i]), Place{&place, {}, i}));
    }
    return value;
  }
  if (!value.is_object()) return value;
  auto& object = value.get_object();
  json::object out;
  out.reserve(object.size());
  for (auto& [key, member] : object) {
    const std::string name = ToSnake(key);
    if (name.empty()) return Error{Errc::kParameterInvalid, "is invalid", place.Pointer()};
    if (out.contains(name)) return Error{Errc::kJsonInvalid, "two members have the same name"};
    LK_ASSIGN(auto normal, Normalise(std::move(member), Place{&place, name, 0}));
    out.emplace(name, std::move(normal));
  }
  return json::value(std::move(out));
}

json::value Emit(const json::value& value, bool snake) {
  if (value.is_array()) {
    json::array out;
    out.reserve(value.get_array().size());
    for (const auto& item : value.get_array()) out.push_back(Emit(item, snake));
    return out;
  }
  if (!value.is_object()) return value;
  json::object out;
  out.reserve(value.get_object().size());
  for (const auto& [key, member] : value.get_object())
    out.insert_or_assign(snake ? std::string(key) : ToCamel(key), Emit(member, snake));
  return out;
}

Result<void> CheckDepth(const json::value& value, int levels, const std::string& pointer) {
  if (!value.is_object() && !value.is_array()) return {};
  if (levels < 0) return Error{Errc::kParameterInvalid, "maximum depth of 2 exceeded", pointer};
  if (value.is_object()) {
    for (const auto& [key, member] : value.get_object())
      LK_TRY(CheckDepth(member, levels - 1, Child(pointer, ToCamel(key))));
    return {};
  }
  std::size_t i = 0;
  for (const auto& item : value.get_array())
    LK_TRY(CheckDepth(item, levels - 1, Child(pointer, std::to_string(i++))));
  return {};
}

constexpr auto kSuffixes = std::to_array<std::pair<std::string_view, std::string_view>>({
    {"required", "MISSING"},
    {"unique", "TAKEN"},
    {"inclusion", "NOT_ALLOWED"},
    {"exclusion", "NOT_ALLOWED"},
    {"length_min", "TOO_SHORT"},
    {"length_max", "TOO_LONG"},
    {"numeric_bound", "INVALID"},
    {"format", "INVALID"},
});

// One part of a path: "components[0]" is {"components", "0"}.
struct Part {
  std::string_view name;
  std::string_view index;
};

std::vector<Part> Split(std::string_view path) {
  std::vector<Part> parts;
  while (!path.empty()) {
    const auto dot = std::min(path.find('.'), path.size());
    const auto part = path.substr(0, dot);
    const auto open = std::min(part.find('['), part.size());
    const auto close = std::min(part.find(']'), part.size());
    parts.push_back({part.substr(0, open),
                     open < close ? part.substr(open + 1, close - open - 1) : std::string_view()});
    path.remove_prefix(std::min(dot + 1, path.size()));
  }
  return parts;
}

// Release attributes that are kept as relations.
bool IsAttributeKeptAsRelation(std::string_view name) {
  return name == "platform" || name == "channel" || name == "arch" || name == "filetype" ||
         name == "engine";
}

std::string PointerOf(const Violation& violation, const std::vector<Part>& parts) {
  if (violation.kind == Violation::Kind::kRecord) return "/data";
  if (violation.kind == Violation::Kind::kId) return "/data/id";
  std::string pointer = "/data";
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const auto& [name, index] = parts[i];
    const bool relation =
        i + 1 < parts.size() ||
        (violation.kind == Violation::Kind::kRelationship && !IsAttributeKeptAsRelation(name));
    pointer += relation ? "/relationships/" : "/attributes/";
    // An account's users are embedded under the name `admins`.
    pointer += name == "users" && !index.empty() ? "admins" : ToCamel(name);
    if (!index.empty()) pointer += "/data/" + std::string(index);
  }
  return pointer;
}

}  // namespace

std::string ToSnake(std::string_view name) {
  std::string out;
  out.reserve(name.size() + 4);
  const auto separate = [&out] {
    if (!out.empty() && out.back() != '_') out += '_';
  };
  for (std::size_t i = 0; i < name.size();) {
    if (BreaksBefore(name, i)) separate();
    const auto letters = Transliterate(name, i);
    if (letters.empty()) separate();
    for (const char c : letters) {
      if (IsLower(c) || IsUpper(c) || IsDigit(c))
        out += Lower(c);
      else
        separate();
    }
  }
  if (!out.empty() && out.back() == '_') out.pop_back();
  return out;
}

std::string ToAscii(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size();) {
    const auto letters = Transliterate(text, i);
    out += letters.empty() ? " " : letters;
  }
  return out;
}

std::string ToCamel(std::string_view snake) {
  std::string out(snake.size(), '\0');
  std::size_t size = 0;
  bool capital = false;
  for (const char c : snake) {
    if (c == '_' || c == '-') {
      capital = true;
      continue;
    }
    out[size] = size == 0 ? Lower(c) : capital ? Upper(c) : c;
    ++size;
    capital = false;
  }
  out.resize(size);
  return out;
}

Result<json::value> NormaliseKeys(json::value document) {
  if (IsNormal(document)) return document;
  return Normalise(std::move(document), Place{});
}

json::object EmitMetadata(const json::object& stored, bool nested_snake) {
  json::object out;
  out.reserve(stored.size());
  for (const auto& [key, value] : stored)
    out.insert_or_assign(ToCamel(key), Emit(value, nested_snake));
  return out;
}

Result<void> CheckMetadataDepth(const json::object& metadata, std::string_view pointer) {
  for (const auto& [key, value] : metadata)
    LK_TRY(CheckDepth(value, 1, Child(pointer, ToCamel(key))));
  return {};
}

std::string SuffixOf(std::string_view rule) {
  for (const auto& [name, suffix] : kSuffixes)
    if (name == rule) return std::string(suffix);
  std::string out(rule);
  std::ranges::transform(out, out.begin(), Upper);
  return out;
}

WireCode DeriveCode(const Violation& violation) {
  const auto parts = Split(violation.path);
  std::string code;
  for (const auto& part : parts) {
    for (const char c : part.name) code += Upper(c);
    code += '_';
  }
  code += SuffixOf(violation.rule);

  const auto last = parts.empty() ? std::string_view() : parts.back().name;
  if (last.starts_with("permission"))
    return {"PERMISSIONS_" + SuffixOf(violation.rule), "/data/attributes/permissions"};
  if (code == "USERS_LIMIT_EXCEEDED" || code == "LICENSE_USER_LIMIT_EXCEEDED")
    return {"USER_LIMIT_EXCEEDED", "/data/relationships/users"};
  if (code.ends_with("ACCOUNT_NOT_ALLOWED")) return {};
  if (!parts.empty() && parts.front().name == "role")
    return {std::move(code), "/data/attributes/role"};
  return {std::move(code), PointerOf(violation, parts)};
}

std::string CamelPointer(std::string_view pointer) {
  std::string out;
  while (!pointer.empty()) {
    pointer.remove_prefix(1);  // the slash
    const auto end = std::min(pointer.find('/'), pointer.size());
    out += '/';
    out += ToCamel(pointer.substr(0, end));
    pointer.remove_prefix(end);
  }
  return out;
}

}  // namespace latchkey::core
