// ChunkPager knows the chunks of one index by number: which are in memory, which changed since their
// image was written, which were used least recently, and which images must be erased.
//
// It is the part that SeqIndex and LeaseTable share.  Chunks are found by position (they are nearly
// consecutive), else by binary search, so that a long backlog costs 16 bytes per chunk here.  A chunk
// in which nothing lives any more leaves the map at once; only the number of its image stays until the
// image is erased.
//
// A Chunk derives from PagedChunk and says resident().
//
// Thread: its index's lane.
#pragma once
#include <algorithm>
#include <cassert>
#include <cstdint>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "kernel/stream/chunk.h"

namespace switchyard::stream {

struct ChunkRing {  // The head's `newer` is the oldest member.
  ChunkRing *newer = this, *older = this;
};

struct PagedChunk : ChunkRing {
  explicit PagedChunk(ChunkNo number) : no(number) {}

  ChunkNo no;
  std::uint64_t version = 0;  // Of the last change; unique within the index.
  bool dirty = false;
  bool sent = false;    // Dirty, but its newest state is on its way to the store.
  bool stored = false;  // The store may hold an image of this number.
};

template <class Chunk>
class ChunkPager {
 public:
  ChunkPager() = default;
  ChunkPager(const ChunkPager&) = delete;
  ChunkPager& operator=(const ChunkPager&) = delete;

  // The first chunk with a number >= no, or null.
  Chunk* at_or_after(ChunkNo no) const {
    const std::size_t i = position(no);
    return i < slots_.size() ? slots_[i].chunk.get() : nullptr;
  }
  Chunk* find(ChunkNo no) const {
    const std::size_t i = position(no);
    return i < slots_.size() && slots_[i].no == no ? slots_[i].chunk.get() : nullptr;
  }
  // REQUIRES: no chunk has this number.  A new chunk is not resident: give it a body and call paged_in().
  Chunk& create(ChunkNo no) {
    auto chunk = std::make_unique<Chunk>(no);
    Chunk& result = *chunk;
    // An image that waits to be erased will be overwritten or erased by this chunk now.
    result.stored = forget_gone(no);
    slots_.insert(slots_.begin() + static_cast<std::ptrdiff_t>(position(no)), Entry{no, std::move(chunk)});
    return result;
  }
  // Nothing lives in the chunk any more.
  void remove(Chunk& chunk) {
    if (chunk.resident()) --resident_;
    unlink(chunk);
    if (chunk.stored) {
      if (gone_ == nullptr) gone_ = std::make_unique<std::map<ChunkNo, Gone>>();
      (*gone_)[chunk.no] = {++version_, false};
    }
    const std::size_t i = position(chunk.no);
    slots_[i].chunk.reset();
    if (i == head_) {
      ++head_;
      if (head_ * 2 > slots_.size()) compact();
    } else {
      slots_.erase(slots_.begin() + static_cast<std::ptrdiff_t>(i));
    }
  }

  // The chunk got its body; it is clean until changed().
  void paged_in(Chunk& chunk) {
    ++resident_;
    link(clean_, chunk);
  }
  void changed(Chunk& chunk) {
    chunk.version = ++version_;
    if (chunk.dirty && !chunk.sent) return;
    chunk.dirty = true;
    chunk.sent = false;
    unlink(chunk);
    link(dirty_, chunk);
  }
  void touch(Chunk& chunk) {
    if (chunk.dirty || clean_.older == &chunk) return;
    unlink(chunk);
    link(clean_, chunk);
  }

  // Calls encode(chunk) -> image bytes for the chunks that have waited longest.  What was collected comes
  // out again only after a change or collect_failed().
  template <class Encode>
  void collect(std::size_t max, std::vector<ChunkImage>& out, Encode&& encode) {
    if (gone_ != nullptr) {
      for (auto it = gone_->begin(); it != gone_->end() && max > 0; ++it) {
        if (std::exchange(it->second.sent, true)) continue;
        out.push_back({it->first, it->second.version, true, {}});
        --max;
      }
    }
    for (; max > 0 && dirty_.newer != &dirty_; --max) {
      auto& chunk = static_cast<Chunk&>(*dirty_.newer);
      out.push_back({chunk.no, chunk.version, false, encode(chunk)});
      chunk.stored = chunk.sent = true;
      unlink(chunk);
      link(sent_, chunk);
    }
  }
  void collect_failed() {
    if (gone_ != nullptr) {
      for (auto& [no, gone] : *gone_) gone.sent = false;
    }
    while (sent_.newer != &sent_) {
      auto& chunk = static_cast<Chunk&>(*sent_.newer);
      chunk.sent = false;
      unlink(chunk);
      link(dirty_, chunk);
    }
  }
  void mark_written(ChunkNo no, std::uint64_t version) {
    if (gone_ != nullptr) {
      if (const auto gone = gone_->find(no); gone != gone_->end()) {
        if (gone->second.version == version) forget_gone(no);
        return;
      }
    }
    Chunk* chunk = find(no);
    if (chunk == nullptr || !chunk->dirty || chunk->version != version) return;
    chunk->dirty = chunk->sent = false;
    unlink(*chunk);
    link(clean_, *chunk);
  }
  bool dirty() const { return gone_ != nullptr || dirty_.newer != &dirty_ || sent_.newer != &sent_; }

  // Calls spill(chunk) for the least recently used clean chunks until `keep` are resident; `pinned` stays.
  template <class Spill>
  void evict(std::size_t keep, ChunkNo pinned, Spill&& spill) {
    ChunkRing* next = clean_.newer;
    while (resident_ > keep && next != &clean_) {
      auto& chunk = static_cast<Chunk&>(*next);
      next = next->newer;
      if (chunk.no == pinned) continue;
      page_out(chunk);
      spill(chunk);
    }
  }
  // REQUIRES: chunk is resident and clean.  The caller frees its body.
  void page_out(Chunk& chunk) {
    assert(!chunk.dirty);
    unlink(chunk);
    --resident_;
  }

  // The highest number, or ~0.
  ChunkNo last() const { return chunks() != 0 ? slots_.back().no : ~ChunkNo{0}; }
  std::size_t chunks() const { return slots_.size() - head_; }
  std::size_t resident() const { return resident_; }
  // Without the bodies.
  std::size_t memory_bytes() const {
    return slots_.capacity() * sizeof(Entry) + chunks() * (sizeof(Chunk) + kMallocBytes) +
           (gone_ != nullptr ? gone_->size() : 0) * kGoneBytes;
  }
  template <class F>
  void for_each(F&& f) const {
    for (std::size_t i = head_; i < slots_.size(); ++i) f(*slots_[i].chunk);
  }

  static constexpr std::size_t kMallocBytes = 16;  // An estimate of the allocator's own cost.

 private:
  static constexpr std::size_t kGoneBytes = 64;
  struct Entry {
    ChunkNo no;
    std::unique_ptr<Chunk> chunk;
  };
  struct Gone {
    std::uint64_t version;  // Of the erasure.
    bool sent;
  };

  bool forget_gone(ChunkNo no) {
    if (gone_ == nullptr || gone_->erase(no) == 0) return false;
    if (gone_->empty()) gone_.reset();
    return true;
  }
  // Of the first chunk with a number >= no.
  std::size_t position(ChunkNo no) const {
    if (head_ == slots_.size() || no > slots_.back().no) return slots_.size();
    const ChunkNo first = slots_[head_].no;
    if (no <= first) return head_;
    if (no - first < slots_.size() - head_ && slots_[head_ + (no - first)].no == no) return head_ + (no - first);
    const auto it = std::lower_bound(slots_.begin() + static_cast<std::ptrdiff_t>(head_), slots_.end(), no,
                                     [](const Entry& entry, ChunkNo wanted) { return entry.no < wanted; });
    return static_cast<std::size_t>(it - slots_.begin());
  }
  void compact() {
    slots_.erase(slots_.begin(), slots_.begin() + static_cast<std::ptrdiff_t>(head_));
    head_ = 0;
    if (slots_.capacity() > 4 * slots_.size() + 4) slots_.shrink_to_fit();
  }
  static void link(ChunkRing& ring, ChunkRing& chunk) {
    chunk.older = ring.older;
    chunk.newer = &ring;
    ring.older->newer = &chunk;
    ring.older = &chunk;
  }
  static void unlink(ChunkRing& chunk) {
    chunk.older->newer = chunk.newer;
    chunk.newer->older = chunk.older;
    chunk.older = chunk.newer = &chunk;
  }

  // Slots before head_ are empty: a queue drops its chunks at the front.
  std::vector<Entry> slots_;
  std::size_t head_ = 0;
  std::size_t resident_ = 0;
  std::uint64_t version_ = 0;
  ChunkRing clean_, dirty_, sent_;
  std::unique_ptr<std::map<ChunkNo, Gone>> gone_;  // Images to erase.  Null most of the time.
};

}  // namespace switchyard::stream
