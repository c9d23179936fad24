#include "kernel/net/arena.h"

#include <algorithm>

namespace switchyard::net {

// Large requests get a block of their own behind the current one, which stays in use: one 256 KiB
// body must not waste the rest of a block.
void* Arena::alloc_slow(std::size_t size) {
  if (capacity_ != 0 && size > capacity_ / 2) {
    held_ += size;
    return blocks_.emplace_back(new char[size]).get();
  }
  const std::size_t wanted = std::max({kFirstBlock, size, std::min<std::size_t>(2 * capacity_, 256 * 1024)});
  block_ = blocks_.emplace_back(new char[wanted]).get();
  if (held_ == 0) first_size_ = wanted;
  capacity_ = wanted;
  held_ += wanted;
  used_ = size;
  return block_;
}

void Arena::reset() {
  used_ = 0;
  if (blocks_.size() <= 1 && capacity_ <= kFirstBlock) return;
  if (first_size_ == kFirstBlock) {
    blocks_.resize(1);
    block_ = blocks_.front().get();
    capacity_ = held_ = kFirstBlock;
    return;
  }
  blocks_.clear();
  block_ = nullptr;
  capacity_ = held_ = first_size_ = 0;
}

}  // namespace switchyard::net
