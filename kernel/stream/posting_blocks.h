// PostingBlocks is an ordered set of many sequences: a row of blocks of up to 128 varint differences.
//
// Adding at the end and removing at the front, which is what streams do, touch one varint; elsewhere one
// block is rewritten.
//
// Thread: plain value of one lane.
#pragma once
#include <cstdint>
#include <memory>
#include <vector>

#include "kernel/stream/chunk.h"

namespace switchyard::stream {

class PostingBlocks {
 public:
  bool add(Seq seq);     // False when it is there already.
  bool remove(Seq seq);  // False when it is not there.
  std::uint64_t count() const { return count_; }
  Seq first() const { return count_ != 0 ? blocks_[head_].first : 0; }
  Seq last() const { return count_ != 0 ? blocks_.back().last : 0; }
  Seq next(Seq from) const;
  Seq before(Seq below) const;
  std::size_t heap_bytes() const { return blocks_.capacity() * sizeof(Block) + block_bytes_; }

 private:
  static constexpr std::uint32_t kMaxPerBlock = 128;
  struct Block {
    Seq first = 0, last = 0;
    std::unique_ptr<std::uint8_t[]> bytes;  // Differences after `first`, from `begin` to `end`.
    std::uint16_t begin = 0, end = 0, capacity = 0;
    std::uint16_t n = 0;

    void append(Seq seq);
    std::uint32_t decode(Seq* out) const;
    void encode(const Seq* seqs, std::uint32_t count);
    Seq at_or_after(Seq from) const;  // REQUIRES: from <= last.
    Seq below(Seq limit) const;       // REQUIRES: first < limit.
    void drop_first();
    void reserve(std::uint32_t more);
    std::size_t heap_bytes() const { return capacity != 0 ? capacity + 16u : 0u; }
  };
  // The first block whose last sequence is >= seq; blocks_.size() when there is none.
  std::size_t block_for(Seq seq) const;
  void insert_block(std::size_t at, Block block);
  void erase_block(std::size_t at);

  std::vector<Block> blocks_;  // Those before head_ are gone.
  std::size_t head_ = 0;
  std::uint64_t count_ = 0;
  std::size_t block_bytes_ = 0;  // Allocated by the blocks themselves.
};

}  // namespace switchyard::stream
