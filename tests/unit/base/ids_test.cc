#include "kernel/base/ids.h"

#include <gtest/gtest.h>

#include <array>
#include <set>
#include <thread>
#include <vector>

namespace switchyard {
namespace {

TEST(Ids, uuids_have_the_shape_of_version_four_and_differ) {
  std::set<std::string> seen;
  for (int i = 0; i < 10'000; ++i) {
    const auto text = random_uuid_text();
    ASSERT_TRUE(is_uuid(text)) << text;
    ASSERT_EQ(text[14], '4') << text;
    ASSERT_NE(std::string("89ab").find(text[19]), std::string::npos) << text;
    ASSERT_TRUE(seen.insert(text).second) << text;
  }
}

TEST(Ids, other_texts_are_not_uuids) {
  EXPECT_TRUE(is_uuid("11111111-1111-1111-1111-AAAAaaaa1111"));
  EXPECT_FALSE(is_uuid(""));
  EXPECT_FALSE(is_uuid("11111111-1111-1111-1111-11111111111"));
  EXPECT_FALSE(is_uuid("11111111-1111-1111-1111-1111111111111"));
  EXPECT_FALSE(is_uuid("11111111x1111-1111-1111-111111111111"));
  EXPECT_FALSE(is_uuid("g1111111-1111-1111-1111-111111111111"));
}

TEST(Ids, random_texts_use_their_whole_alphabet_and_nothing_else) {
  const auto text = random_alnum(20'000);
  EXPECT_EQ(std::set<char>(text.begin(), text.end()).size(), 62u);
  const auto upper = random_upper_alnum(20'000);
  const std::set<char> letters(upper.begin(), upper.end());
  EXPECT_EQ(letters.size(), 36u);
  EXPECT_FALSE(letters.contains('a'));
}

// 6.6 sigma: fails about once in 10^10 runs when the source is uniform, always when a remainder
// prefers the first 4 of 36 letters by 1/7.
TEST(Ids, no_letter_is_preferred) {
  constexpr int kDraws = 360'000;
  std::array<int, 256> count{};
  for (const char c : random_upper_alnum(kDraws)) ++count[static_cast<unsigned char>(c)];
  for (const char c : std::string("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789")) {
    EXPECT_NEAR(count[static_cast<unsigned char>(c)], 10'000, 660) << c;
  }
}

TEST(Ids, threads_do_not_share_random_bytes) {
  std::vector<std::vector<std::uint64_t>> values(4);
  std::vector<std::thread> threads;
  for (auto& mine : values) {
    threads.emplace_back([&mine] {
      for (int i = 0; i < 1000; ++i) mine.push_back(random_u64());
    });
  }
  for (auto& thread : threads) thread.join();
  std::set<std::uint64_t> all;
  for (const auto& mine : values) all.insert(mine.begin(), mine.end());
  EXPECT_EQ(all.size(), 4000u);
}

TEST(Ids, big_requests_are_filled_to_the_end) {
  std::string bytes(100'000, '\0');
  random_bytes(bytes.data(), bytes.size());
  EXPECT_NE(bytes.substr(bytes.size() - 32), std::string(32, '\0'));
}

struct Vector {
  const char *plain, *base64, *base64url, *base32;
};
// RFC 4648 section 10.
constexpr Vector kVectors[] = {
    {"", "", "", ""},
    {"f", "Zg==", "Zg", "MY"},
    {"fo", "Zm8=", "Zm8", "MZXQ"},
    {"foo", "Zm9v", "Zm9v", "MZXW6"},
    {"foob", "Zm9vYg==", "Zm9vYg", "MZXW6YQ"},
    {"fooba", "Zm9vYmE=", "Zm9vYmE", "MZXW6YTB"},
    {"foobar", "Zm9vYmFy", "Zm9vYmFy", "MZXW6YTBOI"},
};

TEST(Ids, text_codings_match_the_vectors_of_the_standard) {
  for (const auto& v : kVectors) {
    EXPECT_EQ(base64_encode(v.plain), v.base64);
    EXPECT_EQ(base64url_encode(v.plain), v.base64url);
    EXPECT_EQ(base32_encode(v.plain), v.base32);
    EXPECT_EQ(base64_decode(v.base64), v.plain);
    EXPECT_EQ(base64url_decode(v.base64url), v.plain);
    EXPECT_EQ(base32_decode(v.base32), v.plain);
  }
  EXPECT_EQ(hex_encode("\x01\xab"), "01ab");
  EXPECT_EQ(hex_decode("01AB"), "\x01\xab");
}

TEST(Ids, every_byte_survives_every_coding) {
  std::string bytes;
  for (int i = 0; i < 256; ++i) bytes.push_back(static_cast<char>(i));
  for (std::size_t n = 0; n <= bytes.size(); ++n) {
    const auto part = bytes.substr(n);
    EXPECT_EQ(base64_decode(base64_encode(part)), part);
    EXPECT_EQ(base64url_decode(base64url_encode(part)), part);
    EXPECT_EQ(base32_decode(base32_encode(part)), part);
    EXPECT_EQ(hex_decode(hex_encode(part)), part);
  }
}

TEST(Ids, text_that_no_encoder_wrote_is_refused) {
  for (const char* text : {"Z", "Zg", "Zg=", "Zh==", "Zg===", "====", "Zm9v\n", "Zm-v", "Z=g="}) {
    EXPECT_FALSE(base64_decode(text)) << text;
  }
  for (const char* text : {"Z", "Zg==", "Zh", "Zm+v"}) EXPECT_FALSE(base64url_decode(text)) << text;
  for (const char* text : {"M", "my", "MZ", "MY======", "M1"}) EXPECT_FALSE(base32_decode(text)) << text;
  for (const char* text : {"0", "0g", "0x"}) EXPECT_FALSE(hex_decode(text)) << text;
}

}  // namespace
}  // namespace switchyard
