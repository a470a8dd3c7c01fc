#include "crypto/password.h"

#include <stdexcept>

#include "crypto/test_support.h"

namespace latchkey::crypto {
namespace {

TEST(Password, OnlyTheRightOneMatches) {
  const std::string digest = HashPassword(Secret("correct horse"), PasswordCost::kTest);
  EXPECT_TRUE(digest.starts_with("$argon2id$v=19$")) << digest;
  EXPECT_TRUE(VerifyPassword(Secret("correct horse"), digest));
  for (const std::string_view wrong : {"", "Correct horse", "correct hors", "correct horse "})
    EXPECT_FALSE(VerifyPassword(Secret(std::string(wrong)), digest)) << wrong;
  EXPECT_FALSE(VerifyPassword(Secret(std::string("correct horse\0", 14)), digest));
}

TEST(Password, TheSameOneHashesDifferently) {
  EXPECT_NE(HashPassword(Secret("same"), PasswordCost::kTest),
            HashPassword(Secret("same"), PasswordCost::kTest));
}

TEST(TM_47_Guessing, TheStandardCostIsArgon2idWith19MiBAndTwoPasses) {
  const std::string digest = HashPassword(Secret("password"), PasswordCost::kStandard);
  EXPECT_TRUE(digest.starts_with("$argon2id$v=19$m=19456,t=2,p=1$")) << digest;
  EXPECT_TRUE(VerifyPassword(Secret("password"), digest));
  EXPECT_FALSE(NeedsRehash(digest, PasswordCost::kStandard));
  EXPECT_TRUE(NeedsRehash(digest, PasswordCost::kTest));
}

// Published bcrypt answers (John the Ripper's and OpenBSD's test suites).
TEST(Password, BcryptDigestsOfImportsAreAccepted) {
  EXPECT_TRUE(VerifyPassword(Secret("U*U"),
                             "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"));
  EXPECT_TRUE(VerifyPassword(Secret("U*U*"),
                             "$2a$05$CCCCCCCCCCCCCCCCCCCCC.VGOzA784oUp/Z0DY336zx7pLYAy0lwK"));
  EXPECT_TRUE(VerifyPassword(Secret("U*U"),
                             "$2b$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"));
  EXPECT_TRUE(VerifyPassword(Secret("U*U"),
                             "$2y$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"));
  EXPECT_FALSE(VerifyPassword(Secret("U*V"),
                              "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"));
  EXPECT_FALSE(VerifyPassword(Secret(std::string("U*U\0x", 5)),
                              "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"))
      << "bcrypt would stop at the NUL";
}

TEST(Password, BcryptDigestsAreToBeReplaced) {
  EXPECT_TRUE(NeedsRehash("$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW",
                          PasswordCost::kTest));
  EXPECT_TRUE(NeedsRehash("", PasswordCost::kTest));
  EXPECT_FALSE(NeedsRehash(HashPassword(Secret("x"), PasswordCost::kTest), PasswordCost::kTest));
}

TEST(Password, OtherDigestsMatchNothing) {
  for (const std::string_view digest :
       {"", "*0", "x", "password", "$1$abc$def", "$6$salt$hash", "$argon2id$",
        "$argon2id$v=19$m=8,t=1,p=1$",
        "$argon2i$v=19$m=4096,t=3,p=1$c29tZXNhbHQ$iWh06vD8Fy27wf9npn6FXWiCX4K6pW6Ue1Bnzz07Z8A",
        "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOe",   // a character short
        "$2x$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW",  // the broken variant
        "$2a$5$$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW",
        "$2a$03$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"})
    for (const std::string_view password : {"", "U*U", "x", "password"})
      EXPECT_FALSE(VerifyPassword(Secret(std::string(password)), digest)) << digest;
}

TEST(Password, DigestsThatWouldCostTooMuchAreRefusedUnread) {
  // An import could name 4 TiB or 2^31 rounds; a verification of those would never end.
  EXPECT_FALSE(VerifyPassword(Secret("x"),
                              "$argon2id$v=19$m=4294967295,t=1,p=1$c29tZXNhbHRzb21lc2FsdA$AAAA"));
  EXPECT_FALSE(VerifyPassword(Secret("x"),
                              "$argon2id$v=19$m=8,t=4294967295,p=1$c29tZXNhbHRzb21lc2FsdA$AAAA"));
  EXPECT_FALSE(VerifyPassword(Secret("U*U"),
                              "$2a$31$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"));
}

TEST(TM_35_Timing, NothingCanBeVerifiedAtBothCosts) {
  EXPECT_NO_THROW(VerifyNothing(PasswordCost::kTest));
  EXPECT_NO_THROW(VerifyNothing(PasswordCost::kStandard));
}

TEST(Bcrypt, LegacyKeysHashAtCostTen) {
  const std::string digest = HashBcrypt("0123456789abcdef", base::SystemRandom());
  EXPECT_EQ(digest.size(), 60u);
  EXPECT_TRUE(digest.starts_with("$2b$10$")) << digest;
  EXPECT_TRUE(VerifyPassword(Secret("0123456789abcdef"), digest));
  EXPECT_FALSE(VerifyPassword(Secret("0123456789abcdee"), digest));
  CountingRandom a, b;
  EXPECT_EQ(HashBcrypt("x", a), HashBcrypt("x", b)) << "the salt is the caller's randomness";
  EXPECT_THROW(HashBcrypt(std::string_view("a\0b", 3), a), std::invalid_argument);
}

}  // namespace
}  // namespace latchkey::crypto
