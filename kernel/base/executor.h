// Executor is a lane as the lower rooms see it: one thread, tasks in order, timers, and a hook at
// the end of each loop turn.
//
// The store, stream and journal rooms must not know sockets, so they talk to this interface; the
// net room implements it over an event loop (net/lane.h), tests use ManualExecutor and run turns
// by hand.
//
// Thread: post() from anywhere; the rest only on the lane itself.
#pragma once
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <utility>
#include <vector>

#include "kernel/base/clock.h"

namespace switchyard {

using Task = std::function<void()>;
using TimerId = std::uint64_t;  // 0 is never a timer.

class Executor {
 public:
  virtual ~Executor() = default;

  // [any] Runs `task` later on this lane, in the order of the posts of one thread.  Wakes the lane
  // only when its mailbox was empty: posts during one turn of the sender cost one wake-up.
  virtual void post(Task task) = 0;
  // [lane] Runs `task` once at the end of the current turn, before the lane blocks.
  virtual void at_turn_end(Task task) = 0;
  // [lane] Runs `task` once when clock().mono_ms() >= mono_ms.
  virtual TimerId call_at(std::int64_t mono_ms, Task task) = 0;
  // [lane] A timer that already ran or never existed is ignored.
  virtual void cancel(TimerId timer) = 0;
  // [any]
  virtual const Clock& clock() const = 0;
  virtual std::size_t lane_index() const = 0;
};

// A lane for tests: nothing runs until run() is called on the test's thread.
class ManualExecutor final : public Executor {
 public:
  explicit ManualExecutor(const Clock& clock, std::size_t lane_index = 0) : clock_(clock), index_(lane_index) {}

  void post(Task task) override {
    const std::lock_guard lock(mutex_);
    mailbox_.push_back(std::move(task));
  }
  void at_turn_end(Task task) override { turn_end_.push_back(std::move(task)); }
  TimerId call_at(std::int64_t mono_ms, Task task) override {
    const TimerId id = ++last_timer_;
    timers_.emplace(std::pair{mono_ms, id}, std::move(task));
    return id;
  }
  void cancel(TimerId timer) override {
    std::erase_if(timers_, [timer](const auto& entry) { return entry.first.second == timer; });
  }
  const Clock& clock() const override { return clock_; }
  std::size_t lane_index() const override { return index_; }

  // Runs one turn: due timers, the tasks posted before the call, then the end-of-turn tasks.
  // Returns how many tasks ran.
  std::size_t run() {
    std::size_t ran = 0;
    while (!timers_.empty() && timers_.begin()->first.first <= clock_.mono_ms()) {
      auto task = std::move(timers_.begin()->second);
      timers_.erase(timers_.begin());
      task();
      ++ran;
    }
    std::deque<Task> mail;
    {
      const std::lock_guard lock(mutex_);
      mail.swap(mailbox_);
    }
    for (auto& task : mail) task();
    ran += mail.size();
    while (!turn_end_.empty()) {
      auto hooks = std::exchange(turn_end_, {});
      for (auto& task : hooks) task();
      ran += hooks.size();
    }
    return ran;
  }

 private:
  const Clock& clock_;
  const std::size_t index_;
  std::mutex mutex_;
  std::deque<Task> mailbox_;
  std::vector<Task> turn_end_;
  std::map<std::pair<std::int64_t, TimerId>, Task> timers_;
  TimerId last_timer_ = 0;
};

}  // namespace switchyard
