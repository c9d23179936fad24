#include "kernel/net/deadline_queue.h"

#include <utility>

namespace switchyard::net {

void DeadlineNode::disarm() {
  if (!queue_) return;
  (before_ ? before_->after_ : queue_->first_) = after_;
  (after_ ? after_->before_ : queue_->last_) = before_;
  queue_ = nullptr;
  before_ = after_ = nullptr;
}

DeadlineQueue::DeadlineQueue(Executor& lane, std::int64_t limit_ms, std::function<void(DeadlineNode&)> on_expire)
    : lane_(lane), limit_ms_(limit_ms), on_expire_(std::move(on_expire)) {}

DeadlineQueue::~DeadlineQueue() {
  if (timer_ != 0) lane_.cancel(timer_);
  while (first_) first_->disarm();
}

void DeadlineQueue::arm(DeadlineNode& node) {
  node.disarm();
  node.queue_ = this;
  node.due_ms_ = lane_.clock().mono_ms() + limit_ms_;
  node.before_ = last_;
  (last_ ? last_->after_ : first_) = &node;
  last_ = &node;
  if (timer_ == 0) set_timer();
}

void DeadlineQueue::set_timer() {
  timer_ = lane_.call_at(first_->due_ms_, [this] { run(); });
}

void DeadlineQueue::run() {
  timer_ = 0;
  const std::int64_t now_ms = lane_.clock().mono_ms();
  while (first_ && first_->due_ms_ <= now_ms) {
    DeadlineNode& expired = *first_;
    expired.disarm();
    on_expire_(expired);
  }
  if (first_ && timer_ == 0) set_timer();
}

}  // namespace switchyard::net
