#include "plugins/control/turns.h"

#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

namespace switchyard::control {
namespace {

// Runs what is posted when the test says so.
struct Lane {
  std::deque<std::function<void()>> tasks;
  Turns::Post post() {
    return [this](std::function<void()> task) { tasks.push_back(std::move(task)); };
  }
  void run_one() {
    ASSERT_FALSE(tasks.empty());
    auto task = std::move(tasks.front());
    tasks.pop_front();
    task();
  }
};

struct TurnsTest : testing::Test {
  void take(const std::string& key, const std::string& name, Lane& lane) {
    turns->take(
        key, [this, name](Turns::Turn turn) { started.push_back(name), held = std::move(turn); }, lane.post());
  }
  std::shared_ptr<Turns> turns = std::make_shared<Turns>();
  std::vector<std::string> started;
  Turns::Turn held;
};

TEST_F(TurnsTest, the_next_starts_on_its_own_lane_when_the_one_before_has_ended) {
  Lane one, two;
  take("key", "a", one);
  take("key", "b", two);
  take("key", "c", one);
  EXPECT_EQ(started, (std::vector<std::string>{"a"}));
  EXPECT_TRUE(two.tasks.empty());
  held.reset();
  EXPECT_TRUE(one.tasks.empty());
  two.run_one();
  EXPECT_EQ(started, (std::vector<std::string>{"a", "b"}));
  held.reset();
  one.run_one();
  held.reset();
  EXPECT_EQ(started, (std::vector<std::string>{"a", "b", "c"}));
  take("key", "d", two);
  EXPECT_EQ(started.back(), "d") << "a key that nobody holds is free again";
}

TEST_F(TurnsTest, other_keys_do_not_wait) {
  Lane lane;
  take("one", "a", lane);
  const auto first = held;
  take("two", "b", lane);
  EXPECT_EQ(started, (std::vector<std::string>{"a", "b"}));
}

TEST_F(TurnsTest, a_turn_that_is_dropped_unused_ends) {
  Lane lane;
  turns->take(
      "key", [](Turns::Turn) {}, lane.post());
  take("key", "b", lane);
  EXPECT_EQ(started, (std::vector<std::string>{"b"}));
}

TEST_F(TurnsTest, threads_are_never_inside_together) {
  std::atomic<int> inside{0}, done{0};
  const auto work = [&] {
    for (int i = 0; i < 500; ++i) {
      turns->take(
          "key",
          [&](const Turns::Turn&) {
            EXPECT_EQ(inside.fetch_add(1), 0);
            inside.fetch_sub(1);
            done.fetch_add(1);
          },
          [](const std::function<void()>& task) { task(); });
    }
  };
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) threads.emplace_back(work);
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(done.load(), 2'000);
}

}  // namespace
}  // namespace switchyard::control
