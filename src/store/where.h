#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "store/database.h"

namespace latchkey::store {

// SQL known at compile time: a text that came from outside does not compile.
class SqlLiteral {
 public:
  consteval SqlLiteral(const char* text) : text_(text) {}  // NOLINT(google-explicit-constructor)
  constexpr std::string_view text() const { return text_; }

 private:
  std::string_view text_;
};

// A condition: SQL made of literals, with `?` for each parameter. Conditions of a request's filters
// and of what its bearer may see are made apart and joined here. Columns are written with their
// table: "licenses.suspended = ?".
class Where {
 public:
  Where() = default;  // holds for every row

  template <class... T>
  explicit Where(SqlLiteral sql, const T&... values)
      : sql_(sql.text()), params_{ToParam(values)...} {}

  // For SQL joined from literals, such as names of core's tables. Never from input.
  static Where Built(std::string sql, std::vector<Param> params);
  static Where Nothing() { return Where("1 = 0"); }
  // Holds when one of them does; without any, for no row.
  static Where AnyOf(std::span<const Where> conditions);
  static Where Not(const Where& condition);
  // `column` is the id of a row of `table` for which `condition` holds.
  static Where Through(SqlLiteral column, SqlLiteral table, const Where& condition);

  template <class... T>
  Where& And(SqlLiteral sql, const T&... values) {
    return And(Where(sql, values...));
  }
  Where& And(const Where& other);

  // `column` equals one of `values`; for no row without any.
  Where& AndIn(SqlLiteral column, std::vector<Param> values) {
    return And(In(column.text(), std::move(values)));
  }

  bool empty() const { return sql_.empty(); }
  // With `?` replaced by $1..$n; "1 = 1" for the empty condition.
  std::string Numbered() const;
  const std::vector<Param>& params() const { return params_; }

 private:
  static Where In(std::string_view column, std::vector<Param> values);
  std::string sql_;
  std::vector<Param> params_;
};

}  // namespace latchkey::store
