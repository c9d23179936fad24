// SlotBits and SlotWindow: what a resident chunk is made of.
//
// A chunk has 512 slots, but most queues use few of them at a time.  SlotBits says which are used;
// SlotWindow keeps values only for the range between the first and the last used slot and slides along
// as a queue moves on, so that a queue with one message pays for one slot.
//
// Thread: plain values of one lane.
#pragma once
#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <memory>
#include <type_traits>

#include "kernel/stream/chunk.h"

namespace switchyard::stream {

using Slot = std::uint32_t;  // seq % kChunkSeqs.
inline constexpr Slot kSlots = static_cast<Slot>(kChunkSeqs);
inline constexpr Slot kNoSlot = kSlots;
inline constexpr Slot slot_of(Seq seq) { return static_cast<Slot>(seq % kChunkSeqs); }
inline constexpr Seq seq_at(ChunkNo no, Slot slot) { return no * kChunkSeqs + slot; }

class SlotBits {
 public:
  static constexpr Slot kWords = kSlots / 64;

  bool test(Slot slot) const { return (words_[slot / 64] >> (slot % 64) & 1) != 0; }
  void set(Slot slot) { words_[slot / 64] |= std::uint64_t{1} << (slot % 64); }
  void clear(Slot slot) { words_[slot / 64] &= ~(std::uint64_t{1} << (slot % 64)); }
  std::uint64_t word(Slot index) const { return words_[index]; }
  // First set slot >= from, or kNoSlot.
  Slot next(Slot from) const {
    if (from >= kSlots) return kNoSlot;
    Slot index = from / 64;
    std::uint64_t word = words_[index] & (~std::uint64_t{0} << (from % 64));
    while (word == 0) {
      if (++index == kWords) return kNoSlot;
      word = words_[index];
    }
    return index * 64 + static_cast<Slot>(std::countr_zero(word));
  }
  // Last set slot, or kNoSlot.
  Slot last() const {
    for (Slot index = kWords; index-- > 0;) {
      if (words_[index] != 0) return index * 64 + 63 - static_cast<Slot>(std::countl_zero(words_[index]));
    }
    return kNoSlot;
  }
  template <class F>
  void for_each(F&& f) const {
    for (Slot slot = next(0); slot != kNoSlot; slot = next(slot + 1)) f(slot);
  }

 private:
  std::array<std::uint64_t, kWords> words_{};
};

template <class T>
class SlotWindow {
  static_assert(std::is_trivially_copyable_v<T>);

 public:
  // REQUIRES: make(slot) was called and the slot has been in use since.
  T& operator[](Slot slot) { return data_[slot - base_]; }
  const T& operator[](Slot slot) const { return data_[slot - base_]; }

  // Room for `slot`; the value is indeterminate.  `used` are the slots whose values must be kept.
  T& make(Slot slot, const SlotBits& used) {
    if (slot >= base_ && slot - base_ < capacity_) return data_[slot - base_];
    extend_to(slot, used);
    return data_[slot - base_];
  }
  // Gives memory back when the used slots need less than a quarter of it.
  void shrink(const SlotBits& used) {
    const Slot first = used.next(0);
    if (first == kNoSlot) return;
    const Slot end = used.last() + 1;
    if (capacity_ > 4 * room_for(end - first)) move_to(first, first, end, room_for(end - first));
  }
  std::size_t memory_bytes() const { return capacity_ * sizeof(T); }

 private:
  // A third of the room stays free: sliding then costs at most two moves per new slot.
  static Slot room_for(Slot need) { return std::min<Slot>(kSlots, (need + need / 2 + 3) / 4 * 4); }

  void extend_to(Slot slot, const SlotBits& used) {
    const Slot first = used.next(0);
    if (first == kNoSlot) return move_to(slot, slot, slot, room_for(1));
    const Slot end = used.last() + 1;
    const Slot low = std::min(first, slot);
    move_to(low, first, end, room_for(std::max(end, slot + 1) - low));
  }
  // The window begins at `base` and keeps the values of [first, end).
  void move_to(Slot base, Slot first, Slot end, Slot wanted) {
    if (capacity_ < wanted || capacity_ > 4 * wanted) {
      std::unique_ptr<T[]> fresh(new T[wanted]);
      if (first != end) std::memcpy(&fresh[first - base], &data_[first - base_], (end - first) * sizeof(T));
      data_ = std::move(fresh);
      capacity_ = static_cast<std::uint16_t>(wanted);
    } else if (first != end) {
      std::memmove(&data_[first - base], &data_[first - base_], (end - first) * sizeof(T));
    }
    base_ = static_cast<std::uint16_t>(base);
  }

  std::unique_ptr<T[]> data_;
  std::uint16_t base_ = 0;
  std::uint16_t capacity_ = 0;
};

}  // namespace switchyard::stream
