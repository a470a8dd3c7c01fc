#include "store/metadata_index.h"

#include <charconv>
#include <cmath>

#include "crypto/hash.h"

namespace latchkey::store {
namespace {

constexpr std::size_t kLongestValue = 128;
constexpr std::string_view kElement = "~a";

std::string Child(const std::string& path, std::string_view key) {
  std::string out = path + '/';
  for (const char c : key) {
    if (c == '~')
      out += "~0";
    else if (c == '/')
      out += "~1";
    else
      out += c;
  }
  return out;
}

// 2.0 and 2 are one number in a containment test.
json::value Canonical(const json::value& value) {
  if (value.is_double()) {
    const double number = value.get_double();
    if (std::trunc(number) == number && std::abs(number) < 9e15)
      return static_cast<std::int64_t>(number);
  }
  return value;
}

std::string ValueText(const json::value& value) {
  std::string text = base::WriteJson(Canonical(value));
  if (text.size() <= kLongestValue) return text;
  return "#" + base::Hex(crypto::Sha256(std::string_view(text)));
}

void Collect(const std::string& path, const json::value& value, std::vector<MetadataLeaf>& leaves) {
  if (value.is_object()) {
    for (const auto& member : value.get_object())
      Collect(Child(path, member.key()), member.value(), leaves);
  } else if (value.is_array()) {
    for (const auto& item : value.get_array())
      Collect(path + "/" + std::string(kElement), item, leaves);
  } else {
    leaves.push_back({path, ValueText(value)});
  }
}

bool AllDigits(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == text.npos;
}

std::optional<json::value> TypedReading(std::string_view text) {
  if (text == "true") return json::value(true);
  if (text == "false") return json::value(false);
  if (text == "null") return json::value(nullptr);
  const auto dot = text.find('.');
  const bool decimal =
      dot != text.npos && AllDigits(text.substr(0, dot)) && AllDigits(text.substr(dot + 1));
  if (!decimal && !AllDigits(text)) return std::nullopt;
  std::int64_t integer = 0;
  const char* end = text.data() + text.size();
  if (!decimal && std::from_chars(text.data(), end, integer).ec == std::errc())
    return json::value(integer);
  double number = 0;
  if (std::from_chars(text.data(), end, number).ec != std::errc()) return std::nullopt;
  return json::value(number);
}

void AndLeaf(Where& where, const core::Resource& resource, const Uuid& account,
             const std::string& path, const json::value& value, bool typed) {
  const std::string index = std::string(resource.table) + "_metadata";
  std::vector<Param> params = Params(account, path, ValueText(value));
  std::string sql = std::string(resource.table) + ".id IN (SELECT record_id FROM " + index +
                    " WHERE account_id = ? AND path = ? AND value IN (?";
  const auto reading = typed && value.is_string()
                           ? TypedReading(std::string_view(value.get_string()))
                           : std::nullopt;
  if (reading) {
    sql += ", ?";
    params.push_back(ToParam(ValueText(*reading)));
  }
  where.And(Where::Built(sql + "))", std::move(params)));
}

void AndContains(Where& where, const core::Resource& resource, const Uuid& account,
                 const std::string& path, const json::value& wanted, bool typed) {
  if (wanted.is_object()) {
    for (const auto& member : wanted.get_object())
      AndContains(where, resource, account, Child(path, member.key()), member.value(), false);
  } else if (wanted.is_array()) {
    for (const auto& item : wanted.get_array())
      AndContains(where, resource, account, path + "/" + std::string(kElement), item, false);
  } else {
    AndLeaf(where, resource, account, path, wanted, typed);
  }
}

}  // namespace

std::vector<MetadataLeaf> MetadataLeaves(const core::Metadata& metadata) {
  std::vector<MetadataLeaf> leaves;
  for (const auto& member : metadata) Collect(Child({}, member.key()), member.value(), leaves);
  return leaves;
}

bool HasMetadataIndex(const core::Resource& resource) {
  return resource.table == "licenses" || resource.table == "machines" || resource.table == "users";
}

Where MetadataContains(const core::Resource& resource, const Uuid& account,
                       const json::object& wanted) {
  Where where;
  for (const auto& member : wanted)
    AndContains(where, resource, account, Child({}, member.key()), member.value(), true);
  return where;
}

}  // namespace latchkey::store
