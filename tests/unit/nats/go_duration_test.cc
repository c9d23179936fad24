#include "plugins/nats/go_duration.h"

#include <gtest/gtest.h>

namespace switchyard::nats {
namespace {

std::string ns(std::string_view text) {
  std::int64_t out = 0;
  std::string error;
  return parse_go_duration(text, out, error) ? std::to_string(out) : error;
}

TEST(GoDuration, numbers_and_units_add_up) {
  EXPECT_EQ(ns("2s"), "2000000000");
  EXPECT_EQ(ns("1h2m3.5s"), "3723500000000");
  EXPECT_EQ(ns("1.5h"), "5400000000000");
  EXPECT_EQ(ns("300ms"), "300000000");
  EXPECT_EQ(ns("7us"), "7000");
  EXPECT_EQ(ns("7\xc2\xb5s"), "7000");
  EXPECT_EQ(ns("-3s"), "-3000000000");
  EXPECT_EQ(ns("0"), "0");
  EXPECT_EQ(ns(".5s"), "500000000");
  EXPECT_EQ(ns("0.2500000000000000000000h"), "900000000000");
}

TEST(GoDuration, what_is_wrong_is_said_in_gos_words) {
  EXPECT_EQ(ns(""), "time: invalid duration \"\"");
  EXPECT_EQ(ns("-"), "time: invalid duration \"-\"");
  EXPECT_EQ(ns("x"), "time: invalid duration \"x\"");
  EXPECT_EQ(ns("5"), "time: missing unit in duration \"5\"");
  EXPECT_EQ(ns("5x"), "time: unknown unit \"x\" in duration \"5x\"");
  EXPECT_EQ(ns("3 s"), "time: unknown unit \" s\" in duration \"3 s\"");
  EXPECT_EQ(ns("99999999999999999999s"), "time: invalid duration \"99999999999999999999s\"");
  EXPECT_EQ(ns("9223372037s"), "time: invalid duration \"9223372037s\"");
  EXPECT_EQ(ns("9000000000s9000000000s"), "time: invalid duration \"9000000000s9000000000s\"");
}

TEST(GoDuration, a_short_time_does_not_become_none) {
  std::int64_t ms = -1;
  std::string error;
  ASSERT_TRUE(parse_go_duration_ms("1us", ms, error));
  EXPECT_EQ(ms, 1);
  ASSERT_TRUE(parse_go_duration_ms("1999us", ms, error));
  EXPECT_EQ(ms, 1);
  ASSERT_TRUE(parse_go_duration_ms("0s", ms, error));
  EXPECT_EQ(ms, 0);
}

}  // namespace
}  // namespace switchyard::nats
