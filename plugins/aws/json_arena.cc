#include "plugins/aws/json_arena.h"

#include <algorithm>

namespace switchyard::aws {
namespace {

constexpr std::size_t kMaxBlock = 1u << 20;  // Growth by doubling ends here; larger wishes get their own size.

}  // namespace

JsonArena::JsonArena(std::size_t kept_bytes) { add_block(kept_bytes); }

void JsonArena::add_block(std::size_t bytes) {
  blocks_.push_back({std::make_unique_for_overwrite<std::byte[]>(bytes), bytes});
  at_ = blocks_.back().bytes.get();
  left_ = bytes;
  held_ += bytes;
}

void JsonArena::release() {
  while (blocks_.size() > 1) {
    held_ -= blocks_.back().size;
    blocks_.pop_back();
  }
  at_ = blocks_.front().bytes.get();
  left_ = blocks_.front().size;
}

void* JsonArena::do_allocate(std::size_t bytes, std::size_t align) {
  if (std::align(align, bytes, at_, left_) == nullptr) {
    add_block(std::max(bytes + align, std::min(blocks_.back().size * 2, kMaxBlock)));
    std::align(align, bytes, at_, left_);
  }
  void* const taken = at_;
  at_ = static_cast<std::byte*>(at_) + bytes;
  left_ -= bytes;
  return taken;
}

}  // namespace switchyard::aws
