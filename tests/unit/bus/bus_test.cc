#include "kernel/bus/bus.h"

#include <gtest/gtest.h>

#include <map>

#include "tests/unit/bus/bus_rig.h"

namespace switchyard::bus {
namespace {

TEST(Bus, a_subscriber_gets_what_matches_and_nobody_else_does) {
  BusRig rig(1);
  Listener all, one, other;
  rig.lane(0).subscribe(1, ">", "", all);
  rig.lane(0).subscribe(1, "orders.*", "", one);
  rig.lane(0).subscribe(1, "bills.*", "", other);
  EXPECT_EQ(rig.publish(0, "orders.new", "x").receivers, 2u);
  EXPECT_EQ(one.got, Texts{"orders.new=x"});
  EXPECT_EQ(all.got, Texts{"orders.new=x"});
  EXPECT_TRUE(other.got.empty());
  EXPECT_EQ(rig.publish(0, "orders").receivers, 1u);
}

TEST(Bus, namespaces_do_not_hear_each_other) {
  BusRig rig(2);
  Listener mine, theirs;
  rig.lane(0).subscribe(1, ">", "", mine);
  rig.lane(1).subscribe(2, ">", "", theirs);
  rig.run();
  EXPECT_EQ(rig.publish(0, "a", "", 0, 2).receivers, 1u);
  EXPECT_EQ(rig.publish(0, "a", "", 0, 3).receivers, 0u);
  rig.run();
  EXPECT_TRUE(mine.got.empty());
  EXPECT_EQ(theirs.got, Texts{"a="});
}

TEST(Bus, a_message_crosses_lanes_whole_and_in_order) {
  BusRig rig(4);
  Listener far;
  rig.lane(3).subscribe(1, "a.>", "", far);
  rig.run();
  Publisher publisher(rig.lane(0), 1);
  const std::string large(100'000, 'b');
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(publisher.publish({"a." + std::to_string(i), "_INBOX.1", "H: v", large}).receivers, 1u);
  }
  EXPECT_TRUE(far.got.empty()) << "it leaves at the end of the turn";
  rig.run();
  ASSERT_EQ(far.got.size(), 3u);
  EXPECT_EQ(far.got[0], "a.0=" + large);
  EXPECT_EQ(far.got[2], "a.2=" + large);
  EXPECT_EQ(far.replies[1], "_INBOX.1");
  EXPECT_EQ(far.headers[1], "H: v");
}

TEST(Bus, interest_is_exact_everywhere_once_it_is_settled) {
  BusRig rig(3);
  Listener far;
  bool settled = false;
  auto* subscription = rig.lane(2).subscribe(1, "a", "", far);
  EXPECT_FALSE(rig.lane(2).settled());
  rig.lane(2).when_settled([&] { settled = true; });
  EXPECT_FALSE(settled) << "never inside the call";
  EXPECT_EQ(rig.publish(0, "a").receivers, 0u);
  rig.run();
  EXPECT_TRUE(settled);
  EXPECT_EQ(rig.publish(0, "a").receivers, 1u);
  EXPECT_EQ(rig.publish(1, "a").receivers, 1u);
  settled = false;
  rig.lane(2).unsubscribe(1, subscription);
  rig.lane(2).when_settled([&] { settled = true; });
  rig.run();
  EXPECT_TRUE(settled);
  EXPECT_EQ(rig.publish(0, "a").receivers, 0u);
  EXPECT_TRUE(far.got.empty()) << "what was on its way found nobody";
}

TEST(Bus, a_fence_without_changes_runs_later_too) {
  for (const std::size_t lanes : {1u, 2u}) {
    BusRig rig(lanes);
    bool ran = false;
    rig.lane(0).when_settled([&] { ran = true; });
    EXPECT_FALSE(ran);
    rig.run();
    EXPECT_TRUE(ran);
  }
}

TEST(Bus, one_member_of_a_group_gets_each_message_and_all_get_about_the_same) {
  BusRig rig(4);
  Listener members[8], single;
  for (std::size_t i = 0; i < 8; ++i) rig.lane(i % 4).subscribe(1, "work", "q", members[i]);
  rig.lane(1).subscribe(1, "work", "", single);
  rig.run();
  for (int i = 0; i < 8'000; ++i) EXPECT_GE(rig.publish(0, "work").receivers, 2u);
  rig.run();
  std::size_t sum = 0;
  for (const auto& member : members) {
    sum += member.got.size();
    EXPECT_NEAR(static_cast<double>(member.got.size()), 1'000, 200);
  }
  EXPECT_EQ(sum, 8'000u);
  EXPECT_EQ(single.got.size(), 8'000u);
}

TEST(Bus, groups_of_different_patterns_or_names_each_get_the_message) {
  BusRig rig(2);
  Listener a, b, c;
  rig.lane(0).subscribe(1, "x.*", "q", a);
  rig.lane(1).subscribe(1, "x.1", "q", b);
  rig.lane(1).subscribe(1, "x.*", "r", c);
  rig.run();
  EXPECT_EQ(rig.publish(0, "x.1").receivers, 3u);
  rig.run();
  EXPECT_EQ(a.got.size() + b.got.size() + c.got.size(), 3u);
}

TEST(Bus, a_group_whose_member_refuses_gives_the_message_to_another_also_on_another_lane) {
  BusRig rig(3);
  Listener full[2], free;
  full[0].refuse = full[1].refuse = true;
  rig.lane(0).subscribe(1, "work", "q", full[0]);
  rig.lane(1).subscribe(1, "work", "q", full[1]);
  rig.lane(2).subscribe(1, "work", "q", free);
  rig.run();
  for (int i = 0; i < 300; ++i) rig.publish(0, "work");
  rig.run();
  // Passed on between the two that refuse it may run out of hops, so a few may be lost; most must not be.
  EXPECT_GT(free.got.size(), 250u);
}

TEST(Bus, a_group_that_nobody_can_take_from_does_not_go_round_for_ever) {
  BusRig rig(2);
  Listener full[2];
  full[0].refuse = full[1].refuse = true;
  rig.lane(0).subscribe(1, "work", "q", full[0]);
  rig.lane(1).subscribe(1, "work", "q", full[1]);
  rig.run();
  rig.publish(0, "work");
  rig.run();
}

TEST(Bus, a_message_for_a_member_that_left_meanwhile_goes_to_the_rest_of_the_group) {
  BusRig rig(3);
  Listener leaves, stays;
  auto* subscription = rig.lane(1).subscribe(1, "work", "q", leaves);
  rig.run();
  rig.publish(0, "work", "1");
  rig.lane(2).subscribe(1, "work", "q", stays);
  // Lane 1 learns of the new member, and its own leaves, before it looks into its mail.
  rig.executors[2]->run();
  rig.lane(1).unsubscribe(1, subscription);
  rig.run();
  EXPECT_TRUE(leaves.got.empty());
  EXPECT_EQ(stays.got, Texts{"work=1"});
}

TEST(Bus, a_party_is_left_out_of_what_it_publishes) {
  BusRig rig(1);
  Listener own, other, grouped[2];
  rig.lane(0).subscribe(1, "a", "", own, 7);
  rig.lane(0).subscribe(1, "a", "", other, 8);
  rig.lane(0).subscribe(1, "a", "q", grouped[0], 7);
  rig.lane(0).subscribe(1, "a", "q", grouped[1], 8);
  for (int i = 0; i < 20; ++i) EXPECT_EQ(rig.publish(0, "a", "", 7).receivers, 2u);
  EXPECT_TRUE(own.got.empty() && grouped[0].got.empty());
  EXPECT_EQ(other.got.size(), 20u);
  EXPECT_EQ(grouped[1].got.size(), 20u);
}

TEST(Bus, a_subscriber_may_leave_and_take_others_along_while_it_is_called) {
  BusRig rig(1);
  Listener first, second;
  Subscription* subscriptions[2];
  first.then = second.then = [&](Subscription&) {
    for (auto*& one : subscriptions) {
      if (one != nullptr) rig.lane(0).unsubscribe(1, std::exchange(one, nullptr));
    }
  };
  subscriptions[0] = rig.lane(0).subscribe(1, "a", "", first);
  subscriptions[1] = rig.lane(0).subscribe(1, "*", "", second);
  EXPECT_EQ(rig.publish(0, "a").receivers, 1u) << "who was unsubscribed is called no more";
  EXPECT_EQ(first.got.size() + second.got.size(), 1u);
  EXPECT_EQ(rig.publish(0, "a").receivers, 0u);
}

TEST(Bus, a_subscriber_may_subscribe_and_publish_while_it_is_called) {
  BusRig rig(2);
  Listener relay, late, far;
  Publisher publisher(rig.lane(0), 1);
  rig.lane(0).subscribe(1, "in", "", relay);
  rig.lane(1).subscribe(1, "out", "", far);
  rig.run();
  relay.then = [&](Subscription&) {
    rig.lane(0).subscribe(1, "out", "", late);
    EXPECT_EQ(publisher.publish({"out", {}, {}, "1"}).receivers, 2u);
  };
  EXPECT_EQ(publisher.publish({"in", {}, {}, "0"}).receivers, 1u);
  rig.run();
  EXPECT_EQ(late.got, Texts{"out=1"});
  EXPECT_EQ(far.got, Texts{"out=1"});
}

TEST(Bus, thousands_of_subjects_are_found_though_only_some_are_kept) {
  BusRig rig(1);
  Listener all;
  rig.lane(0).subscribe(1, "s.*", "", all);
  Publisher publisher(rig.lane(0), 1);
  for (std::size_t round = 0; round < 2; ++round) {
    for (std::size_t i = 0; i < 2 * Space::kMaxKept; ++i) {
      const auto subject = "s." + std::to_string(i);
      ASSERT_EQ(publisher.publish({subject, {}, {}, {}}).receivers, 1u);
    }
  }
  EXPECT_EQ(all.got.size(), 4 * Space::kMaxKept);
}

TEST(Bus, who_publishes_faster_than_a_lane_takes_is_told_to_stop_and_to_go_on) {
  BusRig rig(2, {.max_pending_bytes = 10'000});
  Listener far;
  rig.lane(1).subscribe(1, "a", "", far);
  rig.run();
  const std::string body(1'000, 'x');
  int sent = 0;
  while (!rig.publish(0, "a", body).busy) ++sent;
  EXPECT_LT(sent, 11);
  bool ready = false;
  rig.lane(0).when_ready([&] { ready = true; });
  rig.executors[0]->run();
  EXPECT_FALSE(ready) << "the other lane has not had its turn";
  EXPECT_TRUE(rig.lane(0).busy());
  rig.run();
  EXPECT_TRUE(ready);
  EXPECT_FALSE(rig.lane(0).busy());
  EXPECT_EQ(far.got.size(), static_cast<std::size_t>(sent) + 1) << "nothing was lost";
  ready = false;
  rig.lane(0).when_ready([&] { ready = true; });
  rig.run();
  EXPECT_TRUE(ready) << "nobody is behind";
}

}  // namespace
}  // namespace switchyard::bus
