#include "plugins/nats/nkeys.h"

#include <gtest/gtest.h>

#include <set>

#include "plugins/nats/base32.h"
#include "plugins/nats/base64.h"
#include "plugins/nats/nonce.h"
#include "tests/unit/nats/jwt_maker.h"
#include "tests/unit/nats/jwt_vectors.h"

namespace switchyard::nats {
namespace {

// The example of the nkeys tool's documentation; the pair was also computed with the openssl command.
constexpr std::string_view kKnownSeed = "SUAKYRHVIOREXV7EUZTBHUHL7NUMHPMAS7QMDU3GTIUWEI5LDNOXD43IZY";
constexpr std::string_view kKnownPublic = "UD466L6EBCM3YY5HEGHJANNTN4LSKTSUXTH7RILHCKEQMQHTBNLHJJXT";

constexpr NkeyRole kPublicRoles[] = {NkeyRole::account,   NkeyRole::cluster, NkeyRole::server,
                                     NkeyRole::operator_, NkeyRole::user,    NkeyRole::curve};

std::string from_hex(std::string_view hex) {
  std::string out;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    out += static_cast<char>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16));
  }
  return out;
}

TEST(Base32, writes_the_vectors_of_the_standard_without_padding) {
  EXPECT_EQ(encode_base32(""), "");
  EXPECT_EQ(encode_base32("f"), "MY");
  EXPECT_EQ(encode_base32("fo"), "MZXQ");
  EXPECT_EQ(encode_base32("foo"), "MZXW6");
  EXPECT_EQ(encode_base32("foob"), "MZXW6YQ");
  EXPECT_EQ(encode_base32("fooba"), "MZXW6YTB");
  EXPECT_EQ(decode_base32("MZXW6YTBOI"), "foobar");
}

TEST(Base32, refuses_every_other_spelling) {
  EXPECT_FALSE(decode_base32("mzxw6"));
  EXPECT_FALSE(decode_base32("MY======"));
  EXPECT_FALSE(decode_base32("MZ"));  // A stray bit behind the byte.
  EXPECT_FALSE(decode_base32("M"));
  EXPECT_FALSE(decode_base32("MZX"));
  EXPECT_FALSE(decode_base32("M1"));
  EXPECT_FALSE(decode_base32(std::string_view("M\0", 2)));
}

TEST(Base64, reads_both_alphabets_in_their_own_form_only) {
  EXPECT_EQ(encode_base64url("\xfb\xff\xfe"), "-__-");
  EXPECT_EQ(decode_base64url("-__-"), "\xfb\xff\xfe");
  EXPECT_EQ(decode_base64("+//+"), "\xfb\xff\xfe");
  EXPECT_EQ(decode_base64("Zg=="), "f");
  EXPECT_EQ(decode_base64url("Zg"), "f");
  EXPECT_FALSE(decode_base64url("Zg=="));
  EXPECT_FALSE(decode_base64url("Zh"));  // Stray bits.
  EXPECT_FALSE(decode_base64url("Z"));
  EXPECT_FALSE(decode_base64("Zg"));
  EXPECT_FALSE(decode_base64("Zg="));
  EXPECT_FALSE(decode_base64("===="));
  EXPECT_FALSE(decode_base64("Z==="));
  EXPECT_FALSE(decode_base64("-__-"));
}

TEST(Nkeys, a_known_seed_has_its_known_public_key) {
  const auto seed = NkeySeed::decode(kKnownSeed);
  ASSERT_TRUE(seed);
  EXPECT_EQ(seed->role(), NkeyRole::user);
  EXPECT_EQ(seed->public_text(), kKnownPublic);
  EXPECT_EQ(seed->text(), kKnownSeed);
}

TEST(Nkeys, makes_the_keys_and_signatures_of_the_reference_implementation) {
  EXPECT_EQ(TestKey(NkeyRole::operator_, 1).text, vectors::kOperatorKey);
  EXPECT_EQ(TestKey(NkeyRole::account, 3).text, vectors::kAccountKey);
  const TestKey user(NkeyRole::user, 6);
  EXPECT_EQ(user.text, vectors::kUserKey);
  const auto signature = *user.seed.sign("PXoWU7zWAMt75FY");
  EXPECT_EQ(std::string(signature.begin(), signature.end()), from_hex(vectors::kNonceSignatureHex));
}

TEST(Nkeys, every_role_has_its_letter_and_reads_back) {
  const std::string letters = "ACNOUX";
  for (std::size_t i = 0; i < letters.size(); ++i) {
    NkeyBytes bytes;
    bytes.fill(static_cast<std::uint8_t>(i * 40 + 7));
    const auto text = encode_public_nkey(kPublicRoles[i], bytes);
    EXPECT_EQ(text.size(), kPublicNkeyLength);
    EXPECT_EQ(text[0], letters[i]);
    const auto read = decode_public_nkey(text);
    ASSERT_TRUE(read) << text;
    EXPECT_EQ(read->role, kPublicRoles[i]);
    EXPECT_EQ(read->key, bytes);
    const NkeySeed seed(kPublicRoles[i], bytes);
    EXPECT_EQ(seed.text().substr(0, 2), std::string("S") + letters[i]);
    ASSERT_TRUE(NkeySeed::decode(seed.text()));
    EXPECT_EQ(NkeySeed::decode(seed.text())->role(), kPublicRoles[i]);
  }
}

TEST(Nkeys, a_key_of_one_role_is_none_of_another) {
  EXPECT_TRUE(is_public_nkey(NkeyRole::user, kKnownPublic));
  EXPECT_FALSE(is_public_nkey(NkeyRole::account, kKnownPublic));
  EXPECT_FALSE(is_public_nkey(NkeyRole::user, kKnownSeed));
  EXPECT_FALSE(NkeySeed::decode(kKnownPublic));
}

TEST(Nkeys, a_private_key_is_no_public_key) {
  EXPECT_FALSE(decode_public_nkey(encode_public_nkey(NkeyRole::private_, NkeyBytes{})));
  EXPECT_FALSE(decode_public_nkey(encode_public_nkey(static_cast<NkeyRole>(18 << 3), NkeyBytes{})));
  EXPECT_FALSE(decode_public_nkey(encode_public_nkey(static_cast<NkeyRole>(1), NkeyBytes{})));
}

TEST(Nkeys, every_single_wrong_character_is_noticed) {
  for (const auto known : {kKnownPublic, kKnownSeed}) {
    for (std::size_t i = 0; i < known.size(); ++i) {
      for (const char c : {'A', 'Q', '7', '1', 'a', '=', '\0'}) {
        std::string text(known);
        if (text[i] == c) continue;
        text[i] = c;
        EXPECT_FALSE(decode_public_nkey(text)) << text;
        EXPECT_FALSE(NkeySeed::decode(text)) << text;
      }
    }
    EXPECT_FALSE(decode_public_nkey(std::string(known) + "A"));
    EXPECT_FALSE(decode_public_nkey(known.substr(1)));
  }
  EXPECT_FALSE(decode_public_nkey(""));
}

TEST(Nkeys, a_signature_is_good_for_its_key_and_message_alone) {
  const TestKey key(NkeyRole::user, 9), other(NkeyRole::user, 10);
  const auto bytes = *key.seed.sign("nonce");
  const std::string signature(bytes.begin(), bytes.end());
  const auto decoded = *decode_public_nkey(key.text);
  EXPECT_TRUE(verify_nkey(decoded, "nonce", signature));
  EXPECT_FALSE(verify_nkey(decoded, "nonc3", signature));
  EXPECT_FALSE(verify_nkey(*decode_public_nkey(other.text), "nonce", signature));
  EXPECT_FALSE(verify_nkey(decoded, "nonce", signature.substr(1)));
  EXPECT_FALSE(verify_nkey(decoded, "nonce", ""));
  for (std::size_t i = 0; i < signature.size(); ++i) {
    auto bent = signature;
    bent[i] = static_cast<char>(bent[i] ^ 1);
    EXPECT_FALSE(verify_nkey(decoded, "nonce", bent));
  }
}

TEST(Nkeys, a_curve_key_signs_and_verifies_nothing) {
  NkeyBytes bytes;
  bytes.fill(3);
  const NkeySeed curve(NkeyRole::curve, bytes);
  EXPECT_FALSE(curve.sign("x"));
  EXPECT_FALSE(curve.public_text());
  const TestKey real(NkeyRole::user, 3);
  const auto signature = *real.seed.sign("x");
  PublicNkey key = *decode_public_nkey(real.text);
  key.role = NkeyRole::curve;
  EXPECT_FALSE(verify_nkey(key, "x", {reinterpret_cast<const char*>(signature.data()), signature.size()}));
}

TEST(Nkeys, signatures_may_come_in_either_base64) {
  const std::string bytes(64, '\xfb');
  const auto url = encode_base64url(bytes);
  std::string standard = url;
  for (char& c : standard) c = c == '-' ? '+' : c == '_' ? '/' : c;
  ASSERT_NE(url, standard);
  EXPECT_EQ(decode_nkey_signature(url), bytes);
  EXPECT_EQ(decode_nkey_signature(standard + "=="), bytes);
  EXPECT_FALSE(decode_nkey_signature(url + "=="));
  EXPECT_FALSE(decode_nkey_signature(standard));
  EXPECT_FALSE(decode_nkey_signature(encode_base64url(std::string(63, 'x'))));
  EXPECT_FALSE(decode_nkey_signature(encode_base64url(std::string(65, 'x'))));
  EXPECT_FALSE(decode_nkey_signature(""));
}

TEST(Nonce, is_fifteen_characters_of_raw_url_base64) {
  const std::uint8_t bytes[kNonceBytes] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10};
  EXPECT_EQ(nonce_text(bytes), "AAECAwQFBgcICQo");
  EXPECT_EQ(nonce_text(bytes).size(), kNonceLength);
}

TEST(Nonce, is_another_one_every_time) {
  std::set<std::string> seen;
  for (int i = 0; i < 100; ++i) {
    const auto nonce = make_nonce();
    ASSERT_TRUE(nonce);
    ASSERT_TRUE(decode_base64url(*nonce));
    EXPECT_TRUE(seen.insert(*nonce).second);
  }
}

}  // namespace
}  // namespace switchyard::nats
