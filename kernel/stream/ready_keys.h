// ReadyKeys remembers which keys of an ordered consumer may have a message to hand out, oldest wake-up
// first.
//
// It is a hint: a key in it may turn out to be blocked, a key that can deliver is always in it.  So
// whatever unblocks a key wakes it: an arrival, an ack, the end of a lease or delay.
//
// Thread: its stream's lane.
#pragma once
#include <deque>
#include <vector>

#include "kernel/stream/key_index.h"

namespace switchyard::stream {

class ReadyKeys {
 public:
  void wake(KeyId key) {
    if (key >= queued_.size()) queued_.resize(key + 1);
    if (key == 0 || queued_[key]) return;
    queued_[key] = true;
    queue_.push_back(key);
  }
  // 0 when no key may deliver.
  KeyId front() const { return queue_.empty() ? 0 : queue_.front(); }
  // REQUIRES: front() != 0.
  void pop() {
    queued_[queue_.front()] = false;
    queue_.pop_front();
  }

 private:
  std::deque<KeyId> queue_;
  std::vector<bool> queued_;  // By key id; ids are small and reused.
};

}  // namespace switchyard::stream
