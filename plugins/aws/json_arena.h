// JsonArena is the memory that one parsed request body lives in: a block that is kept from request to
// request, and blocks of the needed size for the rare large body.
//
// Boost's monotonic_resource doubles its next block for ever, also across release(), until an
// allocation fails; this one gives everything beyond the first block back and starts the same again.
//
// Failure: std::bad_alloc when the process has no memory.
// Thread: one lane.
#pragma once
#include <boost/json/memory_resource.hpp>
#include <cstddef>
#include <memory>
#include <vector>

namespace switchyard::aws {

class JsonArena final : public boost::json::memory_resource {
 public:
  explicit JsonArena(std::size_t kept_bytes);

  // REQUIRES: nothing that was allocated is used any more.
  void release();
  // Bytes held from the heap.
  std::size_t held() const { return held_; }

 private:
  void* do_allocate(std::size_t bytes, std::size_t align) override;
  void do_deallocate(void*, std::size_t, std::size_t) override {}
  bool do_is_equal(const boost::json::memory_resource& other) const noexcept override { return this == &other; }
  void add_block(std::size_t bytes);

  struct Block {
    std::unique_ptr<std::byte[]> bytes;
    std::size_t size;
  };
  std::vector<Block> blocks_;  // The first one is kept.
  void* at_ = nullptr;         // Free part of the last block.
  std::size_t left_ = 0;
  std::size_t held_ = 0;
};

}  // namespace switchyard::aws
