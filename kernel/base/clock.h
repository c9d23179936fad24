// Clock is the only source of time in the kernel; whoever needs time is given one.
//
// wall_ms orders nothing: it may step.  mono_ns never steps back and drives timers.
// SystemClock reads the machine; ManualClock is moved by a test, so that no test sleeps.
//
// Thread: now() functions are safe from any thread.
#pragma once
#include <atomic>
#include <cstdint>

namespace switchyard {

class Clock {
 public:
  virtual ~Clock() = default;
  virtual std::int64_t wall_ms() const = 0;  // Unix time.
  // The same as finely as the clock knows it.
  virtual std::int64_t wall_ns() const { return wall_ms() * 1'000'000; }
  virtual std::int64_t mono_ns() const = 0;  // Since an arbitrary start.
  // mono_ns as of the machine's last tick, up to 10 ms ago, for a fraction of the cost: good for noticing
  // that something took long, not for saying when something is due.
  virtual std::int64_t coarse_mono_ns() const { return mono_ns(); }
  std::int64_t mono_ms() const { return mono_ns() / 1'000'000; }
};

class SystemClock final : public Clock {
 public:
  std::int64_t wall_ms() const override;
  std::int64_t wall_ns() const override;
  std::int64_t mono_ns() const override;
  std::int64_t coarse_mono_ns() const override;
};

class ManualClock final : public Clock {
 public:
  explicit ManualClock(std::int64_t wall_ms = 1'700'000'000'000) : wall_ms_(wall_ms) {}
  std::int64_t wall_ms() const override { return wall_ms_.load(std::memory_order_relaxed); }
  std::int64_t mono_ns() const override { return mono_ns_.load(std::memory_order_relaxed); }
  void advance_ms(std::int64_t ms) {
    wall_ms_ += ms;
    mono_ns_ += ms * 1'000'000;
  }
  // An administrator or NTP sets the wall clock; monotonic time does not notice.
  void step_wall_ms(std::int64_t ms) { wall_ms_ += ms; }

 private:
  std::atomic<std::int64_t> wall_ms_;
  std::atomic<std::int64_t> mono_ns_{1'000'000'000};
};

}  // namespace switchyard
