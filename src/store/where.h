#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "store/database.h"

namespace latchkey::store {

// A condition: SQL made of literals, with `?` for each parameter. Conditions of a request's filters
// and of what its bearer may see are made apart and joined here. Columns are written with their
// table: "licenses.suspended = ?".
class Where {
 public:
  Where() = default;  // holds for every row

  // Literals only: a text that came from outside does not compile.
  template <std::size_t N, class... T>
  explicit Where(const char (&sql)[N], const T&... values)
      : sql_(sql), params_{ToParam(values)...} {}

  // For SQL joined from literals, such as names of core's tables. Never from input.
  static Where Built(std::string sql, std::vector<Param> params);
  static Where Nothing() { return Where("1 = 0"); }
  // Holds when one of them does; without any, for no row.
  static Where AnyOf(std::span<const Where> conditions);
  static Where Not(const Where& condition);

  template <std::size_t N, class... T>
  Where& And(const char (&sql)[N], const T&... values) {
    return And(Where(sql, values...));
  }
  Where& And(const Where& other);

  // `column` equals one of `values`; for no row without any.
  template <std::size_t N>
  Where& AndIn(const char (&column)[N], std::vector<Param> values) {
    return And(In(column, std::move(values)));
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
