#pragma once

#include <string>
#include <string_view>

namespace latchkey::store {

// The few words in which the engines differ. Everything else is one SQL text.
struct Dialect {
  std::string_view blob;           // bytes
  std::string_view bigint;         // 64-bit integer
  std::string_view text;           // UTF-8, compared byte by byte
  std::string_view serial;         // a primary key that the database counts up and never reuses
  std::string_view table_options;  // after the closing bracket of CREATE TABLE
};

inline constexpr Dialect kSqliteDialect{"BLOB", "INTEGER", "TEXT",
                                        "INTEGER PRIMARY KEY AUTOINCREMENT", " STRICT"};

// `sql` with {blob}, {bigint}, {text}, {serial}, {options} replaced.
std::string Translate(std::string_view sql, const Dialect& dialect);

}  // namespace latchkey::store
