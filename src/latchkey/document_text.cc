#include "latchkey/document_text.h"

#include <algorithm>

#include "base/bytes.h"
#include "latchkey/attribute_text.h"

namespace latchkey::app {
namespace {

const json::value* Member(const json::value* value, std::string_view name) {
  const auto* object = value ? value->if_object() : nullptr;
  return object ? object->if_contains(name) : nullptr;
}

std::string ScalarText(const json::value& value) {
  if (value.is_null()) return "-";
  if (value.is_string()) return PrintableText(value.get_string());
  if (value.is_bool()) return value.get_bool() ? "yes" : "no";
  if (const auto* array = value.if_array()) {
    std::string out;
    for (const auto& item : *array) out += (out.empty() ? "" : ", ") + ScalarText(item);
    return out;
  }
  return PrintableText(base::WriteJson(value));
}

bool SaysSomething(std::string_view name, const json::value& value) {
  if (value.is_null()) return false;
  if (name == "permissions") return false;  // a screenful; --json has it
  if (const auto* array = value.if_array()) return !array->empty();
  if (const auto* object = value.if_object()) return !object->empty();
  return true;
}

std::string Padded(std::string text, std::size_t width) {
  const std::size_t length = base::Utf8Length(text);
  if (length < width) text.append(width - length, ' ');
  return text;
}

void AddRows(std::vector<std::pair<std::string, std::string>>& rows, const json::value* members) {
  const auto* object = members ? members->if_object() : nullptr;
  if (!object) return;
  for (const auto& [name, value] : *object)
    if (SaysSomething(name, value) && name != "certificate")
      rows.emplace_back(FlagName(name), ScalarText(value));
}

std::string OneText(const json::value& resource) {
  std::vector<std::pair<std::string, std::string>> rows;
  if (const auto* id = Member(&resource, "id")) rows.emplace_back("id", ScalarText(*id));
  AddRows(rows, Member(&resource, "attributes"));
  if (const auto* relationships = Member(&resource, "relationships"))
    if (const auto* object = relationships->if_object())
      for (const auto& [name, value] : *object)
        if (const auto* id = Member(Member(&value, "data"), "id"); id && name != "account")
          rows.emplace_back(FlagName(name), ScalarText(*id));
  std::size_t width = 0;
  for (const auto& row : rows) width = std::max(width, row.first.size());
  std::string out;
  for (const auto& [name, text] : rows) out += Padded(name, width + 2) + text + '\n';
  const auto* certificate = Member(Member(&resource, "attributes"), "certificate");
  if (certificate && certificate->is_string()) out += std::string(certificate->get_string());
  return out;
}

std::string ManyText(const json::array& resources, const std::vector<std::string_view>& columns) {
  std::vector<std::vector<std::string>> rows(1);
  for (const std::string_view column : columns) rows[0].push_back(FlagName(column));
  for (const auto& resource : resources) {
    auto& row = rows.emplace_back();
    for (const std::string_view column : columns) {
      const auto* value = column == "id" ? Member(&resource, "id")
                                         : Member(Member(&resource, "attributes"), column);
      row.push_back(value ? ScalarText(*value) : "-");
    }
  }
  std::string out;
  for (const auto& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      std::size_t width = 0;
      for (const auto& other : rows) width = std::max(width, base::Utf8Length(other[i]));
      out += i + 1 == row.size() ? row[i] : Padded(row[i], width + 2);
    }
    while (out.ends_with(' ')) out.pop_back();
    out += '\n';
  }
  return out;
}

}  // namespace

std::string PrintableText(std::string_view text) {
  std::string out;
  for (const char c : text) out += static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? ' ' : c;
  return out;
}

std::string DocumentText(const json::value& document,
                         const std::vector<std::string_view>& columns) {
  const auto* data = Member(&document, "data");
  if (!data) return {};
  if (const auto* array = data->if_array())
    return array->empty() ? "none\n" : ManyText(*array, columns);
  return data->is_object() ? OneText(*data) : std::string();
}

std::string MemberText(const json::value& document, std::string_view name) {
  const auto* data = Member(&document, "data");
  const auto* value = name == "id" ? Member(data, "id") : Member(Member(data, "attributes"), name);
  if (!value) value = Member(Member(&document, "meta"), name);
  if (!value || value->is_null()) return {};
  if (value->is_string()) return std::string(value->get_string());
  return base::WriteJson(*value);
}

}  // namespace latchkey::app
