// BlockingLane is an Executor for tests of rooms that have threads of their own: the test's thread is
// the lane, and run_until() blocks on the mailbox instead of sleeping.
//
// Failure: run_until() returns false after a minute without the condition: the test then fails
// instead of hanging.
//
// Thread: post() from any; the rest from the test's thread.
#pragma once
#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <utility>

#include "kernel/base/executor.h"

namespace switchyard::test {

class BlockingLane final : public Executor {
 public:
  explicit BlockingLane(const Clock& clock, std::size_t index = 0) : clock_(clock), index_(index) {}

  void post(Task task) override {
    {
      const std::lock_guard lock(mutex_);
      mailbox_.push_back(std::move(task));
    }
    ready_.notify_one();
  }
  // No loop, no turns: what belongs to the end of a turn runs with the next mail.
  void at_turn_end(Task task) override { post(std::move(task)); }
  TimerId call_at(std::int64_t, Task) override { return 0; }
  void cancel(TimerId) override {}
  const Clock& clock() const override { return clock_; }
  std::size_t lane_index() const override { return index_; }

  bool run_until(const std::function<bool()>& done) {
    const auto give_up = std::chrono::steady_clock::now() + std::chrono::minutes(1);
    while (!done()) {
      std::unique_lock lock(mutex_);
      if (!ready_.wait_until(lock, give_up, [this] { return !mailbox_.empty(); })) return false;
      auto task = std::move(mailbox_.front());
      mailbox_.pop_front();
      lock.unlock();
      task();
    }
    return true;
  }

 private:
  const Clock& clock_;
  const std::size_t index_;
  std::mutex mutex_;
  std::condition_variable ready_;
  std::deque<Task> mailbox_;
};

}  // namespace switchyard::test
