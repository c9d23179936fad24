#include "plugins/aws/message_attributes.h"

#include <gtest/gtest.h>

#include <climits>

namespace switchyard::aws {
namespace {

TEST(HeaderBlock, comes_back_as_it_was) {
  const std::string large(100'000, 'v');
  const std::vector<MessageAttribute> attributes = {{"a", "String", large, false},
                                                    {"b", "Binary.x", {"\0\xff", 2}, true}};
  std::string block;
  encode_headers(block, "AIDA", "Root=1", attributes);
  MessageHeaders read;
  ASSERT_TRUE(decode_headers(block, read));
  EXPECT_EQ(read.sender_id, "AIDA");
  EXPECT_EQ(read.trace_header, "Root=1");
  ASSERT_EQ(read.attributes.size(), 2u);
  EXPECT_EQ(read.attributes[0].value, large);
  EXPECT_FALSE(read.attributes[0].binary);
  EXPECT_EQ(read.attributes[1].type, "Binary.x");
  EXPECT_EQ(read.attributes[1].value, std::string_view("\0\xff", 2));
  EXPECT_TRUE(read.attributes[1].binary);
}

TEST(HeaderBlock, without_anything_is_four_bytes) {
  std::string block;
  encode_headers(block, "", "", {});
  EXPECT_EQ(block.size(), 4u);
  MessageHeaders read;
  EXPECT_TRUE(decode_headers(block, read));
}

TEST(HeaderBlock, that_is_cut_or_too_long_or_strange_is_refused) {
  const std::vector<MessageAttribute> attributes = {{"a", "String", "v", false}};
  std::string block;
  encode_headers(block, "s", "t", attributes);
  MessageHeaders read;
  for (std::size_t n = 0; n < block.size(); ++n) EXPECT_FALSE(decode_headers(block.substr(0, n), read)) << n;
  EXPECT_FALSE(decode_headers(block + "x", read));
  block[6] = 3;  // Transport of the first attribute.
  EXPECT_FALSE(decode_headers(block, read));
}

TEST(AttributesMd5, is_the_recorded_one) {
  Digests digests;
  const MessageAttribute attribute{"Foo", "String", "Bar", false};
  const Md5 digest = attributes_md5(digests, {&attribute, 1});
  EXPECT_EQ(digest[0], 0xae);
  EXPECT_EQ(digest[15], 0x9c);
}

TEST(AttributeRules, numbers_have_38_digits_and_a_range) {
  for (const char* good : {"0", "-0", "+1", "1.5", ".5", "5.", "1e10", "-1E-10", "1e+5",
                           "00000000000000000000000000000000000000000001", "12345678901234567890123456789012345678",
                           "1e126", "-1e126", "0e999", "100000000000000000000000000000000000000000000000"}) {
    EXPECT_TRUE(is_attribute_number(good)) << good;
  }
  for (const char* bad : {"",
                          "-",
                          "+",
                          ".",
                          "e5",
                          "1e",
                          "1e+",
                          "--1",
                          "+-1",
                          "1.2.3",
                          "1 ",
                          " 1",
                          "0x10",
                          "1,5",
                          "NaN",
                          "inf",
                          "123456789012345678901234567890123456789",
                          "1e127",
                          "1e-200",
                          "1e99999999999999999999"}) {
    EXPECT_FALSE(is_attribute_number(bad)) << bad;
  }
}

TEST(AttributeRules, types_have_a_base_and_a_label) {
  for (const char* good : {"String", "Number", "Binary", "String.a", "Number.int_64", "Binary.x.y"}) {
    EXPECT_TRUE(is_attribute_type(good)) << good;
  }
  for (const char* bad : {"", "string", "Strings", "Text", "String.", ".String", "String. a", "Stringx.a"}) {
    EXPECT_FALSE(is_attribute_type(bad)) << bad;
  }
  EXPECT_TRUE(is_attribute_type("String." + std::string(249, 'x')));
  EXPECT_FALSE(is_attribute_type("String." + std::string(250, 'x')));
}

TEST(AttributeRules, names) {
  for (const char* good : {"a", "A-b_c.d9", "AWSx", "amazon", "x.AWS.y"}) EXPECT_TRUE(is_attribute_name(good)) << good;
  for (const char* bad : {"", ".", "a.", ".a", "a..b", "a b", "AWS.", "aws.x", "AMAZON.x", "a/b", "\xc3\xa9"}) {
    EXPECT_FALSE(is_attribute_name(bad)) << bad;
  }
  EXPECT_TRUE(is_attribute_name(std::string(256, 'x')));
  EXPECT_FALSE(is_attribute_name(std::string(257, 'x')));
}

}  // namespace
}  // namespace switchyard::aws
