// Attempts remembers what a fetch with an attempt id was given, so that its repetition, after an answer
// that was lost on its way, gets the same messages with the same tokens.
//
// In memory only: after a restart a repeated attempt is a new one, and the messages of the first come back
// when their leases end.
//
// Bounds: kMax attempts a consumer, the oldest go first; five minutes each.
//
// Thread: its stream's lane.
#pragma once
#include <cstdint>
#include <iterator>
#include <list>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "kernel/stream/chunk.h"

namespace switchyard::stream {

struct Attempt {
  struct Message {
    Seq seq = 0;
    std::uint32_t attempt = 0;
    std::int64_t due_ms = 0;  // Of its lease: another one means that it was changed.
  };
  std::string id;
  std::vector<Message> messages;
  std::int64_t since_ms = 0;
  std::int64_t delivered_ms = 0;  // The same moment on the wall clock.
};

class Attempts {
 public:
  static constexpr std::size_t kMax = 4'096;
  static constexpr std::int64_t kWindowMs = 300'000;

  // Null when it is not known, or too old.
  const Attempt* find(std::string_view id, std::int64_t now_ms) {
    expire(now_ms);
    const auto it = by_id_.find(id);
    return it == by_id_.end() ? nullptr : &*it->second;
  }
  // Replaces one of this id; the window goes on from its first time.
  void remember(Attempt attempt) {
    if (const auto it = by_id_.find(attempt.id); it != by_id_.end()) {
      it->second->messages = std::move(attempt.messages);
      return;
    }
    if (order_.size() == kMax) pop();
    order_.push_back(std::move(attempt));
    by_id_.emplace(order_.back().id, std::prev(order_.end()));
  }
  void forget(std::string_view id) {
    const auto it = by_id_.find(id);
    if (it == by_id_.end()) return;
    const auto place = it->second;
    by_id_.erase(it);  // Its key is a view of the text there.
    order_.erase(place);
  }
  std::size_t size() const { return order_.size(); }

 private:
  void pop() {
    by_id_.erase(order_.front().id);
    order_.pop_front();
  }
  void expire(std::int64_t now_ms) {
    while (!order_.empty() && order_.front().since_ms + kWindowMs <= now_ms) pop();
  }

  std::list<Attempt> order_;  // By their first time.
  std::unordered_map<std::string_view, std::list<Attempt>::iterator> by_id_;
};

}  // namespace switchyard::stream
