#include "base/json.h"

#include <algorithm>
#include <array>
#include <boost/json/basic_parser_impl.hpp>
#include <charconv>
#include <cmath>
#include <cstring>
#include <unordered_set>

namespace latchkey::base {
namespace {

// Builds the tree itself, because Boost's own builder lets the last of two equal names win.
struct TreeHandler {
  static constexpr std::size_t max_object_size = 100000;
  static constexpr std::size_t max_array_size = 100000;
  static constexpr std::size_t max_key_size = 1 << 20;
  static constexpr std::size_t max_string_size = 1 << 24;
  using error_code = boost::json::error_code;

  json::value result;
  std::vector<json::value*> open;
  std::string key;
  std::string text;
  std::string number_text;
  bool duplicate = false;
  bool too_many = false;
  std::size_t values = 0;
  std::size_t max_values = 0;

  json::value* Place(json::value value) {
    too_many = too_many || ++values > max_values;
    if (open.empty()) {
      result = std::move(value);
      return &result;
    }
    if (auto* array = open.back()->if_array()) return &array->emplace_back(std::move(value));
    auto& object = open.back()->get_object();
    const auto [it, inserted] = object.emplace(key, std::move(value));
    key.clear();
    if (!inserted) duplicate = true;
    return &it->value();
  }
  bool Checked(error_code& ec) const {
    if (duplicate || too_many) ec = boost::json::error::extra_data;
    return !duplicate && !too_many;
  }

  bool on_document_begin(error_code&) { return true; }
  bool on_document_end(error_code&) { return true; }
  bool on_object_begin(error_code& ec) {
    json::value* value = Place(json::object());
    open.push_back(value);
    return Checked(ec);
  }
  bool on_object_end(std::size_t, error_code&) {
    open.pop_back();
    return true;
  }
  bool on_array_begin(error_code& ec) {
    json::value* value = Place(json::array());
    open.push_back(value);
    return Checked(ec);
  }
  bool on_array_end(std::size_t, error_code&) {
    open.pop_back();
    return true;
  }
  bool on_key_part(json::string_view part, std::size_t, error_code&) {
    key.append(part.data(), part.size());
    return true;
  }
  bool on_key(json::string_view part, std::size_t, error_code&) {
    key.append(part.data(), part.size());
    return true;
  }
  bool on_string_part(json::string_view part, std::size_t, error_code&) {
    text.append(part.data(), part.size());
    return true;
  }
  bool on_string(json::string_view part, std::size_t, error_code& ec) {
    text.append(part.data(), part.size());
    Place(json::string(text));
    text.clear();
    return Checked(ec);
  }
  bool on_number_part(json::string_view part, error_code&) {
    number_text.append(part.data(), part.size());
    return true;
  }
  bool on_int64(std::int64_t number, json::string_view, error_code& ec) {
    number_text.clear();
    Place(number);
    return Checked(ec);
  }
  bool on_uint64(std::uint64_t number, json::string_view, error_code& ec) {
    number_text.clear();
    Place(static_cast<double>(number));
    return Checked(ec);
  }
  bool on_double(double number, json::string_view part, error_code& ec) {
    // Boost 1.81 rounds long numbers a little wrong, so that each reading and writing would change
    // them; from_chars reads the nearest double. Beyond the range of a double, Boost's answer
    // stands.
    number_text.append(part.data(), part.size());
    double nearest = 0;
    const char* const end = number_text.data() + number_text.size();
    if (std::from_chars(number_text.data(), end, nearest).ec == std::errc{}) number = nearest;
    number_text.clear();
    if (!std::isfinite(number)) {  // no text of ours could say it again
      ec = boost::json::error::exponent_overflow;
      return false;
    }
    Place(number);
    return Checked(ec);
  }
  bool on_bool(bool value, error_code& ec) {
    Place(value);
    return Checked(ec);
  }
  bool on_null(error_code& ec) {
    Place(nullptr);
    return Checked(ec);
  }
  bool on_comment_part(json::string_view, error_code&) { return true; }
  bool on_comment(json::string_view, error_code&) { return true; }
};

// How many bytes at the front stand for themselves in a JSON string, looked at eight at a time.
std::size_t PlainBytes(std::string_view text) {
  constexpr std::uint64_t kOnes = 0x0101010101010101u;
  constexpr std::uint64_t kHigh = 0x80 * kOnes;
  std::size_t at = 0;
  for (; at + 8 <= text.size(); at += 8) {
    std::uint64_t word;
    std::memcpy(&word, text.data() + at, 8);
    // Bytes from 0x80 on are plain; the others have no high bit, so no sum carries into the next.
    const std::uint64_t low = word & ~kHigh;
    const std::uint64_t plain = (low + (0x80 - 0x20) * kOnes) &           // high bit from 0x20 on
                                ((low ^ ('"' * kOnes)) + 0x7f * kOnes) &  // and where not equal
                                ((low ^ ('\\' * kOnes)) + 0x7f * kOnes);
    if (((plain | word) & kHigh) != kHigh) break;
  }
  const auto special = [](char c) {
    return static_cast<unsigned char>(c) < 0x20 || c == '"' || c == '\\';
  };
  while (at < text.size() && !special(text[at])) ++at;
  return at;
}

// Most names and texts are short and plain: appended at once with what stands around them.
constexpr std::size_t kShort = 120;
bool AppendShort(std::string& out, bool comma, std::string_view text, std::string_view after) {
  if (text.size() > kShort || PlainBytes(text) != text.size()) return false;
  std::array<char, kShort + 8> buffer;
  char* at = buffer.data();
  if (comma) *at++ = ',';
  *at++ = '"';
  at = std::copy(text.begin(), text.end(), at);
  at = std::copy(after.begin(), after.end(), at);
  out.append(buffer.data(), static_cast<std::size_t>(at - buffer.data()));
  return true;
}

void AppendInt(std::string& out, std::int64_t number) {
  std::array<char, 24> buffer;
  const auto [end, ec] = std::to_chars(buffer.data(), buffer.data() + buffer.size(), number);
  out.append(buffer.data(), end);
}

// The shortest decimal that reads back as the same double, and always as a double.
void AppendDouble(std::string& out, double number) {
  std::array<char, 32> buffer;
  const auto [end, ec] = std::to_chars(buffer.data(), buffer.data() + buffer.size(), number);
  const std::string_view text(buffer.data(), static_cast<std::size_t>(end - buffer.data()));
  out += text;
  if (text.find_first_of(".e") == std::string_view::npos) out += ".0";
}

}  // namespace

Result<json::value> ParseJson(std::string_view text, const JsonLimits& limits) {
  json::parse_options options;
  options.max_depth = limits.max_depth;
  json::basic_parser<TreeHandler> parser(options);
  parser.handler().max_values = limits.max_values;
  json::error_code ec;
  const std::size_t used = parser.write_some(false, text.data(), text.size(), ec);
  if (parser.handler().too_many)
    return Error{Errc::kJsonInvalid,
                 "the document has more than " + std::to_string(limits.max_values) + " values"};
  if (parser.handler().duplicate)
    return Error{Errc::kJsonInvalid, "two members of one object have the same name"};
  if (ec) return Error{Errc::kJsonInvalid, "at byte " + std::to_string(used) + ": " + ec.message()};
  for (std::size_t i = used; i < text.size(); ++i) {
    const char c = text[i];
    if (c != ' ' && c != '\t' && c != '\n' && c != '\r')
      return Error{Errc::kJsonInvalid,
                   "at byte " + std::to_string(i) + ": text after the document"};
  }
  return std::move(parser.handler().result);
}

std::string WriteJson(const json::value& value) {
  JsonWriter writer;
  writer.Tree(value);
  return writer.Take();
}

void AppendJsonString(std::string& out, std::string_view text) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  const char* const begin = text.data();
  const char* const end = begin + text.size();
  const auto skip = [end](const char* at) { return at + PlainBytes({at, end}); };
  out += '"';
  const char* plain = begin;
  for (const char* at = skip(begin); at != end; at = skip(plain)) {
    out.append(plain, at);
    plain = at + 1;
    const auto c = static_cast<unsigned char>(*at);
    switch (c) {
      case '"':
        out += "\\\"";
        break;
      case '\\':
        out += "\\\\";
        break;
      case '\n':
        out += "\\n";
        break;
      case '\r':
        out += "\\r";
        break;
      case '\t':
        out += "\\t";
        break;
      case '\b':
        out += "\\b";
        break;
      case '\f':
        out += "\\f";
        break;
      default:
        out += "\\u00";
        out += kDigits[c >> 4];
        out += kDigits[c & 15];
    }
  }
  out.append(plain, end);
  out += '"';
}

void JsonWriter::Separate() {
  if (comma_) out_ += ',';
  comma_ = true;
}

JsonWriter& JsonWriter::Open(char bracket) {
  Separate();
  out_ += bracket;
  comma_ = false;
  return *this;
}

JsonWriter& JsonWriter::Close(char bracket) {
  out_ += bracket;
  comma_ = true;
  return *this;
}

JsonWriter& JsonWriter::Key(std::string_view name) {
  if (!AppendShort(out_, comma_, name, "\":")) {
    Separate();
    AppendJsonString(out_, name);
    out_ += ':';
  }
  comma_ = false;
  return *this;
}

JsonWriter& JsonWriter::String(std::string_view text) {
  if (AppendShort(out_, comma_, text, "\"")) {
    comma_ = true;
    return *this;
  }
  Separate();
  AppendJsonString(out_, text);
  return *this;
}

JsonWriter& JsonWriter::Int(std::int64_t number) {
  Separate();
  AppendInt(out_, number);
  return *this;
}

JsonWriter& JsonWriter::Time(TimePoint time) {
  Separate();
  out_ += '"';
  out_ += FormatTime(time);
  out_ += '"';
  return *this;
}

JsonWriter& JsonWriter::Id(const Uuid& id) {
  Separate();
  out_ += '"';
  id.AppendTo(out_);
  out_ += '"';
  return *this;
}

JsonWriter& JsonWriter::Tree(const json::value& value) {
  switch (value.kind()) {
    case json::kind::null:
      return Null();
    case json::kind::bool_:
      return Bool(value.get_bool());
    case json::kind::int64:
      return Int(value.get_int64());
    case json::kind::string:
      return String(value.get_string());
    case json::kind::array:
      BeginArray();
      for (const auto& item : value.get_array()) Tree(item);
      return EndArray();
    case json::kind::object:
      BeginObject();
      for (const auto& [name, item] : value.get_object()) Key(name).Tree(item);
      return EndObject();
    case json::kind::double_: {
      // Boost would write 1.5 as 1.5E0: right, but not what a client sent.
      std::string text;
      AppendDouble(text, value.get_double());
      return Raw(text);
    }
    case json::kind::uint64:
      return Raw(std::to_string(value.get_uint64()));
  }
  return *this;
}

JsonWriter& JsonWriter::Raw(std::string_view document) {
  Separate();
  out_ += document;
  return *this;
}

}  // namespace latchkey::base
