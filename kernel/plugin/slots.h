// SlotTable hands out 64-bit handles for objects of one lane and recognises a handle whose object is
// gone.
//
// A plugin may keep a handle too long; with a pointer that would answer a stranger's request, with a
// generation it is a call that does nothing.  A handle is {generation 32, lane 8, slot 24}; it is
// never 0, because generations start at 1.
//
// Failure: take() returns 0 when `bound` objects are held.
//
// Thread: its lane.
#pragma once
#include <cstddef>
#include <cstdint>
#include <deque>
#include <vector>

namespace switchyard::plugin {

using Handle = std::uint64_t;
inline constexpr std::size_t kMaxLanes = 256;

template <class T>
class SlotTable {
 public:
  // REQUIRES: lane < kMaxLanes, bound <= 2^24.
  SlotTable(std::size_t lane, std::size_t bound) : lane_(static_cast<std::uint32_t>(lane)), bound_(bound) {}

  // The object keeps whatever its predecessor in the slot left in it.
  Handle take() {
    if (free_.empty()) {
      if (slots_.size() >= bound_) return 0;
      free_.push_back(static_cast<std::uint32_t>(slots_.size()));
      slots_.emplace_back();
    }
    const auto index = free_.back();
    free_.pop_back();
    auto& slot = slots_[index];
    slot.live = true;
    return (std::uint64_t{slot.generation} << 32) | (lane_ << 24) | index;
  }
  // Null when the handle is of another lane or its object was released.
  T* find(Handle handle) {
    const auto index = static_cast<std::uint32_t>(handle) & 0xffffffu;
    if ((static_cast<std::uint32_t>(handle) >> 24) != lane_ || index >= slots_.size()) return nullptr;
    auto& slot = slots_[index];
    return slot.live && slot.generation == handle >> 32 ? &slot.value : nullptr;
  }
  // REQUIRES: find(handle) != nullptr.
  void release(Handle handle) {
    const auto index = static_cast<std::uint32_t>(handle) & 0xffffffu;
    auto& slot = slots_[index];
    slot.live = false;
    if (++slot.generation == 0) slot.generation = 1;
    free_.push_back(index);
  }
  // Visits (handle, object); the visitor may release the object it is shown.
  template <class F>
  void for_each(F&& visit) {
    for (std::uint32_t i = 0; i < slots_.size(); ++i) {
      if (slots_[i].live) visit((std::uint64_t{slots_[i].generation} << 32) | (lane_ << 24) | i, slots_[i].value);
    }
  }
  std::size_t live() const { return slots_.size() - free_.size(); }

 private:
  struct Slot {
    T value{};
    std::uint32_t generation = 1;
    bool live = false;
  };
  const std::uint32_t lane_;
  const std::size_t bound_;
  std::deque<Slot> slots_;
  std::vector<std::uint32_t> free_;
};

}  // namespace switchyard::plugin
