#include "kernel/base/siphash.h"

#include <gtest/gtest.h>

#include <cstring>
#include <string>

namespace switchyard {
namespace {

SipKey reference_key() {
  unsigned char bytes[16];
  for (int i = 0; i < 16; ++i) bytes[i] = static_cast<unsigned char>(i);
  SipKey key;
  std::memcpy(key.data(), bytes, sizeof bytes);
  return key;
}

std::string hex(const std::pair<std::uint64_t, std::uint64_t>& tag) {
  unsigned char bytes[16];
  std::memcpy(bytes, &tag.first, 8);
  std::memcpy(bytes + 8, &tag.second, 8);
  std::string text;
  for (const unsigned char byte : bytes) {
    text += "0123456789abcdef"[byte >> 4];
    text += "0123456789abcdef"[byte & 15];
  }
  return text;
}

std::string counting(std::size_t n) {
  std::string data;
  for (std::size_t i = 0; i < n; ++i) data.push_back(static_cast<char>(i));
  return data;
}

// The tags of 00 01 02 ... under the key 00 01 .. 0f, as the authors publish them.
TEST(SipHash, agrees_with_the_published_vectors) {
  EXPECT_EQ(hex(siphash128(reference_key(), "")), "a3817f04ba25a8e66df67214c7550293");
  EXPECT_EQ(hex(siphash128(reference_key(), counting(1))), "da87c1d86b99af44347659119b22fc45");
  EXPECT_EQ(hex(siphash128(reference_key(), counting(2))), "8177228da4a45dc7fca38bdef60affe4");
  EXPECT_EQ(hex(siphash128(reference_key(), counting(7))), "a1f1ebbed8dbc153c0b84aa61ff08239");
  EXPECT_EQ(hex(siphash128(reference_key(), counting(8))), "3b62a9ba6258f5610f83e264f31497b4");
  EXPECT_EQ(hex(siphash128(reference_key(), counting(15))), "5493e99933b0a8117e08ec0f97cfc3d9");
  EXPECT_EQ(hex(siphash128(reference_key(), counting(16))), "6ee2a4ca67b054bbfd3315bf85230577");
  EXPECT_EQ(hex(siphash128(reference_key(), counting(63))), "5150d1772f50834a503e069a973fbd7c");
}

TEST(SipHash, every_key_bit_and_every_data_bit_matters) {
  const std::string data = counting(21);
  const auto tag = siphash128(reference_key(), data);
  for (int bit = 0; bit < 128; ++bit) {
    SipKey key = reference_key();
    key[static_cast<std::size_t>(bit / 64)] ^= std::uint64_t{1} << (bit % 64);
    EXPECT_NE(siphash128(key, data), tag) << bit;
  }
  for (std::size_t i = 0; i < data.size(); ++i) {
    std::string other = data;
    other[i] = static_cast<char>(other[i] ^ 0x40);
    EXPECT_NE(siphash128(reference_key(), other), tag) << i;
  }
}

TEST(SipHash, a_longer_text_of_zeros_has_another_tag) {
  EXPECT_NE(siphash128(reference_key(), std::string(7, '\0')), siphash128(reference_key(), std::string(8, '\0')));
}

}  // namespace
}  // namespace switchyard
