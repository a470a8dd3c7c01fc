#pragma once

#include <array>
#include <cstdint>

namespace latchkey::core {

// Check bytes of default license keys (decision 8): a Reed-Solomon code [15,12,4] over GF(2^8) mod
// x^8+x^4+x^3+x^2+1 with the roots 2^0, 2^1, 2^2. Bytes 0..11 are data, 12..14 check bytes. Finds
// every change of up to three bytes and locates every change of one. Pure functions, no secrets.
using CodeWord = std::array<std::uint8_t, 15>;

void SetCheckBytes(CodeWord& word);

struct CodeCheck {
  bool sound = false;
  int position = -1;       // of the one byte whose repair makes the word sound; -1: more are wrong
  std::uint8_t error = 0;  // what to add (exclusive or) at `position`
};
CodeCheck CheckCodeWord(const CodeWord& word);

}  // namespace latchkey::core
