#include "core/check_digits.h"

namespace latchkey::core {
namespace {

constexpr int kData = 12;
constexpr int kSize = 15;
constexpr unsigned kPolynomial = 0x11d;

// Powers of the generator 2 and their exponents. Twice the cycle, so that sums need no modulo.
struct Field {
  std::array<std::uint8_t, 510> power{};
  std::array<std::uint8_t, 256> exponent{};
};
constexpr Field MakeField() {
  Field field;
  unsigned value = 1;
  for (unsigned i = 0; i < 255; ++i) {
    field.power[i] = field.power[i + 255] = static_cast<std::uint8_t>(value);
    field.exponent[value] = static_cast<std::uint8_t>(i);
    value <<= 1;
    if (value & 0x100) value ^= kPolynomial;
  }
  return field;
}
constexpr Field kField = MakeField();

constexpr std::uint8_t Times(std::uint8_t a, std::uint8_t b) {
  if (a == 0 || b == 0) return 0;
  return kField.power[kField.exponent[a] + kField.exponent[b]];
}
constexpr std::uint8_t Twice(std::uint8_t a) {
  return static_cast<std::uint8_t>((a << 1) ^ ((a & 0x80) ? kPolynomial : 0));
}

// (x - 1)(x - 2)(x - 4) = x^3 + 7x^2 + 14x + 8.
constexpr std::array<std::uint8_t, 3> kGenerator = {7, 14, 8};
static_assert(kGenerator[0] == (0x1 ^ 0x2 ^ 0x4) && kGenerator[2] == Times(2, 4) &&
              kGenerator[1] == (0x2 ^ 0x4 ^ Times(2, 4)));

}  // namespace

void SetCheckBytes(CodeWord& word) {
  std::array<std::uint8_t, 3> rest{};
  for (int i = 0; i < kData; ++i) {
    const auto factor = static_cast<std::uint8_t>(word[i] ^ rest[0]);
    rest = {static_cast<std::uint8_t>(rest[1] ^ Times(factor, kGenerator[0])),
            static_cast<std::uint8_t>(rest[2] ^ Times(factor, kGenerator[1])),
            Times(factor, kGenerator[2])};
  }
  for (int i = 0; i < 3; ++i) word[kData + i] = rest[i];
}

CodeCheck CheckCodeWord(const CodeWord& word) {
  std::uint8_t s0 = 0, s1 = 0, s2 = 0;  // the word's polynomial at 1, 2 and 4
  for (const std::uint8_t byte : word) {
    s0 ^= byte;
    s1 = Twice(s1) ^ byte;
    s2 = Twice(Twice(s2)) ^ byte;
  }
  CodeCheck check;
  if (s0 == 0 && s1 == 0 && s2 == 0) {
    check.sound = true;
    return check;
  }
  // One error e at position i gives s0 = e, s1 = e*X, s2 = e*X^2 with X = 2^(14-i).
  if (s0 == 0 || s1 == 0 || Times(s1, s1) != Times(s0, s2)) return check;
  const int exponent = (kField.exponent[s1] + 255 - kField.exponent[s0]) % 255;
  if (exponent >= kSize) return check;
  check.position = kSize - 1 - exponent;
  check.error = s0;
  return check;
}

}  // namespace latchkey::core
