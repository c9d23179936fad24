#include "kernel/account/nkeys.h"

#include <gtest/gtest.h>

#include "kernel/account/user_jwt.h"
#include "kernel/base/ids.h"

namespace switchyard::account {
namespace {

// The first key of RFC 8032, section 7.1; its texts were made with Python's base32 and crc_hqx.
constexpr std::string_view kAccount = "ADLVVGABQKYQVN6VJP7NHSLEA45A5YLS6PNKMIZFV4BBU2HXA5IRVRTU";
constexpr std::string_view kAccountSeed = "SAAJ2YNRTXX72WTAXKCEV5ES5QWMIRCJYVUXWMTJDFYDXLADDSXH6YHY3Q";
constexpr std::string_view kUser = "UDLVVGABQKYQVN6VJP7NHSLEA45A5YLS6PNKMIZFV4BBU2HXA5IRUVAL";
constexpr std::string_view kUserSeed = "SUAJ2YNRTXX72WTAXKCEV5ES5QWMIRCJYVUXWMTJDFYDXLADDSXH6YALCA";
constexpr std::string_view kSignatureOfNothing =
    "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46b"
    "d25bf5f0595bbe24655141438e7a100b";

TEST(Nkeys, texts_are_those_of_other_implementations) {
  const auto account = NkeyPair::from_seed(NkeyKind::account, kAccountSeed);
  const auto user = NkeyPair::from_seed(NkeyKind::user, kUserSeed);
  ASSERT_TRUE(account && user);
  EXPECT_EQ(account->public_text(), kAccount);
  EXPECT_EQ(user->public_text(), kUser);
  EXPECT_EQ(account->seed_text().view(), kAccountSeed);
  EXPECT_EQ(user->seed_text().view(), kUserSeed);
}

TEST(Nkeys, the_checksum_is_the_one_of_xmodem) { EXPECT_EQ(crc16_xmodem("123456789"), 0x31c3); }

TEST(Nkeys, signatures_are_those_of_the_standard) {
  const auto user = NkeyPair::from_seed(NkeyKind::user, kUserSeed);
  const auto signature = user->sign("");
  EXPECT_EQ(hex_encode({reinterpret_cast<const char*>(signature.data()), signature.size()}), kSignatureOfNothing);
}

TEST(Nkeys, a_signature_is_good_for_its_message_and_key_alone) {
  const auto pair = NkeyPair::generate(NkeyKind::user);
  const auto key = decode_public_nkey(NkeyKind::user, pair.public_text());
  ASSERT_TRUE(key);
  const auto bytes = pair.sign("nonce");
  std::string signature(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  EXPECT_TRUE(verify_nkey_signature(*key, "nonce", signature));
  EXPECT_FALSE(verify_nkey_signature(*key, "nonce2", signature));
  EXPECT_FALSE(verify_nkey_signature(*key, "nonce", signature.substr(1)));
  EXPECT_FALSE(verify_nkey_signature(*key, "nonce", ""));
  const auto other = decode_public_nkey(NkeyKind::user, NkeyPair::generate(NkeyKind::user).public_text());
  EXPECT_FALSE(verify_nkey_signature(*other, "nonce", signature));
  signature[5] = static_cast<char>(signature[5] ^ 1);
  EXPECT_FALSE(verify_nkey_signature(*key, "nonce", signature));
}

TEST(Nkeys, each_generated_key_is_another_one_and_reads_back) {
  const auto one = NkeyPair::generate(NkeyKind::account), two = NkeyPair::generate(NkeyKind::account);
  EXPECT_NE(one.public_text(), two.public_text());
  EXPECT_EQ(one.public_text().size(), kPublicNkeyLength);
  EXPECT_EQ(one.public_text().front(), 'A');
  EXPECT_TRUE(std::string(one.seed_text().view()).starts_with("SA"));
  const auto again = NkeyPair::from_seed(NkeyKind::account, one.seed_text().view());
  ASSERT_TRUE(again);
  EXPECT_EQ(again->public_text(), one.public_text());
}

TEST(Nkeys, no_character_may_be_another_one) {
  for (std::size_t i = 0; i < kAccount.size(); ++i) {
    std::string wrong(kAccount);
    wrong[i] = wrong[i] == 'B' ? 'C' : 'B';
    EXPECT_FALSE(decode_public_nkey(NkeyKind::account, wrong)) << i;
  }
  for (std::size_t i = 0; i < kUserSeed.size(); ++i) {
    std::string wrong(kUserSeed);
    wrong[i] = wrong[i] == 'B' ? 'C' : 'B';
    EXPECT_FALSE(NkeyPair::from_seed(NkeyKind::user, wrong)) << i;
  }
}

TEST(Nkeys, a_key_of_another_kind_or_length_is_none) {
  EXPECT_FALSE(decode_public_nkey(NkeyKind::user, kAccount));
  EXPECT_FALSE(decode_public_nkey(NkeyKind::account, kUser));
  EXPECT_FALSE(decode_public_nkey(NkeyKind::account, kAccountSeed));
  EXPECT_FALSE(decode_public_nkey(NkeyKind::account, std::string(kAccount) + "A"));
  EXPECT_FALSE(decode_public_nkey(NkeyKind::account, kAccount.substr(1)));
  EXPECT_FALSE(decode_public_nkey(NkeyKind::account, ""));
  EXPECT_FALSE(NkeyPair::from_seed(NkeyKind::user, kAccountSeed));
  EXPECT_FALSE(NkeyPair::from_seed(NkeyKind::account, kAccount));
  std::string lower(kAccount);
  lower.back() = static_cast<char>(lower.back() | 0x20);
  EXPECT_FALSE(decode_public_nkey(NkeyKind::account, lower));
}

class UserJwt : public testing::Test {
 protected:
  NkeyPair signing = NkeyPair::generate(NkeyKind::account);
  UserClaims claims{std::string(kAccount), std::string(kUser), "wor\"ker\n", 1'700'000'000, 0};
};

TEST_F(UserJwt, claims_have_the_members_that_servers_read) {
  claims.name = "worker";
  const auto json = user_claims_json(claims, signing.public_text());
  const auto id_at = json.find("\"jti\":\"");
  ASSERT_EQ(id_at, 1u);
  EXPECT_EQ(json.substr(8, 52).find('"'), std::string::npos) << "52 characters of base32";
  EXPECT_EQ(json.substr(60), "\",\"iat\":1700000000,\"iss\":\"" + signing.public_text() +
                                 "\",\"name\":\"worker\",\"sub\":\"" + std::string(kUser) +
                                 "\",\"nats\":{\"pub\":{},\"sub\":{},\"subs\":-1,\"data\":-1,\"payload\":-1,"
                                 "\"issuer_account\":\"" +
                                 std::string(kAccount) + "\",\"type\":\"user\",\"version\":2}}");
}

TEST_F(UserJwt, an_expiry_is_a_claim_and_a_strange_name_stays_json) {
  claims.expires = 1'800'000'000;
  const auto json = user_claims_json(claims, signing.public_text());
  EXPECT_NE(json.find("\"exp\":1800000000,"), std::string::npos);
  EXPECT_NE(json.find(R"("name":"wor\"ker\u000a")"), std::string::npos) << json;
}

TEST_F(UserJwt, a_token_reads_back_and_names_its_signer) {
  const auto token = make_user_jwt(claims, signing);
  const auto parts = split_jwt(token);
  ASSERT_TRUE(parts);
  EXPECT_EQ(parts->claims, user_claims_json(claims, signing.public_text()));
  EXPECT_TRUE(jwt_signed_by(*parts, signing.public_text()));
  EXPECT_FALSE(jwt_signed_by(*parts, NkeyPair::generate(NkeyKind::account).public_text()));
  EXPECT_FALSE(jwt_signed_by(*parts, kUser));
}

TEST_F(UserJwt, a_changed_token_is_not_signed) {
  auto token = make_user_jwt(claims, signing);
  const auto at = token.find('.') + 10;
  token[at] = token[at] == 'A' ? 'B' : 'A';
  const auto parts = split_jwt(token);
  ASSERT_TRUE(parts);
  EXPECT_FALSE(jwt_signed_by(*parts, signing.public_text()));
}

TEST_F(UserJwt, what_is_no_token_is_refused) {
  const auto token = make_user_jwt(claims, signing);
  for (const auto& wrong : {std::string(), std::string("a.b"), std::string(".."), token + ".", token + "A",
                            token.substr(0, token.size() - 1), "A" + token, std::string(20'000, 'A') + token}) {
    EXPECT_FALSE(split_jwt(wrong)) << wrong.substr(0, 40);
  }
  // Another algorithm must not be believed.
  const auto rest = token.substr(token.find('.'));
  EXPECT_FALSE(split_jwt(base64url_encode(R"({"typ":"JWT","alg":"none"})") + rest));
}

TEST_F(UserJwt, a_creds_file_has_token_and_seed_between_the_lines_that_clients_look_for) {
  const auto file = creds_file("TOKEN", Secret("SEED"));
  EXPECT_TRUE(file.view().starts_with("-----BEGIN NATS USER JWT-----\nTOKEN\n------END NATS USER JWT------\n\n***"));
  EXPECT_NE(file.view().find("\n\n-----BEGIN USER NKEY SEED-----\nSEED\n------END USER NKEY SEED------\n\n***"),
            std::string_view::npos);
  EXPECT_TRUE(file.view().ends_with("*\n"));
}

}  // namespace
}  // namespace switchyard::account
