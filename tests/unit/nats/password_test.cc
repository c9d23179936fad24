#include "plugins/nats/password.h"

#include <gtest/gtest.h>

#include <string>

namespace switchyard::nats {
namespace {

// Made by golang.org/x/crypto/bcrypt, cost 4.
constexpr std::string_view kHash = "$2a$04$Yv4fdMV8YD/cEN96G3k9Mug97Jko/AHXZVJmTh/.EiAvgEOlFl.eC";  // "s3cret"
constexpr std::string_view kHighBytes = "p\xc3\xa4ss\xff\xa3";
constexpr std::string_view kHashOfHighBytes = "$2a$04$CPUhpYqSC3ED/sNd5l0EQeeU61TzXzGXoOWxL0H0ZOYxsCrWn4DqW";
constexpr std::string_view kLong = "0123456789012345678901234567890123456789012345678901234567890123456789ab";
constexpr std::string_view kHashOfLong = "$2a$04$CPl5.7LpWHPEns0UsIdfzeti54VVpKn3dAbpgHdOVXWWlUhiUsSUq";

TEST(Password, plain_ones_match_themselves_alone) {
  EXPECT_TRUE(password_matches("abc", "abc"));
  EXPECT_FALSE(password_matches("abc", "abd"));
  EXPECT_FALSE(password_matches("abc", "abcd"));
  EXPECT_FALSE(password_matches("abc", ""));
  EXPECT_TRUE(password_matches("", ""));
  EXPECT_FALSE(password_matches("$notbcrypt", "notbcrypt"));
  EXPECT_TRUE(password_matches("$notbcrypt", "$notbcrypt"));
}

TEST(Password, bcrypt_hashes_of_the_reference_match) {
  EXPECT_TRUE(password_matches(kHash, "s3cret"));
  EXPECT_FALSE(password_matches(kHash, "s3cres"));
  EXPECT_FALSE(password_matches(kHash, ""));
  EXPECT_TRUE(password_matches(kHashOfHighBytes, kHighBytes));
  EXPECT_FALSE(password_matches(kHashOfHighBytes, "p"));
}

TEST(Password, every_usual_prefix_is_the_same_hash) {
  for (const char letter : {'a', 'b', 'y'}) {
    std::string hash(kHash);
    hash[2] = letter;
    EXPECT_TRUE(is_bcrypt(hash));
    EXPECT_TRUE(password_matches(hash, "s3cret")) << hash;
  }
}

TEST(Password, a_password_that_a_broken_implementation_mixed_up_is_hashed_as_by_the_others) {
  constexpr std::string_view kHashOfMixedUp = "$2a$04$w6mvoysbMxsyMfpYeG.iGezjosK0lC0fmwiXtsS8OBjh63tkzooPy";
  EXPECT_TRUE(password_matches(kHashOfMixedUp, "\xff\xff\xa3"));
  EXPECT_FALSE(password_matches(kHashOfMixedUp, "\xa3"));
}

TEST(Password, only_the_first72_bytes_count_for_a_hash) {
  EXPECT_TRUE(password_matches(kHashOfLong, kLong));
  EXPECT_TRUE(password_matches(kHashOfLong, std::string(kLong) + "more"));
  EXPECT_TRUE(password_matches(kHashOfLong, std::string(kLong) + std::string(100000, 'x')));
  EXPECT_FALSE(password_matches(kHashOfLong, kLong.substr(0, 71)));
}

TEST(Password, a_hash_is_never_its_own_password) {
  EXPECT_FALSE(password_matches(kHash, kHash));
  // Mistyped: still a hash, and nobody's password.
  const auto broken = kHash.substr(0, 40);
  EXPECT_TRUE(is_bcrypt(broken));
  EXPECT_FALSE(password_matches(broken, broken));
  std::string old(kHash);
  old[2] = 'x';
  EXPECT_TRUE(is_bcrypt(old));
  EXPECT_FALSE(password_matches(old, "s3cret"));
  std::string bad_salt(kHash);
  bad_salt[10] = '!';
  EXPECT_FALSE(password_matches(bad_salt, "s3cret"));
  std::string bad_cost(kHash);
  bad_cost[4] = '9';
  EXPECT_FALSE(password_matches(bad_cost, "s3cret"));
}

TEST(Password, a_nul_byte_matches_no_hash) {
  EXPECT_FALSE(password_matches(kHash, std::string_view("s3cret\0x", 8)));
  EXPECT_FALSE(password_matches(kHash, std::string_view("s3cret\0", 7)));
}

}  // namespace
}  // namespace switchyard::nats
