#include "kernel/quota/token_bucket.h"

#include <algorithm>

namespace switchyard::quota {

std::uint32_t TokenBucket::take(std::uint32_t n, std::int64_t mono_ns) {
  const std::int64_t rate = per_second_.load(std::memory_order_relaxed);
  if (rate == 0 || n == 0) return 0;
  const std::int64_t cost_ns = kSecondNs * n / rate;
  auto full_at = full_at_ns_.load(std::memory_order_relaxed);
  for (;;) {
    const auto start = std::max(full_at, mono_ns);
    // Tokens are there while the debt after taking them is at most one bucket.
    const auto debt_ns = start - mono_ns + std::min(cost_ns, kSecondNs);
    if (debt_ns > kSecondNs) return static_cast<std::uint32_t>((debt_ns - kSecondNs + 999'999) / 1'000'000);
    if (full_at_ns_.compare_exchange_weak(full_at, start + cost_ns, std::memory_order_relaxed)) return 0;
  }
}

}  // namespace switchyard::quota
