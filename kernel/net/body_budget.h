// BodyBudget bounds what the request bodies of a whole server hold; a BodyHold is the share of one request.
//
// A limit per body and a limit of connections bound memory only by their product, which is more than any
// machine has, and bodies arrive before anybody has signed anything.  Small bodies are free, so that they
// never touch the counter the lanes share: what they can hold is bounded by max_connections.
//
// Failure: cover() returns false; the request has to be refused.
//
// Thread: BodyBudget any; a BodyHold belongs to the lane of its connection.
#pragma once
#include <atomic>
#include <cstddef>
#include <utility>

namespace switchyard::net {

inline constexpr std::size_t kFreeBody = 16 * 1024;  // Of each request.
inline constexpr std::size_t kBodyStep = 64 * 1024;  // What a share grows by.

class BodyBudget {
 public:
  explicit BodyBudget(std::size_t limit) : limit_(limit) {}

  // Lower than what is used: nothing more is given until enough came back.
  void set_limit(std::size_t limit) { limit_.store(limit, std::memory_order_relaxed); }
  std::size_t used() const { return used_.load(std::memory_order_relaxed); }

  bool take(std::size_t bytes) {
    const std::size_t before = used_.fetch_add(bytes, std::memory_order_relaxed);
    const std::size_t limit = limit_.load(std::memory_order_relaxed);
    if (before <= limit && bytes <= limit - before) return true;
    give(bytes);
    return false;
  }
  void give(std::size_t bytes) { used_.fetch_sub(bytes, std::memory_order_relaxed); }

 private:
  std::atomic<std::size_t> used_{0};
  std::atomic<std::size_t> limit_;
};

class BodyHold {
 public:
  BodyHold() = default;
  ~BodyHold() { release(); }
  BodyHold(const BodyHold&) = delete;
  BodyHold& operator=(const BodyHold&) = delete;

  // Null = without a bound.  `budget` outlives what is covered.
  void charge_to(BodyBudget* budget) {
    release();
    budget_ = budget;
  }
  // Makes the share enough for a body of `bytes`; a refusal leaves it as it was.
  bool cover(std::size_t bytes) {
    if (bytes <= kFreeBody || bytes <= held_ || !budget_) return true;
    const std::size_t wanted = (bytes + kBodyStep - 1) / kBodyStep * kBodyStep;
    if (!budget_->take(wanted - held_)) return false;
    held_ = wanted;
    return true;
  }
  void release() {
    if (held_ != 0) budget_->give(std::exchange(held_, 0));
  }

 private:
  BodyBudget* budget_ = nullptr;
  std::size_t held_ = 0;
};

}  // namespace switchyard::net
