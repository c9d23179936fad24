#include "kernel/stream/key_list.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "kernel/stream/key_order.h"

namespace switchyard::stream {
namespace {

std::size_t common_length(std::string_view a, std::string_view b) {
  const std::size_t n = std::min(a.size(), b.size());
  return static_cast<std::size_t>(
      std::mismatch(a.begin(), a.begin() + static_cast<std::ptrdiff_t>(n), b.begin()).first - a.begin());
}

}  // namespace

std::size_t KeyList::place_in(const Block& block, std::string_view wanted) const {
  const int order = compare_keys(wanted.substr(0, block.common), block.last.substr(0, block.common));
  if (order != 0) return order < 0 ? 0 : block.entries.size();
  const auto by_mark = [](const Entry& a, const Entry& b) { return a.mark < b.mark; };
  const auto [low, high] = std::equal_range(block.entries.begin(), block.entries.end(),
                                            Entry{key_mark<std::uint32_t>(wanted, block.common), 0}, by_mark);
  const auto it = std::lower_bound(low, high, wanted, [this](const Entry& entry, std::string_view key) {
    return compare_keys(name(entry.id), key) < 0;
  });
  return static_cast<std::size_t>(it - block.entries.begin());
}

KeyList::Cursor KeyList::at_or_after(std::string_view wanted) const {
  const auto it = std::lower_bound(blocks_.begin(), blocks_.end(), wanted,
                                   [](const Block& block, auto key) { return compare_keys(block.last, key) < 0; });
  if (it == blocks_.end()) return {blocks_.size(), 0};
  return {static_cast<std::size_t>(it - blocks_.begin()), place_in(*it, wanted)};
}

void KeyList::mark_all(Block& block) {
  block.last = name(block.entries.back().id);
  block.common = static_cast<std::uint32_t>(common_length(name(block.entries.front().id), block.last));
  for (Entry& entry : block.entries) entry.mark = key_mark<std::uint32_t>(name(entry.id), block.common);
}

void KeyList::add(Block& block, std::size_t place, KeyId id) {
  const std::string_view key = name(id);
  const bool as_last = place == block.entries.size();
  block.entries.insert(block.entries.begin() + static_cast<std::ptrdiff_t>(place),
                       {key_mark<std::uint32_t>(key, block.common), id});
  if (block.entries.size() == 1 || common_length(key, block.last) < block.common) {
    mark_all(block);
  } else if (as_last) {
    block.last = key;
  }
}

void KeyList::insert(KeyId id) {
  const Cursor at = at_or_after(name(id));
  if (!valid(at)) {
    // Behind the last key: keys that arrive in order fill their blocks.
    if (blocks_.empty() || blocks_.back().entries.size() == kBlockKeys) blocks_.emplace_back();
    add(blocks_.back(), blocks_.back().entries.size(), id);
    return;
  }
  add(blocks_[at.block], at.place, id);
  if (blocks_[at.block].entries.size() > kBlockKeys) split(at.block);
}

void KeyList::fill(const std::vector<KeyId>& sorted) {
  blocks_.reserve((sorted.size() + kBlockKeys - 1) / kBlockKeys);
  for (std::size_t i = 0; i < sorted.size(); i += kBlockKeys) {
    Block block;
    const std::size_t end = std::min(i + kBlockKeys, sorted.size());
    block.entries.reserve(end - i);
    for (std::size_t at = i; at < end; ++at) block.entries.push_back({0, sorted[at]});
    mark_all(block);
    blocks_.push_back(std::move(block));
  }
}

void KeyList::split(std::size_t at) {
  const auto& entries = blocks_[at].entries;
  const auto middle = entries.begin() + static_cast<std::ptrdiff_t>(kBlockKeys / 2);
  Block lower, upper;
  lower.entries.assign(entries.begin(), middle);
  upper.entries.assign(middle, entries.end());
  mark_all(lower);
  mark_all(upper);
  blocks_[at] = std::move(lower);
  blocks_.insert(blocks_.begin() + static_cast<std::ptrdiff_t>(at) + 1, std::move(upper));
}

void KeyList::erase(KeyId id) {
  const Cursor at = at_or_after(name(id));
  Block& block = blocks_[at.block];
  block.entries.erase(block.entries.begin() + static_cast<std::ptrdiff_t>(at.place));
  const std::size_t size = block.entries.size();
  if (size == 0) {
    blocks_.erase(blocks_.begin() + static_cast<std::ptrdiff_t>(at.block));
    if (blocks_.empty()) blocks_.shrink_to_fit();
    return;
  }
  if (at.place == size) block.last = name(block.entries.back().id);
  // Joins sparse neighbours, so that thinning out a million keys gives their blocks back.
  if (size >= kBlockKeys / 4 || at.block + 1 >= blocks_.size()) return;
  const Block& next = blocks_[at.block + 1];
  if (size + next.entries.size() > kBlockKeys / 2) return;
  block.entries.insert(block.entries.end(), next.entries.begin(), next.entries.end());
  mark_all(block);
  blocks_.erase(blocks_.begin() + static_cast<std::ptrdiff_t>(at.block) + 1);
}

std::size_t KeyList::memory_bytes() const {
  std::size_t bytes = blocks_.capacity() * sizeof(Block);
  for (const Block& block : blocks_) bytes += block.entries.capacity() * sizeof(Entry) + 16;
  return bytes;
}

}  // namespace switchyard::stream
