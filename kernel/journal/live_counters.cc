#include "kernel/journal/live_counters.h"

namespace switchyard::journal {

LiveCounters::LiveCounters() {
  tables_.push_back(std::make_unique<Table>(64));
  table_.store(tables_.back().get());
}

LiveCounters::~LiveCounters() = default;

std::size_t LiveCounters::start_of(std::uint32_t segment, std::size_t size) {
  return (segment * 2654435769u >> 7) & (size - 1);
}

LiveCounters::Counter* LiveCounters::find(std::uint32_t segment) const {
  const Table& table = *table_.load(std::memory_order_acquire);
  const std::size_t size = table.slots.size();
  std::size_t at = start_of(segment, size);
  for (std::size_t probes = 0; probes < size; ++probes, at = (at + 1) & (size - 1)) {
    const std::uint32_t found = table.slots[at].segment.load(std::memory_order_acquire);
    if (found == segment) return table.slots[at].counter.load(std::memory_order_acquire);
    if (found == kEmpty) return nullptr;
  }
  return nullptr;
}

void LiveCounters::add(std::uint32_t segment, std::int64_t bytes) {
  if (Counter* counter = find(segment)) counter->fetch_add(bytes, std::memory_order_acq_rel);
}

std::int64_t LiveCounters::get(std::uint32_t segment) const {
  const Counter* counter = find(segment);
  return counter == nullptr ? 0 : counter->load(std::memory_order_acquire);
}

void LiveCounters::place(Table& table, std::uint32_t segment, Counter* counter) {
  const std::size_t size = table.slots.size();
  std::size_t at = start_of(segment, size);
  for (;; at = (at + 1) & (size - 1)) {
    Slot& slot = table.slots[at];
    const std::uint32_t held = slot.segment.load(std::memory_order_relaxed);
    if (held != kEmpty && held != kGone) continue;
    slot.counter.store(counter, std::memory_order_release);
    slot.segment.store(segment, std::memory_order_release);
    return;
  }
}

void LiveCounters::grow() {
  const Table& old = *tables_.back();
  auto larger = std::make_unique<Table>(old.slots.size() * 2);
  for (const Slot& slot : old.slots) {
    const std::uint32_t segment = slot.segment.load(std::memory_order_relaxed);
    if (segment != kEmpty && segment != kGone) place(*larger, segment, slot.counter.load(std::memory_order_relaxed));
  }
  table_.store(larger.get(), std::memory_order_release);
  tables_.push_back(std::move(larger));
}

void LiveCounters::insert(std::uint32_t segment) {
  if (find(segment) != nullptr) return;
  if ((used_ + 1) * 2 > tables_.back()->slots.size()) grow();
  Counter* counter = nullptr;
  if (free_.empty()) {
    counter = &counters_.emplace_back(0);
  } else {
    counter = free_.back();
    free_.pop_back();
    counter->store(0, std::memory_order_relaxed);
  }
  place(*tables_.back(), segment, counter);
  ++used_;
}

void LiveCounters::erase(std::uint32_t segment) {
  Table& table = *tables_.back();
  const std::size_t size = table.slots.size();
  std::size_t at = start_of(segment, size);
  for (std::size_t probes = 0; probes < size; ++probes, at = (at + 1) & (size - 1)) {
    Slot& slot = table.slots[at];
    const std::uint32_t held = slot.segment.load(std::memory_order_relaxed);
    if (held == kEmpty) return;
    if (held != segment) continue;
    free_.push_back(slot.counter.load(std::memory_order_relaxed));
    slot.segment.store(kGone, std::memory_order_release);
    --used_;
    return;
  }
}

}  // namespace switchyard::journal
