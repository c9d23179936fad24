#include "kernel/journal/read_cache.h"

#include <algorithm>
#include <tuple>

namespace switchyard::journal {
namespace {

constexpr std::size_t kEntryOverhead = 128;  // Containers and control blocks, roughly.

}  // namespace

void TailCache::remember(const Committed& committed) {
  if (!committed.status.ok() || committed.payload == nullptr) return;
  const std::size_t cost = committed.payload->capacity() + kEntryOverhead;
  if (cost > budget_) return;
  entries_.push_back({committed.segment, committed.payload_offset, cost, committed.payload});
  bytes_ += cost;
  while (bytes_ > budget_) {
    bytes_ -= entries_.front().cost;
    entries_.pop_front();
  }
}

bool TailCache::find(const Place& place, std::shared_ptr<const std::string>& hold, std::string_view& record) const {
  const auto after = std::upper_bound(entries_.begin(), entries_.end(), place, [](const Place& p, const Entry& e) {
    return std::tie(p.segment, p.offset) < std::tie(e.segment, e.offset);
  });
  if (after == entries_.begin()) return false;
  const Entry& entry = *std::prev(after);
  const std::uint64_t skipped = place.offset - entry.offset;
  if (entry.segment != place.segment || skipped + place.length > entry.payload->size()) return false;
  hold = entry.payload;
  record = std::string_view(*entry.payload).substr(skipped, place.length);
  return true;
}

const Extent* ExtentCache::find(const Place& place) {
  auto at = entries_.upper_bound({place.segment, place.offset});
  if (at == entries_.begin()) return nullptr;
  --at;
  const Extent& extent = at->second.extent;
  if (at->first.first != place.segment || !extent.holds(place)) return nullptr;
  if (extent.segment->retired.load(std::memory_order_acquire)) {
    erase(at);
    return nullptr;
  }
  uses_.splice(uses_.begin(), uses_, at->second.use);
  return &at->second.extent;
}

void ExtentCache::insert(Extent extent) {
  const Key key{extent.segment->header.number, extent.start};
  if (const auto old = entries_.find(key); old != entries_.end()) erase(old);
  const std::size_t cost = extent.bytes->capacity() + kEntryOverhead;
  if (cost > budget_) return;
  uses_.push_front(key);
  entries_.emplace(key, Entry{std::move(extent), cost, uses_.begin()});
  bytes_ += cost;
  while (bytes_ > budget_) erase(entries_.find(uses_.back()));
}

void ExtentCache::erase(std::map<Key, Entry>::iterator at) {
  bytes_ -= at->second.cost;
  uses_.erase(at->second.use);
  entries_.erase(at);
}

}  // namespace switchyard::journal
