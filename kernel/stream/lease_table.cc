#include "kernel/stream/lease_table.h"

#include <algorithm>
#include <cassert>
#include <set>
#include <utility>
#include <vector>

#include "kernel/stream/chunk_codec.h"
#include "kernel/stream/chunk_pager.h"
#include "kernel/stream/due_heap.h"
#include "kernel/stream/lease_chunk.h"

namespace switchyard::stream {
namespace {

struct Chunk : PagedChunk, DueHeapNode {
  using PagedChunk::PagedChunk;
  bool resident() const { return body != nullptr; }
  std::size_t size() const { return static_cast<std::size_t>(waiting) + ready + leased; }

  std::uint16_t waiting = 0, ready = 0, leased = 0;
  Seq floor = 0;  // Entries up to here were dropped while the chunk was spilled.
  std::unique_ptr<LeaseBody> body;
};

}  // namespace

struct LeaseTable::Impl {
  Chunk* lookup(Seq seq) {
    const ChunkNo no = chunk_of(seq);
    Chunk* chunk = cached != nullptr && cached->no == no ? cached : pager.find(no);
    if (chunk == nullptr) return nullptr;
    assert(chunk->resident());
    pager.touch(*chunk);
    return cached = chunk;
  }
  Chunk& obtain(Seq seq) {
    if (Chunk* chunk = lookup(seq)) return *chunk;
    Chunk& chunk = pager.create(chunk_of(seq));
    page_in(chunk, std::make_unique<LeaseBody>());
    return *(cached = &chunk);
  }
  // `sign` is 1 or -1.
  void count(Chunk& chunk, Lease::State state, int sign) {
    const auto add = [sign](std::uint16_t& part, std::uint64_t& total) {
      part = static_cast<std::uint16_t>(part + sign);
      total += static_cast<std::uint64_t>(static_cast<std::int64_t>(sign));
    };
    if (state == Lease::waiting) return add(chunk.waiting, totals.waiting);
    if (state == Lease::leased) return add(chunk.leased, totals.leased);
    const bool had = chunk.ready != 0;
    add(chunk.ready, totals.ready);
    if (!had) {
      ready_chunks.insert(chunk.no);
    } else if (chunk.ready == 0) {
      ready_chunks.erase(chunk.no);
    }
  }
  void insert(Chunk& chunk, Slot slot, const Lease& lease) {
    LeaseBody& body = *chunk.body;
    const std::size_t before = body.slots.memory_bytes();
    body.insert(slot, lease);
    body_bytes += body.slots.memory_bytes() - before;
    count(chunk, lease.state, 1);
    if (lease.state != Lease::ready && lease.due_ms < chunk.due_ms) heap.set(chunk, lease.due_ms);
  }
  void take(Chunk& chunk, Slot slot) {
    count(chunk, chunk.body->slots[slot].state, -1);
    chunk.body->remove(slot);
  }
  // After take(): forgets an empty chunk.
  void settle(Chunk& chunk) {
    if (chunk.size() == 0) {
      drop(chunk);
      return;
    }
    if (chunk.waiting == 0 && chunk.leased == 0 && chunk.due_ms != kNever) {
      chunk.body->group_due.fill(kNever);
      chunk.body->stale = 0;
      heap.set(chunk, kNever);
    }
    // Now and then: a burst must not keep its room.
    if ((chunk.size() & (chunk.size() - 1)) == 0) {
      body_bytes -= chunk.body->memory_bytes();
      chunk.body->slots.shrink(chunk.body->used);
      body_bytes += chunk.body->memory_bytes();
    }
    pager.changed(chunk);
  }
  void drop(Chunk& chunk) {
    totals.waiting -= chunk.waiting;
    totals.ready -= chunk.ready;
    totals.leased -= chunk.leased;
    if (chunk.ready != 0) ready_chunks.erase(chunk.no);
    heap.set(chunk, kNever);
    if (chunk.resident()) body_bytes -= chunk.body->memory_bytes();
    if (cached == &chunk) cached = nullptr;
    pager.remove(chunk);
  }
  void page_in(Chunk& chunk, std::unique_ptr<LeaseBody> body) {
    chunk.body = std::move(body);
    body_bytes += chunk.body->memory_bytes();
    pager.paged_in(chunk);
  }
  void spill(Chunk& chunk) {
    make_exact(chunk);
    body_bytes -= chunk.body->memory_bytes();
    chunk.body.reset();
    if (cached == &chunk) cached = nullptr;
  }
  void make_exact(Chunk& chunk) {
    LeaseBody& body = *chunk.body;
    for (Slot group = 0; body.stale != 0; ++group) {
      if ((body.stale >> group & 1) != 0) body.refresh(group);
    }
    heap.set(chunk, body.earliest());
  }
  // The chunk with the earliest due time; the time is exact.  Null when nothing is timed.
  Chunk* earliest() {
    while (heap.top() != nullptr) {
      Chunk& chunk = *static_cast<Chunk*>(heap.top());
      if (!chunk.resident() || chunk.body->stale == 0) return &chunk;
      const std::int64_t bound = chunk.due_ms;
      make_exact(chunk);
      if (chunk.due_ms == bound) return &chunk;
    }
    return nullptr;
  }
  void tally(Chunk& chunk, const LeaseBody& body, int sign) {
    body.used.for_each([&](Slot slot) { count(chunk, body.slots[slot].state, sign); });
  }
  void drop_part(Chunk& chunk, Slot end) {
    const std::size_t before = chunk.size();
    for (Slot slot = chunk.body->used.next(0); slot < end; slot = chunk.body->used.next(slot + 1)) take(chunk, slot);
    if (chunk.size() != before) settle(chunk);
  }

  struct Expired {
    Seq seq;
    Lease before;
  };
  std::size_t expire_group(Chunk& chunk, Slot group, std::int64_t now_ms, std::size_t max, Expired* out);

  ChunkPager<Chunk> pager;
  Chunk* cached = nullptr;  // Resident.
  DueHeap heap;
  std::set<ChunkNo> ready_chunks;
  Counts totals;
  std::size_t body_bytes = 0;
};

LeaseTable::LeaseTable() : impl_(std::make_unique<Impl>()) {}
LeaseTable::~LeaseTable() = default;

bool LeaseTable::resident(Seq seq) const {
  if (impl_->cached != nullptr && impl_->cached->no == chunk_of(seq)) return true;
  const Chunk* chunk = impl_->pager.find(chunk_of(seq));
  return chunk == nullptr || chunk->resident();
}

Lease LeaseTable::find(Seq seq) const {
  const Chunk* chunk = impl_->lookup(seq);
  return chunk != nullptr ? chunk->body->get(slot_of(seq)) : Lease{};
}

void LeaseTable::put(Seq seq, const Lease& lease) {
  assert(lease.state != Lease::none);
  Chunk& chunk = impl_->obtain(seq);
  const Slot slot = slot_of(seq);
  if (chunk.body->used.test(slot)) impl_->take(chunk, slot);
  impl_->insert(chunk, slot, lease);
  impl_->settle(chunk);
}

bool LeaseTable::erase(Seq seq) {
  Chunk* chunk = impl_->lookup(seq);
  if (chunk == nullptr || !chunk->body->used.test(slot_of(seq))) return false;
  impl_->take(*chunk, slot_of(seq));
  impl_->settle(*chunk);
  return true;
}

Lookup LeaseTable::next_ready(Seq from) const {
  for (auto it = impl_->ready_chunks.lower_bound(chunk_of(from)); it != impl_->ready_chunks.end(); ++it) {
    Chunk& chunk = *impl_->pager.find(*it);
    if (!chunk.resident()) return {Lookup::need_chunk, 0, *it};
    const LeaseBody& body = *chunk.body;
    const Slot start = *it == chunk_of(from) ? slot_of(from) : 0;
    for (Slot word = start / 64; word < SlotBits::kWords; ++word) {
      std::uint64_t ready = body.used.word(word) & ~body.timed.word(word);
      if (word == start / 64) ready &= ~std::uint64_t{0} << (start % 64);
      if (ready == 0) continue;
      impl_->pager.touch(chunk);
      return {Lookup::found, seq_at(*it, word * 64 + static_cast<Slot>(std::countr_zero(ready))), 0};
    }
  }
  return {};
}

std::int64_t LeaseTable::next_due_ms() const {
  const Chunk* chunk = impl_->earliest();
  return chunk != nullptr ? chunk->due_ms : kNever;
}

// Collects first and calls nobody: the visitor may change the table.
std::size_t LeaseTable::Impl::expire_group(Chunk& chunk, Slot group, std::int64_t now_ms, std::size_t max,
                                           Expired* out) {
  LeaseBody& body = *chunk.body;
  std::size_t n = 0;
  std::int64_t due = kNever;
  for (std::uint64_t word = body.timed.word(group); word != 0; word &= word - 1) {
    const Slot slot = group * 64 + static_cast<Slot>(std::countr_zero(word));
    LeaseSlot& value = body.slots[slot];
    if (value.due_ms > now_ms || n == max) {
      due = std::min(due, value.due_ms);
      continue;
    }
    out[n++] = {seq_at(chunk.no, slot), body.get(slot)};
    count(chunk, value.state, -1);
    count(chunk, Lease::ready, 1);
    value.state = Lease::ready;
    value.due_ms = 0;
    body.timed.clear(slot);
  }
  body.group_due[group] = due;
  body.stale = static_cast<std::uint8_t>(body.stale & ~(1u << group));
  if (n > 0) pager.changed(chunk);
  return n;
}

Lookup LeaseTable::expire(std::int64_t now_ms, std::size_t max, const Visitor& visit) {
  Seq last = 0;
  while (impl_->heap.top() != nullptr && impl_->heap.top()->due_ms <= now_ms) {
    Chunk& chunk = *static_cast<Chunk*>(impl_->heap.top());
    if (!chunk.resident()) return {Lookup::need_chunk, 0, chunk.no};
    LeaseBody& body = *chunk.body;
    const auto group =
        static_cast<Slot>(std::min_element(body.group_due.begin(), body.group_due.end()) - body.group_due.begin());
    Impl::Expired expired[64];
    const std::size_t n = impl_->expire_group(chunk, group, now_ms, std::min<std::size_t>(max, 64), expired);
    impl_->heap.set(chunk, body.earliest());
    for (std::size_t i = 0; i < n; ++i) visit(expired[i].seq, expired[i].before);
    if (n > 0) last = expired[n - 1].seq;
    max -= n;
    if (max == 0) break;
  }
  const bool more = impl_->heap.top() != nullptr && impl_->earliest() != nullptr && impl_->earliest()->due_ms <= now_ms;
  return more ? Lookup{Lookup::found, last, 0} : Lookup{};
}

Lookup LeaseTable::drop_below(Seq upto) {
  const ChunkNo border = chunk_of(upto);
  for (Chunk* chunk = impl_->pager.at_or_after(0); chunk != nullptr && chunk->no <= border;) {
    const ChunkNo no = chunk->no;
    if (no < border) {
      impl_->drop(*chunk);
    } else if (chunk->resident()) {
      impl_->drop_part(*chunk, slot_of(upto) + 1);
    } else {
      chunk->floor = std::max(chunk->floor, upto);
      return {Lookup::need_chunk, 0, no};
    }
    chunk = impl_->pager.at_or_after(no + 1);
  }
  return {};
}

LeaseTable::Counts LeaseTable::counts() const { return impl_->totals; }

std::vector<ChunkNo> LeaseTable::leased_chunks() const {
  std::vector<ChunkNo> out;
  for (const Chunk* chunk = impl_->pager.at_or_after(0); chunk != nullptr;
       chunk = impl_->pager.at_or_after(chunk->no + 1)) {
    if (chunk->leased != 0) out.push_back(chunk->no);
  }
  return out;
}

Status LeaseTable::load(ChunkNo no, std::string_view image, bool keep) {
  auto decoded = decode_lease_image(no, image);
  if (!decoded) return decoded.error();
  if (impl_->pager.find(no) != nullptr) return bad_image(ImageFormat::leases, no, "appears twice");
  Chunk& chunk = impl_->pager.create(no);
  chunk.stored = true;
  impl_->page_in(chunk, std::move(*decoded));
  impl_->tally(chunk, *chunk.body, 1);
  impl_->heap.set(chunk, chunk.body->earliest());
  if (!keep) {
    impl_->pager.page_out(chunk);
    impl_->spill(chunk);
  }
  return {};
}

Status LeaseTable::install(ChunkNo no, std::string_view image) {
  Chunk* chunk = impl_->pager.find(no);
  if (chunk == nullptr || chunk->resident()) return {};  // It changed while the image was on its way.
  auto decoded = decode_lease_image(no, image);
  if (!decoded) return decoded.error();
  Chunk found(no);
  (*decoded)->used.for_each([&](Slot slot) {
    const Lease::State state = (*decoded)->slots[slot].state;
    ++(state == Lease::waiting ? found.waiting : state == Lease::ready ? found.ready : found.leased);
  });
  if (found.waiting != chunk->waiting || found.ready != chunk->ready || found.leased != chunk->leased ||
      (*decoded)->earliest() != chunk->due_ms) {
    return bad_image(ImageFormat::leases, no, "differs from its summary");
  }
  impl_->page_in(*chunk, std::move(*decoded));
  if (chunk->floor != 0) impl_->drop_part(*chunk, slot_of(std::exchange(chunk->floor, 0)) + 1);
  return {};
}

void LeaseTable::collect_dirty(std::size_t max, std::vector<ChunkImage>& out) {
  impl_->pager.collect(max, out,
                       [](const Chunk& chunk) { return encode_lease_image(chunk.no, *chunk.body, chunk.size()); });
}

void LeaseTable::mark_written(ChunkNo no, std::uint64_t version) { impl_->pager.mark_written(no, version); }
void LeaseTable::collect_failed() { impl_->pager.collect_failed(); }
bool LeaseTable::dirty() const { return impl_->pager.dirty(); }

void LeaseTable::evict(std::size_t keep) {
  impl_->pager.evict(keep, impl_->pager.last(), [this](Chunk& chunk) { impl_->spill(chunk); });
}

std::size_t LeaseTable::resident_chunks() const { return impl_->pager.resident(); }

std::size_t LeaseTable::memory_bytes() const {
  return sizeof *this + sizeof *impl_ + impl_->pager.memory_bytes() + impl_->body_bytes + impl_->heap.memory_bytes() +
         impl_->ready_chunks.size() * 48;
}

}  // namespace switchyard::stream
