#include "kernel/stream/posting_blocks.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace switchyard::stream {
namespace {

constexpr std::uint32_t kMaxVarint = 10;

std::uint32_t put(std::uint8_t* to, std::uint64_t value) {
  std::uint32_t n = 0;
  for (; value >= 0x80; value >>= 7) to[n++] = static_cast<std::uint8_t>(value | 0x80);
  to[n++] = static_cast<std::uint8_t>(value);
  return n;
}

std::uint64_t take(const std::uint8_t*& from) {
  std::uint64_t value = 0;
  for (int shift = 0;; shift += 7) {
    const std::uint8_t byte = *from++;
    value |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
    if ((byte & 0x80) == 0) return value;
  }
}

}  // namespace

void PostingBlocks::Block::reserve(std::uint32_t more) {
  if (end + more <= capacity) return;
  const std::uint32_t size = end - begin;
  if (size + more > capacity || begin < capacity / 2) {
    const std::uint32_t wanted = (size + more) * 3 / 2;
    std::unique_ptr<std::uint8_t[]> fresh(new std::uint8_t[wanted]);
    if (size != 0) std::memcpy(fresh.get(), bytes.get() + begin, size);
    bytes = std::move(fresh);
    capacity = static_cast<std::uint16_t>(wanted);
  } else {
    std::memmove(bytes.get(), bytes.get() + begin, size);
  }
  begin = 0;
  end = static_cast<std::uint16_t>(size);
}

void PostingBlocks::Block::append(Seq seq) {
  if (n == 0) {
    first = last = seq;
    n = 1;
    return;
  }
  std::uint8_t varint[kMaxVarint];
  const std::uint32_t size = put(varint, seq - last);
  reserve(size);
  std::memcpy(bytes.get() + end, varint, size);
  end = static_cast<std::uint16_t>(end + size);
  last = seq;
  ++n;
}

std::uint32_t PostingBlocks::Block::decode(Seq* out) const {
  Seq seq = first;
  out[0] = seq;
  const std::uint8_t* from = bytes.get() + begin;
  for (std::uint32_t i = 1; i < n; ++i) out[i] = seq += take(from);
  return n;
}

void PostingBlocks::Block::encode(const Seq* seqs, std::uint32_t count) {
  begin = end = n = 0;
  for (std::uint32_t i = 0; i < count; ++i) append(seqs[i]);
}

Seq PostingBlocks::Block::at_or_after(Seq from) const {
  Seq seq = first;
  const std::uint8_t* at = bytes.get() + begin;
  while (seq < from) seq += take(at);
  return seq;
}

Seq PostingBlocks::Block::below(Seq limit) const {
  if (last < limit) return last;
  Seq seq = first;
  const std::uint8_t* at = bytes.get() + begin;
  for (;;) {
    const Seq following = seq + take(at);
    if (following >= limit) return seq;
    seq = following;
  }
}

void PostingBlocks::Block::drop_first() {
  const std::uint8_t* at = bytes.get() + begin;
  first += take(at);
  begin = static_cast<std::uint16_t>(at - bytes.get());
  --n;
}

std::size_t PostingBlocks::block_for(Seq seq) const {
  const auto it = std::lower_bound(blocks_.begin() + static_cast<std::ptrdiff_t>(head_), blocks_.end(), seq,
                                   [](const Block& block, Seq wanted) { return block.last < wanted; });
  return static_cast<std::size_t>(it - blocks_.begin());
}

void PostingBlocks::insert_block(std::size_t at, Block block) {
  block_bytes_ += block.heap_bytes();
  blocks_.insert(blocks_.begin() + static_cast<std::ptrdiff_t>(at), std::move(block));
}

void PostingBlocks::erase_block(std::size_t at) {
  block_bytes_ -= blocks_[at].heap_bytes();
  if (at != head_) {
    blocks_.erase(blocks_.begin() + static_cast<std::ptrdiff_t>(at));
    return;
  }
  blocks_[head_++] = Block();
  if (head_ * 2 <= blocks_.size()) return;
  blocks_.erase(blocks_.begin(), blocks_.begin() + static_cast<std::ptrdiff_t>(head_));
  head_ = 0;
  if (blocks_.capacity() > 4 * blocks_.size() + 4) blocks_.shrink_to_fit();
}

bool PostingBlocks::add(Seq seq) {
  if (count_ == 0 || seq > blocks_.back().last) {
    if (count_ == 0 || blocks_.back().n == kMaxPerBlock) blocks_.emplace_back();
    Block& block = blocks_.back();
    const std::size_t before = block.heap_bytes();
    block.append(seq);
    block_bytes_ += block.heap_bytes() - before;
    ++count_;
    return true;
  }
  const std::size_t at = block_for(seq);
  Seq seqs[kMaxPerBlock + 1];
  std::uint32_t n = blocks_[at].decode(seqs);
  Seq* const place = std::lower_bound(seqs, seqs + n, seq);
  if (place != seqs + n && *place == seq) return false;
  std::move_backward(place, seqs + n, seqs + n + 1);
  *place = seq;
  ++n;
  ++count_;
  const std::uint32_t lower = n <= kMaxPerBlock ? n : n / 2;
  const std::size_t before = blocks_[at].heap_bytes();
  blocks_[at].encode(seqs, lower);
  block_bytes_ += blocks_[at].heap_bytes() - before;
  if (lower == n) return true;
  Block upper;
  upper.encode(seqs + lower, n - lower);
  insert_block(at + 1, std::move(upper));
  return true;
}

bool PostingBlocks::remove(Seq seq) {
  const std::size_t at = block_for(seq);
  if (at == blocks_.size()) return false;
  Block& block = blocks_[at];
  if (seq < block.first) return false;
  if (block.n == 1) {
    --count_;
    erase_block(at);
    return true;
  }
  if (seq == block.first) {
    block.drop_first();
    --count_;
    return true;
  }
  Seq seqs[kMaxPerBlock];
  const std::uint32_t n = block.decode(seqs);
  Seq* const place = std::lower_bound(seqs, seqs + n, seq);
  if (*place != seq) return false;
  std::move(place + 1, seqs + n, place);
  const std::size_t before = block.heap_bytes();
  block.encode(seqs, n - 1);
  block_bytes_ += block.heap_bytes() - before;
  --count_;
  return true;
}

Seq PostingBlocks::next(Seq from) const {
  const std::size_t at = block_for(from);
  return at < blocks_.size() ? blocks_[at].at_or_after(from) : 0;
}

Seq PostingBlocks::before(Seq below) const {
  if (count_ == 0) return 0;
  const std::size_t at = block_for(below);
  if (at < blocks_.size() && blocks_[at].first < below) return blocks_[at].below(below);
  return at > head_ ? blocks_[at - 1].last : 0;
}

}  // namespace switchyard::stream
