// DeadlineQueue watches many things that share one time limit: the idle connections of a lane.
//
// All nodes have the same limit, so the order of arming is the order of expiry: arming and
// disarming relink a list, whatever the number, and one lane timer serves the queue.  It is left
// standing when the first node goes away and looks again when it fires.
//
// After set_limit_ms() with a smaller value, older nodes expire by the limit they were armed with
// and newer ones not before them.
//
// Thread: one lane.
#pragma once
#include <cstdint>
#include <functional>

#include "kernel/base/executor.h"

namespace switchyard::net {

class DeadlineQueue;

// Embedded in what is watched.  In at most one queue; leaves it when destroyed.
class DeadlineNode {
 public:
  DeadlineNode() = default;
  ~DeadlineNode() { disarm(); }
  DeadlineNode(const DeadlineNode&) = delete;
  DeadlineNode& operator=(const DeadlineNode&) = delete;

  void disarm();
  bool armed() const { return queue_ != nullptr; }
  bool in(const DeadlineQueue& queue) const { return queue_ == &queue; }

 private:
  friend class DeadlineQueue;
  DeadlineQueue* queue_ = nullptr;
  DeadlineNode* before_ = nullptr;
  DeadlineNode* after_ = nullptr;
  std::int64_t due_ms_ = 0;
};

class DeadlineQueue {
 public:
  // `on_expire` runs on the lane for each expired node, which is disarmed by then.
  DeadlineQueue(Executor& lane, std::int64_t limit_ms, std::function<void(DeadlineNode&)> on_expire);
  ~DeadlineQueue();
  DeadlineQueue(const DeadlineQueue&) = delete;
  DeadlineQueue& operator=(const DeadlineQueue&) = delete;

  // Watches `node` from now on; it leaves the queue it was in.
  void arm(DeadlineNode& node);
  void set_limit_ms(std::int64_t limit_ms) { limit_ms_ = limit_ms; }

 private:
  friend class DeadlineNode;
  void run();
  void set_timer();

  Executor& lane_;
  std::int64_t limit_ms_;
  std::function<void(DeadlineNode&)> on_expire_;
  DeadlineNode* first_ = nullptr;
  DeadlineNode* last_ = nullptr;
  TimerId timer_ = 0;
};

}  // namespace switchyard::net
