#include "kernel/base/units.h"

#include <gtest/gtest.h>

namespace switchyard {
namespace {

TEST(Units, sizes_are_read_with_decimal_and_binary_units) {
  EXPECT_EQ(*parse_size("k", "512"), 512u);
  EXPECT_EQ(*parse_size("k", "64KB"), 64'000u);
  EXPECT_EQ(*parse_size("k", "10MiB"), 10u << 20);
  EXPECT_EQ(*parse_size("k", "10 MiB"), 10u << 20);
  EXPECT_EQ(*parse_size("k", "2TiB"), 2ull << 40);
  EXPECT_EQ(*parse_size("k", "0"), 0u);
}

TEST(Units, a_wrong_size_names_key_value_and_allowed_form) {
  for (const char* text : {"", "MiB", "10mib", "-1", "1.5MiB", "10MiB ", "10 apples", "9223372036854775808",
                           "9000000TiB", "99999999999999999999"}) {
    const auto size = parse_size("storage.segment_size", text);
    ASSERT_FALSE(size) << text;
    EXPECT_EQ(size.code(), Code::invalid);
    EXPECT_NE(size.error().message.find("storage.segment_size: '" + std::string(text) + "'"), std::string::npos);
    EXPECT_NE(size.error().message.find("such as 10MiB"), std::string::npos);
  }
}

TEST(Units, a_size_up_to_the_largest_signed_number_is_exact_and_one_more_is_refused) {
  EXPECT_EQ(*parse_size("k", "9223372036854775807"), 9223372036854775807u);
  EXPECT_EQ(*parse_size("k", "8388607TiB"), 8388607ull << 40);
  EXPECT_FALSE(parse_size("k", "8388608TiB"));
}

TEST(Units, durations_need_a_unit_except_zero) {
  EXPECT_EQ(*parse_duration_ms("k", "250ms"), 250);
  EXPECT_EQ(*parse_duration_ms("k", "30s"), 30'000);
  EXPECT_EQ(*parse_duration_ms("k", "5m"), 300'000);
  EXPECT_EQ(*parse_duration_ms("k", "12h"), 43'200'000);
  EXPECT_EQ(*parse_duration_ms("k", "4d"), 345'600'000);
  EXPECT_EQ(*parse_duration_ms("k", "0"), 0);
  EXPECT_FALSE(parse_duration_ms("k", "30"));
  EXPECT_FALSE(parse_duration_ms("k", "30 seconds"));
  EXPECT_FALSE(parse_duration_ms("k", "-5s"));
  EXPECT_FALSE(parse_duration_ms("k", "999999999999999999d"));
}

TEST(Units, what_is_printed_reads_back_as_the_same_value) {
  for (const std::uint64_t bytes : {0ull, 1ull, 1000ull, 1024ull, 1536ull, 10ull << 20, 3ull << 40}) {
    EXPECT_EQ(*parse_size("k", format_size(bytes)), bytes) << format_size(bytes);
  }
  for (const std::int64_t ms : {0ll, 1ll, 999ll, 1000ll, 90'000ll, 300'000ll, 86'400'000ll}) {
    EXPECT_EQ(*parse_duration_ms("k", format_duration_ms(ms)), ms) << format_duration_ms(ms);
  }
  EXPECT_EQ(format_size(10u << 20), "10MiB");
  EXPECT_EQ(format_duration_ms(90'000), "90s");
}

TEST(Units, integers_are_whole) {
  EXPECT_EQ(*parse_integer("k", "-12"), -12);
  EXPECT_FALSE(parse_integer("k", "12x"));
  EXPECT_FALSE(parse_integer("k", ""));
  EXPECT_FALSE(parse_integer("k", "1.0"));
}

TEST(Units, a_huge_value_is_cut_in_the_error) {
  const auto size = parse_size("k", std::string(100'000, 'x'));
  ASSERT_FALSE(size);
  EXPECT_LT(size.error().message.size(), 300u);
}

}  // namespace
}  // namespace switchyard
