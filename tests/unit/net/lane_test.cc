#include "kernel/net/lane.h"

#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>

#include "harness.h"

namespace switchyard::net {
namespace {

using test::Box;

class LaneTest : public testing::Test {
 protected:
  LaneTest() : lane(clock, 3) { lane.start(); }
  // Everything posted before has run.
  void settle() {
    Box<bool> done;
    lane.post([&] { done.put(true); });
    ASSERT_TRUE(done.take());
  }
  ManualClock clock;
  Lane lane;
};

TEST_F(LaneTest, posts_of_one_thread_run_in_order_on_the_lanes_own_thread) {
  std::string order;
  EXPECT_FALSE(lane.on_lane());
  for (int i = 0; i < 100; ++i) {
    lane.post([&, i] { order += lane.on_lane() ? static_cast<char>('!' + i % 90) : '?'; });
  }
  settle();
  std::string wanted;
  for (int i = 0; i < 100; ++i) wanted += static_cast<char>('!' + i % 90);
  EXPECT_EQ(order, wanted);
  EXPECT_EQ(lane.lane_index(), 3u);
}

TEST_F(LaneTest, nothing_is_lost_when_many_threads_post_at_once) {
  std::atomic<int> ran{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 5'000; ++i) lane.post([&] { ran.fetch_add(1, std::memory_order_relaxed); });
    });
  }
  for (auto& thread : threads) thread.join();
  settle();
  EXPECT_EQ(ran.load(), 20'000);
}

TEST_F(LaneTest, turn_end_tasks_run_after_the_tasks_of_the_turn_and_before_later_ones) {
  std::string order;
  // Posted from one turn, so that both come in the next one.
  lane.post([&] {
    lane.post([&] {
      lane.at_turn_end([&] { order += "end "; });
      order += "a ";
      lane.post([&] { order += "later "; });
    });
    lane.post([&] { order += "b "; });
  });
  settle();
  settle();
  settle();
  EXPECT_EQ(order.substr(0, 8), "a b end ");
  EXPECT_EQ(order, "a b end later ");
}

TEST_F(LaneTest, a_turn_end_task_may_ask_for_another_one_in_the_same_turn) {
  Box<int> seen;
  lane.post([&] {
    lane.at_turn_end([&] {
      seen.put(1);
      lane.at_turn_end([&] { seen.put(2); });
    });
  });
  EXPECT_EQ(seen.take(2), 2);
}

TEST_F(LaneTest, a_timer_runs_when_the_injected_clock_reaches_it_and_not_before) {
  std::atomic<bool> ran{false};
  lane.post([&] { lane.call_at(clock.mono_ms() + 100, [&] { ran = true; }); });
  settle();
  clock.advance_ms(99);
  lane.kick();
  settle();
  EXPECT_FALSE(ran);
  clock.advance_ms(1);
  lane.kick();
  settle();
  EXPECT_TRUE(ran);
}

TEST_F(LaneTest, a_cancelled_timer_does_not_run) {
  std::atomic<bool> ran{false};
  lane.post([&] { lane.cancel(lane.call_at(clock.mono_ms() + 10, [&] { ran = true; })); });
  settle();
  clock.advance_ms(1000);
  lane.kick();
  settle();
  EXPECT_FALSE(ran);
}

TEST_F(LaneTest, a_timer_that_arms_itself_for_now_does_not_hold_up_the_mailbox) {
  std::function<void()> again = [&] { lane.call_at(clock.mono_ms(), again); };
  lane.post([&] { again(); });
  settle();
  settle();
}

TEST(Lane, timers_of_a_real_clock_wake_an_idle_lane) {
  const SystemClock clock;
  Lane lane(clock);
  lane.start();
  Box<std::int64_t> ran;
  const std::int64_t due_ms = clock.mono_ms() + 5;
  lane.post([&] { lane.call_at(due_ms, [&] { ran.put(clock.mono_ms()); }); });
  EXPECT_GE(ran.take(), due_ms);
}

TEST(Lane, last_moved_follows_the_clock_when_the_lane_takes_a_turn) {
  ManualClock clock;
  Lane lane(clock);
  lane.start();
  Box<bool> done;
  clock.advance_ms(5'000);
  lane.post([&] { done.put(true); });
  ASSERT_TRUE(done.take());
  Box<bool> again;
  lane.post([&] { again.put(true); });
  ASSERT_TRUE(again.take());
  EXPECT_EQ(lane.last_moved_ms(), clock.mono_ms());
}

TEST(Lane, a_lane_that_was_just_started_has_moved_even_before_its_first_turn) {
  ManualClock clock;
  clock.advance_ms(60'000);
  // Its thread may or may not have run by then: many tries meet both.
  for (int i = 0; i < 200; ++i) {
    Lane lane(clock);
    lane.start();
    ASSERT_EQ(lane.last_moved_ms(), clock.mono_ms());
  }
}

TEST(Lane, what_is_queued_at_the_stop_is_destroyed_without_running) {
  ManualClock clock;
  auto witness = std::make_shared<int>(0);
  {
    Lane lane(clock);
    lane.start();
    lane.post([&lane, witness] {
      lane.call_at(TimerId{1} << 60, [witness] { ++*witness; });
      lane.stop();
      lane.at_turn_end([witness] { ++*witness; });
      lane.post([witness] { ++*witness; });
    });
    lane.join();
    EXPECT_GT(witness.use_count(), 1);
  }
  EXPECT_EQ(*witness, 0);
  EXPECT_EQ(witness.use_count(), 1);
}

TEST(LaneGroup, run_on_all_visits_every_lane_once_on_its_own_thread) {
  ManualClock clock;
  LaneGroup lanes(clock, 4);
  EXPECT_FALSE(lanes.running());
  lanes.start();
  std::array<std::atomic<int>, 4> visits{};
  lanes.run_on_all([&](Lane& lane) { visits[lane.lane_index()] += lane.on_lane() ? 1 : 100; });
  for (auto& count : visits) EXPECT_EQ(count.load(), 1);
  lanes.stop();
  EXPECT_FALSE(lanes.running());
}

}  // namespace
}  // namespace switchyard::net
