#pragma once

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "base/uuid.h"

namespace latchkey::base {

// Trees (request bodies, metadata, events) are Boost.JSON; documents we send are written with
// JsonWriter.
namespace json = boost::json;

struct JsonLimits {
  std::size_t max_depth = 64;        // threat-model M12
  std::size_t max_values = 1000000;  // members and elements of the whole document
};

// Strict RFC 8259: UTF-8, no trailing text, no two members of one name. Integers beyond int64
// become double. kJsonInvalid otherwise; `detail` says what and where, never quoting the text.
Result<json::value> ParseJson(std::string_view text, const JsonLimits& limits = {});

// Compact text of a tree, members in their order.
std::string WriteJson(const json::value& value);

// Appends `text` with JSON escapes and quotes. `text` must be UTF-8.
void AppendJsonString(std::string& out, std::string_view text);

// Writes one compact document straight into a string, commas and quotes included. The caller keeps
// the structure right: Key before each value inside an object.
class JsonWriter {
 public:
  JsonWriter& BeginObject() { return Open('{'); }
  JsonWriter& EndObject() { return Close('}'); }
  JsonWriter& BeginArray() { return Open('['); }
  JsonWriter& EndArray() { return Close(']'); }
  JsonWriter& Key(std::string_view name);
  JsonWriter& String(std::string_view text);
  JsonWriter& Int(std::int64_t number);
  JsonWriter& Bool(bool value) { return Raw(value ? "true" : "false"); }
  JsonWriter& Null() { return Raw("null"); }
  JsonWriter& Time(TimePoint time);
  JsonWriter& Id(const Uuid& id);
  JsonWriter& Tree(const json::value& value);
  JsonWriter& Raw(std::string_view document);  // an already written value

  // Room for a document of about this size.
  void Reserve(std::size_t size) { out_.reserve(size); }
  const std::string& text() const { return out_; }
  std::string Take() { return std::move(out_); }

 private:
  JsonWriter& Open(char bracket);
  JsonWriter& Close(char bracket);
  void Separate();

  std::string out_;
  bool comma_ = false;
};

}  // namespace latchkey::base

namespace latchkey {
namespace json = boost::json;
}  // namespace latchkey
