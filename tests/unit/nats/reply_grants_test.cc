#include "plugins/nats/reply_grants.h"

#include <gtest/gtest.h>

namespace switchyard::nats {
namespace {

constexpr std::int64_t kTtl = 1000;

TEST(ReplyGrants, reply_may_be_sent_as_often_as_the_rule_says) {
  ReplyGrants grants({2, kTtl});
  EXPECT_FALSE(grants.use("r", 0)) << "nobody asked";
  grants.grant("r", 0);
  EXPECT_TRUE(grants.use("r", 1));
  EXPECT_TRUE(grants.use("r", 2));
  EXPECT_FALSE(grants.use("r", 3));
  EXPECT_EQ(grants.size(), 0u);
}

TEST(ReplyGrants, each_reply_subject_is_counted_by_itself) {
  ReplyGrants grants({1, kTtl});
  grants.grant("r1", 0);
  grants.grant("r2", 0);
  EXPECT_TRUE(grants.use("r1", 1));
  EXPECT_FALSE(grants.use("r1", 1));
  EXPECT_TRUE(grants.use("r2", 1));
}

TEST(ReplyGrants, grant_ends_with_its_time) {
  ReplyGrants grants({10, kTtl});
  grants.grant("r", 5);
  EXPECT_TRUE(grants.use("r", 5 + kTtl));
  EXPECT_FALSE(grants.use("r", 6 + kTtl));
  EXPECT_FALSE(grants.use("r", 5)) << "and does not come back with the clock";
}

TEST(ReplyGrants, another_request_with_the_same_reply_starts_anew) {
  ReplyGrants grants({1, kTtl});
  grants.grant("r", 0);
  grants.grant("r", 900);
  EXPECT_EQ(grants.size(), 1u);
  EXPECT_TRUE(grants.use("r", 1500));
  grants.grant("r", 1600);
  EXPECT_TRUE(grants.use("r", 1601));

  ReplyGrants of_two({2, kTtl});
  of_two.grant("r", 0);
  EXPECT_TRUE(of_two.use("r", 0));
  of_two.grant("r", 0);
  EXPECT_TRUE(of_two.use("r", 0));
  EXPECT_TRUE(of_two.use("r", 0)) << "the count starts anew, too";
  EXPECT_FALSE(of_two.use("r", 0));
}

TEST(ReplyGrants, zero_means_the_default_and_less_means_no_limit) {
  ReplyGrants defaults({0, 0});
  defaults.grant("r", 0);
  EXPECT_TRUE(defaults.use("r", 120'000));
  EXPECT_FALSE(defaults.use("r", 120'000));
  ReplyGrants endless({-1, -1});
  endless.grant("r", 0);
  for (int i = 0; i < 100; ++i) EXPECT_TRUE(endless.use("r", 1'000'000'000));
}

TEST(ReplyGrants, oldest_grant_is_given_up_at_the_bound) {
  ReplyGrants grants({1, kTtl}, 2);
  grants.grant("a", 0);
  grants.grant("b", 0);
  grants.grant("a", 1);  // Now b is the oldest.
  grants.grant("c", 2);
  EXPECT_EQ(grants.size(), 2u);
  EXPECT_FALSE(grants.use("b", 3));
  EXPECT_TRUE(grants.use("a", 3));
  EXPECT_TRUE(grants.use("c", 3));
}

TEST(ReplyGrants, bytes_of_subjects_are_bounded) {
  ReplyGrants grants({1, kTtl}, 100, 10);
  grants.grant("aaaa", 0);
  grants.grant("bbbb", 0);
  grants.grant("cccc", 0);
  EXPECT_EQ(grants.size(), 2u);
  EXPECT_FALSE(grants.use("aaaa", 1));
  grants.grant("ddddddddddd", 1);
  EXPECT_EQ(grants.size(), 2u) << "one that never fits pushes nothing out";
  EXPECT_TRUE(grants.use("bbbb", 1));
  EXPECT_TRUE(grants.use("cccc", 1));
}

TEST(ReplyGrants, ended_grants_make_room_by_themselves) {
  ReplyGrants grants({1, kTtl});
  for (int i = 0; i < 500; ++i) grants.grant("r" + std::to_string(i), 0);
  EXPECT_EQ(grants.size(), 500u);
  grants.grant("late", kTtl + 1);
  EXPECT_EQ(grants.size(), 1u);
}

TEST(ReplyGrants, many_rounds_leave_nothing_behind) {
  ReplyGrants grants({1, kTtl});
  for (int round = 0; round < 50; ++round) {
    for (int i = 0; i < 100; ++i) grants.grant(std::to_string(round) + "." + std::to_string(i), round);
    for (int i = 0; i < 100; ++i) EXPECT_TRUE(grants.use(std::to_string(round) + "." + std::to_string(i), round));
    EXPECT_EQ(grants.size(), 0u);
  }
}

}  // namespace
}  // namespace switchyard::nats
