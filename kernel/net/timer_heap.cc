#include "kernel/net/timer_heap.h"

#include <utility>

namespace switchyard::net {

TimerId TimerHeap::arm(std::int64_t due_ms, Task task) {
  std::uint32_t index;
  if (free_.empty()) {
    index = static_cast<std::uint32_t>(slots_.size());
    slots_.emplace_back();
  } else {
    index = free_.back();
    free_.pop_back();
  }
  Slot& slot = slots_[index];
  slot.task = std::move(task);
  slot.armed = true;
  heap_.push_back({});
  put(heap_.size() - 1, {due_ms, ++order_, index});
  sift_up(heap_.size() - 1);
  return (TimerId{slot.generation} << 32) | index;
}

void TimerHeap::cancel(TimerId id) {
  const auto index = static_cast<std::uint32_t>(id);
  if (index >= slots_.size()) return;
  Slot& slot = slots_[index];
  if (!slot.armed || slot.generation != static_cast<std::uint32_t>(id >> 32)) return;
  // The task dies after the heap is whole again: its destructor may cancel other timers.
  const Task dead = remove(slot.place);
}

Task TimerHeap::pop_due(std::int64_t now_ms) {
  if (heap_.empty() || heap_.front().due_ms > now_ms) return {};
  return remove(0);
}

Task TimerHeap::remove(std::size_t place) {
  const std::uint32_t index = heap_[place].slot;
  const Entry last = heap_.back();
  heap_.pop_back();
  if (place < heap_.size()) {
    put(place, last);
    sift_up(place);
    sift_down(slots_[last.slot].place);
  }
  Slot& slot = slots_[index];
  slot.armed = false;
  // 0 would make the id of slot 0 equal to "never a timer".
  if (++slot.generation == 0) slot.generation = 1;
  free_.push_back(index);
  return std::exchange(slot.task, {});
}

void TimerHeap::put(std::size_t place, const Entry& entry) {
  heap_[place] = entry;
  slots_[entry.slot].place = static_cast<std::uint32_t>(place);
}

void TimerHeap::sift_up(std::size_t place) {
  const Entry entry = heap_[place];
  while (place > 0) {
    const std::size_t parent = (place - 1) / 2;
    if (!entry.before(heap_[parent])) break;
    put(place, heap_[parent]);
    place = parent;
  }
  put(place, entry);
}

void TimerHeap::sift_down(std::size_t place) {
  const Entry entry = heap_[place];
  for (;;) {
    std::size_t child = 2 * place + 1;
    if (child >= heap_.size()) break;
    if (child + 1 < heap_.size() && heap_[child + 1].before(heap_[child])) ++child;
    if (!heap_[child].before(entry)) break;
    put(place, heap_[child]);
    place = child;
  }
  put(place, entry);
}

}  // namespace switchyard::net
