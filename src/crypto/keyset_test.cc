#include "crypto/keyset.h"

#include <stdexcept>

#include "crypto/hash.h"
#include "crypto/test_support.h"

namespace latchkey::crypto {
namespace {

const TimePoint kNow = base::FromUnixSeconds(1772529300);
constexpr Seconds kDay(86400);

Keyset Fresh(Purpose purpose = Purpose::kResponse) {
  return Keyset::Generate(purpose, kNow, base::SystemRandom());
}

TEST(KeyId, IsMadeFromThePublicKey) {
  const auto& key = TestAccount().ed25519().public_key();
  EXPECT_EQ(IdOf(key), "k_" + base::Hex(Sha256(key.bytes())).substr(0, 16));
  EXPECT_EQ(IdOf(key).size(), 18u);
}

TEST(Keyset, SignsWithThePrimaryAndVerifies) {
  const Keyset keys = Fresh();
  const Bytes signature = keys.Sign("body");
  EXPECT_TRUE(keys.Verify("body", signature, kNow));
  EXPECT_TRUE(keys.Verify("body", signature, kNow, keys.primary()));
  EXPECT_FALSE(keys.Verify("Body", signature, kNow));
  ASSERT_EQ(keys.PublicKeys().size(), 1u);
  EXPECT_EQ(keys.PublicKeys()[0].id, keys.primary());
  EXPECT_EQ(keys.PublicKeys()[0].status, KeyStatus::kPrimary);
}

TEST(Keyset, RotatedKeysVerifyUntilTheOverlapEnds) {
  Keyset keys = Fresh();
  const KeyId old = keys.primary();
  const Bytes before = keys.Sign("body");
  const KeyId fresh = keys.Rotate(kNow + kDay, kNow + 8 * kDay, base::SystemRandom());
  EXPECT_NE(old, fresh);
  EXPECT_EQ(keys.primary(), fresh);
  const Bytes after = keys.Sign("body");
  EXPECT_NE(before, after);
  EXPECT_TRUE(keys.Verify("body", before, kNow + 7 * kDay, old));
  EXPECT_TRUE(keys.Verify("body", before, kNow + 8 * kDay - Duration(1)));
  EXPECT_FALSE(keys.Verify("body", before, kNow + 8 * kDay));
  EXPECT_FALSE(keys.Verify("body", before, kNow + 8 * kDay, old)) << "a hint revives nothing";
  EXPECT_TRUE(keys.Verify("body", after, kNow + 8 * kDay));
}

TEST(Keyset, AKeyIsNotValidBeforeItWasMade) {
  Keyset keys = Fresh();
  keys.Rotate(kNow + kDay, kNow + 8 * kDay, base::SystemRandom());
  EXPECT_FALSE(keys.Verify("body", keys.Sign("body"), kNow));
}

TEST(Keyset, DistrustEndsAKeyAtOnce) {
  Keyset keys = Fresh();
  const KeyId old = keys.primary();
  const Bytes signature = keys.Sign("body");
  const auto primary = keys.Distrust(old);
  ASSERT_FALSE(primary);
  EXPECT_EQ(primary.error().code, Errc::kForbidden);
  keys.Rotate(kNow, kNow + kDay, base::SystemRandom());
  EXPECT_TRUE(keys.Verify("body", signature, kNow));
  EXPECT_TRUE(keys.Distrust(old));
  EXPECT_FALSE(keys.Verify("body", signature, kNow));
  EXPECT_FALSE(keys.Verify("body", signature, kNow, old));
  EXPECT_TRUE(keys.Distrust(old)) << "once more changes nothing";
  const auto unknown = keys.Distrust("k_0000000000000000");
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().code, Errc::kNotFound);
}

TEST(Keyset, ADistrustedKeyStaysDistrustedThroughLaterRotations) {
  Keyset keys = Fresh();
  const KeyId old = keys.primary();
  const Bytes signature = keys.Sign("body");
  keys.Rotate(kNow, kNow + 30 * kDay, base::SystemRandom());
  ASSERT_TRUE(keys.Distrust(old));
  keys.Rotate(kNow, kNow + 30 * kDay, base::SystemRandom());
  EXPECT_FALSE(keys.Verify("body", signature, kNow, old));
}

TEST(TM_12_KeyOfAnotherAccount, AHintIsNeverAuthority) {
  constexpr std::array kFour = {Purpose::kResponse, Purpose::kLicenseFile, Purpose::kMachineFile,
                                Purpose::kProof};
  for (const auto mine : kFour) {
    const Keyset own = Fresh(mine);
    const Keyset other = Fresh(mine);
    const Bytes genuine = own.Sign("body");
    const Bytes foreign = other.Sign("body");
    // A wrong, foreign or unknown hint neither lets a foreign signature in nor keeps a genuine one
    // out.
    for (const KeyId& hint :
         {KeyId(), own.primary(), other.primary(), KeyId("k_0000000000000000"), KeyId("junk")}) {
      EXPECT_TRUE(own.Verify("body", genuine, kNow, hint)) << hint;
      EXPECT_FALSE(own.Verify("body", foreign, kNow, hint)) << hint;
    }
    for (const auto theirs : kFour)
      if (theirs != mine) {
        EXPECT_FALSE(Fresh(theirs).Verify("body", genuine, kNow, own.primary()));
      }
  }
}

TEST(TM_12_KeyOfAnotherAccount, TheSameKeyUnderAnotherPurposeDoesNotVerify) {
  for (const auto signer : kAllPurposes) {
    const Keyset keys = Fresh(signer);
    const Bytes signature = keys.Sign("body");
    for (const auto verifier : kAllPurposes) {
      const auto moved = Keyset::Import(verifier, keys.Export());
      ASSERT_TRUE(moved);
      EXPECT_EQ(moved->Verify("body", signature, kNow, keys.primary()), signer == verifier);
    }
  }
}

TEST(Keyset, GoesToTheStoreAndBack) {
  Keyset keys = Fresh(Purpose::kMachineFile);
  const Bytes first = keys.Sign("body");
  keys.Rotate(kNow, kNow + kDay, base::SystemRandom());
  const auto again = Keyset::Import(Purpose::kMachineFile, keys.Export());
  ASSERT_TRUE(again);
  EXPECT_EQ(again->primary(), keys.primary());
  EXPECT_EQ(again->purpose(), Purpose::kMachineFile);
  EXPECT_EQ(again->Sign("body"), keys.Sign("body"));
  EXPECT_TRUE(again->Verify("body", first, kNow));
  EXPECT_FALSE(again->Verify("body", first, kNow + kDay));
}

TEST(Keyset, ImportRefusesWhatDoesNotFit) {
  Keyset keys = Fresh();
  keys.Rotate(kNow, kNow + kDay, base::SystemRandom());
  const auto good = keys.Export();
  ASSERT_TRUE(Keyset::Import(Purpose::kResponse, good));
  const auto refused = [](const std::vector<StoredKey>& stored) {
    const auto result = Keyset::Import(Purpose::kResponse, stored);
    return !result && result.error().code == Errc::kMalformed;
  };
  EXPECT_TRUE(refused({}));
  EXPECT_TRUE(refused({good[0]})) << "no primary";
  EXPECT_TRUE(refused({good[0], good[1], good[1]})) << "one key twice";
  auto bad = good;
  bad[0].verifying.status = KeyStatus::kPrimary;
  EXPECT_TRUE(refused(bad)) << "two primaries";
  bad = good;
  bad[0].seed = good[1].seed;
  EXPECT_TRUE(refused(bad)) << "seed of another key";
  bad = good;
  bad[0].seed = Secret("short");
  EXPECT_TRUE(refused(bad));
  bad = good;
  bad[0].verifying.id = "k_0000000000000000";
  EXPECT_TRUE(refused(bad)) << "id of another key";
}

TEST(Keyset, WithoutKeysItCannotSign) { EXPECT_THROW(Keyset().Sign("body"), std::logic_error); }

}  // namespace
}  // namespace latchkey::crypto
