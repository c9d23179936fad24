// TokenBucket limits a rate without a lock: one atomic word holds the time at which the bucket would be
// full again (the "theoretical arrival time" of the generic cell rate algorithm).
//
// A rate of 0 is no limit.  The bucket holds one second's worth, so a client that was idle may catch up
// for a second and no more.
//
// Failure: take() answers how long to wait; it never blocks and never counts a refused request.
//
// Thread: any.
#pragma once
#include <atomic>
#include <cstdint>

namespace switchyard::quota {

class TokenBucket {
 public:
  // [any] In force for the next take().
  void set_rate(std::uint32_t per_second) { per_second_.store(per_second, std::memory_order_relaxed); }
  std::uint32_t rate() const { return per_second_.load(std::memory_order_relaxed); }

  // Takes `n` tokens: 0 = taken, otherwise the milliseconds (at least 1) until they would be there.
  // More than a full bucket is taken when the bucket is full, so a large batch waits and then passes.
  std::uint32_t take(std::uint32_t n, std::int64_t mono_ns);

 private:
  static constexpr std::int64_t kSecondNs = 1'000'000'000;
  std::atomic<std::uint32_t> per_second_{0};
  std::atomic<std::int64_t> full_at_ns_{0};
};

}  // namespace switchyard::quota
