#pragma once

#include <tl/expected.hpp>
#include <type_traits>
#include <utility>

#include "base/error.h"

namespace latchkey::base {

// A value or an Error. tl::expected with std::expected's names, made [[nodiscard]] so that a
// dropped result does not compile. An Error converts to any Result<U>.
template <class T>
class [[nodiscard]] Result : public tl::expected<T, Error> {
  using Base = tl::expected<T, Error>;

 public:
  using Base::Base;
  Result() = default;
  Result(Error error)
      : Base(tl::unexpect, std::move(error)) {}           // NOLINT(google-explicit-constructor)
  Result(Errc code) : Base(tl::unexpect, Error{code}) {}  // NOLINT(google-explicit-constructor)
  template <class U = T>
  requires(!std::is_void_v<T> && std::is_constructible_v<T, U&&> &&
           !std::is_same_v<std::remove_cvref_t<U>, Result> &&
           !std::is_same_v<std::remove_cvref_t<U>, Error> &&
           !std::is_same_v<std::remove_cvref_t<U>, Errc>) Result(U&& value)
      : Base(std::forward<U>(value)) {}  // NOLINT(google-explicit-constructor)
};

template <>
class [[nodiscard]] Result<void> : public tl::expected<void, Error> {
  using Base = tl::expected<void, Error>;

 public:
  Result() = default;
  Result(Error error)
      : Base(tl::unexpect, std::move(error)) {}           // NOLINT(google-explicit-constructor)
  Result(Errc code) : Base(tl::unexpect, Error{code}) {}  // NOLINT(google-explicit-constructor)
};

}  // namespace latchkey::base

namespace latchkey {
using base::Result;
}  // namespace latchkey

// Evaluates `expression` (a Result) and returns its error from the enclosing function, if it has
// one.
#define LK_TRY(expression)                                 \
  do {                                                     \
    if (auto lk_try_result = (expression); !lk_try_result) \
      return std::move(lk_try_result).error();             \
  } while (false)

#define LK_CONCAT_INNER(a, b) a##b
#define LK_CONCAT(a, b) LK_CONCAT_INNER(a, b)

// LK_ASSIGN(auto x, F()): x = the value of F(), or the enclosing function returns F()'s error.
#define LK_ASSIGN(declaration, expression) \
  LK_ASSIGN_INNER(LK_CONCAT(lk_assign_, __LINE__), declaration, expression)
#define LK_ASSIGN_INNER(name, declaration, expression) \
  auto name = (expression);                            \
  if (!name) return std::move(name).error();           \
  declaration = std::move(*name)
