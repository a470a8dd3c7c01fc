#include "core/certificate.h"

#include <gmock/gmock.h>

#include <fstream>
#include <sstream>

#include "crypto/hash.h"
#include "test/support/program.h"
#include "test/support/vector_file.h"

namespace latchkey::core {
namespace {

using crypto::SignatureAlgorithm;
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

constexpr SignatureAlgorithm kSignings[] = {
    SignatureAlgorithm::kEd25519, SignatureAlgorithm::kRsaPssSha256, SignatureAlgorithm::kRsaSha256,
    SignatureAlgorithm::kEcdsaP256};
std::vector<FileAlgorithm> AllAlgorithms() {
  std::vector<FileAlgorithm> all;
  for (const auto encoding : {FileEncoding::kBase64, FileEncoding::kAes256Gcm})
    for (const auto signing : kSignings) all.push_back({encoding, signing});
  return all;
}
constexpr FileAlgorithm kPlain{FileEncoding::kBase64, SignatureAlgorithm::kEd25519};
constexpr FileAlgorithm kEncrypted{FileEncoding::kAes256Gcm, SignatureAlgorithm::kEd25519};

constexpr std::string_view kLicenseKey = "0A1B2C-3D4E5F-607182-93A4B5-C6D7E8-V3";
constexpr std::string_view kFingerprint = "aa:bb:cc:dd";
const std::string kMachineSecret = std::string(kLicenseKey).append(kFingerprint);

std::string SecretFor(FileKind kind) {
  return kind == FileKind::kLicense ? std::string(kLicenseKey) : kMachineSecret;
}

// ---- license-files.json, machine-files.json

struct FileSet {
  FileKind kind;
  test::VectorFile file;
};
const FileSet& Licenses() {
  static const FileSet set{FileKind::kLicense, ReadVectors("license-files")};
  return set;
}
const FileSet& Machines() {
  static const FileSet set{FileKind::kMachine, ReadVectors("machine-files")};
  return set;
}

class FileVector : public testing::TestWithParam<VectorCase> {
 protected:
  std::string Input(const FileSet& set, std::string_view name) const {
    if (const auto text = TextOf(GetParam().input, name)) return *text;
    return *TextOf(set.file.all.at("defaults").as_object(), name);
  }
  std::string Secret(const FileSet& set) const {
    std::string secret = Input(set, "license_key");
    if (set.kind == FileKind::kMachine) secret += Input(set, "fingerprint");
    return secret;
  }
  std::string Payload(const FileSet& set) const {
    const json::object& payloads = set.file.all.at("payloads").as_object();
    return std::string(payloads.at(*TextOf(GetParam().expect, "payload")).as_string());
  }
  FileAlgorithm Algorithm() const {
    return ParseFileAlgorithm(*TextOf(GetParam().input, "algorithm")).value();
  }

  void CheckVerdict(const FileSet& set) const {
    const auto keys = test::VectorPublicKeys(set.file).value();
    const auto file = VerifiedFile::Open(
        set.kind, Algorithm(), *TextOf(GetParam().input, "certificate"), Secret(set), keys);
    bool accepted = file.has_value();
    if (accepted) accepted = file->CheckTimes(*base::ParseTime(Input(set, "now"))).has_value();
    if (accepted && set.kind == FileKind::kMachine)
      accepted = file->CheckFingerprint(Input(set, "fingerprint")).has_value();
    ASSERT_EQ(accepted, GetParam().accepted()) << GetParam().why;
    if (accepted) {
      EXPECT_EQ(file->payload_text(), Payload(set));
    }
  }

  void CheckMade(const FileSet& set) const {
    if (!GetParam().accepted()) {
      EXPECT_FALSE(GetParam().reproducible);
      return;
    }
    FixedRandom random(
        *base::FromHex(TextOf(GetParam().expect, "iv").value_or("000102030405060708090a0b")));
    const std::string payload = Payload(set);
    const auto made =
        MakeCertificate(set.kind, Algorithm(), payload, Secret(set), Keys(), random).value();
    if (GetParam().reproducible) {
      EXPECT_EQ(made, *TextOf(GetParam().input, "certificate"));
    }
    const auto file =
        VerifiedFile::Open(set.kind, Algorithm(), made, Secret(set), Keys().public_keys());
    ASSERT_TRUE(file);
    EXPECT_EQ(file->payload_text(), payload);
  }
};

class LicenseFileVector : public FileVector {};
TEST_P(LicenseFileVector, HasTheVerdict) { CheckVerdict(Licenses()); }
TEST_P(LicenseFileVector, IsMadeAgainFromItsPayload) { CheckMade(Licenses()); }
INSTANTIATE_TEST_SUITE_P(All, LicenseFileVector,
                         testing::ValuesIn(ReadVectors("license-files").cases), CaseName);

class MachineFileVector : public FileVector {};
TEST_P(MachineFileVector, HasTheVerdict) { CheckVerdict(Machines()); }
TEST_P(MachineFileVector, IsMadeAgainFromItsPayload) { CheckMade(Machines()); }
INSTANTIATE_TEST_SUITE_P(All, MachineFileVector,
                         testing::ValuesIn(ReadVectors("machine-files").cases), CaseName);

TEST(FileVectors, AreAllRead) {
  EXPECT_GE(Licenses().file.cases.size(), 74u);
  EXPECT_GE(Machines().file.cases.size(), 47u);
}

// ---- the worked example of machines.md §6.11

constexpr std::string_view kExample =
    R"({"data":{"id":"00000000-0000-4000-8000-0000000000bb","type":"licenses","attributes":{"name":"Demo","key":"0A1B2C-3D4E5F-607182-93A4B5-C6D7E8-V3","expiry":null,"status":"ACTIVE","scheme":null,"metadata":{}},"relationships":{"account":{"links":{"related":"/v1/accounts/00000000-0000-4000-8000-0000000000aa"},"data":{"type":"accounts","id":"00000000-0000-4000-8000-0000000000aa"}}},"links":{"self":"/v1/accounts/00000000-0000-4000-8000-0000000000aa/licenses/00000000-0000-4000-8000-0000000000bb"}},"meta":{"issued":"2026-01-31T09:30:00.000Z","expiry":"2026-02-28T09:30:00.000Z","ttl":2629746}})";

struct Parts {
  std::string document, enc, sig;
  std::vector<std::string> lines;
};
Parts Take(std::string_view certificate) {
  Parts parts;
  std::string body;
  for (std::string_view rest = certificate; !rest.empty();) {
    const std::size_t end = rest.find('\n');
    parts.lines.emplace_back(rest.substr(0, end));
    rest.remove_prefix(end + 1);
  }
  for (std::size_t i = 1; i + 1 < parts.lines.size(); ++i) body += parts.lines[i];
  const Bytes document = base::FromBase64(body).value();
  parts.document = base::AsText(document);
  const json::object tree = base::ParseJson(parts.document).value().as_object();
  parts.enc = *TextOf(tree, "enc");
  parts.sig = *TextOf(tree, "sig");
  return parts;
}
std::string Sha256Hex(std::string_view text) { return base::Hex(crypto::Sha256(text)); }

TEST(WorkedExample, OfAPlainLicenseFileIsMadeByteByByte) {
  ASSERT_EQ(kExample.size(), 590u);
  SeededRandom random(1);
  const auto file =
      MakeCertificate(FileKind::kLicense, kPlain, kExample, kLicenseKey, Keys(), random).value();
  const Parts parts = Take(file);
  EXPECT_EQ(parts.enc.size(), 788u);
  EXPECT_TRUE(parts.enc.starts_with("eyJkYXRhIjp7ImlkIjoi") && parts.enc.ends_with("fX0="));
  EXPECT_EQ(
      parts.sig,
      "BrAfl31xiZR6j9lfsuDtphnUhW3vbX22FwULnabk5wcpaLX+EYS+GTr9ImwPiQNW28xgHFS9Huv9Ky93wQ5gBw==");
  EXPECT_EQ(parts.document.size(), 918u);
  EXPECT_TRUE(parts.document.ends_with(R"(gBw==","alg":"base64+ed25519"})"));
  EXPECT_EQ(file.size(), 1301u);
  ASSERT_EQ(parts.lines.size(), 23u);
  EXPECT_EQ(parts.lines[1], "eyJlbmMiOiJleUprWVhSaElqcDdJbWxrSWpvaU1EQXdNREF3TURBdE1EQXdN");
  EXPECT_EQ(parts.lines[21], "OiJiYXNlNjQrZWQyNTUxOSJ9");
  EXPECT_EQ(Sha256Hex(file), "0d3f616eda02f937b8b62ec198d097899edf59e4f79c916f93f1598baeed17de");
}

TEST(WorkedExample, OfAnEncryptedLicenseFileIsMadeByteByByte) {
  EXPECT_EQ(Sha256Hex(kLicenseKey),
            "394c2847485ff113996ac44ed5500d6c2082e7a53b3ae39acfcbe29dbd104e3f");
  EXPECT_EQ(Sha256Hex(kMachineSecret),
            "e5a8490148673dce4e452b6d609932edd3820b6a4f6ecb098257081878faad8a");
  FixedRandom iv(*base::FromHex("101112131415161718191a1b"));
  const auto file =
      MakeCertificate(FileKind::kLicense, kEncrypted, kExample, kLicenseKey, Keys(), iv).value();
  const Parts parts = Take(file);
  ASSERT_EQ(parts.enc.size(), 830u);
  EXPECT_EQ(base::Hex(*base::FromBase64(parts.enc.substr(0, 788))).substr(0, 32),
            "fccc5962267f38686fcc576209e98a0e");
  EXPECT_EQ(parts.enc.substr(788), ".EBESExQVFhcYGRob.yL8Xfbrq20fbcgAYqk1iFw==");
  EXPECT_EQ(Sha256Hex(parts.enc),
            "c74b58adcf36a16495fb37f047bc4a34c3137aae3daf01bc5e2d091115cfbc47");
  EXPECT_EQ(
      parts.sig,
      "LV7bL/YPz6w36O32ExnS3uJwLsjQxy0LWccSUPEKzI3hV0ttc2q6hYwst5M9xoLg6fsQIi9vdanEgTCIoxHzDQ==");
  EXPECT_EQ(parts.document.size(), 965u);
  EXPECT_EQ(file.size(), 1366u);
  EXPECT_EQ(parts.lines.size(), 24u);
  EXPECT_EQ(Sha256Hex(file), "c3c2e168ab7330f96f924d24f57faf5b689b864004d41e8076966e3d78b451f1");
}

TEST(WorkedExample, Opens) {
  FixedRandom iv(*base::FromHex("101112131415161718191a1b"));
  for (const FileAlgorithm& algorithm : AllAlgorithms()) {
    const auto made =
        MakeCertificate(FileKind::kLicense, algorithm, kExample, kLicenseKey, Keys(), iv).value();
    const auto file =
        VerifiedFile::Open(FileKind::kLicense, algorithm, made, kLicenseKey, Keys().public_keys())
            .value();
    EXPECT_EQ(file.payload_text(), kExample);
    EXPECT_EQ(file.payload().at("data").at("attributes").at("name").as_string(), "Demo");
    EXPECT_EQ(base::FormatTime(file.issued()), "2026-01-31T09:30:00.000Z");
    EXPECT_EQ(base::FormatTime(*file.expiry()), "2026-02-28T09:30:00.000Z");
    EXPECT_EQ(file.ttl(), 2629746);
  }
}

// ---- leases with terms

std::string Lease(FileKind kind, int number) {
  const std::string type = kind == FileKind::kLicense ? "licenses" : "machines";
  return R"({"data":{"type":")" + type + R"(","id":")" + std::to_string(number) +
         R"(","attributes":{"fingerprint":"aa:bb:cc:dd"}},"meta":{"issued":"2026-01-31T09:30:00.000Z","expiry":null,"ttl":null,)"
         R"("terms":{"sync":604800,"grace":2592000,"expiryGrace":1209600,"until":"2026-03-09T09:30:00.000Z"}}})";
}

// 100 leases in ten batches, so that they can run side by side.
class LeaseBatch : public testing::TestWithParam<int> {};
TEST_P(LeaseBatch, TM_07_WithAnyBitFlippedIsRefused) {
  SeededRandom random(static_cast<std::uint64_t>(GetParam()));
  const auto& keys = Keys().public_keys();
  std::size_t flips = 0;
  for (int i = 0; i < 10; ++i) {
    const FileKind kind = i % 2 == 0 ? FileKind::kMachine : FileKind::kLicense;
    const FileAlgorithm& algorithm = i % 4 < 2 ? kEncrypted : kPlain;
    const std::string secret = SecretFor(kind);
    std::string file =
        MakeCertificate(kind, algorithm, Lease(kind, GetParam() * 10 + i), secret, Keys(), random)
            .value();
    ASSERT_TRUE(VerifiedFile::Open(kind, algorithm, file, secret, keys));
    for (std::size_t bit = 0; bit < file.size() * 8; ++bit) {
      const char byte = file[bit / 8];
      file[bit / 8] = static_cast<char>(byte ^ (1 << (bit % 8)));
      ASSERT_FALSE(VerifiedFile::Open(kind, algorithm, file, secret, keys))
          << "lease " << i << ", bit " << bit;
      file[bit / 8] = byte;
      ++flips;
    }
  }
  EXPECT_GT(flips, 50000u);
}
INSTANTIATE_TEST_SUITE_P(All, LeaseBatch, testing::Range(0, 10));

TEST(Lease, TM_07_WithAnyByteTakenOutOrCutOffIsRefused) {
  SeededRandom random(8);
  const std::string file =
      MakeCertificate(FileKind::kMachine, kEncrypted, Lease(FileKind::kMachine, 1), kMachineSecret,
                      Keys(), random)
          .value();
  const auto opens = [&](std::string_view text) {
    return VerifiedFile::Open(FileKind::kMachine, kEncrypted, text, kMachineSecret,
                              Keys().public_keys())
        .has_value();
  };
  for (std::size_t i = 0; i < file.size(); ++i) {
    std::string less = file;
    less.erase(i, 1);
    EXPECT_EQ(opens(less), file[i] == '\n') << i;  // line breaks are dropped anyway
    EXPECT_EQ(opens(std::string_view(file).substr(0, i)), i + 1 == file.size()) << i;
  }
}

TEST(WorkedExample, OfTheFormatDocumentOpens) {
  std::ifstream in("docs/formats/files.md");
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  const std::size_t begin = text.find("    -----BEGIN MACHINE FILE-----");
  const std::string_view end = "-----END MACHINE FILE-----\n";
  ASSERT_NE(begin, std::string::npos);
  std::string file;
  std::istringstream block(text.substr(begin, text.find(end, begin) + end.size() - begin));
  for (std::string line; std::getline(block, line);) file += line.substr(4) + "\n";
  const auto opened =
      VerifiedFile::Open(FileKind::kMachine, kPlain, file, {}, Keys().public_keys());
  ASSERT_TRUE(opened);
  EXPECT_TRUE(opened->CheckFingerprint(kFingerprint));
  const json::value& terms = opened->payload().at("meta").at("terms");
  const Seconds lasting(terms.at("sync").as_int64() + terms.at("grace").as_int64());
  EXPECT_EQ(base::FormatTime(opened->issued() + lasting), terms.at("until").as_string());
}

// ---- algorithms

std::string WithAlgorithmName(std::string_view certificate, std::string_view from,
                              std::string_view to) {
  Parts parts = Take(certificate);
  const std::size_t at = parts.document.rfind(from);
  parts.document.replace(at, from.size(), to);
  return parts.lines.front() + "\n" + base::Base64(base::AsBytes(parts.document)) + "\n" +
         parts.lines.back() + "\n";
}

TEST(Algorithm, TM_09_OnlyTheExpectedNamePasses) {
  SeededRandom random(9);
  std::size_t passed = 0;
  for (const FileKind kind : {FileKind::kLicense, FileKind::kMachine})
    for (const FileAlgorithm& made : AllAlgorithms()) {
      const auto file =
          MakeCertificate(kind, made, Lease(kind, 1), SecretFor(kind), Keys(), random).value();
      for (const FileAlgorithm& expected : AllAlgorithms()) {
        const auto opened =
            VerifiedFile::Open(kind, expected, file, SecretFor(kind), Keys().public_keys());
        EXPECT_EQ(opened.has_value(), made == expected);
        passed += opened.has_value();
        if (made == expected) continue;
        EXPECT_EQ(opened.error().code, Errc::kMalformed);
        // The name rewritten to the expected one: now the signature or the encoding does not fit.
        const auto renamed = WithAlgorithmName(file, made.Name(), expected.Name());
        EXPECT_FALSE(
            VerifiedFile::Open(kind, expected, renamed, SecretFor(kind), Keys().public_keys()));
      }
    }
  EXPECT_EQ(passed, 16u);
}

TEST(Algorithm, TM_09_JunkNamesAreRefusedBeforeAnyCryptography) {
  SeededRandom random(9);
  for (const FileAlgorithm& expected : AllAlgorithms()) {
    const auto file = MakeCertificate(FileKind::kMachine, expected, Lease(FileKind::kMachine, 1),
                                      kMachineSecret, Keys(), random)
                          .value();
    const std::string name = expected.Name();
    for (const std::string& junk :
         {std::string(), std::string("none"), std::string("base64"), std::string("ed25519"),
          std::string("+"), std::string("base64+none"), std::string("base64+hs256"),
          std::string("rot13+ed25519"), " " + name, name + " ", name + "+" + name,
          "BASE64+ED25519" + std::string(), std::string(R"(base64+ed25519\u0000)")}) {
      const auto renamed = WithAlgorithmName(file, name, junk);
      // No public key is given: had it come to verifying, the error would be kSignatureInvalid.
      const auto opened = VerifiedFile::Open(FileKind::kMachine, expected, renamed, kMachineSecret,
                                             crypto::PublicKeys{});
      ASSERT_FALSE(opened) << junk;
      EXPECT_EQ(opened.error().code, Errc::kMalformed) << junk;
      EXPECT_EQ(opened.error().detail, "not the expected algorithm") << junk;
    }
    const auto genuine = VerifiedFile::Open(FileKind::kMachine, expected, file, kMachineSecret,
                                            crypto::PublicKeys{});
    EXPECT_EQ(genuine.error().code, Errc::kSignatureInvalid);
  }
}

TEST(Algorithm, IsReadByItsExactName) {
  for (const FileAlgorithm& algorithm : AllAlgorithms())
    EXPECT_EQ(ParseFileAlgorithm(algorithm.Name()).value(), algorithm);
  const std::pair<std::string_view, std::string_view> refused[] = {
      {"", "invalid encoding algorithm"},
      {"none", "invalid encoding algorithm"},
      {"ed25519", "invalid encoding algorithm"},
      {"+ed25519", "invalid encoding algorithm"},
      {"BASE64+ed25519", "invalid encoding algorithm"},
      {"base32+none", "invalid encoding algorithm"},
      {"base64", "invalid signing algorithm"},
      {"aes-256-gcm", "invalid signing algorithm"},
      {"base64+", "invalid signing algorithm"},
      {"base64+ED25519", "invalid signing algorithm"},
      {"base64+ed25519+x", "invalid signing algorithm"},
      {"base64 +ed25519", "invalid encoding algorithm"}};
  for (const auto& [text, detail] : refused) {
    const auto algorithm = ParseFileAlgorithm(text);
    ASSERT_FALSE(algorithm) << text;
    EXPECT_EQ(algorithm.error().code, Errc::kCheckoutAlgorithmInvalid);
    EXPECT_EQ(algorithm.error().detail, detail) << text;
    EXPECT_EQ(algorithm.error().pointer, "algorithm");
  }
}

TEST(Algorithm, FollowsTheSchemeOfThePolicy) {
  const std::pair<std::optional<Scheme>, std::string_view> rows[] = {
      {std::nullopt, "ed25519"},
      {Scheme::kLegacyEncrypt, "ed25519"},
      {Scheme::kEd25519Sign, "ed25519"},
      {Scheme::kRsaPssSign, "rsa-pss-sha256"},
      {Scheme::kRsaPssSignV2, "rsa-pss-sha256"},
      {Scheme::kRsaPkcs1Sign, "rsa-sha256"},
      {Scheme::kRsaPkcs1SignV2, "rsa-sha256"},
      {Scheme::kRsaPkcs1Encrypt, "rsa-sha256"},
      {Scheme::kRsaJwtRs256, "rsa-sha256"},
      {Scheme::kEcdsaP256Sign, "ecdsa-p256"}};
  for (const auto& [scheme, signing] : rows) {
    EXPECT_EQ(DefaultFileAlgorithm(scheme, false).Name(), "base64+" + std::string(signing));
    EXPECT_EQ(DefaultFileAlgorithm(scheme, true).Name(), "aes-256-gcm+" + std::string(signing));
  }
}

// ---- kid, payloads, rules after opening

TEST(Kid, StandsAfterAlgAndIsOnlyAHint) {
  SeededRandom random(2);
  const auto with = MakeCertificate(FileKind::kMachine, kPlain, Lease(FileKind::kMachine, 1), {},
                                    Keys(), random, "k_0123456789abcdef")
                        .value();
  EXPECT_TRUE(
      Take(with).document.ends_with(R"(","alg":"base64+ed25519","kid":"k_0123456789abcdef"})"));
  const auto other = WithAlgorithmName(with, "k_0123456789abcdef", "k_ffffffffffffffff");
  for (const std::string& file : {with, other})
    EXPECT_TRUE(VerifiedFile::Open(FileKind::kMachine, kPlain, file, {}, Keys().public_keys()));
}

TEST(Document, MayHaveUnknownMembersButNoneTwice) {
  SeededRandom random(2);
  const auto file =
      MakeCertificate(FileKind::kMachine, kPlain, Lease(FileKind::kMachine, 1), {}, Keys(), random)
          .value();
  const std::string alg = R"("alg":"base64+ed25519")";
  const auto opens = [&](std::string_view to) {
    return VerifiedFile::Open(FileKind::kMachine, kPlain, WithAlgorithmName(file, alg, to), {},
                              Keys().public_keys())
        .has_value();
  };
  EXPECT_TRUE(opens(alg));
  EXPECT_TRUE(opens(alg + R"(,"x":[1])"));
  EXPECT_FALSE(opens(alg + "," + alg));
  EXPECT_FALSE(opens(alg + R"(,"enc":"")"));
  EXPECT_FALSE(opens(R"("alg":["base64+ed25519"])"));
}

struct BadPayload {
  std::string name, text;
};
void PrintTo(const BadPayload& one, std::ostream* out) { *out << one.name; }
class BadPayloadTest : public testing::TestWithParam<BadPayload> {};
TEST_P(BadPayloadTest, IsRefusedThoughSigned) {
  SeededRandom random(2);
  const auto file =
      MakeCertificate(FileKind::kLicense, kPlain, GetParam().text, {}, Keys(), random).value();
  const auto opened =
      VerifiedFile::Open(FileKind::kLicense, kPlain, file, {}, Keys().public_keys());
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, Errc::kMalformed);
}
INSTANTIATE_TEST_SUITE_P(
    All, BadPayloadTest,
    testing::Values(
        BadPayload{"Empty", ""}, BadPayload{"AnArray", "[]"},
        BadPayload{"NoMeta", R"({"data":{}})"}, BadPayload{"MetaIsText", R"({"meta":"x"})"},
        BadPayload{"NoIssued", R"({"meta":{"expiry":null,"ttl":null}})"},
        BadPayload{"IssuedNull", R"({"meta":{"issued":null,"expiry":null,"ttl":null}})"},
        BadPayload{"IssuedANumber", R"({"meta":{"issued":1769851800,"expiry":null,"ttl":null}})"},
        BadPayload{"IssuedUnreadable", R"({"meta":{"issued":"soon","expiry":null,"ttl":null}})"},
        BadPayload{"NoExpiry", R"({"meta":{"issued":"2026-01-31T09:30:00.000Z","ttl":null}})"},
        BadPayload{"NoTtl", R"({"meta":{"issued":"2026-01-31T09:30:00.000Z","expiry":null}})"},
        BadPayload{"TtlIsText",
                   R"({"meta":{"issued":"2026-01-31T09:30:00.000Z","expiry":null,"ttl":"1"}})"},
        BadPayload{"TtlWithoutExpiry",
                   R"({"meta":{"issued":"2026-01-31T09:30:00.000Z","expiry":null,"ttl":3600}})"},
        BadPayload{
            "MetaTwice",
            R"({"meta":{"issued":"2026-01-31T09:30:00.000Z","expiry":null,"ttl":null},"meta":{}})"},
        BadPayload{"BrokenUtf8",
                   "{\"meta\":{\"issued\":\"2026-01-31T09:30:00.000Z\",\"expiry\":null,\"ttl\":"
                   "null},\"x\":\"\xff\"}"}),
    [](const auto& row) { return row.param.name; });

TEST(Open, TellsAWrongSecretFromAForgery) {
  SeededRandom random(2);
  const auto file = MakeCertificate(FileKind::kMachine, kEncrypted, Lease(FileKind::kMachine, 1),
                                    kMachineSecret, Keys(), random)
                        .value();
  const auto& keys = Keys().public_keys();
  EXPECT_EQ(
      VerifiedFile::Open(FileKind::kMachine, kEncrypted, file, kLicenseKey, keys).error().code,
      Errc::kDecryptionFailed);
  EXPECT_EQ(
      VerifiedFile::Open(FileKind::kLicense, kEncrypted, file, kMachineSecret, keys).error().code,
      Errc::kMalformed);
  crypto::PublicKeys other = keys;
  other.ed25519 = crypto::Ed25519PublicKey::FromHex(
                      "29acbae141bccaf0b22e1a94d34d0bc7361e526d0bfe12c89794bc9322966dd7")
                      .value();
  EXPECT_EQ(
      VerifiedFile::Open(FileKind::kMachine, kEncrypted, file, kMachineSecret, other).error().code,
      Errc::kSignatureInvalid);
}

TEST(Open, RulesNameTheirError) {
  SeededRandom random(2);
  const auto open = [&](FileKind kind, std::string_view payload) {
    const auto file = MakeCertificate(kind, kPlain, payload, {}, Keys(), random).value();
    return VerifiedFile::Open(kind, kPlain, file, {}, Keys().public_keys()).value();
  };
  const auto at = [](std::string_view text) { return *base::ParseTime(text); };
  const VerifiedFile license = open(FileKind::kLicense, kExample);
  EXPECT_TRUE(license.CheckTimes(at("2026-01-31T09:25:00Z")));
  EXPECT_EQ(license.CheckTimes(at("2026-01-31T09:24:59Z")).error().code, Errc::kNotYetValid);
  EXPECT_TRUE(license.CheckTimes(at("2026-02-28T09:30:00Z")));
  EXPECT_EQ(license.CheckTimes(at("2026-02-28T09:30:01Z")).error().code, Errc::kExpired);
  const VerifiedFile machine = open(FileKind::kMachine, Lease(FileKind::kMachine, 1));
  EXPECT_TRUE(machine.CheckTimes(at("2126-01-01")));
  EXPECT_TRUE(machine.CheckFingerprint(kFingerprint));
  EXPECT_EQ(machine.CheckFingerprint("aa:bb:cc:de").error().code, Errc::kWrongFingerprint);
  EXPECT_EQ(license.CheckFingerprint("").error().code, Errc::kWrongFingerprint);
}

TEST(Make, FailsWithoutTheKeyPair) {
  SeededRandom random(2);
  const crypto::AccountKeys lone(Keys().ed25519(), std::nullopt, std::nullopt);
  for (const FileAlgorithm& algorithm : AllAlgorithms()) {
    const auto made =
        MakeCertificate(FileKind::kLicense, algorithm, kExample, kLicenseKey, lone, random);
    EXPECT_EQ(made.has_value(), algorithm.signing == SignatureAlgorithm::kEd25519);
    if (!made) {
      EXPECT_EQ(made.error().code, Errc::kInternal);
    }
  }
}

// ---- a program that shares no code with ours (test/interop/open_file.py)

TEST(OpenFileProgram, OpensOurFilesAndRefusesForgedOnes) {
  if (!test::HasPythonCryptography())
    GTEST_SKIP() << "python3-cryptography is not installed: not checked here";
  const test::TemporaryFolder folder;
  SeededRandom random(2);
  const std::string hex = Keys().ed25519().public_key().ToHex();
  for (const FileKind kind : {FileKind::kLicense, FileKind::kMachine})
    for (const FileAlgorithm& algorithm : {kPlain, kEncrypted}) {
      const std::string payload =
          kind == FileKind::kLicense ? std::string(kExample) : Lease(kind, 1);
      const auto file = MakeCertificate(kind, algorithm, payload, SecretFor(kind), Keys(), random,
                                        "k_0123456789abcdef")
                            .value();
      const std::string path = folder.Write("file.lic", file);
      std::string line = "python3 test/interop/open_file.py --public-key " + hex + " --key " +
                         std::string(kLicenseKey);
      if (kind == FileKind::kMachine) line += " --fingerprint " + std::string(kFingerprint);
      const test::ProgramRun run = test::RunProgram(line + " " + path);
      EXPECT_EQ(run.status, 0);
      EXPECT_EQ(run.output, payload + "\n");

      const auto forged = WithAlgorithmName(file, R"("enc":")", R"("enc":"AAAA)");
      EXPECT_EQ(test::RunProgram(line + " " + folder.Write("forged.lic", forged)).status, 1);
      EXPECT_EQ(test::RunProgram(line + "0 " + path).status,
                algorithm == kEncrypted || kind == FileKind::kMachine ? 1 : 0);
    }
}

}  // namespace
}  // namespace latchkey::core
