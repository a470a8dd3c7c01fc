#include "base/secret.h"

#include <cstring>

namespace latchkey::base {

void Wipe(void* data, std::size_t size) {
  if (size > 0) explicit_bzero(data, size);  // empty containers may have no data at all
}

Secret& Secret::operator=(const Secret& other) {
  if (this != &other) {
    Clear();
    value_ = other.value_;
  }
  return *this;
}

Secret& Secret::operator=(Secret&& other) noexcept {
  if (this != &other) {
    Clear();
    value_ = std::move(other.value_);
    other.Clear();
  }
  return *this;
}

void Secret::Clear() {
  // Small strings live inside the object: wipe the whole capacity, not just the size.
  Wipe(value_.data(), value_.capacity());
  value_.clear();
}

}  // namespace latchkey::base
