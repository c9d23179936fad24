#include "kernel/account/signing.h"

#include <gtest/gtest.h>

#include <chrono>

#include "kernel/base/ids.h"

namespace switchyard::account {
namespace {

std::string hex(const Sha256Digest& digest) {
  return hex_encode({reinterpret_cast<const char*>(digest.data()), digest.size()});
}

TEST(Signing, hmac_matches_the_vectors_of_rfc_4231) {
  EXPECT_EQ(hex(HmacKey(std::string(20, '\x0b')).sign("Hi There")),
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
  EXPECT_EQ(hex(HmacKey("Jefe").sign("what do ya want for nothing?")),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  // A key longer than one block.
  EXPECT_EQ(hex(HmacKey(std::string(131, '\xaa')).sign("Test Using Larger Than Block-Size Key - Hash Key First")),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

// The example of the AWS documentation for deriving a signing key.
TEST(Signing, the_key_chain_matches_the_published_example) {
  const auto key = derive_signing_key("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", {"20150830", "us-east-1", "iam"});
  const std::string_view to_sign =
      "AWS4-HMAC-SHA256\n20150830T123600Z\n20150830/us-east-1/iam/aws4_request\n"
      "f536975d06c0309214f805bb90ccff089219ecd68b2577efef23edd43b7e1a59";
  const std::string_view signature = "5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7";
  EXPECT_TRUE(signature_matches(key, to_sign, signature));
  EXPECT_FALSE(signature_matches(key, std::string(to_sign) + " ", signature));
}

TEST(Signing, a_signature_of_another_length_case_or_digit_does_not_match) {
  const HmacKey key("Jefe");
  const std::string good = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
  const std::string_view text = "what do ya want for nothing?";
  ASSERT_TRUE(signature_matches(key, text, good));
  EXPECT_FALSE(signature_matches(key, text, ""));
  EXPECT_FALSE(signature_matches(key, text, good.substr(1)));
  EXPECT_FALSE(signature_matches(key, text, good + "0"));
  for (std::size_t i = 0; i < good.size(); ++i) {
    auto bad = good;
    bad[i] = bad[i] == '0' ? '1' : '0';
    EXPECT_FALSE(signature_matches(key, text, bad)) << i;
  }
}

TEST(Signing, the_cache_finds_a_key_only_under_its_own_revision_and_scope) {
  SigningKeyCache cache;
  cache.put(7, {"20260101", "us-east-1", "sqs"}, HmacKey("k"));
  EXPECT_NE(cache.find(7, {"20260101", "us-east-1", "sqs"}), nullptr);
  EXPECT_EQ(cache.find(8, {"20260101", "us-east-1", "sqs"}), nullptr);
  EXPECT_EQ(cache.find(7, {"20260102", "us-east-1", "sqs"}), nullptr);
  EXPECT_EQ(cache.find(7, {"20260101", "us-east-1", "sns"}), nullptr);
  EXPECT_EQ(cache.find(7, {"20260101", "us-east-1s", "qs"}), nullptr);
  EXPECT_EQ(cache.find(7, {"20260101", "us-east", "1/sqs"}), nullptr);
}

// Parts that contain the separator must not be taken for other parts.
TEST(Signing, scopes_that_look_alike_when_joined_are_different) {
  SigningKeyCache cache;
  cache.put(1, {"a", "b/c", "d"}, HmacKey("1"));
  EXPECT_EQ(cache.find(1, {"a", "b", "c/d"}), nullptr);
  EXPECT_EQ(cache.find(1, {"a/b", "c", "d"}), nullptr);
}

TEST(Signing, the_cache_is_bounded_and_forgets_a_credential) {
  SigningKeyCache cache;
  const HmacKey key("k");
  for (std::uint64_t revision = 0; revision < 20'000; ++revision) cache.put(revision, {"20260101", "r", "sqs"}, key);
  EXPECT_LE(cache.size(), SigningKeyCache::kSets * SigningKeyCache::kWays);
  EXPECT_GT(cache.size(), SigningKeyCache::kSets) << "the sets are used evenly";
  ASSERT_NE(cache.find(19'999, {"20260101", "r", "sqs"}), nullptr);
  cache.forget(19'999);
  EXPECT_EQ(cache.find(19'999, {"20260101", "r", "sqs"}), nullptr);
}

}  // namespace
}  // namespace switchyard::account
