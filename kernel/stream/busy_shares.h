// BusyShares estimates which keys take a large part of the recent processing time.
//
// It keeps 64 counters whatever the number of keys (space saving): a key with more than 1/64 of the time has
// one, and its counter is too high by at most what `over` says.  Old time counts half after a minute: a
// new second is entered with a growing weight, so that nothing has to be aged.
//
// Thread: plain value of one lane.
#pragma once
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>

namespace switchyard::stream {

class BusyShares {
 public:
  // `key` 0 counts in the total alone.
  void add(std::uint64_t key, std::int64_t busy_ms, std::int64_t now_ms) {
    const double amount = static_cast<double>(std::max<std::int64_t>(busy_ms, 0)) * weight(now_ms);
    total_ += amount;
    if (key == 0 || amount == 0) return;
    Counter* least = &counters_[0];
    for (Counter& counter : counters_) {
      if (counter.key == key) {
        counter.busy += amount;
        return;
      }
      if (counter.busy < least->busy) least = &counter;
    }
    *least = {key, least->busy + amount, least->busy};
  }
  // Certainly more than a tenth of all?
  bool above_a_tenth(std::uint64_t key) const {
    for (const Counter& counter : counters_) {
      if (counter.key == key) return (counter.busy - counter.over) * 10 > total_;
    }
    return false;
  }

 private:
  static constexpr double kHalfLifeMs = 60'000;
  struct Counter {
    std::uint64_t key = 0;
    double busy = 0, over = 0;
  };

  double weight(std::int64_t now_ms) {
    double age = static_cast<double>(now_ms - base_ms_) / kHalfLifeMs;
    if (age > 64) {  // Before the numbers leave the precision of a double.
      const double scale = std::exp2(-age);
      for (Counter& counter : counters_) {
        counter.busy *= scale;
        counter.over *= scale;
      }
      total_ *= scale;
      base_ms_ = now_ms;
      age = 0;
    }
    return std::exp2(age);
  }

  std::array<Counter, 64> counters_{};
  double total_ = 0;
  std::int64_t base_ms_ = 0;
};

}  // namespace switchyard::stream
