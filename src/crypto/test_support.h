#pragma once

// For tests of this folder only.

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <string>

#include "base/json.h"
#include "base/random.h"
#include "crypto/account_keys.h"

namespace latchkey::crypto {

inline std::string ReadText(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  EXPECT_TRUE(file.good()) << path;
  return {std::istreambuf_iterator<char>(file), {}};
}

// Tests run in the source root.
inline json::value ReadVectors(const std::string& name) {
  auto value = base::ParseJson(ReadText("test/vectors/" + name));
  EXPECT_TRUE(value) << name << ": " << (value ? "" : value.error().detail);
  return value ? *std::move(value) : json::value();
}

inline std::string_view Text(const json::value& value) { return value.as_string(); }

inline Bytes FromHex(std::string_view hex) {
  auto bytes = base::FromHex(hex);
  EXPECT_TRUE(bytes) << hex;
  return bytes.value_or(Bytes{});
}

// Bytes that repeat from test to test: 1, 2, 3, …
class CountingRandom final : public Random {
 public:
  void Fill(std::span<std::uint8_t> out) override {
    for (auto& byte : out) byte = ++last_;
  }

 private:
  std::uint8_t last_ = 0;
};

// The published private keys of test/vectors.
struct VectorKeys {
  Ed25519PrivateKey ed25519;
  RsaPrivateKey rsa;
  EcdsaPrivateKey ecdsa;
  AccountKeys account() const { return AccountKeys(ed25519, rsa, ecdsa); }
};

inline VectorKeys ReadVectorKeys() {
  const json::value vectors = ReadVectors("license-keys.json");
  const json::value& keys = vectors.at("keys");
  return {
      Ed25519PrivateKey::FromSeed(FromHex(Text(keys.at("ed25519").at("seed")))).value(),
      RsaPrivateKey::FromPem(Secret(std::string(Text(keys.at("rsa").at("private"))))).value(),
      EcdsaPrivateKey::FromPem(Secret(std::string(Text(keys.at("ecdsa").at("private"))))).value()};
}

inline const AccountKeys& TestAccount() {
  static const AccountKeys keys = ReadVectorKeys().account();
  return keys;
}

inline const AccountKeys& OtherAccount() {
  static const AccountKeys keys = AccountKeys::Generate(base::SystemRandom());
  return keys;
}

inline constexpr std::array kAllAlgorithms = {
    SignatureAlgorithm::kEd25519, SignatureAlgorithm::kRsaPssSha256, SignatureAlgorithm::kRsaSha256,
    SignatureAlgorithm::kEcdsaP256};
inline constexpr std::array kAllPurposes = {
    Purpose::kResponse, Purpose::kLicenseKey, Purpose::kLicenseFile, Purpose::kMachineFile,
    Purpose::kProof,    Purpose::kAudit,      Purpose::kDeviceProof};

}  // namespace latchkey::crypto
