// WakingLane is a lane that the test turns by hand and that rings a bell when another thread posts to it: who
// waits for the engine's threads sleeps until then, which a busy machine rewards with a quick turn.
//
// Thread: post() from any, the rest from the test's.
#pragma once
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <utility>

#include "kernel/base/executor.h"

namespace switchyard::stream {

class Bell {
 public:
  void ring() {
    {
      const std::lock_guard lock(mutex_);
      ++rung_;
    }
    rings_.notify_one();
  }
  // Until it rings after the last wait, or a moment for what comes about without a ring.
  void wait() {
    std::unique_lock lock(mutex_);
    rings_.wait_for(lock, std::chrono::milliseconds(1), [this] { return rung_ != heard_; });
    heard_ = rung_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable rings_;
  std::uint64_t rung_ = 0, heard_ = 0;
};

class WakingLane final : public Executor {
 public:
  WakingLane(const Clock& clock, std::size_t index, Bell& bell) : lane_(clock, index), bell_(bell) {}

  void post(Task task) override {
    lane_.post(std::move(task));
    bell_.ring();
  }
  void at_turn_end(Task task) override { lane_.at_turn_end(std::move(task)); }
  TimerId call_at(std::int64_t mono_ms, Task task) override { return lane_.call_at(mono_ms, std::move(task)); }
  void cancel(TimerId timer) override { lane_.cancel(timer); }
  const Clock& clock() const override { return lane_.clock(); }
  std::size_t lane_index() const override { return lane_.lane_index(); }
  std::size_t run() { return lane_.run(); }

 private:
  ManualExecutor lane_;
  Bell& bell_;
};

}  // namespace switchyard::stream
