// CallPool holds what an asynchronous call must remember until it is done: whom to tell.
//
// Completions of the rooms below are std::function; one that captures a single pointer to a pooled
// Call needs no allocation.
//
// Bounded by what the rooms below accept, which answer "busy" when too much is in flight.
//
// Thread: its lane.
#pragma once
#include <cstdint>
#include <deque>
#include <vector>

namespace switchyard::plugin {

struct PluginLane;

struct Call {
  PluginLane* plugin = nullptr;
  void (*done)() = nullptr;  // Cast back to the type that the caller of take() gave.
  void* user = nullptr;
  std::uint64_t fetch = 0;  // Of a fetch that may wait.
  bool submitting = false;  // The call into the room below has not returned: `done` must not run.
  bool live = false;
};

class CallPool {
 public:
  Call* take() {
    if (free_.empty()) free_.push_back(&calls_.emplace_back());
    Call* call = free_.back();
    free_.pop_back();
    *call = Call{};
    call->live = true;
    return call;
  }
  void release(Call* call) {
    call->live = false;
    free_.push_back(call);
  }
  template <class F>
  void for_each(F&& visit) {
    for (auto& call : calls_) {
      if (call.live) visit(call);
    }
  }

 private:
  std::deque<Call> calls_;
  std::vector<Call*> free_;
};

}  // namespace switchyard::plugin
