#include "kernel/net/timer_heap.h"

#include <gtest/gtest.h>

#include <map>
#include <random>

namespace switchyard::net {
namespace {

// Runs everything that is due and returns the marks in order.
std::vector<int> run_due(TimerHeap& heap, std::int64_t now_ms, std::vector<int>& marks) {
  marks.clear();
  while (const Task task = heap.pop_due(now_ms)) task();
  return marks;
}

TEST(TimerHeap, timers_run_in_order_of_time_and_then_of_arming) {
  TimerHeap heap;
  std::vector<int> marks;
  heap.arm(20, [&] { marks.push_back(1); });
  heap.arm(10, [&] { marks.push_back(2); });
  heap.arm(10, [&] { marks.push_back(3); });
  EXPECT_EQ(heap.next_due_ms(), 10);
  EXPECT_EQ(run_due(heap, 9, marks), (std::vector<int>{}));
  EXPECT_EQ(run_due(heap, 10, marks), (std::vector<int>{2, 3}));
  EXPECT_EQ(run_due(heap, 20, marks), (std::vector<int>{1}));
  EXPECT_EQ(heap.next_due_ms(), TimerHeap::kNever);
}

TEST(TimerHeap, an_empty_heap_has_nothing_due_at_the_end_of_time) {
  TimerHeap heap;
  EXPECT_FALSE(heap.pop_due(TimerHeap::kNever));
}

TEST(TimerHeap, a_cancelled_timer_never_runs_and_its_id_is_not_reused_for_the_next) {
  TimerHeap heap;
  std::vector<int> marks;
  const TimerId first = heap.arm(10, [&] { marks.push_back(1); });
  heap.cancel(first);
  const TimerId second = heap.arm(10, [&] { marks.push_back(2); });
  EXPECT_NE(first, second);
  heap.cancel(first);
  heap.cancel(0);
  heap.cancel(999'999);
  EXPECT_EQ(run_due(heap, 10, marks), (std::vector<int>{2}));
}

TEST(TimerHeap, a_task_that_owns_a_canceller_of_another_timer_may_be_cancelled) {
  struct Canceller {
    Canceller(TimerHeap& h, TimerId o) : heap(h), other(o) {}
    TimerHeap& heap;
    TimerId other;
    ~Canceller() { heap.cancel(other); }
  };
  TimerHeap heap;
  const TimerId other = heap.arm(10, [] {});
  const TimerId owner = heap.arm(5, [held = std::make_shared<Canceller>(heap, other)] {});
  heap.cancel(owner);
  EXPECT_EQ(heap.size(), 0u);
}

TEST(TimerHeap, agrees_with_a_sorted_map_over_random_arming_and_cancelling) {
  std::mt19937 random(7);
  TimerHeap heap;
  std::multimap<std::int64_t, TimerId> model;  // Equal keys keep the order of insertion.
  TimerId ran = 0;
  std::int64_t now_ms = 0;
  for (int step = 0; step < 20'000; ++step) {
    const auto dice = random() % 10;
    if (dice < 5) {
      const std::int64_t due_ms = now_ms + static_cast<std::int64_t>(random() % 100);
      auto id = std::make_shared<TimerId>();
      *id = heap.arm(due_ms, [&ran, id] { ran = *id; });
      model.emplace(due_ms, *id);
    } else if (dice < 8 && !model.empty()) {
      auto victim = model.begin();
      std::advance(victim, random() % model.size());
      heap.cancel(victim->second);
      model.erase(victim);
    } else {
      now_ms += static_cast<std::int64_t>(random() % 20);
      while (const Task task = heap.pop_due(now_ms)) {
        task();
        ASSERT_FALSE(model.empty());
        ASSERT_EQ(ran, model.begin()->second);
        ASSERT_LE(model.begin()->first, now_ms);
        model.erase(model.begin());
      }
      ASSERT_TRUE(model.empty() || model.begin()->first > now_ms);
    }
    ASSERT_EQ(heap.size(), model.size());
  }
}

}  // namespace
}  // namespace switchyard::net
