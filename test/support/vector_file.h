#pragma once

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <random>
#include <stdexcept>

#include "base/json.h"
#include "base/random.h"
#include "crypto/account_keys.h"

// The shared vectors of test/vectors, for tests that run every case of a file (its README says
// how).
namespace latchkey::test {

struct VectorCase {
  std::string name, why;
  json::object input, expect;
  bool reproducible = false;
  bool accepted() const { return expect.at("result").as_string() == "accept"; }
};

struct VectorFile {
  json::object all;
  std::vector<VectorCase> cases;
};

// Throws when the file is not there: tests run from the source root.
inline VectorFile ReadVectors(const std::string& name) {
  std::ifstream in("test/vectors/" + name + ".json", std::ios::binary);
  if (!in) throw std::runtime_error("cannot read test/vectors/" + name + ".json");
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  auto tree = base::ParseJson(text);
  if (!tree) throw std::runtime_error("test/vectors/" + name + ".json: " + tree.error().detail);
  VectorFile file{std::move(tree->as_object()), {}};
  for (const json::value& value : file.all.at("cases").as_array()) {
    const json::object& row = value.as_object();
    VectorCase one;
    one.name = row.at("name").as_string().c_str();
    one.why = row.at("why").as_string().c_str();
    one.input = row.at("input").as_object();
    one.expect = row.at("expect").as_object();
    if (const auto* flag = row.if_contains("reproducible")) one.reproducible = flag->as_bool();
    file.cases.push_back(std::move(one));
  }
  return file;
}

// A member of `object` as text; nullopt when absent or null.
inline std::optional<std::string> TextOf(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains(name);
  if (value == nullptr || value->is_null()) return std::nullopt;
  return std::string(value->as_string());
}

inline void PrintTo(const VectorCase& one, std::ostream* out) {
  *out << one.name << ": " << one.why;
}

// Names of two cases may differ in signs alone, hence the number.
inline std::string CaseName(const testing::TestParamInfo<VectorCase>& info) {
  std::string name = std::to_string(info.index) + "_";
  for (const char c : info.param.name)
    name += std::isalnum(static_cast<unsigned char>(c)) ? c : '_';
  return name;
}

// The published test keys of license-keys.json.
inline crypto::AccountKeys VectorKeys() {
  const VectorFile file = ReadVectors("license-keys");
  const json::object& keys = file.all.at("keys").as_object();
  const auto member = [&](std::string_view family, std::string_view half) {
    return std::string(keys.at(family).as_object().at(half).as_string());
  };
  return {crypto::Ed25519PrivateKey::FromSeed(*base::FromHex(member("ed25519", "seed"))).value(),
          crypto::RsaPrivateKey::FromPem(Secret(member("rsa", "private"))).value(),
          crypto::EcdsaPrivateKey::FromPem(Secret(member("ecdsa", "private"))).value()};
}

// The public halves in a file's "keys". `replaced` is what a case's public_key says: a name there
// or an Ed25519 key in hex, which takes the place of its family's key. An error when it does not
// load.
inline Result<crypto::PublicKeys> VectorPublicKeys(const VectorFile& file,
                                                   std::optional<std::string> replaced = {}) {
  const json::object& keys = file.all.at("keys").as_object();
  const auto half = [&](std::string_view name) {
    return std::string(keys.at(name).as_object().at("public").as_string());
  };
  crypto::PublicKeys out;
  LK_ASSIGN(out.ed25519, crypto::Ed25519PublicKey::FromHex(half("ed25519")));
  LK_ASSIGN(out.rsa, crypto::RsaPublicKey::FromPem(half("rsa")));
  LK_ASSIGN(out.ecdsa, crypto::EcdsaPublicKey::FromPem(half("ecdsa")));
  if (!replaced) return out;
  const std::string text = keys.contains(*replaced) ? half(*replaced) : *replaced;
  if (replaced->ends_with("rsa")) {
    LK_ASSIGN(out.rsa, crypto::RsaPublicKey::FromPem(text));
  } else if (replaced->ends_with("ecdsa")) {
    LK_ASSIGN(out.ecdsa, crypto::EcdsaPublicKey::FromPem(text));
  } else {
    LK_ASSIGN(out.ed25519, crypto::Ed25519PublicKey::FromHex(text));
  }
  return out;
}

// Gives the same bytes in each run.
class SeededRandom : public Random {
 public:
  explicit SeededRandom(std::uint64_t seed) : engine_(seed) {}
  void Fill(std::span<std::uint8_t> out) override {
    for (std::uint8_t& byte : out) byte = static_cast<std::uint8_t>(engine_());
  }

 private:
  std::mt19937_64 engine_;
};

// Gives out exactly `bytes`, from the start again at each call.
class FixedRandom : public Random {
 public:
  explicit FixedRandom(Bytes bytes) : bytes_(std::move(bytes)) {}
  void Fill(std::span<std::uint8_t> out) override {
    if (out.size() > bytes_.size()) throw std::logic_error("the fixed random bytes are used up");
    std::copy_n(bytes_.begin(), out.size(), out.begin());
  }

 private:
  Bytes bytes_;
};

}  // namespace latchkey::test
