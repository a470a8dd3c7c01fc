// Default keys and what people type of them (decision 8).
#include "core/check_digits.h"
#include "core/license_key.h"

namespace latchkey::core {
namespace {

constexpr std::size_t kDigits = 30;  // five groups of six hex digits
constexpr std::size_t kGroup = 6;
constexpr std::string_view kVersion = "V3";
constexpr std::string_view kHex = "0123456789ABCDEF";

int HexValue(char c) {
  const std::size_t at = kHex.find(c);
  return at == std::string_view::npos ? -1 : static_cast<int>(at);
}

std::string DigitsOf(const CodeWord& word) {
  std::string digits;
  for (const std::uint8_t byte : word) {
    digits += kHex[byte >> 4];
    digits += kHex[byte & 15];
  }
  return digits;
}

std::string Grouped(std::string_view digits) {
  std::string key;
  for (std::size_t i = 0; i < digits.size(); i += kGroup) {
    key += digits.substr(i, kGroup);
    key += '-';
  }
  return key.append(kVersion);
}

std::string_view Trim(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n\v\f";
  const std::size_t first = text.find_first_not_of(kSpace);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}

// The next code point of valid UTF-8.
char32_t Next(std::string_view& text) {
  const auto lead = static_cast<unsigned char>(text.front());
  const int more = lead < 0x80 ? 0 : lead < 0xe0 ? 1 : lead < 0xf0 ? 2 : 3;
  char32_t point = more == 0 ? lead : lead & (0x3f >> more);
  for (int i = 1; i <= more; ++i)
    point = (point << 6) | (static_cast<unsigned char>(text[static_cast<std::size_t>(i)]) & 0x3f);
  text.remove_prefix(static_cast<std::size_t>(more) + 1);
  return point;
}

// White space and every kind of dash that word processors and chat programs put in.
bool Separates(char32_t c) {
  return (c >= 0x09 && c <= 0x0d) || c == ' ' || c == '-' || c == '_' || c == 0xa0 || c == 0xad ||
         (c >= 0x2000 && c <= 0x2015) || c == 0x202f || c == 0x2060 || c == 0x2212 || c == 0x3000 ||
         c == 0xfe58 || c == 0xfe63 || c == 0xff0d || c == 0xfeff;
}

// Upper case, full-width forms narrowed, and letters that no hex digit but one looks like. 'B' and
// '8', 'D' and '0' are both digits: those are for the check bytes. '\0' for anything else.
char Mend(char32_t c) {
  if (c >= 0xff01 && c <= 0xff5e) c -= 0xfee0;
  if (c >= 'a' && c <= 'z') c -= 'a' - 'A';
  switch (c) {
    case 'O':
      return '0';
    case 'I':
    case 'L':
    case '|':
      return '1';
    case 'Z':
      return '2';
    case 'S':
      return '5';
    default:
      break;
  }
  const bool known = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z');
  return known ? static_cast<char>(c) : '\0';
}

struct Typed {
  std::string text;                 // mended characters without separators
  std::vector<std::size_t> groups;  // lengths between separators
};

std::optional<Typed> Read(std::string_view typed) {
  // No default key is near this long; whoever pastes a book gets an answer at once.
  if (typed.size() > 512 || !base::IsUtf8(typed)) return std::nullopt;
  Typed out;
  bool inside = false;
  while (!typed.empty()) {
    const char32_t point = Next(typed);
    if (Separates(point)) {
      inside = false;
      continue;
    }
    const char c = Mend(point);
    if (c == '\0') return std::nullopt;
    if (!inside) out.groups.push_back(0);
    inside = true;
    ++out.groups.back();
    out.text += c;
  }
  return out;
}

// A key with a character too few or too many: the group is known if the separators were kept.
std::optional<KeyCheck> WrongLength(const Typed& typed) {
  const std::size_t size = typed.text.size();
  if (!typed.text.ends_with(kVersion) || size < 3) return std::nullopt;
  const std::string_view digits = std::string_view(typed.text).substr(0, size - kVersion.size());
  if (digits.find_first_not_of(kHex) != std::string_view::npos) return std::nullopt;
  KeyCheck check{.verdict = KeyCheck::Verdict::kTypo, .cleaned = Grouped(digits)};
  if (typed.groups.size() == 6 && typed.groups.back() == kVersion.size()) {
    int wrong = 0;
    check.cleaned.clear();
    std::size_t at = 0;
    for (std::size_t i = 0; i < 5; ++i) {
      if (typed.groups[i] != kGroup) {
        ++wrong;
        check.group = static_cast<int>(i) + 1;
      }
      check.cleaned += digits.substr(at, typed.groups[i]);
      check.cleaned += '-';
      at += typed.groups[i];
    }
    check.cleaned += kVersion;
    if (wrong == 1) return check;
    check.group = 0;
  }
  if (digits.size() + 1 == kDigits || digits.size() == kDigits + 1) return check;
  return std::nullopt;
}

KeyCheck Judge(std::string_view digits, bool versioned, std::string_view tail) {
  KeyCheck check;
  CodeWord word{};
  int unreadable = -1;  // the byte with a character that is no hex digit
  for (std::size_t i = 0; i < kDigits; ++i) {
    const int value = HexValue(digits[i]);
    const int byte = static_cast<int>(i / 2);
    if (value < 0) {
      if (unreadable >= 0 && unreadable != byte) return check;
      unreadable = byte;
      continue;
    }
    word[i / 2] |= static_cast<std::uint8_t>(i % 2 == 0 ? value << 4 : value);
  }
  const CodeCheck code = CheckCodeWord(word);
  // Without the version the text is only ours if the check bytes say so.
  if (!versioned && (!code.sound || unreadable >= 0)) return check;
  check.cleaned = Grouped(digits);
  if (code.sound && unreadable < 0) {
    if (versioned || tail.empty()) {
      check.verdict = KeyCheck::Verdict::kSound;
      return check;
    }
    check.verdict = KeyCheck::Verdict::kTypo;
    check.suggestion = check.cleaned;
    check.cleaned.replace(check.cleaned.size() - kVersion.size(), kVersion.size(), tail);
    return check;
  }
  check.verdict = KeyCheck::Verdict::kTypo;
  const int position = unreadable >= 0 ? unreadable : code.position;
  if (position >= 0) check.group = position / 3 + 1;
  if (code.sound || (code.position >= 0 && code.position == position)) {
    if (!code.sound) word[static_cast<std::size_t>(position)] ^= code.error;
    check.suggestion = Grouped(DigitsOf(word));
  }
  return check;
}

}  // namespace

std::string GenerateDefaultKey(Random& random) {
  CodeWord word{};
  random.Fill(std::span(word).first(12));
  SetCheckBytes(word);
  return Grouped(DigitsOf(word));
}

KeyCheck CheckTypedKey(std::string_view text) {
  KeyCheck other;
  other.cleaned = Trim(text);
  const auto typed = Read(text);
  if (!typed) return other;
  const std::string_view all = typed->text;
  const bool versioned = all.size() == kDigits + 2 && all.ends_with(kVersion);
  if (all.size() == kDigits || all.size() == kDigits + 2) {
    KeyCheck check = Judge(all.substr(0, kDigits), versioned, all.substr(kDigits));
    if (check.verdict != KeyCheck::Verdict::kOtherShape) return check;
  }
  if (!versioned)
    if (auto check = WrongLength(*typed)) return *check;
  return other;
}

}  // namespace latchkey::core
