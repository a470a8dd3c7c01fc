#include "crypto/account_keys.h"

#include "crypto/test_support.h"

namespace latchkey::crypto {
namespace {

using base::AsBytes;

constexpr std::string_view kBody = "eyJkYXRhIjp7fX0=";

// The signed kinds: the purposes, and the unprefixed texts of the older RSA key schemes.
constexpr std::size_t kKinds = kAllPurposes.size() + 1;

std::string_view KindPrefix(std::size_t kind) {
  return kind < kAllPurposes.size() ? Prefix(kAllPurposes[kind]) : std::string_view();
}

bool VerifyKind(std::size_t kind, SignatureAlgorithm algorithm, std::string_view signed_text,
                ByteView signature) {
  const PublicKeys& keys = TestAccount().public_keys();
  if (kind < kAllPurposes.size()) {
    // The verifier of a kind is handed the text without its prefix; whatever it gets, it puts its
    // own in front.
    const std::string_view prefix = KindPrefix(kind);
    if (signed_text.starts_with(prefix)) signed_text.remove_prefix(prefix.size());
    return keys.Verify(algorithm, kAllPurposes[kind], signed_text, signature);
  }
  if (StartsLikeSigned(signed_text)) return false;  // decision 9
  const ByteView message = AsBytes(signed_text);
  switch (algorithm) {
    case SignatureAlgorithm::kEd25519:
      return keys.ed25519->Verify(message, signature);
    case SignatureAlgorithm::kRsaPssSha256:
      return keys.rsa->VerifyPss(message, signature);
    case SignatureAlgorithm::kRsaSha256:
      return keys.rsa->VerifyPkcs1(message, signature);
    case SignatureAlgorithm::kEcdsaP256:
      return keys.ecdsa->Verify(message, signature);
  }
  return false;
}

Bytes SignKind(std::size_t kind, SignatureAlgorithm algorithm, std::string_view body) {
  if (kind < kAllPurposes.size()) return *TestAccount().Sign(algorithm, kAllPurposes[kind], body);
  switch (algorithm) {
    case SignatureAlgorithm::kEd25519: {
      const auto signature = TestAccount().ed25519().Sign(AsBytes(body));
      return {signature.begin(), signature.end()};
    }
    case SignatureAlgorithm::kRsaPssSha256:
      return TestAccount().rsa()->SignPss(AsBytes(body));
    case SignatureAlgorithm::kRsaSha256:
      return TestAccount().rsa()->SignPkcs1(AsBytes(body));
    case SignatureAlgorithm::kEcdsaP256:
      return TestAccount().ecdsa()->Sign(AsBytes(body));
  }
  return {};
}

TEST(TM_05_CrossPurpose, OfEightByEightUsesOnlyTheEightOwnOnesPass) {
  ASSERT_EQ(kKinds, 8u);
  for (const auto algorithm : kAllAlgorithms) {
    int accepted = 0, refused = 0;
    for (std::size_t signer = 0; signer < kKinds; ++signer) {
      const Bytes signature = SignKind(signer, algorithm, kBody);
      const std::string text = std::string(KindPrefix(signer)).append(kBody);
      for (std::size_t verifier = 0; verifier < kKinds; ++verifier) {
        // Both what an attacker may present: the whole signed text, and the body alone.
        const bool whole = VerifyKind(verifier, algorithm, text, signature);
        const bool body = VerifyKind(verifier, algorithm, kBody, signature);
        EXPECT_EQ(whole, signer == verifier) << Name(algorithm) << signer << verifier;
        EXPECT_EQ(body, signer == verifier) << Name(algorithm) << signer << verifier;
        ++(whole || body ? accepted : refused);
      }
    }
    EXPECT_EQ(accepted, 8) << Name(algorithm);
    EXPECT_EQ(refused, 56) << Name(algorithm);
  }
}

TEST(TM_09_AlgorithmConfusion, ASignatureVerifiesUnderItsOwnAlgorithmOnly) {
  for (const auto signer : kAllAlgorithms) {
    const auto signature = TestAccount().Sign(signer, Purpose::kLicenseFile, kBody);
    ASSERT_TRUE(signature);
    for (const auto verifier : kAllAlgorithms)
      EXPECT_EQ(
          TestAccount().public_keys().Verify(verifier, Purpose::kLicenseFile, kBody, *signature),
          signer == verifier)
          << Name(signer) << " as " << Name(verifier);
  }
}

TEST(TM_10_Malleability, AnotherTextOfTheSameSignatureIsRefused) {
  for (const auto algorithm : kAllAlgorithms) {
    const Bytes signature = *TestAccount().Sign(algorithm, Purpose::kLicenseFile, kBody);
    const auto verify = [&](ByteView bytes) {
      return TestAccount().public_keys().Verify(algorithm, Purpose::kLicenseFile, kBody, bytes);
    };
    ASSERT_TRUE(verify(signature));
    Bytes changed = signature;
    changed.push_back(0);
    EXPECT_FALSE(verify(changed)) << Name(algorithm);
    changed = signature;
    changed.insert(changed.begin(), 0);
    EXPECT_FALSE(verify(changed)) << Name(algorithm);
    changed = signature;
    changed.insert(changed.end(), signature.begin(), signature.end());
    EXPECT_FALSE(verify(changed)) << Name(algorithm);
    for (std::size_t size = 0; size < signature.size(); ++size)
      EXPECT_FALSE(verify(ByteView(signature).first(size))) << Name(algorithm) << size;
  }
}

TEST(TM_12_KeyOfAnotherAccount, NoSignatureCrossesAccountsForAnyPurpose) {
  for (const auto algorithm : kAllAlgorithms)
    for (const auto purpose : kAllPurposes) {
      const auto ours = TestAccount().Sign(algorithm, purpose, kBody);
      const auto theirs = OtherAccount().Sign(algorithm, purpose, kBody);
      ASSERT_TRUE(ours && theirs);
      EXPECT_TRUE(TestAccount().public_keys().Verify(algorithm, purpose, kBody, *ours));
      EXPECT_TRUE(OtherAccount().public_keys().Verify(algorithm, purpose, kBody, *theirs));
      EXPECT_FALSE(TestAccount().public_keys().Verify(algorithm, purpose, kBody, *theirs));
      EXPECT_FALSE(OtherAccount().public_keys().Verify(algorithm, purpose, kBody, *ours));
    }
}

TEST(AccountKeys, AnAbsentFamilyNeitherSignsNorVerifies) {
  const AccountKeys keys(TestAccount().ed25519(), std::nullopt, std::nullopt);
  for (const auto algorithm : kAllAlgorithms) {
    const auto signature = keys.Sign(algorithm, Purpose::kResponse, kBody);
    const Bytes foreign = *TestAccount().Sign(algorithm, Purpose::kResponse, kBody);
    if (algorithm == SignatureAlgorithm::kEd25519) {
      EXPECT_TRUE(signature);
      EXPECT_TRUE(keys.public_keys().Verify(algorithm, Purpose::kResponse, kBody, foreign));
      continue;
    }
    ASSERT_FALSE(signature);
    EXPECT_EQ(signature.error().code, Errc::kInternal);
    EXPECT_FALSE(keys.public_keys().Verify(algorithm, Purpose::kResponse, kBody, foreign));
  }
}

TEST(AccountKeys, GenerateMakesThreePairsThatAreAllNew) {
  const auto& a = OtherAccount();
  const AccountKeys b = AccountKeys::Generate(base::SystemRandom());
  ASSERT_TRUE(b.rsa() && b.ecdsa());
  EXPECT_NE(a.ed25519().public_key(), b.ed25519().public_key());
  EXPECT_NE(a.rsa()->public_key().ToPem(), b.rsa()->public_key().ToPem());
  EXPECT_NE(a.ecdsa()->public_key().ToPem(), b.ecdsa()->public_key().ToPem());
}

}  // namespace
}  // namespace latchkey::crypto
