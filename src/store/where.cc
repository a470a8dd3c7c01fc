#include "store/where.h"

#include <bit>

namespace latchkey::store {

Where Where::Built(std::string sql, std::vector<Param> params) {
  Where where;
  where.sql_ = std::move(sql);
  where.params_ = std::move(params);
  return where;
}

Where Where::AnyOf(std::span<const Where> conditions) {
  if (conditions.empty()) return Nothing();
  Where any;
  for (const Where& condition : conditions) {
    if (condition.empty()) return {};
    any.sql_.append(any.empty() ? "((" : " OR (").append(condition.sql_).append(")");
    any.params_.insert(any.params_.end(), condition.params_.begin(), condition.params_.end());
  }
  any.sql_ += ")";
  return any;
}

Where Where::Not(const Where& condition) {
  if (condition.empty()) return Nothing();
  return Built("NOT coalesce((" + condition.sql_ + "), 1 = 0)", condition.params_);
}

Where Where::Through(SqlLiteral column, SqlLiteral table, const Where& condition) {
  if (condition.empty()) return {};
  std::string sql(column.text());
  sql.append(" IN (SELECT id FROM ").append(table.text());
  sql.append(" WHERE ").append(condition.sql_).append(")");
  return Built(std::move(sql), condition.params_);
}

Where& Where::And(const Where& other) {
  if (other.empty()) return *this;
  sql_ = empty() ? "(" + other.sql_ + ")" : sql_ + " AND (" + other.sql_ + ")";
  params_.insert(params_.end(), other.params_.begin(), other.params_.end());
  return *this;
}

Where Where::In(std::string_view column, std::vector<Param> values) {
  if (values.empty()) return Nothing();
  // Rounded up to a power of two, so that few texts are prepared.
  values.resize(std::bit_ceil(values.size()), values.back());
  std::string sql(column);
  sql += " IN (?";
  for (std::size_t i = 1; i < values.size(); ++i) sql += ", ?";
  return Built(sql + ")", std::move(values));
}

std::string Where::Numbered() const {
  if (empty()) return "1 = 1";
  std::string out;
  out.reserve(sql_.size() + 16);
  int number = 0;
  for (const char c : sql_) {
    if (c == '?')
      out.append("$").append(std::to_string(++number));
    else
      out += c;
  }
  return out;
}

}  // namespace latchkey::store
