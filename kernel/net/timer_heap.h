// TimerHeap holds a lane's timers: what runs next, and cancel without a search.
//
// A binary heap over (due, order of arming) with a table that knows each timer's place in it, so
// arming and cancelling cost O(log n) with tens of thousands of waiting polls.  Timers due at the
// same millisecond run in the order they were armed.
//
// Thread: one lane.
#pragma once
#include <cstdint>
#include <limits>
#include <vector>

#include "kernel/base/executor.h"

namespace switchyard::net {

class TimerHeap {
 public:
  static constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::max();

  TimerId arm(std::int64_t due_ms, Task task);
  // Ignores a timer that ran, was cancelled or never existed.
  void cancel(TimerId id);
  // When the next one is due; kNever when there is none.
  std::int64_t next_due_ms() const { return heap_.empty() ? kNever : heap_.front().due_ms; }
  // Takes out the next timer that is due; an empty task when none is.
  Task pop_due(std::int64_t now_ms);
  std::size_t size() const { return heap_.size(); }

 private:
  struct Entry {
    std::int64_t due_ms;
    std::uint64_t order;
    std::uint32_t slot;
    bool before(const Entry& other) const {
      return due_ms != other.due_ms ? due_ms < other.due_ms : order < other.order;
    }
  };
  struct Slot {
    Task task;
    std::uint32_t generation = 1;
    std::uint32_t place = 0;  // In heap_, while armed.
    bool armed = false;
  };

  void put(std::size_t place, const Entry& entry);
  void sift_up(std::size_t place);
  void sift_down(std::size_t place);
  Task remove(std::size_t place);

  std::vector<Entry> heap_;
  std::vector<Slot> slots_;
  std::vector<std::uint32_t> free_;
  std::uint64_t order_ = 0;
};

}  // namespace switchyard::net
