// IdTable finds 32-bit references by the hash of what they stand for: open addressing, 8 bytes a slot.
//
// It grows without a pause: while the larger table fills, every call moves a few slots of the old one.
// The caller says which of the references with an equal hash is meant.
//
// Thread: plain value of one lane.
#pragma once
#include <bit>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <new>
#include <utility>

namespace switchyard::stream {

class IdTable {
 public:
  using Ref = std::uint32_t;
  static constexpr Ref kNone = 0;

  // The reference under `hash` for which same(ref) is true, or kNone.
  template <class Same>
  Ref find(std::uint32_t hash, Same&& same) const {
    const Ref ref = find_in(now_, hash, same);
    return ref != kNone || old_.used == 0 ? ref : find_in(old_, hash, same);
  }
  // REQUIRES: ref is neither kNone nor kGone, and not in the table.
  void insert(std::uint32_t hash, Ref ref) {
    if ((now_.used + 1) * 4 > now_.size * 3) grow();
    migrate(kMovesPerCall);
    place(now_, hash, ref);
  }
  void erase(std::uint32_t hash, Ref ref) {
    migrate(kMovesPerCall);
    const auto same = [ref](Ref other) { return other == ref; };
    if (std::uint32_t i = 0; locate(now_, hash, same, i)) {
      close_gap(i);
      --now_.used;
    } else if (old_.used != 0 && locate(old_, hash, same, i)) {
      old_.slots[i].ref = kGone;
      --old_.used;
      if (old_.used == 0) old_ = Table();
    }
    if (now_.used == 0 && old_.used == 0) now_ = Table();
  }
  std::size_t size() const { return std::size_t{now_.used} + old_.used; }
  std::size_t memory_bytes() const { return (std::size_t{now_.size} + old_.size) * sizeof(Slot); }

  static constexpr Ref kGone = ~Ref{0};

 private:
  static constexpr std::uint32_t kMovesPerCall = 8;
  static constexpr std::uint32_t kFirstSize = 4;
  struct Slot {
    std::uint32_t hash;
    Ref ref;
  };
  struct Free {
    void operator()(Slot* slots) const { std::free(slots); }
  };
  struct Table {
    Table() = default;
    explicit Table(std::uint32_t n) : slots(static_cast<Slot*>(std::calloc(n, sizeof(Slot)))), size(n) {
      if (slots == nullptr) throw std::bad_alloc();
    }
    Table(Table&& other) noexcept { *this = std::move(other); }
    Table& operator=(Table&& other) noexcept {
      slots = std::move(other.slots);
      size = std::exchange(other.size, 0);
      used = std::exchange(other.used, 0);
      return *this;
    }
    // calloc: a large table is zero pages until it fills, so that growing costs no pause.
    std::unique_ptr<Slot[], Free> slots;
    std::uint32_t size = 0, used = 0;
  };

  template <class Same>
  static bool locate(const Table& table, std::uint32_t hash, Same&& same, std::uint32_t& at) {
    if (table.size == 0) return false;
    const std::uint32_t mask = table.size - 1;
    for (std::uint32_t i = hash & mask; table.slots[i].ref != kNone; i = (i + 1) & mask) {
      const Slot& slot = table.slots[i];
      if (slot.hash == hash && slot.ref != kGone && same(slot.ref)) {
        at = i;
        return true;
      }
    }
    return false;
  }
  template <class Same>
  static Ref find_in(const Table& table, std::uint32_t hash, Same&& same) {
    std::uint32_t i = 0;
    return locate(table, hash, same, i) ? table.slots[i].ref : kNone;
  }
  static void place(Table& table, std::uint32_t hash, Ref ref) {
    const std::uint32_t mask = table.size - 1;
    std::uint32_t i = hash & mask;
    while (table.slots[i].ref != kNone) i = (i + 1) & mask;
    table.slots[i] = {hash, ref};
    ++table.used;
  }
  void grow() {
    migrate(~std::uint32_t{0});
    old_ = std::exchange(now_, Table(now_.size == 0 ? kFirstSize : now_.size * 2));
    moved_ = 0;
    if (old_.used == 0) old_ = Table();
  }
  // Moved slots become kGone: probes of the old table must still run over them.
  void migrate(std::uint32_t slots) {
    if (old_.used == 0) return;
    for (; slots > 0 && moved_ < old_.size; --slots, ++moved_) {
      Slot& slot = old_.slots[moved_];
      if (slot.ref == kNone || slot.ref == kGone) continue;
      place(now_, slot.hash, slot.ref);
      slot.ref = kGone;
      --old_.used;
    }
    if (old_.used == 0) old_ = Table();
  }
  // Pulls later members of the probe chain forward, so that the young table has no tombstones.
  void close_gap(std::uint32_t gap) {
    const std::uint32_t mask = now_.size - 1;
    for (std::uint32_t i = (gap + 1) & mask; now_.slots[i].ref != kNone; i = (i + 1) & mask) {
      const std::uint32_t home = now_.slots[i].hash & mask;
      if (((i - home) & mask) < ((i - gap) & mask)) continue;
      now_.slots[gap] = now_.slots[i];
      gap = i;
    }
    now_.slots[gap] = {0, kNone};
  }

  Table now_, old_;
  std::uint32_t moved_ = 0;  // Slots of old_ before this one are in now_.
};

}  // namespace switchyard::stream
