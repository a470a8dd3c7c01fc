#include "core/license_key.h"

#include <gmock/gmock.h>

#include <regex>
#include <set>

#include "core/check_digits.h"
#include "crypto/hash.h"
#include "crypto/password.h"
#include "test/support/vector_file.h"

namespace latchkey::core {
namespace {

using test::CaseName;
using test::FixedRandom;
using test::ReadVectors;
using test::SeededRandom;
using test::TextOf;
using test::VectorCase;

const crypto::AccountKeys& Keys() {
  static const crypto::AccountKeys keys = test::VectorKeys();
  return keys;
}

std::optional<Scheme> SchemeNamed(std::string_view name) {
  for (std::size_t i = 0; i < kNamesOf<Scheme>.size(); ++i)
    if (kNamesOf<Scheme>[i] == name) return static_cast<Scheme>(i);
  return std::nullopt;
}

constexpr Scheme kUnprefixed[] = {Scheme::kRsaPkcs1Encrypt, Scheme::kRsaPkcs1Sign,
                                  Scheme::kRsaPssSign};

// ---- license-keys.json

class LicenseKeyVector : public testing::TestWithParam<VectorCase> {
 protected:
  static const test::VectorFile& File() {
    static const test::VectorFile file = ReadVectors("license-keys");
    return file;
  }
};

TEST_P(LicenseKeyVector, HasTheVerdict) {
  const auto scheme = SchemeNamed(*TextOf(GetParam().input, "scheme"));
  const auto keys = test::VectorPublicKeys(File(), TextOf(GetParam().input, "public_key"));
  if (!scheme || !keys) {
    EXPECT_FALSE(GetParam().accepted()) << GetParam().why;
    return;
  }
  const auto dataset = VerifySignedKey(*scheme, *TextOf(GetParam().input, "key"), *keys);
  ASSERT_EQ(dataset.has_value(), GetParam().accepted()) << GetParam().why;
  if (dataset) {
    EXPECT_EQ(*dataset, *TextOf(GetParam().expect, "dataset"));
  }
}

TEST_P(LicenseKeyVector, IsMadeAgainFromItsDataset) {
  if (!GetParam().accepted()) {
    EXPECT_FALSE(GetParam().reproducible);
    return;
  }
  const Scheme scheme = *SchemeNamed(*TextOf(GetParam().input, "scheme"));
  const std::string dataset = *TextOf(GetParam().expect, "dataset");
  const auto key = MakeSignedKey(scheme, dataset, Keys());
  ASSERT_TRUE(key);
  if (GetParam().reproducible) {
    EXPECT_EQ(*key, *TextOf(GetParam().input, "key"));
  }
  EXPECT_EQ(VerifySignedKey(scheme, *key, Keys().public_keys()).value(), dataset);
}

INSTANTIATE_TEST_SUITE_P(All, LicenseKeyVector,
                         testing::ValuesIn(ReadVectors("license-keys").cases), CaseName);

// ---- key-datasets.json

std::optional<std::string> Filled(const json::object& context, std::string_view name) {
  const auto text = TextOf(context, name);
  return text && !text->empty() ? text : std::nullopt;
}

KeyContext ContextNamed(const test::VectorFile& file, std::string_view name) {
  const json::object& from = file.all.at("contexts").as_object().at(name).as_object();
  const auto id = [&](std::string_view member) { return *Uuid::Parse(*Filled(from, member)); };
  KeyContext context{.account = id("account"),
                     .product = id("product"),
                     .policy = id("policy"),
                     .license = id("id")};
  if (Filled(from, "user")) context.user = id("user");
  context.email = Filled(from, "email");
  context.created = *base::ParseTime(*Filled(from, "created"));
  if (const auto expiry = Filled(from, "expiry")) context.expiry = *base::ParseTime(*expiry);
  if (const auto duration = Filled(from, "duration")) context.duration = std::stoll(*duration);
  return context;
}

class KeyDatasetVector : public testing::TestWithParam<VectorCase> {
 protected:
  static const test::VectorFile& File() {
    static const test::VectorFile file = ReadVectors("key-datasets");
    return file;
  }
  std::optional<Scheme> scheme() const {
    const auto name = TextOf(GetParam().input, "scheme");
    return name ? SchemeNamed(*name) : std::nullopt;
  }

  // The dataset of the case, or the key made from it, as `expect` says.
  void CheckMade(const Result<std::string>& key, const std::optional<std::string>& dataset) const {
    const json::object& expect = GetParam().expect;
    const auto result = TextOf(expect, "result").value_or("ok");
    ASSERT_EQ(key.has_value(), result == "ok") << GetParam().why;
    if (key) {
      if (!scheme()) {
        EXPECT_EQ(*key, *dataset);
      } else if (dataset) {
        EXPECT_EQ(VerifySignedKey(*scheme(), *key, Keys().public_keys()).value(), *dataset);
      }
      return;
    }
    EXPECT_EQ(key.error().code, Errc::kInvalid);
    ASSERT_EQ(key.error().violations.size(), 1u);
    const Violation& violation = key.error().violations.front();
    EXPECT_EQ(violation.kind, Violation::Kind::kAttribute);
    EXPECT_EQ("/data/attributes/" + violation.path, *TextOf(expect, "pointer"));
    EXPECT_EQ("KEY_" + violation.rule, *TextOf(expect, "code"));
    if (const auto detail = TextOf(expect, "detail")) {
      EXPECT_EQ(violation.detail, *detail);
    }
  }
};

TEST_P(KeyDatasetVector, HasTheAnswer) {
  const json::object& input = GetParam().input;
  if (const auto text = TextOf(input, "template")) {
    const KeyContext context = ContextNamed(File(), *TextOf(input, "context"));
    const auto dataset = TextOf(GetParam().expect, "dataset");
    if (dataset && scheme()) {
      EXPECT_EQ(ExpandTemplate(*text, context), *dataset);
    }
    CheckMade(KeyFromText(scheme(), *text, context, Keys()), dataset);
  } else if (const auto plain = TextOf(input, "dataset")) {
    CheckMade(MakeSignedKey(*scheme(), *plain, Keys()), *plain);
  } else if (const auto* repeat = input.if_contains("dataset_repeat")) {
    std::string long_text;
    for (std::int64_t i = 0; i < repeat->at(1).as_int64(); ++i)
      long_text += repeat->at(0).as_string().c_str();
    CheckMade(MakeSignedKey(*scheme(), long_text, Keys()), long_text);
  } else {
    const std::string key = *TextOf(input, "key");
    ASSERT_EQ(scheme(), Scheme::kLegacyEncrypt);
    if (const auto stored = TextOf(input, "stored")) {
      EXPECT_EQ(VerifyLegacyKey(key, *stored), GetParam().accepted());
    } else {
      EXPECT_EQ(LegacyKeyLicense(key)->ToString(), *TextOf(GetParam().expect, "license_id"));
      EXPECT_EQ(base::Hex(crypto::Sha256(key)), *TextOf(GetParam().expect, "bcrypt_input"));
    }
  }
}

INSTANTIATE_TEST_SUITE_P(All, KeyDatasetVector,
                         testing::ValuesIn(ReadVectors("key-datasets").cases), CaseName);

// ---- tokens.json

class TokenVector : public testing::TestWithParam<VectorCase> {};

TEST_P(TokenVector, HasTheShape) {
  const json::object& input = GetParam().input;
  if (const auto token = TextOf(input, "token")) {
    const std::string result = *TextOf(GetParam().expect, "result");
    const TokenShape shape = ShapeOf(*token);
    EXPECT_EQ(shape == TokenShape::kLookUp, result == "look-up");
    EXPECT_EQ(shape == TokenShape::kUuid, result == "TOKEN_FORMAT_INVALID");
    EXPECT_EQ(shape == TokenShape::kUnknown, result == "TOKEN_INVALID");
    return;
  }
  SeededRandom random(1);
  const auto kind = TextOf(input, "kind");
  const std::string made = kind ? GenerateToken(*kind, random) : GenerateDefaultKey(random);
  EXPECT_TRUE(std::regex_match(made, std::regex(*TextOf(GetParam().expect, "pattern")))) << made;
  const std::string next = kind ? GenerateToken(*kind, random) : GenerateDefaultKey(random);
  EXPECT_NE(made, next);
  if (kind) {
    EXPECT_EQ(ShapeOf(made), TokenShape::kLookUp);
  }
}

INSTANTIATE_TEST_SUITE_P(All, TokenVector, testing::ValuesIn(ReadVectors("tokens").cases),
                         CaseName);

// An empty file would otherwise pass unseen.
TEST(KeyVectors, AreAllRead) {
  EXPECT_GE(ReadVectors("license-keys").cases.size(), 215u);
  EXPECT_GE(ReadVectors("key-datasets").cases.size(), 54u);
  EXPECT_GE(ReadVectors("tokens").cases.size(), 25u);
}

TEST(Token, OfAnUnknownKindIsABug) {
  SeededRandom random(1);
  EXPECT_THROW(GenerateToken("root-token", random), std::logic_error);
}

// ---- signed keys

TEST(SignedKey, TM_04_TextsThatStartLikeASignedKindAreRefusedUnderTheUnprefixedSchemes) {
  const std::string kinds[] = {std::string(crypto::Prefix(crypto::Purpose::kResponse)),
                               std::string(crypto::Prefix(crypto::Purpose::kLicenseKey)),
                               std::string(crypto::Prefix(crypto::Purpose::kLicenseFile)),
                               std::string(crypto::Prefix(crypto::Purpose::kMachineFile)),
                               std::string(crypto::Prefix(crypto::Purpose::kProof)),
                               std::string(crypto::Prefix(crypto::Purpose::kAudit)),
                               std::string(crypto::Prefix(crypto::Purpose::kDeviceProof)),
                               "eyJhbGciOiJSUzI1NiJ9."};
  for (const Scheme scheme : kUnprefixed)
    for (const std::string& kind : kinds) {
      SCOPED_TRACE(kind);
      for (const std::string& text : {kind, kind + "x"}) {
        const auto key = MakeSignedKey(scheme, text, Keys());
        ASSERT_FALSE(key);
        ASSERT_EQ(key.error().violations.size(), 1u);
        EXPECT_EQ(key.error().violations[0].rule, "NOT_ALLOWED");
      }
      EXPECT_TRUE(MakeSignedKey(scheme, "x" + kind, Keys()));
      EXPECT_TRUE(MakeSignedKey(Scheme::kEd25519Sign, kind, Keys()));
    }
}

TEST(SignedKey, TM_05_ASignatureOfAnotherKindIsNoLicenseKey) {
  using crypto::Purpose;
  using crypto::SignatureAlgorithm;
  const std::string body = base::Base64Url(base::AsBytes("text"));
  for (const Purpose purpose :
       {Purpose::kResponse, Purpose::kLicenseFile, Purpose::kMachineFile, Purpose::kProof,
        Purpose::kAudit, Purpose::kDeviceProof, Purpose::kLicenseKey}) {
    const std::string text = std::string(crypto::Prefix(purpose)) + body;
    SCOPED_TRACE(text);
    const auto key = [&](SignatureAlgorithm algorithm, std::string_view front) {
      const Bytes signature = Keys().Sign(algorithm, purpose, body).value();
      return std::string(front) + "." + base::Base64Url(signature);
    };
    const auto& keys = Keys().public_keys();
    const std::string raw = base::Base64Url(base::AsBytes(text));
    EXPECT_FALSE(
        VerifySignedKey(Scheme::kRsaPkcs1Sign, key(SignatureAlgorithm::kRsaSha256, raw), keys));
    EXPECT_FALSE(
        VerifySignedKey(Scheme::kRsaPssSign, key(SignatureAlgorithm::kRsaPssSha256, raw), keys));
    EXPECT_FALSE(VerifySignedKey(
        Scheme::kRsaPkcs1Encrypt,
        base::Base64Url(Keys().Sign(SignatureAlgorithm::kRsaSha256, purpose, body).value()), keys));
    const bool own = purpose == Purpose::kLicenseKey;
    const std::string framed = "key/" + body;
    EXPECT_EQ(VerifySignedKey(Scheme::kEd25519Sign, key(SignatureAlgorithm::kEd25519, framed), keys)
                  .has_value(),
              own);
    EXPECT_EQ(
        VerifySignedKey(Scheme::kRsaPkcs1SignV2, key(SignatureAlgorithm::kRsaSha256, framed), keys)
            .has_value(),
        own);
    EXPECT_EQ(
        VerifySignedKey(Scheme::kRsaPssSignV2, key(SignatureAlgorithm::kRsaPssSha256, framed), keys)
            .has_value(),
        own);
    EXPECT_EQ(
        VerifySignedKey(Scheme::kEcdsaP256Sign, key(SignatureAlgorithm::kEcdsaP256, framed), keys)
            .has_value(),
        own);
  }
  // A key under the unprefixed scheme is no JWT either.
  const auto jwt = MakeSignedKey(Scheme::kRsaJwtRs256, R"({"a":1})", Keys()).value();
  EXPECT_TRUE(VerifySignedKey(Scheme::kRsaJwtRs256, jwt, Keys().public_keys()));
  const std::string input = jwt.substr(0, jwt.rfind('.'));
  const auto signature = *base::FromBase64UrlUnpadded(jwt.substr(jwt.rfind('.') + 1));
  EXPECT_FALSE(
      VerifySignedKey(Scheme::kRsaPkcs1Sign,
                      base::Base64Url(base::AsBytes(input)) + "." + base::Base64Url(signature),
                      Keys().public_keys()));
}

TEST(SignedKey, OfEachSchemeIsOnlyThatSchemes) {
  const std::string dataset = R"({"id":"x"})";
  for (std::size_t made = 1; made < kNamesOf<Scheme>.size(); ++made) {
    const auto key = MakeSignedKey(static_cast<Scheme>(made), dataset, Keys()).value();
    for (std::size_t read = 0; read < kNamesOf<Scheme>.size(); ++read)
      EXPECT_EQ(VerifySignedKey(static_cast<Scheme>(read), key, Keys().public_keys()).has_value(),
                made == read)
          << kNamesOf<Scheme>[made] << " read as " << kNamesOf<Scheme>[read];
  }
}

struct RefusedDataset {
  std::string name;
  Scheme scheme;
  std::string dataset, rule, detail;
};
void PrintTo(const RefusedDataset& one, std::ostream* out) { *out << one.name; }
class RefusedDatasetTest : public testing::TestWithParam<RefusedDataset> {};
TEST_P(RefusedDatasetTest, NamesTheRule) {
  const auto key = MakeSignedKey(GetParam().scheme, GetParam().dataset, Keys());
  ASSERT_FALSE(key);
  EXPECT_EQ(key.error().code, Errc::kInvalid);
  ASSERT_EQ(key.error().violations.size(), 1u);
  EXPECT_EQ(key.error().violations[0].path, "key");
  EXPECT_EQ(key.error().violations[0].rule, GetParam().rule);
  EXPECT_EQ(key.error().violations[0].detail, GetParam().detail);
}
const std::string kClaims = "key is not a valid JWT claims payload (";
INSTANTIATE_TEST_SUITE_P(
    All, RefusedDatasetTest,
    testing::Values(
        RefusedDataset{"Empty", Scheme::kEd25519Sign, "", "TOO_SHORT",
                       "is too short (minimum is 1 character)"},
        RefusedDataset{"EmptyUnderEncrypt", Scheme::kRsaPkcs1Encrypt, "", "TOO_SHORT",
                       "is too short (minimum is 1 character)"},
        RefusedDataset{"NotUtf8", Scheme::kRsaPkcs1Encrypt, "\x80", "INVALID", "is invalid"},
        RefusedDataset{"ADigestInfo", Scheme::kRsaPkcs1Encrypt,
                       std::string("\x30\x31\x30\x0d\x06\x09\x60\x86\x48", 9), "INVALID",
                       "is invalid"},
        RefusedDataset{"GivenForLegacy", Scheme::kLegacyEncrypt, "abcdef", "NOT_SUPPORTED",
                       "cannot be specified for a legacy encrypted license"},
        RefusedDataset{"ClaimIsABoolean", Scheme::kRsaJwtRs256, R"({"exp":true})",
                       "JWT_CLAIMS_INVALID",
                       kClaims + "exp claim must be a numeric value but it is a boolean)"},
        RefusedDataset{"ClaimIsAnObject", Scheme::kRsaJwtRs256, R"({"iat":{}})",
                       "JWT_CLAIMS_INVALID",
                       kClaims + "iat claim must be a numeric value but it is an object)"},
        RefusedDataset{"ClaimIsAnArray", Scheme::kRsaJwtRs256, R"({"nbf":[]})",
                       "JWT_CLAIMS_INVALID",
                       kClaims + "nbf claim must be a numeric value but it is an array)"},
        RefusedDataset{"ClaimIsNull", Scheme::kRsaJwtRs256, R"({"nbf":null})", "JWT_CLAIMS_INVALID",
                       kClaims + "nbf claim must be a numeric value but it is null)"},
        RefusedDataset{"ClaimTwice", Scheme::kRsaJwtRs256, R"({"a":1,"a":2})", "JWT_CLAIMS_INVALID",
                       kClaims + "must be a valid JSON encoded string)"}),
    [](const auto& row) { return row.param.name; });

TEST(SignedKey, NeedsTheKeyPairOfItsFamily) {
  const crypto::AccountKeys lone(Keys().ed25519(), std::nullopt, std::nullopt);
  EXPECT_TRUE(MakeSignedKey(Scheme::kEd25519Sign, "x", lone));
  for (const Scheme scheme :
       {Scheme::kRsaPkcs1Encrypt, Scheme::kRsaPkcs1Sign, Scheme::kRsaPssSign,
        Scheme::kRsaPkcs1SignV2, Scheme::kRsaPssSignV2, Scheme::kEcdsaP256Sign}) {
    const auto key = MakeSignedKey(scheme, "x", lone);
    ASSERT_FALSE(key);
    EXPECT_EQ(key.error().code, Errc::kInternal);
    const auto whole = MakeSignedKey(scheme, "x", Keys()).value();
    EXPECT_FALSE(VerifySignedKey(scheme, whole, lone.public_keys()));
  }
}

// ---- default datasets

KeyContext Expiring() {
  const auto id = [](std::string_view tail) {
    return *Uuid::Parse("00000000-0000-4000-8000-0000000000" + std::string(tail));
  };
  return {.account = id("aa"),
          .product = id("cc"),
          .policy = id("dd"),
          .license = id("bb"),
          .duration = 31556952,
          .user = {},
          .email = {},
          .created = *base::ParseTime("2026-01-31T09:30:00Z"),
          .expiry = *base::ParseTime("2027-01-31T09:30:00Z"),
          .issuer = "https://keygen.sh"};
}
KeyContext Perpetual() {
  KeyContext context = Expiring();
  context.duration.reset();
  context.expiry.reset();
  context.user = *Uuid::Parse("00000000-0000-4000-8000-0000000000ee");
  context.email = "ann@acme.example";
  return context;
}
std::string VectorDataset(std::string_view name) {
  for (const VectorCase& one : ReadVectors("license-keys").cases)
    if (one.name == name) return *TextOf(one.expect, "dataset");
  return "no such case";
}

TEST(DefaultDataset, IsTheOneOfTheVectors) {
  Bytes jti(16, 0);
  jti.back() = 1;
  FixedRandom random(jti);
  EXPECT_EQ(DefaultDataset(Scheme::kEd25519Sign, Expiring(), random),
            VectorDataset("ed25519_sign/default-dataset-expiring"));
  EXPECT_EQ(DefaultDataset(Scheme::kEcdsaP256Sign, Perpetual(), random),
            VectorDataset("ecdsa_p256_sign/default-dataset-perpetual"));
  EXPECT_EQ(DefaultDataset(Scheme::kRsaPkcs1Encrypt, Expiring(), random),
            VectorDataset("rsa_2048_pkcs1_encrypt/default-dataset"));
  EXPECT_EQ(DefaultDataset(Scheme::kRsaJwtRs256, Expiring(), random),
            VectorDataset("rsa_2048_jwt_rs256/default-claims-expiring"));
  EXPECT_EQ(DefaultDataset(Scheme::kRsaJwtRs256, Perpetual(), random),
            VectorDataset("rsa_2048_jwt_rs256/default-claims-perpetual"));
}

TEST(DefaultDataset, FitsEveryScheme) {
  SeededRandom random(3);
  for (std::size_t i = 1; i < kNamesOf<Scheme>.size(); ++i)
    for (const KeyContext& context : {Expiring(), Perpetual()}) {
      const auto scheme = static_cast<Scheme>(i);
      const std::string dataset = DefaultDataset(scheme, context, random);
      const auto key = MakeSignedKey(scheme, dataset, Keys());
      ASSERT_TRUE(key) << kNamesOf<Scheme>[i];
      EXPECT_EQ(VerifySignedKey(scheme, *key, Keys().public_keys()).value(), dataset);
    }
}

// ---- LEGACY_ENCRYPT

TEST(LegacyKey, IsFoundAgainByItsIdAndDigest) {
  SeededRandom random(5);
  const Uuid license = Uuid::V4(random);
  const LegacyKey made = GenerateLegacyKey(license, random);
  EXPECT_TRUE(std::regex_match(
      made.key, std::regex("[0-9a-f]{32}-[0-9a-f]{32}-[0-9a-f]{32}-[0-9a-f]{30}v1")));
  EXPECT_TRUE(made.digest.starts_with("$2b$10$"));
  EXPECT_EQ(LegacyKeyLicense(made.key), license);
  EXPECT_TRUE(VerifyLegacyKey(made.key, made.digest));
  std::string other = made.key;
  other.back() = '2';
  EXPECT_FALSE(VerifyLegacyKey(other, made.digest));
}

TEST(LegacyKey, HasNoIdUnlessItStartsWithThirtyTwoHexDigits) {
  EXPECT_FALSE(LegacyKeyLicense(""));
  EXPECT_FALSE(LegacyKeyLicense("0000000000004000800000000000bb"));
  EXPECT_FALSE(LegacyKeyLicense("00000000-0000-4000-8000-0000000000bb"));
  EXPECT_FALSE(LegacyKeyLicense("g00000000000400080000000000000bb-"));
}

// ---- default keys and typed keys

CodeWord WordOf(std::string_view key) {
  std::string digits;
  for (const char c : key.substr(0, 34))
    if (c != '-') digits += c;
  const Bytes bytes = *base::FromHex(digits);
  CodeWord word{};
  std::copy(bytes.begin(), bytes.end(), word.begin());
  return word;
}

TEST(DefaultKey, HasTheWrittenCheckBytes) {
  // The example of docs/formats/keys.md, worked out by hand there.
  Bytes data(12);
  for (std::size_t i = 0; i < data.size(); ++i) data[i] = static_cast<std::uint8_t>(i);
  FixedRandom random(data);
  const std::string key = GenerateDefaultKey(random);
  EXPECT_EQ(key, "000102-030405-060708-090A0B-C4BE7A-V3");
  EXPECT_EQ(CheckTypedKey(key).verdict, KeyCheck::Verdict::kSound);
}

TEST(CheckDigits, FindEveryErrorOfUpToThreeBytes) {
  // The code is linear: whether an error is found depends on the error alone.
  CodeWord word{};
  for (std::size_t a = 0; a < word.size(); ++a)
    for (int value = 1; value < 256; ++value) {
      CodeWord one{};
      one[a] = static_cast<std::uint8_t>(value);
      const CodeCheck check = CheckCodeWord(one);
      EXPECT_FALSE(check.sound);
      EXPECT_EQ(check.position, static_cast<int>(a));
      EXPECT_EQ(check.error, value);
    }
  SeededRandom random(7);
  for (int i = 0; i < 100000; ++i) {
    const Bytes pick = random.Take(6);
    CodeWord many{};
    for (std::size_t k = 0; k < 3; ++k)
      many[pick[k] % many.size()] = static_cast<std::uint8_t>(pick[3 + k] | 1);
    EXPECT_FALSE(CheckCodeWord(many).sound);
  }
  EXPECT_TRUE(CheckCodeWord(word).sound);
}

TEST(CheckDigits, NeverMendTwoWrongBytesIntoAnotherKey) {
  for (std::size_t a = 0; a < 15; ++a)
    for (std::size_t b = a + 1; b < 15; ++b)
      for (int x = 1; x < 256; x += 3)
        for (int y = 1; y < 256; y += 7) {
          CodeWord two{};
          two[a] = static_cast<std::uint8_t>(x);
          two[b] = static_cast<std::uint8_t>(y);
          const CodeCheck check = CheckCodeWord(two);
          ASSERT_FALSE(check.sound);
          ASSERT_EQ(check.position, -1);
        }
}

// Each of 10^4 keys with each of its 30 digits replaced by each of the 15 others.
TEST(TypedKey, TM_02_EveryOneByteEditOfTenThousandKeysIsFoundAndLocated) {
  SeededRandom random(11);
  constexpr std::string_view kHex = "0123456789ABCDEF";
  std::size_t edits = 0, found = 0, located = 0;
  for (int i = 0; i < 10000; ++i) {
    const std::string key = GenerateDefaultKey(random);
    CodeWord word = WordOf(key);
    ASSERT_TRUE(CheckCodeWord(word).sound);
    for (int digit = 0; digit < 30; ++digit)
      for (std::uint8_t change = 1; change < 16; ++change) {
        const auto at = static_cast<std::size_t>(digit / 2);
        const auto error = static_cast<std::uint8_t>(digit % 2 == 0 ? change << 4 : change);
        word[at] ^= error;
        const CodeCheck check = CheckCodeWord(word);
        word[at] ^= error;
        ++edits;
        found += !check.sound;
        located += check.position == digit / 2 && check.error == error;
      }
    // The same through the text: one digit of each group.
    const Bytes pick = random.Take(10);
    for (std::size_t group = 0; group < 5; ++group) {
      const std::size_t at = group * 7 + pick[group] % 6;
      const std::size_t old = kHex.find(key[at]);
      std::string typed = key;
      typed[at] = kHex[(old + 1 + pick[5 + group] % 15) % 16];
      const KeyCheck check = CheckTypedKey(typed);
      ASSERT_EQ(check.verdict, KeyCheck::Verdict::kTypo) << typed;
      ASSERT_EQ(check.group, static_cast<int>(group) + 1) << typed;
      ASSERT_EQ(check.suggestion, key) << typed;
      ASSERT_EQ(check.cleaned, typed);
    }
  }
  EXPECT_EQ(edits, 4500000u);
  EXPECT_EQ(found, edits);
  EXPECT_EQ(located, edits);
}

constexpr std::string_view kKey = "000102-030405-060708-090A0B-C4BE7A-V3";

struct TypedCase {
  std::string name, typed;
  KeyCheck::Verdict verdict;
  std::string cleaned;
  int group = 0;
  std::string suggestion{};
};
void PrintTo(const TypedCase& one, std::ostream* out) { *out << one.name << ": " << one.typed; }
class TypedKeyTest : public testing::TestWithParam<TypedCase> {};
TEST_P(TypedKeyTest, IsUnderstood) {
  const KeyCheck check = CheckTypedKey(GetParam().typed);
  EXPECT_EQ(check.verdict, GetParam().verdict);
  EXPECT_EQ(check.cleaned, GetParam().cleaned);
  EXPECT_EQ(check.group, GetParam().group);
  EXPECT_EQ(check.suggestion, GetParam().suggestion);
}
const auto kSound = KeyCheck::Verdict::kSound;
const auto kTypo = KeyCheck::Verdict::kTypo;
const auto kOther = KeyCheck::Verdict::kOtherShape;
const std::string kGood(kKey);
INSTANTIATE_TEST_SUITE_P(
    All, TypedKeyTest,
    testing::Values(
        TypedCase{"AsPrinted", kGood, kSound, kGood},
        TypedCase{"LowerCase", "000102-030405-060708-090a0b-c4be7a-v3", kSound, kGood},
        TypedCase{"SpacesInsteadOfDashes", " 000102 030405 060708\t090A0B C4BE7A V3\r\n", kSound,
                  kGood},
        TypedCase{"NoSeparators", "000102030405060708090A0BC4BE7AV3", kSound, kGood},
        TypedCase{"TypographicDashes", "000102–030405—060708‑090A0B−C4BE7A‐V3", kSound, kGood},
        TypedCase{"NoBreakAndZeroWidthSpaces",
                  "\u00a0000102-\u200b030405-060708-090A0B-C4BE7A-V3\ufeff", kSound, kGood},
        TypedCase{"BrokenOverLines", "000102-030405-\n060708-090A0B-\nC4BE7A-V3", kSound, kGood},
        TypedCase{"FullWidthLetters",
                  "０００１０２－０３０４０５－０６０７０８－０９０Ａ０Ｂ－Ｃ４ＢＥ７Ａ－Ｖ３",
                  kSound, kGood},
        TypedCase{"LookAlikes", "OoO|O2-O3O4OS-O6O7O8-O9OAOB-C4BE7A-V3", kSound, kGood},
        TypedCase{"SmallLAndI", "0001iz-030405-060708-090a0b-c4be7a-v3", kTypo,
                  "000112-030405-060708-090A0B-C4BE7A-V3", 1, kGood},
        TypedCase{"SmallL", "000l02-030405-060708-090a0b-c4be7a-v3", kSound, kGood},
        TypedCase{"VersionForgotten", "000102-030405-060708-090A0B-C4BE7A", kSound, kGood},
        TypedCase{"OneDigitWrongInGroupThree", "000102-030405-0607F8-090A0B-C4BE7A-V3", kTypo,
                  "000102-030405-0607F8-090A0B-C4BE7A-V3", 3, kGood},
        TypedCase{"OneDigitWrongInTheCheckGroup", "000102-030405-060708-090A0B-C4BE7B-V3", kTypo,
                  "000102-030405-060708-090A0B-C4BE7B-V3", 5, kGood},
        TypedCase{"TwoDigitsOfOneByte", "A70102-030405-060708-090A0B-C4BE7A-V3", kTypo,
                  "A70102-030405-060708-090A0B-C4BE7A-V3", 1, kGood},
        TypedCase{"TwoBytesWrong", "F00102-F30405-060708-090A0B-C4BE7A-V3", kTypo,
                  "F00102-F30405-060708-090A0B-C4BE7A-V3"},
        TypedCase{"ALetterThatIsNoDigit", "000102-0304H5-060708-090A0B-C4BE7A-V3", kTypo,
                  "000102-0304H5-060708-090A0B-C4BE7A-V3", 2, kGood},
        TypedCase{"ALetterForAZero", "G00102-030405-060708-090A0B-C4BE7A-V3", kTypo,
                  "G00102-030405-060708-090A0B-C4BE7A-V3", 1, kGood},
        TypedCase{"ALetterAndAWrongDigit", "G00102-030405-060708-090A0B-C4BE7B-V3", kTypo,
                  "G00102-030405-060708-090A0B-C4BE7B-V3", 1},
        TypedCase{"VersionMistyped", "000102-030405-060708-090A0B-C4BE7A-VE", kTypo,
                  "000102-030405-060708-090A0B-C4BE7A-VE", 0, kGood},
        TypedCase{"ADigitMissingInGroupFour", "000102-030405-060708-090A0-C4BE7A-V3", kTypo,
                  "000102-030405-060708-090A0-C4BE7A-V3", 4},
        TypedCase{"ADigitTooManyInGroupOne", "0001022-030405-060708-090A0B-C4BE7A-V3", kTypo,
                  "0001022-030405-060708-090A0B-C4BE7A-V3", 1},
        TypedCase{"ADigitMissingSomewhere", "00010203040506070890A0BC4BE7AV3", kTypo,
                  "000102-030405-060708-90A0BC-4BE7A-V3"},
        TypedCase{"Nothing", "", kOther, ""}, TypedCase{"Blank", " \n", kOther, ""},
        TypedCase{"AWord", " demo-Key ", kOther, "demo-Key"},
        TypedCase{"ASignedKeyKeepsItsCase", "key/c2hvcnQ=.3D3zP2HZ7n52", kOther,
                  "key/c2hvcnQ=.3D3zP2HZ7n52"},
        TypedCase{"AUuid", "019cb2a1-5c4e-7d11-8f39-0c9d2b7e4a55", kOther,
                  "019cb2a1-5c4e-7d11-8f39-0c9d2b7e4a55"},
        TypedCase{"ThirtyHexDigitsWithoutCheckBytes", "000000000000000000000000000001", kOther,
                  "000000000000000000000000000001"},
        TypedCase{"AnotherAlphabet", "GHJKMN-PQRTUV-WXYGHJ-KMNPQR-TUVWXY-V3", kOther,
                  "GHJKMN-PQRTUV-WXYGHJ-KMNPQR-TUVWXY-V3"},
        TypedCase{"BrokenUtf8", "\xff\xfe", kOther, "\xff\xfe"},
        TypedCase{"ABook", std::string(100000, 'A'), kOther, std::string(100000, 'A')}),
    [](const auto& row) { return row.param.name; });

TEST(DefaultKey, IsNotGivenTwice) {
  std::set<std::string> seen;
  for (int i = 0; i < 1000; ++i) seen.insert(GenerateDefaultKey(base::SystemRandom()));
  EXPECT_EQ(seen.size(), 1000u);
}

}  // namespace
}  // namespace latchkey::core
