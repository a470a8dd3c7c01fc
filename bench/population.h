#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "base/bytes.h"
#include "base/uuid.h"

// The licenses that the measuring programs agree on without a list: key and id follow from the
// number of a license. Not random enough for anything but measuring.
namespace latchkey::bench {

// The finaliser of splitmix64.
inline std::uint64_t Mix(std::uint64_t x) {
  x += 0x9e3779b97f4a7c15ull;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ull;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebull;
  return x ^ (x >> 31);
}

// Looks like a random id, and rises with `number`: a database is filled fastest in key order.
inline Uuid LicenseId(std::uint64_t number, std::uint64_t total) {
  const auto place = static_cast<std::uint64_t>((static_cast<unsigned __int128>(number) << 48) /
                                                (total == 0 ? 1 : total));
  const std::uint64_t low = Mix(number ^ 0x11ce5eull);
  std::array<std::uint8_t, 16> bytes{};
  for (int i = 0; i < 6; ++i) bytes[i] = static_cast<std::uint8_t>(place >> (40 - 8 * i));
  bytes[6] = static_cast<std::uint8_t>(0x40 | (number & 15));
  bytes[7] = static_cast<std::uint8_t>(number >> 4);
  for (int i = 8; i < 16; ++i) bytes[i] = static_cast<std::uint8_t>(low >> (8 * (i - 8)));
  bytes[8] = static_cast<std::uint8_t>(0x80 | (bytes[8] & 0x3f));
  return Uuid::FromBytes(bytes);
}

// In the shape of the server's own keys: five groups of six hexadecimal digits.
inline std::string LicenseKey(std::uint64_t number) {
  constexpr char kDigits[] = "0123456789ABCDEF";
  const std::uint64_t parts[] = {Mix(number), Mix(~number)};
  std::string key;
  for (int i = 0; i < 30; ++i) {
    if (i > 0 && i % 6 == 0) key += '-';
    key += kDigits[(parts[i / 16] >> (4 * (i % 16))) & 15];
  }
  return key;
}

// The `index`-th of `hot` licenses that lie evenly among `total`.
inline std::uint64_t HotLicense(std::uint64_t index, std::uint64_t hot, std::uint64_t total) {
  return (index % hot) * (total / hot);
}

// A device, as the client names it: 64 hexadecimal digits.
inline std::string Fingerprint(std::uint64_t number) {
  std::string text;
  for (std::uint64_t part = 0; part < 4; ++part) {
    std::array<std::uint8_t, 8> bytes{};
    const std::uint64_t mixed = Mix(number * 4 + part + 0xf19e00000000ull);
    for (int i = 0; i < 8; ++i) bytes[i] = static_cast<std::uint8_t>(mixed >> (8 * i));
    text += base::Hex(ByteView(bytes));
  }
  return text;
}

// Bodies of the two requests that are measured.
inline std::string ValidateBody(std::uint64_t license) {
  return R"({"meta":{"key":")" + LicenseKey(license) + R"("}})";
}
inline std::string ActivateBody(std::uint64_t license, std::uint64_t total, std::uint64_t machine) {
  return R"({"data":{"type":"machines","attributes":{"fingerprint":")" + Fingerprint(machine) +
         R"(","platform":"linux","name":"Workbench"},"relationships":{"license":{"data":{"type":)"
         R"("licenses","id":")" +
         LicenseId(license, total).ToString() + R"("}}}}})";
}

}  // namespace latchkey::bench
