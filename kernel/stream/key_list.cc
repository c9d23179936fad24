#include "kernel/stream/key_list.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "kernel/stream/key_order.h"

namespace switchyard::stream {

std::size_t KeyList::place_in(const Block& block, std::string_view wanted) const {
  const auto it = std::lower_bound(block.begin(), block.end(), wanted,
                                   [this](KeyId id, std::string_view key) { return compare_keys(name(id), key) < 0; });
  return static_cast<std::size_t>(it - block.begin());
}

KeyList::Cursor KeyList::at_or_after(std::string_view wanted) const {
  // The first block whose last key is not below.
  const auto it = std::lower_bound(blocks_.begin(), blocks_.end(), wanted, [this](const Block& block, auto key) {
    return compare_keys(name(block.back()), key) < 0;
  });
  if (it == blocks_.end()) return {blocks_.size(), 0};
  return {static_cast<std::size_t>(it - blocks_.begin()), place_in(*it, wanted)};
}

void KeyList::insert(KeyId id) {
  const Cursor at = at_or_after(name(id));
  if (!valid(at)) {
    // Behind the last key: keys that arrive in order fill their blocks.
    if (blocks_.empty() || blocks_.back().size() == kBlockKeys) blocks_.emplace_back();
    blocks_.back().push_back(id);
    return;
  }
  Block& block = blocks_[at.block];
  block.insert(block.begin() + static_cast<std::ptrdiff_t>(at.place), id);
  if (block.size() > kBlockKeys) split(at.block);
}

void KeyList::split(std::size_t at) {
  const auto middle = blocks_[at].begin() + static_cast<std::ptrdiff_t>(kBlockKeys / 2);
  Block upper(middle, blocks_[at].end());
  Block lower(blocks_[at].begin(), middle);
  blocks_[at] = std::move(lower);
  blocks_.insert(blocks_.begin() + static_cast<std::ptrdiff_t>(at) + 1, std::move(upper));
}

void KeyList::erase(KeyId id) {
  const Cursor at = at_or_after(name(id));
  Block& block = blocks_[at.block];
  block.erase(block.begin() + static_cast<std::ptrdiff_t>(at.place));
  const std::size_t size = block.size();
  if (size == 0) {
    blocks_.erase(blocks_.begin() + static_cast<std::ptrdiff_t>(at.block));
    if (blocks_.empty()) blocks_.shrink_to_fit();
    return;
  }
  // Joins sparse neighbours, so that thinning out a million keys gives their blocks back.
  if (size >= kBlockKeys / 4 || at.block + 1 >= blocks_.size()) return;
  Block& next = blocks_[at.block + 1];
  if (size + next.size() > kBlockKeys / 2) return;
  block.insert(block.end(), next.begin(), next.end());
  blocks_.erase(blocks_.begin() + static_cast<std::ptrdiff_t>(at.block) + 1);
}

std::size_t KeyList::memory_bytes() const {
  std::size_t bytes = blocks_.capacity() * sizeof(Block);
  for (const Block& block : blocks_) bytes += block.capacity() * sizeof(KeyId) + 16;
  return bytes;
}

}  // namespace switchyard::stream
